package notary

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"
)

// ErrTiles says that the tiles on disk are damaged or missing. Nothing is lost:
// they are computed anew from the stream or the archive.
var ErrTiles = errors.New("notary: tiles are damaged")

// Dir is the tree on disk, in the layout of C2SP tlog-tiles without entry
// bundles (the stream and the archive hold the entries): tile/<level>/<n> for
// full tiles, tile/<level>/<n>.p/<width> for the unfinished ones of the last
// checkpoint, and the file checkpoint.
type Dir struct{ path string }

// NewDir names a folder, which is made by the first write.
func NewDir(path string) Dir { return Dir{path} }

// Path is the folder.
func (d Dir) Path() string { return d.path }

const checkpointFile = "checkpoint"

// tile is one to be written.
type tile struct {
	level  int
	n      int64
	hashes []tlog.Hash
}

func (t tile) path() string { return tilePath(t.level, t.n, len(t.hashes)) }

// tilePath is the path of a tile below the folder. The library's own names the
// height too.
func tilePath(level int, n int64, width int) string {
	p := tlog.Tile{H: tileHeight, L: level, N: n, W: width}.Path()
	return filepath.FromSlash("tile/" + strings.TrimPrefix(p, "tile/8/"))
}

// writeTiles writes tiles so that they are on disk when it returns. A crash
// leaves some of them, which are then written again with the same bytes.
func (d Dir) writeTiles(tiles []tile) error {
	folders := map[string]bool{}
	var each errgroup.Group
	each.SetLimit(16) // the file system commits what arrives together at once
	for _, t := range tiles {
		path := filepath.Join(d.path, t.path())
		if folder := filepath.Dir(path); !folders[folder] {
			folders[folder] = true
			if err := makeFolder(folder); err != nil {
				return err
			}
		}
		each.Go(func() error { return writeFile(path, hashBytes(t.hashes)) })
	}
	if err := each.Wait(); err != nil {
		return err
	}
	for folder := range folders {
		if err := syncFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

// makeFolder makes a folder that is there after a power cut too.
func makeFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeFile replaces a file. Before the rename the old one stands, after it the
// new one, whole. Two processes that write it at once both succeed.
func writeFile(path string, data []byte) error {
	tmp, err := writeTemp(path, data)
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// writeTemp writes data into a file beside path.
func writeTemp(path string, data []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	return f.Name(), errors.Join(err, f.Sync(), f.Close())
}

// WriteFile replaces a file, or makes it and its folder, readable by their owner
// alone. When it returns nil the new file is there after a power cut too; a crash
// before that leaves the old one or the new one, whole.
func WriteFile(path string, data []byte) error {
	folder := filepath.Dir(path)
	if err := makeFolder(folder); err != nil {
		return err
	}
	if err := writeFile(path, data); err != nil {
		return err
	}
	return syncFolder(folder)
}

// sweep removes unfinished tiles that are narrower than the one just written or
// beside a full one. They are of no use; those that a crash leaves are harmless.
func (d Dir) sweep(tiles []tile) {
	for _, t := range tiles {
		folder := filepath.Join(d.path, tilePath(t.level, t.n, tileWidth)) + ".p"
		if len(t.hashes) == tileWidth {
			_ = os.RemoveAll(folder)
			continue
		}
		entries, _ := os.ReadDir(folder)
		for _, e := range entries {
			if w, err := strconv.Atoi(e.Name()); err == nil && w < len(t.hashes) {
				_ = os.Remove(filepath.Join(folder, e.Name()))
			}
		}
	}
}

// readTile reads the first width hashes of a tile, from the narrowest file that
// has so many.
func (d Dir) readTile(level int, n int64, width int) ([]tlog.Hash, error) {
	full := filepath.Join(d.path, tilePath(level, n, tileWidth))
	data, err := os.ReadFile(full)
	if errors.Is(err, fs.ErrNotExist) && width < tileWidth {
		data, err = readPartial(full+".p", width)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: tile %d/%d: %w", ErrTiles, level, n, err)
	}
	if len(data) < width*tlog.HashSize || len(data)%tlog.HashSize != 0 {
		return nil, fmt.Errorf("%w: tile %d/%d has %d bytes", ErrTiles, level, n, len(data))
	}
	hashes := make([]tlog.Hash, width)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes, nil
}

func readPartial(folder string, width int) ([]byte, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	best := tileWidth
	for _, e := range entries {
		if w, err := strconv.Atoi(e.Name()); err == nil && w >= width && w < best {
			best = w
		}
	}
	return os.ReadFile(filepath.Join(folder, strconv.Itoa(best)))
}

func hashBytes(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// Leaves reads the hashes of the leaves of positions from to to, both included.
// It reads whole tiles, so ask for many at once.
func (d Dir) Leaves(from, to int64) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for index := from - 1; index < to; {
		n, skip := index/tileWidth, int(index%tileWidth)
		width := int(min(tileWidth, to-n*tileWidth))
		hashes, err := d.readTile(0, n, width)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, hashes[skip:]...)
		index += int64(width - skip)
	}
	return leaves, nil
}

// load reads the tree of a size by its unfinished tiles.
func (d Dir) load(size int64) (*Tree, error) {
	t := &Tree{size: size}
	for level := 0; size>>(tileHeight*level) > 0; level++ {
		width := int(size >> (tileHeight * level) % tileWidth)
		edge := make([]tlog.Hash, 0, tileWidth)
		if width > 0 {
			hashes, err := d.readTile(level, size>>(tileHeight*(level+1)), width)
			if err != nil {
				return nil, err
			}
			edge = append(edge, hashes...)
		}
		t.edge = append(t.edge, edge)
	}
	return t, nil
}

// RootAt is the root that the tiles give for a size that they reach.
func (d Dir) RootAt(size int64) (tlog.Hash, error) {
	t, err := d.load(size)
	if err != nil {
		return tlog.Hash{}, err
	}
	return t.Root(), nil
}

// hashes reads the hashes of a tree for proofs. Every tile that is read is
// compared with the root, so that a proof is right or is not made.
func (d Dir) hashes(c Checkpoint) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, tileReader{d})
}

// tileReader is what the library asks for tiles.
type tileReader struct{ dir Dir }

func (tileReader) Height() int                     { return tileHeight }
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		hashes, err := r.dir.readTile(t.L, t.N, t.W)
		if err != nil {
			return nil, err
		}
		out[i] = hashBytes(hashes)
	}
	return out, nil
}

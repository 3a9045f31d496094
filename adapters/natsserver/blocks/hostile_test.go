package blocks_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minio/highwayhash"

	"hearth/adapters/natsserver/blocks"
)

// record is a record as the server writes it, with any position.
func record(block int, position uint64, subject, header, body string) []byte {
	size := uint32(30 + len(subject) + len(body))
	if header != "" {
		size = 1<<31 | size + 4 + uint32(len(header))
	}
	le := binary.LittleEndian
	r := le.AppendUint32(nil, size)
	r = le.AppendUint64(r, position)
	r = le.AppendUint64(r, 1)
	hashed := bytes.Clone(r[4:])
	r = le.AppendUint16(r, uint16(len(subject)))
	r = append(r, subject...)
	if header != "" {
		r = le.AppendUint32(r, uint32(len(header)))
	}
	r = append(r, header+body...)
	sum := checksum(fmt.Sprintf("HEARTH-%d", block), append(hashed, subject+header+body...))
	return append(r, sum...)
}

func checksum(name string, data []byte) []byte {
	key := sha256.Sum256([]byte(name))
	return binary.LittleEndian.AppendUint64(nil, highwayhash.Sum64(data, key[:]))
}

// plain is a record like those of the other tests, all of the same size.
func plain(block int, position uint64) []byte {
	return record(block, position, "ev.a", "NATS/1.0\r\nX: y\r\n\r\n", "{}")
}

// made is a folder with these blocks, and a configuration that holds.
func made(t testing.TB, files ...[]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "HEARTH")
	if err := os.MkdirAll(filepath.Join(dir, "msgs"), 0o700); err != nil {
		t.Fatal(err)
	}
	meta := []byte(`{"name":"HEARTH","subjects":["ev.>"],"storage":"file"}`)
	writeFile(t, filepath.Join(dir, "meta.inf"), meta)
	writeFile(t, filepath.Join(dir, "meta.sum"), []byte(hex.EncodeToString(checksum("HEARTH", meta))))
	for i, data := range files {
		writeFile(t, filepath.Join(dir, "msgs", fmt.Sprintf("%d.blk", i+1)), data)
	}
	return dir
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

type (
	ranges   = []blocks.Range
	position = uint64
)

// What the reader makes of bytes that no server has written so.
func TestHostile(t *testing.T) {
	t.Parallel()
	const size = 58
	junk := []byte(strings.Repeat("junk", 20))
	bad := func(r []byte) []byte { r[len(r)-1]++; return r }
	cases := []struct {
		name    string
		known   position
		files   [][]byte
		visited []position
		kinds   []blocks.Kind
		ranges  ranges
		torn    position
	}{
		{"nothing", 0, nil, nil, nil, nil, 0},
		{"nothing, but something is known", 3, nil, nil, []blocks.Kind{"end"}, ranges{{1, 3}}, 0},
		{"empty block", 0, [][]byte{{}}, nil, nil, nil, 0},
		{"good", 2, [][]byte{join(plain(1, 1), plain(1, 2))}, []position{1, 2}, nil, nil, 0},
		{"empty block at the end", 1, [][]byte{plain(1, 1), {}}, []position{1}, nil, nil, 0},
		{"not from the beginning", 0, [][]byte{plain(1, 3)}, []position{3}, []blocks.Kind{"gap"}, ranges{{1, 2}}, 0},
		{"gap in a block", 0, [][]byte{join(plain(1, 1), plain(1, 3))}, []position{1, 3}, []blocks.Kind{"gap"}, ranges{{2, 2}}, 0},
		{"gap between blocks", 0, [][]byte{plain(1, 1), plain(2, 5)}, []position{1, 5}, []blocks.Kind{"gap"}, ranges{{2, 4}}, 0},
		{"bad record behind all that is known, good ones behind it", 1, [][]byte{join(plain(1, 1), bad(plain(1, 2)), plain(1, 3))}, []position{1, 3}, []blocks.Kind{"record"}, ranges{{2, 2}}, 0},
		{"bad record at the end of a block", 0, [][]byte{join(plain(1, 1), bad(plain(1, 2))), plain(2, 3)}, []position{1, 3}, []blocks.Kind{"record"}, ranges{{2, 2}}, 0},
		{"two bad records in a row", 0, [][]byte{join(plain(1, 1), bad(plain(1, 2)), bad(plain(1, 3)), plain(1, 4))}, []position{1, 4}, []blocks.Kind{"record"}, ranges{{2, 3}}, 0},
		{"two bad records apart", 0, [][]byte{join(bad(plain(1, 1)), plain(1, 2), bad(plain(1, 3)), plain(1, 4))}, []position{2, 4}, []blocks.Kind{"record", "record"}, ranges{{1, 1}, {3, 3}}, 0},
		{"bad on both sides of a border", 0, [][]byte{join(plain(1, 1), bad(plain(1, 2))), join(bad(plain(2, 3)), plain(2, 4))}, []position{1, 4}, []blocks.Kind{"record", "record"}, ranges{{2, 3}}, 0},
		{"a whole block bad", 0, [][]byte{plain(1, 1), plain(7, 2), plain(3, 3)}, []position{1, 3}, []blocks.Kind{"record"}, ranges{{2, 2}}, 0},
		{"junk between good records", 0, [][]byte{join(plain(1, 1), junk, plain(1, 2))}, []position{1, 2}, []blocks.Kind{"record"}, nil, 0},
		{"junk at the end of a block", 0, [][]byte{join(plain(1, 1), junk), plain(2, 2)}, []position{1, 2}, []blocks.Kind{"record"}, nil, 0},
		{"zeros in the middle", 0, [][]byte{join(plain(1, 1), make([]byte, size), plain(1, 3))}, []position{1, 3}, []blocks.Kind{"record"}, ranges{{2, 2}}, 0},
		{"zeros at the end", 1, [][]byte{join(plain(1, 1), make([]byte, 4096))}, []position{1}, nil, nil, 2},
		{"torn in the one but last block, the last empty", 1, [][]byte{join(plain(1, 1), plain(1, 2)[:20]), {}}, []position{1}, nil, nil, 2},
		{"torn, but known", 2, [][]byte{join(plain(1, 1), plain(1, 2)[:20])}, []position{1}, []blocks.Kind{"record"}, ranges{{2, 2}}, 0},
		{"torn, and more is known", 9, [][]byte{join(plain(1, 1), plain(1, 2)[:20])}, []position{1}, []blocks.Kind{"record"}, ranges{{2, 9}}, 0},
		{"ends below what is known", 4, [][]byte{join(plain(1, 1), plain(1, 2))}, []position{1, 2}, []blocks.Kind{"end"}, ranges{{3, 4}}, 0},
		{"everything is known", math.MaxUint64, [][]byte{plain(1, 1)}, []position{1}, []blocks.Kind{"end"}, ranges{{2, math.MaxUint64}}, 0},
		{"repeated", 0, [][]byte{join(plain(1, 1), plain(1, 2), plain(1, 1), plain(1, 2), plain(1, 3))}, []position{1, 2, 3}, []blocks.Kind{"order", "order"}, nil, 0},
		{"repeated behind junk", 0, [][]byte{join(plain(1, 1), junk, plain(1, 1), plain(1, 2))}, []position{1, 2}, []blocks.Kind{"record"}, nil, 0},
		{"position 0", 0, [][]byte{join(plain(1, 1), plain(1, 0), plain(1, 2))}, []position{1, 2}, []blocks.Kind{"deleted"}, nil, 0},
		{"erased", 0, [][]byte{join(plain(1, 1), plain(1, 2|1<<63), plain(1, 3))}, []position{1, 3}, []blocks.Kind{"deleted"}, ranges{{2, 2}}, 0},
		{"tombstone of a message that is there", 0, [][]byte{join(plain(1, 1), plain(1, 2), plain(1, 1|1<<62))}, []position{1, 2}, []blocks.Kind{"deleted"}, ranges{{1, 1}}, 0},
		{"tombstone of what is lost", 0, [][]byte{join(plain(1, 1), plain(1, 4|1<<62), plain(1, 5))}, []position{1, 5}, []blocks.Kind{"deleted"}, ranges{{2, 4}}, 0},
		{"tombstone behind bad bytes", 0, [][]byte{join(plain(1, 1), junk, plain(1, 4|1<<62))}, []position{1}, []blocks.Kind{"record", "deleted"}, ranges{{2, 4}}, 0},
		{"a position out of all reach", 1, [][]byte{join(plain(1, 1), plain(1, 1<<40))}, []position{1}, nil, nil, 2},
		{"the largest position", 1, [][]byte{join(plain(1, 1), plain(1, math.MaxUint64))}, []position{1}, nil, nil, 2},
		{"subject of another stream", 0, [][]byte{record(1, 1, "tx.a", "", "{}")}, nil, []blocks.Kind{"content"}, ranges{{1, 1}}, 0},
		{"subject with a wildcard", 0, [][]byte{record(1, 1, "ev.*", "", "{}")}, nil, []blocks.Kind{"content"}, ranges{{1, 1}}, 0},
		{"empty subject", 0, [][]byte{record(1, 1, "", "", "{}")}, nil, []blocks.Kind{"content"}, ranges{{1, 1}}, 0},
		{"header without an end", 0, [][]byte{record(1, 1, "ev.a", "NATS/1.0\r\n", "{}")}, nil, []blocks.Kind{"content"}, ranges{{1, 1}}, 0},
		{"header that ends too early", 0, [][]byte{record(1, 1, "ev.a", "NATS/1.0\r\n\r\n\r\n\r\n", "{}")}, nil, []blocks.Kind{"content"}, ranges{{1, 1}}, 0},
		{"header that is none", 0, [][]byte{record(1, 1, "ev.a", "x\r\n\r\n", "{}")}, nil, []blocks.Kind{"content"}, ranges{{1, 1}}, 0},
	}
	if got := len(plain(1, 1)); got != size {
		t.Fatalf("a plain record has %d bytes", got)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []position
			r := scan(t, made(t, c.files...), blocks.Options{Known: c.known, Visit: func(m blocks.Message) error {
				got = append(got, m.Position)
				return nil
			}})
			var kinds []blocks.Kind
			for _, d := range r.Damages {
				kinds = append(kinds, d.Kind)
			}
			torn := position(0)
			if r.Torn != nil {
				torn = r.Torn.Position
			}
			if !slices.Equal(got, c.visited) || !slices.Equal(kinds, c.kinds) || !slices.Equal(r.Concerned(), c.ranges) || torn != c.torn {
				t.Errorf("visited %v, damages %+v, positions %v, torn %+v", got, r.Damages, r.Concerned(), r.Torn)
			}
		})
	}
}

// Files that the server would do something with, or that are no files.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(dir string) error{
		"__new_msgs__": func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "__new_msgs__"), 0o700), os.WriteFile(filepath.Join(dir, "__new_msgs__", "1.blk"), nil, 0o600))
		},
		"meta.key":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "meta.key"), nil, 0o600) },
		"1.bak.blk": func(dir string) error { return os.WriteFile(filepath.Join(dir, "msgs", "1.bak.blk"), nil, 0o600) },
		"01.blk":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "msgs", "01.blk"), nil, 0o600) },
		"2.blk":     func(dir string) error { return os.Mkdir(filepath.Join(dir, "msgs", "2.blk"), 0o700) },
	} {
		dir := made(t, plain(1, 1))
		if err := put(dir); err != nil {
			t.Fatal(err)
		}
		r := scan(t, dir, blocks.Options{})
		if len(r.Damages) != 1 || r.Damages[0].Kind != blocks.KindForeign || r.Damages[0].File != name || r.Messages != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A file that is far too large is not loaded, and what is behind its beginning
// is no message.
func TestHugeFile(t *testing.T) {
	t.Parallel()
	dir := made(t, join(plain(1, 1), plain(1, 2)), plain(2, 3))
	const huge = 1 << 40
	if err := os.Truncate(filepath.Join(dir, "msgs", "1.blk"), huge); err != nil {
		t.Fatal(err)
	}
	r := scan(t, dir, blocks.Options{Known: 3})
	if r.Messages != 3 || len(r.Damages) != 1 || len(r.Concerned()) > 0 || r.Damages[0].Offset != 116 {
		t.Errorf("%+v", r)
	}
}

// A block made of heads that could each begin a large record does not take the
// time to compute all their checksums: this test would take hours.
func TestCostlyBlock(t *testing.T) {
	t.Parallel()
	head := make([]byte, 32)
	binary.LittleEndian.PutUint32(head, 4<<20)
	binary.LittleEndian.PutUint64(head[4:], 1)
	dir := made(t, bytes.Repeat(head, 8<<20/len(head)))
	if r := scan(t, dir, blocks.Options{Known: 1}); len(r.Damages) != 1 || r.Messages != 0 {
		t.Errorf("%+v", r)
	}
}

func TestScanEnds(t *testing.T) {
	t.Parallel()
	dir := made(t, join(plain(1, 1), plain(1, 2)))
	enough := errors.New("enough")
	r, err := blocks.Scan(t.Context(), dir, blocks.Options{Visit: func(blocks.Message) error { return enough }})
	if !errors.Is(err, enough) || r.Messages != 1 {
		t.Errorf("when the visitor ends it: %+v, %v", r, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := blocks.Scan(ended, dir, blocks.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if _, err := blocks.Scan(t.Context(), dir+"x", blocks.Options{}); !errors.Is(err, blocks.ErrNoStream) {
		t.Errorf("without a folder: %v", err)
	}
	if r := scan(t, dir, blocks.Options{Stream: "OTHER", Known: 2}); r.Messages != 0 || len(r.Concerned()) != 1 {
		t.Errorf("as another stream: %+v", r)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	if got, err := blocks.Find(store, "S"); err != nil || len(got) > 0 {
		t.Errorf("in an empty folder: %v, %v", got, err)
	}
	var want []string
	for _, account := range []string{"$G", "HEARTH"} {
		dir := filepath.Join(store, "jetstream", account, "streams", "S")
		want = append(want, dir)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(store, "jetstream", "third", "streams", "T"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := blocks.Find(store, "S"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	m := blocks.Message{RawHeader: []byte("NATS/1.0\r\nTwo: a\r\nTwo: b\r\nempty:\r\nno colon\r\nTime: 1:2 \r\n\r\n")}
	for name, want := range map[string]string{"Two": "a", "two": "", "empty": "", "Time": "1:2", "none": "", "no colon": ""} {
		if got := m.Header(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := m.Headers(); len(got) != 3 || !slices.Equal(got["Two"], []string{"a", "b"}) {
		t.Errorf("all: %q", got)
	}
}

// FuzzScan wants that no bytes make a scan fail or lie: each position up to the
// last is either visited, once, or named.
func FuzzScan(f *testing.F) {
	good := join(plain(1, 1), plain(1, 2), plain(1, 3))
	f.Add(good, plain(2, 4), []byte("{}"), []byte{11, 4}, uint64(4))
	f.Add(good[:100], join(plain(2, 9), plain(2, 9|1<<62)), []byte(nil), []byte(nil), uint64(0))
	f.Add(join(good[:58], good[116:]), []byte(nil), []byte(`{"name":"HEARTH"}`), make([]byte, 40), uint64(1<<63))
	f.Add(bytes.Repeat([]byte{0xff}, 70), make([]byte, 70), []byte("["), []byte("x"), uint64(2))
	f.Fuzz(func(t *testing.T, first, second, meta, index []byte, known uint64) {
		dir := made(t, first, second)
		writeFile(t, filepath.Join(dir, "meta.inf"), meta)
		writeFile(t, filepath.Join(dir, "msgs", "index.db"), index)
		var seen []blocks.Range
		r := scan(t, dir, blocks.Options{Known: known, Visit: func(m blocks.Message) error {
			seen = append(seen, blocks.Range{From: m.Position, To: m.Position})
			_ = m.Headers()
			return nil
		}})
		if uint64(len(seen)) != r.Messages || !slices.IsSortedFunc(seen, func(a, b blocks.Range) int { return int(a.From) - int(b.From) }) {
			t.Fatalf("visited %v, report %+v", seen, r)
		}
		next := uint64(1)
		for _, part := range merge(seen, r.Concerned()) {
			if part.From > next {
				t.Fatalf("nothing is said of position %d: visited %v, report %+v", next, seen, r)
			}
			if part.To == math.MaxUint64 {
				return
			}
			next = max(next, part.To+1)
		}
		if next <= max(r.Last, known) || r.Torn != nil && r.Torn.Position != next {
			t.Fatalf("all is told up to %d: %+v", next, r)
		}
	})
}

func merge(a, b []blocks.Range) []blocks.Range {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b blocks.Range) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	return all
}

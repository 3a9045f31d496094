package notary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
)

// ErrFork says that what is stored is not what was sealed: another root at the
// same size, or a log that ends before the sealed size. Nothing is signed any
// more, and nobody may write.
var ErrFork = errors.New("notary: the log is not the one that was sealed")

// Anchor is the second place that keeps the last signed checkpoint, apart from
// the tiles, and shared by all instances that seal one log.
type Anchor interface {
	// Last is the checkpoint that is kept, nil when there is none.
	Last(ctx context.Context) ([]byte, error)
	// Advance lets next decide, while nobody else can, what is kept from now on:
	// it is given what Last gives, and an empty answer changes nothing. When
	// Advance returns nil the answer is on disk.
	Advance(ctx context.Context, next func(last []byte) ([]byte, error)) error
}

// Sealer adds messages to the tree and signs. It is used by one goroutine.
type Sealer struct {
	dir  Dir
	key  Key
	tree *Tree
	full []tile     // full tiles that are not on disk
	last Checkpoint // the checkpoint in dir
}

// OpenSealer goes on behind the checkpoint in dir. Without one, or with fresh,
// it begins an empty tree: every message is then added again, and what comes out
// is compared with the checkpoints as usual. Tiles that do not give the root of
// their checkpoint are ErrTiles.
func OpenSealer(dir Dir, key Key, fresh bool) (*Sealer, error) {
	s := &Sealer{dir: dir, key: key, tree: &Tree{}}
	c, err := dir.Checkpoint(key.Verifier())
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil && fresh: // a damaged checkpoint is written anew
	case err != nil:
		return nil, err
	default:
		s.last = c
	}
	if s.last.Size > 0 && !fresh {
		if s.tree, err = dir.load(s.last.Size); err != nil {
			return nil, err
		}
		if s.tree.Root() != s.last.Root {
			return nil, fmt.Errorf("%w: at size %d they give another root than was signed", ErrTiles, s.last.Size)
		}
	}
	s.tree.ready = func(level int, n int64, hashes []tlog.Hash) {
		s.full = append(s.full, tile{level, n, hashes})
	}
	return s, nil
}

// Size is how many messages the tree holds.
func (s *Sealer) Size() int64 { return s.tree.Size() }

// Root is the root of the tree.
func (s *Sealer) Root() tlog.Hash { return s.tree.Root() }

// Last is the last checkpoint in the folder.
func (s *Sealer) Last() Checkpoint { return s.last }

// mostWaiting is how many full tiles wait in memory, 8 KB each.
const mostWaiting = 1024

// Add appends messages to the tree: the next ones, without a gap.
func (s *Sealer) Add(messages []eventstore.Message) error {
	for _, m := range messages {
		if want := eventstore.Position(s.tree.Size() + 1); m.Position != want {
			return &eventstore.Missing{From: want, To: m.Position - 1}
		}
		s.tree.Add(HashOf(m))
	}
	if len(s.full) < mostWaiting {
		return nil
	}
	return s.flush(nil)
}

// flush writes the full tiles, and the given ones.
func (s *Sealer) flush(edge []tile) error {
	tiles := append(s.full, edge...)
	if err := s.dir.writeTiles(tiles); err != nil {
		return fmt.Errorf("notary: write tiles: %w", err)
	}
	s.full = nil
	s.dir.sweep(tiles)
	return nil
}

// edge are the unfinished tiles.
func (s *Sealer) edge() []tile {
	var tiles []tile
	for level, hashes := range s.tree.edge {
		if len(hashes) > 0 {
			tiles = append(tiles, tile{level, s.tree.size >> (tileHeight * (level + 1)), hashes})
		}
	}
	return tiles
}

// Seal writes the tiles, signs, lets the anchor keep the checkpoint, and writes
// it beside the tiles. A crash after any of these steps leaves a checkpoint in
// the anchor whose tiles are on disk or can be computed from the stream; signing
// the same size again gives the same bytes.
//
// When another instance has signed a larger tree, its checkpoint is not ours to
// take yet, and the one before stays. A signed tree that ours contradicts is
// ErrFork; then nothing is signed.
func (s *Sealer) Seal(ctx context.Context, anchor Anchor) (Checkpoint, error) {
	if err := s.flush(s.edge()); err != nil {
		return s.last, err
	}
	next := s.last
	err := anchor.Advance(ctx, func(held []byte) ([]byte, error) {
		ahead, err := s.agree(held)
		if err != nil || ahead {
			return nil, err
		}
		if next, err = s.key.Sign(s.tree.Size(), s.tree.Root()); err != nil {
			return nil, err
		}
		return next.Note, nil
	})
	if err != nil {
		return s.last, err
	}
	if bytes.Equal(next.Note, s.last.Note) {
		return s.last, nil
	}
	if err := s.dir.WriteCheckpoint(next); err != nil {
		return s.last, fmt.Errorf("notary: write the checkpoint: %w", err)
	}
	s.last = next
	return next, nil
}

// agree compares the tree with the checkpoint that the anchor holds, and reports
// whether that one is ahead of the tree.
func (s *Sealer) agree(held []byte) (ahead bool, err error) {
	if len(held) == 0 {
		return false, nil
	}
	c, err := OpenCheckpoint(held, s.key.Verifier())
	if err != nil {
		return false, err
	}
	if c.Size > s.tree.Size() {
		return true, nil
	}
	return false, s.Contains(c)
}

// Contains demands that a checkpoint is of a beginning of the tree; else it is
// ErrFork. Tiles up to the size of the tree must have been written.
func (s *Sealer) Contains(c Checkpoint) error {
	root := s.tree.Root()
	if c.Size < s.tree.Size() {
		var err error
		if root, err = s.dir.RootAt(c.Size); err != nil {
			return err
		}
	}
	if root != c.Root || c.Size > s.tree.Size() {
		return fmt.Errorf("%w: at size %d the root is %v, signed was %v", ErrFork, c.Size, root, c.Root)
	}
	return nil
}

package notary_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// memoryAnchor is the second place for tests.
type memoryAnchor struct {
	mu   sync.Mutex
	held []byte // guarded by mu
}

func (a *memoryAnchor) Last(context.Context) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.held), nil
}

func (a *memoryAnchor) Advance(_ context.Context, next func([]byte) ([]byte, error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	got, err := next(slices.Clone(a.held))
	if err == nil && len(got) > 0 {
		a.held = got
	}
	return err
}

// messages makes those from one position to another.
func messages(from, to eventstore.Position) []eventstore.Message {
	var all []eventstore.Message
	for p := from; p <= to; p++ {
		all = append(all, eventstore.Message{Position: p, Subject: fmt.Sprintf("ev.a.%d", p%7), Body: fmt.Append(nil, "body ", p)})
	}
	return all
}

func newKey(t *testing.T) notary.Key {
	t.Helper()
	key, err := notary.NewKey("test")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// seal adds the messages up to a position and seals.
func seal(t *testing.T, s *notary.Sealer, anchor notary.Anchor, to eventstore.Position) notary.Checkpoint {
	t.Helper()
	must(t, s.Add(messages(eventstore.Position(s.Size())+1, to)))
	c, err := s.Seal(t.Context(), anchor)
	must(t, err)
	if c.Size != int64(to) {
		t.Fatalf("sealed %d, want %d", c.Size, to)
	}
	return c
}

// TestSealingInAnySteps seals the same messages in many ways: the roots, the
// tiles and the notes are the same, and every earlier checkpoint is proved.
func TestSealingInAnySteps(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	const size = 70_000
	whole, err := notary.OpenSealer(notary.NewDir(t.TempDir()), key, false)
	must(t, err)
	want := seal(t, whole, &memoryAnchor{}, size)
	dir, anchor := notary.NewDir(t.TempDir()), &memoryAnchor{}
	var earlier []notary.Checkpoint
	for _, to := range []eventstore.Position{1, 2, 255, 256, 257, 511, 512, 60_000, 65_535, 65_536, 65_537, 65_792, size} {
		s, err := notary.OpenSealer(dir, key, false) // as after a restart
		must(t, err)
		earlier = append(earlier, seal(t, s, anchor, to))
	}
	last := earlier[len(earlier)-1]
	if string(last.Note) != string(want.Note) {
		t.Fatalf("sealed in steps: got %s, want %s", last.Note, want.Note)
	}
	var sizes []int64
	for _, c := range earlier {
		sizes = append(sizes, c.Size)
		if root, err := dir.RootAt(c.Size); err != nil || root != c.Root {
			t.Errorf("root at %d: %v, %v", c.Size, root, err)
		}
	}
	growth, err := dir.ProveGrowth(last, sizes...)
	must(t, err)
	growth, err = notary.OpenGrowth(growth.Marshal(), key.Verifier())
	must(t, err)
	for _, c := range earlier {
		must(t, growth.Extends(c))
		c.Root[0]++
		if err := growth.Extends(c); !errors.Is(err, notary.ErrFork) {
			t.Errorf("another root at %d: got %v, want ErrFork", c.Size, err)
		}
	}
	for _, p := range []eventstore.Position{1, 2, 256, 257, 65_536, size} {
		m := messages(p, p)[0]
		proof, err := dir.Prove(notary.LeafOf(m), last)
		must(t, err)
		proof, err = notary.OpenInclusion(proof.Marshal(), key.Verifier())
		must(t, err)
		must(t, proof.Proves(m.Body))
		if err := proof.Proves([]byte("other")); !errors.Is(err, notary.ErrProof) {
			t.Errorf("another body at %d: got %v, want ErrProof", p, err)
		}
	}
}

// TestCrashAnywhere opens the sealer on what a crash leaves after each step: the
// tiles of a larger tree, no checkpoint, an anchor that is ahead of the folder.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	key, anchor := newKey(t), &memoryAnchor{}
	path := t.TempDir()
	dir := notary.NewDir(path)
	s, err := notary.OpenSealer(dir, key, false)
	must(t, err)
	old := seal(t, s, anchor, 300)
	later := seal(t, s, anchor, 1000)
	// The anchor has the later one, the folder still the old.
	must(t, dir.WriteCheckpoint(old))
	s, err = notary.OpenSealer(dir, key, false)
	must(t, err)
	must(t, s.Add(messages(301, 900)))
	if c, err := s.Seal(t.Context(), anchor); err != nil || c.Size != 300 {
		t.Errorf("behind the anchor: sealed %d, %v; want the old checkpoint", c.Size, err)
	}
	if c := seal(t, s, anchor, 1000); string(c.Note) != string(later.Note) {
		t.Errorf("the same size was signed in another way")
	}
	// Nothing is left of the folder.
	must(t, os.RemoveAll(path))
	s, err = notary.OpenSealer(dir, key, false)
	must(t, err)
	if c := seal(t, s, anchor, 1200); c.Size != 1200 {
		t.Errorf("from nothing: sealed %d", c.Size)
	}
}

// TestForksAreRefused: a log that was rewritten, or that is shorter than what was
// sealed, is not signed.
func TestForksAreRefused(t *testing.T) {
	t.Parallel()
	key, anchor := newKey(t), &memoryAnchor{}
	s, err := notary.OpenSealer(notary.NewDir(t.TempDir()), key, false)
	must(t, err)
	seal(t, s, anchor, 700)
	for name, change := range map[string]func(m *eventstore.Message){
		"body":    func(m *eventstore.Message) { m.Body = []byte("rewritten") },
		"subject": func(m *eventstore.Message) { m.Subject = "ev.b.1" },
	} {
		for _, size := range []eventstore.Position{700, 701, 1500} {
			s, err := notary.OpenSealer(notary.NewDir(t.TempDir()), key, false)
			must(t, err)
			all := messages(1, size)
			change(&all[400])
			must(t, s.Add(all))
			if _, err := s.Seal(t.Context(), anchor); !errors.Is(err, notary.ErrFork) {
				t.Errorf("another %s, size %d: got %v, want ErrFork", name, size, err)
			}
		}
	}
	held, err := anchor.Last(t.Context())
	must(t, err)
	if c, err := notary.OpenCheckpoint(held, key.Verifier()); err != nil || c.Size != 700 {
		t.Errorf("the anchor moved to %d, %v", c.Size, err)
	}
	var missing *eventstore.Missing
	if err := s.Add(messages(703, 704)); !errors.As(err, &missing) || missing.From != 701 || missing.To != 702 {
		t.Errorf("a gap: got %v", err)
	}
}

// TestEveryFlippedByteOfTheEdge flips each byte of the files that a start reads.
func TestEveryFlippedByteOfTheEdge(t *testing.T) {
	t.Parallel()
	key, anchor := newKey(t), &memoryAnchor{}
	path := t.TempDir()
	s, err := notary.OpenSealer(notary.NewDir(path), key, false)
	must(t, err)
	seal(t, s, anchor, 260)
	for _, name := range []string{"checkpoint", "tile/0/001.p/4", "tile/1/000.p/1"} {
		file := filepath.Join(path, filepath.FromSlash(name))
		good, err := os.ReadFile(file)
		must(t, err)
		for i := range good {
			bad := slices.Clone(good)
			bad[i] ^= 0x10
			must(t, os.WriteFile(file, bad, 0o600))
			_, err := notary.OpenSealer(notary.NewDir(path), key, false)
			if !errors.Is(err, notary.ErrTiles) && !errors.Is(err, notary.ErrCheckpoint) {
				t.Fatalf("byte %d of %s: got %v", i, name, err)
			}
		}
		must(t, os.WriteFile(file, good, 0o600))
	}
}

// TestEveryFlippedByteOfProofs: a proof or a checkpoint of which one byte is
// another is refused, always.
func TestEveryFlippedByteOfProofs(t *testing.T) {
	t.Parallel()
	key, anchor := newKey(t), &memoryAnchor{}
	dir := notary.NewDir(t.TempDir())
	s, err := notary.OpenSealer(dir, key, false)
	must(t, err)
	old := seal(t, s, anchor, 77)
	c := seal(t, s, anchor, 300)
	proof, err := dir.Prove(notary.LeafOf(messages(78, 78)[0]), c)
	must(t, err)
	growth, err := dir.ProveGrowth(c, 77, 3)
	must(t, err)
	for name, open := range map[string]struct {
		data []byte
		open func([]byte) error
	}{
		"inclusion":  {proof.Marshal(), func(b []byte) error { _, err := notary.OpenInclusion(b, key.Verifier()); return err }},
		"checkpoint": {c.Note, func(b []byte) error { _, err := notary.OpenCheckpoint(b, key.Verifier()); return err }},
		"growth": {growth.Marshal(), func(b []byte) error {
			g, err := notary.OpenGrowth(b, key.Verifier())
			if err != nil {
				return err
			}
			if _, ok := g.From[3]; !ok {
				return errors.New("another size")
			}
			return errors.Join(g.Extends(old), checkThree(t, dir, g))
		}},
	} {
		must(t, open.open(open.data))
		accepted := 0
		for i := range open.data {
			for _, bit := range []byte{1, 2, 0x20, 0x80} {
				bad := slices.Clone(open.data)
				bad[i] ^= bit
				if open.open(bad) == nil {
					accepted++
					t.Errorf("%s with bit %#x of byte %d (%q) flipped is accepted", name, bit, i, open.data[i])
				}
			}
		}
		t.Logf("%s: %d of %d mutations accepted", name, accepted, 4*len(open.data))
	}
}

// checkThree demands the second proof of a growth.
func checkThree(t *testing.T, dir notary.Dir, g notary.Growth) error {
	t.Helper()
	root, err := dir.RootAt(3)
	must(t, err)
	return g.Extends(notary.Checkpoint{Origin: g.Checkpoint.Origin, Size: 3, Root: root})
}

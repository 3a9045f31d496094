package natsstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/eventstore"
	"hearth/eventstore/storetest"
)

// TestDamagedBlocks damages the files of a stopped server. It starts without a
// word and leaves messages out; the readers notice.
func TestDamagedBlocks(t *testing.T) {
	t.Parallel()
	damages := map[string]func(t *testing.T, file string){
		"flipped bit": func(t *testing.T, file string) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"flipped bit in the last message": func(t *testing.T, file string) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)-1000] ^= 1
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"cut": func(t *testing.T, file string) {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(file, info.Size()/2); err != nil {
				t.Fatal(err)
			}
		},
		"removed": func(t *testing.T, file string) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, damage := range damages {
		for _, where := range []string{"first", "last"} {
			for _, index := range []string{"kept", "lost"} {
				t.Run(name+" in the "+where+" block, index "+index, func(t *testing.T) {
					t.Parallel()
					damaged(t, where, index, damage)
				})
			}
		}
	}
}

// damaged fills two block files, damages one, and reads. A reader from the
// beginning sees a jump, or nothing when the end of the log is gone; but a
// reader that had come to the end sees that.
func damaged(t *testing.T, where, index string, damage func(*testing.T, string)) {
	dir := t.TempDir()
	s, stop, err := serve(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	id, head := storetest.Stream(), eventstore.Head{}
	for range 18 { // a block takes 8 MB
		heads, err := s.Append(t.Context(), storetest.Change(id, head, strings.Repeat("x", 700<<10)))
		if err != nil {
			t.Fatal(err)
		}
		head = heads[0]
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	files := blocks(t, dir)
	if len(files) != 2 {
		t.Fatalf("%d block files", len(files))
	}
	damage(t, map[string]string{"first": files[0], "last": files[1]}[where])
	if index == "lost" {
		if err := os.Remove(filepath.Join(filepath.Dir(files[0]), "index.db")); err != nil {
			t.Fatal(err)
		}
	}

	s, stop, err = serve(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	end, err := s.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	fromStart := storetest.FollowTo(ctx, s, 0, end, func(eventstore.Commit) {})
	_, fromEnd := s.Follow(t.Context(), head.Position)
	_, load := storetest.Read(t.Context(), s, id, eventstore.Head{})
	t.Logf("end %d of %d; from the start: %v; from the end: %v; load: %v", end, head.Position, fromStart, fromEnd, load)
	if end < head.Position {
		if !errors.Is(fromEnd, eventstore.ErrCorrupt) {
			t.Errorf("the log ends at %d of %d, and the reader at its end sees: %v", end, head.Position, fromEnd)
		}
	} else if !errors.Is(fromStart, eventstore.ErrCorrupt) {
		t.Errorf("reading from the start: got %v, want ErrCorrupt", fromStart)
	}
}

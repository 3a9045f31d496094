package blocks_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/adapters/natsserver/blocks"
)

func TestSetAside(t *testing.T) {
	t.Parallel()
	dir := made(t, plain(1, 1), plain(2, 2))
	into := filepath.Join(t.TempDir(), "deep", "aside")
	var folders []string
	for range 3 { // within one second
		folder, err := blocks.SetAside(dir, []string{"2.blk", "meta.inf", "3.blk", "2.blk"}, into)
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, folder)
	}
	if folders[0] == folders[1] || folders[1] == folders[2] || filepath.Dir(folders[0]) != into || !strings.Contains(folders[0], "Z-HEARTH") {
		t.Errorf("folders: %v", folders)
	}
	for _, folder := range folders {
		for _, file := range []string{"msgs/2.blk", "meta.inf"} {
			if got := readFile(t, filepath.Join(folder, file)); !bytes.Equal(got, readFile(t, filepath.Join(dir, file))) {
				t.Errorf("%s: %q", file, got)
			}
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
			t.Errorf("%s: %v, %v", folder, entries, err)
		}
	}
}

// A purge that waits in a folder is kept with its files.
func TestSetAsideFolder(t *testing.T) {
	t.Parallel()
	dir := made(t)
	waiting := filepath.Join(dir, "__new_msgs__")
	if err := os.Mkdir(waiting, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(waiting, "1.blk"), []byte("x"))
	folder, err := blocks.SetAside(dir, scan(t, dir, blocks.Options{}).Files(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, filepath.Join(folder, "__new_msgs__", "1.blk")); string(got) != "x" {
		t.Errorf("%q", got)
	}
}

func TestSetAsideNothing(t *testing.T) {
	t.Parallel()
	dir, into := made(t, plain(1, 1)), t.TempDir()
	if _, err := blocks.SetAside(dir, []string{"7.blk"}, into); !errors.Is(err, blocks.ErrNoFile) {
		t.Errorf("files that are not there: %v", err)
	}
	if _, err := blocks.SetAside(dir+"x", []string{"1.blk"}, into); !errors.Is(err, blocks.ErrNoStream) {
		t.Errorf("a folder that is not there: %v", err)
	}
	for _, name := range []string{"../HEARTH/meta.inf", "msgs/1.blk", "..", ".", ""} {
		if _, err := blocks.SetAside(dir, []string{name}, into); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
	if entries, err := os.ReadDir(into); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// A stream that was moved away is unknown to the server, and is whole where it is.
func TestSetAsideAll(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	s := start(t, store, decided)
	s.publish(t, message(1, 10))
	want := s.delivered(t)
	s.stop(t)
	dir := folder(t, store)
	moved, err := blocks.SetAsideAll(dir, filepath.Join(store, "aside"))
	if err != nil {
		t.Fatal(err)
	}
	scanClean(t, moved, want)
	if left, err := blocks.Find(store, "HEARTH"); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := blocks.SetAsideAll(dir, filepath.Join(store, "aside")); !errors.Is(err, blocks.ErrNoStream) {
		t.Errorf("again: %v", err)
	}
	s = start(t, store, decided)
	if got := s.delivered(t); len(got) > 0 {
		t.Errorf("the new stream has %d messages", len(got))
	}
	s.stop(t)
}

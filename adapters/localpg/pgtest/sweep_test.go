package pgtest

import (
	"os"
	"path/filepath"
	"testing"

	"hearth/adapters/dirlock"
)

// What ended processes left is removed; what others use is not.
func TestSweep(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	left, used, template := filepath.Join(root, "run-1"), filepath.Join(root, "run-2"), filepath.Join(root, "template-15")
	for _, dir := range []string{left, used, template} {
		if err := os.MkdirAll(filepath.Join(dir, "pgdata"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := dirlock.Try(used, ownerFile)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	sweep(root)
	for dir, want := range map[string]bool{left: false, used: true, template: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(dir), err == nil, want)
		}
	}
}

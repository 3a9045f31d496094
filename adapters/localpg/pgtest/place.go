package pgtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// memory is a file system in memory that Linux machines have.
const memory = "/dev/shm"

// roomy is the free space from which memory is used: a cluster takes some 60
// MB, a database 8 MB, and containers often have a few MB only.
const roomy = 4 << 30

// place is the folder for the clusters of all test processes of this user. A
// database is some 300 small files, which memory takes ten times faster than
// some disks. An explicit TMPDIR is respected, and what is to be synced goes to
// disk.
func place(use kind) (string, error) {
	parent := os.TempDir()
	if use == relaxed && os.Getenv("TMPDIR") == "" && free(memory) >= roomy {
		parent = memory
	}
	root := filepath.Join(parent, fmt.Sprintf("hearth-pgtest-%d", os.Geteuid()))
	// Open to be passed through: under root, postgres may run as another user.
	if err := os.Mkdir(root, 0o711); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make a folder for test clusters: %w", err)
	}
	return root, nil
}

// free is the number of bytes that may still be written to a file system in
// memory; 0 when there is none at path.
func free(path string) uint64 {
	const tmpfs = 0x01021994
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil || st.Type != tmpfs {
		return 0
	}
	return st.Bavail * uint64(st.Bsize)
}

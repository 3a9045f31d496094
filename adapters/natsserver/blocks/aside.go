package blocks

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ErrNoFile says that none of the files to be kept is there.
var ErrNoFile = errors.New("要保存的文件都不存在")

// SetAside copies files of the stream in dir into a new folder below into and
// answers with its path. Files are named as in Damage.File; those that are
// missing are left out, and when all are it is ErrNoFile. The copies are on the
// disk when SetAside returns. Nothing is ever written over.
func SetAside(dir string, files []string, into string) (string, error) {
	folder, err := newFolder(dir, into)
	if err != nil {
		return "", fmt.Errorf("set aside: %w", err)
	}
	copied, err := keepAll(dir, files, folder)
	if err == nil && copied == 0 {
		err = ErrNoFile
	}
	if err == nil {
		err = syncDirs(filepath.Join(folder, msgsDir), folder, into, filepath.Dir(into))
	}
	if err != nil {
		// The folder is new and ours: what is in it are copies of what is in dir.
		return "", errors.Join(fmt.Errorf("set aside: %w", err), os.RemoveAll(folder))
	}
	return folder, nil
}

// keepAll copies files and answers with how many of them were there.
func keepAll(dir string, files []string, folder string) (int, error) {
	copied := 0
	for _, name := range slices.Compact(slices.Sorted(slices.Values(files))) {
		err := keep(dir, name, folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return copied, fmt.Errorf("%s: %w", name, err)
		}
		copied++
	}
	return copied, nil
}

// SetAsideAll moves the whole folder of a stream into a new folder below into,
// which must be on the same disk, and answers with the path it has there. After
// that the server knows nothing of the stream.
func SetAsideAll(dir, into string) (string, error) {
	folder, err := newFolder(dir, into)
	if err != nil {
		return "", fmt.Errorf("set aside: %w", err)
	}
	// The folder is new and ours, so the rename meets nothing that it could
	// replace. A crash before it leaves an empty folder, a crash after it the
	// stream in one of the two places.
	target := filepath.Join(folder, filepath.Base(dir))
	if err := os.Rename(dir, target); err != nil {
		return "", errors.Join(fmt.Errorf("set aside %s: %w", dir, err), os.Remove(folder))
	}
	if err := syncDirs(folder, into, filepath.Dir(into), filepath.Dir(dir)); err != nil {
		return "", fmt.Errorf("set aside %s: %w", dir, err)
	}
	return target, nil
}

// newFolder makes a folder below into that did not exist, named for the time and
// the stream.
func newFolder(dir, into string) (string, error) {
	if stat, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || err == nil && !stat.IsDir() {
		return "", ErrNoStream
	}
	if err := os.MkdirAll(into, 0o700); err != nil {
		return "", err
	}
	name := time.Now().UTC().Format("20060102T150405Z") + "-" + filepath.Base(dir)
	folder := filepath.Join(into, name)
	for n := 2; ; n++ {
		err := os.Mkdir(folder, 0o700)
		if !errors.Is(err, fs.ErrExist) {
			return folder, err
		}
		folder = filepath.Join(into, fmt.Sprintf("%s-%d", name, n))
	}
}

// keep copies one file, which is in dir or in its msgs, or the files of one
// folder in dir. What is neither holds no messages and is left out.
func keep(dir, name, folder string) error {
	if name != filepath.Base(name) || name == "." || !filepath.IsLocal(name) {
		return errors.New("not a base name")
	}
	if _, err := os.Lstat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
		name = filepath.Join(msgsDir, name)
	}
	source, target := filepath.Join(dir, name), filepath.Join(folder, name)
	stat, err := os.Stat(source)
	switch {
	case err != nil:
		return err
	case stat.Mode().IsRegular():
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return copyFile(source, target)
	case !stat.IsDir():
		return fs.ErrNotExist
	}
	entries, err := os.ReadDir(source)
	if err == nil {
		err = os.MkdirAll(target, 0o700)
	}
	for _, e := range entries {
		if err == nil && e.Type().IsRegular() {
			err = copyFile(filepath.Join(source, e.Name()), filepath.Join(target, e.Name()))
		}
	}
	return errors.Join(err, syncDirs(target))
}

// copyFile copies into a file that does not exist yet.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Sync()
}

// syncDirs puts the names in folders on the disk. One that is missing is left out.
func syncDirs(dirs ...string) error {
	for _, dir := range dirs {
		d, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

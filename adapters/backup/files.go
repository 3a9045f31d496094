package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// File is a file of the backup as the manifest has it. Name is its path below
// the folder, with slashes.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// output is a file that is being written: hashed on its way to the disk.
type output struct {
	file *os.File
	name string // below the folder
	hash hash.Hash
	size int64
}

// create makes a file below dir that must not exist.
func create(dir, name string) (*output, error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &output{file: f, name: name, hash: sha256.New()}, nil
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	o.hash.Write(p[:n])
	o.size += int64(n)
	return n, err
}

// finish puts the file on the disk and lets the kernel forget it, so that who
// reads it next reads the disk.
func (o *output) finish() (File, error) {
	err := o.file.Sync()
	if err == nil {
		// Some file systems do not know this; the file is then read from memory.
		_ = unix.Fadvise(int(o.file.Fd()), 0, 0, unix.FADV_DONTNEED)
	}
	if err = errors.Join(err, o.file.Close()); err != nil {
		return File{}, err
	}
	return File{Name: o.name, Bytes: o.size, SHA256: hex.EncodeToString(o.hash.Sum(nil))}, nil
}

// fileOf describes a small file.
func fileOf(name string, data []byte) File {
	sum := sha256.Sum256(data)
	return File{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// open opens a file of the backup and demands its size.
func (f File) open(dir string) (*os.File, error) {
	file, err := os.Open(filepath.Join(dir, filepath.FromSlash(f.Name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(f.Name, "不见了")
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() != f.Bytes) {
		err = damaged(f.Name, "的大小是 %d 字节,应为 %d", info.Size(), f.Bytes)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// check demands that a file is what it was.
func (f File) check(dir string) error {
	file, err := f.open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return damaged(f.Name, "读不出来(%v)", err)
	}
	return f.compare(h)
}

func (f File) compare(h hash.Hash) error {
	if hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
		return damaged(f.Name, "的内容已改变")
	}
	return nil
}

// replace writes a small file under its name in one step: before the rename the
// old one stands, after it the new one, whole.
func replace(dir, name string, data []byte) error {
	tmp := filepath.Join(dir, name+tmpSuffix)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncFolder(dir)
}

const tmpSuffix = ".tmp"

// makeFolder makes a folder below dir, so that it is there after a power cut.
func makeFolder(dir string, names ...string) error {
	for _, name := range names {
		if err := os.Mkdir(filepath.Join(dir, filepath.FromSlash(name)), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncFolder(filepath.Dir(filepath.Join(dir, filepath.FromSlash(name)))); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

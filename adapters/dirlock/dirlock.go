// Package dirlock keeps two processes from working on one state folder.
//
// A lock is an flock on a file inside the folder: the kernel releases it when
// its holder ends, however it ends, so a lock is never stale and nothing has
// to be cleaned up after a crash.
package dirlock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long Acquire waits for a holder that is just ending.
const patience = 2 * time.Second

// pause is the time between two attempts.
const pause = 20 * time.Millisecond

// ErrHeld says that another process, or another part of this one, holds the
// lock.
var ErrHeld = errors.New("文件夹正由另一个程序使用")

// ErrDenied says that this user may not work in the folder.
var ErrDenied = errors.New("文件夹属于另一个用户,请用建立它的用户运行,或换一个状态文件夹")

// Lock is a held lock.
type Lock struct{ file *os.File }

// Acquire locks the file name inside dir and makes both when they are missing.
// It waits up to two seconds for a holder that is just ending; after that the
// error wraps ErrHeld and names the holder.
func Acquire(ctx context.Context, dir, name string) (*Lock, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrHeld)
	defer cancel()
	for {
		lock, err := Try(dir, name)
		if !errors.Is(err, ErrHeld) {
			return lock, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, ErrHeld) {
				return nil, fmt.Errorf("lock %s: %w", dir, cause)
			}
			return nil, err
		}
	}
}

// Try is Acquire without waiting.
func Try(dir, name string) (*Lock, error) {
	err := os.MkdirAll(dir, 0o700)
	var file *os.File
	if err == nil {
		file, err = os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w(%w)", ErrDenied, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer file.Close()
		return nil, fmt.Errorf("%w:%s%s", ErrHeld, dir, holder(file))
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	// The number is for people and for the message above; the kernel's lock,
	// not this text, decides who holds the folder.
	if err := errors.Join(file.Truncate(0), writePID(file)); err != nil {
		file.Close()
		return nil, fmt.Errorf("write %s: %w", file.Name(), err)
	}
	return &Lock{file: file}, nil
}

// Release gives the folder back. Releasing twice, or a nil lock, does nothing.
func (l *Lock) Release() error {
	if l == nil || l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

func writePID(file *os.File) error {
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

// holder names the process that wrote its number into the lock file.
func holder(file *os.File) string {
	text := make([]byte, 20)
	n, _ := file.ReadAt(text, 0) // the message does without the number
	pid := strings.TrimSpace(string(text[:n]))
	if pid == "" {
		return ""
	}
	return "(进程号 " + pid + ")"
}

// TryFolder locks a folder that exists, without a file in it, for folders in
// which a file of ours would be in the way. The error wraps ErrHeld when another
// holds it.
func TryFolder(dir string) (*Lock, error) {
	file, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w(%w)", ErrDenied, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &Lock{file: file}, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w:%s", ErrHeld, dir)
	}
	return nil, fmt.Errorf("lock %s: %w", dir, err)
}

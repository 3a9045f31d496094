package dirlock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"hearth/adapters/dirlock"
)

const name = "x.lock"

func TestOneHolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "when missing")
	lock, err := dirlock.Try(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = dirlock.Try(dir, name)
	if !errors.Is(err, dirlock.ErrHeld) {
		t.Fatalf("second holder: got %v, want ErrHeld", err)
	}
	for _, part := range []string{dir, strconv.Itoa(os.Getpid())} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal does not name %s: %v", part, err)
		}
	}
	if err := errors.Join(lock.Release(), lock.Release()); err != nil {
		t.Errorf("release twice: %v", err)
	}
	again, err := dirlock.Try(dir, name)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	again.Release()
}

func TestAcquireWaitsForAHolderThatIsEnding(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first, err := dirlock.Try(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := dirlock.Acquire(t.Context(), dir, name); !errors.Is(err, dirlock.ErrHeld) {
			t.Errorf("a holder that stays: got %v, want ErrHeld", err)
		}
		if waited := time.Since(begun); waited != 2*time.Second {
			t.Errorf("waited %v for it, want 2s", waited)
		}

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := dirlock.Acquire(ended, dir, name); !errors.Is(err, context.Canceled) {
			t.Errorf("an ended context: got %v", err)
		}

		time.AfterFunc(time.Second, func() { first.Release() })
		second, err := dirlock.Acquire(t.Context(), dir, name)
		if err != nil {
			t.Fatalf("a holder that ends: %v", err)
		}
		second.Release()
	})
}

func TestFolderOfAnotherUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		// Root may write anywhere, so this thread reaches for files as nobody. It
		// stays locked, and ends with the test.
		runtime.LockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	for _, folder := range []string{dir, filepath.Join(dir, "below")} {
		if _, err := dirlock.Try(folder, name); !errors.Is(err, dirlock.ErrDenied) {
			t.Errorf("%s: got %v, want ErrDenied", folder, err)
		}
	}
}

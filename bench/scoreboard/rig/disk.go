package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Disk is an ext4 file system of its own, in a file behind a loop device.
type Disk struct {
	// Mount is where it is mounted.
	Mount string
	image string
	env   *Env
}

const (
	// shutdownRequest is EXT4_IOC_SHUTDOWN, which stops a file system at once.
	shutdownRequest = 0x8004587d
	// noLogFlush is EXT4_GOING_FLAGS_NOLOGFLUSH: neither data nor journal that
	// are only in memory reach the device any more, as when the power is cut.
	noLogFlush = 2
)

// NewDisk makes and mounts a file system of a size in MiB.
func (e *Env) NewDisk(ctx context.Context, name string, size int) (*Disk, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("only root may mount a file system; run this line as root")
	}
	dir, err := e.NewDir(name)
	if err != nil {
		return nil, err
	}
	d := &Disk{Mount: filepath.Join(dir, "mnt"), image: filepath.Join(dir, "image"), env: e}
	if err := os.Mkdir(d.Mount, 0o755); err != nil {
		return nil, err
	}
	if _, err := e.Must(ctx, "", "truncate", "-s", strconv.Itoa(size)+"M", d.image); err != nil {
		return nil, err
	}
	if _, err := e.Must(ctx, "", "mkfs.ext4", "-q", "-F", "-m", "0", d.image); err != nil {
		return nil, err
	}
	if err := d.mount(ctx); err != nil {
		return nil, err
	}
	e.onClose(d.Close)
	return d, nil
}

func (d *Disk) mount(ctx context.Context) error {
	if _, err := d.env.Must(ctx, "", "mount", "-o", "loop", d.image, d.Mount); err != nil {
		return fmt.Errorf("no loop device can be mounted here: %w", err)
	}
	return nil
}

// Cut cuts the power of the file system: from now on every write fails, and what
// was not synced is lost.
func (d *Disk) Cut() error {
	dir, err := os.Open(d.Mount)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unix.IoctlSetPointerInt(int(dir.Fd()), shutdownRequest, noLogFlush); err != nil {
		return fmt.Errorf("shut down the file system: %w", err)
	}
	return nil
}

// Remount mounts the file system again, which replays its journal, when nobody
// works on it any more.
func (d *Disk) Remount(ctx context.Context) error {
	if err := d.unmount(ctx); err != nil {
		return err
	}
	return d.mount(ctx)
}

func (d *Disk) unmount(ctx context.Context) error {
	var last error
	err := Until(ctx, "the file system is free", func() bool {
		for _, pid := range WorkingIn(d.Mount) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
		last = unix.Unmount(d.Mount, 0)
		return !errors.Is(last, unix.EBUSY)
	})
	if err == nil && last != nil {
		err = fmt.Errorf("unmount: %w", last)
	}
	return err
}

// Close unmounts the file system, for good.
func (d *Disk) Close() {
	if d.unmount(context.Background()) != nil {
		_ = unix.Unmount(d.Mount, unix.MNT_DETACH) // the device goes with its last user
	}
	os.Remove(d.image)
}

// Fill writes a file that takes all but keep bytes of what is free.
func (d *Disk) Fill(keep int64) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(d.Mount, &fs); err != nil {
		return err
	}
	f, err := os.Create(d.ballast())
	if err != nil {
		return err
	}
	defer f.Close()
	if size := int64(fs.Bavail)*fs.Bsize - keep; size > 0 {
		return unix.Fallocate(int(f.Fd()), 0, 0, size)
	}
	return nil
}

// Free gives back what Fill took.
func (d *Disk) Free() error { return os.Remove(d.ballast()) }

func (d *Disk) ballast() string { return filepath.Join(d.Mount, "ballast") }

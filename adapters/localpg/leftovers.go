package localpg

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

// clearLeftovers ends what a killed process left running in the cluster and
// removes the files that would make postgres believe it still runs.
//
// Postgres judges by the number in postmaster.pid. That is wrong when the
// process is a zombie, or when its number belongs to somebody else by now. We
// hold the lock, so whatever works in the folder is a remainder, and it shows
// by its working folder.
func (c *Cluster) clearLeftovers(ctx context.Context) error {
	for _, folder := range []string{c.data(), c.data() + ".new"} {
		if err := c.endAll(ctx, folder); err != nil {
			return err
		}
	}
	socket := filepath.Join(c.socket, socketName)
	for _, file := range []string{c.pidFile(), socket, socket + ".lock"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what a crash left: %w", err)
		}
	}
	return nil
}

// patience is how long leftovers get before each stronger signal.
const patience = 5 * time.Second

// endAll ends the processes of postgres that work in folder: a postmaster that
// lost its parent and is shutting down already, or children that lost their
// postmaster.
func (c *Cluster) endAll(ctx context.Context, folder string) error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		pids := workingIn(folder)
		if len(pids) == 0 {
			return nil
		}
		c.log.WarnContext(ctx, "ending postgres processes that were left over", "pids", pids, "signal", sig.String())
		for _, pid := range pids {
			if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("%w:进程 %d 仍在使用 %s,而我们不能结束它(%w)", ErrPermission, pid, folder, err)
			}
		}
		gone, err := awaitNobody(ctx, folder)
		if gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("processes %v work in %s and cannot be killed", workingIn(folder), folder)
}

// awaitNobody waits until no process works in folder, or patience ends.
func awaitNobody(ctx context.Context, folder string) (gone bool, err error) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	limit := time.After(patience)
	for {
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for left over processes: %w", context.Cause(ctx))
		case <-limit:
			return false, nil
		case <-look.C:
			if len(workingIn(folder)) == 0 {
				return true, nil
			}
		}
	}
}

// workingIn lists the processes of postgres whose working folder is folder. A
// shell that an administrator opened there is none of them, and a zombie has
// no working folder any more.
//
// The program's name comes from comm, not from the exe link: a process that is
// giving back its memory has lost its exe already, keeps its working folder, and
// still holds the shared memory that a new postmaster insists on.
func workingIn(folder string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		cwd, err := os.Readlink(filepath.Join("/proc", entry.Name(), "cwd"))
		if err != nil || cwd != folder {
			continue
		}
		comm, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "comm"))
		if err == nil && strings.TrimSpace(string(comm)) == "postgres" {
			pids = append(pids, pid)
		}
	}
	return pids
}

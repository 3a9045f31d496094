package localpg

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lookEvery is the time between two looks at a file that postgres writes.
const lookEvery = 5 * time.Millisecond

// recoveringEvery is how often a start that takes its time says so.
const recoveringEvery = 2 * time.Second

// process is a started program of PostgreSQL.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended
	err    error         // how it ended; to be read after exited
}

// begin starts cmd so that the kernel sends it the signal when we die. The
// kernel looks at the thread that forked, not at the process, so a goroutine
// keeps that thread for as long as the program runs.
func begin(cmd *exec.Cmd, onDeath syscall.Signal) (*process, error) {
	cmd.SysProcAttr.Pdeathsig = onDeath
	cmd.SysProcAttr.Setpgid = true // Ctrl-C in the terminal is for us alone
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(p.exited)
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("run %s: %w", filepath.Base(cmd.Path), err)
	}
	return p, nil
}

// runToEnd runs a program that does one thing, such as initdb.
func runToEnd(cmd *exec.Cmd) error {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	p, err := begin(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	<-p.exited
	if p.err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), p.err, tail(said.Bytes()))
	}
	return nil
}

// launch starts postgres and waits until it takes connections, which after a
// crash means until it has recovered.
func (c *Cluster) launch(ctx context.Context) (*process, error) {
	log, err := openLog(filepath.Join(c.cfg.Dir, logFile))
	if err != nil {
		return nil, err
	}
	defer log.Close() // postgres has its own handle
	from, err := log.Seek(0, 2)
	if err != nil {
		return nil, fmt.Errorf("postgres log: %w", err)
	}
	// The process must outlive the ctx of the start, so the command has none.
	cmd := c.user.command(context.WithoutCancel(ctx), c.install.program("postgres"), c.arguments()...)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := begin(cmd, syscall.SIGINT)
	if err != nil {
		return nil, err
	}
	err = c.awaitReady(ctx, p)
	if err == nil {
		err = c.account.check(ctx, c.socket)
	}
	if err != nil {
		p.end(ctx.Done())
		return nil, fmt.Errorf("%w; %s says: %s", err, logFile, logTail(log.Name(), from))
	}
	return p, nil
}

// awaitReady waits for the word "ready" on line 8 of postmaster.pid.
func (c *Cluster) awaitReady(ctx context.Context, p *process) error {
	begun := time.Now()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	say := time.NewTicker(recoveringEvery)
	defer say.Stop()
	for {
		select {
		case <-p.exited:
			return fmt.Errorf("postgres ended: %w", p.err)
		case <-ctx.Done():
			return fmt.Errorf("wait for postgres: %w", context.Cause(ctx))
		case <-say.C:
			c.log.InfoContext(ctx, "postgres is recovering", "seconds", int(time.Since(begun).Seconds()))
		case <-look.C:
			if readyIn(c.pidFile(), p.cmd.Process.Pid) {
				return nil
			}
		}
	}
}

func (c *Cluster) pidFile() string { return filepath.Join(c.data(), "postmaster.pid") }

// readyIn says whether the pid file was written by pid and says ready.
func readyIn(file string, pid int) bool {
	text, err := os.ReadFile(file)
	if err != nil {
		return false // not there yet
	}
	lines := strings.Split(string(text), "\n")
	return len(lines) >= 8 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}

// forceAfter is how long a postgres that was told to drop everything may take.
const forceAfter = 5 * time.Second

// end stops postgres: cleanly, or at once when hurry is closed. It returns when
// the process is gone.
func (p *process) end(hurry <-chan struct{}) {
	p.signal(syscall.SIGINT)
	select {
	case <-p.exited:
		return
	case <-hurry:
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.exited:
		return
	case <-time.After(forceAfter):
	}
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// signal ignores the error: the only one there is says that the process ended,
// and whoever signals waits for that.
func (p *process) signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }

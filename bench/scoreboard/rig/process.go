package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a child that is killed when this process ends, however it ends.
type Process struct {
	Cmd *exec.Cmd
	// Log is what it wrote to its standard error.
	Log    *Buffer
	exited chan struct{}
}

type starting struct {
	cmd  *exec.Cmd
	done chan error
}

// starter starts all children. The kernel kills them when the thread that
// started them ends; this one keeps its thread until the Env is closed.
func (e *Env) starter() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for s := range e.start {
		s.done <- s.cmd.Start()
	}
}

// Start starts a program. out gets its standard output and may be nil.
func (e *Env) Start(out *os.File, env []string, program string, args ...string) (*Process, error) {
	p := &Process{Cmd: exec.Command(program, args...), Log: &Buffer{}, exited: make(chan struct{})}
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.Cmd.Env = append(os.Environ(), env...)
	p.Cmd.Stderr = p.Log
	if out != nil {
		p.Cmd.Stdout = out
	}
	s := starting{p.Cmd, make(chan error)}
	e.start <- s
	if err := <-s.done; err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	go func() {
		defer close(p.exited)
		_ = p.Cmd.Wait() // how it ended is in its ProcessState
	}()
	e.onClose(p.Kill)
	return p, nil
}

// Kill ends the process as a power cut would, and waits for its end.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may have ended
	<-p.exited
}

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Stop asks the process to end and returns its exit code.
func (p *Process) Stop() (int, error) {
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.Cmd.ProcessState.ExitCode(), nil
	case <-timer.C:
		p.Kill()
		return 0, fmt.Errorf("%s did not stop within %s", filepath.Base(p.Cmd.Path), Patience)
	}
}

// Said is what a command that ended wrote.
type Said struct {
	Code     int
	Out, Err string
}

// Call is what a command is run with.
type Call struct {
	Dir     string // working folder; empty means that of this program
	Stdin   string
	Environ []string // besides that of this program
}

// Command runs a program to its end.
func (e *Env) Command(ctx context.Context, stdin, program string, args ...string) (Said, error) {
	return e.Run(ctx, Call{Stdin: stdin}, program, args...)
}

// Run is Command with more to say.
func (e *Env) Run(ctx context.Context, call Call, program string, args ...string) (Said, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdin = call.Dir, strings.NewReader(call.Stdin)
	cmd.Env = append(os.Environ(), call.Environ...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return Said{}, fmt.Errorf("run %s: %w", filepath.Base(program), err)
	}
	return Said{cmd.ProcessState.ExitCode(), out.String(), said.String()}, ctx.Err()
}

// Must runs a program that must succeed and returns what it wrote.
func (e *Env) Must(ctx context.Context, stdin, program string, args ...string) (string, error) {
	return e.MustRun(ctx, Call{Stdin: stdin}, program, args...)
}

// MustRun is Must with more to say.
func (e *Env) MustRun(ctx context.Context, call Call, program string, args ...string) (string, error) {
	said, err := e.Run(ctx, call, program, args...)
	if err == nil && said.Code != 0 {
		err = fmt.Errorf("%s %s: exit code %d: %s", filepath.Base(program), strings.Join(args, " "), said.Code, clip(said.Err))
	}
	return said.Out, err
}

// Buffer is a writer that can be read meanwhile.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String is what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Tail is the end of what was written so far.
func (b *Buffer) Tail() string {
	text := strings.TrimSpace(b.String())
	return strings.ToValidUTF8(text[max(0, len(text)-600):], "")
}

// clip keeps the beginning of a long text.
func clip(text string) string {
	text = strings.TrimSpace(text)
	return strings.ToValidUTF8(text[:min(len(text), 600)], "")
}

// WorkingIn lists the processes whose working directory is dir or below it.
func WorkingIn(dir string) []int {
	var pids []int
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		cwd, err := os.Readlink(link)
		pid, convErr := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err == nil && convErr == nil && (cwd == dir || strings.HasPrefix(cwd, dir+"/")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

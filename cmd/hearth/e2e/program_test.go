package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTime is how long building the program and its demonstration may take on a
// machine that is busy with other tests.
const startTime = 4 * time.Minute

// program is the binary, serving on a state folder of its own.
type program struct {
	address string // http://127.0.0.1:port
	state   string
	log     logged
	cmd     *exec.Cmd
	ended   chan error // takes what Wait says
}

// logged is what the program wrote so far.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}

// work is the folder of this test process.
var work = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "hearth-e2e-") })

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := work()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "hearth")
	out, err := exec.Command("go", "build", "-o", path, "hearth/cmd/hearth").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build hearth: %w\n%s", err, out)
	}
	return path, nil
})

// demonstration is the program that the tests share.
var demonstration = sync.OnceValues(func() (*program, error) {
	dir, err := work()
	if err != nil {
		return nil, err
	}
	return start(filepath.Join(dir, "state"), "--demo")
})

var announced = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs the program and waits until it serves and its read models have
// caught up.
func start(state string, flags ...string) (*program, error) {
	return startWith(nil, state, flags...)
}

// startWith is start with more in the environment.
func startWith(env []string, state string, flags ...string) (*program, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	p := &program{state: state, ended: make(chan error, 1)}
	p.cmd = exec.Command(path, append([]string{"serve", "--state", state, "--listen", "127.0.0.1:0", "--private-listen", "127.0.0.1:0"}, flags...)...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // no orphans when the tests are killed
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started, told := make(chan error, 1), make(chan string, 1)
	go func() {
		// The signal above comes when the thread ends that started the program.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			listen(out, told)
			p.ended <- p.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if err := p.await(ctx, told); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// listen reads what the program says to its terminal and passes the address on.
func listen(out io.Reader, told chan<- string) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if a := announced.FindString(lines.Text()); a != "" {
			told <- a
		}
	}
}

func (p *program) await(ctx context.Context, told <-chan string) error {
	select {
	case p.address = <-told:
	case err := <-p.ended:
		p.ended <- err
		return fmt.Errorf("the program ended: %w\n%s", err, p.tail())
	case <-ctx.Done():
		return fmt.Errorf("the program does not start: %w\n%s", ctx.Err(), p.tail())
	}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		if p.ready(ctx) {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("the program does not get ready: %w\n%s", ctx.Err(), p.tail())
		}
	}
}

func (p *program) ready(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// stop asks the program to end and waits until it has.
func (p *program) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case err := <-p.ended:
		if err != nil {
			return fmt.Errorf("the program ended badly: %w\n%s", err, p.tail())
		}
		return nil
	case <-time.After(time.Minute):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("the program did not end within a minute\n%s", p.tail())
	}
}

// tail is the end of the log.
func (p *program) tail() string {
	lines := p.log.lines()
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// faults are the lines of the log that tell of an error.
func (p *program) faults() (found []string) {
	for _, line := range p.log.lines() {
		if strings.Contains(line, "level=ERROR") {
			found = append(found, line[:min(len(line), 1500)]) // a panic brings its stack
		}
	}
	return found
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := finish(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// finish ends the shared program and looks whether it had anything to complain
// about.
func finish() error {
	dir, err := work()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := demonstration()
	if err != nil {
		return err
	}
	err = p.stop()
	if found := p.faults(); len(found) > 0 {
		err = errors.Join(err, fmt.Errorf("the program logged errors:\n%s", strings.Join(found, "\n")))
	}
	return err
}

// demo is the running demonstration. Its log is shown when the test fails.
func demo(t *testing.T) *program {
	t.Helper()
	p, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the program's log:\n%s", p.tail())
		}
	})
	return p
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"hearth/adapters/accounts"
	"hearth/domain"
)

// The tests run the program as processes of its own: this test binary is hearth
// when it is called by that name.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"hearth": main, "natsnode": natsNode})
}

type tests struct{ m *testing.M }

func (r tests) Run() int {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := r.m.Run()
	if made := template.dir; made != "" {
		os.RemoveAll(made)
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// limit is how long anything here may take. It is long because a test machine
// can be busy, and costs nothing when all goes well.
const limit = 2 * time.Minute

// template is a state folder with three users and a token of each. Every test
// has a copy, which spares it the making of a database.
var template struct {
	once sync.Once
	dir  string
	keys map[domain.Role]string
	err  error
}

const password = "long enough 9"

func makeTemplate() {
	template.once.Do(func() {
		template.keys = map[domain.Role]string{}
		if template.dir, template.err = os.MkdirTemp("", "hearth-test"); template.err != nil {
			return
		}
		template.err = fillTemplate(context.Background(), config{State: template.dir, Replicas: 1, Prefix: "晋工诉"}, template.keys)
	})
}

// fillTemplate makes the users and their tokens.
func fillTemplate(ctx context.Context, cfg config, keys map[domain.Role]string) error {
	app, err := openApp(ctx, cfg)
	if err != nil {
		return err
	}
	defer app.Close()
	for login, role := range map[string]domain.Role{"caller": domain.RoleOperator, "desk": domain.RoleDispatcher, "head": domain.RoleLeader} {
		u, err := app.accounts.Create(ctx, accounts.NewUser{Login: login, Name: "甲", Org: "jc", Roles: []domain.Role{role}, Password: password}, accounts.Console())
		if err != nil {
			return err
		}
		if _, keys[role], err = app.accounts.CreateToken(ctx, u.ID, accounts.NewToken{Label: "测试", Scopes: accounts.Scopes(), Expires: time.Now().AddDate(0, 0, 30)}, accounts.Console()); err != nil {
			return err
		}
	}
	return nil
}

// newState is a state folder of the test's own.
func newState(t testing.TB) string {
	t.Helper()
	return stateAt(t, filepath.Join(t.TempDir(), "state"))
}

func stateAt(t testing.TB, dir string) string {
	t.Helper()
	makeTemplate()
	if template.err != nil {
		t.Fatalf("make a state folder: %v", template.err)
	}
	if said, err := exec.Command("cp", "-a", "--reflink=auto", template.dir, dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the state folder: %v %s", err, said)
	}
	return dir
}

// buffer is a writer that can be read meanwhile.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// service is a hearth serve of its own process.
type service struct {
	t      testing.TB
	cmd    *exec.Cmd
	base   string
	out    *buffer
	log    *buffer
	exited chan struct{}
}

// start starts hearth serve and returns when it has told its address in the log.
func start(t testing.TB, state string, args ...string) *service {
	t.Helper()
	return startWith(t, nil, append([]string{"--state", state, "--listen", "127.0.0.1:0"}, args...)...)
}

var servingAt = regexp.MustCompile(`msg=serving address=(\S+)`)

func startWith(t testing.TB, env []string, args ...string) *service {
	t.Helper()
	return launch(t, env, args...).untilServing()
}

// launch starts hearth serve and does not wait.
func launch(t testing.TB, env []string, args ...string) *service {
	t.Helper()
	s := &service{t: t, cmd: exec.Command("hearth", append([]string{"serve"}, args...)...), out: &buffer{}, log: &buffer{}, exited: make(chan struct{})}
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(s.exited); _ = s.cmd.Wait() }()
	t.Cleanup(func() {
		s.end()
		if t.Failed() {
			t.Logf("log of the service:\n%s%s", s.out, s.log)
		}
	})
	return s
}

func (s *service) untilServing() *service {
	s.t.Helper()
	s.until("it serves", func() bool {
		if found := servingAt.FindStringSubmatch(s.log.String()); found != nil {
			s.base = "http://" + found[1]
		}
		return s.base != ""
	})
	return s
}

// until polls until ok, the service ends, or the limit is over.
func (s *service) until(what string, ok func() bool) {
	s.t.Helper()
	poll(s.t, what, func() bool {
		if ok() {
			return true
		}
		select {
		case <-s.exited:
			s.t.Fatalf("the service ended (%v) before %s", s.cmd.ProcessState, what)
		default:
		}
		return false
	})
}

func poll(t testing.TB, what string, ok func() bool) {
	t.Helper()
	end := time.After(limit)
	look := time.NewTicker(25 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("waited %s in vain until %s", limit, what)
		}
	}
}

// client is for everything: connections of a killed service must not be kept.
var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// readyz is the answer of /readyz, 0 when there is none.
func (s *service) readyz() (int, string) {
	resp, err := client.Get(s.base + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

func (s *service) untilReady() *service {
	s.t.Helper()
	s.until("it is ready", func() bool { _, text := s.readyz(); return strings.Contains(text, `"status":"ready"`) })
	return s
}

// caughtUp reports that every model has all that is in the log.
func (s *service) caughtUp() bool {
	_, text := s.readyz()
	var body struct {
		Models []struct{ Position, End uint64 } `json:"models"`
	}
	if json.Unmarshal([]byte(text), &body) != nil || len(body.Models) == 0 {
		return false
	}
	for _, m := range body.Models {
		if m.Position != m.End {
			return false
		}
	}
	return true
}

// end ends the service cleanly, so that nothing of it is left in its folder.
func (s *service) end() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.exited:
	case <-time.After(limit):
		s.kill()
		s.t.Error("the service does not stop")
	}
}

// kill ends the service as a power cut would.
func (s *service) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.exited
}

// stop asks the service to end and returns its exit code and how long it took.
func (s *service) stop() (int, time.Duration) {
	s.t.Helper()
	begun := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatalf("the service ended by itself: %v", s.cmd.ProcessState)
	}
	select {
	case <-s.exited:
	case <-time.After(limit):
		s.t.Fatal("the service does not stop")
	}
	return s.cmd.ProcessState.ExitCode(), time.Since(begun)
}

// result is what a command said.
type result struct {
	code     int
	out, err string
}

// hearth runs a command in a process of its own.
func hearth(t testing.TB, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "hearth", args...)
	cmd.Env = append(os.Environ(), env...)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatalf("run hearth %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), said.String()}
}

// mustRefuse fails unless the command failed and said why.
func mustRefuse(t testing.TB, r result, why string) {
	t.Helper()
	if r.code != 1 || !strings.Contains(r.err, why) || strings.Contains(r.err, "goroutine") {
		t.Errorf("exit code %d, output %q, error %q; want 1 and %q", r.code, r.out, r.err, why)
	}
}

package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestServe is the life of a service on one folder, twice.
func TestServe(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	s.until("it tells its address", func() bool { return strings.Contains(s.out.String(), "职工之家已启动:"+s.base+"/") })
	info, err := os.Stat(filepath.Join(state, "control.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v; want permissions 0600", info, err)
	}
	mustRefuse(t, hearth(t, nil, "serve", "--state", state, "--listen", "127.0.0.1:0"), "正由另一个 hearth 使用")
	if code, _ := s.readyz(); code != 200 {
		t.Errorf("after a second instance was refused: readyz %d", code)
	}
	made := caller(t, s).register("key-first-1")
	orderlyEnd(t, s, false)

	begun := time.Now()
	s = start(t, state).untilReady()
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("second start took %s", took)
	}
	if again := caller(t, s).register("key-first-1"); again.ID != made.ID || again.No != made.No || !again.Existed {
		t.Errorf("the same form after a restart: %+v, first %+v", again, made)
	}
	orderlyEnd(t, s, false)
}

// orderlyEnd stops a service and looks at what an operator reads in its log;
// crashed says that the one before it was killed.
func orderlyEnd(t *testing.T, s *service, crashed bool) {
	t.Helper()
	if code, took := s.stop(); code != 0 || took > 20*time.Second {
		t.Errorf("stopped with code %d after %s, want 0 within seconds", code, took)
	}
	log := s.log.String()
	for _, line := range []string{"msg=starting", "msg=serving", "msg=stopping", "msg=stopped"} {
		if strings.Count(log, line) != 1 {
			t.Errorf("the log has %q %d times", line, strings.Count(log, line))
		}
	}
	bad := []string{"level=ERROR", "goroutine", "panic", reporter}
	most := 20    // the models, two reactions and the archive may be taken over
	if !crashed { // what a kill left is worth a warning
		bad, most = append(bad, "level=WARN"), 7
	}
	for _, bad := range bad {
		if strings.Contains(log, bad) {
			t.Errorf("the log has %q", bad)
		}
	}
	if n := strings.Count(log, "\n"); n > most {
		t.Errorf("the log has %d lines, for a start and a stop", n)
	}
}

// TestPortInUse is told before anything starts.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	state := filepath.Join(t.TempDir(), "state")
	mustRefuse(t, hearth(t, nil, "serve", "--state", state, "--listen", l.Addr().String()), "已被另一个程序占用")
	mustRefuse(t, hearth(t, nil, "serve", "--state", state, "--listen", "127.0.0.1:0", "--private-listen", l.Addr().String()), "--private-listen")
	mustRefuse(t, hearth(t, nil, "serve", "--state", state, "--listen", "127.0.0.1:8020", "--private-listen", "127.0.0.1:8020"), "内部信息会对外公开")
	mustRefuse(t, hearth(t, nil, "serve", "--state", state, "--listen", "nowhere"), "--listen")
	mustRefuse(t, hearth(t, nil, "serve", "--state", state, "--listen", "127.0.0.1:0", "--trusted-proxy", "10.0.0.1"), "--trusted-proxy")
	if _, err := os.Stat(state); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a service that was refused its port has made its folder: %v", err)
	}
}

// TestDemo loads the demo cases, is killed meanwhile, and goes on.
func TestDemo(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state, "--demo")
	// Half of some cases is there, and it is not ready for that.
	s.until("a part is loaded", func() bool { return stepsLoaded(t, state) > 150 })
	if code, text := s.readyz(); code != 503 || !strings.Contains(text, "demo") {
		t.Errorf("while the demo is loading: readyz %d %s", code, text)
	}
	s.kill()
	if strings.Contains(s.out.String(), "演示账号") {
		t.Error("the accounts were announced before the cases were there")
	}
	s = start(t, state, "--demo").untilReady()
	if n := stepsLoaded(t, state); n != 0 {
		t.Errorf("ready after %d steps", n)
	}
	all := caller(t, s).list("")
	// Of the 72 cases the last one is restricted: it is not for operators.
	if all.Total != 71 {
		t.Errorf("%d demo cases", all.Total)
	}
	gapFree(t, all.numbers(), 71)
	s.until("the accounts are announced", func() bool { return strings.Contains(s.out.String(), "演示账号") })
	orderlyEnd(t, s, true)

	s = start(t, state, "--demo").untilReady()
	if again := caller(t, s).list(""); again.Total != 71 {
		t.Errorf("%d demo cases after another start", again.Total)
	}
	orderlyEnd(t, s, false)
}

// stepsLoaded is how much of the demo is loaded, 0 before and after.
func stepsLoaded(t *testing.T, state string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(state, "demo.json"))
	if err != nil {
		return 0
	}
	var p demoProgress
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p.Steps
}

// Package onservice has the rigs whose subject is the whole program: the real
// hearth as a process, with the real databases, while programs register
// complaints over its API.
package onservice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"hearth/adapters/accounts"
	"hearth/bench/scoreboard/rig"
)

// site is a state folder and the service that runs on it.
type site struct {
	env     *rig.Env
	program string // the hearth to run
	state   string
	outside []string // environment that names external databases
	key     string   // of the API
	service *rig.Process
	base    string
	inside  string // of the private listener
	notes   string // folder of the checkpoints that were printed
}

const password = "long enough 9"

// newSite makes a state folder with one user and a token for the API. outside is
// environment that names external databases.
func newSite(ctx context.Context, env *rig.Env, program, state string, outside ...string) (*site, error) {
	notes, err := env.NewDir("printed")
	if err != nil {
		return nil, err
	}
	s := &site{env: env, program: program, state: state, notes: notes, outside: outside}
	if _, err := env.MustRun(ctx, rig.Call{Stdin: password + "\n", Environ: outside}, program, "user", "add", "--state", state, "--login", "caller", "--name", "甲", "--role", "operator"); err != nil {
		return nil, err
	}
	var scopes []string
	for _, scope := range accounts.Scopes() {
		scopes = append(scopes, string(scope))
	}
	out, err := env.MustRun(ctx, rig.Call{Environ: outside}, program, "token", "add", "--state", state, "--login", "caller", "--label", "测试", "--scope", strings.Join(scopes, ","))
	if err != nil {
		return nil, err
	}
	words := strings.Fields(out)
	s.key = words[len(words)-1]
	return s, nil
}

// fresh is a site of the hearth as it is, in a folder of its own.
func fresh(ctx context.Context, env *rig.Env) (*site, error) {
	program, err := env.Hearth(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := env.NewDir("site")
	if err != nil {
		return nil, err
	}
	return newSite(ctx, env, program, filepath.Join(dir, "state"))
}

var servingAt = regexp.MustCompile(`msg=serving address=(\S+) private=(\S+)`)

// start starts the service and waits until it says where it serves.
func (s *site) start(ctx context.Context) (err error) {
	s.service, err = s.env.Start(nil, append([]string{"HEARTH_STATE=" + s.state}, s.outside...), s.program, "serve", "--listen", "127.0.0.1:0", "--private-listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var found []string
	ended := false
	err = rig.Until(ctx, "the service serves", func() bool {
		select {
		case <-s.service.Exited():
			ended = true
		default:
		}
		found = servingAt.FindStringSubmatch(s.service.Log.String())
		return ended || found != nil
	})
	switch {
	case err == nil && found == nil:
		return fmt.Errorf("%w: %s", errEnded, s.service.Log.Tail())
	case err == nil:
		s.base, s.inside = "http://"+found[1], "http://"+found[2]
	}
	return err
}

// errEnded says that the service ended by itself.
var errEnded = errors.New("the service ended")

// client is for everything: connections of a killed service must not be kept.
var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// readiness is the answer of the private /readyz.
type readiness struct {
	Problems []string `json:"problems"`
	Models   []struct {
		Position uint64 `json:"position"`
		End      uint64 `json:"end"`
	} `json:"models"`
}

// readyz asks /readyz. No answer within seconds means that it is not ready.
func (s *site) readyz(ctx context.Context) (bool, readiness) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var body readiness
	status, err := s.ask(ctx, http.MethodGet, s.inside+"/readyz", "", nil, &body)
	return err == nil && status == http.StatusOK, body
}

func (s *site) ready(ctx context.Context) bool {
	ready, _ := s.readyz(ctx)
	return ready
}

// settled waits until all read models have come to the end of the log.
func (s *site) settled(ctx context.Context) error {
	return rig.Until(ctx, "the read models have caught up", func() bool {
		ready, body := s.readyz(ctx)
		for _, m := range body.Models {
			ready = ready && m.Position == m.End
		}
		return ready && len(body.Models) > 0
	})
}

func (s *site) untilReady(ctx context.Context) error {
	return rig.Until(ctx, "the service is ready", func() bool { return s.ready(ctx) })
}

// stop stops the service in an orderly way.
func (s *site) stop() error {
	code, err := s.service.Stop()
	if err == nil && code != 0 {
		err = fmt.Errorf("the service ended with %d: %s", code, s.service.Log.Tail())
	}
	return err
}

// postmaster is the process that the private database runs as, 0 when it is not
// ready.
func (s *site) postmaster() int {
	text, err := os.ReadFile(filepath.Join(s.pgdata(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 8 || strings.TrimSpace(lines[7]) != "ready" {
		return 0
	}
	pid, _ := strconv.Atoi(lines[0])
	return pid
}

func (s *site) pgdata() string { return filepath.Join(s.state, "postgres", "pgdata") }

// backend is a process of the database that serves a connection of the service.
func (s *site) backend() int {
	for _, pid := range rig.WorkingIn(s.pgdata()) {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.HasPrefix(string(name), "postgres: hearth ") {
			return pid
		}
	}
	return 0
}

// killDatabase kills the postmaster, and waits for the next one.
func (s *site) killDatabase(ctx context.Context) error {
	pid := s.postmaster()
	if pid == 0 {
		return errors.New("the database does not run")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	return rig.Until(ctx, "the database runs again", func() bool { now := s.postmaster(); return now != 0 && now != pid })
}

// killBackend kills a process that serves a connection, which makes the
// postmaster end all others and recover.
func (s *site) killBackend(ctx context.Context) error {
	pid := 0
	err := rig.Until(ctx, "the service is connected", func() bool { pid = s.backend(); return pid != 0 })
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// killService kills the service and starts it again.
func (s *site) killService(ctx context.Context) error {
	s.service.Kill()
	return s.start(ctx)
}

// killAll kills every process at once, and starts the service again.
func (s *site) killAll(ctx context.Context) error {
	s.killEverything()
	return s.start(ctx)
}

func (s *site) killEverything() {
	for _, pid := range rig.WorkingIn(s.pgdata()) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
	s.service.Kill()
}

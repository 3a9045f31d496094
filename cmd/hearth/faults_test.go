package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/projections"
)

// tellers register complaints at once, each with one key after the other, and
// come back with the same key until they have an answer.
type tellers struct {
	t        testing.TB
	mu       sync.Mutex
	answered map[string]answer // by key; guarded by mu
	refused  map[int]int       // answers that were none, by status; guarded by mu
	count    atomic.Int64
	base     atomic.Value // string: the address, which changes with a restart
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// startTellers starts n of them.
func startTellers(t testing.TB, s *service, n int) *tellers {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	all := &tellers{t: t, answered: map[string]answer{}, refused: map[int]int{}, stop: cancel}
	all.base.Store(s.base)
	for i := range n {
		all.done.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				all.until(fmt.Sprintf("teller-%d-%d", i, k))
			}
		})
	}
	t.Cleanup(func() { cancel(); all.done.Wait() })
	return all
}

// until registers with one key until there is an answer.
func (all *tellers) until(key string) {
	end := time.Now().Add(limit)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for ; ; <-again.C {
		a, err := program{all.t, all.base.Load().(string), domain.RoleOperator}.try(key)
		if err == nil && a.status == http.StatusCreated {
			all.mu.Lock()
			all.answered[key] = a
			all.mu.Unlock()
			all.count.Add(1)
			return
		}
		all.mu.Lock()
		all.refused[a.status]++
		all.mu.Unlock()
		if err == nil && (a.status != http.StatusServiceUnavailable || !strings.Contains(a.Detail, "不会重复")) {
			all.t.Errorf("%s: neither done nor told to come back: %+v", key, a)
			return
		}
		if time.Now().After(end) || all.t.Context().Err() != nil {
			all.t.Errorf("%s: no answer: %v %+v", key, err, a)
			return
		}
	}
}

// told counts the answers of a status.
func (all *tellers) told(status int) int {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.refused[status]
}

// more waits until so many more have been registered.
func (all *tellers) more(n int64) {
	all.t.Helper()
	from := all.count.Load()
	poll(all.t, "more are registered", func() bool { return all.count.Load() >= from+n })
}

// end waits until every teller has the answer to its last key, and compares all
// answers with what the service has: each once, numbers without a gap.
func (all *tellers) end(s *service) {
	all.t.Helper()
	all.stop()
	all.done.Wait()
	s.untilReady()
	n := len(all.answered)
	var found page
	s.until("all are in the tables", func() bool { found = caller(all.t, s).list(""); return found.Total >= n })
	if found.Total != n {
		all.t.Errorf("%d cases of %d keys", found.Total, n)
	}
	gapFree(all.t, found.numbers(), n)
	numbers := map[string]string{}
	for _, c := range found.Rows {
		numbers[c.ID] = c.No
	}
	for key, a := range all.answered {
		if numbers[a.ID] != a.No {
			all.t.Errorf("%s was told %s, the table has %q", key, a.No, numbers[a.ID])
		}
	}
}

// equalsRebuild stops the service, compares all read models with what a rebuild
// makes of the events, and says what differs.
func equalsRebuild(t *testing.T, s *service, state string) {
	t.Helper()
	s.until("all models are up with the log", s.caughtUp)
	if code, _ := s.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	app, err := openApp(t.Context(), config{State: state, Replicas: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	catchUp(t, app) // with what was still appended while the service stopped
	grown := digests(t, app)
	for _, p := range app.models.all() {
		if err := app.runner().Rebuild(t.Context(), p.Name(), func(projections.Progress) {}); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(digests(t, app), grown); d != "" {
		t.Errorf("the models differ from a rebuild (-rebuilt +grown):\n%s", d)
	}
}

// catchUp brings all models up with the log.
func catchUp(t *testing.T, app *App) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), limit)
	runner, ended := app.runner(), make(chan struct{})
	go func() {
		defer close(ended)
		_ = runner.Run(ctx)
	}()
	defer func() { stop(); <-ended }()
	end, err := app.store.End(ctx)
	for _, p := range app.models.all() {
		if err == nil {
			err = runner.Wait(ctx, p.Name(), end)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func digests(t *testing.T, app *App) map[string]map[string]projections.TableDigest {
	t.Helper()
	all := map[string]map[string]projections.TableDigest{}
	for _, p := range app.models.all() {
		err := pgx.BeginFunc(t.Context(), app.pool, func(tx pgx.Tx) (err error) {
			all[p.Name()], err = projections.Digest(t.Context(), tx, projections.Schema(p))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestKillWhileRegistering kills the service three times while eight programs
// register: every answer that was given stays true.
func TestKillWhileRegistering(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	all := startTellers(t, s, 8)
	for range 3 {
		all.more(40)
		s.kill()
		s = start(t, state)
		all.base.Store(s.base)
	}
	all.more(40)
	all.end(s)
	t.Logf("%d registered, tries without an answer %v", len(all.answered), all.refused)
	equalsRebuild(t, s, state)
}

// TestKillBeforeProjection: a case that is stored but in no table yet when the
// service is killed is in the tables after the next start.
func TestKillBeforeProjection(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	pool := database(t, state)
	hold, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// No model can move its checkpoint now.
	if _, err := hold.Exec(t.Context(), "lock table hearth.projection in exclusive mode"); err != nil {
		t.Fatal(err)
	}
	made := caller(t, s).register("key-before-1")
	if made.Visible {
		t.Error("the case is said to be visible while no model can move")
	}
	s.kill()
	_ = hold.Rollback(t.Context()) // the connection may have gone with the service
	s = start(t, state).untilReady()
	var all page
	s.until("the case is in the tables", func() bool { all = caller(t, s).list(""); return all.Total > 0 })
	if all.Total != 1 || all.Rows[0].ID != made.ID || all.Rows[0].No != made.No {
		t.Errorf("after the restart: %+v, told %+v", all, made)
	}
	if again := caller(t, s).register("key-before-1"); again.ID != made.ID || !again.Existed {
		t.Errorf("the same form after the restart: %+v, first %+v", again, made)
	}
	equalsRebuild(t, s, state)
}

// database opens the private database of a running service, as its owner can.
func database(t *testing.T, state string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), dsnOf(t, filepath.Join(state, "postgres")), postgres.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// dsnOf is the address of the private database in dir.
func dsnOf(t *testing.T, dir string) string {
	t.Helper()
	var account struct{ Password, Database string }
	text, err := os.ReadFile(filepath.Join(dir, "postgres.json"))
	if err == nil {
		err = json.Unmarshal(text, &account)
	}
	if err != nil {
		t.Fatal(err)
	}
	address := url.URL{Scheme: "postgres", User: url.UserPassword("hearth", account.Password), Path: account.Database}
	address.RawQuery = url.Values{"host": {filepath.Join(dir, "pgsock")}, "port": {"5432"}}.Encode()
	return address.String()
}

// TestDatabaseGone kills the postmaster while programs register, the second time
// so that it does not come back at once: nothing is lost or stored twice, who
// asks is told the truth, and all is well when it is back.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	all := startTellers(t, s, 4)
	all.more(20)
	killPostmaster(t, s, state)
	all.more(20)
	needed := filepath.Join(state, "postgres", "pgdata", "global", "pg_control")
	rename(t, needed, needed+".away")
	pid := postmasterNow(state)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.until("it is not ready", func() bool { code, _ := s.readyz(); return code == http.StatusServiceUnavailable })
	s.until("programs are told to come back", func() bool { return all.told(http.StatusServiceUnavailable) > 20 })
	rename(t, needed+".away", needed)
	all.more(20)
	all.end(s)
	for status := range all.refused {
		if status != 0 && status != http.StatusServiceUnavailable {
			t.Errorf("answered %d while the database was gone", status)
		}
	}
	t.Logf("%d registered, tries without an answer %v", len(all.answered), all.refused)
	for _, path := range []string{"/", "/healthz"} {
		resp, err := client.Get(s.base + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s after the database came back: %d %s %v", path, resp.StatusCode, text, err)
		}
	}
	if log := s.log.String(); strings.Contains(log, reporter) || strings.Contains(log, "goroutine") {
		t.Error("the log has personal data or a stack trace")
	}
	equalsRebuild(t, s, state)
}

// killPostmaster waits until there is another one.
func killPostmaster(t *testing.T, s *service, state string) {
	t.Helper()
	pid := postmasterNow(state)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.until("the database has been started again", func() bool { now := postmasterNow(state); return now != 0 && now != pid })
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// postmasterNow is the process that the database runs as, 0 when it is not ready.
func postmasterNow(state string) int {
	text, err := os.ReadFile(filepath.Join(state, "postgres", "pgdata", "postmaster.pid"))
	if err != nil {
		return 0
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 8 || strings.TrimSpace(lines[7]) != "ready" {
		return 0
	}
	pid, err := strconv.Atoi(lines[0])
	if err != nil {
		return 0
	}
	return pid
}

// TestTheSameFormTwiceAtOnce: one case, and both are told its number.
func TestTheSameFormTwiceAtOnce(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	for n := range 5 {
		both := atOnce(func(int) answer { return caller(t, s).register(fmt.Sprint("key-twice-", n)) })
		if both[0].ID != both[1].ID || both[0].No != both[1].No || both[0].Existed == both[1].Existed {
			t.Errorf("the same form twice: %+v", both)
		}
	}
	gapFree(t, caller(t, s).list("").numbers(), 5)
}

// atOnce does two things at once.
func atOnce(do func(i int) answer) [2]answer {
	var both [2]answer
	var wg sync.WaitGroup
	for i := range both {
		wg.Go(func() { both[i] = do(i) })
	}
	wg.Wait()
	return both
}

// TestTwoEndOneCaseAtOnce: one of two who end a case at once has done it, the
// other is told why not.
func TestTwoEndOneCaseAtOnce(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	desk := caller(t, s).as(domain.RoleDispatcher)
	for n := range 5 {
		made := caller(t, s).register(fmt.Sprint("key-end-", n))
		both := atOnce(func(i int) answer {
			return desk.command(made.ID, "transfer_out", fmt.Sprint("key-end-", n, "-", i), map[string]any{
				"to": "labour_inspection", "body": "区劳动保障监察大队", "reason": "已由劳动监察立案", "told_at": time.Now().Format(time.RFC3339),
			})
		})
		slices.SortFunc(both[:], func(a, b answer) int { return a.status - b.status })
		if both[0].status != http.StatusOK || both[1].status != http.StatusUnprocessableEntity || both[1].Detail == "" {
			t.Errorf("two end one case: %+v", both)
		}
	}
	equalsRebuild(t, s, state)
}

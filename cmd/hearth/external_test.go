package main

import (
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"hearth/adapters/localpg"
)

// outside is a NATS server and a database that belong to no hearth.
type outside struct {
	nats *server.Server
	env  []string
}

// startOutside starts them. The database has the users of every test.
func startOutside(t *testing.T, syncAlways bool, opts ...func(*server.Options)) outside {
	t.Helper()
	options := &server.Options{
		ServerName: "outside", Host: "127.0.0.1", Port: server.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: server.RANDOM_PORT,
		JetStream: true, StoreDir: t.TempDir(), SyncAlways: syncAlways, NoSigs: true, NoLog: true,
	}
	for _, opt := range opts {
		opt(options)
	}
	srv, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(limit) {
		t.Fatal("the NATS server does not start")
	}
	return outside{srv, append(startDatabase(t),
		"HEARTH_NATS_URL="+srv.ClientURL(), "HEARTH_NATS_MONITOR=http://"+srv.MonitorAddr().String(),
		"HEARTH_STATE="+filepath.Join(t.TempDir(), "state"),
	)}
}

// startDatabase starts a database of no hearth's own, with the users of every
// test, and gives the environment of a hearth that works on it.
func startDatabase(t *testing.T) []string {
	t.Helper()
	inside := newState(t)
	db, err := localpg.Start(t.Context(), localpg.Config{Dir: filepath.Join(inside, "postgres"), Setup: databaseSQL("")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Stop(t.Context()) }) // ended by force, if at all: the test is over
	return []string{"DATABASE_URL=" + db.DSN(), "HEARTH_VAULT_PASSPHRASE_FILE=" + config{State: inside}.passphraseFile()}
}

// eachModelHasOneWriter among two instances.
func eachModelHasOneWriter(first, second *service) bool {
	one, other := modelStates(first), modelStates(second)
	return one["live"]+other["live"] == len(newModels(nil, nil).catalogue) && one["waiting"]+other["waiting"] == len(newModels(nil, nil).catalogue)
}

func (o outside) start(t *testing.T) *service {
	t.Helper()
	return startWith(t, o.env, "--listen", "127.0.0.1:0")
}

// TestUnsafeNATSIsRefused: a server that acknowledges what is not on disk, or
// that cannot be asked, is used only when somebody says so.
func TestUnsafeNATSIsRefused(t *testing.T) {
	t.Parallel()
	o := startOutside(t, false)
	try := func(env ...string) result {
		return hearth(t, append(append([]string{}, o.env...), env...), "serve", "--listen", "127.0.0.1:0")
	}
	mustRefuse(t, try(), "没有逐条落盘")
	mustRefuse(t, try("HEARTH_NATS_MONITOR="), "请设 HEARTH_NATS_MONITOR")
	mustRefuse(t, try("HEARTH_NATS_MONITOR=http://127.0.0.1:1"), "查不到")
	mustRefuse(t, try("HEARTH_NATS_URL=nats://127.0.0.1:1", "HEARTH_ACCEPT_UNSAFE_NATS=yes"), "连不上 NATS")
	mustRefuse(t, try("DATABASE_URL=postgres://hearth:secret@127.0.0.1:1/hearth", "HEARTH_ACCEPT_UNSAFE_NATS=yes"), "连不上数据库")
	mustRefuse(t, hearth(t, o.env, "user", "list"), "没有逐条落盘")
	s := startWith(t, append(o.env, "HEARTH_ACCEPT_UNSAFE_NATS=yes"), "--listen", "127.0.0.1:0").untilReady()
	caller(t, s).register("key-unsafe-1")
	if r := hearth(t, append(o.env, "HEARTH_ACCEPT_UNSAFE_NATS=yes"), "doctor"); r.code != 1 || !strings.Contains(r.out, "注意  事件落盘:") {
		t.Errorf("the doctor keeps silent about a server that is not safe: %+v", r)
	}
}

// TestTwoInstances starts two at once on empty tables: each model is written by
// one of them. Programs register with both. One is killed, and the other goes on
// with all models.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	o := startOutside(t, true)
	first, second := launch(t, o.env, "--listen", "127.0.0.1:0"), launch(t, o.env, "--listen", "127.0.0.1:0")
	first.untilServing().untilReady()
	second.untilServing().untilReady()
	first.until("each model has one writer", func() bool { return eachModelHasOneWriter(first, second) })
	all := startTellers(t, first, 4)
	all.more(20)
	all.base.Store(second.base)
	all.more(20)
	// Commands need no service, and get along with two.
	if r := hearth(t, o.env, "user", "list"); r.code != 0 || !strings.Contains(r.out, "caller") {
		t.Errorf("user list: %+v", r)
	}
	if r := hearth(t, o.env, "doctor"); !strings.Contains(r.out, "正常  事件落盘:外部 NATS") {
		t.Errorf("doctor: %+v", r)
	}
	first.kill()
	second.until("it writes the models", func() bool { return modelStates(second)["live"] == len(newModels(nil, nil).catalogue) })
	all.more(20)
	all.end(second)
	orderlyEnd(t, second, true)
}

// modelStates counts the models in each state.
func modelStates(s *service) map[string]int {
	_, text := s.readyz()
	var body struct {
		Models []struct{ State string } `json:"models"`
	}
	states := map[string]int{}
	if json.Unmarshal([]byte(text), &body) != nil {
		return states
	}
	for _, m := range body.Models {
		states[m.State]++
	}
	return states
}

// TestNATSGone stops the NATS server while programs register, and starts it
// again on its data: nothing is lost or stored twice.
func TestNATSGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	place := func(o *server.Options) { o.StoreDir = dir }
	o := startOutside(t, true, place)
	port := o.nats.Addr().(*net.TCPAddr).Port
	s := o.start(t).untilReady()
	all := startTellers(t, s, 4)
	all.more(20)
	o.nats.Shutdown()
	o.nats.WaitForShutdown()
	s.until("it is not ready", func() bool { code, _ := s.readyz(); return code == http.StatusServiceUnavailable })
	again, err := server.NewServer(&server.Options{
		ServerName: "outside", Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, SyncAlways: true, NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	go again.Start()
	t.Cleanup(func() { again.Shutdown(); again.WaitForShutdown() })
	all.more(20)
	all.end(s)
	t.Logf("%d registered, tries without an answer %v", len(all.answered), all.refused)
}

// TestDatabaseWithoutArchiveIsRefused: an administrator must have set it up, and
// is told with which command.
func TestDatabaseWithoutArchiveIsRefused(t *testing.T) {
	t.Parallel()
	o := startOutside(t, true)
	bare, err := localpg.Start(t.Context(), localpg.Config{Dir: filepath.Join(t.TempDir(), "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bare.Stop(t.Context()) }) // ended by force, if at all: the test is over
	mustRefuse(t, hearth(t, append(o.env, "DATABASE_URL="+bare.DSN()), "user", "list"), "hearth database-sql | psql")
	if r := hearth(t, nil, "database-sql", "--role", "gonghui"); r.code != 0 || r.out != databaseSQL("gonghui") {
		t.Errorf("database-sql: %+v", r)
	}
}

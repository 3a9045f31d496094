package localpg

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestRestartKeepsData(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	first := start(t, cfg)
	execute(t, first.DSN(), "create table t (n int); insert into t values (7)")
	stop(t, first)
	select {
	case <-first.Done():
	default:
		t.Error("Done is not closed after Stop")
	}
	stop(t, first) // again: nothing happens

	second := start(t, cfg)
	if got := query(t, second.DSN(), "select n::text from t"); got != "7" {
		t.Errorf("after a restart: got %s, want 7", got)
	}
	if first.DSN() != second.DSN() {
		t.Error("the address changed with a restart")
	}
	if got := query(t, second.DSN(), "show server_version"); !strings.HasPrefix(got, second.Version()) {
		t.Errorf("version: postgres says %s, Version says %s", got, second.Version())
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	cfg.Params = map[string]string{"work_mem": "5MB"}
	dsn := start(t, cfg).DSN()
	for name, want := range map[string]string{
		"listen_addresses": "", "data_checksums": "on", "fsync": "on", "synchronous_commit": "on",
		"full_page_writes": "on", "server_encoding": "UTF8", "lc_collate": "C.UTF-8", "timezone": "UTC",
		"shared_buffers": "256MB", "max_connections": "100", "work_mem": "5MB",
	} {
		if got := query(t, dsn, "select current_setting('"+name+"')"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestRoleIsNotSuperuser(t *testing.T) {
	t.Parallel()
	for _, may := range []bool{false, true} {
		cfg := config(folder(t))
		cfg.Database, cfg.AllowCreateDB = "cases", may
		dsn := start(t, cfg).DSN()
		got := query(t, dsn, `select rolsuper || ' ' || rolcreaterole || ' ' || rolreplication || ' ' || rolbypassrls
			from pg_roles where rolname = current_user`)
		if got != "false false false false" {
			t.Errorf("superuser, create role, replication, bypass: got %s", got)
		}
		if got := query(t, dsn, "select pg_get_userbyid(datdba) || ' ' || datname from pg_database where datname = current_database()"); got != "hearth cases" {
			t.Errorf("owner and database: got %s", got)
		}
		_, err := connect(t, dsn).Exec(t.Context(), "create database other")
		if (err == nil) != may {
			t.Errorf("create database with AllowCreateDB=%v: %v", may, err)
		}
	}
}

func TestOnlyTheRoleWithItsPasswordGetsIn(t *testing.T) {
	t.Parallel()
	cluster := start(t, config(folder(t)))
	for user, password := range map[string]string{"hearth": "wrong", "postgres": "", "root": ""} {
		cfg, err := pgx.ParseConfig(cluster.DSN())
		if err != nil {
			t.Fatal(err)
		}
		cfg.User, cfg.Password = user, password
		if conn, err := pgx.ConnectConfig(t.Context(), cfg); err == nil {
			conn.Close(t.Context())
			t.Errorf("%s with password %q got in", user, password)
		}
	}
	for _, file := range []string{"postgres.json", "postgres.log", "postgres.lock"} {
		info, err := os.Stat(filepath.Join(cluster.cfg.Dir, file))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

// What clerks type must not get into the log, also not by way of errors.
func TestLogHasNoData(t *testing.T) {
	t.Parallel()
	cluster := start(t, config(folder(t)))
	conn := connect(t, cluster.DSN())
	if _, err := conn.Exec(t.Context(), "create table t (name text primary key); insert into t values ('张三')"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"insert into t values ('张三')", "select '张三'::int", "selekt '张三'", "do $$ begin raise warning '张三'; end $$",
	} {
		_, _ = conn.Exec(t.Context(), statement) // the errors are the point
	}
	log, err := os.ReadFile(filepath.Join(cluster.cfg.Dir, logFile))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(log, []byte("张三")) {
		t.Errorf("the log has what was typed:\n%s", log)
	}
	if !bytes.Contains(log, []byte("ready to accept connections")) {
		t.Errorf("the log does not tell of the start:\n%s", log)
	}
}

// A big log is put aside, and the older one before it is dropped.
func TestLogIsPutAside(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	log := filepath.Join(dir, logFile)
	if err := os.WriteFile(log, make([]byte, logLimit+1), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, config(dir))
	if old, err := os.Stat(log + ".1"); err != nil || old.Size() != logLimit+1 {
		t.Errorf("the log that was put aside: %v", err)
	}
	if fresh, err := os.Stat(log); err != nil || fresh.Size() > logLimit {
		t.Errorf("the fresh log: %v", err)
	}
}

// A lost account file costs nothing but the password, another database name
// makes another database, and a cluster that was not finished is made again.
func TestRepairsWhatIsMissing(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	unfinished := filepath.Join(cfg.Dir, "pgdata.new")
	if err := os.MkdirAll(filepath.Join(unfinished, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	first := start(t, cfg)
	if _, err := os.Stat(unfinished); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the unfinished cluster is still there: %v", err)
	}
	execute(t, first.DSN(), "create table t (n int); insert into t values (7)")
	stop(t, first)
	if err := os.Remove(filepath.Join(cfg.Dir, "postgres.json")); err != nil {
		t.Fatal(err)
	}
	second := start(t, cfg)
	if got := query(t, second.DSN(), "select n::text from t"); got != "7" {
		t.Errorf("with a new account file: got %s, want 7", got)
	}
	if first.DSN() == second.DSN() {
		t.Error("the password that was lost is in use again")
	}
	stop(t, second)

	cfg.Database = "other"
	other := start(t, cfg)
	if got := query(t, other.DSN(), "select count(*)::text from pg_database where datname in ('hearth', 'other')"); got != "2" {
		t.Errorf("databases: got %s, want 2", got)
	}
}

func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), strings.Repeat("长", 40), "state")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cluster := start(t, config(dir))
	if filepath.Dir(cluster.socket) == dir || !fits(cluster.socket) {
		t.Errorf("socket folder: %s", cluster.socket)
	}
	t.Cleanup(func() { os.Remove(cluster.socket) })
	execute(t, cluster.DSN(), "select 1")
	stop(t, cluster)
	if again := start(t, config(dir)); again.socket != cluster.socket {
		t.Errorf("another folder at each start: %s, %s", cluster.socket, again.socket)
	}
}

func TestPrivateParentFolder(t *testing.T) {
	t.Parallel()
	parent := folder(t)
	if err := os.Chmod(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	cluster, err := Start(t.Context(), config(filepath.Join(parent, "state")))
	if errors.Is(err, ErrPermission) && strings.Contains(err.Error(), parent) {
		return // no namespaces here: the refusal names the folder
	}
	if err != nil {
		t.Fatal(err)
	}
	stop(t, cluster)
}

// The context of Start bounds the start and nothing else.
func TestStartContext(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	ctx, cancel := context.WithCancel(t.Context())
	cluster, err := Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	execute(t, cluster.DSN(), "select 1")
	stop(t, cluster)

	if _, err := Start(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("start with an ended context: got %v", err)
	}
	start(t, cfg) // nothing was left locked or running
}

// A client in the middle of a transaction does not hold up a stop, and a stop
// that may not wait loses nothing committed.
func TestStopWithClients(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	cluster := start(t, cfg)
	execute(t, cluster.DSN(), "create table t (n int); insert into t values (7)")
	busy := connect(t, cluster.DSN())
	if _, err := busy.Exec(t.Context(), "begin; insert into t values (8)"); err != nil {
		t.Fatal(err)
	}
	stop(t, cluster)

	cluster = start(t, cfg)
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := cluster.Stop(now); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("stop at once: got %v", err)
	}
	<-cluster.Done()
	if got := query(t, start(t, cfg).DSN(), "select sum(n)::text from t"); got != "7" {
		t.Errorf("after a stop by force: got %s, want 7", got)
	}
}

// logBuffer takes log lines from several goroutines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestPostgresThatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	var log logBuffer
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	cluster := start(t, cfg)
	execute(t, cluster.DSN(), "create table t (n int); insert into t values (7)")
	for death := 1; death <= 2; death++ {
		kill(t, postmaster(cfg.Dir))
		await(t, "postgres to be back", func() bool {
			return strings.Count(log.String(), "postgres is back") == death
		})
	}
	if got := query(t, cluster.DSN(), "select n::text from t"); got != "7" {
		t.Errorf("after two deaths: got %s, want 7", got)
	}
	select {
	case <-cluster.Done():
		t.Error("Done is closed though the cluster runs")
	default:
	}
	if said := log.String(); strings.Count(said, "postgres died and is started again") != 2 {
		t.Errorf("the log does not tell of two deaths:\n%s", said)
	}
	stop(t, cluster)
}

func answers(t *testing.T, dsn string) bool {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// A cluster that cannot come back is tried again until Stop, which is clean
// also then.
func TestStopWhilePostgresCannotStart(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	var log logBuffer
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	cluster := start(t, cfg)
	control := filepath.Join(cluster.data(), "global", "pg_control")
	if err := os.Rename(control, control+".away"); err != nil {
		t.Fatal(err)
	}
	kill(t, postmaster(cfg.Dir))
	await(t, "a start that does not work", func() bool {
		return strings.Contains(log.String(), "postgres does not start")
	})
	if err := os.Rename(control+".away", control); err != nil {
		t.Fatal(err)
	}
	await(t, "postgres to be back", func() bool { return answers(t, cluster.DSN()) })
	stop(t, cluster)
}

// BenchmarkStartAndStop is a start on an existing cluster, as after a deploy.
func BenchmarkStartAndStop(b *testing.B) {
	cfg := Config{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	for b.Loop() {
		cluster, err := Start(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := cluster.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstStart makes the cluster too.
func BenchmarkFirstStart(b *testing.B) {
	for b.Loop() {
		cfg := Config{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)}
		cluster, err := Start(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := cluster.Stop(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

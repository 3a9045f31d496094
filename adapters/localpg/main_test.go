package localpg

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// holdEnv makes this test binary a process that holds a cluster in the folder
// it names, until its standard input ends.
const holdEnv = "HEARTH_TEST_HOLD_CLUSTER"

// limit is how long anything here may take. It is long because a test machine
// can be busy, and costs nothing when all goes well.
const limit = time.Minute

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		hold(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// hold is the life of the process that tests kill.
func hold(dir string) {
	ctx := context.Background()
	cluster, err := Start(ctx, config(dir))
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready", cluster.DSN())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
	if err := cluster.Stop(ctx); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// config spares the tests the wait for the disk: what they kill are processes,
// and the kernel keeps what those have written.
func config(dir string) Config {
	return Config{
		Dir: dir, Logger: slog.New(slog.DiscardHandler),
		Params: map[string]string{"fsync": "off", "shared_buffers": "16MB"},
	}
}

// folder is a state folder that any user could reach, as postgres may have to
// run as another user than the tests.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hearth-localpg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start starts a cluster that is stopped with the test, if it was not before.
func start(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	cluster, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("start in %s: %v", cfg.Dir, err)
	}
	t.Cleanup(func() { stop(t, cluster) })
	return cluster
}

// stop stops the cluster and fails when that is not clean.
func stop(t *testing.T, cluster *Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := cluster.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
	if pids := workingIn(cluster.data()); len(pids) > 0 {
		t.Errorf("after stop processes %v work in %s", pids, cluster.data())
	}
}

// connect opens a connection that is closed with the test.
func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// execute runs statements on a connection of their own.
func execute(t *testing.T, dsn, statements string) {
	t.Helper()
	conn := connect(t, dsn)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// query answers with the one value of a query.
func query(t *testing.T, dsn, statement string) string {
	t.Helper()
	conn := connect(t, dsn)
	defer conn.Close(t.Context())
	var value string
	if err := conn.QueryRow(t.Context(), statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// await polls until done, and fails the test when that takes too long.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	over := time.After(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("waited too long for: %s", what)
		}
	}
}

// postmaster is the process number in the cluster's postmaster.pid; 0 when
// there is none.
func postmaster(dir string) int {
	text, _ := os.ReadFile(filepath.Join(dir, "pgdata", "postmaster.pid"))
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

// holder is another process that holds a cluster.
type holder struct {
	cmd *exec.Cmd
	dir string
	dsn string
}

// holdElsewhere starts a process that holds a cluster in dir.
func holdElsewhere(t *testing.T, dir string) *holder {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Process.Kill() // when the test has not
		_ = cmd.Wait()
	})
	h := &holder{cmd: cmd, dir: dir}
	if _, err := fmt.Fscanf(stdout, "ready %s\n", &h.dsn); err != nil {
		t.Fatalf("the other process did not start a cluster: %v", err)
	}
	return h
}

// killParent kills the process that started postgres and waits for its end.
func (h *holder) killParent(t *testing.T) {
	t.Helper()
	kill(t, h.cmd.Process.Pid)
	_ = h.cmd.Wait() // it was killed
}

func (h *holder) killPostmaster(t *testing.T) {
	t.Helper()
	kill(t, postmaster(h.dir))
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

package localpg

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestKill kills every combination of the process that holds a cluster and its
// postmaster, with a client in the middle of a long computation. Whatever is
// committed is there afterwards, and the next start is not disturbed.
func TestKill(t *testing.T) {
	t.Parallel()
	for name, murder := range map[string]func(*testing.T, *holder){
		"parent": func(t *testing.T, h *holder) { h.killParent(t) },
		"postmaster": func(t *testing.T, h *holder) {
			dead := postmaster(h.dir)
			h.killPostmaster(t)
			await(t, "the parent to start postgres again", func() bool {
				return postmaster(h.dir) != dead && answers(t, h.dsn)
			})
			h.killParent(t)
		},
		"postmaster, then parent": func(t *testing.T, h *holder) {
			h.killPostmaster(t)
			h.killParent(t)
		},
		"parent, then postmaster": func(t *testing.T, h *holder) {
			pid := postmaster(h.dir)
			h.killParent(t)
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			h := holdElsewhere(t, dir)
			execute(t, h.dsn, "create table t (n int); insert into t values (7)")
			computing(t, h)
			murder(t, h)

			cluster := start(t, config(dir))
			if got := query(t, cluster.DSN(), "select n::text from t"); got != "7" {
				t.Errorf("after the kill: got %s, want 7", got)
			}
			stop(t, cluster)
		})
	}
}

// computing starts a query that does not look whether its postmaster lives,
// and waits until it runs.
func computing(t *testing.T, h *holder) {
	t.Helper()
	conn := connect(t, h.dsn)
	result := conn.PgConn().Exec(t.Context(), "select count(*) from generate_series(1, 1e12::bigint)")
	t.Cleanup(func() { _ = result.Close() })
	await(t, "the query to run", func() bool {
		return query(t, h.dsn, "select count(*)::text from pg_stat_activity where state = 'active' and query like '%1e12%' and pid <> pg_backend_pid()") == "1"
	})
}

// When the parent dies, postgres shuts down cleanly, without waiting for a
// next start.
func TestPostgresEndsWithItsParent(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	h := holdElsewhere(t, dir)
	h.killParent(t)
	await(t, "postgres to end", func() bool { return len(workingIn(filepath.Join(dir, "pgdata"))) == 0 })
	log, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil || !strings.Contains(string(log), "database system is shut down") {
		t.Errorf("the shutdown was not clean (%v):\n%s", err, log)
	}
}

// TestStalePIDFile leaves files as killed processes leave them. Postgres by
// itself refuses to start with most of them.
func TestStalePIDFile(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	cluster := start(t, config(dir))
	socket := cluster.socket
	stop(t, cluster)

	nobody := exec.Command("true")
	if err := nobody.Run(); err != nil {
		t.Fatal(err)
	}
	for name, pid := range map[string]string{
		"gone":    strconv.Itoa(nobody.Process.Pid),
		"reused":  strconv.Itoa(sleeper(t, "/")),
		"zombie":  strconv.Itoa(zombie(t)),
		"garbage": "x",
	} {
		lines := []string{pid, cluster.data(), "1700000000", port, socket, "", "  1 2", "ready   ", ""}
		for file, text := range map[string]string{
			filepath.Join(cluster.data(), "postmaster.pid"): strings.Join(lines, "\n"),
			filepath.Join(socket, socketName+".lock"):       strings.Join(lines[:5], "\n"),
			filepath.Join(socket, socketName):               "",
		} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Start(t.Context(), config(dir))
		if err != nil {
			t.Errorf("with the pid file of a process that is %s: %v", name, err)
			continue
		}
		stop(t, again)
	}
}

// sleeper is a process in dir that has nothing to do with postgres. It must
// still be there when the test ends.
func sleeper(t *testing.T, dir string) int {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if ended(cmd.Process.Pid) {
			t.Error("a process that is not postgres was ended")
		}
		_ = cmd.Process.Kill() // it may have been
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// zombie is a process that has ended and that nobody has asked how.
func zombie(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	await(t, "the process to end", func() bool { return ended(cmd.Process.Pid) })
	return cmd.Process.Pid
}

// ended says whether a process that nobody has waited for is a zombie.
func ended(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// A shell that an administrator left in the data folder is nobody's leftover.
func TestOthersInTheFolderAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	stop(t, start(t, config(dir)))
	sleeper(t, filepath.Join(dir, "pgdata"))
	var log logBuffer
	cfg := config(dir)
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	stop(t, start(t, cfg))
	if said := log.String(); strings.Contains(said, "left over") {
		t.Errorf("it was taken for a leftover:\n%s", said)
	}
}

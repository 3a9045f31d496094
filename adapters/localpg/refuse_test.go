package localpg

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecondInstanceIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	h := holdElsewhere(t, dir)
	_, err := Start(t.Context(), config(dir))
	if !errors.Is(err, ErrInUse) {
		t.Fatalf("second start: got %v, want ErrInUse", err)
	}
	for _, part := range []string{dir, strconv.Itoa(h.cmd.Process.Pid)} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal does not name %s: %v", part, err)
		}
	}
	execute(t, h.dsn, "select 1") // the first one is not disturbed
}

func TestOtherVersionIsRefused(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	cluster := start(t, cfg)
	stop(t, cluster)
	version := filepath.Join(cluster.data(), "PG_VERSION")
	was, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(version, []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := listing(t, cluster.data())
	_, err = Start(t.Context(), cfg)
	if !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "postgresql-9") {
		t.Errorf("cluster of version 9: got %v, want ErrVersion with the package to install", err)
	}
	if diff := cmp.Diff(before, listing(t, cluster.data())); diff != "" {
		t.Errorf("the refused folder changed:\n%s", diff)
	}

	if err := os.Rename(version, version+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), cfg); !errors.Is(err, ErrVersion) {
		t.Errorf("cluster without a version: got %v, want ErrVersion", err)
	}

	if err := errors.Join(os.Rename(version+".away", version), os.WriteFile(version, was, 0o600)); err != nil {
		t.Fatal(err)
	}
	start(t, cfg)
}

// listing is every file below dir with its size and time.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			files[path] = strconv.FormatInt(info.Size(), 10) + " " + info.ModTime().String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestMissingPostgres(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	cfg.BinDir = t.TempDir()
	_, err := Start(t.Context(), cfg)
	if !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("without PostgreSQL: got %v, want ErrNotInstalled with the command", err)
	}
	if _, err := Installed(t.Context(), cfg.BinDir); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("Installed: got %v, want ErrNotInstalled", err)
	}
}

// With several versions installed, a cluster gets the one that made it and a
// new one gets the newest.
func TestVersionThatFits(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "pgdata")
	bins := filepath.Join(t.TempDir(), "%s")
	for _, version := range []string{"9.6.24", "15.18", "17.2"} {
		program(t, strings.ReplaceAll(bins, "%s", version), "postgres", "echo 'postgres (PostgreSQL) "+version+" (Debian)'")
		program(t, strings.ReplaceAll(bins, "%s", version), "initdb", "true")
	}
	program(t, strings.ReplaceAll(bins, "%s", "18"), "postgres", "exit 1")
	pick := func() string {
		i, err := findIn(t.Context(), []string{
			strings.ReplaceAll(bins, "%s", "9.6.24"), strings.ReplaceAll(bins, "%s", "17.2"),
			strings.ReplaceAll(bins, "%s", "18"), strings.ReplaceAll(bins, "%s", "15.18"),
		}, data)
		if err != nil {
			t.Fatal(err)
		}
		return i.version
	}
	if got := pick(); got != "17.2" {
		t.Errorf("new cluster: got %s, want 17.2", got)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := pick(); got != "15.18" {
		t.Errorf("cluster of 15: got %s, want 15.18", got)
	}
}

func program(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestConfigThatCannotWork(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{}, {Dir: t.TempDir(), Database: `x"; drop`}, {Dir: "/dev/null/x"}} {
		if _, err := Start(t.Context(), cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
}

// A socket folder that others can use is not trusted: its owner could stand in
// for the database. It is made anew, or refused when there is more in it than
// a socket.
func TestForeignSocketFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	foreign := filepath.Join(dir, "pgsock")
	thing := filepath.Join(foreign, "thing")
	if err := os.MkdirAll(thing, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(foreign, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), config(dir)); !errors.Is(err, ErrPermission) {
		t.Errorf("with a thing in it: got %v, want ErrPermission", err)
	}
	if err := os.Remove(thing); err != nil {
		t.Fatal(err)
	}
	start(t, config(dir))
	if info, err := os.Stat(foreign); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
}

// TestWithoutNamespaces runs where the system forbids user namespaces, as
// Docker does: there root starts postgres as the user postgres. A process that
// may make no further namespaces stands in for such a system.
func TestWithoutNamespaces(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		if id, err := chooseIdentity(t.Context(), "/nowhere", "/nowhere"); err != nil || id.uid != os.Geteuid() {
			t.Errorf("an ordinary user needs no other identity: got %+v, %v", id, err)
		}
		return
	}
	dir := folder(t)
	stop(t, start(t, config(dir))) // made by root in a namespace, where there are any

	cmd := exec.Command("sh", "-c", `(echo 0 >/proc/sys/user/max_user_namespaces) 2>&-; exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+dir)
	whole := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: whole, GidMappings: whole, GidMappingsEnableSetgroups: true,
	}
	out, err := cmd.CombinedOutput()
	if cmd.Process == nil {
		return // no namespaces here at all: every other test has shown it
	}
	if err != nil {
		t.Fatalf("start as user postgres: %v: %s", err, out)
	}
	uid, _, err := lookupUser("postgres")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "pgdata", "PG_VERSION")); err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != uid {
		t.Errorf("the files do not belong to user postgres: %v", err)
	}
	start(t, config(dir)) // and back
}

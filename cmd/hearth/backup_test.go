package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hearth/adapters/localpg"
	"hearth/domain"
	"hearth/eventstore/notary"
)

// TestRestoreOutside restores into an external NATS server and database, and
// refuses what is not empty there.
func TestRestoreOutside(t *testing.T) {
	t.Parallel()
	state, dir := newState(t), t.TempDir()
	file := filepath.Join(dir, "invented.csv")
	if err := os.WriteFile(file, []byte(invented(50)), 0o600); err != nil {
		t.Fatal(err)
	}
	copies := filepath.Join(dir, "copies")
	for _, args := range [][]string{{"import", "complaints", file}, {"backup", copies, "--with-key"}} {
		if r := hearth(t, []string{"HEARTH_STATE=" + state}, args...); r.code != 0 {
			t.Fatalf("%v: %+v", args, r)
		}
	}
	// The database of startOutside has users.
	o := startOutside(t, true)
	mustRefuse(t, hearth(t, o.env, "restore", copies), "数据库里已有数据(表 hearth.account)")
	if entries, err := filepath.Glob(filepath.Join(o.nats.JetStreamConfig().StoreDir, "*", "streams", "*")); err != nil || len(entries) > 0 {
		t.Errorf("the refused restore made streams: %v, %v", entries, err)
	}
	database := func(setup string) string {
		db, err := localpg.Start(t.Context(), localpg.Config{Dir: t.TempDir(), Setup: setup})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Stop(t.Context()) }) // ended by force, if at all: the test is over
		return "DATABASE_URL=" + db.DSN()
	}
	mustRefuse(t, hearth(t, append(o.env, database("")), "restore", copies), "hearth database-sql")
	env := append(o.env, database(databaseSQL("")))
	r := hearth(t, env, "restore", copies)
	if r.code != 0 || !strings.Contains(r.out, "与备份一致") {
		t.Fatalf("restore: %+v", r)
	}
	mustRefuse(t, hearth(t, env, "restore", copies), "已有数据")
	s := startWith(t, env, "--listen", "127.0.0.1:0").untilReady()
	s.until("the cases are in the tables", func() bool { return caller(t, s).as(domain.RoleDispatcher).list("").Total == 50 })
	// Another log must not be filled either: its database is new, the stream is not.
	mustRefuse(t, hearth(t, append(env, database(databaseSQL(""))), "restore", copies), "事件库里已有")
}

// TestBackupWithKey: the signing key and the last checkpoint of a sealed log go
// into the backup when asked, and come back.
func TestBackupWithKey(t *testing.T) {
	t.Parallel()
	state, copies := newState(t), filepath.Join(t.TempDir(), "copies")
	env, cfg := []string{"HEARTH_STATE=" + state}, config{State: state, Replicas: 1}
	file := filepath.Join(t.TempDir(), "invented.csv")
	if err := os.WriteFile(file, []byte(invented(5)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := hearth(t, env, "import", "complaints", file); r.code != 0 {
		t.Fatalf("import: %+v", r)
	}
	key, err := notary.ReadKey(cfg.notaryKey())
	if err != nil {
		t.Fatal(err)
	}
	r := hearth(t, env, "backup", copies, "--with-key")
	if r.code != 0 || !strings.Contains(r.out, "请移到别处单独保管") {
		t.Errorf("backup: %+v", r)
	}
	for _, f := range []string{"notary.key", "BACKUP.json"} {
		if info, err := os.Stat(filepath.Join(copies, f)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want permissions 0600", f, info, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(copies, "BACKUP.json")); err != nil || !bytes.Contains(text, []byte(key.Public())) || bytes.Contains(text, []byte(key.Secret())) {
		t.Errorf("the manifest has not the public key, or has the secret one: %s, %v", text, err)
	}
	if r := hearth(t, nil, "backup", "verify", copies); r.code != 0 || !strings.Contains(r.out, "与签名的检查点一致,公钥 "+key.Public()) {
		t.Errorf("verify: %+v", r)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	if r := hearth(t, nil, "restore", copies, "--state", fresh); r.code != 0 || !strings.Contains(r.out, "签名密钥已放回") {
		t.Errorf("restore: %+v", r)
	}
	back, err := notary.ReadKey(config{State: fresh}.notaryKey())
	if err != nil || back.Secret() != key.Secret() {
		t.Errorf("the key did not come back: %v", err)
	}
}

// TestBackupKilled kills backups and restores of a log of some size at any
// moment: the backup before stays valid, and the next one completes the work.
func TestBackupKilled(t *testing.T) {
	t.Parallel()
	const rows = 3000
	state, dir := newState(t), t.TempDir()
	file, copies := filepath.Join(dir, "invented.csv"), filepath.Join(dir, "copies")
	if err := os.WriteFile(file, []byte(invented(rows)), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"HEARTH_STATE=" + state}
	run := func(args ...string) {
		t.Helper()
		if r := hearth(t, env, args...); r.code != 0 {
			t.Fatalf("%v: %+v", args, r)
		}
	}
	run("backup", copies)
	run("import", "complaints", file)
	killed(t, env, func() bool { return there(copies, "UNFINISHED") }, "backup", copies)
	run("backup", "verify", copies)
	run("backup", copies)
	run("backup", "verify", copies)
	if there(copies, "UNFINISHED") {
		t.Error("the mark of the killed backup is still there")
	}
	fresh := filepath.Join(dir, "fresh")
	killed(t, env, func() bool { return there(fresh+".restoring", "nats") }, "restore", copies, "--state", fresh)
	if there(dir, "fresh") {
		t.Error("a killed restore left a state folder")
	}
	run("restore", copies, "--state", fresh)
	env = append(env, "HEARTH_VAULT_PASSPHRASE_FILE="+config{State: state}.passphraseFile())
	run("user", "list", "--state", fresh)
}

func there(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return !errors.Is(err, fs.ErrNotExist)
}

// killed starts a command and kills it when now is true, or lets it end.
func killed(t *testing.T, env []string, now func() bool, args ...string) {
	t.Helper()
	cmd := exec.Command("hearth", args...)
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	poll(t, "the moment to kill "+args[0], func() bool {
		select {
		case <-ended:
			return true
		default:
			return now()
		}
	})
	_ = cmd.Process.Kill() // it may have ended
	<-ended
}

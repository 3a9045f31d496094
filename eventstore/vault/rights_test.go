package vault_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg"
	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/eventstore/vault"
)

// attacks are what somebody with the application's password could try.
var attacks = []string{
	"update vault.data_key set wrapped = null",
	"update vault.data_key set subject = 'x'",
	"update vault.epoch set wrapped = null",
	"update vault.subject set state = 'in_use'",
	"delete from vault.data_key",
	"delete from vault.epoch",
	"delete from vault.subject",
	"truncate vault.data_key",
	"truncate vault.epoch cascade",
	"drop table vault.data_key",
	"drop schema vault cascade",
	"drop function vault.retire",
	"drop owned by hearth_vault",
	"alter table vault.data_key owner to hearth",
	"alter table vault.data_key disable trigger all",
	"alter table vault.data_key drop constraint data_key_check",
	"alter schema vault owner to hearth",
	"alter function vault.retire owner to hearth",
	"alter role hearth_vault login password 'x'",
	"grant hearth_vault to hearth",
	"set role hearth_vault",
	"insert into vault.data_key select * from vault.data_key limit 1",
	"insert into vault.subject values ('case-2', 'in_use', 0)", // it is there
	"create table vault.mine (n int)",
	"create or replace function vault.retire(n integer) returns boolean language sql as 'select true'",
	"create trigger t before insert on vault.data_key for each row execute function suppress_redundant_updates_trigger()",
	"select vault.alone()",
	"select vault.set_state('{index}', 'shredded', 0)",
	"select vault.set_state('{case-1}', 'burned', 0)",
	"comment on schema vault is 'x'",
}

// The application's role reads and adds; it changes by the functions alone.
func TestRights(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "hearth-vault-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o711))
	cfg := localpg.Config{
		Dir: dir, Setup: vault.SetupSQL(""), Logger: slog.New(slog.DiscardHandler),
		Params: map[string]string{"fsync": "off", "shared_buffers": "16MB"},
	}
	pool, stop := startCluster(t, cfg)
	v := vault.New(pool, vault.NewPassphrase(filepath.Join(t.TempDir(), "passphrase")), options())
	must(t, v.Open(t.Context()))
	s := sealed(t, v, secret("case-1", domain.SealNarrative, `{"a":1}`))
	must(t, v.Shred(t.Context(), "case-2"))
	if found, err := vault.Weaknesses(t.Context(), pool); err != nil || len(found) > 0 {
		t.Errorf("weaknesses of an installation: %v, %v", found, err)
	}
	for _, sql := range attacks {
		tx, err := pool.Begin(t.Context())
		must(t, err)
		if tag, err := tx.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: %v", sql, tag)
		}
		must(t, tx.Rollback(t.Context()))
	}
	var retired bool
	must(t, pool.QueryRow(t.Context(), "select vault.retire(1)").Scan(&retired))
	if retired || opened(t, v, s).Plain == nil {
		t.Error("an epoch in use was destroyed")
	}
	stop()

	// Made by somebody in a hurry; the setup mends it.
	cfg.Setup += "grant update, delete on vault.data_key to hearth; grant create on schema vault to hearth; alter function vault.retire owner to hearth; grant hearth_vault to hearth;\n"
	pool, stop = startCluster(t, cfg)
	found, err := vault.Weaknesses(t.Context(), pool)
	must(t, err)
	text := strings.Join(found, "\n")
	for _, want := range []string{"hearth_vault 的成员", "新建", "data_key(update)", "data_key(delete)", "vault.retire 不属于"} {
		if !strings.Contains(text, want) {
			t.Errorf("not found: %s, in\n%s", want, text)
		}
	}
	stop()
	cfg.Setup = vault.SetupSQL("") + "revoke hearth_vault from hearth;\n"
	pool, stop = startCluster(t, cfg)
	defer stop()
	if found, err = vault.Weaknesses(t.Context(), pool); err != nil || len(found) > 0 {
		t.Errorf("after the setup was run again: %v, %v", found, err)
	}
	must(t, vault.Check(t.Context(), pool))
}

func startCluster(t *testing.T, cfg localpg.Config) (*pgxpool.Pool, func()) {
	t.Helper()
	cluster, err := localpg.Start(t.Context(), cfg)
	must(t, err)
	pool, err := postgres.Open(t.Context(), cluster.DSN(), postgres.Options{})
	must(t, err)
	return pool, func() {
		pool.Close()
		must(t, cluster.Stop(t.Context()))
	}
}

func TestSetupForAnotherRole(t *testing.T) {
	t.Parallel()
	if sql := vault.SetupSQL("union"); strings.Count(sql, "vault.application = 'union'") != 1 || strings.Contains(sql, "'hearth'") {
		t.Errorf("role union:\n%.900s", sql)
	}
}

package localpg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Setup is run by the superuser as a whole, once for each text.
func TestSetup(t *testing.T) {
	t.Parallel()
	cfg := config(folder(t))
	cfg.Setup = `
-- An empty line after a semicolon ends a command in single-user mode.
create schema if not exists hidden;

create table if not exists hidden.t (n int);

do $$ begin
  insert into hidden.t values (1);

  perform 1;
end $$;
grant usage on schema hidden to hearth; grant select on hidden.t to hearth;
`
	for range 2 {
		cluster := start(t, cfg)
		if got := query(t, cluster.DSN(), "select count(*) || ' ' || max(tableowner) from hidden.t, pg_tables where tablename = 't'"); got != "1 postgres" {
			t.Errorf("times that it was run, and owner: %s", got)
		}
		stop(t, cluster)
	}
	good := cfg.Setup
	cfg.Setup = "insert into hidden.t values (2); select 1/0;"
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Errorf("a setup that fails: %v", err)
	}
	cfg.Setup = good
	cluster := start(t, cfg)
	if got := query(t, cluster.DSN(), "select sum(n)::text from hidden.t"); got != "1" {
		t.Errorf("after one that failed, and the old one: sum %s, want 1", got)
	}
	stop(t, cluster)
	cfg.Setup += "insert into hidden.t values (4);\n"
	cluster = start(t, cfg)
	if got := query(t, cluster.DSN(), "select sum(n)::text from hidden.t"); got != "6" {
		t.Errorf("after another one: sum %s, want 6", got)
	}
	stop(t, cluster)
	if err := os.Remove(filepath.Join(cfg.Dir, "postgres.json")); err != nil {
		t.Fatal(err)
	}
	if got := query(t, start(t, cfg).DSN(), "select sum(n)::text from hidden.t"); got != "11" {
		t.Errorf("without the file that says that it was run: sum %s, want 11", got)
	}
}

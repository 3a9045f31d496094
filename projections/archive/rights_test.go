package archive_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"hearth/projections/archive"
)

// attacks are what somebody with the application's password could try.
var attacks = []string{
	"update archive.message set body = ''",
	"update archive.message_0 set stored_at = now()",
	"update archive.log set identity = 'x'",
	"insert into archive.message select * from archive.message where position = 1 on conflict (position) do update set body = ''",
	"merge into archive.message m using (select 1) s on m.position = 1 when matched then delete",
	"delete from archive.message",
	"delete from archive.message_0 where position = 1",
	"delete from archive.log",
	"insert into archive.log (identity, partition_size) values ('x', 10)",
	"insert into archive.message select * from archive.message where position = 1",
	"truncate archive.message",
	"truncate archive.message_0",
	"drop table archive.message",
	"drop table archive.message_0",
	"drop schema archive cascade",
	"drop index archive.message_subject",
	"drop function archive.set_aside",
	"drop owned by hearth_keeper",
	"reassign owned by hearth_keeper to hearth",
	"drop role hearth_keeper",
	"alter table archive.message rename to other",
	"alter table archive.message owner to hearth",
	"alter table archive.message alter column body drop not null",
	"alter table archive.message detach partition archive.message_0",
	"alter table archive.message_0 disable trigger all",
	"alter table archive.message_0 set unlogged",
	"alter table archive.message_0 set schema public",
	"alter schema archive owner to hearth",
	"alter function archive.set_aside owner to hearth",
	"alter role hearth_keeper login password 'x'",
	"alter role hearth superuser",
	"alter database hearth owner to hearth",
	"grant hearth_keeper to hearth",
	"set role hearth_keeper",
	"set session authorization hearth_keeper",
	"set session_replication_role = replica",
	"create table archive.mine (n int)",
	"create table mine partition of archive.message for values from (640) to (704)",
	"create trigger t before insert on archive.message_0 for each row execute function suppress_redundant_updates_trigger()",
	"create rule r as on insert to archive.message do instead nothing",
	"create index on archive.message (body)",
	"create policy p on archive.message using (false)",
	"create or replace function archive.set_aside(n bigint) returns text language sql as 'select null'",
	"create function archive.other() returns text language sql as 'select null'",
	"comment on schema archive is 'x'",
	"copy archive.message to program 'cat'",
	"lock table archive.message in access exclusive mode",
	"select archive.new_table('message_9', 9)",
	"select archive.put_aside('message_0', 0)",
	"select archive.attach_table('message_0', 9)",
	"select archive.add_partition(-1)",
	"select archive.add_partition(9)", // does not follow on another
	"select archive.begin_mending(9)",
	"select archive.set_aside(0)", // nothing was begun
}

// The application's role reads and adds. Nothing that it tries changes a row.
func TestRights(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.fill(100)
	i.archived()
	if found, err := archive.Weaknesses(t.Context(), i.pool); err != nil || len(found) > 0 {
		t.Errorf("weaknesses of an installation: %v, %v", found, err)
	}
	for _, sql := range attacks {
		tx, err := i.pool.Begin(t.Context())
		must(t, err)
		if tag, err := tx.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s: %v", sql, tag)
		}
		must(t, tx.Rollback(t.Context()))
	}
	elsewhere, err := url.Parse(i.cluster.DSN())
	must(t, err)
	elsewhere.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), elsewhere.String())
	must(t, err)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "drop database hearth with (force)"); err == nil {
		t.Error("the application drops its database")
	}
	// These are allowed, and change nothing: no right to be given away, functions
	// of the same names in the way, a mending that is given up.
	i.exec("grant update, delete on archive.message to hearth")
	i.exec("create schema evil; create function evil.to_regclass(text) returns regclass language sql as 'select null::regclass'")
	i.exec("set search_path = evil, pg_catalog; select archive.add_partition(0); select archive.begin_mending(0); reset search_path")
	i.exec("select archive.begin_mending(0)")
	if n := i.number(`select count(*) from pg_class where relnamespace = 'archive'::regnamespace and relname like 'damaged_0_%' and relkind = 'r'`); n != 1 {
		t.Errorf("%d tables set aside, want the one that was begun first", n)
	}
	if found, err := archive.Weaknesses(t.Context(), i.pool); err != nil || len(found) > 0 {
		t.Errorf("weaknesses after all: %v, %v", found, err)
	}
	same(t, archive.NewReader(i.pool), i.log)
}

// What the doctor is told when the database was made by somebody in a hurry.
func TestWeaknesses(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.fill(1)
	i.archived()
	i.asSuperuser(`
alter database hearth owner to hearth; grant update, truncate on archive.message_0 to hearth; grant create on schema archive to hearth;
grant update (body) on archive.message to hearth; grant hearth_keeper to hearth; alter role hearth createrole;
alter function archive.set_aside owner to hearth;
`)
	found, err := archive.Weaknesses(t.Context(), i.pool)
	must(t, err)
	text := strings.Join(found, "\n")
	for _, want := range []string{
		"createrole", "hearth_keeper 的成员", "拥有数据库", "在模式 archive 中新建", "archive.message_0(update)", "archive.message_0(truncate)",
		"archive.message(update)", "archive.set_aside 不属于",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not found: %s, in\n%s", want, text)
		}
	}
	// To run the setup again mends all but what is not the archive's.
	i.asSuperuser("revoke hearth_keeper from hearth; alter role hearth nocreaterole;\n")
	if found, err = archive.Weaknesses(t.Context(), i.pool); err != nil || len(found) > 0 {
		t.Errorf("after the setup was run again: %v, %v", found, err)
	}
}

// For another role the SQL is the same.
func TestSetupForAnotherRole(t *testing.T) {
	t.Parallel()
	if sql := archive.SetupSQL("union"); strings.Count(sql, "archive.application = 'union'") != 1 || strings.Contains(sql, "'hearth'") {
		t.Errorf("role union:\n%.900s", sql)
	}
	if sql := archive.SetupSQL(`a'b`); !strings.Contains(sql, "= 'a''b';") {
		t.Error("a quote in the name is not doubled")
	}
	if archive.SetupSQL("") != archive.SetupSQL("hearth") || !strings.Contains(archive.SetupSQL(""), fmt.Sprintf("is '%s'", "hearth archive setup 1")) {
		t.Error("the SQL for the usual role")
	}
}

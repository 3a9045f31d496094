package archive

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/postgres"
)

// ErrNotSetUp says that the database has no archive, or one of an older program.
var ErrNotSetUp = errors.New("数据库中尚未建立消息档案")

//go:embed setup.sql
var setupSQL string

func setup() postgres.Setup {
	return postgres.Setup{Schema: "archive", Mark: "hearth archive setup 1", SQL: setupSQL}
}

// SetupSQL is what a superuser runs in the application's database: it makes the
// tables, and lets the application's role, "hearth" when empty, read and add to
// them. It can be repeated.
func SetupSQL(role string) string { return setup().For(role) }

// Check is nil when the archive is there for this role, else ErrNotSetUp, which
// says what to do.
func Check(ctx context.Context, db postgres.Querier) error {
	done, todo, err := setup().Done(ctx, db)
	if err != nil || done {
		return err
	}
	return fmt.Errorf("%w(或版本不符)。请由数据库管理员(超级用户)执行一次,可重复执行:%s", ErrNotSetUp, todo)
}

// weaknessSQL lists in what ways the role could change what is archived.
const weaknessSQL = `
with me as (select * from pg_roles where rolname = current_user),
     tables as (select c.oid, c.relname, c.relowner from pg_class c
                 where c.relnamespace = to_regnamespace('archive') and c.relkind in ('r', 'p')),
     functions as (select p.oid, p.proname, p.proowner from pg_proc p where p.pronamespace = to_regnamespace('archive'))
select '应用角色是超级用户' from me where rolsuper
union all select '应用角色可以管理其他角色(createrole)' from me where rolcreaterole
union all select '应用角色可以建立复制连接(replication)' from me where rolreplication
union all select '应用角色是 ' || r.rolname || ' 的成员' from pg_roles r, me
           where not me.rolsuper and r.rolname in ('hearth_keeper', 'pg_write_server_files', 'pg_execute_server_program', 'pg_write_all_data')
             and pg_has_role(r.oid, 'member')
union all select '应用角色拥有数据库,可以整个删除' from pg_database d, me
           where d.datname = current_database() and d.datdba = me.oid
union all select '应用角色拥有模式 archive' from pg_namespace n, me where n.nspname = 'archive' and n.nspowner = me.oid
union all select '应用角色可以在模式 archive 中新建' where has_schema_privilege(to_regnamespace('archive'), 'create')
union all select '表 archive.' || relname || ' 不属于 hearth_keeper' from tables where relowner::regrole::text <> 'hearth_keeper'
union all select '函数 archive.' || proname || ' 不属于 hearth_keeper' from functions where proowner::regrole::text <> 'hearth_keeper'
union all select '应用角色可以改动表 archive.' || relname || '(' || right_name || ')'
            from tables, unnest(array['update', 'delete', 'truncate', 'references', 'trigger']) right_name
           where case when right_name in ('update', 'references') then has_any_column_privilege(oid, right_name) else has_table_privilege(oid, right_name) end
union all select '数据库没有页校验(data_checksums),磁盘上的损坏要到逐条核验时才发现' where current_setting('data_checksums') <> 'on'`

// Weaknesses tells, for the doctor, in what ways the application could change
// what is archived, and what keeps damage from being noticed. None is good.
func Weaknesses(ctx context.Context, db postgres.Querier) ([]string, error) {
	rows, err := db.Query(ctx, weaknessSQL)
	if err != nil {
		return nil, fmt.Errorf("rights on the archive: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("rights on the archive: %w", err)
	}
	return found, nil
}

package vault

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/postgres"
)

// ErrNotSetUp says that the database has no vault, or one of an older program.
var ErrNotSetUp = errors.New("数据库中尚未建立密钥保险库")

//go:embed setup.sql
var setupSQL string

func setup() postgres.Setup {
	return postgres.Setup{Schema: "vault", Mark: "hearth vault setup 1", SQL: setupSQL}
}

// SetupSQL is what a superuser runs in the application's database: it makes the
// tables for the keys, and lets the application's role, "hearth" when empty, do
// what it needs. It can be repeated.
func SetupSQL(role string) string { return setup().For(role) }

// Check is nil when the vault is there for this role, else ErrNotSetUp, which
// says what to do.
func Check(ctx context.Context, db postgres.Querier) error {
	done, todo, err := setup().Done(ctx, db)
	if err != nil || done {
		return err
	}
	return fmt.Errorf("%w(或版本不符)。请由数据库管理员(超级用户)执行一次,可重复执行:%s", ErrNotSetUp, todo)
}

// weaknessSQL lists in what ways the role could destroy or change keys other
// than by the functions.
const weaknessSQL = `
with me as (select * from pg_roles where rolname = current_user),
     tables as (select c.oid, c.relname, c.relowner from pg_class c where c.relnamespace = to_regnamespace('vault') and c.relkind in ('r', 'p'))
select '应用角色是 hearth_vault 的成员' from pg_roles r, me where not me.rolsuper and r.rolname = 'hearth_vault' and pg_has_role(r.oid, 'member')
union all select '应用角色拥有模式 vault' from pg_namespace n, me where n.nspname = 'vault' and n.nspowner = me.oid
union all select '应用角色可以在模式 vault 中新建' where has_schema_privilege(to_regnamespace('vault'), 'create')
union all select '表 vault.' || relname || ' 不属于 hearth_vault' from tables where relowner::regrole::text <> 'hearth_vault'
union all select '函数 vault.' || proname || ' 不属于 hearth_vault' from pg_proc p
           where p.pronamespace = to_regnamespace('vault') and proowner::regrole::text <> 'hearth_vault'
union all select '应用角色可以改动表 vault.' || relname || '(' || right_name || ')'
            from tables, unnest(array['update', 'delete', 'truncate', 'references', 'trigger']) right_name
           where case when right_name in ('update', 'references') then has_any_column_privilege(oid, right_name) else has_table_privilege(oid, right_name) end`

// Weaknesses tells, for the doctor, in what ways the application could destroy
// or change keys past the functions of the vault. None is good.
func Weaknesses(ctx context.Context, db postgres.Querier) ([]string, error) {
	rows, err := db.Query(ctx, weaknessSQL)
	if err != nil {
		return nil, fmt.Errorf("rights on the vault: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("rights on the vault: %w", err)
	}
	return found, nil
}

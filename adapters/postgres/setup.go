package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// defaultRole is the application's role in the SQL of a Setup.
const defaultRole = "hearth"

// Querier is a pool or a connection.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Setup is SQL that a superuser runs in the application's database: it makes a
// schema that the application may not change, and lets its role into it. The
// SQL can be repeated, and leaves Mark as the comment on the schema; Mark is
// counted up whenever it must be run again.
type Setup struct {
	Schema string
	Mark   string
	SQL    string // with "set local <schema>.application = 'hearth';"
}

// For is the SQL for the application's role, "hearth" when empty.
func (s Setup) For(role string) string {
	if role == "" || role == defaultRole {
		return s.SQL
	}
	line := "set local " + s.Schema + ".application = '%s';"
	return strings.Replace(s.SQL, fmt.Sprintf(line, defaultRole), fmt.Sprintf(line, strings.ReplaceAll(role, "'", "''")), 1)
}

// Done reports whether the schema is there for this role, in the form that this
// program needs, and else what a superuser must run.
func (s Setup) Done(ctx context.Context, db Querier) (done bool, todo string, err error) {
	var mark, role, database string
	var usable bool
	err = db.QueryRow(ctx, `
select coalesce(obj_description(n.oid, 'pg_namespace'), ''), current_user::text, current_database()::text,
       coalesce(has_schema_privilege(n.oid, 'usage'), false)
  from (select to_regnamespace($1) as oid) n`, s.Schema).Scan(&mark, &role, &database, &usable)
	if err != nil {
		return false, "", fmt.Errorf("look for the schema %s: %w", s.Schema, err)
	}
	option := ""
	if role != defaultRole {
		option = " --role " + role
	}
	return mark == s.Mark && usable, fmt.Sprintf("hearth database-sql%s | psql -v ON_ERROR_STOP=1 -d %s", option, database), nil
}

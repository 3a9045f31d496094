package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/postgres"
	"hearth/domain"
)

// table says what a backup does with a table.
type table struct {
	name string // of the schema hearth, or with its schema before it
	keep bool
	why  string
	// set replaces columns, and where chooses rows; %d is the last position in
	// the backup. The tables are copied a moment after the end of the log was
	// taken, and must not point behind it.
	set   map[string]string
	where string
}

// schemas are those whose tables are listed.
var schemas = []string{hearth, "vault"}

const hearth = "hearth"

// tables is every table of the schemas, those that refer to others behind them. A
// migration that adds a table adds a row here.
//
// The keys of the vault are wrapped: without the passphrase, which is in no
// backup, nothing opens them. They belong to the events of the same backup.
var tables = []table{
	{name: "migration", why: "made by the migrations themselves"},
	{name: "projection", why: "read models are built anew from the log"},
	{
		name: "account", keep: true, why: "logins, and what is shown until the log has been read again",
		// The log that is restored may end before the state: version 0 lets it be
		// made anew, and who is in no event of that log is not restored.
		set:   map[string]string{"version": "0", "position": "0"},
		where: inTheLog,
	},
	{name: "credential", keep: true, why: "what opens an account is in no event", where: ofThose},
	{name: "external_identity", keep: true, why: "what leads from an identity to an account is in no event", where: ofThose},
	{name: "known_place", why: "browsers are known again with the next sign-in"},
	{name: "sign_in_failure", why: "counts for minutes"},
	{name: "sign_in_try", why: "counts for minutes"},
	{name: "session", why: "everybody signs in again"},
	{name: "api_token", keep: true, why: "keys that programs hold", where: ofThose},
	{name: "announced_call", why: "lives for minutes"},
	{
		name: "reaction", keep: true, why: "a reaction without a checkpoint may begin at the end and leave out what waits",
		set: map[string]string{"position": "least(position, %d)", "problem": "null"},
	},
	{
		name: "sealed", keep: true, why: "which key signs; how far it has signed does not hold for the restored log",
		set: map[string]string{"size": "0", "note": "null"},
	},
	{name: "issued", keep: true, why: "what was handed out must be answered for"},
	{name: "parked", keep: true, why: "who settled what, and why, is in no event", where: "position <= %d"},
	{name: "vault.epoch", keep: true, why: "the keys above the data keys, wrapped"},
	{name: "vault.data_key", keep: true, why: "without them nothing personal in the events can be read"},
	{name: "vault.subject", keep: true, why: "whose data are suspended or destroyed must stay so"},
}

// inTheLog chooses the accounts whose events are in the backup, and those that are
// in no event yet; ofThose the rows of such accounts.
const (
	inTheLog = "(legacy is not null or state is not null and since <= %d)"
	ofThose  = "account in (select id from hearth.account where " + inTheLog + ")"
)

// place is the schema and the name of a table.
func place(name string) (schema, table string) {
	if schema, table, ok := strings.Cut(name, "."); ok {
		return schema, table
	}
	return hearth, name
}

// quoted is the name of a table in SQL.
func quoted(name string) string {
	schema, table := place(name)
	return pgx.Identifier{schema, table}.Sanitize()
}

func find(name string) *table {
	if i := slices.IndexFunc(tables, func(t table) bool { return t.name == name && t.keep }); i >= 0 {
		return &tables[i]
	}
	return nil
}

func tableName(run int, table string) string {
	return fmt.Sprintf("%s/%d/%s.copy", tablesFolder, run, table)
}

// plain makes the text of rows independent of the settings of the connection.
const plain = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
	set local bytea_output = 'hex'; set local extra_float_digits = 1; set local statement_timeout = 0`

// unlisted finds tables of the schemas that nobody decided about: the database is
// ahead of this program, and a backup of it would not be whole.
func unlisted(ctx context.Context, tx pgx.Tx) error {
	listed := make([]string, len(tables))
	for i, t := range tables {
		listed[i] = t.name
	}
	rows, err := tx.Query(ctx, `
select t.name from pg_class c join pg_namespace n on n.oid = c.relnamespace,
       lateral (select case n.nspname when 'hearth' then '' else n.nspname || '.' end || c.relname as name) t
 where n.nspname = any ($1) and c.relkind in ('r', 'p') and not t.name = any ($2) order by 1`, schemas, listed)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return domain.Reject(CodeTables, "数据库里有本版本不认识的表:%s。未作任何改动。请用最新版本的 hearth 备份。", strings.Join(names, "、"))
	}
	return nil
}

// dump copies the tables of one snapshot into dir.
func dump(ctx context.Context, db *pgxpool.Pool, dir string, run int, size int64) (dumped []Table, version int64, err error) {
	if version, err = postgres.Version(ctx, db); err != nil {
		return nil, 0, err
	}
	err = pgx.BeginTxFunc(ctx, db, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, plain); err != nil {
			return err
		}
		if err := unlisted(ctx, tx); err != nil {
			return err
		}
		for _, t := range tables {
			if !t.keep {
				continue
			}
			one, err := t.dump(ctx, tx, dir, run, size)
			if err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
			dumped = append(dumped, one)
		}
		return nil
	})
	return dumped, version, err
}

func (t *table) dump(ctx context.Context, tx pgx.Tx, dir string, run int, size int64) (Table, error) {
	schema, name := place(t.name)
	rows, err := tx.Query(ctx, `select column_name::text from information_schema.columns
		where table_schema = $1 and table_name = $2 and is_generated = 'NEVER' order by ordinal_position`, schema, name)
	if err != nil {
		return Table{}, err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return Table{}, err
	}
	out, err := create(dir, tableName(run, t.name))
	if err != nil {
		return Table{}, err
	}
	tag, err := tx.Conn().PgConn().CopyTo(ctx, out, "copy ("+t.query(columns, size)+") to stdout")
	if err != nil {
		out.file.Close()
		return Table{}, err
	}
	file, err := out.finish()
	if err != nil {
		return Table{}, err
	}
	return Table{File: file, Table: t.name, Columns: columns, Rows: tag.RowsAffected()}, file.check(dir)
}

// query selects the rows in an order that does not change, so that equal rows
// give equal files.
func (t *table) query(columns []string, size int64) string {
	exprs := make([]string, len(columns))
	for i, c := range columns {
		exprs[i] = pgx.Identifier{c}.Sanitize()
		if with, ok := t.set[c]; ok {
			exprs[i] = at(with, size)
		}
	}
	q := "select " + strings.Join(exprs, ", ") + " from " + quoted(t.name) + " as t"
	if t.where != "" {
		q += " where " + at(t.where, size)
	}
	return q + ` order by t::text collate "C"`
}

// at puts the last position into an expression.
func at(expr string, size int64) string {
	return strings.ReplaceAll(expr, "%d", fmt.Sprint(size))
}

// load fills the tables of an empty database: first in the form that they had,
// then brought up to that of this program, all rows or none.
func (m *Manifest) load(ctx context.Context, dir string, db *pgxpool.Pool) error {
	if err := postgres.MigrateTo(ctx, db, m.Migration); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, plain); err != nil {
			return err
		}
		for _, t := range m.Tables {
			if err := t.load(ctx, dir, tx); err != nil {
				return fmt.Errorf("table %s: %w", t.Table, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return postgres.Migrate(ctx, db)
}

func (t Table) load(ctx context.Context, dir string, tx pgx.Tx) error {
	file, err := t.open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	into := quoted(t.Table) + " (" + strings.Join(columns, ", ") + ")"
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, file, "copy "+into+" from stdin")
	if err == nil && tag.RowsAffected() != t.Rows {
		err = fmt.Errorf("%d rows instead of %d", tag.RowsAffected(), t.Rows)
	}
	return err
}

// CheckDatabase refuses a database in which something is.
func CheckDatabase(ctx context.Context, db *pgxpool.Pool) error {
	for _, t := range tables {
		if t.name == "migration" {
			continue
		}
		var there, filled bool
		name := quoted(t.name)
		if err := db.QueryRow(ctx, "select to_regclass($1) is not null", name).Scan(&there); err != nil {
			return err
		}
		if !there {
			continue
		}
		if err := db.QueryRow(ctx, "select exists (select from "+name+")").Scan(&filled); err != nil {
			return err
		}
		if filled {
			return domain.Reject(CodeNotEmpty, "数据库里已有数据(表 %s)。未作任何改动。请恢复到一个空的数据库。", strings.ReplaceAll(name, `"`, ""))
		}
	}
	return nil
}

// HoldsKeys reports that personal data are sealed under keys of the backup: its
// passphrase is needed to read them.
func (m *Manifest) HoldsKeys() bool {
	return slices.ContainsFunc(m.Tables, func(t Table) bool { return t.Table == "vault.epoch" && t.Rows > 0 })
}

// Rows counts the rows of all tables.
func (m *Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// TableDigest says in short what a table holds.
type TableDigest struct {
	Rows   int64
	SHA256 string // of the rows as text, in order
}

// Digest is the digest of every table of a schema, by name. Equal rows have
// equal digests, whatever the order in which they were written; the texts do
// not depend on the settings of the connection. It keeps no rows in memory.
//
// Columns whose names end in _sealed or _blind are left out: they hold what is
// made of personal data, and when these are destroyed a rebuild cannot have it
// any more. All other columns must not depend on personal data.
func Digest(ctx context.Context, tx pgx.Tx, schema string) (map[string]TableDigest, error) {
	_, err := tx.Exec(ctx, `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
		set local bytea_output = 'hex'; set local extra_float_digits = 1; set local statement_timeout = 0`)
	if err != nil {
		return nil, fmt.Errorf("digest of %s: %w", schema, err)
	}
	tables, err := tablesOf(ctx, tx, schema)
	if err != nil {
		return nil, fmt.Errorf("digest of %s: %w", schema, err)
	}
	digests := make(map[string]TableDigest, len(tables))
	for _, table := range tables {
		name := pgx.Identifier{schema, table.Name}.Sanitize()
		hash := sha256.New()
		tag, err := tx.Conn().PgConn().CopyTo(ctx, hash, fmt.Sprintf(
			`copy (select r.line from %s as t cross join lateral (select row(%s)::text as line) r order by r.line collate "C") to stdout`,
			name, table.impersonal()))
		if err != nil {
			return nil, fmt.Errorf("digest of %s: %w", name, err)
		}
		digests[table.Name] = TableDigest{Rows: tag.RowsAffected(), SHA256: hex.EncodeToString(hash.Sum(nil))}
	}
	return digests, nil
}

type tableShape struct {
	Name    string
	Columns []string
}

// impersonal are the columns that a digest is taken over.
func (d tableShape) impersonal() string {
	var names []string
	for _, c := range d.Columns {
		if !strings.HasSuffix(c, "_sealed") && !strings.HasSuffix(c, "_blind") {
			names = append(names, "t."+pgx.Identifier{c}.Sanitize())
		}
	}
	return strings.Join(names, ", ")
}

// tablesOf lists the tables of a schema by name; of a partitioned table, the whole.
func tablesOf(ctx context.Context, tx pgx.Tx, schema string) ([]tableShape, error) {
	rows, err := tx.Query(ctx, `
		select c.relname as name, array(select a.attname::text from pg_attribute a
		         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
		  from pg_class c join pg_namespace n on n.oid = c.relnamespace
		 where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
		 order by c.relname collate "C"`, schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[tableShape])
}

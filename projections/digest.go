package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

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
		name := pgx.Identifier{schema, table}.Sanitize()
		hash := sha256.New()
		tag, err := tx.Conn().PgConn().CopyTo(ctx, hash, fmt.Sprintf(
			`copy (select t::text from %s as t order by t::text collate "C") to stdout`, name))
		if err != nil {
			return nil, fmt.Errorf("digest of %s: %w", name, err)
		}
		digests[table] = TableDigest{Rows: tag.RowsAffected(), SHA256: hex.EncodeToString(hash.Sum(nil))}
	}
	return digests, nil
}

// tablesOf lists the tables of a schema by name; of a partitioned table, the whole.
func tablesOf(ctx context.Context, tx pgx.Tx, schema string) ([]string, error) {
	rows, err := tx.Query(ctx, `
		select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
		 where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
		 order by c.relname collate "C"`, schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

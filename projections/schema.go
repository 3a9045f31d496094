package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// UseSchema lets the rest of a transaction name the tables of a schema without
// writing it out, as Apply, Tables and Indexes do.
func UseSchema(ctx context.Context, tx pgx.Tx, schema string) error {
	_, err := tx.Exec(ctx, "set local search_path = "+searchPath(schema))
	return err
}

// searchPath has public behind the schema, for the extensions that live there.
func searchPath(schema string) string { return pgx.Identifier{schema}.Sanitize() + ", public" }

// MakeTables makes a schema with the empty tables of a model.
func MakeTables(ctx context.Context, tx pgx.Tx, p Projection, schema string) error {
	if _, err := tx.Exec(ctx, "create schema "+pgx.Identifier{schema}.Sanitize()); err != nil {
		return fmt.Errorf("make schema %s: %w", schema, err)
	}
	if err := UseSchema(ctx, tx, schema); err != nil {
		return fmt.Errorf("make schema %s: %w", schema, err)
	}
	if _, err := tx.Exec(ctx, p.Tables()); err != nil {
		return fmt.Errorf("tables of %s: %w", schema, err)
	}
	return nil
}

// MakeIndexes makes the indexes of a model and gathers the statistics that the
// planner needs to use them: autovacuum would come minutes later.
func MakeIndexes(ctx context.Context, tx pgx.Tx, p Projection, schema string) error {
	if err := UseSchema(ctx, tx, schema); err != nil {
		return fmt.Errorf("indexes of %s: %w", schema, err)
	}
	if _, err := tx.Exec(ctx, "set local maintenance_work_mem = '256MB'"); err != nil {
		return fmt.Errorf("indexes of %s: %w", schema, err)
	}
	if sql := p.Indexes(); sql != "" {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("indexes of %s: %w", schema, err)
		}
	}
	tables, err := tablesOf(ctx, tx, schema)
	if err != nil {
		return fmt.Errorf("indexes of %s: %w", schema, err)
	}
	for _, table := range tables {
		if _, err := tx.Exec(ctx, "analyze "+pgx.Identifier{schema, table.Name}.Sanitize()); err != nil {
			return fmt.Errorf("statistics of %s.%s: %w", schema, table.Name, err)
		}
	}
	return nil
}

// definition tells whether two programs mean the same tables by one version.
func definition(p Projection) string {
	hash := sha256.Sum256([]byte(p.Tables() + "\x00" + p.Indexes()))
	return hex.EncodeToString(hash[:16])
}

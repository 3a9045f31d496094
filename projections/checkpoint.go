package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
)

// checkpoint is where one schema of a model stands. The row is made, renamed
// and removed in the same transaction as the schema.
type checkpoint struct {
	Schema     string
	Name       string
	Version    int
	Building   bool
	Definition string
	Log        eventstore.Identity
	Position   eventstore.Position
	Events     int64
	StoredAt   time.Time
	Indexed    bool
	Problem    *Problem
	ChangedAt  time.Time
}

const checkpointSQL = `
select schema, name, version, building, definition, log, position, events, stored_at, indexed, problem, changed_at
  from hearth.projection `

// read is the checkpoint of a schema, nil when there is none.
func (w *writer) read(ctx context.Context, schema string) (*checkpoint, error) {
	return readCheckpoint(ctx, w.Conn, checkpointSQL+"where schema = $1", schema)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func readCheckpoint(ctx context.Context, db querier, sql string, args ...any) (*checkpoint, error) {
	all, err := readCheckpoints(ctx, db, sql, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

func readCheckpoints(ctx context.Context, db querier, sql string, args ...any) ([]checkpoint, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[checkpoint])
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	return all, nil
}

// record stores what stopped the model, nil for nothing, beside the checkpoint
// of the schema that is being written. Without one only this process knows of it.
func (w *writer) record(ctx context.Context, p *Problem) error {
	schema := w.cp.Schema
	if schema == "" {
		schema = w.m.schema
	}
	_, err := w.Conn.Exec(ctx, "update hearth.projection set problem = $2, changed_at = now() where schema = $1", schema, p)
	if err != nil {
		return fmt.Errorf("record the problem of %s: %w", schema, err)
	}
	return nil
}

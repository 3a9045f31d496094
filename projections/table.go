package projections

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
)

// Table reads and writes the rows of one table as structs, any number of them in
// one round trip. K is the type of the key, R the struct.
//
// The exported fields of R carry the column in a db tag; those of the primary
// key say so: `db:"case_id,key"`. With one such field K is its type; with
// several K is a struct of fields with the same tags. A field tagged "-" is no
// column.
//
// Slices fit arrays (a nil slice is written as an empty array), anything that
// encoding/json takes fits jsonb; Date, Fen and Time are as in adapters/postgres.
// Columns are "not null" unless the field is a pointer, a Date or a Time.
type Table[K comparable, R any] struct {
	name string
	shape[K, R]
	sql atomic.Pointer[statements]
}

// NewTable describes the table of that name. A struct that cannot be a row is a
// mistake in the program and panics.
func NewTable[K comparable, R any](name string) *Table[K, R] {
	s, err := shapeOf[K, R]()
	if err != nil {
		panic(fmt.Sprintf("table %s: %v", name, err))
	}
	return &Table[K, R]{name: name, shape: s}
}

// Evolve is how most models apply a batch: it loads the rows that the batch is
// about, lets evolve change them event by event, and saves them. Two round
// trips, whatever the size of the batch.
//
// key says which row an event is about; false passes it by. A row that does not
// exist yet comes to evolve with only its key set. evolve is pure.
func (t *Table[K, R]) Evolve(
	ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded,
	key func(eventstore.Recorded) (K, bool), evolve func(*R, eventstore.Recorded),
) error {
	return t.EvolveSealed(ctx, tx, batch, key, evolve, func(context.Context, []*R) error { return nil })
}

// EvolveSealed is Evolve for rows with personal columns: seal is given all rows
// of the batch before they are saved.
func (t *Table[K, R]) EvolveSealed(
	ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded,
	key func(eventstore.Recorded) (K, bool), evolve func(*R, eventstore.Recorded), seal func(context.Context, []*R) error,
) error {
	type about struct {
		key K
		ev  *eventstore.Recorded
	}
	var ours []about
	var keys []K
	seen := make(map[K]bool)
	for i := range batch {
		k, ok := key(batch[i])
		if !ok {
			continue
		}
		ours = append(ours, about{k, &batch[i]})
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	rows, err := t.Load(ctx, tx, keys)
	if err != nil {
		return err
	}
	for _, o := range ours {
		row := rows[o.key]
		if row == nil {
			row = t.New(o.key)
			rows[o.key] = row
		}
		evolve(row, *o.ev)
	}
	if err := seal(ctx, slices.Collect(maps.Values(rows))); err != nil {
		return err
	}
	return t.Save(ctx, tx, maps.Values(rows))
}

// New is an empty row with its key set.
func (t *Table[K, R]) New(key K) *R {
	row := new(R)
	t.setKey(row, key)
	return row
}

// Load reads the rows with these keys in one round trip. Keys without a row are
// not in the result, which is never nil.
func (t *Table[K, R]) Load(ctx context.Context, tx pgx.Tx, keys []K) (map[K]*R, error) {
	if len(keys) == 0 {
		return map[K]*R{}, nil
	}
	s, err := t.statements(ctx, tx)
	if err != nil {
		return nil, err
	}
	args, err := s.keyArgs(tx, t.keyColumns(keys))
	if err != nil {
		return nil, fmt.Errorf("load from %s: %w", t.name, err)
	}
	return t.collect(ctx, tx, len(keys), s.load, args...)
}

// LoadWhere reads the rows in which a column, one with an index of its own, has
// one of these values: the claimants of some cases, say. values is a slice.
func (t *Table[K, R]) LoadWhere(ctx context.Context, tx pgx.Tx, column string, values any) (map[K]*R, error) {
	s, err := t.statements(ctx, tx)
	if err != nil {
		return nil, err
	}
	where, ok := s.where[column]
	if !ok {
		return nil, fmt.Errorf("load from %s: no column %q", t.name, column)
	}
	return t.collect(ctx, tx, 0, where, values)
}

func (t *Table[K, R]) collect(ctx context.Context, tx pgx.Tx, size int, sql string, args ...any) (map[K]*R, error) {
	found := make(map[K]*R, size)
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("load from %s: %w", t.name, err)
	}
	defer rows.Close()
	targets := make([]any, len(t.columns))
	for rows.Next() {
		row := new(R)
		t.pointers(row, targets)
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("load from %s: %w", t.name, err)
		}
		found[t.Key(row)] = row
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("load from %s: %w", t.name, err)
	}
	return found, nil
}

// Save inserts the rows or replaces what has their keys, in one round trip. No
// key may come twice.
func (t *Table[K, R]) Save(ctx context.Context, tx pgx.Tx, rows iter.Seq[*R]) error {
	s, err := t.statements(ctx, tx)
	if err != nil {
		return err
	}
	values := t.transpose(rows)
	if values[0].Len() == 0 {
		return nil
	}
	args, err := s.rowArgs(tx, values)
	if err != nil {
		return fmt.Errorf("save to %s: %w", t.name, err)
	}
	if _, err := tx.Exec(ctx, s.save, args...); err != nil {
		return fmt.Errorf("save to %s: %w", t.name, err)
	}
	return nil
}

// Insert adds rows whose keys are new, as tables do that only grow. It uses
// COPY, which is the fastest way for many rows.
func (t *Table[K, R]) Insert(ctx context.Context, tx pgx.Tx, rows iter.Seq[*R]) error {
	s, err := t.statements(ctx, tx)
	if err != nil {
		return err
	}
	next, stop := iter.Pull(rows)
	defer stop()
	values := make([]any, len(t.columns))
	source := pgx.CopyFromFunc(func() ([]any, error) {
		row, more := next()
		if !more {
			return nil, nil
		}
		t.values(row, values)
		s.fillArrays(values)
		return values, nil
	})
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.names(), source); err != nil {
		return fmt.Errorf("insert into %s: %w", t.name, err)
	}
	return nil
}

// Delete removes the rows with these keys in one round trip.
func (t *Table[K, R]) Delete(ctx context.Context, tx pgx.Tx, keys []K) error {
	if len(keys) == 0 {
		return nil
	}
	s, err := t.statements(ctx, tx)
	if err != nil {
		return err
	}
	args, err := s.keyArgs(tx, t.keyColumns(keys))
	if err != nil {
		return fmt.Errorf("delete from %s: %w", t.name, err)
	}
	if _, err := tx.Exec(ctx, s.remove, args...); err != nil {
		return fmt.Errorf("delete from %s: %w", t.name, err)
	}
	return nil
}

// statements is the SQL of the table, made when the types of its columns are
// known. Two that ask at once learn the same.
func (t *Table[K, R]) statements(ctx context.Context, tx pgx.Tx) (*statements, error) {
	if s := t.sql.Load(); s != nil {
		return s, nil
	}
	s, err := learn(ctx, tx, t.name, t.columns)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.name, err)
	}
	t.sql.Store(s)
	return s, nil
}

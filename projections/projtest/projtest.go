// Package projtest is test support for read models. Run proves that a model
// gives the same rows however the log is cut into batches, and hands out the
// database for questions about them; Log makes the events.
//
//	log := projtest.NewLog(t, eventstore.NewRegistry(complaint.Events()))
//	log.Add(stream, by, complaint.Registered{…}, complaint.Accepted{…})
//	pool := projtest.Run(t, desk.New(), log.Events())
//	rows, err := desk.Queries{DB: pool}.List(ctx, …)
package projtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/eventstore"
	"hearth/projections"
)

// Run applies the events to three fresh schemas, in batches of 1, 2 and 100
// events, and fails the test when their rows differ. Every batch of 2 is first
// applied and rolled back, as after a lost connection, so that a model that
// remembers something outside of its tables is found out.
//
// The pool is that of a database of this test alone, in which the rows are
// found, with their indexes, where the model serves: in projections.Schema(p).
func Run(t testing.TB, p projections.Projection, events []eventstore.Recorded) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	serving := projections.Schema(p)
	schemas := map[int]string{1: serving, 2: serving + "_by_2", 100: serving + "_by_100"}
	for _, size := range []int{1, 2, 100} {
		if err := fill(t.Context(), pool, p, schemas[size], events, size); err != nil {
			t.Fatalf("%s in batches of %d: %v", p.Name(), size, err)
		}
	}
	for _, size := range []int{2, 100} {
		if diff := compare(t, pool, serving, schemas[size]); diff != "" {
			t.Errorf("%s: rows differ between batches of 1 (-) and of %d (+):\n%s", p.Name(), size, diff)
		}
	}
	return pool
}

// Apply takes one more batch into the schema where the model serves, for tests
// that look at the rows, add events and look again.
func Apply(t testing.TB, pool *pgxpool.Pool, p projections.Projection, events []eventstore.Recorded) {
	t.Helper()
	if err := apply(t.Context(), pool, p, projections.Schema(p), events, true); err != nil {
		t.Fatalf("%s: %v", p.Name(), err)
	}
}

// Shredded proves that a model that was there when somebody was shredded, and one
// that is built afterwards, have the same rows but for what is personal. It runs
// the log, destroys the keys of subjects, adds a commit with events, and hands
// out the database of each. The model must seal with the vault of the log.
func Shredded(t testing.TB, p projections.Projection, log *Log, subjects []string, add func()) (live, rebuilt *pgxpool.Pool) {
	t.Helper()
	live = Run(t, p, log.Events())
	n := len(log.Commits())
	if err := log.Vault().Shred(t.Context(), subjects...); err != nil {
		t.Fatal(err)
	}
	add()
	Apply(t, live, p, log.Since(n))
	rebuilt = Run(t, p, log.Again())
	schema := projections.Schema(p)
	if was, is := digest(t, live, schema), digest(t, rebuilt, schema); !maps.Equal(was, is) {
		t.Errorf("%s: grown live %v, built after shredding %v", p.Name(), was, is)
	}
	return live, rebuilt
}

// Suspended proves that a model that is built while somebody is suspended has the
// same rows as one that was there before, down to what is sealed; so there is
// nothing to be made good when the data are in use again. It runs the log,
// suspends subjects, runs it again, and hands out the database of the second run.
// The model must seal with the vault of the log.
func Suspended(t testing.TB, p projections.Projection, log *Log, subjects ...string) *pgxpool.Pool {
	t.Helper()
	before := Run(t, p, log.Events())
	if err := log.Vault().Suspend(t.Context(), eventstore.Position(len(log.Commits())+1), subjects...); err != nil {
		t.Fatal(err)
	}
	meanwhile := Run(t, p, log.Again())
	schema := projections.Schema(p)
	for table := range digest(t, before, schema) {
		if was, is := whole(t, before, schema, table), whole(t, meanwhile, schema, table); !slices.Equal(was, is) {
			t.Errorf("%s: rows of %s differ when it is built while somebody is suspended:\n%s\n%s", p.Name(), table, was, is)
		}
	}
	return meanwhile
}

// whole is all rows of a table, as texts.
func whole(t testing.TB, pool *pgxpool.Pool, schema, table string) []string {
	t.Helper()
	rows, _ := pool.Query(t.Context(), "select t::text from "+pgx.Identifier{schema, table}.Sanitize()+" as t order by 1") // CollectRows returns the error
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func digest(t testing.TB, pool *pgxpool.Pool, schema string) (d map[string]projections.TableDigest) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) (err error) {
		d, err = projections.Digest(t.Context(), tx, schema)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func fill(ctx context.Context, pool *pgxpool.Pool, p projections.Projection, schema string, events []eventstore.Recorded, size int) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return projections.MakeTables(ctx, tx, p, schema) })
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(events, size) {
		if size == 2 {
			if err := apply(ctx, pool, p, schema, batch, false); err != nil {
				return err
			}
		}
		if err := apply(ctx, pool, p, schema, batch, true); err != nil {
			return err
		}
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return projections.MakeIndexes(ctx, tx, p, schema) })
}

var errRollBack = errors.New("roll back")

func apply(ctx context.Context, pool *pgxpool.Pool, p projections.Projection, schema string, batch []eventstore.Recorded, keep bool) error {
	ctx = eventstore.Resealing(ctx) // as the runner does
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := projections.UseSchema(ctx, tx, schema); err != nil {
			return err
		}
		if err := p.Apply(ctx, tx, batch); err != nil {
			return fmt.Errorf("apply %d events from position %d: %w", len(batch), batch[0].Position, err)
		}
		if !keep {
			return errRollBack
		}
		return nil
	})
	if errors.Is(err, errRollBack) {
		return nil
	}
	return err
}

// compare is empty when two schemas hold the same rows, else it shows some that
// differ.
func compare(t testing.TB, pool *pgxpool.Pool, a, b string) string {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	one, other := digest(t, pool, a), digest(t, pool, b)
	for _, table := range slices.Sorted(maps.Keys(one)) {
		// What is sealed is the same too, as long as its keys are there.
		less, more := except(t, tx, a, b, table), except(t, tx, b, a, table)
		if one[table] != other[table] || len(less)+len(more) > 0 {
			return table + ":\n" + marked("-", less) + marked("+", more)
		}
	}
	return ""
}

func marked(sign string, rows []string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(sign + " " + row + "\n")
	}
	return b.String()
}

// shown is how many rows of a difference are enough.
const shown = 20

// except lists rows of a table that one schema has and the other has not.
func except(t testing.TB, tx pgx.Tx, in, notIn, table string) []string {
	t.Helper()
	sql := fmt.Sprintf(`select t::text from %s as t except all select t::text from %s as t order by 1 limit %d`,
		pgx.Identifier{in, table}.Sanitize(), pgx.Identifier{notIn, table}.Sanitize(), shown)
	rows, _ := tx.Query(t.Context(), sql) // CollectRows returns the error
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

package timeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/timeline"
)

// notes are n entries of cases with 40 events each, from an event on.
func notes(from, n int) []eventstore.Recorded {
	batch := make([]eventstore.Recorded, n)
	for i := range batch {
		at := start.Add(time.Duration(from+i) * time.Second)
		batch[i] = eventstore.Recorded{
			Stream:  eventstore.StreamID{Family: complaint.Family, Case: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, (from+i)/40)).String()},
			Version: uint64((from+i)%40 + 1), Position: eventstore.Position(from + i + 1), OccurredAt: at,
			Type: "complaint.contact_attempted", Event: complaint.ContactAttempted{With: "worker", How: "phone", Purpose: "inquiry", By: "u5", Gist: "问了工资和工期,约好周五再联系"},
			Meta: eventstore.Meta{By: domain.By{At: at, Actor: domain.Actor{ID: "u5", Org: "jc", Role: domain.RoleHandler}}},
		}
	}
	return batch
}

// BenchmarkApply takes over batches of 1,000 events without indexes, as a
// rebuild does.
func BenchmarkApply(b *testing.B) {
	pool := pgtest.Pool(b)
	v := vault.NewMemory()
	p := timeline.New(v)
	check(b, pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		return projections.MakeTables(b.Context(), tx, p, projections.Schema(p))
	}))
	at, size := 0, 1000
	for b.Loop() {
		batch := notes(at, size)
		at += size
		check(b, pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
			if err := projections.UseSchema(b.Context(), tx, projections.Schema(p)); err != nil {
				return err
			}
			return p.Apply(b.Context(), tx, batch)
		}))
	}
	b.ReportMetric(float64(at)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkCase reads the 40 entries of one case among 200,000.
func BenchmarkCase(b *testing.B) {
	pool := pgtest.Pool(b)
	v := vault.NewMemory()
	p := timeline.New(v)
	check(b, pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		if err := projections.MakeTables(b.Context(), tx, p, projections.Schema(p)); err != nil {
			return err
		}
		for at := 0; at < 200_000; at += 10_000 {
			if err := p.Apply(b.Context(), tx, notes(at, 10_000)); err != nil {
				return err
			}
		}
		return projections.MakeIndexes(b.Context(), tx, p, projections.Schema(p))
	}))
	q := timeline.NewQueries(pool, v)
	id := notes(77_000, 1)[0].Stream
	for b.Loop() {
		entries, err := q.Case(b.Context(), id, 0, "", 1000)
		if err != nil || len(entries) != 40 {
			b.Fatalf("%d entries, %v", len(entries), err)
		}
	}
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

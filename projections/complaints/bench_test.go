package complaints

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
)

const (
	benchEvents  = 200_000
	benchCommits = 1000 // of a batch, as the runner takes them
	benchOpen    = 400  // cases that are worked at the same time
)

// busyOffice is a log of that many events: worked cases, each copied many times
// under another number, and so mixed that many are open at any time. The result
// is cut into the batches that a runner would take.
func busyOffice(b *testing.B, total int) [][]eventstore.Recorded {
	b.Helper()
	o := newOffice(b)
	o.careers(200)
	var lives [][]eventstore.Commit
	at := map[string]int{}
	for _, c := range o.log.Commits() {
		i, known := at[c.Stream.Case]
		if !known {
			i = len(lives)
			at[c.Stream.Case] = i
			lives = append(lives, nil)
		}
		lives[i] = append(lives[i], c)
	}
	var batches [][]eventstore.Recorded
	var batch []eventstore.Recorded
	var open []*copied
	made, commits, position := 0, 0, 0
	for n := 0; made < total; n++ {
		if len(open) < benchOpen {
			open = append(open, newCopy(lives[n%len(lives)], n))
		}
		c := open[n%len(open)]
		position++
		events := c.next(position)
		made += len(events)
		batch = append(batch, events...)
		if commits++; commits == benchCommits {
			batches, batch, commits = append(batches, batch), nil, 0
		}
		if c.done() {
			open = slices.DeleteFunc(open, func(x *copied) bool { return x == c })
		}
	}
	return append(batches, batch)
}

// copied is a worked case under another id and number.
type copied struct {
	life []eventstore.Commit
	id   uuid.UUID
	no   string
	at   int
}

func newCopy(life []eventstore.Commit, n int) *copied {
	return &copied{life: life, id: name(fmt.Sprint("copy ", n)), no: fmt.Sprintf("投诉〔2026〕%d号", n+1)}
}

func (c *copied) done() bool { return c.at == len(c.life) }

func (c *copied) next(position int) []eventstore.Recorded {
	events := slices.Clone(c.life[c.at].Events)
	c.at++
	for i := range events {
		events[i].Stream.Case, events[i].Position = c.id.String(), eventstore.Position(position)
		if reg, ok := events[i].Event.(complaint.Registered); ok {
			reg.No = c.no
			events[i].Event = reg
		}
	}
	return events
}

// BenchmarkCatchUp takes 200,000 events into the model with its indexes in place,
// beside raw pgx batches that write the same rows in the same transactions, and
// beside a rebuild, which makes the indexes at the end.
func BenchmarkCatchUp(b *testing.B) {
	batches := busyOffice(b, benchEvents)
	events := 0
	for _, batch := range batches {
		events += len(batch)
	}
	raw := written(b, batches)
	m := New(vault.NewMemory())
	apply := func(tx pgx.Tx, i int) error { return m.Apply(b.Context(), tx, batches[i]) }
	// A rebuild that takes ten batches at once writes each row less often.
	tenfold := func(tx pgx.Tx, i int) error {
		if i%10 != 9 && i != len(batches)-1 {
			return nil
		}
		return m.Apply(b.Context(), tx, slices.Concat(batches[i-i%10:i+1]...))
	}
	for b.Loop() {
		took := race(b, len(batches),
			runner{true, func(tx pgx.Tx, i int) error { return tx.SendBatch(b.Context(), raw[i].queue()).Close() }},
			runner{true, apply}, runner{false, apply}, runner{false, tenfold})
		b.ReportMetric(float64(events)/took[1].Seconds(), "events/s")
		b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "of_raw")
		b.ReportMetric(took[1].Seconds()/took[2].Seconds(), "rebuild_x")
		b.ReportMetric(took[1].Seconds()/took[3].Seconds(), "rebuild_tenfold_x")
		b.ReportMetric(float64(raw.rows())/float64(events), "rows/event")
	}
}

// runner is one way to take the batches, with the indexes in place or made at
// the end.
type runner struct {
	indexed bool
	batch   func(tx pgx.Tx, i int) error
}

// race lets each runner take every batch in a transaction on tables of its own,
// in turns, so that they share the weather, and says how long each took, indexes
// that are made at the end included.
func race(b *testing.B, n int, runners ...runner) []time.Duration {
	b.Helper()
	m := New(vault.NewMemory())
	serving := projections.Schema(m)
	in := func(pool *pgxpool.Pool, f func(tx pgx.Tx) error) time.Duration {
		b.Helper()
		begin := time.Now()
		err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
			if err := projections.UseSchema(b.Context(), tx, serving); err != nil {
				return err
			}
			return f(tx)
		})
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(begin)
	}
	index := func(tx pgx.Tx) error { return projections.MakeIndexes(b.Context(), tx, m, serving) }
	pools, took := make([]*pgxpool.Pool, len(runners)), make([]time.Duration, len(runners))
	for k, r := range runners {
		pools[k] = pgtest.Pool(b, pgtest.WithSync())
		in(pools[k], func(tx pgx.Tx) error { return projections.MakeTables(b.Context(), tx, m, serving) })
		if r.indexed {
			in(pools[k], index)
		}
	}
	for i := range n {
		for k, r := range runners {
			took[k] += in(pools[k], func(tx pgx.Tx) error { return r.batch(tx, i) })
		}
	}
	for k, r := range runners {
		if !r.indexed {
			took[k] += in(pools[k], index)
		}
	}
	return took
}

// upsert is one row as raw pgx writes it.
type upsert struct {
	sql    string
	values []any
}

// rawBatch is the rows that one batch of events writes.
type rawBatch []upsert

func (w rawBatch) queue() *pgx.Batch {
	batch := &pgx.Batch{}
	for _, u := range w {
		batch.Queue(u.sql, u.values...)
	}
	return batch
}

// written applies the batches once and notes every row that they write.
func written(b *testing.B, batches [][]eventstore.Recorded) rawWrites {
	b.Helper()
	var all rawWrites
	m := New(vault.NewMemory())
	race(b, len(batches), runner{true, func(tx pgx.Tx, i int) error {
		in, err := m.load(b.Context(), tx, batches[i])
		if err != nil {
			return err
		}
		for n := range batches[i] {
			in.apply(&batches[i][n], batches[i][n].Event.(complaint.Event))
		}
		var list rawBatch
		list = note(list, "complaint", maps.Values(in.rows))
		list = note(list, "claimant", maps.Values(in.claimants.changed))
		list = note(list, "clock", maps.Values(in.clocks.changed))
		list = note(list, "promise", maps.Values(in.promises.changed))
		list = note(list, "callback", maps.Values(in.callbacks.changed))
		list = note(list, "payment", maps.Values(in.payments.changed))
		list = note(list, "party", maps.Values(in.parties.changed))
		list = note(list, "hint", maps.Values(in.hints.changed))
		all = append(all, list)
		return in.save(b.Context(), tx)
	}})
	return all
}

// rawWrites are those of all batches.
type rawWrites []rawBatch

func (w rawWrites) rows() int {
	n := 0
	for _, list := range w {
		n += len(list)
	}
	return n
}

// note writes down each row as the upsert of one line that a programmer would
// write by hand.
func note[R any](list rawBatch, table string, rows iter.Seq[*R]) rawBatch {
	t := reflect.TypeFor[R]()
	var columns, params, keys, updates []string
	var fields []int // those that are columns
	for i := range t.NumField() {
		column, option, _ := strings.Cut(t.Field(i).Tag.Get("db"), ",")
		if column == "-" {
			continue
		}
		fields = append(fields, i)
		columns, params = append(columns, column), append(params, fmt.Sprintf("$%d", len(fields)))
		if option == "key" {
			keys = append(keys, column)
		} else {
			updates = append(updates, column+" = excluded."+column)
		}
	}
	sql := fmt.Sprintf("insert into %s (%s) values (%s) on conflict (%s) do update set %s", table,
		strings.Join(columns, ", "), strings.Join(params, ", "), strings.Join(keys, ", "), strings.Join(updates, ", "))
	for row := range rows {
		v := reflect.ValueOf(*row)
		values := make([]any, len(fields))
		for i, f := range fields {
			values[i] = v.Field(f).Interface()
			if f := v.Field(f); f.Kind() == reflect.Slice && f.IsNil() {
				values[i] = reflect.MakeSlice(f.Type(), 0, 0).Interface()
			}
		}
		list = append(list, upsert{sql, values})
	}
	return list
}

// BenchmarkQueries asks what pages ask, of the cases of 200,000 events.
func BenchmarkQueries(b *testing.B) {
	m := New(vault.NewMemory())
	var pool *pgxpool.Pool
	batches := busyOffice(b, benchEvents)
	pool = pgtest.Pool(b)
	in := func(f func(tx pgx.Tx) error) {
		if err := pgx.BeginFunc(b.Context(), pool, f); err != nil {
			b.Fatal(err)
		}
	}
	in(func(tx pgx.Tx) error { return projections.MakeTables(b.Context(), tx, m, projections.Schema(m)) })
	for _, batch := range batches {
		in(func(tx pgx.Tx) error {
			if err := projections.UseSchema(b.Context(), tx, projections.Schema(m)); err != nil {
				return err
			}
			return m.Apply(b.Context(), tx, batch)
		})
	}
	in(func(tx pgx.Tx) error { return projections.MakeIndexes(b.Context(), tx, m, projections.Schema(m)) })
	q, v := Queries{pool, m.vault}, everything
	now := Moment{At: monday.Add(200 * day), Calendar: cal2026, Units: counties()}
	for what, ask := range map[string]func(ctx context.Context) error{
		"list": func(ctx context.Context) error { _, err := q.List(ctx, v, Filter{}, ""); return err },
		"list/due": func(ctx context.Context) error {
			_, err := q.List(ctx, v, Filter{Sort: SortDue, Open: true}, "")
			return err
		},
		"list/text":  func(ctx context.Context) error { _, err := q.List(ctx, v, Filter{Text: "宏达1"}, ""); return err },
		"inbox/hand": func(ctx context.Context) error { _, err := q.Inbox(ctx, viewerOf(handler), rules()); return err },
		"inbox/disp": func(ctx context.Context) error { _, err := q.Inbox(ctx, viewerOf(dispatcher), rules()); return err },
		"desk": func(ctx context.Context) error {
			_, err := q.Desk(ctx, viewerOf(operator), rules(), now.At)
			return err
		},
		"hints": func(ctx context.Context) error {
			_, err := q.Hints(ctx, v, HintQuery{Reporter: name("reporter 7"), Employer: "宏达17建筑", At: monday.Add(10 * day)})
			return err
		},
		"board": func(ctx context.Context) error {
			_, err := q.Board(ctx, v, now, Period{date("2026-03-01"), date("2026-12-31")}, "")
			return err
		},
		"series": func(ctx context.Context) error {
			_, err := q.Series(ctx, v, now, []string{"received", "closed", "recovered"}, Months(12, date("2026-12-01")), "")
			return err
		},
		"ticks": func(ctx context.Context) error { _, err := q.Ticks(ctx, cal2026, monday.Add(10*day)); return err },
	} {
		b.Run(what, func(b *testing.B) {
			for b.Loop() {
				if err := ask(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

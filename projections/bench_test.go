package projections_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/natsserver/natstest"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/projections"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	benchCases  = 20_000
	benchEvents = 10 // of each case
	benchBatch  = 5000
)

// jetStream is the real store, which acknowledges what is on disk.
func jetStream(t testing.TB) eventstore.Store {
	t.Helper()
	nc := natstest.Start(t, natstest.WithSync())
	js, err := jetstream.New(nc)
	must(t, err)
	must(t, natsstore.Provision(t.Context(), js, natsstore.Config{}))
	store, err := natsstore.Open(t.Context(), nc, registry())
	must(t, err)
	t.Cleanup(store.Close)
	return store
}

func TestOnJetStream(t *testing.T) {
	t.Parallel()
	b := setupWith(t, pgtest.Pool(t), jetStream(t))
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() { b.fill(10*w, 10*w+10, 3) })
	}
	r := b.runner(desk{})
	stop := start(t, r)
	writers.Wait()
	end, err := b.store.End(t.Context())
	must(t, err)
	wait(t, r, "desk", end)
	b.counts("desk_v1", 40, 120)
	stop()
	end = b.fill(40, 45, 2)
	start(t, b.runner(desk{}))
	wait(t, r, "desk", end)
	b.counts("desk_v1", 45, 130)
	live := b.digest("desk_v1")
	must(t, r.Rebuild(t.Context(), "desk", nil))
	if now := b.digest("desk_v1"); now["row"] != live["row"] || now["note"] != live["note"] {
		t.Errorf("rebuilt %v, live %v", now, live)
	}
}

// load fills a store with cases as they come in practice: one after the other,
// each with an event now and then for as long as some 1,500 others are open.
func load(b *testing.B, store eventstore.Store) eventstore.Position {
	b.Helper()
	const pause = 170 // new cases between two events of one
	heads := make(map[int]eventstore.Head, benchCases)
	var changes []eventstore.Change
	var cases []int // of the changes
	flush := func() {
		stored, err := store.Append(b.Context(), changes...)
		must(b, err)
		for i, n := range cases {
			heads[n] = stored[i]
		}
		changes, cases = nil, nil
	}
	for now := range benchCases + benchEvents*pause {
		for k := range benchEvents {
			n := now - k*pause
			if n < 0 || n >= benchCases {
				continue
			}
			command := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, n, k))
			cases = append(cases, n)
			changes = append(changes, eventstore.Change{Stream: stream(n), Head: heads[n], Drafts: []eventstore.Draft{{
				ID: eventstore.EventID(command, 0), Event: event(n, k), Meta: eventstore.Meta{CommandID: command, By: clerk},
			}}})
		}
		if len(changes) > 500 || now%pause == pause-1 {
			flush()
		}
	}
	if len(changes) > 0 {
		flush()
	}
	end, err := store.End(b.Context())
	must(b, err)
	return end
}

// withIndexes is the desk as it is when it serves: with its indexes from the
// beginning.
type withIndexes struct{ desk }

func (w withIndexes) Tables() string  { return deskTables + deskIndexes }
func (w withIndexes) Indexes() string { return "" }

// BenchmarkCatchUp takes 200,000 events into a desk of 20 columns, 4 indexes and
// a table of notes: by hand with pgx.Batch, by a runner that has fallen behind,
// and by a rebuild, which makes the indexes at the end. All in one run, as only
// the ratios last.
func BenchmarkCatchUp(b *testing.B) {
	store := jetStream(b)
	end := load(b, store)
	for b.Loop() {
		pool := pgtest.Pool(b, pgtest.WithSync())
		d := setupWith(b, pool, store)
		events := float64(benchCases * benchEvents)

		raw := rawPgx(b, pool, store, end)

		// The desk is built while the log seems empty, and then serves.
		hidden := &shortStore{Store: store}
		hidden.cut.Store(int64(end))
		r := projections.New(pool, hidden, projections.Options{Batch: benchBatch}, desk{})
		live := timed(func() {
			stop := start(b, r)
			wait(b, r, "desk", end)
			stop()
		})
		d.counts("desk_v1", benchCases, benchCases*benchEvents)

		hidden.cut.Store(0)
		again := timed(func() { must(b, r.Rebuild(b.Context(), "desk", nil)) })
		d.counts("desk_v1", benchCases, benchCases*benchEvents)

		b.ReportMetric(events/raw.Seconds(), "raw-events/s")
		b.ReportMetric(events/live.Seconds(), "catchup-events/s")
		b.ReportMetric(events/again.Seconds(), "rebuild-events/s")
		b.ReportMetric(raw.Seconds()/live.Seconds(), "catchup/raw")
		b.ReportMetric(live.Seconds()/again.Seconds(), "rebuild/catchup")
	}
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// rawPgx is what one would write by hand: for each batch read the rows that it
// is about, change them in memory, and write them with pgx.Batch, together with
// the notes and the checkpoint.
func rawPgx(b *testing.B, pool *pgxpool.Pool, store eventstore.Store, end eventstore.Position) time.Duration {
	b.Helper()
	must(b, pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		if err := projections.MakeTables(b.Context(), tx, withIndexes{}, "raw"); err != nil {
			return err
		}
		_, err := tx.Exec(b.Context(), "create table checkpoint (position bigint); insert into checkpoint values (0)")
		return err
	}))
	conn, err := pool.Acquire(b.Context())
	must(b, err)
	defer conn.Release()
	_, err = conn.Exec(b.Context(), "set search_path = raw; set synchronous_commit = off")
	must(b, err)
	defer func() {
		_, err := conn.Exec(b.Context(), "reset search_path; reset synchronous_commit")
		must(b, err)
	}()
	return timed(func() {
		var batch []eventstore.Recorded
		for ev, err := range eventstore.After(b.Context(), store, 0) {
			must(b, err)
			if batch = append(batch, ev); len(batch) == benchBatch || ev.Position == end {
				must(b, pgx.BeginFunc(b.Context(), conn, func(tx pgx.Tx) error { return rawApply(b.Context(), tx, batch) }))
				batch = batch[:0]
			}
		}
	})
}

const rawColumns = `case_id, case_no, state, employer, county, category, risk, owner_org, owner, persons, owed_fen,
	paid_fen, events, received_at, changed_at, closed_at, due, collective, tags, last`

const rawUpsert = `insert into row (` + rawColumns + `)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
	on conflict (case_id) do update set case_no = excluded.case_no, state = excluded.state, employer = excluded.employer,
	county = excluded.county, category = excluded.category, risk = excluded.risk, owner_org = excluded.owner_org,
	owner = excluded.owner, persons = excluded.persons, owed_fen = excluded.owed_fen, paid_fen = excluded.paid_fen,
	events = excluded.events, received_at = excluded.received_at, changed_at = excluded.changed_at,
	closed_at = excluded.closed_at, due = excluded.due, collective = excluded.collective, tags = excluded.tags,
	last = excluded.last`

func rawApply(ctx context.Context, tx pgx.Tx, events []eventstore.Recorded) error {
	ids := make([]uuid.UUID, len(events))
	for i, ev := range events {
		ids[i], _ = deskKey(ev)
	}
	found, err := tx.Query(ctx, "select "+rawColumns+" from row where case_id = any ($1)", ids)
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(found, pgx.RowToAddrOfStructByName[deskRow])
	if err != nil {
		return err
	}
	rows := map[uuid.UUID]*deskRow{}
	for _, r := range known {
		rows[r.Case] = r
	}
	for i, ev := range events {
		r := rows[ids[i]]
		if r == nil {
			r = &deskRow{Case: ids[i]}
			rows[ids[i]] = r
		}
		deskEvolve(r, ev)
	}
	batch := &pgx.Batch{}
	for _, r := range rows {
		if r.Tags == nil {
			r.Tags = []string{}
		}
		if r.Last == nil {
			r.Last = map[string]string{}
		}
		batch.Queue(rawUpsert, r.Case, r.No, string(r.State), r.Employer, r.County, r.Category, r.Risk, r.OwnerOrg, r.Owner,
			r.Persons, r.Owed, r.Paid, r.Events, r.Received, r.Changed, r.Closed, r.Due, r.Collective, r.Tags, r.Last)
	}
	for i, ev := range events {
		batch.Queue("insert into note (position, index, case_id, type) values ($1, $2, $3, $4)", ev.Position, ev.Index, ids[i], ev.Type)
	}
	batch.Queue("update checkpoint set position = $1", events[len(events)-1].Position)
	return tx.SendBatch(ctx, batch).Close()
}

// BenchmarkVisible is the time from the acknowledged append to the row that the
// next page reads, in the process that writes and in one that only listens.
func BenchmarkVisible(b *testing.B) {
	for _, elsewhere := range []bool{false, true} {
		b.Run(fmt.Sprintf("elsewhere=%t", elsewhere), func(b *testing.B) {
			d := setupWith(b, pgtest.Pool(b, pgtest.WithSync()), jetStream(b))
			r := d.runner(desk{}, desk{name: "second"}, desk{name: "third"})
			start(b, r)
			monitor := r.Monitor
			if elsewhere {
				monitor = projections.NewMonitor(d.pool, d.store, projections.Options{}, desk{})
				start(b, monitor)
			}
			wait(b, monitor, "desk", d.fill(0, 100, 3))
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				pos := d.append(stream(n%1000), domain.Event(noted{Text: "x"}))
				accepted := time.Now()
				wait(b, monitor, "desk", pos)
				took = append(took, time.Since(accepted))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

package projections_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/projections"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// quick makes everything that is waited for come soon.
var quick = projections.Options{
	RetryStopped: time.Hour, MaxBackoff: 200 * time.Millisecond, Heartbeat: 50 * time.Millisecond, Batch: 25,
}

// bundle is what most tests need: a database and a log.
type bundle struct {
	t     testing.TB
	pool  *pgxpool.Pool
	store eventstore.Store
	log   *logBook

	mu    sync.Mutex
	heads map[eventstore.StreamID]eventstore.Head // guarded by mu
}

func setup(t testing.TB) *bundle {
	t.Helper()
	return setupWith(t, pgtest.Pool(t), memstore.New(registry()))
}

func setupWith(t testing.TB, pool *pgxpool.Pool, store eventstore.Store) *bundle {
	t.Helper()
	must(t, postgres.Migrate(t.Context(), pool))
	return &bundle{t: t, pool: pool, store: store, log: &logBook{}, heads: map[eventstore.StreamID]eventstore.Head{}}
}

// append stores one commit and returns its position. Each stream has one writer.
func (b *bundle) append(id eventstore.StreamID, events ...domain.Event) eventstore.Position {
	b.t.Helper()
	b.mu.Lock()
	change := eventstore.Change{Stream: id, Head: b.heads[id]}
	b.mu.Unlock()
	command := uuid.New()
	for i, ev := range events {
		change.Drafts = append(change.Drafts, eventstore.Draft{
			ID: eventstore.EventID(command, i), Event: ev, Meta: eventstore.Meta{CommandID: command, By: clerk},
		})
	}
	heads, err := b.store.Append(b.t.Context(), change)
	if err != nil {
		b.t.Errorf("append to %s: %v", id, err)
		return 0
	}
	b.mu.Lock()
	b.heads[id] = heads[0]
	b.mu.Unlock()
	return heads[0].Position
}

// fill appends the first events of the cases from..to and returns the end.
func (b *bundle) fill(from, to, events int) eventstore.Position {
	b.t.Helper()
	var end eventstore.Position
	for k := range events {
		for n := from; n < to; n++ {
			end = b.append(stream(n), event(n, k))
		}
	}
	return end
}

// runner makes a Runner that logs to the bundle's book.
func (b *bundle) runner(models ...projections.Projection) *projections.Runner {
	return b.runnerOn(b.store, models...)
}

func (b *bundle) runnerOn(store eventstore.Store, models ...projections.Projection) *projections.Runner {
	opts := quick
	opts.Logger = slog.New(slog.NewTextHandler(b.log, nil))
	return projections.New(b.pool, store, opts, models...)
}

// start runs a Runner or Monitor and returns what stops it. It ends with the
// test at the latest.
func start(t testing.TB, r interface{ Run(context.Context) error }) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(patience):
			t.Error("the runner does not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

// wait waits until a model has come to a position.
func wait(t testing.TB, m interface {
	Wait(context.Context, string, eventstore.Position) error
	Status(context.Context) []projections.Status
}, name string, pos eventstore.Position,
) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := m.Wait(ctx, name, pos); err != nil {
		t.Fatalf("%v\n%+v", err, m.Status(t.Context()))
	}
}

// until polls until it holds.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

// status is that of one model.
func status(t testing.TB, m interface {
	Status(context.Context) []projections.Status
}, name string,
) projections.Status {
	t.Helper()
	for _, s := range m.Status(t.Context()) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no status of %s", name)
	return projections.Status{}
}

// number is the result of a query that gives one.
func (b *bundle) number(sql string, args ...any) int {
	b.t.Helper()
	var n int
	if err := b.pool.QueryRow(b.t.Context(), sql, args...).Scan(&n); err != nil {
		b.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// counts checks that every event was applied once.
func (b *bundle) counts(schema string, cases, events int) {
	b.t.Helper()
	rows := b.number(fmt.Sprintf("select count(*) from %s.row", schema))
	sum := b.number(fmt.Sprintf("select coalesce(sum(events), 0) from %s.row", schema))
	notes := b.number(fmt.Sprintf("select count(*) from %s.note", schema))
	applied := b.number("select events from hearth.projection where schema = $1", schema)
	if rows != cases || sum != events || notes != events || applied != events {
		b.t.Errorf("%s: %d rows of %d events, %d notes, %d counted; want %d rows and %d events",
			schema, rows, sum, notes, applied, cases, events)
	}
}

// digest is that of a schema.
func (b *bundle) digest(schema string) map[string]projections.TableDigest {
	b.t.Helper()
	var d map[string]projections.TableDigest
	must(b.t, pgx.BeginFunc(b.t.Context(), b.pool, func(tx pgx.Tx) (err error) {
		d, err = projections.Digest(b.t.Context(), tx, schema)
		return err
	}))
	return d
}

// schemas lists those of models.
func (b *bundle) schemas() string {
	b.t.Helper()
	var names string
	err := b.pool.QueryRow(b.t.Context(), `select coalesce(string_agg(nspname, ' ' order by nspname), '') from pg_namespace
		where nspname !~ '^(pg_|information_schema|public|hearth)'`).Scan(&names)
	must(b.t, err)
	return names
}

// kill ends the connections of the writers of a schema and returns how many.
func (b *bundle) kill(schema string) int {
	b.t.Helper()
	return b.number(`select count(pg_terminate_backend(pid)) from pg_stat_activity
		where datname = current_database() and application_name = 'hearth ' || $1`, schema)
}

// logBook collects what is logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) count(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), message)
}

package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
	"hearth/projections/archive"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// bundle is what most tests need: a database, a log and what is told.
type bundle struct {
	t    testing.TB
	pool *pgxpool.Pool
	log  *memstore.Store
	book *logBook
}

func setup(t testing.TB) *bundle {
	t.Helper()
	return &bundle{t: t, pool: pgtest.Pool(t, pgtest.Installed()), log: memstore.New(storetest.Registry()), book: &logBook{}}
}

// options make everything that is waited for come soon, and partitions small.
func (b *bundle) options() archive.Options {
	return archive.Options{
		Logger: slog.New(slog.NewTextHandler(b.book, nil)), Batch: 50, PartitionSize: 64,
		RetryStopped: 50 * time.Millisecond, MaxBackoff: 100 * time.Millisecond, Heartbeat: 20 * time.Millisecond,
	}
}

func (b *bundle) archive() *archive.Archive { return archive.New(b.pool, b.log, b.options()) }

// fill appends n commits, each to a stream of its own.
func (b *bundle) fill(n int) { fill(b.t, b.log, n) }

func fill(t testing.TB, store eventstore.Store, n int) {
	t.Helper()
	for i := range n {
		_, err := store.Append(t.Context(), storetest.Change(storetest.Stream(), eventstore.Head{}, strings.Repeat("字", i%700), "second"))
		must(t, err)
	}
}

// start runs an archive and returns what stops it. It ends with the test at the
// latest.
func start(t testing.TB, a *archive.Archive) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(patience):
			t.Error("the archive does not stop")
		}
	})
	t.Cleanup(stop)
	return stop
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

// caughtUp waits until the archive has all of the log.
func caughtUp(t testing.TB, a *archive.Archive) {
	t.Helper()
	until(t, "all is archived", func() bool {
		s := a.Status(t.Context())
		return s.Problem == "" && s.Position == s.End
	})
}

// archived runs an archive until it has all of the log.
func (b *bundle) archived() *archive.Archive {
	b.t.Helper()
	a := b.archive()
	stop := start(b.t, a)
	caughtUp(b.t, a)
	stop()
	return a
}

// stored reads a whole log.
func stored(t testing.TB, log eventstore.Log) []eventstore.Message {
	t.Helper()
	end, err := log.End(t.Context())
	must(t, err)
	var all []eventstore.Message
	must(t, eventstore.ReadMessages(t.Context(), log, 0, end, func(page []eventstore.Message) error {
		all = append(all, page...)
		return nil
	}))
	return all
}

// same fails unless archive and log hold the same.
func same(t testing.TB, r *archive.Reader, log eventstore.Log) {
	t.Helper()
	want := stored(t, log)
	end, err := r.End(t.Context())
	must(t, err)
	if int(end) != len(want) {
		t.Fatalf("the archive ends at %d, the log at %d", end, len(want))
	}
	i := 0
	must(t, r.Messages(t.Context(), 0, end, func(page []eventstore.Message) error {
		for _, m := range page {
			w := want[i]
			if m.Position != w.Position || m.Subject != w.Subject || !bytes.Equal(m.Body, w.Body) || !m.StoredAt.Equal(w.StoredAt.Truncate(time.Microsecond)) {
				return fmt.Errorf("position %d: archived %v %s %q, stored %v %s %q", w.Position, m.Position, m.Subject, m.Body, w.Position, w.Subject, w.Body)
			}
			i++
		}
		return nil
	}))
	if i != len(want) {
		t.Fatalf("read %d messages, want %d", i, len(want))
	}
}

// exec runs a statement that must work.
func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	if _, err := b.pool.Exec(b.t.Context(), sql, args...); err != nil {
		b.t.Fatalf("%s: %v", sql, err)
	}
}

func (b *bundle) number(sql string, args ...any) (n int) {
	b.t.Helper()
	if err := b.pool.QueryRow(b.t.Context(), sql, args...).Scan(&n); err != nil {
		b.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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

package archive_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/natsserver/natstest"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
	"hearth/projections"
	"hearth/projections/archive"
)

// All is archived in any size of batch, with a restart between any two of them.
func TestBatchesAndRestarts(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{1, 2, 100} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			opts := b.options()
			opts.Batch = batch
			for range 4 { // over the borders of partitions
				b.fill(50)
				a := archive.New(b.pool, b.log, opts)
				stop := start(t, a)
				caughtUp(t, a)
				stop()
			}
			same(t, archive.NewReader(b.pool), b.log)
			if n := b.number("select count(*) from pg_inherits where inhparent = 'archive.message'::regclass"); n != 4 {
				t.Errorf("%d partitions, want 4 of 64 positions", n)
			}
		})
	}
}

func jetStream(t testing.TB, opts ...natstest.Option) (*natsstore.Store, *nats.Conn) {
	t.Helper()
	nc := natstest.Start(t, opts...)
	js, err := jetstream.New(nc)
	must(t, err)
	must(t, natsstore.Provision(t.Context(), js, natsstore.Config{}))
	store, err := natsstore.Open(t.Context(), nc, storetest.Registry())
	must(t, err)
	t.Cleanup(store.Close)
	return store, nc
}

// Sixteen writers append while it archives, its connection is cut, and messages
// come that no program understands: the archive has every byte.
func TestWhileWritersAppend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	store, nc := jetStream(t)
	a := archive.New(b.pool, store, b.options())
	start(t, a)
	var writers sync.WaitGroup
	for range 16 {
		writers.Go(func() { fill(t, store, 40) })
	}
	writers.Go(func() {
		for _, body := range []string{"", "no event", "\x00\xff\xfe", strings.Repeat("x", 300_000)} {
			if _, err := nc.Request("ev.odd.1", []byte(body), patience); err != nil {
				t.Errorf("publish: %v", err)
			}
		}
	})
	for range 3 {
		at := a.Status(t.Context()).Position
		until(t, "it goes on after a cut", func() bool { return a.Status(t.Context()).Position > at })
		b.number(`select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and application_name like 'hearth archive %'`)
	}
	writers.Wait()
	caughtUp(t, a)
	same(t, a.Reader, store)
	if end, _ := a.End(t.Context()); end != 16*40+4 {
		t.Errorf("%d messages, want %d", end, 16*40+4)
	}
	if b.book.count("state=retrying") == 0 {
		t.Error("the cuts were not told")
	}
}

// Of two archives one writes; the other takes over.
func TestOneWriter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fill(100)
	one, other := b.archive(), b.archive()
	stopOne, stopOther := start(t, one), start(t, other)
	caughtUp(t, one)
	var writing, waiting *archive.Archive
	until(t, "one writes and one waits", func() bool {
		states := map[projections.State]*archive.Archive{}
		for _, a := range []*archive.Archive{one, other} {
			states[a.Status(t.Context()).State] = a
		}
		writing, waiting = states[projections.StateLive], states[projections.StateWaiting]
		return writing != nil && waiting != nil
	})
	if s := waiting.Status(t.Context()); s.Position != 100 || s.Writer == "" || s.Writing || s.Problem != "" {
		t.Errorf("the one that waits says %+v", s)
	}
	if s := writing.Status(t.Context()); !s.Writing || !s.CaughtUp(patience) {
		t.Errorf("the one that writes says %+v", s)
	}
	if n := b.number("select count(*) from pg_locks where locktype = 'advisory' and granted and pid in (select pid from pg_stat_activity where datname = current_database())"); n != 1 {
		t.Errorf("%d locks", n)
	}
	if writing == one {
		stopOne()
	} else {
		stopOther()
	}
	b.fill(100)
	caughtUp(t, waiting)
	same(t, waiting.Reader, b.log)
}

// A log that is not the one that was archived is refused, told, and nothing is
// changed.
func TestOtherLogIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fill(10)
	b.archived()
	refused := func(log eventstore.Log, word string) {
		t.Helper()
		a := archive.New(b.pool, log, b.options())
		stop := start(t, a)
		defer stop()
		until(t, "it stops", func() bool { return a.Status(t.Context()).State == projections.StateStopped })
		s := a.Status(t.Context())
		if !strings.Contains(s.Problem, archive.ErrOtherLog.Error()) || !strings.Contains(s.Problem, word) || s.Position != 10 || s.CaughtUp(patience) {
			t.Errorf("the status of a log that is refused: %+v", s)
		}
	}
	another := memstore.New(storetest.Registry())
	fill(t, another, 20)
	refused(another, "属于日志")
	refused(named{another, b.log}, "不是当时存档的那条") // of the same name, with other messages
	short := memstore.New(storetest.Registry())
	fill(t, short, 5)
	refused(named{short, b.log}, "日志只到 5")
	if n := b.book.count("the archive does not grow"); n != 3 {
		t.Errorf("told %d times, want once for each log", n)
	}
	b.fill(10)
	b.archived()
	same(t, archive.NewReader(b.pool), b.log)
}

// named is a log that gives itself out as another.
type named struct {
	eventstore.Log
	name *memstore.Store
}

func (n named) Identity(ctx context.Context) (eventstore.Identity, error) {
	return n.name.Identity(ctx)
}

// What the database cannot hold is named, and what comes before it is archived.
func TestRefusedMessageIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	store, nc := jetStream(t)
	fill(t, store, 7)
	if _, err := nc.Request("ev.odd.\xff\xfe", []byte("x"), patience); err != nil {
		t.Fatal(err)
	}
	fill(t, store, 3)
	a := archive.New(b.pool, store, b.options())
	start(t, a)
	until(t, "it stops", func() bool { return a.Status(t.Context()).State == projections.StateStopped })
	if s := a.Status(t.Context()); s.Position != 7 || s.Behind != 4 || !strings.Contains(s.Problem, "位置 8") {
		t.Errorf("status: %+v", s)
	}
}

// Without the tables it says what to do, and goes on when they are there.
func TestNotSetUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bare := pgtest.Pool(t)
	err := archive.Check(t.Context(), bare)
	if !errors.Is(err, archive.ErrNotSetUp) || !strings.Contains(err.Error(), "hearth database-sql | psql") {
		t.Errorf("a database without the archive: %v", err)
	}
	must(t, archive.Check(t.Context(), b.pool))
	a := archive.New(bare, b.log, b.options())
	start(t, a)
	until(t, "it stops", func() bool { return a.Status(t.Context()).State == projections.StateStopped })
	if s := a.Status(t.Context()); !strings.Contains(s.Problem, "database-sql") {
		t.Errorf("status: %+v", s)
	}
	if found, err := archive.Weaknesses(t.Context(), bare); err != nil || len(found) == 0 {
		t.Errorf("weaknesses of a database without the archive: %v, %v", found, err)
	}
}

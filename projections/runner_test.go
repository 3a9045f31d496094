package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"hearth/eventstore"
	"hearth/projections"
)

func TestCatchUpAndFollow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := b.fill(0, 50, 5)
	r := b.runner(desk{})
	if err := r.Ready(t.Context()); err == nil {
		t.Error("ready before anything is built")
	}
	if s := status(t, r, "desk"); s.State != projections.StateBuilding || s.Serving || s.Progress != 0 {
		t.Errorf("status before the start: %+v", s)
	}
	start(t, r)
	wait(t, r, "desk", end)
	b.counts("desk_v1", 50, 250)
	if n := b.number("select count(*) from pg_indexes where schemaname = 'desk_v1'"); n != 6 {
		t.Errorf("%d indexes; want 6", n)
	}
	notices, cancel := r.Subscribe()
	defer cancel()
	for n := range 20 {
		pos := b.append(stream(n), event(n, 5), noted{Text: "x"})
		wait(t, r, "desk", pos)
		if got := b.number("select events from desk_v1.row where case_id = $1", caseID(n)); got != 7 {
			t.Fatalf("waited for position %d and read %d events; want 7", pos, got)
		}
		until(t, "notice", func() bool { return (<-notices).Position == pos })
	}
	s := status(t, r, "desk")
	if s.State != projections.StateLive || s.Position != s.End || s.Behind != 0 || s.Lag != 0 || s.Events != 290 || s.Problem != nil {
		t.Errorf("status at the end: %+v", s)
	}
	must(t, r.Ready(t.Context()))
}

func TestEmptyLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{})
	start(t, r)
	until(t, "live", func() bool { return r.Ready(t.Context()) == nil })
	wait(t, r, "desk", b.append(stream(1), event(1, 0)))
}

// Sixteen writers append while the runner is started and stopped and its
// connections are killed. Every event must be there once.
func TestSixteenWritersAndKills(t *testing.T) {
	t.Parallel()
	const writers, cases, events = 16, 5, 12
	b := setup(t)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() { b.fill(w*cases, (w+1)*cases, events) })
	}
	finished := make(chan struct{})
	go func() { all.Wait(); close(finished) }()
	random := rand.New(rand.NewPCG(1, 2))
	for round, writing := 0, true; writing || round < 12; round++ {
		r := b.runner(desk{})
		stop := start(t, r)
		// At least one batch, then something bad at any moment.
		was := b.number("select coalesce(max(position), 0) from hearth.projection")
		until(t, "a step", func() bool {
			return b.number("select coalesce(max(position), 0) from hearth.projection") > was || !writing
		})
		if random.IntN(2) == 0 {
			b.kill("desk_v1")
		}
		stop()
		select {
		case <-finished:
			writing = false
		default:
		}
		if writing {
			b.append(stream(100_000), event(0, round)) // so that there is always another step
		}
	}
	end, err := b.store.End(t.Context())
	must(t, err)
	r := b.runner(desk{})
	start(t, r)
	wait(t, r, "desk", end)
	extra := int(b.heads[stream(100_000)].Version)
	b.counts("desk_v1", writers*cases+min(extra, 1), writers*cases*events+extra)
}

// once is true the first time.
func once() func() bool {
	var done atomic.Bool
	return func() bool { return done.CompareAndSwap(false, true) }
}

func TestCrashBetweenApplyAndCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := once()
	end := b.fill(0, 10, 3)
	r := b.runner(desk{after: func(ctx context.Context, tx pgx.Tx, _ []eventstore.Recorded) error {
		if first() {
			_, err := tx.Exec(ctx, "select pg_terminate_backend(pg_backend_pid())")
			return err
		}
		return nil
	}})
	start(t, r)
	wait(t, r, "desk", end)
	b.counts("desk_v1", 10, 30)
	if n := b.log.count("projection retries"); n != 1 {
		t.Errorf("the lost connection was logged %d times", n)
	}
}

// refuse makes a model refuse notes of a text while on is set.
func refuse(text string, on *atomic.Bool) desk {
	return desk{after: func(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
		for _, ev := range batch {
			if n, ok := ev.Event.(noted); ok && n.Text == text && on.Load() {
				_, err := tx.Exec(ctx, "insert into note values (1, 0, gen_random_uuid(), '身份证') on conflict do nothing; select 'secret'::int")
				return err
			}
		}
		return nil
	}}
}

func TestPoisonEventStopsItsModelAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var poisoned atomic.Bool
	poisoned.Store(true)
	model := refuse("poison", &poisoned)
	good := desk{name: "good"}
	r := b.runner(model, good)
	start(t, r)
	before := b.fill(0, 20, 2)
	wait(t, r, "desk", before)
	bad := b.append(stream(3), noted{Text: "fine"}, noted{Text: "poison"}, noted{Text: "after"})
	end := b.fill(20, 40, 2)

	wait(t, r, "good", end)
	until(t, "stopped", func() bool { return status(t, r, "desk").State == projections.StateStopped })
	s := status(t, r, "desk")
	b.counts("desk_v1", 20, 40)
	if s.Position != before || s.Problem == nil || s.Problem.Kind != projections.ProblemEvent || s.Problem.Position != bad ||
		s.Problem.EventType != "case.noted" || s.Problem.Stream != stream(3).String() || s.Problem.Since.IsZero() {
		t.Errorf("status: %+v\nproblem: %+v", s, s.Problem)
	}
	if id := eventOf(t, b, bad, 1).ID; s.Problem.EventID != id {
		t.Errorf("blamed event %s; want %s", s.Problem.EventID, id)
	}
	if !strings.Contains(s.Problem.Error, "22P02") || strings.Contains(s.Problem.Error, "secret") {
		t.Errorf("error is %q; want the code and not the value", s.Problem.Error)
	}
	if err := r.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "desk_v1") || strings.Contains(err.Error(), "good") {
		t.Errorf("ready: %v; want desk alone to be missing", err)
	}
	if err := r.Wait(t.Context(), "desk", end); !errors.Is(err, projections.ErrBehind) {
		t.Errorf("wait for a stopped model: %v; want ErrBehind at once", err)
	}
	// Others see it, too.
	if s := status(t, projections.NewMonitor(b.pool, b.store, quick, model), "desk"); s.State != projections.StateStopped || s.Problem == nil {
		t.Errorf("status elsewhere: %+v", s)
	}

	must(t, r.Resume(t.Context(), "desk"))
	must(t, r.Resume(t.Context(), "desk"))
	until(t, "another try", func() bool { return status(t, r, "desk").Problem.Since.After(s.Problem.Since) })
	if n := b.log.count("projection stopped"); n != 1 {
		t.Errorf("logged %d times; want once", n)
	}
	poisoned.Store(false)
	must(t, projections.NewMonitor(b.pool, b.store, quick, model).Resume(t.Context(), "desk")) // from elsewhere
	until(t, "ready", func() bool { return r.Ready(t.Context()) == nil })
	wait(t, r, "desk", end)
	b.counts("desk_v1", 40, 83)
	if s := status(t, r, "desk"); s.Problem != nil || s.State != projections.StateLive {
		t.Errorf("status after the fix: %+v", s)
	}
}

func TestStoppedModelTriesAgainByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var poisoned atomic.Bool
	poisoned.Store(true)
	opts := quick
	opts.RetryStopped = 20 * time.Millisecond
	r := projections.New(b.pool, b.store, opts, refuse("poison", &poisoned))
	start(t, r)
	end := b.append(stream(1), noted{Text: "poison"})
	until(t, "stopped", func() bool { return status(t, r, "desk").Problem != nil })
	poisoned.Store(false)
	until(t, "going on", func() bool { return status(t, r, "desk").Position == end })
}

func TestPoisonEventInTheFirstBuild(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var poisoned atomic.Bool
	poisoned.Store(true)
	b.fill(0, 20, 2)
	bad := b.append(stream(3), noted{Text: "poison"})
	end := b.fill(20, 40, 2)
	r := b.runner(refuse("poison", &poisoned))
	stop := start(t, r)
	until(t, "stopped", func() bool { return status(t, r, "desk").State == projections.StateStopped })
	s := status(t, r, "desk")
	if s.Serving || s.Problem == nil || s.Problem.Position != bad || s.Progress == 0 || s.Progress == 1 {
		t.Errorf("status: %+v", s)
	}
	if n := b.number("select position from hearth.projection where building"); n != int(bad)-1 {
		t.Errorf("built up to %d; want %d", n, bad-1)
	}
	stop()
	poisoned.Store(false)
	start(t, b.runner(refuse("poison", &poisoned)))
	until(t, "built", func() bool { return status(t, r, "desk").Position == end })
	b.counts("desk_v1", 40, 81)
}

func TestPanicStopsItsModelAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{name: "bad", before: func(context.Context, pgx.Tx, []eventstore.Recorded) error {
		panic("oops")
	}}, desk{})
	start(t, r)
	wait(t, r, "desk", b.fill(0, 3, 3))
	until(t, "stopped", func() bool { return status(t, r, "bad").State == projections.StateStopped })
	if p := status(t, r, "bad").Problem; p == nil || p.Position != 1 || !strings.HasPrefix(p.Error, "panic at runner_test.go:") {
		t.Errorf("problem: %+v", p)
	}
}

func TestBadTablesStopTheirModelAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{name: "bad", tables: "create tabel x;"}, desk{})
	start(t, r)
	wait(t, r, "desk", b.fill(0, 3, 3))
	until(t, "stopped", func() bool { return status(t, r, "bad").State == projections.StateStopped })
	if p := status(t, r, "bad").Problem; p == nil || p.Kind != projections.ProblemTables || !strings.Contains(p.Error, "42601") {
		t.Errorf("problem: %+v", p)
	}
	if got := b.schemas(); got != "desk_v1" {
		t.Errorf("schemas %q; want desk_v1", got)
	}
}

// eventOf reads an event from the log.
func eventOf(t testing.TB, b *bundle, pos eventstore.Position, index int) eventstore.Recorded {
	t.Helper()
	for ev, err := range eventstore.After(t.Context(), b.store, pos-1) {
		must(t, err)
		if ev.Position == pos && ev.Index == index {
			return ev
		}
	}
	t.Fatalf("no event %d/%d", pos, index)
	return eventstore.Recorded{}
}

// Two instances: the second waits, takes over when the connection of the first
// dies, and the first notices, also when there is nothing to write.
func TestFailOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.runner(desk{}), b.runner(desk{})
	start(t, one)
	wait(t, one, "desk", b.fill(0, 5, 2))
	stopTwo := start(t, two)
	until(t, "the second waits", func() bool { return status(t, two, "desk").State == projections.StateWaiting })
	wait(t, two, "desk", b.fill(5, 10, 2)) // hears of what the first writes
	must(t, two.Ready(t.Context()))

	writers := func() (one_, two_ bool) {
		return status(t, one, "desk").State == projections.StateLive, status(t, two, "desk").State == projections.StateLive
	}
	for i := range 4 {
		if n := b.kill("desk_v1"); n == 0 {
			t.Fatal("nobody to kill")
		}
		end := b.fill(10+i, 11+i, 4)
		wait(t, one, "desk", end)
		wait(t, two, "desk", end)
		until(t, "one writer, one that waits", func() bool { a, b := writers(); return a != b })
	}
	b.counts("desk_v1", 14, 10*2+4*4)
	stopTwo()
	until(t, "the first takes over", func() bool { a, _ := writers(); return a })
	wait(t, one, "desk", b.fill(20, 21, 1))
	stopOne := start(t, b.runner(desk{name: "other"})) // goleak looks for what is left
	stopOne()
}

func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{})
	start(t, r)
	wait(t, r, "desk", b.fill(0, 5, 2))
	// Nobody gets in until the other connection says so.
	admin, err := pgx.ConnectConfig(t.Context(), adminConfig(b))
	must(t, err)
	defer admin.Close(t.Context())
	name := b.pool.Config().ConnConfig.Database
	_, err = admin.Exec(t.Context(), fmt.Sprintf("alter database %s with allow_connections false", name))
	must(t, err)
	_, err = admin.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
	must(t, err)
	end := b.fill(5, 10, 2)
	until(t, "retrying", func() bool {
		s := status(t, r, "desk")
		return s.State == projections.StateRetrying && s.Error != ""
	})
	if err := r.Ready(t.Context()); err == nil {
		t.Error("ready without a database")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.Wait(ctx, "desk", end); !errors.Is(err, projections.ErrBehind) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait without a database: %v", err)
	}
	_, err = admin.Exec(t.Context(), fmt.Sprintf("alter database %s with allow_connections true", name))
	must(t, err)
	wait(t, r, "desk", end)
	b.counts("desk_v1", 10, 20)
	until(t, "ready", func() bool { return r.Ready(t.Context()) == nil })
}

// adminConfig is for a connection to another database of the same server.
func adminConfig(b *bundle) *pgx.ConnConfig {
	cfg := b.pool.Config().ConnConfig.Copy()
	cfg.Database = "postgres"
	return cfg
}

// brokenStore is a store whose feeds end with an error while it is set.
type brokenStore struct {
	eventstore.Store
	err atomic.Pointer[error]
}

func (s *brokenStore) Follow(ctx context.Context, after eventstore.Position) (eventstore.Feed, error) {
	feed, err := s.Store.Follow(ctx, after)
	return brokenFeed{feed, s}, err
}

type brokenFeed struct {
	eventstore.Feed
	s *brokenStore
}

func (f brokenFeed) Next(ctx context.Context, limit int) ([]eventstore.Commit, error) {
	if err := f.s.err.Load(); err != nil {
		return nil, *err
	}
	return f.Feed.Next(ctx, limit)
}

func TestDamagedLogStops(t *testing.T) {
	t.Parallel()
	b := setup(t)
	broken := &brokenStore{Store: b.store}
	damage := fmt.Errorf("%w: position 11 is missing", eventstore.ErrCorrupt)
	r := b.runnerOn(broken, desk{})
	stop := start(t, r)
	wait(t, r, "desk", b.fill(0, 5, 2))
	stop()
	broken.err.Store(&damage)
	start(t, r)
	end := b.fill(5, 10, 2)
	until(t, "stopped", func() bool { return status(t, r, "desk").State == projections.StateStopped })
	s := status(t, r, "desk")
	if s.Problem == nil || s.Problem.Kind != projections.ProblemCorrupt || !strings.Contains(s.Problem.Error, "position 11") {
		t.Errorf("problem: %+v", s.Problem)
	}
	if err := r.Ready(t.Context()); err == nil {
		t.Error("ready with a damaged log")
	}
	broken.err.Store(nil)
	must(t, r.Resume(t.Context(), "desk"))
	until(t, "ready", func() bool { return r.Ready(t.Context()) == nil })
	wait(t, r, "desk", end)
	b.counts("desk_v1", 10, 20)
}

func TestLostFeedIsOpenedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	broken := &brokenStore{Store: b.store}
	lost := errors.New("connection closed")
	r := b.runnerOn(broken, desk{})
	stop := start(t, r)
	wait(t, r, "desk", b.fill(0, 5, 2))
	stop()
	broken.err.Store(&lost)
	start(t, r)
	end := b.fill(5, 10, 2)
	until(t, "retrying", func() bool { return strings.Contains(status(t, r, "desk").Error, "connection closed") })
	broken.err.Store(nil)
	wait(t, r, "desk", end)
	b.counts("desk_v1", 10, 20)
}

func TestAnotherLogIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{})
	stop := start(t, r)
	wait(t, r, "desk", b.fill(0, 5, 4))
	stop()
	before := b.digest("desk_v1")

	other := setup(t)
	other.pool = b.pool
	other.fill(0, 3, 2)
	elsewhere := other.runner(desk{})
	start(t, elsewhere)
	until(t, "stopped", func() bool { return status(t, elsewhere, "desk").State == projections.StateStopped })
	p := status(t, elsewhere, "desk").Problem
	if p == nil || p.Kind != projections.ProblemOtherLog || !strings.Contains(p.Error, "hearth rebuild desk") {
		t.Errorf("problem: %+v", p)
	}
	if got := b.digest("desk_v1"); got["row"] != before["row"] || got["note"] != before["note"] {
		t.Error("the tables were touched")
	}
	// What the operator was told to do helps, and the writer goes on at once.
	must(t, elsewhere.Rebuild(t.Context(), "desk", nil))
	wait(t, elsewhere, "desk", other.fill(3, 4, 2))
	other.counts("desk_v1", 4, 8)
	until(t, "ready", func() bool { return elsewhere.Ready(t.Context()) == nil })
}

// shortStore is a log that has lost its end.
type shortStore struct {
	eventstore.Store
	cut atomic.Int64
}

func (s *shortStore) End(ctx context.Context) (eventstore.Position, error) {
	end, err := s.Store.End(ctx)
	return end - eventstore.Position(s.cut.Load()), err
}

func TestCheckpointBehindTheEndIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	short := &shortStore{Store: b.store}
	r := b.runnerOn(short, desk{})
	stop := start(t, r)
	wait(t, r, "desk", b.fill(0, 5, 2))
	stop()
	short.cut.Store(3)
	start(t, r)
	until(t, "stopped", func() bool { return status(t, r, "desk").State == projections.StateStopped })
	if p := status(t, r, "desk").Problem; p == nil || p.Kind != projections.ProblemOtherLog || !strings.Contains(p.Error, "位置 10") {
		t.Errorf("problem: %+v", p)
	}
	short.cut.Store(0) // repaired
	must(t, r.Resume(t.Context(), "desk"))
	until(t, "ready", func() bool { return r.Ready(t.Context()) == nil })
}

func TestWaitWithoutRunning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{})
	start(t, r)
	end := b.fill(0, 5, 2)
	reader := projections.NewMonitor(b.pool, b.store, quick, desk{})
	wait(t, reader, "desk", end)
	b.counts("desk_v1", 5, 10)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := reader.Wait(ctx, "desk", end+1); !errors.Is(err, projections.ErrBehind) {
		t.Errorf("wait for what does not exist: %v; want ErrBehind", err)
	}
	if err := reader.Wait(t.Context(), "nope", 1); !errors.Is(err, projections.ErrUnknownModel) {
		t.Errorf("wait for an unknown model: %v", err)
	}
	until(t, "live", func() bool { return reader.Ready(t.Context()) == nil })
}

// A reader that listens hears of every step, also after its connection was lost.
func TestNotify(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{})
	start(t, r)
	reader := projections.NewMonitor(b.pool, b.store, quick, desk{})
	start(t, reader)
	notices, cancel := reader.Subscribe()
	defer cancel()
	other, cancelOther := reader.Subscribe() // nobody takes them
	for i := range 4 {
		end := b.fill(i, i+1, 3)
		wait(t, reader, "desk", end)
		until(t, "notice", func() bool { n := <-notices; return n.Name == "desk" && n.Position == end })
		b.number(`select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and query like 'listen %'`)
	}
	cancelOther()
	cancelOther()
	for range other {
	}
}

func TestModelNames(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"Desk"}, {"desk_v1"}, {""}, {"a", "a"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q: accepted", names)
				}
			}()
			var models []projections.Projection
			for _, n := range names {
				models = append(models, named{desk{}, n})
			}
			projections.NewMonitor(nil, nil, quick, models...)
		}()
	}
}

type named struct {
	desk
	name string
}

func (n named) Name() string { return n.name }

// sqlState is the code of an error of PostgreSQL.
func sqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

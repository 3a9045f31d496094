package projections_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
	"hearth/projections"
)

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
	if p := status(t, r, "bad").Problem; p == nil || p.Position != 1 || !strings.HasPrefix(p.Error, "panic at problems_test.go:") {
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

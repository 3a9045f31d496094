package projections_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
	"hearth/projections"
)

// While a model is rebuilt it goes on serving and growing; the new tables equal
// those that grew live; statements prepared on the old ones find the new.
func TestRebuildBesideALiveModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{})
	start(t, r)
	wait(t, r, "desk", b.fill(0, 100, 4))

	// A statement that this connection has prepared, and used often enough for
	// a plan that is kept.
	reader, err := b.pool.Acquire(t.Context())
	must(t, err)
	defer reader.Release()
	prepared := func() (table, rows int) {
		must(t, reader.QueryRow(t.Context(), "select min(tableoid::bigint), count(*) from desk_v1.row where persons > $1", 0).Scan(&table, &rows))
		return table, rows
	}
	for range 10 {
		prepared()
	}
	oldTable, oldRows := prepared()

	var writing sync.WaitGroup
	writing.Go(func() { b.fill(100, 200, 4) })
	var phases []projections.Phase
	must(t, r.Rebuild(t.Context(), "desk", func(p projections.Progress) {
		if p.Name != "desk" || p.Position > p.End && p.Phase == projections.PhaseDone {
			t.Errorf("progress: %+v", p)
		}
		phases = append(phases, p.Phase)
	}))
	newTable, newRows := prepared()
	if newTable == oldTable || newRows < oldRows {
		t.Errorf("a prepared query sees table %d with %d rows; before the switch it was %d with %d", newTable, newRows, oldTable, oldRows)
	}
	want := []projections.Phase{projections.PhaseLoad, projections.PhaseIndex, projections.PhaseCatchUp, projections.PhaseDone}
	if got := slices.Compact(phases); !slices.Equal(got, want) {
		t.Errorf("phases %v; want %v", got, want)
	}
	writing.Wait()
	wait(t, r, "desk", b.append(stream(0), noted{Text: "last"}))
	b.counts("desk_v1", 200, 801)
	live := b.digest("desk_v1")
	must(t, r.Rebuild(t.Context(), "desk", nil))
	if diff := cmp.Diff(live, b.digest("desk_v1")); diff != "" {
		t.Errorf("rebuilt differs from live (-live +rebuilt):\n%s", diff)
	}
	if got := b.schemas(); got != "desk_v1" {
		t.Errorf("schemas %q; want desk_v1 alone", got)
	}
	if n := b.number("select count(*) from pg_indexes where schemaname = 'desk_v1'"); n != 6 {
		t.Errorf("%d indexes; want 6", n)
	}
	wait(t, r, "desk", b.append(stream(0), noted{Text: "after"}))
}

// The switch must not hide what readers have seen already.
func TestRebuildNeverFallsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.runner(desk{})
	start(t, r)
	wait(t, r, "desk", b.fill(0, 20, 2))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 1000; ctx.Err() == nil; n++ {
			wait(t, r, "desk", b.append(stream(n), event(n, 0)))
		}
	})
	writing.Go(func() {
		for was := 0; ctx.Err() == nil; {
			now := b.number("select count(*) from desk_v1.row")
			if now < was {
				t.Errorf("saw %d rows after %d", now, was)
			}
			was = now
		}
	})
	for range 5 {
		must(t, r.Rebuild(t.Context(), "desk", nil))
	}
	cancel()
	writing.Wait()
	end, err := b.store.End(t.Context())
	must(t, err)
	wait(t, r, "desk", end)
	b.counts("desk_v1", int(end)-20, int(end))
}

func TestRebuildWithNobodyServing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fill(0, 10, 3)
	r := b.runner(desk{})
	must(t, r.Rebuild(t.Context(), "desk", nil)) // before the first start
	b.counts("desk_v1", 10, 30)
	b.fill(10, 11, 3)
	must(t, r.Rebuild(t.Context(), "desk", nil))
	b.counts("desk_v1", 11, 33)
	if err := r.Rebuild(t.Context(), "nope", nil); !errors.Is(err, projections.ErrUnknownModel) {
		t.Errorf("rebuild of an unknown model: %v", err)
	}
}

func TestRebuildThatFailsLeavesTheModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fill(0, 10, 2)
	var poisoned atomic.Bool
	r := b.runner(refuse("poison", &poisoned))
	start(t, r)
	bad := b.append(stream(1), noted{Text: "poison"})
	wait(t, r, "desk", bad)
	poisoned.Store(true)
	err := r.Rebuild(t.Context(), "desk", nil)
	if err == nil || !strings.Contains(err.Error(), "case.noted") {
		t.Errorf("rebuild over a poison event: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	poisoned.Store(false)
	err = r.Rebuild(ctx, "desk", func(p projections.Progress) {
		if p.Phase == projections.PhaseIndex {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("rebuild that was given up: %v", err)
	}
	if got := b.schemas(); got != "desk_v1" {
		t.Errorf("schemas %q; want desk_v1 alone", got)
	}
	must(t, r.Ready(t.Context()))
	wait(t, r, "desk", b.fill(20, 21, 1))
	if n := b.log.count("projection stopped"); n != 0 {
		t.Errorf("the model was stopped %d times", n)
	}
}

func TestTwoRebuildsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fill(0, 10, 2)
	entered, release := make(chan struct{}), make(chan struct{})
	first := once()
	slow := desk{before: func(context.Context, pgx.Tx, []eventstore.Recorded) error {
		if first() {
			close(entered)
			<-release
		}
		return nil
	}}
	done := make(chan error, 1)
	go func() { done <- b.runner(slow).Rebuild(t.Context(), "desk", nil) }()
	<-entered
	if s := status(t, b.runner(desk{}), "desk"); !s.Rebuilding || s.Serving {
		t.Errorf("status: %+v", s)
	}
	if err := b.runner(desk{}).Rebuild(t.Context(), "desk", nil); !errors.Is(err, projections.ErrBuilding) {
		t.Errorf("second rebuild: %v; want ErrBuilding", err)
	}
	// A Runner that finds the model missing waits for the rebuild.
	r := b.runner(desk{})
	start(t, r)
	until(t, "waiting", func() bool { return status(t, r, "desk").State == projections.StateWaiting })
	close(release)
	must(t, <-done)
	wait(t, r, "desk", b.fill(10, 11, 1))
	b.counts("desk_v1", 11, 21)
}

// A new version is built beside the old one, which its program goes on writing.
func TestVersionUpgrade(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := b.runner(desk{})
	stopOne := start(t, one)
	wait(t, one, "desk", b.fill(0, 20, 3))

	second := desk{version: 2, tables: "create table more (id int primary key);"}
	two := b.runner(second)
	stopTwo := start(t, two)
	end := b.fill(20, 30, 3)
	wait(t, one, "desk", end)
	wait(t, two, "desk", end)
	b.counts("desk_v1", 30, 90)
	b.counts("desk_v2", 30, 90)
	if got := b.schemas(); got != "desk_v1 desk_v2" {
		t.Errorf("schemas %q; want both versions", got)
	}
	stopTwo()

	// A later start leaves the old version alone while somebody writes it …
	stopTwo = start(t, b.runner(second))
	wait(t, two, "desk", b.fill(30, 31, 3))
	if got := b.schemas(); got != "desk_v1 desk_v2" {
		t.Errorf("schemas %q; want both versions", got)
	}
	stopTwo()
	stopOne()
	// … and one after that drops it.
	start(t, b.runner(second))
	until(t, "the old version to go", func() bool { return b.schemas() == "desk_v2" })
	if n := b.number("select count(*) from hearth.projection"); n != 1 {
		t.Errorf("%d checkpoints; want 1", n)
	}
	wait(t, two, "desk", b.fill(31, 32, 3))
	b.counts("desk_v2", 32, 96)
}

// Tables that changed although the version did not are noticed.
func TestChangedDefinitionIsRebuilt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stop := start(t, b.runner(desk{}))
	r := b.runner(desk{tables: "create table more (id int primary key);"})
	wait(t, r, "desk", b.fill(0, 20, 3))
	stop()
	start(t, r)
	wait(t, r, "desk", b.fill(20, 21, 3))
	until(t, "the new table", func() bool {
		return b.number("select count(*) from information_schema.tables where table_schema = 'desk_v1'") == 3
	})
	b.counts("desk_v1", 21, 63)
}

// A build goes on where a crash has left it.
func TestBuildGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := b.fill(0, 100, 5)
	var applied atomic.Int64
	count := func(_ context.Context, _ pgx.Tx, batch []eventstore.Recorded) error {
		applied.Add(int64(len(batch)))
		return nil
	}
	ctx, crash := context.WithCancel(t.Context())
	first := b.runner(desk{before: func(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
		if batch[0].Position > 250 {
			crash()
			return ctx.Err()
		}
		return count(ctx, tx, batch)
	}})
	must(t, first.Run(ctx))
	was := b.number("select position from hearth.projection where building")
	r := b.runner(desk{before: count})
	start(t, r)
	wait(t, r, "desk", end)
	b.counts("desk_v1", 100, 500)
	if was == 0 || applied.Load() != 500 {
		t.Errorf("crashed at %d, applied %d events in all; want 500", was, applied.Load())
	}
}

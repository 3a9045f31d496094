package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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

package projections_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hearth/projections"
)

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

package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
)

// story is what the faults are thrown at; its log is always the same.
func story(ctx context.Context, e *eventstore.Engine) error {
	for _, name := range []string{"a", "b"} {
		if _, err := register(ctx, e, other(name), meta()); err != nil {
			return err
		}
		if _, err := eventstore.Execute(ctx, e, other(name), accounting, toClose, meta()); err != nil {
			return err
		}
	}
	return nil
}

var storyLog = []string{
	"2026 series.taken", "a account.opened", "a account.closed",
	"2026 series.taken", "b account.opened", "b account.closed",
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]memstore.Fault{
		"FailButPersist": memstore.FailButPersist, "FailAndNotPersist": memstore.FailAndNotPersist, "Conflict": memstore.Conflict,
	} {
		for at := 1; at <= 4; at++ {
			t.Run(fmt.Sprintf("%s at append %d", name, at), func(t *testing.T) {
				t.Parallel()
				s := memory(memstore.WithFaults(func(n int, _ []eventstore.Change) memstore.Fault {
					if n == at {
						return fault
					}
					return memstore.None
				}))
				if err := story(t.Context(), eventstore.NewEngine(s, 10)); err != nil {
					t.Fatal(err)
				}
				wantLog(t, s, storyLog...)
			})
		}
	}
}

// TestManyLostAnswers loses every second answer, one stored and one not, under
// eight clerks who share a number series.
func TestManyLostAnswers(t *testing.T) {
	t.Parallel()
	s := memory(memstore.WithFaults(func(n int, _ []eventstore.Change) memstore.Fault {
		return []memstore.Fault{memstore.None, memstore.FailButPersist, memstore.None, memstore.FailAndNotPersist}[n%4]
	}))
	e := eventstore.NewEngine(s, 100)
	var wg sync.WaitGroup
	for clerk := range 8 {
		wg.Go(func() {
			for n := range 4 {
				id, m := other(fmt.Sprintf("%d-%d", clerk, n)), meta()
				err := eventstore.ErrConflict
				for errors.Is(err, eventstore.ErrConflict) {
					_, err = register(t.Context(), e, id, m)
				}
				if err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
	wg.Wait()
	counts := map[string]int{}
	for _, line := range log(t, s) {
		counts[line]++
	}
	if counts["2026 series.taken"] != 32 || len(counts) != 33 {
		t.Errorf("%d numbers for %d accounts", counts["2026 series.taken"], len(counts)-1)
	}
	for line, n := range counts {
		if strings.HasSuffix(line, "opened") && n != 1 {
			t.Errorf("%s: %d times", line, n)
		}
	}
}

func always(fault memstore.Fault, appends *atomic.Int32) memstore.Option {
	return memstore.WithFaults(func(int, []eventstore.Change) memstore.Fault {
		appends.Add(1)
		return fault
	})
}

func TestUnknownAtTheDeadline(t *testing.T) {
	t.Parallel()
	var appends atomic.Int32
	s := memory(always(memstore.FailAndNotPersist, &appends))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := eventstore.Execute(ctx, eventstore.NewEngine(s, 10), other("a"), accounting, toOpen, meta())
	if !errors.Is(err, eventstore.ErrUnknown) || appends.Load() < 2 {
		t.Errorf("after %d appends: got %v, want ErrUnknown", appends.Load(), err)
	}
}

func TestNotStoredWhenOnlyLoadsFailed(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	s := memory(memstore.WithReads(func(context.Context, eventstore.StreamID) error { return down }))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := eventstore.Execute(ctx, eventstore.NewEngine(s, 10), other("a"), accounting, toOpen, meta())
	if errors.Is(err, eventstore.ErrUnknown) || !errors.Is(err, down) || !strings.Contains(err.Error(), "not stored") {
		t.Errorf("got %v", err)
	}
}

func TestLoadsAreTriedAgain(t *testing.T) {
	t.Parallel()
	var reads atomic.Int32
	s := memory(memstore.WithReads(func(context.Context, eventstore.StreamID) error {
		if reads.Add(1) < 3 {
			return errors.New("down")
		}
		return nil
	}))
	execute(t, eventstore.NewEngine(s, 10), other("a"), toOpen)
}

func TestConflictAfterManyTries(t *testing.T) {
	t.Parallel()
	var appends atomic.Int32
	s := memory(always(memstore.Conflict, &appends))
	_, err := eventstore.Execute(t.Context(), eventstore.NewEngine(s, 10), other("a"), accounting, toOpen, meta())
	if !errors.Is(err, eventstore.ErrConflict) || appends.Load() != 16 {
		t.Errorf("after %d appends: got %v, want ErrConflict", appends.Load(), err)
	}
}

// TestNoWhileALostAppendMayArrive rejects the second run of a command whose
// first append was lost. While that append may still be stored, "no" is not the
// truth; once its stream has moved on without it, it is.
func TestNoWhileALostAppendMayArrive(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault   memstore.Fault
		moved   bool // by somebody else, before the second run
		unknown bool
	}{
		"may arrive":  {memstore.FailAndNotPersist, false, true},
		"has arrived": {memstore.FailButPersist, false, true},
		"can't":       {memstore.FailAndNotPersist, true, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memory(memstore.WithFaults(func(n int, _ []eventstore.Change) memstore.Fault {
				if n == 1 {
					return tc.fault
				}
				return memstore.None
			}))
			e := eventstore.NewEngine(s, 10)
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			defer cancel()
			runs, m := 0, meta()
			_, err := e.Do(ctx, func(u *eventstore.Unit) error {
				if runs++; runs > 1 {
					if tc.moved && runs == 2 {
						execute(t, eventstore.NewEngine(s, 10), other("a"), toOpen)
					}
					return domain.Reject("no", "不行。")
				}
				_, err := eventstore.Stage(ctx, u, other("a"), accounting, toOpen, m)
				return err
			})
			if tc.unknown != errors.Is(err, eventstore.ErrUnknown) || (code(err) == "no") == tc.unknown {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestErrorsThatEndAtOnce(t *testing.T) {
	t.Parallel()
	s := memory()
	e := eventstore.NewEngine(s, 10)
	own := errors.New("own")
	runs := 0
	if _, err := e.Do(t.Context(), func(*eventstore.Unit) error { runs++; return own }); !errors.Is(err, own) || runs != 1 {
		t.Errorf("an error of f: %v after %d runs", err, runs)
	}
	if _, err := eventstore.Execute(t.Context(), e, other("*"), accounting, toOpen, meta()); err == nil || errors.Is(err, eventstore.ErrUnknown) {
		t.Errorf("a wildcard as a stream: %v", err)
	}
	nobody := toOpen
	nobody.Actor.ID = ""
	if _, err := eventstore.Execute(t.Context(), e, other("a"), accounting, nobody, meta()); code(err) != "actor_missing" {
		t.Errorf("nobody: %v", err)
	}
	small := eventstore.NewEngine(memory(memstore.WithMaxBody(10)), 10)
	if _, err := eventstore.Execute(t.Context(), small, other("a"), accounting, toOpen, meta()); !errors.Is(err, eventstore.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	execute(t, e, other("a"), toOpen)
	if _, err := eventstore.Execute(t.Context(), e, other("a"), numbering, take{by}, meta()); !errors.Is(err, eventstore.ErrCorrupt) {
		t.Errorf("events of another family: %v", err)
	}
}

// TestTurns lets many units of one engine write to shared streams, which they
// stage in opposite orders: nobody is told of a conflict, and nobody waits for
// ever.
func TestTurns(t *testing.T) {
	t.Parallel()
	s := memory()
	e := eventstore.NewEngine(s, 10)
	second := eventstore.StreamID{Family: "series", Case: "2027"}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 20 {
				if _, err := eventstore.Execute(t.Context(), e, series, numbering, take{by}, meta()); err != nil {
					t.Errorf("one stream: %v", err)
				}
				order := []eventstore.StreamID{series, second}
				if i%2 == 0 {
					order[0], order[1] = order[1], order[0]
				}
				m := meta()
				err := eventstore.ErrConflict
				for errors.Is(err, eventstore.ErrConflict) {
					_, err = e.Do(t.Context(), func(u *eventstore.Unit) error {
						for _, id := range order {
							if _, err := eventstore.Stage(t.Context(), u, id, numbering, take{by}, m); err != nil {
								return err
							}
						}
						return nil
					})
				}
				if err != nil {
					t.Errorf("two streams: %v", err)
				}
			}
		})
	}
	wg.Wait()
	counts := map[string]int{}
	for _, line := range log(t, s) {
		counts[line]++
	}
	if counts["2026 series.taken"] != 640 || counts["2027 series.taken"] != 320 {
		t.Errorf("numbers taken: %v", counts)
	}
}

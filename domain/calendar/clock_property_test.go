package calendar

import (
	"encoding/json"
	"math/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reread is a fact after it was stored and read.
func reread[F Fact](t *testing.T, f F) F {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back F
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return back
}

// walk takes random turns with a clock, always replaying the stored form of the
// fact, and hands each clock on.
func walk(t *testing.T, rng *rand.Rand, cal Calendar, each func(c Clock, now time.Time)) {
	t.Helper()
	units := []Unit{Workdays, Days, Hours}
	length := func() Length { return Length{1 + rng.Intn(60), units[rng.Intn(3)]} }
	now := at(t, "2026-01-01 00:00").Add(time.Duration(rng.Intn(600*24*60)) * time.Minute)
	c := reread(t, Start(cal, "handle", length(), now, "测试")).Apply(Clock{})
	for range 12 {
		each(c, now)
		now = now.Add(time.Duration(rng.Intn(6*24*60)) * time.Minute)
		switch rng.Intn(4) {
		case 0:
			if f, err := c.Pause(now, cal); err == nil {
				c = reread(t, f).Apply(c)
			}
		case 1:
			if f, err := c.Resume(now, cal); err == nil {
				c = reread(t, f).Apply(c)
			}
		case 2:
			if f, err := c.Change(now, length(), "另一类", cal); err == nil {
				c = reread(t, f).Apply(c)
			}
		case 3:
			added := Length{1 + rng.Intn(20), c.Length.Unit}
			if f, err := c.Extend(now, added, added, cal); err == nil {
				c = reread(t, f).Apply(c)
			}
		}
	}
}

func TestTurnsThatChangeNothing(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026(), example2027(t))
	rng := rand.New(rand.NewSource(3))
	paused := 0
	for range 400 {
		walk(t, rng, cal, func(c Clock, now time.Time) {
			if f, ok := c.Recompute(cal); ok {
				t.Fatalf("recomputed by the same calendar: %+v of %+v", f, c)
			}
			p, err := c.Pause(now, cal)
			if err != nil {
				return
			}
			paused++
			r, err := p.Apply(c).Resume(now, cal)
			if err != nil || !r.DueAt.Equal(c.DueAt) {
				t.Fatalf("paused and resumed at %v: due %v, %v; was %+v", now, r.DueAt, err, c)
			}
			ch, err := c.Change(now, c.Length, c.Basis, cal)
			if err != nil || !ch.DueAt.Equal(c.DueAt) || ch.Consumed != p.Consumed {
				t.Fatalf("changed to the same at %v: %+v, %v; was %+v", now, ch, err, c)
			}
		})
	}
	if paused < 1000 {
		t.Errorf("only %d clocks could be paused", paused)
	}
}

func TestPauseNeverCostsTime(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026(), example2027(t))
	rng := rand.New(rand.NewSource(4))
	for range 400 {
		walk(t, rng, cal, func(c Clock, now time.Time) {
			if c.Status() == StatusPaused {
				if !c.DueAt.IsZero() || c.Overdue(now.AddDate(1, 0, 0)) {
					t.Fatalf("a paused clock is due: %+v", c)
				}
				return
			}
			if c.Overdue(now) {
				return
			}
			left := c.Left(now, cal)
			p, err := c.Pause(now, cal)
			if err != nil {
				t.Fatalf("pause of %+v at %v: %v", c, now, err)
			}
			later := now.Add(time.Duration(rng.Intn(40*24)) * time.Hour)
			f, err := p.Apply(c).Resume(later, cal)
			if err != nil {
				t.Fatal(err)
			}
			next := f.Apply(p.Apply(c))
			if got := next.Left(later, cal); got != left {
				t.Fatalf("%d left before the pause, %d after it: %+v", left, got, next)
			}
			if next.DueAt.Before(c.DueAt) || next.DueAt.Before(later.Truncate(time.Minute)) {
				t.Fatalf("due %v after a pause from %v to %v, before it %v", next.DueAt, now, later, c.DueAt)
			}
		})
	}
}

// Facts never change the clocks they are applied to.
func TestApplyChangesNothingInPlace(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	s := Start(cal, "handle", Length{60, Workdays}, at(t, "2026-03-02 09:00"), "测试")
	clocks := Clocks(nil).Apply(s)
	for _, when := range []string{"2026-03-04", "2026-03-06", "2026-03-10"} {
		p, err := clocks["handle"].Pause(at(t, when+" 09:00"), cal)
		clocks = clocks.Apply(must(t, p, err))
		r, err := clocks["handle"].Resume(at(t, when+" 15:00"), cal)
		clocks = clocks.Apply(must(t, r, err))
	}
	base := clocks["handle"]
	a := Paused{Clock: "handle", At: at(t, "2026-03-12 09:00")}.Apply(base)
	b := Paused{Clock: "handle", At: at(t, "2026-03-13 09:00")}.Apply(base)
	if len(base.Runs) != 3 || a.Runs[3].To.Equal(b.Runs[3].To) {
		t.Errorf("two futures of one clock share a run: %v, %v", a.Runs, b.Runs)
	}
	other := clocks.Apply(Start(cal, "callback", Length{3, Workdays}, at(t, "2026-03-02 09:00"), "测试"))
	if len(clocks) != 1 || len(other) != 2 {
		t.Errorf("%d and %d clocks; want 1 and 2", len(clocks), len(other))
	}
	if diff := cmp.Diff(base, other["handle"]); diff != "" {
		t.Error(diff)
	}
}

// The stored names of the facts' fields never change.
func TestFactsAsStored(t *testing.T) {
	t.Parallel()
	when, due := at(t, "2026-03-02 10:00"), at(t, "2026-03-23 23:59")
	r := Reckoning{DueAt: due, Provisional: true, CalendarV: "2026r1"}
	l := Length{15, Workdays}
	for want, f := range map[string]Fact{
		`{"clock":"handle","started_at":"2026-03-02T02:00:00Z","length":"15wd","basis":"L6","due_at":"2026-03-23T15:59:00Z","provisional":true,"calendar_v":"2026r1"}`: Started{"handle", when, l, "L6", r},
		`{"clock":"handle","paused_at":"2026-03-02T02:00:00Z","consumed":0}`:                                                                                           Paused{"handle", when, 0},
		`{"clock":"handle","resumed_at":"2026-03-02T02:00:00Z","due_at":"2026-03-23T15:59:00Z","provisional":true,"calendar_v":"2026r1"}`:                              Resumed{"handle", when, r},
		`{"clock":"handle","extended_at":"2026-03-02T02:00:00Z","added":"15wd","due_at":"2026-03-23T15:59:00Z","provisional":true,"calendar_v":"2026r1"}`:              Extended{"handle", when, l, r},
		`{"clock":"handle","changed_at":"2026-03-02T02:00:00Z","consumed":7,"calendar_v":"2026r1"}`:                                                                    Changed{Clock: "handle", At: when, Consumed: 7, Reckoning: Reckoning{CalendarV: "2026r1"}},
		`{"clock":"handle","old_due_at":"2026-03-02T02:00:00Z","due_at":"2026-03-23T15:59:00Z","calendar_v":"2026r1"}`:                                                 Recomputed{"handle", when, Reckoning{DueAt: due, CalendarV: "2026r1"}},
		`{"clock":"handle","met_at":"2026-03-02T02:00:00Z"}`:                                                                                                           Met{"handle", when, 0},
		`{"clock":"handle","breached_at":"2026-03-02T02:00:00Z","over_by_wd":2}`:                                                                                       Breached{"handle", when, 2},
	} {
		got, err := json.Marshal(f)
		if err != nil || string(got) != want {
			t.Errorf("%T is stored as %s, %v; want %s", f, got, err, want)
		}
		if f.ClockKind() != "handle" {
			t.Errorf("%T names clock %q", f, f.ClockKind())
		}
	}
}

package calendar

import (
	"testing"
	"time"
)

func TestBreachAndMeet(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{5, Workdays}, "2026-02-05 10:00")
	d.due("2026-02-12")
	lastSecond := d.clock.DueAt
	if _, ok := d.clock.Breach(lastSecond.Add(999*time.Millisecond), d.cal); ok {
		t.Error("breached within the last second")
	}
	f, ok := d.clock.Breach(lastSecond.Add(time.Second), d.cal)
	if !ok || f.OverBy != 1 { // 13 February has begun
		t.Errorf("breach at midnight: %+v, %v", f, ok)
	}
	d.clock = f.Apply(d.clock)
	if _, ok := d.clock.Breach(at(t, "2026-03-01 09:00"), d.cal); ok || d.clock.Status() != StatusBreached {
		t.Error("breached twice")
	}
	met, err := d.clock.Meet(at(t, "2026-02-24 09:00"), d.cal)
	if err != nil || met.OverBy != 3 { // 13, 14 and 24 February
		t.Errorf("met late: %+v, %v", met, err)
	}
	if c := met.Apply(d.clock); c.Status() != StatusMet || c.MetInTime() || c.Overdue(c.MetAt) != true {
		t.Errorf("met late: %+v", c)
	}
	// Entered after the breach, but done in time.
	d.meet("2026-02-12 23:00")
	if !d.clock.MetInTime() || d.clock.BreachedAt.IsZero() {
		t.Errorf("done in time: %+v", d.clock)
	}
}

func TestRecompute(t *testing.T) {
	t.Parallel()
	old := New(Notice2026())
	now := old.With(example2027(t))
	d := start(t, old, Length{15, Workdays}, "2027-01-25 09:00")
	d.due("2027-02-15")
	if !d.clock.Provisional || d.clock.CalendarV != "2026r1" {
		t.Errorf("%+v", d.clock.Reckoning)
	}
	before := d.clock.DueAt
	f, ok := d.clock.Recompute(now)
	if !ok || !f.OldDueAt.Equal(before) || f.Provisional || f.CalendarV != "2026r1,2027r1" {
		t.Fatalf("recomputed: %+v, %v", f, ok)
	}
	d.clock = f.Apply(d.clock)
	d.due("2027-02-20") // a Saturday worked after six days off and a Sunday worked
	if _, again := d.clock.Recompute(now); again {
		t.Error("recomputed twice")
	}

	// The date stays and becomes certain.
	d = start(t, old, Length{2, Workdays}, "2026-12-30 09:00")
	d.due("2027-01-04")
	if f, ok := d.clock.Recompute(now); !ok || f.Provisional || !f.DueAt.Equal(f.OldDueAt) {
		t.Errorf("made certain: %+v, %v", f, ok)
	}
	// Nothing changes for a clock within 2026.
	d = start(t, old, Length{2, Workdays}, "2026-12-01 09:00")
	if f, ok := d.clock.Recompute(now); ok {
		t.Errorf("nothing to recompute: %+v", f)
	}
	// A paused clock waits for its resumption, which reckons by the new notice,
	// also what was consumed.
	d = start(t, old, Length{15, Workdays}, "2027-01-25 09:00")
	d.pause("2027-02-10 09:00")
	d.consumed(12)
	if _, ok := d.clock.Recompute(now); ok {
		t.Error("a paused clock was recomputed")
	}
	d.cal = now
	d.resume("2027-02-15 09:00")
	d.due("2027-02-22") // nine were consumed in truth: six are left, Saturday the 20th is worked
	if d.clock.Left(at(t, "2027-02-15 10:00"), now) != 6 {
		t.Errorf("left %d", d.clock.Left(at(t, "2027-02-15 10:00"), now))
	}
}

// A breach by a provisional date that the notice moves was none.
func TestRecomputeUndoesBreach(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{5, Workdays}, "2027-02-03 09:00")
	d.due("2027-02-10")
	f, ok := d.clock.Breach(at(t, "2027-02-11 09:00"), d.cal)
	if !ok {
		t.Fatal("not breached")
	}
	d.clock = f.Apply(d.clock)
	r, ok := d.clock.Recompute(d.cal.With(example2027(t)))
	if !ok {
		t.Fatal("not recomputed")
	}
	d.clock = r.Apply(d.clock)
	d.due("2027-02-18")
	if d.clock.Status() != StatusRunning {
		t.Errorf("status %v", d.clock.Status())
	}
}

package calendar

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Red risks do not wait for working days, and stay so whatever is published.
func TestClockOnEveryDay(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	d := start(t, EveryDay(), Length{3, Workdays}, "2026-10-01 09:00")
	d.due("2026-10-04")
	d.cal = cal
	d.pause("2026-10-02 09:00")
	d.consumed(1)
	d.resume("2026-10-03 09:00")
	d.due("2026-10-05")
	if f, ok := d.clock.Recompute(cal); ok {
		t.Errorf("recomputed by working days: %+v", f)
	}
	want := []Mark{
		{StepNotice, at(t, "2026-10-02 23:59")},
		{StepWarning, at(t, "2026-10-04 23:59")},
		{StepDue, at(t, "2026-10-05 23:59")},
		{StepReport, at(t, "2026-10-10 23:59")},
		{StepOrder, at(t, "2026-10-15 23:59")},
	}
	if diff := cmp.Diff(want, minutes(d.clock.Marks(cal))); diff != "" {
		t.Error(diff)
	}
}

// minutes cuts marks down to the minute.
func minutes(marks []Mark) []Mark {
	for i := range marks {
		marks[i].At = marks[i].At.Truncate(time.Minute)
	}
	return marks
}

func TestMarks(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	d := start(t, cal, Length{15, Workdays}, "2026-09-18 09:00")
	d.due("2026-10-15")
	want := []Mark{
		{StepNotice, at(t, "2026-10-12 23:59")},
		{StepWarning, at(t, "2026-10-14 23:59")},
		{StepDue, at(t, "2026-10-15 23:59")},
		{StepReport, at(t, "2026-10-22 23:59")},
		{StepOrder, at(t, "2026-10-29 23:59")},
	}
	if diff := cmp.Diff(want, minutes(d.clock.Marks(cal))); diff != "" {
		t.Error(diff)
	}
	steps := func(d *desk) (s []Step) {
		for _, m := range d.clock.Marks(cal) {
			s = append(s, m.Step)
		}
		return s
	}
	short := start(t, cal, Length{1, Workdays}, "2026-03-05 09:00")
	if diff := cmp.Diff([]Step{StepWarning, StepDue, StepReport, StepOrder}, steps(short)); diff != "" {
		t.Errorf("one working day: %s", diff)
	}
	hour := start(t, cal, Length{1, Hours}, "2026-03-05 09:00")
	if diff := cmp.Diff([]Step{StepDue, StepReport, StepOrder}, steps(hour)); diff != "" {
		t.Errorf("one hour: %s", diff)
	}
	if got := hour.clock.Marks(cal)[0].At; !got.Equal(at(t, "2026-03-05 10:00")) {
		t.Errorf("one hour is due %v", got)
	}
	d.pause("2026-09-21 09:00")
	if steps(d) != nil {
		t.Error("a paused clock escalates")
	}
	d.resume("2026-09-22 09:00")
	f, _ := d.clock.Breach(d.clock.DueAt.Add(time.Hour), cal)
	d.clock = f.Apply(d.clock)
	if len(steps(d)) != 5 {
		t.Error("a breached clock escalates no more")
	}
	d.meet("2026-12-01 09:00")
	if steps(d) != nil {
		t.Error("a met clock escalates")
	}
}

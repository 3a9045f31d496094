package calendar

import "testing"

// must is the fact of a turn that is expected to be allowed.
func must[F Fact](t *testing.T, f F, err error) F {
	t.Helper()
	if err != nil {
		t.Fatalf("%T: %v", f, err)
	}
	return f
}

// desk is a clock under test with its calendar; every method takes one turn.
type desk struct {
	*testing.T
	cal   Calendar
	clock Clock
}

func start(t *testing.T, cal Calendar, length Length, when string) *desk {
	t.Helper()
	f := Start(cal, "handle", length, at(t, when), "测试")
	return &desk{T: t, cal: cal, clock: f.Apply(Clock{})}
}

func (d *desk) pause(when string) {
	d.Helper()
	f, err := d.clock.Pause(at(d, when), d.cal)
	d.clock = must(d.T, f, err).Apply(d.clock)
}

func (d *desk) resume(when string) {
	d.Helper()
	f, err := d.clock.Resume(at(d, when), d.cal)
	d.clock = must(d.T, f, err).Apply(d.clock)
}

func (d *desk) change(when string, length Length) {
	d.Helper()
	f, err := d.clock.Change(at(d, when), length, "另一类", d.cal)
	d.clock = must(d.T, f, err).Apply(d.clock)
}

func (d *desk) extend(when string, added, most Length) {
	d.Helper()
	f, err := d.clock.Extend(at(d, when), added, most, d.cal)
	d.clock = must(d.T, f, err).Apply(d.clock)
}

func (d *desk) meet(when string) {
	d.Helper()
	f, err := d.clock.Meet(at(d, when), d.cal)
	d.clock = must(d.T, f, err).Apply(d.clock)
}

// due checks the civil date on which the clock is due; "" means no due date.
func (d *desk) due(want string) {
	d.Helper()
	if got := (Deadline{At: d.clock.DueAt}).Day(); got != day(d, want) {
		d.Errorf("due on %v; want %s", got, want)
	}
}

func (d *desk) consumed(want int) {
	d.Helper()
	if d.clock.Consumed != want {
		d.Errorf("consumed %d; want %d", d.clock.Consumed, want)
	}
}

// What was used up before a pause stays used up when the class changes.
func TestPauseChangeResumeKeepsConsumed(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{15, Workdays}, "2026-03-02 10:00")
	d.due("2026-03-23")
	d.pause("2026-03-11 15:00")
	d.consumed(7)
	d.due("")
	d.change("2026-03-12 09:00", Length{30, Workdays})
	d.consumed(7)
	d.due("")
	d.resume("2026-03-18 09:00")
	d.due("2026-04-21") // 23 working days more, over 清明节
	if d.clock.Used(at(t, "2026-03-19 09:00"), d.cal) != 8 || d.clock.Left(at(t, "2026-03-19 09:00"), d.cal) != 22 {
		t.Error("on the day after the resumption, eight are used and 22 left")
	}
}

func TestChangeToAnotherUnitCountsAnew(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{15, Workdays}, "2026-03-02 10:00")
	d.pause("2026-03-11 15:00")
	d.resume("2026-03-18 09:00")
	d.change("2026-03-20 09:00", Length{60, Days})
	d.consumed(11) // nine days before the pause and two after it
	d.due("2026-05-08")
	d.change("2026-03-20 10:00", Length{15, Workdays})
	d.consumed(9)
	d.due("2026-03-30")
}

func TestChangeToShorterIsDueAtOnce(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{30, Workdays}, "2026-03-02 10:00")
	d.change("2026-03-27 10:00", Length{15, Workdays})
	d.consumed(19)
	d.due("2026-03-27")
}

func TestSeveralPauses(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{15, Workdays}, "2026-09-21 09:00")
	d.due("2026-10-19")
	d.pause("2026-09-29 12:00")
	d.consumed(5)
	d.resume("2026-10-10 09:00") // a Saturday worked, after the National Day
	d.due("2026-10-23")
	d.pause("2026-10-15 09:00")
	d.consumed(9)
	d.resume("2026-10-20 09:00")
	d.due("2026-10-28")
	if d.clock.Pauses != 2 || len(d.clock.Runs) != 2 {
		t.Errorf("%d pauses, runs %v", d.clock.Pauses, d.clock.Runs)
	}
}

// A pause over a long holiday costs only the working days that it covers.
func TestPauseOverHoliday(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{10, Workdays}, "2026-09-21 09:00")
	d.due("2026-10-12")
	d.pause("2026-09-30 17:00")
	d.resume("2026-10-07 09:00")
	d.due("2026-10-12")
	d.pause("2026-10-09 09:00")
	d.resume("2026-10-11 09:00")
	d.due("2026-10-13") // 10-10 was lost, a Saturday worked
}

func TestPauseOnDueDay(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{1, Workdays}, "2026-03-05 09:00")
	d.pause("2026-03-06 09:00")
	d.consumed(1)
	d.resume("2026-03-07 09:00") // nothing is left, but nobody works on a Saturday
	d.due("2026-03-09")
}

func TestPauseOfDaysWhileCarriedOver(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{15, Days}, "2026-09-18 09:00")
	d.due("2026-10-08")
	d.pause("2026-10-05 09:00")
	d.consumed(17)
	d.resume("2026-10-05 10:00")
	d.due("2026-10-08")
}

func TestHoursPause(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{24, Hours}, "2026-09-30 10:00")
	d.pause("2026-09-30 12:30")
	d.consumed(2)
	d.resume("2026-10-04 08:00")
	if want := at(t, "2026-10-05 05:30"); !d.clock.DueAt.Equal(want) {
		t.Errorf("due %v; want %v", d.clock.DueAt, want)
	}
	d.change("2026-10-04 09:00", Length{2, Hours})
	if want := at(t, "2026-10-04 09:00"); !d.clock.DueAt.Equal(want) {
		t.Errorf("due %v; want %v, three and a half hours are used", d.clock.DueAt, want)
	}
}

func TestExtend(t *testing.T) {
	t.Parallel()
	cal, most := New(Notice2026()), Length{30, Workdays}
	when := at(t, "2026-04-01 09:00")
	code := func(_ any, err error) string { return rejection(err).Code }
	d := start(t, cal, Length{60, Workdays}, "2026-03-02 10:00")
	d.due("2026-05-28")
	for name, tc := range map[string]struct {
		added, most Length
		want        string
	}{
		"above the maximum":    {Length{31, Workdays}, most, "clock_extension_too_long"},
		"nothing":              {Length{0, Workdays}, most, "clock_extension_too_long"},
		"in another unit":      {Length{30, Days}, most, "clock_unit"},
		"maximum in its own":   {Length{1, Workdays}, Length{30, Days}, "clock_unit"},
		"where the law has no": {Length{1, Workdays}, Length{}, "clock_not_extendable"},
	} {
		if got := code(d.clock.Extend(when, tc.added, tc.most, cal)); got != tc.want {
			t.Errorf("%s: %q; want %q", name, got, tc.want)
		}
	}
	d.extend("2026-05-28 23:59", most, most)
	d.due("2026-07-10")
	if got := code(d.clock.Extend(when, Length{1, Workdays}, most, cal)); got != "clock_extended" {
		t.Errorf("a second time: %q", got)
	}
	// The extension stays when the class changes, as long as the unit does.
	d.change("2026-06-01 09:00", Length{50, Workdays})
	d.due("2026-06-26")
	d.change("2026-06-01 09:00", Length{120, Days})
	d.due("2026-06-30")
	if got := code(d.clock.Extend(at(t, "2026-06-02 09:00"), Length{1, Days}, Length{30, Days}, cal)); got != "clock_extended" {
		t.Errorf("in the new class: %q", got)
	}
}

func TestExtendDaysAndPaused(t *testing.T) {
	t.Parallel()
	d := start(t, New(Notice2026()), Length{60, Days}, "2026-08-04 09:00")
	d.due("2026-10-08") // carried over from 10-03
	d.extend("2026-09-01 09:00", Length{30, Days}, Length{30, Days})
	d.due("2026-11-02") // counted from 10-03, not from 10-08
	d = start(t, New(Notice2026()), Length{15, Workdays}, "2026-03-02 10:00")
	d.pause("2026-03-03 09:00")
	d.extend("2026-03-04 09:00", Length{5, Workdays}, Length{15, Workdays})
	d.due("")
	d.resume("2026-03-05 09:00")
	d.due("2026-04-01") // 19 more
}

func TestNoClock(t *testing.T) {
	t.Parallel()
	cal, when := New(Notice2026()), at(t, "2026-03-02 10:00")
	for name, c := range map[string]Clock{"zero": {}, "zero length": Start(cal, "handle", Length{}, when, "").Apply(Clock{})} {
		if c.Status() != StatusNone || !c.DueAt.IsZero() || c.Overdue(when.AddDate(9, 0, 0)) || c.Marks(cal) != nil || c.Used(when, cal) != 0 {
			t.Errorf("%s: %+v", name, c)
		}
		_, pause := c.Pause(when, cal)
		_, extend := c.Extend(when, Length{1, Days}, Length{1, Days}, cal)
		_, meet := c.Meet(when, cal)
		for _, err := range []error{pause, extend, meet} {
			if rejection(err).Code != "clock_none" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, ok := c.Breach(when, cal); ok {
			t.Errorf("%s breaches", name)
		}
		if _, ok := c.Recompute(cal); ok {
			t.Errorf("%s is recomputed", name)
		}
	}
	if _, err := (Clock{}).Change(when, Length{1, Days}, "", cal); rejection(err).Code != "clock_none" {
		t.Errorf("change of a clock that never began: %v", err)
	}
	// A class without limit takes the limit away, and another brings it back.
	d := start(t, cal, Length{15, Workdays}, "2026-03-02 10:00")
	d.change("2026-03-03 10:00", Length{})
	d.due("")
	if d.clock.Status() != StatusNone {
		t.Errorf("status %v", d.clock.Status())
	}
	d.change("2026-03-05 10:00", Length{15, Workdays})
	d.consumed(3)
	d.due("2026-03-23")
}

func TestRejectedTurns(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	running := start(t, cal, Length{15, Workdays}, "2026-03-02 10:00")
	paused := start(t, cal, Length{15, Workdays}, "2026-03-02 10:00")
	paused.pause("2026-03-05 10:00")
	met := start(t, cal, Length{15, Workdays}, "2026-03-02 10:00")
	met.meet("2026-03-05 10:00")
	pause := func(c Clock, when string) error { _, err := c.Pause(at(t, when), cal); return err }
	resume := func(c Clock, when string) error { _, err := c.Resume(at(t, when), cal); return err }
	change := func(c Clock, when string) error {
		_, err := c.Change(at(t, when), Length{30, Workdays}, "", cal)
		return err
	}
	extend := func(c Clock, when string) error {
		_, err := c.Extend(at(t, when), Length{5, Workdays}, Length{5, Workdays}, cal)
		return err
	}
	meet := func(c Clock, when string) error { _, err := c.Meet(at(t, when), cal); return err }
	tests := []struct {
		name string
		turn func(Clock, string) error
		c    Clock
		when string
		want string
	}{
		{"pause in the last minute", pause, running.clock, "2026-03-23 23:59", ""},
		{"pause after due", pause, running.clock, "2026-03-24 00:00", "clock_overdue"},
		{"change after due", change, running.clock, "2026-03-24 00:00", "clock_overdue"},
		{"extend after due", extend, running.clock, "2026-03-24 00:00", "clock_overdue"},
		{"meet after due", meet, running.clock, "2026-03-24 00:00", ""},
		{"pause before the start", pause, running.clock, "2026-03-02 09:59", "clock_order"},
		{"change before the start", change, running.clock, "2026-03-02 09:59", "clock_order"},
		{"resume what runs", resume, running.clock, "2026-03-03 10:00", "clock_not_paused"},
		{"pause twice", pause, paused.clock, "2026-03-06 10:00", "clock_paused"},
		{"resume before the pause", resume, paused.clock, "2026-03-05 09:00", "clock_order"},
		{"change before the pause", change, paused.clock, "2026-03-05 09:00", "clock_order"},
		{"extend long after, but paused", extend, paused.clock, "2026-06-06 10:00", ""},
		{"meet while paused", meet, paused.clock, "2026-06-06 10:00", ""},
		{"pause what is met", pause, met.clock, "2026-03-06 10:00", "clock_ended"},
		{"resume what is met", resume, met.clock, "2026-03-06 10:00", "clock_not_paused"},
		{"meet twice", meet, met.clock, "2026-03-06 10:00", "clock_ended"},
	}
	for _, tc := range tests {
		if err := tc.turn(tc.c, tc.when); rejection(err).Code != tc.want || (tc.want == "") != (err == nil) {
			t.Errorf("%s: %v; want %q", tc.name, err, tc.want)
		}
	}
}

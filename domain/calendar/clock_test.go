package calendar

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
)

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
		{StepNotice, at(t, "2026-10-02 23:59")}, {StepWarning, at(t, "2026-10-04 23:59")}, {StepDue, at(t, "2026-10-05 23:59")},
		{StepReport, at(t, "2026-10-10 23:59")}, {StepOrder, at(t, "2026-10-15 23:59")},
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
		{StepNotice, at(t, "2026-10-12 23:59")}, {StepWarning, at(t, "2026-10-14 23:59")}, {StepDue, at(t, "2026-10-15 23:59")},
		{StepReport, at(t, "2026-10-22 23:59")}, {StepOrder, at(t, "2026-10-29 23:59")},
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

func TestLimitation(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"2024-11-23": "2026-11-23", "2024-02-29": "2026-02-28", "2026-02-28": "2028-02-28", "": ""} {
		if got := InspectionUntil(day(t, in)); got != day(t, want) {
			t.Errorf("inspection of an act that ended %s: until %v; want %s", in, got, want)
		}
	}
	for _, tc := range []struct {
		ended  string
		claims []string
		want   string
	}{
		{"", nil, ""},
		{"", []string{"2026-03-01"}, ""},
		{"2024-02-29", nil, "2025-02-28"},
		{"2026-10-01", nil, "2027-10-01"},
		{"2026-03-01", []string{"2026-06-01"}, "2027-06-01"},
		{"2026-03-01", []string{"2027-05-31", "2026-06-01"}, "2028-05-31"},
		{"2026-03-01", []string{"2027-03-01"}, "2028-03-01"},
		{"2026-03-01", []string{"2027-03-02"}, "2027-03-01"}, // too late
		{"2026-03-01", []string{"2026-02-01"}, "2027-03-01"}, // still employed
	} {
		claims := make([]domain.Date, 0, len(tc.claims))
		for _, s := range tc.claims {
			claims = append(claims, day(t, s))
		}
		if got := ArbitrationUntil(day(t, tc.ended), claims...); got != day(t, tc.want) {
			t.Errorf("employment ended %s, claims %v: until %v; want %s", tc.ended, tc.claims, got, tc.want)
		}
	}
	want := []Alert{{90, day(t, "2026-12-01")}, {30, day(t, "2027-01-30")}, {7, day(t, "2027-02-22")}}
	if diff := cmp.Diff(want, Alerts(day(t, "2027-03-01")), sameDate); diff != "" {
		t.Error(diff)
	}
	if Alerts(day(t, "")) != nil {
		t.Error("no limitation is warned of")
	}
}

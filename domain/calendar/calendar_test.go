package calendar

import (
	"math/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
)

// sameDate lets cmp compare dates.
var sameDate = cmp.Comparer(func(a, b domain.Date) bool { return a == b })

func day(t testing.TB, s string) domain.Date {
	t.Helper()
	d, err := domain.ParseDate(s)
	if err != nil {
		t.Fatalf("parse date %q: %v", s, err)
	}
	return d
}

// at is an instant by the clock in Shanghai.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", s, domain.Shanghai)
	if err != nil {
		t.Fatalf("parse time %q: %v", s, err)
	}
	return v.UTC()
}

// example2027 is the invented notice of the tests.
func example2027(t testing.TB) Notice {
	t.Helper()
	text, err := os.ReadFile("testdata/notices/2027-example.csv")
	if err != nil {
		t.Fatal(err)
	}
	n, err := ParseNotice(string(text))
	if err != nil {
		t.Fatalf("parse the example of 2027: %v", err)
	}
	return n
}

func TestKindIn2026(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	tests := map[string]DayKind{
		"2026-01-01": Holiday, "2026-01-02": Holiday, "2026-01-03": Holiday, "2026-01-04": Workday,
		"2026-02-14": Workday, "2026-02-15": Holiday, "2026-02-23": Holiday, "2026-02-24": Workday, "2026-02-28": Workday,
		"2026-03-01": RestDay, "2026-03-02": Workday, "2026-04-04": Holiday, "2026-04-06": Holiday, "2026-04-11": RestDay,
		"2026-05-05": Holiday, "2026-05-06": Workday, "2026-05-09": Workday, "2026-05-10": RestDay, "2026-06-19": Holiday,
		"2026-06-22": Workday, "2026-09-20": Workday, "2026-09-25": Holiday, "2026-09-28": Workday,
		"2026-10-01": Holiday, "2026-10-07": Holiday, "2026-10-08": Workday, "2026-10-10": Workday, "2026-10-11": RestDay,
	}
	for s, want := range tests {
		if got := cal.Kind(day(t, s)); got != want {
			t.Errorf("%s is %v; want %v", s, got, want)
		}
	}
	for s, want := range map[string]bool{"2026-02-16": true, "2026-02-20": false, "2026-05-02": true, "2026-05-03": false, "2026-10-03": true, "2026-10-04": false} {
		if got := cal.IsStatutory(day(t, s)); got != want {
			t.Errorf("%s statutory: %v; want %v", s, got, want)
		}
	}
	if got := cal.WorkdaysBetween(day(t, "2025-12-31"), day(t, "2026-12-31")); got != 248 {
		t.Errorf("2026 has %d workdays; want 365-104 weekend days-19 days off+6 made up = 248", got)
	}
}

func TestKindWithoutNotice(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	tests := map[string]DayKind{
		"2027-01-01": Holiday, "2027-01-02": RestDay, "2027-01-04": Workday, "2027-02-08": Workday,
		"2027-05-01": Holiday, "2027-05-02": Holiday, "2027-05-03": Workday, "2027-10-03": Holiday, "2027-10-04": Workday,
		"2024-05-02": Workday,
	}
	for s, want := range tests {
		if got := cal.Kind(day(t, s)); got != want {
			t.Errorf("%s is %v; want %v", s, got, want)
		}
	}
	if cal.Known(2027) || !cal.Known(2026) || !EveryDay().Known(2027) {
		t.Error("known years are wrong")
	}
	if !cal.IsStatutory(day(t, "2027-10-01")) || cal.IsStatutory(day(t, "2027-10-04")) {
		t.Error("statutory days of a year without notice are wrong")
	}
}

func TestAddWorkdays(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	tests := []struct {
		from        string
		n           int
		want        string
		provisional bool
	}{
		{"2025-12-31", 1, "2026-01-04", false},
		{"2026-02-12", 1, "2026-02-13", false},
		{"2026-02-12", 2, "2026-02-14", false},
		{"2026-02-12", 3, "2026-02-24", false},
		{"2026-02-12", 7, "2026-02-28", false},
		{"2026-02-12", 8, "2026-03-02", false},
		{"2026-04-30", 1, "2026-05-06", false},
		{"2026-04-30", 4, "2026-05-09", false},
		{"2026-04-30", 5, "2026-05-11", false},
		{"2026-09-18", 1, "2026-09-20", false},
		{"2026-09-18", 2, "2026-09-21", false},
		{"2026-09-30", 3, "2026-10-10", false},
		{"2026-09-30", 4, "2026-10-12", false},
		{"2026-10-03", 1, "2026-10-08", false},
		{"2026-12-30", 1, "2026-12-31", false},
		{"2026-12-30", 2, "2027-01-04", true},
		{"2028-02-28", 1, "2028-02-29", true},
		{"2028-02-28", 2, "2028-03-01", true},
		{"2026-03-07", 0, "2026-03-09", false},
		{"2026-03-09", 0, "2026-03-09", false},
		{"2026-12-31", 0, "2026-12-31", false},
		{"2027-01-01", 0, "2027-01-04", true},
		{"2026-10-08", -1, "2026-09-30", false},
		{"2026-10-11", -1, "2026-10-10", false},
		{"2026-01-04", -1, "2025-12-31", true},
	}
	for _, tc := range tests {
		got, provisional := cal.AddWorkdays(day(t, tc.from), tc.n)
		if got != day(t, tc.want) || provisional != tc.provisional {
			t.Errorf("%s and %d workdays: %v, provisional %v; want %s, %v", tc.from, tc.n, got, provisional, tc.want, tc.provisional)
		}
	}
	if got := cal.NextWorkday(day(t, "2026-02-14")); got != day(t, "2026-02-24") {
		t.Errorf("next workday: %v", got)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	again := Notice2026()
	again.Revision = 0
	for _, tc := range []struct {
		cal  Calendar
		want string
	}{
		{New(), "none"},
		{EveryDay(), "every-day"},
		{New(Notice2026()), "2026r1"},
		{New(example2027(t), Notice2026()), "2026r1,2027r1"},
		{New(Notice2026(), again), "2026r2"},
	} {
		if got := tc.cal.Version(); got != tc.want {
			t.Errorf("version %q; want %q", got, tc.want)
		}
	}
}

func TestCalendarIsImmutable(t *testing.T) {
	t.Parallel()
	n := Notice2026()
	cal := New(n)
	n.Off[6].To = day(t, "2026-10-09")
	copied, _ := cal.Notice(2026)
	copied.Work[0] = day(t, "2026-12-26")
	cal.With(n)
	cal.With(example2027(t))
	if cal.Known(2027) || cal.Kind(day(t, "2026-10-08")) != Workday || cal.Kind(day(t, "2026-01-04")) != Workday {
		t.Error("the calendar changed")
	}
	if kept, _ := cal.Notice(2026); !kept.Same(Notice2026()) {
		t.Error("the notice in the calendar changed")
	}
}

// Where notices touch, that of the later year has the say, in whatever order
// they are entered.
func TestNoticeReachesIntoYearBefore(t *testing.T) {
	t.Parallel()
	n := example2027(t)
	n.Off[0].From = day(t, "2026-12-31")
	n.Work = append(n.Work, day(t, "2026-12-27"))
	if err := n.Check(); err != nil {
		t.Fatal(err)
	}
	for _, cal := range []Calendar{New(Notice2026(), n), New(n, Notice2026())} {
		if cal.Kind(day(t, "2026-12-31")) != Holiday || cal.Kind(day(t, "2026-12-27")) != Workday {
			t.Errorf("%s: the edge of the year does not follow the later notice", cal.Version())
		}
	}
}

// naive counts workdays by the words of the notices alone.
func naive(notices []Notice, d domain.Date) bool {
	for _, n := range notices {
		for _, w := range n.Work {
			if w == d {
				return true
			}
		}
		for _, s := range n.Off {
			if s.From == d || s.To == d || (d.After(s.From) && d.Before(s.To)) {
				return false
			}
		}
		if n.Year == d.Year() {
			return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
		}
	}
	fixed := strings.Contains("01-01 05-01 05-02 10-01 10-02 10-03", d.String()[5:])
	return !fixed && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

func TestAddWorkdaysCountsDayByDay(t *testing.T) {
	t.Parallel()
	notices := []Notice{Notice2026(), example2027(t)}
	cal := New(notices...)
	rng := rand.New(rand.NewSource(1))
	for range 2000 {
		from := domain.NewDate(2026, time.January, 1).AddDays(rng.Intn(1100))
		n := 1 + rng.Intn(90)
		want, known := from, true
		for left := n; left > 0; {
			want = want.AddDays(1)
			known = known && want.Year() <= 2027
			if naive(notices, want) {
				left--
			}
		}
		got, provisional := cal.AddWorkdays(from, n)
		if got != want || provisional == known {
			t.Fatalf("%v and %d workdays: %v, provisional %v; want %v, %v", from, n, got, provisional, want, !known)
		}
		if between := cal.WorkdaysBetween(from, got); between != n {
			t.Fatalf("between %v and %v: %d workdays; want %d", from, got, between, n)
		}
		if back := cal.WorkdaysBetween(got, from); back != -n {
			t.Fatalf("back from %v to %v: %d workdays; want %d", got, from, back, -n)
		}
		if home, _ := cal.AddWorkdays(got, -n); cal.IsWorkday(from) && home != from {
			t.Fatalf("%v and %d workdays and back: %v", from, n, home)
		}
	}
}

func BenchmarkAddWorkdays(b *testing.B) {
	cal, from := New(Notice2026()), day(b, "2026-08-31")
	for _, l := range []Length{{5, Workdays}, {15, Workdays}, {60, Workdays}} {
		b.Run(l.String(), func(b *testing.B) {
			for b.Loop() {
				cal.AddWorkdays(from, l.N)
			}
		})
	}
}

package calendar

import (
	"encoding/json"
	"errors"
	"math/rand"
	"testing"
	"time"

	"hearth/domain"
)

func TestParseLength(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		length Length
		text   string
	}{
		"":      {Length{}, "无时限"},
		"15wd":  {Length{15, Workdays}, "15个工作日"},
		"60d":   {Length{60, Days}, "60日"},
		"24h":   {Length{24, Hours}, "24小时"},
		"3660d": {Length{3660, Days}, "3660日"},
	} {
		got, err := ParseLength(in)
		if err != nil || got != want.length || got.String() != in || got.Text() != want.text {
			t.Errorf("ParseLength(%q) = %+v, %v, written %q, %q", in, got, err, got, got.Text())
		}
	}
	for _, in := range []string{"0wd", "15", "wd", "-1d", "+1d", "1.5h", "15WD", "3661d", "015d", "15 wd", "99999999999999999999d", "15w"} {
		var r *domain.Rejection
		if got, err := ParseLength(in); !errors.As(err, &r) || r.Code != "bad_length" {
			t.Errorf("ParseLength(%q) = %+v, %v; want bad_length", in, got, err)
		}
	}
}

func TestLengthInJSON(t *testing.T) {
	t.Parallel()
	type rule struct {
		Limit Length `json:"limit"`
		None  Length `json:"none,omitzero"`
	}
	b, err := json.Marshal(rule{Limit: Length{15, Workdays}})
	if err != nil || string(b) != `{"limit":"15wd"}` {
		t.Fatalf("marshal: %s, %v", b, err)
	}
	var back rule
	if err := json.Unmarshal(b, &back); err != nil || back.Limit != (Length{15, Workdays}) || !back.None.IsZero() {
		t.Errorf("unmarshal: %+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"limit":"15 days"}`), &back); err == nil {
		t.Error("a bad length was read")
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026())
	tests := []struct {
		name, start string
		length      Length
		due         string // the day; with a time for hours
		provisional bool
	}{
		{"start day not counted, however early", "2026-03-02 00:00", Length{1, Workdays}, "2026-03-03", false},
		{"start day not counted, however late", "2026-03-02 23:59", Length{1, Workdays}, "2026-03-03", false},
		{"started on a rest day", "2026-03-07 10:00", Length{1, Workdays}, "2026-03-09", false},
		{"working days over the National Day", "2026-09-28 09:00", Length{15, Workdays}, "2026-10-23", false},
		{"days end in the National Day week", "2026-09-18 09:00", Length{15, Days}, "2026-10-08", false},
		{"60 days end in the National Day week", "2026-08-04 09:00", Length{60, Days}, "2026-10-08", false},
		{"days end on a Saturday", "2026-03-06 09:00", Length{1, Days}, "2026-03-09", false},
		{"days end on a Saturday worked", "2026-09-30 09:00", Length{10, Days}, "2026-10-10", false},
		{"days end on a Sunday worked", "2026-09-05 09:00", Length{15, Days}, "2026-09-20", false},
		{"days cross a holiday and end on a workday", "2026-09-30 09:00", Length{8, Days}, "2026-10-08", false},
		{"days into a leap day", "2028-02-28 09:00", Length{1, Days}, "2028-02-29", true},
		{"days end on the last day of a known year", "2026-12-01 09:00", Length{30, Days}, "2026-12-31", false},
		{"days end in an unknown year", "2026-12-01 09:00", Length{31, Days}, "2027-01-04", true},
		{"working days into an unknown year", "2026-12-28 09:00", Length{5, Workdays}, "2027-01-05", true},
		{"hours across holidays", "2026-09-30 20:30", Length{24, Hours}, "2026-10-01 20:30", false},
		{"hours into an unknown year are certain", "2026-12-31 23:00", Length{2, Hours}, "2027-01-01 01:00", false},
	}
	for _, tc := range tests {
		want := time.Time{}
		if tc.length.Unit == Hours {
			want = at(t, tc.due)
		} else {
			want = at(t, tc.due+" 23:59").Add(59 * time.Second)
		}
		got := cal.Due(at(t, tc.start), tc.length)
		if !got.At.Equal(want) || got.Provisional != tc.provisional {
			t.Errorf("%s: %s and %s: %v, provisional %v; want %v, %v",
				tc.name, tc.start, tc.length, got.At.In(domain.Shanghai), got.Provisional, want.In(domain.Shanghai), tc.provisional)
		}
		if got.Day() != domain.DateOf(want) {
			t.Errorf("%s: day %v", tc.name, got.Day())
		}
	}
	if got := cal.Due(at(t, "2026-03-02 09:00"), Length{}); got != (Deadline{}) {
		t.Errorf("due of no limit: %+v", got)
	}
	if got := EveryDay().Due(at(t, "2026-09-30 09:00"), Length{1, Workdays}); got.Day() != day(t, "2026-10-01") || got.Provisional {
		t.Errorf("one day on which every day counts: %+v", got)
	}
}

func TestUsualUnlessHoliday(t *testing.T) {
	t.Parallel()
	cal, usual, off := New(Notice2026()), Length{1, Workdays}, Length{24, Hours}
	for start, want := range map[string]Length{
		"2026-03-06 17:00": usual, // an ordinary Friday
		"2026-03-07 10:00": usual, // an ordinary Saturday
		"2026-09-29 09:00": usual, // due on the last day before the holiday
		"2026-09-30 09:00": off,   // would be due after the holiday
		"2026-10-03 09:00": off,
		"2026-10-10 09:00": usual, // a Saturday worked
		"2026-02-14 09:00": off,   // a Saturday worked, then nine days off
		"2026-12-31 09:00": off,   // New Year's Day is known by law
	} {
		if got := cal.UsualUnlessHoliday(at(t, start), usual, off); got != want {
			t.Errorf("%s: %s; want %s", start, got, want)
		}
	}
	if got := EveryDay().UsualUnlessHoliday(at(t, "2026-10-03 09:00"), usual, off); got != usual {
		t.Errorf("where every day counts: %s", got)
	}
}

func TestDueIsMonotone(t *testing.T) {
	t.Parallel()
	cal := New(Notice2026(), example2027(t))
	rng := rand.New(rand.NewSource(2))
	for range 500 {
		start := at(t, "2026-01-01 00:00").Add(time.Duration(rng.Intn(730*24)) * time.Hour)
		for _, u := range []Unit{Workdays, Days, Hours} {
			n := 1 + rng.Intn(90)
			shorter, longer := cal.Due(start, Length{n, u}), cal.Due(start, Length{n + 1, u})
			later := cal.Due(start.Add(24*time.Hour), Length{n, u})
			if longer.At.Before(shorter.At) || later.At.Before(shorter.At) || !shorter.At.After(start) {
				t.Fatalf("from %v: %d%s is due %v, one more %v, a day later %v", start, n, u, shorter.At, longer.At, later.At)
			}
			if u != Hours && !cal.IsWorkday(shorter.Day()) {
				t.Fatalf("from %v: %d%s ends on %v", start, n, u, shorter.Day())
			}
		}
	}
}

func FuzzParseLength(f *testing.F) {
	for _, s := range []string{"", "15wd", "60d", "24h", "0d", "-1h", "１５wd", "wd15"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLength(s)
		if err != nil {
			var r *domain.Rejection
			if !errors.As(err, &r) || !l.IsZero() {
				t.Fatalf("ParseLength(%q) = %+v, %v; want a rejection and nothing", s, l, err)
			}
			return
		}
		if l.String() != s || l.N < 0 || l.N > maxLength {
			t.Fatalf("ParseLength(%q) = %+v, written %q", s, l, l)
		}
	})
}

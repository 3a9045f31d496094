package complaints

import (
	"errors"
	"testing"
	"time"

	"hearth/domain"
)

// TestFiguresAreTheirRows reads, for every indicator, area and side, the rows
// behind the figure page by page, and holds count and sum against the figure.
func TestFiguresAreTheirRows(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.careers(80)
	q := o.serve()
	now := Moment{At: o.now.Add(70 * day), Calendar: cal2026}
	period := Period{From: date("2026-03-05"), To: date("2026-05-10")}
	empty := map[string]bool{}
	for _, in := range Indicators() {
		empty[in.Code] = true
	}
	for _, v := range []Viewer{everything, viewerOf(leader)} {
		board := must[Board](t)(q.Board(t.Context(), v, now, period, ""))
		if len(board.Areas) != 7 || board.Areas[0] != "" {
			t.Fatalf("areas %v", board.Areas)
		}
		for i, area := range board.Areas {
			if i > 2 {
				break // all areas and two counties
			}
			for n, in := range Indicators() {
				f := board.Figures[i][n]
				if f.Indicator != in.Code || f.Area != area {
					t.Fatalf("figure %d of %q is %+v", n, area, f)
				}
				for which, want := range map[Which][2]int64{Numerator: {f.NumRows, f.Num}, Denominator: {f.DenRows, f.Den}} {
					rows, sum := q.behind(t, v, now, in.Code, area, period, which)
					if [2]int64{rows, sum} != want {
						t.Errorf("%s %s of %q: %d rows that add up to %d, figure %v", in.Code, which, area, rows, sum, want)
					}
				}
				if f.NumRows > 0 {
					empty[in.Code] = false
				}
				if f.NumRows > f.DenRows {
					t.Errorf("%s of %q: %d of %d", in.Code, area, f.NumRows, f.DenRows)
				}
			}
		}
	}
	for _, code := range []string{"refused", "on_time", "age_31_60", "overdue", "open_collective", "red", "recovered", "recovery", "reopen", "satisfaction", "unreached", "duration", "conclusion.1"} {
		if empty[code] {
			t.Errorf("the cases of the test do not show %s", code)
		}
	}
}

// behind reads all rows behind a figure.
func (q Queries) behind(t *testing.T, v Viewer, m Moment, code, area string, p Period, which Which) (rows, sum int64) {
	t.Helper()
	for after := Cursor(""); ; {
		page := must[Page[BoardRow]](t)(q.Rows(t.Context(), v, m, code, area, p, which, after, 25))
		for _, r := range page.Rows {
			rows++
			sum += r.Adds
		}
		if after = page.Next; after == "" {
			if int(rows) != page.Total {
				t.Errorf("%s %s of %q: %d rows, total %d", code, which, area, rows, page.Total)
			}
			return rows, sum
		}
	}
}

func TestBoardOfAKnownMonth(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	// Registered on Monday March 2, closed on Friday March 6: 4 working days.
	one := o.open(nil).assign().contact().claim(2, domain.Yuan(3000)).verify(domain.Yuan(2000))
	o.pass(4 * day)
	one.payAll().propose("1").approve(5)
	// Closed at the end of the 15th working day but seven: late, two weeks of May
	// holidays and rest days in between do not count.
	o.now = time.Date(2026, 4, 28, 2, 0, 0, 0, time.UTC) // Tuesday
	two := o.open(nil).assign().contact().claim(1, domain.Yuan(3000)).verify(domain.Yuan(2000))
	o.now = time.Date(2026, 5, 9, 2, 0, 0, 0, time.UTC) // Saturday, a workday
	two.payAll().propose("1").approve(2)
	o.open(nil)
	q := o.serve()
	now := Moment{At: time.Date(2026, 5, 12, 2, 0, 0, 0, time.UTC), Calendar: cal2026}
	spring := Period{From: date("2026-03-01"), To: date("2026-05-31")}
	got := map[string]Figure{}
	for _, f := range must[Board](t)(q.Board(t.Context(), everything, now, spring, "gp")).Figures[0] {
		got[f.Indicator] = f
	}
	// One took 4 working days; two took April 29, 30 and May 6, 7, 8, 9: 6.
	for code, want := range map[string]struct {
		num, den int64
		value    float64
	}{
		"received": {3, 3, 3}, "accepted": {2, 3, 2}, "closed": {2, 3, 2}, "on_time": {2, 2, 100}, "duration": {2, 2, 5},
		"age_0_5": {1, 1, 1}, "persons": {6, 3, 6}, "verified": {600_000, 600_000 + 300_000 + 900_000, 600_000},
		"recovered": {600_000, 600_000, 600_000}, "recovery": {600_000, 600_000, 100}, "satisfaction": {2, 3, 200. / 3},
		"unreached": {0, 3, 0}, "reopen": {0, 2, 0}, "channel.hotline": {3, 3, 3}, "category.wage_arrears": {3, 3, 3},
	} {
		f := got[code]
		if f.Value == nil || f.Num != want.num || f.Den != want.den || *f.Value != want.value {
			t.Errorf("%s: %d of %d, value %v; want %+v", code, f.Num, f.Den, f.Value, want)
		}
	}
	series := must[[][]Figure](t)(q.Series(t.Context(), everything, now, []string{"received", "recovered"}, Months(4, date("2026-05-20")), ""))
	var received, recovered []int64
	for _, month := range series {
		received, recovered = append(received, month[0].Num), append(recovered, month[1].Num)
	}
	if want := []int64{0, 1, 1, 1}; !equal(received, want) {
		t.Errorf("received from February to May: %v, want %v", received, want)
	}
	if want := []int64{0, 400_000, 0, 200_000}; !equal(recovered, want) {
		t.Errorf("recovered from February to May: %v, want %v", recovered, want)
	}
}

func equal(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestBoardOfNothing(t *testing.T) {
	t.Parallel()
	q := newOffice(t).serve()
	now := Moment{At: monday, Calendar: cal2026}
	board := must[Board](t)(q.Board(t.Context(), everything, now, Month(2026, time.March), ""))
	if len(board.Areas) != 1 || len(board.Figures[0]) != len(Indicators()) {
		t.Fatalf("board of no cases: %v", board.Areas)
	}
	for _, f := range board.Figures[0] {
		in, _ := IndicatorOf(f.Indicator)
		if noValue := in.Unit == UnitPercent || in.Unit == UnitWorkdays; f.Num != 0 || (f.Value == nil) != noValue {
			t.Errorf("%s of no cases: %+v", f.Indicator, f)
		}
	}
	var no *domain.Rejection
	if _, err := q.Board(t.Context(), everything, now, Period{From: date("2026-03-02"), To: date("2026-03-01")}, ""); !errors.As(err, &no) {
		t.Errorf("a period that ends before it begins: %v", err)
	}
	if _, err := q.Rows(t.Context(), everything, now, "nonsense", "", Month(2026, time.March), Numerator, "", 0); !errors.As(err, &no) {
		t.Errorf("an unknown indicator: %v", err)
	}
}

package complaints

import (
	"cmp"
	"errors"
	"maps"
	"testing"
	"time"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
)

// TestFiguresAreTheirRows reads, for every indicator, area and side, the rows
// behind the figure page by page, and holds count and sum against the figure.
func TestFiguresAreTheirRows(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.careers(80)
	q := o.serve()
	now := Moment{At: o.now.Add(70 * day), Calendar: cal2026, Units: counties()}
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
	now := Moment{At: time.Date(2026, 5, 12, 2, 0, 0, 0, time.UTC), Calendar: cal2026, Units: counties()}
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

// counties is a tree with the areas of the tests' cases.
func counties(more ...orgunit.Event) orgunit.Tree {
	tree := orgunit.Tree{}.Apply(orgunit.UnitFounded{Code: "jc", Name: "市总工会", Short: "市总", Kind: orgunit.KindCity})
	for _, code := range []string{"cq", "zz", "gp", "yc", "lc", "qs"} {
		tree = tree.Apply(orgunit.UnitFounded{Code: code, Name: code, Short: code, Parent: "jc", Kind: orgunit.KindCounty})
	}
	for _, ev := range more {
		tree = tree.Apply(ev)
	}
	return tree
}

// A figure counts by the tree as it was when its period ended: what a unit did
// before it moved stays where it was counted.
func TestBoardByTheTreeOfItsTime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	area := func(code string) func(*complaint.Register) { return func(c *complaint.Register) { c.Area = code } }
	o.now = date("2026-03-10").Start().Add(2 * time.Hour)
	o.open(area("gp"))
	o.open(area("town"))
	o.open(area("nowhere"))
	o.now = date("2026-04-10").Start().Add(2 * time.Hour)
	o.open(area("town"))
	o.open(area("zz"))
	q := o.serve()
	m := Moment{At: date("2026-05-12").Start(), Calendar: cal2026, Units: counties(
		orgunit.UnitFounded{Code: "town", Name: "镇", Short: "镇", Parent: "gp", Kind: orgunit.KindTown},
		orgunit.UnitMoved{Code: "town", To: "zz", FromDate: date("2026-04-01")})}
	march, april := Month(2026, time.March), Month(2026, time.April)
	both := Period{From: march.From, To: april.To}
	for _, c := range []struct {
		period Period
		base   string
		want   map[string]int64 // received, by area
	}{
		{march, "", map[string]int64{"": 3, "gp": 2}},
		{april, "", map[string]int64{"": 2, "zz": 2}},
		{both, "", map[string]int64{"": 5, "gp": 1, "zz": 3}},
		{march, "gp", map[string]int64{"": 2, "gp/own": 1, "town": 1}},
		{april, "gp", map[string]int64{"": 0}},
		{april, "zz", map[string]int64{"": 2, "zz/own": 1, "town": 1}},
		{both, "zz", map[string]int64{"": 3, "zz/own": 1, "town": 2}},
		{both, "town", map[string]int64{"": 2, "town/own": 2}},
		{both, "zz/own", map[string]int64{"": 1, "zz/own": 1}},
	} {
		board := must[Board](t)(q.Board(t.Context(), everything, m, c.period, c.base))
		got := map[string]int64{}
		for i, area := range board.Areas {
			if n := board.Figures[i][0].Num; n > 0 || area == "" {
				got[area] = n
			}
			rows, _ := q.behind(t, everything, m, "received", cmp.Or(area, c.base), c.period, Numerator)
			if f := board.Figures[i][0]; rows != f.NumRows {
				t.Errorf("%v under %q: %d rows behind %q, figure %d", c.period, c.base, rows, area, f.NumRows)
			}
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%v under %q: %v, want %v", c.period, c.base, got, c.want)
		}
	}
	// Month by month each by its own tree.
	series := must[[][]Figure](t)(q.Series(t.Context(), everything, m, []string{"received"}, []Period{march, april}, "gp"))
	if series[0][0].Num != 2 || series[1][0].Num != 0 {
		t.Errorf("months of a county that lost a town: %+v", series)
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
	now := Moment{At: monday, Calendar: cal2026, Units: counties()}
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

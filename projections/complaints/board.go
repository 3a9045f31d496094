package complaints

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/orgunit"
)

// Period is a stretch of civil dates, both included.
type Period struct {
	From domain.Date `json:"from"`
	To   domain.Date `json:"to"`
}

// Month is the period of one month.
func Month(year int, m time.Month) Period {
	from := domain.NewDate(year, m, 1)
	return Period{From: from, To: from.AddMonths(1).AddDays(-1)}
}

// Months are the n months that end with the month of a date, the oldest first.
func Months(n int, last domain.Date) []Period {
	periods := make([]Period, n)
	first := domain.NewDate(last.Year(), last.Month(), 1).AddMonths(1 - n)
	for i := range periods {
		m := first.AddMonths(i)
		periods[i] = Month(m.Year(), m.Month())
	}
	return periods
}

// Moment is when a board is asked for, by which calendar working days count, and
// by which tree cases count under units: by the tree as it was when the period
// ended. A figure and the rows behind it agree when they are asked of the same
// moment.
type Moment struct {
	At       time.Time
	Calendar calendar.Calendar
	Units    orgunit.Tree
}

// TreeDate is the date as of which the tree of units counts for a period.
func (m Moment) TreeDate(p Period) domain.Date {
	if today := domain.DateOf(m.At); today.Before(p.To) {
		return today
	}
	return p.To
}

// Figure is one cell of the board.
type Figure struct {
	Indicator string `json:"indicator"`
	Area      string `json:"area"` // the unit that the cases count under; empty: all together
	Num       int64  `json:"num"`
	Den       int64  `json:"den"`
	NumRows   int64  `json:"num_rows"` // cases behind Num
	DenRows   int64  `json:"den_rows"`
	// Value is Num for cases, persons and fen; 100·Num/Den for percent; the median
	// for workdays. Nil when there is nothing to divide by or to order.
	Value *float64 `json:"value"`
}

// Board is the figures of one period: all areas together, then each area, which
// is a unit with all below it (orgunit.Tree.Lines).
type Board struct {
	Period Period   `json:"period"`
	Areas  []string `json:"areas"` // the first is empty: all
	// Figures are by area and indicator, in the order of Areas and Indicators.
	Figures [][]Figure `json:"figures"`
}

// Board is every figure of a period by area: of the unit area itself and of each
// unit directly below it. area empty means the root.
func (q Queries) Board(ctx context.Context, v Viewer, m Moment, p Period, area string) (Board, error) {
	cells, err := q.figures(ctx, v, m, Indicators(), []Period{p}, area)
	if err != nil {
		return Board{}, err
	}
	b := Board{Period: p}
	for _, c := range cells {
		b.Areas = append(b.Areas, c.area)
		b.Figures = append(b.Figures, c.figures)
	}
	return b, nil
}

// Series is some figures over several periods, for charts: by period, in the
// order of the codes, for one area with all below it or for all together.
func (q Queries) Series(ctx context.Context, v Viewer, m Moment, codes []string, periods []Period, area string) ([][]Figure, error) {
	list := make([]Indicator, len(codes))
	for i, code := range codes {
		var err error
		if list[i], err = IndicatorOf(code); err != nil {
			return nil, err
		}
	}
	cells, err := q.figures(ctx, v, m, list, periods, area)
	if err != nil {
		return nil, err
	}
	series := make([][]Figure, len(periods))
	for _, c := range cells {
		if c.area == "" {
			series[c.period] = c.figures
		}
	}
	return series, nil
}

type cell struct {
	period  int
	area    string
	figures []Figure
}

// periods and overPeriods give every predicate its c, p, w and m: the case, the
// period, the moment, and what was paid to the case in the period. s is the unit
// that the case counts under in the period; a case of an area that the tree does
// not know counts in the whole alone.
const (
	periods = `
  with p as (
	select * from unnest(@from_at::timestamptz[], @to_at::timestamptz[], @from_on::date[], @to_on::date[])
	              with ordinality as p(from_at, to_at, from_on, to_on, n)
  ), m as (
	select p.n, y.complaint_id, sum(y.paid_fen) as fen
	  from p join complaints_v3.payment y on not y.reversed and y.paid_on >= p.from_on and y.paid_on <= p.to_on
	 group by p.n, y.complaint_id
  ), s as (
	select * from unnest(@share_n::int[], @share_area::text[], @share_under::text[]) as s(n, area, under)
  )`
	overPeriods = `
  from p
 cross join (select @days::timestamptz[] as days, @as_of::timestamptz as as_of) w
 cross join complaints_v3.complaint c
  left join m on m.complaint_id = c.id and m.n = p.n
  left join s on s.n = p.n and s.area = c.area
 where ` + visible + ` and (@area = '' or s.under is not null)`
)

// figures are the cells of all areas together and of each area, for each period.
func (q Queries) figures(ctx context.Context, v Viewer, m Moment, list []Indicator, over []Period, area string) ([]cell, error) {
	args, err := q.boardArgs(ctx, v, m, over, area)
	if err != nil {
		return nil, err
	}
	plan := planOf(list)
	rows, _ := q.DB.Query(ctx, plan.sql, args) // CollectRows returns the error
	found, err := pgx.CollectRows(rows, plan.scan)
	if err != nil {
		return nil, fmt.Errorf("figures of the board: %w", err)
	}
	return withTotals(found, list, len(over)), nil
}

// plan is the query for some indicators. Many share a denominator: each side is
// counted once.
type plan struct {
	list  []Indicator
	sides []side
	place map[side]int
	sql   string
}

func planOf(list []Indicator) plan {
	p := plan{list: list, place: map[side]int{}}
	var sql strings.Builder
	sql.WriteString(periods + ` select p.n, grouping(s.under) = 1 as total, coalesce(s.under, '') as area`)
	for _, in := range list {
		for _, s := range []side{in.num, in.den} {
			if _, known := p.place[s]; known {
				continue
			}
			p.place[s] = len(p.sides)
			p.sides = append(p.sides, s)
			fmt.Fprintf(&sql, `, count(*) filter (where %s)`, s.where)
			if s.adds != "" {
				fmt.Fprintf(&sql, `, coalesce(sum(%s) filter (where %s), 0)::bigint`, s.adds, s.where)
			}
		}
	}
	for _, in := range list {
		if in.median != "" {
			fmt.Fprintf(&sql, `, percentile_cont(0.5) within group (order by %s) filter (where %s)`, in.median, in.num.where)
		}
	}
	sql.WriteString(overPeriods + ` group by grouping sets ((p.n), (p.n, s.under)) having grouping(s.under) = 1 or s.under is not null order by p.n, total desc, area`)
	p.sql = sql.String()
	return p
}

func (p plan) scan(row pgx.CollectableRow) (cell, error) {
	var n int64
	var total bool
	c := cell{figures: make([]Figure, len(p.list))}
	counts, sums := make([]int64, len(p.sides)), make([]int64, len(p.sides))
	targets := []any{&n, &total, &c.area}
	for i, s := range p.sides {
		if targets = append(targets, &counts[i]); s.adds != "" {
			targets = append(targets, &sums[i])
		}
	}
	for i, in := range p.list {
		if in.median != "" {
			targets = append(targets, &c.figures[i].Value)
		}
	}
	if err := row.Scan(targets...); err != nil {
		return cell{}, err
	}
	for i, s := range p.sides {
		if s.adds == "" {
			sums[i] = counts[i]
		}
	}
	c.period = int(n) - 1
	for i, in := range p.list {
		f := &c.figures[i]
		f.Indicator, f.Area = in.Code, c.area
		num, den := p.place[in.num], p.place[in.den]
		f.Num, f.NumRows, f.Den, f.DenRows = sums[num], counts[num], sums[den], counts[den]
		f.reckon(in)
	}
	return c, nil
}

func (f *Figure) reckon(in Indicator) {
	var value float64
	switch {
	case in.Unit == UnitWorkdays:
		return
	case in.Unit != UnitPercent:
		value = float64(f.Num)
	case f.Den == 0:
		return
	default:
		value = 100 * float64(f.Num) / float64(f.Den)
	}
	f.Value = &value
}

// withTotals adds the line of all areas to periods of which there is no case.
func withTotals(found []cell, list []Indicator, periods int) []cell {
	have := make([]bool, periods)
	for _, c := range found {
		have[c.period] = true
	}
	for n, ok := range have {
		if ok {
			continue
		}
		c := cell{period: n, figures: make([]Figure, len(list))}
		for i, in := range list {
			c.figures[i].Indicator = in.Code
			c.figures[i].reckon(in)
		}
		found = append(found, c)
	}
	return found
}

// boardArgs are the arguments of overPeriods. Days are the beginnings of the
// workdays, so that width_bucket counts those up to an instant.
func (q Queries) boardArgs(ctx context.Context, v Viewer, m Moment, periods []Period, area string) (pgx.StrictNamedArgs, error) {
	days, err := q.workdays(ctx, m)
	if err != nil {
		return nil, err
	}
	fromAt, toAt := make([]time.Time, len(periods)), make([]time.Time, len(periods))
	fromOn, toOn := make([]domain.Date, len(periods)), make([]domain.Date, len(periods))
	for i, p := range periods {
		if p.From.IsZero() || p.To.Before(p.From) {
			return nil, domain.Reject("bad_period", "统计期间的起止日期不对,请重新选择。")
		}
		fromAt[i], toAt[i], fromOn[i], toOn[i] = p.From.Start(), p.To.End(), p.From, p.To
	}
	args := pgx.StrictNamedArgs{"from_at": fromAt, "to_at": toAt, "from_on": fromOn, "to_on": toOn, "days": days, "as_of": m.At, "area": area}
	m.share(args, periods, area)
	return v.args(args), nil
}

// share says for each period which unit the cases of an area count under.
func (m Moment) share(args pgx.StrictNamedArgs, periods []Period, base string) {
	var n []int
	var area, under []string
	for i, p := range periods {
		shares := m.Units.Shares(base, m.TreeDate(p))
		for _, code := range slices.Sorted(maps.Keys(shares)) {
			n, area, under = append(n, i+1), append(area, code), append(under, shares[code])
		}
	}
	args["share_n"], args["share_area"], args["share_under"] = n, area, under
}

// workdays are the beginnings of all workdays since the first case.
func (q Queries) workdays(ctx context.Context, m Moment) ([]time.Time, error) {
	var first, last time.Time
	err := q.DB.QueryRow(ctx, `select min(registered_at), max(closed_at) from complaints_v3.complaint`).Scan(&first, &last)
	if err != nil {
		return nil, fmt.Errorf("span of the board: %w", err)
	}
	days := []time.Time{}
	if first.IsZero() {
		return days, nil
	}
	if last.Before(m.At) {
		last = m.At
	}
	for d, end := domain.DateOf(first), domain.DateOf(last); !d.After(end); d = d.AddDays(1) {
		if m.Calendar.IsWorkday(d) {
			days = append(days, d.Start())
		}
	}
	return days, nil
}

// Which says which rows behind a figure are wanted.
type Which string

// The sides of a figure.
const (
	Numerator   Which = "num" // 分子
	Denominator Which = "den" // 分母
)

// BoardRow is a case behind a figure. Adds over all rows are the figure.
type BoardRow struct {
	Row
	Adds int64 `db:"adds" json:"adds"`
}

// Rows are the cases behind a figure, the newest first: exactly as many as the
// figure says when it is asked for the same viewer and moment.
func (q Queries) Rows(ctx context.Context, v Viewer, m Moment, code, area string, p Period, which Which, after Cursor, limit int) (Page[BoardRow], error) {
	in, err := IndicatorOf(code)
	if err != nil {
		return Page[BoardRow]{}, err
	}
	s := in.num
	if which == Denominator {
		s = in.den
	}
	at, id, err := after.place()
	if err != nil {
		return Page[BoardRow]{}, err
	}
	args, err := q.boardArgs(ctx, v, m, []Period{p}, area)
	if err != nil {
		return Page[BoardRow]{}, err
	}
	var page Page[BoardRow]
	from := overPeriods + ` and (` + s.where + `)`
	if err := q.DB.QueryRow(ctx, periods+` select count(*)`+from, args).Scan(&page.Total); err != nil {
		return Page[BoardRow]{}, fmt.Errorf("count rows of %s: %w", code, err)
	}
	limit = pageSize(limit)
	args["after_at"], args["after_id"], args["limit"] = at, id, limit+1
	page.Rows, err = collect[BoardRow](ctx, q, periods+` select c.*, (`+s.sum()+`)::bigint as adds`+from+`
		and (@after_id::uuid = `+nobody+` or (c.registered_at, c.id) < (@after_at, @after_id))
		order by c.registered_at desc, c.id desc limit @limit`, args)
	if err != nil {
		return Page[BoardRow]{}, err
	}
	page.cut(limit, func(r BoardRow) Cursor { return cursor(r.RegisteredAt, r.ID) })
	return page, nil
}

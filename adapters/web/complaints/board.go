package complaints

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"hearth/adapters/web"
	"hearth/adapters/web/chart"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
	"hearth/projections/complaints"
)

var boardRoles = []domain.Role{
	domain.RoleLeader, domain.RoleApprover, domain.RoleReviewer, domain.RoleOrgHead, domain.RoleDiscipline,
	domain.RoleFinanceAuditor, domain.RoleShiftLeader, domain.RoleDispatcher,
}

func (p *pages) boardRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /board", Handler: p.showBoard, Roles: boardRoles, Models: listModels},
		{Pattern: "GET /board.xlsx", Handler: p.exportBoard, Roles: boardRoles, Models: listModels},
		{Pattern: "GET /board/rows", Handler: p.showBoardRows, Roles: boardRoles, Models: listModels},
		{Pattern: "GET /board/rows.xlsx", Handler: p.exportBoardRows, Roles: boardRoles, Models: listModels},
	}
}

// boardPage is the leaders' board (领导看板) of one period.
type boardPage struct {
	web.Page
	Form        *web.Form
	Periods     []web.Option
	Areas       []web.Option
	Metrics     []web.Option
	Period      complaints.Period
	Area        string
	Where       string      // the name of Area, empty for the whole
	TreeDate    domain.Date // as of which the tree of units counts
	Tiles       []boardTile
	Tabs        []web.Tab
	Head        []string
	Groups      []boardGroup
	Charts      []chart.Figure
	Definitions []definition
	Export      string
	AsOf        time.Time
}

// boardTile is one of the figures that are seen first.
type boardTile struct {
	Label, Value, Note, Href string
	Bad                      bool
}

// boardGroup is a part of the table of indicators.
type boardGroup struct {
	Label string
	Rows  []boardRow
}

// boardRow is one indicator over all areas, or over all months.
type boardRow struct {
	Name, Unit string
	Cells      []boardCell
}

// boardCell is a figure with what it is of; both lead to the rows behind them.
type boardCell struct{ Label, Value, Num, Den, NumHref, DenHref string }

// definition is what an indicator means.
type definition struct{ Name, Unit, Text string }

// boardQuery is what an address of the board asks for.
type boardQuery struct {
	period complaints.Period
	area   string
	metric string
	byTime bool
}

// boardQueryOf reads the form of the board. What cannot be read is noted in it
// and replaced by this month.
func boardQueryOf(f *web.Form, units orgunit.Tree, today domain.Date) boardQuery {
	q := boardQuery{area: f.Text("area"), metric: f.Text("metric"), byTime: f.Text("view") == "time"}
	if code, _ := strings.CutSuffix(q.area, orgunit.Own("")); !units.Known(code) || code == units.Root(today) && code == q.area {
		q.area = ""
	}
	from, to := f.Date("from"), f.Date("to")
	switch {
	case from.IsZero() && to.IsZero():
		p, ok := parsePeriod(f.Text("period"))
		if !ok {
			p = complaints.Month(today.Year(), today.Month())
		}
		q.period = p
	case from.IsZero():
		f.Fail("from", "请填写开始日期。")
	case to.IsZero():
		f.Fail("to", "请填写结束日期。")
	case to.Before(from):
		f.Fail("to", "结束日期早于开始日期,请改正。")
	default:
		q.period = complaints.Period{From: from, To: to}
	}
	if q.period.From.IsZero() {
		q.period = complaints.Month(today.Year(), today.Month())
	}
	return q
}

// parsePeriod reads 2026-11, 2026-Q4 and 2026.
func parsePeriod(s string) (complaints.Period, bool) {
	var year, n int
	months := func(first, count int) complaints.Period {
		from := domain.NewDate(year, time.Month(first), 1)
		return complaints.Period{From: from, To: from.AddMonths(count).AddDays(-1)}
	}
	switch {
	case len(s) == 7 && scan(s, "%4d-Q%1d", &year, &n) && year > 0 && n >= 1 && n <= 4:
		return months(3*n-2, 3), true
	case len(s) == 7 && scan(s, "%4d-%2d", &year, &n) && year > 0 && n >= 1 && n <= 12:
		return months(n, 1), true
	case len(s) == 4 && scan(s, "%4d", &year) && year > 0:
		return months(1, 12), true
	}
	return complaints.Period{}, false
}

func scan(s, format string, into ...any) bool {
	n, err := fmt.Sscanf(s, format, into...)
	return err == nil && n == len(into)
}

// periodOptions are the months, quarters and years up to today.
func periodOptions(today domain.Date) (options []web.Option) {
	for i := range 12 {
		m := domain.NewDate(today.Year(), today.Month(), 1).AddMonths(-i)
		options = append(options, web.Option{Value: fmt.Sprintf("%d-%02d", m.Year(), m.Month()), Label: fmt.Sprintf("%d年%d月", m.Year(), m.Month())})
	}
	for i := range 5 {
		m := domain.NewDate(today.Year(), today.Month(), 1).AddMonths(-3 * i)
		n := (int(m.Month()) + 2) / 3
		options = append(options, web.Option{Value: fmt.Sprintf("%d-Q%d", m.Year(), n), Label: fmt.Sprintf("%d年第%d季度", m.Year(), n)})
	}
	for i := range 3 {
		y := today.Year() - i
		options = append(options, web.Option{Value: fmt.Sprint(y), Label: fmt.Sprintf("%d年", y)})
	}
	return options
}

// moment is now by the calendar in force.
func (p *pages) moment(q *web.Request) (complaints.Moment, error) {
	rules, err := p.Casework.Rules(q.Context())
	return complaints.Moment{At: q.Now(), Calendar: rules.Calendar, Units: q.Units()}, err
}

// rowsAddress leads to the rows behind a figure.
func rowsAddress(code, area string, p complaints.Period, which complaints.Which) string {
	v := url.Values{"code": {code}, "from": {p.From.String()}, "to": {p.To.String()}, "which": {string(which)}}
	if area != "" {
		v.Set("area", area)
	}
	return "/board/rows?" + v.Encode()
}

func (p *pages) showBoard(q *web.Request) error {
	f := queryForm(q)
	today := domain.DateOf(q.Now())
	ask := boardQueryOf(f, q.Units(), today)
	m, err := p.moment(q)
	if err != nil {
		return err
	}
	board, err := p.Cases.Board(q.Context(), p.viewer(q), m, ask.period, ask.area)
	if err != nil {
		return err
	}
	if f.Text("period") == "" && f.Text("from") == "" {
		f.Values.Set("period", fmt.Sprintf("%d-%02d", today.Year(), today.Month()))
	}
	page := &boardPage{
		Page: q.Page("领导看板"), Form: f, Periods: periodOptions(today), Areas: boardAreas(q.Units(), today), Metrics: metricOptions(),
		Period: ask.period, Area: ask.area, Where: lineName(q.Units(), ask.area), TreeDate: m.TreeDate(ask.period), AsOf: q.Now(), Definitions: definitions(),
		Export: "/board.xlsx?" + f.Values.Encode(), Tiles: boardTiles(board),
	}
	page.Tabs = boardTabs(q.URL.Query(), ask.byTime)
	if ask.byTime {
		err = p.tableByMonth(q, m, ask, page)
	} else {
		page.tableByArea(board, m.Units.Lines(ask.area, m.TreeDate(ask.period)))
	}
	if err != nil {
		return err
	}
	if page.Charts, err = p.boardCharts(q, m, ask, board); err != nil {
		return err
	}
	return q.Render("complaints/board", page)
}

func boardTabs(v url.Values, byTime bool) []web.Tab {
	tab := func(label, view string, current bool) web.Tab {
		if view == "" {
			v.Del("view")
		} else {
			v.Set("view", view)
		}
		return web.Tab{Label: label, Href: "/board?" + v.Encode(), Count: -1, Current: current}
	}
	return []web.Tab{tab("按单位", "", !byTime), tab("按月份", "time", byTime)}
}

// boardAreas are the units of which a board can be had: all of today's tree but
// the root, which is the whole.
func boardAreas(units orgunit.Tree, today domain.Date) (options []web.Option) {
	for _, u := range units.All(today) {
		if u.Parent != "" {
			options = append(options, web.Option{Value: u.Code, Label: u.Short})
		}
	}
	return options
}

// tableByArea: the columns are all areas together and each line of the unit that
// is looked at, by the tree of the time.
func (b *boardPage) tableByArea(board complaints.Board, lines []orgunit.Line) {
	codes := []string{""}
	b.Head = []string{"合计"}
	for _, l := range lines {
		codes, b.Head = append(codes, l.Code), append(b.Head, l.Short)
	}
	b.table(len(codes), func(i, column int) (complaints.Figure, complaints.Period) {
		at := slices.Index(board.Areas, codes[column])
		if at < 0 {
			return none(i, codes[column]), board.Period
		}
		fig := board.Figures[at][i]
		if fig.Area == "" {
			fig.Area = b.Area
		}
		return fig, board.Period
	})
}

// none is the figure of an area without any case.
func none(i int, area string) complaints.Figure {
	in := complaints.Indicators()[i]
	fig := complaints.Figure{Indicator: in.Code, Area: area}
	if in.Unit != complaints.UnitPercent && in.Unit != complaints.UnitWorkdays {
		fig.Value = new(float64)
	}
	return fig
}

// tableByMonth: the columns are the months up to the end of the period.
func (p *pages) tableByMonth(q *web.Request, m complaints.Moment, ask boardQuery, b *boardPage) error {
	months := complaints.Months(12, ask.period.To)
	var codes []string
	for _, in := range complaints.Indicators() {
		codes = append(codes, in.Code)
	}
	series, err := p.Cases.Series(q.Context(), p.viewer(q), m, codes, months, ask.area)
	if err != nil {
		return err
	}
	for _, month := range months {
		b.Head = append(b.Head, fmt.Sprintf("%02d-%02d", month.From.Year()%100, month.From.Month()))
	}
	b.table(len(months), func(i, column int) (complaints.Figure, complaints.Period) {
		fig := series[column][i]
		fig.Area = ask.area
		return fig, months[column]
	})
	return nil
}

// table fills the rows of the table, with what is split by code behind the rest.
func (b *boardPage) table(columns int, at func(i, column int) (complaints.Figure, complaints.Period)) {
	for i, in := range complaints.Indicators() {
		label := "主要指标"
		name := in.Name
		if kind, of, split := strings.Cut(in.Name, ":"); split {
			label, name = "期内登记,按"+kind, of
		}
		if n := len(b.Groups); n == 0 || b.Groups[n-1].Label != label {
			b.Groups = append(b.Groups, boardGroup{Label: label})
		}
		row := boardRow{Name: name, Unit: unitLabel(in.Unit)}
		empty := true
		for c := range columns {
			fig, period := at(i, c)
			row.Cells = append(row.Cells, cellOf(in, fig, period, b.Head[c]))
			empty = empty && fig.NumRows == 0
		}
		if group := &b.Groups[len(b.Groups)-1]; label == "主要指标" || !empty {
			group.Rows = append(group.Rows, row)
		}
	}
	b.Groups = slices.DeleteFunc(b.Groups, func(g boardGroup) bool { return len(g.Rows) == 0 })
}

func cellOf(in complaints.Indicator, fig complaints.Figure, p complaints.Period, label string) boardCell {
	num, den := in.Units()
	c := boardCell{Label: label, Value: valueText(in, fig), Num: amount(num, fig.Num), Den: amount(den, fig.Den)}
	if fig.NumRows > 0 {
		c.NumHref = rowsAddress(in.Code, fig.Area, p, complaints.Numerator)
	}
	if fig.DenRows > 0 {
		c.DenHref = rowsAddress(in.Code, fig.Area, p, complaints.Denominator)
	}
	return c
}

// Ratio reports whether the value is not the numerator itself, so that both
// sides are to be shown.
func (c boardCell) Ratio() bool { return c.Value != c.Num }

// valueText is a figure as the board shows it; money in 万元.
func valueText(in complaints.Indicator, fig complaints.Figure) string {
	switch {
	case fig.Value == nil:
		return "—"
	case in.Unit == complaints.UnitPercent:
		return web.FormatPercent(int(fig.Num), int(fig.Den))
	case in.Unit == complaints.UnitWorkdays:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", *fig.Value), ".0")
	}
	return amount(in.Unit, fig.Num)
}

func amount(u complaints.Unit, n int64) string {
	if u == complaints.UnitFen {
		return web.FormatWan(domain.Fen(n))
	}
	return fmt.Sprint(n)
}

func unitLabel(u complaints.Unit) string {
	if u == complaints.UnitFen {
		return "万元"
	}
	return u.Label()
}

// firstSeen are the indicators of the tiles, and whether any of them is bad news.
var firstSeen = []struct {
	code string
	bad  bool
}{{"received", false}, {"closed", false}, {"on_time", false}, {"overdue", true}, {"red", true}, {"persons", false}, {"recovered", false}, {"recovery", false}}

func boardTiles(b complaints.Board) []boardTile {
	list := complaints.Indicators()
	var tiles []boardTile
	for _, want := range firstSeen {
		i := slices.IndexFunc(list, func(in complaints.Indicator) bool { return in.Code == want.code })
		fig := b.Figures[0][i]
		area := ""
		if len(b.Areas) == 2 {
			area = b.Areas[1]
		}
		num, den := list[i].Units()
		t := boardTile{
			Label: list[i].Name + "(" + unitLabel(list[i].Unit) + ")", Value: valueText(list[i], fig), Bad: want.bad && fig.Num > 0,
			Href: rowsAddress(want.code, area, b.Period, complaints.Numerator),
			Note: amount(num, fig.Num) + " / " + amount(den, fig.Den) + unitLabel(den),
		}
		tiles = append(tiles, t)
	}
	return tiles
}

// definitions tells what each indicator means; a split by code once.
func definitions() (list []definition) {
	for _, in := range complaints.Indicators() {
		d := definition{in.Name, unitLabel(in.Unit), in.Definition}
		if kind, _, split := strings.Cut(in.Name, ":"); split {
			d.Name = "按" + kind
		} else if strings.HasPrefix(in.Code, "age_") {
			d.Name = "在办时长分段"
		}
		if n := len(list); n == 0 || list[n-1].Name != d.Name {
			list = append(list, d)
		}
	}
	return list
}

func categoryOf(code string) string {
	return complaint.Category(strings.TrimPrefix(code, "category.")).Label()
}

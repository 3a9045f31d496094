package complaints

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"hearth/adapters/sheet"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/projections/complaints"
)

// boardRowsPage is the cases behind one figure of the board, or behind what it
// is divided by.
type boardRowsPage struct {
	web.Page
	Indicator complaints.Indicator
	Unit      string
	Value     string
	Num, Den  string // with their units
	Sides     []web.Tab
	Rows      []complaints.BoardRow
	Adds      complaints.Unit // what each row adds
	Sum       string          // over all rows, of the side that is shown
	Pager     web.Pager
	Where     string
	Period    complaints.Period
	Export    string
	Back      string
	None      web.Empty
}

// rowsQuery is which rows an address asks for.
type rowsQuery struct {
	in     complaints.Indicator
	area   string
	period complaints.Period
	which  complaints.Which
	after  complaints.Cursor
}

func rowsQueryOf(q *web.Request) (rowsQuery, error) {
	f := queryForm(q)
	ask := rowsQuery{which: complaints.Numerator, after: complaints.Cursor(f.Text("after"))}
	var err error
	if ask.in, err = complaints.IndicatorOf(f.Text("code")); err != nil {
		return ask, web.ErrNotFound
	}
	if f.Text("which") == string(complaints.Denominator) {
		ask.which = complaints.Denominator
	}
	whole := boardQueryOf(f, q.Units(), domain.DateOf(q.Now()))
	ask.area, ask.period = whole.area, whole.period
	return ask, f.Err()
}

// figure is the figure whose rows are asked for.
func (p *pages) figure(q *web.Request, m complaints.Moment, ask rowsQuery) (complaints.Figure, error) {
	found, err := p.Cases.Series(q.Context(), p.viewer(q), m, []string{ask.in.Code}, []complaints.Period{ask.period}, ask.area)
	if err != nil {
		return complaints.Figure{}, err
	}
	return found[0][0], nil
}

func (p *pages) showBoardRows(q *web.Request) error {
	ask, err := rowsQueryOf(q)
	if err != nil {
		return err
	}
	m, err := p.moment(q)
	if err != nil {
		return err
	}
	fig, err := p.figure(q, m, ask)
	if err != nil {
		return err
	}
	found, err := p.Cases.Rows(q.Context(), p.viewer(q), m, ask.in.Code, ask.area, ask.period, ask.which, ask.after, 0)
	if err != nil {
		return err
	}
	page := ask.page(q, fig)
	page.Rows = found.Rows
	page.Pager = web.Pager{Total: found.Total, Shown: len(found.Rows)}
	v := q.URL.Query()
	if found.Next != "" {
		v.Set("after", string(found.Next))
		page.Pager.Next = "/board/rows?" + v.Encode()
	}
	v.Del("after")
	if ask.after != "" {
		page.Pager.First = "/board/rows?" + v.Encode()
	}
	page.Export = "/board/rows.xlsx?" + v.Encode()
	return q.Render("complaints/board-rows", page)
}

func (ask rowsQuery) page(q *web.Request, fig complaints.Figure) *boardRowsPage {
	board := url.Values{"from": {ask.period.From.String()}, "to": {ask.period.To.String()}}
	if ask.area != "" {
		board.Set("area", ask.area)
	}
	back := "/board?" + board.Encode()
	num, den := ask.in.Units()
	page := &boardRowsPage{
		Page: q.Page(ask.in.Name, web.Crumb{Label: "领导看板", Href: back}), Indicator: ask.in, Unit: unitLabel(ask.in.Unit),
		Value: valueText(ask.in, fig), Num: amount(num, fig.Num) + unitLabel(num), Den: amount(den, fig.Den) + unitLabel(den),
		Adds: num, Where: "全市", Period: ask.period, Back: back, Sum: amount(num, fig.Num) + unitLabel(num),
		None: web.Empty{Title: "没有案件", Text: "这项指标在所选期间和地区没有案件。", Href: back, Label: "回到看板"},
	}
	if ask.area != "" {
		page.Where = lineName(q.Units(), ask.area)
	}
	if ask.which == complaints.Denominator {
		page.Adds, page.Sum = den, page.Den
	}
	page.Sides = []web.Tab{
		{Label: "分子", Href: rowsAddress(ask.in.Code, ask.area, ask.period, complaints.Numerator), Count: int(fig.NumRows), Current: ask.which == complaints.Numerator},
		{Label: "分母", Href: rowsAddress(ask.in.Code, ask.area, ask.period, complaints.Denominator), Count: int(fig.DenRows), Current: ask.which == complaints.Denominator},
	}
	return page
}

// Adding is what a row adds to the figure, empty when that is the row itself.
func (b *boardRowsPage) Adding(r complaints.BoardRow) string {
	if b.Adds == complaints.UnitCases {
		return ""
	}
	return amount(b.Adds, r.Adds)
}

// AddsLabel is the heading above what rows add.
func (b *boardRowsPage) AddsLabel() string { return "计入(" + unitLabel(b.Adds) + ")" }

// exportBoardRows is the cases behind a figure as a spreadsheet.
func (p *pages) exportBoardRows(q *web.Request) error {
	ask, err := rowsQueryOf(q)
	if err != nil {
		return err
	}
	m, err := p.moment(q)
	if err != nil {
		return err
	}
	next := func(after complaints.Cursor) (complaints.Page[complaints.BoardRow], error) {
		return p.Cases.Rows(q.Context(), p.viewer(q), m, ask.in.Code, ask.area, ask.period, ask.which, after, 500)
	}
	page, err := next("")
	if err != nil {
		return err
	}
	if page.Total > exportLimit {
		return domain.Reject("export_too_large", "背后的案件有%d件,一次最多导出%d件,请缩短统计期间或只选一个地区。", page.Total, exportLimit)
	}
	var failed error
	rows := func(yield func([]any) bool) {
		for {
			for _, r := range page.Rows {
				if !yield(append([]any{adds(ask, r)}, exportRow(q.Units(), r.Row)...)) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			if page, failed = next(page.Next); failed != nil {
				return
			}
		}
	}
	side := "分子"
	if ask.which == complaints.Denominator {
		side = "分母"
	}
	var body bytes.Buffer
	columns := append([]sheet.Column{{Heading: "计入" + side, Width: 14}}, exportColumns...)
	if err := errors.Join(sheet.Write(&body, sheet.XLSX, side, columns, rows), failed); err != nil {
		return err
	}
	return q.Attachment(fmt.Sprintf("看板 %s %s.xlsx", ask.in.Name, side), xlsxType, body.Bytes())
}

// adds is what a case adds, in yuan where it is money.
func adds(ask rowsQuery, r complaints.BoardRow) any {
	unit, den := ask.in.Units()
	if ask.which == complaints.Denominator {
		unit = den
	}
	if unit == complaints.UnitFen {
		return domain.Fen(r.Adds)
	}
	return int(r.Adds)
}

// exportBoard is the whole board as a spreadsheet, a line for each figure.
func (p *pages) exportBoard(q *web.Request) error {
	f := queryForm(q)
	ask := boardQueryOf(f, q.Units(), domain.DateOf(q.Now()))
	if err := f.Err(); err != nil {
		return err
	}
	m, err := p.moment(q)
	if err != nil {
		return err
	}
	board, err := p.Cases.Board(q.Context(), p.viewer(q), m, ask.period, ask.area)
	if err != nil {
		return err
	}
	columns := []sheet.Column{
		{Heading: "指标", Width: 28},
		{Heading: "地区", Width: 10},
		{Heading: "期间自", Width: 12},
		{Heading: "期间至", Width: 12},
		{Heading: "数值", Width: 16},
		{Heading: "单位", Width: 8},
		{Heading: "分子", Width: 16},
		{Heading: "分母", Width: 16},
		{Heading: "分子案件数"},
		{Heading: "分母案件数"},
		{Heading: "口径", Width: 60},
	}
	var body bytes.Buffer
	if err := sheet.Write(&body, sheet.XLSX, "领导看板", columns, slices.Values(boardLines(q.Units(), board, ask.area))); err != nil {
		return err
	}
	return q.Attachment(fmt.Sprintf("领导看板 %s 至 %s.xlsx", ask.period.From, ask.period.To), xlsxType, body.Bytes())
}

// lineName is the name of what a line counts.
func lineName(units orgunit.Tree, line string) string {
	if code, own := strings.CutSuffix(line, orgunit.Own("")); own {
		return units.Name(code) + "本级"
	}
	return units.Name(line)
}

func boardLines(units orgunit.Tree, board complaints.Board, area string) (lines [][]any) {
	for i, in := range complaints.Indicators() {
		num, den := in.Units()
		for a, code := range board.Areas {
			fig := board.Figures[a][i]
			where := lineName(units, cmp.Or(code, area))
			if code == "" {
				where = cmp.Or(where, units.Name(units.Root(board.Period.To))) + "合计"
			}
			lines = append(lines, []any{
				in.Name, where, board.Period.From, board.Period.To, figureValue(in, fig), exportUnit(in.Unit), exportNumber(num, fig.Num),
				exportNumber(den, fig.Den), int(fig.NumRows), int(fig.DenRows), in.Definition,
			})
		}
	}
	return lines
}

func figureValue(in complaints.Indicator, fig complaints.Figure) any {
	if fig.Value != nil && in.Unit != complaints.UnitPercent && in.Unit != complaints.UnitWorkdays {
		return exportNumber(in.Unit, fig.Num)
	}
	return valueText(in, fig)
}

func exportNumber(u complaints.Unit, n int64) any {
	if u == complaints.UnitFen {
		return domain.Fen(n)
	}
	return int(n)
}

// exportUnit: a spreadsheet has money in yuan.
func exportUnit(u complaints.Unit) string {
	if u == complaints.UnitFen {
		return "元"
	}
	return u.Label()
}

package complaints

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hearth/adapters/web"
	"hearth/adapters/web/chart"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/projections/complaints"
)

// mapMetrics are the indicators that the map can show: those that add up.
var mapMetrics = []string{"received", "closed", "overdue", "red", "open_collective", "persons", "claimed", "recovered"}

func metricOptions() (options []web.Option) {
	for _, code := range mapMetrics {
		in, err := complaints.IndicatorOf(code)
		if err != nil {
			panic(err) // the list above names indicators
		}
		options = append(options, web.Option{Value: code, Label: in.Name})
	}
	return options
}

// boardFigures finds the figures of a board by indicator and area.
type boardFigures struct {
	complaints.Board
	list []complaints.Indicator
}

func (b boardFigures) at(code, area string) complaints.Figure {
	i := slices.IndexFunc(b.list, func(in complaints.Indicator) bool { return in.Code == code })
	a := slices.Index(b.Areas, area)
	if i < 0 || a < 0 {
		return complaints.Figure{Indicator: code, Area: area}
	}
	return b.Figures[a][i]
}

// href leads to the rows behind a figure, and nowhere when there are none.
func (b boardFigures) href(f complaints.Figure, area string) string {
	if f.NumRows == 0 {
		return ""
	}
	return rowsAddress(f.Indicator, area, b.Period, complaints.Numerator)
}

func (p *pages) boardCharts(q *web.Request, m complaints.Moment, ask boardQuery, board complaints.Board) ([]chart.Figure, error) {
	b := boardFigures{board, complaints.Indicators()}
	months := complaints.Months(12, ask.period.To)
	cases, err := p.monthly(q, m, months, ask.area, "登记、受理、办结件数", "件", nil, "received", "accepted", "closed")
	if err != nil {
		return nil, err
	}
	money, err := p.monthly(q, m, months, ask.area, "诉求、核定、追回金额", "万元", wan, "claimed", "verified", "recovered")
	if err != nil {
		return nil, err
	}
	lines := m.Units.Lines(ask.area, m.TreeDate(ask.period))
	return []chart.Figure{countyMap(b, ask, lines), cases, ageing(b, lines), categories(b, ask), money}, nil
}

func wan(v int64) string { return web.FormatWan(domain.Fen(v)) }

func countyMap(b boardFigures, ask boardQuery, lines []orgunit.Line) chart.Figure {
	code := ask.metric
	if !slices.Contains(mapMetrics, code) {
		code = mapMetrics[0]
	}
	in, err := complaints.IndicatorOf(code)
	if err != nil {
		panic(err) // one of mapMetrics
	}
	total := b.at(code, "")
	spec := chart.Spec{
		Title: "各单位" + in.Name, Unit: unitLabel(in.Unit), Label: "单位",
		Note: fmt.Sprintf("合计 %s%s,涉及 %d 件。%s", amount(in.Unit, total.Num), unitLabel(in.Unit), total.NumRows, in.Definition+"。"),
	}
	if in.Unit == complaints.UnitFen {
		spec.Format = wan
	}
	return web.CountyMap(spec, lines, func(unit string) (int64, string) {
		f := b.at(code, unit)
		return f.Num, b.href(f, unit)
	})
}

// monthly draws some indicators over the months, each point with its rows.
func (p *pages) monthly(
	q *web.Request, m complaints.Moment, months []complaints.Period, area, title, unit string, format func(int64) string, codes ...string,
) (chart.Figure, error) {
	found, err := p.Cases.Series(q.Context(), p.viewer(q), m, codes, months, area)
	if err != nil {
		return chart.Figure{}, err
	}
	labels := make([]string, len(months))
	for i, month := range months {
		labels[i] = fmt.Sprintf("%d-%02d", month.From.Year()%100, month.From.Month())
	}
	list := make([]chart.Series, len(codes))
	for k, code := range codes {
		in, err := complaints.IndicatorOf(code)
		if err != nil {
			return chart.Figure{}, err
		}
		list[k] = chart.Series{Name: strings.TrimSuffix(in.Name, "件数"), Href: func(i int) string {
			if found[i][k].NumRows == 0 {
				return ""
			}
			return rowsAddress(code, area, months[i], complaints.Numerator)
		}}
		for i := range months {
			list[k].Values = append(list[k].Values, found[i][k].Num)
		}
	}
	return chart.Lines(chart.Spec{
		Title: title, Unit: unit, Label: "月份", Format: format, Note: "截至统计期末的十二个月;点任一点查看背后的案件。",
	}, labels, list), nil
}

// ageing draws the open cases of each line by how long they have been open.
func ageing(b boardFigures, units []orgunit.Line) chart.Figure {
	labels := make([]string, len(units))
	for i, u := range units {
		labels[i] = u.Short
	}
	var list []chart.Series
	for _, in := range b.list {
		if !strings.HasPrefix(in.Code, "age_") {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(in.Name, "在办"), "个工作日")
		if in.Code == "age_over_60" {
			name = "60以上"
		}
		one := chart.Series{Name: name, Href: func(i int) string {
			return b.href(b.at(in.Code, units[i].Code), units[i].Code)
		}}
		for _, u := range units {
			one.Values = append(one.Values, b.at(in.Code, u.Code).Num)
		}
		list = append(list, one)
	}
	open := b.at("overdue", "")
	return chart.Stacked(chart.Spec{
		Title: "在办案件时长", Unit: "件", Label: "单位",
		Note: fmt.Sprintf("按登记以来的工作日数分段;目前在办 %d 件,其中逾期 %d 件。", open.Den, open.Num),
	}, labels, list)
}

// mostSlices is how many categories the donut names.
const mostSlices = 5

// categories draws what the complaints of the period are about.
func categories(b boardFigures, ask boardQuery) chart.Figure {
	var points []chart.Point
	for _, in := range b.list {
		if f := b.at(in.Code, ""); strings.HasPrefix(in.Code, "category.") && f.Num > 0 {
			points = append(points, chart.Point{Label: categoryOf(in.Code), Value: f.Num, Href: b.href(f, ask.area)})
		}
	}
	slices.SortStableFunc(points, func(x, y chart.Point) int { return cmp.Compare(y.Value, x.Value) })
	if len(points) > mostSlices+1 {
		rest := chart.Point{Label: fmt.Sprintf("其余%d类", len(points)-mostSlices)}
		for _, p := range points[mostSlices:] {
			rest.Value += p.Value
		}
		points = append(points[:mostSlices:mostSlices], rest)
	}
	return chart.Donut(chart.Spec{
		Title: "诉求类别构成", Unit: "件", Label: "类别", Note: fmt.Sprintf("分母为期内登记的 %d 件。", b.at("received", "").Num),
	}, points)
}

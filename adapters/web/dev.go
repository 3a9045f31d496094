package web

import (
	"fmt"
	"time"

	"hearth/adapters/web/chart"
	"hearth/domain"
	"hearth/domain/orgunit"
)

// partsPage shows every part that pages are built from, filled with invented
// data, for who builds pages and for looking at all of them at once.
type partsPage struct {
	Page
	Form, Wrong, Ask *Form
	Choices          []Option
	Roles            domain.CodeTable
	Rows             []partsRow
	Pager            Pager
	Nothing          Empty
	Facts            []Fact
	Tabs             []Tab
	Timeline         []Moment
	Progress         Progress
	Risks            []Risk
	Badges           []Badge
	Limits           []time.Time
	Confirm, Danger  Confirm
	Charts           []chart.Figure
	Amount           domain.Fen
}

type partsRow struct {
	No, Employer, Unit, State string
	Persons                   int
	Owed                      domain.Fen
	Risk                      Risk
	Due                       time.Time
}

func (s *Shell) partsPage(q *Request) error {
	now := q.Now()
	wrong := q.NewForm("wrong", "employer", "晋城市某某建筑劳务有限公司", "owed", "十二万", "happened", "")
	wrong.Fail("owed", "金额“十二万”看不懂,请写成如 12345.60 的元数。")
	wrong.Fail("category", "请选择类别。")
	ask := q.NewForm("ask")
	p := &partsPage{
		Page: q.Page("页面部件", Crumb{"首页", "/"}, Crumb{"开发", "/dev/parts"}),
		Form: q.NewForm("sample", "channel", "phone"), Wrong: wrong, Ask: ask, Amount: 12_345_678_90,
		Choices: []Option{{"phone", "来电"}, {"visit", "来访"}, {"letter", "来信"}, {"web", "网上"}},
		Roles:   domain.Roles().Table(),
		Pager:   Pager{First: "/dev/parts", Next: "/dev/parts?after=20", Shown: 20, Total: 1234},
		Nothing: Empty{"还没有投诉", "从热线台登记第一件,或者导入一张表格。", "/dev/parts", "登记投诉"},
		Tabs:    []Tab{{"待我办理", "/dev/parts", 12, true}, {"即将到期", "/dev/parts#x", 3, false}, {"全部", "/dev/parts#y", -1, false}},
		Facts: []Fact{
			{Key: "案号", Value: "晋工投诉〔2026〕0117号"},
			{Key: "用人单位", Value: "晋城市某某建筑劳务有限公司", Href: "/dev/parts"},
			{Key: "涉及人数", Value: "12人"},
			{Key: "欠薪金额", Value: "186,400.00 元", Note: "已核实 150,000.00 元"},
			{Key: "责任单位", Value: ""},
		},
		Progress: Progress{"导入 20,000 行", 13_420, 20_000, "已用 3 秒,还需约 2 秒"},
		Risks:    []Risk{"", "blue", "yellow", "orange", "red"},
		Badges:   []Badge{{"已登记", ""}, {"已办结", "good"}, {"待补正", "warn"}, {"超期", "bad"}, {"集体", "accent"}},
		Confirm:  Confirm{Form: ask, Action: "/dev/parts", Button: "受理", Title: "受理这件投诉?", Text: "受理后开始计算办理时限:60个工作日。", Do: "受理"},
	}
	field, err := newField(ask, "reason", "理由", "required", "max=500")
	if err != nil {
		return err
	}
	p.Danger = Confirm{Form: ask, Action: "/dev/parts", Button: "不予受理", Title: "不予受理?", Text: "将书面告知投诉人,并写明理由。", Do: "不予受理", Danger: true, Field: field}
	for _, hours := range []int{-50, -3, 5, 30, 80, 400} {
		p.Limits = append(p.Limits, now.Add(time.Duration(hours)*time.Hour))
	}
	p.Rows, p.Timeline, p.Charts = sampleRows(now), sampleTimeline(now), sampleCharts()
	return q.Render("shell/parts", p)
}

func sampleRows(now time.Time) []partsRow {
	day := 24 * time.Hour
	return []partsRow{
		{"晋工投诉〔2026〕0117号", "晋城市某某建筑劳务有限公司", "城区", "办理中", 12, 18_640_000, "red", now.Add(-day)},
		{"晋工投诉〔2026〕0116号", "高平市某煤业有限公司", "高平", "待补正", 1, 420_000, "yellow", now.Add(2 * day)},
		{"晋工投诉〔2026〕0115号", "阳城县某陶瓷厂", "阳城", "已受理", 4, 3_150_050, "orange", now.Add(9 * day)},
		{"晋工投诉〔2026〕0114号", "某餐饮服务部", "开发区", "已办结", 2, 960_000, "blue", time.Time{}},
	}
}

func sampleTimeline(now time.Time) []Moment {
	return []Moment{
		{At: now.Add(-72 * time.Hour), Text: "接线员登记了来电投诉,涉及12人,欠薪186,400.00元。", Who: "孙晓敏 · 市总 · 接线员"},
		{At: now.Add(-71 * time.Hour), Text: "带班把风险定为红色:负责人失联,工人聚集。", Who: "李建国 · 市总 · 带班", Tone: "bad", Details: []Fact{{Key: "依据", Value: "12人,负责人电话不通"}, {Key: "报送", Value: "上一级工会,1小时内"}}},
		{At: now.Add(-60 * time.Hour), Recorded: now.Add(-20 * time.Hour), Late: "现场没有网络", Text: "经办人到工地核实,与8名工人谈话。", Who: "张志强 · 城区 · 经办人", Tone: "warn"},
		{At: now.Add(-2 * time.Hour), Text: "用人单位支付了150,000.00元,银行回单已上传。", Who: "张志强 · 城区 · 经办人", Tone: "good"},
	}
}

func sampleCharts() []chart.Figure {
	wan := func(v int64) string { return FormatWan(domain.Fen(v)) }
	months := []string{"6月", "7月", "8月", "9月", "10月", "11月"}
	link := func(i int) string { return fmt.Sprintf("/dev/parts?m=%d", i+6) }
	lines := orgunit.Founding().Lines("", domain.NewDate(2026, 11, 23))
	n := map[string]int64{"jc/own": 4, "jc-cq": 31, "jc-zz": 22, "jc-gp": 17, "jc-yc": 12, "jc-lc": 3, "jc-qs": 8, "jc-kf": 26}
	count := func(title, label string) chart.Spec {
		return chart.Spec{Title: title, Unit: "件", Label: label, Note: "按受理时间统计,共 123 件"}
	}
	return []chart.Figure{
		CountyMap(count("各县区投诉", "县区"), lines, func(unit string) (int64, string) { return n[unit], "/dev/parts?unit=" + unit }),
		chart.Bars(count("按类别", "类别"), []chart.Point{{Label: "欠薪", Value: 82, Href: "/dev/parts?c=1"}, {Label: "劳动合同、解除", Value: 21}, {Label: "工伤", Value: 12}, {Label: "社保", Value: 8}}),
		chart.Stacked(count("每月办理", "月份"), months, []chart.Series{{Name: "按期办结", Values: []int64{12, 15, 9, 21, 17, 8}, Href: link}, {Name: "办理中", Values: []int64{0, 1, 2, 4, 9, 14}, Href: link}, {Name: "超期", Values: []int64{1, 0, 2, 1, 3, 1}, Href: link}}),
		chart.Lines(chart.Spec{Title: "投诉金额与追回金额", Unit: "万元", Label: "月份", Format: wan}, months, []chart.Series{{Name: "投诉", Values: []int64{31_000_000, 42_500_000, 28_000_000, 61_200_000, 55_000_000, 47_300_000}, Href: link}, {Name: "追回", Values: []int64{22_000_000, 25_500_000, 27_000_000, 38_200_000, 41_000_000, 12_300_000}, Href: link}}),
		chart.Donut(count("来源", "渠道"), []chart.Point{{Label: "电话", Value: 71, Href: "/dev/parts?c=2"}, {Label: "来访", Value: 24}, {Label: "12345转办", Value: 17}, {Label: "网上", Value: 11}}),
	}
}

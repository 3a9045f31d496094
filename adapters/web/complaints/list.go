package complaints

import (
	"bytes"
	"errors"
	"net/url"

	"hearth/adapters/sheet"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
	"hearth/projections/complaints"
)

func (p *pages) listRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /complaints", Handler: p.showList, Roles: staff, Models: listModels},
		{Pattern: "POST /complaints", Handler: p.filterList, Roles: staff},
		{Pattern: "GET /complaints.xlsx", Handler: p.exportList, Roles: staff, Models: listModels},
	}
}

// listPage is the cases that a filter takes.
type listPage struct {
	web.Page
	Form       *web.Form
	Rows       []complaints.Row
	Pager      web.Pager
	Export     string
	Phases     domain.CodeTable
	Categories domain.CodeTable
	Risks      domain.CodeTable
	Channels   domain.CodeTable
	Areas      []web.Option
	Sorts      []web.Option
	None       web.Empty
}

// areas are the units that a case may belong to, by their short names.
func areas(q *web.Request) []web.Option {
	return q.UnitOptions(func(u orgunit.Unit) string { return u.Short })
}

// filterOf reads the filter of an address. None of it is personal: people are
// found by search.
func filterOf(f *web.Form) complaints.Filter {
	filter := complaints.Filter{
		Area: f.Text("area"), Org: f.Text("org"), Handler: f.Text("handler"), From: f.Date("from"), To: f.Date("to"),
		Overdue: f.Checked("overdue"), Collective: f.Checked("collective"), Open: f.Checked("open"),
		Text: f.Text("text"), Sort: complaints.Sort(f.Text("sort")),
	}
	for _, v := range f.All("phase") {
		filter.Phases = append(filter.Phases, complaint.Phase(v))
	}
	for _, v := range f.All("category") {
		filter.Categories = append(filter.Categories, complaint.Category(v))
	}
	for _, v := range f.All("risk") {
		filter.Risks = append(filter.Risks, complaint.RiskLevel(v))
	}
	for _, v := range f.All("channel") {
		filter.Channels = append(filter.Channels, complaint.Channel(v))
	}
	return filter
}

// What is typed into the filter may be somebody's name: it stays in the session,
// and the address says only that there is something.
const (
	keptText  = "list-text"
	keptParam = "kept"
)

// queryForm is the form that an address stands for.
func queryForm(q *web.Request) *web.Form {
	values := q.URL.Query()
	values.Del("text")
	if values.Get(keptParam) != "" {
		values.Set("text", q.Kept(keptText))
	}
	return &web.Form{Name: "filter", Values: values, Errors: map[string]string{}}
}

// filterList turns a filter into an address.
func (p *pages) filterList(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	v := url.Values{}
	for _, name := range filterFields {
		for _, value := range f.All(name) {
			v.Add(name, value)
		}
	}
	if text := f.Text("text"); text != "" {
		q.Keep(keptText, text)
		v.Set(keptParam, "1")
	}
	return q.Redirect("/complaints?" + v.Encode())
}

var filterFields = []string{"phase", "category", "area", "org", "handler", "risk", "channel", "from", "to", "open", "overdue", "collective", "sort"}

func (p *pages) showList(q *web.Request) error {
	f := queryForm(q)
	filter := filterOf(f)
	after := complaints.Cursor(f.Text("after"))
	found, err := p.Cases.List(q.Context(), p.viewer(q), filter, after)
	if err != nil {
		return err
	}
	page := &listPage{
		Page: q.Page("案件"), Form: f, Rows: found.Rows,
		Pager:  web.Pager{Total: found.Total, Shown: len(found.Rows)},
		Phases: complaint.Phases().Table(), Categories: complaint.Categories().Table(), Risks: complaint.RiskLevels().Table(),
		Channels: complaint.Channels().Table(), Areas: areas(q), Sorts: []web.Option{{Value: string(complaints.SortDue), Label: "快到期的在前"}},
		None: web.Empty{Title: "没有符合条件的案件", Text: "放宽筛选条件再试,或者从热线台登记。", Href: "/complaints", Label: "清除筛选"},
	}
	page.Export = "/complaints.xlsx?" + without(q.URL.Query(), "after").Encode()
	if found.Next != "" {
		v := without(q.URL.Query(), "after")
		v.Set("after", string(found.Next))
		page.Pager.Next = "/complaints?" + v.Encode()
	}
	if after != "" {
		page.Pager.First = "/complaints?" + without(q.URL.Query(), "after").Encode()
	}
	return q.Render("complaints/list", page)
}

func without(v url.Values, name string) url.Values {
	v.Del(name)
	return v
}

// exportLimit is how many cases one export holds; more are asked for by period.
const exportLimit = 20_000

// exportList is the filter's cases as a spreadsheet.
func (p *pages) exportList(q *web.Request) error {
	f := queryForm(q)
	filter := filterOf(f)
	filter.Limit = 500
	first, err := p.Cases.List(q.Context(), p.viewer(q), filter, "")
	if err != nil {
		return err
	}
	if first.Total > exportLimit {
		return domain.Reject("export_too_large", "符合条件的有%d件,一次最多导出%d件,请按登记时间分段导出。", first.Total, exportLimit)
	}
	var body bytes.Buffer
	var failed error
	rows := func(yield func([]any) bool) {
		for page := first; ; {
			for _, r := range page.Rows {
				if !yield(exportRow(q.Units(), r)) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			if page, failed = p.Cases.List(q.Context(), p.viewer(q), filter, page.Next); failed != nil {
				return
			}
		}
	}
	if err := errors.Join(sheet.Write(&body, sheet.XLSX, "案件", exportColumns, rows), failed); err != nil {
		return err
	}
	return q.Attachment("案件.xlsx", xlsxType, body.Bytes())
}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func exportRow(units orgunit.Tree, r complaints.Row) []any {
	due := ""
	if !r.NextDueAt.IsZero() {
		due = web.FormatTime(r.NextDueAt)
	}
	return []any{
		r.No, web.FormatTime(r.RegisteredAt), r.Category.Label(), r.Channel.Label(), units.Short(r.Area), r.Employer, r.Persons,
		r.ClaimedFen, r.VerifiedFen, r.PaidFen, r.Risk.Label(), r.Phase.Label(), units.Name(r.HandlingOrg), due, r.Conclusion.Label(),
	}
}

var exportColumns = []sheet.Column{
	{Heading: "案号", Width: 22},
	{Heading: "登记时间", Width: 17},
	{Heading: "类别"},
	{Heading: "渠道"},
	{Heading: "地区"},
	{Heading: "单位", Width: 30},
	{Heading: "人数"},
	{Heading: "主张(元)", Width: 14},
	{Heading: "核定(元)", Width: 14},
	{Heading: "到账(元)", Width: 14},
	{Heading: "风险"},
	{Heading: "环节"},
	{Heading: "承办单位", Width: 20},
	{Heading: "到期", Width: 17},
	{Heading: "结论", Width: 20},
}

package people

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/person"
	"hearth/projections/complaints"
	"hearth/projections/people"
)

func (p *pages) erasureRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /people/erasures", Handler: p.showErasures, Roles: staff, Models: findModels},
		{Pattern: "GET /people/{id}/erasure", Handler: p.showErasure, Roles: staff, Models: fileModels},
		{Pattern: "POST /people/{id}/erasure", Handler: p.requestErasure, Roles: askers, Models: fileModels},
		{Pattern: "POST /people/{id}/erasure/approve", Handler: p.approveErasure, Roles: deciders, Models: fileModels},
		{Pattern: "POST /people/{id}/erasure/refuse", Handler: p.refuseErasure, Roles: deciders},
		{Pattern: "GET /people/{id}/erasure/{no}", Handler: p.showReceipt, Roles: staff, Models: fileModels},
	}
}

func erasureAddress(id uuid.UUID) string { return fileAddress(id) + "/erasure" }

// requestLine is one request as people read it.
type requestLine struct {
	people.Request
	Who      string
	ByName   string
	First    string
	Decided  string
	Result   web.Badge
	PersonID uuid.UUID
}

func requestLines(who people.Person, n names) []requestLine {
	var lines []requestLine
	for _, r := range slices.Backward(who.Requests) {
		lines = append(lines, requestLine{
			Request: r, PersonID: who.ID, ByName: n.User(r.By), First: named(n, r.FirstBy), Decided: named(n, r.DecidedBy), Result: result(r),
		})
	}
	return lines
}

func named(n names, user string) string {
	if user == "" {
		return ""
	}
	return n.User(user)
}

func result(r people.Request) web.Badge {
	switch {
	case r.Outcome == people.Refused:
		return web.Badge{Text: "不予处置", Tone: "calm"}
	case r.Outcome == people.Done:
		return web.Badge{Text: "已" + r.Step.Label(), Tone: "good"}
	case r.FirstBy != "":
		return web.Badge{Text: "待复审", Tone: "warn"}
	}
	return web.Badge{Text: "待初审", Tone: "warn"}
}

// waitingLine is a request that waits, and why the user cannot decide on it.
type waitingLine struct {
	requestLine
	WhyNot string
}

// waiting are the open requests as the user sees them.
func (p *pages) waiting(q *web.Request) ([]waitingLine, error) {
	open, err := p.People.OpenRequests(q.Context())
	if err != nil {
		return nil, err
	}
	var users []string
	for _, who := range open {
		r, _ := who.Open()
		users = append(users, r.By, r.FirstBy)
	}
	n, err := p.names(q.Context(), q.User, users)
	if err != nil {
		return nil, err
	}
	var lines []waitingLine
	for _, who := range open {
		l := waitingLine{requestLines(who, n)[0], whyNot(q, who)}
		l.Who = shown(q.User, who).Name
		lines = append(lines, l)
	}
	return lines, nil
}

// whyNot is why the user cannot decide on the open request of a person; the
// decider says the same.
func whyNot(q *web.Request, who people.Person) string {
	r, open := who.Open()
	switch {
	case !open:
		return "没有待审批的申请"
	case r.By == q.User.ID:
		return "您是申请人,须由另外两人审批"
	case !q.User.Has(deciders...):
		return "由单位负责人、审核人或审批领导审批"
	case r.FirstBy == q.User.ID:
		return "您已初审,须由另一人复审"
	case slices.ContainsFunc(who.Kin, func(k people.Kin) bool { return k.Holds() && k.User == q.User.ID }):
		return "您与当事人有近亲属关系,应当回避"
	}
	return ""
}

type erasuresPage struct {
	web.Page
	Mine   []waitingLine
	Others []waitingLine
	None   web.Empty
}

func (p *pages) showErasures(q *web.Request) error {
	waiting, err := p.waiting(q)
	if err != nil {
		return err
	}
	page := &erasuresPage{
		Page: q.Page("个人信息处置", web.Crumb{Label: "人员", Href: "/people"}),
		None: web.Empty{Title: "没有等您审批的申请", Text: "封存、解封和销毁由一人申请、另外两人审批。要申请的,请先找到此人,在其档案页申请处置。", Href: "/people", Label: "查找人员"},
	}
	for _, w := range waiting {
		if w.WhyNot == "" {
			page.Mine = append(page.Mine, w)
		} else {
			page.Others = append(page.Others, w)
		}
	}
	return q.Render("people/erasures", page)
}

// erasurePage is what becomes of somebody's data: the request that waits, what
// can be asked for, and what was decided before.
type erasurePage struct {
	web.Page
	Who      people.Person
	Standing web.Badge
	Open     *requestLine
	Cases    []complaints.Row // of the open request, as far as the user sees them
	Hidden   int              // others of it
	WhyNot   string
	Approve  *web.Form
	Refuse   *web.Form
	Refusals domain.CodeTable
	Steps    []stepForm
	MayAsk   bool
	Linked   []people.Person
	Requests []requestLine
}

// stepForm asks for one step.
type stepForm struct {
	Step   person.ErasureStep
	Form   *web.Form
	Bases  []web.Option
	Cases  []web.Option // that can go with the person
	Text   string
	Danger bool
	Linked int
}

// final reports whether the step cannot be undone.
func final(s person.ErasureStep) bool { return s == person.StepShred }

func (p *pages) showErasure(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	page := &erasurePage{
		Page: q.Page("个人信息处置", web.Crumb{Label: "人员", Href: "/people"}, web.Crumb{Label: "人员档案", Href: ownAddress(who.ID)}),
		Who:  shown(q.User, who), Standing: standing(who.Standing), MayAsk: q.User.Has(askers...),
		Approve: q.NewForm("approve"), Refuse: q.NewForm("refuse"), Refusals: person.RefusalBases().Table(), WhyNot: whyNot(q, who),
	}
	var users []string
	for _, r := range who.Requests {
		users = append(users, r.By, r.FirstBy, r.DecidedBy)
	}
	n, err := p.names(q.Context(), q.User, users)
	if err != nil {
		return err
	}
	page.Requests = requestLines(who, n)
	linked, err := p.People.ByIDs(q.Context(), parseIDs(who.Files()))
	if err != nil {
		return err
	}
	for _, id := range parseIDs(who.Files()) {
		if o, ok := linked[id]; ok {
			page.Linked = append(page.Linked, shown(q.User, o))
		}
	}
	cases, err := p.casesOf(q, []uuid.UUID{who.ID})
	if err != nil {
		return err
	}
	if _, open := who.Open(); open {
		page.Open, page.Requests = &page.Requests[0], page.Requests[1:]
		page.Cases, page.Hidden, err = p.subjects(q, page.Open.Subjects)
	} else {
		page.Steps = stepForms(q, who, cases)
	}
	if err != nil {
		return err
	}
	return q.Render("people/erasure", page)
}

// subjects are the cases of a request that the user sees, and how many others
// there are.
func (p *pages) subjects(q *web.Request, ids []string) ([]complaints.Row, int, error) {
	rows, err := p.Cases.ByIDs(q.Context(), p.viewer(q), parseIDs(ids))
	return rows, len(ids) - len(rows), err
}

// stepForms are what can be asked for now.
func stepForms(q *web.Request, who people.Person, cases []complaints.Row) []stepForm {
	form := func(step person.ErasureStep, text string) stepForm {
		f := stepForm{Step: step, Form: q.NewForm(string(step)), Bases: options(step.Bases(), person.ErasureBasis.Label), Text: text, Danger: final(step), Linked: len(who.Files())}
		return f
	}
	suspended := lastSubjects(who)
	suspend := form(person.StepSuspend, "封存后,此人的姓名、号码、住址、账户谁也看不到,也不能再登记;所选案件的叙述内容一并封存。数据仍在,经两人审批可以解封。")
	for _, c := range cases {
		if !slices.Contains(suspended, c.ID.String()) {
			suspend.Cases = append(suspend.Cases, web.Option{Value: c.ID.String(), Label: fmt.Sprintf("%s %s(%s)", c.No, c.Employer, c.Phase.Label())})
		}
	}
	switch who.Standing {
	case person.InUse:
		return []stepForm{suspend}
	case person.IsSuspended:
		steps := []stepForm{
			form(person.StepShred, "销毁后,封存范围内的个人信息任何人都不能恢复,包括系统管理员。案件和办理经过仍在,只是看不到是谁。"),
			form(person.StepUnsuspend, "解封后,封存范围内的个人信息恢复使用。"),
		}
		if len(suspend.Cases) > 0 {
			suspend.Text = "补充封存:把更多案件的叙述内容一并封存。"
			steps = append(steps, suspend)
		}
		return steps
	case person.IsShredded:
	}
	return nil
}

// lastSubjects are the cases that are suspended with the person.
func lastSubjects(who people.Person) []string {
	if who.Standing != person.IsSuspended {
		return nil
	}
	for _, r := range slices.Backward(who.Requests) {
		if r.Outcome == people.Done {
			return r.Subjects
		}
	}
	return nil
}

// confirmWord is what somebody types who wants data destroyed; the number of a
// case of the person does as well.
const confirmWord = "销毁"

// confirmed notes in the form when what was typed does not fit what cannot be
// undone.
func (p *pages) confirmed(q *web.Request, f *web.Form, who people.Person, step person.ErasureStep) error {
	if !final(step) || f.Text("confirm") == confirmWord {
		return nil
	}
	cases, err := p.casesOf(q, []uuid.UUID{who.ID})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(cases, func(c complaints.Row) bool { return c.No == f.Text("confirm") }) {
		f.Fail("confirm", "请输入“销毁”二字,或此人的一个案号,以确认不是误按。")
	}
	return nil
}

func (p *pages) requestErasure(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := &person.RequestErasure{
		Step: person.ErasureStep(f.Text("step")), Basis: person.ErasureBasis(f.Require("basis", "依据")), Subjects: f.All("subjects"),
	}
	if len(who.Files()) > 0 {
		if f.Require("linked", "确认") != "" {
			cmd.Linked = who.Files()
		}
	}
	if err := p.confirmed(q, f, who, cmd.Step); err != nil {
		return err
	}
	if err := f.Err(); err != nil {
		return err
	}
	head, err := p.Casework.OnPerson(q.Context(), who.ID, cmd, request(q, f, askers))
	if err != nil {
		return err
	}
	return q.Done(erasureAddress(who.ID), head.Position, "已提交"+cmd.Step.Label()+"申请,等另外两人审批。")
}

func (p *pages) approveErasure(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := &person.ApproveErasure{Step: person.ErasureStep(f.Text("step"))}
	if err := p.confirmed(q, f, who, cmd.Step); err != nil {
		return err
	}
	if err := f.Err(); err != nil {
		return err
	}
	head, err := p.Casework.OnPerson(q.Context(), who.ID, cmd, request(q, f, deciders))
	if err != nil {
		return err
	}
	state, _, err := p.Casework.Person(q.Context(), who.ID)
	if err != nil {
		return err
	}
	if state.Erasure.Requested != nil {
		return q.Done("/people/erasures", head.Position, "已初审同意,等另一人复审。")
	}
	return q.Done(fmt.Sprintf("%s/%d", erasureAddress(who.ID), len(who.Requests)), head.Position, "复审同意,已"+cmd.Step.Label()+"。")
}

func (p *pages) refuseErasure(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := &person.RefuseErasure{Basis: person.RefusalBasis(f.Require("basis", "不予处置依据"))}
	if err := f.Err(); err != nil {
		return err
	}
	head, err := p.Casework.OnPerson(q.Context(), who.ID, cmd, request(q, f, deciders))
	if err != nil {
		return err
	}
	return q.Done(fmt.Sprintf("%s/%d", erasureAddress(who.ID), len(who.Requests)), head.Position, "已决定不予处置,请告知申请人。")
}

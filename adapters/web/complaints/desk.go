package complaints

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/projections/complaints"
	"hearth/projections/people"
)

var deskRoles = []domain.Role{
	domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleUnitClerk,
}

func (p *pages) deskRoutes() []web.Route {
	models := []string{"complaints", "people", "enterprises"}
	return []web.Route{
		{Pattern: "GET /desk", Handler: p.showDesk, Roles: deskRoles, Models: models},
		{Pattern: "POST /desk", Handler: p.register, Roles: deskRoles},
		{Pattern: "POST /desk/caller", Handler: p.lookUpCaller, Roles: deskRoles},
		{Pattern: "POST /desk/hints", Handler: p.showHints, Roles: deskRoles},
		{Pattern: "GET /desk/registered/{id}", Handler: p.showRegistered, Roles: deskRoles, Models: models},
	}
}

// deskPage is the hotline desk: the intake form, and beside it what the operator
// must keep in sight.
type deskPage struct {
	web.Page
	Form       *web.Form
	Caller     callerView
	Hints      []complaints.Duplicate
	Desk       complaints.Desk
	Areas      []web.Option
	Channels   domain.CodeTable
	Categories domain.CodeTable
	Flags      []web.Option
}

// callerView is who may be calling: known people with the number, and their cases.
type callerView struct {
	Asked  bool
	People []knownCaller
}

type knownCaller struct {
	people.Person
	Cases []complaints.Row
}

// callerKey keeps the number that was looked up in the session, never in an
// address.
const callerKey = "desk-caller"

func (p *pages) showDesk(q *web.Request) error {
	if ref := q.URL.Query().Get("call"); ref != "" {
		phone, found, err := p.Calls.Take(q.Context(), ref)
		if err != nil {
			return err
		}
		if found {
			q.Keep(callerKey, phone)
		}
		return q.Redirect("/desk")
	}
	rules, err := p.Casework.Rules(q.Context())
	if err != nil {
		return err
	}
	actor := q.User.Actor(deskRoles...)
	f := q.NewForm("intake", "channel", "hotline", "area", areaOf(q.User.Org), "consent", "1", "phone", q.Kept(callerKey))
	page := &deskPage{
		Page: q.Page("热线台"), Form: f, Areas: areas(q), Channels: complaint.Channels().Table(),
		Categories: complaint.Categories().Table(), Flags: web.OptionsOf(complaint.Flags()),
	}
	if page.Desk, err = p.Cases.Desk(q.Context(), complaints.ViewerOf(actor, p.Casework.Sight(q.Context(), actor)), rules, q.Now()); err != nil {
		return err
	}
	if page.Caller, err = p.caller(q, f.Text("phone")); err != nil {
		return err
	}
	if f.Failed {
		if page.Hints, err = p.hintsFor(q, f); err != nil {
			return err
		}
	}
	return q.Render("complaints/desk", page)
}

// areaOf is the county of a unit; the city's own desk has none.
func areaOf(org string) string {
	if org == "jc" {
		return ""
	}
	return org
}

// caller finds who may be calling from a number.
func (p *pages) caller(q *web.Request, phone string) (callerView, error) {
	if phone == "" {
		return callerView{}, nil
	}
	found, err := p.People.ByPhone(q.Context(), phone)
	if err != nil {
		return callerView{}, err
	}
	view := callerView{Asked: true}
	for _, who := range found {
		cases, err := p.Cases.List(q.Context(), p.viewer(q), complaints.Filter{Reporter: who.ID, Limit: 5}, "")
		if err != nil {
			return view, err
		}
		view.People = append(view.People, knownCaller{who, cases.Rows})
	}
	return view, nil
}

// lookUpCaller is the number typed or sent by the phone system: it prefills the
// next desk page.
func (p *pages) lookUpCaller(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	q.Keep(callerKey, f.Phone("phone"))
	if err := f.Err(); err != nil {
		return err
	}
	return q.Redirect("/desk")
}

// showHints answers the desk's script while somebody types.
func (p *pages) showHints(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	page := &deskPage{Page: q.Page("热线台"), Form: f}
	if page.Hints, err = p.hintsFor(q, f); err != nil {
		return err
	}
	if page.Caller, err = p.caller(q, f.Text("phone")); err != nil {
		return err
	}
	return q.Fragment("complaints/desk", "desk-hints", page)
}

func (p *pages) hintsFor(q *web.Request, f *web.Form) ([]complaints.Duplicate, error) {
	h := complaints.HintQuery{Employer: f.Text("employer"), At: q.Now(), ExternalNo: f.Text("external_no"), ExternalSystem: f.Text("channel")}
	h.EnterpriseID, _ = uuid.Parse(f.Text("enterprise_id"))
	h.Reporter, _ = uuid.Parse(f.Text("person_id"))
	h.From, _ = domain.ParseDate(f.Text("from"))
	h.To, _ = domain.ParseDate(f.Text("to"))
	if h.Reporter == uuid.Nil && f.Text("phone") != "" {
		if known, err := p.People.ByPhone(q.Context(), f.Text("phone")); err == nil && len(known) == 1 {
			h.Reporter = known[0].ID
		}
	}
	if h.Employer == "" && h.Reporter == uuid.Nil && h.EnterpriseID == uuid.Nil && h.ExternalNo == "" {
		return nil, nil
	}
	return p.Cases.Hints(q.Context(), p.viewer(q), h)
}

// register takes the intake down. Possible duplicates that nobody has confirmed
// yet are a question first: the form comes back with them beside it.
func (p *pages) register(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	in, err := p.intake(q, f)
	if err == nil {
		err = f.Err()
	}
	if err != nil {
		return err
	}
	found, err := p.hintsFor(q, f)
	if err != nil {
		return err
	}
	for _, d := range found {
		in.Register.Hints = append(in.Register.Hints, d.Hint())
	}
	if len(found) > 0 && !f.Checked("not_duplicate") {
		// A repetition of a form that was stored must not be asked again.
		id := in.CommandID
		if ext := in.Register.External; ext != nil {
			id = complaint.ExternalCase(ext.System, ext.No)
		}
		if _, _, head, err := p.Casework.Case(q.Context(), id); err != nil || head.Version == 0 {
			f.Fail("not_duplicate", "请看右侧的疑似重复案件:确是另一件事,请勾选后再登记;是同一件事,请打开原案登记联系记录。")
			return domain.Reject("maybe_duplicate", "可能与 %d 件在办或近期案件重复,请先核对。填写的内容已保留。", len(found))
		}
	}
	out, err := p.Casework.Register(q.Context(), in)
	if err != nil {
		return explained(f, err)
	}
	q.Keep(callerKey, "")
	notice := "已登记,案号 " + out.No
	if out.Existed {
		notice = "这张表此前已经登记,案号 " + out.No + ",没有重复登记"
	}
	return q.Done("/desk/registered/"+out.ID.String(), out.Head.Position, notice)
}

// intake reads the form. What is wrong is noted in it.
func (p *pages) intake(q *web.Request, f *web.Form) (casework.Intake, error) {
	reg := complaint.Register{
		Category: complaint.Category(f.Require("category", "诉求类别")), Channel: complaint.Channel(f.Require("channel", "来源渠道")),
		Area: f.Require("area", "地区"), Summary: f.Require("summary", "诉求内容"),
		Claim:             complaint.Claim{Persons: max(1, f.Int("persons")), OwedFen: f.Money("owed"), From: f.Date("from"), To: f.Date("to")},
		EmploymentEndedOn: f.Date("ended_on"), PromiseAt: f.Time("promise_at"), AccusedOrg: f.Text("accused_org"),
		Employer: complaint.Employer{Text: f.Text("employer")},
		Consent:  complaint.Consent{Basis: "legal_duty"},
	}
	if f.Checked("consent") {
		reg.Consent = complaint.Consent{Basis: "consent", TextVersion: "2026-1", How: "spoken"}
	}
	for _, v := range f.All("flags") {
		reg.Flags = append(reg.Flags, complaint.Flag(v))
	}
	if no := f.Text("external_no"); no != "" {
		reg.External = &complaint.External{System: string(reg.Channel), No: no}
	}
	in := casework.Intake{Request: request(q, f, deskRoles)}
	if err := p.readEmployer(q, f, &reg, &in); err != nil {
		return in, err
	}
	err := p.readReporter(q, f, &reg, &in)
	in.Register = reg
	return in, err
}

// readEmployer takes the enterprise that was chosen, or the only one that is
// called what was typed.
func (p *pages) readEmployer(q *web.Request, f *web.Form, reg *complaint.Register, in *casework.Intake) error {
	if id, err := uuid.Parse(f.Text("enterprise_id")); err == nil {
		reg.Employer.EnterpriseID = id
		return nil
	}
	if reg.Employer.Text != "" {
		found, err := p.Enterprises.ByName(q.Context(), reg.Employer.Text)
		if err != nil {
			return err
		}
		if len(found) == 1 {
			reg.Employer.EnterpriseID = found[0].ID
			return nil
		}
	}
	if reg.Category == complaint.CategoryWageArrears && reg.Employer.Text == "" {
		f.Fail("employer", "请填写被反映单位;说不清全称的,写工地或老板的称呼。")
	}
	if f.Checked("new_enterprise") && reg.Employer.Text != "" {
		in.Employer = &enterprise.Register{Name: reg.Employer.Text, County: reg.Area}
	}
	return nil
}

func (p *pages) readReporter(q *web.Request, f *web.Form, reg *complaint.Register, in *casework.Intake) error {
	reg.Reporter = complaint.Reporter{Anonymous: f.Checked("anonymous"), OnBehalfOf: f.Text("on_behalf_of")}
	if reg.Reporter.Anonymous {
		return nil
	}
	if id, err := uuid.Parse(f.Text("person_id")); err == nil {
		reg.Reporter.PersonID = id
		return nil
	}
	name, phone := f.Require("name", "姓名(不愿透露的请勾选匿名)"), f.Phone("phone")
	in.Reporter = &person.Register{Kind: "worker", Identity: person.Identity{Name: name}, Contact: person.Contact{Phone: phone}}
	in.Reporter.Identity.IDNo = f.Text("id_no")
	if f.Text("id_no") == "" { // who called before under this name and number is the same person
		known, err := p.People.ByPhone(q.Context(), phone)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(known, func(k people.Person) bool { return k.Name == name }); i >= 0 {
			reg.Reporter.PersonID, in.Reporter = known[i].ID, nil
		}
	}
	checkPerson(f, "phone", phone, "id_no", f.Text("id_no"))
	return nil
}

// registeredPage is what the operator tells the caller.
type registeredPage struct {
	web.Page
	Row   complaints.Row
	Basis string // of the time that the caller is told
	Near  string // a limitation that ends soon
}

func (p *pages) showRegistered(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	state, rules, _, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	page := &registeredPage{Page: q.Page("已登记", web.Crumb{Label: "热线台", Href: "/desk"}), Row: row}
	if row.NextClock != "" {
		page.Basis = basisOf(row.NextClock, row.TimeClass, rules)
	}
	for _, kind := range state.Limitation.Near {
		page.Near += fmt.Sprintf("%s截至%s,请提醒来电人及时主张。", kind.Label(), state.Limitation.Until(kind))
	}
	return q.Render("complaints/registered", page)
}

package complaints

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
	"hearth/projections/complaints"
	"hearth/projections/enterprises"
)

// enterpriseRoles keep the files of enterprises.
var enterpriseRoles = []domain.Role{
	domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
	domain.RoleInspector, domain.RoleReliefOfficer, domain.RoleUnitClerk,
}

var enterpriseModels = []string{"enterprises", "complaints"}

func (p *pages) enterpriseRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /enterprises", Handler: p.showEnterprises, Roles: staff, Models: enterpriseModels},
		{Pattern: "POST /enterprises/find", Handler: p.findEnterprises, Roles: staff},
		{Pattern: "POST /enterprises/suggest", Handler: p.suggestEnterprises, Roles: staff, Models: enterpriseModels},
		{Pattern: "POST /enterprises", Handler: p.newEnterprise, Roles: enterpriseRoles},
		{Pattern: "GET /enterprises/{id}", Handler: p.showEnterprise, Roles: staff, Models: enterpriseModels},
		{Pattern: "POST /enterprises/{id}/rename", Handler: p.renameEnterprise, Roles: enterpriseRoles},
		{Pattern: "POST /enterprises/{id}/code", Handler: p.enterCode, Roles: enterpriseRoles},
		{Pattern: "POST /enterprises/{id}/headcount", Handler: p.reportHeadcount, Roles: enterpriseRoles},
	}
}

// auditor is the viewer for questions that take an actor.
func (p *pages) auditor(q *web.Request) domain.Actor {
	v := p.viewer(q)
	return domain.Actor{ID: v.UserID, Org: v.Org, Role: v.Role}
}

// enterprisesPage is the list of enterprises, or what was found by a name.
type enterprisesPage struct {
	web.Page
	Find       *web.Form
	Form       *web.Form
	Asked      string
	Rows       []enterprises.Suggestion
	Pager      web.Pager
	Areas      []web.Option
	Ownerships domain.CodeTable
	MayAdd     bool
	None       web.Empty
}

const (
	enterpriseKey  = "enterprises" // what was looked for, kept in the session
	enterprisePage = 50
)

func (p *pages) showEnterprises(q *web.Request) error {
	filter := queryForm(q)
	page := &enterprisesPage{
		Page: q.Page("单位"), Asked: q.Kept(enterpriseKey), Areas: areas(q), Ownerships: enterprise.Ownerships().Table(),
		MayAdd: q.User.Has(enterpriseRoles...), Pager: web.Pager{Total: -1},
		None: web.Empty{Title: "还没有单位档案", Text: "登记投诉时会同时建档,也可以在下面新建。"},
	}
	page.Find = q.NewForm("find", "q", page.Asked)
	page.Form = q.NewForm("enterprise", "name", page.Asked, "county", areaOf(q.User.Org))
	if page.Asked != "" {
		page.None = web.Empty{Title: "没有找到这个单位", Text: "换个写法试试:名称中连续的两个字、拼音首字母或信用代码;确实没有的,在下面新建。"}
		found, err := p.Enterprises.Suggest(q.Context(), p.auditor(q), page.Asked, enterprisePage)
		page.Rows, page.Pager.Shown = found, len(found)
		if err != nil {
			return err
		}
		return q.Render("complaints/enterprises", page)
	}
	after, err := uuid.Parse(filter.Text("after"))
	if err != nil && filter.Text("after") != "" {
		return web.ErrNotFound
	}
	list, more, err := p.Enterprises.List(q.Context(), p.auditor(q), filter.Text("county"), after, enterprisePage)
	if err != nil {
		return err
	}
	for _, e := range list {
		page.Rows = append(page.Rows, enterprises.Suggestion{Enterprise: e.Enterprise, Figures: e.Figures})
	}
	page.Pager.Shown = len(list)
	v := q.URL.Query()
	if more {
		v.Set("after", list[len(list)-1].ID.String())
		page.Pager.Next = "/enterprises?" + v.Encode()
	}
	if after != uuid.Nil {
		v.Del("after")
		page.Pager.First = "/enterprises?" + v.Encode()
	}
	return q.Render("complaints/enterprises", page)
}

// findEnterprises keeps what is looked for; empty shows all again.
func (p *pages) findEnterprises(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	q.Keep(enterpriseKey, clipped(f.Text("q")))
	return q.Redirect("/enterprises")
}

// suggestion is one line of a combobox.
type suggestion struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Hint  string `json:"hint,omitempty"`
}

// suggestLimit is how many enterprises a combobox offers.
const suggestLimit = 12

func (p *pages) suggestEnterprises(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	found, err := p.Enterprises.Suggest(q.Context(), p.auditor(q), clipped(f.Text("q")), suggestLimit)
	if err != nil {
		return err
	}
	list := make([]suggestion, len(found))
	for i, e := range found {
		list[i] = suggestion{Value: e.ID.String(), Label: e.Name, Hint: q.Units().Short(e.County)}
		if e.Via != "" {
			list[i].Hint += ",又名 " + e.Via
		}
		if e.Total > 0 {
			list[i].Hint += fmt.Sprintf(",投诉%d件,在办%d件", e.Total, e.Open)
		}
		if len(e.Blacklisted(domain.DateOf(q.Now()))) > 0 {
			list[i].Hint += ",在失信名单"
		}
	}
	return q.JSON(list)
}

// maxQuestion is how much of a question is looked for.
const maxQuestion = 100

func clipped(s string) string {
	if r := []rune(s); len(r) > maxQuestion {
		return string(r[:maxQuestion])
	}
	return s
}

func (p *pages) newEnterprise(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	reg := enterprise.Register{
		Name: f.Require("name", "单位全称"), County: f.Require("county", "所属县区"), USCC: f.Text("uscc"), Industry: f.Text("industry"),
		Ownership: enterprise.Ownership(f.Text("ownership")), Headcount: f.Int("headcount"),
	}
	if reg.USCC != "" {
		_, err := enterprise.ParseUSCC(reg.USCC)
		noteError(f, "uscc", err)
	}
	if err := f.Err(); err != nil {
		return err
	}
	if err := p.knownEnterprise(q, f, reg); err != nil {
		return err
	}
	id, head, err := p.Casework.NewEnterprise(q.Context(), reg, request(q, f, enterpriseRoles))
	if err != nil {
		return explained(f, err)
	}
	q.Keep(enterpriseKey, "")
	return q.Done("/enterprises/"+id.String(), head.Position, "已建档:"+reg.Name)
}

// knownEnterprise refuses a second file of the same enterprise. The repetition of
// a form that was stored is let through: it is answered as the first time.
func (p *pages) knownEnterprise(q *web.Request, f *web.Form, reg enterprise.Register) error {
	if reg.USCC != "" {
		known, err := p.Enterprises.ByUSCC(q.Context(), reg.USCC)
		switch {
		case err == nil && known.ID != uuid.NewSHA1(f.Command, []byte("enterprise")):
			f.Fail("uscc", "这个信用代码的单位已经建档:"+known.Name+"。")
		case err != nil && !errors.Is(err, enterprises.ErrNotFound):
			return err
		}
	}
	named, err := p.Enterprises.ByName(q.Context(), reg.Name)
	if err != nil {
		return err
	}
	for _, e := range named {
		if e.ID != uuid.NewSHA1(f.Command, []byte("enterprise")) && !f.Checked("same_name") {
			f.Fail("same_name", fmt.Sprintf("已有同名单位“%s”(%s)。是同一家请直接选用;确是另一家,请勾选后再提交。", e.Name, q.Units().Short(e.County)))
		}
	}
	return f.Err()
}

// noteError puts a rejection beside its field.
func noteError(f *web.Form, field string, err error) {
	var no *domain.Rejection
	if errors.As(err, &no) {
		f.Fail(field, no.Text)
	}
}

// enterpriseCard is the page of one enterprise.
type enterpriseCard struct {
	web.Page
	Card      enterprises.Card
	Facts     []web.Fact
	Listed    []enterprises.Blacklist // on which it stands today
	Signals   []signalLine
	Cases     []complaints.Row
	More      int // cases that are not shown
	Rename    *web.Form
	Code      *web.Form
	Headcount *web.Form
	MayEdit   bool
	NoCases   web.Empty
}

type signalLine struct {
	Label string
	enterprises.Signal
}

// cardCases is how many of its cases the page of an enterprise shows.
const cardCases = 50

func (p *pages) showEnterprise(q *web.Request) error {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	card, err := p.Enterprises.Card(q.Context(), p.auditor(q), id)
	if errors.Is(err, enterprises.ErrNotFound) {
		return web.ErrNotFound
	}
	if err != nil {
		return err
	}
	if card.ID != id {
		return q.Redirect("/enterprises/" + card.ID.String())
	}
	page := &enterpriseCard{
		Page: q.Page(card.Name, web.Crumb{Label: "单位", Href: "/enterprises"}), Card: card, Facts: enterpriseFacts(q.Units(), card),
		Listed: card.Blacklisted(domain.DateOf(q.Now())), MayEdit: q.User.Has(enterpriseRoles...),
		Rename: q.NewForm("rename", "name", card.Name), Code: q.NewForm("code"), Headcount: q.NewForm("headcount", "on", domain.DateOf(q.Now()).String()),
		NoCases: web.Empty{Title: "没有投诉", Text: "这家单位没有您能看到的投诉。"},
	}
	for _, kind := range enterprise.SignalKinds().All() {
		if s, ok := card.Signals[kind]; ok {
			page.Signals = append(page.Signals, signalLine{kind.Label(), s})
		}
	}
	ids, err := p.Enterprises.Cases(q.Context(), p.auditor(q), card.ID, cardCases)
	if err != nil {
		return err
	}
	if page.Cases, err = p.Cases.ByIDs(q.Context(), p.viewer(q), ids); err != nil {
		return err
	}
	page.More = max(0, card.Total-len(page.Cases))
	return q.Render("complaints/enterprise", page)
}

func enterpriseFacts(units orgunit.Tree, c enterprises.Card) []web.Fact {
	headcount := web.Fact{Key: "职工人数"}
	if c.Enterprise.Headcount > 0 {
		headcount.Value = fmt.Sprintf("%d人", c.Enterprise.Headcount)
		if !c.HeadcountOn.IsZero() {
			headcount.Note = c.HeadcountOn.String() + " 填报"
		}
	}
	facts := []web.Fact{
		{Key: "统一社会信用代码", Value: c.USCC},
		{Key: "所属县区", Value: units.Name(c.County)},
		{Key: "行业", Value: c.Industry},
		{Key: "经济类型", Value: c.Ownership.Label()},
		headcount,
		{Key: "建档", Value: web.FormatTime(c.CreatedAt)},
	}
	for _, name := range c.Former {
		facts = append(facts, web.Fact{Key: "曾用名、别名", Value: name})
	}
	for _, m := range c.Merged {
		facts = append(facts, web.Fact{Key: "并入的档案", Value: m.Name})
	}
	return facts
}

func (p *pages) renameEnterprise(q *web.Request) error {
	return p.onEnterprise(q, "已更名", func(f *web.Form) casework.EnterpriseCommand {
		return &enterprise.Rename{Name: f.Require("name", "新名称"), On: f.Date("on")}
	})
}

func (p *pages) enterCode(q *web.Request) error {
	return p.onEnterprise(q, "已补录信用代码", func(f *web.Form) casework.EnterpriseCommand {
		code, err := enterprise.ParseUSCC(f.Require("uscc", "统一社会信用代码"))
		noteError(f, "uscc", err)
		return &enterprise.EnterCode{USCC: code}
	})
}

func (p *pages) reportHeadcount(q *web.Request) error {
	return p.onEnterprise(q, "已填报职工人数", func(f *web.Form) casework.EnterpriseCommand {
		f.Require("headcount", "职工人数")
		f.Require("on", "填报日期")
		cmd := &enterprise.ReportHeadcount{Headcount: f.Int("headcount"), On: f.Date("on")}
		if cmd.On.After(domain.DateOf(q.Now())) {
			f.Fail("on", "填报日期在今天之后,请改正。")
		}
		return cmd
	})
}

// onEnterprise reads a form, and issues the command that it stands for.
func (p *pages) onEnterprise(q *web.Request, done string, read func(*web.Form) casework.EnterpriseCommand) error {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := read(f)
	if err := f.Err(); err != nil {
		return err
	}
	head, err := p.Casework.OnEnterprise(q.Context(), id, cmd, request(q, f, enterpriseRoles))
	if err != nil {
		return explained(f, err)
	}
	return q.Done("/enterprises/"+id.String(), head.Position, done)
}

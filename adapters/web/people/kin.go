package people

import (
	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/person"
	"hearth/projections/people"
)

func (p *pages) kinRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /people/kin", Handler: p.showKin, Roles: staff, Models: findModels},
		{Pattern: "POST /people/kin", Handler: p.declareNew, Roles: declarers, Models: findModels},
		{Pattern: "POST /people/{id}/kin", Handler: p.declareKin, Roles: declarers},
		{Pattern: "POST /people/{id}/kin/withdraw", Handler: p.withdrawKin, Roles: kinKeepers},
	}
}

// kinLine is one declaration.
type kinLine struct {
	people.Kin
	Person   uuid.UUID
	Who      string // the person
	Staff    string // the member of staff
	By       string
	Withdraw *web.Form // nil when the user may not, or there is nothing to withdraw
}

// Relation is the relation in words.
func (k kinLine) Relation() string { return k.Kin.Relation.Label() }

// kinLines are the declarations on a file.
func kinLines(q *web.Request, who people.Person, n names) []kinLine {
	var lines []kinLine
	for _, k := range who.Kin {
		l := kinLine{Kin: k, Person: who.ID, Who: shown(q.User, who).Name, Staff: n.User(k.User), By: n.User(k.DeclaredBy)}
		if k.Holds() && q.User.Has(kinKeepers...) && k.User != q.User.ID && who.Standing != person.IsShredded {
			l.Withdraw = q.NewForm("withdraw-kin-" + who.ID.String() + k.User)
		}
		lines = append(lines, l)
	}
	return lines
}

// kinPage is 近亲属备案: one's own declarations, and all of them for those who
// watch over it.
type kinPage struct {
	web.Page
	Mine      []kinLine
	All       []kinLine
	MayAll    bool
	MayAdd    bool
	Form      *web.Form
	Relations domain.CodeTable
	None      web.Empty
}

func (p *pages) showKin(q *web.Request) error {
	page := &kinPage{
		Page: q.Page("近亲属备案", web.Crumb{Label: "人员", Href: "/people"}), Form: q.NewForm("kin"),
		Relations: person.KinRelations().Table(), MayAll: q.User.Has(kinReaders...), MayAdd: q.User.Has(declarers...),
		None: web.Empty{Title: "没有备案", Text: "您还没有备案近亲属。近亲属来访、来电或申请救助前,请先在这里备案,以便回避。"},
	}
	asked := q.User.ID
	if page.MayAll {
		asked = ""
	}
	found, err := p.People.KinOf(q.Context(), asked)
	if err != nil {
		return err
	}
	var users []string
	for _, who := range found {
		for _, k := range who.Kin {
			users = append(users, k.User, k.DeclaredBy)
		}
	}
	n, err := p.names(q.Context(), q.User, users)
	if err != nil {
		return err
	}
	for _, who := range found {
		for _, l := range kinLines(q, who, n) {
			if l.User == q.User.ID {
				page.Mine = append(page.Mine, l)
			}
			if page.MayAll {
				page.All = append(page.All, l)
			}
		}
	}
	return q.Render("people/kin", page)
}

// declareNew declares somebody who is named by name and identity number: the one
// who is on file with the number, or else somebody new.
func (p *pages) declareNew(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	kin := person.DeclareKin{User: q.User.ID, Relation: f.Require("relation", "亲属关系")}
	reg := person.Register{Kind: "relative", Identity: person.Identity{Name: f.Require("name", "姓名"), IDNo: f.Require("id_no", "身份证号")}}
	if reg.Identity.IDNo != "" {
		_, err := person.ParseIDNo(reg.Identity.IDNo)
		noteError(f, "id_no", err)
	}
	if err := f.Err(); err != nil {
		return err
	}
	known, err := p.People.ByIDNo(q.Context(), reg.Identity.IDNo)
	if err != nil {
		return err
	}
	id := uuid.Nil
	if len(known) > 0 && known[0].ID != uuid.NewSHA1(f.Command, []byte("person")) {
		id = known[0].ID
	}
	_, head, err := p.Casework.DeclareKin(q.Context(), id, reg, kin, request(q, f, declarers))
	if err != nil {
		return err
	}
	return q.Done("/people/kin", head.Position, "已备案")
}

// declareKin declares the person of the file as kin of the user.
func (p *pages) declareKin(q *web.Request) error {
	return p.onFile(q, declarers, "已备案:与您有近亲属关系。有关此人的审批请回避。", func(f *web.Form) casework.PersonCommand {
		return &person.DeclareKin{User: q.User.ID, Relation: f.Require("relation", "亲属关系")}
	})
}

func (p *pages) withdrawKin(q *web.Request) error {
	return p.onFile(q, kinKeepers, "已撤销备案", func(f *web.Form) casework.PersonCommand {
		return &person.WithdrawKin{User: f.Text("user")}
	})
}

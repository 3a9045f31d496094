package people

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/household"
	"hearth/projections/people"
)

func (p *pages) householdRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /people/{id}/household", Handler: p.showForm, Roles: settlers, Models: findModels},
		{Pattern: "POST /people/{id}/household", Handler: p.formHousehold, Roles: settlers, Models: findModels},
		{Pattern: "GET /households/{id}", Handler: p.showHousehold, Roles: staff, Models: []string{"people", "timeline"}},
		{Pattern: "POST /households/{id}/join", Handler: p.join, Roles: settlers, Models: findModels},
		{Pattern: "POST /households/{id}/leave", Handler: p.leave, Roles: settlers},
		{Pattern: "POST /households/{id}/head", Handler: p.changeHead, Roles: settlers, Models: findModels},
		{Pattern: "POST /households/{id}/dissolve", Handler: p.dissolve, Roles: settlers},
	}
}

func householdAddress(id uuid.UUID) string { return "/households/" + id.String() }

// householdLine is a household on the page of a person.
type householdLine struct {
	people.Household
	Relation string // of the person to the head
	State    web.Badge
	Members  string
}

func householdLines(all []people.Household, of uuid.UUID, n names) []householdLine {
	var lines []householdLine
	for _, h := range all {
		l := householdLine{Household: h, State: web.Badge{Text: "在户", Tone: "good"}}
		for _, m := range h.Members {
			if m.Person == of {
				l.Relation = m.Relation.Label()
				if !m.Present() {
					l.State = web.Badge{Text: "已离户", Tone: "calm"}
				}
			}
		}
		if h.Dissolved() {
			l.State = web.Badge{Text: "已销户", Tone: "calm"}
		}
		for _, m := range h.Present() {
			l.Members += n.Of(m.Person) + "(" + m.Relation.Label() + ") "
		}
		lines = append(lines, l)
	}
	return lines
}

// memberRows is how many members a new household can have at once; more join
// later.
const memberRows = 6

// formPage forms a household with somebody as its head.
type formPage struct {
	web.Page
	Who       people.Person
	Form      *web.Form
	Rows      []int
	Relations []web.Option
}

// relationOptions are the relations that can be chosen.
func relationOptions() []web.Option {
	all := household.Relations()
	return options(slices.DeleteFunc(all.All(), func(r household.Relation) bool { return r == household.RelationHead }), all.Label)
}

func (p *pages) showForm(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	page := &formPage{
		Page: q.Page("立户", web.Crumb{Label: "人员", Href: "/people"}, web.Crumb{Label: "人员档案", Href: fileAddress(who.ID)}),
		Who:  shown(q.User, who), Form: q.NewForm("household"), Relations: relationOptions(),
	}
	for n := range memberRows {
		page.Rows = append(page.Rows, n+1)
	}
	return q.Render("people/form", page)
}

func (p *pages) formHousehold(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	form := household.Form{Head: who.ID.String(), Members: []household.Member{{PersonID: who.ID.String()}}}
	for n := range memberRows {
		field, relation := fmt.Sprintf("member%d", n+1), fmt.Sprintf("relation%d", n+1)
		if f.Text(field) == "" {
			continue
		}
		m, err := p.only(q, f, field)
		if err != nil {
			return err
		}
		form.Members = append(form.Members, household.Member{PersonID: m.ID.String(), Relation: household.Relation(f.Require(relation, "与户主关系"))})
	}
	if err := f.Err(); err != nil {
		return err
	}
	id, head, err := p.Casework.NewHousehold(q.Context(), form, request(q, f, settlers))
	if err != nil {
		return err
	}
	return q.Done(householdAddress(id), head.Position, "已立户")
}

// householdPage is one household.
type householdPage struct {
	web.Page
	H         people.Household
	Present   []memberLine
	Former    []memberLine
	Moments   []web.Moment
	May       bool
	Join      *web.Form
	Head      *web.Form
	Dissolve  *web.Form
	Relations []web.Option
	Reasons   domain.CodeTable
	Ends      domain.CodeTable
	Heads     []web.Option
}

// memberLine is a member as the user sees one.
type memberLine struct {
	people.Member
	Name  string
	Phone string
	Leave *web.Form // nil for the head
}

func (p *pages) household(q *web.Request) (people.Household, error) {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return people.Household{}, web.ErrNotFound
	}
	h, found, err := p.People.Household(q.Context(), id)
	if err == nil && !found {
		err = web.ErrNotFound
	}
	return h, err
}

func (p *pages) showHousehold(q *web.Request) error {
	h, err := p.household(q)
	if err != nil {
		return err
	}
	entries, err := p.Timeline.Case(q.Context(), casework.HouseholdStream(h.ID), 0, "", 1000)
	if err != nil {
		return err
	}
	var users []string
	for _, e := range entries {
		users = append(users, e.Actor)
	}
	n, err := p.names(q.Context(), q.User, users, h.Persons...)
	if err != nil {
		return err
	}
	page := &householdPage{
		Page: q.Page("户", web.Crumb{Label: "人员", Href: "/people"}, web.Crumb{Label: "人员档案", Href: fileAddress(h.Head)}), H: h,
		Moments: moments(entries, n), May: q.User.Has(settlers...) && !h.Dissolved(),
		Join: q.NewForm("join"), Head: q.NewForm("head"), Dissolve: q.NewForm("dissolve"),
		Relations: relationOptions(), Reasons: household.LeaveReasons().Table(), Ends: household.DissolveReasons().Table(),
	}
	for _, m := range h.Members {
		l := memberLine{Member: m, Name: n.Of(m.Person), Phone: n.people[m.Person].Masked().Phone}
		if !m.Present() {
			page.Former = append(page.Former, l)
			continue
		}
		if m.Person != h.Head {
			l.Leave = q.NewForm("leave-" + m.Person.String())
			page.Heads = append(page.Heads, web.Option{Value: m.Person.String(), Label: l.Name})
		}
		page.Present = append(page.Present, l)
	}
	return q.Render("people/household", page)
}

// onHousehold reads a form and issues the command that it stands for.
func (p *pages) onHousehold(q *web.Request, done string, read func(*web.Form) (casework.HouseholdCommand, error)) error {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd, err := read(f)
	if err == nil {
		err = f.Err()
	}
	if err != nil {
		return err
	}
	head, err := p.Casework.OnHousehold(q.Context(), id, cmd, request(q, f, settlers))
	if err != nil {
		return err
	}
	return q.Done(householdAddress(id), head.Position, done)
}

func (p *pages) join(q *web.Request) error {
	return p.onHousehold(q, "已入户", func(f *web.Form) (casework.HouseholdCommand, error) {
		who, err := p.only(q, f, "who")
		return &household.Join{Member: household.Member{PersonID: who.ID.String(), Relation: household.Relation(f.Require("relation", "与户主关系"))}}, err
	})
}

func (p *pages) leave(q *web.Request) error {
	return p.onHousehold(q, "已离户", func(f *web.Form) (casework.HouseholdCommand, error) {
		return &household.Leave{PersonID: f.Text("person"), Reason: household.LeaveReason(f.Require("reason", "离户原因"))}, nil
	})
}

// changeHead reads the new head and what each of the others is to him.
func (p *pages) changeHead(q *web.Request) error {
	h, err := p.household(q)
	if err != nil {
		return err
	}
	return p.onHousehold(q, "已变更户主", func(f *web.Form) (casework.HouseholdCommand, error) {
		cmd := &household.ChangeHead{Head: f.Require("head", "新户主")}
		for _, m := range h.Present() {
			member := household.Member{PersonID: m.Person.String()}
			if member.PersonID != cmd.Head {
				member.Relation = household.Relation(f.Require("relation-"+member.PersonID, "与新户主的关系"))
			}
			cmd.Members = append(cmd.Members, member)
		}
		return cmd, nil
	})
}

func (p *pages) dissolve(q *web.Request) error {
	return p.onHousehold(q, "已销户", func(f *web.Form) (casework.HouseholdCommand, error) {
		return &household.Dissolve{Reason: household.DissolveReason(f.Require("reason", "销户原因"))}, nil
	})
}

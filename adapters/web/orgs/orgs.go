// Package orgs is the pages of the organisation tree (组织机构): the tree as it was
// on any date, the history of a unit, and the changes that an administrator
// enters, each from a date on. They show the tree itself (casework.Units), not a
// read model: what was just entered is there.
package orgs

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/eventstore"
)

//go:embed templates
var templateFiles embed.FS

// Register keeps the tree; *casework.Service is one.
type Register interface {
	Units(ctx context.Context) (orgunit.Tree, error)
	OnUnits(ctx context.Context, cmd orgunit.Command, r casework.Request) (eventstore.Head, error)
}

var admins = []domain.Role{domain.RoleSystemAdmin}

const address = "/units"

type pages struct{ register Register }

// New is the pages over a register.
func New(register Register) web.Family {
	p := &pages{register}
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return web.Family{
		Name:      "orgs",
		Templates: files,
		Routes: []web.Route{
			{Pattern: "GET " + address, Handler: p.showTree},
			{Pattern: "GET " + address + "/{code}", Handler: p.showUnit},
			{Pattern: "POST " + address + "/{code}/below", Handler: p.found, Roles: admins},
			{Pattern: "POST " + address + "/{code}/rename", Handler: p.rename, Roles: admins},
			{Pattern: "POST " + address + "/{code}/move", Handler: p.move, Roles: admins},
			{Pattern: "POST " + address + "/{code}/dissolve", Handler: p.dissolve, Roles: admins},
		},
		Nav: []web.NavItem{{Label: "组织机构", Href: address, Icon: "tree", Key: "u"}},
	}
}

// treePage is the tree as of a date.
type treePage struct {
	web.Page
	Form  *web.Form
	On    domain.Date
	Today bool
	Units []branch
	Gone  []orgunit.Span // dissolved by then
}

// branch is a unit in its place.
type branch struct {
	orgunit.Unit
	Depth int // of the root 0
	Below int // how many are below it
}

// Indent is the class that moves the name to the right.
func (b branch) Indent() string { return fmt.Sprintf("indent-%d", min(b.Depth, 4)) }

func (p *pages) tree(q *web.Request) (orgunit.Tree, error) {
	tree, err := p.register.Units(q.Context())
	if err != nil && tree.Empty() {
		return tree, err
	}
	return tree, nil // as it was last known is better than nothing; the shell's banner tells why
}

func (p *pages) showTree(q *web.Request) error {
	tree, err := p.tree(q)
	if err != nil {
		return err
	}
	today := domain.DateOf(q.Now())
	f := q.NewForm("on", "on", q.URL.Query().Get("on"))
	on := f.Date("on")
	if on.IsZero() {
		on = today
		f.Values.Set("on", on.String())
	}
	page := &treePage{Page: q.Page("组织机构"), Form: f, On: on, Today: on == today}
	for _, u := range tree.All(on) {
		page.Units = append(page.Units, branch{u, len(tree.Up(u.Code, on)) - 1, len(tree.Below(u.Code, on)) - 1})
	}
	for code := range tree.Codes() {
		if s, ok := tree.Span(code, on); ok && s.Gone {
			page.Gone = append(page.Gone, s)
		}
	}
	slices.SortFunc(page.Gone, func(a, b orgunit.Span) int { return strings.Compare(a.Code, b.Code) })
	return q.Render("orgs/tree", page)
}

// unitPage is one unit with its history and what may be done.
type unitPage struct {
	web.Page
	Unit    orgunit.Span // as it was left
	Facts   []web.Fact
	History []change
	Below   []orgunit.Unit
	May     bool
	Root    bool
	Parents []web.Option
	Kinds   domain.CodeTable
	Found   *web.Form
	Rename  *web.Form
	Move    *web.Form
	Gone    web.Confirm
}

// Action is where a form of the page goes.
func (u *unitPage) Action(verb string) string { return address + "/" + u.Unit.Code + "/" + verb }

// change is a line of the history.
type change struct {
	From domain.Date
	Text string
}

func (p *pages) showUnit(q *web.Request) error {
	tree, err := p.tree(q)
	if err != nil {
		return err
	}
	code, today := q.PathValue("code"), domain.DateOf(q.Now())
	spans := tree.Spans(code)
	if len(spans) == 0 {
		return web.ErrNotFound
	}
	last := spans[len(spans)-1]
	page := &unitPage{
		Page: q.Page(last.Name, web.Crumb{Label: "组织机构", Href: address}), Unit: last, Facts: facts(tree, last, today),
		History: history(tree, spans), May: q.User.Has(admins...) && !last.Gone, Root: last.Parent == "",
		Kinds:  orgunit.Kinds().Table(),
		Found:  q.NewForm("found", "kind", string(orgunit.KindBase), "from_date", today.String(), "code", code+"-"),
		Rename: q.NewForm("rename", "name", last.Name, "short", last.Short, "from_date", today.String()),
		Move:   q.NewForm("move", "from_date", today.String()),
	}
	for _, u := range tree.All(today) {
		if u.Parent == code {
			page.Below = append(page.Below, u)
		}
		if !tree.Within(u.Code, code, today) {
			page.Parents = append(page.Parents, web.Option{Value: u.Code, Label: u.Name})
		}
	}
	page.Gone = p.confirm(q, page.Action("dissolve"), last)
	return q.Render("orgs/unit", page)
}

func (p *pages) confirm(q *web.Request, action string, s orgunit.Span) web.Confirm {
	f := q.NewForm("dissolve", "from_date", domain.DateOf(q.Now()).String())
	return web.Confirm{
		Form: f, Action: action, Button: "撤销单位", Title: "撤销" + s.Name + "?", Do: "撤销", Danger: true,
		Text:  "自今天起撤销。已办的案件和历史数字不变;代码不再使用,不能恢复。该单位下面须先没有单位。",
		Field: web.Field{Form: f, Name: "basis", Label: "依据的文号", Required: true, Max: 60},
	}
}

func facts(tree orgunit.Tree, s orgunit.Span, today domain.Date) []web.Fact {
	up := tree.Up(s.Code, today)
	var above []string
	for _, code := range slices.Backward(up) {
		if code != s.Code {
			above = append(above, tree.Short(code))
		}
	}
	list := []web.Fact{{Key: "代码", Value: s.Code}, {Key: "简称", Value: s.Short}, {Key: "类别", Value: s.Kind.Label()}, {Key: "上级", Value: strings.Join(above, " / ")}}
	if s.Gone {
		list = append(list, web.Fact{Key: "撤销", Value: s.From.String()})
	}
	return list
}

// history says in words what became of a unit, the newest first.
func history(tree orgunit.Tree, spans []orgunit.Span) []change {
	var all []change
	for i, s := range spans {
		switch {
		case i == 0 && s.Parent == "":
			all = append(all, change{s.From, "成立" + s.Name + "。"})
		case i == 0:
			all = append(all, change{s.From, "成立" + s.Name + ",隶属" + tree.Name(s.Parent) + "。"})
		case s.Gone:
			all = append(all, change{s.From, "撤销。"})
		case s.Parent != spans[i-1].Parent:
			all = append(all, change{s.From, "由" + tree.Name(spans[i-1].Parent) + "调整到" + tree.Name(s.Parent) + "。"})
		}
		if i > 0 && s.Name != spans[i-1].Name {
			all = append(all, change{s.From, "由“" + spans[i-1].Name + "”更名为“" + s.Name + "”。"})
		}
	}
	slices.Reverse(all)
	return all
}

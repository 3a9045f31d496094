package complaints

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	looks "hearth/projections/access"
	"hearth/projections/timeline"
)

func (p *pages) accessRoutes() []web.Route {
	readers := append(slices.Clone(staff), domain.RoleAuditAdmin)
	return []web.Route{
		{Pattern: "GET /complaints/{id}/access", Handler: p.showCaseAccess, Roles: staff, Models: append(slices.Clone(caseModels), "access")},
		{Pattern: "POST /complaints/{id}/printed", Handler: p.printed, Roles: staff},
		{Pattern: "POST /enterprises/{id}/printed", Handler: p.printedEnterprise, Roles: staff},
		{Pattern: "POST /printed/{screen}", Handler: p.printedList, Roles: staff},
		{Pattern: "GET /access", Handler: p.showUserAccess, Roles: readers, Models: []string{"access", "complaints", "enterprises"}},
	}
}

func onCase(id uuid.UUID) access.Thing {
	return access.Thing{Family: complaint.Family, ID: id.String()}
}

func onEnterprise(id uuid.UUID) access.Thing {
	return access.Thing{Family: enterprise.Family, ID: id.String()}
}

// viewed notes that the page about to be sent shows a thing, or a list.
func (p *pages) viewed(q *web.Request, on access.Thing, screen access.Screen) {
	q.Viewed(p.auditor(q), on, screen)
}

// printed hears from the page's script that somebody prints it, and from the form
// behind the button where there is none.
func (p *pages) printed(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	screen := access.ScreenFile
	if f.Text("screen") == string(access.ScreenCase) {
		screen = access.ScreenCase
	}
	q.Printed(p.auditor(q), onCase(row.ID), screen)
	if f.Checked("beacon") {
		return q.JSON(struct{}{})
	}
	q.Flash("已记下。请用浏览器的打印功能打印本页。")
	return q.Redirect(caseAddress(row.ID) + "/file")
}

// printedEnterprise hears from the script of an enterprise's page.
func (p *pages) printedEnterprise(q *web.Request) error {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	q.Printed(p.auditor(q), onEnterprise(id), access.ScreenEnterprise)
	return q.JSON(struct{}{})
}

// printedList hears from the script of a page that lists cases.
func (p *pages) printedList(q *web.Request) error {
	screen := access.Screen(q.PathValue("screen"))
	if !access.Screens().Has(screen) {
		return web.ErrNotFound
	}
	q.Printed(p.auditor(q), access.Thing{}, screen)
	return q.JSON(struct{}{})
}

// lookLine is one row of who looked at what.
type lookLine struct {
	looks.Look
	Who    string
	What   string // what was done
	On     string // what it was done on
	Href   string
	Why    string
	Screen string // the read model that was shown
}

// most is how many rows a page of who looked shows.
const mostLooks = 200

// showCaseAccess is the view 查阅记录 of a case.
func (p *pages) showCaseAccess(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	return p.showView(q, row, viewAccess)
}

func (p *pages) fillLooks(q *web.Request, c *casePage, s complaint.State, m timeline.Mentions, persons []uuid.UUID) error {
	if _, err := p.Casework.Permitted(q.Context(), c.Row.ID, s, casework.UseSeeAccess, q.Now(), actors(q)...); err != nil {
		return err
	}
	list, err := p.Looks.On(q.Context(), looks.ReaderOf(q.User.Roles...), complaint.Family, c.Row.ID.String(), mostLooks)
	if err != nil {
		return err
	}
	for _, l := range list {
		m.Users = append(m.Users, l.UserID)
		persons = append(persons, l.Person)
	}
	if c.Names, err = p.names(q.Context(), c.look, m, persons...); err != nil {
		return err
	}
	for _, l := range list {
		c.Looks = append(c.Looks, lineOfLook(l, c.Names))
	}
	return nil
}

func lineOfLook(l looks.Look, n names) lookLine {
	line := lookLine{Look: l, Who: n.User(l.UserID) + "(" + l.Role.Label() + "," + n.units.Short(l.Org) + ")"}
	switch l.Kind {
	case looks.Viewed, looks.Printed:
		line.What = l.Kind.Label() + " " + l.Screen.Label()
		if l.Times > 1 {
			line.What += fmt.Sprintf(",%d次", l.Times)
		}
	case looks.Revealed:
		labels := make([]string, len(l.Fields))
		for i, f := range l.Fields {
			labels[i] = f.Label()
		}
		line.What = "显示 " + strings.Join(labels, "、")
		if l.Person != uuid.Nil {
			line.What = "显示 " + n.personName(l.Person) + " 的" + strings.Join(labels, "、")
		}
		line.Why = l.Reason.Label()
	case looks.Exported:
		line.What = fmt.Sprintf("导出 %s,%d行", l.Query.Label(), l.Rows)
		if l.Clear {
			line.What, line.Why = line.What+",未遮挡", l.Reason.Label()
		}
	case looks.Searched:
		line.What = fmt.Sprintf("搜索(%s),找到%d条", l.Lookup.Label(), l.Hits)
	case looks.Missed:
		line.What = fmt.Sprintf("另有%d次查看未能记下", l.Times)
	}
	if l.Text != "" && l.Kind != looks.Searched {
		line.Why = strings.Trim(line.Why+":"+n.veil(l.Text), ":")
	}
	if l.Model != "" {
		line.Screen = fmt.Sprintf("所见数据截至日志第%d条", l.SeenPosition)
	}
	return line
}

// userAccessPage is what one user looked at.
type userAccessPage struct {
	web.Page
	Form  *web.Form
	Users []web.Option // for auditors
	Lines []lookLine
	None  web.Empty
}

// showUserAccess is the user's own record; auditors may ask for anybody's.
func (p *pages) showUserAccess(q *web.Request) error {
	user := q.User.ID
	page := &userAccessPage{
		Page: q.Page("我的查阅记录"), Form: &web.Form{Name: "user", Values: url.Values{}, Errors: map[string]string{}},
		None: web.Empty{Title: "还没有查阅记录", Text: "打开案件、搜索、导出之后约一分钟,会记在这里。"},
	}
	if looks.ReaderOf(q.User.Roles...).Auditor() {
		all, err := p.Accounts.List(q.Context())
		if err != nil {
			return err
		}
		for _, u := range all {
			page.Users = append(page.Users, web.Option{Value: u.ID, Label: u.Name + "(" + q.Units().Short(u.Org) + ")"})
		}
		if asked := q.URL.Query().Get("user"); slices.ContainsFunc(all, func(u accounts.User) bool { return u.ID == asked }) {
			user, page.Title = asked, "查阅记录"
		}
		page.Form.Values.Set("user", user)
	}
	list, err := p.Looks.User(q.Context(), user, mostLooks)
	if err != nil {
		return err
	}
	if page.Lines, err = p.lookedAt(q, list); err != nil {
		return err
	}
	p.viewed(q, access.Thing{Family: "user", ID: user}, access.ScreenUser)
	return q.Render("complaints/access", page)
}

// lookedAt adds what rows are about. Cases that the reader does not see are not
// named.
func (p *pages) lookedAt(q *web.Request, list []looks.Look) ([]lookLine, error) {
	var m timeline.Mentions
	var cases []uuid.UUID
	for _, l := range list {
		m.Users = append(m.Users, l.UserID)
		switch l.Family {
		case complaint.Family:
			cases = append(cases, parseIDs([]string{l.ObjectID})...)
		case enterprise.Family:
			m.Enterprises = append(m.Enterprises, l.ObjectID)
		}
	}
	rows, err := p.Cases.ByIDs(q.Context(), p.viewer(q), cases)
	if err != nil {
		return nil, err
	}
	numbers := map[string]string{}
	for _, r := range rows {
		numbers[r.ID.String()] = r.No
	}
	n, err := p.names(q.Context(), look{}, m)
	if err != nil {
		return nil, err
	}
	lines := make([]lookLine, len(list))
	for i, l := range list {
		l.Person = uuid.Nil // who it was stands in the case
		line := lineOfLook(l, n)
		switch no, seen := numbers[l.ObjectID]; {
		case l.Family == complaint.Family && seen:
			line.On, line.Href = no, "/complaints/"+l.ObjectID
		case l.Family == complaint.Family:
			line.On = "您看不到的案件"
		case l.Family == enterprise.Family:
			line.On, line.Href = n.Enterprise(l.ObjectID), "/enterprises/"+l.ObjectID
		}
		lines[i] = line
	}
	return lines, nil
}

func errorsAsRejection(err error) (*domain.Rejection, bool) {
	return errors.AsType[*domain.Rejection](err)
}

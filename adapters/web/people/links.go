package people

import (
	"github.com/google/uuid"
	"hearth/adapters/casework"
	"hearth/adapters/guard"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/person"
	"hearth/projections/people"
	"hearth/projections/text"
)

func (p *pages) linkRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /people/{id}/merge", Handler: p.showMerge, Roles: mergers, Models: fileModels},
		{Pattern: "POST /people/{id}/merge/find", Handler: p.findOther, Roles: mergers, Models: findModels, Rate: guard.Search},
		{Pattern: "POST /people/{id}/merge", Handler: p.merge, Roles: mergers},
		{Pattern: "POST /people/{id}/unmerge", Handler: p.unmerge, Roles: mergers},
	}
}

// mergePage lays two files side by side before they are linked.
type mergePage struct {
	web.Page
	Who   people.Person
	Other people.Person
	Found bool // there is another file to compare with
	Lines []comparison
	Find  *web.Form
	Form  *web.Form
	Bases domain.CodeTable
}

// comparison is one line of the two files. What is masked is compared as it is.
type comparison struct {
	Key, Here, There string
	Same             web.Badge
}

func (p *pages) showMerge(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	page := &mergePage{
		Page: q.Page("并档", web.Crumb{Label: "人员", Href: "/people"}, web.Crumb{Label: "人员档案", Href: ownAddress(who.ID)}),
		Who:  shown(q.User, who), Find: q.NewForm("find-other"), Form: q.NewForm("merge"), Bases: person.MergeBases().Table(),
	}
	if into := q.URL.Query().Get("into"); into != "" {
		other, err := p.byID(q.Context(), into)
		if err != nil || other.ID == who.ID {
			return web.ErrNotFound
		}
		page.Other, page.Found = shown(q.User, other), true
		if page.Lines, err = p.compare(q, who, other); err != nil {
			return err
		}
	}
	return q.Render("people/merge", page)
}

func (p *pages) compare(q *web.Request, here, there people.Person) ([]comparison, error) {
	a, b := shown(q.User, here), shown(q.User, there)
	line := func(key, x, y, wholeX, wholeY string) comparison {
		c := comparison{Key: key, Here: x, There: y}
		switch {
		case text.Withheld(wholeX) || text.Withheld(wholeY):
			c.Same = web.Badge{Text: "不能比对", Tone: "calm"}
		case wholeX == "" || wholeY == "":
			c.Same = web.Badge{Text: "缺一方", Tone: "calm"}
		case wholeX == wholeY:
			c.Same = web.Badge{Text: "一致", Tone: "good"}
		default:
			c.Same = web.Badge{Text: "不同", Tone: "warn"}
		}
		return c
	}
	entered := func(value string) string {
		if value == "" || text.Withheld(value) {
			return value
		}
		return "已登记,不显示"
	}
	lines := []comparison{
		line("姓名", a.Name, b.Name, text.Fold(here.Name), text.Fold(there.Name)),
		line("身份证号", a.IDNo, b.IDNo, here.IDNo, there.IDNo),
		line("电话", a.Phone, b.Phone, here.Phone, there.Phone),
		line("住址", entered(here.Address), entered(there.Address), here.Address, there.Address),
		line("类别", here.Kind.Label(), there.Kind.Label(), string(here.Kind), string(there.Kind)),
		{Key: "建档", Here: web.FormatTime(here.CreatedAt), There: web.FormatTime(there.CreatedAt)},
	}
	cases := comparison{Key: "案件(您能看到的)"}
	for id, into := range map[uuid.UUID]*string{here.ID: &cases.Here, there.ID: &cases.There} {
		rows, err := p.casesOf(q, []uuid.UUID{id})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			*into += r.No + "\n"
		}
	}
	return append(lines, cases), nil
}

// findOther finds the file to compare with; the address gets its random id.
func (p *pages) findOther(q *web.Request) error {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	other, err := p.only(q, f, "q")
	if err != nil {
		return err
	}
	if other.ID == id {
		f.Fail("q", "找到的就是这份档案,请填写另一份档案的号码。")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return q.Redirect(fileAddress(id) + "/merge?into=" + other.ID.String())
}

func (p *pages) merge(q *web.Request) error {
	id, err := uuid.Parse(q.PathValue("id"))
	if err != nil {
		return web.ErrNotFound
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	into, err := uuid.Parse(f.Text("into"))
	if err != nil {
		return web.ErrNotFound
	}
	basis := person.MergeBasis(f.Require("basis", "并档依据"))
	if err := f.Err(); err != nil {
		return err
	}
	from, to := id, into
	if f.Text("main") == id.String() {
		from, to = into, id
	}
	head, err := p.Casework.MergePersons(q.Context(), from, to, basis, request(q, f, mergers))
	if err != nil {
		return err
	}
	return q.Done(fileAddress(to), head.Position, "已并档。两份档案的记录都保留,打开被并的档案会转到这里;并错了可以撤销。")
}

func (p *pages) unmerge(q *web.Request) error {
	return p.onFile(q, mergers, "已撤销并档,两份档案各自独立。", func(f *web.Form) casework.PersonCommand {
		return &person.Unmerge{Reason: person.UnmergeReason(f.Require("reason", "撤销原因"))}
	})
}

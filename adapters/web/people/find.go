package people

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/guard"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/person"
	"hearth/projections/people"
	"hearth/projections/text"
)

func (p *pages) findRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /people", Handler: p.showFind, Roles: staff, Models: findModels},
		{Pattern: "POST /people/find", Handler: p.keepQuestion, Roles: staff, Rate: guard.Search},
		{Pattern: "POST /people", Handler: p.newPerson, Roles: keepers},
	}
}

// findPage finds somebody by an exact name or number.
type findPage struct {
	web.Page
	Find    *web.Form
	New     *web.Form
	Asked   bool
	Found   []people.Person
	Waiting int // requests about personal data that wait for the user
	Kinds   domain.CodeTable
	MayAdd  bool
	None    web.Empty
}

const (
	questionKey = "people" // what was looked for, kept in the session
	maxQuestion = 100
)

// keepQuestion keeps what is looked for: names and numbers do not belong in
// addresses.
func (p *pages) keepQuestion(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	asked := []rune(f.Text("q"))
	q.Keep(questionKey, string(asked[:min(len(asked), maxQuestion)]))
	return q.Redirect("/people")
}

func (p *pages) showFind(q *web.Request) error {
	asked := q.Kept(questionKey)
	page := &findPage{
		Page: q.Page("人员"), Find: q.NewForm("find", "q", asked), New: q.NewForm("new"), Asked: asked != "",
		Kinds: person.Kinds().Table(), MayAdd: q.User.Has(keepers...),
		None: web.Empty{Title: "没有找到", Text: "这里只按完整的姓名、身份证号、电话或银行账号找人,请核对是否写全;确实没有的,在下面新建档案。"},
	}
	if asked == "" {
		page.None = web.Empty{Title: "想找谁?", Text: "请输入完整的姓名、身份证号、电话或银行账号。号码不会出现在网址里。"}
	}
	found, err := p.People.Find(q.Context(), asked)
	if err != nil {
		return err
	}
	for _, who := range found {
		page.Found = append(page.Found, shown(q.User, who))
	}
	if q.User.Has(deciders...) {
		waiting, err := p.waiting(q)
		if err != nil {
			return err
		}
		page.Waiting = len(slices.DeleteFunc(waiting, func(w waitingLine) bool { return w.WhyNot != "" }))
	}
	return q.Render("people/find", page)
}

// newPerson puts somebody on file. Who has a file under the same identity number
// is not put on file again; the repetition of a form that was stored is let
// through, it is answered as the first time.
func (p *pages) newPerson(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	reg := person.Register{
		Kind: person.Kind(f.Text("kind")), Identity: person.Identity{Name: f.Require("name", "姓名"), IDNo: f.Text("id_no")},
		Contact: person.Contact{Phone: f.Text("phone"), Address: f.Text("address")},
	}
	if reg.Identity.IDNo != "" {
		_, err := person.ParseIDNo(reg.Identity.IDNo)
		noteError(f, "id_no", err)
	}
	if reg.Contact.Phone != "" {
		_, err := person.ParsePhone(reg.Contact.Phone)
		noteError(f, "phone", err)
	}
	if err := f.Err(); err != nil {
		return err
	}
	known, err := p.People.ByIDNo(q.Context(), reg.Identity.IDNo)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(known, func(o people.Person) bool { return o.ID != uuid.NewSHA1(f.Command, []byte("person")) }) {
		f.Fail("id_no", "这个身份证号已有档案,请在上面按号码查找,直接选用。")
		return f.Err()
	}
	id, head, err := p.Casework.NewPerson(q.Context(), reg, request(q, f, keepers))
	if err != nil {
		return err
	}
	return q.Done(fileAddress(id), head.Position, "已建档")
}

// only is the one person whom an exact name or number means, for forms that name
// somebody. What is wrong is noted beside the field.
func (p *pages) only(q *web.Request, f *web.Form, field string) (people.Person, error) {
	asked := f.Text(field)
	found, err := p.People.Find(q.Context(), asked)
	if err != nil {
		return people.Person{}, err
	}
	found = slices.DeleteFunc(found, func(o people.Person) bool { return o.MergedInto != uuid.Nil })
	switch {
	case asked == "":
		f.Fail(field, "请填写姓名或号码。")
	case len(found) == 0:
		f.Fail(field, "没有找到,请写全姓名或号码;还没有档案的,请先建档。")
	case len(found) > 1:
		var hints []string
		for _, o := range found[:min(len(found), 5)] {
			hints = append(hints, strings.TrimSpace(o.Kind.Label()+" "+text.MaskID(o.IDNo)+" "+text.MaskPhone(o.Phone)))
		}
		f.Fail(field, fmt.Sprintf("有%d人符合(%s),请改填身份证号。", len(found), strings.Join(hints, ";")))
	default:
		return found[0], nil
	}
	return people.Person{}, nil
}

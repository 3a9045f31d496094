package people

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/person"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/timeline"
)

func (p *pages) fileRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /people/{id}", Handler: p.showFile, Roles: staff, Models: fileModels},
		{Pattern: "POST /people/{id}/consents", Handler: p.giveConsent, Roles: keepers},
		{Pattern: "POST /people/{id}/consents/withdraw", Handler: p.withdrawConsent, Roles: keepers},
		{Pattern: "POST /people/{id}/bases", Handler: p.noteBasis, Roles: keepers},
		{Pattern: "POST /people/{id}/death", Handler: p.noteDeath, Roles: keepers},
		{Pattern: "POST /people/{id}/death/revoke", Handler: p.revokeDeath, Roles: keepers},
	}
}

// filePage is the file of a person.
type filePage struct {
	web.Page
	Who        people.Person // as the user sees one
	Standing   web.Badge
	Facts      []fact
	Cases      []complaints.Row
	Files      []fileLine // other files of the person
	Led        bool       // this file leads to another, which is Main
	Main       uuid.UUID
	Duplicates []duplicateLine
	Households []householdLine
	Kin        []kinLine
	Consents   []consentLine
	Requests   []requestLine
	Moments    []web.Moment
	Names      names
	May        rights
	Forms
	NoCases web.Empty
}

// fact is one line about somebody. Masked says that there is more than is shown;
// whoever may see it finds the button beside it.
type fact struct {
	web.Fact
	Field  string // identity, id_no, phone, address: what a reveal would show
	Masked bool
}

// rights are what the user may do on the file.
type rights struct{ Keep, Merge, Settle, Declare, WithdrawKin, Ask, Decide bool }

// Forms are those of the page.
type Forms struct {
	Consent, Basis, Death, KinForm               *web.Form
	Purposes, Hows, Bases, Sources, KinRelations domain.CodeTable
	RevokeDeath                                  web.Confirm
	Unmerge                                      *web.Form
	UnmergeReasons                               domain.CodeTable
}

// fileLine is another file of the same person.
type fileLine struct {
	people.Person
	Direct bool // it leads to this one, or this one to it
}

type duplicateLine struct {
	people.Duplicate
	Common string
}

// consentLine is a purpose with why its data are processed.
type consentLine struct {
	Purpose  string
	Code     string
	Why      string
	Since    string
	Until    string
	Withdraw *web.Form // nil when there is nothing to withdraw
}

const mostCases = 100

// casesOf are the cases of all files of a person that the user may see.
func (p *pages) casesOf(q *web.Request, files []uuid.UUID) ([]complaints.Row, error) {
	return p.Cases.OfPersons(q.Context(), p.viewer(q), files, mostCases)
}

func (p *pages) showFile(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	main, files, err := p.People.Files(q.Context(), who.ID)
	if err != nil {
		return err
	}
	if main != who.ID && q.URL.Query().Get("file") == "" {
		q.Flash("这份档案已并入下面这份,为您打开主档案。")
		return q.Redirect(fileAddress(main))
	}
	page := &filePage{
		Page: q.Page("人员档案", web.Crumb{Label: "人员", Href: "/people"}), Who: shown(q.User, who), Standing: standing(who.Standing), Facts: facts(q, who),
		NoCases: web.Empty{Title: "没有案件", Text: "此人没有参与您能看到的案件。"},
	}
	page.Led, page.Main = main != who.ID, main
	page.May = p.rightsOn(q, who)
	page.Forms = fileForms(q, who)
	if page.Cases, err = p.casesOf(q, files); err != nil {
		return err
	}
	if err := p.fillFile(q, page, who, files); err != nil {
		return err
	}
	return q.Render("people/person", page)
}

func standing(s person.Standing) web.Badge {
	switch s {
	case person.IsSuspended:
		return web.Badge{Text: "已封存", Tone: "warn"}
	case person.IsShredded:
		return web.Badge{Text: "已销毁", Tone: "bad"}
	case person.InUse:
	}
	return web.Badge{Text: "在用", Tone: "good"}
}

// rightsOn are what the user may do. Data that are destroyed take nothing more,
// and a file that leads to another takes little.
func (p *pages) rightsOn(q *web.Request, who people.Person) rights {
	may := func(roles []domain.Role) bool { return q.User.Has(roles...) && who.Standing != person.IsShredded }
	own := who.MergedInto == uuid.Nil
	return rights{
		Keep: may(keepers) && own, Merge: may(mergers), Settle: may(settlers) && own, Declare: may(declarers), WithdrawKin: may(kinKeepers),
		Ask: may(askers), Decide: may(deciders),
	}
}

func facts(q *web.Request, p people.Person) []fact {
	seen := shown(q.User, p)
	personal := func(key, field, value, whole string) fact {
		f := fact{Fact: web.Fact{Key: key, Value: value}, Field: field, Masked: value != whole}
		if f.Masked && value == "" {
			f.Value = "已登记,不显示"
		}
		return f
	}
	all := []fact{
		personal("姓名", "name", seen.Name, p.Name),
		{Fact: web.Fact{Key: "类别", Value: p.Kind.Label()}},
		personal("身份证号", "id_no", seen.IDNo, p.IDNo),
		personal("电话", "phone", seen.Phone, p.Phone),
		personal("住址", "address", seen.Address, p.Address),
		{Fact: web.Fact{Key: "银行账户", Value: map[bool]string{true: "已登记,不显示"}[p.HasBank]}},
		{Fact: web.Fact{Key: "建档", Value: web.FormatTime(p.CreatedAt)}},
	}
	if p.DeathSource != "" {
		f := personal("死亡登记", "died_on", seen.DiedOn, p.DiedOn)
		f.Value, f.Note = "已登记", "来源:"+p.DeathSource.Label()+","+web.FormatTime(p.DeathNotedAt)+" 登记"
		all = append(all, f)
	}
	return all
}

func fileForms(q *web.Request, who people.Person) Forms {
	revoke := q.NewForm("revoke-death")
	return Forms{
		Consent: q.NewForm("consent", "text_version", "2026-1"), Basis: q.NewForm("basis"), Death: q.NewForm("death"), KinForm: q.NewForm("kin"),
		Purposes: person.Purposes().Table(), Hows: person.ConsentHows().Table(), Bases: person.ProcessingBases().Table(),
		Sources: person.DeathSources().Table(), KinRelations: person.KinRelations().Table(),
		RevokeDeath: web.Confirm{
			Form: revoke, Action: fileAddress(who.ID) + "/death/revoke", Button: "撤销死亡登记", Title: "撤销死亡登记?",
			Text: "原来的登记会留在历史里,并注明已撤销。", Do: "撤销",
		},
		Unmerge: q.NewForm("unmerge"), UnmergeReasons: person.UnmergeReasons().Table(),
	}
}

// fillFile looks up what stands beside the person, and all names in it.
func (p *pages) fillFile(q *web.Request, page *filePage, who people.Person, files []uuid.UUID) error {
	ctx := q.Context()
	others, err := p.People.ByIDs(ctx, files)
	if err != nil {
		return err
	}
	direct := who.Files()
	for _, id := range files {
		if o, ok := others[id]; ok && id != who.ID {
			page.Files = append(page.Files, fileLine{shown(q.User, o), slices.Contains(direct, id.String())})
		}
	}
	same, err := p.People.Duplicates(ctx, who.ID)
	if err != nil {
		return err
	}
	for _, d := range same {
		d.Person = shown(q.User, d.Person)
		page.Duplicates = append(page.Duplicates, duplicateLine{d, common(d)})
	}
	households, err := p.People.Households(ctx, who.ID)
	if err != nil {
		return err
	}
	entries, err := p.Timeline.Case(ctx, casework.PersonStream(who.ID), 0, "", 1000)
	if err != nil {
		return err
	}
	found := timeline.Mentioned(entries)
	users, persons := found.Users, parseIDs(found.Persons)
	for _, k := range who.Kin {
		users = append(users, k.User, k.DeclaredBy, k.WithdrawnBy)
	}
	for _, r := range who.Requests {
		users = append(users, r.By, r.FirstBy, r.DecidedBy)
	}
	for _, h := range households {
		persons = append(persons, h.Persons...)
	}
	if page.Names, err = p.names(ctx, q.User, users, persons...); err != nil {
		return err
	}
	page.Households = householdLines(households, who.ID, page.Names)
	page.Kin = kinLines(q, who, page.Names)
	page.Consents = consentLines(q, who)
	page.Requests = requestLines(who, page.Names)
	page.Moments = moments(entries, page.Names)
	return nil
}

// common says what two files have in common.
func common(d people.Duplicate) string {
	what := ""
	for _, c := range []struct {
		same bool
		what string
	}{{d.SameIDNo, "身份证号"}, {d.SamePhone, "电话"}, {d.SameAccount, "银行账号"}} {
		if c.same && what != "" {
			what += "、"
		}
		if c.same {
			what += c.what
		}
	}
	return what + "相同"
}

// moments is the history, the newest first.
func moments(entries []timeline.Entry, n names) []web.Moment {
	list := make([]web.Moment, len(entries))
	for i, e := range entries {
		who := n.User(e.Actor) + "(" + e.Role.Label() + "," + n.units.Short(e.Org) + ")"
		m := web.Moment{ID: fmt.Sprintf("e%d", e.Version), At: e.OccurredAt, Text: timeline.Expand(e.Sentence, n), Who: who}
		if e.Late() {
			m.Recorded, m.Late = e.RecordedAt, e.LateReason
		}
		if e.Detail != "" && n.open {
			m.Details = append(m.Details, web.Fact{Key: "内容", Value: e.Detail})
		}
		list[len(entries)-1-i] = m
	}
	return list
}

func consentLines(q *web.Request, who people.Person) []consentLine {
	var lines []consentLine
	for _, c := range slices.Backward(who.Consents) {
		l := consentLine{
			Purpose: person.Purpose(c.Purpose).Label(), Code: c.Purpose,
			Why:   fmt.Sprintf("本人同意(第13条第1款第1项),%s,告知文本第%s版", person.ConsentHow(c.How).Label(), c.TextVersion),
			Since: web.FormatTime(c.GivenAt),
		}
		if !c.WithdrawnAt.IsZero() {
			l.Until = web.FormatTime(c.WithdrawnAt)
		} else {
			l.Withdraw = q.NewForm("withdraw-" + c.Purpose)
		}
		lines = append(lines, l)
	}
	for _, b := range who.Bases {
		lines = append(lines, consentLine{Purpose: b.Purpose.Label(), Code: string(b.Purpose), Why: b.Basis.Label(), Since: web.FormatTime(b.NotedAt)})
	}
	return lines
}

func (p *pages) giveConsent(q *web.Request) error {
	return p.onFile(q, keepers, "已登记同意", func(f *web.Form) casework.PersonCommand {
		return &person.GiveConsent{Purpose: f.Require("purpose", "用途"), TextVersion: f.Require("text_version", "告知文本版本"), How: f.Require("how", "同意方式")}
	})
}

func (p *pages) withdrawConsent(q *web.Request) error {
	return p.onFile(q, keepers, "已登记撤回。撤回前已做的处理不受影响;要封存或销毁个人信息的,请另行申请处置。", func(f *web.Form) casework.PersonCommand {
		return &person.WithdrawConsent{Purpose: f.Text("purpose")}
	})
}

func (p *pages) noteBasis(q *web.Request) error {
	return p.onFile(q, keepers, "已登记处理依据", func(f *web.Form) casework.PersonCommand {
		return &person.NoteBasis{Purpose: person.Purpose(f.Require("purpose", "用途")), Basis: person.ProcessingBasis(f.Require("basis", "处理依据"))}
	})
}

func (p *pages) noteDeath(q *web.Request) error {
	return p.onFile(q, keepers, "已登记死亡", func(f *web.Form) casework.PersonCommand {
		return &person.NoteDeath{Source: person.DeathSource(f.Require("source", "信息来源")), DiedOn: f.Date("died_on")}
	})
}

func (p *pages) revokeDeath(q *web.Request) error {
	return p.onFile(q, keepers, "已撤销死亡登记", func(*web.Form) casework.PersonCommand { return &person.RevokeDeath{} })
}

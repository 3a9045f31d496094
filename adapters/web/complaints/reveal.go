package complaints

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
	"hearth/projections/people"
)

// How a masked field is shown: the button 显示 beside it leads to a form that asks
// why; sending it stores who sees what and why (access.SensitiveRevealed); then the
// page that follows, and it alone, shows the fields. What goes from the form to
// that page is a ticket in the session, which holds no value: it is good for one
// page and for a minute, and is spent by it.

func (p *pages) revealRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /complaints/{id}/reveal", Handler: p.showReveal, Roles: staff, Models: caseModels},
		{Pattern: "POST /complaints/{id}/reveal", Handler: p.reveal, Roles: staff, Models: caseModels},
	}
}

// revealed is what one page view shows: fields of a person of a case, or its story
// (no person).
type revealed struct {
	Case   uuid.UUID      `json:"case"`
	Person uuid.UUID      `json:"person"`
	Fields []access.Field `json:"fields"`
	Until  time.Time      `json:"until"`
}

func (r revealed) has(person uuid.UUID, f access.Field) bool {
	return r.Person == person && slices.Contains(r.Fields, f)
}

const (
	ticketKey  = "reveal"
	ticketLife = time.Minute
)

// look is how much the user sees of what is personal in a case on this page. A
// ticket for it is spent. Neither the page's script nor a form that is shown again
// gets what was shown once.
func (p *pages) look(q *web.Request, id uuid.UUID) look {
	l := reader(q.User)
	kept := ""
	if q.Method == http.MethodGet && !q.Background() {
		kept = q.Kept(ticketKey)
	}
	if kept == "" {
		return l
	}
	q.Keep(ticketKey, "")
	var t revealed
	if err := json.Unmarshal([]byte(kept), &t); err == nil && t.Case == id && q.Now().Before(t.Until) {
		l.shown = t
	}
	return l
}

// permits says what of a case the user may have shown, or look up.
func (p *pages) permits(q *web.Request, c *casePage, s complaint.State) error {
	for use, into := range map[string]*bool{casework.UseReveal: &c.Reveal, casework.UseExportClear: &c.Clear, casework.UseSeeAccess: &c.MayLook} {
		_, err := p.Casework.Permitted(q.Context(), c.Row.ID, s, use, q.Now(), actors(q)...)
		if _, refused := errorsAsRejection(err); err != nil && !refused {
			return err
		}
		*into = err == nil
	}
	return nil
}

// revealable is what of the reporter stands in no other fact.
func revealable(r complaints.Row, n names, may bool) []web.Fact {
	if r.Anonymous || r.Reporter == uuid.Nil {
		return nil
	}
	var facts []web.Fact
	add := func(label, value string, field access.Field) {
		f := web.Fact{Key: label, Value: value}
		if may && !n.shown.has(r.Reporter, field) {
			f.Show = revealAddress(r.ID, "0", field, "")
		}
		if value != "" {
			facts = append(facts, f)
		}
	}
	add("反映人身份证号", n.idNo(r.Reporter), access.FieldIDNo)
	add("反映人住址", n.address(r.Reporter), access.FieldAddress)
	return facts
}

// revealAddress leads to the form for a field of a claimant, of the reporter (0),
// or of the case (no number). Nothing in it is personal.
func revealAddress(id uuid.UUID, no string, field access.Field, back string) string {
	v := url.Values{"field": {string(field)}}
	if no != "" {
		v.Set("no", no)
	}
	if back != "" {
		v.Set("back", back)
	}
	return caseAddress(id) + "/reveal?" + v.Encode()
}

// revealPage asks why.
type revealPage struct {
	web.Page
	Row     complaints.Row
	Form    *web.Form
	Who     string // masked
	Fields  []web.Option
	Reasons domain.CodeTable
	Limits  access.Limits
	Refusal string
}

// wish is whom the fields are of, and which there are: those of the reporter (0),
// of a claimant, or the story of the case.
type wish struct {
	row    complaints.Row
	person uuid.UUID
	who    string
	fields []access.Field
}

func (p *pages) wish(q *web.Request, no string) (w wish, err error) {
	if w.row, err = p.find(q); err != nil {
		return w, err
	}
	if no == "" {
		w.who, w.fields = "本案", []access.Field{access.FieldNarrative}
		return w, nil
	}
	w.who, w.person = "反映人", w.row.Reporter
	if no != "0" {
		ledger, err := p.Cases.Ledger(q.Context(), p.viewer(q), w.row.ID)
		if err != nil {
			return w, err
		}
		i := slices.IndexFunc(ledger, func(c complaints.Claimant) bool { return strconv.Itoa(c.ClaimantNo) == no })
		if i < 0 {
			return w, web.ErrNotFound
		}
		w.who, w.person = no+"号诉求人", ledger[i].PersonID
	}
	known, found, err := p.People.ByID(q.Context(), w.person)
	if err != nil {
		return w, err
	}
	if !found {
		return w, web.ErrNotFound
	}
	w.who += " " + known.Masked().Name
	w.fields = fieldsOf(known)
	return w, nil
}

// fieldsOf are the fields of somebody that hold anything.
func fieldsOf(who people.Person) (fields []access.Field) {
	for _, f := range []struct {
		field access.Field
		value string
	}{{access.FieldName, who.Name}, {access.FieldPhone, who.Phone}, {access.FieldIDNo, who.IDNo}, {access.FieldAddress, who.Address}} {
		if f.value != "" {
			fields = append(fields, f.field)
		}
	}
	return fields
}

func (p *pages) showReveal(q *web.Request) error {
	query := q.URL.Query()
	w, err := p.wish(q, query.Get("no"))
	if err != nil {
		return err
	}
	first := []string{"no", query.Get("no"), "back", query.Get("back")}
	if query.Get("back") == "callback" {
		first = append(first, "reason", "callback")
	}
	page := &revealPage{
		Page: q.Page("显示个人信息", web.Crumb{Label: "案件", Href: "/complaints"}, web.Crumb{Label: w.row.No, Href: caseAddress(w.row.ID)}),
		Row:  w.row, Form: q.NewForm("reveal", first...), Who: w.who, Reasons: access.Reasons().Table(), Limits: q.RevealLimits(),
	}
	if wanted := access.Field(query.Get("field")); !page.Form.Failed && slices.Contains(w.fields, wanted) {
		page.Form.Values["fields"] = []string{string(wanted)}
	} else if !page.Form.Failed && len(w.fields) == 1 {
		page.Form.Values["fields"] = []string{string(w.fields[0])}
	}
	for _, f := range w.fields {
		page.Fields = append(page.Fields, web.Option{Value: string(f), Label: f.Label()})
	}
	_, err = p.revealer(q, w.row.ID, casework.UseReveal)
	no, refused := errorsAsRejection(err)
	if err != nil && !refused {
		return err
	}
	if refused {
		page.Refusal = no.Text
	}
	return q.Render("complaints/reveal", page)
}

// revealer is the user in the role in which something may be shown or exported.
func (p *pages) revealer(q *web.Request, id uuid.UUID, use string) (domain.Actor, error) {
	state, _, _, err := p.Casework.Case(q.Context(), id)
	if err != nil {
		return domain.Actor{}, err
	}
	return p.Casework.Permitted(q.Context(), id, state, use, q.Now(), actors(q)...)
}

func (p *pages) reveal(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	w, err := p.wish(q, f.Text("no"))
	if err != nil {
		return err
	}
	cmd := access.Reveal{On: onCase(w.row.ID), Person: w.person, Reason: access.Reason(f.Require("reason", "事由")), Note: f.Text("note")}
	for _, v := range f.All("fields") {
		if !slices.Contains(w.fields, access.Field(v)) {
			return web.ErrNotFound
		}
		cmd.Fields = append(cmd.Fields, access.Field(v))
	}
	if len(cmd.Fields) == 0 {
		f.Fail("fields", "请选择要显示的项目。")
	}
	if cmd.Reason == access.ReasonOther {
		f.Require("note", "说明")
	}
	if err := f.Err(); err != nil {
		return err
	}
	as, err := p.revealer(q, w.row.ID, casework.UseReveal)
	if err != nil {
		return err
	}
	if err := q.Reveal(as, f.Command, p.Casework.PolicyDigest(), cmd); err != nil {
		return explained(f, err)
	}
	ticket, err := json.Marshal(revealed{Case: w.row.ID, Person: w.person, Fields: cmd.Fields, Until: q.Now().Add(ticketLife)})
	if err != nil {
		return fmt.Errorf("ticket of a reveal: %w", err)
	}
	q.Keep(ticketKey, string(ticket))
	q.Flash("已记入查阅记录。原文只在本页显示这一次,刷新或离开后恢复遮挡。")
	return q.Redirect(backOf(w.row.ID, f.Text("back")))
}

// backOf is the page on which the fields are shown.
func backOf(id uuid.UUID, back string) string {
	switch back {
	case viewLedger:
		return caseAddress(id) + "?view=" + viewLedger
	case viewCalls:
		return caseAddress(id) + "?view=" + viewCalls
	case "callback", "log_contact":
		return caseAddress(id) + "/do/" + back
	}
	return caseAddress(id)
}

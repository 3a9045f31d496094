package people

import (
	"strconv"

	"hearth/adapters/web"
	"hearth/projections/complaints"
	"hearth/projections/people"
)

// receiptPage is what is printed and handed over about a request.
type receiptPage struct {
	web.Page
	Who    people.Person
	R      requestLine
	No     string
	Cases  []complaints.Row
	Hidden int
	Final  bool
}

func (p *pages) showReceipt(q *web.Request) error {
	who, err := p.find(q)
	if err != nil {
		return err
	}
	no, err := strconv.Atoi(q.PathValue("no"))
	if err != nil || no < 1 || no > len(who.Requests) {
		return web.ErrNotFound
	}
	r := who.Requests[no-1]
	n, err := p.names(q.Context(), q.User, []string{r.By, r.FirstBy, r.DecidedBy})
	if err != nil {
		return err
	}
	page := &receiptPage{
		Page: q.Page("个人信息处置回执", web.Crumb{Label: "人员", Href: "/people"}, web.Crumb{Label: "个人信息处置", Href: erasureAddress(who.ID)}),
		Who:  shown(q.User, who), R: requestLines(who, n)[len(who.Requests)-no], Final: final(r.Step),
		No: who.ID.String()[:8] + "-" + strconv.Itoa(no),
	}
	if page.Cases, page.Hidden, err = p.subjects(q, r.Subjects); err != nil {
		return err
	}
	return q.Render("people/receipt", page)
}

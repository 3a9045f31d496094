package complaints

import (
	"hearth/adapters/findings"
	"hearth/adapters/web"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
	"hearth/projections/timeline"
)

func (p *pages) fileRoutes() []web.Route {
	return []web.Route{{Pattern: "GET /complaints/{id}/file", Handler: p.showFile, Roles: staff, Models: caseModels}}
}

// filePage is the whole file of a case (卷宗) for printing.
type filePage struct {
	web.Page
	Row      complaints.Row
	Facts    []web.Fact
	Ledger   []ledgerLine
	Totals   complaint.Totals
	Clocks   []clockLine
	Work     workView
	Moments  []web.Moment
	Entries  []timeline.Entry
	Manifest string // SHA-256 of the list of entries
	Names    names
	Summary  string // as the reader may see it
}

func (p *pages) showFile(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	state, _, _, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	f := &filePage{
		Page: q.Page("卷宗 "+row.No, web.Crumb{Label: "案件", Href: "/complaints"}, web.Crumb{Label: row.No, Href: caseAddress(row.ID)}),
		Row:  row, Totals: state.Totals(),
	}
	if f.Entries, err = p.entries(q, row, ""); err != nil {
		return err
	}
	m := timeline.Mentioned(f.Entries)
	m.Users = append(m.Users, row.Handler, row.CoHandler, row.FirstReceiver)
	m.Enterprises = append(m.Enterprises, row.EnterpriseID.String())
	if f.Work, err = p.workView(q, state, row.ID, &m); err != nil {
		return err
	}
	c := &casePage{Row: row, MayKnow: mayKnow(q.User)}
	if err := p.fillLedger(q, c, m); err != nil {
		return err
	}
	clocks, err := p.Cases.Clocks(q.Context(), p.viewer(q), row.ID)
	if err != nil {
		return err
	}
	persons := parseIDs(m.Persons)
	for _, l := range c.Ledger {
		persons = append(persons, l.PersonID)
	}
	if f.Names, err = p.names(q.Context(), c.MayKnow, m, append(persons, row.Reporter)...); err != nil {
		return err
	}
	f.Ledger, f.Clocks = c.Ledger, clockLines(clocks)
	f.Facts, f.Summary = caseFacts(row, f.Names), f.Names.veil(row.Summary)
	f.Moments = moments(f.Entries, f.Names)
	f.Manifest = findings.Manifest(row, f.Entries)
	return q.Render("complaints/file", f)
}

// entries is every event of the case, or of one track of it, oldest first.
func (p *pages) entries(q *web.Request, row complaints.Row, track timeline.Track) ([]timeline.Entry, error) {
	return findings.Entries(q.Context(), p.Timeline, row.ID, track)
}

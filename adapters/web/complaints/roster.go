package complaints

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/guard"
	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/text"
)

func (p *pages) ledgerRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /complaints/{id}/ledger.xlsx", Handler: p.exportLedger, Roles: staff, Models: caseModels, Rate: guard.Export},
		{Pattern: "GET /complaints/{id}/ledger", Handler: p.showClearLedger, Roles: staff, Models: caseModels},
		{Pattern: "POST /complaints/{id}/ledger", Handler: p.exportClearLedger, Roles: staff, Models: caseModels, Rate: guard.Export},
	}
}

func (p *pages) rosterRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /complaints/{id}/roster.xlsx", Handler: p.rosterTemplate, Roles: staff, Rate: guard.Export},
		{Pattern: "GET /complaints/{id}/roster", Handler: p.showRoster, Roles: staff, Models: caseModels},
		{Pattern: "POST /complaints/{id}/roster", Handler: p.uploadRoster, Roles: staff, MaxBody: uploadLimit + 1<<20, Timeout: uploadTime, Rate: guard.Upload},
		{Pattern: "GET /complaints/{id}/roster/{job}", Handler: p.previewRoster, Roles: staff, Models: caseModels, Timeout: uploadTime},
		{Pattern: "POST /complaints/{id}/roster/{job}", Handler: p.storeRoster, Roles: staff, Models: caseModels, Timeout: uploadTime},
		{Pattern: "GET /complaints/{id}/roster/{job}/bad", Handler: p.badRoster, Roles: staff, Timeout: uploadTime, Rate: guard.Export},
	}
}

// ledgerLines is the ledger with the people behind it, a line for each item of a
// claim. What was verified and paid stands in the first line of a claimant.
func (p *pages) ledgerLines(q *web.Request, row complaints.Row) ([]importer.Line, error) {
	ledger, err := p.Cases.Ledger(q.Context(), p.viewer(q), row.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(ledger))
	for i, c := range ledger {
		ids[i] = c.PersonID
	}
	known, err := p.People.ByIDs(q.Context(), ids)
	if err != nil {
		return nil, err
	}
	var lines []importer.Line
	for _, c := range ledger {
		who := known[c.PersonID]
		for i, item := range c.Items {
			l := importer.Line{
				No: c.ClaimantNo, Name: who.Name, IDNo: who.IDNo, Phone: who.Phone, Item: item.Kind.Label(), From: item.From, To: item.To, Claimed: item.OwedFen,
			}
			if i == 0 {
				l.Verified, l.Paid, l.Outcome = c.VerifiedFen, c.PaidFen, c.Outcome
			}
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// rosterTemplate is an empty roster to fill in.
func (p *pages) rosterTemplate(q *web.Request) error {
	if _, err := p.find(q); err != nil {
		return err
	}
	var columns []sheet.Column
	for _, f := range importer.RosterFields() {
		if f.Field == importer.FieldPeriod {
			continue // from and to say it better
		}
		columns = append(columns, sheet.Column{Heading: f.Label, Width: 18})
	}
	var body bytes.Buffer
	if err := sheet.Write(&body, sheet.XLSX, "诉求人名册", columns, slices.Values([][]any{})); err != nil {
		return err
	}
	return sendSheet(q, "诉求人名册模板", sheet.XLSX, body.Bytes())
}

// rosterPage takes a roster, and shows what would be stored of it.
type rosterPage struct {
	web.Page
	Row     complaints.Row
	Form    *web.Form
	Refusal string
	Job     *importJob
	Plan    importer.RosterPlan
	People  []rosterLine
	More    int
	Bad     []string
	MoreBad int
	Trouble string
	Store   *web.Form
}

// rosterLine is a claimant of the roster as he will stand in the ledger.
type rosterLine struct {
	importer.Claimant
	State string // 已建档, 新建档, 已在台账
}

// rosterShown is how many people of a roster the page lists.
const rosterShown = 200

const importClaimants = "import_claimants"

func (p *pages) rosterPage(q *web.Request) (*rosterPage, error) {
	row, err := p.find(q)
	if err != nil {
		return nil, err
	}
	state, rules, _, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return nil, err
	}
	refused, err := p.refusal(q, row.ID, state, rules, importClaimants)
	if err != nil {
		return nil, err
	}
	page := &rosterPage{
		Page: q.Page("导入花名册", web.Crumb{Label: "案件", Href: "/complaints"}, web.Crumb{Label: row.No, Href: caseAddress(row.ID) + "?view=" + viewLedger}),
		Row:  row, Form: q.NewForm("roster"), Refusal: refused, Store: q.NewForm("store"),
	}
	return page, nil
}

func (p *pages) showRoster(q *web.Request) error {
	page, err := p.rosterPage(q)
	if err != nil {
		return err
	}
	return q.Render("complaints/roster", page)
}

func (p *pages) uploadRoster(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	job := importJob{Owner: q.User.ID, Case: row.ID}
	if err := p.keepUpload(f, &job); err != nil {
		return err
	}
	return q.Redirect(caseAddress(row.ID) + "/roster/" + job.ID.String())
}

// findRoster is the roster of the address, which was uploaded for this case.
func (p *pages) findRoster(q *web.Request) (importJob, error) {
	id, err := uuid.Parse(q.PathValue("job"))
	if err != nil {
		return importJob{}, web.ErrNotFound
	}
	job, ok := p.Imports.get(id, q.User.ID)
	if !ok || job.Case.String() != q.PathValue("id") {
		return job, web.ErrNotFound
	}
	return job, nil
}

// roster opens the file of a job as a roster.
func (im *Imports) roster(job importJob, use func(*importer.Roster) error) error {
	return im.read(job, func(book *sheet.Book) error {
		r, err := importer.OpenRoster(book, importer.Options{Now: im.now})
		if err != nil {
			return err
		}
		return use(r)
	})
}

func (p *pages) previewRoster(q *web.Request) error {
	page, err := p.rosterPage(q)
	if err != nil {
		return err
	}
	job, err := p.findRoster(q)
	if err != nil {
		return err
	}
	page.Job = &job
	err = p.Imports.roster(job, func(r *importer.Roster) (err error) {
		page.Plan, err = r.Preview(q.Context())
		return err
	})
	var no *domain.Rejection
	if errors.As(err, &no) {
		page.Trouble, err = no.Text, nil
	}
	if err != nil {
		return err
	}
	if err := p.fillRoster(q, page); err != nil {
		return err
	}
	// The rows are shown as they were uploaded, for somebody has to compare them
	// with the paper: it is the uploader's own file, and nobody else gets the page.
	// What it says of people who are on file is only that they are.
	p.viewed(q, onCase(page.Row.ID), access.ScreenRoster)
	return q.Render("complaints/roster", page)
}

func (p *pages) fillRoster(q *web.Request, page *rosterPage) error {
	lines, err := p.ledgerLines(q, page.Row)
	if err != nil {
		return err
	}
	for _, c := range page.Plan.Claimants[:min(len(page.Plan.Claimants), rosterShown)] {
		line := rosterLine{Claimant: c, State: "新建档"}
		inLedger := slices.ContainsFunc(lines, func(l importer.Line) bool { return sameClaimant(l, c) })
		known, err := p.knownPerson(q.Context(), c.Name, c.IDNo)
		if err != nil {
			return err
		}
		unseen, err := p.Cases.Unseen(q.Context(), p.viewer(q), known)
		switch {
		case err != nil:
			return err
		case inLedger:
			line.State = "已在台账"
		case known != uuid.Nil && !unseen[known]:
			line.State = "已建档"
		}
		page.People = append(page.People, line)
	}
	page.More = len(page.Plan.Claimants) - len(page.People)
	for _, row := range page.Plan.Bad[:min(len(page.Plan.Bad), badShown)] {
		page.Bad = append(page.Bad, problems(row)...)
	}
	page.MoreBad = max(0, len(page.Plan.Bad)-badShown)
	return nil
}

// sameClaimant tells as importer does who stands in the ledger already.
func sameClaimant(l importer.Line, c importer.Claimant) bool {
	if l.IDNo != "" || c.IDNo != "" {
		return l.IDNo == c.IDNo
	}
	return l.Name == c.Name && l.Phone == c.Phone
}

// storeRoster stores the good rows. A repetition stores nobody twice.
func (p *pages) storeRoster(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	job, err := p.findRoster(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	_, _, head, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	spec, _ := complaint.Spec(importClaimants)
	lines, err := p.ledgerLines(q, row)
	if err != nil {
		return err
	}
	desk := &ledgerClerk{pages: p, viewer: p.viewer(q), id: row.ID, head: head}
	var report importer.RosterReport
	err = p.Imports.roster(job, func(r *importer.Roster) (err error) {
		report, err = r.Store(q.Context(), desk, row.ID, p.acting(q, f, row.ID, spec).Actor, lines)
		return err
	})
	if err != nil {
		return explained(f, err)
	}
	if len(report.Bad) == 0 {
		p.Imports.drop(job.ID)
	}
	notice := rosterNotice(report)
	if len(report.Bad) > 0 {
		return q.Done(caseAddress(row.ID)+"/roster/"+job.ID.String(), desk.head.Position, notice)
	}
	return q.Done(caseAddress(row.ID)+"?view="+viewLedger, desk.head.Position, notice)
}

func rosterNotice(r importer.RosterReport) string {
	notice := fmt.Sprintf("增加 %d 人", r.Added)
	if r.Existed > 0 {
		notice += fmt.Sprintf(",已在台账 %d 人", r.Existed)
	}
	if len(r.Bad) > 0 {
		notice += fmt.Sprintf(",还有 %d 行需更正后再导入", len(r.Bad))
	}
	return notice
}

func (p *pages) badRoster(q *web.Request) error {
	if _, err := p.find(q); err != nil {
		return err
	}
	job, err := p.findRoster(q)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	err = p.Imports.roster(job, func(r *importer.Roster) error {
		plan, err := r.Preview(q.Context())
		if err != nil {
			return err
		}
		return r.WriteBad(&body, plan.Bad)
	})
	if err != nil {
		return err
	}
	return sendSheet(q, "需更正的行", job.Format, body.Bytes())
}

// ledgerClerk carries out what a roster needs: people who are on file by their
// identity number are not put on file again, and claims elsewhere are looked up.
type ledgerClerk struct {
	*pages
	viewer complaints.Viewer
	id     uuid.UUID
	head   eventstore.Head // after the last command on the case
}

// NewPerson is who has the identity number, or somebody new.
func (c *ledgerClerk) NewPerson(ctx context.Context, p person.Register, r casework.Request) (uuid.UUID, eventstore.Head, error) {
	if known, err := c.knownPerson(ctx, p.Identity.Name, p.Identity.IDNo); err != nil || known != uuid.Nil {
		return known, eventstore.Head{}, err
	}
	return c.Casework.NewPerson(ctx, p, r)
}

// Do issues a command on the case.
func (c *ledgerClerk) Do(ctx context.Context, id uuid.UUID, cmd complaint.Command, r casework.Request) (eventstore.Head, error) {
	var err error
	if cmd, ok := cmd.(*complaint.ImportClaimants); ok {
		cmd.Elsewhere, err = c.Cases.Elsewhere(ctx, c.viewer, id, cmd.Rows)
	}
	if err != nil {
		return eventstore.Head{}, err
	}
	head, err := c.Casework.Do(ctx, id, cmd, r)
	if err == nil {
		c.head = head
	}
	return head, err
}

// knownPerson is who is on file with an identity number; uuid.Nil for nobody. A
// number that is on file under another name is a mistake in one of the two.
func (p *pages) knownPerson(ctx context.Context, name, idNo string) (uuid.UUID, error) {
	if idNo == "" {
		return uuid.Nil, nil
	}
	found, err := p.People.ByIDNo(ctx, idNo)
	if err != nil || len(found) == 0 {
		return uuid.Nil, err
	}
	i := slices.IndexFunc(found, func(who people.Person) bool { return text.Fold(who.Name) == text.Fold(name) })
	if i < 0 {
		return uuid.Nil, domain.Reject("id_no_of_another", "身份证号尾号%s在档案里是另一个姓名,请核对姓名和号码;确需更正的,先更正人员档案。", idNo[max(0, len(idNo)-4):])
	}
	return p.leading(ctx, found[i])
}

package complaints

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/findings"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/projections/complaints"
	"hearth/projections/timeline"
)

func (p *pages) commandRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /complaints/{id}/do/{command}", Handler: p.showCommand, Roles: staff, Models: caseModels},
		{Pattern: "POST /complaints/{id}/do/{command}", Handler: p.doCommand, Roles: staff},
	}
}

// commandPage is the form of one command on one case, and beside it what must be
// known to fill it in.
type commandPage struct {
	web.Page
	Row       complaints.Row
	Spec      complaint.CommandSpec
	Form      *web.Form
	Inputs    []input
	Changes   []web.Moment // what happened since the form was first shown
	Refusal   string       // why the command is not open
	Limits    []web.Fact   // the limits that bear on it, each with its basis
	Obstacles []string     // what stands in the way of closing
	Totals    *complaint.Totals
	Proposal  *proposalView
}

// seenField carries the version of the case that a form was shown on.
const seenField = "seen"

// target is the case and the command that an address names.
func (p *pages) target(q *web.Request) (complaints.Row, complaint.CommandSpec, error) {
	row, err := p.find(q)
	if err != nil {
		return row, complaint.CommandSpec{}, err
	}
	spec, ok := complaint.Spec(q.PathValue("command"))
	if !ok || hidden[spec.Name] || spec.Group == complaint.GroupSystem {
		return row, spec, web.ErrNotFound
	}
	return row, spec, nil
}

func (p *pages) showCommand(q *web.Request) error {
	row, spec, err := p.target(q)
	if err != nil {
		return err
	}
	state, rules, head, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	first := append(defaults(q, spec.Name, row, state), seenField, strconv.FormatUint(head.Version, 10))
	c := &commandPage{
		Page: q.Page(spec.Label, web.Crumb{Label: "案件", Href: "/complaints"}, web.Crumb{Label: row.No, Href: caseAddress(row.ID)}),
		Row:  row, Spec: spec, Form: q.NewForm(spec.Name, first...),
	}
	if c.Changes, err = p.changesSince(q, c.Form, row, head); err != nil {
		return err
	}
	if c.Refusal, err = p.refusal(q, row.ID, state, rules, spec.Name); err != nil {
		return err
	}
	c.Limits = limitsOf(spec.Name, state, rules)
	offered, err := p.choices(q, state, rules, row, spec.Name)
	if err != nil {
		return err
	}
	c.Inputs = describe(c.Form, spec.New(), offered)
	switch spec.Name {
	case "propose_closure", "approve_closure", "return_closure":
		totals := state.Totals()
		c.Totals, c.Obstacles = &totals, complaint.Obstacles(state, rules, q.Now())
	}
	if state.Phase == complaint.PhaseAwaitingClosure && c.Totals != nil {
		if c.Proposal, err = p.proposal(q, row, state); err != nil {
			return err
		}
	}
	p.viewed(q, onCase(row.ID), access.ScreenCommand)
	return q.Render("complaints/command", c)
}

// Shown reports whether the form is on the page: one that was sent stays there
// with what was typed, even if the command is no longer open.
func (c *commandPage) Shown() bool { return c.Refusal == "" || c.Form.Failed }

// refusal is why none of the user's roles may issue a command now; empty when
// one may.
func (p *pages) refusal(q *web.Request, id uuid.UUID, s complaint.State, r complaint.Rules, name string) (string, error) {
	text := "您的岗位不能办理此项。"
	for _, actor := range actors(q) {
		actions, err := p.Casework.Available(q.Context(), id, s, actor, r, q.Now())
		if err != nil {
			return "", err
		}
		for _, a := range actions {
			switch {
			case a.Name != name:
			case a.Allowed:
				return "", nil
			case a.Code != "role_not_allowed":
				text = a.Reason
			}
		}
	}
	return text, nil
}

func (p *pages) doCommand(q *web.Request) error {
	row, spec, err := p.target(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	state, rules, head, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	offered, err := p.choices(q, state, rules, row, spec.Name)
	if err != nil {
		return err
	}
	cmd := spec.New()
	if err := p.resolveEnterprises(q, f, row, cmd); err != nil {
		return err
	}
	read(f, cmd)
	f.Time("happened")
	missing(f, describe(f, cmd, offered))
	if err := f.Err(); err != nil {
		return err
	}
	if err := p.stale(q, f, row.ID, spec, head); err != nil {
		return err
	}
	if err := p.complete(q, row, f, cmd); err != nil {
		return err
	}
	done, err := p.Casework.Do(q.Context(), row.ID, cmd, p.acting(q, f, row.ID, spec))
	if err != nil {
		return explained(f, err)
	}
	return q.Done(after(row.ID, spec), done.Position, "已办理:"+spec.Label)
}

// after is where a command leads: to the view of the case in which it shows.
func after(id uuid.UUID, spec complaint.CommandSpec) string {
	switch {
	case spec.Name == "callback":
		return caseAddress(id) + "?view=" + viewCalls
	case slices.Contains([]string{"add_claimants", "remove_claimant", "verify_claims", "confirm_verification", "record_payment", "set_outcome"}, spec.Name):
		return caseAddress(id) + "?view=" + viewLedger
	}
	return caseAddress(id)
}

// acting is the user as the one of their actors to whom the command is open, with
// the wish that a form says.
func (p *pages) acting(q *web.Request, f *web.Form, id uuid.UUID, spec complaint.CommandSpec) casework.Request {
	r := request(q, f, spec.Roles)
	r.Actor = p.Casework.Acting(q.Context(), id, spec, r.Actor, actors(q)...)
	r.For = q.User.For(r.Actor)
	return r
}

// explained keeps a rejection as it is, and notes it at its field when it speaks
// of one; a conflict is told by the shell.
func explained(f *web.Form, err error) error {
	var no *domain.Rejection
	if !errors.As(err, &no) {
		return err
	}
	switch no.Code {
	case "late_reason_missing":
		f.Fail("late_reason", no.Text)
	case "in_future":
		f.Fail("happened", no.Text)
	}
	return no
}

// records are events that change nothing that somebody else decides on.
var records = []string{
	complaint.ContactAttempted{}.EventType(), complaint.NoteAdded{}.EventType(), complaint.AttachmentAdded{}.EventType(),
	complaint.CallbackPromised{}.EventType(), complaint.CallbackDone{}.EventType(),
}

// stale refuses a decision that was made on a case that looked otherwise: the
// form comes back with what happened since, and may be sent again. Mere records
// are taken as they come, and so is the repetition of a form that is stored.
func (p *pages) stale(q *web.Request, f *web.Form, id uuid.UUID, spec complaint.CommandSpec, head eventstore.Head) error {
	seen, err := strconv.ParseUint(f.Text(seenField), 10, 64)
	if err != nil || seen >= head.Version || spec.Group == complaint.GroupContact || spec.Group == complaint.GroupRisk || spec.Name == "callback" {
		return nil
	}
	later, err := p.Casework.Since(q.Context(), id, seen)
	if err != nil {
		return err
	}
	moved := false
	for _, rec := range later {
		if rec.Meta.CommandID == f.Command {
			return nil
		}
		moved = moved || rec.Meta.By.Actor.Role != domain.RoleSystem && !slices.Contains(records, rec.Type)
	}
	if moved {
		return fmt.Errorf("form seen at version %d, case at %d: %w", seen, head.Version, eventstore.ErrConflict)
	}
	return nil
}

// complete fills in what the form asks for in another shape than the command
// holds, and what no form may say.
func (p *pages) complete(q *web.Request, row complaints.Row, f *web.Form, cmd complaint.Command) error {
	switch cmd := cmd.(type) {
	case *complaint.AddClaimants:
		if err := p.readClaimants(q, f, cmd); err != nil {
			return err
		}
	case *complaint.Merge:
		other, err := p.byNo(q, f, "into_no", row)
		if err != nil {
			return err
		}
		cmd.IntoID = other.ID
	case *complaint.Link:
		other, err := p.byNo(q, f, "other_no", row)
		if err != nil {
			return err
		}
		cmd.OtherID = other.ID
	case *complaint.IssueDocument:
		cmd.DocumentID = uuid.Nil // follows from the command
	case *complaint.SendReferral:
		cmd.ReferralID = uuid.Nil
	case *complaint.LinkAdvance:
		cmd.ReliefID = uuid.Nil
	default: // the form says it all
	}
	return p.finder(q).Complete(q.Context(), p.viewer(q), row, f.Command, cmd)
}

func (p *pages) finder(q *web.Request) findings.Finder {
	return findings.Finder{Cases: p.Cases, People: p.People, Timeline: p.Timeline, Accounts: p.Accounts, Units: q.Units, Now: q.Now}
}

// byNo is another case that a form names by its number.
func (p *pages) byNo(q *web.Request, f *web.Form, field string, row complaints.Row) (complaints.Row, error) {
	other, err := p.Cases.ByNo(q.Context(), p.viewer(q), f.Text(field))
	switch {
	case errors.Is(err, complaints.ErrNotFound):
		f.Fail(field, "没有这个案号,请核对。")
		return other, f.Err()
	case err == nil && other.ID == row.ID:
		f.Fail(field, "这是本案自己的案号,请填另一案件。")
		return other, f.Err()
	}
	return other, err
}

// request is the user's wish as casework takes it, in one of the roles that may
// issue the command.
func request(q *web.Request, f *web.Form, roles []domain.Role) casework.Request {
	by := q.By(f, roles...)
	return casework.Request{
		CommandID: f.Command, Actor: by.Actor, For: q.User.For(by.Actor), Channel: "web", At: by.At, Happened: by.Happened, LateReason: by.LateReason,
	}
}

// changesSince is what happened since a form was first shown, for a form that
// did not go through. It is read from the log: the read models may not have got
// there yet.
func (p *pages) changesSince(q *web.Request, f *web.Form, row complaints.Row, head eventstore.Head) ([]web.Moment, error) {
	seen, err := strconv.ParseUint(f.Text(seenField), 10, 64)
	if err != nil || !f.Failed || seen >= head.Version {
		return nil, nil
	}
	later, err := p.Casework.Since(q.Context(), row.ID, seen)
	if err != nil {
		return nil, err
	}
	entries := make([]timeline.Entry, len(later))
	for i, rec := range later {
		line, err := timeline.Say(rec.Event)
		if err != nil {
			return nil, err
		}
		by := rec.Meta.By
		entries[i] = timeline.Entry{
			Version: int64(rec.Version), Position: rec.Position, Type: rec.Type, OccurredAt: rec.OccurredAt, RecordedAt: by.At,
			LateReason: by.LateReason, Actor: by.Actor.ID, Org: by.Actor.Org, Role: by.Actor.Role, Behalf: rec.Meta.OnBehalfOf, Sentence: line.Text, Detail: line.Detail,
		}
	}
	if err := p.redact(q, entries); err != nil {
		return nil, err
	}
	persons, err := p.peopleOf(q, row)
	if err != nil {
		return nil, err
	}
	n, err := p.names(q.Context(), reader(q.User), timeline.Mentioned(entries), persons...)
	f.Values.Set(seenField, strconv.FormatUint(head.Version, 10)) // the next time these are known
	return moments(entries, n), err
}

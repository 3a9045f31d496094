package complaints

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
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

// commandPage is the form of one command on one case.
type commandPage struct {
	web.Page
	Row     complaints.Row
	Spec    complaint.CommandSpec
	Form    *web.Form
	Inputs  []input
	Seen    uint64 // version of the case that the form was shown on
	Changes []web.Moment
	Refusal string // why the command is not open
	Ledger  []ledgerLine
}

// seenField carries the version of the case that a form was shown on.
const seenField = "seen"

func (p *pages) showCommand(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	spec, ok := complaint.Spec(q.PathValue("command"))
	if !ok || hidden[spec.Name] || spec.Group == complaint.GroupSystem {
		return web.ErrNotFound
	}
	state, rules, head, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	c := &commandPage{
		Page: q.Page(spec.Label, web.Crumb{Label: "案件", Href: "/complaints"}, web.Crumb{Label: row.No, Href: caseAddress(row.ID)}),
		Row:  row, Spec: spec, Form: q.NewForm(spec.Name, seenField, fmt.Sprint(head.Version)), Seen: head.Version,
	}
	if c.Changes, err = p.changesSince(q, c.Form, row.ID, head); err != nil {
		return err
	}
	c.Refusal = refusal(q, state, rules, spec.Name)
	offered, err := p.choices(q, state, row, spec.Name)
	if err != nil {
		return err
	}
	c.Inputs = describe(c.Form, spec.New(), offered)
	return q.Render("complaints/command", c)
}

// refusal is why none of the user's roles may issue a command now; empty when
// one may.
func refusal(q *web.Request, s complaint.State, r complaint.Rules, name string) string {
	text := "您的岗位不能办理此项。"
	for _, actor := range actors(q) {
		for _, a := range complaint.Available(s, actor, r, q.Now()) {
			switch {
			case a.Name != name:
			case a.Allowed:
				return ""
			case a.Code != "role_not_allowed":
				text = a.Reason
			}
		}
	}
	return text
}

// changesSince is what happened since a form was first shown, for a form that
// did not go through.
func (p *pages) changesSince(q *web.Request, f *web.Form, id uuid.UUID, head eventstore.Head) ([]web.Moment, error) {
	seen, err := strconv.ParseUint(f.Text(seenField), 10, 64)
	if err != nil || !f.Failed || seen >= head.Version {
		return nil, nil
	}
	entries, err := p.Timeline.Case(q.Context(), casework.CaseStream(id), int64(seen), "", timelineLimit)
	if err != nil {
		return nil, err
	}
	n, err := p.names(q.Context(), mayKnow(q.User), timeline.Mentioned(entries))
	f.Values.Set(seenField, fmt.Sprint(head.Version))
	return moments(entries, n), err
}

func (p *pages) doCommand(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	spec, ok := complaint.Spec(q.PathValue("command"))
	if !ok || hidden[spec.Name] || spec.Group == complaint.GroupSystem {
		return web.ErrNotFound
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	state, rules, _, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	offered, err := p.choices(q, state, row, spec.Name)
	if err != nil {
		return err
	}
	cmd := spec.New()
	read(f, cmd)
	missing(f, describe(f, cmd, offered))
	if err := f.Err(); err != nil {
		return err
	}
	if err := p.complete(q, row, f, cmd); err != nil {
		return err
	}
	head, err := p.Casework.Do(q.Context(), row.ID, cmd, request(q, f, openRoles(q, state, rules, spec)))
	if err != nil {
		return explained(err)
	}
	return q.Done(caseAddress(row.ID), head.Position, "已办理:"+spec.Label)
}

// openRoles is the command's roles with the one first in which it is open to the
// user: somebody with two roles acts in the one that may.
func openRoles(q *web.Request, s complaint.State, r complaint.Rules, spec complaint.CommandSpec) []domain.Role {
	for _, actor := range actors(q) {
		for _, a := range complaint.Available(s, actor, r, q.Now()) {
			if a.Name == spec.Name && a.Allowed {
				return append([]domain.Role{actor.Role}, spec.Roles...)
			}
		}
	}
	return spec.Roles
}

// explained keeps a rejection as it is; a conflict is told by the shell.
func explained(err error) error {
	var no *domain.Rejection
	if errors.As(err, &no) {
		return no
	}
	return err
}

// complete fills in what the form asks for in another shape than the command
// holds.
func (p *pages) complete(q *web.Request, row complaints.Row, f *web.Form, cmd complaint.Command) error {
	switch cmd := cmd.(type) {
	case *complaint.Merge:
		other, err := p.byNo(q, f, "into_no", row)
		cmd.IntoID, cmd.IntoNo = other.ID, other.No
		return err
	case *complaint.Link:
		other, err := p.byNo(q, f, "other_no", row)
		cmd.OtherID, cmd.OtherNo = other.ID, other.No
		return err
	case *complaint.IssueDocument:
		cmd.DocumentID = uuid.NewSHA1(f.Command, []byte("document"))
	case *complaint.SendReferral:
		cmd.ReferralID = uuid.NewSHA1(f.Command, []byte("referral"))
	case *complaint.Archive:
		if cmd.ManifestSHA256 == "" {
			sum, err := p.manifest(q, row)
			cmd.ManifestSHA256 = sum
			return err
		}
	case *complaint.NotifyLeader, *complaint.Assign:
	}
	return nil
}

// byNo is another case that a form names by its number.
func (p *pages) byNo(q *web.Request, f *web.Form, field string, row complaints.Row) (complaints.Row, error) {
	other, err := p.Cases.ByNo(q.Context(), viewer(q), f.Text(field))
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

// choices is what the case offers for the fields of a command.
func (p *pages) choices(q *web.Request, s complaint.State, row complaints.Row, command string) (choices, error) {
	users, err := p.Accounts.List(q.Context())
	if err != nil {
		return choices{}, err
	}
	pick := func(roles []domain.Role, org string) (options []web.Option) {
		for _, u := range users {
			if !u.Disabled && u.Has(roles...) && (org == "" || orgunit.Within(u.Org, org) || u.Org == org) {
				options = append(options, web.Option{Value: u.ID, Label: u.Name + "(" + orgunit.Short(u.Org) + ")"})
			}
		}
		return options
	}
	handlers := pick([]domain.Role{domain.RoleHandler, domain.RoleInspector}, s.HandlingOrg)
	orgs := make([]web.Option, 0, len(orgunit.Jincheng()))
	for _, u := range orgunit.Jincheng() {
		orgs = append(orgs, web.Option{Value: u.Code, Label: u.Name})
	}
	ledger, err := p.Cases.Ledger(q.Context(), viewer(q), row.ID)
	if err != nil {
		return choices{}, err
	}
	claimants, err := p.claimantOptions(q, ledger)
	if err != nil {
		return choices{}, err
	}
	c := choices{lines: claimants, byName: map[string][]web.Option{
		"handler": handlers, "co_handler": handlers, "replaced_by": handlers,
		"user":         handlers,
		"witnesses":    pick([]domain.Role{domain.RoleHandler, domain.RoleInspector, domain.RoleOrgHead, domain.RoleCashier}, ""),
		"handling_org": orgs, "to_org": orgs, "final_org": orgs, "accused_org": orgs,
		"claimant_no": claimants, "claimant_nos": claimants,
		"payment_no": paymentOptions(s), "procedure_no": procedureOptions(s), "told_contact_no": contactOptions(s),
		"check_contact_no": contactOptions(s),
	}}
	switch command {
	case "notify_leader":
		c.byName["to"] = pick([]domain.Role{domain.RoleLeader, domain.RoleApprover}, "")
	case "callback":
		c.byName["claimant_no"] = append([]web.Option{{Value: "0", Label: "反映人"}}, claimants...)
		if len(claimants) > 0 {
			c.byName["claimant_no"] = claimants
		}
	case "answer_document":
		c.byName["document_id"] = documentOptions(s)
	case "receipt_referral", "answer_crime_hint":
		c.byName["referral_id"] = referralOptions(s)
	case "dismiss_duplicate":
		c.byName["other_no"] = plainOptions(s.Hinted)
	case "resume_clock", "pause_clock", "extend_clock", "explain_overdue":
		c.byName["clock"] = clockOptions(s)
	}
	return c, nil
}

func (p *pages) claimantOptions(q *web.Request, ledger []complaints.Claimant) ([]web.Option, error) {
	ids := make([]uuid.UUID, len(ledger))
	for i, l := range ledger {
		ids[i] = l.PersonID
	}
	n, err := p.names(q.Context(), mayKnow(q.User), timeline.Mentions{}, ids...)
	if err != nil {
		return nil, err
	}
	options := make([]web.Option, len(ledger))
	for i, l := range ledger {
		label := fmt.Sprintf("%d号 %s", l.ClaimantNo, n.personName(l.PersonID))
		switch {
		case l.Verified:
			label += fmt.Sprintf("(核定%s,到账%s)", l.VerifiedFen, l.PaidFen)
		default:
			label += fmt.Sprintf("(主张%s)", l.ClaimedFen)
		}
		options[i] = web.Option{Value: strconv.Itoa(l.ClaimantNo), Label: label}
	}
	return options, nil
}

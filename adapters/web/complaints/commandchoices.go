package complaints

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
	"hearth/projections/complaints"
)

// choices is what the case offers for the fields of a command.
func (p *pages) choices(q *web.Request, s complaint.State, r complaint.Rules, row complaints.Row, command string) (choices, error) {
	users, err := p.Accounts.List(q.Context())
	if err != nil {
		return choices{}, err
	}
	users = slices.DeleteFunc(users, func(u accounts.User) bool { return u.Disabled })
	office := office{users, q.Units(), domain.DateOf(q.Now())}
	units := q.UnitOptions(func(u orgunit.Unit) string { return u.Name })
	ledger, err := p.ledger(q, row)
	if err != nil {
		return choices{}, err
	}
	claimants := claimantOptions(ledger)
	c := choices{tables: tables(command, s, r, ledger), byName: map[string][]web.Option{
		"handling_org": units, "to_org": units, "final_org": units, "accused_org": units,
		"claimant_no": claimants, "payment_no": paymentOptions(s), "procedure_no": procedureOptions(s), "recourse_no": recourseOptions(s),
		"witnesses": office.pick(row.HandlingOrg, domain.RoleHandler, domain.RoleInspector, domain.RoleOrgHead, domain.RoleCashier),
		"satisfied": satisfaction,
	}}
	switch command {
	case "assign", "recuse":
		handlers, err := p.workload(q.Context(), q, office.officers(row.HandlingOrg))
		if err != nil {
			return c, err
		}
		c.byName["handler"], c.byName["co_handler"], c.byName["replaced_by"] = handlers, handlers, handlers
		c.byName["user"] = slices.DeleteFunc(slices.Clone(handlers), func(o web.Option) bool { return !s.Assigned(o.Value) })
	case "notify_leader":
		c.byName["to"] = office.pick("", domain.RoleLeader, domain.RoleApprover)
	case "withdraw":
		c.byName["check_contact_no"] = contactOptions(s, complaint.PurposeVoluntary)
	case "answer_document":
		c.byName["document_id"] = documentOptions(s)
	case "receipt_referral", "answer_crime_hint":
		c.byName["referral_id"] = referralOptions(s, command == "receipt_referral")
	case "dismiss_duplicate":
		c.byName["other_no"] = plainOptions(s.Hinted)
	case "extend_clock":
		c.byName["told_contact_no"] = contactOptions(s, complaint.PurposeExtension)
		c.byName["clock"] = clockOptions(s, q.Now(), command)
	case "resume_clock", "pause_clock", "explain_overdue":
		c.byName["clock"] = clockOptions(s, q.Now(), command)
	case "drop_liable_party":
		c.byName["enterprise_id"], err = p.partyOptions(q.Context(), s)
	}
	return c, err
}

var satisfaction = []web.Option{
	{Value: "5", Label: "5 很满意"},
	{Value: "4", Label: "4 满意"},
	{Value: "3", Label: "3 一般"},
	{Value: "2", Label: "2 不满意"},
	{Value: "1", Label: "1 很不满意"},
	{Value: "0", Label: "不愿评价"},
}

// office is who works where today.
type office struct {
	users []accounts.User
	units orgunit.Tree
	today domain.Date
}

// officers may handle a case of a unit: its own, and the inspectors of the city,
// who make up the two that a site visit needs.
func (o office) officers(org string) []web.Option {
	own := o.pick(org, domain.RoleHandler, domain.RoleInspector)
	root := o.units.Root(o.today)
	if org == root {
		return own
	}
	city := o
	city.users = slices.DeleteFunc(slices.Clone(o.users), func(u accounts.User) bool { return u.Org != root })
	return append(own, city.pick(root, domain.RoleInspector)...)
}

// pick is the users with one of the roles, of a unit and those below it.
func (o office) pick(org string, roles ...domain.Role) []web.Option {
	var options []web.Option
	for _, u := range o.users {
		if u.Has(roles...) && (org == "" || o.units.Within(u.Org, org, o.today)) {
			options = append(options, web.Option{Value: u.ID, Label: u.Name + "(" + o.units.Short(u.Org) + ")"})
		}
	}
	return options
}

// workload adds how many open cases each has.
func (p *pages) workload(ctx context.Context, q *web.Request, users []web.Option) ([]web.Option, error) {
	for i, u := range users {
		n, err := p.Cases.Count(ctx, p.viewer(q), complaints.Filter{Handler: u.Value, Open: true})
		if err != nil {
			return nil, err
		}
		users[i].Label += fmt.Sprintf(" · 在办%d件", n)
	}
	return users, nil
}

func (p *pages) partyOptions(ctx context.Context, s complaint.State) ([]web.Option, error) {
	var ids []uuid.UUID
	for _, l := range s.Liable {
		if !slices.Contains(ids, l.EnterpriseID) {
			ids = append(ids, l.EnterpriseID)
		}
	}
	known, err := p.Enterprises.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	var options []web.Option
	for _, id := range ids {
		options = append(options, web.Option{Value: id.String(), Label: known[id]})
	}
	return options, nil
}

func claimantOptions(ledger []ledgerLine) []web.Option {
	var options []web.Option
	for _, l := range ledger {
		if l.ClaimantNo == 0 {
			continue
		}
		label := fmt.Sprintf("%d号 %s(主张%s)", l.ClaimantNo, l.Name, l.ClaimedFen)
		if l.Verified {
			label = fmt.Sprintf("%d号 %s(核定%s,到账%s)", l.ClaimantNo, l.Name, l.VerifiedFen, l.PaidFen)
		}
		options = append(options, web.Option{Value: strconv.Itoa(l.ClaimantNo), Label: label})
	}
	return options
}

// defaults is what a form begins with, as names and values.
func defaults(q *web.Request, command string, row complaints.Row, s complaint.State) []string {
	today := domain.DateOf(q.Now()).String()
	switch command {
	case "identify_respondent":
		return []string{"enterprise_id_text", row.Employer}
	case "accept":
		org := row.Area
		if _, known := q.Units().Find(org, domain.DateOf(q.Now())); !known {
			org = q.User.Org
		}
		return []string{"handling_org", org, "time_class", string(complaint.ClassGeneral), "category", string(row.Category)}
	case "log_contact":
		return []string{"with", string(complaint.PartyWorker), "purpose", string(complaint.PurposeInquiry), "how", string(complaint.ByPhone), "reached", "1"}
	case "notify_leader":
		return []string{"how", string(complaint.ByPhone)}
	case "callback":
		return []string{"reached", "1", "satisfied", "0"}
	case "record_payment":
		return []string{"paid_on", today, "payer_role", string(complaint.RoleEmployer), "method", string(complaint.PayBank)}
	case "log_negotiation":
		return []string{"held_on", today}
	case "start_procedure":
		return []string{"started_on", today}
	case "conclude_procedure":
		return []string{"concluded_on", today}
	case "recover_recourse":
		return []string{"recovered_on", today}
	case "name_liable_party":
		return []string{"role", string(complaint.RoleEmployer)}
	case "propose_closure":
		if t := s.Totals(); t.Persons > 0 && t.PersonsPaid == t.Persons {
			return []string{"conclusion_code", string(complaint.ConcludePaid)}
		}
	case "archive":
		return []string{"retention_class", string(complaint.Retain10Years)}
	case "add_note":
		return []string{"visibility", string(complaint.VisibleInternal)}
	case "extend_clock", "pause_clock":
		return []string{"clock", string(complaint.ClockHandle), "added.unit", "wd"}
	case "reopen":
		return []string{"by_worker", "1"}
	}
	return nil
}

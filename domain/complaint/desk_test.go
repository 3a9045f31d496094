package complaint

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
)

// The people of the tests.
var (
	operator   = domain.Actor{ID: "op1", Org: "jc", Role: domain.RoleOperator}
	operator2  = domain.Actor{ID: "op2", Org: "jc", Role: domain.RoleOperator}
	shift      = domain.Actor{ID: "shift", Org: "jc", Role: domain.RoleShiftLeader}
	dispatcher = domain.Actor{ID: "disp", Org: "jc", Role: domain.RoleDispatcher}
	head       = domain.Actor{ID: "head", Org: "jc-gp", Role: domain.RoleOrgHead}
	otherHead  = domain.Actor{ID: "head2", Org: "jc-yc", Role: domain.RoleOrgHead}
	handler    = domain.Actor{ID: "hand", Org: "jc-gp", Role: domain.RoleHandler}
	partner    = domain.Actor{ID: "part", Org: "jc-gp", Role: domain.RoleInspector}
	stranger   = domain.Actor{ID: "else", Org: "jc-gp", Role: domain.RoleHandler}
	reviewer   = domain.Actor{ID: "rev", Org: "jc", Role: domain.RoleReviewer}
	approver   = domain.Actor{ID: "vice", Org: "jc", Role: domain.RoleApprover}
	accountant = domain.Actor{ID: "acc", Org: "jc", Role: domain.RoleAccountant}
	machine    = domain.Actor{ID: "system", Org: "jc", Role: domain.RoleSystem}
)

// monday is 2026-03-02, 9 o'clock in Shanghai.
var monday = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

var cal2026 = calendar.New(calendar.Notice2026())

func testRules() Rules { return DefaultRules(cal2026) }

// id is a made-up id: the same for the same text.
func id(s string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(s)) }

func date(s string) domain.Date {
	d, err := domain.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// desk works one case as people would.
type desk struct {
	t     testing.TB
	r     Rules
	d     domain.Decider[State, Command, Event]
	s     State
	now   time.Time
	trace []Event
}

func newDesk(t testing.TB) *desk {
	r := testRules()
	return &desk{t: t, r: r, d: NewDecider(r), now: monday}
}

// try issues a command a minute after the last one.
func (d *desk) try(who domain.Actor, cmd Command) ([]Event, error) {
	d.now = d.now.Add(time.Minute)
	if cmd.IssuedBy().Actor.ID == "" {
		by := cmd.IssuedBy()
		by.Actor, by.At = who, d.now
		cmd.Stamp(by)
	}
	events, err := d.d.Decide(d.s, cmd)
	if err == nil {
		d.s = d.d.Fold(d.s, events...)
		d.trace = append(d.trace, events...)
	}
	return events, err
}

// do issues a command that must be accepted.
func (d *desk) do(who domain.Actor, cmds ...Command) []Event {
	d.t.Helper()
	var all []Event
	for _, cmd := range cmds {
		events, err := d.try(who, cmd)
		if err != nil {
			d.t.Fatalf("%s by %s in phase %q: %v", NameOf(cmd), who.Role, d.s.Phase, err)
		}
		all = append(all, events...)
	}
	return all
}

// no issues a command that must be refused with the code.
func (d *desk) no(who domain.Actor, code string, cmd Command) {
	d.t.Helper()
	events, err := d.try(who, cmd)
	if got := codeOf(err); got != code {
		d.t.Fatalf("%s by %s: got %q (%v, %v), want %q", NameOf(cmd), who.Role, got, err, events, code)
	}
}

// pass lets time go by.
func (d *desk) pass(days int) { d.now = d.now.AddDate(0, 0, days) }

func codeOf(err error) string {
	var no *domain.Rejection
	if errors.As(err, &no) {
		return no.Code
	}
	if err != nil {
		return "error: " + err.Error()
	}
	return ""
}

// names are the event types without the family, one after the other.
func names(events []Event) string {
	short := make([]string, len(events))
	for i, ev := range events {
		short[i] = strings.TrimPrefix(ev.EventType(), "complaint.")
	}
	return strings.Join(short, " ")
}

func wage(fen domain.Fen) []ClaimItem {
	return []ClaimItem{{Kind: ItemWage, From: date("2025-11-01"), To: date("2025-12-31"), OwedFen: fen}}
}

func person(n int) NewClaimant {
	return NewClaimant{PersonID: id(fmt.Sprintf("person %d", n)), Items: wage(domain.Yuan(5000))}
}

func people(n int) []NewClaimant {
	list := make([]NewClaimant, n)
	for i := range list {
		list[i] = person(i + 1)
	}
	return list
}

func proofs(kinds ...EvidenceKind) []Evidence {
	list := make([]Evidence, len(kinds))
	for i, k := range kinds {
		list[i] = Evidence{Kind: k, AttachmentID: id(string(k))}
	}
	return list
}

func call() *Register {
	return &Register{
		No: "晋工诉〔2026〕12号", Category: CategoryWageArrears, Channel: ChannelHotline, Area: "jc-gp",
		Reporter: Reporter{PersonID: id("person 1")}, Employer: Employer{EnterpriseID: id("employer"), Text: "某建筑公司"},
		Summary: "拖欠两个月工资", Claim: Claim{Persons: 1, OwedFen: domain.Yuan(5000), From: date("2025-11-01"), To: date("2025-12-31")},
		Consent: Consent{Basis: "consent", TextVersion: "1", How: "spoken"},
	}
}

// The phases of a case, for the tables.

func fresh(*desk) {}

func registered(d *desk) { d.do(operator, call()) }

func accepted(d *desk) {
	registered(d)
	d.do(dispatcher, &Accept{HandlingOrg: "jc-gp", TimeClass: ClassGeneral})
}

func signed(d *desk) { accepted(d); d.do(head, &Sign{}) }

func assigned(d *desk) {
	signed(d)
	d.do(head, &Assign{Handler: handler.ID, CoHandler: partner.ID})
	d.do(handler, &LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone, Reached: true, Gist: "核实情况"})
}

func claimed(d *desk) { assigned(d); d.do(handler, &AddClaimants{Claimants: people(2)}) }

func verified(d *desk) {
	claimed(d)
	d.do(handler, &VerifyClaims{
		Lines:  []Verification{{1, domain.Yuan(5000)}, {2, domain.Yuan(4000)}},
		Method: VerifyByPayroll, Evidence: proofs(EvidencePayroll),
	})
}

func pay(no int, yuan int64) *RecordPayment {
	return &RecordPayment{
		Lines: []PaymentLine{{no, domain.Yuan(yuan)}}, PaidOn: date("2026-03-02"), PayerRole: RoleEmployer, Method: PayBank,
		Evidence: proofs(EvidenceBank),
	}
}

func paid(d *desk) {
	verified(d)
	d.do(handler, pay(1, 5000), pay(2, 4000), &SetOutcome{ClaimantNos: []int{1, 2}, Outcome: OutcomePaid})
}

func proposed(d *desk) {
	paid(d)
	d.do(handler, &ProposeClosure{Conclusion: ConcludePaid, Narrative: "已全部付清"})
}

func answer(no int, yuan int64) *Callback {
	fen := domain.Yuan(yuan)
	return &Callback{ClaimantNo: no, Reached: true, ConfirmedFen: &fen, Satisfied: 5}
}

func calledBack(d *desk) { proposed(d); d.do(operator2, answer(1, 5000), answer(2, 4000)) }

func closed(d *desk) { calledBack(d); d.do(reviewer, &ApproveClosure{}) }

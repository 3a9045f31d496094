package complaints

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
	"hearth/eventstore"
	"hearth/projections/projtest"
)

// The people of the tests.
var (
	operator   = domain.Actor{ID: "op1", Org: "jc", Role: domain.RoleOperator}
	operator2  = domain.Actor{ID: "op2", Org: "jc", Role: domain.RoleOperator}
	shift      = domain.Actor{ID: "shift", Org: "jc", Role: domain.RoleShiftLeader}
	dispatcher = domain.Actor{ID: "disp", Org: "jc", Role: domain.RoleDispatcher}
	head       = domain.Actor{ID: "head", Org: "jc-gp", Role: domain.RoleOrgHead}
	handler    = domain.Actor{ID: "hand", Org: "jc-gp", Role: domain.RoleHandler}
	partner    = domain.Actor{ID: "part", Org: "jc-gp", Role: domain.RoleInspector}
	reviewer   = domain.Actor{ID: "rev", Org: "jc", Role: domain.RoleReviewer}
	approver   = domain.Actor{ID: "vice", Org: "jc", Role: domain.RoleApprover}
	leader     = domain.Actor{ID: "lead", Org: "jc", Role: domain.RoleLeader}
	discipline = domain.Actor{ID: "disc", Org: "jc", Role: domain.RoleDiscipline}
	clerk      = domain.Actor{ID: "system", Org: "jc", Role: domain.RoleSystem}
)

var (
	policies   = policy.InForce()
	everything = viewerOf(discipline)
	cal2026    = calendar.New(calendar.Notice2026())
	// monday is 2026-03-02, 9 o'clock in Shanghai.
	monday = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
)

// viewerOf is the actor with the sight that the policies give.
func viewerOf(a domain.Actor) Viewer {
	return ViewerOf(a, policies.Sight(a, orgunit.Founding(), domain.DateOf(monday)))
}

func rules() complaint.Rules { return complaint.DefaultRules(cal2026) }

// name is a made-up id: the same for the same text.
func name(s string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(s)) }

func date(s string) domain.Date {
	d, err := domain.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// office works cases by the rules of the domain and keeps the log.
type office struct {
	t     testing.TB
	log   *projtest.Log
	d     domain.Decider[complaint.State, complaint.Command, complaint.Event]
	cases int
	now   time.Time
}

func newOffice(t testing.TB) *office {
	return &office{
		t: t, log: projtest.NewLog(t, eventstore.NewRegistry(complaint.Specs())),
		d: complaint.NewDecider(rules()), now: monday,
	}
}

// file is one case in the office.
type file struct {
	*office
	id uuid.UUID
	no string
	s  complaint.State
}

// open begins a case; change may alter what is registered.
func (o *office) open(change func(*complaint.Register)) *file {
	o.t.Helper()
	o.cases++
	no := fmt.Sprintf("投诉〔2026〕%d号", o.cases)
	reg := &complaint.Register{
		No: no, Category: complaint.CategoryWageArrears, Channel: complaint.ChannelHotline, Area: "gp",
		Reporter: complaint.Reporter{PersonID: name(fmt.Sprint("reporter ", o.cases))},
		Employer: complaint.Employer{EnterpriseID: name("employer"), Text: "晋城宏达建筑有限公司"},
		Summary:  "拖欠工资", Claim: complaint.Claim{Persons: 2, OwedFen: domain.Yuan(9000), From: date("2025-11-01"), To: date("2025-12-31")},
		Consent: complaint.Consent{Basis: "consent"},
	}
	if change != nil {
		change(reg)
	}
	f := &file{office: o, id: name(no), no: no}
	f.do(operator, reg)
	return f
}

// decide is what a command would do now.
func (f *file) decide(who domain.Actor, cmd complaint.Command) ([]complaint.Event, error) {
	cmd.Stamp(domain.By{Actor: who, At: f.now})
	return f.d.Decide(f.s, cmd)
}

// do issues commands that must be accepted, a minute apart.
func (f *file) do(who domain.Actor, cmds ...complaint.Command) *file {
	f.t.Helper()
	for _, cmd := range cmds {
		f.now = f.now.Add(time.Minute)
		events, err := f.decide(who, cmd)
		if err != nil {
			f.t.Fatalf("%s: %s by %s in phase %q: %v", f.no, complaint.NameOf(cmd), who.Role, f.s.Phase, err)
		}
		if len(events) == 0 {
			continue
		}
		list := make([]domain.Event, len(events))
		for i, ev := range events {
			list[i] = ev
		}
		f.s = f.d.Fold(f.s, events...)
		f.log.Add(eventstore.StreamID{Family: "complaint", Case: f.id.String()}, cmd.IssuedBy(), list...)
	}
	return f
}

func (o *office) pass(d time.Duration) { o.now = o.now.Add(d) }

const day = 24 * time.Hour

func wages(fen domain.Fen) []complaint.ClaimItem {
	return []complaint.ClaimItem{{Kind: complaint.ItemWage, From: date("2025-11-01"), To: date("2025-12-31"), OwedFen: fen}}
}

func (f *file) people(n int, fen domain.Fen) []complaint.NewClaimant {
	list := make([]complaint.NewClaimant, n)
	for i := range list {
		list[i] = complaint.NewClaimant{PersonID: name(fmt.Sprintf("%s person %d", f.no, i+1)), Items: wages(fen)}
	}
	return list
}

func proof(k complaint.EvidenceKind) []complaint.Evidence {
	return []complaint.Evidence{{Kind: k, AttachmentID: name(string(k))}}
}

func (f *file) accept() *file {
	return f.do(dispatcher, &complaint.Accept{HandlingOrg: "jc-gp", TimeClass: complaint.ClassGeneral})
}

func (f *file) assign() *file {
	return f.accept().do(head, &complaint.Sign{}, &complaint.Assign{Handler: handler.ID, CoHandler: partner.ID})
}

func (f *file) contact() *file {
	return f.do(handler, &complaint.LogContact{
		With: complaint.PartyWorker, Purpose: complaint.PurposeInquiry, How: complaint.ByPhone, Reached: true, Gist: "了解情况",
	})
}

// claim enters n people in the ledger.
func (f *file) claim(n int, fen domain.Fen) *file {
	return f.do(handler, &complaint.AddClaimants{Claimants: f.people(n, fen)})
}

// verify settles what everybody is owed.
func (f *file) verify(fen domain.Fen) *file {
	var nos []int
	var lines []complaint.Verification
	for _, c := range f.s.Active() {
		nos, lines = append(nos, c.No), append(lines, complaint.Verification{ClaimantNo: c.No, VerifiedFen: fen})
	}
	f.do(handler, &complaint.VerifyClaims{Lines: lines, Method: complaint.VerifyByPayroll, Evidence: proof(complaint.EvidencePayroll)})
	if f.s.Active()[0].Proposed != nil {
		f.do(partner, &complaint.ConfirmVerification{ClaimantNos: nos})
	}
	if f.s.Crime == complaint.TrackOpen {
		f.do(handler, &complaint.AnswerCrimeHint{Reason: "单位正在付款"})
	}
	return f
}

// pay pays one claimant.
func (f *file) pay(no int, fen domain.Fen) *file {
	return f.do(handler, &complaint.RecordPayment{
		Lines: []complaint.PaymentLine{{ClaimantNo: no, PaidFen: fen}}, PaidOn: domain.DateOf(f.now),
		PayerRole: complaint.RoleEmployer, Method: complaint.PayBank, Evidence: proof(complaint.EvidenceBank),
	})
}

// payAll pays everybody what is verified and sets the outcomes.
func (f *file) payAll() *file {
	var nos []int
	for _, c := range f.s.Active() {
		f.pay(c.No, c.ShortFen())
		nos = append(nos, c.No)
	}
	return f.do(handler, &complaint.SetOutcome{ClaimantNos: nos, Outcome: complaint.OutcomePaid})
}

// propose proposes to close; late clocks are explained and leaders told first.
func (f *file) propose(c complaint.Conclusion) *file {
	for _, k := range complaint.ClockKinds().All() {
		if complaint.Late(f.s.Clock(k), f.now.Add(time.Minute)) && k != complaint.ClockCallback {
			f.do(handler, &complaint.ExplainOverdue{Clock: k, Reason: complaint.OverdueStaff})
		}
	}
	if (f.s.Collective(rules()) || f.s.Risk == complaint.RiskRed) && !f.s.LeaderNotified {
		f.do(handler, &complaint.NotifyLeader{To: "vice", How: complaint.ByPhone})
	}
	return f.do(handler, &complaint.ProposeClosure{Conclusion: c, Narrative: "已办完"})
}

// call calls back one person of the sample.
func (f *file) call(no, satisfied int, reached bool) *file {
	cmd := &complaint.Callback{ClaimantNo: no, Reached: reached, Satisfied: satisfied}
	if line := f.s.Claimants; reached && no > 0 {
		paid := line[no-1].PaidFen
		cmd.ConfirmedFen = &paid
	}
	who := operator2
	if f.s.Restriction != nil {
		who = shift
	}
	return f.do(who, cmd)
}

// approve calls everybody back and closes.
func (f *file) approve(satisfied int) *file {
	for _, no := range f.s.Proposal.Sample {
		if no == 0 && !f.s.ReporterCallback.Done(rules()) || no > 0 && !f.s.Claimants[no-1].Callback.Done(rules()) {
			f.call(no, satisfied, true)
		}
	}
	return f.do(approver, &complaint.ApproveClosure{})
}

func (f *file) archive() *file {
	return f.do(handler, &complaint.Archive{Retention: complaint.Retain10Years, ManifestSHA256: fmt.Sprintf("%064x", 2)})
}

// careers work n cases that end in all sorts of places, the same in each run.
func (o *office) careers(n int) []*file {
	r := rand.New(rand.NewSource(1))
	areas := []string{"cq", "zz", "gp", "yc", "lc", "qs"}
	channels, categories := complaint.Channels().All(), complaint.Categories().All()
	files := make([]*file, n)
	for i := range files {
		o.pass(time.Duration(r.Intn(30)) * time.Hour)
		persons := 1 + r.Intn(4)
		if i%9 == 0 {
			persons = 10 + r.Intn(6)
		}
		f := o.open(func(c *complaint.Register) {
			c.Area, c.Channel = areas[r.Intn(len(areas))], channels[r.Intn(len(channels))]
			c.Claim.Persons, c.Claim.OwedFen = persons, domain.Yuan(int64(1000+r.Intn(9000)))
			c.Employer = complaint.Employer{EnterpriseID: name(fmt.Sprint("enterprise ", r.Intn(40))), Text: fmt.Sprintf("宏达%d建筑有限公司", r.Intn(40))}
			if i%5 == 0 {
				c.Category = categories[r.Intn(len(categories))]
			}
			if c.Category == complaint.CategoryUnionStaff {
				c.AccusedOrg = "jc-gp-union"
			}
			if i%11 == 0 {
				c.Flags = []complaint.Flag{complaint.FlagAbsconded}
			}
			if i%4 == 0 {
				c.PromiseAt = o.now.Add(5 * time.Hour)
			}
		})
		files[i] = f
		f.career(r, persons)
	}
	return files
}

// career takes a case as far as chance will have it.
func (f *file) career(r *rand.Rand, persons int) {
	fen := domain.Yuan(int64(2000 + r.Intn(5000)))
	end := r.Intn(16)
	begin := f.now
	switch end {
	case 0:
		return
	case 1:
		f.do(dispatcher, &complaint.RequestSupplement{Items: []string{"身份证"}, DueOn: domain.DateOf(f.now).AddDays(10)})
		return
	case 2:
		f.do(dispatcher, &complaint.TransferOut{To: complaint.AgencyLabour, Body: "劳动监察大队", Reason: "属地管辖", ToldAt: f.now})
		return
	}
	f.assign().contact()
	if end == 3 {
		return
	}
	f.claim(persons, fen).verify(fen)
	if end == 4 {
		f.pass(40 * day)
		f.do(clerk, &complaint.Tick{})
		f.now = begin
		return
	}
	f.pass(time.Duration(r.Intn(30)) * day)
	f.pay(1, fen/2)
	if end == 5 {
		f.now = begin
		return
	}
	f.payAll().propose(complaint.ConcludePaid)
	switch end {
	case 6:
		f.call(f.s.Proposal.Sample[0], 0, false)
	case 7:
		f.approve(1+r.Intn(5)).do(reviewer, &complaint.Reopen{Reason: "又欠", ByWorker: true})
	case 8:
		f.approve(5).archive()
	case 9:
		no := f.s.Proposal.Sample[0]
		f.call(no, 0, false).call(no, 0, false).pass(day)
		f.call(no, 0, false).approve(3)
	default:
		f.approve(r.Intn(6))
	}
	f.now = begin
}

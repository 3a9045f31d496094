package complaint

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
)

// maker fills commands with values that are sometimes right, sometimes near the
// edge and sometimes nonsense.
type maker struct {
	rnd *rand.Rand
	d   *desk
}

var codeValues = func() map[string][]string {
	m := map[string][]string{}
	for _, table := range CodeLists() {
		for _, e := range table.Entries {
			m[table.Name] = append(m[table.Name], e[0])
		}
	}
	return m
}()

// codesOf are the codes of a named string type, by its Chinese list.
var codesOf = map[reflect.Type]string{
	reflect.TypeFor[Channel](): "渠道", reflect.TypeFor[Category](): "诉求类别", reflect.TypeFor[TimeClass](): "办理类别",
	reflect.TypeFor[RefusalReason](): "不予受理原因", reflect.TypeFor[Agency](): "承接机关", reflect.TypeFor[RiskLevel](): "风险等级",
	reflect.TypeFor[Flag](): "风险情形", reflect.TypeFor[ReturnReason](): "退单原因", reflect.TypeFor[Relation](): "利害关系",
	reflect.TypeFor[LinkRelation](): "关联关系", reflect.TypeFor[RestrictReason](): "限制查看原因", reflect.TypeFor[Party](): "联系对象",
	reflect.TypeFor[ContactHow](): "联系方式", reflect.TypeFor[Purpose](): "联系目的", reflect.TypeFor[ProcedureKind](): "程序种类",
	reflect.TypeFor[ProcedureResult](): "程序结果", reflect.TypeFor[DocumentKind](): "文书种类", reflect.TypeFor[DocumentAnswer](): "文书答复",
	reflect.TypeFor[ClockKind](): "时限种类", reflect.TypeFor[PauseReason](): "暂停原因", reflect.TypeFor[OverdueReason](): "逾期原因",
	reflect.TypeFor[NoteVisibility](): "可见范围", reflect.TypeFor[Retention](): "保管期限", reflect.TypeFor[ItemKind](): "诉求项目",
	reflect.TypeFor[PartyRole](): "责任主体类型", reflect.TypeFor[PayMethod](): "支付方式", reflect.TypeFor[Outcome](): "逐人结论",
	reflect.TypeFor[EvidenceKind](): "证据种类", reflect.TypeFor[VerifyMethod](): "核定方法", reflect.TypeFor[Conclusion](): "办理结论",
}

func (m *maker) fill(v reflect.Value, name string) {
	switch x := v.Addr().Interface().(type) {
	case *domain.By:
		return
	case *time.Time:
		*x = m.d.now.Add(time.Duration(m.rnd.IntN(240)-60) * time.Hour)
		return
	case *domain.Date:
		*x = domain.DateOf(m.d.now).AddDays(m.rnd.IntN(20) - 12)
		return
	case *calendar.Length:
		*x = calendar.Length{N: 1 + m.rnd.IntN(20), Unit: calendar.Workdays}
		return
	case *uuid.UUID:
		*x = id(fmt.Sprint("person ", m.rnd.IntN(14)))
		return
	case *domain.Fen:
		*x = domain.Yuan(int64(m.rnd.IntN(12)) * 1000)
		return
	case **MovedFrom:
		return
	}
	if list, ok := codesOf[v.Type()]; ok {
		codes := codeValues[list]
		v.SetString(codes[m.rnd.IntN(len(codes))])
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(m.text(name))
	case reflect.Bool:
		v.SetBool(m.rnd.IntN(3) > 0)
	case reflect.Int:
		v.SetInt(int64(m.rnd.IntN(14)))
	case reflect.Pointer:
		if m.rnd.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			m.fill(v.Elem(), name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), m.rnd.IntN(5), 5))
		for i := range v.Len() {
			m.fill(v.Index(i), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			m.fill(v.Field(i), v.Type().Field(i).Name)
		}
	}
}

func (m *maker) text(name string) string {
	users := []string{handler.ID, partner.ID, stranger.ID, ""}
	switch name {
	case "Handler", "CoHandler", "ReplacedBy", "User":
		return users[m.rnd.IntN(len(users))]
	case "HandlingOrg", "ToOrg", "FinalOrg":
		return []string{"jc", "jc-gp", "jc-yc"}[m.rnd.IntN(3)]
	case "FileSHA256", "ManifestSHA256", "SHA256":
		return fmt.Sprintf("%064x", m.rnd.IntN(3))
	case "AccusedOrg":
		return "jc-qs"
	}
	return "文字" + fmt.Sprint(m.rnd.IntN(4))
}

var cast = []domain.Actor{
	operator, operator2, shift, dispatcher, head, otherHead, handler, partner, stranger, reviewer, approver, accountant, machine,
}

// chance is one in how many a command is thought of: those that move a case on
// always, small talk seldom, and those that end a case early hardly ever.
func chance(name string) int {
	switch name {
	case "refuse", "transfer_out", "withdraw", "merge", "restrict", "recuse", "return", "take_over", "reclassify":
		return 60
	case "log_contact", "sign_agreement", "fail_mediation", "log_negotiation", "link_advance", "open_recourse", "promise_payment", "add_note", "add_attachment", "link", "promise_callback", "notify_leader", "raise_risk", "lower_risk", "identify_respondent",
		"order_supervision", "explain_overdue", "pause_clock", "reverse_payment", "start_procedure", "issue_document", "send_referral",
		"name_liable_party", "drop_liable_party", "request_supplement", "return_closure", "remove_claimant", "reopen", "tick":
		return 12
	}
	return 1
}

// next makes a command that is open to somebody, most of the time.
func (m *maker) next() (domain.Actor, Command) {
	if m.rnd.IntN(3) == 0 {
		if cmd := m.remedy(); cmd != nil {
			return handler, cmd
		}
	}
	who := cast[m.rnd.IntN(len(cast))]
	var names []string
	for _, a := range Available(m.d.s, who, m.d.r, m.d.now) {
		if (a.Allowed || m.rnd.IntN(200) == 0) && m.rnd.IntN(chance(a.Name)) == 0 {
			names = append(names, a.Name)
		}
	}
	if len(names) == 0 {
		return machine, &Tick{}
	}
	cmd, _ := NewCommand(names[m.rnd.IntN(len(names))])
	m.fill(reflect.ValueOf(cmd).Elem(), "")
	m.help(cmd)
	return who, cmd
}

// remedy is what a diligent handler would do about what keeps the case open.
func (m *maker) remedy() Command {
	s := m.d.s
	spec, _ := Spec("propose_closure")
	switch codeOf(spec.allow(gate{s: s, r: m.d.r, actor: handler, now: m.d.now})) {
	case "overdue_unexplained":
		return &ExplainOverdue{Clock: s.unexplained(m.d.now)[0], Reason: OverdueComplex}
	case "clock_paused":
		return &ResumeClock{Clock: ClockHandle}
	case "clock_running":
		return &LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone, Reached: true, Gist: "了解情况"}
	case "leader_not_notified":
		return &NotifyLeader{To: "vice", How: ByPhone}
	case "crime_hint_open":
		return &AnswerCrimeHint{Reason: "单位正在付款"}
	case "document_awaiting":
		i := slices.IndexFunc(s.Documents, Document.Awaits)
		return &AnswerDocument{DocumentID: s.Documents[i].ID, Answer: AnswerNone}
	case "referral_awaiting":
		i := slices.IndexFunc(s.Referrals, func(r Referral) bool { return !r.Receipted })
		return &ReceiptReferral{ReferralID: s.Referrals[i].ID, Accepted: true}
	case "outcome_missing", "paid_short":
		for _, c := range s.Active() {
			switch {
			case c.Settled() && c.Outcome != OutcomePaid:
				return &SetOutcome{ClaimantNos: []int{c.No}, Outcome: OutcomePaid}
			case c.Verified && c.ShortFen() > 0 && m.rnd.IntN(2) == 0:
				cmd := pay(c.No, int64(c.ShortFen()/100))
				cmd.PaidOn = domain.DateOf(m.d.now)
				return cmd
			case !c.Settled() && m.rnd.IntN(4) == 0:
				return &SetOutcome{ClaimantNos: []int{c.No}, Outcome: OutcomeWaived, Reason: "自愿", Evidence: proofs(EvidenceSigned)}
			}
		}
	case "":
		return &ProposeClosure{Conclusion: []Conclusion{ConcludePaid, ConcludeSettled}[m.rnd.IntN(2)], Narrative: "已办完"}
	}
	return nil
}

// help makes right what chance alone would hardly ever get right.
func (m *maker) help(cmd Command) {
	if m.rnd.IntN(8) == 0 {
		return
	}
	switch c := cmd.(type) {
	case *Accept:
		c.HandlingOrg = "jc-gp"
	case *Assign:
		c.Handler, c.CoHandler, c.Conflicts = handler.ID, partner.ID, nil
	case *AddClaimants:
		c.Claimants, c.Elsewhere = []NewClaimant{person(1 + m.rnd.IntN(4))}, nil
	case *ConfirmVerification:
		c.ClaimantNos = nil
		for _, line := range m.d.s.Active() {
			if line.Proposed != nil {
				c.ClaimantNos = append(c.ClaimantNos, line.No)
			}
		}
	case *RecordPayment:
		c.Lines, c.PaidOn, c.Evidence, c.Method = nil, domain.DateOf(m.d.now), proofs(EvidenceBank), PayBank
		for _, line := range m.d.s.Active() {
			if line.Verified && m.rnd.IntN(2) == 0 {
				c.Lines = append(c.Lines, PaymentLine{line.No, line.ShortFen() + domain.Fen(m.rnd.IntN(8)/7)})
			}
		}
	case *SetOutcome:
		for _, line := range m.d.s.Active() {
			if line.Settled() && m.rnd.IntN(2) == 0 {
				c.ClaimantNos, c.Outcome = []int{line.No}, OutcomePaid
				return
			}
			if m.rnd.IntN(3) == 0 {
				c.ClaimantNos, c.Evidence = []int{line.No}, proofs(EvidenceSigned)
			}
		}
	case *VerifyClaims:
		c.Lines, c.Method, c.Evidence = nil, VerifyByPayroll, proofs(EvidencePayroll)
		for _, line := range m.d.s.Active() {
			if !line.Verified && line.Proposed == nil {
				c.Lines = append(c.Lines, Verification{line.No, domain.Yuan(int64(1+m.rnd.IntN(11)) * 1000)})
			}
		}
	case *ImportClaimants:
		c.Chunk, c.Chunks, c.Elsewhere, c.Rows = 1, 1, nil, []NewClaimant{person(5 + m.rnd.IntN(9))}
	case *ProposeClosure:
		c.Conclusion = []Conclusion{ConcludePaid, ConcludeSettled, ConcludeUnreachable}[m.rnd.IntN(3)]
	case *Callback:
		if len(m.d.s.Proposal.Sample) > 0 {
			c.ClaimantNo = m.d.s.Proposal.Sample[m.rnd.IntN(len(m.d.s.Proposal.Sample))]
			line, _ := m.d.s.claimant(c.ClaimantNo)
			c.Disputes, c.ConfirmedFen = false, &line.PaidFen
			if m.rnd.IntN(20) == 0 {
				c.Disputes = true
			}
		}
	}
}

// TestRandomCases works many cases at random and looks at the invariants after
// every step: C2, C3 and C4, the money, that decisions are pure, that a refusal
// has a Chinese text, and that no state that was handed out ever changes.
func TestRandomCases(t *testing.T) {
	t.Parallel()
	reached := map[Phase]int{}
	used := map[string]int{}
	for seed := range uint64(60) {
		d := newDesk(t)
		m := &maker{rnd: rand.New(rand.NewPCG(seed, 7)), d: d}
		d.do(operator, call())
		for range 250 {
			if m.rnd.IntN(6) == 0 {
				d.now = d.now.Add(time.Duration(m.rnd.IntN(30)) * time.Hour)
			}
			who, cmd := m.next()
			before, copied := d.s, deepCopy(d.s)
			events, err := d.try(who, cmd)
			checkAnswer(t, seed, cmd, events, err)
			if err == nil && len(events) > 0 {
				used[NameOf(cmd)]++
			}
			if !reflect.DeepEqual(copied, before) {
				t.Fatalf("seed %d: %s changed the state before it:\n%s", seed, NameOf(cmd), cmp.Diff(copied, before, cmpAll))
			}
			checkLedger(t, d.s)
			checkClosing(t, before, d, events)
		}
		if again := d.d.Fold(State{}, d.trace...); !reflect.DeepEqual(again, d.s) {
			t.Fatalf("seed %d: folding the events again gives another state", seed)
		}
		reached[d.s.Phase]++
	}
	t.Logf("phases at the end: %v; commands that did something: %d of %d", reached, len(used), len(table))
	if reached[PhaseArchived]+reached[PhaseClosed] == 0 || len(used) < len(table)*3/4 {
		t.Errorf("chance reached too little: phases %v, %d commands: %v", reached, len(used), used)
	}
}

var cmpAll = cmp.Exporter(func(reflect.Type) bool { return true })

// deepCopy is a copy of the state that shares no list or map with it.
func deepCopy(s State) State {
	s.Claimants = slices.Clone(s.Claimants)
	s.Payments = slices.Clone(s.Payments)
	s.Contacts = slices.Clone(s.Contacts)
	s.Flags = slices.Clone(s.Flags)
	s.Recused = slices.Clone(s.Recused)
	s.Documents = slices.Clone(s.Documents)
	s.Referrals = slices.Clone(s.Referrals)
	s.Procedures = slices.Clone(s.Procedures)
	s.Recourses = slices.Clone(s.Recourses)
	s.Advances = slices.Clone(s.Advances)
	s.Explained = slices.Clone(s.Explained)
	s.Callers = slices.Clone(s.Callers)
	s.Clocks = maps.Clone(s.Clocks)
	for k, c := range s.Clocks {
		c.Runs = slices.Clone(c.Runs)
		s.Clocks[k] = c
	}
	s.Escalated, s.Alerted, s.Imports = maps.Clone(s.Escalated), maps.Clone(s.Alerted), maps.Clone(s.Imports)
	return s
}

// checkAnswer: events or a refusal with a code and a Chinese text, never both.
func checkAnswer(t *testing.T, seed uint64, cmd Command, events []Event, err error) {
	t.Helper()
	var no *domain.Rejection
	switch {
	case err == nil:
	case !errors.As(err, &no):
		t.Fatalf("seed %d: %s fails with %v", seed, NameOf(cmd), err)
	case len(events) > 0:
		t.Fatalf("seed %d: %s is refused and gives events", seed, NameOf(cmd))
	case !chinese(no.Text) || no.Code == "":
		t.Fatalf("seed %d: %s is refused with %q, %q", seed, NameOf(cmd), no.Code, no.Text)
	}
}

func chinese(s string) bool {
	return len([]rune(s)) > 5 && slices.ContainsFunc([]rune(s), func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
}

// checkClosing: who closes took no other part, and everyone drawn was called (C4, C6).
func checkClosing(t *testing.T, before State, d *desk, events []Event) {
	t.Helper()
	for _, ev := range events {
		a, ok := ev.(ClosureApproved)
		if !ok {
			continue
		}
		if before.Assigned(a.By) || before.verifiedBy(a.By) || slices.Contains(before.Callers, a.By) {
			t.Fatalf("%s approved and had another part in the case", a.By)
		}
		for _, no := range before.Proposal.Sample {
			if c := before.callback(no); !c.Done(d.r) || c.Blocks {
				t.Fatalf("closed, and number %d was not called back: %+v", no, c)
			}
		}
		if late := d.s.unexplained(d.now); len(late) > 0 {
			t.Fatalf("closed with %v late and not explained", late)
		}
	}
}

// TestDecideIsPure: the same command on the same state gives the same events.
func TestDecideIsPure(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	paid(d)
	cmd := &ProposeClosure{Conclusion: ConcludePaid, Narrative: "已付清"}
	cmd.Stamp(domain.By{Actor: handler, At: d.now})
	one, _ := d.d.Decide(d.s, cmd)
	two, _ := d.d.Decide(d.s, cmd)
	if !reflect.DeepEqual(one, two) || len(one) == 0 {
		t.Errorf("one: %v\ntwo: %v", one, two)
	}
}

// TestAvailableAgreesWithDecide: what Available refuses, Decide refuses with the
// same code, whatever the fields.
func TestAvailableAgreesWithDecide(t *testing.T) {
	t.Parallel()
	for _, given := range []func(*desk){fresh, registered, accepted, signed, assigned, verified, paid, proposed, calledBack, closed} {
		d := newDesk(t)
		given(d)
		for _, who := range cast {
			for _, a := range Available(d.s, who, d.r, d.now) {
				if a.Allowed {
					continue
				}
				cmd, _ := NewCommand(a.Name)
				cmd.Stamp(domain.By{Actor: who, At: d.now})
				if _, err := d.d.Decide(d.s, cmd); codeOf(err) != a.Code {
					t.Errorf("%s in %q: Available says %s, Decide %v", a.Name, d.s.Phase, a.Code, err)
				}
				if !chinese(a.Reason) {
					t.Errorf("%s: reason %q", a.Name, a.Reason)
				}
			}
		}
	}
}

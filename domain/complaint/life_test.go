package complaint

import (
	"fmt"
	"testing"

	"hearth/domain"
)

// TestLifeOfACollectiveCase works a case of twelve claimants from the call to the
// archive; closing is refused because one of them has no outcome.
func TestLifeOfACollectiveCase(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	reg := call()
	reg.Claim.Persons, reg.Flags = 12, []Flag{FlagAbsconded}
	reg.Employer.EnterpriseID = [16]byte{}
	if got, want := names(d.do(operator, reg)), "registered risk_raised clock_started clock_started clock_started"; got != want {
		t.Errorf("registering gives %q, want %q", got, want)
	}
	if d.s.Risk != RiskRed || d.s.Clock(ClockRedNotice).Length.String() != "1h" || d.s.Clock(ClockFirstContact).Length.String() != "24h" {
		t.Errorf("risk %s, notice within %s, first contact within %s", d.s.Risk, d.s.Clock(ClockRedNotice).Length, d.s.Clock(ClockFirstContact).Length)
	}
	d.do(shift, &NotifyLeader{To: "vice", How: ByPhone})
	d.no(dispatcher, "no_respondent", &Accept{HandlingOrg: "jc-gp", TimeClass: ClassDifficult})
	d.do(dispatcher, &IdentifyRespondent{EnterpriseID: id("employer")}, &Accept{HandlingOrg: "jc-gp", TimeClass: ClassDifficult})
	d.do(head, &Sign{}, &Assign{Handler: handler.ID, CoHandler: partner.ID, SiteWork: true})
	d.do(handler,
		&LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone, Reached: true, Gist: "了解欠薪情况"},
		&ImportClaimants{FileSHA256: fmt.Sprintf("%064x", 1), Chunk: 1, Chunks: 1, Rows: people(12)},
		&ElectRepresentatives{ClaimantNos: []int{1, 2, 3}},
		&NameLiableParty{EnterpriseID: id("contractor"), Role: RoleContractor},
		&IssueDocument{DocumentID: id("opinion"), Kind: DocOpinion, No: "意见书1号", To: "某建筑公司"},
		&LogNegotiation{HeldOn: date("2026-03-02"), Attendees: "双方代表", Gist: "分两笔支付"},
	)
	var lines []Verification
	var nos []int
	for no := range 12 {
		lines, nos = append(lines, Verification{no + 1, domain.Yuan(5000)}), append(nos, no+1)
	}
	d.do(handler, &VerifyClaims{Lines: lines, Method: VerifyByPayroll, Evidence: proofs(EvidencePayroll)})
	if d.s.Totals().VerifiedFen != 0 {
		t.Error("a collective case was verified by one person alone")
	}
	d.no(handler, "same_verifier", &ConfirmVerification{ClaimantNos: nos})
	d.do(partner, &ConfirmVerification{ClaimantNos: nos})
	if d.s.Crime != TrackOpen {
		t.Error("60,000 yuan verified for 12 people raise no crime hint")
	}
	for no := 1; no <= 10; no++ {
		d.do(handler, pay(no, 5000))
	}
	d.do(handler, &SetOutcome{ClaimantNos: nos[:10], Outcome: OutcomePaid})
	d.do(handler, pay(11, 2000), &SetOutcome{
		ClaimantNos: []int{11}, Outcome: OutcomeWaived, Reason: "自愿放弃余额", Evidence: proofs(EvidenceSigned),
	})
	settle := &ProposeClosure{Conclusion: ConcludeSettled, Narrative: "十人付清,一人放弃余额"}
	d.no(handler, "outcome_missing", settle)
	d.do(handler, pay(12, 5000), &SetOutcome{ClaimantNos: []int{12}, Outcome: OutcomePaid})
	d.no(handler, "document_awaiting", &ProposeClosure{Conclusion: ConcludeSettled, Narrative: "已办完"})
	d.do(handler, &AnswerDocument{DocumentID: id("opinion"), Answer: AnswerAdequate})
	d.no(handler, "crime_hint_open", &ProposeClosure{Conclusion: ConcludeSettled, Narrative: "已办完"})
	d.do(handler, &AnswerCrimeHint{Reason: "单位已付款"})
	d.no(handler, "conclusion_mismatch", &ProposeClosure{Conclusion: ConcludePaid, Narrative: "已办完"})
	d.do(handler, &ProposeClosure{Conclusion: ConcludeSettled, Narrative: "已办完"})
	if n := len(d.s.Proposal.Sample); n != 10 {
		t.Fatalf("%d of 12 are called back, want 10", n)
	}
	d.no(approver, "callback_missing", &ApproveClosure{})
	for _, no := range d.s.Proposal.Sample {
		yuan := int64(5000)
		if no == 11 {
			yuan = 2000
		}
		d.do(operator2, answer(no, yuan))
	}
	d.no(reviewer, "approver_needed", &ApproveClosure{})
	events := d.do(approver, &ApproveClosure{})
	want := Totals{Persons: 12, PersonsPaid: 11, ClaimedFen: domain.Yuan(60000), VerifiedFen: domain.Yuan(60000), PaidFen: domain.Yuan(57000)}
	if ev := events[len(events)-1].(Closed); ev.Totals != want || ev.Conclusion != ConcludeSettled {
		t.Errorf("closed with %+v, want totals %+v", ev, want)
	}
	d.do(handler, &Archive{Retention: Retain10Years, ManifestSHA256: fmt.Sprintf("%064x", 2)})
	if d.s.Phase != PhaseArchived {
		t.Errorf("the case ends %q", d.s.Phase)
	}
	for k, c := range d.s.Clocks {
		if st := c.Status(); st != "met" && st != "none" {
			t.Errorf("clock %s is %s when the case is closed", k, st)
		}
	}
	checkLedger(t, d.s)
}

// checkLedger are the invariants of the money and of closed cases.
func checkLedger(t *testing.T, s State) {
	t.Helper()
	paid := map[int]domain.Fen{}
	for _, p := range s.Payments {
		if !p.Reversed {
			paid[p.ClaimantNo] += p.PaidFen
		}
	}
	for _, c := range s.Active() {
		if c.PaidFen != paid[c.No] || c.PaidFen < 0 || c.PaidFen > c.VerifiedFen {
			t.Fatalf("claimant %d: %d paid, %d by the payments, %d verified", c.No, c.PaidFen, paid[c.No], c.VerifiedFen)
		}
		if s.Phase == PhaseClosed && (c.Outcome == "" || c.Outcome == OutcomePaid && !c.Settled()) {
			t.Fatalf("closed with claimant %d at outcome %q, %d of %d paid", c.No, c.Outcome, c.PaidFen, c.VerifiedFen)
		}
	}
	tot := s.Totals()
	if tot.ClaimedFen < 0 || tot.VerifiedFen < 0 || tot.PaidFen < 0 || tot.PersonsPaid > tot.Persons {
		t.Fatalf("totals %+v", tot)
	}
	var advanced, recourse domain.Fen
	for _, a := range s.Advances {
		advanced += a.AdvancedFen
	}
	for _, r := range s.Recourses {
		recourse += r.RecourseFen
		if r.RecoveredFen > r.RecourseFen {
			t.Fatalf("recourse %+v", r)
		}
	}
	if recourse > advanced {
		t.Fatalf("recourse %d above advances %d", recourse, advanced)
	}
	if s.Phase == PhaseClosed {
		for _, d := range s.Documents {
			if d.Awaits() {
				t.Fatalf("closed while document %s awaits its reply", d.No)
			}
		}
		for _, r := range s.Referrals {
			if !r.Receipted {
				t.Fatal("closed while a referral has no receipt")
			}
		}
		if s.Crime == TrackOpen {
			t.Fatal("closed while the crime hint is open")
		}
	}
}

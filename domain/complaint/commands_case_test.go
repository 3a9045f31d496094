package complaint

import (
	"fmt"
	"testing"

	"hearth/domain"
	"hearth/domain/calendar"
)

func verify(no int, yuan int64) *VerifyClaims {
	return &VerifyClaims{Lines: []Verification{{no, domain.Yuan(yuan)}}, Method: VerifyByPayroll, Evidence: proofs(EvidencePayroll)}
}

func TestClaimCommands(t *testing.T) {
	t.Parallel()
	sum := fmt.Sprintf("%064x", 7)
	chunk := func(n, of int, rows []NewClaimant) *ImportClaimants {
		return &ImportClaimants{FileSHA256: sum, Chunk: n, Chunks: of, Rows: rows}
	}
	half := setup(assigned).then(handler, func() Command { return chunk(1, 2, people(3)) })
	large := setup(claimed).then(handler, func() Command { return verify(1, 10_000) })
	moved := []NewClaimant{{PersonID: id("person 9"), Items: wage(100), MovedFrom: &MovedFrom{ComplaintID: id("source"), ComplaintNo: "3号", ClaimantNo: 4}}}
	elsewhere := []Elsewhere{{PersonID: id("person 1"), OtherID: id("o"), OtherNo: "3号"}}
	linked := setup(assigned).then(handler, func() Command { return &Link{Relation: LinkSameWorker, OtherID: id("o"), OtherNo: "3号"} })
	named := setup(assigned).then(handler, func() Command { return &NameLiableParty{EnterpriseID: id("c"), Role: RoleContractor} })
	runRows(t, []row{
		{"two", assigned, handler, &AddClaimants{Claimants: people(2)}, "claimant_added claimant_added", ""},
		{
			"ten make it collective", assigned, handler, &AddClaimants{Claimants: people(10)},
			"claimant_added claimant_added claimant_added claimant_added claimant_added claimant_added claimant_added claimant_added claimant_added claimant_added risk_raised", "",
		},
		{"by the operator at intake", registered, operator, &AddClaimants{Claimants: people(1)}, "claimant_added", ""},
		{"by the operator later", assigned, operator, &AddClaimants{Claimants: people(1)}, "", "after_acceptance"},
		{"by the handler too early", registered, handler, &AddClaimants{Claimants: people(1)}, "", "before_assignment"},
		{"by a stranger", assigned, stranger, &AddClaimants{Claimants: people(1)}, "", "not_assigned"},
		{"nobody", assigned, handler, &AddClaimants{}, "", "claimants_missing"},
		{"who is there", claimed, handler, &AddClaimants{Claimants: people(1)}, "", "claimant_twice"},
		{"one twice", assigned, handler, &AddClaimants{Claimants: append(people(2), person(1))}, "", "claimant_twice"},
		{"no person", assigned, handler, &AddClaimants{Claimants: []NewClaimant{{Items: wage(1)}}}, "", "person_missing"},
		{"no items", assigned, handler, &AddClaimants{Claimants: []NewClaimant{{PersonID: id("x")}}}, "", "items_missing"},
		{"owed nothing", assigned, handler, &AddClaimants{Claimants: []NewClaimant{{PersonID: id("x"), Items: wage(0)}}}, "", "amount_missing"},
		{"smuggled as merged", assigned, handler, &AddClaimants{Claimants: moved}, "", "use_merge"},
		{"claim elsewhere", assigned, handler, &AddClaimants{Claimants: people(1), Elsewhere: elsewhere}, "", "claim_elsewhere"},
		{"claim elsewhere, linked", linked, handler, &AddClaimants{Claimants: people(1), Elsewhere: elsewhere}, "claimant_added", ""},

		{"whole", assigned, handler, chunk(1, 1, people(3)), "claimants_imported claimant_import_completed", ""},
		{"first half", assigned, handler, chunk(1, 2, people(3)), "claimants_imported", ""},
		{"second half", half, handler, chunk(2, 2, []NewClaimant{person(8)}), "claimants_imported claimant_import_completed", ""},
		{"first half again", half, handler, chunk(1, 2, people(3)), "", ""},
		{"cut otherwise", half, handler, chunk(2, 3, []NewClaimant{person(8)}), "", "bad_chunk"},
		{"beyond the end", assigned, handler, chunk(2, 1, people(1)), "", "bad_chunk"},
		{"too many", assigned, handler, chunk(1, 1, people(201)), "", "bad_chunk"},
		{"bad digest", assigned, handler, &ImportClaimants{FileSHA256: "x", Chunk: 1, Chunks: 1, Rows: people(1)}, "", "bad_digest"},

		{"merged claimants", registered, dispatcher, &TakeOver{FromID: id("source"), FromNo: "3号", Claimants: moved}, "linked claimant_added", ""},
		{"from itself", registered, dispatcher, &TakeOver{FromID: id("source"), FromNo: "晋工诉〔2026〕12号"}, "", "same_complaint"},
		{"from nowhere", registered, dispatcher, &TakeOver{}, "", "other_missing"},
		{"other source", registered, dispatcher, &TakeOver{FromID: id("else"), FromNo: "5号", Claimants: moved}, "", "bad_source"},

		{"by mistake", claimed, handler, &RemoveClaimant{ClaimantNo: 2, Reason: "录错"}, "claimant_removed", ""},
		{"who was paid", paid, handler, &RemoveClaimant{ClaimantNo: 2, Reason: "录错"}, "", "claimant_paid"},
		{"who is not there", claimed, handler, &RemoveClaimant{ClaimantNo: 3, Reason: "录错"}, "", "no_such_claimant"},
		{"no reason", claimed, handler, &RemoveClaimant{ClaimantNo: 2}, "", "text_missing"},
		{"two", claimed, handler, &ElectRepresentatives{ClaimantNos: []int{1, 2}}, "representatives_elected", ""},
		{"none", claimed, handler, &ElectRepresentatives{}, "", "representatives"},
		{"six", claimed, handler, &ElectRepresentatives{ClaimantNos: []int{1, 2, 3, 4, 5, 6}}, "", "representatives"},
		{"one twice", claimed, handler, &ElectRepresentatives{ClaimantNos: []int{1, 1}}, "", "claimant_twice"},

		{"below the limit", claimed, handler, verify(1, 9_999), "claim_verified", ""},
		{"at the limit", claimed, handler, verify(1, 10_000), "verification_proposed", ""},
		{"unfounded", claimed, handler, &VerifyClaims{Lines: []Verification{{1, 0}}, Method: VerifyByUnfounded, Evidence: proofs(EvidenceStatement)}, "claim_verified", ""},
		{"nothing by payroll", claimed, handler, verify(1, 0), "", "method_mismatch"},
		{"no evidence", claimed, handler, &VerifyClaims{Lines: []Verification{{1, 100}}, Method: VerifyByPayroll}, "", "evidence_missing"},
		{"below what is paid", paid, handler, verify(1, 4_999), "", "verified_below_paid"},
		{"no lines", claimed, handler, &VerifyClaims{Method: VerifyByPayroll, Evidence: proofs(EvidencePayroll)}, "", "claimants_missing"},
		{"no ledger", assigned, handler, verify(1, 1), "", "no_claimant"},
		{"by the partner", large, partner, &ConfirmVerification{ClaimantNos: []int{1}}, "claim_verified", ""},
		{"by the handler", large, handler, &ConfirmVerification{ClaimantNos: []int{1}}, "", "same_verifier"},
		{"by the first verifier", setup(claimed).then(partner, func() Command { return verify(1, 10_000) }), partner, &ConfirmVerification{ClaimantNos: []int{1}}, "", "same_verifier"},
		{"not proposed", large, partner, &ConfirmVerification{ClaimantNos: []int{2}}, "", "nothing_proposed"},
		{"nothing at all", claimed, partner, &ConfirmVerification{ClaimantNos: []int{2}}, "", "nothing_proposed"},
		{"by the employer", claimed, handler, &DisputeClaim{ClaimantNo: 1, ByRole: RoleEmployer, Position: "只欠一个月", AdmittedFen: 100}, "claim_disputed", ""},
		{"no words", claimed, handler, &DisputeClaim{ClaimantNo: 1, ByRole: RoleEmployer}, "", "text_missing"},

		{"paid in full", setup(verified).then(handler, func() Command { return pay(1, 5000) }), handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomePaid}, "claim_outcome_set", ""},
		{"the same again", paid, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomePaid}, "", ""},
		{"paid, one yuan short", setup(verified).then(handler, func() Command { return pay(1, 4999) }), handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomePaid}, "", "paid_short"},
		{"paid, not verified", claimed, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomePaid}, "", "not_verified"},
		{"waived on paper", verified, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomeWaived, Reason: "自愿", Evidence: proofs(EvidenceSigned)}, "claim_outcome_set", ""},
		{"waived by word", verified, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomeWaived, Reason: "自愿", Evidence: proofs(EvidenceRecording)}, "", "evidence_kind"},
		{"no reason", verified, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomeUnreachable, Evidence: proofs(EvidenceRecording)}, "", "text_missing"},
		{"no evidence", verified, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomeUnreachable, Reason: "停机"}, "", "evidence_missing"},
		{"unfounded but verified", verified, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomeUnfounded, Reason: "x", Evidence: proofs(EvidenceStatement)}, "", "is_founded"},
		{"withdrawn but paid", paid, handler, &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomeWithdrawn, Reason: "x", Evidence: proofs(EvidenceStatement)}, "", "is_paid"},

		{"contractor", assigned, handler, &NameLiableParty{EnterpriseID: id("c"), Role: RoleContractor}, "liable_party_named", ""},
		{"again", named, handler, &NameLiableParty{EnterpriseID: id("c"), Role: RoleContractor}, "", ""},
		{"nobody", assigned, handler, &NameLiableParty{Role: RoleContractor}, "", "respondent_missing"},
		{"no role", assigned, handler, &NameLiableParty{EnterpriseID: id("c")}, "", "code_missing"},
		{"after all not", named, handler, &DropLiableParty{EnterpriseID: id("c"), Role: RoleContractor, Reason: "合同无效"}, "liable_party_dropped", ""},
		{"another one", named, handler, &DropLiableParty{EnterpriseID: id("d"), Role: RoleContractor, Reason: "x"}, "", "no_liable_party"},
		{"none", assigned, handler, &DropLiableParty{EnterpriseID: id("d"), Role: RoleContractor, Reason: "x"}, "", "no_liable_party"},
	})
}

func TestMoneyCommands(t *testing.T) {
	t.Parallel()
	cash := pay(1, 100)
	cash.Method, cash.Witnesses = PayCash, []string{"a", "b"}
	lonely := pay(1, 100)
	lonely.Method, lonely.Witnesses = PayCash, []string{"a", "a"}
	tomorrow := pay(1, 100)
	tomorrow.PaidOn = date("2026-03-03")
	unproved := pay(1, 100)
	unproved.Evidence = nil
	advanced := setup(verified).then(handler, func() Command {
		return &LinkAdvance{ReliefID: id("relief"), ClaimantNo: 1, AdvancedFen: domain.Yuan(1000)}
	})
	recourse := advanced.then(handler, func() Command { return &OpenRecourse{EnterpriseID: id("employer"), RecourseFen: domain.Yuan(600)} })
	runRows(t, []row{
		{"by May", assigned, handler, &PromisePayment{ByRole: RoleEmployer, PromisedFen: 100, DueOn: date("2026-05-01")}, "payment_promised", ""},
		{"by yesterday", assigned, handler, &PromisePayment{ByRole: RoleEmployer, PromisedFen: 100, DueOn: date("2026-03-01")}, "", "date_over"},
		{"of nothing", assigned, handler, &PromisePayment{ByRole: RoleEmployer, DueOn: date("2026-05-01")}, "", "amount_missing"},

		{"all that is owed", verified, handler, pay(1, 5000), "payment_recorded", ""},
		{"by the accountant", verified, accountant, pay(1, 5000), "payment_recorded", ""},
		{"one yuan too much", verified, handler, pay(1, 5001), "", "paid_above_verified"},
		{"in two steps too much", setup(verified).then(handler, func() Command { return pay(1, 3000) }), handler, pay(1, 2001), "", "paid_above_verified"},
		{"not verified", setup(claimed).then(handler, func() Command { return verify(2, 100) }), handler, pay(1, 1), "", "not_verified"},
		{"nothing verified", claimed, handler, pay(1, 1), "", "nothing_verified"},
		{"nothing", verified, handler, pay(1, 0), "", "amount_missing"},
		{"less than nothing", verified, handler, pay(1, -5), "", "amount_missing"},
		{"tomorrow", verified, handler, tomorrow, "", "date_in_future"},
		{"no evidence", verified, handler, unproved, "", "evidence_missing"},
		{"cash, two witnesses", verified, handler, cash, "payment_recorded", ""},
		{"cash, one witness twice", verified, handler, lonely, "", "witnesses_missing"},
		{"who is not there", verified, handler, pay(9, 1), "", "no_such_claimant"},

		{"by the accountant", paid, accountant, &ReversePayment{PaymentNo: 1, Reason: "退汇"}, "payment_reversed", ""},
		{"by who recorded it", paid, handler, &ReversePayment{PaymentNo: 1, Reason: "退汇"}, "", "same_recorder"},
		{"no reason", paid, accountant, &ReversePayment{PaymentNo: 1}, "", "text_missing"},
		{"unknown", paid, accountant, &ReversePayment{PaymentNo: 3, Reason: "x"}, "", "no_such_payment"},
		{"twice", setup(paid).then(accountant, func() Command { return &ReversePayment{PaymentNo: 1, Reason: "退汇"} }), accountant, &ReversePayment{PaymentNo: 1, Reason: "退汇"}, "", ""},
		{"none", verified, accountant, &ReversePayment{PaymentNo: 1, Reason: "x"}, "", "no_payment"},

		{"from relief", verified, handler, &LinkAdvance{ReliefID: id("relief"), ClaimantNo: 1, AdvancedFen: 100}, "advance_linked", ""},
		{"the same", advanced, handler, &LinkAdvance{ReliefID: id("relief"), ClaimantNo: 1, AdvancedFen: 100}, "", ""},
		{"above what is owed", verified, handler, &LinkAdvance{ReliefID: id("relief"), ClaimantNo: 1, AdvancedFen: domain.Yuan(5001)}, "", "advance_above_owed"},
		{"no relief", verified, handler, &LinkAdvance{ClaimantNo: 1, AdvancedFen: 100}, "", "relief_missing"},
		{"of the advance", advanced, handler, &OpenRecourse{EnterpriseID: id("employer"), RecourseFen: domain.Yuan(1000)}, "recourse_opened", ""},
		{"above the advance", recourse, handler, &OpenRecourse{EnterpriseID: id("employer"), RecourseFen: domain.Yuan(401)}, "", "recourse_above_advance"},
		{"without advance", verified, handler, &OpenRecourse{EnterpriseID: id("employer"), RecourseFen: 1}, "", "no_advance"},
		{"against nobody", advanced, handler, &OpenRecourse{RecourseFen: 1}, "", "respondent_missing"},
		{"all", recourse, accountant, &RecoverRecourse{RecourseNo: 1, RecoveredFen: domain.Yuan(600), RecoveredOn: date("2026-03-02")}, "recourse_recovered", ""},
		{"too much", recourse, accountant, &RecoverRecourse{RecourseNo: 1, RecoveredFen: domain.Yuan(601), RecoveredOn: date("2026-03-02")}, "", "recovered_above_recourse"},
		{"unknown", recourse, accountant, &RecoverRecourse{RecourseNo: 2, RecoveredFen: 1, RecoveredOn: date("2026-03-02")}, "", "no_recourse"},
		{"none", advanced, accountant, &RecoverRecourse{RecourseNo: 1, RecoveredFen: 1, RecoveredOn: date("2026-03-02")}, "", "no_recourse"},
	})
}

func TestTrackCommands(t *testing.T) {
	t.Parallel()
	opinion := setup(assigned).then(handler, func() Command { return &IssueDocument{DocumentID: id("d"), Kind: DocOpinion, No: "1号", To: "单位"} })
	ignored := opinion.then(handler, func() Command { return &AnswerDocument{DocumentID: id("d"), Answer: AnswerNone} })
	suggest := &IssueDocument{DocumentID: id("s"), Kind: DocSuggestion, No: "2号", To: "市人社局"}
	sent := setup(assigned).then(handler, func() Command {
		return &SendReferral{ReferralID: id("r"), Agency: AgencyLabour, DataSent: []string{"姓名"}, Basis: "本人同意"}
	})
	arbitration := setup(assigned).then(handler, func() Command {
		return &StartProcedure{Kind: ProcedureArbitration, Body: "市仲裁委", StartedOn: date("2026-03-02")}
	})
	over := arbitration.then(handler, func() Command {
		return &ConcludeProcedure{ProcedureNo: 1, Result: ResultSupported, ConcludedOn: date("2026-03-02")}
	}).then(handler, func() Command {
		return &StartProcedure{Kind: ProcedureLitigation, Body: "法院", StartedOn: date("2026-03-02")}
	})
	runRows(t, []row{
		{"held", assigned, handler, &LogNegotiation{HeldOn: date("2026-03-02"), Attendees: "双方", Gist: "分期"}, "negotiation_held", ""},
		{"in the future", assigned, handler, &LogNegotiation{HeldOn: date("2026-03-03"), Attendees: "双方", Gist: "x"}, "", "date_in_future"},
		{"without instalments", assigned, handler, &SignAgreement{AgreementNo: "1号"}, "agreement_signed", ""},
		{"instalments backwards", assigned, handler, &SignAgreement{AgreementNo: "1号", Instalments: []Instalment{{date("2026-05-01"), 1}, {date("2026-04-01"), 1}}}, "", "instalments_order"},
		{"instalment of nothing", assigned, handler, &SignAgreement{AgreementNo: "1号", Instalments: []Instalment{{date("2026-05-01"), 0}}}, "", "amount_missing"},
		{"instalment without a date", assigned, handler, &SignAgreement{AgreementNo: "1号", Instalments: []Instalment{{domain.Date{}, 1}}}, "", "date_missing"},
		{"no number", assigned, handler, &SignAgreement{}, "", "text_missing"},
		{"no way", assigned, handler, &FailMediation{Reason: "单位拒绝"}, "mediation_failed", ""},
		{"no words", assigned, handler, &FailMediation{}, "", "text_missing"},
		{"arbitration", assigned, handler, &StartProcedure{Kind: ProcedureArbitration, Body: "市仲裁委", StartedOn: date("2026-03-02")}, "procedure_started", ""},
		{"no body", assigned, handler, &StartProcedure{Kind: ProcedureArbitration, StartedOn: date("2026-03-02")}, "", "text_missing"},
		{"award", arbitration, handler, &ConcludeProcedure{ProcedureNo: 1, Result: ResultSupported, AwardedFen: 5, ConcludedOn: date("2026-03-02")}, "procedure_concluded", ""},
		{"twice", over, handler, &ConcludeProcedure{ProcedureNo: 1, Result: ResultSupported, ConcludedOn: date("2026-03-02")}, "", "procedure_over"},
		{"unknown", arbitration, handler, &ConcludeProcedure{ProcedureNo: 2, Result: ResultSupported, ConcludedOn: date("2026-03-02")}, "", "no_procedure"},
		{"none", assigned, handler, &ConcludeProcedure{ProcedureNo: 1}, "", "no_procedure"},

		{"opinion", assigned, handler, &IssueDocument{DocumentID: id("d"), Kind: DocOpinion, No: "1号", To: "单位"}, "document_issued", ""},
		{"the same", opinion, handler, &IssueDocument{DocumentID: id("d"), Kind: DocOpinion, No: "1号", To: "单位"}, "", ""},
		{"suggestion at once", opinion, handler, suggest, "", "suggestion_too_early"},
		{"suggestion after silence", ignored, handler, &IssueDocument{DocumentID: id("s"), Kind: DocSuggestion, No: "2号", To: "市人社局"}, "document_issued", ""},
		{"no id", assigned, handler, &IssueDocument{Kind: DocOpinion, No: "1号", To: "单位"}, "", "document_missing"},
		{"by the system", assigned, machine, &IssueDocument{DocumentID: id("d"), Kind: DocReminder, No: "1号", To: "单位"}, "document_issued", ""},
		{"answered", opinion, handler, &AnswerDocument{DocumentID: id("d"), Answer: AnswerAdequate}, "document_answered", ""},
		{"unknown", opinion, handler, &AnswerDocument{DocumentID: id("x"), Answer: AnswerAdequate}, "", "no_document"},
		{"none waits", assigned, handler, &AnswerDocument{DocumentID: id("x"), Answer: AnswerAdequate}, "", "no_document"},
		{"to the labour bureau", assigned, handler, &SendReferral{ReferralID: id("r"), Agency: AgencyLabour, DataSent: []string{"姓名"}, Basis: "本人同意"}, "referral_sent", ""},
		{"without basis", assigned, handler, &SendReferral{ReferralID: id("r"), Agency: AgencyLabour, DataSent: []string{"姓名"}}, "", "text_missing"},
		{"sending what", assigned, handler, &SendReferral{ReferralID: id("r"), Agency: AgencyLabour, Basis: "x"}, "", "data_sent_missing"},
		{"no id", assigned, handler, &SendReferral{Agency: AgencyLabour, Basis: "x"}, "", "referral_missing"},
		{"receipt", sent, handler, &ReceiptReferral{ReferralID: id("r"), Accepted: true}, "referral_receipted", ""},
		{"refused without words", sent, handler, &ReceiptReferral{ReferralID: id("r")}, "", "text_missing"},
		{"unknown", sent, handler, &ReceiptReferral{ReferralID: id("x")}, "", "no_referral"},
		{"none", assigned, handler, &ReceiptReferral{ReferralID: id("x")}, "", "no_referral"},
	})
	d := newDesk(t)
	ignored(d)
	d.do(handler, suggest)
	if tr := Tracks(d.s); tr[TrackDocuments] != TrackOpen || tr[TrackVerify] != TrackNone || tr[TrackMediate] != TrackNone {
		t.Errorf("tracks %v", tr)
	}
	if ev := d.trace[len(d.trace)-1].(DocumentIssued); ev.Trigger != AnswerNone || ev.ReplyDueAt.IsZero() {
		t.Errorf("the suggestion: %+v", ev)
	}
}

func TestClockCommands(t *testing.T) {
	t.Parallel()
	fiveDays := calendar.Length{N: 5, Unit: calendar.Workdays}
	told := setup(assigned).then(handler, func() Command {
		return &LogContact{With: PartyWorker, Purpose: PurposeExtension, How: ByPhone, Reached: true, Gist: "告知延期"}
	})
	paused := setup(assigned).then(handler, func() Command { return &PauseClock{Clock: ClockHandle, Reason: PauseProcedure} })
	twice := paused.then(handler, func() Command { return &ResumeClock{Clock: ClockHandle} }).
		then(handler, func() Command { return &PauseClock{Clock: ClockHandle, Reason: PauseProcedure} }).
		then(handler, func() Command { return &ResumeClock{Clock: ClockHandle} })
	late := setup(func(d *desk) { assigned(d); d.pass(40) })
	runRows(t, []row{
		{"handling", assigned, handler, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure}, "clock_paused", ""},
		{"twice over", paused, handler, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure}, "", "nothing_running"},
		{"third time", twice, handler, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure}, "", "reviewer_needed"},
		{"third time, reviewer", twice, reviewer, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure}, "clock_paused", ""},
		{"on the last day", setup(func(d *desk) { assigned(d); d.pass(21) }), handler, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure}, "", "reviewer_needed"},
		{"after the end", late, reviewer, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure}, "", "clock_overdue"},
		{"first contact", assigned, handler, &PauseClock{Clock: ClockFirstContact, Reason: PauseProcedure}, "", "clock_not_pausable"},
		{"no reason", assigned, handler, &PauseClock{Clock: ClockHandle}, "", "code_missing"},
		{"unknown clock", assigned, handler, &PauseClock{Clock: "cuckoo", Reason: PauseProcedure}, "", "code_unknown"},
		{"by a stranger", assigned, stranger, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure}, "", "not_assigned"},
		{"again", paused, handler, &ResumeClock{Clock: ClockHandle}, "clock_resumed", ""},
		{"not paused", assigned, handler, &ResumeClock{Clock: ClockHandle}, "", "nothing_paused"},

		{"told", told, approver, &ExtendClock{Clock: ClockHandle, Added: fiveDays, Reason: "案情复杂", ToldContactNo: 2}, "clock_extended", ""},
		{"not told", assigned, approver, &ExtendClock{Clock: ClockHandle, Added: fiveDays, Reason: "案情复杂", ToldContactNo: 1}, "", "not_told"},
		{"too long", told, approver, &ExtendClock{Clock: ClockHandle, Added: calendar.Length{N: 16, Unit: calendar.Workdays}, Reason: "x", ToldContactNo: 2}, "", "clock_extension_too_long"},
		{"after the end", late, approver, &ExtendClock{Clock: ClockHandle, Added: fiveDays, Reason: "x"}, "", "clock_overdue"},
		{"twice", told.then(approver, func() Command {
			return &ExtendClock{Clock: ClockHandle, Added: fiveDays, Reason: "x", ToldContactNo: 2}
		}), approver, &ExtendClock{Clock: ClockHandle, Added: fiveDays, Reason: "x", ToldContactNo: 2}, "", "clock_extended"},
		{"another clock", told, approver, &ExtendClock{Clock: ClockSign, Added: fiveDays, Reason: "x"}, "", "clock_not_extendable"},
		{"by the handler", told, handler, &ExtendClock{Clock: ClockHandle, Added: fiveDays, Reason: "x"}, "", "role_not_allowed"},

		{"late", late, handler, &ExplainOverdue{Clock: ClockHandle, Reason: OverdueComplex}, "overdue_explained", ""},
		{"other without words", late, handler, &ExplainOverdue{Clock: ClockHandle, Reason: OverdueOther}, "", "text_missing"},
		{"of a clock in time", late, handler, &ExplainOverdue{Clock: ClockSign, Reason: OverdueStaff}, "", "nothing_overdue"},
		{"nothing late", assigned, handler, &ExplainOverdue{Clock: ClockHandle, Reason: OverdueStaff}, "", "nothing_overdue"},
		{"by May", assigned, approver, &OrderSupervision{Demand: "一周内办结", DueOn: date("2026-03-09")}, "supervision_ordered", ""},
		{"by yesterday", assigned, approver, &OrderSupervision{Demand: "x", DueOn: date("2026-03-01")}, "", "date_over"},
		{"nothing due", assigned, machine, &Tick{}, "", ""},
		{"by a person", assigned, handler, &Tick{}, "", "role_not_allowed"},
		{"calendar as before", assigned, machine, &RecomputeClocks{Why: "x"}, "", ""},
		{"by a person", assigned, handler, &RecomputeClocks{Why: "x"}, "", "role_not_allowed"},
	})
}

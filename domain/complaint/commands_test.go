package complaint

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// row is one given / when / then: what the case went through, who wishes what,
// and the types of the events or the code of the rejection.
type row struct {
	name  string
	given func(*desk)
	who   domain.Actor
	when  Command
	then  string // event types, or "" for nothing
	code  string
}

func runRows(t *testing.T, rows []row) {
	t.Helper()
	for _, c := range rows {
		t.Run(NameOf(c.when)+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			c.given(d)
			events, err := d.try(c.who, c.when)
			if got := codeOf(err); got != c.code {
				t.Fatalf("rejected with %q (%v), want %q", got, err, c.code)
			}
			if got := names(events); got != c.then {
				t.Errorf("events %q, want %q", got, c.then)
			}
			checkLedger(t, d.s)
		})
	}
}

// then gives a table's setup one more step.
func (f setup) then(who domain.Actor, cmds ...func() Command) setup {
	return func(d *desk) {
		f(d)
		for _, c := range cmds {
			d.do(who, c())
		}
	}
}

type setup func(*desk)

func register(change func(*Register)) *Register {
	cmd := call()
	change(cmd)
	return cmd
}

func TestIntakeCommands(t *testing.T) {
	t.Parallel()
	const plain = "registered clock_started clock_started"
	unknown := setup(func(d *desk) {
		d.do(operator, register(func(c *Register) { c.Employer.EnterpriseID = uuid.Nil }))
	})
	hinted := setup(func(d *desk) {
		d.do(operator, register(func(c *Register) {
			c.Hints = []Hint{{OtherID: id("other"), OtherNo: "晋工诉〔2026〕3号", ScorePercent: 90}}
		}))
	})
	waiting := setup(registered).then(dispatcher, func() Command {
		return &RequestSupplement{Items: []string{"劳动合同"}, DueOn: date("2026-03-09")}
	})
	told := monday.Add(time.Minute)
	runRows(t, []row{
		{"by phone", fresh, operator, call(), plain, ""},
		{"nobody to call", fresh, operator, register(func(c *Register) { c.Reporter = Reporter{Anonymous: true} }), "registered clock_started", ""},
		{"with a hint and a promise", fresh, operator, register(func(c *Register) {
			c.Hints, c.PromiseAt = []Hint{{OtherNo: "3号"}}, monday.Add(time.Hour)
		}), "registered duplicate_hinted clock_started clock_started callback_promised", ""},
		{
			"claimants at once", fresh, operator, register(func(c *Register) { c.Claimants = people(2) }),
			"registered claimant_added claimant_added clock_started clock_started", "",
		},
		{"ten people", fresh, operator, register(func(c *Register) { c.Claim.Persons = 10 }), "registered risk_raised clock_started clock_started", ""},
		{"thirty people", fresh, operator, register(func(c *Register) { c.Claim.Persons = 30 }), "registered risk_raised clock_started clock_started clock_started", ""},
		{
			"about union staff", fresh, operator, register(func(c *Register) { c.Category, c.AccusedOrg = CategoryUnionStaff, "jc-yc" }),
			"registered access_restricted clock_started clock_started", "",
		},
		{"twice", registered, operator, call(), "", "already_registered"},
		{"by the cashier", fresh, domain.Actor{ID: "c", Role: domain.RoleCashier}, call(), "", "role_not_allowed"},
		{"no summary", fresh, operator, register(func(c *Register) { c.Summary = " " }), "", "text_missing"},
		{"unknown channel", fresh, operator, register(func(c *Register) { c.Channel = "pigeon" }), "", "code_unknown"},
		{"no category", fresh, operator, register(func(c *Register) { c.Category = "" }), "", "code_missing"},
		{"months reversed", fresh, operator, register(func(c *Register) { c.Claim.From = date("2026-02-01") }), "", "period_reversed"},
		{"negative sum", fresh, operator, register(func(c *Register) { c.Claim.OwedFen = -1 }), "", "amount_negative"},
		{"absurd sum", fresh, operator, register(func(c *Register) { c.Claim.OwedFen = maxAmount + 1 }), "", "amount_too_large"},
		{"no consent", fresh, operator, register(func(c *Register) { c.Consent = Consent{} }), "", "consent_missing"},
		{"anonymous with a person", fresh, operator, register(func(c *Register) { c.Reporter.Anonymous = true }), "", "anonymous_with_person"},
		{"half of an external number", fresh, operator, register(func(c *Register) { c.External = &External{System: "t12345"} }), "", "external_incomplete"},
		{"promise in the past", fresh, operator, register(func(c *Register) { c.PromiseAt = monday }), "", "time_over"},
		{"received tomorrow", fresh, operator, register(func(c *Register) { c.ReceivedAt = monday.AddDate(0, 0, 1) }), "", "date_in_future"},
		{"unknown flag", fresh, operator, register(func(c *Register) { c.Flags = []Flag{"ufo"} }), "", "code_unknown"},
		{"bad count", fresh, operator, register(func(c *Register) { c.Claim.Persons = -1 }), "", "bad_persons"},
		{"whom is it about", fresh, operator, register(func(c *Register) { c.Category = CategoryUnionStaff }), "", "accused_org_missing"},

		{"looked at", hinted, operator, &DismissDuplicate{OtherNo: "晋工诉〔2026〕3号", Reason: "另一单位"}, "duplicate_dismissed", ""},
		{"other number", hinted, operator, &DismissDuplicate{OtherNo: "1号", Reason: "x"}, "", "no_hint"},
		{"no reason", hinted, operator, &DismissDuplicate{OtherNo: "晋工诉〔2026〕3号"}, "", "text_missing"},
		{"no hints", registered, operator, &DismissDuplicate{OtherNo: "1号", Reason: "x"}, "", "no_hint"},

		{"found", unknown, dispatcher, &IdentifyRespondent{EnterpriseID: id("employer")}, "respondent_identified", ""},
		{"the same again", registered, dispatcher, &IdentifyRespondent{EnterpriseID: id("employer")}, "", ""},
		{"nothing chosen", unknown, dispatcher, &IdentifyRespondent{}, "", "respondent_missing"},
		{"before registration", fresh, dispatcher, &IdentifyRespondent{ProjectID: id("p")}, "", "not_registered"},

		{"contract missing", registered, dispatcher, &RequestSupplement{Items: []string{"劳动合同"}, DueOn: date("2026-03-09")}, "supplement_requested clock_paused", ""},
		{"nothing named", registered, dispatcher, &RequestSupplement{DueOn: date("2026-03-09")}, "", "items_missing"},
		{"in the past", registered, dispatcher, &RequestSupplement{Items: []string{"x"}, DueOn: date("2026-03-01")}, "", "date_over"},
		{"of an accepted case", accepted, dispatcher, &RequestSupplement{Items: []string{"x"}, DueOn: date("2026-03-09")}, "", "wrong_phase"},
		{"arrived", waiting, operator, &ReceiveSupplement{Items: []string{"劳动合同"}}, "supplement_received clock_resumed", ""},
		{"empty", waiting, operator, &ReceiveSupplement{}, "", "items_missing"},
		{"not asked for", registered, operator, &ReceiveSupplement{Items: []string{"x"}}, "", "wrong_phase"},

		{"own case", registered, dispatcher, &Accept{HandlingOrg: "jc", TimeClass: ClassGeneral}, "accepted clock_met clock_started", ""},
		{"for a county", registered, dispatcher, &Accept{HandlingOrg: "jc-gp", TimeClass: ClassGeneral}, "accepted clock_met clock_started dispatch_issued clock_started", ""},
		{"while the supplement is out", waiting, dispatcher, &Accept{HandlingOrg: "jc", TimeClass: ClassGeneral}, "accepted clock_met clock_started", ""},
		{"no respondent", unknown, dispatcher, &Accept{HandlingOrg: "jc", TimeClass: ClassGeneral}, "", "no_respondent"},
		{"a consultation needs none", setup(func(d *desk) {
			d.do(operator, register(func(c *Register) { c.Category, c.Employer = CategoryConsultation, Employer{} }))
		}), dispatcher, &Accept{HandlingOrg: "jc", TimeClass: ClassConsultation}, "accepted clock_met clock_started", ""},
		{"turns out to be about union staff", registered, dispatcher, &Accept{HandlingOrg: "jc", TimeClass: ClassGeneral, Category: CategoryUnionStaff}, "", "restrict_first"},
		{"no class", registered, dispatcher, &Accept{HandlingOrg: "jc"}, "", "code_missing"},
		{"by the operator", registered, operator, &Accept{HandlingOrg: "jc", TimeClass: ClassGeneral}, "", "role_not_allowed"},
		{"again", accepted, dispatcher, &Accept{HandlingOrg: "jc", TimeClass: ClassGeneral}, "", "wrong_phase"},

		{
			"out of scope", registered, dispatcher, &Refuse{Reason: RefusalOutOfScope, NoticeNo: "1号", ToldAt: told, RedirectTo: "市人社局"},
			"not_accepted clock_met clock_stopped", "",
		},
		{"no notice", registered, dispatcher, &Refuse{Reason: RefusalOutOfScope, ToldAt: told, RedirectTo: "市人社局"}, "", "notice_missing"},
		{"nowhere to go", registered, dispatcher, &Refuse{Reason: RefusalOutOfScope, NoticeNo: "1号", ToldAt: told}, "", "text_missing"},
		{"not told", registered, dispatcher, &Refuse{Reason: RefusalOutOfScope, NoticeNo: "1号", RedirectTo: "市人社局"}, "", "not_told"},
		{"told tomorrow", registered, dispatcher, &Refuse{Reason: RefusalOutOfScope, NoticeNo: "1号", RedirectTo: "x", ToldAt: monday.AddDate(0, 0, 1)}, "", "date_in_future"},
		{"unknown reason", registered, dispatcher, &Refuse{Reason: "mood", NoticeNo: "1号", RedirectTo: "x", ToldAt: told}, "", "code_unknown"},

		{
			"to the labour bureau", registered, dispatcher, &TransferOut{To: AgencyLabour, Body: "市人社局", Reason: "不属工会职责", ToldAt: told},
			"transferred_out clock_met clock_stopped", "",
		},
		{"not told", registered, dispatcher, &TransferOut{To: AgencyLabour, Body: "市人社局", Reason: "x"}, "", "not_told"},
		{"told tomorrow", registered, dispatcher, &TransferOut{To: AgencyLabour, Body: "x", Reason: "x", ToldAt: monday.AddDate(0, 0, 1)}, "", "date_in_future"},
		{"no body", registered, dispatcher, &TransferOut{To: AgencyLabour, Reason: "x", ToldAt: told}, "", "text_missing"},
		{"in progress", assigned, dispatcher, &TransferOut{To: AgencyLabour, Body: "x", Reason: "x", ToldAt: told}, "", "wrong_phase"},

		{"harder than thought", assigned, reviewer, &Reclassify{TimeClass: ClassDifficult, Reason: "涉及多层分包"}, "reclassified clock_changed", ""},
		{"easier", assigned, head, &Reclassify{TimeClass: ClassConsultation, Reason: "只是咨询"}, "reclassified clock_changed", ""},
		{"the same", assigned, head, &Reclassify{TimeClass: ClassGeneral, Reason: "x"}, "", ""},
		{"longer, by the head", assigned, head, &Reclassify{TimeClass: ClassComplex, Reason: "x"}, "", "reviewer_needed"},
		{"too late", setup(func(d *desk) { assigned(d); d.pass(60) }), reviewer, &Reclassify{TimeClass: ClassComplex, Reason: "x"}, "", "clock_overdue"},
		{"no reason", assigned, reviewer, &Reclassify{TimeClass: ClassDifficult}, "", "text_missing"},
	})
}

func TestDispatchCommands(t *testing.T) {
	t.Parallel()
	returned := setup(accepted).then(head, func() Command { return &Return{Reason: ReturnNotOurs} })
	thrice := returned
	for range 2 {
		thrice = thrice.then(dispatcher, func() Command { return &Dispatch{ToOrg: "jc-gp"} }).
			then(head, func() Command { return &Return{Reason: ReturnNotOurs} })
	}
	ruled := thrice.then(shift, func() Command { return &Rule{FinalOrg: "jc-gp", Reason: "工程在高平"} })
	conflict := []Conflict{{User: handler.ID, Relation: RelationSpouse}}
	recused := setup(assigned).then(handler, func() Command { return &Recuse{User: handler.ID, Relation: RelationSameUnit} })
	own := setup(func(d *desk) { registered(d); d.do(dispatcher, &Accept{HandlingOrg: "jc", TimeClass: ClassGeneral}) })
	runRows(t, []row{
		{"own case onwards", own, dispatcher, &Dispatch{ToOrg: "jc-gp"}, "dispatch_issued clock_started", ""},
		{"after a return", returned, dispatcher, &Dispatch{ToOrg: "jc-yc"}, "dispatch_issued clock_started", ""},
		{"while one is out", accepted, dispatcher, &Dispatch{ToOrg: "jc-yc"}, "", "awaiting_signature"},
		{"after three returns", thrice, dispatcher, &Dispatch{ToOrg: "jc-yc"}, "", "ruling_needed"},
		{"to nobody", own, dispatcher, &Dispatch{}, "", "text_missing"},

		{"in time", accepted, head, &Sign{}, "dispatch_signed clock_met", ""},
		{"late", setup(func(d *desk) { accepted(d); d.pass(3) }), head, &Sign{}, "dispatch_signed clock_breached clock_met", ""},
		{"by another organisation", accepted, otherHead, &Sign{}, "", "not_receiving_org"},
		{"twice", signed, head, &Sign{}, "", "nothing_to_sign"},

		{"not ours", accepted, head, &Return{Reason: ReturnNotOurs}, "dispatch_returned clock_stopped", ""},
		{"too late", setup(func(d *desk) { accepted(d); d.pass(3) }), head, &Return{Reason: ReturnNotOurs}, "", "return_too_late"},
		{"other without words", accepted, head, &Return{Reason: ReturnOtherOrder}, "", "text_missing"},
		{"after the ruling", ruled, head, &Return{Reason: ReturnNotOurs}, "", "already_ruled"},
		{"signed already", signed, head, &Return{Reason: ReturnNotOurs}, "", "nothing_to_sign"},

		{"after three returns", thrice, shift, &Rule{FinalOrg: "jc-gp", Reason: "工程在高平"}, "dispatch_ruled clock_started", ""},
		{"after one return", returned, shift, &Rule{FinalOrg: "jc-gp", Reason: "x"}, "", "ruling_not_needed"},
		{"no reason", thrice, shift, &Rule{FinalOrg: "jc-gp"}, "", "text_missing"},

		{"one handler", signed, head, &Assign{Handler: handler.ID}, "handler_assigned", ""},
		{"after a ruling", ruled.then(head, func() Command { return &Sign{} }), head, &Assign{Handler: handler.ID}, "handler_assigned", ""},
		{"the same again", assigned, head, &Assign{Handler: handler.ID, CoHandler: partner.ID}, "", ""},
		{"not signed", accepted, head, &Assign{Handler: handler.ID}, "", "not_signed"},
		{"another's case", signed, otherHead, &Assign{Handler: handler.ID}, "", "not_handling_org"},
		{"alone on site", signed, head, &Assign{Handler: handler.ID, SiteWork: true}, "", "co_handler_missing"},
		{"one person twice", signed, head, &Assign{Handler: handler.ID, CoHandler: handler.ID}, "", "same_handler"},
		{"the employer's wife", signed, head, &Assign{Handler: handler.ID, Conflicts: conflict}, "", "conflict"},
		{"who stood back", recused, head, &Assign{Handler: handler.ID}, "", "recused"},
		{"nobody", signed, head, &Assign{}, "", "text_missing"},

		{"oneself", assigned, handler, &Recuse{User: handler.ID, Relation: RelationSpouse}, "handler_recused", ""},
		{"replaced by the head", assigned, head, &Recuse{User: handler.ID, Relation: RelationSpouse, ReplacedBy: stranger.ID}, "handler_recused", ""},
		{"somebody else", assigned, handler, &Recuse{User: partner.ID, Relation: RelationSpouse}, "", "not_yourself"},
		{"choosing one's heir", assigned, handler, &Recuse{User: handler.ID, Relation: RelationSpouse, ReplacedBy: stranger.ID}, "", "head_needed"},
		{"who is not on the case", assigned, head, &Recuse{User: stranger.ID, Relation: RelationSpouse}, "", "not_assigned"},
		{"replaced by the partner", assigned, head, &Recuse{User: handler.ID, Relation: RelationSpouse, ReplacedBy: partner.ID}, "", "bad_replacement"},
		{"heir in conflict", assigned, head, &Recuse{User: partner.ID, Relation: RelationSpouse, ReplacedBy: "x", Conflicts: []Conflict{{User: "x", Relation: RelationChild}}}, "", "conflict"},
	})
}

func TestRecordAndRiskCommands(t *testing.T) {
	t.Parallel()
	red := setup(registered).then(shift, func() Command { return &RaiseRisk{Level: RiskRed} })
	inquiry := &LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone, Reached: true, Gist: "了解情况"}
	runRows(t, []row{
		{"reached", registered, operator, inquiry, "contact_attempted clock_met", ""},
		{"not reached", registered, operator, &LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone}, "contact_attempted", ""},
		{"the employer", registered, operator, &LogContact{With: PartyEmployer, Purpose: PurposeInquiry, How: ByPhone, Reached: true, Gist: "x"}, "contact_attempted", ""},
		{"no gist", registered, operator, &LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone, Reached: true}, "", "text_missing"},
		{"closed", closed, operator, &LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone}, "", "wrong_phase"},
		{"tomorrow", registered, operator, &PromiseCallback{DueAt: monday.AddDate(0, 0, 1)}, "callback_promised", ""},
		{"yesterday", registered, operator, &PromiseCallback{DueAt: monday.AddDate(0, 0, -1)}, "", "time_over"},
		{"note", closed, handler, &AddNote{Visibility: VisibleInternal, Text: "电话来访"}, "note_added", ""},
		{"empty note", registered, handler, &AddNote{Visibility: VisibleInternal}, "", "text_missing"},
		{"note to nobody", registered, handler, &AddNote{Text: "x"}, "", "code_missing"},
		{"attachment", registered, handler, &AddAttachment{AttachmentID: id("a"), Kind: EvidencePhoto, SHA256: fmt.Sprintf("%064x", 1)}, "attachment_added", ""},
		{"no attachment", registered, handler, &AddAttachment{Kind: EvidencePhoto}, "", "attachment_missing"},
		{"bad digest", registered, handler, &AddAttachment{AttachmentID: id("a"), Kind: EvidencePhoto, SHA256: "zz"}, "", "bad_digest"},
		{"related", registered, operator, &Link{Relation: LinkSameEmployer, OtherID: id("o"), OtherNo: "3号"}, "linked", ""},
		{"to itself", registered, operator, &Link{Relation: LinkSameEmployer, OtherID: id("o"), OtherNo: "晋工诉〔2026〕12号"}, "", "same_complaint"},
		{"as a merger", registered, operator, &Link{Relation: LinkMergedFrom, OtherID: id("o"), OtherNo: "3号"}, "", "use_merge"},
		{"to nothing", registered, operator, &Link{Relation: LinkSameEmployer, OtherNo: "3号"}, "", "other_missing"},

		{"to red", registered, shift, &RaiseRisk{Level: RiskRed}, "risk_raised clock_started", ""},
		{"by a flag", registered, shift, &RaiseRisk{Flags: []Flag{FlagExtreme}}, "risk_raised clock_started", ""},
		{"the same", red, shift, &RaiseRisk{Level: RiskRed}, "", ""},
		{"downwards", red, shift, &RaiseRisk{Level: RiskBlue}, "", "risk_lower"},
		{"nothing", registered, shift, &RaiseRisk{}, "", "risk_missing"},
		{"purple", registered, shift, &RaiseRisk{Level: "purple"}, "", "code_unknown"},
		{"calmed down", red, shift, &LowerRisk{Level: RiskYellow, Reason: "已安抚"}, "risk_lowered", ""},
		{"not lower", red, shift, &LowerRisk{Level: RiskRed, Reason: "x"}, "", "risk_not_lower"},
		{"no risk", registered, shift, &LowerRisk{Level: RiskYellow, Reason: "x"}, "", "no_risk"},
		{"no reason", red, shift, &LowerRisk{}, "", "text_missing"},
		{"of red", red, shift, &NotifyLeader{To: "vice", How: ByPhone}, "leader_notified clock_met", ""},
		{"to nobody", red, shift, &NotifyLeader{How: ByPhone}, "", "text_missing"},
		{"no hint", assigned, handler, &AnswerCrimeHint{Reason: "x"}, "", "no_crime_hint"},

		{"by the dispatcher", registered, dispatcher, &Restrict{Reason: RestrictWhistleblow, AccusedOrg: "jc-yc"}, "access_restricted", ""},
		{"without discipline", registered, dispatcher, &Restrict{Reason: RestrictWhistleblow, AllowedRoles: []domain.Role{domain.RoleDispatcher}}, "", "discipline_must_see"},
		{"locking oneself out", registered, dispatcher, &Restrict{Reason: RestrictWhistleblow, AccusedOrg: "jc"}, "", "locks_you_out"},
		{"unknown role", registered, dispatcher, &Restrict{Reason: RestrictWhistleblow, AllowedRoles: []domain.Role{"king"}}, "", "code_unknown"},
	})
}

func TestCrimeHint(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	assigned(d)
	long := []ClaimItem{{Kind: ItemWage, From: date("2025-10-15"), To: date("2025-12-31"), OwedFen: domain.Yuan(9999)}}
	d.do(handler, &AddClaimants{Claimants: []NewClaimant{{PersonID: id("a"), Items: long}, {PersonID: id("b"), Items: wage(domain.Yuan(9000))}}})
	verify := func(no int, yuan int64) {
		d.do(handler, &VerifyClaims{Lines: []Verification{{no, domain.Yuan(yuan)}}, Method: VerifyByPayroll, Evidence: proofs(EvidencePayroll)})
	}
	verify(1, 9999)
	if _, ok := CrimeHint(d.s, d.r); ok || d.s.Crime != "" {
		t.Error("a hint below the threshold")
	}
	verify(2, 9999)
	d.do(handler, &VerifyClaims{Lines: []Verification{{1, domain.Yuan(10000)}}, Method: VerifyByPayroll, Evidence: proofs(EvidencePayroll)})
	if got := names(d.do(partner, &ConfirmVerification{ClaimantNos: []int{1}})); got != "claim_verified crime_hint_raised" {
		t.Errorf("10,000 yuan for three months give %q", got)
	}
	d.no(handler, "text_missing", &AnswerCrimeHint{})
	d.no(handler, "no_referral", &AnswerCrimeHint{ReferralID: id("police")})
	d.do(handler, &SendReferral{ReferralID: id("police"), Agency: AgencyPolice, DataSent: []string{"姓名"}, Basis: "刑事诉讼法第110条"})
	d.do(handler, &AnswerCrimeHint{ReferralID: id("police")})
	if d.s.Crime != TrackDone {
		t.Error("the hint is answered and still open")
	}
}

// TestLimitation: the dates are computed, and warned of when they are near.
func TestLimitation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		to, ended string
		near      string
	}{
		"fresh":                   {"2025-12-31", "2025-12-31", "[]"},
		"still employed":          {"2025-12-31", "", "[]"},
		"60 days left":            {"2024-05-01", "", "[]"},
		"59 days left":            {"2024-04-30", "", "[inspection]"},
		"over, employment too":    {"2023-01-31", "2024-01-31", "[inspection arbitration]"},
		"arbitration in ten days": {"2025-03-01", "2025-03-12", "[arbitration]"},
	} {
		d := newDesk(t)
		d.do(operator, register(func(c *Register) {
			c.Claim.From, c.Claim.To, c.EmploymentEndedOn = domain.Date{}, date(tc.to), date(tc.ended)
		}))
		if got := fmt.Sprint(d.s.Limitation.Near); got != tc.near {
			t.Errorf("%s: near are %s of %+v, want %s", name, got, d.s.Limitation, tc.near)
		}
	}
}

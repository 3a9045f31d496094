package complaint

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hearth/domain"
)

func TestClosureCommands(t *testing.T) {
	t.Parallel()
	done := func() *ProposeClosure { return &ProposeClosure{Conclusion: ConcludePaid, Narrative: "已付清"} }
	unmet := setup(func(d *desk) {
		signed(d)
		d.do(head, &Assign{Handler: handler.ID})
		d.do(handler, &AddClaimants{Claimants: people(1)}, verify(1, 5000), pay(1, 5000), &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomePaid})
	})
	late := setup(func(d *desk) { paid(d); d.pass(40) })
	explained := late.then(handler, func() Command { return &ExplainOverdue{Clock: ClockHandle, Reason: OverdueComplex} })
	reversed := setup(paid).then(accountant, func() Command { return &ReversePayment{PaymentNo: 2, Reason: "退汇"} })
	pausedClock := setup(paid).then(handler, func() Command { return &PauseClock{Clock: ClockHandle, Reason: PauseRequest} })
	referred := setup(paid).then(handler, func() Command {
		return &SendReferral{ReferralID: id("r"), Agency: AgencyLabour, DataSent: []string{"姓名"}, Basis: "本人同意"}
	})
	wrong := setup(proposed).then(operator2, func() Command { return answer(1, 4000) }, func() Command { return answer(2, 4000) })
	disputes := setup(proposed).then(operator2, func() Command {
		c := answer(1, 5000)
		c.Disputes = true
		return c
	})
	consult := setup(func(d *desk) {
		d.do(operator, register(func(c *Register) { c.Category, c.Reporter, c.Consent = CategoryConsultation, Reporter{}, Consent{} }))
		d.do(dispatcher, &Accept{HandlingOrg: "jc-gp", TimeClass: ClassConsultation})
		d.do(head, &Sign{}, &Assign{Handler: handler.ID})
	})
	large := setup(func(d *desk) {
		d.do(operator, register(func(c *Register) { c.Claim.OwedFen = domain.Yuan(100_001) }))
		d.do(dispatcher, &Accept{HandlingOrg: "jc-gp", TimeClass: ClassGeneral})
		d.do(head, &Sign{}, &Assign{Handler: handler.ID})
		d.do(handler, &LogContact{With: PartyWorker, Purpose: PurposeInquiry, How: ByPhone, Reached: true, Gist: "x"}, &ProposeClosure{Conclusion: ConcludeUnfounded, Narrative: "查无欠薪"})
		d.do(operator2, &Callback{Reached: true, Satisfied: 3})
	})
	third := setup(closed)
	runRows(t, []row{
		{"all paid", paid, handler, done(), "closure_proposed clock_started", ""},
		{"nobody has an outcome", verified, handler, done(), "", "outcome_missing"},
		{"a payment came back", reversed, handler, done(), "", "paid_short"},
		{"no first contact", unmet, handler, done(), "", "clock_running"},
		{"clock paused", pausedClock, handler, done(), "", "clock_paused"},
		{"late", late, handler, done(), "", "overdue_unexplained"},
		{"late, explained", explained, handler, done(), "closure_proposed clock_started", ""},
		{"referral without receipt", referred, handler, done(), "", "referral_awaiting"},
		{"no words", paid, handler, &ProposeClosure{Conclusion: ConcludePaid}, "", "text_missing"},
		{"unknown conclusion", paid, handler, &ProposeClosure{Conclusion: "13", Narrative: "x"}, "", "code_unknown"},
		{"instalments without agreement", paid, handler, &ProposeClosure{Conclusion: ConcludeInstalments, Narrative: "x"}, "", "conclusion_mismatch"},
		{"settled without waiver", paid, handler, &ProposeClosure{Conclusion: ConcludeSettled, Narrative: "x"}, "", "conclusion_mismatch"},
		{"inspection without file", paid, handler, &ProposeClosure{Conclusion: ConcludeLabour, Narrative: "x"}, "", "conclusion_mismatch"},
		{"procedure without file", paid, handler, &ProposeClosure{Conclusion: ConcludeInProcedure, Narrative: "x"}, "", "conclusion_mismatch"},
		{"police without file", paid, handler, &ProposeClosure{Conclusion: ConcludePolice, Narrative: "x"}, "", "conclusion_mismatch"},
		{"unfounded but verified", paid, handler, &ProposeClosure{Conclusion: ConcludeUnfounded, Narrative: "x"}, "", "conclusion_mismatch"},
		{"not wages, not referred", paid, handler, &ProposeClosure{Conclusion: ConcludeNotWages, Narrative: "x"}, "", "conclusion_mismatch"},
		{"unreachable but paid", paid, handler, &ProposeClosure{Conclusion: ConcludeUnreachable, Narrative: "x"}, "", "conclusion_mismatch"},
		{"duplicate", paid, handler, &ProposeClosure{Conclusion: ConcludeDuplicate, Narrative: "x"}, "", "conclusion_mismatch"},
		{"consultation with claimants", paid, handler, &ProposeClosure{Conclusion: ConcludeConsultation, Narrative: "x"}, "", "conclusion_mismatch"},
		{"consultation", consult, handler, &ProposeClosure{Conclusion: ConcludeConsultation, Narrative: "已答复"}, "closure_proposed clock_started", ""},
		{"by a stranger", paid, stranger, done(), "", "not_assigned"},

		{"confirmed", proposed, operator2, answer(1, 5000), "callback_done", ""},
		{"the last one", setup(proposed).then(operator2, func() Command { return answer(1, 5000) }), operator2, answer(2, 4000), "callback_done clock_met clock_started", ""},
		{"amount not asked", proposed, operator2, &Callback{ClaimantNo: 1, Reached: true}, "", "amount_unasked"},
		{"twice", setup(proposed).then(operator2, func() Command { return answer(1, 5000) }), operator2, answer(1, 5000), "", "already_called"},
		{"not in the sample", proposed, operator2, answer(3, 1), "", "not_in_sample"},
		{"six stars", proposed, operator2, &Callback{ClaimantNo: 1, Satisfied: 6}, "", "bad_score"},
		{"by the handler", proposed, domain.Actor{ID: handler.ID, Org: "jc", Role: domain.RoleOperator}, answer(1, 5000), "", "caller_is_handler"},
		{"nobody to call", consult.then(handler, func() Command { return &ProposeClosure{Conclusion: ConcludeConsultation, Narrative: "已答复"} }), operator, answer(1, 1), "", "no_callback"},

		{"needs more", proposed, reviewer, &ReturnClosure{Reason: "补充证据"}, "closure_returned clock_stopped", ""},
		{"after the call-backs", calledBack, reviewer, &ReturnClosure{Reason: "补充证据"}, "closure_returned clock_met", ""},
		{"no reason", proposed, reviewer, &ReturnClosure{}, "", "text_missing"},

		{"all in order", calledBack, reviewer, &ApproveClosure{}, "closure_approved clock_met clock_met closed", ""},
		{"not called back", proposed, reviewer, &ApproveClosure{}, "", "callback_missing"},
		{"somebody says less came", wrong, reviewer, &ApproveClosure{}, "", "callback_blocks"},
		{"somebody disputes", disputes, reviewer, &ApproveClosure{}, "", "callback_blocks"},
		{"by the handler", calledBack, domain.Actor{ID: handler.ID, Role: domain.RoleReviewer}, &ApproveClosure{}, "", "reviewer_is_handler"},
		{"by the caller", calledBack, domain.Actor{ID: operator2.ID, Role: domain.RoleReviewer}, &ApproveClosure{}, "", "reviewer_is_caller"},
		{"large, by the reviewer", large, reviewer, &ApproveClosure{}, "", "approver_needed"},
		{"large, by the vice-chair", large, approver, &ApproveClosure{}, "closure_approved clock_met clock_met closed", ""},
		{"late since the proposal", setup(func(d *desk) { calledBack(d); d.pass(40) }), reviewer, &ApproveClosure{}, "", "overdue_unexplained"},

		{"by the worker", closed, operator, &Reopen{Reason: "又拖欠", ByWorker: true}, "reopened clock_started", ""},
		{"by us", closed, dispatcher, &Reopen{Reason: "抽查发现"}, "", "reviewer_needed"},
		{"by the reviewer", closed, reviewer, &Reopen{Reason: "抽查发现"}, "reopened clock_started", ""},
		{"after two months", setup(func(d *desk) { third(d); d.pass(60) }), operator, &Reopen{Reason: "又拖欠", ByWorker: true}, "", "reopen_late"},
		{"after two months, reviewer", setup(func(d *desk) { third(d); d.pass(60) }), reviewer, &Reopen{Reason: "又拖欠", ByWorker: true}, "reopened clock_started", ""},
		{"no reason", closed, reviewer, &Reopen{}, "", "text_missing"},
		{"open case", assigned, reviewer, &Reopen{Reason: "x"}, "", "wrong_phase"},
		{"files", closed, handler, &Archive{Retention: Retain10Years, ManifestSHA256: fmt.Sprintf("%064x", 3)}, "archived", ""},
		{"no manifest", closed, handler, &Archive{Retention: Retain10Years}, "", "bad_digest"},
		{"open case", assigned, handler, &Archive{Retention: Retain10Years}, "", "wrong_phase"},
	})
}

func TestWithdrawAndMerge(t *testing.T) {
	t.Parallel()
	check := func() Command {
		return &LogContact{With: PartyWorker, Purpose: PurposeVoluntary, How: ByPhone, Reached: true, Gist: "确属自愿"}
	}
	asked := setup(registered).then(shift, check)
	own := setup(registered).then(operator, check)
	two := setup(claimed).then(shift, check)
	merge := &Merge{IntoID: id("target"), IntoNo: "3号", Reason: "同一事由"}
	merged := setup(registered).then(dispatcher, func() Command { return &Merge{IntoID: id("target"), IntoNo: "3号", Reason: "同一事由"} })
	runRows(t, []row{
		{"of free will", asked, operator, &Withdraw{Reason: "已解决", CheckContactNo: 1}, "withdrawn clock_stopped", ""},
		{"not asked", registered, operator, &Withdraw{Reason: "已解决"}, "", "voluntary_unchecked"},
		{"asked by oneself", own, operator, &Withdraw{Reason: "已解决", CheckContactNo: 1}, "", "voluntary_unchecked"},
		{"wrong contact", asked, operator, &Withdraw{Reason: "已解决", CheckContactNo: 2}, "", "voluntary_unchecked"},
		{"no reason", asked, operator, &Withdraw{CheckContactNo: 1}, "", "text_missing"},
		{"others go on", two, operator, &Withdraw{Reason: "x", CheckContactNo: 2}, "", "others_go_on"},
		{"partly paid", setup(func(d *desk) {
			assigned(d)
			d.do(handler, &AddClaimants{Claimants: people(1)}, verify(1, 5000), pay(1, 100))
		}).then(shift, check), operator, &Withdraw{Reason: "x", CheckContactNo: 2}, "", "partly_paid"},

		{"into another", registered, dispatcher, merge, "merged clock_stopped clock_stopped", ""},
		{"into itself", registered, dispatcher, &Merge{IntoID: id("t"), IntoNo: "晋工诉〔2026〕12号", Reason: "x"}, "", "same_complaint"},
		{"into nothing", registered, dispatcher, &Merge{IntoNo: "3号", Reason: "x"}, "", "other_missing"},
		{"after a payment", paid, dispatcher, &Merge{IntoID: id("target"), IntoNo: "3号", Reason: "x"}, "", "merge_paid"},
		{"merged is read-only", merged, dispatcher, &AddNote{Visibility: VisibleInternal, Text: "x"}, "", "merged"},
	})
}

// TestMergeKeepsBothHistories: the source keeps its events and its ledger, the
// target gets the lines with where they come from, and who is there already
// stays as is.
func TestMergeKeepsBothHistories(t *testing.T) {
	t.Parallel()
	source, target := newDesk(t), newDesk(t)
	claimed(source)
	target.do(operator, register(func(c *Register) { c.No = "3号" }))
	target.do(operator, &AddClaimants{Claimants: []NewClaimant{{PersonID: id("person 1"), Items: wage(77)}}})
	before := slices.Clone(source.trace)
	source.do(dispatcher, &Merge{IntoID: id("target"), IntoNo: "3号", Reason: "同一事由"})
	target.do(dispatcher, source.s.TakeOver(id("source")))
	if len(source.s.Active()) != 2 || names(source.trace[:len(before)]) != names(before) {
		t.Error("the source lost its history")
	}
	lines := target.s.Active()
	if len(lines) != 2 || lines[0].OwedFen() != 77 || lines[1].PersonID != id("person 2") {
		t.Fatalf("lines of the target: %+v", lines)
	}
	ev := target.trace[len(target.trace)-1].(ClaimantAdded)
	if want := (MovedFrom{ComplaintID: id("source"), ComplaintNo: source.s.No, ClaimantNo: 2}); *ev.MovedFrom != want {
		t.Errorf("moved from %+v, want %+v", *ev.MovedFrom, want)
	}
	target.do(dispatcher, source.s.TakeOver(id("source"))) // again: nothing new
	if n := len(target.s.Active()); n != 2 {
		t.Errorf("taken over twice: %d lines", n)
	}
}

// TestUnreached: three attempts on two days count as a call-back, not fewer.
func TestUnreached(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proposed(d)
	d.do(operator2, answer(1, 5000))
	for range 3 {
		d.do(operator2, &Callback{ClaimantNo: 2})
	}
	d.no(reviewer, "callback_missing", &ApproveClosure{})
	d.pass(1)
	d.do(operator2, &Callback{ClaimantNo: 2})
	d.do(reviewer, &ApproveClosure{})
}

// TestReturnedProposalIsCalledAnew: what blocked has to be asked again, what was
// confirmed and did not change stays confirmed.
func TestReturnedProposalIsCalledAnew(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	proposed(d)
	d.do(operator2, answer(1, 5000), answer(2, 3000))
	d.no(reviewer, "callback_blocks", &ApproveClosure{})
	d.do(reviewer, &ReturnClosure{Reason: "核实第2号"})
	d.do(handler, &ProposeClosure{Conclusion: ConcludePaid, Narrative: "已核实,确已到账"})
	d.no(operator2, "already_called", answer(1, 5000))
	d.no(reviewer, "callback_missing", &ApproveClosure{})
	d.do(operator2, answer(2, 4000))
	d.do(reviewer, &ApproveClosure{})
	d.do(operator, &Reopen{Reason: "又拖欠", ByWorker: true})
	d.do(handler, &ProposeClosure{Conclusion: ConcludePaid, Narrative: "已付清"})
	d.do(operator2, answer(1, 5000)) // everyone anew after reopening
}

func TestCallbackSample(t *testing.T) {
	t.Parallel()
	upTo := func(n int) []int {
		nos := make([]int, n)
		for i := range nos {
			nos[i] = i + 1
		}
		return nos
	}
	for n, want := range map[int]int{0: 0, 1: 1, 10: 10, 11: 10, 100: 10, 101: 11, 109: 11, 250: 25} {
		got := CallbackSample("seed", upTo(n), 10, 10)
		if len(got) != want || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != want {
			t.Errorf("of %d claimants %v are drawn, want %d", n, got, want)
		}
	}
	if slices.Equal(CallbackSample("a", upTo(200), 10, 10), CallbackSample("b", upTo(200), 10, 10)) {
		t.Error("two seeds draw the same people")
	}
	if got, want := fmt.Sprint(CallbackSample("晋工诉〔2026〕12号/1/2026-03-02T01:00:00Z", upTo(30), 10, 10)), "[1 2 6 7 12 17 18 23 25 27]"; got != want {
		t.Errorf("the draw changed: %s, want %s", got, want)
	}
}

// TestRestrictedCase: the accused unit and other roles do not even learn that
// the case exists; discipline sees it.
func TestRestrictedCase(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do(operator, register(func(c *Register) { c.Category, c.AccusedOrg = CategoryUnionStaff, "jc-yc" }))
	d.no(otherHead, "not_visible", &Accept{HandlingOrg: "jc-yc", TimeClass: ClassGeneral})
	d.no(operator, "not_visible", &AddNote{Visibility: VisibleInternal, Text: "x"})
	d.do(dispatcher, &Accept{HandlingOrg: "jc-gp", TimeClass: ClassGeneral})
	if d.s.HiddenFrom(domain.Actor{ID: "x", Org: "jc", Role: domain.RoleDiscipline}) || d.s.HiddenFrom(machine) {
		t.Error("hidden from discipline or from the system")
	}
	for _, a := range Available(d.s, otherHead, d.r, d.now) {
		if a.Allowed || a.Code != "not_visible" {
			t.Errorf("%s: allowed %v, %s", a.Name, a.Allowed, a.Code)
		}
	}
}

// TestTick walks a forgotten case through its escalation, once per step.
func TestTick(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	assigned(d) // handle: 15 working days from Monday 2 March, until Monday 23 March
	steps := map[string]string{}
	for range 60 {
		d.now = d.now.Add(12 * time.Hour)
		for _, ev := range d.do(machine, &Tick{}) {
			if e, ok := ev.(Escalated); ok {
				steps[string(e.Step)] += fmt.Sprintf("%s %s %v;", domain.DateOf(d.now), e.Level, e.To)
			} else {
				steps[ev.EventType()] += domain.DateOf(d.now).String() + ";"
			}
		}
	}
	want := map[string]string{
		"t-3wd":                    "2026-03-19 yellow [handler];",
		"t-1wd":                    "2026-03-21 orange [handler org_head];",
		"due":                      "2026-03-24 red [org_head];",
		"complaint.clock_breached": "2026-03-24;",
		"t+5wd":                    "2026-03-31 red [approver discipline];",
	}
	for k, w := range want {
		if steps[k] != w {
			t.Errorf("%s: %q, want %q", k, steps[k], w)
		}
	}
	if len(steps) != len(want) {
		t.Errorf("steps %v", steps)
	}
}

// TestTickLate: after a stop of the service only the newest step is told.
func TestTickLate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	assigned(d)
	d.pass(60)
	if got := names(d.do(machine, &Tick{})); got != "clock_breached escalated" {
		t.Errorf("a late tick gives %q", got)
	}
	if d.s.Escalated[ClockHandle].Step != "t+10wd" {
		t.Errorf("told: %+v", d.s.Escalated)
	}
	if got := d.do(machine, &Tick{}); len(got) != 0 {
		t.Errorf("the next tick gives %s", names(got))
	}
}

// TestLimitationAlerts: 90, 30 and 7 days before, each once.
func TestLimitationAlerts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do(operator, register(func(c *Register) {
		c.Reporter, c.Claim.From, c.Claim.To = Reporter{}, domain.Date{}, date("2024-06-10") // inspection until 2026-06-10
	}))
	var got []string
	for range 120 {
		d.pass(1)
		for _, ev := range d.do(machine, &Tick{}) {
			if n, ok := ev.(LimitationNear); ok {
				got = append(got, fmt.Sprintf("%s %d %d", domain.DateOf(d.now), n.Days, n.DaysLeft))
			}
		}
	}
	if want := "[2026-03-12 90 90 2026-05-11 30 30 2026-06-03 7 7]"; fmt.Sprint(got) != want {
		t.Errorf("alerts %v, want %s", got, want)
	}
}

// TestRecompute: the notice of a year moves a provisional date.
func TestRecompute(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.now = time.Date(2026, 12, 21, 1, 0, 0, 0, time.UTC)
	assigned(d)
	before := d.s.Clock(ClockHandle)
	if !before.Provisional {
		t.Fatalf("a date in 2027 is not provisional: %+v", before)
	}
	notice, _ := cal2026.Notice(2026)
	notice.Year, notice.Revision, notice.Off, notice.Work, notice.Statutory = 2027, 0, nil, []domain.Date{date("2027-01-03")}, nil
	d.r.Calendar = cal2026.With(notice)
	d.d = NewDecider(d.r)
	if got := names(d.do(machine, &RecomputeClocks{Why: "2027年放假通知"})); got != "clock_recomputed" {
		t.Errorf("recomputing gives %q", got)
	}
	if after := d.s.Clock(ClockHandle); after.Provisional || !after.DueAt.Before(before.DueAt) {
		t.Errorf("due %v, provisional %v; before %v", after.DueAt, after.Provisional, before.DueAt)
	}
}

// TestClassChangeKeepsConsumed: pause, change of class, resumption: what was used
// up stays used up.
func TestClassChangeKeepsConsumed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	assigned(d)
	d.pass(7) // five working days
	d.do(handler, &PauseClock{Clock: ClockHandle, Reason: PauseProcedure})
	d.pass(14)
	d.do(reviewer, &Reclassify{TimeClass: ClassDifficult, Reason: "多层分包"})
	d.do(handler, &ResumeClock{Clock: ClockHandle})
	c := d.s.Clock(ClockHandle)
	if c.Consumed != 5 || c.Length.String() != "30wd" || c.Left(d.now, cal2026) != 25 {
		t.Errorf("consumed %d of %s, %d left", c.Consumed, c.Length, c.Left(d.now, cal2026))
	}
}

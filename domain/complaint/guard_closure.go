package complaint

import (
	"slices"
	"time"

	"hearth/domain"
	"hearth/domain/calendar"
)

// guardClosable is what must be true of the case itself before it can close:
// an outcome for everyone (C2), nothing pending outside (C3), the leader told of
// a collective case (C5), the crime hint answered (C9).
func guardClosable(g gate) error { return all(closable...)(g) }

// closable is never changed.
var closable = []guard{guardOutcomes, guardPaidInFull, guardNothingPending, guardClocks, guardLeaderTold, guardCrimeAnswered}

func guardLeaderTold(g gate) error {
	if g.s.Collective(g.r) && !g.s.LeaderNotified {
		return domain.Reject("leader_not_notified", "本案涉及%d人,属集体案件,须先报告分管领导并登记,才能结案。", g.s.Persons())
	}
	return nil
}

func guardCrimeAnswered(g gate) error {
	if g.s.Crime == TrackOpen {
		return domain.Reject("crime_hint_open", "本案金额已达涉嫌拒不支付劳动报酬罪的提示标准,请先移送,或写明不移送的理由。")
	}
	return nil
}

func guardOutcomes(g gate) error {
	var none []int
	for _, c := range g.s.Active() {
		if c.Outcome == "" {
			none = append(none, c.No)
		}
	}
	if len(none) > 0 {
		return domain.Reject("outcome_missing", "%s诉求人还没有逐人结论,不能结案。请逐人写明结论和依据。", numbers(none))
	}
	return nil
}

func guardPaidInFull(g gate) error {
	var short []int
	for _, c := range g.s.Active() {
		if c.Outcome == OutcomePaid && !c.Settled() {
			short = append(short, c.No)
		}
	}
	if len(short) > 0 {
		return domain.Reject("paid_short", "%s诉求人结论为“已付清”,但到账少于核定金额。请补登到账,或改写结论并说明原因。", numbers(short))
	}
	return nil
}

func guardNothingPending(g gate) error {
	for _, d := range g.s.Documents {
		if d.Awaits() {
			return domain.Reject("document_awaiting", "%s(%s)还在等待答复,不能结案。请登记答复,或登记逾期未复。", d.Kind.Label(), d.No)
		}
	}
	for _, r := range g.s.Referrals {
		if !r.Receipted {
			return domain.Reject("referral_awaiting", "移送%s的材料还没有回执,不能结案。请催要并登记回执。", r.Agency.Label())
		}
	}
	return nil
}

// guardClocks: every clock is met, or its lateness is explained (C3). The handle
// clock itself ends with the closing, so it only must not stand still or be late
// without a reason.
func guardClocks(g gate) error {
	for _, k := range clockKinds.All() {
		c := g.s.Clock(k)
		switch c.Status() {
		case calendar.StatusPaused:
			return domain.Reject("clock_paused", "%s还在暂停中,请先恢复计时,再办理结案。", k.Label())
		case calendar.StatusRunning:
			if !endsWithCase(k) && !c.Overdue(g.now) {
				return domain.Reject("clock_running", "%s对应的事项还没有完成(%s到期),请先完成再结案。", k.Label(), dateText(c.DueAt))
			}
		}
	}
	if late := g.s.unexplained(g.now); len(late) > 0 {
		return domain.Reject("overdue_unexplained", "%s已逾期,请先填写逾期说明,再办理结案。", clockLabels(late))
	}
	return nil
}

// endsWithCase are the clocks that end with the closing, not before it.
func endsWithCase(k ClockKind) bool {
	return k == ClockHandle || k == ClockCallback || k == ClockClosureReview
}

func dateText(t time.Time) string { return domain.DateOf(t).String() }

// guardCaller keeps those who worked on the case from calling back (C6).
func guardCaller(g gate) error {
	if len(g.s.Proposal.Sample) == 0 {
		return domain.Reject("no_callback", "本案没有需要回访的人。")
	}
	if g.s.Assigned(g.actor.ID) || g.s.verifiedBy(g.actor.ID) || g.actor.ID == g.s.Proposal.By {
		return domain.Reject("caller_is_handler", "您参与了本案办理,回访须由未参与办理的人进行,请转给其他接线员。")
	}
	return nil
}

// verifiedBy reports whether the user was second verifier of any claim.
func (s State) verifiedBy(user string) bool {
	return slices.ContainsFunc(s.Claimants, func(c Claimant) bool { return c.Verifier2 != "" && c.Verifier2 == user })
}

// guardReviewer keeps those who worked on the case from approving it (C6).
func guardReviewer(g gate) error {
	switch {
	case g.s.Assigned(g.actor.ID), g.actor.ID == g.s.Proposal.By:
		return domain.Reject("reviewer_is_handler", "您是本案经办人或协办人,不能审批本案,请转给其他审核人。")
	case g.s.verifiedBy(g.actor.ID):
		return domain.Reject("reviewer_is_verifier", "您复核过本案金额,不能再审批结案,请转给其他审核人。")
	case slices.Contains(g.s.Callers, g.actor.ID):
		return domain.Reject("reviewer_is_caller", "您做过本案回访,不能再审批结案,请转给其他审核人。")
	}
	return nil
}

// guardRank sends collective and large cases to the vice-chair.
func guardRank(g gate) error {
	if g.actor.Role == domain.RoleApprover {
		return nil
	}
	if g.s.Collective(g.r) {
		return domain.Reject("approver_needed", "本案涉及%d人,属集体案件,须由审批领导(分管副主席)批准结案。", g.s.Persons())
	}
	t := g.s.Totals()
	if most := max(t.ClaimedFen, t.VerifiedFen, g.s.Claim.OwedFen); most > g.r.ViceChairAbove.Value {
		return domain.Reject("approver_needed", "本案金额%s元,超过%s元,须由审批领导(分管副主席)批准结案。", most, g.r.ViceChairAbove.Value)
	}
	return nil
}

// guardCallbacks is C4: everyone of the sample was called, and nobody said that
// the money is not there.
func guardCallbacks(g gate) error {
	var blocked, missing []int
	for _, no := range g.s.Proposal.Sample {
		c := g.s.callback(no)
		switch {
		case c.Blocks:
			blocked = append(blocked, no)
		case !c.Done(g.r):
			missing = append(missing, no)
		}
	}
	if len(blocked) > 0 {
		return domain.Reject("callback_blocks", "%s诉求人回访时说没有收到或不认可结论,不能结案。请退回经办人核实。", numbers(blocked))
	}
	if len(missing) > 0 {
		if missing[0] == 0 {
			return domain.Reject("callback_missing", "反映人还没有回访。请安排未参与办理的接线员回访;联系不上须在%d天内拨打%d次以上。", g.r.CallbackDays.Value, g.r.CallbackAttempts.Value)
		}
		return domain.Reject("callback_missing", "%s诉求人还没有回访。请安排未参与办理的接线员回访;联系不上须分%d天拨打%d次以上。", numbers(missing), g.r.CallbackDays.Value, g.r.CallbackAttempts.Value)
	}
	return nil
}

// callback is what calling back a claimant, or the reporter as number 0, gave.
func (s State) callback(no int) CallbackState {
	if no == 0 {
		return s.ReporterCallback
	}
	c, _ := s.claimant(no)
	return c.Callback
}

func guardReopen(g gate) error {
	day := domain.DateOf(g.s.ClosedAt).AddDays(g.r.ReopenFreeDays.Value)
	if domain.DateOf(g.now).After(day) && g.actor.Role != domain.RoleReviewer {
		return domain.Reject("reopen_late", "办结已超过%d日(%s止),重启须由审核人决定。", g.r.ReopenFreeDays.Value, day)
	}
	return nil
}

func guardWithdraw(g gate) error {
	active := g.s.Active()
	if len(active) > 1 {
		for _, c := range active {
			if c.Outcome != OutcomeWithdrawn {
				return domain.Reject("others_go_on", "本案有%d名诉求人,并非人人撤回。请对撤回的人写“撤回”的逐人结论,其他人继续办理。", len(active))
			}
		}
	}
	for _, c := range active {
		if c.PaidFen > 0 && !c.Settled() {
			return domain.Reject("partly_paid", "第%d号诉求人已有部分到账,不能按撤回处理,请按结案程序办理。", c.No)
		}
	}
	if !slices.ContainsFunc(g.s.Contacts, func(c Contact) bool { return g.s.voluntary(c, g.actor.ID) }) {
		return domain.Reject("voluntary_unchecked", "撤回前须由另一人联系职工,核实是否自愿并登记(联系目的选“核实自愿撤回”)。")
	}
	return nil
}

// voluntary reports whether the contact shows that a withdrawal is of free will:
// the worker was reached by somebody who neither handles the case nor issues the
// withdrawal (C8).
func (s State) voluntary(c Contact, withdrawer string) bool {
	return c.Purpose == PurposeVoluntary && c.Reached && (c.With == PartyWorker || c.With == PartyRepresentative) &&
		c.By != withdrawer && !s.Assigned(c.By)
}

func guardMerge(g gate) error {
	if g.s.Totals().PaidFen > 0 {
		return domain.Reject("merge_paid", "本案已有到账记录,并案会使款项记录分散,请改用“关联”。")
	}
	return nil
}

package complaint

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"hearth/domain"
	"hearth/domain/calendar"
)

func (c *ReturnClosure) decide(d *decision) error {
	if err := text("退回理由", c.Reason); err != nil {
		return err
	}
	d.add(ClosureReturned{Reason: c.Reason, By: d.actor()})
	d.stop(ClockCallback, "拟结退回")
	d.meet(ClockClosureReview)
	return nil
}

func (c *ApproveClosure) decide(d *decision) error {
	d.approve()
	return nil
}

func (c *Archive) decide(d *decision) error {
	if err := first(retentions.Check(c.Retention), digest("卷宗目录", c.ManifestSHA256)); err != nil {
		return err
	}
	d.add(Archived{Retention: c.Retention, ManifestSHA256: c.ManifestSHA256})
	return nil
}

// decide writes the proposal down with the sample of those to be called back.
// The seed holds the instant of the proposal, so that nobody knows the sample
// before, and everybody can draw it again after.
func (c *ProposeClosure) decide(d *decision) error {
	if err := first(conclusions.Check(c.Conclusion), text("办理情况", c.Narrative), d.fits(c.Conclusion)); err != nil {
		return err
	}
	nth := d.s.Proposal.Nth + 1
	seed := fmt.Sprintf("%s/%d/%s", d.s.No, nth, d.by.At.UTC().Format(time.RFC3339Nano))
	d.add(ClosureProposed{
		Nth: nth, Conclusion: c.Conclusion, Narrative: c.Narrative, Totals: d.s.Totals(), Unpaid: d.s.unpaid(),
		Seed: seed, Sample: d.sample(seed), By: d.actor(),
	})
	if d.callbacksDone() {
		d.start(ClockClosureReview, d.r.ReviewWithin)
		return nil
	}
	d.start(ClockCallback, d.r.CallbackWithin)
	return nil
}

// sample are the claimants to be called back; the reporter, as number 0, of a
// case without claimants; nobody after a mere consultation.
func (d *decision) sample(seed string) []int {
	var nos []int
	for _, c := range d.s.Active() {
		nos = append(nos, c.No)
	}
	if nos == nil && known(d.s.Reporter.PersonID) && d.s.TimeClass != ClassConsultation {
		return []int{0}
	}
	return CallbackSample(seed, nos, d.r.CallbackAll.Value, d.r.CallbackPercent.Value)
}

// CallbackSample draws whom to call back (C4): everybody up to all people, else
// the given percentage, rounded up, but not fewer than all. The order of the draw
// is that of SHA-256(seed/number), so anyone can repeat it.
func CallbackSample(seed string, claimants []int, all, percent int) []int {
	nos := slices.Clone(claimants)
	if len(nos) > all {
		draw := func(no int) string {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", seed, no))
			return string(sum[:])
		}
		slices.SortFunc(nos, func(a, b int) int { return compare(draw(a), draw(b)) })
		nos = nos[:max(all, (len(nos)*percent+99)/100)]
	}
	slices.Sort(nos)
	return nos
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// unpaid lists who was not paid in full, with the reason of the outcome.
func (s State) unpaid() []Unpaid {
	var out []Unpaid
	for _, c := range s.Active() {
		if c.Outcome != OutcomePaid {
			out = append(out, Unpaid{ClaimantNo: c.No, Outcome: c.Outcome, ShortFen: c.ShortFen(), Reason: c.Reason})
		}
	}
	return out
}

func (d *decision) callbacksDone() bool {
	return !slices.ContainsFunc(d.s.Proposal.Sample, func(no int) bool { return !d.s.callback(no).Done(d.r) })
}

// decide writes down one call. Somebody who says that less money came than is
// on record, or who does not agree with the outcome, blocks the closing.
func (c *Callback) decide(d *decision) error {
	if !slices.Contains(d.s.Proposal.Sample, c.ClaimantNo) {
		return domain.Reject("not_in_sample", "第%d号不在本次回访名单中,请按名单回访。", c.ClaimantNo)
	}
	if c.Satisfied < 0 || c.Satisfied > 5 {
		return domain.Reject("bad_score", "满意度请填1至5,不愿评价填0。")
	}
	if d.s.callback(c.ClaimantNo).Answered {
		return domain.Reject("already_called", "第%d号已回访并有答复,不需要再次回访。", c.ClaimantNo)
	}
	ev := CallbackDone{
		ClaimantNo: c.ClaimantNo, Reached: c.Reached, Note: c.Note, RecordingID: c.RecordingID, By: d.actor(), CalledOn: d.today(),
	}
	if err := optionalText("回访记录", c.Note); err != nil {
		return err
	}
	if c.Reached {
		ev.ConfirmedFen, ev.Disputes, ev.Satisfied, ev.ComplaintAboutUs = c.ConfirmedFen, c.Disputes, c.Satisfied, c.ComplaintAboutUs
		line, _ := d.s.claimant(c.ClaimantNo)
		ev.Blocks = c.Disputes || c.ConfirmedFen != nil && *c.ConfirmedFen < line.PaidFen
		if c.ConfirmedFen != nil {
			if err := optionalAmount("职工确认的金额", *c.ConfirmedFen); err != nil {
				return err
			}
		}
		if line.PaidFen > 0 && c.ConfirmedFen == nil {
			return domain.Reject("amount_unasked", "第%d号诉求人有到账记录,请核实并填写其确认收到的金额。", line.No)
		}
	}
	d.add(ev)
	if d.callbacksDone() && d.s.Clock(ClockCallback).Status() != calendar.StatusMet {
		d.meet(ClockCallback)
		d.start(ClockClosureReview, d.r.ReviewWithin)
	}
	return nil
}

func (d *decision) approve() {
	d.add(ClosureApproved{By: d.actor()})
	d.meet(ClockClosureReview)
	d.meet(ClockHandle)
	d.stopAll("案件办结")
	d.add(Closed{Conclusion: d.s.Proposal.Conclusion, Totals: d.s.Totals(), At: d.at()})
}

// decide gives the handler a new limit of the same class.
func (c *Reopen) decide(d *decision) error {
	if err := text("重启理由", c.Reason); err != nil {
		return err
	}
	if !c.ByWorker && d.by.Actor.Role != domain.RoleReviewer {
		return domain.Reject("reviewer_needed", "职工没有要求而重启,须由审核人决定。")
	}
	d.add(Reopened{Nth: d.s.Reopens + 1, Reason: c.Reason, ByWorker: c.ByWorker, By: d.actor()})
	d.start(ClockHandle, d.r.clock(ClockHandle, d.s.TimeClass))
	return nil
}

func (c *Withdraw) decide(d *decision) error {
	if err := text("撤回理由", c.Reason); err != nil {
		return err
	}
	if c.CheckContactNo < 1 || c.CheckContactNo > len(d.s.Contacts) || !d.s.voluntary(d.s.Contacts[c.CheckContactNo-1], d.actor()) {
		return domain.Reject("voluntary_unchecked", "第%d次联系不是由另一人核实自愿撤回的联系,请填写正确的联系序号。", c.CheckContactNo)
	}
	d.add(Withdrawn{Reason: c.Reason, CheckContactNo: c.CheckContactNo})
	d.stopAll("职工撤回")
	return nil
}

func (c *Merge) decide(d *decision) error {
	if err := first(text("并入案件的文号", c.IntoNo), text("并案理由", c.Reason)); err != nil {
		return err
	}
	switch {
	case !known(c.IntoID):
		return domain.Reject("other_missing", "请选择并入哪件投诉。")
	case c.IntoNo == d.s.No:
		return domain.Reject("same_complaint", "不能并入自身,请选择另一件投诉。")
	}
	d.add(Merged{IntoID: c.IntoID, IntoNo: c.IntoNo, Reason: c.Reason})
	d.stopAll("已并案")
	return nil
}

package complaint

import (
	"slices"

	"hearth/domain"
)

func (c *PromisePayment) decide(d *decision) error {
	err := first(partyRoles.Check(c.ByRole), amount("承诺金额", c.PromisedFen), d.futureDate("承诺支付日期", c.DueOn))
	if err != nil {
		return err
	}
	d.add(PaymentPromised{PromiseNo: d.s.Promises + 1, ByRole: c.ByRole, PromisedFen: c.PromisedFen, DueOn: c.DueOn})
	return nil
}

// decide keeps what was paid at or below what was verified, for everyone.
func (c *RecordPayment) decide(d *decision) error {
	nos := make([]int, len(c.Lines))
	for i, l := range c.Lines {
		nos[i] = l.ClaimantNo
	}
	err := first(d.distinct(nos), d.pastDate("到账日期", c.PaidOn), partyRoles.Check(c.PayerRole),
		payMethods.Check(c.Method), proof("登记到账", c.Evidence), d.witnessed(c))
	if err != nil {
		return err
	}
	if c.ClaimantConfirmed {
		if err := contactHows.Check(c.ConfirmedHow); err != nil {
			return err
		}
	}
	for _, l := range c.Lines {
		if err := amount("到账金额", l.PaidFen); err != nil {
			return err
		}
		line, _ := d.s.claimant(l.ClaimantNo)
		switch {
		case !line.Verified:
			return domain.Reject("not_verified", "第%d号诉求人的金额还没有核定,请先核定再登记到账。", line.No)
		case line.PaidFen+l.PaidFen > line.VerifiedFen:
			return domain.Reject("paid_above_verified", "第%d号诉求人核定%s元,已到账%s元,这次%s元会超过核定金额。请核对金额,或先重新核定。",
				line.No, line.VerifiedFen, line.PaidFen, l.PaidFen)
		}
	}
	for _, l := range c.Lines {
		d.add(PaymentRecorded{
			PaymentNo: len(d.s.Payments) + 1, ClaimantNo: l.ClaimantNo, PaidFen: l.PaidFen, PaidOn: c.PaidOn,
			PayerRole: c.PayerRole, PayerEnterpriseID: c.PayerEnterpriseID, Method: c.Method, Evidence: c.Evidence,
			Witnesses: c.Witnesses, ClaimantConfirmed: c.ClaimantConfirmed, ConfirmedHow: c.ConfirmedHow, By: d.actor(),
		})
	}
	return nil
}

// witnessed demands two people who saw cash change hands.
func (d *decision) witnessed(c *RecordPayment) error {
	if c.Method != PayCash {
		return nil
	}
	names := slices.Compact(slices.Sorted(slices.Values(c.Witnesses)))
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	if need := d.r.CashWitnesses.Value; len(names) < need {
		return domain.Reject("witnesses_missing", "现金支付须有%d名不同的见证人,现有%d名,请补充。", need, len(names))
	}
	return nil
}

// decide undoes a payment; who recorded it cannot undo it alone.
func (c *ReversePayment) decide(d *decision) error {
	if c.PaymentNo < 1 || c.PaymentNo > len(d.s.Payments) {
		return domain.Reject("no_such_payment", "没有第%d笔到账,请核对。", c.PaymentNo)
	}
	p := d.s.Payments[c.PaymentNo-1]
	switch {
	case p.Reversed:
		return nil
	case p.By == d.actor():
		return domain.Reject("same_recorder", "第%d笔到账由您本人登记,冲正须由另一人办理,请转给会计或审核人。", c.PaymentNo)
	}
	if err := text("冲正理由", c.Reason); err != nil {
		return err
	}
	d.add(PaymentReversed{PaymentNo: c.PaymentNo, ClaimantNo: p.ClaimantNo, ReversedFen: p.PaidFen, Reason: c.Reason})
	return nil
}

func (c *LinkAdvance) decide(d *decision) error {
	if !known(c.ReliefID) {
		return domain.Reject("relief_missing", "请选择垫付所在的帮扶申请。")
	}
	line, err := d.line(c.ClaimantNo)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(d.s.Advances, func(a Advance) bool { return a.ReliefID == c.ReliefID && a.ClaimantNo == c.ClaimantNo }) {
		return nil
	}
	if err := amount("垫付金额", c.AdvancedFen); err != nil {
		return err
	}
	if owes := max(line.OwedFen(), line.VerifiedFen); c.AdvancedFen > owes {
		return domain.Reject("advance_above_owed", "第%d号诉求人被欠%s元,垫付%s元超过欠薪,请核对。", line.No, owes, c.AdvancedFen)
	}
	d.add(AdvanceLinked{ReliefID: c.ReliefID, ClaimantNo: c.ClaimantNo, AdvancedFen: c.AdvancedFen})
	return nil
}

func (c *OpenRecourse) decide(d *decision) error {
	if !known(c.EnterpriseID) {
		return domain.Reject("respondent_missing", "请选择被追偿的企业。")
	}
	if err := amount("追偿金额", c.RecourseFen); err != nil {
		return err
	}
	var advanced, claimed domain.Fen
	for _, a := range d.s.Advances {
		advanced += a.AdvancedFen
	}
	for _, r := range d.s.Recourses {
		claimed += r.RecourseFen
	}
	if claimed+c.RecourseFen > advanced {
		return domain.Reject("recourse_above_advance", "垫付共%s元,已追偿%s元,这次%s元会超过垫付,请核对。", advanced, claimed, c.RecourseFen)
	}
	d.add(RecourseOpened{RecourseNo: len(d.s.Recourses) + 1, EnterpriseID: c.EnterpriseID, RecourseFen: c.RecourseFen})
	return nil
}

func (c *RecoverRecourse) decide(d *decision) error {
	if c.RecourseNo < 1 || c.RecourseNo > len(d.s.Recourses) {
		return domain.Reject("no_recourse", "没有第%d次追偿,请核对。", c.RecourseNo)
	}
	if err := first(amount("追回金额", c.RecoveredFen), d.pastDate("追回日期", c.RecoveredOn)); err != nil {
		return err
	}
	r := d.s.Recourses[c.RecourseNo-1]
	if r.RecoveredFen+c.RecoveredFen > r.RecourseFen {
		return domain.Reject("recovered_above_recourse", "第%d次追偿%s元,已追回%s元,这次%s元会超过追偿金额,请核对。",
			c.RecourseNo, r.RecourseFen, r.RecoveredFen, c.RecoveredFen)
	}
	d.add(RecourseRecovered{RecourseNo: c.RecourseNo, RecoveredFen: c.RecoveredFen, RecoveredOn: c.RecoveredOn})
	return nil
}

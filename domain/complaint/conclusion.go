package complaint

import (
	"slices"

	"hearth/domain"
)

// fits says why a conclusion does not agree with the ledger and the tracks: a
// conclusion is a statement of fact, not a choice.
func (d *decision) fits(c Conclusion) error {
	s := d.s
	t := s.Totals()
	no := func(format string, args ...any) error {
		return domain.Reject("conclusion_mismatch", "结论“%s”与案情不符:"+format, append([]any{c.Label()}, args...)...)
	}
	switch c {
	case ConcludePaid:
		if t.Persons == 0 || t.PersonsPaid < t.Persons {
			return no("台账%d人,付清%d人。请选择其他结论,或补登到账。", t.Persons, t.PersonsPaid)
		}
	case ConcludeInstalments:
		if !s.Instalments {
			return no("没有登记分期协议。请先登记调解协议和分期。")
		}
	case ConcludeSettled:
		if !s.hasOutcome(OutcomeWaived) {
			return no("没有人书面放弃余额。请核对逐人结论。")
		}
	case ConcludeLabour:
		if !s.hasProcedure(ProcedureLabour) && !s.hasReferral(AgencyLabour) {
			return no("没有登记劳动监察立案或对方接收的移送。请先登记。")
		}
	case ConcludeInProcedure:
		if !s.hasProcedure(ProcedureArbitration, ProcedureLitigation, ProcedurePaymentOrder) {
			return no("没有登记仲裁、诉讼或支付令。请先登记进入程序。")
		}
	case ConcludePolice:
		if !s.hasProcedure(ProcedurePolice) && !s.hasReferral(AgencyPolice) {
			return no("没有登记公安接收的移送。请先登记移送和回执。")
		}
	case ConcludeUnfounded:
		if t.VerifiedFen > 0 {
			return no("台账核定欠薪%s元。请选择其他结论,或重新核定。", t.VerifiedFen)
		}
	case ConcludeNotWages, ConcludeNoAuthority:
		if !s.hasReferral() {
			return no("没有登记主管部门接收的移送。请先登记移送和回执。")
		}
	case ConcludeUnreachable:
		if !s.hasOutcome(OutcomeUnreachable) && !s.hasOutcome(OutcomeWithdrawn) && t.Persons > 0 {
			return no("没有诉求人失联或撤回。请核对逐人结论。")
		}
	case ConcludeDuplicate:
		return no("重复件请用“并案”办理,不用拟结。")
	case ConcludeConsultation:
		if t.Persons > 0 {
			return no("台账有%d名诉求人,不是咨询件。请选择其他结论。", t.Persons)
		}
	}
	return nil
}

func (s State) hasOutcome(o Outcome) bool {
	return slices.ContainsFunc(s.Active(), func(c Claimant) bool { return c.Outcome == o })
}

func (s State) hasProcedure(kinds ...ProcedureKind) bool {
	return slices.ContainsFunc(s.Procedures, func(p Procedure) bool { return slices.Contains(kinds, p.Kind) })
}

// hasReferral looks for a referral that was accepted, to one of the agencies or
// to any when none is named.
func (s State) hasReferral(to ...Agency) bool {
	return slices.ContainsFunc(s.Referrals, func(r Referral) bool {
		return r.Accepted && (len(to) == 0 || slices.Contains(to, r.Agency))
	})
}

package timeline

import (
	"fmt"
	"strings"

	"hearth/domain"
	"hearth/domain/complaint"
)

func clockName(kind string) string { return complaint.ClockKind(kind).Label() }

func clockLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.ClockStarted:
		return line(Clock, "%s开始计时(%s),%s到期%s%s。", clockName(ev.Clock), ev.Length.Text(), moment(ev.DueAt),
			yesNo(ev.Provisional, "(暂定,待放假通知公布后重算)", ""), optional(",依据%s", ev.Basis))
	case complaint.ClockPaused:
		return line(Clock, "%s暂停,原因:%s,已用%d个计时单位。", clockName(ev.Clock), ev.Reason.Label(), ev.Consumed).with(ev.Note)
	case complaint.ClockResumed:
		return line(Clock, "%s恢复计时,%s到期。", clockName(ev.Clock), moment(ev.DueAt))
	case complaint.ClockExtended:
		return line(Clock, "%s批准%s延长%s,%s到期。", user(ev.By), clockName(ev.Clock), ev.Added.Text(), moment(ev.DueAt)).with(ev.Reason)
	case complaint.ClockChanged:
		return line(Clock, "%s调整为%s,%s到期。", clockName(ev.Clock), ev.Length.Text(), moment(ev.DueAt))
	case complaint.ClockRecomputed:
		return line(Clock, "%s由%s重算为%s:%s。", clockName(ev.Clock), moment(ev.OldDueAt), moment(ev.DueAt), ev.Why)
	case complaint.ClockMet:
		return line(Clock, "%s完成%s。", clockName(ev.Clock), yesNo(ev.OverBy > 0, fmt.Sprintf(",超期%d个工作日", ev.OverBy), ",未超期"))
	case complaint.ClockBreached:
		return line(Clock, "%s已超期。", clockName(ev.Clock))
	case complaint.ClockStopped:
		return line(Clock, "%s终止:%s。", clockName(ev.Clock), ev.Why)
	case complaint.OverdueExplained:
		return line(Clock, "%s说明%s的超期原因:%s。", user(ev.By), clockName(string(ev.Clock)), ev.Reason.Label()).with(ev.Note)
	case complaint.Escalated:
		return line(Clock, "%s:%s,升级为%s,通知%s。", clockName(string(ev.Clock)), complaint.EscalationSteps().Label(ev.Step), ev.Level.Label(), roles(ev.To))
	case complaint.SupervisionOrdered:
		return line(Clock, "%s督办,要求%s前完成。", user(ev.By), ev.DueOn).with(ev.Demand)
	case complaint.LimitationNear:
		return line(Clock, "%s将于%s届满,还有%d天。", ev.Kind.Label(), ev.Until, ev.DaysLeft)
	default:
		return Line{}
	}
}

func closureLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.ClosureProposed:
		return line(Closure, "%s拟以“%s”结案,%s;回访抽样%s。", user(ev.By), ev.Conclusion.Label(), totals(ev.Totals),
			yesNo(len(ev.Sample) > 0, numbers(ev.Sample), "无")).with(ev.Narrative + unpaid(ev.Unpaid))
	case complaint.ClosureReturned:
		return line(Closure, "%s退回拟结。", user(ev.By)).with(ev.Reason)
	case complaint.ClosureApproved:
		return line(Closure, "%s批准结案。", user(ev.By))
	case complaint.Closed:
		return line(Closure, "办结,结论“%s”,%s。", ev.Conclusion.Label(), totals(ev.Totals))
	case complaint.Reopened:
		return line(Closure, "第%d次重启办理(%s)。", ev.Nth, yesNo(ev.ByWorker, "诉求人要求", "单位决定")).with(ev.Reason)
	case complaint.Withdrawn:
		return line(Closure, "诉求人撤回,自愿性由第%d次联系核实。", ev.CheckContactNo).with(ev.Reason)
	case complaint.Merged:
		return line(Closure, "并入%s。", ev.IntoNo).with(ev.Reason)
	case complaint.Archived:
		return line(Closure, "归档,保管期限%s。", ev.Retention.Label())
	default:
		return Line{}
	}
}

func totals(t complaint.Totals) string {
	return fmt.Sprintf("%d人中%d人已清偿,主张%s、核定%s、到账%s", t.Persons, t.PersonsPaid, yuan(t.ClaimedFen), yuan(t.VerifiedFen), yuan(t.PaidFen))
}

// unpaid is why claimants were not paid in full, a line for each.
func unpaid(list []complaint.Unpaid) string {
	var b strings.Builder
	for _, u := range list {
		fmt.Fprintf(&b, "\n%d号未清偿%s(%s)%s", u.ClaimantNo, yuan(u.ShortFen), u.Outcome.Label(), optional(":%s", u.Reason))
	}
	return b.String()
}

func roles(list []domain.Role) string { return labels(list) }

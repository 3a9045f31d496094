package timeline

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
)

// complaintLine is the sentence of every event of a complaint.
func complaintLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.Registered, complaint.DuplicateHinted, complaint.DuplicateDismissed, complaint.RespondentIdentified,
		complaint.SupplementRequested, complaint.SupplementReceived, complaint.Accepted, complaint.NotAccepted,
		complaint.TransferredOut, complaint.Reclassified, complaint.Linked:
		return intakeLine(ev)
	case complaint.DispatchIssued, complaint.DispatchSigned, complaint.DispatchReturned, complaint.DispatchRuled,
		complaint.HandlerAssigned, complaint.HandlerRecused:
		return dispatchLine(ev)
	case complaint.ContactAttempted, complaint.CallbackPromised, complaint.NoteAdded, complaint.AttachmentAdded, complaint.CallbackDone:
		return contactLine(ev)
	case complaint.ClaimantAdded, complaint.ClaimantsImported, complaint.ClaimantImportCompleted, complaint.ClaimantRemoved,
		complaint.RepresentativesElected, complaint.VerificationProposed, complaint.ClaimVerified, complaint.ClaimDisputed,
		complaint.ClaimOutcomeSet, complaint.LiablePartyNamed, complaint.LiablePartyDropped:
		return claimsLine(ev)
	case complaint.NegotiationHeld, complaint.AgreementSigned, complaint.MediationFailed, complaint.ProcedureStarted,
		complaint.ProcedureConcluded, complaint.DocumentIssued, complaint.DocumentAnswered, complaint.ReferralSent, complaint.ReferralReceipted:
		return procedureLine(ev)
	case complaint.PaymentPromised, complaint.PaymentRecorded, complaint.PaymentReversed, complaint.AdvanceLinked,
		complaint.RecourseOpened, complaint.RecourseRecovered:
		return moneyLine(ev)
	case complaint.ClockStarted, complaint.ClockPaused, complaint.ClockResumed, complaint.ClockExtended, complaint.ClockChanged,
		complaint.ClockRecomputed, complaint.ClockMet, complaint.ClockBreached, complaint.ClockStopped, complaint.OverdueExplained,
		complaint.Escalated, complaint.SupervisionOrdered, complaint.LimitationNear:
		return clockLine(ev)
	case complaint.RiskRaised, complaint.RiskLowered, complaint.LeaderNotified, complaint.CrimeHintRaised,
		complaint.CrimeHintAnswered, complaint.AccessRestricted:
		return riskLine(ev)
	case complaint.ClosureProposed, complaint.ClosureReturned, complaint.ClosureApproved, complaint.Closed, complaint.Reopened,
		complaint.Withdrawn, complaint.Merged, complaint.Archived:
		return closureLine(ev)
	}
	return Line{}
}

func intakeLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.Registered:
		return line(Intake, "登记%s投诉%s,渠道%s,地区%s,涉及%d人%s%s。", ev.Category.Label(), ev.No, ev.Channel.Label(), org(ev.Area),
			ev.Claim.Persons, yesNo(ev.Claim.OwedFen > 0, ",自述金额"+yuan(ev.Claim.OwedFen), ""),
			optional(",被反映单位“%s”", ev.Employer.Text)).with(ev.Summary)
	case complaint.DuplicateHinted:
		return line(Intake, "系统提示与%s疑似重复(相似度%d%%,依据:%s)。", ev.OtherNo, ev.ScorePercent, labels(ev.Keys))
	case complaint.DuplicateDismissed:
		return line(Intake, "%s核对后排除与%s重复。", user(ev.By), ev.OtherNo).with(ev.Reason)
	case complaint.RespondentIdentified:
		return line(Intake, "认定被诉主体:%s。", enterpriseMark(ev.EnterpriseID))
	case complaint.SupplementRequested:
		return line(Intake, "要求在%s前补正。", ev.DueOn).with(strings.Join(ev.Items, "、"))
	case complaint.SupplementReceived:
		return line(Intake, "收到补正。").with(strings.Join(ev.Items, "、"))
	case complaint.Accepted:
		return line(Intake, "受理,承办单位%s,类别“%s”,按“%s”办理%s。", org(ev.HandlingOrg), ev.Category.Label(), ev.TimeClass.Label(),
			optional(",依据:%s", ev.Basis))
	case complaint.NotAccepted:
		return line(Intake, "不予受理(%s),已告知可向%s反映%s。", ev.Reason.Label(), ev.RedirectTo, optional(",通知书%s", ev.NoticeNo))
	case complaint.TransferredOut:
		return line(Intake, "转出至%s%s%s。", ev.To.Label(), optional("(%s)", ev.Body), optional(",对方编号%s", ev.TheirNo)).with(ev.Reason)
	case complaint.Reclassified:
		return line(Intake, "%s将办理类别改为“%s”。", user(ev.By), ev.TimeClass.Label()).with(ev.Reason)
	case complaint.Linked:
		return line(Intake, "与%s关联(%s)。", ev.OtherNo, ev.Relation.Label())
	default:
		return Line{}
	}
}

func dispatchLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.DispatchIssued:
		return line(Dispatch, "交办给%s,按“%s”办理。", org(ev.ToOrg), ev.TimeClass.Label())
	case complaint.DispatchSigned:
		return line(Dispatch, "%s签收。", user(ev.By))
	case complaint.DispatchReturned:
		return line(Dispatch, "第%d次退单,原因:%s。", ev.Nth, ev.Reason.Label()).with(ev.Note)
	case complaint.DispatchRuled:
		return line(Dispatch, "%s裁定由%s办理。", user(ev.By), org(ev.FinalOrg)).with(ev.Reason)
	case complaint.HandlerAssigned:
		var co mark
		if ev.CoHandler != "" {
			co = ",协办人" + user(ev.CoHandler)
		}
		return line(Dispatch, "指派%s经办%s%s。", user(ev.Handler), co, yesNo(ev.SiteWork, ",须到现场", ""))
	case complaint.HandlerRecused:
		var next mark
		if ev.ReplacedBy != "" {
			next = ",由" + user(ev.ReplacedBy) + "接办"
		}
		return line(Dispatch, "%s因“%s”回避%s。", user(ev.User), ev.Relation.Label(), next)
	default:
		return Line{}
	}
}

func contactLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.ContactAttempted:
		return line(Contact, "%s%s联系%s(%s),%s。", user(ev.By), ev.How.Label(), ev.With.Label(), ev.Purpose.Label(),
			yesNo(ev.Reached, "已联系上", "未联系上")).with(ev.Gist)
	case complaint.CallbackPromised:
		return line(Contact, "%s承诺在%s前回电。", user(ev.By), moment(ev.DueAt)).with(ev.About)
	case complaint.NoteAdded:
		return line(Contact, "写下办理记录(%s)。", ev.Visibility.Label()).with(ev.Text)
	case complaint.AttachmentAdded:
		return line(Contact, "添加附件:%s。", ev.Kind.Label())
	case complaint.CallbackDone:
		return callbackLine(ev)
	default:
		return Line{}
	}
}

func callbackLine(ev complaint.CallbackDone) Line {
	who := "反映人"
	if ev.ClaimantNo > 0 {
		who = fmt.Sprintf("%d号诉求人", ev.ClaimantNo)
	}
	if !ev.Reached {
		return line(Contact, "%s回访%s,未联系上。", user(ev.By), who).with(ev.Note)
	}
	confirmed := ""
	if ev.ConfirmedFen != nil {
		confirmed = ",本人确认收到" + yuan(*ev.ConfirmedFen)
	}
	return line(Contact, "%s回访%s%s%s%s%s%s。", user(ev.By), who, confirmed, count(",满意度%d分", ev.Satisfied),
		yesNo(ev.Disputes, ",对结果有异议", ""), yesNo(ev.ComplaintAboutUs, ",反映办理作风问题", ""),
		yesNo(ev.Blocks, ",暂不能结案", "")).with(ev.Note)
}

func claimsLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.ClaimantAdded:
		moved := ""
		if ev.MovedFrom != nil {
			moved = fmt.Sprintf("(由%s的%d号并入)", ev.MovedFrom.ComplaintNo, ev.MovedFrom.ClaimantNo)
		}
		owed := complaint.NewClaimant{Items: ev.Items}.OwedFen()
		return line(Claims, "增加%d号诉求人%s%s,主张%s%s。", ev.ClaimantNo, personMark(ev.PersonID), moved, yuan(owed), evidence(ev.Evidence))
	case complaint.ClaimantsImported:
		return line(Claims, "导入花名册第%d/%d批,%d名诉求人,编号从%d起。", ev.Chunk, ev.Chunks, len(ev.Rows), ev.FirstNo)
	case complaint.ClaimantImportCompleted:
		return line(Claims, "花名册导入完成,共%d名诉求人。", ev.Rows)
	case complaint.ClaimantRemoved:
		return line(Claims, "移除%d号诉求人。", ev.ClaimantNo).with(ev.Reason)
	case complaint.RepresentativesElected:
		return line(Claims, "推选%s诉求人为代表。", numbers(ev.ClaimantNos))
	case complaint.VerificationProposed:
		return line(Claims, "%s初核%d号诉求人应得%s(%s)%s,待第二人复核。", user(ev.Verifier1), ev.ClaimantNo,
			yuan(ev.ProposedFen), ev.Method.Label(), evidence(ev.Evidence))
	case complaint.ClaimVerified:
		var second mark
		if ev.Verifier2 != "" {
			second = "、" + user(ev.Verifier2)
		}
		return line(Claims, "核定%d号诉求人应得%s(%s)%s,核定人%s%s。", ev.ClaimantNo, yuan(ev.VerifiedFen), ev.Method.Label(),
			evidence(ev.Evidence), user(ev.Verifier1), second)
	case complaint.ClaimDisputed:
		return line(Claims, "%s对%d号诉求有争议,认可%s。", ev.By.Label(), ev.ClaimantNo, yuan(ev.AdmittedFen)).with(ev.Position)
	case complaint.ClaimOutcomeSet:
		return line(Claims, "%d号诉求人结论:%s%s。", ev.ClaimantNo, ev.Outcome.Label(), evidence(ev.Evidence)).with(ev.Reason)
	case complaint.LiablePartyNamed:
		limit := ""
		if ev.CapFen != nil {
			limit = ",以" + yuan(*ev.CapFen) + "为限"
		}
		return line(Claims, "列明责任主体:%s(%s),依据%s%s。", enterpriseMark(ev.EnterpriseID), ev.Role.Label(), ev.BasisArticle, limit)
	case complaint.LiablePartyDropped:
		return line(Claims, "撤销责任主体%s(%s)。", enterpriseMark(ev.EnterpriseID), ev.Role.Label()).with(ev.Reason)
	default:
		return Line{}
	}
}

func procedureLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.NegotiationHeld:
		return line(Procedure, "%s组织协商。", ev.HeldOn).with(optional("参加人:%s\n", ev.Attendees) + ev.Gist)
	case complaint.AgreementSigned:
		var sum domain.Fen
		for _, i := range ev.Instalments {
			sum += i.DueFen
		}
		return line(Procedure, "签订调解协议%s%s。", ev.AgreementNo,
			yesNo(len(ev.Instalments) > 0, fmt.Sprintf(",分%d期支付共%s", len(ev.Instalments), yuan(sum)), ""))
	case complaint.MediationFailed:
		return line(Procedure, "调解未成。").with(ev.Reason)
	case complaint.ProcedureStarted:
		return line(Procedure, "%s进入%s程序,承办机关%s%s。", ev.StartedOn, ev.Kind.Label(), ev.Body, optional(",案号%s", ev.TheirNo))
	case complaint.ProcedureConcluded:
		return line(Procedure, "%s程序于%s结束:%s%s。", ev.Kind.Label(), ev.ConcludedOn, ev.Result.Label(),
			yesNo(ev.AwardedFen > 0, ",确认"+yuan(ev.AwardedFen), ""))
	case complaint.DocumentIssued:
		return line(Document, "向%s发出%s%s%s。", ev.To, ev.Kind.Label(), ev.No,
			yesNo(ev.NeedsReply, ",要求在"+moment(ev.ReplyDueAt)+"前答复", ""))
	case complaint.DocumentAnswered:
		return line(Document, "监督文书的答复情况:%s。", ev.Answer.Label())
	case complaint.ReferralSent:
		return line(Document, "移送%s,提供材料:%s,依据:%s。", ev.Agency.Label(), strings.Join(ev.DataSent, "、"), ev.Basis)
	case complaint.ReferralReceipted:
		return line(Document, "收到移送回执:%s%s。", yesNo(ev.Accepted, "已接收", "被退回"), optional(",对方编号%s", ev.TheirNo)).with(ev.Reason)
	default:
		return Line{}
	}
}

func moneyLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.PaymentPromised:
		return line(Money, "%s承诺在%s前支付%s。", ev.ByRole.Label(), ev.DueOn, yuan(ev.PromisedFen))
	case complaint.PaymentRecorded:
		return line(Money, "%s,%s通过%s支付%d号诉求人%s%s%s。", ev.PaidOn, ev.PayerRole.Label(), ev.Method.Label(), ev.ClaimantNo,
			yuan(ev.PaidFen), yesNo(ev.ClaimantConfirmed, ",本人已确认", ""), evidence(ev.Evidence))
	case complaint.PaymentReversed:
		return line(Money, "冲正%d号诉求人的第%d笔到账%s。", ev.ClaimantNo, ev.PaymentNo, yuan(ev.ReversedFen)).with(ev.Reason)
	case complaint.AdvanceLinked:
		return line(Money, "为%d号诉求人垫付%s。", ev.ClaimantNo, yuan(ev.AdvancedFen))
	case complaint.RecourseOpened:
		return line(Money, "向%s追偿垫付款%s。", enterpriseMark(ev.EnterpriseID), yuan(ev.RecourseFen))
	case complaint.RecourseRecovered:
		return line(Money, "%s追回垫付款%s。", ev.RecoveredOn, yuan(ev.RecoveredFen))
	default:
		return Line{}
	}
}

func riskLine(ev complaint.Event) Line {
	switch ev := ev.(type) {
	case complaint.RiskRaised:
		by := mark("系统按规则")
		if ev.By != "" {
			by = user(ev.By)
		}
		return line(Risk, "%s将风险定为%s%s。", by, ev.Level.Label(), optional(",情形:%s", labels(ev.Triggers))).with(ev.Note)
	case complaint.RiskLowered:
		return line(Risk, "%s将风险下调为%s。", user(ev.By), ev.Level.Label()).with(ev.Reason)
	case complaint.LeaderNotified:
		return line(Risk, "%s%s报告领导%s。", user(ev.By), ev.How.Label(), user(ev.To))
	case complaint.CrimeHintRaised:
		return line(Risk, "涉罪提示:%d人、%s,达到拒不支付劳动报酬罪的立案标准%s(%s),须移送或说明理由。", ev.Persons, yuan(ev.OwedFen), yuan(ev.ThresholdFen), ev.Basis)
	case complaint.CrimeHintAnswered:
		return line(Risk, "%s处理涉罪提示:%s。", user(ev.By), yesNo(ev.ReferralID != uuid.Nil, "已移送", "说明不移送的理由")).with(ev.Reason)
	case complaint.AccessRestricted:
		return line(Risk, "限制查看(%s)。", ev.Reason.Label())
	default:
		return Line{}
	}
}

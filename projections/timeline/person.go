package timeline

import (
	"fmt"

	"hearth/domain/person"
)

// personLine is the sentence of every event of a person. Who it is stands
// nowhere in it: the stream is the person's, and names are personal. Which of
// them are known is in the detail.
func personLine(ev person.Event) Line {
	switch ev := ev.(type) {
	case person.Registered:
		return line(Register, "人员建档(%s)。", ev.Kind.Label()).with("登记内容:" + have(
			known("姓名", ev.Identity.Name), known("身份证号", ev.Identity.IDNo), known("电话", ev.Contact.Phone),
			known("住址", ev.Contact.Address), yesNo(ev.Bank != nil, "银行账户", "")))
	case person.IdentityCorrected:
		return line(Register, "更正身份信息,%s确认。", user(ev.ConfirmedBy)).with(ev.Reason)
	case person.ContactCorrected:
		return line(Register, "更正联系方式。").with(ev.Reason)
	case person.BankCorrected:
		return line(Register, "更正银行账户,%s确认。", user(ev.ConfirmedBy)).with(ev.Reason)
	case person.ConsentGiven:
		return line(Register, "同意为“%s”处理个人信息(%s,告知文本第%s版)。", person.Purpose(ev.Purpose).Label(), person.ConsentHow(ev.How).Label(), ev.TextVersion)
	case person.ConsentWithdrawn:
		return line(Register, "撤回为“%s”处理个人信息的同意。", person.Purpose(ev.Purpose).Label())
	case person.BasisNoted:
		return line(Register, "登记为“%s”处理个人信息的依据:%s。", ev.Purpose.Label(), ev.Basis.Label())
	case person.KinOfStaffDeclared:
		return line(Register, "备案:与%s有近亲属关系(%s)。", user(ev.User), person.KinRelation(ev.Relation).Label())
	case person.KinOfStaffWithdrawn:
		return line(Register, "撤销与%s的近亲属备案。", user(ev.User))
	case person.Merged, person.MergedFrom, person.Unmerged, person.UnmergedFrom:
		return linkLine(ev)
	case person.DeathNoted:
		return line(Register, "登记死亡,来源:%s。", ev.Source.Label())
	case person.DeathNoteRevoked:
		return line(Register, "撤销死亡登记(原来源:%s)。", ev.Source.Label())
	case person.ErasureRequested:
		return line(Register, "%s申请%s个人信息%s,依据:%s%s。", user(ev.By), ev.Step.Label(), withCases(ev.Subjects), ev.Basis.Label(),
			count(";已知另有%d份并档的档案,不在此列", len(ev.Linked)))
	case person.ErasureApproved:
		return line(Register, "%s初审同意%s个人信息。", user(ev.By), ev.Step.Label())
	case person.ErasureRefused:
		return line(Register, "%s不同意%s个人信息,依据:%s。", user(ev.By), ev.Step.Label(), ev.Basis.Label())
	case person.Suspended:
		return decided("封存", ev.Decision)
	case person.Unsuspended:
		return decided("解封", ev.Decision)
	case person.KeyShredded:
		return decided("销毁", ev.Decision)
	default:
		return Line{}
	}
}

// linkLine is the sentence of two files of one person. The other file is named by
// a mark, as persons are.
func linkLine(ev person.Event) Line {
	other := func(id string) mark { return newMark(markPerson, id) }
	switch ev := ev.(type) {
	case person.Merged:
		return line(Register, "与%s的档案为同一人,本档案并入该档案,依据:%s。", other(ev.Into), ev.Basis.Label())
	case person.MergedFrom:
		return line(Register, "与%s的档案为同一人,该档案并入本档案,依据:%s。", other(ev.From), ev.Basis.Label())
	case person.Unmerged:
		return line(Register, "撤销并入%s的档案,原因:%s。", other(ev.From), ev.Reason.Label())
	case person.UnmergedFrom:
		return line(Register, "%s的档案不再并入本档案,原因:%s。", other(ev.Other), ev.Reason.Label())
	default:
		return Line{}
	}
}

// decided is the sentence of a step that one asked for and two approved.
func decided(step string, d person.Decision) Line {
	return line(Register, "个人信息%s%s。%s申请,%s、%s审批,依据:%s。",
		step, withCases(d.Subjects), user(d.RequestedBy), user(d.Approvers[0]), user(d.Approvers[1]), d.Basis.Label())
}

func withCases(subjects []string) string {
	if len(subjects) == 0 {
		return ""
	}
	return fmt.Sprintf("(连同%d件案件的叙述内容)", len(subjects))
}

func known(what, value string) string { return yesNo(value != "", what, "") }

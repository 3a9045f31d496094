package complaints

// labels are the names of the fields of commands as officers call them; a field
// that means something else in one command is listed as command.field.
var labels = map[string]string{
	"about": "回电事由", "accepted": "对方已接收", "accused_org": "被反映的工会单位", "added": "延长", "admitted_fen": "对方认可的金额",
	"advanced_fen": "垫付金额", "agency": "移送机关", "agreement_no": "协议编号", "allowed_roles": "仍可查看的岗位",
	"answer": "答复情况", "attachment_id": "附件", "attachment_ids": "附件", "attendees": "参加人", "awarded_fen": "确认金额",
	"basis": "依据", "basis_article": "法律依据", "body": "承办机关", "by_role": "提出方", "by_worker": "由诉求人提出",
	"cap_fen": "责任上限", "category": "诉求类别", "check_contact_no": "核实自愿性的联系记录", "claimant_confirmed": "本人已确认收到",
	"claimant_no": "诉求人", "claimant_nos": "诉求人", "clock": "时限", "co_handler": "协办人", "complaint_about_us": "反映我方办理作风",
	"concluded_on": "结束日期", "conclusion_code": "办理结论", "confirmed_fen": "本人确认收到的金额", "confirmed_how": "确认方式",
	"conflicts": "回避情形", "data_sent": "提供的材料", "demand": "督办要求", "disputes": "对结果有异议", "document_id": "监督文书",
	"due_at": "回电时间", "due_fen": "金额", "due_on": "期限", "enterprise_id": "单位", "evidence": "证据", "file_sha256": "文件",
	"final_org": "最终承办单位", "flags": "风险情形", "gist": "要点", "handler": "经办人", "handling_org": "承办单位",
	"held_on": "协商日期", "how": "方式", "instalments": "分期支付", "into_id": "并入的案件", "into_no": "并入的案号", "items": "项目", "kind": "种类",
	"level": "风险等级", "lines": "逐人明细", "manifest_sha256": "卷宗目录摘要", "method": "方法", "minutes_id": "记录附件",
	"narrative": "办理情况", "no": "编号", "note": "说明", "notice_no": "告知书编号", "other_id": "另一案件", "other_no": "另一案号",
	"outcome": "结论", "paid_fen": "到账金额", "paid_on": "到账日期", "payer_enterprise_id": "付款单位", "payer_role": "付款方身份",
	"payment_no": "到账记录", "position": "对方意见", "procedure_no": "程序", "project_id": "工程项目", "promised_fen": "承诺金额",
	"purpose": "联系目的", "reached": "已联系上", "reason": "原因", "reason_code": "原因", "recording_id": "录音编号",
	"recourse_fen": "追偿金额", "recourse_no": "追偿", "recovered_fen": "追回金额", "recovered_on": "追回日期",
	"redirect_to": "可向谁反映", "referral_id": "移送", "relation": "关系", "relief_id": "救助案件", "replaced_by": "接办人",
	"reply_in": "答复期限", "result": "结果", "retention_class": "保管期限", "role": "责任身份", "satisfied": "满意度",
	"sha256": "文件摘要", "site_work": "须到现场(两人)", "started_on": "开始日期", "text": "内容", "their_no": "对方编号",
	"time_class": "办理类别", "to_org": "交办单位", "told_at": "告知时间", "told_contact_no": "告知诉求人的联系记录",
	"user": "回避人", "verified_fen": "核定金额", "visibility": "可见范围", "why": "原因", "with": "联系对象", "witnesses": "见证人(现金须两人)",
	"person_id": "人员", "name": "姓名", "phone": "电话", "id_no": "身份证号", "from": "欠薪自", "to": "对象", "owed_fen": "金额",
	"claimants": "诉求人", "add_claimants.to": "欠薪至", "add_claimants.kind": "项目(不选为工资)",

	"transfer_out.to": "转往机关", "issue_document.to": "发往", "notify_leader.to": "报告给", "sign_agreement.due_on": "支付日期",
	"request_supplement.items": "需补正的材料", "receive_supplement.items": "已收到的材料", "promise_payment.by_role": "承诺方",
	"promise_payment.due_on": "承诺支付日期", "withdraw.reason": "撤回原因", "recuse.user": "回避人", "issue_document.no": "文号",
	"verify_claims.method": "核定方法", "record_payment.method": "支付方式", "receipt_referral.reason": "退回理由",
	"order_supervision.due_on": "完成期限", "refuse.reason": "不予受理原因", "return.reason": "退单原因", "issue_document.kind": "文书种类",
	"start_procedure.kind": "程序种类", "reopen.reason": "重启原因", "merge.reason": "并案原因", "return_closure.reason": "退回意见",
	"set_outcome.reason": "说明", "send_referral.basis": "提供个人信息的依据", "explain_overdue.reason_code": "逾期原因", "pause_clock.reason_code": "暂停原因",
}

// hints say what a field wants, where its name does not.
var hints = map[string]string{
	"told_at": "匿名反映的可不填", "basis_article": "不填则用该身份的通常依据", "due_at": "到时会出现在“我的承诺”里",
	"redirect_to": "首问负责:告诉来电人可以找谁", "items": "每行一项", "data_sent": "每行一项,只写材料名称,不写内容",
	"reply_in": "不填则用该文书的通常期限", "notice_no": "不予受理须书面告知", "cap_fen": "如“以未结清的工程款为限”,没有则不填",
	"gist": "联系上的必须写要点", "claimants": "人多请从案件的诉求人台账导入花名册", "set_outcome.reason": "未足额清偿的必须说明", "flags": "勾选后系统按规则定级", "site_work": "勾选后须指定协办人",
	"send_referral.basis": "本人同意,或法律条款(个人信息保护法第二十三条)",
}

// long are the fields that take more than a line.
var long = map[string]bool{
	"gist": true, "text": true, "narrative": true, "demand": true, "position": true, "note": true, "about": true,
	"return_closure.reason": true,
}

func labelOf(command, name string) string {
	if l, ok := labels[command+"."+name]; ok {
		return l
	}
	if l, ok := labels[name]; ok {
		return l
	}
	return name
}

func hintOf(command, name string) string {
	if h, ok := hints[command+"."+name]; ok {
		return h
	}
	return hints[name]
}

package complaint

import "hearth/domain"

// ItemKind is 诉求项目: what is owed.
type ItemKind string

// The claim item kinds (诉求项目).
const (
	ItemWage         ItemKind = "wage"
	ItemPiece        ItemKind = "piece_rate"
	ItemOvertime     ItemKind = "overtime"
	ItemBonus        ItemKind = "bonus"
	ItemMinimumWage  ItemKind = "minimum_wage_gap"
	ItemDoubleWage   ItemKind = "double_wage"
	ItemCompensation ItemKind = "compensation"
	ItemInjury       ItemKind = "injury"
	ItemOther        ItemKind = "other"
)

var itemKinds = domain.NewCodes[ItemKind]("诉求项目",
	"wage", "工资", "piece_rate", "计件/计量工资", "overtime", "加班费", "bonus", "奖金提成", "minimum_wage_gap", "最低工资差额",
	"double_wage", "未签合同双倍工资", "compensation", "经济补偿/赔偿金", "injury", "工伤待遇", "other", "其他")

// Label is the Chinese name of the item kind.
func (k ItemKind) Label() string { return itemKinds.Label(k) }

// ItemKinds is the list of claim item kinds (诉求项目).
func ItemKinds() domain.Codes[ItemKind] { return itemKinds }

// PartyRole is 责任主体类型: in what capacity somebody owes the wages.
type PartyRole string

// The liable party roles (责任主体类型).
const (
	RoleEmployer        PartyRole = "employer"
	RoleSubcontractor   PartyRole = "subcontractor"
	RoleContractor      PartyRole = "general_contractor"
	RoleOwner           PartyRole = "project_owner"
	RoleLicenceLender   PartyRole = "licence_lender"
	RoleDispatchCompany PartyRole = "labour_dispatch"
	RoleInvestor        PartyRole = "investor"
)

var partyRoles = domain.NewCodes[PartyRole]("责任主体类型",
	"employer", "用人单位", "subcontractor", "分包单位", "general_contractor", "施工总承包单位", "project_owner", "建设单位",
	"licence_lender", "出借资质单位", "labour_dispatch", "劳务派遣单位", "investor", "出资人")

// Label is the Chinese name of the party role.
func (r PartyRole) Label() string { return partyRoles.Label(r) }

// BasisArticle is the usual legal basis of the role's liability.
func (r PartyRole) BasisArticle() string {
	switch r {
	case RoleEmployer:
		return "保障农民工工资支付条例第16条"
	case RoleSubcontractor, RoleContractor:
		return "保障农民工工资支付条例第30条"
	case RoleOwner:
		return "保障农民工工资支付条例第29条"
	case RoleLicenceLender:
		return "保障农民工工资支付条例第36条"
	case RoleDispatchCompany:
		return "保障农民工工资支付条例第18条"
	case RoleInvestor:
		return "保障农民工工资支付条例第20条"
	}
	return ""
}

// PartyRoles is the list of liable party roles (责任主体类型).
func PartyRoles() domain.Codes[PartyRole] { return partyRoles }

// PayMethod is 支付方式.
type PayMethod string

// The payment methods (支付方式).
const (
	PayBank         PayMethod = "bank"
	PayCash         PayMethod = "cash"
	PayAccount      PayMethod = "special_account"
	PayDeposit      PayMethod = "deposit"
	PayRevolving    PayMethod = "revolving_fund"
	PayUnionAdvance PayMethod = "union_advance"
	PayCourt        PayMethod = "court"
)

var payMethods = domain.NewCodes[PayMethod]("支付方式",
	"bank", "银行转账", "cash", "现金见证", "special_account", "专户代发", "deposit", "工资保证金",
	"revolving_fund", "应急周转金", "union_advance", "工会垫付", "court", "法院执行")

// Label is the Chinese name of the payment method.
func (m PayMethod) Label() string { return payMethods.Label(m) }

// PayMethods is the list of payment methods (支付方式).
func PayMethods() domain.Codes[PayMethod] { return payMethods }

// Outcome is 逐人结论: how it ended for one claimant.
type Outcome string

// The outcomes (逐人结论).
const (
	OutcomePaid        Outcome = "paid"
	OutcomeWaived      Outcome = "waived"
	OutcomeArbitration Outcome = "to_arbitration"
	OutcomeCourt       Outcome = "to_court"
	OutcomePolice      Outcome = "to_police"
	OutcomeUnfounded   Outcome = "unfounded"
	OutcomeUnreachable Outcome = "unreachable"
	OutcomeWithdrawn   Outcome = "withdrawn"
)

var outcomes = domain.NewCodes[Outcome]("逐人结论",
	"paid", "已付清", "waived", "书面放弃余额", "to_arbitration", "转仲裁", "to_court", "转诉讼",
	"to_police", "移送公安", "unfounded", "不属实", "unreachable", "失联", "withdrawn", "撤回")

// Label is the Chinese name of the outcome.
func (o Outcome) Label() string { return outcomes.Label(o) }

// Outcomes is the list of outcomes (逐人结论).
func Outcomes() domain.Codes[Outcome] { return outcomes }

// EvidenceKind is 证据种类.
type EvidenceKind string

// The kinds of evidence (证据种类).
const (
	EvidenceContract   EvidenceKind = "contract"
	EvidencePayroll    EvidenceKind = "payroll"
	EvidenceAttendance EvidenceKind = "attendance"
	EvidenceIOU        EvidenceKind = "iou"
	EvidenceBank       EvidenceKind = "bank_record"
	EvidenceReceipt    EvidenceKind = "receipt"
	EvidenceRecording  EvidenceKind = "recording"
	EvidencePhoto      EvidenceKind = "photo"
	EvidenceStatement  EvidenceKind = "statement"
	EvidenceSigned     EvidenceKind = "signed_paper"
	EvidenceLegal      EvidenceKind = "legal_document"
	EvidenceOther      EvidenceKind = "other"
)

var evidenceKinds = domain.NewCodes[EvidenceKind]("证据种类",
	"contract", "劳动合同", "payroll", "工资表", "attendance", "考勤", "iou", "欠条", "bank_record", "银行回单/流水", "receipt", "收据",
	"recording", "录音", "photo", "照片", "statement", "笔录", "signed_paper", "本人签字材料", "legal_document", "法律文书", "other", "其他")

// Label is the Chinese name of the kind of evidence.
func (k EvidenceKind) Label() string { return evidenceKinds.Label(k) }

// EvidenceKinds is the list of kinds of evidence (证据种类).
func EvidenceKinds() domain.Codes[EvidenceKind] { return evidenceKinds }

// VerifyMethod is 核定方法.
type VerifyMethod string

// The verification methods (核定方法).
const (
	VerifyByPayroll   VerifyMethod = "payroll"
	VerifyByEmployer  VerifyMethod = "employer_confirmed"
	VerifyByEvidence  VerifyMethod = "evidence"
	VerifyByAward     VerifyMethod = "award"
	VerifyByBurden    VerifyMethod = "burden_of_proof"
	VerifyByUnfounded VerifyMethod = "unfounded"
)

var verifyMethods = domain.NewCodes[VerifyMethod]("核定方法",
	"payroll", "工资台账核对", "employer_confirmed", "单位书面确认", "evidence", "职工举证印证", "award", "裁决/判决认定",
	"burden_of_proof", "单位举证不能", "unfounded", "查无欠薪")

// Label is the Chinese name of the verification method.
func (m VerifyMethod) Label() string { return verifyMethods.Label(m) }

// VerifyMethods is the list of verification methods (核定方法).
func VerifyMethods() domain.Codes[VerifyMethod] { return verifyMethods }

// Conclusion is 办理结论: one of twelve; free text is not enough. The codes are
// the numbers of the list.
type Conclusion string

// The conclusions (办理结论).
const (
	ConcludePaid         Conclusion = "1"
	ConcludeInstalments  Conclusion = "2"
	ConcludeSettled      Conclusion = "3"
	ConcludeLabour       Conclusion = "4"
	ConcludeInProcedure  Conclusion = "5"
	ConcludePolice       Conclusion = "6"
	ConcludeUnfounded    Conclusion = "7"
	ConcludeNotWages     Conclusion = "8"
	ConcludeUnreachable  Conclusion = "9"
	ConcludeDuplicate    Conclusion = "10"
	ConcludeConsultation Conclusion = "11"
	ConcludeNoAuthority  Conclusion = "12"
)

var conclusions = domain.NewCodes[Conclusion]("办理结论",
	"1", "全额清偿", "2", "部分清偿并达成分期", "3", "达成和解(书面放弃余额)", "4", "转劳动监察并立案",
	"5", "进入仲裁/诉讼", "6", "移送公安", "7", "经核不属实", "8", "属工程款等非工资纠纷(转主管部门)",
	"9", "诉求人失联/撤回", "10", "重复件并案", "11", "咨询答复", "12", "无管辖权已转")

// Label is the Chinese name of the conclusion.
func (c Conclusion) Label() string { return conclusions.Label(c) }

// Conclusions is the list of conclusions (办理结论).
func Conclusions() domain.Codes[Conclusion] { return conclusions }

// CodeLists is every code list (代码表) of the family, by field name of the API.
func CodeLists() map[string]domain.CodeTable {
	return map[string]domain.CodeTable{
		"phase": phases.Table(), "channel": channels.Table(), "category": categories.Table(),
		"time_class": timeClasses.Table(), "refusal_reason": refusalReasons.Table(), "agency": agencies.Table(),
		"duplicate_key": duplicateKeys.Table(), "risk_level": riskLevels.Table(), "flag": flags.Table(),
		"return_reason": returnReasons.Table(), "relation": relations.Table(), "link_relation": linkRelations.Table(),
		"restrict_reason": restrictReasons.Table(), "party": parties.Table(), "contact_how": contactHows.Table(),
		"purpose": purposes.Table(), "track": tracks.Table(), "track_status": trackStatuses.Table(),
		"procedure_kind": procedureKinds.Table(), "procedure_result": procedureResults.Table(),
		"document_kind": documentKinds.Table(), "document_answer": documentAnswers.Table(), "clock": clockKinds.Table(),
		"pause_reason": pauseReasons.Table(), "overdue_reason": overdueReasons.Table(),
		"visibility": noteVisibilities.Table(), "retention": retentions.Table(), "item_kind": itemKinds.Table(),
		"party_role": partyRoles.Table(), "pay_method": payMethods.Table(), "outcome": outcomes.Table(),
		"evidence_kind": evidenceKinds.Table(), "verify_method": verifyMethods.Table(), "conclusion": conclusions.Table(),
		"limitation": limitationKinds.Table(), "step": escalationSteps.Table(),
	}
}

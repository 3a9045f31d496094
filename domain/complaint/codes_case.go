package complaint

import "hearth/domain"

// Party is 联系对象: whom a contact or a claim position is with.
type Party string

// The parties (联系对象).
const (
	PartyWorker         Party = "worker"
	PartyEmployer       Party = "employer"
	PartyAgency         Party = "agency"
	PartyRepresentative Party = "representative"
)

var parties = domain.NewCodes[Party]("联系对象",
	"worker", "职工", "employer", "用人单位", "agency", "有关部门", "representative", "职工代表")

// Label is the Chinese name of the party.
func (p Party) Label() string { return parties.Label(p) }

// Parties is the list of parties (联系对象).
func Parties() domain.Codes[Party] { return parties }

// ContactHow is 联系方式: by what means a contact was made.
type ContactHow string

// The means of contact (联系方式).
const (
	ByPhone   ContactHow = "phone"
	ByVisit   ContactHow = "visit"
	ByReceive ContactHow = "reception"
	ByMessage ContactHow = "message"
	ByLetter  ContactHow = "letter"
)

var contactHows = domain.NewCodes[ContactHow]("联系方式",
	"phone", "电话", "visit", "上门", "reception", "接待", "message", "短信微信", "letter", "信函")

// Label is the Chinese name of the means.
func (h ContactHow) Label() string { return contactHows.Label(h) }

// ContactHows is the list of means of contact (联系方式).
func ContactHows() domain.Codes[ContactHow] { return contactHows }

// Purpose is 联系目的: what a contact is for; some steps ask for one of a
// certain purpose.
type Purpose string

// The purposes (联系目的).
const (
	PurposeInquiry   Purpose = "inquiry"
	PurposeExtension Purpose = "extension_told"
	PurposeVoluntary Purpose = "voluntary_check"
	PurposeResult    Purpose = "result_told"
)

var purposes = domain.NewCodes[Purpose]("联系目的",
	"inquiry", "了解情况", "extension_told", "告知延期", "voluntary_check", "核实自愿撤回", "result_told", "告知结果")

// Label is the Chinese name of the purpose.
func (p Purpose) Label() string { return purposes.Label(p) }

// Purposes is the list of purposes (联系目的).
func Purposes() domain.Codes[Purpose] { return purposes }

// Track is 办理线: one of the parallel lines of work on a case.
type Track string

// The tracks (办理线).
const (
	TrackVerify    Track = "verify"
	TrackMediate   Track = "mediate"
	TrackDocuments Track = "documents"
	TrackReferral  Track = "referral"
	TrackLegalAid  Track = "legal_aid"
	TrackProcedure Track = "procedure"
	TrackPayment   Track = "payment"
	TrackRelief    Track = "relief"
)

var tracks = domain.NewCodes[Track]("办理线",
	"verify", "核实", "mediate", "协商调解", "documents", "监督文书", "referral", "移送转办",
	"legal_aid", "法律援助", "procedure", "仲裁诉讼", "payment", "清偿", "relief", "帮扶")

// Label is the Chinese name of the track.
func (t Track) Label() string { return tracks.Label(t) }

// TrackList is the list of tracks (办理线).
func TrackList() domain.Codes[Track] { return tracks }

// TrackStatus is 办理线状态.
type TrackStatus string

// The states of a track (办理线状态).
const (
	TrackNone   TrackStatus = "none"
	TrackOpen   TrackStatus = "open"
	TrackDone   TrackStatus = "done"
	TrackFailed TrackStatus = "failed"
)

var trackStatuses = domain.NewCodes[TrackStatus]("办理线状态", "none", "未启动", "open", "进行中", "done", "已完成", "failed", "未成")

// Label is the Chinese name of the state of a track.
func (s TrackStatus) Label() string { return trackStatuses.Label(s) }

// TrackStatuses is the list of states of a track (办理线状态).
func TrackStatuses() domain.Codes[TrackStatus] { return trackStatuses }

// ProcedureKind is 程序种类: a formal procedure outside the union.
type ProcedureKind string

// The kinds of procedure (程序种类).
const (
	ProcedureLabour       ProcedureKind = "labour_inspection"
	ProcedureArbitration  ProcedureKind = "arbitration"
	ProcedureLitigation   ProcedureKind = "litigation"
	ProcedurePaymentOrder ProcedureKind = "payment_order"
	ProcedurePolice       ProcedureKind = "police"
)

var procedureKinds = domain.NewCodes[ProcedureKind]("程序种类",
	"labour_inspection", "劳动监察", "arbitration", "劳动仲裁", "litigation", "诉讼", "payment_order", "支付令", "police", "公安侦查")

// Label is the Chinese name of the kind of procedure.
func (k ProcedureKind) Label() string { return procedureKinds.Label(k) }

// ProcedureKinds is the list of kinds of procedure (程序种类).
func ProcedureKinds() domain.Codes[ProcedureKind] { return procedureKinds }

// ProcedureResult is 程序结果.
type ProcedureResult string

// The results of a procedure (程序结果).
const (
	ResultSupported ProcedureResult = "supported"
	ResultPartly    ProcedureResult = "partly"
	ResultRejected  ProcedureResult = "rejected"
	ResultSettled   ProcedureResult = "settled"
	ResultNotFiled  ProcedureResult = "not_filed"
)

var procedureResults = domain.NewCodes[ProcedureResult]("程序结果",
	"supported", "支持", "partly", "部分支持", "rejected", "驳回", "settled", "调解结案", "not_filed", "不予立案")

// Label is the Chinese name of the result.
func (r ProcedureResult) Label() string { return procedureResults.Label(r) }

// ProcedureResults is the list of results of a procedure (程序结果).
func ProcedureResults() domain.Codes[ProcedureResult] { return procedureResults }

// DocumentKind is 文书种类.
type DocumentKind string

// The kinds of document (文书种类).
const (
	DocReminder   DocumentKind = "reminder"
	DocOpinion    DocumentKind = "opinion"
	DocSuggestion DocumentKind = "suggestion"
	DocNotice     DocumentKind = "notice"
	DocRefusal    DocumentKind = "refusal_notice"
	DocUrge       DocumentKind = "urge"
)

var documentKinds = domain.NewCodes[DocumentKind]("文书种类",
	"reminder", "提示函", "opinion", "意见书", "suggestion", "建议书", "notice", "告知书", "refusal_notice", "不予受理通知", "urge", "催办通知")

// Label is the Chinese name of the kind of document.
func (k DocumentKind) Label() string { return documentKinds.Label(k) }

// DocumentKinds is the list of kinds of document (文书种类).
func DocumentKinds() domain.Codes[DocumentKind] { return documentKinds }

// DocumentAnswer is 文书答复: how a document that asks for a reply ended.
type DocumentAnswer string

// The answers to a document (文书答复).
const (
	AnswerAdequate   DocumentAnswer = "adequate"
	AnswerInadequate DocumentAnswer = "inadequate"
	AnswerRefused    DocumentAnswer = "refused"
	AnswerNone       DocumentAnswer = "no_reply"
	AnswerVoided     DocumentAnswer = "voided"
)

var documentAnswers = domain.NewCodes[DocumentAnswer]("文书答复",
	"adequate", "已答复并改正", "inadequate", "无正当理由不改正", "refused", "拒收", "no_reply", "逾期未复", "voided", "文书作废")

// Label is the Chinese name of the answer.
func (a DocumentAnswer) Label() string { return documentAnswers.Label(a) }

// DocumentAnswers is the list of answers to a document (文书答复).
func DocumentAnswers() domain.Codes[DocumentAnswer] { return documentAnswers }

// ClockKind is 时限种类.
type ClockKind string

// The clocks of a complaint (时限种类).
const (
	ClockAccept        ClockKind = "accept"
	ClockFirstContact  ClockKind = "first_contact"
	ClockSign          ClockKind = "sign"
	ClockHandle        ClockKind = "handle"
	ClockCallback      ClockKind = "callback"
	ClockClosureReview ClockKind = "closure_review"
	ClockRedNotice     ClockKind = "risk_red_notice"
)

var clockKinds = domain.NewCodes[ClockKind]("时限种类",
	"accept", "受理时限", "first_contact", "首次联系时限", "sign", "签收时限", "handle", "办理时限",
	"callback", "回访时限", "closure_review", "结案审批时限", "risk_red_notice", "红色风险报告时限")

// Label is the Chinese name of the clock.
func (k ClockKind) Label() string { return clockKinds.Label(k) }

// ClockKinds is the list of clocks (时限种类).
func ClockKinds() domain.Codes[ClockKind] { return clockKinds }

// PauseReason is 暂停原因.
type PauseReason string

// The pause reasons (暂停原因).
const (
	PauseSupplement PauseReason = "supplement"
	PauseProcedure  PauseReason = "procedure"
	PauseAppraisal  PauseReason = "appraisal"
	PauseForce      PauseReason = "force_majeure"
	PauseRequest    PauseReason = "party_request"
)

var pauseReasons = domain.NewCodes[PauseReason]("暂停原因",
	"supplement", "待补正", "procedure", "程序进行中", "appraisal", "鉴定/审计", "force_majeure", "不可抗力", "party_request", "当事人书面申请")

// Label is the Chinese name of the pause reason.
func (r PauseReason) Label() string { return pauseReasons.Label(r) }

// PauseReasons is the list of pause reasons (暂停原因).
func PauseReasons() domain.Codes[PauseReason] { return pauseReasons }

// OverdueReason is 逾期原因.
type OverdueReason string

// The overdue reasons (逾期原因).
const (
	OverdueStaff       OverdueReason = "staff"
	OverdueAgency      OverdueReason = "agency_silent"
	OverdueEmployer    OverdueReason = "employer_uncooperative"
	OverdueUnreachable OverdueReason = "unreachable"
	OverdueComplex     OverdueReason = "complex"
	OverdueOther       OverdueReason = "other"
)

var overdueReasons = domain.NewCodes[OverdueReason]("逾期原因",
	"staff", "人手", "agency_silent", "外部机关未复", "employer_uncooperative", "单位不配合",
	"unreachable", "失联", "complex", "案情复杂", "other", "其他(须说明)")

// Label is the Chinese name of the overdue reason.
func (r OverdueReason) Label() string { return overdueReasons.Label(r) }

// OverdueReasons is the list of overdue reasons (逾期原因).
func OverdueReasons() domain.Codes[OverdueReason] { return overdueReasons }

// NoteVisibility is 可见范围.
type NoteVisibility string

// The visibilities of a note (可见范围).
const (
	VisibleInternal NoteVisibility = "internal"
	VisibleWorker   NoteVisibility = "worker"
	VisibleAgency   NoteVisibility = "agency"
)

var noteVisibilities = domain.NewCodes[NoteVisibility]("可见范围", "internal", "内部", "worker", "职工可见", "agency", "有关部门可见")

// Label is the Chinese name of the visibility.
func (v NoteVisibility) Label() string { return noteVisibilities.Label(v) }

// NoteVisibilities is the list of visibilities (可见范围).
func NoteVisibilities() domain.Codes[NoteVisibility] { return noteVisibilities }

// Retention is 保管期限.
type Retention string

// The retention classes (保管期限).
const (
	RetainForever Retention = "permanent"
	Retain30Years Retention = "30y"
	Retain10Years Retention = "10y"
	Retain3Years  Retention = "3y"
	Retain6Months Retention = "6m"
)

var retentions = domain.NewCodes[Retention]("保管期限",
	"permanent", "永久", "30y", "30年", "10y", "10年", "3y", "3年", "6m", "6个月")

// Label is the Chinese name of the retention class.
func (r Retention) Label() string { return retentions.Label(r) }

// Retentions is the list of retention classes (保管期限).
func Retentions() domain.Codes[Retention] { return retentions }

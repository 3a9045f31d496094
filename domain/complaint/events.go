package complaint

import (
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// Event is 投诉事件: a fact in the life of a complaint.
//
// Actor, organisation and both times are in the envelope. A fact repeats them
// (by, at) only where a later decision rests on them. Fields marked ⓟ are
// personal or may hold personal data.
//
//sumtype:decl
type Event interface {
	domain.Event
	apply(s State) State
}

// Specs says how each event of the family is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{
		domain.Spec[Registered](domain.InClear), domain.Spec[DuplicateHinted](), domain.Spec[DuplicateDismissed](domain.InClear),
		domain.Spec[RespondentIdentified](), domain.Spec[SupplementRequested](domain.InClear), domain.Spec[SupplementReceived](domain.InClear),
		domain.Spec[Accepted](), domain.Spec[NotAccepted](), domain.Spec[TransferredOut](domain.InClear), domain.Spec[Reclassified](domain.InClear),
		domain.Spec[RiskRaised](domain.InClear), domain.Spec[RiskLowered](domain.InClear), domain.Spec[LeaderNotified](),
		domain.Spec[CrimeHintRaised](), domain.Spec[CrimeHintAnswered](domain.InClear), domain.Spec[AccessRestricted](),
		domain.Spec[DispatchIssued](), domain.Spec[DispatchSigned](), domain.Spec[DispatchReturned](domain.InClear), domain.Spec[DispatchRuled](domain.InClear),
		domain.Spec[HandlerAssigned](), domain.Spec[HandlerRecused](),
		domain.Spec[ContactAttempted](domain.InClear), domain.Spec[CallbackPromised](domain.InClear), domain.Spec[NoteAdded](domain.InClear), domain.Spec[AttachmentAdded](),
		domain.Spec[ClaimantAdded](domain.InClear), domain.Spec[ClaimantsImported](domain.InClear), domain.Spec[ClaimantImportCompleted](),
		domain.Spec[ClaimantRemoved](domain.InClear), domain.Spec[RepresentativesElected](),
		domain.Spec[VerificationProposed](domain.InClear), domain.Spec[ClaimVerified](domain.InClear), domain.Spec[ClaimDisputed](domain.InClear), domain.Spec[ClaimOutcomeSet](domain.InClear),
		domain.Spec[LiablePartyNamed](), domain.Spec[LiablePartyDropped](domain.InClear),
		domain.Spec[NegotiationHeld](domain.InClear), domain.Spec[AgreementSigned](), domain.Spec[MediationFailed](domain.InClear),
		domain.Spec[ProcedureStarted](), domain.Spec[ProcedureConcluded](),
		domain.Spec[PaymentPromised](), domain.Spec[PaymentRecorded](domain.InClear), domain.Spec[PaymentReversed](domain.InClear),
		domain.Spec[AdvanceLinked](), domain.Spec[RecourseOpened](), domain.Spec[RecourseRecovered](),
		domain.Spec[DocumentIssued](), domain.Spec[DocumentAnswered](), domain.Spec[ReferralSent](), domain.Spec[ReferralReceipted](domain.InClear),
		domain.Spec[ClockStarted](), domain.Spec[ClockPaused](domain.InClear), domain.Spec[ClockResumed](), domain.Spec[ClockExtended](domain.InClear),
		domain.Spec[ClockChanged](), domain.Spec[ClockRecomputed](), domain.Spec[ClockMet](), domain.Spec[ClockBreached](),
		domain.Spec[ClockStopped](), domain.Spec[OverdueExplained](domain.InClear), domain.Spec[Escalated](), domain.Spec[SupervisionOrdered](domain.InClear),
		domain.Spec[LimitationNear](),
		domain.Spec[CallbackDone](domain.InClear), domain.Spec[ClosureProposed](domain.InClear), domain.Spec[ClosureReturned](domain.InClear), domain.Spec[ClosureApproved](),
		domain.Spec[Closed](), domain.Spec[Reopened](domain.InClear), domain.Spec[Withdrawn](domain.InClear), domain.Spec[Merged](domain.InClear), domain.Spec[Linked](),
		domain.Spec[Archived](),
	}
}

// Registered is 登记: a complaint was taken down; from now on our clocks run.
type Registered struct {
	No                string      `json:"no"` // 文号
	Category          Category    `json:"category"`
	Channel           Channel     `json:"channel"`
	External          *External   `json:"external,omitempty"`
	RegisteredAt      time.Time   `json:"registered_at"`
	ReceivedAt        time.Time   `json:"received_at,omitzero"`
	Area              string      `json:"area"` // code of the county
	Reporter          Reporter    `json:"reporter"`
	Employer          Employer    `json:"employer"`
	ProjectID         uuid.UUID   `json:"project_id,omitzero"`
	Summary           string      `json:"summary,omitempty" seal:"narrative"` // ⓟ
	Claim             Claim       `json:"claim"`
	EmploymentEndedOn domain.Date `json:"employment_ended_on,omitzero"`
	Flags             []Flag      `json:"flags,omitempty"`
	Consent           Consent     `json:"consent"`
	CallID            uuid.UUID   `json:"call_id,omitzero"`
	WarningID         uuid.UUID   `json:"warning_id,omitzero"`
	InspectionID      uuid.UUID   `json:"inspection_id,omitzero"`
	FirstReceiver     string      `json:"first_receiver"` // 首问责任人, user id
	Limitation        Limitation  `json:"limitation"`
}

// DuplicateHinted is 疑似重复: another complaint may be the same.
type DuplicateHinted struct{ Hint }

// DuplicateDismissed is 排除重复: it was looked at and is another matter.
type DuplicateDismissed struct {
	OtherNo string `json:"other_no"`
	By      string `json:"by"`
	Reason  string `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// RespondentIdentified is 认定被诉主体: it is now known which enterprise or project
// the complaint is against.
type RespondentIdentified struct {
	EnterpriseID uuid.UUID `json:"enterprise_id,omitzero"`
	ProjectID    uuid.UUID `json:"project_id,omitzero"`
}

// SupplementRequested is 要求补正: something is missing before we can accept.
type SupplementRequested struct {
	Items []string    `json:"items,omitempty" seal:"narrative"` // ⓟ
	DueOn domain.Date `json:"due_on"`
}

// SupplementReceived is 收到补正.
type SupplementReceived struct {
	Items         []string    `json:"items,omitempty" seal:"narrative"` // ⓟ
	AttachmentIDs []uuid.UUID `json:"attachment_ids,omitempty"`
}

// Accepted is 受理: we took the case on.
type Accepted struct {
	HandlingOrg string     `json:"handling_org"`
	TimeClass   TimeClass  `json:"time_class"`
	Category    Category   `json:"category"`
	Limitation  Limitation `json:"limitation"`
	Basis       string     `json:"basis"`
}

// NotAccepted is 不予受理: refused in writing, and told where to go (首问负责).
type NotAccepted struct {
	Reason     RefusalReason `json:"reason"`
	DocumentID uuid.UUID     `json:"document_id,omitzero"`
	NoticeNo   string        `json:"notice_no,omitempty"`
	ToldAt     time.Time     `json:"told_at,omitzero"`
	RedirectTo string        `json:"redirect_to"`
}

// TransferredOut is 转出: the whole case went to the body that is competent.
type TransferredOut struct {
	To      Agency    `json:"to"`
	Body    string    `json:"body"`
	TheirNo string    `json:"their_no,omitempty"`
	Reason  string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
	ToldAt  time.Time `json:"told_at,omitzero"`
}

// Reclassified is 变更办理类别: the case is harder, or easier, than thought.
type Reclassified struct {
	TimeClass TimeClass `json:"time_class"`
	Reason    string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
	By        string    `json:"by"`
}

// DispatchIssued is 交办: the case was handed to an organisation.
type DispatchIssued struct {
	ToOrg     string    `json:"to_org"`
	TimeClass TimeClass `json:"time_class"`
	At        time.Time `json:"at"`
}

// DispatchSigned is 签收.
type DispatchSigned struct {
	By string `json:"by"`
}

// DispatchReturned is 退单: the organisation says that it is not its case; nth
// counts the returns of this case.
type DispatchReturned struct {
	Reason ReturnReason `json:"reason"`
	Note   string       `json:"note,omitempty" seal:"narrative"` // ⓟ
	Nth    int          `json:"nth"`
}

// DispatchRuled is 裁定: the shift leader decided finally who handles it.
type DispatchRuled struct {
	FinalOrg string    `json:"final_org"`
	By       string    `json:"by"`
	Reason   string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
	At       time.Time `json:"at"`
}

// HandlerAssigned is 指派经办人.
type HandlerAssigned struct {
	Handler   string `json:"handler"`
	CoHandler string `json:"co_handler,omitempty"`
	SiteWork  bool   `json:"site_work,omitempty"`
}

// HandlerRecused is 回避: an officer stood back from the case.
type HandlerRecused struct {
	User       string   `json:"user"`
	Relation   Relation `json:"relation"`
	ReplacedBy string   `json:"replaced_by,omitempty"`
}

// ContactAttempted is 联系记录: somebody was called or met, or could not be.
type ContactAttempted struct {
	ContactNo   int        `json:"contact_no"`
	With        Party      `json:"with"`
	Purpose     Purpose    `json:"purpose"`
	How         ContactHow `json:"how"`
	Reached     bool       `json:"reached"`
	Gist        string     `json:"gist,omitempty" seal:"narrative"` // ⓟ
	RecordingID string     `json:"recording_id,omitempty"`
	By          string     `json:"by"`
}

// CallbackPromised is 承诺回电: we told the worker by when we call again.
type CallbackPromised struct {
	DueAt time.Time `json:"due_at"`
	About string    `json:"about,omitempty" seal:"narrative"` // ⓟ
	By    string    `json:"by"`
}

// NoteAdded is 办理记录.
type NoteAdded struct {
	Visibility NoteVisibility `json:"visibility"`
	Text       string         `json:"text,omitempty" seal:"narrative"` // ⓟ
}

// AttachmentAdded is 附件.
type AttachmentAdded struct {
	AttachmentID uuid.UUID    `json:"attachment_id"`
	Kind         EvidenceKind `json:"kind"`
	SHA256       string       `json:"sha256,omitempty"`
}

// Linked is 关联: this complaint and another belong together.
type Linked struct {
	Relation LinkRelation `json:"relation"`
	OtherID  uuid.UUID    `json:"other_id"`
	OtherNo  string       `json:"other_no"`
}

package complaint

import (
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// Command is 投诉命令: a wish about a complaint. Commands are pointers to the
// structs below; their fields are what a form or the JSON API sends, and Stamp
// adds who sends it and when.
//
//sumtype:decl
type Command interface {
	domain.Command
	Stamp(by domain.By)
	command() string
	decide(d *decision) error
}

// Register is 登记 a complaint. No comes from the number series (family
// "series", case SeriesCase), taken in the same atomic append. A complaint that
// another system sent is registered in the stream ExternalCase(system, no):
// registering it twice meets the first and is refused.
type Register struct {
	domain.By         `json:"-"`
	No                string        `json:"no"`
	Category          Category      `json:"category"`
	Channel           Channel       `json:"channel"`
	External          *External     `json:"external,omitempty"`
	ReceivedAt        time.Time     `json:"received_at,omitzero"` // when it arrived, if before registration
	Area              string        `json:"area"`                 // code of the county
	Reporter          Reporter      `json:"reporter"`
	Employer          Employer      `json:"employer"`
	ProjectID         uuid.UUID     `json:"project_id,omitzero"`
	Summary           string        `json:"summary"` // up to 10,000 characters
	Claim             Claim         `json:"claim"`
	EmploymentEndedOn domain.Date   `json:"employment_ended_on,omitzero"`
	Flags             []Flag        `json:"flags,omitempty"`
	Consent           Consent       `json:"consent"`
	CallID            uuid.UUID     `json:"call_id,omitzero"`
	WarningID         uuid.UUID     `json:"warning_id,omitzero"`
	InspectionID      uuid.UUID     `json:"inspection_id,omitzero"`
	Claimants         []NewClaimant `json:"claimants,omitempty"`   // known at once
	Hints             []Hint        `json:"hints,omitempty"`       // possible duplicates, found by the caller
	PromiseAt         time.Time     `json:"promise_at,omitzero"`   // call-back promised by then
	AccusedOrg        string        `json:"accused_org,omitempty"` // of a complaint about union staff
}

// DismissDuplicate is 排除重复.
type DismissDuplicate struct {
	domain.By `json:"-"`
	OtherNo   string `json:"other_no"`
	Reason    string `json:"reason"`
}

// IdentifyRespondent is 认定被诉主体: one of the two ids at least.
type IdentifyRespondent struct {
	domain.By    `json:"-"`
	EnterpriseID uuid.UUID `json:"enterprise_id,omitzero"`
	ProjectID    uuid.UUID `json:"project_id,omitzero"`
}

// RequestSupplement is 要求补正; it pauses the accept clock.
type RequestSupplement struct {
	domain.By `json:"-"`
	Items     []string    `json:"items"`
	DueOn     domain.Date `json:"due_on"`
}

// ReceiveSupplement is 收到补正; the accept clock goes on.
type ReceiveSupplement struct {
	domain.By     `json:"-"`
	Items         []string    `json:"items"`
	AttachmentIDs []uuid.UUID `json:"attachment_ids,omitempty"`
}

// Accept is 受理. When HandlingOrg is not the organisation of who accepts, the
// case is dispatched to it at once.
type Accept struct {
	domain.By   `json:"-"`
	HandlingOrg string    `json:"handling_org"` // code of the organisation
	TimeClass   TimeClass `json:"time_class"`
	Category    Category  `json:"category,omitempty"` // empty: as registered
	Basis       string    `json:"basis,omitempty"`
}

// Refuse is 不予受理: with a written notice, and told where to go instead.
type Refuse struct {
	domain.By  `json:"-"`
	Reason     RefusalReason `json:"reason"`
	DocumentID uuid.UUID     `json:"document_id,omitzero"` // the notice as a document, or
	NoticeNo   string        `json:"notice_no,omitempty"`  // its number
	ToldAt     time.Time     `json:"told_at,omitzero"`     // when the reporter was told; not for anonymous ones
	RedirectTo string        `json:"redirect_to"`          // who can help
}

// TransferOut is 转出 of the whole case to the competent body (首问负责).
type TransferOut struct {
	domain.By `json:"-"`
	To        Agency    `json:"to"`
	Body      string    `json:"body"` // which office
	TheirNo   string    `json:"their_no,omitempty"`
	Reason    string    `json:"reason"`
	ToldAt    time.Time `json:"told_at,omitzero"`
}

// Reclassify is 变更办理类别; the handle clock keeps what was used up.
type Reclassify struct {
	domain.By `json:"-"`
	TimeClass TimeClass `json:"time_class"`
	Reason    string    `json:"reason"`
}

// Dispatch is 交办.
type Dispatch struct {
	domain.By `json:"-"`
	ToOrg     string `json:"to_org"`
}

// Sign is 签收.
type Sign struct {
	domain.By `json:"-"`
}

// Return is 退单, within the sign limit.
type Return struct {
	domain.By `json:"-"`
	Reason    ReturnReason `json:"reason"`
	Note      string       `json:"note,omitempty"`
}

// Rule is 裁定: the shift leader's final word after three returns.
type Rule struct {
	domain.By `json:"-"`
	FinalOrg  string `json:"final_org"`
	Reason    string `json:"reason"`
}

// Assign is 指派经办人.
type Assign struct {
	domain.By `json:"-"`
	Handler   string     `json:"handler"`              // user id
	CoHandler string     `json:"co_handler,omitempty"` // user id; mandatory for site work
	SiteWork  bool       `json:"site_work,omitempty"`
	Conflicts []Conflict `json:"conflicts,omitempty"` // of these two, found by the caller
}

// Recuse is 回避. The head of the organisation may name a replacement at once.
type Recuse struct {
	domain.By  `json:"-"`
	User       string     `json:"user"`
	Relation   Relation   `json:"relation"`
	ReplacedBy string     `json:"replaced_by,omitempty"`
	Conflicts  []Conflict `json:"conflicts,omitempty"` // of the replacement, found by the caller
}

// LogContact is 登记联系.
type LogContact struct {
	domain.By   `json:"-"`
	With        Party      `json:"with"`
	Purpose     Purpose    `json:"purpose"`
	How         ContactHow `json:"how"`
	Reached     bool       `json:"reached"`
	Gist        string     `json:"gist,omitempty"`
	RecordingID string     `json:"recording_id,omitempty"`
}

// PromiseCallback is 承诺回电.
type PromiseCallback struct {
	domain.By `json:"-"`
	DueAt     time.Time `json:"due_at"`
	About     string    `json:"about,omitempty"`
}

// AddNote is 写办理记录.
type AddNote struct {
	domain.By  `json:"-"`
	Visibility NoteVisibility `json:"visibility"`
	Text       string         `json:"text"` // up to 10,000 characters
}

// AddAttachment is 添加附件.
type AddAttachment struct {
	domain.By    `json:"-"`
	AttachmentID uuid.UUID    `json:"attachment_id"`
	Kind         EvidenceKind `json:"kind"`
	SHA256       string       `json:"sha256,omitempty"` // hex
}

// Link is 关联 with another complaint.
type Link struct {
	domain.By `json:"-"`
	Relation  LinkRelation `json:"relation"`
	OtherID   uuid.UUID    `json:"other_id"`
	OtherNo   string       `json:"other_no"`
}

// RaiseRisk is 上调风险: to Level, or to what the flags call for, if that is higher.
type RaiseRisk struct {
	domain.By `json:"-"`
	Level     RiskLevel `json:"level,omitempty"`
	Flags     []Flag    `json:"flags,omitempty"`
	Note      string    `json:"note,omitempty"`
}

// LowerRisk is 下调风险.
type LowerRisk struct {
	domain.By `json:"-"`
	Level     RiskLevel `json:"level"`
	Reason    string    `json:"reason"`
}

// NotifyLeader is 报告领导.
type NotifyLeader struct {
	domain.By `json:"-"`
	To        string     `json:"to"` // user id or duty post
	How       ContactHow `json:"how"`
}

// AnswerCrimeHint is 处理涉罪提示: the referral, or a reason why none.
type AnswerCrimeHint struct {
	domain.By  `json:"-"`
	ReferralID uuid.UUID `json:"referral_id,omitzero"`
	Reason     string    `json:"reason,omitempty"`
}

// Restrict is 限制查看.
type Restrict struct {
	domain.By    `json:"-"`
	Reason       RestrictReason `json:"reason"`
	AccusedOrg   string         `json:"accused_org,omitempty"`
	AllowedRoles []domain.Role  `json:"allowed_roles,omitempty"` // empty: the usual ones
}

package complaint

import (
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// External is 外部来源: where else the complaint is on file.
type External struct {
	System string    `json:"system"` // code of the other system: t12345, platform, …
	No     string    `json:"no"`     // its number there
	At     time.Time `json:"at,omitzero"`
}

// Reporter is 反映人: who tells us. Name and phone live in the person's stream.
type Reporter struct {
	PersonID   uuid.UUID `json:"person_id,omitzero"`
	Anonymous  bool      `json:"anonymous,omitempty"`
	CodeHash   string    `json:"code_hash,omitempty"` // SHA-256 of the receipt code of an anonymous reporter
	OnBehalfOf string    `json:"on_behalf_of,omitempty"`
}

// Employer is 被反映单位: as registered, or as the reporter put it.
type Employer struct {
	EnterpriseID uuid.UUID `json:"enterprise_id,omitzero"`
	Text         string    `json:"text,omitempty"`
}

// Claim is 诉求概况: what the reporter says is owed, before anybody verified it.
type Claim struct {
	Persons int         `json:"persons"`
	OwedFen domain.Fen  `json:"owed_fen"`
	From    domain.Date `json:"from,omitzero"`
	To      domain.Date `json:"to,omitzero"`
}

// Consent is 个人信息告知同意: on what basis personal data are handled.
type Consent struct {
	Basis       string `json:"basis"`                  // consent, legal_duty
	TextVersion string `json:"text_version,omitempty"` // version of the text that was read out
	How         string `json:"how,omitempty"`          // spoken, written, ticked
}

// Evidence is 证据: one item that supports a fact.
type Evidence struct {
	Kind         EvidenceKind `json:"kind"`
	AttachmentID uuid.UUID    `json:"attachment_id,omitzero"`
	Note         string       `json:"note,omitempty" seal:"narrative"` // ⓟ
}

// ClaimItem is 诉求明细: one line of what a claimant is owed.
type ClaimItem struct {
	Kind    ItemKind    `json:"kind"`
	From    domain.Date `json:"from,omitzero"`
	To      domain.Date `json:"to,omitzero"`
	OwedFen domain.Fen  `json:"owed_fen"`
}

// MovedFrom is 并入来源: the line of a merged complaint that a claimant had.
type MovedFrom struct {
	ComplaintID uuid.UUID `json:"complaint_id"`
	ComplaintNo string    `json:"complaint_no"`
	ClaimantNo  int       `json:"claimant_no"`
}

// NewClaimant is 新增诉求人: a claimant to be entered.
type NewClaimant struct {
	PersonID  uuid.UUID   `json:"person_id"`
	Items     []ClaimItem `json:"items"`
	Evidence  []Evidence  `json:"evidence,omitempty"`
	MovedFrom *MovedFrom  `json:"moved_from,omitempty"`
}

// OwedFen is the sum of the items.
func (c NewClaimant) OwedFen() domain.Fen { return owed(c.Items) }

func owed(items []ClaimItem) domain.Fen {
	var sum domain.Fen
	for _, it := range items {
		sum += it.OwedFen
	}
	return sum
}

// Hint is 疑似重复: another complaint that may be the same, found by the caller.
type Hint struct {
	OtherID      uuid.UUID      `json:"other_id"`
	OtherNo      string         `json:"other_no"`
	ScorePercent int            `json:"score_percent"`
	Keys         []DuplicateKey `json:"keys"`
}

// Elsewhere is 他案诉求: a claimant's claim against the same employer for
// overlapping months in another open complaint, found by the caller.
type Elsewhere struct {
	PersonID uuid.UUID `json:"person_id"`
	OtherID  uuid.UUID `json:"other_id"`
	OtherNo  string    `json:"other_no"`
}

// Conflict is 回避情形: why an officer may not handle the case, found by the caller
// (declared kin, former employer within three years, red flag R03).
type Conflict struct {
	User     string   `json:"user"`
	Relation Relation `json:"relation"`
}

// Instalment is 分期: one payment of an agreement.
type Instalment struct {
	DueOn  domain.Date `json:"due_on"`
	DueFen domain.Fen  `json:"due_fen"`
}

// Totals is 汇总: the ledger in five figures.
type Totals struct {
	Persons     int        `json:"persons"`
	PersonsPaid int        `json:"persons_paid"`
	ClaimedFen  domain.Fen `json:"claimed_fen"`
	VerifiedFen domain.Fen `json:"verified_fen"`
	PaidFen     domain.Fen `json:"paid_fen"`
}

// Unpaid is 未清偿说明: a claimant who was not paid in full, and why.
type Unpaid struct {
	ClaimantNo int        `json:"claimant_no"`
	Outcome    Outcome    `json:"outcome"`
	ShortFen   domain.Fen `json:"short_fen"`
	Reason     string     `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// LimitationKind is 时效种类.
type LimitationKind string

// The limitations (时效种类).
const (
	LimitInspection  LimitationKind = "inspection"
	LimitArbitration LimitationKind = "arbitration"
)

var limitationKinds = domain.NewCodes[LimitationKind]("时效种类", "inspection", "劳动监察两年查处时效", "arbitration", "劳动仲裁一年时效")

// Label is the Chinese name of the limitation.
func (k LimitationKind) Label() string { return limitationKinds.Label(k) }

// LimitationKinds is the list of limitations (时效种类).
func LimitationKinds() domain.Codes[LimitationKind] { return limitationKinds }

// Limitation is 时效: until when others can still act. A zero date means that the
// time does not run: the facts are not known, or the worker is still employed.
type Limitation struct {
	InspectionUntil  domain.Date      `json:"inspection_until,omitzero"`
	ArbitrationUntil domain.Date      `json:"arbitration_until,omitzero"`
	Near             []LimitationKind `json:"near,omitempty"` // fewer days left than Rules.LimitationWarn, or passed
}

// Until is the last day of one limitation.
func (l Limitation) Until(k LimitationKind) domain.Date {
	if k == LimitInspection {
		return l.InspectionUntil
	}
	return l.ArbitrationUntil
}

package complaint

import (
	"github.com/google/uuid"

	"hearth/domain"
)

// ClaimantAdded is 增加诉求人. Claimants are numbered within the case; a number is
// never used again.
type ClaimantAdded struct {
	ClaimantNo int         `json:"claimant_no"`
	PersonID   uuid.UUID   `json:"person_id"`
	Items      []ClaimItem `json:"items"`
	Evidence   []Evidence  `json:"evidence,omitempty"`
	MovedFrom  *MovedFrom  `json:"moved_from,omitempty"`
}

// ClaimantsImported is 批量导入诉求人: one chunk of at most 200 rows of a roster.
// The rows have the numbers FirstNo, FirstNo+1, …
type ClaimantsImported struct {
	FileSHA256 string        `json:"file_sha256"`
	Chunk      int           `json:"chunk"` // 1..Chunks
	Chunks     int           `json:"chunks"`
	FirstNo    int           `json:"first_no"`
	Rows       []NewClaimant `json:"rows"`
}

// ClaimantImportCompleted is 导入完成: every chunk of the roster has arrived.
type ClaimantImportCompleted struct {
	FileSHA256 string `json:"file_sha256"`
	Chunks     int    `json:"chunks"`
	Rows       int    `json:"rows"`
}

// ClaimantRemoved is 移除诉求人: entered by mistake.
type ClaimantRemoved struct {
	ClaimantNo int    `json:"claimant_no"`
	Reason     string `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// RepresentativesElected is 推选代表.
type RepresentativesElected struct {
	ClaimantNos []int     `json:"claimant_nos"`
	MinutesID   uuid.UUID `json:"minutes_id,omitzero"` // attachment
}

// VerificationProposed is 初核: the first verifier's figure, which waits for the second.
type VerificationProposed struct {
	ClaimantNo  int          `json:"claimant_no"`
	ProposedFen domain.Fen   `json:"proposed_fen"`
	Method      VerifyMethod `json:"method"`
	Evidence    []Evidence   `json:"evidence"`
	Verifier1   string       `json:"verifier_1"`
}

// ClaimVerified is 核定: what the claimant is owed.
type ClaimVerified struct {
	ClaimantNo  int          `json:"claimant_no"`
	VerifiedFen domain.Fen   `json:"verified_fen"`
	Method      VerifyMethod `json:"method"`
	Evidence    []Evidence   `json:"evidence"`
	Verifier1   string       `json:"verifier_1"`
	Verifier2   string       `json:"verifier_2,omitempty"`
}

// ClaimDisputed is 争议: the employer or another party sees it differently.
type ClaimDisputed struct {
	ClaimantNo  int        `json:"claimant_no"`
	By          PartyRole  `json:"by_role"`
	Position    string     `json:"position,omitempty" seal:"narrative"` // ⓟ
	AdmittedFen domain.Fen `json:"admitted_fen"`
}

// ClaimOutcomeSet is 逐人结论: how it ended for one claimant.
type ClaimOutcomeSet struct {
	ClaimantNo int        `json:"claimant_no"`
	Outcome    Outcome    `json:"outcome"`
	Reason     string     `json:"reason,omitempty" seal:"narrative"` // ⓟ
	Evidence   []Evidence `json:"evidence,omitempty"`
}

// LiablePartyNamed is 列明责任主体: who else must pay, in what capacity.
type LiablePartyNamed struct {
	EnterpriseID uuid.UUID   `json:"enterprise_id"`
	Role         PartyRole   `json:"role"`
	BasisArticle string      `json:"basis_article"`
	CapFen       *domain.Fen `json:"cap_fen,omitempty"` // limited to unsettled project money, or the like
}

// LiablePartyDropped is 撤销责任主体.
type LiablePartyDropped struct {
	EnterpriseID uuid.UUID `json:"enterprise_id"`
	Role         PartyRole `json:"role"`
	Reason       string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// NegotiationHeld is 协商: the parties talked.
type NegotiationHeld struct {
	HeldOn    domain.Date `json:"held_on"`
	Attendees string      `json:"attendees,omitempty" seal:"narrative"` // ⓟ
	MinutesID uuid.UUID   `json:"minutes_id,omitzero"`
	Gist      string      `json:"gist,omitempty" seal:"narrative"` // ⓟ
}

// AgreementSigned is 签订调解协议.
type AgreementSigned struct {
	AgreementNo  string       `json:"agreement_no"`
	Instalments  []Instalment `json:"instalments,omitempty"`
	AttachmentID uuid.UUID    `json:"attachment_id,omitzero"`
}

// MediationFailed is 调解未成.
type MediationFailed struct {
	Reason string `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// ProcedureStarted is 进入程序: inspection, arbitration, court or police took it up.
type ProcedureStarted struct {
	ProcedureNo int           `json:"procedure_no"`
	Kind        ProcedureKind `json:"kind"`
	Body        string        `json:"body"`
	TheirNo     string        `json:"their_no,omitempty"`
	StartedOn   domain.Date   `json:"started_on"`
}

// ProcedureConcluded is 程序结果.
type ProcedureConcluded struct {
	ProcedureNo int             `json:"procedure_no"`
	Kind        ProcedureKind   `json:"kind"`
	Result      ProcedureResult `json:"result"`
	AwardedFen  domain.Fen      `json:"awarded_fen"`
	ConcludedOn domain.Date     `json:"concluded_on"`
}

// PaymentPromised is 承诺支付.
type PaymentPromised struct {
	PromiseNo   int         `json:"promise_no"`
	ByRole      PartyRole   `json:"by_role"`
	PromisedFen domain.Fen  `json:"promised_fen"`
	DueOn       domain.Date `json:"due_on"`
}

// PaymentRecorded is 到账: money reached a claimant.
type PaymentRecorded struct {
	PaymentNo         int         `json:"payment_no"`
	ClaimantNo        int         `json:"claimant_no"`
	PaidFen           domain.Fen  `json:"paid_fen"`
	PaidOn            domain.Date `json:"paid_on"`
	PayerRole         PartyRole   `json:"payer_role"`
	PayerEnterpriseID uuid.UUID   `json:"payer_enterprise_id,omitzero"`
	Method            PayMethod   `json:"method"`
	Evidence          []Evidence  `json:"evidence"`
	Witnesses         []string    `json:"witnesses,omitempty"` // user ids, for cash
	ClaimantConfirmed bool        `json:"claimant_confirmed,omitempty"`
	ConfirmedHow      ContactHow  `json:"confirmed_how,omitempty"`
	By                string      `json:"by"`
}

// PaymentReversed is 冲正: a payment was recorded wrongly or came back.
type PaymentReversed struct {
	PaymentNo   int        `json:"payment_no"`
	ClaimantNo  int        `json:"claimant_no"`
	ReversedFen domain.Fen `json:"reversed_fen"`
	Reason      string     `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// AdvanceLinked is 关联垫付: a relief case advanced wages to a claimant.
type AdvanceLinked struct {
	ReliefID    uuid.UUID  `json:"relief_id"`
	ClaimantNo  int        `json:"claimant_no"`
	AdvancedFen domain.Fen `json:"advanced_fen"`
}

// RecourseOpened is 提出追偿: the advance is asked back from who owed the wages.
type RecourseOpened struct {
	RecourseNo   int        `json:"recourse_no"`
	EnterpriseID uuid.UUID  `json:"enterprise_id"`
	RecourseFen  domain.Fen `json:"recourse_fen"`
}

// RecourseRecovered is 追偿到账.
type RecourseRecovered struct {
	RecourseNo   int         `json:"recourse_no"`
	RecoveredFen domain.Fen  `json:"recovered_fen"`
	RecoveredOn  domain.Date `json:"recovered_on"`
}

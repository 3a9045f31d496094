package complaint

import (
	"github.com/google/uuid"

	"hearth/domain"
)

// AddClaimants is 增加诉求人.
type AddClaimants struct {
	domain.By `json:"-"`
	Claimants []NewClaimant `json:"claimants"`
	Elsewhere []Elsewhere   `json:"elsewhere,omitempty"` // their claims in other open complaints, found by the caller
}

// ImportClaimants is 批量导入诉求人: one chunk of a roster; send each once, in order.
type ImportClaimants struct {
	domain.By  `json:"-"`
	FileSHA256 string        `json:"file_sha256"` // hex
	Chunk      int           `json:"chunk"`       // 1..chunks
	Chunks     int           `json:"chunks"`
	Rows       []NewClaimant `json:"rows"`                // at most 200
	Elsewhere  []Elsewhere   `json:"elsewhere,omitempty"` // as in AddClaimants
}

// TakeOver is 并入: the target's half of a merger, in the same atomic append as
// Merge on the source. State.TakeOver prepares it.
type TakeOver struct {
	domain.By `json:"-"`
	FromID    uuid.UUID     `json:"from_id"`
	FromNo    string        `json:"from_no"`
	Claimants []NewClaimant `json:"claimants,omitempty"`
}

// RemoveClaimant is 移除诉求人: entered by mistake, nothing paid.
type RemoveClaimant struct {
	domain.By  `json:"-"`
	ClaimantNo int    `json:"claimant_no"`
	Reason     string `json:"reason"`
}

// ElectRepresentatives is 推选代表: at most five of the claimants.
type ElectRepresentatives struct {
	domain.By   `json:"-"`
	ClaimantNos []int     `json:"claimant_nos"`
	MinutesID   uuid.UUID `json:"minutes_id,omitzero"` // attachment
}

// Verification is 核定金额 of one claimant.
type Verification struct {
	ClaimantNo  int        `json:"claimant_no"`
	VerifiedFen domain.Fen `json:"verified_fen"`
}

// VerifyClaims is 核定. Above Rules.SecondVerifier, or in a collective case, it is
// a proposal until a second person confirms it.
type VerifyClaims struct {
	domain.By `json:"-"`
	Lines     []Verification `json:"lines"`
	Method    VerifyMethod   `json:"method"`
	Evidence  []Evidence     `json:"evidence"`
}

// ConfirmVerification is 复核: the second verifier agrees with what is proposed.
type ConfirmVerification struct {
	domain.By   `json:"-"`
	ClaimantNos []int `json:"claimant_nos"`
}

// DisputeClaim is 登记争议.
type DisputeClaim struct {
	domain.By   `json:"-"`
	ClaimantNo  int        `json:"claimant_no"`
	ByRole      PartyRole  `json:"by_role"`
	Position    string     `json:"position"`
	AdmittedFen domain.Fen `json:"admitted_fen"`
}

// SetOutcome is 逐人结论, for one or several claimants alike.
type SetOutcome struct {
	domain.By   `json:"-"`
	ClaimantNos []int      `json:"claimant_nos"`
	Outcome     Outcome    `json:"outcome"`
	Reason      string     `json:"reason,omitempty"`   // mandatory unless paid
	Evidence    []Evidence `json:"evidence,omitempty"` // mandatory unless paid; a signed paper when waived
}

// NameLiableParty is 列明责任主体.
type NameLiableParty struct {
	domain.By    `json:"-"`
	EnterpriseID uuid.UUID   `json:"enterprise_id"`
	Role         PartyRole   `json:"role"`
	BasisArticle string      `json:"basis_article,omitempty"` // empty: the usual one of the role
	CapFen       *domain.Fen `json:"cap_fen,omitempty"`
}

// DropLiableParty is 撤销责任主体.
type DropLiableParty struct {
	domain.By    `json:"-"`
	EnterpriseID uuid.UUID `json:"enterprise_id"`
	Role         PartyRole `json:"role"`
	Reason       string    `json:"reason"`
}

// LogNegotiation is 登记协商.
type LogNegotiation struct {
	domain.By `json:"-"`
	HeldOn    domain.Date `json:"held_on"`
	Attendees string      `json:"attendees"`
	MinutesID uuid.UUID   `json:"minutes_id,omitzero"`
	Gist      string      `json:"gist"`
}

// SignAgreement is 登记调解协议.
type SignAgreement struct {
	domain.By    `json:"-"`
	AgreementNo  string       `json:"agreement_no"`
	Instalments  []Instalment `json:"instalments,omitempty"`
	AttachmentID uuid.UUID    `json:"attachment_id,omitzero"`
}

// FailMediation is 登记调解未成.
type FailMediation struct {
	domain.By `json:"-"`
	Reason    string `json:"reason"`
}

// StartProcedure is 登记进入程序.
type StartProcedure struct {
	domain.By `json:"-"`
	Kind      ProcedureKind `json:"kind"`
	Body      string        `json:"body"` // which office or court
	TheirNo   string        `json:"their_no,omitempty"`
	StartedOn domain.Date   `json:"started_on"`
}

// ConcludeProcedure is 登记程序结果.
type ConcludeProcedure struct {
	domain.By   `json:"-"`
	ProcedureNo int             `json:"procedure_no"`
	Result      ProcedureResult `json:"result"`
	AwardedFen  domain.Fen      `json:"awarded_fen"`
	ConcludedOn domain.Date     `json:"concluded_on"`
}

// PromisePayment is 登记支付承诺.
type PromisePayment struct {
	domain.By   `json:"-"`
	ByRole      PartyRole   `json:"by_role"`
	PromisedFen domain.Fen  `json:"promised_fen"`
	DueOn       domain.Date `json:"due_on"`
}

// PaymentLine is 到账明细: what one claimant received.
type PaymentLine struct {
	ClaimantNo int        `json:"claimant_no"`
	PaidFen    domain.Fen `json:"paid_fen"`
}

// RecordPayment is 登记到账: one payment to one or several claimants.
type RecordPayment struct {
	domain.By         `json:"-"`
	Lines             []PaymentLine `json:"lines"`
	PaidOn            domain.Date   `json:"paid_on"`
	PayerRole         PartyRole     `json:"payer_role"`
	PayerEnterpriseID uuid.UUID     `json:"payer_enterprise_id,omitzero"`
	Method            PayMethod     `json:"method"`
	Evidence          []Evidence    `json:"evidence"`
	Witnesses         []string      `json:"witnesses,omitempty"` // user ids; two for cash
	ClaimantConfirmed bool          `json:"claimant_confirmed,omitempty"`
	ConfirmedHow      ContactHow    `json:"confirmed_how,omitempty"`
}

// ReversePayment is 冲正.
type ReversePayment struct {
	domain.By `json:"-"`
	PaymentNo int    `json:"payment_no"`
	Reason    string `json:"reason"`
}

// LinkAdvance is 关联垫付.
type LinkAdvance struct {
	domain.By   `json:"-"`
	ReliefID    uuid.UUID  `json:"relief_id"`
	ClaimantNo  int        `json:"claimant_no"`
	AdvancedFen domain.Fen `json:"advanced_fen"`
}

// OpenRecourse is 提出追偿.
type OpenRecourse struct {
	domain.By    `json:"-"`
	EnterpriseID uuid.UUID  `json:"enterprise_id"`
	RecourseFen  domain.Fen `json:"recourse_fen"`
}

// RecoverRecourse is 登记追偿到账.
type RecoverRecourse struct {
	domain.By    `json:"-"`
	RecourseNo   int         `json:"recourse_no"`
	RecoveredFen domain.Fen  `json:"recovered_fen"`
	RecoveredOn  domain.Date `json:"recovered_on"`
}

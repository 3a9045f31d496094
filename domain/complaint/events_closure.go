package complaint

import (
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// CallbackDone is 回访: somebody who did not handle the case asked the claimant.
type CallbackDone struct {
	ClaimantNo       int         `json:"claimant_no"` // 0: the reporter of a case without claimants
	Reached          bool        `json:"reached"`
	ConfirmedFen     *domain.Fen `json:"confirmed_fen,omitempty"` // what the person says was received
	Disputes         bool        `json:"disputes,omitempty"`      // does not agree with the outcome
	Blocks           bool        `json:"blocks,omitempty"`        // so the case cannot close
	Satisfied        int         `json:"satisfied"`               // 1–5, 0 = did not want to say
	ComplaintAboutUs bool        `json:"complaint_about_us,omitempty"`
	Note             string      `json:"note,omitempty" seal:"narrative"` // ⓟ
	RecordingID      string      `json:"recording_id,omitempty"`
	By               string      `json:"by"`
	CalledOn         domain.Date `json:"called_on"`
}

// ClosureProposed is 拟结: the handler says that all is done. Sample are the
// claimants to be called back: CallbackSample(Seed, …) gives it again.
type ClosureProposed struct {
	Nth        int        `json:"nth"`
	Conclusion Conclusion `json:"conclusion_code"`
	Narrative  string     `json:"narrative,omitempty" seal:"narrative"` // ⓟ
	Totals     Totals     `json:"totals"`
	Unpaid     []Unpaid   `json:"unpaid,omitempty"`
	Seed       string     `json:"seed"`
	Sample     []int      `json:"sample,omitempty"`
	By         string     `json:"by"`
}

// ClosureReturned is 退回: the reviewer wants more.
type ClosureReturned struct {
	Reason string `json:"reason,omitempty" seal:"narrative"` // ⓟ
	By     string `json:"by"`
}

// ClosureApproved is 批准结案.
type ClosureApproved struct {
	By string `json:"by"`
}

// Closed is 办结.
type Closed struct {
	Conclusion Conclusion `json:"conclusion_code"`
	Totals     Totals     `json:"totals"`
	At         time.Time  `json:"closed_at"`
}

// Reopened is 重启办理.
type Reopened struct {
	Nth      int    `json:"nth"`
	Reason   string `json:"reason,omitempty" seal:"narrative"` // ⓟ
	ByWorker bool   `json:"by_worker"`                         // the worker asked for it
	By       string `json:"by"`
}

// Withdrawn is 撤回: the worker took it back, and somebody else made sure that it
// was of free will.
type Withdrawn struct {
	Reason         string `json:"reason,omitempty" seal:"narrative"` // ⓟ
	CheckContactNo int    `json:"check_contact_no"`
}

// Merged is 并案: the case goes on in another one; this one can only be read.
type Merged struct {
	IntoID uuid.UUID `json:"into_id"`
	IntoNo string    `json:"into_no"`
	Reason string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// Archived is 归档.
type Archived struct {
	Retention      Retention `json:"retention_class"`
	ManifestSHA256 string    `json:"manifest_sha256"`
}

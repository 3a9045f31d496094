package complaint

import (
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
)

// IssueDocument is 登记监督文书发出.
type IssueDocument struct {
	domain.By  `json:"-"`
	DocumentID uuid.UUID       `json:"document_id"`
	Kind       DocumentKind    `json:"kind"`
	No         string          `json:"no"`
	To         string          `json:"to"`
	ReplyIn    calendar.Length `json:"reply_in,omitzero"` // as "15wd"; empty: the usual one of the kind
}

// AnswerDocument is 登记文书答复.
type AnswerDocument struct {
	domain.By  `json:"-"`
	DocumentID uuid.UUID      `json:"document_id"`
	Answer     DocumentAnswer `json:"answer"`
}

// SendReferral is 登记移送.
type SendReferral struct {
	domain.By  `json:"-"`
	ReferralID uuid.UUID `json:"referral_id"`
	Agency     Agency    `json:"agency"`
	DataSent   []string  `json:"data_sent"` // names of the fields that leave us
	Basis      string    `json:"basis"`     // consent or article of law
}

// ReceiptReferral is 登记移送回执.
type ReceiptReferral struct {
	domain.By  `json:"-"`
	ReferralID uuid.UUID `json:"referral_id"`
	TheirNo    string    `json:"their_no,omitempty"`
	Accepted   bool      `json:"accepted"`
	Reason     string    `json:"reason,omitempty"` // when they did not accept
}

// PauseClock is 暂停计时.
type PauseClock struct {
	domain.By `json:"-"`
	Clock     ClockKind   `json:"clock"`
	Reason    PauseReason `json:"reason_code"`
	Note      string      `json:"note,omitempty"`
}

// ResumeClock is 恢复计时.
type ResumeClock struct {
	domain.By `json:"-"`
	Clock     ClockKind `json:"clock"`
}

// ExtendClock is 延长办理时限: by a leader, before it is due, once, and told to the
// worker.
type ExtendClock struct {
	domain.By     `json:"-"`
	Clock         ClockKind       `json:"clock"`
	Added         calendar.Length `json:"added"` // as "15wd"
	Reason        string          `json:"reason"`
	DocumentID    uuid.UUID       `json:"document_id,omitzero"`
	ToldContactNo int             `json:"told_contact_no,omitempty"` // the contact in which the worker was told
}

// ExplainOverdue is 逾期说明.
type ExplainOverdue struct {
	domain.By `json:"-"`
	Clock     ClockKind     `json:"clock"`
	Reason    OverdueReason `json:"reason_code"`
	Note      string        `json:"note,omitempty"` // mandatory for "other"
}

// OrderSupervision is 督办.
type OrderSupervision struct {
	domain.By `json:"-"`
	Demand    string      `json:"demand"`
	DueOn     domain.Date `json:"due_on"`
}

// Tick is 到点检查: records breaches, escalations and limitation alerts that are due
// at By.At and not recorded yet.
type Tick struct {
	domain.By `json:"-"`
}

// RecomputeClocks is 重算时限, when a holiday notice was published.
type RecomputeClocks struct {
	domain.By `json:"-"`
	Why       string `json:"why"`
}

// Callback is 登记回访.
type Callback struct {
	domain.By        `json:"-"`
	ClaimantNo       int         `json:"claimant_no"` // 0: the reporter of a case without claimants
	Reached          bool        `json:"reached"`
	ConfirmedFen     *domain.Fen `json:"confirmed_fen,omitempty"` // what the person says was received; none when not asked
	Disputes         bool        `json:"disputes,omitempty"`      // the person does not agree with the outcome
	Satisfied        int         `json:"satisfied"`               // 1–5, 0 = did not want to say
	ComplaintAboutUs bool        `json:"complaint_about_us,omitempty"`
	Note             string      `json:"note,omitempty"`
	RecordingID      string      `json:"recording_id,omitempty"`
}

// ProposeClosure is 拟结.
type ProposeClosure struct {
	domain.By  `json:"-"`
	Conclusion Conclusion `json:"conclusion_code"`
	Narrative  string     `json:"narrative"`
}

// ReturnClosure is 退回拟结.
type ReturnClosure struct {
	domain.By `json:"-"`
	Reason    string `json:"reason"`
}

// ApproveClosure is 批准结案; the case is closed with it.
type ApproveClosure struct {
	domain.By `json:"-"`
}

// Reopen is 重启办理.
type Reopen struct {
	domain.By `json:"-"`
	Reason    string `json:"reason"`
	ByWorker  bool   `json:"by_worker"` // the worker asks for it
}

// Withdraw is 撤回, after somebody else asked the worker whether it is voluntary.
type Withdraw struct {
	domain.By      `json:"-"`
	Reason         string `json:"reason"`
	CheckContactNo int    `json:"check_contact_no"` // that contact
}

// Merge is 并案 into another complaint; see TakeOver.
type Merge struct {
	domain.By `json:"-"`
	IntoID    uuid.UUID `json:"into_id"`
	IntoNo    string    `json:"into_no"`
	Reason    string    `json:"reason"`
}

// Archive is 归档.
type Archive struct {
	domain.By      `json:"-"`
	Retention      Retention `json:"retention_class"`
	ManifestSHA256 string    `json:"manifest_sha256"` // hex
}

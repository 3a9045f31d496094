package complaint

import (
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
)

// ClockStarted is 时限开始: one of our limits runs.
type ClockStarted struct{ calendar.Started }

// ClockPaused is 时限暂停.
type ClockPaused struct {
	calendar.Paused
	Reason PauseReason `json:"reason_code"`
	Note   string      `json:"note,omitempty" seal:"narrative"` // ⓟ
}

// ClockResumed is 时限恢复.
type ClockResumed struct{ calendar.Resumed }

// ClockExtended is 时限延长: by a leader, before the due date, and told to the worker.
type ClockExtended struct {
	calendar.Extended
	By            string    `json:"by"`
	DocumentID    uuid.UUID `json:"document_id,omitzero"`
	Reason        string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
	ToldContactNo int       `json:"told_contact_no,omitempty"`
}

// ClockChanged is 时限调整: the time class changed, what was used up stays used up.
type ClockChanged struct{ calendar.Changed }

// ClockRecomputed is 时限重算: a holiday notice moved the due date or made it certain.
type ClockRecomputed struct {
	calendar.Recomputed
	Why string `json:"why"`
}

// ClockMet is 时限完成: done, in time or late.
type ClockMet struct{ calendar.Met }

// ClockBreached is 时限超期.
type ClockBreached struct{ calendar.Breached }

// ClockStopped is 时限终止: what the limit was for no longer needs doing.
type ClockStopped struct {
	Clock string    `json:"clock"`
	At    time.Time `json:"stopped_at"`
	Why   string    `json:"why"`
}

// ClockKind names the clock.
func (f ClockStopped) ClockKind() string { return f.Clock }

// Apply is no clock any more.
func (f ClockStopped) Apply(calendar.Clock) calendar.Clock { return calendar.Clock{} }

// OverdueExplained is 逾期说明.
type OverdueExplained struct {
	Clock  ClockKind     `json:"clock"`
	Reason OverdueReason `json:"reason_code"`
	Note   string        `json:"note,omitempty" seal:"narrative"` // ⓟ
	By     string        `json:"by"`
}

var escalationSteps = domain.NewCodes[calendar.Step]("升级节点",
	"t-3wd", "到期前3个工作日提醒", "t-1wd", "到期前1个工作日预警", "due", "到期催办", "t+5wd", "超期5个工作日通报", "t+10wd", "超期10个工作日督办")

// EscalationSteps is the list of steps (升级节点) of a clock.
func EscalationSteps() domain.Codes[calendar.Step] { return escalationSteps }

// Escalated is 升级: a clock came near its due date or passed it, and more people
// were told.
type Escalated struct {
	Clock ClockKind     `json:"clock"`
	Step  calendar.Step `json:"step"`
	Level RiskLevel     `json:"level"`
	To    []domain.Role `json:"to"`
	DueAt time.Time     `json:"due_at"`
}

// SupervisionOrdered is 督办: a leader demands something by a date.
type SupervisionOrdered struct {
	Demand string      `json:"demand,omitempty" seal:"narrative"` // ⓟ
	DueOn  domain.Date `json:"due_on"`
	By     string      `json:"by"`
}

// LimitationNear is 时效预警: a statutory limitation ends soon.
type LimitationNear struct {
	Kind     LimitationKind `json:"kind"`
	Until    domain.Date    `json:"until"`
	DaysLeft int            `json:"days_left"`
	Days     int            `json:"alert_days"` // which alert: 90, 30 or 7
}

// RiskRaised is 风险升级.
type RiskRaised struct {
	Level    RiskLevel `json:"level"`
	Triggers []Flag    `json:"triggers"`
	By       string    `json:"by,omitempty"`                    // empty: by rule
	Note     string    `json:"note,omitempty" seal:"narrative"` // ⓟ
}

// RiskLowered is 风险下调.
type RiskLowered struct {
	Level  RiskLevel `json:"level"`
	Reason string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
	By     string    `json:"by"`
}

// LeaderNotified is 报告领导: of a red risk or a collective case.
type LeaderNotified struct {
	To  string     `json:"to"` // user id or duty post of the leader
	How ContactHow `json:"how"`
	By  string     `json:"by"`
}

// CrimeHintRaised is 涉罪提示: the ledger is over the threshold of the crime of
// refusing to pay wages (刑法 276-1); somebody must answer it.
type CrimeHintRaised struct {
	Persons      int        `json:"persons"`
	OwedFen      domain.Fen `json:"owed_fen"`
	OneWorker    bool       `json:"one_worker,omitempty"` // by the measure for one worker
	ThresholdFen domain.Fen `json:"threshold_fen"`
	Basis        string     `json:"basis"`
}

// CrimeHintAnswered is 涉罪提示处理: referred to the police or inspection, or why not.
type CrimeHintAnswered struct {
	ReferralID uuid.UUID `json:"referral_id,omitzero"`
	Reason     string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
	By         string    `json:"by"`
}

// AccessRestricted is 限制查看: hidden from the accused unit and from all roles but
// the named ones.
type AccessRestricted struct {
	Reason       RestrictReason `json:"reason"`
	AccusedOrg   string         `json:"accused_org,omitempty"`
	AllowedRoles []domain.Role  `json:"allowed_roles"`
}

// DocumentIssued is 监督文书发出: the complaint's half of the link to a document.
type DocumentIssued struct {
	DocumentID uuid.UUID      `json:"document_id"`
	Kind       DocumentKind   `json:"kind"`
	No         string         `json:"no"`
	To         string         `json:"to"`
	NeedsReply bool           `json:"needs_reply,omitempty"`
	ReplyDueAt time.Time      `json:"reply_due_at,omitzero"`
	Trigger    DocumentAnswer `json:"trigger,omitempty"` // of a 建议书: what became of the 意见书
}

// DocumentAnswered is 文书答复.
type DocumentAnswered struct {
	DocumentID uuid.UUID      `json:"document_id"`
	Answer     DocumentAnswer `json:"answer"`
}

// ReferralSent is 移送发出: the complaint's half of the link to a referral.
type ReferralSent struct {
	ReferralID uuid.UUID `json:"referral_id"`
	Agency     Agency    `json:"agency"`
	DataSent   []string  `json:"data_sent"` // names of the fields, never their content
	Basis      string    `json:"basis"`     // consent or the article that allows it
}

// ReferralReceipted is 移送回执.
type ReferralReceipted struct {
	ReferralID uuid.UUID `json:"referral_id"`
	TheirNo    string    `json:"their_no,omitempty"`
	Accepted   bool      `json:"accepted"`
	Reason     string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

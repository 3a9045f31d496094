// Package domain holds the words that every case family shares: Event, Decider,
// By, Fen, Rejection. It is pure: no clock, no random, no I/O; time, actors and
// ids arrive in commands. Read Decider first, then one family, complaint.
package domain

import (
	"fmt"
	"time"
)

// Event is 事件: a fact that happened and is never changed once stored.
// EventType is its wire name, "<family>.<snake_case>"; it never changes.
type Event interface{ EventType() string }

// Command is 命令: a wish of somebody at some time. Every command embeds By,
// which gives the method.
type Command interface{ IssuedBy() By }

// Decider is 决策器: the rules of one family (Chassaing's decider).
//
// Decide answers a wish with events, with nothing when the wish is already
// true, or with a *Rejection. Evolve applies one fact to the state; it knows no
// rules, never fails, and never changes the slices and maps of the state that
// it was given.
type Decider[S any, C Command, E Event] struct {
	Initial func() S
	Decide  func(S, C) ([]E, error)
	Evolve  func(S, E) S
}

// Fold is 重放: the state after the given events.
func (d Decider[S, C, E]) Fold(s S, events ...E) S {
	for _, ev := range events {
		s = d.Evolve(s, ev)
	}
	return s
}

// Rejection is 驳回: the answer to a wish is no. Code is stable English for
// programs; Text is Chinese for the clerk and says what to do next.
type Rejection struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Error gives the code and the text.
func (r *Rejection) Error() string { return r.Code + ": " + r.Text }

// Reject makes a Rejection; format and args make its Chinese text.
func Reject(code, format string, args ...any) error {
	return &Rejection{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Role is 岗位角色: what somebody acts as. The codes are those of domain.md 4.8.
type Role string

// The roles (岗位角色).
const (
	RoleOperator       Role = "operator"        // 接线员
	RoleShiftLeader    Role = "shift_leader"    // 带班
	RoleDispatcher     Role = "dispatcher"      // 分办员
	RoleHandler        Role = "handler"         // 经办人
	RoleOrgHead        Role = "org_head"        // 单位负责人
	RoleInspector      Role = "inspector"       // 监督检查员
	RoleReliefOfficer  Role = "relief_officer"  // 帮扶专员
	RoleUnitClerk      Role = "unit_clerk"      // 基层工会专干
	RoleReviewer       Role = "reviewer"        // 审核人
	RoleApprover       Role = "approver"        // 审批领导(分管副主席)
	RoleCashier        Role = "cashier"         // 出纳
	RoleAccountant     Role = "accountant"      // 会计
	RoleFinanceAuditor Role = "finance_auditor" // 经审员
	RoleDiscipline     Role = "discipline"      // 纪检
	RoleInformant      Role = "informant"       // 信息员
	RoleLeader         Role = "leader"          // 领导(只读)
	RoleSystemAdmin    Role = "system_admin"    // 系统管理员
	RoleSecurityAdmin  Role = "security_admin"  // 安全管理员
	RoleAuditAdmin     Role = "audit_admin"     // 审计管理员
	RoleSystem         Role = "system"          // 系统任务
)

// Actor is 操作人: who acts. ID is a pseudonymous user id, never a name; Org is
// the code of the organisation unit.
type Actor struct {
	ID   string `json:"id"`
	Org  string `json:"org"`
	Role Role   `json:"role"`
}

// MaxUnexplained is 补录时限: a fact entered later than this after it happened
// needs a reason (late entry 补录).
const MaxUnexplained = 24 * time.Hour

// By is 经手信息: who wishes what, and when. At is when it is entered, Happened
// when it took place; a zero Happened means At. LateReason explains a gap above
// MaxUnexplained.
type By struct {
	Actor      Actor     `json:"actor"`
	At         time.Time `json:"at"`
	Happened   time.Time `json:"happened,omitzero"`
	LateReason string    `json:"late_reason,omitempty"`
}

// IssuedBy returns b; commands that embed By are thereby Commands.
func (b By) IssuedBy() By { return b }

// Stamp says who wishes it and when; whoever decodes a command from a form or
// from JSON calls it, for By itself never comes from outside.
func (b *By) Stamp(by By) { *b = by }

// OccurredAt is 发生时间: Happened, or At when nothing else was said.
func (b By) OccurredAt() time.Time {
	if b.Happened.IsZero() {
		return b.At
	}
	return b.Happened
}

// Late reports 补录: the fact is entered more than MaxUnexplained after it happened.
func (b By) Late() bool { return b.At.Sub(b.OccurredAt()) > MaxUnexplained }

// Check rejects a By without an actor, with a fact in the future (five minutes
// of clock difference are allowed), or with an unexplained late entry.
func (b By) Check() error {
	switch {
	case b.Actor.ID == "" || b.At.IsZero():
		return Reject("actor_missing", "系统没有识别出操作人,请重新登录后再试。")
	case b.OccurredAt().Sub(b.At) > 5*time.Minute:
		return Reject("in_future", "发生时间不能晚于现在,请改正后再提交。")
	case b.Late() && b.LateReason == "":
		return Reject("late_reason_missing", "此事发生已超过24小时,请填写补录原因。")
	}
	return nil
}

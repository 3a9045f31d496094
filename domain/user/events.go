package user

import (
	"time"

	"hearth/domain"
)

// Event is 用户事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	event()
}

// Created is 建立账号.
type Created struct {
	User     string   `json:"user"` // the id, which is also that of the stream
	Identity Identity `json:"identity,omitzero" seal:"identity"`
	Home     string   `json:"home"` // unit
}

// Renamed is 更改姓名.
type Renamed struct {
	Identity Identity `json:"identity,omitzero" seal:"identity"`
}

// MovedHome is 变更所属单位. Grants stay as they are.
type MovedHome struct {
	To string `json:"to"` // unit
}

// RoleRequested is 申请授权.
type RoleRequested struct {
	Terms
	By string `json:"by"` // user id
}

// RoleGranted is 授权: a second administrator agreed, or How says why none had to.
type RoleGranted struct {
	Terms
	RequestedBy string   `json:"requested_by"` // user id
	ApprovedBy  string   `json:"approved_by"`  // user id
	How         GrantHow `json:"how"`
}

// RoleRefused is 不予授权.
type RoleRefused struct {
	Grant  string `json:"grant"`
	Reason Reason `json:"reason"`
	By     string `json:"by"` // user id
}

// RoleRevoked is 收回授权: from now on.
type RoleRevoked struct {
	Grant  string `json:"grant"`
	Reason Reason `json:"reason"`
	By     string `json:"by"` // user id
}

// Disabled is 停用账号.
type Disabled struct {
	Reason Reason `json:"reason"`
	By     string `json:"by"` // user id
}

// Enabled is 启用账号.
type Enabled struct {
	By string `json:"by"` // user id
}

// PasswordSet is 设置密码. Credential is the random id under which its hash is kept
// outside of the log.
type PasswordSet struct {
	Credential string `json:"credential"`
	MustChange bool   `json:"must_change,omitempty"` // at the next sign-in
	By         string `json:"by"`                    // user id
}

// SecondFactorSet is 设置二次验证. Credential and Codes are the random ids under
// which the secret and the recovery codes are kept outside of the log.
type SecondFactorSet struct {
	Credential string `json:"credential"`
	Codes      string `json:"codes"`
}

// RecoveryCodesRenewed is 重发恢复码: those before are worth nothing.
type RecoveryCodesRenewed struct {
	Codes string `json:"codes"`
}

// FactorRemovalRequested is 申请解除二次验证: an administrator asks for a user who
// cannot do it alone.
type FactorRemovalRequested struct {
	Reason Reason `json:"reason"`
	By     string `json:"by"` // user id
}

// FactorRemovalRefused is 不予解除二次验证.
type FactorRemovalRefused struct {
	By string `json:"by"` // user id
}

// SecondFactorRemoved is 解除二次验证: by the user with a code of their own, or by
// two administrators.
type SecondFactorRemoved struct {
	RequestedBy string `json:"requested_by"` // user id
	ApprovedBy  string `json:"approved_by"`  // user id
}

// SignedIn is 登录. Session tells one session from another and opens none.
type SignedIn struct {
	How     How    `json:"how"`
	Factor  Factor `json:"factor,omitempty"`
	Session string `json:"session,omitempty"`
}

// SignInFailed is 登录失败: how often since the last such event, which is at most
// once a minute.
type SignInFailed struct {
	Why   Failure `json:"why"`
	Count int     `json:"count"`
}

// HeldUp is 暂缓登录: so many tries failed that the next ones have to wait.
type HeldUp struct{}

// SignedOut is 退出登录.
type SignedOut struct {
	Session string `json:"session"`
}

// SessionsEnded is 强制退出: of one session, or of all when none is named.
type SessionsEnded struct {
	Session string `json:"session,omitempty"`
	Reason  Reason `json:"reason"`
	By      string `json:"by"` // user id
}

// TokenIssued is 发放接口令牌.
type TokenIssued struct {
	ID      string    `json:"id"`
	Label   string    `json:"label,omitempty" seal:"narrative"` // ⓟ
	Scopes  []Scope   `json:"scopes"`
	Expires time.Time `json:"expires"`
}

// TokenRevoked is 吊销接口令牌.
type TokenRevoked struct {
	ID string `json:"id"`
	By string `json:"by"` // user id
}

// ExternalLinked is 关联统一身份.
type ExternalLinked struct {
	External External `json:"external,omitzero" seal:"identity"`
}

// LinkInvited is 发出关联邀请: whoever has the code that goes with it may link one
// external identity, once. Invitation is the random id under which the hash of the
// code is kept outside of the log. A new invitation takes the place of the last.
type LinkInvited struct {
	Invitation string    `json:"invitation"`
	Expires    time.Time `json:"expires"`
	By         string    `json:"by"` // user id
}

// ExternalUnlinked is 解除统一身份.
type ExternalUnlinked struct {
	External External `json:"external,omitzero" seal:"identity"`
}

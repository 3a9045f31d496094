package user

import (
	"time"

	"hearth/domain"
)

// Family is 事件族: the first part of the names of the streams.
const Family = "user"

// Identity is 用户身份 ⓟ: what the user signs in with and is called by.
type Identity struct {
	Login string `json:"login,omitempty"`
	Name  string `json:"name,omitempty"`
}

// Terms is 授权内容: a role at a unit for a time. Without To it lasts until it is
// revoked. OnBehalfOf makes it a delegation (代): the user acts for the holder of
// that office.
type Terms struct {
	Grant      string      `json:"grant"` // id
	Role       domain.Role `json:"role"`
	Org        string      `json:"org"`
	From       domain.Date `json:"from"`
	To         domain.Date `json:"to,omitzero"`                     // the last day
	OnBehalfOf string      `json:"on_behalf_of,omitempty"`          // user id of the office holder
	Reason     Reason      `json:"reason,omitempty"`                //
	Text       string      `json:"text,omitempty" seal:"narrative"` // ⓟ
}

// Delegated reports 代: the role is somebody else's office.
func (t Terms) Delegated() bool { return t.OnBehalfOf != "" }

// On reports whether a date is within the terms.
func (t Terms) On(date domain.Date) bool {
	return !date.Before(t.From) && (t.To.IsZero() || !date.After(t.To))
}

// overlaps reports whether there is a day on which both hold.
func (t Terms) overlaps(o Terms) bool {
	return (t.To.IsZero() || !o.From.After(t.To)) && (o.To.IsZero() || !t.From.After(o.To))
}

// covers reports whether t holds on every day of o.
func (t Terms) covers(o Terms) bool {
	return !o.From.Before(t.From) && (t.To.IsZero() || !o.To.IsZero() && !o.To.After(t.To))
}

// Status is 授权状态.
type Status string

// The states of a grant (授权状态).
const (
	StatusRequested Status = "requested"
	StatusGranted   Status = "granted"
	StatusRefused   Status = "refused"
	StatusRevoked   Status = "revoked"
)

var statuses = domain.NewCodes[Status]("授权状态", "requested", "待批准", "granted", "已授权", "refused", "未批准", "revoked", "已收回")

// Statuses is the list of states (授权状态).
func Statuses() domain.Codes[Status] { return statuses }

// Label is the Chinese name of the state.
func (s Status) Label() string { return statuses.Label(s) }

// Grant is 授权: terms, and how far they have come.
type Grant struct {
	Terms
	Status      Status   `json:"status"`
	How         GrantHow `json:"how,omitempty"`
	RequestedBy string   `json:"requested_by,omitempty"` // user id
	DecidedBy   string   `json:"decided_by,omitempty"`   // user id
	EndedBy     string   `json:"ended_by,omitempty"`     // user id
	EndReason   Reason   `json:"end_reason,omitempty"`
}

// GrantHow is 授权方式: who let a role come into force.
type GrantHow string

// The ways (授权方式).
const (
	HowApproved GrantHow = "approved" // two administrators
	HowConsole  GrantHow = "console"  // the first administrators, on the server itself
	HowMigrated GrantHow = "migrated" // held before grants were on record
	HowDemo     GrantHow = "demo"
)

var grantHows = domain.NewCodes[GrantHow]("授权方式", "approved", "双人批准", "console", "服务器上直接授权", "migrated", "旧账号带入", "demo", "演示")

// Label is the Chinese name of the way.
func (h GrantHow) Label() string { return grantHows.Label(h) }

// Reason is 事由: why something about an account was done.
type Reason string

// The reasons (事由).
const (
	ReasonDuty        Reason = "duty"
	ReasonNewStaff    Reason = "new_staff"
	ReasonTransfer    Reason = "transfer"
	ReasonTrip        Reason = "trip"
	ReasonLeave       Reason = "leave"
	ReasonTraining    Reason = "training"
	ReasonLeft        Reason = "left"
	ReasonMistake     Reason = "mistake"
	ReasonRisk        Reason = "risk"
	ReasonLostDevice  Reason = "lost_device"
	ReasonOfficeEnded Reason = "office_ended"
	ReasonInstall     Reason = "install"
	ReasonOther       Reason = "other"
)

var reasons = domain.NewCodes[Reason]("事由",
	"duty", "岗位分工", "new_staff", "新进人员", "transfer", "调岗", "trip", "出差", "leave", "请假", "training", "学习培训",
	"left", "离职", "mistake", "办理有误", "risk", "安全风险", "lost_device", "设备遗失或更换", "office_ended", "本职已终止",
	"install", "安装部署", "other", "其他(请写明)")

// Reasons is the list of reasons (事由).
func Reasons() domain.Codes[Reason] { return reasons }

// Label is the Chinese name of the reason.
func (r Reason) Label() string { return reasons.Label(r) }

// Office is 本职: what somebody holds whose office another is to hold for a time.
type Office struct {
	Holder string // user id
	Active bool
	Grants []Grant
}

// Office is 本职: the user as the holder of an office.
func (s State) Office() Office {
	return Office{Holder: s.ID, Active: s.Exists() && !s.Disabled, Grants: s.Grants}
}

// Holds reports whether the holder has what terms delegate, of their own and for
// as long as the terms last.
func (o Office) Holds(t Terms) bool {
	if !o.Active || o.Holder != t.OnBehalfOf {
		return false
	}
	for _, g := range o.Grants {
		if g.Status == StatusGranted && !g.Delegated() && g.Role == t.Role && g.Org == t.Org && g.covers(t) {
			return true
		}
	}
	return false
}

// HoldsOn reports whether the holder has, of their own, what terms delegate on one
// day.
func (o Office) HoldsOn(t Terms, on domain.Date) bool {
	t.From, t.To = on, on
	return o.Holds(t)
}

// How is 登录方式: the first thing that somebody came in with.
type How string

// The ways in (登录方式).
const (
	HowPassword How = "password"
	HowExternal How = "oidc"
)

var hows = domain.NewCodes[How]("登录方式", "password", "密码", "oidc", "统一身份认证")

// Label is the Chinese name of the way.
func (h How) Label() string { return hows.Label(h) }

// Factor is 二次验证方式: the second thing that somebody came in with.
type Factor string

// The second factors (二次验证方式).
const (
	FactorNone     Factor = ""
	FactorTOTP     Factor = "totp"
	FactorRecovery Factor = "recovery"
)

var factors = domain.NewCodes[Factor]("二次验证方式", "totp", "动态口令", "recovery", "恢复码")

// Label is the Chinese name of the second factor.
func (f Factor) Label() string {
	if f == FactorNone {
		return "无"
	}
	return factors.Label(f)
}

// Failure is 登录失败原因.
type Failure string

// Why a sign-in failed (登录失败原因).
const (
	FailurePassword Failure = "bad_password"
	FailureCode     Failure = "bad_code"
	FailureHeldUp   Failure = "held_up"
	FailureDisabled Failure = "disabled"
)

var failures = domain.NewCodes[Failure]("登录失败原因", "bad_password", "密码不对", "bad_code", "动态口令或恢复码不对", "held_up", "输错过多,暂缓登录", "disabled", "账号已停用")

// Label is the Chinese name of the cause.
func (f Failure) Label() string { return failures.Label(f) }

// Scope is 令牌用途: what a token may be used for.
type Scope string

// The scopes (令牌用途).
const (
	ScopeComplaintsRead  Scope = "complaints:read"  // look at complaints
	ScopeComplaintsWrite Scope = "complaints:write" // issue commands on complaints
	ScopeIntake          Scope = "intake"           // register complaints, look up a caller
	ScopePeopleRead      Scope = "people:read"      // find persons and look at their files, masked
	ScopePeopleWrite     Scope = "people:write"     // issue commands on persons and households
	ScopeReveal          Scope = "reveal"           // have personal fields shown, each with a reason
)

var scopes = domain.NewCodes[Scope]("令牌用途", "complaints:read", "查询案件", "complaints:write", "办理案件", "intake", "登记、来电查询",
	"people:read", "查询人员(遮蔽)", "people:write", "办理人员和家庭", "reveal", "显示个人信息")

// Scopes is the list of scopes (令牌用途).
func Scopes() domain.Codes[Scope] { return scopes }

// Label is the Chinese name of the scope.
func (s Scope) Label() string { return scopes.Label(s) }

// Token is 接口令牌: a key for a program that acts for the user. The key itself is
// in no event.
type Token struct {
	ID      string    `json:"id"`
	Label   string    `json:"label,omitempty" seal:"narrative"` // ⓟ what it is for, in the user's words
	Scopes  []Scope   `json:"scopes"`
	Expires time.Time `json:"expires"`
	Revoked bool      `json:"revoked,omitempty"`
}

// LongestInvitation is 邀请最长有效期.
const LongestInvitation = 7 * 24 * time.Hour

// Invitation is 关联邀请: an external identity may be linked by whoever has its code.
type Invitation struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
}

// External is 统一身份 ⓟ: the user as an identity provider knows them.
type External struct {
	Issuer  string `json:"issuer,omitempty"`
	Subject string `json:"subject,omitempty"`
}

package user

import (
	"time"

	"hearth/domain"
)

// Command is 用户命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	Stamp(by domain.By)
	command() string
}

// Create is 建立账号. Its roles are asked for apart.
type Create struct {
	domain.By `json:"-"`
	User      string   `json:"user"`
	Identity  Identity `json:"identity"`
	Home      string   `json:"home"`
}

// Rename is 更改姓名.
type Rename struct {
	domain.By `json:"-"`
	Name      string `json:"name"`
}

// MoveHome is 变更所属单位.
type MoveHome struct {
	domain.By `json:"-"`
	To        string `json:"to"`
}

// RequestRole is 申请授权.
type RequestRole struct {
	domain.By `json:"-"`
	Terms
	Office *Office `json:"-"` // of the holder, for a delegation
}

// ApproveRole is 批准授权.
type ApproveRole struct {
	domain.By `json:"-"`
	Grant     string  `json:"grant"`
	Office    *Office `json:"-"` // of the holder, for a delegation
}

// RefuseRole is 不予授权.
type RefuseRole struct {
	domain.By `json:"-"`
	Grant     string `json:"grant"`
	Reason    Reason `json:"reason"`
}

// GrantRole is 直接授权: without a second administrator, because there are none yet or the role was held before.
type GrantRole struct {
	domain.By `json:"-"`
	Terms
	How            GrantHow `json:"how"`
	Administrators int      `json:"-"` // active users who hold an administrator's role
}

// RevokeRole is 收回授权.
type RevokeRole struct {
	domain.By `json:"-"`
	Grant     string `json:"grant"`
	Reason    Reason `json:"reason"`
}

// Disable is 停用账号.
type Disable struct {
	domain.By `json:"-"`
	Reason    Reason `json:"reason"`
}

// Enable is 启用账号.
type Enable struct {
	domain.By `json:"-"`
}

// SetPassword is 设置密码.
type SetPassword struct {
	domain.By  `json:"-"`
	Credential string `json:"credential"`
	MustChange bool   `json:"must_change"`
}

// SetFactor is 设置二次验证.
type SetFactor struct {
	domain.By  `json:"-"`
	Credential string `json:"credential"`
	Codes      string `json:"codes"`
}

// RenewCodes is 重发恢复码.
type RenewCodes struct {
	domain.By `json:"-"`
	Codes     string `json:"codes"`
}

// RemoveFactor is 解除本人二次验证: the user gave a code that was right.
type RemoveFactor struct {
	domain.By `json:"-"`
}

// RequestFactorRemoval is 申请解除二次验证.
type RequestFactorRemoval struct {
	domain.By `json:"-"`
	Reason    Reason `json:"reason"`
}

// ApproveFactorRemoval is 批准解除二次验证.
type ApproveFactorRemoval struct {
	domain.By `json:"-"`
}

// RefuseFactorRemoval is 不予解除二次验证.
type RefuseFactorRemoval struct {
	domain.By `json:"-"`
}

// SignIn is 登录.
type SignIn struct {
	domain.By `json:"-"`
	How       How    `json:"how"`
	Factor    Factor `json:"factor"`
	Session   string `json:"session"`
}

// FailSignIn is 登记登录失败.
type FailSignIn struct {
	domain.By `json:"-"`
	Why       Failure `json:"why"`
	Count     int     `json:"count"`
}

// HoldUp is 暂缓登录.
type HoldUp struct {
	domain.By `json:"-"`
}

// SignOut is 退出登录.
type SignOut struct {
	domain.By `json:"-"`
	Session   string `json:"session"`
}

// EndSessions is 强制退出.
type EndSessions struct {
	domain.By `json:"-"`
	Session   string `json:"session"` // empty: all
	Reason    Reason `json:"reason"`
}

// IssueToken is 发放接口令牌.
type IssueToken struct {
	domain.By `json:"-"`
	ID        string    `json:"id"`
	Label     string    `json:"label"`
	Scopes    []Scope   `json:"scopes"`
	Expires   time.Time `json:"expires"`
}

// RevokeToken is 吊销接口令牌.
type RevokeToken struct {
	domain.By `json:"-"`
	ID        string `json:"id"`
}

// InviteLink is 发出关联邀请.
type InviteLink struct {
	domain.By  `json:"-"`
	Invitation string    `json:"invitation"`
	Expires    time.Time `json:"expires"`
}

// LinkExternal is 关联统一身份: by the user, or by whoever has an invitation.
type LinkExternal struct {
	domain.By  `json:"-"`
	External   External `json:"external"`
	Invitation string   `json:"invitation,omitempty"`
}

// UnlinkExternal is 解除统一身份.
type UnlinkExternal struct {
	domain.By `json:"-"`
	External  External `json:"external"`
}

func (*Create) command() string               { return "create" }
func (*Rename) command() string               { return "rename" }
func (*MoveHome) command() string             { return "move_home" }
func (*RequestRole) command() string          { return "request_role" }
func (*ApproveRole) command() string          { return "approve_role" }
func (*RefuseRole) command() string           { return "refuse_role" }
func (*GrantRole) command() string            { return "grant_role" }
func (*RevokeRole) command() string           { return "revoke_role" }
func (*Disable) command() string              { return "disable" }
func (*Enable) command() string               { return "enable" }
func (*SetPassword) command() string          { return "set_password" }
func (*SetFactor) command() string            { return "set_factor" }
func (*RenewCodes) command() string           { return "renew_codes" }
func (*RemoveFactor) command() string         { return "remove_factor" }
func (*RequestFactorRemoval) command() string { return "request_factor_removal" }
func (*ApproveFactorRemoval) command() string { return "approve_factor_removal" }
func (*RefuseFactorRemoval) command() string  { return "refuse_factor_removal" }
func (*SignIn) command() string               { return "sign_in" }
func (*FailSignIn) command() string           { return "fail_sign_in" }
func (*HoldUp) command() string               { return "hold_up" }
func (*SignOut) command() string              { return "sign_out" }
func (*EndSessions) command() string          { return "end_sessions" }
func (*IssueToken) command() string           { return "issue_token" }
func (*RevokeToken) command() string          { return "revoke_token" }
func (*InviteLink) command() string           { return "invite_link" }
func (*LinkExternal) command() string         { return "link_external" }
func (*UnlinkExternal) command() string       { return "unlink_external" }

var labels = domain.NewCodes[string]("用户命令",
	"create", "建立账号", "rename", "更改姓名", "move_home", "变更所属单位", "request_role", "申请授权",
	"approve_role", "批准授权", "refuse_role", "不予授权", "grant_role", "直接授权", "revoke_role", "收回授权",
	"disable", "停用账号", "enable", "启用账号", "set_password", "设置密码", "set_factor", "设置二次验证",
	"renew_codes", "重发恢复码", "remove_factor", "解除本人二次验证", "request_factor_removal", "申请解除二次验证", "approve_factor_removal", "批准解除二次验证",
	"refuse_factor_removal", "不予解除二次验证", "sign_in", "登录", "fail_sign_in", "登记登录失败", "hold_up", "暂缓登录",
	"sign_out", "退出登录", "end_sessions", "强制退出", "issue_token", "发放接口令牌", "revoke_token", "吊销接口令牌",
	"invite_link", "发出关联邀请", "link_external", "关联统一身份", "unlink_external", "解除统一身份")

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.command() }

// Commands is the list of commands (用户命令) by their stable names.
func Commands() domain.Codes[string] { return labels }

package user

import (
	"slices"
	"strings"

	"hearth/domain"
)

// Decider is 用户决策器.
var Decider = domain.Decider[State, Command, Event]{
	Initial: func() State { return State{} },
	Decide:  decide,
	Evolve:  evolve,
}

func decide(s State, cmd Command) ([]Event, error) {
	if cmd, ok := cmd.(*Create); ok {
		return create(s, cmd)
	}
	if !s.Exists() {
		return nil, domain.Reject("user_missing", "没有这个账号,请核对后再办。")
	}
	switch cmd := cmd.(type) {
	case *Create:
		panic("user: create is handled above")
	case *Rename:
		return rename(s, cmd)
	case *MoveHome:
		return moveHome(s, cmd)
	case *RequestRole:
		return requestRole(s, cmd)
	case *ApproveRole:
		return approveRole(s, cmd)
	case *RefuseRole:
		return refuseRole(s, cmd)
	case *GrantRole:
		return grantRole(s, cmd)
	case *RevokeRole:
		return revokeRole(s, cmd)
	case *Disable:
		return disable(s, cmd)
	case *Enable:
		return enable(s, cmd)
	case *SetPassword:
		return setPassword(s, cmd)
	case *SetFactor, *RenewCodes, *RemoveFactor, *RequestFactorRemoval, *ApproveFactorRemoval, *RefuseFactorRemoval:
		return decideFactor(s, cmd)
	case *SignIn, *FailSignIn, *HoldUp, *SignOut, *EndSessions:
		return decideSession(s, cmd)
	case *IssueToken:
		return issueToken(s, cmd)
	case *RevokeToken:
		return revokeToken(s, cmd)
	case *InviteLink:
		return inviteLink(s, cmd)
	case *LinkExternal:
		return linkExternal(s, cmd)
	case *UnlinkExternal:
		return unlinkExternal(s, cmd)
	}
	panic("user: unknown command")
}

func create(s State, cmd *Create) ([]Event, error) {
	if s.Exists() {
		return nil, domain.Reject("user_exists", "这个账号已经建立,请从用户列表中选用。")
	}
	id := Identity{Login: strings.ToLower(strings.TrimSpace(cmd.Identity.Login))}
	var err error
	switch id.Name, err = properName(cmd.Identity.Name); {
	case !loginForm(id.Login):
		return nil, domain.Reject("bad_login", "登录名“%s”不能用,请用2到32个小写字母、数字、点、横线,以字母开头。", id.Login)
	case err != nil:
		return nil, err
	case cmd.Home == "":
		return nil, domain.Reject("org_missing", "请选择所属单位。")
	}
	return []Event{Created{User: cmd.User, Identity: id, Home: cmd.Home}}, nil
}

// loginForm keeps logins fit to be typed anywhere.
func loginForm(login string) bool {
	if len(login) < 2 || len(login) > 32 || login[0] < 'a' || login[0] > 'z' {
		return false
	}
	return !strings.ContainsFunc(login, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
	})
}

func properName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch n := len([]rune(name)); {
	case n == 0:
		return name, domain.Reject("name_missing", "请填写姓名。")
	case n > 50:
		return name, domain.Reject("bad_name", "姓名太长,请不要超过50个字。")
	}
	return name, nil
}

func rename(s State, cmd *Rename) ([]Event, error) {
	name, err := properName(cmd.Name)
	if err != nil || name == s.Identity.Name {
		return nil, err
	}
	return []Event{Renamed{Identity{Login: s.Identity.Login, Name: name}}}, nil
}

func moveHome(s State, cmd *MoveHome) ([]Event, error) {
	switch cmd.To {
	case "":
		return nil, domain.Reject("org_missing", "请选择所属单位。")
	case s.Home:
		return nil, nil
	}
	return []Event{MovedHome{To: cmd.To}}, nil
}

func disable(s State, cmd *Disable) ([]Event, error) {
	if s.Disabled {
		return nil, nil
	}
	if cmd.Actor.ID == s.ID {
		return nil, domain.Reject("own_account", "不能停用自己的账号,请由另一位管理员办理。")
	}
	if err := reasons.Check(cmd.Reason); err != nil {
		return nil, err
	}
	return []Event{Disabled{Reason: cmd.Reason, By: cmd.Actor.ID}}, nil
}

func enable(s State, cmd *Enable) ([]Event, error) {
	if !s.Disabled {
		return nil, nil
	}
	return []Event{Enabled{By: cmd.Actor.ID}}, nil
}

func setPassword(s State, cmd *SetPassword) ([]Event, error) {
	switch {
	case cmd.Credential == "":
		panic("user: a password without its credential")
	case s.Disabled:
		return nil, domain.Reject("account_disabled", "账号已停用,请先启用再设密码。")
	}
	return []Event{PasswordSet{Credential: cmd.Credential, MustChange: cmd.MustChange, By: cmd.Actor.ID}}, nil
}

func issueToken(s State, cmd *IssueToken) ([]Event, error) {
	label := strings.TrimSpace(cmd.Label)
	switch life := cmd.Expires.Sub(cmd.At); {
	case s.Disabled:
		return nil, domain.Reject("account_disabled", "账号已停用,不能建立令牌。")
	case label == "":
		return nil, domain.Reject("label_missing", "请写明令牌给哪个程序用。")
	case len([]rune(label)) > 100:
		return nil, domain.Reject("label_long", "令牌用途请不要超过100个字。")
	case len(cmd.Scopes) == 0:
		return nil, domain.Reject("scopes_missing", "请至少选择一项用途:%s。", scopeList())
	case life <= 0 || life > LongestToken:
		return nil, domain.Reject("bad_expiry", "有效期须在今天之后、一年之内。")
	case slices.ContainsFunc(s.Roles(domain.DateOf(cmd.At)), Administrative):
		return nil, domain.Reject("admin_token", "管理账号看不到案件,不能建立令牌,请用业务账号。")
	}
	for _, scope := range cmd.Scopes {
		if !scopes.Has(scope) {
			return nil, domain.Reject("scope_unknown", "没有“%s”这项用途,请选择:%s。", string(scope), scopeList())
		}
	}
	return []Event{TokenIssued{ID: cmd.ID, Label: label, Scopes: cmd.Scopes, Expires: cmd.Expires}}, nil
}

func scopeList() string {
	var words []string
	for _, s := range scopes.All() {
		words = append(words, string(s))
	}
	return strings.Join(words, "、")
}

func revokeToken(s State, cmd *RevokeToken) ([]Event, error) {
	i := slices.IndexFunc(s.Tokens, func(t Token) bool { return t.ID == cmd.ID })
	switch {
	case i < 0:
		return nil, domain.Reject("token_missing", "没有这个令牌,请刷新页面。")
	case s.Tokens[i].Revoked:
		return nil, nil
	}
	return []Event{TokenRevoked{ID: cmd.ID, By: cmd.Actor.ID}}, nil
}

func inviteLink(s State, cmd *InviteLink) ([]Event, error) {
	switch life := cmd.Expires.Sub(cmd.At); {
	case cmd.Invitation == "" || life <= 0 || life > LongestInvitation:
		panic("user: an invitation without an id or a time")
	case s.Disabled:
		return nil, domain.Reject("account_disabled", "账号已停用,请先启用再邀请。")
	case s.Invitation != nil && s.Invitation.ID == cmd.Invitation:
		return nil, nil
	}
	return []Event{LinkInvited{Invitation: cmd.Invitation, Expires: cmd.Expires, By: cmd.Actor.ID}}, nil
}

func linkExternal(s State, cmd *LinkExternal) ([]Event, error) {
	switch {
	case cmd.Invitation != "" && !s.Invited(cmd.Invitation, cmd.At):
		return nil, domain.Reject("invitation_over", "这个邀请码已经用过或已过期,请向系统管理员要新的。")
	case cmd.External.Issuer == "" || cmd.External.Subject == "":
		return nil, domain.Reject("external_missing", "统一身份不完整,请重新登录统一身份认证后再关联。")
	case slices.Contains(s.External, cmd.External):
		return nil, nil
	}
	return []Event{ExternalLinked{External: cmd.External}}, nil
}

func unlinkExternal(s State, cmd *UnlinkExternal) ([]Event, error) {
	if !slices.Contains(s.External, cmd.External) {
		return nil, nil
	}
	return []Event{ExternalUnlinked{External: cmd.External}}, nil
}

package user

import (
	"flag"
	"testing"
	"time"

	"hearth/domain"
	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write golden files anew")

// now is the morning of 2026-11-23 in Shanghai.
var now = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)

var today = domain.DateOf(now)

var week = now.Add(LongestInvitation)

const me, one, two, holder = "u0", "a1", "a2", "h1"

// as is somebody's wish; one and two are administrators.
func as(id string) domain.By {
	return domain.By{Actor: domain.Actor{ID: id, Org: "jc", Role: domain.RoleSystemAdmin}, At: now}
}

func terms(id string, role domain.Role, change ...func(*Terms)) Terms {
	t := Terms{Grant: id, Role: role, Org: "jc-gp", From: today, Reason: ReasonDuty}
	for _, f := range change {
		f(&t)
	}
	return t
}

func until(days int) func(*Terms) { return func(t *Terms) { t.To = today.AddDays(days) } }
func from(days int) func(*Terms)  { return func(t *Terms) { t.From = today.AddDays(days) } }
func behalf(t *Terms)             { t.OnBehalfOf = holder }

func c(name string, given []Event, when Command, then []Event, code string) domaintest.Case[Command, Event] {
	return domaintest.Case[Command, Event]{Name: name, Given: given, When: when, Then: then, Code: code}
}

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }

var is = []Event{Created{User: me, Identity: Identity{Login: "zhang.san", Name: "张三"}, Home: "jc-gp"}}

func with(more ...Event) []Event { return append(is[:1:1], more...) }

func granted(t Terms) RoleGranted {
	return RoleGranted{Terms: t, RequestedBy: one, ApprovedBy: two, How: HowApproved}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	create := func(change func(*Create)) *Create {
		cmd := &Create{By: as(one), User: me, Identity: Identity{Login: " Zhang.San ", Name: " 张  三 "}, Home: "jc-gp"}
		if change != nil {
			change(cmd)
		}
		return cmd
	}
	domaintest.Decides(t, Decider,
		c("create", nil, create(nil), []Event{Created{User: me, Identity: Identity{Login: "zhang.san", Name: "张 三"}, Home: "jc-gp"}}, ""),
		c("create twice", is, create(nil), nil, "user_exists"),
		c("a login of one letter", nil, create(func(c *Create) { c.Identity.Login = "z" }), nil, "bad_login"),
		c("a login in Chinese", nil, create(func(c *Create) { c.Identity.Login = "张三" }), nil, "bad_login"),
		c("a login that begins with a digit", nil, create(func(c *Create) { c.Identity.Login = "1z" }), nil, "bad_login"),
		c("no name", nil, create(func(c *Create) { c.Identity.Name = " " }), nil, "name_missing"),
		c("no unit", nil, create(func(c *Create) { c.Home = "" }), nil, "org_missing"),
		c("nobody", nil, &Rename{By: as(one), Name: "李四"}, nil, "user_missing"),
		c("rename", is, &Rename{By: as(one), Name: "张珊"}, []Event{Renamed{Identity{Login: "zhang.san", Name: "张珊"}}}, ""),
		c("rename to the same", is, &Rename{By: as(one), Name: "张三"}, nil, ""),
		c("move", is, &MoveHome{By: as(one), To: "jc"}, []Event{MovedHome{"jc"}}, ""),
		c("move nowhere", is, &MoveHome{By: as(one)}, nil, "org_missing"),
		c("disable", is, &Disable{By: as(one), Reason: ReasonLeft}, []Event{Disabled{ReasonLeft, one}}, ""),
		c("disable without a reason", is, &Disable{By: as(one)}, nil, "code_missing"),
		c("disable oneself", is, &Disable{By: as(me), Reason: ReasonLeft}, nil, "own_account"),
		c("disable twice", with(Disabled{ReasonLeft, one}), &Disable{By: as(two), Reason: ReasonLeft}, nil, ""),
		c("enable", with(Disabled{ReasonLeft, one}), &Enable{By: as(two)}, []Event{Enabled{two}}, ""),
		c("enable what is", is, &Enable{By: as(two)}, nil, ""),
		c("password", is, &SetPassword{By: as(me), Credential: "c1"}, []Event{PasswordSet{Credential: "c1", By: me}}, ""),
		c("password for another", is, &SetPassword{By: as(one), Credential: "c1", MustChange: true}, []Event{PasswordSet{"c1", true, one}}, ""),
		c("password of a disabled account", with(Disabled{ReasonLeft, one}), &SetPassword{By: as(one), Credential: "c1"}, nil, "account_disabled"),
		c("link", is, &LinkExternal{By: as(me), External: External{"https://id", "7"}}, []Event{ExternalLinked{External{"https://id", "7"}}}, ""),
		c("link again", with(ExternalLinked{External{"https://id", "7"}}), &LinkExternal{By: as(me), External: External{"https://id", "7"}}, nil, ""),
		c("invite", is, &InviteLink{By: as(one), Invitation: "i1", Expires: week}, []Event{LinkInvited{"i1", week, one}}, ""),
		c("invite with the same form", with(LinkInvited{"i1", week, one}), &InviteLink{By: as(one), Invitation: "i1", Expires: week}, nil, ""),
		c("invite again", with(LinkInvited{"i1", week, one}), &InviteLink{By: as(one), Invitation: "i2", Expires: week}, []Event{LinkInvited{"i2", week, one}}, ""),
		c("invite to a disabled account", with(Disabled{ReasonLeft, one}), &InviteLink{By: as(one), Invitation: "i1", Expires: week}, nil, "account_disabled"),
		c("link by invitation", with(LinkInvited{"i1", week, one}), &LinkExternal{By: as(me), External: External{"https://id", "7"}, Invitation: "i1"}, []Event{ExternalLinked{External{"https://id", "7"}}}, ""),
		c("link by a used invitation", with(LinkInvited{"i1", week, one}, ExternalLinked{External{"https://id", "7"}}), &LinkExternal{By: as(me), External: External{"https://id", "8"}, Invitation: "i1"}, nil, "invitation_over"),
		c("link by an older invitation", with(LinkInvited{"i1", week, one}, LinkInvited{"i2", week, one}), &LinkExternal{By: as(me), External: External{"https://id", "7"}, Invitation: "i1"}, nil, "invitation_over"),
		c("link by an invitation that is over", with(LinkInvited{"i1", now, one}), &LinkExternal{By: as(me), External: External{"https://id", "7"}, Invitation: "i1"}, nil, "invitation_over"),
		c("link by an invitation of before it was disabled", with(LinkInvited{"i1", week, one}, Disabled{ReasonLeft, one}, Enabled{one}), &LinkExternal{By: as(me), External: External{"https://id", "7"}, Invitation: "i1"}, nil, "invitation_over"),
		c("link nothing", is, &LinkExternal{By: as(me), External: External{Issuer: "https://id"}}, nil, "external_missing"),
		c("unlink", with(ExternalLinked{External{"https://id", "7"}}), &UnlinkExternal{By: as(me), External: External{"https://id", "7"}}, []Event{ExternalUnlinked{External{"https://id", "7"}}}, ""),
		c("unlink what is not", is, &UnlinkExternal{By: as(me), External: External{"https://id", "7"}}, nil, ""),
	)
}

func TestGrants(t *testing.T) {
	t.Parallel()
	asked := RoleRequested{terms("g1", domain.RoleHandler), one}
	approve := func(by string) *ApproveRole { return &ApproveRole{By: as(by), Grant: "g1"} }
	request := func(by string, t Terms) *RequestRole { return &RequestRole{By: as(by), Terms: t} }
	late := as(two)
	late.At = now.AddDate(0, 0, 3)
	later := terms("g1", domain.RoleHandler, from(3))
	domaintest.Decides(t, Decider,
		c("ask", is, request(one, terms("g1", domain.RoleHandler)), []Event{asked}, ""),
		c("ask from today on", is, request(one, terms("g1", domain.RoleHandler, func(t *Terms) { t.From = domain.Date{} })), []Event{asked}, ""),
		c("ask for oneself", is, request(me, terms("g1", domain.RoleHandler)), nil, "own_grant"),
		c("ask again", with(asked), request(one, terms("g1", domain.RoleHandler)), nil, ""),
		c("ask for the same", with(asked), request(two, terms("g2", domain.RoleHandler, until(9))), nil, "grant_pending"),
		c("ask for what is there", with(granted(terms("g1", domain.RoleHandler))), request(two, terms("g2", domain.RoleHandler, until(9))), nil, "grant_exists"),
		c("ask for longer than is there", with(granted(terms("g1", domain.RoleHandler, until(3)))), request(two, terms("g2", domain.RoleHandler)),
			[]Event{RoleRequested{terms("g2", domain.RoleHandler), two}}, ""),
		c("ask for no role", is, request(one, terms("g1", "emperor")), nil, "role_unknown"),
		c("ask to be the system", is, request(one, terms("g1", domain.RoleSystem)), nil, "role_unknown"),
		c("ask for no unit", is, request(one, terms("g1", domain.RoleHandler, func(t *Terms) { t.Org = "" })), nil, "org_missing"),
		c("ask from yesterday on", is, request(one, terms("g1", domain.RoleHandler, from(-1))), nil, "from_past"),
		c("ask for less than a day", is, request(one, terms("g1", domain.RoleHandler, until(-1))), nil, "bad_period"),
		c("ask for one day", is, request(one, terms("g1", domain.RoleHandler, until(0))), []Event{RoleRequested{terms("g1", domain.RoleHandler, until(0)), one}}, ""),
		c("ask without a reason", is, request(one, terms("g1", domain.RoleHandler, func(t *Terms) { t.Reason = "" })), nil, "code_missing"),
		c("another reason untold", is, request(one, terms("g1", domain.RoleHandler, func(t *Terms) { t.Reason = ReasonOther })), nil, "reason_missing"),
		c("ask for a disabled account", with(Disabled{ReasonLeft, one}), request(one, terms("g1", domain.RoleHandler)), nil, "account_disabled"),
		c("ask for what is excluded", with(granted(terms("g0", domain.RoleApprover))), request(one, terms("g1", domain.RoleFinanceAuditor)), nil, "roles_exclude"),
		c("ask for it afterwards", with(granted(terms("g0", domain.RoleApprover, until(4)))), request(one, terms("g1", domain.RoleCashier, from(5))),
			[]Event{RoleRequested{terms("g1", domain.RoleCashier, from(5)), one}}, ""),
		c("ask for it on the last day", with(granted(terms("g0", domain.RoleApprover, until(5)))), request(one, terms("g1", domain.RoleCashier, from(5))), nil, "roles_exclude"),
		c("ask for it before", with(granted(terms("g0", domain.RoleApprover, from(5)))), request(one, terms("g1", domain.RoleCashier, until(4))),
			[]Event{RoleRequested{terms("g1", domain.RoleCashier, until(4)), one}}, ""),
		c("ask for it when the other was revoked", with(granted(terms("g0", domain.RoleApprover)), RoleRevoked{"g0", ReasonTransfer, one}), request(one, terms("g1", domain.RoleCashier)),
			[]Event{RoleRequested{terms("g1", domain.RoleCashier), one}}, ""),

		c("approve", with(asked), approve(two), []Event{granted(terms("g1", domain.RoleHandler))}, ""),
		c("approve one's own request", with(asked), approve(one), nil, "same_person"),
		c("approve for oneself", with(asked), approve(me), nil, "own_grant"),
		c("approve what nobody asked for", is, approve(two), nil, "nothing_requested"),
		c("approve twice", with(asked, granted(asked.Terms)), approve(two), nil, "nothing_requested"),
		c("approve what has become excluded", with(asked, granted(terms("g2", domain.RoleSystemAdmin))), approve(two), nil, "roles_exclude"),
		c("approve some days later", with(asked), &ApproveRole{By: late, Grant: "g1"}, []Event{granted(later)}, ""),
		c("approve too late", with(RoleRequested{terms("g1", domain.RoleHandler, until(2)), one}), &ApproveRole{By: late, Grant: "g1"}, nil, "period_over"),
		c("refuse", with(asked), &RefuseRole{By: as(two), Grant: "g1", Reason: ReasonMistake}, []Event{RoleRefused{"g1", ReasonMistake, two}}, ""),
		c("take back", with(asked), &RefuseRole{By: as(one), Grant: "g1", Reason: ReasonMistake}, []Event{RoleRefused{"g1", ReasonMistake, one}}, ""),
		c("refuse nothing", is, &RefuseRole{By: as(two), Grant: "g1", Reason: ReasonMistake}, nil, "nothing_requested"),
		c("approve what was refused", with(asked, RoleRefused{"g1", ReasonMistake, two}), approve(two), nil, "nothing_requested"),
		c("revoke", with(granted(asked.Terms)), &RevokeRole{By: as(one), Grant: "g1", Reason: ReasonTransfer}, []Event{RoleRevoked{"g1", ReasonTransfer, one}}, ""),
		c("revoke twice", with(granted(asked.Terms), RoleRevoked{"g1", ReasonTransfer, one}), &RevokeRole{By: as(one), Grant: "g1", Reason: ReasonTransfer}, nil, ""),
		c("revoke what is only asked for", with(asked), &RevokeRole{By: as(one), Grant: "g1", Reason: ReasonTransfer}, nil, "not_granted"),
		c("revoke nothing", is, &RevokeRole{By: as(one), Grant: "g1", Reason: ReasonTransfer}, nil, "grant_missing"),
	)
}

func TestGrantsWithoutASecond(t *testing.T) {
	t.Parallel()
	alone := func(how GrantHow, admins int, t Terms) *GrantRole {
		return &GrantRole{By: as("console"), Terms: t, How: how, Administrators: admins}
	}
	admin := terms("g1", domain.RoleSystemAdmin)
	done := func(how GrantHow) []Event {
		return []Event{RoleGranted{Terms: admin, RequestedBy: "console", ApprovedBy: "console", How: how}}
	}
	domaintest.Decides(t, Decider,
		c("the first", is, alone(HowConsole, 0, admin), done(HowConsole), ""),
		c("the second", is, alone(HowConsole, 1, admin), done(HowConsole), ""),
		c("with two there are others", is, alone(HowConsole, 2, admin), nil, "second_needed"),
		c("of before", is, alone(HowMigrated, 9, admin), done(HowMigrated), ""),
		c("for show", is, alone(HowDemo, 9, admin), done(HowDemo), ""),
		c("as if somebody had agreed", is, alone(HowApproved, 0, admin), nil, "not_alone"),
		c("in no way", is, alone("x", 0, admin), nil, "code_unknown"),
		c("again", with(done(HowConsole)...), alone(HowConsole, 0, admin), nil, ""),
		c("excluded", with(granted(terms("g0", domain.RoleHandler))), alone(HowConsole, 0, admin), nil, "roles_exclude"),
		c("an office of another", is, alone(HowConsole, 0, terms("g1", domain.RoleHandler, until(3), behalf)), nil, "not_alone"),
		c("to oneself", is, &GrantRole{By: as(me), Terms: admin, How: HowConsole}, nil, "own_grant"),
	)
}

func TestDelegation(t *testing.T) {
	t.Parallel()
	head := func(change ...func(*Terms)) Terms { return terms("g1", domain.RoleOrgHead, append(change, behalf)...) }
	office := func(active bool, grants ...Grant) *Office {
		return &Office{Holder: holder, Active: active, Grants: grants}
	}
	has := func(change ...func(*Terms)) Grant {
		return Grant{Terms: terms("h", domain.RoleOrgHead, append([]func(*Terms){from(-30)}, change...)...), Status: StatusGranted}
	}
	ask := func(t Terms, o *Office) *RequestRole { return &RequestRole{By: as(one), Terms: t, Office: o} }
	elsewhere := func(t *Terms) { t.Org = "jc" }
	revoked := has()
	revoked.Status = StatusRevoked
	asked := RoleRequested{head(until(5)), one}
	domaintest.Decides(t, Decider,
		c("ask", is, ask(head(until(5)), office(true, has())), []Event{asked}, ""),
		c("to the last day of the office", is, ask(head(until(5)), office(true, has(until(5)))), []Event{asked}, ""),
		c("longer than the office", is, ask(head(until(5)), office(true, has(until(4)))), nil, "office_not_held"),
		c("before the office", is, ask(head(until(5)), office(true, has(from(1)))), nil, "office_not_held"),
		c("without an end", is, ask(head(), office(true, has())), nil, "delegation_endless"),
		c("no office", is, ask(head(until(5)), nil), nil, "office_not_held"),
		c("another unit", is, ask(head(until(5)), office(true, has(elsewhere))), nil, "office_not_held"),
		c("a revoked office", is, ask(head(until(5)), office(true, revoked)), nil, "office_not_held"),
		c("a chain", is, ask(head(until(5)), office(true, has(behalf))), nil, "office_not_held"),
		c("somebody who has left", is, ask(head(until(5)), office(false, has())), nil, "office_not_held"),
		c("one's own", is, ask(head(until(5), func(t *Terms) {}), &Office{Holder: me}), nil, "office_not_held"),
		c("of oneself", is, &RequestRole{By: as(one), Terms: terms("g1", domain.RoleOrgHead, until(5), func(t *Terms) { t.OnBehalfOf = me }), Office: &Office{Holder: me, Active: true}}, nil, "own_office"),
		c("an administrator's", is, ask(terms("g1", domain.RoleSystemAdmin, until(5), behalf), office(true)), nil, "delegation_admin"),
		c("excluded", with(granted(terms("g0", domain.RoleCashier))), ask(terms("g1", domain.RoleApprover, until(5), behalf),
			office(true, Grant{Terms: terms("h", domain.RoleApprover), Status: StatusGranted})), nil, "roles_exclude"),
		c("approve", with(asked), &ApproveRole{By: as(two), Grant: "g1", Office: office(true, has())}, []Event{granted(head(until(5)))}, ""),
		c("approve when the office is gone", with(asked), &ApproveRole{By: as(two), Grant: "g1", Office: office(true, revoked)}, nil, "office_not_held"),
	)
}

func TestDoor(t *testing.T) {
	t.Parallel()
	set := SecondFactorSet{Credential: "f1", Codes: "k1"}
	removal := FactorRemovalRequested{ReasonLostDevice, one}
	token := TokenIssued{ID: "t1", Label: "电话系统", Scopes: []Scope{ScopeIntake}, Expires: now.AddDate(0, 1, 0)}
	issue := func(change func(*IssueToken)) *IssueToken {
		cmd := &IssueToken{By: as(me), ID: "t1", Label: " 电话系统 ", Scopes: []Scope{ScopeIntake}, Expires: now.AddDate(0, 1, 0)}
		if change != nil {
			change(cmd)
		}
		return cmd
	}
	domaintest.Decides(t, Decider,
		c("sign in", is, &SignIn{By: as(me), How: HowPassword, Factor: FactorTOTP, Session: "s1"}, []Event{SignedIn{HowPassword, FactorTOTP, "s1"}}, ""),
		c("sign in when disabled", with(Disabled{ReasonLeft, one}), &SignIn{By: as(me), How: HowPassword}, nil, "account_disabled"),
		c("fail", is, &FailSignIn{By: as("system"), Why: FailurePassword, Count: 3}, []Event{SignInFailed{FailurePassword, 3}}, ""),
		c("fail not at all", is, &FailSignIn{By: as("system"), Why: FailurePassword}, nil, ""),
		c("hold up", is, &HoldUp{By: as("system")}, []Event{HeldUp{}}, ""),
		c("sign out", is, &SignOut{By: as(me), Session: "s1"}, []Event{SignedOut{"s1"}}, ""),
		c("end one", is, &EndSessions{By: as(one), Session: "s1", Reason: ReasonRisk}, []Event{SessionsEnded{"s1", ReasonRisk, one}}, ""),
		c("end all", is, &EndSessions{By: as(one), Reason: ReasonRisk}, []Event{SessionsEnded{"", ReasonRisk, one}}, ""),
		c("end without a reason", is, &EndSessions{By: as(one)}, nil, "code_missing"),

		c("set a second factor", is, &SetFactor{By: as(me), Credential: "f1", Codes: "k1"}, []Event{set}, ""),
		c("set one for another", is, &SetFactor{By: as(one), Credential: "f1", Codes: "k1"}, nil, "not_own_account"),
		c("renew codes", with(set), &RenewCodes{By: as(me), Codes: "k2"}, []Event{RecoveryCodesRenewed{"k2"}}, ""),
		c("renew codes of another", with(set), &RenewCodes{By: as(one), Codes: "k2"}, nil, "not_own_account"),
		c("renew codes of nothing", is, &RenewCodes{By: as(me), Codes: "k2"}, nil, "no_factor"),
		c("remove it", with(set), &RemoveFactor{By: as(me)}, []Event{SecondFactorRemoved{me, me}}, ""),
		c("remove another's", with(set), &RemoveFactor{By: as(one)}, nil, "not_own_account"),
		c("remove none", is, &RemoveFactor{By: as(me)}, nil, ""),
		c("ask to remove it", with(set), &RequestFactorRemoval{By: as(one), Reason: ReasonLostDevice}, []Event{removal}, ""),
		c("ask for oneself", with(set), &RequestFactorRemoval{By: as(me), Reason: ReasonLostDevice}, nil, "own_account"),
		c("ask where there is none", is, &RequestFactorRemoval{By: as(one), Reason: ReasonLostDevice}, nil, "no_factor"),
		c("ask twice", with(set, removal), &RequestFactorRemoval{By: as(two), Reason: ReasonLostDevice}, nil, "removal_pending"),
		c("agree", with(set, removal), &ApproveFactorRemoval{By: as(two)}, []Event{SecondFactorRemoved{one, two}}, ""),
		c("agree with oneself", with(set, removal), &ApproveFactorRemoval{By: as(one)}, nil, "same_person"),
		c("agree for oneself", with(set, removal), &ApproveFactorRemoval{By: as(me)}, nil, "own_account"),
		c("agree to nothing", with(set), &ApproveFactorRemoval{By: as(two)}, nil, "nothing_requested"),
		c("do not agree", with(set, removal), &RefuseFactorRemoval{By: as(two)}, []Event{FactorRemovalRefused{two}}, ""),
		c("agree behind a new one", with(set, removal, SecondFactorSet{"f2", "k2"}), &ApproveFactorRemoval{By: as(two)}, nil, "nothing_requested"),

		c("token", is, issue(nil), []Event{token}, ""),
		c("token for nothing", is, issue(func(c *IssueToken) { c.Label = " " }), nil, "label_missing"),
		c("token without a scope", is, issue(func(c *IssueToken) { c.Scopes = nil }), nil, "scopes_missing"),
		c("token for everything", is, issue(func(c *IssueToken) { c.Scopes = []Scope{"everything"} }), nil, "scope_unknown"),
		c("token of yesterday", is, issue(func(c *IssueToken) { c.Expires = now }), nil, "bad_expiry"),
		c("token for ever", is, issue(func(c *IssueToken) { c.Expires = now.Add(LongestToken + 1) }), nil, "bad_expiry"),
		c("token of an administrator", with(granted(terms("g1", domain.RoleSystemAdmin))), issue(nil), nil, "admin_token"),
		c("token of a disabled account", with(Disabled{ReasonLeft, one}), issue(nil), nil, "account_disabled"),
		c("revoke", with(token), &RevokeToken{By: as(one), ID: "t1"}, []Event{TokenRevoked{"t1", one}}, ""),
		c("revoke twice", with(token, TokenRevoked{"t1", one}), &RevokeToken{By: as(one), ID: "t1"}, nil, ""),
		c("revoke none", is, &RevokeToken{By: as(one), ID: "t1"}, nil, "token_missing"),
	)
}

func TestExclusions(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]domain.Role{
		{domain.RoleSystemAdmin, domain.RoleHandler},
		{domain.RoleSecurityAdmin, domain.RoleLeader},
		{domain.RoleAuditAdmin, domain.RoleSystemAdmin},
		{domain.RoleAuditAdmin, domain.RoleSecurityAdmin},
		{domain.RoleAuditAdmin, domain.RoleDiscipline},
		{domain.RoleCashier, domain.RoleApprover},
		{domain.RoleFinanceAuditor, domain.RoleApprover},
		{domain.RoleApprover, domain.RoleOperator, domain.RoleAccountant},
	} {
		if err := CheckRoles(bad); err == nil || err.(*domain.Rejection).Code != "roles_exclude" {
			t.Errorf("%v: %v; want roles_exclude", bad, err)
		}
	}
	for _, good := range [][]domain.Role{
		{domain.RoleSystemAdmin, domain.RoleSecurityAdmin},
		{domain.RoleShiftLeader, domain.RoleOperator},
		{domain.RoleCashier, domain.RoleHandler},
	} {
		if err := CheckRoles(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
}

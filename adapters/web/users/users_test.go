package users_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"hearth/adapters/accounts"
	"hearth/adapters/oidc/oidctest"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/user"
)

// TestNewAccount walks an account from the form to its user at work.
func TestNewAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	one, two := s.signIn(s.one, password), s.signIn(s.two, password)
	page := one.Get("/users/new")
	contains(t, page, "新建账号", "一次性密码", `value="handler"`)
	lacks(t, page, `value="system"`)

	a := one.Submit(page, "new", "/users/new", "name", "", "login", "Bad Login", "home", "jc-gp", "way", "password")
	if a.Status != 422 {
		t.Errorf("without a name: %d", a.Status)
	}
	contains(t, a, "请填写姓名", `value="Bad Login"`)
	a = one.Submit(page, "new", "/users/new", "name", "郭永红", "login", "Bad Login", "home", "jc-gp", "way", "password")
	contains(t, a, "不能用,请用2到32个小写字母")
	a = one.Submit(page, "new", "/users/new", "name", "郭永红", "login", "guo", "home", "jc-gp", "roles", "approver", "roles", "cashier", "way", "password")
	contains(t, a, "不能在同一个账号里")

	form := []string{"name", "郭永红", "login", "guo", "home", "jc-gp", "roles", "handler", "way", "password"}
	a = one.Submit(page, "new", "/users/new", form...)
	contains(t, a, "一次性密码", "郭永红", "<code>guo</code>")
	secret := once(t, a)
	// Sent once more, the form does nothing and tells the same.
	if again := one.Submit(page, "new", "/users/new", form...); once(t, again) != secret {
		t.Error("a form sent twice tells another password")
	}
	id := strings.Split(a.Path, "/")[2]
	if strings.Contains(a.Path, "guo") || strings.Contains(a.Path, secret) {
		t.Errorf("something personal in the address %s", a.Path)
	}
	a = one.Submit(a, "once", a.Path)
	contains(t, a, "郭永红", "待批准", "高平市总工会", "一次性密码,下次登录须更改", "没有生效的授权")
	lacks(t, a, secret, "批准</button>")
	if a := one.Get("/users/" + id + "/once"); a.Path != "/users/"+id || strings.Contains(a.Body, secret) {
		t.Errorf("the secret is shown again at %s", a.Path)
	}

	// Who asked does not agree; the colleague does.
	grant := s.waiting(id)
	contains(t, one.Get("/users/requests"), "没有等您批准的事项", "是您申请的")
	if a := one.Post("/users/" + id + "/grants/" + grant + "/approve"); a.Status != 422 || !strings.Contains(a.Body, "申请人不能批准自己的申请") {
		t.Errorf("own request approved: %d", a.Status)
	}
	contains(t, two.Get("/users"), "待我批准", `<span class="count">1</span>`)
	waiting := two.Get("/users/requests")
	contains(t, waiting, "郭永红", "经办人", "新进人员", "许志明")
	a = two.Submit(waiting, "approve-"+grant, "/users/"+id+"/grants/"+grant+"/approve")
	if a.Path != "/users/requests" {
		t.Errorf("approved, then %s", a.Path)
	}
	contains(t, a, "已批准", "没有等您批准的事项")
	contains(t, two.Get("/users/"+id), "经办人", "双人批准:许志明 申请,韩雪梅 批准")

	// The new user signs in.
	c := s.Visitor(t)
	a = c.Post("/sign-in", "login", "guo", "password", secret, "next", "/account")
	if a.Path != "/sign-in/password" {
		t.Fatalf("with the one-time password: %d %s", a.Status, a.Path)
	}
	a = c.Submit(a, "password", "/sign-in/password", "new_password", password, "again", password)
	if a.Path != "/account" {
		t.Fatalf("with a password of one's own: %d %s", a.Status, a.Path)
	}
	contains(t, a, "我的账号", "经办人", "就是这里")
	s.caughtUp()
	contains(t, one.Get("/users/"+id+"/history"), "建立账号", "申请授权", "授权:", "登录(密码)", "本人")
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	one := s.signIn(s.one, password)
	s.clerk("zhang.zq", "张志强", domain.RoleHandler)
	gone := s.clerk("li.jg", "李建国", domain.RoleOperator)
	s.user("wang", "王丽华")
	s.do(s.one, gone.ID, &user.Disable{Reason: user.ReasonLeft})
	a := one.Get("/users")
	contains(t, a, "张志强", "李建国", "已停用", "没有岗位", "共 5 条")
	filter := func(pairs ...string) webtest.Answer {
		return one.Submit(one.Get("/users"), "filter", "/users", pairs...)
	}
	for _, c := range []struct{ field, value, has, not string }{
		{"text", "ZHANG", "张志强", "李建国"},
		{"text", "丽华", "王丽华", "张志强"},
		{"state", "disabled", "李建国", "张志强"},
		{"state", "roleless", "王丽华", "张志强"},
		{"role", "handler", "张志强", "王丽华"},
		{"unit", "jc", "张志强", "—— none ——"},
		{"factor", "no", "张志强", "—— none ——"},
	} {
		a := filter(c.field, c.value)
		contains(t, a, c.has)
		lacks(t, a, ">"+c.not+"</a>")
		if a.Path != "/users" || len(a.Query) != 0 {
			t.Errorf("what was searched for is in the address: %s?%s", a.Path, a.Query.Encode())
		}
	}
	contains(t, filter("unit", "jc-gp"), "没有符合条件的账号")
	contains(t, filter("text", "nobody at all"), "没有符合条件的账号", "清除")
	contains(t, filter("clear", "1", "text", "nobody"), "张志强")
}

// TestWhoMayLook opens the pages of administrators as others.
func TestWhoMayLook(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	u := s.clerk("zhang.zq", "张志强", domain.RoleHandler)
	auditor := s.clerk("audit", "何清源", domain.RoleAuditAdmin)
	c := s.signIn(u, password)
	for _, path := range []string{"/users", "/users/new", "/users/requests", "/users/" + s.one.ID, "/users/" + u.ID + "/history", "/users/" + u.ID + "/request"} {
		if a := c.Get(path); a.Status != http.StatusForbidden {
			t.Errorf("a handler opens %s: %d", path, a.Status)
		}
	}
	if a := c.Post("/users/"+s.one.ID+"/disable", "reason", "left"); a.Status != http.StatusForbidden {
		t.Errorf("a handler disables an account: %d", a.Status)
	}
	r := s.signIn(auditor, password)
	a := r.Get("/users/" + u.ID)
	contains(t, a, "张志强", "经办人")
	lacks(t, a, "停用账号", "收回</summary>", "重设密码")
	if a := r.Post("/users/"+u.ID+"/disable", "reason", "left"); a.Status != http.StatusForbidden {
		t.Errorf("an audit administrator disables an account: %d", a.Status)
	}
	one := s.signIn(s.one, password)
	if a := one.Get("/users/00000000-0000-0000-0000-000000000001"); a.Status != 404 {
		t.Errorf("an account that is not: %d", a.Status)
	}
	// Nobody manages their own account.
	a = one.Get("/users/" + s.one.ID)
	contains(t, a, "这是您自己的账号")
	lacks(t, a, "重设密码", "收回</summary>")
}

func TestManageAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	one, two := s.signIn(s.one, password), s.signIn(s.two, password)
	u := s.clerk("zhang.zq", "张志强", domain.RoleHandler)
	address := "/users/" + u.ID
	his := s.signIn(u, password)
	page := one.Get(address)
	contains(t, page, "正在登录", "强制退出", "停用账号", "重设密码", "关联邀请")

	a := one.Submit(page, "end-sessions", address+"/sessions")
	if a.Status != 422 || !strings.Contains(a.Body, "请填写事由") {
		t.Errorf("without a reason: %d", a.Status)
	}
	contains(t, one.Submit(page, "end-sessions", address+"/sessions", "reason", "risk"), "已强制退出", "现在没有登录")
	if a := his.Get("/account"); a.Path != "/sign-in" {
		t.Errorf("after a forced sign-out %s opens", a.Path)
	}
	his = s.signIn(u, password)

	contains(t, one.Submit(page, "rename", address+"/rename", "name", "张志刚"), "姓名已更改", "张志刚")
	contains(t, one.Submit(page, "home", address+"/home", "to", "jc-gp"), "所属单位已变更", "高平市总工会")

	a = one.Submit(page, "reset", address+"/password")
	secret := once(t, a)
	if a := his.Get("/account"); a.Path != "/sign-in" {
		t.Errorf("after a reset of the password %s opens", a.Path)
	}
	if a := s.Visitor(t).Post("/sign-in", "login", u.Login, "password", secret); a.Path != "/sign-in/password" {
		t.Errorf("the new password leads to %s", a.Path)
	}

	a = one.Get(address)
	account, err := s.users.Account(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	grant := account.State.Grants[0].Grant
	contains(t, one.Submit(a, "revoke-"+grant, address+"/grants/"+grant+"/revoke", "reason", "transfer"), "已收回", "过去的授权 1 项", "许志明 收回(调岗)")

	s.caughtUp()
	contains(t, one.Get(address+"/history"), "许志明收回“经办人”授权,事由:调岗")

	contains(t, one.Submit(page, "disable", address+"/disable", "reason", "left"), "账号已停用", "启用账号")
	contains(t, s.Visitor(t).Post("/sign-in", "login", u.Login, "password", secret), "账号已停用")
	contains(t, two.Submit(two.Get(address), "enable", address+"/enable"), "账号已启用")
}

// TestRequestWithTermsAndRefusal asks for a role with dates, takes it back, and
// has another one refused.
func TestRequestWithTermsAndRefusal(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	one, two := s.signIn(s.one, password), s.signIn(s.two, password)
	u := s.user("zhao", "赵海燕")
	address := "/users/" + u.ID
	page := one.Get(address + "/request")
	contains(t, page, "申请授权", "赵海燕", `value="2026-11-23"`)
	ask := func(pairs ...string) webtest.Answer {
		return one.Submit(one.Get(address+"/request"), "request", address+"/request", append([]string{"role", "handler", "org", "jc-gp", "reason", "duty"}, pairs...)...)
	}
	contains(t, ask("from", "2026-11-01"), "授权不能早于今天", `value="2026-11-01"`)
	contains(t, ask("from", "2026-11-23", "to", "2026-11-22"), "截止日期早于起始日期")
	contains(t, ask("from", "2026-12-01", "to", "2026-12-31"), "另一位管理员", "2026-12-01 起,至 2026-12-31", "撤回申请")
	grant := s.waiting(u.ID)
	contains(t, two.Submit(two.Get(address), "refuse-"+grant, address+"/grants/"+grant+"/refuse", "reason", "mistake"), "过去的授权 1 项", "未批准", "韩雪梅 未批准")
	ask("from", "2026-12-01")
	grant = s.waiting(u.ID)
	contains(t, one.Submit(one.Get(address), "refuse-"+grant, address+"/grants/"+grant+"/refuse", "reason", "mistake"), "已办理", "过去的授权 2 项")
}

// TestDelegation lets somebody act for a head of unit while they are away.
func TestDelegation(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	one, two := s.signIn(s.one, password), s.signIn(s.two, password)
	head, deputy := s.clerk("head", "申爱民", domain.RoleOrgHead), s.clerk("deputy", "郭永红", domain.RoleHandler)
	address := "/users/" + deputy.ID
	page := one.Get(address + "/delegate")
	contains(t, page, "申爱民 · 单位负责人 · 晋城市总工会")
	lacks(t, page, "许志明 · 系统管理员", "郭永红 · 经办人")
	office := head.ID + " org_head jc"
	a := one.Submit(page, "delegate", address+"/delegate", "office", office, "from", "2026-11-23", "reason", "trip")
	contains(t, a, "请填写截止日期")
	a = one.Submit(page, "delegate", address+"/delegate", "office", "nonsense", "from", "2026-11-23", "to", "2026-11-25", "reason", "trip")
	contains(t, a, "请从清单里选择")
	a = one.Submit(page, "delegate", address+"/delegate", "office", office, "from", "2026-11-23", "to", "2026-11-25", "reason", "trip")
	contains(t, a, "代 申爱民", "出差")
	grant := s.waiting(deputy.ID)
	two.Submit(two.Get("/users/requests"), "approve-"+grant, address+"/grants/"+grant+"/approve")

	h, d := s.signIn(head, password), s.signIn(deputy, password)
	contains(t, h.Get("/account"), "谁在代行我的职务", "郭永红", "2026-11-23 起,至 2026-11-25", "请马上联系系统管理员收回")
	contains(t, d.Get("/account"), "我代行的职务", "代 申爱民")
	contains(t, one.Get(address), "代 申爱民")
	s.pass(3 * 24 * time.Hour)
	contains(t, s.signIn(deputy, password).Get("/account"), "现在没有代行别人的职务")
	contains(t, s.signIn(head, password).Get("/account"), "没有人代行您的职务")
}

func TestOwnPassword(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	u := s.clerk("zhang.zq", "张志强", domain.RoleHandler)
	c, other := s.signIn(u, password), s.signIn(u, password)
	page := c.Get("/account/password")
	for _, bad := range []struct{ old, new, again, says string }{
		{"", "another pass phrase", "another pass phrase", "请填写现在的密码"},
		{"wrong", "another pass phrase", "another pass phrase", "原密码不对"},
		{password, "another pass phrase", "another", "两次输入的新密码不一样"},
		{password, "short", "short", "密码太短"},
		{password, password, password, "新密码和原密码相同"},
	} {
		a := c.Submit(page, "password", "/account/password", "old", bad.old, "new_password", bad.new, "again", bad.again)
		contains(t, a, bad.says)
		if a.Status != 422 || strings.Contains(a.Body, bad.new) {
			t.Errorf("%s: %d", bad.says, a.Status)
		}
	}
	before := c.Cookie()
	a := c.Submit(page, "password", "/account/password", "old", password, "new_password", "another pass phrase", "again", "another pass phrase")
	if a.Path != "/account" || a.Status != 200 || c.Cookie() == before {
		t.Errorf("changed: %d %s", a.Status, a.Path)
	}
	contains(t, a, "密码已更改", "就是这里", `正在登录 <span class="count">1</span>`)
	if a := other.Get("/account"); a.Path != "/sign-in" {
		t.Errorf("the other session opens %s", a.Path)
	}
	s.signIn(u, "another pass phrase")
}

func TestOwnSecondFactor(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	u := s.clerk("zhang.zq", "张志强", domain.RoleHandler)
	c, other := s.signIn(u, password), s.signIn(u, password)
	page := c.Get("/account/factor")
	_, rest, _ := strings.Cut(page.Body, `id="factor-secret">`)
	secret, _, _ := strings.Cut(rest, "<")
	secret = strings.ReplaceAll(secret, " ", "")
	code := func() string {
		t.Helper()
		s.pass(30 * time.Second)
		code, err := totp.GenerateCode(secret, s.Now())
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	contains(t, c.Submit(page, "factor", "/account/factor", "code", "000000"), "动态口令或恢复码不对", secret[:4])
	a := c.Submit(page, "factor", "/account/factor", "code", code())
	if a.Path != "/account/codes" {
		t.Fatalf("set: %d %s", a.Status, a.Path)
	}
	_, list, _ := strings.Cut(a.Body, `<ol class="codes"><li><code>`)
	recovery, _, _ := strings.Cut(list, "<")
	contains(t, c.Submit(a, "codes", "/account/codes/done"), "二次验证已设置好", "恢复码还剩 8 个")
	if a := c.Get("/account/codes"); a.Path != "/account/factor" || strings.Contains(a.Body, recovery) {
		t.Errorf("the codes once more: %s", a.Path)
	}

	// At the next sign-in, with a recovery code, and only once with it.
	v := s.Visitor(t)
	a = v.Post("/sign-in", "login", u.Login, "password", password)
	if a.Path != "/sign-in/code" {
		t.Fatalf("the second step: %s", a.Path)
	}
	a = v.Submit(a, "code", "/sign-in/code", "code", recovery)
	if a.Path == "/sign-in/code" {
		t.Fatalf("a recovery code: %d\n%s", a.Status, a.Body)
	}
	contains(t, v.Get("/account"), "恢复码还剩 7 个")
	v = s.Visitor(t)
	v.Post("/sign-in", "login", u.Login, "password", password)
	contains(t, v.Submit(v.Get("/sign-in/code"), "code", "/sign-in/code", "code", recovery), "动态口令或恢复码不对")

	page = c.Get("/account/factor")
	a = c.Submit(page, "renew", "/account/codes", "code", code())
	contains(t, a, `class="codes"`)
	lacks(t, a, recovery)
	contains(t, c.Submit(c.Get("/account/factor"), "remove", "/account/factor/remove", "code", "000000"), "动态口令或恢复码不对")
	a = c.Submit(c.Get("/account/factor"), "remove", "/account/factor/remove", "code", code())
	contains(t, a, "二次验证已解除", "设置动态口令")
	if a := other.Get("/account"); a.Path != "/sign-in" {
		t.Errorf("the other session opens %s", a.Path)
	}
	s.signIn(u, password)
}

// TestFactorIsLost takes a second factor away by two administrators.
func TestFactorIsLost(t *testing.T) {
	t.Parallel()
	s := newStack(t, func(c *accounts.Config) { c.SecondFactor = accounts.RequireNobody })
	u := s.clerk("zhang.zq", "张志强", domain.RoleHandler)
	c := s.signIn(u, password)
	page := c.Get("/account/factor")
	_, rest, _ := strings.Cut(page.Body, `id="factor-secret">`)
	secret, _, _ := strings.Cut(rest, "<")
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), s.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.Submit(page, "factor", "/account/factor", "code", code)

	one, two, address := s.signIn(s.one, password), s.signIn(s.two, password), "/users/"+u.ID
	a := one.Submit(one.Get(address), "factor", address+"/factor", "reason", "lost_device")
	contains(t, a, "已申请", "解除二次验证", "设备遗失或更换", "谁申请,谁就不能批准")
	lacks(t, a, "批准解除</button>")
	a = two.Submit(two.Get("/users/requests"), "factor-approve-"+u.ID, address+"/factor/approve")
	contains(t, a, "已批准,二次验证已解除", "未设置")
	if a := c.Get("/account"); a.Path != "/sign-in" {
		t.Errorf("a session from before opens %s", a.Path)
	}
	s.signIn(u, password)
}

func TestOwnSessions(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	u := s.clerk("zhang.zq", "张志强", domain.RoleHandler)
	a, b, c := s.signIn(u, password), s.signIn(u, password), s.signIn(u, password)
	page := a.Get("/account")
	contains(t, page, `正在登录 <span class="count">3</span>`, "退出其他登录")
	if n := strings.Count(page.Body, "就是这里"); n != 1 {
		t.Errorf("%d sessions are this one", n)
	}
	sessions, err := s.users.SessionsOf(t.Context(), u.ID)
	if err != nil || len(sessions) != 3 {
		t.Fatalf("%+v, %v", sessions, err)
	}
	var ended string
	for _, one := range sessions {
		if webtest.Hidden(page.Body, "session-"+one.ID) != "" {
			ended = one.ID
		}
	}
	contains(t, a.Submit(page, "session-"+ended, "/account/sessions/"+ended), "已退出那个登录", `正在登录 <span class="count">2</span>`)
	contains(t, a.Submit(a.Get("/account"), "end-others", "/account/sessions"), "其他登录都已退出", `正在登录 <span class="count">1</span>`)
	for name, other := range map[string]*webtest.Client{"second": b, "third": c} {
		if got := other.Get("/account"); got.Path != "/sign-in" {
			t.Errorf("the %s session opens %s", name, got.Path)
		}
	}
}

func TestOwnTokens(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := s.signIn(s.clerk("phone", "呼叫中心", domain.RoleOperator), password)
	a := c.Submit(c.Get("/account"), "token", "/account/tokens", "label", "", "days", "30")
	contains(t, a, "请填写用途")
	a = c.Submit(c.Get("/account"), "token", "/account/tokens", "label", "排班程序", "days", "30", "scopes", "intake")
	_, rest, _ := strings.Cut(a.Body, `id="token-key">`)
	key, _, _ := strings.Cut(rest, "<")
	if _, u, err := s.users.CheckToken(t.Context(), key); err != nil || u.ID != c.User.ID {
		t.Errorf("the key %q: %+v, %v", key, u, err)
	}
	contains(t, a, "排班程序", "登记、来电查询", "2026-12-23")
	a = c.Submit(a, "put-away", "/account/tokens/put-away")
	lacks(t, a, key)
	tokens, err := s.users.Tokens(t.Context(), c.User.ID)
	if err != nil || len(tokens) != 1 {
		t.Fatal(tokens, err)
	}
	contains(t, c.Submit(a, "token-"+tokens[0].ID, "/account/tokens/"+tokens[0].ID+"/revoke"), "令牌已吊销", "已吊销")
	lacks(t, s.signIn(s.one, password).Get("/account"), "新建令牌")
}

// TestLinkByInvitation lets a user without a password in by the provider.
func TestLinkByInvitation(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	one := s.signIn(s.one, password)
	a := one.Submit(one.Get("/users/new"), "new", "/users/new", "name", "李建国", "login", "li.jg", "home", "jc", "way", "invitation")
	contains(t, a, "关联邀请码", "李建国", "只能用一次")
	code, id := once(t, a), strings.Split(a.Path, "/")[2]
	a = one.Submit(a, "once", a.Path)
	contains(t, a, "没有密码")

	v := s.Visitor(t)
	come := func(login string, pairs ...string) webtest.Answer {
		t.Helper()
		a := v.Submit(v.Get("/sign-in/invitation"), "invitation", "/sign-in/invitation", pairs...)
		address := strings.TrimPrefix(a.Header.Get("Refresh"), "0; url=")
		return v.Get("/sign-in/oidc/back?" + s.provider.Answer(t.Context(), address, login).Encode())
	}
	contains(t, come("li.jg", "invitation", "wrong-code"), "没有这个邀请码")
	a = come("li.jg", "invitation", " "+strings.ToUpper(code)+" ")
	if a.Status != 200 || strings.HasPrefix(a.Path, "/sign-in") {
		t.Fatalf("invited: %d %s\n%s", a.Status, a.Path, a.Body)
	}
	contains(t, v.Get("/account"), "已关联 政务统一身份认证", "没有密码")
	v = s.Visitor(t)
	contains(t, come("wang.lh", "invitation", code), "邀请码", "用过")

	u, err := s.users.SignInExternal(t.Context(), s.provider.Issuer, oidctest.Users()[2].Subject, accounts.Place{})
	if err != nil || u.User.ID != id {
		t.Errorf("linked to %+v, %v", u.User, err)
	}
	page := one.Get("/users/" + id)
	contains(t, one.Submit(page, "unlink-0", "/users/"+id+"/unlink", "value", "0"), "已解除关联")
	lacks(t, one.Get("/users/"+id), "已关联 政务统一身份认证")
	s.caughtUp()
	contains(t, one.Get("/users/"+id+"/history"), "发出关联统一身份的邀请", "关联统一身份。", "解除统一身份。", "统一身份")
}

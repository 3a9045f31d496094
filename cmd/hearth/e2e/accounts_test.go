package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"hearth/adapters/oidc/oidctest"
	"hearth/adapters/web/browsertest"
)

const passPhrase = "a long pass phrase for tests"

// offices is a program without a demonstration, where everybody needs a second
// factor, and people may come by way of a provider of identities. Its first two
// administrators were made on the command line.
type offices struct {
	*program
	provider *oidctest.Provider
}

func newOffices(t *testing.T) *offices {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "oidc-secret")
	if err := os.WriteFile(secret, []byte(oidctest.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	provider := oidctest.New(t)
	p, err := startWith([]string{
		"HEARTH_SECOND_FACTOR=all", "HEARTH_OIDC_ISSUER=" + provider.Issuer, "HEARTH_OIDC_CLIENT_ID=" + oidctest.ClientID,
		"HEARTH_OIDC_CLIENT_SECRET_FILE=" + secret, "HEARTH_OIDC_NAME=政务统一身份认证",
	}, filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
		for _, line := range p.faults() {
			t.Errorf("the program logged an error: %s", line)
		}
		if t.Failed() {
			t.Logf("the end of the program's log:\n%s", p.tail())
		}
	})
	provider.Allow(p.address + "/sign-in/oidc/back")
	o := &offices{p, provider}
	o.command(t, passPhrase, "user", "add", "--login", "admin.a", "--name", "许志明", "--role", "system_admin")
	o.command(t, passPhrase, "user", "add", "--login", "admin.b", "--name", "韩雪梅", "--role", "security_admin")
	return o
}

// command runs a command of the program beside the one that serves.
func (o *offices) command(t *testing.T, stdin string, args ...string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append(args, "--state", o.state)...)
	cmd.Stdin = strings.NewReader(stdin + "\n")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("hearth %s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

// person is somebody at a browser with a phone that shows codes.
type person struct {
	*officer
	secret   string
	step     int64 // of the code that was used last
	recovery []string
}

func (o *offices) person(t *testing.T, login string) *person {
	t.Helper()
	return &person{officer: &officer{Browser: browsertest.New(t), t: t, at: o.address, login: login}}
}

// enter signs in with a password.
func (p *person) enter(password string) {
	p.t.Helper()
	p.open("/sign-in")
	p.fill(`form[action="/sign-in"]`, "login", p.login, "password", password)
	p.Follow(`form[action="/sign-in"] .primary`)
}

// code is what the phone shows: a new one each time, of the next half minute if
// need be, which is good already. A third one within half a minute is too early.
func (p *person) code() string {
	p.t.Helper()
	p.step = max(p.step+1, time.Now().Unix()/30)
	code, err := totp.GenerateCode(p.secret, time.Unix(p.step*30, 0))
	if err != nil {
		p.t.Fatal(err)
	}
	return code
}

// setFactor scans the code on the page of a sign-in, confirms it, and puts the
// recovery codes away.
func (p *person) setFactor() {
	p.t.Helper()
	p.want("h1", "设置二次验证")
	p.secret = strings.ReplaceAll(p.Text("#factor-secret"), " ", "")
	p.fill("main form", "code", p.code())
	p.Follow("main form .primary")
	p.want("h1", "请保存恢复码")
	if p.recovery = p.texts("ol.codes code"); len(p.recovery) != 8 {
		p.t.Errorf("recovery codes %q", p.recovery)
	}
	p.Follow("main form .primary")
}

// TestAccountOfTwoAdministrators makes an account: one administrator asks, the
// other agrees, and its user signs in, chooses a password, sets a second factor
// and works, until an administrator puts them out.
func TestAccountOfTwoAdministrators(t *testing.T) {
	t.Parallel()
	app := newOffices(t)
	a, b := app.person(t, "admin.a"), app.person(t, "admin.b")
	a.enter(passPhrase)
	a.CheckAxe()
	a.setFactor()
	b.enter(passPhrase)
	b.setFactor()

	a.open("/users")
	a.want("main", "许志明")
	a.Follow(`main a[href="/users/new"]`)
	a.fill("main form", "name", "郭永红", "login", "guo.yh", "home", "jc-gp", "roles", "operator", "way", "password")
	a.Follow("main form .primary")
	a.want("h1", "一次性密码")
	a.CheckAxe()
	once := a.Text("#once")
	a.Follow("main form .primary")
	a.want("#pending", "接线员")
	account := a.Path()
	if a.Has("#pending form[action$=approve]") {
		t.Error("who asked may agree")
	}

	// Before anybody has agreed, the user gets in and can do nothing.
	u := app.person(t, "guo.yh")
	u.enter(once)
	u.want("h1", "设置自己的密码")
	u.fill("main form", "new_password", passPhrase, "again", passPhrase)
	u.Follow("main form .primary")
	u.setFactor()
	u.open("/desk")
	u.want("main", "您的岗位不能打开这里")

	b.open("/users/requests")
	b.want("main", "郭永红")
	b.CheckAxe()
	b.Follow("main form[action$=approve] button")
	b.want("main", "没有等您批准的事项")

	u.open("/desk")
	u.fill("#intake", "phone", "13903560188", "name", "毋账号", "employer", "账号路修理厂", "category", "wage_arrears", "area", "jc-gp", "summary", "两个月工资没有发")
	u.Follow("#intake .primary")
	u.want("main", "请告诉来电人")

	// The user signs in from a second browser, by the code of the phone.
	second := app.person(t, "guo.yh")
	second.secret, second.step = u.secret, u.step
	second.enter(passPhrase)
	second.want("h1", "二次验证")
	second.fill("main form", "code", second.code())
	second.Follow("main form .primary")
	second.open("/account")
	second.want("#sessions", "就是这里")
	if n := len(second.texts("#sessions tbody tr")); n != 2 {
		t.Errorf("%d sessions; want 2", n)
	}

	// An administrator puts both out; each sees it at the next click, and what was
	// typed comes back behind the sign-in.
	u.open("/desk")
	u.fill("#intake", "phone", "13903560199", "name", "毋保留", "employer", "保留路修理厂", "category", "wage_arrears", "area", "jc-gp", "summary", "一个月工资没有发")
	a.open(account)
	a.Click("#manage details.confirm:nth-of-type(2) summary")
	a.fill("dialog[open] form", "reason", "risk")
	a.Follow("dialog[open] form button.danger")
	a.want("#sessions", "现在没有登录")
	second.Follow(`#me a[href="/account/password"]`)
	second.want("h1", "登录")
	u.Follow("#intake .primary")
	u.want("main", "登录已过期")
	u.fill(`form[action="/sign-in"]`, "login", u.login, "password", passPhrase)
	u.Follow(`form[action="/sign-in"] .primary`)
	u.fill("main form", "code", u.recovery[3]) // the phone is not at hand
	u.Follow("main form .primary")
	u.want("#problem", "已重新登录")
	if got := u.value("#intake [name=name]"); got != "毋保留" {
		t.Errorf("after the sign-in the name reads %q", got)
	}
	a.open(account + "/history")
	a.want("main", "强制退出全部登录")
	a.CheckAxe()
}

// TestSignInByProvider links an account to an identity, by its user and by an
// invitation, and signs in by it; also without script.
func TestSignInByProvider(t *testing.T) {
	t.Parallel()
	app := newOffices(t)
	a := app.person(t, "admin.a")
	a.enter(passPhrase)
	a.setFactor()
	a.open("/account")
	atProvider := func(p *person, button, name string) {
		t.Helper()
		p.Click(button)
		p.Wait(`location.pathname === "/login" && document.readyState === "complete"`)
		p.Click(`form button[value="` + name + `"]`)
		p.Wait(`location.origin === "` + app.address + `" && document.readyState === "complete"`)
	}
	atProvider(a, "#link", "zhang.zq")
	a.want("#external", "已关联 政务统一身份认证")

	again := app.person(t, "admin.a")
	again.secret, again.step = a.secret, a.step
	again.open("/sign-in")
	again.CheckAxe()
	atProvider(again, "#oidc", "zhang.zq")
	again.want("h1", "二次验证")
	again.fill("main form", "code", again.code())
	again.Follow("main form .primary")
	again.open("/account")
	again.want("#external", "已关联")

	a.open("/users/new")
	a.fill("main form", "name", "李建国", "login", "li.jg", "home", "jc", "roles", "handler", "way", "invitation")
	a.Follow("main form .primary")
	a.want("h1", "关联邀请码")
	code := a.Text("#once")

	u := app.person(t, "li.jg")
	u.WithoutScript(true)
	u.open("/sign-in/invitation")
	u.fill("main form", "invitation", code)
	atProvider(u, "main form .primary", "li.jg")
	u.setFactor()
	u.open("/account")
	u.want("#external", "已关联 政务统一身份认证")
	u.want("#me", "没有密码")

	stranger := app.person(t, "")
	stranger.open("/sign-in")
	atProvider(stranger, "#oidc", "wang.lh")
	stranger.want("main", "还没有关联账号")
}

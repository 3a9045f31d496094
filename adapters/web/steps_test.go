package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

// newcomer is a user who has to go through every step of a sign-in.
func newcomer(s *webtest.Shell, change func(*accounts.User)) accounts.User {
	u := s.Accounts.Add("newcomer", "jc", domain.RoleOperator)
	s.Accounts.Change(u.ID, change)
	return u
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	u := newcomer(s, func(u *accounts.User) { u.HasFactor = true })
	c := s.Visitor(t)
	before := c.Cookie()
	a := c.Post("/sign-in", "login", u.Login, "password", webtest.Password, "next", "/desk?filter=mine")
	if a.Path != "/sign-in/code" || a.Status != 200 {
		t.Fatalf("behind the password: %d %s", a.Status, a.Path)
	}
	contains(t, "the second step", a.Body, "动态口令", `autocomplete="one-time-code"`, "恢复码")
	half := c.Cookie()
	if a := c.Get("/desk"); a.Path != "/sign-in" {
		t.Errorf("half a sign-in opens %s", a.Path)
	}
	page := c.Get("/sign-in/code")
	a = c.Submit(page, "code", "/sign-in/code", "code", "999999")
	if a.Status != 422 || !strings.Contains(a.Body, "动态口令或恢复码不对") || strings.Contains(a.Body, "999999") {
		t.Errorf("a wrong code: %d\n%s", a.Status, a.Body)
	}
	if a := c.Submit(page, "code", "/sign-in/code"); a.Status != 422 || !strings.Contains(a.Body, "请填写动态口令") {
		t.Errorf("no code: %d", a.Status)
	}
	a = c.Submit(page, "code", "/sign-in/code", "code", webtest.Code)
	if a.Path != "/desk" || a.Query.Get("filter") != "mine" {
		t.Errorf("behind the code: %d %s", a.Status, a.Path)
	}
	if after := c.Cookie(); before == half || half == after {
		t.Error("the session kept its token at a step up")
	}
	if a := c.Get("/sign-in/code"); a.Path != "/desk" {
		t.Errorf("the step once more: %s", a.Path)
	}
}

func TestOwnPasswordThenFactor(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	u := newcomer(s, func(u *accounts.User) { u.MustChange, u.MustSetFactor = true, true })
	c := s.Visitor(t)
	a := c.Post("/sign-in", "login", u.Login, "password", webtest.Password)
	if a.Path != "/sign-in/password" {
		t.Fatalf("behind a password of somebody else: %s", a.Path)
	}
	for _, bad := range []struct{ one, two, text string }{
		{"", "", "请填写新密码"}, {"a good pass phrase", "a good pass phrasr", "两次输入的新密码不一样"}, {"short", "short", "密码太短"},
	} {
		got := c.Submit(a, "password", "/sign-in/password", "new_password", bad.one, "again", bad.two)
		if got.Status != 422 || !strings.Contains(got.Body, bad.text) || bad.one != "" && strings.Contains(got.Body, bad.one) {
			t.Errorf("%q: %d, want %q\n%s", bad.one, got.Status, bad.text, got.Body)
		}
	}
	// No step can be left out.
	if got := c.Post("/sign-in/factor", "code", webtest.Code); got.Path != "/sign-in/password" {
		t.Errorf("a factor before the password: %s", got.Path)
	}
	a = c.Submit(a, "password", "/sign-in/password", "new_password", "a good pass phrase", "again", "a good pass phrase")
	if a.Path != "/sign-in/factor" {
		t.Fatalf("behind the own password: %d %s", a.Status, a.Path)
	}
	contains(t, "the set-up of a factor", a.Body, "<svg class=\"qr\"", "factor-secret", "手工输入")
	if again := c.Get("/sign-in/factor"); secretOf(t, again.Body) != secretOf(t, a.Body) {
		t.Error("the secret changes when the page is opened again")
	}
	if got := c.Submit(a, "factor", "/sign-in/factor", "code", "000000"); got.Status != 422 || secretOf(t, got.Body) != secretOf(t, a.Body) {
		t.Errorf("a wrong code: %d", got.Status)
	}
	a = c.Submit(a, "factor", "/sign-in/factor", "code", webtest.Code)
	if a.Path != "/sign-in/codes" {
		t.Fatalf("behind the factor: %d %s", a.Status, a.Path)
	}
	contains(t, "recovery codes", a.Body, "aaaa-1111", "bbbb-2222", "打印")
	if a := c.Get("/desk"); a.Path != "/sign-in" {
		t.Errorf("before the codes are put away %s opens", a.Path)
	}
	a = c.Submit(c.Get("/sign-in/codes"), "codes", "/sign-in/codes")
	if a.Path != "/desk" {
		t.Errorf("at last: %d %s", a.Status, a.Path)
	}
	if a := c.Get("/sign-in/codes"); a.Path != "/desk" || strings.Contains(a.Body, "aaaa-1111") {
		t.Errorf("the codes once more: %s", a.Path)
	}
}

func secretOf(t *testing.T, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `id="factor-secret">`)
	secret, _, _ := strings.Cut(rest, "<")
	if !ok || len(secret) < 32 {
		t.Fatalf("no secret on\n%s", body)
	}
	return secret
}

func TestStepsEnd(t *testing.T) {
	t.Parallel()
	now := webtest.Now()
	s := setup(t, &desk{}, func(c *web.Config) { c.Now = func() time.Time { return now } })
	u := newcomer(s, func(u *accounts.User) { u.HasFactor = true })
	begin := func() *webtest.Client {
		c := s.Visitor(t)
		if a := c.Post("/sign-in", "login", u.Login, "password", webtest.Password); a.Path != "/sign-in/code" {
			t.Fatalf("begin: %s", a.Path)
		}
		return c
	}
	for name, spoil := range map[string]func(){
		"too late":       func() { now = now.Add(16 * time.Minute) },
		"signed out":     func() { s.Accounts.Change(u.ID, func(u *accounts.User) { u.Generation++ }) },
		"disabled":       func() { s.Accounts.Change(u.ID, func(u *accounts.User) { u.Disabled = true }) },
		"without a step": nil,
	} {
		s.Accounts.Change(u.ID, func(u *accounts.User) { u.Disabled = false })
		c := s.Visitor(t)
		if spoil != nil {
			c = begin()
			spoil()
		}
		a := c.Post("/sign-in/code", "code", webtest.Code)
		if a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, "请重新登录") || strings.Contains(a.Body, webtest.Code) {
			t.Errorf("%s: %d %s", name, a.Status, a.Path)
		}
		if a := c.Get("/desk"); a.Path != "/sign-in" {
			t.Errorf("%s: %s opens", name, a.Path)
		}
	}
}

// TestFormSurvivesAllSteps sends a form after the session has ended, and signs in
// by two steps.
func TestFormSurvivesAllSteps(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	u := newcomer(s, func(u *accounts.User) { u.HasFactor = true })
	c := s.Visitor(t)
	kept := []string{"kept._form", "intake", "kept._back", "/desk", "kept.employer", "某公司", "login", u.Login, "password", webtest.Password}
	a := c.Post("/sign-in", kept...)
	if a.Path != "/sign-in/code" || strings.Contains(a.Body, "某公司") {
		t.Fatalf("the second step: %s", a.Path)
	}
	a = c.Submit(a, "code", "/sign-in/code", "code", webtest.Code)
	contains(t, "after sign-in", a.Body, "已重新登录", `value="某公司"`)
}

// TestRoleThatNeedsAFactor gives somebody a role that needs a second factor while
// they work.
func TestRoleThatNeedsAFactor(t *testing.T) {
	t.Parallel()
	account := web.Family{Name: "account", Routes: []web.Route{{Pattern: "GET /account/factor", Handler: func(q *web.Request) error { return q.JSON("here") }}}}
	d := &desk{}
	s := webtest.New(t, func(c *web.Config) { c.Models = webtest.Live(100, "cases") }, d.family(), account)
	c := s.SignIn(t, domain.RoleOperator)
	page := c.Get("/desk")
	s.Accounts.Change(c.User.ID, func(u *accounts.User) { u.MustSetFactor = true })
	if a := c.Get("/desk"); a.Path != "/account/factor" || a.Status != 200 {
		t.Errorf("a page leads to %s, %d", a.Path, a.Status)
	}
	if a := c.Submit(page, "intake", "/desk", "employer", "某公司"); a.Status != 422 || !strings.Contains(a.Body, "请先到“我的账号”设置二次验证") || len(d.sent) != 0 {
		t.Errorf("a form: %d %s", a.Status, a.Path)
	}
	if a := c.Get("/desk", "X-Hearth-Refresh", "1"); a.Status != 403 {
		t.Errorf("the page's script: %d", a.Status)
	}
}

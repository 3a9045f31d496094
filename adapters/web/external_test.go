package web_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hearth/adapters/accounts"
	"hearth/adapters/oidc"
	"hearth/adapters/oidc/oidctest"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/user"
)

// withProvider is a shell whose users may come by way of a real provider.
func withProvider(t *testing.T, d *desk) (*webtest.Shell, *oidctest.Provider) {
	t.Helper()
	p := oidctest.New(t)
	o, err := oidc.New(oidc.Config{Issuer: p.Issuer, ClientID: oidctest.ClientID, Secret: oidctest.Secret, Name: "政务统一身份认证"})
	if err != nil {
		t.Fatal(err)
	}
	s := setup(t, d, func(c *web.Config) { c.Provider = o })
	p.Allow(s.URL + "/sign-in/oidc/back")
	return s, p
}

func identity(p *oidctest.Provider, n int) user.External {
	return user.External{Issuer: p.Issuer, Subject: oidctest.Users()[n].Subject}
}

// away is the address of the provider to which a page leads, without script and
// with.
func away(t *testing.T, a webtest.Answer) string {
	t.Helper()
	address, ok := strings.CutPrefix(a.Header.Get("Refresh"), "0; url=")
	if !ok || a.Status != 200 {
		t.Fatalf("status %d and no way to the provider on %s\n%s", a.Status, a.Path, a.Body)
	}
	if !strings.Contains(html.UnescapeString(a.Body), `href="`+address+`"`) {
		t.Error("without a refresh there is no link to the provider")
	}
	return address
}

// external signs a client in at the provider and brings it back.
func external(t *testing.T, c *webtest.Client, p *oidctest.Provider, from webtest.Answer, login string) webtest.Answer {
	t.Helper()
	return c.Get("/sign-in/oidc/back?" + p.Answer(t.Context(), away(t, from), login).Encode())
}

func TestSignInByProvider(t *testing.T) {
	t.Parallel()
	s, p := withProvider(t, &desk{})
	u := s.Accounts.Add("wang", "jc", domain.RoleOperator)
	c := s.Visitor(t)
	a := c.Get("/sign-in?next=/desk")
	contains(t, "the sign-in page", a.Body, "用政务统一身份认证登录", "邀请码")

	// Nobody is found by name: the login there is that of an account here.
	s.Accounts.Add("wang.lh", "jc", domain.RoleOperator)
	a = external(t, c, p, c.Post("/sign-in/oidc", "next", "/desk"), "wang.lh")
	if a.Status != 422 || !strings.Contains(a.Body, "还没有关联账号") {
		t.Errorf("an identity of nobody: %d %s", a.Status, a.Path)
	}
	if err := s.Accounts.LinkExternal(t.Context(), u.ID, identity(p, 1), accounts.Request{}); err != nil {
		t.Fatal(err)
	}
	before := c.Cookie()
	a = external(t, c, p, c.Post("/sign-in/oidc", "next", "/desk?filter=mine"), "wang.lh")
	if a.Path != "/desk" || a.Query.Get("filter") != "mine" {
		t.Fatalf("signed in: %d %s", a.Status, a.Path)
	}
	contains(t, "the desk", a.Body, u.Name)
	if c.Cookie() == before {
		t.Error("the session kept its token")
	}
	// The second factor and the form that waits are as behind a password.
	s.Accounts.Change(u.ID, func(u *accounts.User) { u.HasFactor = true })
	c = s.Visitor(t)
	a = external(t, c, p, c.Post("/sign-in/oidc", "kept._form", "intake", "kept._back", "/desk", "kept.employer", "某公司"), "wang.lh")
	if a.Path != "/sign-in/code" {
		t.Fatalf("with a second factor: %s", a.Path)
	}
	contains(t, "the form", c.Submit(a, "code", "/sign-in/code", "code", webtest.Code).Body, "已重新登录", `value="某公司"`)
}

func TestProviderFailures(t *testing.T) {
	t.Parallel()
	s, p := withProvider(t, &desk{})
	u := s.Accounts.Add("wang", "jc", domain.RoleOperator)
	if err := s.Accounts.LinkExternal(t.Context(), u.ID, identity(p, 1), accounts.Request{}); err != nil {
		t.Fatal(err)
	}
	c := s.Visitor(t)
	out := func(t *testing.T, a webtest.Answer, status int, text string) {
		t.Helper()
		if a.Status != status || !strings.Contains(a.Body, text) || !strings.Contains(a.Body, `id="password"`) {
			t.Errorf("%d %s; want %d and %q\n%s", a.Status, a.Path, status, text, a.Body)
		}
		if a := c.Get("/desk"); a.Path != "/sign-in" {
			t.Errorf("%s opens", a.Path)
		}
	}
	out(t, external(t, c, p, c.Post("/sign-in/oidc"), ""), 422, "没有同意这次登录")
	out(t, c.Get("/sign-in/oidc/back?code=x&state=y"), 422, "不是在这个浏览器里开始的")

	// A flow is good once, and in its own browser.
	address := away(t, c.Post("/sign-in/oidc"))
	answer := p.Answer(t.Context(), address, "wang.lh")
	thief := s.Visitor(t)
	if a := thief.Get("/sign-in/oidc/back?" + answer.Encode()); a.Status != 422 {
		t.Errorf("in another browser: %d %s", a.Status, a.Path)
	}
	bad := url.Values{"code": answer["code"], "state": {"guess"}}
	out(t, c.Get("/sign-in/oidc/back?"+bad.Encode()), 422, "不是在这个浏览器里开始的")
	out(t, c.Get("/sign-in/oidc/back?"+answer.Encode()), 422, "不是在这个浏览器里开始的")

	p.Set(oidctest.Fault{WrongKey: true})
	out(t, external(t, c, p, c.Post("/sign-in/oidc"), "wang.lh"), 422, "没有通过核验")
	p.Set(oidctest.Fault{})
	if a := external(t, c, p, c.Post("/sign-in/oidc"), "wang.lh"); a.Path != "/desk" {
		t.Errorf("at last: %d %s", a.Status, a.Path)
	}
}

func TestProviderIsDown(t *testing.T) {
	t.Parallel()
	s, p := withProvider(t, &desk{})
	u := s.Accounts.Add("wang", "jc", domain.RoleOperator)
	p.Stop()
	c := s.Visitor(t)
	contains(t, "the sign-in page", c.Get("/sign-in").Body, "现在连不上政务统一身份认证", `id="password"`)
	a := c.Post("/sign-in/oidc", "kept._form", "intake", "kept._back", "/desk", "kept.employer", "某公司")
	if a.Status != http.StatusServiceUnavailable {
		t.Errorf("status %d", a.Status)
	}
	contains(t, "the answer", a.Body, "请用登录名和密码登录", `name="kept.employer" value="某公司"`)
	if a := c.Post("/sign-in", "login", u.Login, "password", webtest.Password); a.Path != "/desk" {
		t.Errorf("by password: %s", a.Path)
	}
}

func TestLinkOwnAccount(t *testing.T) {
	t.Parallel()
	s, p := withProvider(t, &desk{})
	c := s.SignIn(t, domain.RoleOperator)
	address := away(t, c.Post("/account/link"))
	answer := p.Answer(t.Context(), address, "zhang.zq").Encode()
	if a := s.SignIn(t, domain.RoleOperator).Get("/sign-in/oidc/back?" + answer); a.Status != 422 {
		t.Errorf("another user comes back with the answer: %d %s", a.Status, a.Path)
	}
	c.Get("/sign-in/oidc/back?" + answer)
	e, err := s.Accounts.SignInExternal(t.Context(), p.Issuer, oidctest.Users()[0].Subject, accounts.Place{})
	if err != nil || e.User.ID != c.User.ID {
		t.Errorf("linked to %+v, %v", e.User, err)
	}
	if a := s.Visitor(t).Post("/account/link"); a.Status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", a.Status)
	}
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	s, p := withProvider(t, &desk{})
	u := s.Accounts.Add("li", "jc", domain.RoleOperator)
	c := s.Visitor(t)
	page := c.Get("/sign-in/invitation")
	if a := c.Submit(page, "invitation", "/sign-in/invitation"); a.Status != 422 || !strings.Contains(a.Body, "请填写邀请码") {
		t.Errorf("no code: %d", a.Status)
	}
	a := external(t, c, p, c.Submit(page, "invitation", "/sign-in/invitation", "invitation", "guess"), "li.jg")
	if a.Status != 422 || !strings.Contains(a.Body, "没有这个邀请码") {
		t.Errorf("a wrong code: %d %s", a.Status, a.Path)
	}
	// In a test the code is the id of the account.
	a = external(t, c, p, c.Submit(page, "invitation", "/sign-in/invitation", "invitation", " "+u.ID+" "), "li.jg")
	if a.Path != "/desk" || !strings.Contains(a.Body, u.Name) {
		t.Errorf("invited: %d %s", a.Status, a.Path)
	}
}

func TestWithoutProvider(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	c := s.Visitor(t)
	if a := c.Get("/sign-in"); strings.Contains(a.Body, "/sign-in/oidc") || strings.Contains(a.Body, "邀请码") {
		t.Error("a provider is offered that there is not")
	}
	if a := c.Post("/sign-in/oidc"); a.Status != 404 && a.Status != 405 {
		t.Errorf("status %d", a.Status)
	}
}

func TestAddressForTheProvider(t *testing.T) {
	t.Parallel()
	p := oidctest.New(t, "https://hearth.example/sign-in/oidc/back")
	o, err := oidc.New(oidc.Config{Issuer: p.Issuer, ClientID: oidctest.ClientID, Secret: oidctest.Secret})
	if err != nil {
		t.Fatal(err)
	}
	s := setup(t, &desk{}, func(c *web.Config) { c.Provider, c.BaseURL = o, "https://hearth.example/" })
	u, err := url.Parse(away(t, s.Visitor(t).Post("/sign-in/oidc")))
	if err != nil || u.Query().Get("redirect_uri") != "https://hearth.example/sign-in/oidc/back" {
		t.Errorf("back to %q, %v", u.Query().Get("redirect_uri"), err)
	}
}

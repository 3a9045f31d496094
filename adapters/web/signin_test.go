package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	u := s.Accounts.Add("zhang", "jc", domain.RoleOperator)
	c := s.Visitor(t)
	a := c.Get("/desk?filter=mine")
	if a.Path != "/sign-in" || a.Query.Get("next") != "/desk?filter=mine" {
		t.Errorf("without a session: %s?%s", a.Path, a.Query.Encode())
	}
	a = c.Post("/sign-in", "login", "zhang", "password", "wrong", "next", "/desk")
	if a.Status != 422 || !strings.Contains(a.Body, "登录名或密码不对") || !strings.Contains(a.Body, `value="zhang"`) || strings.Contains(a.Body, "wrong") {
		t.Errorf("wrong password: %d\n%s", a.Status, a.Body)
	}
	a = c.Post("/sign-in", "login", "zhang", "password", webtest.Password, "next", "/desk?filter=mine")
	if a.Status != 200 || a.Path != "/desk" || a.Query.Get("filter") != "mine" {
		t.Errorf("right password: %d %s", a.Status, a.Path)
	}
	if a := c.Get("/sign-in"); a.Path != "/desk" {
		t.Errorf("sign-in page for who is signed in leads to %s", a.Path)
	}
	s.Accounts.Change(u.ID, func(u *accounts.User) { u.Disabled = true })
	if a := c.Get("/desk"); a.Path != "/sign-in" {
		t.Errorf("a disabled account still works: %d %s", a.Status, a.Path)
	}
	if a := c.Post("/sign-in", "login", "zhang", "password", webtest.Password); !strings.Contains(a.Body, "账号已停用") {
		t.Errorf("sign in with a disabled account: %d", a.Status)
	}
}

func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", "desk", ""} {
		c := s.Visitor(t)
		u := s.Accounts.Add("u"+url.QueryEscape(next), "jc", domain.RoleOperator)
		if a := c.Post("/sign-in", "login", u.Login, "password", webtest.Password, "next", next); a.Path != "/desk" || a.Status != 200 {
			t.Errorf("next=%q leads to %s (%d)", next, a.Path, a.Status)
		}
	}
}

func TestSignOutAndOtherSessions(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	c := s.SignIn(t, domain.RoleOperator)
	if a := c.Post("/sign-out"); a.Path != "/sign-in" {
		t.Errorf("sign-out leads to %s", a.Path)
	}
	if a := c.Get("/desk"); a.Path != "/sign-in" {
		t.Errorf("after sign-out: %s", a.Path)
	}
	c = s.SignIn(t, domain.RoleOperator)
	s.Accounts.Change(c.User.ID, func(u *accounts.User) { u.Generation++ })
	if a := c.Get("/desk"); a.Path != "/sign-in" {
		t.Errorf("a session from before the change of password: %s", a.Path)
	}
}

// TestFormSurvivesSignIn sends a form after the session has ended.
func TestFormSurvivesSignIn(t *testing.T) {
	t.Parallel()
	d := &desk{end: func(q *web.Request, _ *web.Form) error { return q.Done("/desk", 0, "已登记") }}
	s := setup(t, d, nil)
	c := s.SignIn(t, domain.RoleOperator)
	page := c.Get("/desk")
	command := webtest.Hidden(page.Body, "intake")
	c.Post("/sign-out")
	a := c.Submit(page, "intake", "/desk", "employer", "某公司", "owed", "12")
	if a.Status != http.StatusUnauthorized || len(d.sent) != 0 {
		t.Errorf("without a session: %d, %d forms taken", a.Status, len(d.sent))
	}
	contains(t, "the sign-in page", a.Body, "会原样带回", `name="kept.employer" value="某公司"`)
	kept := []string{"kept._form", "intake", "kept._back", "/desk", "kept._command", command, "kept.employer", "某公司", "kept.owed", "12"}
	a = c.Post("/sign-in", append(kept, "login", c.User.Login, "password", "wrong")...)
	contains(t, "after a wrong password", a.Body, `name="kept.employer" value="某公司"`)
	a = c.Post("/sign-in", append(kept, "login", c.User.Login, "password", webtest.Password)...)
	contains(t, "after sign-in", a.Body, "已重新登录", `value="某公司"`, `value="12"`)
	if got := webtest.Hidden(a.Body, "intake"); got != command || a.Status != 200 {
		t.Errorf("status %d, command %q; want the same form %q", a.Status, got, command)
	}
	a = c.Submit(page, "intake", "/desk", "employer", "某公司")
	contains(t, "at last", a.Body, "已登记")
	// A form of a page that the new user may not open is not shown to them.
	other := s.Accounts.Add("other", "jc", domain.RoleHandler)
	a = s.Visitor(t).Post("/sign-in", append(kept, "login", other.Login, "password", webtest.Password)...)
	if a.Status != http.StatusForbidden || strings.Contains(a.Body, "某公司") {
		t.Errorf("somebody else signs in: %d", a.Status)
	}
}

func TestDemoAccounts(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, func(c *web.Config) { c.Demo = accounts.Demo() })
	a := s.Visitor(t).Get("/sign-in")
	contains(t, "the sign-in page of a demo", a.Body, accounts.DemoPassword, `name="login" value="hotline"`, "审批领导")
	if a := setup(t, &desk{}, nil).Visitor(t).Get("/sign-in"); strings.Contains(a.Body, "演示") {
		t.Error("demo accounts are shown outside a demo")
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		s := setup(t, &desk{}, func(c *web.Config) { c.Secure = secure })
		u := s.Accounts.Add("zhang", "jc", domain.RoleOperator)
		r := httptest.NewRequest("POST", "/sign-in", strings.NewReader("login="+u.Login+"&password="+url.QueryEscape(webtest.Password)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		cookies := w.Result().Cookies()
		if len(cookies) != 2 {
			t.Fatalf("secure %v: %d cookies", secure, len(cookies))
		}
		device, c := cookies[0], cookies[1]
		name := map[bool]string{false: "hearth", true: "__Host-hearth"}[secure]
		if c.Name != name || !c.HttpOnly || c.Secure != secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 40 {
			t.Errorf("secure %v: cookie %v", secure, c)
		}
		// The browser stays known longer than the session lasts, and at the door only.
		if device.Name != "hearth_device" || !device.HttpOnly || device.Secure != secure || device.SameSite != http.SameSiteLaxMode || device.Path != "/sign-in" || device.MaxAge < 86400*365 {
			t.Errorf("secure %v: cookie %v", secure, device)
		}
	}
}

// visitor sends requests straight to the handler, within a bubble of time.
type visitor struct {
	shell  *web.Shell
	cookie *http.Cookie
}

func (v *visitor) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	w := httptest.NewRecorder()
	v.shell.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		v.cookie = c
	}
	return w
}

// bubble makes a shell whose time is that of a synctest bubble, and signs in.
func bubble(t *testing.T, edit func(*web.Config), families ...web.Family) (*visitor, *webtest.Accounts) {
	t.Helper()
	acc := &webtest.Accounts{}
	u := acc.Add("zhang", "jc", domain.RoleOperator)
	cfg := web.Config{Accounts: acc, Sessions: &webtest.Sessions{Now: time.Now}, Log: logTo(&strings.Builder{}), Now: time.Now, Families: families}
	if edit != nil {
		edit(&cfg)
	}
	shell, err := web.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shell.Close)
	v := &visitor{shell: shell}
	if w := v.do("POST", "/sign-in", "login="+u.Login+"&password="+url.QueryEscape(webtest.Password)); w.Code != http.StatusSeeOther {
		t.Fatalf("sign in: %d", w.Code)
	}
	return v, acc
}

func TestSessionExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, _ := bubble(t, nil)
		in := func() bool { return v.do("GET", "/help/keys", "").Code == http.StatusOK }
		for range 8 {
			time.Sleep(59 * time.Minute) // the bubble's time
			if !in() {
				t.Fatal("a session in use has ended")
			}
		}
		for range 3 {
			time.Sleep(25 * time.Minute)
			if w := v.do("GET", "/help/keys", "", "X-Hearth-Refresh", "1"); w.Code != http.StatusOK && w.Code != http.StatusUnauthorized {
				t.Fatalf("refresh: %d", w.Code)
			}
		}
		if in() {
			t.Error("the page's own refreshes keep a session alive")
		}
		if w := v.do("GET", "/help/keys", "", "X-Hearth-Refresh", "1"); w.Code != http.StatusUnauthorized {
			t.Errorf("refresh without a session: %d; want 401", w.Code)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		v, _ := bubble(t, nil)
		for range 15 {
			time.Sleep(50 * time.Minute)
			if v.do("GET", "/help/keys", "").Code != http.StatusOK {
				return
			}
		}
		t.Error("a session lasts longer than twelve hours")
	})
}

func TestSessionsAway(t *testing.T) {
	t.Parallel()
	d := &desk{}
	s := setup(t, d, nil)
	c := s.SignIn(t, domain.RoleOperator)
	page := c.Get("/desk")
	gone := errors.New("connection refused to 10.1.2.3")
	s.Sessions.Fail(gone)
	a := c.Get("/desk")
	if a.Status != http.StatusServiceUnavailable || !strings.Contains(a.Body, "连不上数据库") || strings.Contains(a.Body, "10.1.2.3") {
		t.Errorf("reading fails: %d\n%s", a.Status, a.Body)
	}
	if a := c.Get("/healthz"); a.Status != 200 {
		t.Errorf("healthz: %d", a.Status)
	}
	s.Sessions.Fail(nil)
	d.end = func(q *web.Request, _ *web.Form) error {
		s.Sessions.Fail(gone) // after the command, before the answer
		return q.Done("/desk", 0, "已登记")
	}
	a = c.Submit(page, "intake", "/desk", "employer", "某公司")
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Location") != "" || !strings.Contains(a.Body, "用同一张再提交一次,不会重复") {
		t.Errorf("storing fails: %d\n%s", a.Status, a.Body)
	}
	contains(t, "the answer", a.Body, `value="某公司"`, webtest.Hidden(page.Body, "intake"))
}

// knocker notes from where somebody signs in.
type knocker struct {
	webtest.Accounts
	mu   sync.Mutex
	from []string // guarded by mu
}

func (k *knocker) Authenticate(_ context.Context, _, _ string, from accounts.Place) (accounts.Entry, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.from = append(k.from, from.Address)
	return accounts.Entry{}, domain.Reject("too_many_tries", "连续输错多次,请等8秒再试。")
}

func TestClientAddressAndSlowDown(t *testing.T) {
	t.Parallel()
	k := &knocker{}
	s := webtest.New(t, func(c *web.Config) {
		c.Accounts = k
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	for _, tc := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:5000", "", "192.0.2.1"},
		{"192.0.2.1:5000", "198.51.100.7", "192.0.2.1"},
		{"10.0.0.1:5000", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5000", "1.2.3.4, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:5000", "", "10.0.0.1"},
		{"[2001:db8::1]:5000", "x", "2001:db8::1"},
	} {
		r := httptest.NewRequest("POST", "/sign-in", strings.NewReader("login=a&password=b"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = tc.remote
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := k.from[len(k.from)-1]; got != tc.want {
			t.Errorf("from %s forwarded for %q: %s; want %s", tc.remote, tc.forwarded, got, tc.want)
		}
		if w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "请等8秒再试") {
			t.Errorf("slow-down: %d", w.Code)
		}
	}
}

package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/guard"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

// TestCookieFollowsTheLine: behind a proxy that we believe, the cookie is bound
// to the host when the browser's line has TLS, and only then.
func TestCookieFollowsTheLine(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, func(c *web.Config) { c.Origin.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	u := s.Accounts.Add("zhang", "jc", domain.RoleOperator)
	ask := func(remote, proto, method, path, body string, cookies ...*http.Cookie) *http.Response {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-Proto", proto)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	credentials := url.Values{"login": {u.Login}, "password": {webtest.Password}}.Encode()
	for _, tc := range []struct {
		remote, proto, name string
	}{
		{"10.0.0.1:1", "https", "__Host-hearth"}, {"10.0.0.1:1", "http", "hearth"}, {"192.0.2.1:1", "https", "hearth"},
	} {
		answer := ask(tc.remote, tc.proto, "POST", "/sign-in", credentials)
		cookies := slices.DeleteFunc(answer.Cookies(), func(c *http.Cookie) bool {
			return c.Name == "hearth_device" && c.Secure == (tc.name == "__Host-hearth")
		})
		if len(cookies) != 1 || cookies[0].Name != tc.name || cookies[0].Secure != (tc.name == "__Host-hearth") || !cookies[0].HttpOnly ||
			cookies[0].Path != "/" || cookies[0].Domain != "" || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].MaxAge != 0 {
			t.Fatalf("%+v: cookies %v", tc, cookies)
		}
		if hsts := answer.Header.Get("Strict-Transport-Security"); (hsts != "") != cookies[0].Secure {
			t.Errorf("%+v: Strict-Transport-Security %q", tc, hsts)
		}
		if got := ask(tc.remote, tc.proto, "GET", "/help/keys", "", cookies[0]); got.StatusCode != 200 {
			t.Errorf("%+v: the cookie is not taken: %d", tc, got.StatusCode)
		}
		// The same token under the other name was planted.
		planted := &http.Cookie{Name: map[string]string{"hearth": "__Host-hearth", "__Host-hearth": "hearth"}[tc.name], Value: cookies[0].Value}
		if got := ask(tc.remote, tc.proto, "GET", "/help/keys", "", planted); got.StatusCode != 303 {
			t.Errorf("%+v: a cookie of the other line is taken: %d", tc, got.StatusCode)
		}
	}
}

// TestSessionFixation: the token that somebody had before signing in is worth
// nothing afterwards.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	c := s.Visitor(t)
	u := s.Accounts.Add("zhang", "jc", domain.RoleOperator)
	c.Post("/sign-in", "login", u.Login, "password", "wrong one 1")
	c.Get("/sign-in")
	before := c.Cookie()
	c.Post("/sign-in", "login", u.Login, "password", webtest.Password)
	if after := c.Cookie(); after == before || after == "" {
		t.Fatalf("the token is the same after signing in")
	}
	if a := s.Visitor(t).Get("/help/keys", "Cookie", before); a.Path != "/sign-in" {
		t.Errorf("the token from before opens %s", a.Path)
	}
}

// TestRequestUnderWayAtSignOut: a request that ends after its user has signed out
// does not bring the session back.
func TestRequestUnderWayAtSignOut(t *testing.T) {
	t.Parallel()
	inside, goOn := make(chan struct{}), make(chan struct{})
	slow := web.Family{Name: "slow", Routes: []web.Route{{Pattern: "GET /slow", Handler: func(q *web.Request) error {
		close(inside)
		<-goOn
		return q.JSON("done")
	}}}}
	s := webtest.New(t, nil, slow)
	c := s.SignIn(t, domain.RoleOperator)
	stolen := c.Cookie()
	ended := make(chan webtest.Answer, 1)
	go func() { ended <- s.Visitor(t).Get("/slow", "Cookie", stolen) }()
	<-inside
	c.Post("/sign-out")
	close(goOn)
	if a := <-ended; a.Status != 200 {
		t.Errorf("the request under way: %d", a.Status)
	}
	if a := s.Visitor(t).Get("/help/keys", "Cookie", stolen); a.Path != "/sign-in" {
		t.Errorf("after the sign-out the cookie opens %s", a.Path)
	}
}

// TestStolenCookie: whatever ends the session, ends it for pages, for their parts
// and for the live connection.
func TestStolenCookie(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*webtest.Shell, *webtest.Client){
		"sign-out": func(_ *webtest.Shell, c *webtest.Client) { c.Post("/sign-out") },
		"password": func(s *webtest.Shell, c *webtest.Client) {
			s.Accounts.Change(c.User.ID, func(u *accounts.User) { u.Generation++ })
		},
		"disabled": func(s *webtest.Shell, c *webtest.Client) {
			s.Accounts.Change(c.User.ID, func(u *accounts.User) { u.Disabled = true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{end: func(q *web.Request, _ *web.Form) error { return q.Done("/desk", 0, "") }}
			p := &topic{version: "1"}
			s, address := overWire(t, d, func(c *web.Config) { c.HeartBeat, c.Times = 20*time.Millisecond, guard.DefaultTimes() }, p.family("case", "cases"))
			c := s.SignIn(t, domain.RoleOperator)
			stolen := c.Cookie()
			thief := s.Visitor(t)
			if a := thief.Get("/desk", "Cookie", stolen); a.Path != "/desk" || a.Status != 200 {
				t.Fatalf("before: %d %s", a.Status, a.Path)
			}
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/events?topic=case:1", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Cookie", stolen)
			live, err := http.DefaultClient.Do(r)
			if err != nil || live.StatusCode != 200 {
				t.Fatalf("live connection: %v %v", live, err)
			}
			defer live.Body.Close()
			end(s, c)
			if _, err := io.ReadAll(live.Body); err != nil { // it ends by itself
				t.Errorf("the live connection: %v", err)
			}
			if a := thief.Get("/desk", "Cookie", stolen); a.Path != "/sign-in" {
				t.Errorf("a page: %d %s", a.Status, a.Path)
			}
			if a := thief.Get("/desk", "Cookie", stolen, "X-Hearth-Refresh", "1"); a.Status != 401 {
				t.Errorf("a part: %d", a.Status)
			}
			if a := thief.Get("/events?topic=case:1", "Cookie", stolen); a.Status != 401 {
				t.Errorf("another live connection: %d", a.Status)
			}
			if a := thief.Do("POST", "/desk", "employer=x", "Cookie", stolen, "Content-Type", "application/x-www-form-urlencoded"); a.Status != 401 || len(d.sent) != 0 {
				t.Errorf("a form: %d, done %d times", a.Status, len(d.sent))
			}
		})
	}
}

// demonstrators have the password that everybody knows.
type demonstrators struct{ *webtest.Accounts }

func (d demonstrators) Authenticate(ctx context.Context, login, password string, from accounts.Place) (accounts.Entry, error) {
	if password != accounts.DemoPassword {
		return accounts.Entry{}, domain.Reject("bad_credentials", "登录名或密码不对,请检查大小写和输入法后再试。")
	}
	return d.Accounts.Authenticate(ctx, login, webtest.Password, from)
}

// TestDemoPasswordOpensDemonstrationsAlone, also on a folder that was one.
func TestDemoPasswordOpensDemonstrationsAlone(t *testing.T) {
	t.Parallel()
	for _, demo := range []bool{true, false} {
		all := &webtest.Accounts{}
		u := all.Add("hotline", "jc", domain.RoleOperator)
		s := setup(t, &desk{}, func(c *web.Config) {
			c.Accounts = demonstrators{all}
			if demo {
				c.Demo = accounts.Demo()
			}
		})
		a := s.Visitor(t).Post("/sign-in", "login", u.Login, "password", accounts.DemoPassword)
		if opened := a.Path != "/sign-in"; opened != demo {
			t.Errorf("demonstration %v: the password opens %v (%d)", demo, opened, a.Status)
		}
	}
}

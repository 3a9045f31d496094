package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/guard"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

// impatient are limits that a test can wait for.
func impatient() guard.Times {
	return guard.Times{
		Header: 150 * time.Millisecond, Body: 150 * time.Millisecond, Upload: 150 * time.Millisecond,
		Answer: 5 * time.Second, Idle: 150 * time.Millisecond, HeaderBytes: 4 << 10,
	}
}

// overWire serves a shell on a real listener with the limits of its server.
func overWire(t *testing.T, d *desk, edit func(*web.Config), families ...web.Family) (*webtest.Shell, string) {
	t.Helper()
	s := webtest.New(t, func(c *web.Config) {
		c.Models = webtest.Live(100, "cases")
		c.Times = impatient()
		if edit != nil {
			edit(c)
		}
	}, append(families, d.family())...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := s.Server(s)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-ended })
	return s, l.Addr().String()
}

// hold sends the beginning of a request and waits until the server gives up. The
// client never does: a server without a limit lets the test run out of time.
func hold(t *testing.T, address, beginning string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, beginning); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(conn) // a reset is an end as well
	return string(answer)
}

// TestSlowRequests: who sends slowly, or nothing more, is shown the door.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	d := &desk{end: func(q *web.Request, _ *web.Form) error { return q.Done("/desk", 0, "") }}
	upload := web.Family{Name: "upload", Routes: []web.Route{{
		Pattern: "POST /upload", MaxBody: 8 << 20, Roles: []domain.Role{domain.RoleOperator},
		Handler: func(q *web.Request) error { _, err := q.Sent(); return err },
	}}}
	s, address := overWire(t, d, nil, upload)
	cookie := s.SignIn(t, domain.RoleOperator).Cookie()
	post := func(path, kind string, more ...string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: x\r\nCookie: " + cookie + "\r\nContent-Type: " + kind + "\r\nContent-Length: 1000\r\n" + strings.Join(more, "") + "\r\n"
	}
	for name, tc := range map[string]struct {
		beginning string
		status    string // empty: none, the connection is closed
	}{
		"nothing":           {"", ""},
		"half a line":       {"GET /sign-in HT", ""},
		"headers, no end":   {"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-A: ", ""},
		"no body":           {post("/desk", "application/x-www-form-urlencoded"), "408"},
		"half a body":       {post("/desk", "application/x-www-form-urlencoded") + "employer=", "408"},
		"half an upload":    {post("/upload", "multipart/form-data; boundary=b") + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nabc", "408"},
		"never another one": {"GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n", "200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := hold(t, address, tc.beginning)
			status, _, _ := strings.Cut(answer, "\r\n")
			if tc.status != "" && !strings.Contains(status, " "+tc.status) || tc.status == "" && strings.Contains(status, " 200") {
				t.Errorf("answered %q; want %q", status, tc.status)
			}
			if tc.status == "408" && !strings.Contains(answer, "没有在限定时间内传完") {
				t.Errorf("does not say what to do: %s", answer)
			}
		})
	}
}

// TestLiveConnectionOutlivesTheLimits: the time for reading a request is none for
// looking at a page.
func TestLiveConnectionOutlivesTheLimits(t *testing.T) {
	t.Parallel()
	p := &topic{version: "1"}
	s, address := overWire(t, &desk{}, func(c *web.Config) { c.HeartBeat = 20 * time.Millisecond }, p.family("case", "cases"))
	c := s.SignIn(t, domain.RoleOperator)
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/events?topic=case:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", c.Cookie())
	begun := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for long := 4 * (impatient().Header + impatient().Body); time.Since(begun) < long; {
		if !lines.Scan() {
			t.Fatalf("the live connection ended after %s: %v", time.Since(begun), lines.Err())
		}
	}
	// Signing out elsewhere ends it with the next heart-beat.
	c.Post("/sign-out")
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the end of the stream: %v", err)
	}
}

// TestTooMuch: sizes that no page of ours has.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	d := &desk{end: func(*web.Request, *web.Form) error { return nil }}
	upload := web.Family{Name: "upload", Routes: []web.Route{{
		Pattern: "POST /upload", MaxBody: 8 << 20, Roles: []domain.Role{domain.RoleOperator},
		Handler: func(q *web.Request) error { f, err := q.Sent(); d.sent = append(d.sent, f); return err },
	}}}
	s, address := overWire(t, d, func(c *web.Config) { c.Times = guard.DefaultTimes() }, upload)
	cookie := s.SignIn(t, domain.RoleOperator).Cookie()
	var fields, parts strings.Builder
	for i := range 2001 {
		fmt.Fprintf(&fields, "f%d=&", i)
	}
	for i := range 1001 {
		fmt.Fprintf(&parts, "--b\r\nContent-Disposition: form-data; name=\"f%d\"\r\n\r\n\r\n", i)
	}
	const form, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	part := func(header string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n" + header + "\r\nabc\r\n--b--\r\n"
	}
	for name, tc := range map[string]struct {
		path, kind, body string
		header           [2]string
		status           int
		says             string
	}{
		"header":       {"/desk", form, "a=b", [2]string{"X-Long", strings.Repeat("x", 64<<10)}, 431, ""},
		"body":         {"/desk", form, "a=" + strings.Repeat("x", 5000), [2]string{}, 413, "提交的内容超过了"},
		"upload":       {"/upload", multipart, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + strings.Repeat("x", 9<<20), [2]string{}, 413, "提交的内容超过了 8 MB"},
		"fields":       {"/upload", form, fields.String(), [2]string{}, 413, "项数太多"},
		"more fields":  {"/upload", form, strings.Repeat("a&", 20_000), [2]string{}, 422, "没有办成"},
		"parts":        {"/upload", multipart, parts.String() + "--b--\r\n", [2]string{}, 413, "项数太多"},
		"part headers": {"/upload", multipart, part(strings.Repeat("X-A: b\r\n", 20_000)), [2]string{}, 413, "项数太多"},
		"compressed":   {"/desk", form, "a=b", [2]string{"Content-Encoding", "gzip"}, 415, "压缩"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", tc.kind)
			r.Header.Set("Cookie", cookie)
			if tc.header[0] != "" {
				r.Header.Set(tc.header[0], tc.header[1])
			}
			answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body) // what was refused may be cut off
			if answer.StatusCode != tc.status || !strings.Contains(string(text), tc.says) {
				t.Errorf("%d; want %d and %q: %s", answer.StatusCode, tc.status, tc.says, told(string(text)))
			}
		})
	}
	t.Cleanup(func() {
		for _, f := range d.sent {
			if f != nil {
				t.Error("one of them was taken for a form")
			}
		}
	})
}

// told is what an error page says.
func told(body string) string { return between(body, "<main", "</main>") }

// TestTooOften: the answer says when to come again and keeps the form; others
// are not held up.
func TestTooOften(t *testing.T) {
	t.Parallel()
	now := webtest.Now()
	rules := []guard.Rule{{Kind: guard.Visit, PerSecond: .1, Burst: 20}, {Kind: guard.Page, PerSecond: .1, Burst: 5}, {Kind: guard.SignIn, PerSecond: .1, Burst: 3}, {Kind: guard.Export, PerSecond: .05, Burst: 1}}
	limits := guard.New(rules, func() time.Time { return now })
	d := &desk{end: func(q *web.Request, _ *web.Form) error { return q.Done("/desk", 0, "") }}
	export := web.Family{Name: "export", Routes: []web.Route{{Pattern: "GET /list.csv", Rate: guard.Export, Handler: func(q *web.Request) error {
		return q.Attachment("名单.csv", "text/csv; charset=utf-8", []byte("x"))
	}}}}
	s := webtest.New(t, func(c *web.Config) { c.Models, c.Limits = webtest.Live(100, "cases"), limits }, d.family(), export)
	one := s.SignIn(t, domain.RoleOperator) // asks for a page once
	page := one.Get("/desk")
	if a := one.Get("/list.csv"); a.Status != 200 {
		t.Fatalf("the first export: %d", a.Status)
	}
	a := one.Get("/list.csv")
	if a.Status != 429 || a.Header.Get("Retry-After") != "20" {
		t.Errorf("a second export at once: %d, again after %q", a.Status, a.Header.Get("Retry-After"))
	}
	one.Get("/desk")
	a = one.Submit(page, "intake", "/desk", "employer", "某公司")
	if a.Status != 429 || a.Header.Get("Retry-After") != "10" {
		t.Errorf("the form after all that: %d, again after %q", a.Status, a.Header.Get("Retry-After"))
	}
	contains(t, "the answer", a.Body, "操作太频繁", "请等 10 秒再试", `value="某公司"`, webtest.Hidden(page.Body, "intake"))
	if len(d.sent) != 0 {
		t.Error("what came too often was done")
	}
	two := s.SignIn(t, domain.RoleOperator)
	if a := two.Get("/desk"); a.Status != 200 {
		t.Errorf("somebody else: %d", a.Status)
	}
	s.Visitor(t).Post("/sign-in", "login", "x", "password", "y")
	a = s.Visitor(t).Post("/sign-in", "login", "x", "password", "secret-of-mine")
	if a.Status != 429 || strings.Contains(a.Body, "secret-of-mine") {
		t.Errorf("a fourth try to sign in from one address: %d", a.Status)
	}
	if got := limits.Refused(); got[guard.Export] != 1 || got[guard.Page] != 2 || got[guard.SignIn] != 1 {
		t.Errorf("refused %v", got)
	}
}

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
		cookies := answer.Cookies()
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

func (d demonstrators) Authenticate(ctx context.Context, login, password, address string) (accounts.User, error) {
	if password != accounts.DemoPassword {
		return accounts.User{}, domain.Reject("bad_credentials", "登录名或密码不对,请检查大小写和输入法后再试。")
	}
	return d.Accounts.Authenticate(ctx, login, webtest.Password, address)
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

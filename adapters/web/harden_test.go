package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

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

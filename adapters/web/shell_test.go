package web_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections"
)

// desk is a family with one form, whose command ends as the test wants.
type desk struct {
	end  func(q *web.Request, f *web.Form) error
	sent []*web.Form
}

type deskPage struct {
	web.Page
	Form  *web.Form
	Other *web.Form
}

func (d *desk) family() web.Family {
	return web.Family{
		Name: "desk",
		Templates: fstest.MapFS{"show.html": {Data: []byte(`{{define "content"}}
<form method="post" action="/desk">{{template "hidden" .Form}}
{{template "input" field .Form "employer" "用人单位" "required"}}
{{template "money" field .Form "owed" "金额"}}
{{template "late" .Form}}</form>
<form method="post" action="/desk">{{template "hidden" .Other}}{{template "input" field .Other "employer" "其他"}}</form>
<div id="live" data-live="case:1"></div>{{end}}`)}},
		Nav: []web.NavItem{{Label: "热线台", Href: "/desk", Icon: "phone", Key: "h", Roles: []domain.Role{domain.RoleOperator}}},
		Routes: []web.Route{
			{Pattern: "GET /desk", Handler: d.show, Roles: []domain.Role{domain.RoleOperator}, Models: []string{"cases"}},
			{Pattern: "POST /desk", Handler: d.post, Roles: []domain.Role{domain.RoleOperator}, MaxBody: 4096},
			{Pattern: "GET /fault", Handler: d.fault},
			{Pattern: "GET /panic", Handler: func(*web.Request) error { panic("secret 13812345678") }},
			{Pattern: "POST /search", Handler: d.search},
		},
	}
}

func (d *desk) show(q *web.Request) error {
	return q.Render("desk/show", &deskPage{q.Page("热线台", web.Crumb{Label: "首页", Href: "/"}), q.NewForm("intake"), q.NewForm("other")})
}

func (d *desk) post(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	d.sent = append(d.sent, f)
	return d.end(q, f)
}

func (d *desk) fault(q *web.Request) error { return d.end(q, nil) }

func (d *desk) search(q *web.Request) error {
	q.Keep("q", q.PostFormValue("q"))
	return q.Redirect("/desk")
}

func setup(t *testing.T, d *desk, edit func(*web.Config)) *webtest.Shell {
	t.Helper()
	return webtest.New(t, func(c *web.Config) {
		c.Models = webtest.Live(100, "cases")
		if edit != nil {
			edit(c)
		}
	}, d.family())
}

func contains(t *testing.T, what, body string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, body)
		}
	}
}

func TestFormIsKept(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"rejection": {domain.Reject("no", "单位已注销,请改选。"), 422, "单位已注销,请改选。"},
		"conflict":  {errors.Join(errors.New("execute"), eventstore.ErrConflict), 409, "别人刚刚改了这件事"},
		"unknown":   {eventstore.ErrUnknown, 503, "请用同一张表再提交一次,不会重复"},
		"too slow":  {context.DeadlineExceeded, 503, "系统太忙"},
		"fault":     {errors.New("disk on fire"), 500, "系统错误,编号 "},
		"not there": {web.ErrNotFound, 404, "没有这个页面"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{end: func(*web.Request, *web.Form) error { return tc.err }}
			c := setup(t, d, nil).SignIn(t, domain.RoleOperator)
			page := c.Get("/desk?filter=mine")
			command := webtest.Hidden(page.Body, "intake")
			a := c.Submit(page, "intake", "/desk", "employer", `<某>"公司`, "owed", "12")
			if a.Status != tc.status {
				t.Errorf("status %d; want %d", a.Status, tc.status)
			}
			contains(t, "the answer", a.Body, tc.says, `value="&lt;某&gt;&#34;公司"`, `value="12"`, `role="alert"`)
			if strings.Contains(a.Body, "disk on fire") {
				t.Error("the answer tells what broke")
			}
			if got := webtest.Hidden(a.Body, "intake"); got != command {
				t.Errorf("command id of the form shown again: %q; want %q as before", got, command)
			}
			if got := webtest.Hidden(a.Body, "other"); got == command || got == "" {
				t.Errorf("the other form on the page has command id %q", got)
			}
			if strings.Count(a.Body, "公司") != 1 {
				t.Error("what was typed shows up in the other form too")
			}
		})
	}
}

func TestFieldErrors(t *testing.T) {
	t.Parallel()
	d := &desk{end: func(q *web.Request, f *web.Form) error {
		f.Require("employer", "用人单位")
		f.Money("owed")
		f.Time("happened")
		return f.Err()
	}}
	c := setup(t, d, nil).SignIn(t, domain.RoleOperator)
	a := c.Submit(c.Get("/desk"), "intake", "/desk", "owed", "十二", "happened", "昨天")
	contains(t, "the page", a.Body, "有 3 处需要改正", "请填写用人单位。", "金额“十二”看不懂", "时间看不懂", `aria-invalid="true"`, `value="十二"`, `<details class="late-entry" open>`)
	if a.Status != http.StatusUnprocessableEntity {
		t.Errorf("status %d; want 422", a.Status)
	}
}

func TestDoneWaitsAndTells(t *testing.T) {
	t.Parallel()
	at := eventstore.Position(100)
	var by domain.By
	d := &desk{end: func(q *web.Request, f *web.Form) error {
		by = q.By(f, domain.RoleOperator)
		return q.Done("/desk", at, "已登记")
	}}
	c := setup(t, d, nil).SignIn(t, domain.RoleShiftLeader, domain.RoleOperator)
	a := c.Submit(c.Get("/desk"), "intake", "/desk", "happened", "2026-11-20T08:15", "late_reason", "停电")
	if a.Status != 200 || a.Path != "/desk" || a.Query.Get("at") != "100" {
		t.Errorf("after the command: %d at %s?%s", a.Status, a.Path, a.Query.Encode())
	}
	contains(t, "the page", a.Body, "已登记")
	if strings.Contains(a.Body, "data-stale") {
		t.Error("the page says that it lags, but its model is there")
	}
	want := domain.By{
		Actor: domain.Actor{ID: c.User.ID, Org: "jc", Role: domain.RoleOperator}, At: webtest.Now(),
		Happened: time.Date(2026, 11, 20, 0, 15, 0, 0, time.UTC), LateReason: "停电",
	}
	if by != want {
		t.Errorf("by %+v; want %+v", by, want)
	}
	if strings.Contains(c.Get("/desk").Body, "已登记") {
		t.Error("the notice is shown twice")
	}
	at = 101
	start := time.Now()
	a = c.Submit(c.Get("/desk"), "intake", "/desk")
	contains(t, "the page that lags", a.Body, "data-stale", "已保存。", "现在刷新")
	if took := time.Since(start); took < 2*time.Second || took > 10*time.Second {
		t.Errorf("waited %v; want about 2 s", took)
	}
}

func TestRebuilding(t *testing.T) {
	t.Parallel()
	c := setup(t, &desk{}, func(c *web.Config) {
		c.Models = webtest.NewModels(projections.Status{
			Name: "cases", Version: 1, State: projections.StateBuilding, End: 1000, Rebuilding: true, Progress: .43, EventsPerSecond: 8200,
		})
		c.Titles = map[string]string{"cases": "投诉"}
	}).SignIn(t, domain.RoleOperator)
	a := c.Get("/desk")
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.Header.Get("Refresh") == "" {
		t.Errorf("status %d, headers %v", a.Status, a.Header)
	}
	contains(t, "the page", a.Body, "“投诉”正在重新整理", "43%", "<progress")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{}, nil)
	op, handler := s.SignIn(t, domain.RoleOperator), s.SignIn(t, domain.RoleHandler)
	if a := op.Get("/"); a.Path != "/desk" || a.Status != 200 {
		t.Errorf("home of an operator: %d %s", a.Status, a.Path)
	}
	contains(t, "an operator's page", op.Get("/desk").Body, `<a href="/desk" aria-current="page" data-go="h">`, `action="/search"`)
	a := handler.Get("/desk")
	if a.Status != http.StatusForbidden || strings.Contains(a.Body, `href="/desk"`) {
		t.Errorf("a handler at the desk: %d, navigation shows what may not be opened", a.Status)
	}
	if a := handler.Post("/desk"); a.Status != http.StatusForbidden {
		t.Errorf("a handler posts to the desk: %d", a.Status)
	}
	if a := handler.Get("/"); a.Status != 200 || !strings.Contains(a.Body, "没有可用的功能") {
		t.Errorf("home without any page: %d", a.Status)
	}
	s.Accounts.Change(op.User.ID, func(u *accounts.User) { u.Roles = []domain.Role{domain.RoleHandler} })
	if a := op.Get("/desk"); a.Status != http.StatusForbidden {
		t.Errorf("a role taken away still counts: %d", a.Status)
	}
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	d := &desk{end: func(*web.Request, *web.Form) error { return errors.New("select 13812345678") }}
	var log strings.Builder
	s := setup(t, d, func(c *web.Config) { c.Log = logTo(&log) })
	c := s.SignIn(t, domain.RoleOperator)
	for path, want := range map[string]int{"/nowhere": 404, "/desk/x": 404, "/fault": 500, "/panic": 500, "/static/none.css": 404, "/dev/parts": 404} {
		a := c.Get(path)
		if a.Status != want {
			t.Errorf("%s: %d; want %d", path, a.Status, want)
		}
		if strings.Contains(a.Body, "13812345678") {
			t.Errorf("%s tells what broke", path)
		}
		if want == 500 {
			contains(t, path, a.Body, "系统错误,编号 "+a.Header.Get("X-Request-Id"))
			contains(t, "the log", log.String(), a.Header.Get("X-Request-Id"))
		}
	}
	a := c.Do("DELETE", "/desk", "")
	if a.Status != 405 || !strings.Contains(a.Header.Get("Allow"), "POST") {
		t.Errorf("DELETE /desk: %d, allow %q", a.Status, a.Header.Get("Allow"))
	}
}

func TestBodyLimitAndBadText(t *testing.T) {
	t.Parallel()
	d := &desk{end: func(*web.Request, *web.Form) error { return nil }}
	c := setup(t, d, nil).SignIn(t, domain.RoleOperator)
	if a := c.Post("/desk", "employer", strings.Repeat("x", 5000)); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body above the limit: %d", a.Status)
	}
	if a := c.Post("/desk", "employer", "\xff\xfe"); a.Status != 422 || !strings.Contains(a.Body, "看不懂的字符") {
		t.Errorf("text that is not UTF-8: %d", a.Status)
	}
	if a := c.Do("POST", "/desk", "--x\r\nbroken", "Content-Type", "multipart/form-data; boundary=x"); a.Status != 422 {
		t.Errorf("a broken body: %d", a.Status)
	}
	if len(d.sent) != 0 {
		t.Errorf("%d of them reached the handler", len(d.sent))
	}
}

func TestHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	s := setup(t, &desk{end: func(*web.Request, *web.Form) error { return errors.New("x") }}, func(c *web.Config) { c.Demo = accounts.Demo() })
	visitor, c := s.Visitor(t), s.SignIn(t, domain.RoleOperator)
	style := between(visitor.Get("/sign-in").Body, `rel="stylesheet" href="`, `"`)
	answers := map[string]webtest.Answer{
		"sign-in": visitor.Get("/sign-in"), "desk": c.Get("/desk"), "404": c.Get("/nowhere"), "500": c.Get("/fault"), "panic": c.Get("/panic"),
		"healthz": visitor.Get("/healthz"), "readyz": visitor.Get("/readyz"), "style": visitor.Get(style), "parts": visitor.Get("/dev/parts"),
		"cross-site": c.Do("POST", "/desk", "", "Sec-Fetch-Site", "cross-site"),
	}
	for name, a := range answers {
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "X-Request-Id": "-",
		} {
			if !strings.Contains(a.Header.Get(header), want) {
				t.Errorf("%s (%d): %s is %q", name, a.Status, header, a.Header.Get(header))
			}
		}
		if strings.Contains(a.Header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: %s", name, a.Header.Get("Content-Security-Policy"))
		}
		if cache := a.Header.Get("Cache-Control"); (name == "style") != strings.Contains(cache, "immutable") || name != "style" && cache != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, cache)
		}
		for _, bad := range []string{" style=", "<style", "<script>", "javascript:", " onclick="} {
			if strings.Contains(a.Body, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
}

func TestCrossSitePostIsRefused(t *testing.T) {
	t.Parallel()
	d := &desk{end: func(q *web.Request, _ *web.Form) error { return q.Done("/desk", 0, "") }}
	c := setup(t, d, nil).SignIn(t, domain.RoleOperator)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if a := c.Do("POST", "/desk", "", headers...); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "来自别的网站") {
			t.Errorf("%v: %d", headers, a.Status)
		}
	}
	if len(d.sent) != 0 {
		t.Error("a post from another site reached the handler")
	}
	if a := c.Do("POST", "/desk", "", "Sec-Fetch-Site", "same-origin"); a.Status != 200 {
		t.Errorf("a post from our own page: %d", a.Status)
	}
}

// TestBrowserThatWentAway is no fault of ours, and not logged as one.
func TestBrowserThatWentAway(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	family := web.Family{Name: "slow", Routes: []web.Route{{Pattern: "GET /slow", Public: true, Handler: func(q *web.Request) error {
		return fmt.Errorf("people: %w", q.Context().Err())
	}}}}
	s := webtest.New(t, func(c *web.Config) { c.Log = logTo(&log) }, family)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/slow", nil))
	if text := log.String(); strings.Contains(text, "ERROR") || !strings.Contains(text, "browser went away") {
		t.Errorf("the log tells of an error: %s", text)
	}
}

func TestLogHoldsNothingPersonal(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	d := &desk{end: func(*web.Request, *web.Form) error { return domain.Reject("no", "不行") }}
	s := setup(t, d, func(c *web.Config) { c.Log = logTo(&log) })
	c := s.SignIn(t, domain.RoleOperator)
	c.Get("/desk?q=zhangsan")
	c.Get("/nowhere/zhangsan")
	c.Submit(c.Get("/desk"), "intake", "/desk", "employer", "zhangsan")
	c.Post("/search", "q", "zhangsan")
	contains(t, "the log", log.String(), `route="GET /desk"`, "status=422", "ms=")
	for _, bad := range []string{"zhangsan", c.User.Login, "127.0.0.1"} {
		if strings.Contains(log.String(), bad) {
			t.Errorf("the log holds %q:\n%s", bad, log.String())
		}
	}
}

func TestWrongProgramsFailAtStart(t *testing.T) {
	t.Parallel()
	ok := func(*web.Request) error { return nil }
	page := func(text string) fs.FS { return fstest.MapFS{"x.html": {Data: []byte(text)}} }
	for name, f := range map[string]web.Family{
		"syntax":          {Templates: page(`{{define "content"}}{{if}}{{end}}`)},
		"no content":      {Templates: page(`hello`)},
		"unknown part":    {Templates: page(`{{define "content"}}{{template "nothing" .}}{{end}}`)},
		"unknown func":    {Templates: page(`{{define "content"}}{{nothing .}}{{end}}`)},
		"unsafe place":    {Templates: page(`{{define "content"}}<a href="/x" title={{.Title}}" {{.Title}}=1>{{if .User}}<b title="{{end}}x{{end}}`)},
		"empty folder":    {Templates: fstest.MapFS{}},
		"no method":       {Routes: []web.Route{{Pattern: "/x", Handler: ok}}},
		"no handler":      {Routes: []web.Route{{Pattern: "GET /x"}}},
		"twice":           {Routes: []web.Route{{Pattern: "GET /x", Handler: ok}, {Pattern: "GET /x", Handler: ok}}},
		"one of our own":  {Routes: []web.Route{{Pattern: "GET /sign-in", Handler: ok}}},
		"ambiguous paths": {Routes: []web.Route{{Pattern: "GET /a/{x}", Handler: ok}, {Pattern: "GET /{y}/b", Handler: ok}}},
	} {
		f.Name = "x"
		s, err := web.New(t.Context(), web.Config{
			Accounts: &webtest.Accounts{}, Sessions: &webtest.Sessions{Now: time.Now}, Log: logTo(&strings.Builder{}), Now: webtest.Now, Families: []web.Family{f},
		})
		if err == nil {
			s.Close()
			t.Errorf("%s: the shell starts", name)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/api"
	"hearth/adapters/guard"
	"hearth/adapters/web"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
)

// inner is the whole program with its demonstration inside the test, for what
// has to know the table of routes. Nobody is limited in it.
type inner struct {
	t     *testing.T
	app   *App
	shell *web.Shell
	url   string
	users map[string]accounts.User // by login
}

// openInside opens the program, loads the demonstration, and waits until the
// pages show it.
func openInside(t *testing.T) *inner {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	state := newState(t)
	app, err := openApp(ctx, config{State: state, Replicas: 1, Prefix: "晋工诉"})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	in := &inner{t: t, app: app, users: map[string]accounts.User{}}
	runner := app.runner()
	var work sync.WaitGroup
	work.Go(func() { _ = runner.Run(ctx) }) // ends with ctx alone
	work.Go(func() { app.keeper.Run(ctx) })
	t.Cleanup(func() { cancel(); work.Wait(); app.Close() })
	if err := app.casework.FoundUnits(ctx); err != nil {
		t.Fatal(err)
	}
	if err := app.loadDemo(ctx, state); err != nil {
		t.Fatal(err)
	}
	var loaded demoLoaded
	loaded.Store(true)
	in.shell, err = app.shell(ctx, serveOptions{demo: true, org: "晋城市总工会"}, guard.Origin{}, nil, runner.Monitor, &loaded)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = in.shell.Server(publicHandler(in.shell, api.New(app.apiConfig(runner.Monitor, guard.Origin{}, nil)), guard.Origin{}))
	server.Start()
	in.url = server.URL
	t.Cleanup(func() { in.shell.Close(); server.Close() })
	end, err := app.store.End(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wait, stop := context.WithTimeout(ctx, limit)
	defer stop()
	for _, m := range app.models.all() {
		poll(t, m.Name()+" has caught up", func() bool { return runner.Wait(wait, m.Name(), end) == nil })
	}
	for _, n := range accounts.Demo() {
		if in.users[n.Login], err = app.accounts.ByLogin(ctx, n.Login); err != nil {
			t.Fatal(err)
		}
	}
	return in
}

// reply is what came back; redirects are not followed.
type reply struct {
	status int
	header http.Header
	body   string
}

// insider is somebody who has signed in, or a program with a token.
type insider struct {
	in    *inner
	user  accounts.User
	http  *http.Client
	token string
}

func (in *inner) visitor() *insider {
	jar, err := cookiejar.New(nil)
	if err != nil {
		in.t.Fatal(err)
	}
	return &insider{in: in, http: &http.Client{Jar: jar, Timeout: limit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signIn signs in a demo account.
func (in *inner) signIn(login string) *insider {
	in.t.Helper()
	b := in.visitor()
	b.user = in.users[login]
	if r := b.form("/sign-in", "login", login, "password", accounts.DemoPassword); r.status != http.StatusSeeOther {
		in.t.Fatalf("sign in as %s: %d", login, r.status)
	}
	return b
}

// program makes a token of a demo account with all scopes, or those given.
func (in *inner) program(login string, scopes ...accounts.Scope) *insider {
	in.t.Helper()
	if scopes == nil {
		scopes = accounts.Scopes()
	}
	b := in.visitor()
	b.user = in.users[login]
	var err error
	if _, b.token, err = in.app.accounts.CreateToken(in.t.Context(), b.user.ID, accounts.NewToken{Label: "测试", Scopes: scopes, Expires: time.Now().AddDate(0, 1, 0)}, accounts.Console()); err != nil {
		in.t.Fatal(err)
	}
	return b
}

func (b *insider) ask(method, path, kind, body string, headers ...string) reply {
	b.in.t.Helper()
	r, err := http.NewRequestWithContext(b.in.t.Context(), method, b.in.url+path, strings.NewReader(body))
	if err != nil {
		b.in.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := b.http.Do(r)
	if err != nil {
		b.in.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		return reply{answer.StatusCode, answer.Header, ""} // it has no end
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.in.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{answer.StatusCode, answer.Header, string(text)}
}

func (b *insider) get(path string) reply { b.in.t.Helper(); return b.ask(http.MethodGet, path, "", "") }

// form sends a form of names and values.
func (b *insider) form(path string, pairs ...string) reply {
	b.in.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return b.ask(http.MethodPost, path, "application/x-www-form-urlencoded", v.Encode())
}

// command sends JSON to the API, each time with another key.
func (b *insider) command(method, path string, body any) reply {
	b.in.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.in.t.Fatal(err)
	}
	if method == http.MethodGet {
		return b.ask(method, "/api/v1"+path, "", "")
	}
	return b.ask(method, "/api/v1"+path, "application/json", string(text), "Idempotency-Key", uuid.NewString())
}

// sees reports whether the user sees a case, by the read model.
func (b *insider) sees(id uuid.UUID) bool {
	b.in.t.Helper()
	for _, r := range b.user.Roles {
		actor := b.user.Actor(r)
		_, err := b.in.app.models.complaints.Get(b.in.t.Context(), complaints.ViewerOf(b.in.app.casework.Widest(b.in.t.Context(), actor)), id)
		if err == nil {
			return true
		}
	}
	return false
}

// caseRow is a case of the demonstration.
type caseRow struct {
	id       uuid.UUID
	no       string
	org      string
	category complaint.Category
	phase    string
}

// cases are all cases of the demonstration, whoever may see them.
func (in *inner) cases() []caseRow {
	in.t.Helper()
	rows, err := in.app.pool.Query(in.t.Context(), "select id, no, handling_org, category, phase from complaints_v3.complaint order by no")
	if err != nil {
		in.t.Fatal(err)
	}
	defer rows.Close()
	var all []caseRow
	for rows.Next() {
		var c caseRow
		if err := rows.Scan(&c.id, &c.no, &c.org, &c.category, &c.phase); err != nil {
			in.t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil || len(all) < 70 {
		in.t.Fatalf("%d cases, %v", len(all), err)
	}
	return all
}

// operation is one of the API, as its description has it.
type operation struct{ method, path string }

// operations are all of the API.
func (in *inner) operations() []operation {
	in.t.Helper()
	var described struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(in.visitor().get("/api/v1/openapi.json").body), &described); err != nil {
		in.t.Fatal(err)
	}
	var all []operation
	for path, methods := range described.Paths {
		for method := range methods {
			all = append(all, operation{strings.ToUpper(method), path})
		}
	}
	if len(all) < 40 {
		in.t.Fatalf("%d operations", len(all))
	}
	return all
}

var param = regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`)

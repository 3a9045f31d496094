package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/api"
	"hearth/adapters/casework"
	"hearth/adapters/guard"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/household"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/timeline"
)

var now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// tokens knows a few keys.
type tokens map[string]holder

type holder struct {
	role   domain.Role
	scopes []accounts.Scope
}

func (t tokens) CheckToken(_ context.Context, key string) (accounts.Token, accounts.User, error) {
	h, ok := t[key]
	if !ok {
		return accounts.Token{}, accounts.User{}, accounts.ErrNotFound
	}
	return accounts.Token{ID: key, Scopes: h.scopes}, accounts.User{ID: "user-" + key, Org: "jc", Roles: []domain.Role{h.role}}, nil
}

// Get knows nobody but a handler of 泽州.
func (tokens) Get(_ context.Context, id string) (accounts.User, error) {
	if id != "user-handler" {
		return accounts.User{}, accounts.ErrNotFound
	}
	return accounts.User{ID: id, Org: "jc-zz", Roles: []domain.Role{domain.RoleHandler}}, nil
}

type calls struct{}

func (calls) Announce(context.Context, string) (string, error) { return "REF", nil }

// client talks to an API over a real database and real models.
type client struct {
	t   *testing.T
	srv http.Handler
}

func setup(t *testing.T, edit ...func(*api.Config)) client {
	t.Helper()
	pool := pgtest.Pool(t)
	if err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	keys := vault.NewMemory()
	registry := eventstore.NewRegistry(complaint.Specs(), enterprise.Specs(), person.Specs(), household.Specs(), series.Specs(), calendar.Specs()).Protected(keys)
	store := memstore.New(registry)
	runner := projections.New(pool, store, projections.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}, complaints.New(keys), timeline.New(keys), people.New(keys))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = runner.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	until := time.After(30 * time.Second)
	for slices.ContainsFunc(runner.Status(t.Context()), func(m projections.Status) bool { return !m.Serving }) {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-until:
			t.Fatal("the read models do not serve")
		}
	}
	all := accounts.Scopes()
	cfg := api.Config{
		Accounts: tokens{
			"operator": {domain.RoleOperator, all}, "dispatcher": {domain.RoleDispatcher, all},
			"reader":  {domain.RoleLeader, []accounts.Scope{accounts.ScopeComplaintsRead}},
			"unit":    {domain.RoleUnitClerk, all},
			"handler": {domain.RoleHandler, all}, "head": {domain.RoleOrgHead, all}, "approver": {domain.RoleApprover, all},
			"inspector": {domain.RoleInspector, all}, "admin": {domain.RoleSystemAdmin, all},
		},
		Casework: casework.New(eventstore.NewEngine(store, 100), casework.Options{Now: func() time.Time { return now }, Prefix: "晋工诉"}),
		Cases:    complaints.Queries{DB: pool, Vault: keys}, Timeline: timeline.NewQueries(pool, keys), People: people.NewQueries(pool, keys),
		Calls: calls{}, Wait: runner.Wait, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, f := range edit {
		f(&cfg)
	}
	return client{t, api.New(cfg)}
}

type answer struct {
	status int
	kind   string
	header http.Header
	body   map[string]any
	raw    string
}

func (c client) do(token, method, path, key, body string) answer {
	c.t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	c.srv.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), kind: w.Header().Get("Content-Type"), raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body) // lists are looked at raw
	return a
}

const registration = `{"complaint":{"category":"wage_arrears","channel":"hotline","area":"jc-zz","reporter":{},
	"employer":{"text":"宏达建筑"},"summary":"拖欠三个月工资","claim":{"persons":3,"owed_fen":3000000},"consent":{"basis":"legal_duty"}},
	"person":{"identity":{"name":"张三"},"contact":{"phone":"13800001234"}},
	"new_enterprise":{"name":"晋城市宏达建筑有限公司","county":"jc-zz"}}`

func TestRegisterReadAndCommand(t *testing.T) {
	t.Parallel()
	c := setup(t)
	first := c.do("operator", "POST", "/complaints", "key-0001", registration)
	if first.status != http.StatusCreated || first.body["no"] != "晋工诉〔2026〕1号" || first.body["visible"] != true {
		t.Fatalf("register: %d %s", first.status, first.raw)
	}
	id := first.body["id"].(string)
	again := c.do("operator", "POST", "/complaints", "key-0001", registration)
	if again.status != http.StatusCreated || again.body["id"] != id || again.body["existed"] != true {
		t.Errorf("the same key again: %d %s", again.status, again.raw)
	}
	got := c.do("reader", "GET", "/complaints/"+id, "", "")
	if got.status != http.StatusOK || got.body["no"] != "晋工诉〔2026〕1号" || got.body["persons"] != 3.0 {
		t.Errorf("get: %d %s", got.status, got.raw)
	}
	accept := c.do("dispatcher", "POST", "/complaints/"+id+"/commands/accept", "key-0002", `{"handling_org":"jc-zz","time_class":"general"}`)
	if accept.status != http.StatusOK || accept.body["visible"] != true {
		t.Fatalf("accept: %d %s", accept.status, accept.raw)
	}
	line := c.do("reader", "GET", "/complaints/"+id+"/timeline", "", "")
	if line.status != http.StatusOK || !strings.Contains(line.raw, "complaint.accepted") {
		t.Errorf("timeline: %d %s", line.status, line.raw)
	}
	list := c.do("reader", "GET", "/complaints?area=jc-zz&limit=1", "", "")
	if list.status != http.StatusOK || list.body["total"] != 1.0 {
		t.Errorf("list: %d %s", list.status, list.raw)
	}
	call := c.do("operator", "POST", "/calls", "", `{"phone":"138 0000 1234"}`)
	if call.status != http.StatusOK || call.body["open_url"] != "/desk?call=REF" || !strings.Contains(call.raw, "张三") {
		t.Errorf("call: %d %s", call.status, call.raw)
	}
}

func TestWhoMayNot(t *testing.T) {
	t.Parallel()
	c := setup(t)
	id := c.do("operator", "POST", "/complaints", "key-0001", registration).body["id"].(string)
	tests := map[string]struct {
		got    answer
		status int
		says   string
	}{
		"no token":           {c.do("", "GET", "/complaints", "", ""), http.StatusUnauthorized, "令牌"},
		"unknown token":      {c.do("stolen", "GET", "/complaints", "", ""), http.StatusUnauthorized, "令牌无效"},
		"wrong scope":        {c.do("reader", "POST", "/complaints", "key-0009", registration), http.StatusForbidden, "intake"},
		"wrong role":         {c.do("operator", "POST", "/complaints/"+id+"/commands/accept", "key-0003", `{"handling_org":"jc-zz","time_class":"general"}`), http.StatusForbidden, "岗位"},
		"no key":             {c.do("operator", "POST", "/complaints", "", registration), http.StatusUnprocessableEntity, "Idempotency-Key"},
		"misspelt field":     {c.do("dispatcher", "POST", "/complaints/"+id+"/commands/accept", "key-0004", `{"handlingorg":"jc-zz"}`), http.StatusUnprocessableEntity, "handlingorg"},
		"wrong type":         {c.do("dispatcher", "POST", "/complaints/"+id+"/commands/accept", "key-0005", `{"handling_org":7}`), http.StatusUnprocessableEntity, "handling_org"},
		"no JSON":            {c.do("dispatcher", "POST", "/complaints/"+id+"/commands/accept", "key-0006", `{"张三`), http.StatusUnprocessableEntity, "JSON"},
		"number chosen":      {c.do("operator", "POST", "/complaints", "key-0007", strings.Replace(registration, `"category"`, `"no":"1号","category"`, 1)), http.StatusUnprocessableEntity, "no"},
		"unknown case":       {c.do("reader", "GET", "/complaints/"+uuid.NewString(), "", ""), http.StatusNotFound, "案件"},
		"no such command":    {c.do("dispatcher", "POST", "/complaints/"+id+"/commands/take_over", "key-0008", `{}`), http.StatusNotFound, "接口"},
		"limit out of range": {c.do("reader", "GET", "/complaints?limit=9999", "", ""), http.StatusUnprocessableEntity, "limit"},
	}
	for name, tc := range tests {
		if tc.got.status != tc.status || !strings.Contains(tc.got.raw, tc.says) || tc.got.kind != "application/problem+json" {
			t.Errorf("%s: %d %s %s; want %d and %q", name, tc.got.status, tc.got.kind, tc.got.raw, tc.status, tc.says)
		}
		if strings.Contains(tc.got.raw, "张三") || strings.Contains(tc.got.raw, "13800001234") {
			t.Errorf("%s repeats what was sent: %s", name, tc.got.raw)
		}
	}
}

func TestRestrictedCasesAreHidden(t *testing.T) {
	t.Parallel()
	c := setup(t)
	body := strings.NewReplacer(`"wage_arrears"`, `"union_staff"`, `"consent":`, `"accused_org":"jc-yc","consent":`).Replace(registration)
	made := c.do("operator", "POST", "/complaints", "key-0001", body)
	if made.status != http.StatusCreated {
		t.Fatalf("register: %d %s", made.status, made.raw)
	}
	id := made.body["id"].(string)
	for _, path := range []string{"/complaints/" + id, "/complaints/" + id + "/timeline"} {
		if got := c.do("unit", "GET", path, "", ""); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d %s", path, got.status, got.raw)
		}
	}
	if got := c.do("unit", "GET", "/complaints", "", ""); got.body["total"] != 0.0 {
		t.Errorf("the list counts a restricted case: %s", got.raw)
	}
	if got := c.do("unit", "POST", "/complaints/"+id+"/commands/add_note", "key-0002", `{"visibility":"internal","text":"x"}`); got.status != http.StatusNotFound {
		t.Errorf("a command on a restricted case: %d %s", got.status, got.raw)
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	c := setup(t)
	got := c.do("", "GET", "/openapi.json", "", "")
	if got.status != http.StatusOK || got.body["openapi"] != "3.1.0" {
		t.Fatalf("openapi: %d %.200s", got.status, got.raw)
	}
	paths := got.body["paths"].(map[string]any)
	for _, spec := range complaint.Commands() {
		path := "/api/v1/complaints/{id}/commands/" + spec.Name
		_, there := paths[path]
		if want := spec.Group != complaint.GroupSystem && spec.Name != "register" && spec.Name != "take_over"; there != want {
			t.Errorf("%s described: %v, want %v", path, there, want)
		}
	}
	if !strings.Contains(got.raw, "handling_org") {
		t.Error("the body of accept is not described")
	}
}

// TestTooOften: a program is told when to come again, in Chinese and for its own
// token alone; one who guesses tokens is counted by address.
func TestTooOften(t *testing.T) {
	t.Parallel()
	limits := guard.New([]guard.Rule{{Kind: guard.API, PerSecond: .1, Burst: 2}, {Kind: guard.BadToken, PerSecond: .1, Burst: 3}}, func() time.Time { return now })
	c := setup(t, func(cfg *api.Config) { cfg.Limits = limits })
	if got := c.do("operator", "POST", "/complaints", "key-0001", registration); got.body["visible"] != true { // the models are there
		t.Fatalf("register: %d %s", got.status, got.raw)
	}
	for range 2 {
		if got := c.do("reader", "GET", "/complaints", "", ""); got.status != http.StatusOK {
			t.Fatalf("allowed: %d %s", got.status, got.raw)
		}
	}
	got := c.do("reader", "GET", "/complaints", "", "")
	if got.status != http.StatusTooManyRequests || got.kind != "application/problem+json" || got.header.Get("Retry-After") != "10" ||
		got.body["code"] != "too_many_requests" || !strings.Contains(got.raw, "请等 10 秒") {
		t.Errorf("a third at once: %d %s %v", got.status, got.raw, got.header)
	}
	if got := c.do("operator", "GET", "/complaints", "", ""); got.status != http.StatusOK {
		t.Errorf("another token: %d", got.status)
	}
	for range 3 {
		if got := c.do("guess", "GET", "/complaints", "", ""); got.status != http.StatusUnauthorized {
			t.Fatalf("a guess: %d", got.status)
		}
	}
	if got := c.do("guess", "GET", "/complaints", "", ""); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("a fourth guess: %d", got.status)
	}
	if got := limits.Refused(); got[guard.API] != 1 || got[guard.BadToken] != 1 {
		t.Errorf("refused %v", got)
	}
}

// TestBadBodies: what no program of good will sends.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	c := setup(t)
	for name, tc := range map[string]struct {
		got    answer
		status int
	}{
		"too large":       {c.do("operator", "POST", "/complaints", "key-0001", `{"complaint":{"summary":"`+strings.Repeat("x", 1<<20)+`"}}`), http.StatusRequestEntityTooLarge},
		"too large, call": {c.do("operator", "POST", "/calls", "", `{"phone":"`+strings.Repeat("1", 1<<20)+`"}`), http.StatusRequestEntityTooLarge},
		"NUL":             {c.do("operator", "POST", "/complaints", "key-0002", strings.Replace(registration, "张三", `张\u0000三`, 1)), http.StatusUnprocessableEntity},
		"turned text":     {c.do("operator", "POST", "/complaints", "key-0003", strings.Replace(registration, "张三", `张\u202e三`, 1)), http.StatusUnprocessableEntity},
		"no text":         {c.do("operator", "POST", "/complaints", "key-0004", "{\"complaint\":{\"summary\":\"\xff\"}}"), http.StatusUnprocessableEntity},
		"NUL in address":  {c.do("operator", "GET", "/complaints?area=%00", "", ""), http.StatusBadRequest},
		"deep":            {c.do("operator", "POST", "/complaints", "key-0005", strings.Repeat("[", 100_000)), http.StatusUnprocessableEntity},
		"nobody's person": {c.do("operator", "POST", "/complaints", "key-0006", strings.Replace(registration, `"reporter":{}`, `"reporter":{"person_id":"`+uuid.NewString()+`"}`, 1)), http.StatusUnprocessableEntity},
	} {
		if tc.got.status != tc.status || tc.got.kind != "application/problem+json" || strings.Contains(tc.got.raw, "13800001234") {
			t.Errorf("%s: %d %s %s; want %d", name, tc.got.status, tc.got.kind, tc.got.raw, tc.status)
		}
	}
	r := httptest.NewRequest("POST", "/api/v1/complaints", strings.NewReader("x"))
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	c.srv.ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a compressed body: %d", w.Code)
	}
}

// TestSlowBody: a program that does not send what it has announced is shown the
// door, and one that waits for a slow store is not.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	times := guard.DefaultTimes()
	times.Body = 150 * time.Millisecond
	slow := make(chan struct{})
	c := setup(t, func(cfg *api.Config) {
		cfg.Times = times
		cfg.Calls = waiting{slow}
	})
	server := httptest.NewUnstartedServer(nil)
	server.Config = times.Server(c.srv)
	server.Start()
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head := "POST /api/v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
	if _, err := io.WriteString(conn, head+`{"phone"`); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(conn) // until the server has had enough
	if !strings.Contains(string(text), " 408 ") || !strings.Contains(string(text), "请再发一次") {
		t.Errorf("half a body: %s", text)
	}
	time.AfterFunc(4*times.Body, func() { close(slow) }) // longer than a body may take
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/api/v1/calls", strings.NewReader(`{"phone":"13800001234"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer operator")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("who waits for a slow store: %d", answer.StatusCode)
	}
}

// waiting answers once it is told to, unless its caller has gone.
type waiting struct{ until chan struct{} }

func (w waiting) Announce(ctx context.Context, _ string) (string, error) {
	select {
	case <-w.until:
		return "REF", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

type panicking struct{}

func (panicking) Announce(context.Context, string) (string, error) { panic("secret 13812345678") }

// TestPanic is an answer with a number and all headers.
func TestPanic(t *testing.T) {
	t.Parallel()
	c := setup(t, func(cfg *api.Config) { cfg.Calls = panicking{} })
	got := c.do("operator", "POST", "/calls", "", `{"phone":"13800001234"}`)
	if got.status != http.StatusInternalServerError || got.kind != "application/problem+json" || strings.Contains(got.raw, "13812345678") ||
		!strings.Contains(got.raw, got.header.Get("X-Request-Id")) || got.header.Get("Content-Security-Policy") == "" {
		t.Errorf("%d %s %v", got.status, got.raw, got.header)
	}
}

package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/projections/text"
)

// The values of the person who is to be forgotten, and a phrase of the narrative.
const (
	erasedName    = "司马焱焱"
	erasedIDNo    = "11010519491231002X"
	erasedPhone   = "13876543210"
	erasedAddress = "巴公镇来村柿树院"
	erasedAccount = "6222029999888877"
	erasedPhrase  = "紫色安全帽"
)

// traces are what no screen may show afterwards, masks included.
func traces() []string {
	return []string{
		erasedName, text.MaskName(erasedName), erasedIDNo, text.MaskID(erasedIDNo), erasedPhone, text.MaskPhone(erasedPhone), erasedAddress, erasedAccount, erasedPhrase,
	}
}

// erasure is the program with everybody who has to do with it.
type erasure struct {
	t       *testing.T
	s       *service
	state   string
	keys    map[domain.Role]string // tokens
	clients map[domain.Role]*webtest.Client
	person  string
	home    string
	kase    string
	no      string
}

// TestErasedEverywhere plants somebody in a case, erases him as officers do, and
// visits every page, export and route of the API that showed him: none shows
// anything of him, and those that did show the mark instead.
func TestErasedEverywhere(t *testing.T) {
	t.Parallel()
	e := newErasure(t)
	e.plant()
	before := e.visit()
	shown := map[string]bool{}
	for path, body := range before {
		for _, trace := range traces() {
			if strings.Contains(body, trace) {
				shown[path] = true
			}
		}
	}
	if len(shown) < 20 {
		t.Fatalf("only %d of %d pages and routes show the person beforehand: %v", len(shown), len(before), shown)
	}
	all := strings.Join(sortedBodies(before), "\n")
	for _, value := range []string{text.MaskName(erasedName), text.MaskID(erasedIDNo), text.MaskPhone(erasedPhone), erasedPhrase} {
		if !strings.Contains(all, value) {
			t.Errorf("%q is shown nowhere beforehand: its absence would say nothing", value)
		}
	}

	e.decide("suspend", map[string]string{"basis": "consent_withdrawn", "subjects": e.kase})
	e.reads(text.Suspended)
	e.nowhere("suspended", shown, text.Suspended)
	// What is built meanwhile lacks nothing when the data are in use again.
	e.rebuild()
	e.nowhere("suspended and rebuilt", shown, text.Suspended)
	e.decide("unsuspend", map[string]string{"basis": "own_request"})
	e.reads(text.MaskName(erasedName))
	e.again(before, shown)

	e.decide("suspend", map[string]string{"basis": "consent_withdrawn", "subjects": e.kase})
	e.reads(text.Suspended)
	e.decide("shred", map[string]string{"basis": "purpose_ended", "confirm": "销毁"})
	e.reads(text.Shredded)
	e.nowhere("shredded", shown, text.Shredded)
	e.rebuild()
	e.nowhere("shredded and rebuilt", shown, text.Shredded)

	log := e.s.log.String()
	for _, trace := range traces() {
		if strings.Contains(log, trace) {
			t.Errorf("the log of the service holds %q", trace)
		}
	}
}

func sortedBodies(all map[string]string) (bodies []string) {
	for _, body := range all {
		bodies = append(bodies, body)
	}
	return bodies
}

func newErasure(t *testing.T) *erasure {
	t.Helper()
	state := newState(t)
	e := &erasure{t: t, state: state, keys: map[domain.Role]string{}, clients: map[domain.Role]*webtest.Client{}}
	app, err := openApp(t.Context(), config{State: state, Replicas: 1, Prefix: "晋工诉"})
	if err != nil {
		t.Fatal(err)
	}
	roles := []domain.Role{domain.RoleOperator, domain.RoleHandler, domain.RoleOrgHead, domain.RoleApprover, domain.RoleDiscipline, domain.RoleInspector}
	for _, role := range roles {
		u, err := app.accounts.Create(t.Context(), accounts.NewUser{Login: "e-" + string(role), Name: "乙", Org: "jc", Roles: []domain.Role{role}, Password: password}, accounts.Console())
		if err != nil {
			t.Fatal(err)
		}
		if _, e.keys[role], err = app.accounts.CreateToken(t.Context(), u.ID, accounts.NewToken{Label: "测试", Scopes: accounts.Scopes(), Expires: time.Now().AddDate(0, 0, 30)}, accounts.Console()); err != nil {
			t.Fatal(err)
		}
	}
	app.Close()
	e.s = start(t, state).untilReady()
	for _, role := range roles {
		c := (&webtest.Shell{URL: e.s.base}).Visitor(t)
		if a := c.Post("/sign-in", "login", "e-"+string(role), "password", password); a.Status != http.StatusOK || a.Path == "/sign-in" {
			t.Fatalf("sign in as %s: %d %s", role, a.Status, a.Path)
		}
		e.clients[role] = c
	}
	return e
}

// api asks with the token of a role. The body is what came back, as text.
func (e *erasure) api(role domain.Role, method, path, body string) string {
	e.t.Helper()
	a := e.clients[role].Do(method, "/api/v1"+path, body,
		"Authorization", "Bearer "+e.keys[role], "Content-Type", "application/json", "Idempotency-Key", fmt.Sprintf("key-%x", len(path)*7919+len(body)*31+len(role))+path)
	if a.Status >= 300 {
		e.t.Fatalf("%s %s as %s: %d %s", method, path, role, a.Status, a.Body)
	}
	return a.Body
}

// member is the value of a member of a JSON object whose value is a text.
func member(body, name string) string {
	_, rest, _ := strings.Cut(body, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// plant puts the person on file, into a case and its ledger, and into a household.
func (e *erasure) plant() {
	e.t.Helper()
	e.person = member(e.api(domain.RoleHandler, "POST", "/people", fmt.Sprintf(
		`{"kind":"migrant","identity":{"name":"%s","id_no":"%s"},"contact":{"phone":"%s","address":"%s"},"bank":{"account":"%s","holder":"%[1]s"}}`,
		erasedName, erasedIDNo, erasedPhone, erasedAddress, erasedAccount)), "id")
	made := e.api(domain.RoleOperator, "POST", "/complaints", fmt.Sprintf(
		`{"complaint":{"category":"wage_arrears","channel":"hotline","area":"jc-zz","reporter":{"person_id":"%s"},"employer":{"text":"宏达建筑"},
		"summary":"%s戴%s来访,拖欠三个月工资,电话%s","claim":{"persons":1,"owed_fen":3000000},"consent":{"basis":"legal_duty"}}}`, e.person, erasedName, erasedPhrase, erasedPhone))
	e.kase, e.no = member(made, "id"), member(made, "no")
	at := "/complaints/" + e.kase + "/commands/"
	e.api(domain.RoleOperator, "POST", at+"add_claimants", fmt.Sprintf(
		`{"claimants":[{"person_id":"%s","items":[{"kind":"wage","from":"2026-05-01","to":"2026-07-31","owed_fen":3000000}],"evidence":[{"kind":"attendance","note":"%s的考勤"}]}]}`, e.person, erasedName))
	e.api(domain.RoleOperator, "POST", at+"log_contact", fmt.Sprintf(`{"with":"worker","purpose":"inquiry","how":"phone","reached":true,"gist":"%s说工头躲着他"}`, erasedName))
	e.api(domain.RoleOperator, "POST", at+"add_note", fmt.Sprintf(`{"visibility":"internal","text":"%s的%s留在门卫"}`, erasedName, erasedPhrase))
	e.home = member(e.api(domain.RoleHandler, "POST", "/households", fmt.Sprintf(`{"head":"%s","members":[{"person_id":"%[1]s"}]}`, e.person)), "id")
	e.api(domain.RoleHandler, "POST", "/people/"+e.person+"/commands/note_death", `{"source":"relative","died_on":"2026-01-02"}`)
	e.s.until("the models have it", e.s.caughtUp)
}

// decide has a step asked for by one and approved by two others, on the pages.
func (e *erasure) decide(step string, fields map[string]string) {
	e.t.Helper()
	at := "/people/" + e.person + "/erasure"
	pairs := []string{"step", step}
	for name, value := range fields {
		pairs = append(pairs, name, value)
	}
	handler := e.clients[domain.RoleHandler]
	if a := handler.Submit(handler.Get(at), step, at, pairs...); a.Status != http.StatusOK {
		e.t.Fatalf("ask to %s: %d %s", step, a.Status, a.Body)
	}
	for _, role := range []domain.Role{domain.RoleOrgHead, domain.RoleApprover} {
		c := e.clients[role]
		if a := c.Submit(c.Get(at), "approve", at+"/approve", "step", step, "confirm", e.no); a.Status != http.StatusOK {
			e.t.Fatalf("%s approves to %s: %d %s", role, step, a.Status, a.Body)
		}
	}
}

// reads waits until the reaction has done it to the keys, and the models have
// taken it in.
func (e *erasure) reads(mark string) {
	e.t.Helper()
	e.s.until("the person reads "+mark, func() bool {
		return strings.Contains(e.clients[domain.RoleHandler].Get("/people/"+e.person).Body, mark) && e.s.caughtUp()
	})
}

// rebuild builds all read models anew.
func (e *erasure) rebuild() {
	e.t.Helper()
	if r := hearth(e.t, []string{"HEARTH_STATE=" + e.state}, "rebuild"); r.code != 0 {
		e.t.Fatalf("rebuild: %+v", r)
	}
	e.s.until("the models have it", e.s.caughtUp)
}

// again wants every page that showed the person to show as much as before.
func (e *erasure) again(before map[string]string, shown map[string]bool) {
	e.t.Helper()
	now := e.visit()
	for path := range shown {
		for _, trace := range traces() {
			if strings.Contains(before[path], trace) && !strings.Contains(now[path], trace) {
				e.t.Errorf("in use again, and %s does not show %q any more", path, trace)
			}
		}
	}
}

// nowhere visits everything again.
func (e *erasure) nowhere(how string, shown map[string]bool, mark string) {
	e.t.Helper()
	for path, body := range e.visit() {
		for _, trace := range traces() {
			if strings.Contains(body, trace) {
				_, rest, _ := strings.Cut(body, trace)
				e.t.Errorf("%s, and %s still shows %q before %.200q", how, path, trace, rest)
			}
		}
		if shown[path] && !finds(path) && !strings.Contains(body, mark) {
			e.t.Errorf("%s: %s showed the person and has no %s now", how, path, mark)
		}
	}
}

// finds reports a page that shows whom it finds: who is closed is not found, or
// found and marked.
func finds(path string) bool {
	for _, part := range []string{"/search", "/people/find", "/desk", "/calls", "/people "} {
		if strings.Contains(path+" ", part) {
			return true
		}
	}
	return false
}

// visit opens everything that may show the person, each for all who may open it,
// and returns what was seen.
func (e *erasure) visit() map[string]string {
	e.t.Helper()
	seen := map[string]string{}
	kase, who := "/complaints/"+e.kase, "/people/"+e.person
	paths := []string{
		"/", "/inbox", "/desk", "/desk/registered/" + e.kase, "/complaints", "/complaints.xlsx", "/deadlines", "/board", "/enterprises",
		kase, kase + "?view=ledger", kase + "?view=clocks", kase + "?view=work", kase + "?view=calls", kase + "?view=hints", kase + "/file", kase + "/ledger.xlsx",
		kase + "/roster", kase + "/roster.xlsx", kase + "/do/log_contact", kase + "/do/callback", kase + "/do/set_outcome", kase + "/do/add_claimants", kase + "/do/record_payment",
		kase + "/do/verify_claims", kase + "/do/withdraw",
		who, who + "?file=own", who + "/erasure", who + "/erasure/1", who + "/erasure/2", who + "/merge", who + "/household",
		"/households/" + e.home, "/people", "/people/kin", "/people/erasures",
	}
	for role, c := range e.clients {
		keep := func(name string, a webtest.Answer) {
			if a.Status == http.StatusOK {
				seen[string(role)+" "+name] = plain(e.t, a)
			} else if a.Status >= 500 {
				e.t.Errorf("%s as %s: %d", name, role, a.Status)
			}
		}
		for _, path := range paths {
			keep(path, c.Get(path))
		}
		for _, asked := range []string{erasedName, erasedPhone, erasedIDNo, erasedPhrase, erasedAccount} {
			for _, find := range []string{"/search", "/people/find"} {
				a := c.Post(find, "q", asked)
				a.Body = strings.ReplaceAll(a.Body, `value="`+asked+`"`, "") // what was asked stands in the field
				keep(find+" "+asked, a)
			}
		}
		a := c.Post("/desk/caller", "phone", erasedPhone)
		a.Body = strings.ReplaceAll(a.Body, `value="`+erasedPhone+`"`, "")
		keep("/desk/caller", a)
		c.Post("/desk/caller", "phone", "")
		c.Post("/people/find", "q", "")
	}
	for _, role := range []domain.Role{domain.RoleOperator, domain.RoleHandler} {
		for _, path := range []string{
			"/complaints", "/complaints/" + e.kase, "/complaints/" + e.kase + "/timeline", "/people/" + e.person, "/households/" + e.home, "/erasures",
		} {
			seen[string(role)+" api "+path] = e.api(role, "GET", path, "")
		}
		for field, value := range map[string]string{"name": erasedName, "id_no": erasedIDNo, "phone": erasedPhone, "account": erasedAccount} {
			seen[string(role)+" api /people/find "+field] = e.api(role, "POST", "/people/find", fmt.Sprintf(`{"%s":"%s"}`, field, value))
		}
		seen[string(role)+" api /calls"] = e.api(role, "POST", "/calls", fmt.Sprintf(`{"phone":"%s"}`, erasedPhone))
	}
	return seen
}

// plain is an answer as text; a spreadsheet is unpacked.
func plain(t *testing.T, a webtest.Answer) string {
	t.Helper()
	if !strings.HasPrefix(a.Body, "PK\x03\x04") {
		return a.Body
	}
	book, err := zip.NewReader(bytes.NewReader([]byte(a.Body)), int64(len(a.Body)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range book.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return all.String()
}

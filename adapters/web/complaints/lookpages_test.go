package complaints

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web/browsertest"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
)

// busy registers complaints of all counties and of several categories.
func (s *stack) busy() (first casework.Outcome) {
	s.t.Helper()
	categories := complaint.Categories().All()
	var file uuid.UUID
	for i := range 24 {
		out := s.register(func(in *casework.Intake) {
			units := orgunit.Jincheng()
			in.Register.Area = units[i%len(units)].Code
			in.Register.Claim.Persons = 1 + i*i%17
			in.Register.Claim.OwedFen = domain.Yuan(int64(3000 * (i + 1)))
			if i%3 == 2 && categories[i%len(categories)] != complaint.CategoryUnionStaff {
				in.Register.Category = categories[i%len(categories)]
			}
			if i%4 == 0 {
				in.Register.Flags = complaint.Flags().All()[:1+i%2]
			}
			if i == 0 {
				in.Employer = &enterprise.Register{Name: "晋城市宏达建筑有限公司", County: "jc-zz", Headcount: 80, USCC: "914403001922038216"}
				file = uuid.NewSHA1(in.CommandID, []byte("employer"))
			}
		})
		if i == 0 {
			first = out
		}
	}
	if _, err := s.work.OnEnterprise(s.t.Context(), file, &enterprise.NoteBlacklist{
		List: "拖欠农民工工资失信联合惩戒名单", From: domain.NewDate(2026, 11, 2), Source: "晋市人社公告〔2026〕3号",
	}, as(domain.RoleDispatcher)); err != nil {
		s.t.Fatal(err)
	}
	s.caughtUp()
	return first
}

// TestLookAtOffice opens the pages beside the case in a browser: no fault in
// script or policy, nothing for the accessibility checker, nothing wider than the
// screen.
func TestLookAtOffice(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	out := s.busy()
	user := s.user("jc", domain.RoleDispatcher, domain.RoleShiftLeader, domain.RoleOperator)
	client := s.signInAs(user)
	b := browsertest.New(t)
	b.Goto(s.URL + "/sign-in")
	b.Fill("#login", user.Login)
	b.Fill("#password", s.password)
	b.Follow(".button.primary")
	look := func(name, path string) {
		t.Helper()
		b.Goto(s.URL + path)
		for _, v := range []browsertest.Viewport{browsertest.Desktop, browsertest.Phone} {
			b.Screenshot(name, v)
			b.CheckAxe()
			if !browsertest.Run(b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`)) {
				t.Errorf("%s is wider than a %s", name, v.Name)
			}
		}
		b.Resize(browsertest.Desktop)
	}
	look("board", "/board")
	look("board-time", "/board?view=time&area=jc-zz")
	b.PrintPDF("board")
	look("board-rows", "/board/rows?code=verified&from=2026-11-01&to=2026-11-30&which=den")
	look("search-empty", "/search")
	b.Fill("#search-q", "宏达 工资")
	b.Follow(".filter .button.primary")
	look("search", "/search")
	look("enterprises", "/enterprises")
	b.Follow(`a[data-row]`)
	look("enterprise", strings.TrimPrefix(browsertest.Run(b, chromedp.Location()), s.URL))
	look("deadlines", "/deadlines?days=30")
	look("calendar", "/calendar")
	look("calendar-unknown", "/calendar?year=2027")
	s.lookAtImports(t, client, look, out.ID)
}

// lookAtImports opens the pages on which files are imported.
func (s *stack) lookAtImports(t *testing.T, c *webtest.Client, look func(name, path string), id uuid.UUID) {
	look("imports-empty", "/import")
	content := []byte(strings.ReplaceAll(string(messages()), `拖欠工资",`, "拖欠工资,"))
	if real, err := os.ReadFile(filepath.FromSlash("../../../../shared/data/public-messages.xlsx")); err == nil {
		preview := send(t, c, c.Get("/import"), "upload", "/import", "public-messages.xlsx", real, "system", "message_board", "area", "jc")
		look("import-real", preview.Path)
	} else {
		t.Logf("the public messages are not here, their preview is not looked at: %v", err)
	}
	preview := send(t, c, c.Get("/import"), "upload", "/import", "留言.csv", content, "system", "message_board")
	look("import-preview", preview.Path)
	c.Submit(preview, "start", preview.Path+"/start")
	until(t, c, preview.Path, func(a webtest.Answer) bool { return strings.Contains(a.Body, "导入完成") })
	look("import-done", preview.Path)
	look("imports", "/import")
	base := "/complaints/" + id.String()
	look("roster-empty", base+"/roster")
	roster := send(t, c, c.Get(base+"/roster"), "roster", base+"/roster", "名册.csv",
		[]byte("姓名,身份证号,电话,欠薪起,欠薪止,金额\n张三,11010519491231002X,13800000001,2026-07-01,2026-09-30,18600.50\n王五,123,,,,5000\n"))
	look("roster", roster.Path)
}

// TestLookAtNotice opens the page on which the system's admin enters a notice.
func TestLookAtNotice(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	user := s.user("jc", domain.RoleSystemAdmin)
	b := browsertest.New(t)
	b.Goto(s.URL + "/sign-in")
	b.Fill("#login", user.Login)
	b.Fill("#password", s.password)
	b.Follow(".button.primary")
	b.Goto(s.URL + "/calendar/notice")
	b.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#notice-text").value = document.querySelector("pre.example").textContent.replace("2026-05-09", "2026-05-10")`))
	b.Follow("main form .button.primary")
	for _, v := range []browsertest.Viewport{browsertest.Desktop, browsertest.Phone} {
		b.Screenshot("notice", v)
		b.CheckAxe()
	}
}

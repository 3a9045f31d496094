package complaints

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
)

// hostile is what somebody types who wants to run a script in our pages.
const hostile = `<script>alert(1)</script>"'&`

func TestSearch(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	out := s.register(func(in *casework.Intake) {
		in.Employer = &enterprise.Register{Name: "晋城市宏达建筑有限公司", County: "jc-zz"}
		in.Register.Summary = "宏达工地停工 " + hostile
	})
	s.caughtUp()
	c := s.signIn("jc", domain.RoleOperator)

	if a := c.Get("/search"); !strings.Contains(a.Body, "想找什么?") {
		t.Errorf("an empty search: %d", a.Status)
	}
	a := c.Post("/search", "q", "宏达")
	if a.Path != "/search" || len(a.Query) != 0 || a.Status != http.StatusOK {
		t.Fatalf("search ends at %s?%v with %d", a.Path, a.Query, a.Status)
	}
	for _, want := range []string{"投诉", "单位", `<mark class="mark">宏达</mark>`, "/complaints/" + out.ID.String(), "/enterprises/"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("no %q in what was found", want)
		}
	}
	if strings.Contains(a.Body, "<script>alert") {
		t.Error("a script came through")
	}
	if a := c.Get("/search?kind=enterprise"); strings.Count(a.Body, `class="hit"`) != 1 {
		t.Error("one kind alone shows others too")
	}
	if a := c.Post("/search", "q", hostile); strings.Contains(a.Body, "<script>alert") || !strings.Contains(a.Body, "&lt;script&gt;") {
		t.Error("the question is not shown as text")
	}
	if a := c.Post("/search", "q", "没有这样的词语"); !strings.Contains(a.Body, "没有找到") {
		t.Error("nothing found, and nothing said")
	}
	if a := c.Get("/search?kind=nonsense"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown kind: %d", a.Status)
	}
}

func TestSearchMasksNames(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.register(nil)
	s.caughtUp()
	for _, role := range []domain.Role{domain.RoleOperator, domain.RoleInspector, domain.RoleDiscipline, domain.RoleLeader} {
		a := s.signIn("jc", role).Post("/search", "q", "13800001234")
		if plain := strings.NewReplacer(`<mark class="mark">`, "", "</mark>", "").Replace(a.Body); !strings.Contains(plain, "赵*") ||
			strings.Contains(plain, "赵铁柱") || strings.Contains(strings.Replace(plain, `value="13800001234"`, "", 1), "13800001234") {
			t.Errorf("%s does not see a mask:\n%s", role, plain)
		}
	}
	if a := s.signIn("jc", domain.RoleSystemAdmin).Post("/search", "q", "赵"); a.Status != http.StatusForbidden {
		t.Errorf("the system's admin searches: %d", a.Status)
	}
}

func TestSearchHidesRestrictedCases(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	out := s.register(nil)
	s.do(out.ID, domain.RoleDispatcher, &complaint.Restrict{Reason: "union_staff", AllowedRoles: []domain.Role{domain.RoleDispatcher, domain.RoleDiscipline}})
	s.caughtUp()
	if a := s.signIn("jc", domain.RoleOperator).Post("/search", "q", "宏达建筑"); strings.Contains(a.Body, out.No) {
		t.Error("a restricted case is found")
	}
	if a := s.signIn("jc", domain.RoleDiscipline).Post("/search", "q", "宏达建筑"); !strings.Contains(a.Body, out.ID.String()) {
		t.Error("the auditor does not find it")
	}
}

func TestEnterprises(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := s.signIn("jc-zz", domain.RoleUnitClerk)
	list := c.Get("/enterprises")
	if !strings.Contains(list.Body, "还没有单位档案") {
		t.Error("an empty list says nothing")
	}
	bad := c.Submit(list, "enterprise", "/enterprises", "name", "晋城市宏达建筑有限公司", "county", "jc-zz", "uscc", "123", "headcount", "八十")
	for _, want := range []string{"统一社会信用代码应为18位", "请填写整数", `value="晋城市宏达建筑有限公司"`, `value="八十"`} {
		if bad.Status != http.StatusUnprocessableEntity || !strings.Contains(bad.Body, want) {
			t.Errorf("a wrong form: %d, no %q", bad.Status, want)
		}
	}
	card := c.Submit(list, "enterprise", "/enterprises", "name", "晋城市宏达建筑有限公司", "county", "jc-zz", "headcount", "80")
	if card.Status != http.StatusOK || !strings.HasPrefix(card.Path, "/enterprises/") || !strings.Contains(card.Body, "没有投诉") {
		t.Fatalf("register: %d at %s", card.Status, card.Path)
	}
	if again := c.Submit(list, "enterprise", "/enterprises", "name", "晋城市宏达建筑有限公司", "county", "jc-zz", "headcount", "80"); again.Path != card.Path {
		t.Errorf("the same form twice: %s, then %s (%d)", card.Path, again.Path, again.Status)
	}
	twin := c.Submit(c.Get("/enterprises"), "enterprise", "/enterprises", "name", "晋城市宏达建筑有限责任公司", "county", "jc-gp")
	if twin.Status != http.StatusUnprocessableEntity || !strings.Contains(twin.Body, "已有同名单位") {
		t.Errorf("a second file of the same name: %d", twin.Status)
	}
	s.enterpriseForms(c, card.Path)

	s.register(nil) // names the employer in words only
	id := uuid.MustParse(strings.TrimPrefix(card.Path, "/enterprises/"))
	s.register(func(in *casework.Intake) { in.Register.Employer = complaint.Employer{Text: "宏达", EnterpriseID: id} })
	s.caughtUp()
	full := c.Get(card.Path)
	if n := strings.Count(full.Body, "data-row>"); n != 2 || !strings.Contains(full.Body, "<strong>2</strong>") {
		t.Errorf("the card lists %d cases and does not say 2", n)
	}
	if a := c.Get("/enterprises/" + uuid.NewString()); a.Status != http.StatusNotFound {
		t.Errorf("an unknown enterprise: %d", a.Status)
	}
	if a := s.signIn("jc", domain.RoleLeader).Get(card.Path); a.Status != http.StatusOK || strings.Contains(a.Body, "更新档案") {
		t.Errorf("a leader's card: %d", a.Status)
	}
}

// enterpriseForms sends the forms of an enterprise's page.
func (s *stack) enterpriseForms(c *webtest.Client, path string) {
	s.t.Helper()
	page := c.Get(path)
	if a := c.Submit(page, "headcount", path+"/headcount", "headcount", "120", "on", "2026-11-20"); !strings.Contains(a.Body, "120人") {
		s.t.Errorf("headcount: %d", a.Status)
	}
	if a := c.Submit(page, "headcount", path+"/headcount", "headcount", "9", "on", "2027-01-01"); a.Status != http.StatusUnprocessableEntity {
		s.t.Errorf("a headcount of tomorrow: %d", a.Status)
	}
	if a := c.Submit(page, "code", path+"/code", "uscc", "914403001922038217"); !strings.Contains(a.Body, "校验位不对") {
		s.t.Errorf("a wrong code: %d", a.Status)
	}
	if a := c.Submit(page, "code", path+"/code", "uscc", "914403001922038216"); !strings.Contains(a.Body, "914403001922038216") {
		s.t.Errorf("a code: %d", a.Status)
	}
	if a := c.Submit(page, "rename", path+"/rename", "name", "晋城市宏远建筑有限公司"); !strings.Contains(a.Body, "<h1>晋城市宏远建筑有限公司</h1>") || !strings.Contains(a.Body, "曾用名") {
		s.t.Errorf("rename: %d", a.Status)
	}
}

func TestSuggestEnterprises(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.register(func(in *casework.Intake) {
		in.Employer = &enterprise.Register{Name: "晋城市宏达建筑有限公司", County: "jc-zz"}
	})
	s.caughtUp()
	c := s.signIn("jc", domain.RoleOperator)
	var list []suggestion
	a := c.Post("/enterprises/suggest", "q", "宏达")
	if err := json.Unmarshal([]byte(a.Body), &list); err != nil || len(list) != 1 || list[0].Label != "晋城市宏达建筑有限公司" || !strings.Contains(list[0].Hint, "投诉1件") {
		t.Errorf("suggested %+v, %v", list, err)
	}
	for _, q := range []string{"", hostile, strings.Repeat("长", 5000)} {
		if a := c.Post("/enterprises/suggest", "q", q); a.Body != "[]" {
			t.Errorf("suggested for %.20q: %s", q, a.Body)
		}
	}
	if a := c.Post("/enterprises/find", "q", "宏达"); !strings.Contains(a.Body, "找到 1 家") || len(a.Query) != 0 {
		t.Errorf("find: %d %v", a.Status, a.Query)
	}
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := s.signIn("jc", domain.RoleDispatcher)
	if a := c.Get("/deadlines"); !strings.Contains(a.Body, "没有快到期的") {
		t.Errorf("nothing due: %d", a.Status)
	}
	out := s.register(nil)
	s.caughtUp()
	a := c.Get("/deadlines?days=30")
	if !strings.Contains(a.Body, out.No) || !strings.Contains(a.Body, "下一步") || strings.Contains(a.Body, "已超期 <span") {
		t.Errorf("due: %d\n%s", a.Status, a.Body)
	}
	s.pass(30 * 24 * time.Hour)
	a = c.Get("/deadlines")
	if late := strings.Index(a.Body, "已超期 <span"); late < 0 || !strings.Contains(a.Body[late:], out.No) {
		t.Errorf("overdue is not first: %d", a.Status)
	}
	if a := c.Get("/deadlines?area=jc-gp"); strings.Contains(a.Body, out.No) {
		t.Error("the area does not narrow the list")
	}
	if a := c.Get("/deadlines?mine=1&days=x"); a.Status != http.StatusOK || strings.Contains(a.Body, out.No) {
		t.Errorf("only mine: %d", a.Status)
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	reader := s.signIn("jc", domain.RoleHandler)
	a := reader.Get("/calendar")
	for _, want := range []string{"国办发明电〔2025〕7号", "春节", "2027年(暂定)", "10月", `class="makeup"`, `class="holiday statutory"`, `today"`} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("calendar has no %q", want)
		}
	}
	if a := reader.Get("/calendar?year=2027"); !strings.Contains(a.Body, "还没有录入") {
		t.Error("a year without a notice says nothing")
	}
	if a := reader.Get("/calendar?year=1"); a.Status != http.StatusNotFound {
		t.Errorf("year 1: %d", a.Status)
	}
	if a := reader.Get("/calendar/notice"); a.Status != http.StatusForbidden {
		t.Errorf("a handler enters notices: %d", a.Status)
	}
}

func TestPublishNotice(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	c := s.signIn("jc", domain.RoleSystemAdmin)
	form := c.Get("/calendar/notice")
	bad := c.Submit(form, "notice", "/calendar/notice", "text", "放假,明天,元旦"+hostile)
	if bad.Status != http.StatusUnprocessableEntity || !strings.Contains(bad.Body, "第1行") || !strings.Contains(bad.Body, "元旦&lt;script") {
		t.Errorf("a wrong notice: %d", bad.Status)
	}
	text := strings.ReplaceAll(calendar.Notice2026().Text(), "2026-05-09", "2026-05-10")
	preview := c.Submit(form, "notice", "/calendar/notice", "text", text)
	if preview.Status != http.StatusOK || !strings.Contains(preview.Body, "2026年,将这样执行") || !strings.Contains(preview.Body, "已有通知") {
		t.Fatalf("preview: %d", preview.Status)
	}
	before, err := s.work.Rules(t.Context())
	if err != nil || before.Calendar.Version() != "2026r1" {
		t.Fatalf("a preview published: %s, %v", before.Calendar.Version(), err)
	}
	done := c.Submit(preview, "publish", "/calendar/publish", "text", text)
	if done.Path != "/calendar" || !strings.Contains(done.Body, "第2次录入") || !strings.Contains(done.Body, "已发布2026年放假通知") {
		t.Errorf("publish: %d at %s", done.Status, done.Path)
	}
	after, err := s.work.Rules(t.Context())
	if err != nil || !after.Calendar.IsWorkday(domain.NewDate(2026, 5, 10)) {
		t.Errorf("the notice is not in force: %v", err)
	}
	if a := c.Submit(c.Get("/calendar/notice"), "notice", "/calendar/notice", "text", text); !strings.Contains(a.Body, "与已发布的相同") {
		t.Error("the same notice again is offered for publication")
	}
}

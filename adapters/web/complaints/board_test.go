package complaints

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/complaint"
)

// cell is a linked figure of the board.
var cellLink = regexp.MustCompile(`<a href="(/board/rows\?[^"]+)"(?: aria-label="[^"]*")?>([^<]+)</a>`)

var totalShown = regexp.MustCompile(`共 ([\d,]+) 条`)

func TestEveryFigureOfTheBoardHasItsRows(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for i := range 5 {
		s.register(func(in *casework.Intake) {
			in.Register.Claim.Persons = i + 1
			if i > 2 {
				in.Register.Area, in.Register.Category = "jc-gp", complaint.CategoryConsultation
			}
		})
	}
	s.caughtUp()
	c := s.signIn("jc", domain.RoleLeader)
	page := c.Get("/board?period=2026-11")
	if page.Status != http.StatusOK {
		t.Fatalf("board: %d\n%s", page.Status, page.Body)
	}
	links := cellLink.FindAllStringSubmatch(page.Body, -1)
	if len(links) < 20 {
		t.Fatalf("only %d figures lead to rows", len(links))
	}
	seen := map[string]bool{}
	for _, l := range links {
		address := html.UnescapeString(l[1])
		if seen[address] {
			continue
		}
		seen[address] = true
		rows := c.Get(address)
		total := totalShown.FindStringSubmatch(rows.Body)
		if rows.Status != http.StatusOK || total == nil {
			t.Errorf("%s: %d, no count of rows", address, rows.Status)
			continue
		}
		if n := strings.Count(rows.Body, "data-row>"); strconv.Itoa(n) != total[1] {
			t.Errorf("%s shows %d rows and says %s", address, n, total[1])
		}
		v, err := url.ParseQuery(strings.TrimPrefix(address, "/board/rows?"))
		if err != nil {
			t.Fatal(err)
		}
		if v.Get("code") == "received" && v.Get("which") == "num" && l[2] != total[1] {
			t.Errorf("%s: the board says %s, the rows are %s", address, l[2], total[1])
		}
		if !strings.Contains(rows.Body, `<a href="`+l[1]+`" aria-current="page">`) {
			t.Errorf("%s: its own side is not marked", address)
		}
	}
	if !strings.Contains(page.Body, "按期办结率") || !strings.Contains(page.Body, "指标口径") || !strings.Contains(page.Body, "在办案件时长") {
		t.Error("definitions or charts are missing")
	}
}

func TestBoardPeriodsAndExport(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.register(nil)
	s.caughtUp()
	c := s.signIn("jc", domain.RoleDispatcher)
	for query, want := range map[string]string{
		"":                               "2026-11-01 至 2026-11-30",
		"?period=2026-Q4":                "2026-10-01 至 2026-12-31",
		"?period=2025":                   "2025-01-01 至 2025-12-31",
		"?from=2026-11-03&to=2026-11-9":  "日期",
		"?from=2026-11-09&to=2026-11-03": "结束日期早于开始日期",
		"?from=2026-11-03&to=2026-11-20": "2026-11-03 至 2026-11-20",
		"?period=2026-99&area=nowhere":   "2026-11-01 至 2026-11-30",
		"?period=2026-11&view=time":      "26-11",
		"?period=2026-11&area=jc-zz":     "泽州县总工会",
	} {
		if a := c.Get("/board" + query); a.Status != http.StatusOK || !strings.Contains(a.Body, want) {
			t.Errorf("/board%s: %d, no %q", query, a.Status, want)
		}
	}
	for _, address := range []string{"/board.xlsx", "/board/rows.xlsx?code=received&from=2026-11-01&to=2026-11-30&which=den"} {
		if a := c.Get(address); a.Status != http.StatusOK || !strings.HasPrefix(a.Body, "PK") {
			t.Errorf("%s: %d, %.40q", address, a.Status, a.Body)
		}
	}
	if a := c.Get("/board/rows?code=nonsense"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown indicator: %d", a.Status)
	}
}

func TestBoardIsForThoseWhoLead(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, role := range []domain.Role{domain.RoleOperator, domain.RoleHandler, domain.RoleSystemAdmin} {
		c := s.signIn("jc", role)
		if a := c.Get("/board"); a.Status != http.StatusForbidden {
			t.Errorf("%s sees the board: %d", role, a.Status)
		}
	}
	empty := s.signIn("jc", domain.RoleDiscipline).Get("/board")
	if empty.Status != http.StatusOK || !strings.Contains(empty.Body, "没有数据") && !strings.Contains(empty.Body, "0件") {
		t.Errorf("a board without cases: %d", empty.Status)
	}
	if a := s.signIn("jc", domain.RoleApprover).Get("/board/rows?code=received&from=2026-11-01&to=2026-11-30"); !strings.Contains(a.Body, "没有案件") {
		t.Errorf("rows behind nothing: %d", a.Status)
	}
}

func TestRestrictedCasesAreInNoFigure(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	out := s.register(nil)
	s.register(nil)
	s.do(out.ID, domain.RoleDispatcher, &complaint.Restrict{Reason: "union_staff", AllowedRoles: []domain.Role{domain.RoleDispatcher, domain.RoleDiscipline}})
	s.caughtUp()
	address := "/board/rows?code=received&from=2026-11-01&to=2026-11-30"
	for role, want := range map[domain.Role]int{domain.RoleLeader: 1, domain.RoleDispatcher: 2, domain.RoleDiscipline: 2} {
		a := s.signIn("jc", role).Get(address)
		if got := fmt.Sprintf("共 %d 条", want); !strings.Contains(a.Body, got) {
			t.Errorf("%s: want %s", role, got)
		}
	}
}

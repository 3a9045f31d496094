package complaints

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/projections/complaints"
)

// drawn is what is different each time a page is shown.
var drawn = regexp.MustCompile(`name="_command" value="[^"]*"|<dcterms:[^>]*>[^<]*|于[0-9 :-]+导出`)

// sees is all that somebody is shown, by where.
// The rows behind every figure of the board are looked at by the head alone.
func (s *stack) sees(c *webtest.Client, employer uuid.UUID, person casework.Intake) map[string]string {
	s.t.Helper()
	all := map[string]string{}
	keep := func(where string, a webtest.Answer) {
		s.t.Helper()
		body := a.Body
		if strings.HasPrefix(body, "PK") {
			body = unzip(s.t, body)
		}
		all[where] = fmt.Sprint(a.Status, " ", drawn.ReplaceAllString(body, ""))
	}
	paths := []string{
		"/inbox", "/complaints", "/complaints?open=1", "/complaints?category=union_staff", "/complaints?area=jc-yc", "/complaints?sort=due", "/complaints?overdue=1",
		"/complaints.xlsx", "/deadlines?days=90", "/desk", "/enterprises", "/enterprises/" + employer.String(), "/calendar",
		"/board", "/board?period=2026", "/board?area=jc-yc", "/board?view=time", "/board.xlsx",
	}
	for _, in := range complaints.Indicators() {
		if !c.User.Has(domain.RoleOrgHead) {
			break
		}
		paths = append(paths, "/board/rows?code="+in.Code, "/board/rows?code="+in.Code+"&area=jc-yc&which=den")
	}
	for _, path := range paths {
		keep(path, c.Get(path))
	}
	for _, q := range []string{
		person.Reporter.Identity.Name, person.Reporter.Contact.Phone, person.Reporter.Identity.IDNo, "克扣会费", "宏达", "晋工诉", "晋工诉〔2026〕2号",
	} {
		keep("search "+q, c.Post("/search", "q", q))
		keep("list "+q, c.Post("/complaints", "text", q))
	}
	keep("suggest", c.Post("/enterprises/suggest", "q", "宏达"))
	keep("hints", c.Post("/desk/hints", "employer", "晋城市宏达建筑有限公司", "phone", person.Reporter.Contact.Phone, "_form", "intake"))
	keep("caller", c.Post("/desk/caller", "phone", person.Reporter.Contact.Phone))
	c.Post("/desk/caller", "phone", "") // so that the number does not stay in the form
	return all
}

// TestAccusedUnitSeesNothing: whatever the people of the unit that a restricted case
// is about look at, nothing is different from before there was the case.
func TestAccusedUnitSeesNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var employer uuid.UUID
	known := s.register(func(in *casework.Intake) {
		in.Employer = &enterprise.Register{Name: "晋城市宏达建筑有限公司", County: "jc-yc"}
		in.Register.Area = "jc-yc"
		employer = uuid.NewSHA1(in.CommandID, []byte("employer"))
	})
	s.caughtUp()
	secret := sampleIntake()
	secret.Reporter = &person.Register{Kind: "worker", Identity: person.Identity{Name: "慕容霁", IDNo: "11010519491231002X"}, Contact: person.Contact{Phone: "13700007777"}}
	secret.Register.Category, secret.Register.AccusedOrg, secret.Register.Area = complaint.CategoryUnionStaff, "jc-yc", "jc-yc"
	secret.Register.Summary = "工会主席克扣会费"
	secret.Register.Employer.EnterpriseID = employer

	clients := map[domain.Role]*webtest.Client{}
	before := map[domain.Role]map[string]string{}
	for _, r := range []domain.Role{
		domain.RoleOperator, domain.RoleDispatcher, domain.RoleOrgHead, domain.RoleLeader,
	} {
		clients[r] = s.signIn("jc-yc", r)
		before[r] = s.sees(clients[r], employer, secret)
	}
	p := &pages{s.config}
	card := clients[domain.RoleOrgHead].Get(caseAddress(known.ID)).Body

	out, err := s.work.Register(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	// Somebody who sees both says in the open case that they belong together.
	s.do(known.ID, domain.RoleDispatcher, &complaint.Link{Relation: complaint.LinkSameEmployer, OtherID: out.ID, OtherNo: out.No})
	s.caughtUp()
	for r, c := range clients {
		for where, is := range s.sees(c, employer, secret) {
			if was := before[r][where]; was != is {
				t.Errorf("%s at %s (-before +after):\n%s", r, where, cmp.Diff(strings.Split(was, "\n"), strings.Split(is, "\n")))
			} else if strings.Contains(is, out.No) && !strings.Contains(where, out.No) || strings.Contains(is, out.ID.String()) {
				t.Errorf("%s at %s: the case is named", r, where)
			}
		}
		for _, path := range []string{
			"", "?view=ledger", "/file", "/access", "/do/add_note", "/ledger.xlsx", "/ledger", "/roster", "/roster.xlsx", "/reveal?no=0&field=phone",
		} {
			unknown := uuid.New()
			got, want := c.Get(caseAddress(out.ID)+path), c.Get(caseAddress(unknown)+path)
			if got.Status != http.StatusNotFound && got.Status != http.StatusForbidden || strings.ReplaceAll(got.Body, out.ID.String(), "") != strings.ReplaceAll(want.Body, unknown.String(), "") {
				t.Errorf("%s opens %q: %d, for a case that is none %d", r, path, got.Status, want.Status)
			}
		}
		if may, err := p.mayWatch(t.Context(), c.User, out.ID.String()); may || err != nil {
			t.Errorf("%s hears of the case: %v, %v", r, may, err)
		}
	}
	after := clients[domain.RoleOrgHead].Get(caseAddress(known.ID)).Body
	if strings.Contains(after, out.No) || !strings.Contains(after, "与另一案件关联") || strings.Contains(card, "另一案件") {
		t.Error("the open case names the one that is hidden")
	}
	if a := s.signIn("jc", domain.RoleDiscipline).Get(caseAddress(known.ID)); !strings.Contains(a.Body, out.No) {
		t.Error("the auditor does not read the number")
	}

	// What happens in the hidden case moves no list. (The link above did.)
	version, err := p.anyVersion(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.do(out.ID, domain.RoleDispatcher, &complaint.AddNote{Visibility: complaint.VisibleInternal, Text: "核实中"})
	s.caughtUp()
	if now, err := p.anyVersion(t.Context(), ""); err != nil || now != version {
		t.Errorf("lists move from %s to %s, %v", version, now, err)
	}
}

package complaints

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/complaint"
)

// staffed is a stack with the people who work a case of 泽州, each in a browser.
type staffed struct {
	*stack
	operator, caller, shift, dispatcher, head, handler, partner, reviewer, approver, leader *webtest.Client
}

func newStaffed(t testing.TB) *staffed {
	t.Helper()
	s := newStack(t)
	return &staffed{
		stack: s, operator: s.signIn("jc", domain.RoleOperator), caller: s.signIn("jc", domain.RoleOperator),
		shift: s.signIn("jc", domain.RoleShiftLeader), dispatcher: s.signIn("jc", domain.RoleDispatcher),
		head: s.signIn("jc-zz", domain.RoleOrgHead), handler: s.signIn("jc-zz", domain.RoleHandler),
		partner: s.signIn("jc-zz", domain.RoleInspector), reviewer: s.signIn("jc", domain.RoleReviewer),
		approver: s.signIn("jc", domain.RoleApprover), leader: s.signIn("jc", domain.RoleLeader),
	}
}

// actor is the user of a browser.
func actor(c *webtest.Client) domain.Actor {
	u := accounts.User(c.User)
	return u.Actor(u.Roles...)
}

func doAddress(id uuid.UUID, command string) string { return caseAddress(id) + "/do/" + command }

// open shows the form of a command, which must be open.
func (s *staffed) open(c *webtest.Client, id uuid.UUID, command string) webtest.Answer {
	s.t.Helper()
	page := c.Get(doAddress(id, command))
	if page.Status != 200 || webtest.Hidden(page.Body, command) == "" {
		s.t.Fatalf("%s by %s: status %d, no form; %s", command, c.User.Roles, page.Status, told(page.Body))
	}
	return page
}

// submit fills in a form and expects that it goes through.
func (s *staffed) submit(c *webtest.Client, id uuid.UUID, command string, pairs ...string) webtest.Answer {
	s.t.Helper()
	a := s.try(c, id, command, pairs...)
	if a.Status != 200 || !strings.Contains(a.Body, "已办理:") {
		s.t.Fatalf("%s by %s: status %d; %s", command, c.User.Roles, a.Status, told(a.Body))
	}
	return a
}

// try fills in a form with what it shows, and pairs in place of it.
func (s *staffed) try(c *webtest.Client, id uuid.UUID, command string, pairs ...string) webtest.Answer {
	s.t.Helper()
	page := s.open(c, id, command)
	return c.Submit(page, command, doAddress(id, command), append(pairs, "seen", between(page.Body, `name="seen" value="`, `"`))...)
}

// between is what stands between two texts, the first time.
func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// told is what a page says is wrong.
func told(body string) string {
	text := between(body, `id="problem"`, "</div></div>") + between(body, `class="note warn"`, "</p>")
	for _, part := range strings.Split(body, `class="error"`)[1:] {
		text += " | " + between(part, ">", "</p>")
	}
	return strings.TrimSpace(tags.ReplaceAllString(text, " "))
}

// intakeForm is the desk's form, filled in.
func intakeForm(more ...string) []string {
	return append([]string{
		"phone", "138 0000 1234", "name", "赵铁柱", "employer", "晋城市宏达建筑有限公司", "new_enterprise", "1", "category", "wage_arrears",
		"area", "jc-zz", "persons", "12", "owed", "6万", "from", "2026-07-01", "to", "2026-09-30", "summary", "工地停工,拖欠三个月工资",
		"channel", "hotline", "consent", "1",
	}, more...)
}

// intake takes a complaint down at the desk and returns its id.
func (s *staffed) intake(c *webtest.Client, more ...string) uuid.UUID {
	s.t.Helper()
	a := c.Submit(c.Get("/desk"), "intake", "/desk", intakeForm(more...)...)
	if a.Status != 200 || !strings.HasPrefix(a.Path, "/desk/registered/") {
		s.t.Fatalf("register: status %d at %s; %s", a.Status, a.Path, told(a.Body))
	}
	return uuid.MustParse(strings.TrimPrefix(a.Path, "/desk/registered/"))
}

// state is the case as the log has it.
func (s *staffed) state(id uuid.UUID) complaint.State {
	s.t.Helper()
	state, _, _, err := s.work.Case(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

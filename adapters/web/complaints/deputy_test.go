package complaints

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
)

// TestADeputySignsAsDeputy: who holds an office for somebody else acts at the unit of
// that office, and each signature says for whom.
func TestADeputySignsAsDeputy(t *testing.T) {
	t.Parallel()
	s := newStaffed(t)
	deputy := s.user("jc", domain.RoleReviewer)
	one, two := s.user("jc", domain.RoleSystemAdmin), s.user("jc", domain.RoleSecurityAdmin)
	head := s.head.User
	wish := func(u accounts.User) accounts.Request {
		return accounts.Request{CommandID: uuid.New(), Actor: u.Actor(), Channel: "web"}
	}
	_, err := s.users.Do(t.Context(), deputy.ID, &user.RequestRole{Terms: user.Terms{
		Role: domain.RoleOrgHead, Org: head.Org, To: domain.DateOf(s.Now()).AddDays(3), OnBehalfOf: head.ID, Reason: user.ReasonTrip,
	}}, wish(one))
	if err != nil {
		t.Fatal(err)
	}
	pending, err := s.users.Pending(t.Context())
	if err != nil || len(pending) != 1 {
		t.Fatalf("pending %+v, %v", pending, err)
	}
	if _, err := s.users.Do(t.Context(), deputy.ID, &user.ApproveRole{Grant: pending[0].Grant.Grant}, wish(two)); err != nil {
		t.Fatal(err)
	}
	id := s.intake(s.operator, "name", "张三", "summary", "拖欠三个月工资", "employer", "某公司", "area", "jc-zz")
	s.submit(s.dispatcher, id, "accept", "handling_org", "jc-zz", "time_class", "general", "category", "wage_arrears", "basis", "监察条例第11条")
	c := s.signInAs(deputy)
	s.submit(c, id, "sign")
	signed := false
	for rec, err := range s.engine.Store().Stream(t.Context(), casework.CaseStream(id), eventstore.Head{}) {
		if err != nil {
			t.Fatal(err)
		}
		by, behalf := rec.Meta.By.Actor, ""
		if by.ID == deputy.ID {
			behalf, signed = head.ID, signed || rec.Type == "complaint.dispatch_signed" && by.Org == head.Org
		}
		if rec.Meta.OnBehalfOf != behalf {
			t.Errorf("%s by %+v on behalf of %q; want %q", rec.Type, by, rec.Meta.OnBehalfOf, behalf)
		}
	}
	if !signed {
		t.Error("the deputy did not sign for the unit of the office")
	}
	if page := c.Get(caseAddress(id)); !strings.Contains(page.Body, deputy.Name+" 代 "+head.Name) {
		t.Errorf("the case page does not tell who signed for whom: %s", told(page.Body))
	}
	// The deputy sees the cases of the office, as long as it lasts.
	s.pass(4 * 24 * time.Hour)
	u, err := s.users.Get(t.Context(), deputy.ID)
	if err != nil || u.Has(domain.RoleOrgHead) {
		t.Errorf("afterwards: %+v, %v", u, err)
	}
}

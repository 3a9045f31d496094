package accounts_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
)

func (b *bed) terms(role domain.Role, org string, change ...func(*user.Terms)) user.Terms {
	t := user.Terms{Role: role, Org: org, Reason: user.ReasonDuty}
	for _, f := range change {
		f(&t)
	}
	return t
}

// pendingGrant is the one grant that waits for a decision.
func (b *bed) pendingGrant() string {
	b.t.Helper()
	all, err := b.Pending(b.t.Context())
	if err != nil || len(all) != 1 || all[0].Grant == nil {
		b.t.Fatalf("pending: %+v, %v; want one grant", all, err)
	}
	return all[0].Grant.Grant
}

// TestTwoAdministrators walks a grant from the request to its end.
func TestTwoAdministrators(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.create("admin.one", domain.RoleSystemAdmin), b.create("admin.two", domain.RoleSecurityAdmin)
	u, clerk := b.create("zhangsan"), b.create("clerk")
	if len(u.Roles) != 0 || u.Actor() != (domain.Actor{ID: u.ID, Org: "jc-zz"}) {
		t.Errorf("without a grant: %+v", u)
	}
	b.refused("not_permitted", clerk, u.ID, &user.RequestRole{Terms: b.terms(domain.RoleHandler, "jc-gp")})
	b.refused("org_unknown", one, u.ID, &user.RequestRole{Terms: b.terms(domain.RoleHandler, "bj")})
	b.refused("own_grant", one, one.ID, &user.RequestRole{Terms: b.terms(domain.RoleSecurityAdmin, "jc")})
	b.do(one, u.ID, &user.RequestRole{Terms: b.terms(domain.RoleHandler, "jc-gp")})
	grant := b.pendingGrant()
	b.refused("same_person", one, u.ID, &user.ApproveRole{Grant: grant})
	b.refused("not_permitted", clerk, u.ID, &user.ApproveRole{Grant: grant})
	if got := b.get(u.ID); len(got.Roles) != 0 {
		t.Errorf("before it is approved: %+v", got)
	}
	b.do(two, u.ID, &user.ApproveRole{Grant: grant})
	got := b.get(u.ID)
	if want := (domain.Actor{ID: u.ID, Org: "jc-gp", Role: domain.RoleHandler}); got.Actor(domain.RoleHandler) != want || got.Org != "jc-zz" {
		t.Errorf("approved: %+v; want to act as %+v", got, want)
	}
	b.refused("not_permitted", two, u.ID, &user.GrantRole{Terms: b.terms(domain.RoleOperator, "jc"), How: user.HowConsole})
	b.do(one, u.ID, &user.RevokeRole{Grant: grant, Reason: user.ReasonTransfer})
	if got := b.get(u.ID); len(got.Roles) != 0 {
		t.Errorf("revoked: %+v", got)
	}
}

// TestTheCommandLineGrantsAloneUntilThereAreTwo administrators.
func TestTheCommandLineGrantsAloneUntilThereAreTwo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if u := b.create("clerk", domain.RoleHandler); !u.Has(domain.RoleHandler) {
		t.Errorf("the first: %+v", u)
	}
	one, two := b.create("admin.one", domain.RoleSystemAdmin), b.create("admin.two", domain.RoleSystemAdmin)
	if !two.Has(domain.RoleSystemAdmin) {
		t.Errorf("the second administrator: %+v", two)
	}
	three := b.create("admin.three", domain.RoleSecurityAdmin)
	if len(three.Roles) != 0 {
		t.Errorf("the third got its role alone: %+v", three)
	}
	b.do(two, three.ID, &user.ApproveRole{Grant: b.pendingGrant()})
	three = b.get(three.ID)
	b.do(one, two.ID, &user.Disable{Reason: user.ReasonLeft})
	pending, err := b.Give(t.Context(), three.ID, b.terms(domain.RoleSystemAdmin, "jc"), accounts.Console())
	if err != nil || !pending {
		t.Errorf("two are still active: pending %v, %v", pending, err)
	}
	b.do(three, one.ID, &user.Disable{Reason: user.ReasonLeft})
	pending, err = b.Give(t.Context(), b.create("late").ID, b.terms(domain.RoleSystemAdmin, "jc"), accounts.Console())
	if err != nil || pending {
		t.Errorf("one is left: pending %v, %v", pending, err)
	}
}

func TestGrantsHaveTheirDates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two, u := b.create("admin.one", domain.RoleSystemAdmin), b.create("admin.two", domain.RoleSystemAdmin), b.create("zhangsan")
	today := domain.DateOf(b.clock.Now())
	b.do(one, u.ID, &user.RequestRole{Terms: b.terms(domain.RoleHandler, "jc", func(t *user.Terms) { t.From, t.To = today.AddDays(1), today.AddDays(2) })})
	b.do(two, u.ID, &user.ApproveRole{Grant: b.pendingGrant()})
	for day, want := range []bool{false, true, true, false} {
		if got := b.get(u.ID); got.Has(domain.RoleHandler) != want {
			t.Errorf("day %d: %+v", day, got)
		}
		b.add(24 * time.Hour)
	}
}

// TestDelegation: one acts for another, at that one's unit, for a time, and for no
// longer than that one has the office.
func TestDelegation(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *bed, admin, holder accounts.User){
		"the office is revoked": func(b *bed, admin, holder accounts.User) {
			acc, err := b.Account(b.t.Context(), holder.ID)
			if err != nil {
				b.t.Fatal(err)
			}
			b.do(admin, holder.ID, &user.RevokeRole{Grant: acc.State.Grants[0].Grant, Reason: user.ReasonTransfer})
		},
		"the holder leaves": func(b *bed, admin, holder accounts.User) {
			b.do(admin, holder.ID, &user.Disable{Reason: user.ReasonLeft})
		},
		"the time is over": func(b *bed, _, _ accounts.User) { b.add(5 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			holder, deputy := b.create("head", domain.RoleOrgHead), b.create("deputy", domain.RoleHandler)
			one, two := b.create("admin.one", domain.RoleSystemAdmin), b.create("admin.two", domain.RoleSystemAdmin)
			today := domain.DateOf(b.clock.Now())
			behalf := func(t *user.Terms) { t.OnBehalfOf, t.To, t.Reason = holder.ID, today.AddDays(4), user.ReasonTrip }
			b.refused("office_not_held", one, deputy.ID, &user.RequestRole{Terms: b.terms(domain.RoleOrgHead, "jc-gp", behalf)})
			b.do(one, deputy.ID, &user.RequestRole{Terms: b.terms(domain.RoleOrgHead, "jc-zz", behalf)})
			b.do(two, deputy.ID, &user.ApproveRole{Grant: b.pendingGrant()})
			got := b.get(deputy.ID)
			want := []accounts.Grant{{Role: domain.RoleHandler, Org: "jc-zz"}, {Role: domain.RoleOrgHead, Org: "jc-zz", To: today.AddDays(4), For: holder.ID}}
			if diff := cmp.Diff(want, got.Grants, dates); diff != "" {
				t.Errorf("grants (-want +got):\n%s", diff)
			}
			if as := got.Actor(domain.RoleOrgHead); got.For(as) != holder.ID || got.For(got.Actor(domain.RoleHandler)) != "" {
				t.Errorf("acts for %q as head, for %q as handler", got.For(as), got.For(got.Actor(domain.RoleHandler)))
			}
			// It is no office of the deputy's to delegate further.
			other := b.create("other")
			b.refused("office_not_held", one, other.ID, &user.RequestRole{Terms: b.terms(domain.RoleOrgHead, "jc-zz", func(t *user.Terms) { t.OnBehalfOf, t.To = deputy.ID, today.AddDays(1) })})
			end(b, one, holder)
			if got := b.get(deputy.ID); got.Has(domain.RoleOrgHead) || !got.Has(domain.RoleHandler) {
				t.Errorf("afterwards: %+v", got)
			}
			if name != "the time is over" && !slices.Contains(b.events(deputy.ID), "role_revoked") {
				t.Errorf("the log of the deputy does not tell: %v", b.events(deputy.ID))
			}
		})
	}
}

// TestAnOfficeThatIsGoneIsNotDelegated: the delegation was approved while the
// office was being revoked, so that nobody took it away.
func TestAnOfficeThatIsGoneIsNotDelegated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	holder, deputy := b.create("head", domain.RoleOrgHead), b.create("deputy")
	one, two := b.create("admin.one", domain.RoleSystemAdmin), b.create("admin.two", domain.RoleSystemAdmin)
	b.do(one, deputy.ID, &user.RequestRole{Terms: b.terms(domain.RoleOrgHead, "jc-zz", func(t *user.Terms) {
		t.OnBehalfOf, t.To = holder.ID, domain.DateOf(b.clock.Now()).AddDays(4)
	})})
	b.do(two, deputy.ID, &user.ApproveRole{Grant: b.pendingGrant()})
	// What the revocation looks for is hidden from it.
	if _, err := b.pool.Exec(t.Context(), "update hearth.account set state = jsonb_set(state, '{grants}', '[]') where id = $1", deputy.ID); err != nil {
		t.Fatal(err)
	}
	b.do(one, holder.ID, &user.Disable{Reason: user.ReasonLeft})
	if _, err := b.pool.Exec(t.Context(), "update hearth.account set version = 0 where id = $1", deputy.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	acc, err := b.Account(t.Context(), deputy.ID)
	if err != nil || acc.State.Grants[0].Status != user.StatusGranted || acc.Has(domain.RoleOrgHead) {
		t.Errorf("account %+v, %v; want a grant that counts for nothing", acc, err)
	}
}

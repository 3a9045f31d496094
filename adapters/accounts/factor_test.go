package accounts_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
)

// app is the authenticator app of a user.
type app struct {
	b      *bed
	secret string
}

func (a app) code() string {
	a.b.t.Helper()
	code, err := totp.GenerateCode(a.secret, a.b.clock.Now())
	if err != nil {
		a.b.t.Fatal(err)
	}
	return code
}

// setFactor sets up a second factor.
func (b *bed) setFactor(u accounts.User) (app, []string) {
	b.t.Helper()
	offer, err := b.OfferFactor(u)
	if err != nil || !strings.HasPrefix(offer.URI, "otpauth://totp/") || !strings.Contains(offer.URI, u.Login) {
		b.t.Fatalf("offer %+v, %v", offer, err)
	}
	a := app{b, offer.Secret}
	codes, err := b.ConfirmFactor(b.t.Context(), u, offer.Secret, a.code(), wish(u))
	if err != nil {
		b.t.Fatal(err)
	}
	b.add(time.Minute)
	return a, codes
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create("zhangsan", domain.RoleHandler)
	offer, err := b.OfferFactor(u)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ConfirmFactor(t.Context(), u, offer.Secret, "000000", wish(u)); code(err) != "bad_code" {
		t.Errorf("confirmed without the app: %v", err)
	}
	a, codes := b.setFactor(u)
	if len(codes) != accounts.RecoveryCodes {
		t.Errorf("recovery codes %v", codes)
	}
	first := func() accounts.Entry {
		t.Helper()
		e, err := b.Authenticate(t.Context(), "zhangsan", password, from("10.0.0.1"))
		if err != nil || !e.NeedsCode {
			t.Fatalf("first step: %+v, %v; want that a code is needed", e, err)
		}
		return e
	}
	e := first()
	if _, err := b.Begin(t.Context(), e, "token", b.clock.Now().Add(time.Hour)); err == nil {
		t.Error("a session began without the second factor")
	}
	second := func(c string) (accounts.Entry, string) {
		e, err := b.SecondStep(t.Context(), e.User.ID, e.How, c, e.From)
		return e, code(err)
	}
	if _, got := second("123 456"); got != "bad_code" {
		t.Errorf("a wrong code: %q", got)
	}
	right := a.code()
	in, got := second(right)
	if got != "" || in.NeedsCode || in.Factor != user.FactorTOTP {
		t.Errorf("the right code: %q, %+v", got, in)
	}
	if _, err := b.Begin(t.Context(), in, "token", b.clock.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if _, got := second(right); got != "bad_code" {
		t.Errorf("the same code again: %q", got)
	}
	// A recovery code works once, however it is written.
	if in, got := second(strings.ToUpper(strings.ReplaceAll(codes[3], "-", " "))); got != "" || in.Factor != user.FactorRecovery {
		t.Errorf("a recovery code: %q, %+v", got, in)
	}
	if _, got := second(codes[3]); got != "bad_code" {
		t.Errorf("the same recovery code again: %q", got)
	}
	if left, err := b.CodesLeft(t.Context(), u); err != nil || left != accounts.RecoveryCodes-1 {
		t.Errorf("%d codes left, %v", left, err)
	}
	b.add(time.Minute)
	renewed, err := b.RenewCodes(t.Context(), u, a.code(), wish(u))
	if err != nil || len(renewed) != accounts.RecoveryCodes {
		t.Fatalf("renew: %v, %v", renewed, err)
	}
	if _, got := second(codes[4]); got != "bad_code" {
		t.Errorf("a recovery code of before: %q", got)
	}
	if err := b.RemoveFactor(t.Context(), u, "000000", wish(u)); code(err) != "bad_code" {
		t.Errorf("removed without a code: %v", err)
	}
	if err := b.RemoveFactor(t.Context(), u, renewed[0], wish(u)); err != nil {
		t.Fatal(err)
	}
	if e, err := b.Authenticate(t.Context(), "zhangsan", password, from("10.0.0.1")); err != nil || e.NeedsCode {
		t.Errorf("after it was removed: %+v, %v", e, err)
	}
}

// TestCodesAreNotGuessed: who knows the password cannot try all codes, and one
// code that is brought twice at once opens once.
func TestCodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create("zhangsan", domain.RoleHandler)
	a, _ := b.setFactor(u)
	right := a.code()
	var wg sync.WaitGroup
	results := make(chan string, 4)
	for range 4 {
		wg.Go(func() {
			_, err := b.SecondStep(t.Context(), u.ID, user.HowPassword, right, from("10.0.0.1"))
			results <- code(err)
		})
	}
	wg.Wait()
	close(results)
	opened := 0
	for r := range results {
		if r == "" {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("one code opened %d times", opened)
	}
	looked := 0
	for range 20 {
		if _, err := b.SecondStep(t.Context(), u.ID, user.HowPassword, "000000", from("10.0.0.2")); code(err) == "bad_code" {
			looked++
		}
	}
	if looked != 5 {
		t.Errorf("%d of 20 codes were looked at; want 5", looked)
	}
}

func TestFactorIsRemovedByTwo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, one, two := b.create("zhangsan", domain.RoleHandler), b.create("admin.one", domain.RoleSystemAdmin), b.create("admin.two", domain.RoleSecurityAdmin)
	b.setFactor(u)
	b.refused("not_permitted", u, u.ID, &user.RequestFactorRemoval{Reason: user.ReasonLostDevice})
	b.do(one, u.ID, &user.RequestFactorRemoval{Reason: user.ReasonLostDevice})
	if all, err := b.Pending(t.Context()); err != nil || len(all) != 1 || all[0].Removal == nil || all[0].RequestedBy != one.ID {
		t.Errorf("pending %+v, %v", all, err)
	}
	b.refused("same_person", one, u.ID, &user.ApproveFactorRemoval{})
	b.do(two, u.ID, &user.ApproveFactorRemoval{})
	if got := b.get(u.ID); got.HasFactor {
		t.Errorf("after two have agreed: %+v", got)
	}
}

func TestWhoMustHaveASecondFactor(t *testing.T) {
	t.Parallel()
	for requirement, want := range map[accounts.Requirement][2]bool{
		accounts.RequireNobody: {false, false}, accounts.RequireAdmins: {false, true}, accounts.RequireAll: {true, true}, "": {false, false},
	} {
		b := setup(t, func(c *accounts.Config) { c.SecondFactor = requirement })
		u, admin := b.create("zhangsan", domain.RoleHandler), b.create("admin", domain.RoleAuditAdmin)
		if got := [2]bool{u.MustSetFactor, admin.MustSetFactor}; got != want {
			t.Errorf("%q: %v; want %v", requirement, got, want)
		}
		b.setFactor(admin)
		if b.get(admin.ID).MustSetFactor {
			t.Errorf("%q: who has one must set one", requirement)
		}
	}
}

func TestExternal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, other := b.create("zhangsan", domain.RoleHandler), b.create("other", domain.RoleHandler)
	id := user.External{Issuer: "https://id.example", Subject: "abc-7"}
	in := func() (accounts.Entry, string) {
		e, err := b.SignInExternal(t.Context(), id.Issuer, id.Subject, from("10.0.0.1"))
		return e, code(err)
	}
	if _, got := in(); got != "external_unknown" {
		t.Errorf("unknown: %q", got)
	}
	if err := b.LinkExternal(t.Context(), u.ID, id, wish(u)); err != nil {
		t.Fatal(err)
	}
	if e, got := in(); got != "" || e.User.ID != u.ID || e.How != user.HowExternal {
		t.Errorf("linked: %q, %+v", got, e)
	}
	if err := b.LinkExternal(t.Context(), other.ID, id, wish(other)); code(err) != "external_taken" {
		t.Errorf("linked to two: %v", err)
	}
	if err := b.LinkExternal(t.Context(), other.ID, id, wish(u)); code(err) != "external_taken" {
		t.Errorf("linked to another's account: %v", err)
	}
	b.do(u, u.ID, &user.UnlinkExternal{External: id})
	if _, got := in(); got != "external_unknown" {
		t.Errorf("unlinked: %q", got)
	}
	if err := b.LinkExternal(t.Context(), other.ID, id, wish(other)); err != nil {
		t.Errorf("link to another afterwards: %v", err)
	}
	if e, got := in(); got != "" || e.User.ID != other.ID {
		t.Errorf("linked to another: %q, %+v", got, e)
	}
}

package accounts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
)

func (b *bed) token(u accounts.User, life time.Duration, scopes ...accounts.Scope) (accounts.Token, string) {
	b.t.Helper()
	tok, key, err := b.CreateToken(b.t.Context(), u.ID, accounts.NewToken{Label: " 呼叫中心 ", Scopes: scopes, Expires: b.clock.Now().Add(life)}, wish(u))
	if err != nil {
		b.t.Fatal(err)
	}
	return tok, key
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, admin := b.create("phone", domain.RoleOperator), b.create("admin", domain.RoleSystemAdmin)
	tok, key := b.token(u, 48*time.Hour, accounts.ScopeIntake)
	if !tok.Allows(accounts.ScopeIntake) || tok.Allows(accounts.ScopeComplaintsWrite) || tok.Label != "呼叫中心" {
		t.Errorf("token %+v", tok)
	}
	check := func(key string) error {
		_, _, err := b.CheckToken(t.Context(), key)
		return err
	}
	got, owner, err := b.CheckToken(t.Context(), key)
	if err != nil || got.ID != tok.ID || owner.ID != u.ID {
		t.Errorf("check: %+v, %+v, %v", got, owner, err)
	}
	all, err := b.Tokens(t.Context(), u.ID)
	if err != nil || len(all) != 1 || !all[0].UsedAt.Equal(b.clock.Now()) {
		t.Errorf("tokens: %+v, %v; want one that was just used", all, err)
	}
	for _, bad := range []string{"", "hearth_", key + "x", strings.ToUpper(key), "hearth_" + strings.Repeat("a", 43)} {
		if err := check(bad); !errors.Is(err, accounts.ErrNotFound) {
			t.Errorf("key %q: %v; want ErrNotFound", bad, err)
		}
	}
	b.do(admin, u.ID, &user.Disable{Reason: user.ReasonLeft})
	if err := check(key); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("token of a disabled account: %v", err)
	}
	b.do(admin, u.ID, &user.Enable{})
	b.add(48 * time.Hour)
	if err := check(key); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("expired token: %v", err)
	}
	tok, key = b.token(u, time.Hour, accounts.Scopes()...)
	if err := b.Revoke(t.Context(), tok.ID, wish(admin)); err != nil {
		t.Fatal(err)
	}
	if err := check(key); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("revoked token: %v", err)
	}
	if err := b.Revoke(t.Context(), u.ID, wish(admin)); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("revoke what does not exist: %v", err)
	}
	other := b.create("other", domain.RoleOperator)
	tok, _ = b.token(u, time.Hour, accounts.ScopeIntake)
	if err := b.Revoke(t.Context(), tok.ID, wish(other)); code(err) != "not_permitted" {
		t.Errorf("revoke another's: %v", err)
	}
}

// TestATokenDoesWhatItsOwnerMayNow: a role that is taken away, or that has ended,
// is gone for the program too.
func TestATokenDoesWhatItsOwnerMayNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, admin := b.create("phone", domain.RoleOperator, domain.RoleDispatcher), b.create("admin", domain.RoleSystemAdmin)
	_, key := b.token(u, 48*time.Hour, accounts.Scopes()...)
	acc, err := b.Account(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.do(admin, u.ID, &user.RevokeRole{Grant: acc.State.Grants[0].Grant, Reason: user.ReasonTransfer})
	_, owner, err := b.CheckToken(t.Context(), key)
	if err != nil || owner.Has(domain.RoleOperator) || !owner.Has(domain.RoleDispatcher) {
		t.Errorf("owner %+v, %v", owner, err)
	}
}

// TestATokenWithoutItsEventOpensNothing: a crash between the row and the event.
func TestATokenWithoutItsEventOpensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create("phone", domain.RoleOperator)
	_, key := b.token(u, time.Hour, accounts.ScopeIntake)
	if _, err := b.pool.Exec(t.Context(), "update hearth.api_token set id = gen_random_uuid()"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.CheckToken(t.Context(), key); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("a key that no event names: %v", err)
	}
	if all, err := b.Tokens(t.Context(), u.ID); err != nil || len(all) != 0 {
		t.Errorf("tokens: %+v, %v", all, err)
	}
}

func TestTokensRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, admin := b.create("phone", domain.RoleOperator), b.create("admin", domain.RoleSystemAdmin)
	day := 24 * time.Hour
	for _, tc := range []struct {
		owner  accounts.User
		by     accounts.User
		label  string
		scopes []accounts.Scope
		life   time.Duration
		want   string
	}{
		{u, u, " ", accounts.Scopes(), day, "label_missing"},
		{u, u, "x", nil, day, "scopes_missing"},
		{u, u, "x", []accounts.Scope{"everything"}, day, "scope_unknown"},
		{u, u, "x", accounts.Scopes(), 0, "bad_expiry"},
		{u, u, "x", accounts.Scopes(), 400 * day, "bad_expiry"},
		{admin, admin, "x", accounts.Scopes(), day, "admin_token"},
		{u, admin, "x", accounts.Scopes(), day, "not_permitted"},
	} {
		n := accounts.NewToken{Label: tc.label, Scopes: tc.scopes, Expires: b.clock.Now().Add(tc.life)}
		if _, _, err := b.CreateToken(t.Context(), tc.owner.ID, n, wish(tc.by)); code(err) != tc.want {
			t.Errorf("%+v: %v; want %s", tc, err, tc.want)
		}
	}
}

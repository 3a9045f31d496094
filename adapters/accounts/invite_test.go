package accounts_test

import (
	"testing"
	"time"

	"hearth/domain"
	"hearth/domain/user"
)

const invitation = "abcd-efgh-ijkl-mnop"

func TestInvitation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := b.create("admin.one", domain.RoleSystemAdmin)
	u, other := b.create("zhangsan"), b.create("lisi")
	x, y := user.External{Issuer: "https://id", Subject: "7"}, user.External{Issuer: "https://id", Subject: "8"}
	come := func(text string, x user.External) (string, string) {
		t.Helper()
		e, err := b.SignInInvited(t.Context(), text, x, from("10.0.0.1"))
		return e.User.ID, code(err)
	}
	invite := func(id, text string) {
		t.Helper()
		r := wish(one)
		expires, err := b.Invite(t.Context(), id, text, r)
		if err != nil || !expires.Equal(b.Now().Add(user.LongestInvitation)) {
			t.Fatalf("invite: until %s, %v", expires, err)
		}
		// The same form once more is the same invitation.
		if _, err := b.Invite(t.Context(), id, text, r); err != nil {
			t.Fatalf("invite once more: %v", err)
		}
	}
	if _, no := come(invitation, x); no != "invitation_over" {
		t.Errorf("before there is one: %s", no)
	}
	if _, err := b.Invite(t.Context(), u.ID, "short", wish(one)); err == nil {
		t.Error("a code that can be guessed is taken")
	}
	if _, err := b.Invite(t.Context(), u.ID, invitation, wish(other)); code(err) != "not_permitted" {
		t.Errorf("a user invites: %v", err)
	}

	// A new one takes the place of the one before.
	invite(u.ID, "first-first-first-first")
	invite(u.ID, invitation)
	if _, no := come("first-first-first-first", x); no != "invitation_over" {
		t.Errorf("the one before: %s", no)
	}
	if id, no := come(" ABCD-efgh-ijkl-mnop ", x); id != u.ID || no != "" {
		t.Errorf("invited: %s, %s", id, no)
	}
	if _, no := come(invitation, y); no != "invitation_over" {
		t.Errorf("used twice: %s", no)
	}
	// Who was refused is not kept from another account.
	if err := b.LinkExternal(t.Context(), other.ID, y, wish(other)); err != nil {
		t.Errorf("link what was refused elsewhere: %v", err)
	}
	invite(u.ID, "again-again-again-again")
	if _, no := come("again-again-again-again", y); no != "external_taken" {
		t.Errorf("an identity of somebody else: %s", no)
	}

	b.add(user.LongestInvitation)
	if _, no := come("again-again-again-again", user.External{Issuer: "https://id", Subject: "9"}); no != "invitation_over" {
		t.Errorf("too late: %s", no)
	}
}

// TestInvitationOutlivesOtherChanges keeps the hash while anything else happens
// to the account.
func TestInvitationOutlivesOtherChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, u := b.create("admin.one", domain.RoleSystemAdmin), b.create("zhangsan")
	if _, err := b.Invite(t.Context(), u.ID, invitation, wish(one)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.add(25 * time.Hour)
		b.do(one, u.ID, &user.EndSessions{Reason: user.ReasonRisk})
	}
	e, err := b.SignInInvited(t.Context(), invitation, user.External{Issuer: "https://id", Subject: "7"}, from("10.0.0.1"))
	if err != nil || e.User.ID != u.ID {
		t.Errorf("%+v, %v", e.User, err)
	}
	// Once it was used its hash goes as well.
	for range 3 {
		b.add(25 * time.Hour)
		b.do(one, u.ID, &user.EndSessions{Reason: user.ReasonRisk})
	}
	var left int
	if err := b.pool.QueryRow(t.Context(), "select count(*) from hearth.credential where kind = 'invitation'").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d hashes of invitations are left, %v", left, err)
	}
}

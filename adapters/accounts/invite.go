package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/user"
)

// shortestInvitation is how long the code of an invitation is at least.
const shortestInvitation = 16

// Invite makes an invitation: whoever has the code may link one identity to the
// account, once, until it expires. The code is drawn by the caller when the form
// is shown, so that a form that is sent twice tells the same one both times. A new
// invitation takes the place of the one before it.
func (a *Accounts) Invite(ctx context.Context, id, code string, r Request) (expires time.Time, err error) {
	if err := r.check(); err != nil {
		return time.Time{}, err
	}
	if len(code) < shortestInvitation {
		return time.Time{}, errors.New("accounts: the code of an invitation is too short")
	}
	acc, err := a.byID(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	invitation := r.named("invitation")
	// The hash comes first; without the event that names its id it opens nothing.
	_, err = a.Pool.Exec(ctx, `insert into hearth.credential (id, account, kind, value, created_at) values (@id, @account, @kind, @value, @now)
		on conflict (id) do nothing`,
		pgx.StrictNamedArgs{"id": invitation, "account": acc.ID, "kind": kindInvite, "value": invitationHash(code), "now": a.now()})
	if err != nil {
		return time.Time{}, fmt.Errorf("store invitation: %w", err)
	}
	expires = a.now().Add(user.LongestInvitation)
	return expires, a.single(ctx, acc.ID, &user.InviteLink{Invitation: invitation, Expires: expires}, r)
}

// SignInInvited is the door for somebody whom an identity provider vouches for and
// who has the code of an invitation: the identity is linked to its account. The
// rejections are invitation_over, external_taken and those of SignInExternal.
func (a *Accounts) SignInInvited(ctx context.Context, code string, x user.External, from Place) (Entry, error) {
	found, err := a.find(ctx, `exists (select from hearth.credential c where c.account = hearth.account.id
		and c.kind = @kind and c.value = @value and c.id::text = state->'invitation'->>'id')`,
		pgx.StrictNamedArgs{"kind": kindInvite, "value": invitationHash(code)})
	if err != nil {
		return Entry{}, err
	}
	if len(found) == 0 {
		return Entry{}, domain.Reject("invitation_over", "没有这个邀请码,或者已经用过、已过期。请核对,或向系统管理员要新的。")
	}
	acc := found[0]
	// Before the identity is reserved for this account: one that is refused must
	// not be kept from another.
	u, err := a.user(ctx, acc)
	if err != nil {
		return Entry{}, err
	}
	cmd := &user.LinkExternal{External: x, Invitation: acc.state.Invitation.ID}
	cmd.Stamp(domain.By{Actor: u.Actor(), At: a.now()})
	if _, err := user.Decider.Decide(acc.state, cmd); err != nil {
		return Entry{}, err
	}
	if err := a.link(ctx, acc.ID, cmd, Request{CommandID: uuid.New(), Actor: u.Actor(), Channel: "web"}); err != nil {
		return Entry{}, err
	}
	return a.SignInExternal(ctx, x.Issuer, x.Subject, from)
}

// invitationHash is the hash of a code, however it is written.
func invitationHash(code string) string {
	sum := sha256.Sum256([]byte("hearth-invitation/v1\x00" + strings.ToLower(strings.Join(strings.Fields(code), ""))))
	return hex.EncodeToString(sum[:])
}

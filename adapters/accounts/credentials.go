package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/user"
)

// hashing is OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is the hash of a password that nobody has; comparing with it makes an
// unknown login cost what a known one does.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// The kinds of credentials.
const (
	kindPassword = "password"
	kindTOTP     = "totp"
	kindCodes    = "codes"
	kindInvite   = "invitation"
)

// CheckPassword rejects a password that is too easy to guess: under ten
// characters, the login itself, or one and the same character.
func CheckPassword(login, password string) error {
	n := len([]rune(password))
	switch {
	case n < 10:
		return domain.Reject("password_short", "密码太短,请用至少10个字符,例如几个不相干的词连在一起。")
	case len(password) > 256:
		return domain.Reject("password_long", "密码太长,请不要超过256个字节。")
	case login != "" && strings.Contains(strings.ToLower(password), strings.ToLower(login)):
		return domain.Reject("password_login", "密码里不能有登录名,请换一个。")
	case strings.Count(password, password[:len(password)/n]) == n:
		return domain.Reject("password_simple", "密码不能是同一个字符的重复,请换一个。")
	}
	return nil
}

// SetPassword gives an account a new password and ends its sessions. With
// mustChange the user has to choose another one at the next sign-in; a password
// that an administrator has set on a page is always such.
func (a *Accounts) SetPassword(ctx context.Context, id, password string, mustChange bool, r Request) error {
	acc, err := a.byID(ctx, id)
	if err != nil {
		return err
	}
	return a.setPassword(ctx, acc, password, mustChange || r.Actor != console && r.Actor.ID != id, r)
}

// ChangePassword is SetPassword by the user, who knows the old one.
func (a *Accounts) ChangePassword(ctx context.Context, u User, old, password string, r Request) error {
	acc, err := a.byID(ctx, u.ID)
	if err != nil {
		return err
	}
	if err := a.holdUp(ctx, []lock{{key: "change password " + u.ID, free: freeTries, longest: longestWait}}); err != nil {
		return err
	}
	match, err := a.comparePassword(ctx, acc.state, old)
	switch {
	case err != nil:
		return err
	case !match:
		return domain.Reject("bad_password", "原密码不对,请重新输入。")
	case old == password:
		return domain.Reject("password_same", "新密码和原密码相同,请换一个。")
	}
	return a.setPassword(ctx, acc, password, false, r)
}

func (a *Accounts) setPassword(ctx context.Context, acc account, password string, mustChange bool, r Request) error {
	if err := CheckPassword(acc.Login, password); err != nil {
		return err
	}
	credential, err := a.keepPassword(ctx, acc.ID, password)
	if err != nil {
		return err
	}
	return a.single(ctx, acc.ID, &user.SetPassword{Credential: credential, MustChange: mustChange}, r)
}

// keepPassword stores the hash of a password and gives the id for the event that
// makes it count.
func (a *Accounts) keepPassword(ctx context.Context, account, password string) (string, error) {
	hash, err := a.hash(ctx, password)
	if err != nil {
		return "", err
	}
	id := uuid.New()
	return id.String(), a.keepCredential(ctx, id, account, kindPassword, hash)
}

func (a *Accounts) keepCredential(ctx context.Context, id uuid.UUID, account, kind, value string) error {
	_, err := a.Pool.Exec(ctx, "insert into hearth.credential (id, account, kind, value, created_at) values (@id, @account, @kind, @value, @now)",
		pgx.StrictNamedArgs{"id": id.String(), "account": account, "kind": kind, "value": value, "now": a.now()})
	if err != nil {
		return fmt.Errorf("store credential: %w", err)
	}
	return nil
}

// credential is a stored secret and the last step of it that was used.
func (a *Accounts) credential(ctx context.Context, id, kind string) (value string, used int64, err error) {
	if id == "" {
		return "", 0, nil
	}
	err = a.Pool.QueryRow(ctx, "select value, used from hearth.credential where id = $1 and kind = $2", id, kind).Scan(&value, &used)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", 0, nil // it opens nothing
	}
	if err != nil {
		return "", 0, fmt.Errorf("read credential: %w", err)
	}
	return value, used, nil
}

// The times of a credential that no event names: a new one may be on its way into
// the log, and one that was replaced is in the log that a backup of this moment
// holds.
const (
	underWay    = time.Hour
	stillBackup = 24 * time.Hour
)

// forgetCredentials drops what opens the account no more.
func (a *Accounts) forgetCredentials(batch *pgx.Batch, s user.State) {
	current := []string{s.Password, s.Factor, s.Codes}
	if s.Invitation != nil {
		current = append(current, s.Invitation.ID)
	}
	batch.Queue("update hearth.credential set replaced_at = $3 where account = $1 and replaced_at is null and not id::text = any($2) and created_at < $4",
		s.ID, current, a.now(), a.now().Add(-underWay))
	batch.Queue("delete from hearth.credential where account = $1 and replaced_at < $2 and not id::text = any($3)", s.ID, a.now().Add(-stillBackup), current)
}

// comparePassword compares a password with that of a state; the zero State has
// nobody's.
func (a *Accounts) comparePassword(ctx context.Context, s user.State, password string) (bool, error) {
	hash, _, err := a.credential(ctx, s.Password, kindPassword)
	if err != nil {
		return false, err
	}
	none := hash == ""
	if none {
		hash = nobody
	}
	if len(password) > 256 {
		password = "" // no stored password is that long; do not hash megabytes
	}
	done, err := a.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	return match && !none, nil
}

// hash makes the stored form of a password, waiting for its turn.
func (a *Accounts) hash(ctx context.Context, password string) (string, error) {
	done, err := a.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	hash, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

func (a *Accounts) turn(ctx context.Context) (func(), error) {
	select {
	case a.work <- struct{}{}:
		return func() { <-a.work }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

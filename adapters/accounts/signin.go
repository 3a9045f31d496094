package accounts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
)

// Failures from one address for one login are free up to freeTries; each
// further one doubles the wait, up to longestWait. After forgetAfter without a
// try all is forgotten. Another address is never held up, so nobody can lock
// somebody else out.
const (
	freeTries   = 5
	longestWait = time.Minute
	forgetAfter = 15 * time.Minute
)

// Authenticate is the user of a login and password, tried from a network
// address. The rejections are bad_credentials, account_disabled (told only to
// who knows the password) and too_many_tries.
func (a *Accounts) Authenticate(ctx context.Context, login, password, address string) (User, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	key := sha256.Sum256([]byte(login + "\x00" + address))
	// The try counts as failed before the password is looked at, so that many
	// tries at once are no way around the wait.
	if err := a.try(ctx, key[:]); err != nil {
		return User{}, err
	}
	u, hash, err := a.credentials(ctx, login)
	if err != nil {
		return User{}, err
	}
	match, err := a.compare(ctx, password, hash)
	if err != nil {
		return User{}, err
	}
	switch {
	case !match || u.ID == "":
		return User{}, domain.Reject("bad_credentials", "登录名或密码不对,请检查大小写和输入法后再试。")
	case u.Disabled:
		return User{}, domain.Reject("account_disabled", "这个账号已停用,请联系本单位的系统管理员。")
	}
	return u, a.tidy(ctx, key[:])
}

// try counts one try, or rejects it when it comes too soon after the failures
// before it.
func (a *Accounts) try(ctx context.Context, key []byte) error {
	args := pgx.StrictNamedArgs{
		"key": key, "now": a.now(), "forget": forgetAfter, "free": freeTries, "longest": longestWait,
	}
	// One statement, so that tries at once are counted one by one.
	var failures int
	err := a.pool.QueryRow(ctx, `
		insert into hearth.sign_in_try as t (key, failures, tried_at, next_at) values (@key, 1, @now, @now)
		on conflict (key) do update set
		    failures = case when t.tried_at < @now::timestamptz - @forget::interval then 1 else t.failures + 1 end,
		    tried_at = @now,
		    next_at  = case when t.tried_at < @now::timestamptz - @forget::interval or t.failures + 1 < @free then @now::timestamptz
		                    else @now::timestamptz + least(@longest::interval, interval '1 second' * 2 ^ least(t.failures + 1 - @free, 10)) end
		 where t.next_at <= @now
		returning failures`, args).Scan(&failures)
	if err == nil {
		return nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("count sign-in try: %w", err)
	}
	var next time.Time
	err = a.pool.QueryRow(ctx, "select next_at from hearth.sign_in_try where key = $1", key).Scan(&next)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("count sign-in try: %w", err)
	}
	wait := max(1, int((next.Sub(a.now())+time.Second-1)/time.Second))
	return domain.Reject("too_many_tries", "连续输错多次,请等%d秒再试。如果忘了密码,请联系系统管理员重设。", wait)
}

// credentials is the user of a login with the stored password; an unknown login
// has nobody's.
func (a *Accounts) credentials(ctx context.Context, login string) (User, string, error) {
	rows, err := a.pool.Query(ctx, "select "+userColumns+", password from hearth.account where login = $1", login)
	if err != nil {
		return User{}, "", fmt.Errorf("read account: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[struct {
		userRow
		Password string
	}])
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, nobody, nil
	}
	if err != nil {
		return User{}, "", fmt.Errorf("read account: %w", err)
	}
	return row.user(), row.Password, nil
}

func (a *Accounts) compare(ctx context.Context, password, hash string) (bool, error) {
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
	return match, nil
}

// tidy forgets the failures of who has signed in, and what is too old to count.
func (a *Accounts) tidy(ctx context.Context, key []byte) error {
	batch := &pgx.Batch{}
	batch.Queue("delete from hearth.sign_in_try where key = $1 or tried_at < $2", key, a.now().Add(-forgetAfter))
	batch.Queue("delete from hearth.session where expires <= $1", a.now())
	if err := a.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("after sign-in: %w", err)
	}
	return nil
}

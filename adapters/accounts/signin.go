package accounts

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/ticket"
	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
)

// DeviceLife is how long a browser stays known without a sign-in.
const DeviceLife = 400 * 24 * time.Hour

// patience is how long a sign-in waits for its event to be stored. While the log
// is closed or out of reach people still come in, to read.
const patience = 2 * time.Second

// Entry is somebody on the way in: who they have shown to be, and what is still
// asked. Begin lets in who needs nothing more.
type Entry struct {
	User   User
	How    user.How
	Factor user.Factor
	From   Place
	// NeedsCode says that the second factor is still to be shown, to SecondStep.
	NeedsCode bool
}

// Authenticate is the door for a login and a password. The rejections are
// bad_credentials, account_disabled (told only to who knows the password) and
// too_many_tries.
func (a *Accounts) Authenticate(ctx context.Context, login, password string, from Place) (Entry, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	acc, err := a.byLogin(ctx, login)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Entry{}, err
	}
	device, network, err := a.knows(ctx, acc.ID, from)
	if err != nil {
		return Entry{}, err
	}
	locks := from.locks("login\x00"+login, freeTries, longestWait, device, network)
	if err := a.holdUp(ctx, locks); err != nil {
		return Entry{}, a.failed(ctx, acc, user.FailureHeldUp, err)
	}
	match, err := a.comparePassword(ctx, acc.state, password)
	switch {
	case err != nil:
		return Entry{}, err
	case !match:
		return Entry{}, a.failed(ctx, acc, user.FailurePassword, domain.Reject("bad_credentials", "登录名或密码不对,请检查大小写和输入法后再试。"))
	case acc.state.Disabled:
		return Entry{}, a.failed(ctx, acc, user.FailureDisabled, disabled())
	}
	u, err := a.user(ctx, acc)
	if err != nil {
		return Entry{}, err
	}
	return Entry{User: u, How: user.HowPassword, From: from, NeedsCode: u.HasFactor}, a.tidy(ctx, locks)
}

func disabled() error {
	return domain.Reject("account_disabled", "这个账号已停用,请联系本单位的系统管理员。")
}

// SignInExternal is the door for somebody whom an identity provider vouches for.
// The rejections are external_unknown and account_disabled.
func (a *Accounts) SignInExternal(ctx context.Context, issuer, subject string, from Place) (Entry, error) {
	acc, err := a.byExternal(ctx, user.External{Issuer: issuer, Subject: subject})
	switch {
	case errors.Is(err, ErrNotFound):
		return Entry{}, domain.Reject("external_unknown", "这个统一身份还没有关联账号。请先用登录名和密码登录,在“我的账号”里关联;没有密码的,请向系统管理员要关联邀请码。")
	case err != nil:
		return Entry{}, err
	case acc.state.Disabled:
		return Entry{}, a.failed(ctx, acc, user.FailureDisabled, disabled())
	}
	u, err := a.user(ctx, acc)
	return Entry{User: u, How: user.HowExternal, From: from, NeedsCode: u.HasFactor}, err
}

// SecondStep is the door behind Authenticate and SignInExternal, for a code of the
// authenticator app or a recovery code. The rejections are bad_code and
// too_many_tries.
func (a *Accounts) SecondStep(ctx context.Context, id string, how user.How, code string, from Place) (Entry, error) {
	acc, err := a.byID(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	if acc.state.Disabled {
		return Entry{}, a.failed(ctx, acc, user.FailureDisabled, disabled())
	}
	device, network, err := a.knows(ctx, acc.ID, from)
	if err != nil {
		return Entry{}, err
	}
	locks := from.locks("code\x00"+id, freeTries, longestCode, device, network)
	if err := a.holdUp(ctx, locks); err != nil {
		return Entry{}, a.failed(ctx, acc, user.FailureHeldUp, err)
	}
	factor, err := a.useCode(ctx, acc.state, code)
	if no := rejection(err); no != nil {
		return Entry{}, a.failed(ctx, acc, user.FailureCode, err)
	}
	if err != nil {
		return Entry{}, err
	}
	u, err := a.user(ctx, acc)
	if err != nil {
		return Entry{}, err
	}
	return Entry{User: u, How: how, Factor: factor, From: from}, a.tidy(ctx, locks)
}

// Begin lets somebody in: the sign-in is recorded, the session of the token is
// theirs from now on, and the browser is known. The device token that it returns
// is for a cookie that lives for DeviceLife. Until when the session lasts at most
// is for the caller to say.
func (a *Accounts) Begin(ctx context.Context, e Entry, token string, until time.Time) (device string, err error) {
	if e.NeedsCode {
		return "", errors.New("accounts: begin without the second factor")
	}
	session := SessionID(token)
	r := Request{CommandID: uuid.NewSHA1(uuid.MustParse(session), []byte("sign in")), Actor: e.User.Actor(), Channel: "web"}
	if err := a.record(ctx, e.User.ID, &user.SignIn{How: e.How, Factor: e.Factor, Session: session}, r); err != nil {
		return "", err
	}
	known, _, err := a.knows(ctx, e.User.ID, e.From)
	if err != nil {
		return "", err
	}
	if device = e.From.Device; !known {
		device = newSecret() // never one that the browser brought along
	}
	now := a.now()
	batch := &pgx.Batch{}
	batch.Queue(`insert into hearth.session (ref, data, expires, id, account, began, seen, browser) values (@ref, '', @until, @id, @account, @now, @minute, @browser)
		on conflict (ref) do update set id = @id, account = @account, began = @now, seen = @minute, browser = @browser`,
		pgx.StrictNamedArgs{
			"ref": ticket.Ref(token), "until": until, "id": session, "account": e.User.ID, "now": now, "minute": now.Truncate(time.Minute),
			"browser": BrowserFamily(e.From.Browser),
		})
	const place = `insert into hearth.known_place (account, kind, place, seen_at) values ($1, $2, $3, $4) on conflict (account, kind, place) do update set seen_at = $4`
	batch.Queue(place, e.User.ID, placeDevice, ticket.Ref(device), now)
	batch.Queue(place, e.User.ID, placeNetwork, a.hashed(placeNetwork, e.From.network()), now)
	if err := a.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return "", fmt.Errorf("begin session: %w", err)
	}
	return device, nil
}

// SignOut ends a user's own session.
func (a *Accounts) SignOut(ctx context.Context, u User, token string) error {
	session := SessionID(token)
	r := Request{CommandID: uuid.NewSHA1(uuid.MustParse(session), []byte("sign out")), Actor: u.Actor(), Channel: "web"}
	if err := a.record(ctx, u.ID, &user.SignOut{Session: session}, r); err != nil {
		return err
	}
	return a.endSession(ctx, token)
}

// record stores what happened at the door. That the log is closed or out of reach
// keeps nobody out; a rejection does.
func (a *Accounts) record(ctx context.Context, id string, cmd user.Command, r Request) error {
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := a.single(soon, id, cmd, r)
	if err == nil || rejection(err) != nil && !errors.Is(err, eventstore.ErrReadOnly) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.Log.WarnContext(ctx, "not in the log of the account", "command", user.NameOf(cmd), "err", err)
	return nil
}

func newSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return base64.RawURLEncoding.EncodeToString(secret)
}

// failed notes why somebody did not get in and answers with the rejection. Of a
// login that nobody has there is nothing to note.
func (a *Accounts) failed(ctx context.Context, acc account, why user.Failure, answer error) error {
	if acc.ID == "" || rejection(answer) == nil {
		return answer
	}
	if err := a.noteFailure(ctx, acc.ID, why); err != nil {
		a.Log.WarnContext(ctx, "failed sign-in not counted", "err", err)
	}
	if why == user.FailureHeldUp {
		// The id follows from the account and the time: once in each stretch.
		id := uuid.NewSHA1(uuid.MustParse(acc.ID), fmt.Append(nil, "hold up ", a.now().Truncate(forgetAfter).Unix()))
		if err := a.record(ctx, acc.ID, &user.HoldUp{}, Request{CommandID: id, Actor: clerk, Channel: "web"}); err != nil {
			a.Log.WarnContext(ctx, "lock-out not in the log", "err", err)
		}
	}
	return answer
}

// tellEvery is how often the log hears of failed sign-ins of one account.
const tellEvery = time.Minute

// noteFailure counts a failed sign-in, and tells the log unless it was told within
// the minute; then Run tells it later.
func (a *Accounts) noteFailure(ctx context.Context, id string, why user.Failure) error {
	var told time.Time
	err := a.Pool.QueryRow(ctx, `
		with added as (
			insert into hearth.sign_in_failure as f (account, why, count, told_at) values (@id, @why, 1, to_timestamp(0))
			on conflict (account, why) do update set count = f.count + 1)
		select coalesce(max(told_at), to_timestamp(0)) from hearth.sign_in_failure where account = @id`,
		pgx.StrictNamedArgs{"id": id, "why": why}).Scan(&told)
	if err != nil {
		return fmt.Errorf("count failure: %w", err)
	}
	if a.now().Sub(told) < tellEvery {
		return nil
	}
	return a.tellFailures(ctx, "account = @id", pgx.StrictNamedArgs{"id": id})
}

// failure is a count that the log has not heard of.
type failure struct {
	Account string
	Why     user.Failure
	Count   int
	ToldAt  time.Time
}

// tellFailures tells the log of one count of each account that a condition
// chooses. A crash between event and row tells the same count twice under one
// command id, so that it is stored once.
func (a *Accounts) tellFailures(ctx context.Context, where string, args pgx.StrictNamedArgs) error {
	rows, err := a.Pool.Query(ctx, `select distinct on (account) account::text, why, count, told_at from hearth.sign_in_failure
		where count > 0 and `+where+` order by account, count desc`, args)
	if err != nil {
		return fmt.Errorf("read failures: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByName[failure])
	if err != nil {
		return fmt.Errorf("read failures: %w", err)
	}
	for _, f := range counts {
		id := uuid.NewSHA1(uuid.MustParse(f.Account), fmt.Append(nil, "failures ", f.Why, f.ToldAt.UnixMicro()))
		r := Request{CommandID: id, Actor: clerk, Channel: "web"}
		soon, cancel := context.WithTimeout(ctx, patience)
		err := a.single(soon, f.Account, &user.FailSignIn{Why: f.Why, Count: f.Count}, r)
		cancel()
		if err != nil {
			return err
		}
		if _, err := a.Pool.Exec(ctx, "update hearth.sign_in_failure set count = count - $3, told_at = $4 where account = $1 and why = $2 and told_at = $5",
			f.Account, f.Why, f.Count, a.now(), f.ToldAt); err != nil {
			return fmt.Errorf("count failure: %w", err)
		}
	}
	return nil
}

package accounts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
)

// Start brings all rows up to the log, and accounts of before accounts were
// events into it. What it could not do, Run does later.
func (a *Accounts) Start(ctx context.Context) error {
	rows, err := a.Pool.Query(ctx, "select id::text from hearth.account order by created_at, id")
	if err != nil {
		return fmt.Errorf("list accounts: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list accounts: %w", err)
	}
	for _, id := range ids {
		acc, err := a.bringUp(ctx, id)
		if err == nil && acc.Version == 0 && acc.Legacy != nil {
			err = a.bringOver(ctx, acc)
		}
		if err != nil {
			return fmt.Errorf("account %s: %w", id, err)
		}
	}
	return nil
}

// Run keeps the rows up with the log, which other instances write to as well, and
// tells the log of failed sign-ins that are not in it yet. It returns when ctx
// ends.
func (a *Accounts) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { a.tellLater(ctx) })
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, time.Minute) {
		if err := a.follow(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, eventstore.ErrReadOnly) {
			a.Log.WarnContext(ctx, "accounts do not follow the log", "err", err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	wg.Wait()
}

// follow brings up the rows whose streams have moved. It begins at the end that
// the log has now; what is before that is for Start.
func (a *Accounts) follow(ctx context.Context) error {
	store := a.Engine.Store()
	end, err := store.End(ctx)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	feed, err := store.Follow(ctx, end)
	if err != nil {
		return err
	}
	defer feed.Close()
	for {
		commits, err := feed.Next(ctx, 500)
		if err != nil {
			return err
		}
		for _, c := range commits {
			if c.Stream.Family != user.Family {
				continue
			}
			if _, err := a.bringUp(ctx, c.Stream.Case); err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
		}
	}
}

func (a *Accounts) tellLater(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := a.TellFailures(ctx); err != nil && ctx.Err() == nil {
				a.Log.WarnContext(ctx, "failed sign-ins not in the log yet", "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// TellFailures tells the log of the failed sign-ins of accounts of which it has
// not heard within the last minute.
func (a *Accounts) TellFailures(ctx context.Context) error {
	return a.tellFailures(ctx, `not exists (select from hearth.sign_in_failure g where g.account = hearth.sign_in_failure.account and g.told_at > @since)`,
		pgx.StrictNamedArgs{"since": a.now().Add(-tellEvery)})
}

// ready brings an account over that Start has not come to, before a command.
func (a *Accounts) ready(ctx context.Context, id string) error {
	acc, err := a.byID(ctx, id)
	if err != nil || acc.Legacy == nil {
		return err
	}
	return a.bringOver(ctx, acc)
}

func legacyGrant(id string, role domain.Role) string {
	return uuid.NewSHA1(uuid.MustParse(id), []byte("grant "+role)).String()
}

// bringOver puts an account of before accounts were events into the log. Its
// command ids follow from the account: done twice, it is stored once.
func (a *Accounts) bringOver(ctx context.Context, acc account) error {
	l, today := acc.Legacy, a.today()
	wishes := []user.Command{&user.Create{User: acc.ID, Identity: user.Identity{Login: acc.Login, Name: l.Name}, Home: l.Org}}
	if l.Password != "" {
		wishes = append(wishes, &user.SetPassword{Credential: l.Password})
	}
	for _, role := range l.Roles {
		wishes = append(wishes, &user.GrantRole{How: user.HowMigrated, Terms: user.Terms{
			Grant: legacyGrant(acc.ID, role), Role: role, Org: l.Org, From: today, Reason: user.ReasonDuty,
		}})
	}
	tokens, err := a.legacyTokens(ctx, acc.ID)
	if err != nil {
		return err
	}
	for i := range tokens {
		wishes = append(wishes, &tokens[i])
	}
	if l.Disabled {
		wishes = append(wishes, &user.Disable{Reason: user.ReasonOther})
	}
	r := Request{CommandID: uuid.NewSHA1(uuid.MustParse(acc.ID), []byte("bring over")), Actor: clerk, Channel: "job"}
	_, err = a.issue(ctx, r, func(context.Context, *eventstore.Unit) ([]wish, error) { return a.possible(ctx, acc.ID, wishes), nil })
	if err != nil {
		return err
	}
	_, err = a.Pool.Exec(ctx, "update hearth.api_token set label = null, scopes = null, expires_at = null where account = $1", acc.ID)
	return err
}

// possible leaves out what the rules of today refuse, such as roles that have
// come to exclude one another: the rest of the account is brought over without.
func (a *Accounts) possible(ctx context.Context, id string, cmds []user.Command) []wish {
	s, by := user.State{}, domain.By{Actor: clerk, At: a.now()}
	var wishes []wish
	for _, cmd := range cmds {
		cmd.Stamp(by)
		events, err := user.Decider.Decide(s, cmd)
		if err != nil {
			a.Log.WarnContext(ctx, "not brought over", "account", id, "command", user.NameOf(cmd), "err", err)
			continue
		}
		s = user.Decider.Fold(s, events...)
		wishes = append(wishes, wish{id, cmd})
	}
	return wishes
}

func (a *Accounts) legacyTokens(ctx context.Context, id string) ([]user.IssueToken, error) {
	rows, err := a.Pool.Query(ctx, `select id::text, label, scopes, expires_at as expires from hearth.api_token
		where account = $1 and label is not null and revoked_at is null order by created_at, id`, id)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	type token struct {
		ID      string
		Label   string
		Scopes  []Scope
		Expires time.Time
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[token])
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	cmds := make([]user.IssueToken, len(found))
	for i, t := range found {
		cmds[i] = user.IssueToken{ID: t.ID, Label: t.Label, Scopes: t.Scopes, Expires: t.Expires.UTC()}
	}
	return cmds, nil
}

package accounts

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
)

// NewUser is what Create needs to know. Roles are at Org, from today on.
type NewUser struct {
	Login      string
	Name       string
	Org        string
	Roles      []domain.Role
	Password   string // empty: none, the user signs in otherwise or gets one later
	MustChange bool   // the password, at the first sign-in
	Reason     user.Reason
}

// Create makes an account. Its roles are asked for, and come into force when
// another administrator agrees; on the command line, as long as there are fewer
// than two administrators, at once. A login that is taken, roles that exclude one
// another and a weak password are rejected.
func (a *Accounts) Create(ctx context.Context, n NewUser, r Request) (User, error) {
	if err := r.check(); err != nil {
		return User{}, err
	}
	n.Login = strings.ToLower(strings.TrimSpace(n.Login))
	cmd := &user.Create{Identity: user.Identity{Login: n.Login, Name: n.Name}, Home: n.Org}
	if err := a.checkNew(ctx, n, cmd); err != nil {
		return User{}, err
	}
	id, err := a.reserve(ctx, n.Login, r.named("account"))
	if err != nil {
		return User{}, err
	}
	cmd.User = id
	wishes := []wish{{id, cmd}}
	if n.Password != "" {
		credential, err := a.keepPassword(ctx, id, n.Password)
		if err != nil {
			return User{}, err
		}
		wishes = append(wishes, wish{id, &user.SetPassword{Credential: credential, MustChange: n.MustChange}})
	}
	roles, err := a.roleWishes(ctx, id, n, r)
	if err != nil {
		return User{}, err
	}
	wishes = append(wishes, roles...)
	if _, err := a.issue(ctx, r, func(context.Context, *eventstore.Unit) ([]wish, error) { return wishes, nil }); err != nil {
		return User{}, taken(err, n.Login)
	}
	return a.Get(ctx, id)
}

// checkNew finds out what is wrong before anything is reserved.
func (a *Accounts) checkNew(ctx context.Context, n NewUser, cmd *user.Create) error {
	trial := *cmd
	trial.User = uuid.Nil.String()
	if _, err := user.Decider.Decide(user.State{}, &trial); err != nil {
		return err
	}
	if err := a.knownUnit(ctx, cmd); err != nil {
		return err
	}
	if len(n.Roles) > 0 {
		if err := user.CheckRoles(n.Roles); err != nil {
			return err
		}
	}
	if n.Password == "" {
		return nil
	}
	return CheckPassword(n.Login, n.Password)
}

// roleWishes are the commands that give a new account its roles, or ask for them.
func (a *Accounts) roleWishes(ctx context.Context, id string, n NewUser, r Request) ([]wish, error) {
	reason := n.Reason
	if reason == "" {
		reason = user.ReasonNewStaff
	}
	how, admins, err := a.directly(ctx, r)
	if err != nil {
		return nil, err
	}
	var wishes []wish
	for _, role := range n.Roles {
		t := user.Terms{Grant: r.named("grant " + string(role)), Role: role, Org: n.Org, Reason: reason}
		if how == "" {
			wishes = append(wishes, wish{id, &user.RequestRole{Terms: t}})
			continue
		}
		wishes = append(wishes, wish{id, &user.GrantRole{Terms: t, How: how, Administrators: admins}})
	}
	return wishes, nil
}

// directly tells how a request grants without a second administrator, if it may.
func (a *Accounts) directly(ctx context.Context, r Request) (user.GrantHow, int, error) {
	switch {
	case r.Channel == demoChannel && r.Actor == clerk:
		return user.HowDemo, 0, nil
	case r.Actor != console:
		return "", 0, nil
	}
	n, err := a.administrators(ctx)
	if err != nil || n >= user.EnoughAdministrators {
		return "", n, err
	}
	return user.HowConsole, n, nil
}

// Give grants a role as far as the request may alone, and asks for it otherwise;
// pending says which.
func (a *Accounts) Give(ctx context.Context, id string, t user.Terms, r Request) (pending bool, err error) {
	how, _, err := a.directly(ctx, r)
	if err != nil {
		return false, err
	}
	if how == "" || t.Delegated() {
		_, err = a.Do(ctx, id, &user.RequestRole{Terms: t}, r)
		return true, err
	}
	_, err = a.Do(ctx, id, &user.GrantRole{Terms: t, How: how}, r)
	return false, err
}

// reserve takes a login. It comes before the events, for only the table keeps it
// unique; a crash behind it leaves a login without an account, which whoever asks
// for it next takes over.
func (a *Accounts) reserve(ctx context.Context, login, id string) (string, error) {
	var holder string
	var made bool
	err := pgx.BeginFunc(ctx, a.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "insert into hearth.account (id, login, created_at) values ($1, $2, $3) on conflict (login) do nothing", id, login, a.now())
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select id::text, state is not null or legacy is not null from hearth.account where login = $1", login).Scan(&holder, &made)
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("reserve login: %w", err)
	case made && holder != id:
		return "", loginTaken(login)
	}
	return holder, nil
}

func loginTaken(login string) error {
	return domain.Reject("login_taken", "登录名“%s”已经有人用了,请换一个。", login)
}

// taken tells that somebody else made an account of the login at this moment.
func taken(err error, login string) error {
	if no := rejection(err); no != nil && no.Code == "user_exists" {
		return loginTaken(login)
	}
	return err
}

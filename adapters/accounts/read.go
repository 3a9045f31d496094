package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/user"
)

// Get is the user of an id, disabled or not.
func (a *Accounts) Get(ctx context.Context, id string) (User, error) {
	acc, err := a.byID(ctx, id)
	if err != nil {
		return User{}, err
	}
	return a.user(ctx, acc)
}

// ByLogin is the user of a login, disabled or not.
func (a *Accounts) ByLogin(ctx context.Context, login string) (User, error) {
	acc, err := a.byLogin(ctx, login)
	if err != nil {
		return User{}, err
	}
	return a.user(ctx, acc)
}

// List is all users, by unit and login.
func (a *Accounts) List(ctx context.Context) ([]User, error) {
	all, err := a.find(ctx, "true", nil)
	if err != nil {
		return nil, err
	}
	states := states(all)
	users := make([]User, len(all))
	for i, acc := range all {
		users[i] = a.userOf(acc, states)
	}
	slices.SortFunc(users, func(x, y User) int {
		return cmpOr(strings.Compare(x.Org, y.Org), strings.Compare(x.Login, y.Login))
	})
	return users, nil
}

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

func states(all []account) map[string]user.State {
	m := make(map[string]user.State, len(all))
	for _, acc := range all {
		m[acc.ID] = acc.state
	}
	return m
}

// user is an account as pages know it. Whoever acts on behalf of somebody does so
// only while that one has the office.
func (a *Accounts) user(ctx context.Context, acc account) (User, error) {
	var holders []string
	for _, g := range acc.state.On(a.today()) {
		if g.Delegated() {
			holders = append(holders, g.OnBehalfOf)
		}
	}
	var offices map[string]user.State
	if len(holders) > 0 {
		found, err := a.find(ctx, "id::text = any(@holders)", pgx.StrictNamedArgs{"holders": holders})
		if err != nil {
			return User{}, err
		}
		offices = states(found)
	}
	return a.userOf(acc, offices), nil
}

func (a *Accounts) userOf(acc account, offices map[string]user.State) User {
	s, today := acc.state, a.today()
	u := User{
		ID: acc.ID, Login: acc.Login, Name: s.Identity.Name, Org: s.Home,
		Disabled: s.Disabled, Generation: s.Generation, CreatedAt: acc.CreatedAt.UTC(), HasFactor: s.Factor != "", MustChange: s.MustChange,
	}
	for _, g := range s.On(today) {
		if g.Delegated() && !offices[g.OnBehalfOf].Office().HoldsOn(g.Terms, today) {
			continue
		}
		u.Grants = append(u.Grants, Grant{Role: g.Role, Org: g.Org, To: g.To, For: g.OnBehalfOf})
		if !slices.Contains(u.Roles, g.Role) {
			u.Roles = append(u.Roles, g.Role)
		}
	}
	u.MustSetFactor = a.mustSetFactor(s, u.Roles)
	return u
}

// Account is a user with all that administrators look at: every grant that was
// ever asked for, tokens, what waits for a decision.
type Account struct {
	User
	State user.State
}

// Account is the account of an id.
func (a *Accounts) Account(ctx context.Context, id string) (Account, error) {
	acc, err := a.byID(ctx, id)
	if err != nil {
		return Account{}, err
	}
	u, err := a.user(ctx, acc)
	return Account{User: u, State: acc.state}, err
}

// Directory is all accounts, by unit and login.
func (a *Accounts) Directory(ctx context.Context) ([]Account, error) {
	all, err := a.find(ctx, "true", nil)
	if err != nil {
		return nil, err
	}
	states := states(all)
	accounts := make([]Account, len(all))
	for i, acc := range all {
		accounts[i] = Account{User: a.userOf(acc, states), State: acc.state}
	}
	slices.SortFunc(accounts, func(x, y Account) int {
		return cmpOr(strings.Compare(x.Org, y.Org), strings.Compare(x.Login, y.Login))
	})
	return accounts, nil
}

// Pending is something that waits for a second administrator: a grant, or the
// removal of a second factor.
type Pending struct {
	User        User
	Grant       *user.Grant
	Removal     *user.Removal
	RequestedBy string // user id
}

// Pending is all that waits for a decision.
func (a *Accounts) Pending(ctx context.Context) ([]Pending, error) {
	all, err := a.Directory(ctx)
	if err != nil {
		return nil, err
	}
	var pending []Pending
	for _, acc := range all {
		for _, g := range acc.State.Pending() {
			pending = append(pending, Pending{User: acc.User, Grant: &g, RequestedBy: g.RequestedBy})
		}
		if r := acc.State.Removal; r != nil {
			pending = append(pending, Pending{User: acc.User, Removal: r, RequestedBy: r.By})
		}
	}
	return pending, nil
}

// rejection is the answer no in an error, nil for every other error.
func rejection(err error) *domain.Rejection {
	no, _ := errors.AsType[*domain.Rejection](err)
	return no
}

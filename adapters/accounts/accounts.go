package accounts

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/domain/user"
	"hearth/eventstore"
)

// ErrNotFound says that there is no such account, session or token.
var ErrNotFound = errors.New("accounts: not found")

// Authority says who may do what. The policies in force are one.
type Authority interface {
	// Check is nil when the request is allowed, else a rejection.
	Check(r policy.Request) error
	// Digest names the rules by which Check answers; it goes into every event.
	Digest() string
}

// Vault seals what is personal or secret in the tables, and hashes what is only
// looked up. *vault.Vault is one.
type Vault interface {
	eventstore.Protector
	Words(kind string, words []string) []int64
}

// Requirement is who must have a second factor.
type Requirement string

// The requirements.
const (
	RequireNobody Requirement = "off"
	RequireAdmins Requirement = "admins"
	RequireAll    Requirement = "all"
)

// Valid reports whether it is one of the three, or empty.
func (r Requirement) Valid() bool {
	return r == "" || r == RequireNobody || r == RequireAdmins || r == RequireAll
}

// Config is what Accounts are made from.
type Config struct {
	Pool   *pgxpool.Pool // over a migrated database
	Engine *eventstore.Engine
	Vault  Vault
	Now    func() time.Time
	// Authority is who says who may do what; nil means the policies in force.
	Authority Authority
	// Units is the tree of organisation units; nil means the founding one.
	Units func(context.Context) (orgunit.Tree, error)
	// SecondFactor is who must have one; empty means nobody.
	SecondFactor Requirement
	Log          *slog.Logger // nil means slog.Default
}

// Accounts is the store of users, sessions and tokens. Safe for concurrent use.
type Accounts struct {
	Config
	// work bounds how many passwords are hashed at once, so that a flood of
	// tries costs neither the memory nor the processors that others need.
	work chan struct{}
}

// New makes Accounts. Start brings them up to the log, Run keeps them so.
func New(c Config) *Accounts {
	if c.Authority == nil {
		c.Authority = policy.InForce()
	}
	if c.Units == nil {
		c.Units = func(context.Context) (orgunit.Tree, error) { return orgunit.Founding(), nil }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Accounts{Config: c, work: make(chan struct{}, 2)}
}

// Grant is a role that a user has today. For is the user whose office it is,
// empty for their own.
type Grant struct {
	Role domain.Role
	Org  string
	To   domain.Date // zero: until it is revoked
	For  string
}

// User is somebody who may sign in. ID is random and says nothing about the
// person; it is what events hold. Grants are those in force today, the user's own
// first; Roles is their union. Generation rises when all sessions are to end.
type User struct {
	ID         string
	Login      string
	Name       string
	Org        string // home
	Grants     []Grant
	Roles      []domain.Role
	Disabled   bool
	Generation int
	CreatedAt  time.Time
	HasFactor  bool // a code is asked for at sign-in
	// MustChange and MustSetFactor say that the user has to set a password of
	// their own, or a second factor, before anything else.
	MustChange    bool
	MustSetFactor bool
}

// Has reports whether the user holds one of the roles.
func (u User) Has(roles ...domain.Role) bool {
	return slices.ContainsFunc(roles, func(r domain.Role) bool { return slices.Contains(u.Roles, r) })
}

// Actor is the user acting: as the first of the given roles that the user
// holds, else as the user's own first role, at the unit of the grant.
func (u User) Actor(as ...domain.Role) domain.Actor {
	for _, r := range as {
		if u.Has(r) {
			return u.as(r)
		}
	}
	if len(u.Roles) > 0 {
		return u.as(u.Roles[0])
	}
	return u.as("")
}

// as is the user in a role; the home unit stands in when no grant tells another.
func (u User) as(r domain.Role) domain.Actor {
	for _, g := range u.Grants {
		if g.Role == r {
			return domain.Actor{ID: u.ID, Org: g.Org, Role: r}
		}
	}
	return domain.Actor{ID: u.ID, Org: u.Org, Role: r}
}

// Actors is the user in each role at each unit, for asking what they see.
func (u User) Actors() []domain.Actor {
	var all []domain.Actor
	add := func(a domain.Actor) {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	for _, g := range u.Grants {
		add(domain.Actor{ID: u.ID, Org: g.Org, Role: g.Role})
	}
	for _, r := range u.Roles {
		add(u.as(r))
	}
	return all
}

// For is the user on whose behalf (代) somebody acts as an actor of theirs; empty
// when the user has the role at the unit in their own right.
func (u User) For(a domain.Actor) string {
	behalf := ""
	for _, g := range u.Grants {
		if g.Role != a.Role || g.Org != a.Org {
			continue
		}
		if g.For == "" {
			return ""
		}
		if behalf == "" {
			behalf = g.For
		}
	}
	return behalf
}

// now has the precision that everything is stored in.
func (a *Accounts) now() time.Time { return a.Now().UTC().Truncate(time.Microsecond) }

func (a *Accounts) today() domain.Date { return domain.DateOf(a.now()) }

// mustSetFactor reports whether somebody with such a state has to set a second
// factor before anything else.
func (a *Accounts) mustSetFactor(s user.State, roles []domain.Role) bool {
	if s.Factor != "" {
		return false
	}
	switch a.SecondFactor {
	case RequireAll:
		return true
	case RequireAdmins:
		return slices.ContainsFunc(roles, user.Administrative)
	case RequireNobody:
	}
	return false
}

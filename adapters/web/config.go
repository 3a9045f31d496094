package web

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/alexedwards/scs/v2"

	accesslog "hearth/adapters/access"
	"hearth/adapters/accounts"
	"hearth/adapters/guard"
	"hearth/domain/orgunit"
	"hearth/domain/user"
	"hearth/eventstore"
	"hearth/projections"
)

// Accounts is who may sign in; *accounts.Accounts is one.
type Accounts interface {
	Authenticate(ctx context.Context, login, password string, from accounts.Place) (accounts.Entry, error)
	SignInExternal(ctx context.Context, issuer, subject string, from accounts.Place) (accounts.Entry, error)
	SignInInvited(ctx context.Context, invitation string, x user.External, from accounts.Place) (accounts.Entry, error)
	SecondStep(ctx context.Context, id string, how user.How, code string, from accounts.Place) (accounts.Entry, error)
	SetPassword(ctx context.Context, id, password string, mustChange bool, r accounts.Request) error
	ConfirmFactor(ctx context.Context, u accounts.User, secret, code string, r accounts.Request) (recovery []string, err error)
	LinkExternal(ctx context.Context, id string, x user.External, r accounts.Request) error
	Begin(ctx context.Context, e accounts.Entry, token string, until time.Time) (device string, err error)
	SignOut(ctx context.Context, u accounts.User, token string) error
	Get(ctx context.Context, id string) (accounts.User, error)
}

// Models is what pages need to know about read models; *projections.Monitor is
// one.
type Models interface {
	// Wait waits until a read model has reached a position.
	Wait(ctx context.Context, model string, pos eventstore.Position) error
	// Status tells where each read model stands.
	Status(ctx context.Context) []projections.Status
	// Subscribe tells about read models that move, until the func is called.
	Subscribe() (<-chan projections.Notice, func())
	positions
}

// Check is one thing that must work. Name is for machines, Title for people.
// Shared says that what is wrong is wrong for all instances, so that another one
// would be of no more use than this.
type Check struct {
	Name   string
	Title  string
	Shared bool
	Run    func(context.Context) error
}

// Alarm is 告警: what stands in red on every page until it is over. Code is for
// machines; Closed says that nothing can be saved meanwhile.
type Alarm struct {
	Code   string
	Text   string
	Closed bool
}

// Standing is one line of the operations page about how the log is kept.
type Standing struct {
	Name  string
	Badge Badge
	Text  string
}

// Config is what a Shell is made from.
type Config struct {
	Accounts Accounts
	Sessions scs.Store
	Models   Models            // nil: no page reads any
	Titles   map[string]string // of the read models, for people
	Checks   []Check
	Families []Family
	Units    func() orgunit.Tree                  // as it is known now; nil: the founding tree
	Alarms   func() []Alarm                       // nil: there are none
	Keeping  func(ctx context.Context) []Standing // nil: nothing to tell
	Access   *accesslog.Recorder                  // nil: nobody writes down who looked, and nothing is shown in the clear
	Log      *slog.Logger
	Now      func() time.Time

	Org       string         // whose name is on every page, such as 晋城市总工会
	Version   string         // of the program
	Provider  Provider       // of identities, nil: none
	BaseURL   string         // where browsers find us; empty: where the request says
	Origin    guard.Origin   // where requests come from
	Limits    *guard.Limiter // how often; nil: as often as they like
	Times     guard.Times    // how long; zero means guard.DefaultTimes
	Idle      time.Duration  // a session without a click ends; 0 means an hour
	Lifetime  time.Duration  // every session ends; 0 means twelve hours
	HeartBeat time.Duration  // of a live connection, which then looks at its session; 0 means 15 s
	Demo      []accounts.NewUser
}

func (c *Config) alarms() []Alarm {
	if c.Alarms == nil {
		return nil
	}
	return c.Alarms()
}

func (c *Config) standing(ctx context.Context) []Standing {
	if c.Keeping == nil {
		return nil
	}
	return c.Keeping(ctx)
}

func (c *Config) check() error {
	switch {
	case c.Accounts == nil || c.Sessions == nil:
		return errors.New("web: accounts and sessions are needed")
	case c.Log == nil || c.Now == nil:
		return errors.New("web: a log and a clock are needed")
	}
	if c.Units == nil {
		founding := orgunit.Founding()
		c.Units = func() orgunit.Tree { return founding }
	}
	if c.Org == "" {
		c.Org = "晋城市总工会"
	}
	if c.Idle == 0 {
		c.Idle = time.Hour
	}
	if c.Times == (guard.Times{}) {
		c.Times = guard.DefaultTimes()
	}
	if c.HeartBeat == 0 {
		c.HeartBeat = heartBeat
	}
	if c.Lifetime == 0 {
		c.Lifetime = 12 * time.Hour
	}
	return nil
}

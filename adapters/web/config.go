package web

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/alexedwards/scs/v2"

	"hearth/adapters/accounts"
	"hearth/eventstore"
)

// Accounts is who may sign in; *accounts.Accounts is one.
type Accounts interface {
	Authenticate(ctx context.Context, login, password, address string) (accounts.User, error)
	Get(ctx context.Context, id string) (accounts.User, error)
}

// Waiter waits until a read model has reached a position.
type Waiter interface {
	Wait(ctx context.Context, model string, pos eventstore.Position) error
}

// StatusReader tells where each read model stands.
type StatusReader interface {
	Status(ctx context.Context) ([]ModelStatus, error)
}

// ModelStatus is where one read model stands.
type ModelStatus struct {
	Name     string              // of the projection
	Title    string              // for people
	Version  int                 // that serves, or is built first
	Serving  bool                // readers have a version to look at
	Position eventstore.Position // that it has reached
	End      eventstore.Position // of the log
	Lag      time.Duration       // age of the oldest event that is not in it
	Building int                 // version that is built beside it, 0 for none
	Built    eventstore.Position // that the new version has reached
	Problem  string              // why it stands still, empty when it does not
	Corrupt  bool                // the log itself is damaged
}

// CaughtUp reports whether readers see what was stored some seconds ago.
func (m ModelStatus) CaughtUp() bool {
	return m.Serving && m.Problem == "" && !m.Corrupt && (m.Position >= m.End || m.Lag < tolerableLag)
}

const tolerableLag = 10 * time.Second

// Notice says that a read model has moved.
type Notice = struct {
	Name     string
	Position eventstore.Position
}

// Notifier tells about read models that move; the func ends the subscription.
type Notifier interface {
	Subscribe() (<-chan Notice, func())
}

// Check is one thing that must work for the program to be ready.
type Check struct {
	Name string
	Run  func(context.Context) error
}

// Config is what a Shell is made from.
type Config struct {
	Accounts Accounts
	Sessions scs.Store
	Waiter   Waiter       // nil: pages never wait
	Status   StatusReader // nil: no read models
	Notices  Notifier     // nil: pages are not live
	Checks   []Check
	Families []Family
	Log      *slog.Logger
	Now      func() time.Time

	Org            string         // whose name is on every page, such as 晋城市总工会
	Version        string         // of the program
	Secure         bool           // pages are served over TLS
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Idle           time.Duration  // a session without a click ends; 0 means an hour
	Lifetime       time.Duration  // every session ends; 0 means twelve hours
	Demo           []accounts.NewUser
}

func (c *Config) check() error {
	switch {
	case c.Accounts == nil || c.Sessions == nil:
		return errors.New("web: accounts and sessions are needed")
	case c.Log == nil || c.Now == nil:
		return errors.New("web: a log and a clock are needed")
	}
	if c.Org == "" {
		c.Org = "晋城市总工会"
	}
	if c.Idle == 0 {
		c.Idle = time.Hour
	}
	if c.Lifetime == 0 {
		c.Lifetime = 12 * time.Hour
	}
	return nil
}

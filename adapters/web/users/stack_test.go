package users_test

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/accounts"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/oidc"
	"hearth/adapters/oidc/oidctest"
	"hearth/adapters/postgres"
	"hearth/adapters/web"
	"hearth/adapters/web/users"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/timeline"
)

const password = "a long pass phrase for tests"

// stack is accounts over a database of this test alone and a log in memory, the
// timeline, a provider of identities, and the shell with these pages.
type stack struct {
	*webtest.Shell
	t        testing.TB
	pool     *pgxpool.Pool
	users    *accounts.Accounts
	store    *memstore.Store
	runner   *projections.Runner
	provider *oidctest.Provider
	one, two accounts.User // administrators

	mu  sync.Mutex
	now time.Time // guarded by mu
}

// Now is the stack's time; it is the true time, for the provider's tokens bear it.
func (s *stack) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stack) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func newStack(t testing.TB, edit ...func(*accounts.Config)) *stack {
	t.Helper()
	s := &stack{t: t, pool: pgtest.Pool(t), now: webtest.Now(), provider: oidctest.New(t)}
	if err := postgres.Migrate(t.Context(), s.pool); err != nil {
		t.Fatal(err)
	}
	keys := vault.NewMemory()
	s.store = memstore.New(eventstore.NewRegistry(user.Specs()).Protected(keys))
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	c := accounts.Config{Pool: s.pool, Engine: eventstore.NewEngine(s.store, 100), Vault: keys, Now: s.Now, Log: quiet}
	for _, f := range edit {
		f(&c)
	}
	s.users = accounts.New(c)
	s.runner = projections.New(s.pool, s.store, projections.Options{Logger: quiet, Heartbeat: 50 * time.Millisecond}, timeline.New(keys))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { _ = s.runner.Run(ctx) }) // ends with ctx alone
	t.Cleanup(func() { cancel(); running.Wait() })
	provider, err := oidc.New(oidc.Config{Issuer: s.provider.Issuer, ClientID: oidctest.ClientID, Secret: oidctest.Secret, Name: "政务统一身份认证"})
	if err != nil {
		t.Fatal(err)
	}
	s.Shell = webtest.New(t, func(c *web.Config) {
		c.Accounts, c.Sessions, c.Models, c.Now, c.Provider = s.users, accounts.NewSessions(s.pool, time.Now), s.runner, s.Now, provider
	}, users.New(users.Config{Accounts: s.users, Timeline: timeline.NewQueries(s.pool, keys), Provider: provider.Name()}))
	s.provider.Allow(s.URL + "/sign-in/oidc/back")
	s.one, s.two = s.user("admin.one", "许志明", domain.RoleSystemAdmin), s.user("admin.two", "韩雪梅", domain.RoleSecurityAdmin)
	return s
}

// caughtUp waits until the timeline shows all that was stored.
func (s *stack) caughtUp() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	end, err := s.store.End(ctx)
	if err == nil {
		err = s.runner.Wait(ctx, "timeline", end)
	}
	if err != nil {
		s.t.Fatalf("timeline: %v", err)
	}
}

// user makes an account as the command line does: with its roles, when there are
// not yet two administrators.
func (s *stack) user(login, name string, roles ...domain.Role) accounts.User {
	s.t.Helper()
	u, err := s.users.Create(s.t.Context(), accounts.NewUser{Login: login, Name: name, Org: "jc", Roles: roles, Password: password}, accounts.Console())
	if err != nil {
		s.t.Fatalf("create %s: %v", login, err)
	}
	return u
}

// clerk makes an account with roles that both administrators agreed to.
func (s *stack) clerk(login, name string, roles ...domain.Role) accounts.User {
	s.t.Helper()
	u := s.user(login, name)
	for _, role := range roles {
		s.do(s.one, u.ID, &user.RequestRole{Terms: user.Terms{Role: role, Org: "jc", Reason: user.ReasonDuty}})
		s.do(s.two, u.ID, &user.ApproveRole{Grant: s.waiting(u.ID)})
	}
	u, err := s.users.Get(s.t.Context(), u.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

func (s *stack) do(by accounts.User, on string, cmd user.Command) {
	s.t.Helper()
	r := accounts.Request{CommandID: uuid.New(), Actor: by.Actor(), Channel: "test"}
	if _, err := s.users.Do(s.t.Context(), on, cmd, r); err != nil {
		s.t.Fatalf("%s: %v", user.NameOf(cmd), err)
	}
}

// waiting is the grant of an account that waits for a decision.
func (s *stack) waiting(id string) string {
	s.t.Helper()
	a, err := s.users.Account(s.t.Context(), id)
	if err != nil || len(a.State.Pending()) != 1 {
		s.t.Fatalf("%d grants wait, %v; want 1", len(a.State.Pending()), err)
	}
	return a.State.Pending()[0].Grant
}

// signIn opens a browser for an account with a password.
func (s *stack) signIn(u accounts.User, password string) *webtest.Client {
	s.t.Helper()
	c := s.Visitor(s.t)
	c.User = u
	if a := c.Post("/sign-in", "login", u.Login, "password", password, "next", "/account"); a.Path != "/account" || a.Status != 200 {
		s.t.Fatalf("sign in %s: %d %s", u.Login, a.Status, a.Path)
	}
	return c
}

// contains looks at what people read and what browsers do.
func contains(t testing.TB, a webtest.Answer, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(a.Body, want) {
			t.Errorf("%d %s does not say %q:\n%s", a.Status, a.Path, want, a.Body)
		}
	}
}

func lacks(t testing.TB, a webtest.Answer, words ...string) {
	t.Helper()
	for _, word := range words {
		if strings.Contains(a.Body, word) {
			t.Errorf("%d %s says %q:\n%s", a.Status, a.Path, word, a.Body)
		}
	}
}

var onceText = regexp.MustCompile(`id="once">([^<]+)<`)

// once is the secret that a page shows once.
func once(t testing.TB, a webtest.Answer) string {
	t.Helper()
	m := onceText.FindStringSubmatch(a.Body)
	if m == nil {
		t.Fatalf("%d %s shows no secret:\n%s", a.Status, a.Path, a.Body)
	}
	return m[1]
}

package complaints

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/domain/user"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/complaints"
	"hearth/projections/enterprises"
	"hearth/projections/people"
	"hearth/projections/search"
	"hearth/projections/timeline"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// stack is the program below the pages, all of it real but for the store, which
// is in memory: deciders, read models in a database of this test alone,
// accounts, and the shell with this family. Its clock stands at webtest.Now
// unless the test moves it.
type stack struct {
	*webtest.Shell
	t        testing.TB
	pool     *pgxpool.Pool
	engine   *eventstore.Engine
	work     *casework.Service
	runner   *projections.Runner
	users    *accounts.Accounts
	config   Config
	mu       sync.Mutex
	now      time.Time // guarded by mu
	password string
	log      logged
}

// logged is what the shell has logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

// Write adds to it.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all of it.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newStack makes a stack that ends with the test.
func newStack(t testing.TB) *stack {
	t.Helper()
	s := &stack{t: t, pool: pgtest.Pool(t), now: webtest.Now(), password: "a long pass phrase for tests"}
	if err := postgres.Migrate(t.Context(), s.pool); err != nil {
		t.Fatal(err)
	}
	keys := vault.NewMemory()
	registry := eventstore.NewRegistry(complaint.Specs(), person.Specs(), enterprise.Specs(), series.Specs(), calendar.Specs(), user.Specs()).Protected(keys)
	store := memstore.New(registry)
	s.engine = eventstore.NewEngine(store, 1000)
	s.work = casework.New(s.engine, casework.Options{Now: s.Now, Prefix: "晋工诉"})
	s.users = accounts.New(accounts.Config{Pool: s.pool, Engine: s.engine, Vault: keys, Now: s.Now})
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	s.runner = projections.New(s.pool, store, projections.Options{Logger: quiet, Heartbeat: 50 * time.Millisecond},
		complaints.New(keys), timeline.New(keys), people.New(keys), enterprises.New(), search.New(keys))
	s.run()
	imports, err := NewImports(s.work, t.TempDir(), s.Now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := imports.Close(); err != nil {
			t.Error(err)
		}
	})
	s.config = Config{
		Casework: s.work, Cases: complaints.Queries{DB: s.pool, Vault: keys}, Timeline: timeline.NewQueries(s.pool, keys), People: people.NewQueries(s.pool, keys),
		Enterprises: enterprises.NewQueries(s.pool), Search: search.NewQueries(s.pool, keys), Accounts: s.users, Imports: imports,
	}
	s.Shell = webtest.New(t, func(c *web.Config) {
		c.Accounts, c.Models, c.Now = s.users, s.runner, s.Now
		c.Log = slog.New(slog.NewTextHandler(&s.log, nil))
	}, New(s.config))
	s.caughtUp()
	t.Cleanup(func() {
		if t.Failed() {
			for line := range strings.Lines(s.log.String()) {
				if strings.Contains(line, "level=ERROR") {
					t.Log(line)
				}
			}
		}
	})
	return s
}

// run keeps the read models up with the log until the test ends.
func (s *stack) run() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.runner.Run(ctx) }) // ends with ctx alone
	s.t.Cleanup(func() { cancel(); wg.Wait() })
}

// Now is the stack's time.
func (s *stack) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// pass lets time go by.
func (s *stack) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// caughtUp waits until every read model shows all that was stored.
func (s *stack) caughtUp() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	end, err := s.engine.Store().End(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	for !s.serving(ctx) {
		select { // the shell remembers what it was told, and its clock stands
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			s.t.Fatalf("read models do not serve: %+v", s.runner.Status(ctx))
		}
	}
	for _, m := range s.runner.Status(ctx) {
		if err := s.runner.Wait(ctx, m.Name, end); err != nil {
			s.t.Fatalf("read model %s: %v\n%+v", m.Name, err, s.runner.Status(ctx))
		}
	}
}

func (s *stack) serving(ctx context.Context) bool {
	return !slices.ContainsFunc(s.runner.Status(ctx), func(m projections.Status) bool { return !m.Serving })
}

// user makes an account of a unit with roles.
func (s *stack) user(org string, roles ...domain.Role) accounts.User {
	s.t.Helper()
	login := "u" + uuid.NewString()[:8]
	u, err := s.users.Create(s.t.Context(), accounts.NewUser{
		Login: login, Name: "测试" + roles[0].Label(), Org: org, Roles: roles, Password: s.password,
	}, accounts.Console())
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// signIn makes an account and opens a browser for it.
func (s *stack) signIn(org string, roles ...domain.Role) *webtest.Client {
	s.t.Helper()
	return s.signInAs(s.user(org, roles...))
}

// signInAs opens a browser for an account.
func (s *stack) signInAs(u accounts.User) *webtest.Client {
	s.t.Helper()
	c := s.Visitor(s.t)
	c.User = u
	if a := c.Post("/sign-in", "login", u.Login, "password", s.password); a.Path == "/sign-in" {
		s.t.Fatalf("sign in: status %d", a.Status)
	}
	return c
}

// as is a wish of a user who is nobody in particular.
func as(role domain.Role) casework.Request {
	return casework.Request{
		CommandID: uuid.New(), Channel: "test", Actor: domain.Actor{ID: "00000000-0000-0000-0000-0000000000aa", Org: "jc", Role: role},
	}
}

// sampleIntake is a wage-arrears complaint of three people of 泽州.
func sampleIntake() casework.Intake {
	return casework.Intake{
		Request:  as(domain.RoleOperator),
		Reporter: &person.Register{Kind: "worker", Identity: person.Identity{Name: "赵铁柱"}, Contact: person.Contact{Phone: "13800001234"}},
		Register: complaint.Register{
			Category: complaint.CategoryWageArrears, Channel: "hotline", Area: "jc-zz", Summary: "工地停工,拖欠三个月工资",
			Employer: complaint.Employer{Text: "晋城市宏达建筑有限公司"},
			Claim:    complaint.Claim{Persons: 3, OwedFen: domain.Yuan(30_000), From: domain.NewDate(2026, 7, 1), To: domain.NewDate(2026, 9, 30)},
			Consent:  complaint.Consent{Basis: "legal_duty"},
		},
	}
}

// register stores a complaint; edit, which may be nil, changes the sample.
func (s *stack) register(edit func(*casework.Intake)) casework.Outcome {
	s.t.Helper()
	in := sampleIntake()
	if edit != nil {
		edit(&in)
	}
	out, err := s.work.Register(s.t.Context(), in)
	if err != nil {
		s.t.Fatalf("register: %v", err)
	}
	return out
}

// do issues a command in a role.
func (s *stack) do(id uuid.UUID, role domain.Role, cmd complaint.Command) {
	s.t.Helper()
	if _, err := s.work.Do(s.t.Context(), id, cmd, as(role)); err != nil {
		s.t.Fatalf("%s: %v", complaint.NameOf(cmd), err)
	}
}

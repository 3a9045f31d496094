package people

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
	"hearth/domain/household"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/domain/user"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/timeline"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	patience = 30 * time.Second
	password = "a long pass phrase for tests"
)

// stack is the program below the pages, all of it real but for the store, which
// is in memory.
type stack struct {
	*webtest.Shell
	t      testing.TB
	engine *eventstore.Engine
	work   *casework.Service
	runner *projections.Runner
	users  *accounts.Accounts
	keys   *vault.Vault
}

func newStack(t testing.TB) *stack {
	t.Helper()
	pool := pgtest.Pool(t)
	if err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t, keys: vault.NewMemory()}
	registry := eventstore.NewRegistry(complaint.Specs(), person.Specs(), household.Specs(), enterprise.Specs(), series.Specs(), calendar.Specs(), orgunit.Specs(), user.Specs())
	store := memstore.New(registry.Protected(s.keys))
	s.engine = eventstore.NewEngine(store, 1000)
	s.keys.OnChange(s.engine.Forget)
	s.users = accounts.New(accounts.Config{Pool: pool, Engine: s.engine, Vault: s.keys, Now: webtest.Now})
	s.work = casework.New(s.engine, casework.Options{Now: webtest.Now, Prefix: "晋工诉"})
	s.runner = projections.New(pool, store, projections.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Heartbeat: 50 * time.Millisecond},
		complaints.New(s.keys), timeline.New(s.keys), people.New(s.keys))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.runner.Run(ctx) }) // ends with ctx alone
	t.Cleanup(func() { cancel(); wg.Wait() })
	s.Shell = webtest.New(t, func(c *web.Config) { c.Accounts, c.Models = s.users, s.runner }, New(Config{
		Casework: s.work, People: people.NewQueries(pool, s.keys), Cases: complaints.Queries{DB: pool, Vault: s.keys},
		Timeline: timeline.NewQueries(pool, s.keys), Accounts: s.users,
	}))
	s.caughtUp()
	return s
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
	serving := func() bool {
		return !slices.ContainsFunc(s.runner.Status(ctx), func(m projections.Status) bool { return !m.Serving })
	}
	for !serving() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			s.t.Fatalf("read models do not serve: %+v", s.runner.Status(ctx))
		}
	}
	for _, m := range s.runner.Status(ctx) {
		if err := s.runner.Wait(ctx, m.Name, end); err != nil {
			s.t.Fatalf("read model %s: %v", m.Name, err)
		}
	}
}

// signIn makes an account of the city and opens a browser for it.
func (s *stack) signIn(roles ...domain.Role) *webtest.Client {
	s.t.Helper()
	u, err := s.users.Create(s.t.Context(), accounts.NewUser{
		Login: "u" + uuid.NewString()[:8], Name: "测试" + roles[0].Label(), Org: "jc", Roles: roles, Password: password,
	}, accounts.Console())
	if err != nil {
		s.t.Fatal(err)
	}
	c := s.Visitor(s.t)
	c.User = u
	if a := c.Post("/sign-in", "login", u.Login, "password", password); a.Path == "/sign-in" {
		s.t.Fatalf("sign in: status %d", a.Status)
	}
	return c
}

// person puts somebody on file by the page.
func (s *stack) person(c *webtest.Client, pairs ...string) uuid.UUID {
	s.t.Helper()
	a := c.Submit(c.Get("/people"), "new", "/people", pairs...)
	id, err := uuid.Parse(strings.TrimPrefix(a.Path, "/people/"))
	if err != nil || a.Status != 200 {
		s.t.Fatalf("put on file: %d %s\n%s", a.Status, a.Path, a.Body)
	}
	return id
}

// intake registers a complaint of somebody who is on file.
func (s *stack) intake(reporter uuid.UUID) casework.Outcome {
	s.t.Helper()
	out, err := s.work.Register(s.t.Context(), casework.Intake{
		Request: casework.Request{CommandID: uuid.New(), Channel: "test", Actor: domain.Actor{ID: "u-test", Org: "jc", Role: domain.RoleOperator}},
		Register: complaint.Register{
			Category: complaint.CategoryWageArrears, Channel: "hotline", Area: "jc-zz", Summary: "工地停工,拖欠三个月工资", Reporter: complaint.Reporter{PersonID: reporter},
			Employer: complaint.Employer{Text: "晋城市宏达建筑有限公司"}, Claim: complaint.Claim{Persons: 3, OwedFen: domain.Yuan(30_000)},
			Consent: complaint.Consent{Basis: "legal_duty"},
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.caughtUp()
	return out
}

func says(t testing.TB, a webtest.Answer, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(a.Body, want) {
			t.Errorf("%d %s does not say %q:\n%s", a.Status, a.Path, want, main(a.Body))
		}
	}
}

func saysNot(t testing.TB, a webtest.Answer, unwanted ...string) {
	t.Helper()
	for _, text := range unwanted {
		if strings.Contains(a.Body, text) {
			t.Errorf("%d %s says %q:\n%s", a.Status, a.Path, text, main(a.Body))
		}
	}
}

// main is the part of a page that is not its frame.
func main(body string) string {
	_, inner, _ := strings.Cut(body, "<main")
	inner, _, _ = strings.Cut(inner, "</main>")
	return inner
}

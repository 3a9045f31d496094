package accounts_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/accounts"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bed is accounts over a database of the test's own and a log in memory.
type bed struct {
	*accounts.Accounts
	*clock
	t     testing.TB
	pool  *pgxpool.Pool
	keys  *vault.Vault
	store *memstore.Store
}

func setup(t testing.TB, edit ...func(*accounts.Config)) *bed {
	t.Helper()
	pool := pgtest.Pool(t)
	if err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	b := &bed{
		clock: &clock{now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)},
		t:     t, pool: pool, keys: vault.NewMemory(),
	}
	b.store = memstore.New(eventstore.NewRegistry(user.Specs()).Protected(b.keys))
	b.Accounts = b.instance(edit...)
	return b
}

// instance is another program over the same database and log.
func (b *bed) instance(edit ...func(*accounts.Config)) *accounts.Accounts {
	c := accounts.Config{Pool: b.pool, Engine: eventstore.NewEngine(b.store, 100), Vault: b.keys, Now: b.clock.Now}
	for _, f := range edit {
		f(&c)
	}
	return accounts.New(c)
}

// create makes a user with roles, as the command line does.
func (b *bed) create(login string, roles ...domain.Role) accounts.User {
	b.t.Helper()
	u, err := b.Create(b.t.Context(), accounts.NewUser{Login: login, Name: "张三", Org: "jc-zz", Roles: roles, Password: password}, accounts.Console())
	if err != nil {
		b.t.Fatalf("create %s: %v", login, err)
	}
	return u
}

// do issues a command of somebody, which must succeed.
func (b *bed) do(by accounts.User, on string, cmd user.Command) {
	b.t.Helper()
	if _, err := b.Do(b.t.Context(), on, cmd, wish(by)); err != nil {
		b.t.Fatalf("%s: %v", user.NameOf(cmd), err)
	}
}

// refused demands that a command of somebody is rejected.
func (b *bed) refused(want string, by accounts.User, on string, cmd user.Command) {
	b.t.Helper()
	if _, err := b.Do(b.t.Context(), on, cmd, wish(by)); code(err) != want {
		b.t.Errorf("%s: %v; want %s", user.NameOf(cmd), err, want)
	}
}

func (b *bed) get(id string) accounts.User {
	b.t.Helper()
	u, err := b.Get(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

// dates are compared as they are.
var dates = cmp.Comparer(func(a, b domain.Date) bool { return a == b })

// wish is a wish of somebody on a page.
func wish(by accounts.User) accounts.Request {
	return accounts.Request{CommandID: uuid.New(), Actor: by.Actor(), Channel: "web"}
}

// from is a browser at an address.
func from(address string) accounts.Place { return accounts.Place{Address: address} }

// events are the types in the stream of an account.
func (b *bed) events(id string) []string {
	b.t.Helper()
	var types []string
	for rec, err := range b.store.Stream(b.t.Context(), eventstore.StreamID{Family: user.Family, Case: id}, eventstore.Head{}) {
		if err != nil {
			b.t.Fatal(err)
		}
		types = append(types, strings.TrimPrefix(rec.Type, "user."))
	}
	return types
}

const password = "correct horse 电池"

func code(err error) string {
	if r, ok := errors.AsType[*domain.Rejection](err); ok {
		return r.Code
	}
	if err != nil {
		return "error: " + err.Error()
	}
	return ""
}

func TestCreateAndRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create(" ZhangSan ", domain.RoleHandler, domain.RoleInspector)
	want := accounts.User{
		ID: u.ID, Login: "zhangsan", Name: "张三", Org: "jc-zz",
		Grants: []accounts.Grant{{Role: domain.RoleHandler, Org: "jc-zz"}, {Role: domain.RoleInspector, Org: "jc-zz"}},
		Roles:  []domain.Role{domain.RoleHandler, domain.RoleInspector}, Generation: 2, CreatedAt: b.clock.Now(),
	}
	if diff := cmp.Diff(want, u, dates); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	for name, read := range map[string]func() (accounts.User, error){
		"Get":     func() (accounts.User, error) { return b.Get(t.Context(), u.ID) },
		"ByLogin": func() (accounts.User, error) { return b.ByLogin(t.Context(), "ZHANGSAN") },
		"List": func() (accounts.User, error) {
			all, err := b.List(t.Context())
			if len(all) != 1 {
				t.Fatalf("list has %d accounts; want 1", len(all))
			}
			return all[0], err
		},
	} {
		got, err := read()
		if diff := cmp.Diff(want, got, dates); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := b.Get(t.Context(), "nobody"); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("get nobody: %v; want ErrNotFound", err)
	}
	if got := u.Actor(domain.RoleReviewer, domain.RoleInspector); got != (domain.Actor{ID: u.ID, Org: "jc-zz", Role: domain.RoleInspector}) {
		t.Errorf("actor %+v", got)
	}
	if diff := cmp.Diff([]string{"created", "password_set", "role_granted", "role_granted"}, b.events(u.ID)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create("taken", domain.RoleHandler)
	good := accounts.NewUser{Login: "new", Name: "李四", Org: "jc", Roles: []domain.Role{domain.RoleHandler}, Password: password}
	for want, change := range map[string]func(*accounts.NewUser){
		"login_taken":     func(n *accounts.NewUser) { n.Login = "Taken" },
		"bad_login":       func(n *accounts.NewUser) { n.Login = "李四" },
		"name_missing":    func(n *accounts.NewUser) { n.Name = "  " },
		"org_unknown":     func(n *accounts.NewUser) { n.Org = "bj" },
		"role_unknown":    func(n *accounts.NewUser) { n.Roles = []domain.Role{domain.RoleSystem} },
		"roles_exclude":   func(n *accounts.NewUser) { n.Roles = []domain.Role{domain.RoleSystemAdmin, domain.RoleLeader} },
		"password_short":  func(n *accounts.NewUser) { n.Password = "短密码" },
		"password_login":  func(n *accounts.NewUser) { n.Password = "my-new-password" },
		"password_simple": func(n *accounts.NewUser) { n.Password = "啊啊啊啊啊啊啊啊啊啊" },
		"password_long":   func(n *accounts.NewUser) { n.Password = strings.Repeat("ab", 200) },
		"":                func(*accounts.NewUser) {},
	} {
		n := good
		change(&n)
		if _, err := b.Create(t.Context(), n, accounts.Console()); code(err) != want {
			t.Errorf("create %+v: %v; want %q", n, err, want)
		}
	}
}

// TestCreateTwice: the same form makes one account, and of two who want one login
// at once, one gets it.
func TestCreateTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	n, r := accounts.NewUser{Login: "li.si", Name: "李四", Org: "jc", Password: password}, accounts.Console()
	one, err := b.Create(t.Context(), n, r)
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Create(t.Context(), n, r)
	if diff := cmp.Diff(one, two, dates); err != nil || diff != "" {
		t.Errorf("the same form: %v (-first +second):\n%s", err, diff)
	}
	n.Login = "wang.wu"
	var wg sync.WaitGroup
	results := make(chan string, 8)
	for range 8 {
		wg.Go(func() {
			_, err := b.instance().Create(t.Context(), n, accounts.Console())
			results <- code(err)
		})
	}
	wg.Wait()
	close(results)
	made := 0
	for r := range results {
		switch r {
		case "":
			made++
		case "login_taken":
		default:
			t.Error(r)
		}
	}
	if made != 1 {
		t.Errorf("%d of 8 got the login; want 1", made)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create("zhangsan", domain.RoleHandler)
	admin := b.create("admin", domain.RoleSystemAdmin)
	got, err := b.Authenticate(t.Context(), " ZhangSan", password, from("10.0.0.1"))
	if diff := cmp.Diff(u, got.User, dates); err != nil || diff != "" || got.NeedsCode {
		t.Errorf("right password: %v (-want +got):\n%s", err, diff)
	}
	for name, try := range map[string][2]string{
		"wrong":   {"zhangsan", "wrong password"},
		"unknown": {"nobody", password},
		"empty":   {"", ""},
		"huge":    {"zhangsan", strings.Repeat("x", 1<<20)},
	} {
		if _, err := b.Authenticate(t.Context(), try[0], try[1], from("10.0.0.2")); code(err) != "bad_credentials" {
			t.Errorf("%s: %v; want bad_credentials", name, err)
		}
	}
	b.do(admin, u.ID, &user.Disable{Reason: user.ReasonLeft})
	if _, err := b.Authenticate(t.Context(), "zhangsan", password, from("10.0.0.3")); code(err) != "account_disabled" {
		t.Errorf("disabled: %v", err)
	}
	if _, err := b.Authenticate(t.Context(), "zhangsan", "wrong password", from("10.0.0.3")); code(err) != "bad_credentials" {
		t.Errorf("disabled is told to who does not know the password: %v", err)
	}
	b.do(admin, u.ID, &user.Enable{})
	if err := b.SetPassword(t.Context(), u.ID, "another long one", false, wish(admin)); err != nil {
		t.Fatal(err)
	}
	got, err = b.Authenticate(t.Context(), "zhangsan", "another long one", from("10.0.0.4"))
	if err != nil || got.User.Generation != u.Generation+3 || !got.User.MustChange {
		t.Errorf("new password: %v, %+v; want a generation three up, and that it must be changed", err, got.User)
	}
	if _, err := b.Authenticate(t.Context(), "zhangsan", password, from("10.0.0.5")); code(err) != "bad_credentials" {
		t.Errorf("the old password: %v", err)
	}
	if err := b.ChangePassword(t.Context(), got.User, "not the old one", "quite a new one", wish(got.User)); code(err) != "bad_password" {
		t.Errorf("change without the old one: %v", err)
	}
	if err := b.ChangePassword(t.Context(), got.User, "another long one", "another long one", wish(got.User)); code(err) != "password_same" {
		t.Errorf("change to the same: %v", err)
	}
	if err := b.ChangePassword(t.Context(), got.User, "another long one", "quite a new one", wish(got.User)); err != nil {
		t.Fatal(err)
	}
	if u := b.get(u.ID); u.MustChange {
		t.Errorf("after the change: %+v", u)
	}
}

package accounts_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/accounts"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/domain"
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

func setup(t *testing.T) (*accounts.Accounts, *clock, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.Pool(t)
	if err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	c := &clock{now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}
	return accounts.New(pool, c.Now), c, pool
}

const password = "correct horse 电池"

func create(t *testing.T, a *accounts.Accounts, login string, roles ...domain.Role) accounts.User {
	t.Helper()
	u, err := a.Create(t.Context(), accounts.NewUser{Login: login, Name: "张三", Org: "jc-zz", Roles: roles, Password: password})
	if err != nil {
		t.Fatalf("create %s: %v", login, err)
	}
	return u
}

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
	a, c, _ := setup(t)
	u := create(t, a, " ZhangSan ", domain.RoleHandler, domain.RoleInspector)
	want := accounts.User{
		ID: u.ID, Login: "zhangsan", Name: "张三", Org: "jc-zz", OrgName: "泽州县总工会",
		Roles: []domain.Role{domain.RoleHandler, domain.RoleInspector}, Generation: 1, CreatedAt: c.Now(),
	}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	for name, read := range map[string]func() (accounts.User, error){
		"Get":     func() (accounts.User, error) { return a.Get(t.Context(), u.ID) },
		"ByLogin": func() (accounts.User, error) { return a.ByLogin(t.Context(), "ZHANGSAN") },
		"List": func() (accounts.User, error) {
			all, err := a.List(t.Context())
			if len(all) != 1 {
				t.Fatalf("list has %d accounts; want 1", len(all))
			}
			return all[0], err
		},
	} {
		got, err := read()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := a.Get(t.Context(), "nobody"); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("get nobody: %v; want ErrNotFound", err)
	}
	if got := u.Actor(domain.RoleReviewer, domain.RoleInspector); got != (domain.Actor{ID: u.ID, Org: "jc-zz", Role: domain.RoleInspector}) {
		t.Errorf("actor %+v", got)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	create(t, a, "taken", domain.RoleHandler)
	good := accounts.NewUser{Login: "new", Name: "李四", Org: "jc", Roles: []domain.Role{domain.RoleHandler}, Password: password}
	for want, change := range map[string]func(*accounts.NewUser){
		"login_taken":     func(n *accounts.NewUser) { n.Login = "Taken" },
		"bad_login":       func(n *accounts.NewUser) { n.Login = "李四" },
		"name_missing":    func(n *accounts.NewUser) { n.Name = "  " },
		"org_unknown":     func(n *accounts.NewUser) { n.Org = "bj" },
		"roles_missing":   func(n *accounts.NewUser) { n.Roles = nil },
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
		if _, err := a.Create(t.Context(), n); code(err) != want {
			t.Errorf("create %+v: %v; want %q", n, err, want)
		}
	}
}

func TestExclusions(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]domain.Role{
		{domain.RoleSystemAdmin, domain.RoleHandler},
		{domain.RoleSecurityAdmin, domain.RoleLeader},
		{domain.RoleAuditAdmin, domain.RoleSystemAdmin},
		{domain.RoleAuditAdmin, domain.RoleSecurityAdmin},
		{domain.RoleAuditAdmin, domain.RoleDiscipline},
		{domain.RoleCashier, domain.RoleApprover},
		{domain.RoleApprover, domain.RoleOperator, domain.RoleAccountant},
	} {
		if got := code(accounts.CheckRoles(bad)); got != "roles_exclude" {
			t.Errorf("%v: %q; want roles_exclude", bad, got)
		}
	}
	for _, good := range [][]domain.Role{
		{domain.RoleSystemAdmin, domain.RoleSecurityAdmin},
		{domain.RoleShiftLeader, domain.RoleOperator},
		{domain.RoleCashier, domain.RoleHandler},
	} {
		if err := accounts.CheckRoles(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	u := create(t, a, "zhangsan", domain.RoleHandler)
	got, err := a.Authenticate(t.Context(), " ZhangSan", password, "10.0.0.1")
	if diff := cmp.Diff(u, got); err != nil || diff != "" {
		t.Errorf("right password: %v (-want +got):\n%s", err, diff)
	}
	for name, try := range map[string][2]string{
		"wrong":   {"zhangsan", "wrong password"},
		"unknown": {"nobody", password},
		"empty":   {"", ""},
		"huge":    {"zhangsan", strings.Repeat("x", 1<<20)},
	} {
		if _, err := a.Authenticate(t.Context(), try[0], try[1], "10.0.0.2"); code(err) != "bad_credentials" {
			t.Errorf("%s: %v; want bad_credentials", name, err)
		}
	}
	if err := a.Disable(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), "zhangsan", password, "10.0.0.3"); code(err) != "account_disabled" {
		t.Errorf("disabled: %v", err)
	}
	if _, err := a.Authenticate(t.Context(), "zhangsan", "wrong password", "10.0.0.3"); code(err) != "bad_credentials" {
		t.Errorf("disabled is told to who does not know the password: %v", err)
	}
	if err := a.Enable(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.SetPassword(t.Context(), u.ID, "another long one"); err != nil {
		t.Fatal(err)
	}
	got, err = a.Authenticate(t.Context(), "zhangsan", "another long one", "10.0.0.4")
	if err != nil || got.Generation != 4 {
		t.Errorf("new password: %v, generation %d; want 4 after three changes", err, got.Generation)
	}
}

func TestGuessingSlowsDownOnlyTheGuesser(t *testing.T) {
	t.Parallel()
	a, c, _ := setup(t)
	create(t, a, "zhangsan", domain.RoleHandler)
	try := func(pass, address string) string {
		_, err := a.Authenticate(t.Context(), "zhangsan", pass, address)
		return code(err)
	}
	for i := range 5 {
		if got := try("guess number one", "10.0.0.1"); got != "bad_credentials" {
			t.Fatalf("try %d: %s", i+1, got)
		}
	}
	if got := try(password, "10.0.0.1"); got != "too_many_tries" {
		t.Errorf("sixth try at once, right password: %q; want too_many_tries", got)
	}
	if got := try(password, "10.0.0.2"); got != "" {
		t.Errorf("the owner from another address: %q", got)
	}
	c.add(time.Second)
	if got := try("guess number two", "10.0.0.1"); got != "bad_credentials" {
		t.Errorf("after the wait: %q", got)
	}
	c.add(time.Second)
	if got := try("guess number two", "10.0.0.1"); got != "too_many_tries" {
		t.Errorf("the wait does not grow: %q", got)
	}
	c.add(time.Second)
	if got := try(password, "10.0.0.1"); got != "" {
		t.Errorf("right password after the longer wait: %q", got)
	}
	for range 4 {
		if got := try("guess number one", "10.0.0.1"); got != "bad_credentials" {
			t.Errorf("failures are not forgotten after success: %q", got)
		}
	}
}

func TestWaitHasALimit(t *testing.T) {
	t.Parallel()
	a, c, _ := setup(t)
	for range 20 {
		if _, err := a.Authenticate(t.Context(), "x", "guess", "10.0.0.1"); code(err) != "bad_credentials" {
			t.Fatalf("%v although a minute had passed", err)
		}
		c.add(time.Minute)
	}
}

func TestGuessesAtOnceAreCounted(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	var wg sync.WaitGroup
	results := make(chan string, 30)
	for range 30 {
		wg.Go(func() {
			_, err := a.Authenticate(t.Context(), "x", "guess", "10.0.0.1")
			results <- code(err)
		})
	}
	wg.Wait()
	close(results)
	checked := 0
	for r := range results {
		if r == "bad_credentials" {
			checked++
		}
	}
	if checked != 5 {
		t.Errorf("%d of 30 passwords were looked at; want 5", checked)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a, c, _ := setup(t)
	u := create(t, a, "phone", domain.RoleOperator)
	tok, key, err := a.CreateToken(t.Context(), u.ID, " 呼叫中心 ", []accounts.Scope{accounts.ScopeIntake}, c.Now().Add(48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !tok.Allows(accounts.ScopeIntake) || tok.Allows(accounts.ScopeComplaintsWrite) || tok.Label != "呼叫中心" {
		t.Errorf("token %+v", tok)
	}
	check := func(key string) error {
		_, _, err := a.CheckToken(t.Context(), key)
		return err
	}
	got, owner, err := a.CheckToken(t.Context(), key)
	if err != nil || got.ID != tok.ID || owner.ID != u.ID {
		t.Errorf("check: %+v, %+v, %v", got, owner, err)
	}
	all, err := a.Tokens(t.Context(), u.ID)
	if err != nil || len(all) != 1 || !all[0].UsedAt.Equal(c.Now()) {
		t.Errorf("tokens: %+v, %v; want one that was just used", all, err)
	}
	for _, bad := range []string{"", "hearth_", key + "x", strings.ToUpper(key), "hearth_" + strings.Repeat("a", 43)} {
		if err := check(bad); !errors.Is(err, accounts.ErrNotFound) {
			t.Errorf("key %q: %v; want ErrNotFound", bad, err)
		}
	}
	if err := a.Disable(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if err := check(key); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("token of a disabled account: %v", err)
	}
	if err := a.Enable(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	c.add(48 * time.Hour)
	if err := check(key); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("expired token: %v", err)
	}
	_, key, err = a.CreateToken(t.Context(), u.ID, "x", accounts.Scopes(), c.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	all, _ = a.Tokens(t.Context(), "")
	if err := a.Revoke(t.Context(), all[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := check(key); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("revoked token: %v", err)
	}
	if err := a.Revoke(t.Context(), u.ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("revoke what does not exist: %v", err)
	}
}

func TestTokensRefused(t *testing.T) {
	t.Parallel()
	a, c, _ := setup(t)
	u, admin := create(t, a, "phone", domain.RoleOperator), create(t, a, "admin", domain.RoleSystemAdmin)
	day := 24 * time.Hour
	for _, tc := range []struct {
		owner, label string
		scopes       []accounts.Scope
		life         time.Duration
		want         string
	}{
		{u.ID, " ", accounts.Scopes(), day, "label_missing"},
		{u.ID, "x", nil, day, "scopes_missing"},
		{u.ID, "x", []accounts.Scope{"everything"}, day, "scope_unknown"},
		{u.ID, "x", accounts.Scopes(), 0, "bad_expiry"},
		{u.ID, "x", accounts.Scopes(), 400 * day, "bad_expiry"},
		{admin.ID, "x", accounts.Scopes(), day, "admin_token"},
	} {
		if _, _, err := a.CreateToken(t.Context(), tc.owner, tc.label, tc.scopes, c.Now().Add(tc.life)); code(err) != tc.want {
			t.Errorf("%+v: %v; want %s", tc, err, tc.want)
		}
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	a, c, pool := setup(t)
	s := accounts.NewSessions(pool, c.Now)
	expires := c.Now().Add(time.Hour)
	for _, data := range []string{"one", "two"} {
		if err := s.CommitCtx(t.Context(), "tok", []byte(data), expires); err != nil {
			t.Fatal(err)
		}
	}
	if data, found, err := s.FindCtx(t.Context(), "tok"); err != nil || !found || string(data) != "two" {
		t.Errorf("find: %q, %v, %v", data, found, err)
	}
	c.add(time.Hour)
	if _, found, err := s.FindCtx(t.Context(), "tok"); err != nil || found {
		t.Errorf("an expired session was found (%v)", err)
	}
	create(t, a, "zhangsan", domain.RoleHandler)
	if _, err := a.Authenticate(t.Context(), "zhangsan", password, "10.0.0.1"); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := pool.QueryRow(t.Context(), "select count(*) from hearth.session").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d expired sessions are left after a sign-in (%v)", rows, err)
	}
	if err := s.CommitCtx(t.Context(), "tok", []byte("x"), c.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteCtx(t.Context(), "tok"); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := s.FindCtx(t.Context(), "tok"); found {
		t.Error("a deleted session was found")
	}
	// A request that was under way when its user signed out ends later.
	if err := s.CommitCtx(t.Context(), "tok", []byte("x"), c.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := s.FindCtx(t.Context(), "tok"); found {
		t.Error("a request that ended after the sign-out brought the session back")
	}
}

func TestSeedDemoTwice(t *testing.T) {
	t.Parallel()
	a, _, _ := setup(t)
	one, err := a.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	two, err := a.SeedDemo(t.Context())
	if diff := cmp.Diff(one, two); err != nil || diff != "" || len(one) != len(accounts.Demo()) {
		t.Errorf("second seeding: %v, %d accounts (-first +second):\n%s", err, len(one), diff)
	}
	if _, err := a.Authenticate(t.Context(), "hotline", accounts.DemoPassword, "::1"); err != nil {
		t.Error(err)
	}
}

func TestStoredHashesOnly(t *testing.T) {
	t.Parallel()
	a, c, pool := setup(t)
	u := create(t, a, "zhangsan", domain.RoleOperator)
	_, key, err := a.CreateToken(t.Context(), u.ID, "x", accounts.Scopes(), c.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), "zhangsan", "wrong password", "10.0.0.1"); code(err) != "bad_credentials" {
		t.Fatal(err)
	}
	var all string
	err = pool.QueryRow(t.Context(), `select concat((select json_agg(a) from hearth.account a),
		(select json_agg(t) from hearth.api_token t), (select json_agg(s) from hearth.sign_in_try s))`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{password, key, "10.0.0.1"} {
		if strings.Contains(all, secret) {
			t.Errorf("the tables hold %q in the clear", secret)
		}
	}
}

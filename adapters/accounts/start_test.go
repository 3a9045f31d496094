package accounts_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
	"hearth/eventstore"
)

func TestSeedDemoTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, err := b.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.SeedDemo(t.Context())
	if diff := cmp.Diff(one, two, dates); err != nil || diff != "" || len(one) != len(accounts.Demo()) {
		t.Errorf("second seeding: %v, %d accounts (-first +second):\n%s", err, len(one), diff)
	}
	for i, n := range accounts.Demo() {
		if diff := cmp.Diff(n.Roles, one[i].Roles); diff != "" {
			t.Errorf("%s (-want +got):\n%s", n.Login, diff)
		}
	}
	if _, err := b.Authenticate(t.Context(), "hotline", accounts.DemoPassword, from("::1")); err != nil {
		t.Error(err)
	}
}

// behind makes the row of an account what a crash before it was brought up leaves.
func (b *bed) behind(id string, f func()) {
	b.t.Helper()
	type kept struct {
		state, sealed     []byte
		version, position int64
	}
	var k kept
	if err := b.pool.QueryRow(b.t.Context(), "select state, sealed, version, position from hearth.account where id = $1", id).Scan(&k.state, &k.sealed, &k.version, &k.position); err != nil {
		b.t.Fatal(err)
	}
	f()
	if _, err := b.pool.Exec(b.t.Context(), "update hearth.account set state = $2, sealed = $3, version = $4, position = $5 where id = $1", id, k.state, k.sealed, k.version, k.position); err != nil {
		b.t.Fatal(err)
	}
}

// TestARowBehindItsStream: a crash between event and row is repaired at the next
// start, by the next command, and by who follows the log.
func TestARowBehindItsStream(t *testing.T) {
	t.Parallel()
	for name, repair := range map[string]func(b *bed, u, admin accounts.User){
		"start": func(b *bed, _, _ accounts.User) {
			if err := b.instance().Start(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		},
		"the next command": func(b *bed, u, admin accounts.User) {
			b.do(admin, u.ID, &user.Rename{Name: "李四"})
		},
		"who follows": func(b *bed, u, _ accounts.User) {
			ctx, cancel := context.WithCancel(b.t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { b.instance().Run(ctx) })
			defer wg.Wait()
			defer cancel()
			for end := time.After(30 * time.Second); !b.get(u.ID).Disabled; {
				select {
				case <-time.After(5 * time.Millisecond):
				case <-end:
					b.t.Fatal("the row stays behind")
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			u, admin := b.create("zhangsan", domain.RoleHandler), b.create("admin", domain.RoleSystemAdmin)
			b.behind(u.ID, func() { b.do(admin, u.ID, &user.Disable{Reason: user.ReasonLeft}) })
			if b.get(u.ID).Disabled {
				t.Fatal("the row is not behind")
			}
			repair(b, u, admin)
			if !b.get(u.ID).Disabled {
				t.Error("the row is still behind")
			}
		})
	}
}

// TestALoginWithoutAnAccount: a crash between the reservation and the events. Who
// wants the login next gets it.
func TestALoginWithoutAnAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.pool.Exec(t.Context(), "insert into hearth.account (id, login, created_at) values ($1, 'zhangsan', now())", uuid.NewString()); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err := b.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("accounts %+v, %v", all, err)
	}
	if _, err := b.Authenticate(t.Context(), "zhangsan", password, from("10.0.0.1")); code(err) != "bad_credentials" {
		t.Errorf("sign in: %v", err)
	}
	b.create("zhangsan", domain.RoleHandler)
}

// closed is a log that nobody can write to.
type closed struct{ eventstore.Store }

func (closed) Append(context.Context, ...eventstore.Change) ([]eventstore.Head, error) {
	return nil, eventstore.ErrReadOnly
}

// TestWhileTheLogIsClosed people sign in and read; nothing about accounts changes.
func TestWhileTheLogIsClosed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, admin := b.create("zhangsan", domain.RoleHandler), b.create("admin", domain.RoleSystemAdmin)
	_, key := b.token(u, time.Hour, accounts.ScopeIntake)
	shut := b.instance(func(c *accounts.Config) { c.Engine = eventstore.NewEngine(closed{b.store}, 10) })
	e, err := shut.Authenticate(t.Context(), "zhangsan", password, from("10.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shut.Begin(t.Context(), e, "token", b.clock.Now().Add(time.Hour)); err != nil {
		t.Errorf("sign in: %v", err)
	}
	if _, err := shut.Authenticate(t.Context(), "zhangsan", "wrong password", from("10.0.0.1")); code(err) != "bad_credentials" {
		t.Errorf("a wrong password: %v", err)
	}
	if _, _, err := shut.CheckToken(t.Context(), key); err != nil {
		t.Errorf("token: %v", err)
	}
	if _, err := shut.Do(t.Context(), u.ID, &user.Disable{Reason: user.ReasonLeft}, wish(admin)); !errors.Is(err, eventstore.ErrReadOnly) {
		t.Errorf("a command: %v; want ErrReadOnly", err)
	}
	if _, err := shut.Create(t.Context(), accounts.NewUser{Login: "new", Name: "李四", Org: "jc", Password: password}, wish(admin)); !errors.Is(err, eventstore.ErrReadOnly) {
		t.Errorf("a new account: %v; want ErrReadOnly", err)
	}
	if err := shut.SignOut(t.Context(), u, "token"); err != nil {
		t.Errorf("sign out: %v", err)
	}
	if all, err := shut.SessionsOf(t.Context(), u.ID); err != nil || len(all) != 0 {
		t.Errorf("sessions after signing out: %+v, %v", all, err)
	}
}

// TestBringOver: accounts of before accounts were events become events, once; until
// then they sign in as they were.
func TestBringOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hash := func(id string) (hash string) {
		t.Helper()
		if err := b.pool.QueryRow(t.Context(), "select c.value from hearth.credential c where c.account = $1", id).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	of := hash(b.create("donor").ID)
	ids := map[string]string{}
	for login, l := range map[string]string{
		"old":  `{"name": "张三", "org": "jc-zz", "roles": ["handler", "inspector"], "disabled": false, "password": "%s"}`,
		"gone": `{"name": "李四", "org": "jc", "roles": ["leader"], "disabled": true, "password": "%s"}`,
		"both": `{"name": "王五", "org": "jc", "roles": ["approver", "finance_auditor"], "disabled": false, "password": "%s"}`,
	} {
		id, credential := uuid.NewString(), uuid.NewString()
		ids[login] = id
		for _, q := range []struct {
			sql  string
			args []any
		}{
			{"insert into hearth.account (id, login, created_at, legacy) values ($1, $2, now(), replace($3, '%s', $4)::jsonb)", []any{id, login, l, credential}},
			{"insert into hearth.credential (id, account, kind, value, created_at) values ($1, $2, 'password', $3, now())", []any{credential, id, of}},
			{"insert into hearth.api_token (id, hash, account, label, scopes, created_at, expires_at) values (gen_random_uuid(), sha256($1::bytea), $2, '程序', '{intake}', now(), $3)", []any{[]byte("hearth_" + login), id, b.clock.Now().Add(time.Hour)}},
		} {
			if _, err := b.pool.Exec(t.Context(), q.sql, q.args...); err != nil {
				t.Fatal(err)
			}
		}
	}
	e, err := b.instance(func(c *accounts.Config) { c.Engine = eventstore.NewEngine(closed{b.store}, 10) }).Authenticate(t.Context(), "old", password, from("10.0.0.1"))
	if err != nil || e.User.Name != "张三" || !e.User.Has(domain.RoleHandler, domain.RoleInspector) {
		t.Errorf("before it is brought over: %+v, %v", e, err)
	}
	end := func() eventstore.Position {
		end, err := b.store.End(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return end
	}
	var before eventstore.Position
	for i := range 2 {
		if err := b.instance().Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i > 0 && end() != before {
			t.Error("the second start stores something")
		}
		before = end()
	}
	// A crash before the rows were brought up: the same again, and nothing twice.
	if _, err := b.pool.Exec(t.Context(), `update hearth.account set state = null, sealed = null, version = 0, position = 0,
		legacy = jsonb_build_object('name', '张三', 'org', 'jc-zz', 'roles', '["handler", "inspector"]'::jsonb, 'disabled', false, 'password', $2::text) where id = $1`,
		ids["old"], uuid.NewString()); err != nil {
		t.Fatal(err)
	}
	if err := b.instance().Start(t.Context()); err != nil || end() != before {
		t.Errorf("after a crash: %v, %d commits more", err, end()-before)
	}
	u := b.get(ids["old"])
	if u.Name != "张三" || u.Org != "jc-zz" || !u.Has(domain.RoleHandler) || !u.Has(domain.RoleInspector) || u.Disabled {
		t.Errorf("brought over: %+v", u)
	}
	if _, err := b.Authenticate(t.Context(), "old", password, from("10.0.0.1")); err != nil {
		t.Errorf("sign in: %v", err)
	}
	if tok, _, err := b.CheckToken(t.Context(), "hearth_old"); err != nil || tok.Label != "程序" {
		t.Errorf("token: %+v, %v", tok, err)
	}
	if u := b.get(ids["gone"]); !u.Disabled {
		t.Errorf("a disabled account: %+v", u)
	}
	if u := b.get(ids["both"]); !u.Has(domain.RoleApprover) || u.Has(domain.RoleFinanceAuditor) {
		t.Errorf("roles that exclude one another: %+v; want the first of them", u)
	}
	var left int
	if err := b.pool.QueryRow(t.Context(), "select count(*) from hearth.account where legacy is not null").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d accounts are left (%v)", left, err)
	}
}

// TestRestoredRows: behind a restore the rows say version 0 and what they were; the
// log has the last word.
func TestRestoredRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, admin := b.create("zhangsan", domain.RoleHandler), b.create("admin", domain.RoleSystemAdmin)
	if _, err := b.pool.Exec(t.Context(), "update hearth.account set version = 0, position = 0"); err != nil {
		t.Fatal(err)
	}
	if got := b.get(u.ID); got.Name != "张三" {
		t.Errorf("before the start: %+v", got)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(u, b.get(u.ID), dates); diff != "" {
		t.Errorf("after the start (-want +got):\n%s", diff)
	}
	b.do(admin, u.ID, &user.Rename{Name: "李四"})
}

// TestShreddedAccount: somebody whose keys were destroyed keeps an account without
// a name.
func TestShreddedAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, admin := b.create("zhangsan", domain.RoleHandler), b.create("admin", domain.RoleSystemAdmin)
	if err := b.keys.Shred(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	if got := b.get(u.ID); got.Name != "〔已销毁〕" || got.Login != "zhangsan" || !got.Has(domain.RoleHandler) {
		t.Errorf("shredded: %+v", got)
	}
	b.do(admin, u.ID, &user.Disable{Reason: user.ReasonLeft})
	if got := b.get(u.ID); !got.Disabled || got.Name != "〔已销毁〕" {
		t.Errorf("shredded and disabled: %+v", got)
	}
}

// TestMigration runs the migration over accounts as they were before.
func TestMigration(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text, err := os.ReadFile("../postgres/migrations/0007_users.sql")
	if err != nil {
		t.Fatal(err)
	}
	older, err := os.ReadFile("../postgres/migrations/0002_accounts.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.pool.Exec(t.Context(), "drop schema hearth cascade; create schema hearth;"+string(older)+`
		alter table hearth.session drop column token; alter table hearth.session add column ref bytea primary key;
		insert into hearth.account (id, login, name, org, roles, password, created_at) values
		('0192f000-0000-4000-8000-000000000001', 'old', '张三', 'jc-zz', '{handler}', 'hash', now());
		insert into hearth.session (ref, data, expires) values ('x', '', now());`+string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	u := b.get("0192f000-0000-4000-8000-000000000001")
	if u.Login != "old" || u.Name != "张三" || u.Org != "jc-zz" || !u.Has(domain.RoleHandler) || u.Disabled {
		t.Errorf("account %+v", u)
	}
}

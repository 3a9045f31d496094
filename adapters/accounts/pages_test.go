package accounts_test

import (
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/user"
)

// TestSessionsInPostgres signs in with the stores that the program uses. A cookie
// that somebody has copied is worth nothing once the session has ended, however
// it did.
func TestSessionsInPostgres(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acc := b.instance(func(c *accounts.Config) { c.Now = time.Now })
	u, err := acc.Create(t.Context(), accounts.NewUser{Login: "zhang", Name: "张三", Org: "jc", Roles: []domain.Role{domain.RoleOperator}, Password: webtest.Password}, accounts.Console())
	if err != nil {
		t.Fatal(err)
	}
	s := webtest.New(t, func(c *web.Config) { c.Accounts, c.Sessions = acc, accounts.NewSessions(b.pool, time.Now) })
	signIn := func() (c *webtest.Client, stolen string) {
		t.Helper()
		c = s.Visitor(t)
		c.Post("/sign-in", "login", "zhang", "password", webtest.Password)
		if a := c.Get("/help/keys"); a.Status != 200 || a.Path != "/help/keys" || !strings.Contains(a.Body, "张三") {
			t.Fatalf("signed in: %d %s", a.Status, a.Path)
		}
		return c, c.Cookie()
	}
	opens := func(stolen string) bool { return s.Visitor(t).Get("/help/keys", "Cookie", stolen).Path == "/help/keys" }
	for name, end := range map[string]func(c *webtest.Client){
		"sign-out": func(c *webtest.Client) { c.Post("/sign-out") },
		"forced sign-out": func(*webtest.Client) {
			all, err := acc.SessionsOf(t.Context(), u.ID)
			if err != nil || len(all) != 1 {
				t.Fatalf("sessions %+v, %v; want one", all, err)
			}
			if _, err := acc.Do(t.Context(), u.ID, &user.EndSessions{Session: all[0].ID, Reason: user.ReasonRisk}, accounts.Console()); err != nil {
				t.Fatal(err)
			}
		},
		"all sessions": func(*webtest.Client) {
			if _, err := acc.Do(t.Context(), u.ID, &user.EndSessions{Reason: user.ReasonRisk}, accounts.Console()); err != nil {
				t.Fatal(err)
			}
		},
		"a new password": func(*webtest.Client) {
			if err := acc.SetPassword(t.Context(), u.ID, webtest.Password+"!", false, accounts.Console()); err != nil {
				t.Fatal(err)
			}
			if err := acc.SetPassword(t.Context(), u.ID, webtest.Password, false, accounts.Console()); err != nil {
				t.Fatal(err)
			}
		},
		"disabling": func(*webtest.Client) {
			for _, cmd := range []user.Command{&user.Disable{Reason: user.ReasonLeft}, &user.Enable{}} {
				if _, err := acc.Do(t.Context(), u.ID, cmd, accounts.Console()); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		c, stolen := signIn()
		if !opens(stolen) {
			t.Fatalf("%s: the copied cookie opens nothing before", name)
		}
		end(c)
		if opens(stolen) {
			t.Errorf("%s: the copied cookie still opens", name)
		}
		if a := c.Get("/help/keys"); a.Path != "/sign-in" {
			t.Errorf("%s: the browser is at %s", name, a.Path)
		}
	}
}

// TestTheBrowserStaysKnown: the device cookie comes back to the door, so that
// others' failures from the same address do not hold up its owner.
func TestTheBrowserStaysKnown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acc := b.instance(func(c *accounts.Config) { c.Now = time.Now })
	if _, err := acc.Create(t.Context(), accounts.NewUser{Login: "zhang", Name: "张三", Org: "jc", Password: webtest.Password}, accounts.Console()); err != nil {
		t.Fatal(err)
	}
	s := webtest.New(t, func(c *web.Config) { c.Accounts, c.Sessions = acc, accounts.NewSessions(b.pool, time.Now) })
	owner, guesser := s.Visitor(t), s.Visitor(t)
	owner.Post("/sign-in", "login", "zhang", "password", webtest.Password)
	owner.Post("/sign-out")
	for range 12 {
		guesser.Post("/sign-in", "login", "zhang", "password", "guess number one")
	}
	if a := guesser.Post("/sign-in", "login", "zhang", "password", webtest.Password); a.Status != 429 {
		t.Errorf("the guesser: %d; want 429", a.Status)
	}
	if a := owner.Post("/sign-in", "login", "zhang", "password", webtest.Password); a.Status == 429 {
		t.Error("the owner is held up by the guesser")
	}
	if a := owner.Get("/help/keys"); a.Path != "/help/keys" {
		t.Errorf("the owner is at %s", a.Path)
	}
}

package accounts_test

import (
	"strings"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

// TestSessionsInPostgres signs in with the stores that the program uses.
func TestSessionsInPostgres(t *testing.T) {
	t.Parallel()
	b := setup(t)
	acc := b.instance(func(c *accounts.Config) { c.Now = time.Now })
	u, err := acc.Create(t.Context(), accounts.NewUser{Login: "zhang", Name: "张三", Org: "jc", Roles: []domain.Role{domain.RoleOperator}, Password: webtest.Password}, accounts.Console())
	if err != nil {
		t.Fatal(err)
	}
	s := webtest.New(t, func(c *web.Config) { c.Accounts, c.Sessions = acc, accounts.NewSessions(b.pool, time.Now) })
	c := s.Visitor(t)
	c.Post("/sign-in", "login", "zhang", "password", webtest.Password)
	if a := c.Get("/help/keys"); a.Status != 200 || a.Path != "/help/keys" || !strings.Contains(a.Body, "张三") {
		t.Errorf("signed in: %d %s", a.Status, a.Path)
	}
	if err := acc.SetPassword(t.Context(), u.ID, "another long password", false, accounts.Console()); err != nil {
		t.Fatal(err)
	}
	if a := c.Get("/help/keys"); a.Path != "/sign-in" {
		t.Errorf("after the password was changed: %s", a.Path)
	}
}

// Package users is the pages about accounts: 用户账号 for administrators, who make
// accounts, ask for roles and agree to what a colleague asked for, and 我的账号 for
// everybody. What may be done is decided by adapters/accounts; the pages only
// leave out the buttons that could not work. Read New first.
package users

import (
	"context"
	"embed"
	"errors"
	"io/fs"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/domain/user"
	"hearth/projections/timeline"
)

//go:embed all:templates
var templateFiles embed.FS

// Config is what the pages need.
type Config struct {
	Accounts *accounts.Accounts
	Timeline timeline.Queries
	// Provider is the name of the provider of identities, empty when there is none.
	Provider string
}

// Who looks at accounts, and who changes them.
var (
	managers = []domain.Role{domain.RoleSystemAdmin, domain.RoleSecurityAdmin}
	readers  = append([]domain.Role{domain.RoleAuditAdmin}, managers...)
)

type pages struct{ Config }

// New is the pages over their sources.
func New(c Config) web.Family {
	p := &pages{c}
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	f := web.Family{
		Name: "users", Templates: files,
		Nav: []web.NavItem{{Label: "用户账号", Href: "/users", Icon: "people", Key: "u", Roles: readers}},
	}
	f.Routes = append(f.Routes, p.listRoutes()...)
	f.Routes = append(f.Routes, p.accountRoutes()...)
	f.Routes = append(f.Routes, p.grantRoutes()...)
	f.Routes = append(f.Routes, p.ownRoutes()...)
	return f
}

// request is a wish of the user of a page.
func request(q *web.Request, f *web.Form) accounts.Request {
	return accounts.Request{CommandID: f.Command, Actor: q.User.Actor(managers...), Channel: "web"}
}

// manages reports whether the user of a page changes accounts.
func manages(q *web.Request) bool { return q.User.Has(managers...) }

// issue sends a command about an account and comes back to a page.
func (p *pages) issue(q *web.Request, f *web.Form, id string, cmd user.Command, back, notice string) error {
	head, err := p.Accounts.Do(q.Context(), id, cmd, request(q, f))
	if err != nil {
		return found(err)
	}
	return q.Done(back, head.Position, notice)
}

// found turns a missing account into a missing page.
func found(err error) error {
	if errors.Is(err, accounts.ErrNotFound) {
		return web.ErrNotFound
	}
	return err
}

// names are the names of accounts by id, looked up when they are first asked for.
type names struct {
	ctx      context.Context
	accounts *accounts.Accounts
	units    orgunit.Tree
	known    map[string]string
	err      error // the first that a look-up ended with
}

func (p *pages) names(q *web.Request) *names {
	return &names{ctx: q.Context(), accounts: p.Accounts, units: q.Units(), known: map[string]string{"": "—", "system": "系统任务", "console": "服务器命令行"}}
}

// User is the name of an account.
func (n *names) User(id string) string {
	name, ok := n.known[id]
	if ok {
		return name
	}
	u, err := n.accounts.Get(n.ctx, id)
	switch {
	case errors.Is(err, accounts.ErrNotFound):
		name = "(账号不在本系统)"
	case err != nil && n.err == nil:
		n.err = err
	case err == nil:
		name = u.Name
	}
	n.known[id] = name
	return name
}

// Org is the name of a unit.
func (n *names) Org(code string) string { return n.units.Name(code) }

// Enterprise is nobody: accounts have none.
func (n *names) Enterprise(string) string { return "" }

// Person is nobody: accounts have none.
func (n *names) Person(string) string { return "" }

// units are the units of a date as choices.
func (p *pages) units(q *web.Request) (orgunit.Tree, []web.Option, error) {
	tree, err := p.Accounts.Units(q.Context())
	if err != nil {
		return tree, nil, err
	}
	var options []web.Option
	for _, u := range tree.All(domain.DateOf(q.Now())) {
		options = append(options, web.Option{Value: u.Code, Label: u.Name})
	}
	return tree, options, nil
}

// roleOptions are the roles that a person may be given.
func roleOptions() []web.Option {
	var options []web.Option
	for _, r := range domain.Roles().All() {
		if r != domain.RoleSystem {
			options = append(options, web.Option{Value: string(r), Label: r.Label()})
		}
	}
	return options
}

// reasonOptions are some of the reasons.
func reasonOptions(reasons ...user.Reason) []web.Option {
	options := make([]web.Option, len(reasons))
	for i, r := range reasons {
		options[i] = web.Option{Value: string(r), Label: r.Label()}
	}
	return options
}

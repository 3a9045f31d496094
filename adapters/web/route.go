package web

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/guard"
	"hearth/domain"
)

// Handler answers one request. It returns what q.Render, q.Done and the like
// return, or an error as it came; the shell turns errors into answers.
type Handler func(q *Request) error

// Route is one line of the table of routes.
type Route struct {
	Pattern string        // with its method: "GET /complaints/{id}"
	Handler Handler       //
	Roles   []domain.Role // who may; empty means everybody who has signed in
	Models  []string      // read models that the page shows
	MaxBody int64         // of a POST in bytes; 0 means 1 MiB
	Timeout time.Duration // 0 means 30 s, below 0 none
	Public  bool          // nobody needs to sign in
	Rate    guard.Kind    // is counted besides the pages; empty for no more than these
}

const (
	defaultBody    = 1 << 20
	defaultTimeout = 30 * time.Second
)

func (r Route) check() error {
	method, path, ok := strings.Cut(r.Pattern, " ")
	switch {
	case !ok || strings.ToUpper(method) != method || !strings.HasPrefix(path, "/"):
		return fmt.Errorf("route %q: want METHOD /path", r.Pattern)
	case r.Handler == nil:
		return fmt.Errorf("route %q has no handler", r.Pattern)
	}
	return nil
}

// NavItem is one entry of the navigation, shown to those who may open it. Key
// is the letter that opens it after g.
type NavItem struct {
	Label string
	Href  string
	Icon  string // of templates/parts/icons.html
	Key   string
	Roles []domain.Role
}

// Topic is something that changes while people look at it. A page names it as
// data-live="<name>:<key>". Version gives the same text as long as nothing that
// the page shows has changed; it is asked after one of Models has moved.
type Topic struct {
	Name   string
	Models []string
	Roles  []domain.Role
	// May reports whether a user may know of what the key names; nil means every
	// user with one of the roles.
	May     func(ctx context.Context, u accounts.User, key string) (bool, error)
	Version func(ctx context.Context, key string) (string, error)
}

// Family is what one family of pages brings along. Its templates are named
// <Name>/<file without .html>; a file whose name begins with _ is parsed into
// all of them. Ops are pages to which the operations page leads.
type Family struct {
	Name      string
	Templates fs.FS
	Routes    []Route
	Nav       []NavItem
	Ops       []NavItem
	Topics    []Topic
}

func may(u accounts.User, roles []domain.Role) bool {
	return u.ID != "" && (len(roles) == 0 || u.Has(roles...))
}

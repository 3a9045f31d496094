package web

import (
	"net/http"
	"time"

	"hearth/adapters/accounts"
)

// Page is what the frame around every page needs. Page structs embed it and are
// passed to Render by address.
type Page struct {
	Title  string
	Crumbs []Crumb
	User   accounts.User
	Now    time.Time
	Org    string // whose program this is
	Path   string // of this page, without its query

	Nav     []NavLink
	Search  bool // the user may search
	Flash   string
	Problem Problem
	Closed  bool // nothing can be saved at the moment: the log is under an alarm
	Stale   bool // a model had not reached the command that led here
	Demo    bool
	Version string
	Bare    bool // only the content: the page's script asks
}

// Crumb is one step of the way back up.
type Crumb struct{ Label, Href string }

// NavLink is an entry of the navigation as one user sees it.
type NavLink struct {
	NavItem
	Current bool
}

// Problem is why a form did not go through.
type Problem struct {
	Title string
	Text  string
	Files bool // files have to be chosen again
}

// Paged is a pointer to a struct that embeds Page.
type Paged interface{ page() *Page }

func (p *Page) page() *Page { return p }

// Initial is the first character of the user's name.
func (p *Page) Initial() string {
	for _, r := range p.User.Name {
		return string(r)
	}
	return ""
}

// Page is the frame of a page with a title and the way back up.
func (q *Request) Page(title string, crumbs ...Crumb) Page {
	p := Page{
		Title: title, Crumbs: crumbs, User: q.User, Now: q.Now(), Org: q.shell.cfg.Org, Path: q.URL.Path,
		Stale: q.stale, Demo: q.shell.demo(), Version: q.shell.cfg.Version, Bare: background(q.Request),
	}
	for _, item := range q.shell.nav {
		if may(q.User, item.Roles) {
			p.Nav = append(p.Nav, NavLink{item, current(item.Href, q.URL.Path)})
		}
	}
	for _, a := range q.shell.cfg.alarms() {
		p.Closed = p.Closed || a.Closed
	}
	for _, r := range q.shell.search {
		p.Search = may(q.User, r.Roles)
	}
	if q.kept != nil {
		p.Problem = q.kept.problem
	}
	return p
}

// current reports whether a page lies under an entry of the navigation.
func current(href, path string) bool {
	return path == href || len(path) > len(href) && path[:len(href)] == href && path[len(href)] == '/'
}

// Render answers with a page: 200, or what the form that is shown again calls
// for.
func (q *Request) Render(name string, p Paged) error {
	status := http.StatusOK
	if q.kept != nil {
		status = q.kept.status
	}
	return q.RenderStatus(status, name, p)
}

// RenderStatus is Render with a status of one's own.
func (q *Request) RenderStatus(status int, name string, p Paged) error {
	page := p.page()
	if !page.Bare && !q.plain {
		page.Flash = q.shell.sessions.PopString(q.Context(), flashKey)
	}
	body, err := q.shell.pages.render(name, "layout", p)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return q.send(status, body)
}

// Fragment answers with one block of a page's template, for its script.
func (q *Request) Fragment(name, block string, data any) error {
	body, err := q.shell.pages.render(name, block, data)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return q.send(http.StatusOK, body)
}

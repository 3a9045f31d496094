package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"hearth/adapters/guard"
)

// Shell answers all requests for pages.
type Shell struct {
	cfg      Config
	mux      *http.ServeMux
	handler  http.Handler
	sessions *scs.SessionManager
	pages    *templates
	assets   *assets
	nav      []NavItem
	events   *Events
	routes   []Route
	search   []Route // the route that takes searches, when there is one
	started  time.Time

	statusMu sync.Mutex
	status   []modelView // guarded by statusMu
	statusAt time.Time   // guarded by statusMu
}

// New makes the shell with the pages of all families, whose live parts work
// until ctx ends or Close. It fails when a template cannot be parsed, a route is
// malformed or two routes are the same.
func New(ctx context.Context, cfg Config) (shell *Shell, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Shell{cfg: cfg, mux: http.NewServeMux(), started: cfg.Now()}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = parseTemplates(s.assets, cfg.Units, cfg.Families); err != nil {
		return nil, err
	}
	s.sessions = newSessions(cfg)
	s.events = newEvents(ctx, cfg)
	if err := s.register(); err != nil {
		s.events.Close()
		return nil, err
	}
	s.handler = s.chain(http.HandlerFunc(s.dispatch))
	return s, nil
}

// ServeHTTP answers a request.
func (s *Shell) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Server is an http.Server for the shell with the limits that it relies on. Its
// Shutdown ends the live connections of open pages.
func (s *Shell) Server(h http.Handler) *http.Server {
	server := s.cfg.Times.Server(h)
	server.RegisterOnShutdown(s.events.stop)
	return server
}

// Routes is the table of routes: the shell's own and those of all families.
func (s *Shell) Routes() []Route { return slices.Clone(s.routes) }

// Close ends what the shell runs in the background and waits for it.
func (s *Shell) Close() { s.events.Close() }

// register fills the one table of routes: the shell's own and the families'.
// ServeMux panics on two equal patterns; a wrong table is a wrong program.
func (s *Shell) register() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("web: routes: %v", p)
		}
	}()
	routes := s.ownRoutes()
	defer func() { s.routes = routes }()
	for _, f := range s.cfg.Families {
		routes = append(routes, f.Routes...)
		s.nav = append(s.nav, f.Nav...)
		for _, t := range f.Topics {
			s.events.add(t)
		}
	}
	s.nav = append(s.nav, ownNav...)
	for _, r := range routes {
		if err := r.check(); err != nil {
			return fmt.Errorf("web: %w", err)
		}
		if r.Pattern == "POST /search" {
			s.search = []Route{r}
		}
		s.mux.Handle(r.Pattern, s.serve(r))
	}
	return nil
}

func (s *Shell) ownRoutes() []Route {
	routes := []Route{
		{Pattern: "GET /{$}", Handler: s.home},
		{Pattern: "GET /sign-in", Handler: s.signInPage, Public: true},
		{Pattern: "POST /sign-in", Handler: s.signIn, Public: true, Rate: guard.SignIn},
		{Pattern: "POST /sign-out", Handler: s.signOut, Public: true},
		{Pattern: "GET /help/keys", Handler: s.keysPage},
		{Pattern: "GET /events", Handler: s.serveEvents, Timeout: -1},
		{Pattern: "GET /ops", Handler: s.opsPage, Roles: opsRoles},
	}
	routes = append(routes, s.stepRoutes()...)
	routes = append(routes, s.externalRoutes()...)
	if s.demo() {
		routes = append(routes, Route{Pattern: "GET /dev/parts", Handler: s.partsPage, Public: true})
	}
	return routes
}

func (s *Shell) demo() bool { return len(s.cfg.Demo) > 0 }

// serve is a route as the mux calls it.
func (s *Shell) serve(route Route) http.HandlerFunc {
	limit, timeout, body := route.MaxBody, route.Timeout, s.cfg.Times.Body
	if limit == 0 {
		limit = defaultBody
	}
	if timeout == 0 {
		timeout = defaultTimeout
	}
	if limit > defaultBody {
		body = s.cfg.Times.Upload
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if timeout > 0 {
			ctx, cancel := context.WithTimeout(r.Context(), timeout)
			defer cancel()
			r = r.WithContext(ctx)
		}
		err := s.cfg.Times.Allow(w, r, body, timeout)
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		q := s.request(w, r)
		defer q.cleanUp()
		if err == nil {
			err = s.run(q, route)
		}
		if err != nil {
			s.Error(q, err)
		}
	}
}

// cleanUp removes the temporary files of an upload. The server does so only for
// the request that it made itself, and ours carries another context.
func (q *Request) cleanUp() {
	if q.MultipartForm == nil {
		return
	}
	if err := q.MultipartForm.RemoveAll(); err != nil {
		q.shell.cfg.Log.WarnContext(q.Context(), "temporary files of an upload stay", "request", q.id, "err", err)
	}
}

func (s *Shell) run(q *Request, route Route) error {
	switch {
	case guard.Encoded(q.Request):
		return errEncoded
	case !guard.ReadableURL(q.URL):
		return ErrNotFound
	}
	if err := s.mayAsk(q, route); err != nil {
		return err
	}
	switch {
	case route.Public:
	case q.User.ID == "":
		return s.askToSignIn(q)
	case !may(q.User, route.Roles):
		return ErrForbidden
	case q.User.MustSetFactor && !strings.HasPrefix(q.URL.Path, ownAccount):
		// A role that needs it was given while the session lasted.
		return s.demandFactor(q)
	}
	if err := s.awaitModels(q, route.Models); err != nil {
		return err
	}
	q.seen = s.seen(route.Models)
	return route.Handler(q)
}

// dispatch finds the route, and gives the answers 404 and 405 a page.
func (s *Shell) dispatch(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	probe := &probe{header: http.Header{}}
	h.ServeHTTP(probe, r)
	err := ErrNotFound
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		err = errMethod
	}
	s.Error(s.request(w, r), err)
}

// probe learns what the mux would answer.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

// home leads to the first page of the navigation that the user may open.
func (s *Shell) home(q *Request) error {
	for _, item := range s.nav {
		if may(q.User, item.Roles) {
			return q.Redirect(item.Href)
		}
	}
	return q.Render("shell/home", &homePage{q.Page("首页"), Empty{
		Title: "您的账号还没有可用的功能", Text: "请联系系统管理员,为您的账号增加岗位角色。",
	}})
}

type homePage struct {
	Page
	Welcome Empty
}

type keysPage struct{ Page }

func (s *Shell) keysPage(q *Request) error {
	return q.Render("shell/keys", &keysPage{Page: q.Page("快捷键")})
}

// newSessions makes the session manager; the cookie is the shell's own. (scs.New
// would start a goroutine for a store in memory that we do not want, and cannot
// be sure to stop.)
func newSessions(cfg Config) *scs.SessionManager {
	return &scs.SessionManager{
		Store: cfg.Sessions, Codec: scs.GobCodec{}, Lifetime: cfg.Lifetime, IdleTimeout: cfg.Idle, // the store hashes the token itself
	}
}

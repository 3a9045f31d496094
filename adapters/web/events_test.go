package web_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/eventstore"
)

// stream takes a live answer piece by piece.
type stream struct {
	header http.Header
	pieces chan string
}

func (s *stream) Header() http.Header { return s.header }
func (s *stream) WriteHeader(int)     {}
func (s *stream) Flush()              {}
func (s *stream) Write(b []byte) (int, error) {
	s.pieces <- string(b)
	return len(b), nil
}

// topic is something whose version the test sets.
type topic struct {
	mu      sync.Mutex
	version string // guarded by mu
	asked   int    // guarded by mu
	err     error  // guarded by mu
}

func (p *topic) set(v string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.version = v
}

func (p *topic) family(name string, models ...string) web.Family {
	return web.Family{Name: name, Topics: []web.Topic{{
		Name: name, Models: models, Roles: []domain.Role{domain.RoleOperator},
		Version: func(_ context.Context, key string) (string, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.asked++
			return key + "=" + p.version, p.err
		},
	}}}
}

// watch opens the live connection; what it sends arrives in pieces.
func (v *visitor) watch(t *testing.T, query string) (pieces chan string, ended chan struct{}, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/events?"+query, nil)
	r.AddCookie(v.cookie)
	s := &stream{header: http.Header{}, pieces: make(chan string, 100)}
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		v.shell.ServeHTTP(s, r)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return s.pieces, ended, cancel
}

func drain(pieces chan string) string {
	synctest.Wait()
	text := ""
	for {
		select {
		case p := <-pieces:
			text += p
		default:
			return text
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := webtest.Live(1, "cases", "board")
		p := &topic{version: "1"}
		v, _ := bubble(t, func(c *web.Config) { c.Models = m }, p.family("case", "cases"))
		pieces, _, _ := v.watch(t, "topic=case:7")
		if got := drain(pieces); got != ": connected\n\n" {
			t.Errorf("at first: %q", got)
		}
		m.Move("board", 2)
		m.Move("cases", 2)
		time.Sleep(time.Second)
		if got := drain(pieces); got != "" {
			t.Errorf("the model moved, the topic did not: %q", got)
		}
		p.set("2")
		m.Move("board", 3)
		time.Sleep(time.Second)
		if got := drain(pieces); got != "" {
			t.Errorf("another model moved: %q", got)
		}
		m.Move("cases", 3)
		time.Sleep(time.Second)
		if got, want := drain(pieces), "event: changed\ndata: {\"topic\":\"case:7\",\"version\":\"7=2\"}\n\n"; got != want {
			t.Errorf("after a change: %q; want %q", got, want)
		}
		time.Sleep(12 * time.Second)
		if got := drain(pieces); got != ": heart-beat\n\n" {
			t.Errorf("after 15 s: %q; want a heart-beat", got)
		}
		time.Sleep(30 * time.Second)
		if got := drain(pieces); got != strings.Repeat(": heart-beat\n\n", 2) {
			t.Errorf("after 30 s more: %q", got)
		}
	})
}

// TestEventsKnowWhatThePageShows: a change between the page and its connection
// is told at once.
func TestEventsKnowWhatThePageShows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &topic{version: "5"}
		v, _ := bubble(t, func(c *web.Config) { c.Models = webtest.Live(1, "cases") }, p.family("case", "cases"))
		for query, want := range map[string]bool{"topic=case:7@7%3D5": false, "topic=case:7@7%3D4": true, "topic=case:7": false} {
			pieces, _, leave := v.watch(t, query)
			if got := strings.Contains(drain(pieces), "event: changed"); got != want {
				t.Errorf("%s: told %v; want %v", query, got, want)
			}
			leave()
		}
	})
}

func TestEventsAskOnceForMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := webtest.Live(1, "cases")
		p := &topic{version: "1"}
		v, _ := bubble(t, func(c *web.Config) { c.Models = m }, p.family("case", "cases"))
		var all []chan string
		for range 10 {
			pieces, _, _ := v.watch(t, "topic=case:7&topic=case:8")
			all = append(all, pieces)
			drain(pieces)
		}
		p.mu.Lock()
		before := p.asked
		p.mu.Unlock()
		p.set("2")
		for pos := range 50 {
			m.Move("cases", eventstore.Position(2+pos))
		}
		time.Sleep(time.Second)
		for i, pieces := range all {
			if got := strings.Count(drain(pieces), "event: changed"); got != 2 {
				t.Errorf("page %d heard %d changes; want 2", i, got)
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if asked := p.asked - before; asked != 2 {
			t.Errorf("50 notices and 10 pages asked %d versions; want 2", asked)
		}
	})
}

func TestEventsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(v *visitor, a *webtest.Accounts, id string){
		"sign-out": func(v *visitor, _ *webtest.Accounts, _ string) { v.do("POST", "/sign-out", "") },
		"disabled": func(_ *visitor, a *webtest.Accounts, id string) {
			a.Change(id, func(u *accounts.User) { u.Disabled = true })
		},
		"idle":        func(*visitor, *webtest.Accounts, string) { time.Sleep(61 * time.Minute) },
		"server ends": func(v *visitor, _ *webtest.Accounts, _ string) { v.shell.Close() },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &topic{version: "1"}
			v, a := bubble(t, func(c *web.Config) { c.Models = webtest.Live(1, "cases") }, p.family("case", "cases"))
			e, err := a.Authenticate(t.Context(), "zhang", webtest.Password, accounts.Place{})
			if err != nil {
				t.Fatal(err)
			}
			pieces, ended, _ := v.watch(t, "topic=case:7")
			go func() {
				for range pieces { // a page that reads everything
				}
			}()
			synctest.Wait()
			end(v, a, e.User.ID)
			select {
			case <-ended:
			case <-time.After(16 * time.Second):
				t.Errorf("%s: the connection goes on", name)
			}
			close(pieces)
		})
	}
}

func TestEventsRefused(t *testing.T) {
	t.Parallel()
	p := &topic{version: "1"}
	broken := &topic{err: errors.New("no table")}
	s := webtest.New(t, func(c *web.Config) { c.Models = webtest.Live(1, "cases") }, p.family("case", "cases"), broken.family("broken", "cases"))
	op, handler := s.SignIn(t, domain.RoleOperator), s.SignIn(t, domain.RoleHandler)
	for query, want := range map[string]int{
		"": 404, "topic=none:1": 404, "topic=broken:1": 500, strings.Repeat("topic=case:1&", 21): 404,
	} {
		if a := op.Get("/events?" + query); a.Status != want {
			t.Errorf("/events?%s: %d; want %d", query, a.Status, want)
		}
	}
	if a := handler.Get("/events?topic=case:1"); a.Status != http.StatusForbidden {
		t.Errorf("a topic of another role: %d", a.Status)
	}
	if a := s.Visitor(t).Get("/events?topic=case:1"); a.Status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", a.Status)
	}
}

// TestServerShutdownEndsEvents: an open page does not hold up the end.
func TestServerShutdownEndsEvents(t *testing.T) {
	t.Parallel()
	p := &topic{version: "1"}
	s := webtest.New(t, func(c *web.Config) { c.Models = webtest.Live(1, "cases") }, p.family("case", "cases"))
	server := httptest.NewUnstartedServer(nil)
	server.Config = s.Server(s)
	server.Start()
	defer server.Close()
	c := s.SignIn(t, domain.RoleOperator)
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/events?topic=case:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", c.Cookie())
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body := bufio.NewReader(res.Body)
	if line, err := body.ReadString('\n'); err != nil || line != ": connected\n" || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("connection: %q, %v, %v", line, err, res.Header)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil {
		t.Errorf("shutdown with an open page: %v", err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

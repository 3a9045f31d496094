// Package oidctest is a provider of identities for tests: the OpenID provider of
// github.com/zitadel/oidc, in process, with one client, some users and a sign-in
// page without passwords. It follows the standard unless a test sets a Fault.
// Read New first.
package oidctest

import (
	"context"
	"crypto/rand"
	"html/template"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// The client that the provider knows.
const (
	ClientID = "hearth"
	Secret   = "a secret of the client"
)

// User is somebody with an identity there.
type User struct{ Subject, Login, Name string }

// Users are those whom every provider knows.
func Users() []User {
	return []User{
		{"8f1c-0001", "zhang.zq", "张志强"},
		{"8f1c-0002", "wang.lh", "王丽华"},
		{"8f1c-0003", "li.jg", "李建国"},
	}
}

// Fault is what a provider does wrong; the zero Fault is none.
type Fault struct {
	Nonce    string // in place of the one that was asked for
	Audience string // the ID token is for this client
	WrongKey bool   // it is signed by a key that was never published
	Expired  bool   // it was over before it was made
}

// Provider is a provider that serves until the test ends, unless it is stopped.
type Provider struct {
	Issuer string

	t       testing.TB
	address string // where it listens, also after it was stopped
	handler http.Handler
	op      *op.Provider
	storage *storage

	mu     sync.Mutex
	server *httptest.Server // guarded by mu; nil while it is stopped
}

// New starts a provider that sends its users back to the given addresses only.
func New(t testing.TB, redirects ...string) *Provider {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for the provider of identities: %v", err)
	}
	p := &Provider{t: t, address: l.Addr().String(), Issuer: "http://" + l.Addr().String(), storage: newStorage(redirects)}
	var key [32]byte
	rand.Read(key[:])
	p.op, err = op.NewProvider(&op.Config{CryptoKey: key, CodeMethodS256: true}, p.storage, op.StaticIssuer(p.Issuer), op.WithAllowInsecure())
	if err != nil {
		t.Fatalf("make the provider of identities: %v", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", p.login)
	mux.HandleFunc("POST /login", p.chosen)
	mux.Handle("/", p.op)
	p.handler = mux
	p.serve(l)
	t.Cleanup(p.Stop)
	return p
}

func (p *Provider) serve(l net.Listener) {
	server := httptest.NewUnstartedServer(p.handler)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server = server
}

// Stop ends the provider; its address stays its own.
func (p *Provider) Stop() {
	p.mu.Lock()
	server := p.server
	p.server = nil
	p.mu.Unlock()
	if server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

// Start serves again after Stop.
func (p *Provider) Start() {
	p.t.Helper()
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatalf("listen again for the provider of identities: %v", err)
	}
	p.serve(l)
}

// Set makes the provider do something wrong from now on.
func (p *Provider) Set(f Fault) { p.storage.set(f) }

// Allow registers one more address to which users are sent back.
func (p *Provider) Allow(redirect string) { p.storage.allow(redirect) }

var loginPage = template.Must(template.New("").Parse(`<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>统一身份认证(测试)</title></head><body>
<h1>统一身份认证(测试)</h1>{{range .Users}}<form method="post" action="/login"><input type="hidden" name="request" value="{{$.Request}}"><button name="user" value="{{.Login}}">{{.Name}}</button></form>{{end}}
<form method="post" action="/login"><input type="hidden" name="request" value="{{.Request}}"><button name="user" value="">不同意</button></form></body></html>`))

func (p *Provider) login(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = loginPage.Execute(w, map[string]any{"Request": r.URL.Query().Get("request"), "Users": Users()})
}

// chosen ends the sign-in page: with somebody, or with a refusal.
func (p *Provider) chosen(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("request")
	if login := r.PostFormValue("user"); login != "" {
		if !p.storage.choose(id, login) {
			http.Error(w, "no such user or request", http.StatusBadRequest)
			return
		}
		ctx := op.ContextWithIssuer(r.Context(), p.Issuer)
		http.Redirect(w, r, op.AuthCallbackURL(p.op)(ctx, id), http.StatusSeeOther)
		return
	}
	redirect, state, ok := p.storage.refuse(id)
	if !ok {
		http.Error(w, "no such request", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, redirect+"?"+url.Values{"error": {"access_denied"}, "state": {state}}.Encode(), http.StatusSeeOther)
}

// Answer goes to an address of the provider as a browser does, signs in as a
// login (empty: refuses), and returns the query with which the provider sends the
// browser back.
func (p *Provider) Answer(ctx context.Context, address, login string) url.Values {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page := p.hop(ctx, client, http.MethodGet, address, nil)
	if page.Path != "/login" {
		return page.Query() // the provider has sent the browser back at once
	}
	form := url.Values{"request": {page.Query().Get("request")}, "user": {login}}
	next := p.hop(ctx, client, http.MethodPost, p.Issuer+"/login", form)
	if strings.HasPrefix(next.String(), p.Issuer) {
		next = p.hop(ctx, client, http.MethodGet, next.String(), nil)
	}
	return next.Query()
}

// hop is where one request is redirected to.
func (p *Provider) hop(ctx context.Context, client *http.Client, method, address string, form url.Values) *url.URL {
	p.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(r)
	if err != nil {
		p.t.Fatalf("ask the provider of identities: %v", err)
	}
	defer res.Body.Close()
	next, err := res.Location()
	if err != nil {
		p.t.Fatalf("%s %s: status %d and no way on", method, r.URL.Path, res.StatusCode)
	}
	return next
}

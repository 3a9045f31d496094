// Package webtest tests pages: a shell without a database, users of any role,
// and a client that is signed in, follows redirects and keeps cookies as a
// browser does. Read New first.
package webtest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/user"
)

// Password is what every user of Accounts signs in with.
const Password = "long enough for a test"

// Now is the time of shells made by New: a Monday morning in Shanghai.
func Now() time.Time { return time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC) }

// Accounts are users in memory.
type Accounts struct {
	mu     sync.Mutex
	users  []accounts.User          // guarded by mu
	linked map[user.External]string // ids of users; guarded by mu
}

// Add makes a user of a unit with roles and returns it; the login is the name.
func (a *Accounts) Add(login, org string, roles ...domain.Role) accounts.User {
	u := accounts.User{
		ID: uuid.NewString(), Login: login, Name: "测试" + login, Org: org, Roles: roles, Generation: 1,
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users = append(a.users, u)
	return u
}

// Change changes a user in place.
func (a *Accounts) Change(id string, change func(*accounts.User)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.users {
		if a.users[i].ID == id {
			change(&a.users[i])
		}
	}
}

// Authenticate accepts Password.
func (a *Accounts) Authenticate(_ context.Context, login, password string, from accounts.Place) (accounts.Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range a.users {
		switch {
		case u.Login != login || password != Password:
		case u.Disabled:
			return accounts.Entry{}, domain.Reject("account_disabled", "这个账号已停用,请联系本单位的系统管理员。")
		default:
			return accounts.Entry{User: u, How: user.HowPassword, From: from, NeedsCode: u.HasFactor}, nil
		}
	}
	return accounts.Entry{}, domain.Reject("bad_credentials", "登录名或密码不对,请检查大小写和输入法后再试。")
}

// Code is the second factor of every user of Accounts who has one.
const Code = "123456"

// SecondStep accepts Code.
func (a *Accounts) SecondStep(ctx context.Context, id string, how user.How, code string, from accounts.Place) (accounts.Entry, error) {
	u, err := a.Get(ctx, id)
	if err != nil {
		return accounts.Entry{}, err
	}
	if code != Code {
		return accounts.Entry{}, domain.Reject("bad_code", "动态口令或恢复码不对。")
	}
	return accounts.Entry{User: u, How: how, Factor: user.FactorTOTP, From: from}, nil
}

// SignInExternal lets in who was linked, see LinkExternal.
func (a *Accounts) SignInExternal(_ context.Context, issuer, subject string, from accounts.Place) (accounts.Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, linked := a.linked[user.External{Issuer: issuer, Subject: subject}]
	for _, u := range a.users {
		if linked && u.ID == id {
			return accounts.Entry{User: u, How: user.HowExternal, From: from, NeedsCode: u.HasFactor}, nil
		}
	}
	return accounts.Entry{}, domain.Reject("external_unknown", "这个统一身份还没有关联账号。请先用登录名和密码登录。")
}

// SignInInvited takes the id of an account for an invitation to it.
func (a *Accounts) SignInInvited(ctx context.Context, invitation string, x user.External, from accounts.Place) (accounts.Entry, error) {
	if _, err := a.Get(ctx, invitation); err != nil {
		return accounts.Entry{}, domain.Reject("invitation_over", "没有这个邀请码。请向系统管理员要新的。")
	}
	if err := a.LinkExternal(ctx, invitation, x, accounts.Request{}); err != nil {
		return accounts.Entry{}, err
	}
	return a.SignInExternal(ctx, x.Issuer, x.Subject, from)
}

// LinkExternal links an identity to an account.
func (a *Accounts) LinkExternal(_ context.Context, id string, x user.External, _ accounts.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.linked == nil {
		a.linked = map[user.External]string{}
	}
	if other, taken := a.linked[x]; taken && other != id {
		return domain.Reject("external_taken", "这个统一身份已关联另一个账号,请先在那个账号里解除。")
	}
	a.linked[x] = id
	return nil
}

// SetPassword notes that the user has one of their own; all go on to sign in with
// Password.
func (a *Accounts) SetPassword(_ context.Context, id, password string, _ bool, _ accounts.Request) error {
	if len(password) < 10 {
		return domain.Reject("password_short", "密码太短,请用至少10个字符。")
	}
	a.Change(id, func(u *accounts.User) { u.MustChange, u.Generation = false, u.Generation+1 })
	return nil
}

// ConfirmFactor accepts Code for every secret.
func (a *Accounts) ConfirmFactor(_ context.Context, u accounts.User, _, code string, _ accounts.Request) ([]string, error) {
	if code != Code {
		return nil, domain.Reject("bad_code", "动态口令或恢复码不对。请核对手机时间。")
	}
	a.Change(u.ID, func(u *accounts.User) { u.HasFactor, u.MustSetFactor = true, false })
	return []string{"aaaa-1111", "bbbb-2222"}, nil
}

// Begin lets everybody in who needs no code.
func (a *Accounts) Begin(_ context.Context, e accounts.Entry, _ string, _ time.Time) (string, error) {
	if e.NeedsCode {
		return "", errors.New("begin without the second factor")
	}
	return "device", nil
}

// SignOut has nothing to do: the shell destroys the session.
func (*Accounts) SignOut(context.Context, accounts.User, string) error { return nil }

// Get finds a user.
func (a *Accounts) Get(_ context.Context, id string) (accounts.User, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range a.users {
		if u.ID == id {
			return u, nil
		}
	}
	return accounts.User{}, accounts.ErrNotFound
}

// Sessions are sessions in memory; Err makes them fail.
type Sessions struct {
	Now func() time.Time

	mu   sync.Mutex
	err  error              // guarded by mu
	data map[string]session // guarded by mu
}

type session struct {
	data    []byte
	expires time.Time
}

// Fail makes all calls return err until it is called with nil.
func (s *Sessions) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Find is the data of a session that has not expired.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.data[token]
	return found.data, ok && found.data != nil && s.Now().Before(found.expires), s.err
}

// Commit stores a session.
func (s *Sessions) Commit(token string, data []byte, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data == nil {
		s.data = map[string]session{}
	}
	if old, ended := s.data[token]; !ended || old.data != nil {
		s.data[token] = session{data, expires}
	}
	return s.err
}

// Delete ends a session.
func (s *Sessions) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.data[token]; ok {
		s.data[token] = session{nil, old.expires} // it has ended, and nothing brings it back
	}
	return s.err
}

// Shell is a shell under test.
type Shell struct {
	*web.Shell
	Accounts *Accounts
	Sessions *Sessions
	URL      string // of the server that serves it
}

// New serves a shell with the given families. Changes to the configuration are
// made by edit, which may be nil.
func New(t testing.TB, edit func(*web.Config), families ...web.Family) *Shell {
	t.Helper()
	s := &Shell{Accounts: &Accounts{}, Sessions: &Sessions{Now: time.Now}}
	cfg := web.Config{
		Accounts: s.Accounts, Sessions: s.Sessions, Families: families,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: Now, Version: "test",
	}
	if edit != nil {
		edit(&cfg)
	}
	shell, err := web.New(t.Context(), cfg)
	if err != nil {
		t.Fatalf("make the shell: %v", err)
	}
	s.Shell = shell
	server := httptest.NewServer(shell)
	s.URL = server.URL
	t.Cleanup(func() {
		shell.Close() // before the server, which waits for open connections
		server.Close()
	})
	return s
}

// Client is a browser without script. It follows redirects.
type Client struct {
	t    testing.TB
	base string
	http *http.Client
	User accounts.User
}

// Visitor is a client that has not signed in.
func (s *Shell) Visitor(t testing.TB) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, base: s.URL, http: &http.Client{Jar: jar}}
}

// SignIn makes a user of the city with roles and signs in.
func (s *Shell) SignIn(t testing.TB, roles ...domain.Role) *Client {
	t.Helper()
	c := s.Visitor(t)
	c.User = s.Accounts.Add(uuid.NewString(), "jc", roles...)
	if a := c.Post("/sign-in", "login", c.User.Login, "password", Password); a.Path == "/sign-in" {
		t.Fatalf("sign in: status %d", a.Status)
	}
	return c
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Path   string // where the redirects ended
	Query  url.Values
}

// Cookie is the client's Cookie header, to send requests by other means.
func (c *Client) Cookie() string {
	c.t.Helper()
	u, err := url.Parse(c.base)
	if err != nil {
		c.t.Fatal(err)
	}
	var parts []string
	for _, k := range c.http.Jar.Cookies(u) {
		parts = append(parts, k.Name+"="+k.Value)
	}
	return strings.Join(parts, "; ")
}

// Get opens a page. Pairs of header names and values may follow.
func (c *Client) Get(path string, headers ...string) Answer {
	c.t.Helper()
	return c.do(http.MethodGet, path, "", headers)
}

// Post sends a form of pairs of names and values.
func (c *Client) Post(path string, pairs ...string) Answer {
	c.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return c.do(http.MethodPost, path, v.Encode(), []string{"Content-Type", "application/x-www-form-urlencoded"})
}

// Do sends any request.
func (c *Client) Do(method, path, body string, headers ...string) Answer {
	c.t.Helper()
	return c.do(method, path, body, headers)
}

func (c *Client) do(method, path, body string, headers []string) Answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return Answer{res.StatusCode, res.Header, string(text), res.Request.URL.Path, res.Request.URL.Query()}
}

// Submit fills the form of a name on a page that was opened, and sends it. The
// pairs replace what the page's own inputs hold.
func (c *Client) Submit(page Answer, form, action string, pairs ...string) Answer {
	c.t.Helper()
	command := Hidden(page.Body, form)
	if command == "" {
		c.t.Fatalf("no form %q on %s", form, page.Path)
	}
	return c.Post(action, append([]string{"_form", form, "_command", command, "_back", page.Path}, pairs...)...)
}

var hiddenFields = regexp.MustCompile(`name="_command" value="([^"]+)"><input type="hidden" name="_form" value="([^"]*)"`)

// Hidden is the command id of a form on a page, empty when it has no such form.
func Hidden(body, form string) string {
	for _, m := range hiddenFields.FindAllStringSubmatch(body, -1) {
		if m[2] == form {
			return m[1]
		}
	}
	return ""
}

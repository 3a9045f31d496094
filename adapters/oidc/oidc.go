package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"hearth/domain"
)

const (
	// FlowLife is how long somebody may take at the provider.
	FlowLife = 10 * time.Minute

	// patience is how long one question to the provider may take.
	patience = 10 * time.Second

	firstRetry = time.Second
	lastRetry  = time.Minute
	// again is how long after it was found the provider is looked at again: its
	// addresses may have moved, and pages are to know when it is gone.
	again = 5 * time.Minute
)

// The codes of the rejections: there are no others.
const (
	CodeUnreachable = "oidc_unreachable" // the provider does not answer
	CodeRefused     = "oidc_refused"     // the provider does not sign this user in, or us
	CodeExpired     = "oidc_expired"     // there is no such flow, or not any more
	CodeUntrusted   = "oidc_untrusted"   // what came back is not what the provider must give
)

// Identity is who the provider says somebody is. Issuer and Subject together are
// what an account is linked to; Name and Login are for people to look at alone,
// for anybody may choose them there.
type Identity struct {
	Issuer  string
	Subject string
	Name    string
	Login   string
}

// Flow is one sign-in under way. It belongs into the session of the browser that
// began it, and nowhere else.
type Flow struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Redirect string    `json:"redirect"`
	Begun    time.Time `json:"begun"`
}

// Provider is the provider of identities. Safe for concurrent use.
type Provider struct {
	cfg    Config
	client *http.Client

	mu    sync.Mutex
	found *oidc.Provider // guarded by mu; nil until it was found once
	ready bool           // guarded by mu: it answered when it was last looked at
}

// New makes the provider without looking for it. Settings that cannot work are
// rejected.
func New(cfg Config) (*Provider, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = "统一身份认证"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Provider{cfg: cfg, client: &http.Client{Timeout: patience}}, nil
}

// Name is what pages call the provider.
func (p *Provider) Name() string { return p.cfg.Name }

// Ready reports whether the provider answered when it was last looked at.
func (p *Provider) Ready() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready
}

// Run looks for the provider until ctx ends: soon again while it is not there,
// now and then when it is. told is called after each look; it may be nil.
func (p *Provider) Run(ctx context.Context, told func(error)) {
	wait := firstRetry
	for ctx.Err() == nil {
		_, err := p.look(ctx)
		if told != nil && ctx.Err() == nil {
			told(err)
		}
		pause := again
		if err != nil {
			pause, wait = wait, min(2*wait, lastRetry)
		} else {
			wait = firstRetry
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// look asks the provider for its addresses.
func (p *Provider) look(ctx context.Context) (*oidc.Provider, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.cfg.Issuer)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = err == nil
	if err != nil {
		return nil, p.unreachable(fmt.Errorf("discover the provider: %w", err))
	}
	p.found = found
	return found, nil
}

// provider is the provider as it was found; when it was away it is looked for
// once more.
func (p *Provider) provider(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	found, ready := p.found, p.ready
	p.mu.Unlock()
	if ready {
		return found, nil
	}
	return p.look(ctx)
}

// Begin starts a sign-in that ends at our address redirect: the address of the
// provider to which the browser goes, and the flow to keep until it comes back.
func (p *Provider) Begin(ctx context.Context, redirect string) (address string, f Flow, err error) {
	found, err := p.provider(ctx)
	if err != nil {
		return "", Flow{}, err
	}
	f = Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Redirect: redirect, Begun: p.cfg.Now()}
	address = p.oauth(found, redirect).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	return address, f, nil
}

func (p *Provider) oauth(found *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.Secret, Endpoint: found.Endpoint(), RedirectURL: redirect,
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile},
	}
}

// Finish is who came back: the flow that this browser began and the query with
// which the provider sent it. The flow is used up, whatever comes of it; the
// caller forgets it first.
func (p *Provider) Finish(ctx context.Context, f Flow, answer url.Values) (Identity, error) {
	if err := p.checkAnswer(f, answer); err != nil {
		return Identity{}, err
	}
	found, err := p.provider(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.oauth(found, f.Redirect).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Identity{}, p.exchangeFailed(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Identity{}, p.untrusted(errors.New("no ID token in the answer"))
	}
	return p.identity(ctx, found, f, raw)
}

// checkAnswer looks at what the browser brought, before the provider is asked.
func (p *Provider) checkAnswer(f Flow, answer url.Values) error {
	switch age := p.cfg.Now().Sub(f.Begun); {
	case f.State == "":
		return p.expired(errors.New("no flow under way"))
	case age < 0 || age > FlowLife:
		return p.expired(fmt.Errorf("the flow is %s old", age))
	case subtle.ConstantTimeCompare([]byte(f.State), []byte(answer.Get("state"))) != 1:
		return p.expired(errors.New("the state is of another flow"))
	}
	if iss := answer.Get("iss"); iss != "" && iss != p.cfg.Issuer {
		return p.untrusted(errors.New("the answer names another issuer"))
	}
	if code := answer.Get("error"); code != "" {
		return p.refused(fmt.Errorf("the provider answers %s", plainCode(code)))
	}
	if answer.Get("code") == "" {
		return p.untrusted(errors.New("no code in the answer"))
	}
	return nil
}

// identity checks the ID token: signature, issuer, audience, times and nonce.
func (p *Provider) identity(ctx context.Context, found *oidc.Provider, f Flow, raw string) (Identity, error) {
	token, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.cfg.ClientID, Now: p.cfg.Now}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, p.untrusted(err)
	}
	var claims struct {
		Name     string `json:"name"`
		Login    string `json:"preferred_username"`
		Party    string `json:"azp"`
		Subject  string `json:"sub"`
		Audience any    `json:"aud"`
	}
	if err := token.Claims(&claims); err != nil {
		return Identity{}, p.untrusted(fmt.Errorf("read the ID token: %w", err))
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1:
		return Identity{}, p.untrusted(errors.New("the nonce is of another flow"))
	case token.Subject == "":
		return Identity{}, p.untrusted(errors.New("the ID token names nobody"))
	case len(token.Audience) > 1 && claims.Party != p.cfg.ClientID:
		return Identity{}, p.untrusted(errors.New("the ID token was made for another client"))
	}
	return Identity{Issuer: token.Issuer, Subject: token.Subject, Name: claims.Name, Login: claims.Login}, nil
}

// exchangeFailed tells a provider that says no from one that says nothing.
func (p *Provider) exchangeFailed(err error) error {
	if no, ok := errors.AsType[*oauth2.RetrieveError](err); ok && no.Response.StatusCode < http.StatusInternalServerError {
		// The body of the answer stays out of the log: what is in it is not ours.
		return p.refused(fmt.Errorf("the provider answers the code with %d %s", no.Response.StatusCode, plainCode(no.ErrorCode)))
	} else if ok {
		return p.unreachable(fmt.Errorf("the provider answers the code with %d", no.Response.StatusCode))
	}
	return p.unreachable(fmt.Errorf("exchange the code: %w", err))
}

var codeForm = regexp.MustCompile(`^[a-z_]{1,40}$`)

// plainCode is an error code as it may stand in a log.
func plainCode(code string) string {
	if codeForm.MatchString(code) {
		return code
	}
	return "an unknown error"
}

func (p *Provider) unreachable(cause error) error {
	return because(cause, domain.Reject(CodeUnreachable, "现在连不上%s。请用登录名和密码登录,或稍后再试。", p.cfg.Name))
}

func (p *Provider) refused(cause error) error {
	return because(cause, domain.Reject(CodeRefused, "%s没有同意这次登录。请重新登录;如果还是不行,请用登录名和密码登录,并告诉系统管理员。", p.cfg.Name))
}

func (p *Provider) expired(cause error) error {
	return because(cause, domain.Reject(CodeExpired, "这次经%s的登录已过期,或不是在这个浏览器里开始的。请重新点一次登录。", p.cfg.Name))
}

func (p *Provider) untrusted(cause error) error {
	return because(cause, domain.Reject(CodeUntrusted, "%s送回的登录凭据没有通过核验,没有登录。请重新登录;再次出现请告诉系统管理员。", p.cfg.Name))
}

// because is a rejection with its cause, which only the log shows.
func because(cause, rejection error) error { return fmt.Errorf("%w: %w", rejection, cause) }

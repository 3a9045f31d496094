package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

var errUnknown = errors.New("oidctest: unknown")

// storage keeps what the provider has to remember, in memory.
type storage struct {
	signing, unpublished *rsa.PrivateKey

	mu        sync.Mutex
	fault     Fault               // guarded by mu
	redirects []string            // guarded by mu
	requests  map[string]*request // by id; guarded by mu
	codes     map[string]string   // ids of requests by code; guarded by mu
}

// keySize is small, for keys that live as long as a test; nothing smaller is
// taken by the standard library.
const keySize = 1024

// keys are drawn once for all providers of a test process.
var keys = sync.OnceValues(func() (signing, unpublished *rsa.PrivateKey) {
	draw := func() *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, keySize)
		if err != nil {
			panic(err)
		}
		return k
	}
	return draw(), draw()
})

func newStorage(redirects []string) *storage {
	s := &storage{redirects: redirects, requests: map[string]*request{}, codes: map[string]string{}}
	s.signing, s.unpublished = keys()
	return s
}

func (s *storage) set(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *storage) allow(redirect string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redirects = append(s.redirects, redirect)
}

func (s *storage) wrong() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// request is a sign-in under way. It embeds what was asked for.
type request struct {
	*oidc.AuthRequest
	storage *storage
	id      string
	user    User // nobody until the sign-in page has ended
	at      time.Time
}

func (r *request) GetID() string                      { return r.id }
func (r *request) GetACR() string                     { return "" }
func (r *request) GetAMR() []string                   { return []string{"pwd"} }
func (r *request) GetAuthTime() time.Time             { return r.at }
func (r *request) GetRedirectURI() string             { return r.RedirectURI }
func (r *request) GetResponseType() oidc.ResponseType { return r.ResponseType }
func (r *request) GetResponseMode() oidc.ResponseMode { return r.ResponseMode }
func (r *request) GetScopes() []string                { return r.Scopes }
func (r *request) GetState() string                   { return r.State }
func (r *request) GetSubject() string                 { return r.user.Subject }
func (r *request) Done() bool                         { return r.user.Subject != "" }
func (r *request) GetAudience() []string              { return []string{r.GetClientID()} }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

func (r *request) GetClientID() string {
	if a := r.storage.wrong().Audience; a != "" {
		return a
	}
	return r.ClientID
}

func (r *request) GetNonce() string {
	if n := r.storage.wrong().Nonce; n != "" {
		return n
	}
	return r.Nonce
}

func (s *storage) choose(id, login string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	i := slices.IndexFunc(Users(), func(u User) bool { return u.Login == login })
	if !ok || i < 0 {
		return false
	}
	r.user, r.at = Users()[i], time.Now()
	return true
}

func (s *storage) refuse(id string) (redirect, state string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return "", "", false
	}
	delete(s.requests, id)
	return r.RedirectURI, r.State, true
}

// CreateAuthRequest notes a sign-in that begins.
func (s *storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked.CodeChallenge == "" || asked.CodeChallengeMethod != oidc.CodeChallengeMethodS256 || asked.Nonce == "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE by S256 and a nonce are needed")
	}
	r := &request{AuthRequest: asked, storage: s, id: rand.Text()}
	s.requests[r.id] = r
	return r, nil
}

// AuthRequestByID finds a sign-in.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return nil, errUnknown
	}
	return r, nil
}

// AuthRequestByCode finds the sign-in that a code belongs to.
func (s *storage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id, ok := s.codes[code]
	s.mu.Unlock()
	if !ok {
		return nil, errUnknown
	}
	return s.AuthRequestByID(ctx, id)
}

// SaveAuthCode notes the code of a sign-in.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

// DeleteAuthRequest forgets a sign-in whose code was used.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

// CreateAccessToken names a token that nobody will ask about.
func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(time.Minute), nil
}

// key is a key as the provider publishes it or signs with it.
type key struct {
	id  string
	key any
}

func (k key) ID() string                                  { return k.id }
func (k key) Key() any                                    { return k.key }
func (k key) Use() string                                 { return "sig" }
func (k key) Algorithm() jose.SignatureAlgorithm          { return jose.RS256 }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// SigningKey is what ID tokens are signed with.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) {
	if s.wrong().WrongKey {
		return key{"key-1", s.unpublished}, nil
	}
	return key{"key-1", s.signing}, nil
}

// SignatureAlgorithms are those of the keys.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

// KeySet is what the provider publishes.
func (s *storage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{key{"key-1", &s.signing.PublicKey}}, nil
}

// GetClientByClientID finds the one client.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != ClientID && id != s.wrong().Audience {
		return nil, errUnknown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := client{id: id, redirects: slices.Clone(s.redirects), life: time.Minute}
	if s.fault.Audience != "" {
		c.id = s.fault.Audience
	}
	if s.fault.Expired {
		c.life = -time.Hour
	}
	return c, nil
}

// AuthorizeClientIDSecret checks the client's secret.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != ClientID || secret != Secret {
		return errUnknown
	}
	return nil
}

// SetUserinfoFromScopes fills the ID token with what is known about the user.
func (s *storage) SetUserinfoFromScopes(_ context.Context, info *oidc.UserInfo, subject, _ string, _ []string) error {
	for _, u := range Users() {
		if u.Subject == subject {
			info.Subject, info.Name, info.PreferredUsername = u.Subject, u.Name, u.Login
			// A provider's groups and roles are not Hearth's.
			info.AppendClaims("groups", []string{"system_admin"})
			return nil
		}
	}
	return errUnknown
}

// Health is always good.
func (s *storage) Health(context.Context) error { return nil }

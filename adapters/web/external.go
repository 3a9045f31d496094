package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/guard"
	"hearth/adapters/oidc"
	"hearth/domain"
	"hearth/domain/user"
)

const (
	sessionFlow = "flow"
	backPath    = "/sign-in/oidc/back"
)

// external is a way to the provider of identities and back, and what it is for.
type external struct {
	Flow       oidc.Flow   `json:"flow"`
	Next       string      `json:"next,omitempty"`
	Kept       [][2]string `json:"kept,omitempty"`
	Invitation string      `json:"invitation,omitempty"` // links the identity to its account
	Link       string      `json:"link,omitempty"`       // id of the user who links their own account
}

func (s *Shell) externalRoutes() []Route {
	if s.cfg.Provider == nil {
		return nil
	}
	return []Route{
		{Pattern: "POST /sign-in/oidc", Handler: s.goOut, Public: true, Rate: guard.SignIn},
		{Pattern: "GET " + backPath, Handler: s.comeBack, Public: true},
		{Pattern: "GET /sign-in/invitation", Handler: s.invitationPage, Public: true},
		{Pattern: "POST /sign-in/invitation", Handler: s.invitation, Public: true, Rate: guard.SignIn},
		{Pattern: "POST /account/link", Handler: s.linkOwn},
	}
}

// goOut sends a browser that wants to sign in to the provider.
func (s *Shell) goOut(q *Request) error {
	if _, err := q.Sent(); err != nil {
		return err
	}
	form := q.PostForm
	return s.depart(q, external{Next: form.Get("next"), Kept: keptFields(form)})
}

type awayPage struct {
	Page
	Provider string
	Address  string
}

// depart leads to the provider by way of a page: a redirect would be the end of
// the form that was sent, which may only go to ourselves.
func (s *Shell) depart(q *Request, e external) error {
	address, flow, err := s.cfg.Provider.Begin(q.Context(), s.address(q)+backPath)
	if err != nil {
		return s.externalFailed(q, err, e)
	}
	e.Flow = flow
	s.keepExternal(q, e)
	q.w.Header().Set("Refresh", "0; url="+address)
	return q.Render("shell/away", &awayPage{Page: q.Page("正在转到" + s.cfg.Provider.Name()), Provider: s.cfg.Provider.Name(), Address: address})
}

// address is where browsers find us.
func (s *Shell) address(q *Request) string {
	switch {
	case s.cfg.BaseURL != "":
		return strings.TrimSuffix(s.cfg.BaseURL, "/")
	case s.cfg.Origin.TLS(q.Request):
		return "https://" + q.Host
	}
	return "http://" + q.Host
}

func (s *Shell) keepExternal(q *Request, e external) {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and times alone
	}
	s.sessions.Put(q.Context(), sessionFlow, string(data))
}

// comeBack takes the browser back from the provider.
func (s *Shell) comeBack(q *Request) error {
	var e external
	// The flow is used up, whatever comes of it. Without one Finish refuses.
	if text := s.sessions.PopString(q.Context(), sessionFlow); text != "" {
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			e = external{}
		}
	}
	id, err := s.cfg.Provider.Finish(q.Context(), e.Flow, q.URL.Query())
	if err != nil {
		return s.externalFailed(q, err, e)
	}
	if e.Link != "" {
		return s.link(q, e, id)
	}
	var entry accounts.Entry
	if e.Invitation != "" {
		entry, err = s.cfg.Accounts.SignInInvited(q.Context(), e.Invitation, user.External{Issuer: id.Issuer, Subject: id.Subject}, s.place(q))
	} else {
		entry, err = s.cfg.Accounts.SignInExternal(q.Context(), id.Issuer, id.Subject, s.place(q))
	}
	if err != nil {
		return s.externalFailed(q, err, e)
	}
	return s.admit(q, entry, pending{Next: e.Next, Kept: e.Kept})
}

// externalFailed tells on the page where it began why the way to the provider led
// nowhere. What caused it is in the log alone.
func (s *Shell) externalFailed(q *Request, err error, e external) error {
	r, ok := errors.AsType[*domain.Rejection](err)
	if !ok {
		return err
	}
	s.cfg.Log.WarnContext(q.Context(), "sign-in by the provider of identities failed", "request", q.id, "code", r.Code, "err", err)
	if e.Link != "" && q.User.ID != "" {
		q.Flash(r.Text)
		return q.Redirect("/account")
	}
	status := http.StatusUnprocessableEntity
	if r.Code == oidc.CodeUnreachable {
		status = http.StatusServiceUnavailable
	}
	return s.showSignIn(q, status, &signInPage{Next: e.Next, Kept: e.Kept, Failure: r.Text})
}

// linkOwn sends a signed-in user to the provider to link their own account.
func (s *Shell) linkOwn(q *Request) error {
	if _, err := q.Sent(); err != nil {
		return err
	}
	return s.depart(q, external{Link: q.User.ID})
}

func (s *Shell) link(q *Request, e external, id oidc.Identity) error {
	if q.User.ID != e.Link {
		return s.externalFailed(q, domain.Reject(oidc.CodeExpired, "关联没有完成:登录已过期,或换了账号。请登录后在“我的账号”里重新关联。"), external{})
	}
	// The id follows from the flow, so that it is done once.
	r := accounts.Request{CommandID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(e.Flow.State)), Actor: q.User.Actor(), Channel: "web"}
	if err := s.cfg.Accounts.LinkExternal(q.Context(), q.User.ID, user.External{Issuer: id.Issuer, Subject: id.Subject}, r); err != nil {
		return s.externalFailed(q, err, e)
	}
	q.Flash("已关联" + s.cfg.Provider.Name() + "的身份,以后可以用它登录。")
	return q.Redirect("/account")
}

type invitationPage struct {
	Page
	Provider string
	Form     *Form
}

// invitationPage takes an invitation to link an account.
func (s *Shell) invitationPage(q *Request) error {
	return q.Render("shell/invitation", &invitationPage{Page: q.Page("使用关联邀请"), Provider: s.cfg.Provider.Name(), Form: q.NewForm("invitation")})
}

func (s *Shell) invitation(q *Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	code := strings.TrimSpace(f.Secret("invitation"))
	if code == "" {
		f.Fail("invitation", "请填写邀请码。")
		return f.Err()
	}
	return s.depart(q, external{Invitation: code})
}

// Provider is where people may sign in instead of by a password; *oidc.Provider
// is one.
type Provider interface {
	Name() string
	// Ready reports whether it answered when it was last looked at.
	Ready() bool
	Begin(ctx context.Context, redirect string) (address string, f oidc.Flow, err error)
	Finish(ctx context.Context, f oidc.Flow, answer url.Values) (oidc.Identity, error)
}

// providerView is the provider as the sign-in page shows it.
type providerView struct {
	Name  string
	Ready bool
}

func (s *Shell) providerView() *providerView {
	if s.cfg.Provider == nil {
		return nil
	}
	return &providerView{s.cfg.Provider.Name(), s.cfg.Provider.Ready()}
}

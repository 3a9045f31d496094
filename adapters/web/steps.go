package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/guard"
	"hearth/adapters/qrcode"
	"hearth/adapters/totp"
	"hearth/domain"
	"hearth/domain/user"
)

// pendingLife is how long somebody may take over one step of a sign-in.
const pendingLife = 15 * time.Minute

const sessionPending = "pending"

// pending is a sign-in whose first factor was right. It is kept in the session,
// which as yet belongs to nobody: no page but those of the steps opens with it.
type pending struct {
	User       string      `json:"user"`
	Generation int         `json:"generation"`
	How        user.How    `json:"how"`
	Factor     user.Factor `json:"factor,omitempty"`
	Next       string      `json:"next,omitempty"`
	Kept       [][2]string `json:"kept,omitempty"`   // a form that waits, see askToSignIn
	Secret     string      `json:"secret,omitempty"` // of a second factor that is being set
	Codes      []string    `json:"codes,omitempty"`  // recovery codes that were not yet put away
	Begun      time.Time   `json:"begun"`
}

// admit goes on with a sign-in when a step of it was right.
func (s *Shell) admit(q *Request, e accounts.Entry, p pending) error {
	// A new token with every step up: one that was planted before is worth nothing.
	if err := s.sessions.RenewToken(q.Context()); err != nil {
		return err
	}
	p.User, p.Generation, p.How, p.Factor, p.Begun = e.User.ID, e.User.Generation, e.How, e.Factor, q.Now()
	step := ""
	switch {
	case len(p.Codes) > 0:
		step = "/sign-in/codes"
	case e.NeedsCode:
		step = "/sign-in/code"
	case e.User.MustChange:
		step = "/sign-in/password"
	case e.User.MustSetFactor:
		step = "/sign-in/factor"
	default:
		return s.enter(q, e, p)
	}
	s.keepPending(q, p)
	return q.Redirect(step)
}

func (s *Shell) keepPending(q *Request, p pending) {
	data, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	s.sessions.Put(q.Context(), sessionPending, string(data))
}

// enter ends the sign-in: from here on the session is the user's.
func (s *Shell) enter(q *Request, e accounts.Entry, p pending) error {
	s.sessions.Remove(q.Context(), sessionPending)
	if err := s.begin(q, e); err != nil {
		return err
	}
	if f := keptForm(p.Kept); f != nil {
		q.User, q.sent = e.User, nil
		q.Request = withValue(q.Request, userKey, e.User)
		k := &kept{form: f, status: http.StatusOK, problem: Problem{Title: "已重新登录", Text: "刚才的内容还没有提交,已原样带回,请核对后再提交。"}}
		if s.showForm(q, k) {
			return nil
		}
	}
	if !local(p.Next) {
		p.Next = "/"
	}
	return q.Redirect(p.Next)
}

// pendingStep is the sign-in under way. Without one, or when the account has
// changed since, it begins anew.
func (s *Shell) pendingStep(q *Request) (p pending, e accounts.Entry, ok bool, err error) {
	text := s.sessions.GetString(q.Context(), sessionPending)
	if text == "" || json.Unmarshal([]byte(text), &p) != nil || q.Now().Sub(p.Begun) > pendingLife {
		return p, e, false, nil
	}
	u, err := s.cfg.Accounts.Get(q.Context(), p.User)
	if errors.Is(err, accounts.ErrNotFound) {
		return p, e, false, nil
	}
	if err != nil || u.Disabled || u.Generation != p.Generation {
		return p, e, false, err
	}
	return p, s.entry(q, u, p), true, nil
}

// entry is how far somebody has come in.
func (s *Shell) entry(q *Request, u accounts.User, p pending) accounts.Entry {
	return accounts.Entry{User: u, How: p.How, Factor: p.Factor, From: s.place(q), NeedsCode: u.HasFactor && p.Factor == user.FactorNone}
}

// step is a route of a sign-in under way.
func (s *Shell) step(handler func(q *Request, e accounts.Entry, p pending) error) Handler {
	return func(q *Request) error {
		p, e, ok, err := s.pendingStep(q)
		switch {
		case err != nil:
			return err
		case !ok && q.User.ID != "":
			return q.Redirect("/") // they are in, by another tab
		case !ok:
			s.sessions.Remove(q.Context(), sessionPending)
			return s.showSignIn(q, http.StatusUnauthorized, &signInPage{Failure: "登录没有在规定时间内完成,或账号刚刚变动过。请重新登录。"})
		}
		return handler(q, e, p)
	}
}

func (s *Shell) stepRoutes() []Route {
	var routes []Route
	for pattern, handler := range map[string]func(*Request, accounts.Entry, pending) error{
		"GET /sign-in/code": s.codePage, "POST /sign-in/code": s.code,
		"GET /sign-in/password": s.passwordPage, "POST /sign-in/password": s.password,
		"GET /sign-in/factor": s.factorPage, "POST /sign-in/factor": s.factor,
		"GET /sign-in/codes": s.codesPage, "POST /sign-in/codes": s.codes,
	} {
		r := Route{Pattern: pattern, Handler: s.step(handler), Public: true}
		if strings.HasPrefix(pattern, http.MethodPost) {
			r.Rate = guard.SignIn
		}
		routes = append(routes, r)
	}
	return routes
}

// stepPage is the page of a step.
type stepPage struct {
	Page
	Name  string // of who signs in
	Form  *Form
	Setup *FactorSetup
	Codes []string
}

// codePage asks for the second factor.
func (s *Shell) codePage(q *Request, e accounts.Entry, _ pending) error {
	return q.Render("shell/sign-in-code", &stepPage{Page: q.Page("二次验证"), Name: e.User.Name, Form: q.NewForm("code")})
}

func (s *Shell) code(q *Request, e accounts.Entry, p pending) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	code := f.Secret("code")
	if code == "" {
		f.Fail("code", "请填写动态口令或恢复码。")
		return f.Err()
	}
	e, err = s.cfg.Accounts.SecondStep(q.Context(), e.User.ID, e.How, code, e.From)
	if err != nil {
		return err
	}
	return s.admit(q, e, p)
}

// passwordPage asks for a password of the user's own.
func (s *Shell) passwordPage(q *Request, e accounts.Entry, _ pending) error {
	return q.Render("shell/sign-in-password", &stepPage{Page: q.Page("设置自己的密码"), Name: e.User.Name, Form: q.NewForm("password")})
}

func (s *Shell) password(q *Request, e accounts.Entry, p pending) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	password, err := f.NewPassword()
	switch {
	case err != nil:
		return err
	case !e.User.MustChange || e.NeedsCode:
		return s.admit(q, e, p) // sent twice, or out of turn
	}
	if err := s.cfg.Accounts.SetPassword(q.Context(), e.User.ID, password, false, own(e.User, f)); err != nil {
		return err
	}
	return s.climb(q, p)
}

// factorPage sets up a second factor. Its secret stays the same while the page
// is shown again, or the app would have to be told anew.
func (s *Shell) factorPage(q *Request, e accounts.Entry, p pending) error {
	if p.Secret == "" {
		p.Secret = totp.NewSecret()
		s.keepPending(q, p)
	}
	setup, err := NewFactorSetup(p.Secret, e.User.Login)
	if err != nil {
		return err
	}
	return q.Render("shell/sign-in-factor", &stepPage{Page: q.Page("设置二次验证"), Name: e.User.Name, Form: q.NewForm("factor"), Setup: setup})
}

func (s *Shell) factor(q *Request, e accounts.Entry, p pending) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	code := f.Secret("code")
	if !e.User.MustSetFactor || e.NeedsCode || e.User.MustChange || p.Secret == "" {
		return s.admit(q, e, p) // sent twice, or out of turn
	}
	codes, err := s.cfg.Accounts.ConfirmFactor(q.Context(), e.User, p.Secret, code, own(e.User, f))
	if err != nil {
		return err
	}
	p.Secret, p.Codes, p.Factor = "", codes, user.FactorTOTP
	return s.climb(q, p)
}

// codesPage shows the recovery codes until the user has put them away.
func (s *Shell) codesPage(q *Request, e accounts.Entry, p pending) error {
	return q.Render("shell/sign-in-codes", &stepPage{Page: q.Page("恢复码"), Name: e.User.Name, Codes: p.Codes, Form: q.NewForm("codes")})
}

func (s *Shell) codes(q *Request, e accounts.Entry, p pending) error {
	p.Codes = nil
	return s.admit(q, e, p)
}

// climb goes on behind a step that changed the account.
func (s *Shell) climb(q *Request, p pending) error {
	u, err := s.cfg.Accounts.Get(q.Context(), p.User)
	if err != nil {
		return err
	}
	return s.admit(q, s.entry(q, u, p), p)
}

// ownAccount is where users look after their own accounts.
const ownAccount = "/account"

// demandFactor leads to where the second factor is set.
func (s *Shell) demandFactor(q *Request) error {
	switch {
	case background(q.Request):
		return ErrForbidden
	case q.Method == http.MethodGet || q.Method == http.MethodHead:
		return q.Redirect(ownAccount + "/factor")
	}
	return domain.Reject("factor_missing", "您的岗位必须有二次验证,刚才的内容没有保存。请先到“我的账号”设置二次验证,再回来提交。")
}

// own is a wish of users about their own accounts.
func own(u accounts.User, f *Form) accounts.Request {
	return accounts.Request{CommandID: f.Command, Actor: u.Actor(), Channel: "web"}
}

// FactorSetup is what an authenticator app needs to know.
type FactorSetup struct {
	QR     qrcode.Code
	Secret string // in groups, to be typed
}

// NewFactorSetup draws the code of a secret for the account of a login.
func NewFactorSetup(secret, login string) (*FactorSetup, error) {
	uri, err := totp.URI(secret, login)
	if err != nil {
		return nil, err
	}
	qr, err := qrcode.Encode(uri)
	if err != nil {
		return nil, err
	}
	return &FactorSetup{QR: qr, Secret: totp.Grouped(secret)}, nil
}

// Secret is a field that is never shown again, as it was typed.
func (f *Form) Secret(name string) string {
	v := f.Values.Get(name)
	f.Values.Del(name)
	return v
}

// NewPassword is the password that was chosen and typed twice, in the fields of
// the part new-password.
func (f *Form) NewPassword() (string, error) {
	password, again := f.Secret("new_password"), f.Secret("again")
	switch {
	case password == "":
		f.Fail("new_password", "请填写新密码。")
	case password != again:
		f.Fail("again", "两次输入的新密码不一样,请重新输入。")
	}
	return password, f.Err()
}

package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
)

type signInPage struct {
	Page
	Login    string
	Next     string
	Failure  string
	Kept     [][2]string   // the form that was sent without a session
	Provider *providerView // nil: there is none
	Accounts []demoAccount
	Password string // of the demo accounts
}

type demoAccount struct{ Login, Name, Roles, Org string }

const keptPrefix = "kept."

func (s *Shell) signInPage(q *Request) error {
	if q.User.ID != "" {
		return q.Redirect("/")
	}
	return s.showSignIn(q, http.StatusOK, &signInPage{Next: q.URL.Query().Get("next"), Login: q.URL.Query().Get("as")})
}

func (s *Shell) showSignIn(q *Request, status int, p *signInPage) error {
	p.Page = q.Page("登录")
	p.Provider = s.providerView()
	if !local(p.Next) {
		p.Next = "/"
	}
	if s.demo() {
		p.Password = accounts.DemoPassword
		for _, a := range s.cfg.Demo {
			p.Accounts = append(p.Accounts, demoAccount{a.Login, a.Name, roleLabels(a.Roles), q.Units().Short(a.Org)})
		}
	}
	return q.RenderStatus(status, "shell/sign-in", p)
}

// askToSignIn answers a request without a session. A form that was sent is
// carried along and shown again afterwards, so that nothing typed is lost.
func (s *Shell) askToSignIn(q *Request) error {
	if background(q.Request) {
		return q.send(http.StatusUnauthorized, nil)
	}
	if q.Method == http.MethodGet || q.Method == http.MethodHead {
		return q.Redirect("/sign-in?" + url.Values{"next": {q.backAddress()}}.Encode())
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	p := &signInPage{Next: f.Back, Failure: "登录已过期。请重新登录,刚才填写的内容会原样带回。"}
	for _, field := range f.fields() {
		p.Kept = append(p.Kept, [2]string{keptPrefix + field[0], field[1]})
	}
	return s.showSignIn(q, http.StatusUnauthorized, p)
}

func (s *Shell) signIn(q *Request) error {
	if _, err := q.Sent(); err != nil {
		return err
	}
	form := q.PostForm
	password := form.Get("password")
	if password == accounts.DemoPassword && !s.demo() {
		password = "" // everybody knows it, and the folder may have been that of a demonstration
	}
	e, err := s.cfg.Accounts.Authenticate(q.Context(), form.Get("login"), password, s.place(q))
	if r, ok := errors.AsType[*domain.Rejection](err); ok {
		return s.showSignIn(q, s.answerTo(q, r).status, &signInPage{
			Login: form.Get("login"), Next: form.Get("next"), Failure: r.Text, Kept: keptFields(form),
		})
	}
	if err != nil {
		q.sent = nil // a password is not shown again
		return err
	}
	return s.admit(q, e, pending{Next: form.Get("next"), Kept: keptFields(form)})
}

// deviceCookie tells a browser that has signed in before from one that has not.
const deviceCookie = "hearth_device"

// place is where a request comes from.
func (s *Shell) place(q *Request) accounts.Place {
	p := accounts.Place{Address: s.cfg.Origin.Address(q.Request), Browser: q.UserAgent()}
	if c, err := q.Cookie(deviceCookie); err == nil {
		p.Device = c.Value
	}
	return p
}

// begin makes the session that of somebody who was let in.
func (s *Shell) begin(q *Request, e accounts.Entry) error {
	device, err := s.cfg.Accounts.Begin(q.Context(), e, s.sessions.Token(q.Context()), q.Now().Add(s.cfg.Lifetime))
	if err != nil {
		return err
	}
	http.SetCookie(q.w, &http.Cookie{
		Name: deviceCookie, Value: device, Path: "/sign-in", MaxAge: int(accounts.DeviceLife / time.Second),
		HttpOnly: true, Secure: s.cfg.Origin.TLS(q.Request), SameSite: http.SameSiteLaxMode,
	})
	s.sessions.Put(q.Context(), sessionUser, e.User.ID)
	s.sessions.Put(q.Context(), sessionSerial, e.User.Generation)
	s.sessions.Put(q.Context(), sessionHow, string(e.How))
	s.sessions.Put(q.Context(), sessionFactor, string(e.Factor))
	return nil
}

// Anew gives the user's session a new token behind a change of what opens the
// account, which ends all other sessions.
func (q *Request) Anew() error {
	s := q.shell
	u, err := s.cfg.Accounts.Get(q.Context(), q.User.ID)
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(q.Context()); err != nil {
		return err
	}
	return s.begin(q, accounts.Entry{
		User: u, From: s.place(q),
		How: user.How(s.sessions.GetString(q.Context(), sessionHow)), Factor: user.Factor(s.sessions.GetString(q.Context(), sessionFactor)),
	})
}

// Session names the user's session, as accounts.SessionsOf does.
func (q *Request) Session() string {
	return accounts.SessionID(q.shell.sessions.Token(q.Context()))
}

func (s *Shell) signOut(q *Request) error {
	if q.User.ID != "" {
		if err := s.cfg.Accounts.SignOut(q.Context(), q.User, s.sessions.Token(q.Context())); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(q.Context()); err != nil {
		return err
	}
	return q.Redirect("/sign-in")
}

// keptFields are the fields of a form that waits for its user to sign in.
func keptFields(form url.Values) [][2]string {
	var fields [][2]string
	for _, name := range sortedKeys(form) {
		if strings.HasPrefix(name, keptPrefix) {
			for _, v := range form[name] {
				fields = append(fields, [2]string{name, v})
			}
		}
	}
	return fields
}

// keptForm is the form that fields of keptFields make, nil when there is none.
func keptForm(fields [][2]string) *Form {
	f := &Form{Values: url.Values{}, Errors: map[string]string{}, Failed: true, Command: newCommand()}
	for _, field := range fields {
		switch name := strings.TrimPrefix(field[0], keptPrefix); name {
		case fieldForm:
			f.Name = field[1]
		case fieldBack:
			f.Back = field[1]
		case fieldCommand:
			if id, err := uuid.Parse(field[1]); err == nil {
				f.Command = id
			}
		default:
			f.Values.Add(name, field[1])
		}
	}
	if !local(f.Back) {
		return nil
	}
	return f
}

func roleLabels(roles []domain.Role) string {
	labels := make([]string, len(roles))
	for i, r := range roles {
		labels[i] = r.Label()
	}
	return strings.Join(labels, "、")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

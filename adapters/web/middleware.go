package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/alexedwards/scs/v2"

	"hearth/adapters/accounts"
	"hearth/adapters/guard"
)

const (
	flashKey      = "flash"
	sessionUser   = "user"
	sessionSerial = "generation"
	sessionHow    = "how"    // its user came in
	sessionFactor = "factor" // its user showed
)

// chain is what every request passes, from the outside in.
func (s *Shell) chain(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Error(s.request(w, r), errCrossSite)
	}))
	next = s.withSession(crossOrigin.Handler(s.withUser(next)))
	next = s.withHealth(next)
	return s.withLog(guard.Headers(s.cfg.Origin, s.withRecovery(s.withAssets(next))))
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader notes the status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// withLog gives the request its number and writes one line when it has ended:
// the route, never what was asked for or who asked.
func (s *Shell) withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.cfg.Now()
		id := newID()
		w.Header().Set("X-Request-Id", id)
		rec := &recorder{ResponseWriter: w}
		r = withValue(r, idKey, id)
		next.ServeHTTP(rec, r)
		if strings.HasPrefix(r.URL.Path, staticPrefix) || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			return
		}
		_, pattern := s.mux.Handler(r)
		s.cfg.Log.InfoContext(r.Context(), "request", "request", id, "method", r.Method, "route", pattern,
			"status", rec.status, "bytes", rec.bytes, "ms", s.cfg.Now().Sub(start).Milliseconds())
	})
}

// withRecovery turns a panic into an answer, as far as none was begun.
func (s *Shell) withRecovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			q := s.request(w, r)
			s.cfg.Log.ErrorContext(r.Context(), "panic", "request", q.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer is worse than none
			}
			// The frame may be what panicked: answer without it.
			http.Error(w, "系统错误,编号 "+q.id+"。请返回上一页再试,填写的内容还在。", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// withAssets serves static files. The headers of every answer are guard's.
func (s *Shell) withAssets(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.assets.serve(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// withSession loads the session and stores it with the answer. What the page's
// script does on its own account reads the session and leaves it alone, so that
// an open page does not keep it alive for ever.
func (s *Shell) withSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outer := r.Context()
		reload := reloadSession(func() (context.Context, error) { return s.sessions.Load(outer, s.token(r)) })
		ctx, err := reload()
		if err != nil {
			s.sessionError(s.request(w, r), err)
			return
		}
		r = r.WithContext(ctx)
		if background(r) {
			next.ServeHTTP(w, withValue(r, reloadKey, reload))
			return
		}
		next.ServeHTTP(&sessionWriter{ResponseWriter: w, shell: s, request: r}, r)
	})
}

// reloadSession reads the session of a request again.
type reloadSession func() (context.Context, error)

// sessionError answers when sessions cannot be reached: without a session there
// is no user, and no page of theirs.
func (s *Shell) sessionError(q *Request, err error) {
	q.plain = true
	s.Error(q, fmt.Errorf("%w: %w", errSession, err))
}

// sessionWriter stores the session before the first byte of the answer. When
// that fails the answer becomes an error; scs's own middleware would send both.
type sessionWriter struct {
	http.ResponseWriter
	shell   *Shell
	request *http.Request
	asked   *Request // as the handler sees it, once there is one
	begun   bool
	failed  bool
}

// WriteHeader stores the session, then begins the answer.
func (w *sessionWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		if err := w.shell.saveSession(w.ResponseWriter, w.request); err != nil {
			w.failed = true
			w.Header().Del("Location")
			q := w.shell.request(w.ResponseWriter, w.request)
			if w.asked != nil {
				q.Request, q.sent = w.asked.Request, w.asked.sent // the form is kept
			}
			w.shell.sessionError(q, err)
		}
	}
	if !w.failed {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write goes on with the answer.
func (w *sessionWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	if w.failed {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *sessionWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (s *Shell) saveSession(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	switch s.sessions.Status(ctx) {
	case scs.Modified:
		token, _, err := s.sessions.Commit(ctx)
		if err != nil {
			return err
		}
		http.SetCookie(w, s.cookie(r, token, 0))
	case scs.Destroyed:
		http.SetCookie(w, s.cookie(r, "", -1))
	}
	return nil
}

// The names of the session's cookie. One that came over TLS is bound to this
// very host by its name; it is never taken from a line without TLS, nor the
// other from one with it, where somebody else could have planted it.
const (
	cookieTLS   = "__Host-hearth"
	cookiePlain = "hearth"
)

// cookie carries a session's token until the browser is closed, or takes it away
// when age is below 0. (The library has one name for all requests.)
func (s *Shell) cookie(r *http.Request, token string, age int) *http.Cookie {
	tls := s.cfg.Origin.TLS(r)
	name := cookiePlain
	if tls {
		name = cookieTLS
	}
	return &http.Cookie{Name: name, Value: token, Path: "/", MaxAge: age, HttpOnly: true, Secure: tls, SameSite: http.SameSiteLaxMode}
}

func (s *Shell) token(r *http.Request) string {
	c, err := r.Cookie(s.cookie(r, "", 0).Name)
	if err != nil {
		return ""
	}
	return c.Value
}

// withUser finds who asks, anew for each request: a disabled account or a role
// taken away counts at once.
func (s *Shell) withUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, err := s.signedIn(r)
		if err != nil {
			s.Error(s.request(w, r), err)
			return
		}
		if u.ID != "" {
			r = withValue(r, userKey, u)
		}
		next.ServeHTTP(w, r)
	})
}

// signedIn is the user of the session, the zero User when there is none.
func (s *Shell) signedIn(r *http.Request) (accounts.User, error) {
	id := s.sessions.GetString(r.Context(), sessionUser)
	if id == "" {
		return accounts.User{}, nil
	}
	u, err := s.cfg.Accounts.Get(r.Context(), id)
	if errors.Is(err, accounts.ErrNotFound) {
		return accounts.User{}, nil
	}
	if err != nil {
		return accounts.User{}, err
	}
	if u.Disabled || u.Generation != s.sessions.GetInt(r.Context(), sessionSerial) {
		return accounts.User{}, nil
	}
	return u, nil
}

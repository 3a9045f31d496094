package web

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/eventstore"
)

// Request is one request on its way to an answer. User is empty only on public
// routes.
type Request struct {
	*http.Request
	User accounts.User

	shell *Shell
	w     http.ResponseWriter
	id    string // under which the log knows it
	stale bool   // a model had not reached the position in the address
	sent  *Form  // what a POST carried, once it was asked for
	kept  *kept  // a form that is shown again
	plain bool   // there is no session
}

// kept is a form that did not go through, and the status of the answer that
// shows it again.
type kept struct {
	form    *Form
	problem Problem
	status  int
}

type contextKey string

const (
	idKey     contextKey = "id"
	userKey   contextKey = "user"
	keptKey   contextKey = "kept"
	reloadKey contextKey = "reload"
)

func (s *Shell) request(w http.ResponseWriter, r *http.Request) *Request {
	q := &Request{Request: r, shell: s, w: w}
	q.id, _ = r.Context().Value(idKey).(string)
	q.User, _ = r.Context().Value(userKey).(accounts.User)
	q.kept, _ = r.Context().Value(keptKey).(*kept)
	if sw, ok := w.(*sessionWriter); ok && sw.asked == nil {
		sw.asked = q
	}
	return q
}

// Writer is where the answer goes, for downloads and the like.
func (q *Request) Writer() http.ResponseWriter { return q.w }

// Units is the tree of units as it is known now.
func (q *Request) Units() orgunit.Tree { return q.shell.cfg.Units() }

// UnitOptions are all units of today's tree, for forms.
func (q *Request) UnitOptions(name func(orgunit.Unit) string) (options []Option) {
	for _, u := range q.Units().All(domain.DateOf(q.Now())) {
		options = append(options, Option{Value: u.Code, Label: name(u)})
	}
	return options
}

// Now is the time of the request.
func (q *Request) Now() time.Time { return q.shell.cfg.Now() }

// By is who wishes what a form says, and when: as the first of the roles that
// the user holds, with the time and the reason of a late entry when the form
// has these fields.
func (q *Request) By(f *Form, as ...domain.Role) domain.By {
	return domain.By{
		Actor: q.User.Actor(as...), At: q.Now(),
		Happened: f.Time("happened"), LateReason: f.Text("late_reason"),
	}
}

// Done ends a POST that went well: the notice is shown on the page at the
// address, which waits until its models have reached the position.
func (q *Request) Done(address string, pos eventstore.Position, notice string) error {
	q.Flash(notice)
	return q.Redirect(withPosition(address, pos))
}

// Redirect sends the browser to an address of ours.
func (q *Request) Redirect(address string) error {
	if !local(address) {
		return fmt.Errorf("redirect to %q, which is not ours", address)
	}
	http.Redirect(q.w, q.Request, address, http.StatusSeeOther)
	return nil
}

// Flash shows a notice on the next page that the user sees.
func (q *Request) Flash(notice string) {
	if notice != "" {
		q.shell.sessions.Put(q.Context(), flashKey, notice)
	}
}

// Keep stores a value in the session, such as what was searched for, so that it
// need not be in an address.
func (q *Request) Keep(name, value string) {
	q.shell.sessions.Put(q.Context(), "kept."+name, value)
}

// Kept is what Keep stored, or empty.
func (q *Request) Kept(name string) string {
	return q.shell.sessions.GetString(q.Context(), "kept."+name)
}

// JSON answers with a value for the page's script.
func (q *Request) JSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("answer with JSON: %w", err)
	}
	q.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return q.send(http.StatusOK, body)
}

// Attachment answers with a file to be saved under a name.
func (q *Request) Attachment(name, contentType string, body []byte) error {
	q.w.Header().Set("Content-Type", contentType)
	q.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	return q.send(http.StatusOK, body)
}

// send writes a finished answer. A browser that went away is not an error.
func (q *Request) send(status int, body []byte) error {
	q.w.WriteHeader(status)
	if q.Method != http.MethodHead {
		_, _ = q.w.Write(body)
	}
	return nil
}

// background reports whether the page's script asks on its own account; such
// requests neither take notices nor keep a session alive.
func background(r *http.Request) bool {
	return r.Header.Get("X-Hearth-Refresh") != "" || r.URL.Path == "/events"
}

// local reports whether an address is a path on this server.
func local(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/") &&
		!strings.HasPrefix(address, "//") && !strings.ContainsAny(address, "\\\r\n")
}

func withValue[T any](r *http.Request, key contextKey, v T) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), key, v))
}

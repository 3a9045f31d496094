package users

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
)

// once is a secret that is shown to who made it until they have put it away. It
// lies in their session, which is sealed under their cookie.
type once struct {
	Kind    onceKind  `json:"kind"`
	Value   string    `json:"value"`
	Expires time.Time `json:"expires,omitzero"`
}

type onceKind string

const (
	oncePassword   onceKind = "password"
	onceInvitation onceKind = "invitation"
	onceToken      onceKind = "token"
)

// draw is the one-time password that belongs to a form: it is drawn when the form
// is shown, so that a form that is sent twice tells the same one both times.
func (p *pages) draw(q *web.Request, f *web.Form) string {
	if id, password, ok := strings.Cut(q.Kept("drawn"), " "); ok && id == f.Command.String() {
		return password
	}
	password := strings.ToLower(rand.Text()[:16])
	password = strings.Join([]string{password[:4], password[4:8], password[8:12], password[12:]}, "-")
	q.Keep("drawn", f.Command.String()+" "+password)
	return password
}

func (p *pages) keepOnce(q *web.Request, id string, o once) {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err) // strings and a time alone
	}
	q.Keep("once."+id, string(data))
}

type oncePage struct {
	web.Page
	Account  accounts.User
	Once     once
	Provider string
	Form     *web.Form
	Action   string
}

// showOnce shows the secret of an account that was just made.
func (p *pages) showOnce(q *web.Request) error {
	id := q.PathValue("id")
	var o once
	if json.Unmarshal([]byte(q.Kept("once."+id)), &o) != nil {
		q.Flash("这里的内容已经收好,不再显示。需要时请重新生成。")
		return q.Redirect("/users/" + id)
	}
	u, err := p.Accounts.Get(q.Context(), id)
	if err != nil {
		return found(err)
	}
	title := "一次性密码"
	if o.Kind == onceInvitation {
		title = "关联邀请码"
	}
	return q.Render("users/once", &oncePage{
		Page: q.Page(title, web.Crumb{Label: "用户账号", Href: "/users"}, web.Crumb{Label: u.Name, Href: "/users/" + id}), Account: u, Once: o,
		Provider: p.Provider, Form: q.NewForm("once"), Action: "/users/" + id + "/once",
	})
}

func (p *pages) putAway(q *web.Request) error {
	if _, err := q.Sent(); err != nil {
		return err
	}
	q.Keep("once."+q.PathValue("id"), "")
	return q.Redirect("/users/" + q.PathValue("id"))
}

// invite makes an invitation for an account to be linked to the provider.
func (p *pages) invite(q *web.Request, f *web.Form, id string) (once, error) {
	r := request(q, f)
	r.CommandID = uuid.NewSHA1(r.CommandID, []byte("invite"))
	code := p.draw(q, f)
	expires, err := p.Accounts.Invite(q.Context(), id, code, r)
	return once{Kind: onceInvitation, Value: code, Expires: expires}, found(err)
}

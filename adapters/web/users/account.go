package users

import (
	"fmt"
	"slices"
	"strings"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/domain/user"
	"hearth/eventstore"
	"hearth/projections/timeline"
)

// shownEvents is how many events of an account its page shows, the newest first.
const shownEvents = 200

func (p *pages) accountRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /users/{id}", Handler: p.account, Roles: readers},
		{Pattern: "GET /users/{id}/history", Handler: p.history, Roles: readers, Models: []string{"timeline"}},
		{Pattern: "GET /users/{id}/once", Handler: p.showOnce, Roles: managers},
		{Pattern: "POST /users/{id}/once", Handler: p.putAway, Roles: managers},
		{Pattern: "POST /users/{id}/rename", Handler: p.rename, Roles: managers},
		{Pattern: "POST /users/{id}/home", Handler: p.moveHome, Roles: managers},
		{Pattern: "POST /users/{id}/disable", Handler: p.disable, Roles: managers},
		{Pattern: "POST /users/{id}/enable", Handler: p.enable, Roles: managers},
		{Pattern: "POST /users/{id}/sessions", Handler: p.endSessions, Roles: managers},
		{Pattern: "POST /users/{id}/password", Handler: p.resetPassword, Roles: managers},
		{Pattern: "POST /users/{id}/invite", Handler: p.sendInvitation, Roles: managers},
		{Pattern: "POST /users/{id}/unlink", Handler: p.unlink, Roles: managers},
		{Pattern: "POST /users/{id}/factor", Handler: p.askRemoval, Roles: managers},
		{Pattern: "POST /users/{id}/factor/approve", Handler: p.approveRemoval, Roles: managers},
		{Pattern: "POST /users/{id}/factor/refuse", Handler: p.refuseRemoval, Roles: managers},
		{Pattern: "POST /users/{id}/tokens/{token}/revoke", Handler: p.revokeToken, Roles: managers},
	}
}

// ask is a button that asks first, with a reason when Reasons has any.
type ask struct {
	web.Confirm
	Reasons []web.Option
	Value   string // sent along, under "value"
}

func newAsk(q *web.Request, name, action, button, title, text string, reasons ...user.Reason) *ask {
	return &ask{
		Confirm: web.Confirm{Form: q.NewForm(name), Action: action, Button: button, Title: title, Text: text, Do: button},
		Reasons: reasonOptions(reasons...),
	}
}

func (a *ask) danger() *ask {
	a.Danger = true
	return a
}

type accountPage struct {
	web.Page
	Account  accounts.Account
	Tabs     []web.Tab
	State    web.Badge
	Facts    []web.Fact
	Grants   []grantView
	Past     []grantView
	Pending  []grantView
	Removal  *removalView
	Sessions []accounts.Session
	Tokens   []tokenView
	External []externalView
	Asks     []*ask
	Rename   *web.Form
	Home     *web.Form
	Units    []web.Option
	Manages  bool
	Own      bool // it is the user's own account: others manage it
	History  []web.Moment
	Earlier  int64 // events that are not shown
}

type tokenView struct {
	accounts.Token
	State  web.Badge
	Scopes string
	Revoke *ask
}

type externalView struct {
	Provider string
	Unlink   *ask
}

// openAccount is the page of an account without what its views add.
func (p *pages) openAccount(q *web.Request, view string) (*accountPage, error) {
	a, err := p.Accounts.Account(q.Context(), q.PathValue("id"))
	if err != nil {
		return nil, found(err)
	}
	address := "/users/" + a.ID
	return &accountPage{
		Page:    q.Page(a.Name, web.Crumb{Label: "用户账号", Href: "/users"}),
		Account: a, State: stateBadge(a.User), Manages: manages(q) && a.ID != q.User.ID, Own: a.ID == q.User.ID,
		Tabs: []web.Tab{
			{Label: "账号和授权", Href: address, Count: -1, Current: view == ""},
			{Label: "历次办理", Href: address + "/history", Count: -1, Current: view == "history"},
		},
	}, nil
}

func (p *pages) account(q *web.Request) error {
	page, err := p.openAccount(q, "")
	if err != nil {
		return err
	}
	a, n := page.Account, p.names(q)
	page.Facts = facts(a, q.Units())
	p.fillGrants(q, page, n)
	if page.Sessions, err = p.Accounts.SessionsOf(q.Context(), a.ID); err != nil {
		return err
	}
	if page.Tokens, err = p.tokenViews(q, a.ID, "/users/"+a.ID, page.Manages); err != nil {
		return err
	}
	page.External = p.externalViews(q, a.State.External, "/users/"+a.ID, page.Manages)
	page.Removal = viewRemoval(q, n, a.ID, a.State.Removal)
	if page.Manages {
		_, units, err := p.units(q)
		if err != nil {
			return err
		}
		page.Units, page.Rename, page.Home = units, q.NewForm("rename", "name", a.Name), q.NewForm("home", "to", a.Org)
		page.Asks = p.asks(q, page)
	}
	if n.err != nil {
		return n.err
	}
	return q.Render("users/account", page)
}

func facts(a accounts.Account, units orgunit.Tree) []web.Fact {
	factor := "未设置"
	switch {
	case a.HasFactor:
		factor = "动态口令"
	case a.MustSetFactor:
		factor = "下次登录时须设置"
	}
	password := "本人设置"
	switch {
	case a.State.Password == "":
		password = "没有密码"
	case a.MustChange:
		password = "一次性密码,下次登录须更改"
	}
	return []web.Fact{
		{Key: "登录名", Value: a.Login},
		{Key: "姓名", Value: a.Name},
		{Key: "所属单位", Value: units.Name(a.Org)},
		{Key: "建立于", Value: web.FormatTime(a.CreatedAt)},
		{Key: "密码", Value: password},
		{Key: "二次验证", Value: factor},
	}
}

// asks are the buttons for what may be done with somebody else's account.
func (p *pages) asks(q *web.Request, page *accountPage) []*ask {
	a, address := page.Account, "/users/"+page.Account.ID
	if a.Disabled {
		return []*ask{newAsk(q, "enable", address+"/enable", "启用账号", "启用这个账号?", "启用后本人可以用原来的密码登录,授权照旧。")}
	}
	reset := newAsk(q, "reset", address+"/password", "重设密码", "重设密码?", "系统给出一个一次性密码,只显示给您一次;本人用它登录后须马上改成自己的。原有登录全部退出。")
	p.draw(q, reset.Form)
	asks := []*ask{
		reset,
		newAsk(q, "end-sessions", address+"/sessions", "强制退出", "退出这个账号的所有登录?", "所有浏览器里的登录马上失效,本人可以重新登录。",
			user.ReasonRisk, user.ReasonLostDevice, user.ReasonTransfer, user.ReasonLeft).danger(),
	}
	if a.HasFactor && a.State.Removal == nil {
		asks = append(asks, newAsk(q, "factor", address+"/factor", "申请解除二次验证", "申请解除二次验证?",
			"手机丢失、恢复码也没有时使用。须由另一位管理员批准;批准后本人登录时重新设置。请先当面或打电话确认是本人。",
			user.ReasonLostDevice, user.ReasonMistake, user.ReasonRisk))
	}
	if p.Provider != "" {
		invite := newAsk(q, "invite", address+"/invite", "关联邀请", "给一个关联邀请码?", "本人凭邀请码到"+p.Provider+"登录一次,就与这个账号关联。邀请码只能用一次,新的使旧的作废。")
		p.draw(q, invite.Form)
		asks = append(asks, invite)
	}
	return append(asks, newAsk(q, "disable", address+"/disable", "停用账号", "停用这个账号?", "登录马上失效,令牌停止,代行其职务的授权一并收回。账号不会删除,以后可以再启用。",
		user.ReasonLeft, user.ReasonTransfer, user.ReasonRisk, user.ReasonMistake).danger())
}

func (p *pages) tokenViews(q *web.Request, id, address string, manages bool) ([]tokenView, error) {
	tokens, err := p.Accounts.Tokens(q.Context(), id)
	if err != nil {
		return nil, err
	}
	views := make([]tokenView, len(tokens))
	for i, t := range tokens {
		v := tokenView{Token: t, State: web.Badge{Text: "有效", Tone: "good"}}
		labels := make([]string, len(t.Scopes))
		for i, s := range t.Scopes {
			labels[i] = user.Scopes().Label(s)
		}
		v.Scopes = strings.Join(labels, "、")
		switch {
		case t.Revoked:
			v.State = web.Badge{Text: "已吊销", Tone: "calm"}
		case !t.ExpiresAt.After(q.Now()):
			v.State = web.Badge{Text: "已过期", Tone: "calm"}
		case manages:
			v.Revoke = newAsk(q, "token-"+t.ID, address+"/tokens/"+t.ID+"/revoke", "吊销", "吊销这个令牌?", "使用它的程序马上不能再访问。").danger()
		}
		views[i] = v
	}
	return views, nil
}

func (p *pages) externalViews(q *web.Request, all []user.External, address string, manages bool) []externalView {
	views := make([]externalView, len(all))
	for i, x := range all {
		views[i].Provider = p.Provider
		if p.Provider == "" {
			views[i].Provider = x.Issuer
		}
		if manages {
			views[i].Unlink = newAsk(q, fmt.Sprintf("unlink-%d", i), address+"/unlink", "解除关联", "解除关联?", "以后不能用"+views[i].Provider+"登录这个账号;用密码登录不受影响。").danger()
			views[i].Unlink.Value = fmt.Sprint(i)
		}
	}
	return views
}

// history is what happened to an account, the newest first.
func (p *pages) history(q *web.Request) error {
	page, err := p.openAccount(q, "history")
	if err != nil {
		return err
	}
	stream := eventstore.StreamID{Family: user.Family, Case: page.Account.ID}
	head, err := p.Timeline.Head(q.Context(), stream)
	if err != nil {
		return err
	}
	page.Earlier = max(0, int64(head.Version)-shownEvents)
	entries, err := p.Timeline.Case(q.Context(), stream, page.Earlier, "", shownEvents)
	if err != nil {
		return err
	}
	n := p.names(q)
	for _, e := range slices.Backward(entries) {
		who := n.User(e.Actor)
		if e.Actor == page.Account.ID {
			who = "本人"
		}
		text := named(timeline.Expand(e.Sentence, n), page.Account.State.Grants)
		page.History = append(page.History, web.Moment{ID: fmt.Sprintf("e%d", e.Version), At: e.OccurredAt, Text: text, Who: who})
	}
	if n.err != nil {
		return n.err
	}
	return q.Render("users/history", page)
}

// named puts the role in the place of the id by which a sentence knows a grant.
func named(text string, grants []user.Grant) string {
	for _, g := range grants {
		id, _, _ := strings.Cut(g.Grant, "-")
		text = strings.ReplaceAll(text, "授权"+id, "“"+g.Role.Label()+"”授权")
	}
	return text
}

// manage reads a form about an account and issues the command that it comes to.
func (p *pages) manage(q *web.Request, notice string, command func(f *web.Form) user.Command) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := command(f)
	if err := f.Err(); err != nil {
		return err
	}
	id := q.PathValue("id")
	return p.issue(q, f, id, cmd, "/users/"+id, notice)
}

func reason(f *web.Form) user.Reason { return user.Reason(f.Require("reason", "事由")) }

func (p *pages) rename(q *web.Request) error {
	return p.manage(q, "姓名已更改。", func(f *web.Form) user.Command { return &user.Rename{Name: f.Require("name", "姓名")} })
}

func (p *pages) moveHome(q *web.Request) error {
	return p.manage(q, "所属单位已变更。授权不随单位变更,请核对后办理收回和申请。", func(f *web.Form) user.Command {
		return &user.MoveHome{To: f.Require("to", "所属单位")}
	})
}

func (p *pages) disable(q *web.Request) error {
	return p.manage(q, "账号已停用,登录和令牌马上失效。", func(f *web.Form) user.Command { return &user.Disable{Reason: reason(f)} })
}

func (p *pages) enable(q *web.Request) error {
	return p.manage(q, "账号已启用。", func(*web.Form) user.Command { return &user.Enable{} })
}

func (p *pages) endSessions(q *web.Request) error {
	return p.manage(q, "已强制退出,该账号的所有登录都已失效。", func(f *web.Form) user.Command { return &user.EndSessions{Reason: reason(f)} })
}

func (p *pages) askRemoval(q *web.Request) error {
	return p.manage(q, "已申请,请另一位管理员在“待批准事项”里批准。", func(f *web.Form) user.Command { return &user.RequestFactorRemoval{Reason: reason(f)} })
}

func (p *pages) approveRemoval(q *web.Request) error {
	return p.manage(q, "已批准,二次验证已解除。", func(*web.Form) user.Command { return &user.ApproveFactorRemoval{} })
}

func (p *pages) refuseRemoval(q *web.Request) error {
	return p.manage(q, "已不予批准。", func(*web.Form) user.Command { return &user.RefuseFactorRemoval{} })
}

func (p *pages) revokeToken(q *web.Request) error {
	return p.manage(q, "令牌已吊销。", func(*web.Form) user.Command { return &user.RevokeToken{ID: q.PathValue("token")} })
}

func (p *pages) unlink(q *web.Request) error {
	return p.unlinkFrom(q, q.PathValue("id"), "/users/"+q.PathValue("id"))
}

// unlinkFrom takes away the identity whose place in the list the form names: an
// identity itself has no business in a page.
func (p *pages) unlinkFrom(q *web.Request, id, back string) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	a, err := p.Accounts.Account(q.Context(), id)
	if err != nil {
		return found(err)
	}
	for i, x := range a.State.External {
		if fmt.Sprint(i) == f.Text("value") {
			return p.issue(q, f, id, &user.UnlinkExternal{External: x}, back, "已解除关联。")
		}
	}
	return domain.Reject("external_missing", "这项关联已经解除,请刷新页面。")
}

func (p *pages) resetPassword(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	id, password := q.PathValue("id"), p.draw(q, f)
	if err := p.Accounts.SetPassword(q.Context(), id, password, true, request(q, f)); err != nil {
		return found(err)
	}
	p.keepOnce(q, id, once{Kind: oncePassword, Value: password})
	return q.Redirect("/users/" + id + "/once")
}

func (p *pages) sendInvitation(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	id := q.PathValue("id")
	o, err := p.invite(q, f, id)
	if err != nil {
		return err
	}
	p.keepOnce(q, id, o)
	return q.Redirect("/users/" + id + "/once")
}

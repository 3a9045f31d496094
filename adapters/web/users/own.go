package users

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/totp"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/user"
)

func (p *pages) ownRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /account", Handler: p.own},
		{Pattern: "GET /account/password", Handler: p.passwordPage},
		{Pattern: "POST /account/password", Handler: p.changePassword},
		{Pattern: "GET /account/factor", Handler: p.factorPage},
		{Pattern: "POST /account/factor", Handler: p.setFactor},
		{Pattern: "POST /account/factor/remove", Handler: p.removeFactor},
		{Pattern: "GET /account/codes", Handler: p.codesPage},
		{Pattern: "POST /account/codes", Handler: p.renewCodes},
		{Pattern: "POST /account/codes/done", Handler: p.codesDone},
		{Pattern: "POST /account/sessions", Handler: p.endOthers},
		{Pattern: "POST /account/sessions/{session}", Handler: p.endSession},
		{Pattern: "POST /account/unlink", Handler: p.unlinkOwn},
		{Pattern: "POST /account/tokens", Handler: p.newToken},
		{Pattern: "POST /account/tokens/put-away", Handler: p.putTokenAway},
		{Pattern: "POST /account/tokens/{token}/revoke", Handler: p.revokeOwnToken},
	}
}

type ownPage struct {
	web.Page
	Account   accounts.Account
	Grants    []grantView
	Received  []grantView // offices of others
	Given     []given     // my offices, held by others
	Pending   []grantView
	Sessions  []sessionView
	EndOthers *ask
	Tokens    []tokenView
	Token     *web.Form
	Scopes    []web.Option
	Key       string // of a token that was just made
	PutAway   *web.Form
	External  []externalView
	Provider  string
	Link      *web.Form
	CodesLeft int
	Badges    map[string]web.Badge
	Business  bool // the account may have tokens
}

var factorBadges = map[string]web.Badge{"set": {Text: "已设置", Tone: "good"}, "unset": {Text: "未设置", Tone: "calm"}}

// given is an office of the user that somebody else holds for a time.
type given struct {
	Holder string // name
	grantView
}

type sessionView struct {
	accounts.Session
	This bool
	End  *ask
}

func (p *pages) own(q *web.Request) error {
	a, err := p.Accounts.Account(q.Context(), q.User.ID)
	if err != nil {
		return found(err)
	}
	page := &ownPage{Page: q.Page("我的账号"), Account: a, Provider: p.Provider, Link: q.NewForm("link"), Badges: factorBadges}
	page.Business = !q.User.Has(domain.RoleSystemAdmin, domain.RoleSecurityAdmin, domain.RoleAuditAdmin)
	n := p.names(q)
	if err := p.fillOffices(q, page, n); err != nil {
		return err
	}
	if page.Sessions, err = p.sessionViews(q); err != nil {
		return err
	}
	if len(page.Sessions) > 1 {
		page.EndOthers = newAsk(q, "end-others", "/account/sessions", "退出其他登录", "退出其他所有登录?", "只保留现在这个浏览器里的登录。").danger()
	}
	if page.Tokens, err = p.tokenViews(q, a.ID, "/account", true); err != nil {
		return err
	}
	page.Token, page.Key, page.PutAway = q.NewForm("token", "days", "90"), q.Kept("token"), q.NewForm("put-away")
	for _, s := range accounts.Scopes() {
		page.Scopes = append(page.Scopes, web.Option{Value: string(s), Label: user.Scopes().Label(s)})
	}
	page.External = p.externalViews(q, a.State.External, "/account", true)
	if a.HasFactor {
		if page.CodesLeft, err = p.Accounts.CodesLeft(q.Context(), a.User); err != nil {
			return err
		}
	}
	if n.err != nil {
		return n.err
	}
	return q.Render("users/own", page)
}

// fillOffices tells what the user holds, for whom, and who holds what is theirs.
func (p *pages) fillOffices(q *web.Request, page *ownPage, n *names) error {
	today := domain.DateOf(q.Now())
	lasts := func(g user.Grant) bool { return g.To.IsZero() || !g.To.Before(today) }
	for _, g := range page.Account.State.Grants {
		v := viewGrant(q, n, page.Account.ID, g)
		switch {
		case g.Status == user.StatusRequested:
			page.Pending = append(page.Pending, v)
		case g.Status != user.StatusGranted || !lasts(g):
		case g.Delegated():
			page.Received = append(page.Received, v)
		default:
			page.Grants = append(page.Grants, v)
		}
	}
	all, err := p.Accounts.Directory(q.Context())
	if err != nil {
		return err
	}
	for _, a := range all {
		for _, g := range a.State.Grants {
			if g.OnBehalfOf == q.User.ID && (g.Status == user.StatusRequested || g.Status == user.StatusGranted) && lasts(g) {
				v := viewGrant(q, n, a.ID, g)
				v.Approve, v.Refuse, v.Revoke = nil, nil, nil
				page.Given = append(page.Given, given{a.Name, v})
			}
		}
	}
	return nil
}

func (p *pages) sessionViews(q *web.Request) ([]sessionView, error) {
	sessions, err := p.Accounts.SessionsOf(q.Context(), q.User.ID)
	if err != nil {
		return nil, err
	}
	views := make([]sessionView, len(sessions))
	for i, s := range sessions {
		views[i] = sessionView{Session: s, This: s.ID == q.Session()}
		if !views[i].This {
			views[i].End = newAsk(q, "session-"+s.ID, "/account/sessions/"+s.ID, "退出", "退出这个登录?", "那个浏览器下一次点击时须重新登录。如果不是您本人的登录,请同时更改密码。").danger()
		}
	}
	return views, nil
}

// own issues a command of users on their own accounts.
func (p *pages) issueOwn(q *web.Request, cmd user.Command, notice string) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	return p.issue(q, f, q.User.ID, cmd, "/account", notice)
}

func (p *pages) endSession(q *web.Request) error {
	sessions, err := p.Accounts.SessionsOf(q.Context(), q.User.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(sessions, func(s accounts.Session) bool { return s.ID == q.PathValue("session") }) {
		return q.Done("/account", 0, "那个登录已经结束。")
	}
	return p.issueOwn(q, &user.EndSessions{Session: q.PathValue("session"), Reason: user.ReasonLostDevice}, "已退出那个登录。")
}

func (p *pages) endOthers(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	sessions, err := p.Accounts.SessionsOf(q.Context(), q.User.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.ID == q.Session() {
			continue
		}
		r := request(q, f)
		r.CommandID = uuid.NewSHA1(f.Command, []byte(s.ID))
		if _, err := p.Accounts.Do(q.Context(), q.User.ID, &user.EndSessions{Session: s.ID, Reason: user.ReasonLostDevice}, r); err != nil {
			return err
		}
	}
	return q.Done("/account", 0, "其他登录都已退出。")
}

func (p *pages) unlinkOwn(q *web.Request) error { return p.unlinkFrom(q, q.User.ID, "/account") }

func (p *pages) revokeOwnToken(q *web.Request) error {
	return p.issueOwn(q, &user.RevokeToken{ID: q.PathValue("token")}, "令牌已吊销。")
}

func (p *pages) newToken(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	t := accounts.NewToken{Label: f.Require("label", "用途"), Expires: q.Now().AddDate(0, 0, f.Int("days"))}
	for _, s := range f.All("scopes") {
		t.Scopes = append(t.Scopes, accounts.Scope(s))
	}
	if err := f.Err(); err != nil {
		return err
	}
	_, key, err := p.Accounts.CreateToken(q.Context(), q.User.ID, t, request(q, f))
	if err != nil {
		return err
	}
	if key != "" { // a form that was sent twice has made its token the first time
		q.Keep("token", key)
	}
	return q.Redirect("/account#tokens")
}

func (p *pages) putTokenAway(q *web.Request) error {
	if _, err := q.Sent(); err != nil {
		return err
	}
	q.Keep("token", "")
	return q.Redirect("/account#tokens")
}

type secretPage struct {
	web.Page
	Account accounts.User
	Name    string
	Form    *web.Form
	Remove  *web.Form
	Renew   *web.Form
	Setup   *web.FactorSetup
	Codes   []string
	Left    int
	Must    bool // nothing else opens before a second factor is set
}

func (p *pages) secretPage(q *web.Request, title string) *secretPage {
	return &secretPage{Page: q.Page(title, web.Crumb{Label: "我的账号", Href: "/account"}), Account: q.User, Name: q.User.Name, Must: q.User.MustSetFactor}
}

func (p *pages) passwordPage(q *web.Request) error {
	page := p.secretPage(q, "更改密码")
	page.Form = q.NewForm("password")
	return q.Render("users/password", page)
}

func (p *pages) changePassword(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	old := f.Secret("old")
	if old == "" {
		f.Fail("old", "请填写现在的密码。")
	}
	password, err := f.NewPassword()
	if err != nil {
		return err
	}
	if err := p.Accounts.ChangePassword(q.Context(), q.User, old, password, request(q, f)); err != nil {
		return err
	}
	if err := q.Anew(); err != nil {
		return err
	}
	return q.Done("/account", 0, "密码已更改,其他登录都已退出。")
}

// factorPage sets up a second factor, or tells about the one there is.
func (p *pages) factorPage(q *web.Request) error {
	page := p.secretPage(q, "二次验证")
	page.Form, page.Remove, page.Renew = q.NewForm("factor"), q.NewForm("remove"), q.NewForm("renew")
	var err error
	if q.User.HasFactor {
		if page.Left, err = p.Accounts.CodesLeft(q.Context(), q.User); err != nil {
			return err
		}
		return q.Render("users/factor", page)
	}
	// The secret stays the same while the page is shown again.
	secret := q.Kept("factor")
	if secret == "" {
		secret = totp.NewSecret()
		q.Keep("factor", secret)
	}
	if page.Setup, err = web.NewFactorSetup(secret, q.User.Login); err != nil {
		return err
	}
	return q.Render("users/factor", page)
}

func (p *pages) setFactor(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	code, secret := f.Secret("code"), q.Kept("factor")
	if secret == "" || q.User.HasFactor {
		return q.Redirect("/account/factor") // sent twice
	}
	codes, err := p.Accounts.ConfirmFactor(q.Context(), q.User, secret, code, request(q, f))
	if err != nil {
		return err
	}
	q.Keep("factor", "")
	return p.showCodes(q, codes)
}

func (p *pages) removeFactor(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	if err := p.Accounts.RemoveFactor(q.Context(), q.User, f.Secret("code"), request(q, f)); err != nil {
		return err
	}
	if err := q.Anew(); err != nil {
		return err
	}
	return q.Done("/account/factor", 0, "二次验证已解除,其他登录都已退出。换手机的,请马上重新设置。")
}

func (p *pages) renewCodes(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	codes, err := p.Accounts.RenewCodes(q.Context(), q.User, f.Secret("code"), request(q, f))
	if err != nil {
		return err
	}
	return p.showCodes(q, codes)
}

// showCodes leads to the page that shows recovery codes until they are put away.
func (p *pages) showCodes(q *web.Request, codes []string) error {
	q.Keep("codes", strings.Join(codes, " "))
	return q.Redirect("/account/codes")
}

func (p *pages) codesPage(q *web.Request) error {
	page := p.secretPage(q, "恢复码")
	page.Codes, page.Form = strings.Fields(q.Kept("codes")), q.NewForm("codes")
	if len(page.Codes) == 0 {
		return q.Redirect("/account/factor")
	}
	return q.Render("users/codes", page)
}

func (p *pages) codesDone(q *web.Request) error {
	if _, err := q.Sent(); err != nil {
		return err
	}
	q.Keep("codes", "")
	return q.Done("/account", 0, "二次验证已设置好。")
}

package users

import (
	"slices"
	"strings"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/user"
)

func (p *pages) grantRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /users/{id}/request", Handler: p.requestPage, Roles: managers},
		{Pattern: "POST /users/{id}/request", Handler: p.requestRole, Roles: managers},
		{Pattern: "GET /users/{id}/delegate", Handler: p.delegatePage, Roles: managers},
		{Pattern: "POST /users/{id}/delegate", Handler: p.delegate, Roles: managers},
		{Pattern: "POST /users/{id}/grants/{grant}/approve", Handler: p.approve, Roles: managers},
		{Pattern: "POST /users/{id}/grants/{grant}/refuse", Handler: p.refuse, Roles: managers},
		{Pattern: "POST /users/{id}/grants/{grant}/revoke", Handler: p.revoke, Roles: managers},
	}
}

// grantView is a grant as a page shows it.
type grantView struct {
	user.Grant
	Behalf    string // name of the office holder, for a delegation
	Requested string // by whom
	Decided   string // by whom
	Ended     string // by whom
	State     web.Badge
	Why       string
	Approve   *web.Form
	Refuse    *ask
	Revoke    *ask
	Action    string
}

// HowLabel tells how it came into force.
func (g grantView) HowLabel() string {
	if g.How == "" {
		return ""
	}
	return g.How.Label()
}

// viewGrant is a grant with the buttons for it that the user of the page may use.
func viewGrant(q *web.Request, n *names, account string, g user.Grant) grantView {
	v := grantView{
		Grant: g, Requested: n.User(g.RequestedBy), Decided: n.User(g.DecidedBy), Ended: n.User(g.EndedBy), Why: g.Reason.Label(),
		Action: "/users/" + account + "/grants/" + g.Grant,
	}
	if g.Delegated() {
		v.Behalf = n.User(g.OnBehalfOf)
	}
	if g.Text != "" {
		v.Why += ":" + g.Text
	}
	today := domain.DateOf(q.Now())
	switch {
	case g.Status == user.StatusRequested:
		v.State = web.Badge{Text: g.Status.Label(), Tone: "warn"}
	case g.Status != user.StatusGranted:
		v.State = web.Badge{Text: g.Status.Label(), Tone: "calm"}
	case today.Before(g.From):
		v.State = web.Badge{Text: "尚未开始", Tone: "calm"}
	case !g.On(today):
		v.State = web.Badge{Text: "已到期", Tone: "calm"}
	default:
		v.State = web.Badge{Text: "有效", Tone: "good"}
	}
	if !manages(q) || account == q.User.ID {
		return v
	}
	switch {
	case g.Status == user.StatusRequested:
		if g.RequestedBy != q.User.ID {
			v.Approve = q.NewForm("approve-" + g.Grant)
		}
		button := "不予批准"
		if g.RequestedBy == q.User.ID {
			button = "撤回申请"
		}
		v.Refuse = newAsk(q, "refuse-"+g.Grant, v.Action+"/refuse", button, button+"?", "申请人会在账号页看到结果。",
			user.ReasonMistake, user.ReasonDuty, user.ReasonRisk, user.ReasonTransfer)
	case g.Status == user.StatusGranted && (g.To.IsZero() || !g.To.Before(today)):
		v.Revoke = newAsk(q, "revoke-"+g.Grant, v.Action+"/revoke", "收回", "收回“"+g.Role.Label()+"”授权?", "马上生效;代行这一职务的授权一并收回。",
			user.ReasonTransfer, user.ReasonLeft, user.ReasonDuty, user.ReasonRisk, user.ReasonMistake).danger()
	}
	return v
}

// removalView is a second factor that an administrator wants to be taken away.
type removalView struct {
	By      string // name
	Reason  string
	Action  string
	Approve *web.Form
	Refuse  *web.Form
}

func viewRemoval(q *web.Request, n *names, account string, r *user.Removal) *removalView {
	if r == nil {
		return nil
	}
	v := &removalView{By: n.User(r.By), Reason: r.Reason.Label(), Action: "/users/" + account + "/factor"}
	if manages(q) && account != q.User.ID {
		v.Refuse = q.NewForm("factor-refuse-" + account)
		if r.By != q.User.ID {
			v.Approve = q.NewForm("factor-approve-" + account)
		}
	}
	return v
}

// fillGrants sorts the grants of an account into those that wait, those that hold
// now or later, and those of the past.
func (p *pages) fillGrants(q *web.Request, page *accountPage, n *names) {
	today := domain.DateOf(q.Now())
	for _, g := range page.Account.State.Grants {
		v := viewGrant(q, n, page.Account.ID, g)
		switch {
		case g.Status == user.StatusRequested:
			page.Pending = append(page.Pending, v)
		case g.Status == user.StatusGranted && (g.To.IsZero() || !g.To.Before(today)):
			page.Grants = append(page.Grants, v)
		default:
			page.Past = append(page.Past, v)
		}
	}
	slices.Reverse(page.Past)
}

type requestPage struct {
	web.Page
	Account accounts.Account
	Form    *web.Form
	Action  string
	Roles   []web.Option
	Units   []web.Option
	Offices []web.Option
	Reasons []web.Option
}

func (p *pages) openRequest(q *web.Request, title, form, verb string, pairs ...string) (*requestPage, error) {
	a, err := p.Accounts.Account(q.Context(), q.PathValue("id"))
	if err != nil {
		return nil, found(err)
	}
	pairs = append(pairs, "org", a.Org, "from", domain.DateOf(q.Now()).String())
	return &requestPage{
		Page:    q.Page(title, web.Crumb{Label: "用户账号", Href: "/users"}, web.Crumb{Label: a.Name, Href: "/users/" + a.ID}),
		Account: a, Form: q.NewForm(form, pairs...), Action: "/users/" + a.ID + "/" + verb, Roles: roleOptions(),
	}, nil
}

// requestPage is the form with which a role is asked for.
func (p *pages) requestPage(q *web.Request) error {
	page, err := p.openRequest(q, "申请授权", "request", "request", "reason", string(user.ReasonDuty))
	if err != nil {
		return err
	}
	if _, page.Units, err = p.units(q); err != nil {
		return err
	}
	page.Reasons = reasonOptions(user.ReasonDuty, user.ReasonNewStaff, user.ReasonTransfer, user.ReasonOther)
	return q.Render("users/request", page)
}

func (p *pages) requestRole(q *web.Request) error {
	const notice = "已申请,请另一位管理员在“待批准事项”里批准;批准后才生效。"
	return p.manage(q, notice, func(f *web.Form) user.Command {
		return &user.RequestRole{Terms: user.Terms{
			Role: domain.Role(f.Require("role", "岗位角色")), Org: f.Require("org", "授权的单位"),
			From: f.Date("from"), To: f.Date("to"), Reason: reason(f), Text: f.Text("text"),
		}}
	})
}

// delegatePage is the form with which somebody is to act for the holder of an
// office (代行职务).
func (p *pages) delegatePage(q *web.Request) error {
	page, err := p.openRequest(q, "申请代行职务", "delegate", "delegate", "reason", string(user.ReasonTrip))
	if err != nil {
		return err
	}
	if page.Offices, err = p.offices(q, page.Account.ID); err != nil {
		return err
	}
	page.Reasons = reasonOptions(user.ReasonTrip, user.ReasonLeave, user.ReasonTraining, user.ReasonOther)
	return q.Render("users/delegate", page)
}

// offices are the offices of others that can be delegated: what they hold today
// of their own.
func (p *pages) offices(q *web.Request, account string) ([]web.Option, error) {
	all, err := p.Accounts.Directory(q.Context())
	if err != nil {
		return nil, err
	}
	var options []web.Option
	n := p.names(q)
	for _, a := range all {
		if a.Disabled || a.ID == account {
			continue
		}
		for _, g := range a.Grants {
			if g.For == "" && !user.Administrative(g.Role) {
				options = append(options, web.Option{
					Value: strings.Join([]string{a.ID, string(g.Role), g.Org}, " "),
					Label: a.Name + " · " + g.Role.Label() + " · " + n.Org(g.Org),
				})
			}
		}
	}
	return options, nil
}

func (p *pages) delegate(q *web.Request) error {
	const notice = "已申请,请另一位管理员在“待批准事项”里批准;批准后才能代行。"
	return p.manage(q, notice, func(f *web.Form) user.Command {
		office := strings.Split(f.Require("office", "代行谁的职务"), " ")
		if len(office) != 3 {
			f.Fail("office", "请从清单里选择。")
			office = make([]string, 3)
		}
		terms := user.Terms{
			OnBehalfOf: office[0], Role: domain.Role(office[1]), Org: office[2], From: f.Date("from"), To: f.Date("to"), Reason: reason(f), Text: f.Text("text"),
		}
		f.Require("to", "截止日期")
		return &user.RequestRole{Terms: terms}
	})
}

// decide is manage for what was asked for; it leads back to where the form was.
func (p *pages) decide(q *web.Request, notice string, command func(f *web.Form, grant string) user.Command) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := command(f, q.PathValue("grant"))
	if err := f.Err(); err != nil {
		return err
	}
	id := q.PathValue("id")
	back := "/users/" + id
	if f.Back == "/users/requests" {
		back = f.Back
	}
	return p.issue(q, f, id, cmd, back, notice)
}

func (p *pages) approve(q *web.Request) error {
	return p.decide(q, "已批准,授权生效。", func(_ *web.Form, grant string) user.Command { return &user.ApproveRole{Grant: grant} })
}

func (p *pages) refuse(q *web.Request) error {
	return p.decide(q, "已办理,这项申请不再等待批准。", func(f *web.Form, grant string) user.Command {
		return &user.RefuseRole{Grant: grant, Reason: reason(f)}
	})
}

func (p *pages) revoke(q *web.Request) error {
	return p.decide(q, "已收回,马上生效。", func(f *web.Form, grant string) user.Command {
		return &user.RevokeRole{Grant: grant, Reason: reason(f)}
	})
}

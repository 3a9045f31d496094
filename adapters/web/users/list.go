package users

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hearth/adapters/accounts"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/user"
)

const perPage = 50

func (p *pages) listRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /users", Handler: p.list, Roles: readers},
		{Pattern: "POST /users", Handler: p.filter, Roles: readers},
		{Pattern: "GET /users/new", Handler: p.newPage, Roles: managers},
		{Pattern: "POST /users/new", Handler: p.create, Roles: managers},
		{Pattern: "GET /users/requests", Handler: p.requests, Roles: readers},
	}
}

// The fields of the filter. What was searched for may be a name, so that it is
// kept in the session and not in the address.
var filterFields = []string{"text", "unit", "role", "state", "factor"}

var (
	stateOptions  = []web.Option{{Value: "active", Label: "在用"}, {Value: "disabled", Label: "已停用"}, {Value: "pending", Label: "有待批准事项"}, {Value: "roleless", Label: "没有岗位"}}
	factorOptions = []web.Option{{Value: "yes", Label: "已设置"}, {Value: "no", Label: "未设置"}}
)

type listPage struct {
	web.Page
	Form     *web.Form
	Units    []web.Option
	Roles    []web.Option
	States   []web.Option
	Factors  []web.Option
	Rows     []listRow
	Pager    web.Pager
	None     web.Empty
	Waiting  int // requests that this user may decide
	Manages  bool
	Filtered bool
}

type listRow struct {
	accounts.Account
	State   web.Badge
	Factor  web.Badge
	Waiting int // grants that wait for a decision
}

func (p *pages) list(q *web.Request) error {
	tree, units, err := p.units(q)
	if err != nil {
		return err
	}
	all, err := p.Accounts.Directory(q.Context())
	if err != nil {
		return err
	}
	page := &listPage{
		Page: q.Page("用户账号"), Form: q.NewForm("filter", p.keptFilter(q)...), Units: units, Roles: roleOptions(), States: stateOptions, Factors: factorOptions,
		Manages: manages(q), Waiting: len(decidable(q, pendingOf(all))),
	}
	page.None = web.Empty{Title: "没有符合条件的账号", Text: "请放宽筛选条件,或清除后重新查找。"}
	f := page.Form
	for _, field := range filterFields {
		page.Filtered = page.Filtered || f.Text(field) != ""
	}
	today := domain.DateOf(q.Now())
	var rows []listRow
	for _, a := range all {
		if f.Text("unit") != "" && !tree.Within(a.Org, f.Text("unit"), today) {
			continue
		}
		if row := rowOf(a); matches(f, row) {
			rows = append(rows, row)
		}
	}
	from, _ := strconv.Atoi(q.URL.Query().Get("from")) // anything else is the beginning
	from = min(max(from, 0), len(rows))
	to := min(from+perPage, len(rows))
	page.Rows, page.Pager = rows[from:to], web.Pager{Shown: to - from, Total: len(rows)}
	if from > 0 {
		page.Pager.First = "/users"
	}
	if to < len(rows) {
		page.Pager.Next = "/users?" + url.Values{"from": {strconv.Itoa(to)}}.Encode()
	}
	return q.Render("users/list", page)
}

func rowOf(a accounts.Account) listRow {
	row := listRow{Account: a, State: stateBadge(a.User), Factor: web.Badge{Text: "未设置", Tone: "calm"}, Waiting: len(a.State.Pending())}
	if a.HasFactor {
		row.Factor = web.Badge{Text: "已设置", Tone: "good"}
	}
	if a.MustSetFactor {
		row.Factor = web.Badge{Text: "须设置", Tone: "warn"}
	}
	return row
}

func stateBadge(u accounts.User) web.Badge {
	switch {
	case u.Disabled:
		return web.Badge{Text: "已停用", Tone: "bad"}
	case len(u.Roles) == 0:
		return web.Badge{Text: "没有岗位", Tone: "warn"}
	}
	return web.Badge{Text: "在用", Tone: "good"}
}

// matches reports whether a row is what was asked for, but for its unit.
func matches(f *web.Form, row listRow) bool {
	u := row.User
	if text := strings.ToLower(f.Text("text")); text != "" && !strings.Contains(u.Login, text) && !strings.Contains(strings.ToLower(u.Name), text) {
		return false
	}
	if role := domain.Role(f.Text("role")); role != "" && !slices.Contains(u.Roles, role) {
		return false
	}
	if factor := f.Text("factor"); factor != "" && (factor == "yes") != u.HasFactor {
		return false
	}
	switch f.Text("state") {
	case "active":
		return !u.Disabled
	case "disabled":
		return u.Disabled
	case "pending":
		return row.Waiting > 0 || row.Account.State.Removal != nil
	case "roleless":
		return !u.Disabled && len(u.Roles) == 0
	}
	return true
}

func (p *pages) keptFilter(q *web.Request) []string {
	v, err := url.ParseQuery(q.Kept("users"))
	if err != nil {
		return nil
	}
	var pairs []string
	for _, field := range filterFields {
		pairs = append(pairs, field, v.Get(field))
	}
	return pairs
}

func (p *pages) filter(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	v := url.Values{}
	for _, field := range filterFields {
		if text := f.Text(field); text != "" && !f.Checked("clear") {
			v.Set(field, text)
		}
	}
	q.Keep("users", v.Encode())
	return q.Redirect("/users")
}

// pendingOf is what waits for a decision in some accounts.
func pendingOf(all []accounts.Account) []accounts.Pending {
	var pending []accounts.Pending
	for _, acc := range all {
		for _, g := range acc.State.Pending() {
			pending = append(pending, accounts.Pending{User: acc.User, Grant: &g, RequestedBy: g.RequestedBy})
		}
		if r := acc.State.Removal; r != nil {
			pending = append(pending, accounts.Pending{User: acc.User, Removal: r, RequestedBy: r.By})
		}
	}
	return pending
}

// decidable is what the user of a page may decide: neither what they asked for
// themselves, nor what is about their own account.
func decidable(q *web.Request, pending []accounts.Pending) []accounts.Pending {
	return slices.DeleteFunc(slices.Clone(pending), func(w accounts.Pending) bool {
		return !manages(q) || w.RequestedBy == q.User.ID || w.User.ID == q.User.ID
	})
}

type requestsPage struct {
	web.Page
	Mine   []waiting // those that this user may decide
	Others []waiting
	None   web.Empty
}

// waiting is something that waits for the second administrator.
type waiting struct {
	User    accounts.User
	Grant   *grantView
	Removal *removalView
	By      string // name of who asked
	Why     string // it is not for this user to decide
}

func (p *pages) requests(q *web.Request) error {
	pending, err := p.Accounts.Pending(q.Context())
	if err != nil {
		return err
	}
	page := &requestsPage{
		Page: q.Page("待批准事项", web.Crumb{Label: "用户账号", Href: "/users"}),
		None: web.Empty{Title: "没有等您批准的事项", Text: "同事申请授权或解除二次验证后,会列在这里。谁申请,谁就不能批准。"},
	}
	n := p.names(q)
	for _, w := range pending {
		line := waiting{User: w.User, By: n.User(w.RequestedBy)}
		if w.Grant != nil {
			g := viewGrant(q, n, w.User.ID, *w.Grant)
			line.Grant = &g
		}
		if w.Removal != nil {
			line.Removal = viewRemoval(q, n, w.User.ID, w.Removal)
		}
		switch {
		case !manages(q):
			line.Why = "由管理员批准"
		case w.RequestedBy == q.User.ID:
			line.Why = "是您申请的,须由另一位管理员批准"
		case w.User.ID == q.User.ID:
			line.Why = "关系到您自己的账号,须由另一位管理员批准"
		}
		if line.Why == "" {
			page.Mine = append(page.Mine, line)
		} else {
			page.Others = append(page.Others, line)
		}
	}
	if n.err != nil {
		return n.err
	}
	return q.Render("users/requests", page)
}

type newPage struct {
	web.Page
	Form     *web.Form
	Units    []web.Option
	Roles    []web.Option
	Ways     []web.Option
	Provider string
}

func (p *pages) newPage(q *web.Request) error {
	_, units, err := p.units(q)
	if err != nil {
		return err
	}
	page := &newPage{
		Page: q.Page("新建账号", web.Crumb{Label: "用户账号", Href: "/users"}), Form: q.NewForm("new", "home", q.User.Org, "way", "password"),
		Units: units, Roles: roleOptions(), Provider: p.Provider,
	}
	if p.Provider != "" {
		page.Ways = []web.Option{{Value: "password", Label: "一次性密码"}, {Value: "invitation", Label: p.Provider + "(给一次性邀请码)"}}
	}
	p.draw(q, page.Form)
	return q.Render("users/new", page)
}

func (p *pages) create(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	n := accounts.NewUser{
		Login: f.Require("login", "登录名"), Name: f.Require("name", "姓名"), Org: f.Require("home", "所属单位"), MustChange: true, Reason: user.ReasonNewStaff,
	}
	for _, role := range f.All("roles") {
		n.Roles = append(n.Roles, domain.Role(role))
	}
	if err := f.Err(); err != nil {
		return err
	}
	secret := once{Kind: oncePassword, Value: p.draw(q, f)}
	if p.Provider == "" || f.Text("way") != "invitation" {
		n.Password = secret.Value
	}
	u, err := p.Accounts.Create(q.Context(), n, request(q, f))
	if err != nil {
		return err
	}
	if n.Password == "" {
		if secret, err = p.invite(q, f, u.ID); err != nil {
			return err
		}
	}
	p.keepOnce(q, u.ID, secret)
	return q.Redirect("/users/" + u.ID + "/once")
}

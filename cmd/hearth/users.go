package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/domain/user"
)

// userInput is what the user jobs need. Passwords travel in the body, never in an
// argument, which others on the machine could read.
type userInput struct {
	Login      string        `json:"login"`
	Name       string        `json:"name"`
	Org        string        `json:"org"`
	Roles      []domain.Role `json:"roles"`
	MustChange bool          `json:"must_change"`
	From       string        `json:"from"`
	To         string        `json:"to"`
	For        string        `json:"for"` // login of the office holder
	Reason     user.Reason   `json:"reason"`
	As         string        `json:"as"` // login of the administrator who approves
	Code       string        `json:"code"`
	Grant      string        `json:"grant"`
}

func userCommand(cfg *config) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "用户:账号、授权、密码、二次验证、登录"}
	cmd.AddCommand(
		addCommand(cfg),
		userVerb(cfg, "list", "列出用户和有效授权", cobra.NoArgs, nil, nil),
		userVerb(cfg, "pending", "列出待批准的申请", cobra.NoArgs, nil, nil),
		grantCommand(cfg), approveCommand(cfg),
		userVerb(cfg, "revoke LOGIN", "收回授权", cobra.ExactArgs(1), nil, func(cmd *cobra.Command, in *userInput) {
			roleFlags(cmd, in, "")
			reasonFlag(cmd, in, user.ReasonTransfer)
		}),
		userVerb(cfg, "password LOGIN", "改密码;新密码从标准输入读一行", cobra.ExactArgs(1), os.Stdin, func(cmd *cobra.Command, in *userInput) {
			cmd.Flags().BoolVar(&in.MustChange, "must-change", false, "下次登录时必须由本人再改")
		}),
		userVerb(cfg, "disable LOGIN", "停用:立即退出登录,令牌失效", cobra.ExactArgs(1), nil, func(cmd *cobra.Command, in *userInput) {
			reasonFlag(cmd, in, user.ReasonLeft)
		}),
		userVerb(cfg, "enable LOGIN", "重新启用", cobra.ExactArgs(1), nil, nil),
		below("factor", "二次验证", userVerb(cfg, "reset LOGIN", "申请解除二次验证,由一位管理员批准", cobra.ExactArgs(1), nil, func(cmd *cobra.Command, in *userInput) {
			reasonFlag(cmd, in, user.ReasonLostDevice)
		})),
		below("sessions", "登录", userVerb(cfg, "end LOGIN", "强制退出全部登录", cobra.ExactArgs(1), nil, func(cmd *cobra.Command, in *userInput) {
			reasonFlag(cmd, in, user.ReasonRisk)
		})))
	return cmd
}

// below is a command that has others below it.
func below(use, short string, cmds ...*cobra.Command) *cobra.Command {
	parent := &cobra.Command{Use: use, Short: short}
	parent.AddCommand(cmds...)
	return parent
}

// userVerb is a command whose job is named after it: user-<verb>, or
// user-<parent>-<verb>. What it reads in is a password.
func userVerb(cfg *config, use, short string, args cobra.PositionalArgs, stdin *os.File, flags func(*cobra.Command, *userInput)) *cobra.Command {
	in := &userInput{}
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			in.Login = args[0]
		}
		name := strings.ReplaceAll(strings.TrimPrefix(cmd.CommandPath(), "hearth "), " ", "-")
		if stdin != nil {
			return withPassword(cmd.Context(), *cfg, name, *in)
		}
		return runJob(cmd.Context(), *cfg, name, *in, nil, newTerminal())
	}}
	if flags != nil {
		flags(cmd, in)
	}
	return cmd
}

func reasonFlag(cmd *cobra.Command, in *userInput, usual user.Reason) {
	var codes []string
	for _, r := range user.Reasons().All() {
		codes = append(codes, string(r)+" "+r.Label())
	}
	cmd.Flags().StringVar((*string)(&in.Reason), "reason", string(usual), "事由:"+strings.Join(codes, "、"))
}

// roleFlags say which roles, and where.
func roleFlags(cmd *cobra.Command, in *userInput, org string) {
	cmd.Flags().Var(roleList{&in.Roles}, "role", "角色,如 operator,handler")
	cmd.Flags().StringVar(&in.Org, "org", org, "单位代码,如 jc-zz")
}

// roleList is a flag.
type roleList struct{ roles *[]domain.Role }

func (l roleList) String() string { return "" }
func (l roleList) Type() string   { return "strings" }

// Set adds the roles of one flag.
func (l roleList) Set(text string) error {
	for r := range strings.SplitSeq(text, ",") {
		*l.roles = append(*l.roles, domain.Role(strings.TrimSpace(r)))
	}
	return nil
}

func addCommand(cfg *config) *cobra.Command {
	return userVerb(cfg, "add", "新增用户;密码从标准输入读一行", cobra.NoArgs, os.Stdin, func(cmd *cobra.Command, in *userInput) {
		cmd.Flags().StringVar(&in.Login, "login", "", "登录名")
		cmd.Flags().StringVar(&in.Name, "name", "", "姓名")
		cmd.Flags().BoolVar(&in.MustChange, "must-change", false, "首次登录时必须由本人改密码")
		roleFlags(cmd, in, orgunit.City)
		reasonFlag(cmd, in, user.ReasonNewStaff)
	})
}

func grantCommand(cfg *config) *cobra.Command {
	return userVerb(cfg, "grant LOGIN", "授权;已有两位管理员时为申请,由其中一位批准", cobra.ExactArgs(1), nil, func(cmd *cobra.Command, in *userInput) {
		roleFlags(cmd, in, "")
		cmd.Flags().StringVar(&in.From, "from", "", "起始日期,默认今天")
		cmd.Flags().StringVar(&in.To, "to", "", "截止日期,空则长期")
		cmd.Flags().StringVar(&in.For, "for", "", "代行谁的职务(登录名),须有截止日期")
		reasonFlag(cmd, in, user.ReasonDuty)
	})
}

func approveCommand(cfg *config) *cobra.Command {
	return userVerb(cfg, "approve LOGIN", "由管理员批准待办的申请;该管理员的密码从标准输入读一行", cobra.ExactArgs(1), os.Stdin, func(cmd *cobra.Command, in *userInput) {
		cmd.Flags().StringVar(&in.As, "as", "", "管理员的登录名")
		cmd.Flags().StringVar(&in.Code, "code", "", "该管理员的动态口令(设有二次验证时)")
		cmd.Flags().StringVar(&in.Grant, "grant", "", "只批准这一项(编号见 hearth user pending),空则全部")
	})
}

// withPassword runs a job whose body is a password, one line of standard input.
func withPassword(ctx context.Context, cfg config, job string, in userInput) error {
	t := newTerminal()
	if t.live {
		fmt.Fprint(os.Stderr, "密码:")
	}
	password, err := readPassword(os.Stdin)
	if err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	return runJob(ctx, cfg, job, in, strings.NewReader(password), t)
}

func readPassword(body io.Reader) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(body, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimRight(text, "\r\n"), nil
}

func addUser(ctx context.Context, app *App, in userInput, body io.Reader, r report) error {
	password, err := readPassword(body)
	if err != nil {
		return err
	}
	if err := accounts.CheckPassword(in.Login, password); err != nil {
		return err
	}
	u, err := app.accounts.Create(ctx, accounts.NewUser{
		Login: in.Login, Name: in.Name, Org: in.Org, Roles: in.Roles, Password: password, MustChange: in.MustChange, Reason: in.Reason,
	}, accounts.Console())
	if err != nil {
		return err
	}
	r.Line("已新增用户 %s(%s),编号 %s", u.Login, app.casework.KnownUnits().Name(u.Org), u.ID)
	if len(u.Roles) < len(in.Roles) {
		r.Line("已有两位管理员:授权已提交申请,请其中一位在“用户”页面批准,或运行 hearth user approve。")
	}
	return nil
}

func listUsers(ctx context.Context, app *App, _ userInput, _ io.Reader, r report) error {
	users, err := app.accounts.List(ctx)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		r.Line("还没有用户。用 hearth user add 新增第一个。")
	}
	logins := map[string]string{}
	for _, u := range users {
		logins[u.ID] = u.Login
	}
	for _, u := range users {
		state := ""
		if u.Disabled {
			state = "(已停用)"
		}
		var grants []string
		for _, g := range u.Grants {
			grants = append(grants, grantText(app.casework.KnownUnits(), u, g, logins))
		}
		r.Line("%-16s  %s  %s  %s%s", u.Login, u.Name, app.casework.KnownUnits().Name(u.Org), strings.Join(grants, "、"), state)
	}
	return nil
}

// unitShort is the short name of a unit, or its code when the tree can't be read.
func unitShort(ctx context.Context, a *accounts.Accounts, code string) string {
	units, err := a.Units(ctx)
	if err != nil && units.Empty() {
		return code
	}
	return units.Short(code)
}

// grantText is a role, and what is unusual about it.
func grantText(units orgunit.Tree, u accounts.User, g accounts.Grant, logins map[string]string) string {
	var notes []string
	if g.Org != u.Org {
		notes = append(notes, units.Short(g.Org))
	}
	if !g.To.IsZero() {
		notes = append(notes, "至"+g.To.String())
	}
	if g.For != "" {
		notes = append(notes, "代"+logins[g.For])
	}
	if len(notes) == 0 {
		return g.Role.Label()
	}
	return g.Role.Label() + "(" + strings.Join(notes, ",") + ")"
}

func listPending(ctx context.Context, app *App, _ userInput, _ io.Reader, r report) error {
	pending, err := app.accounts.Pending(ctx)
	if err != nil {
		return err
	}
	if len(pending) == 0 {
		r.Line("没有待批准的申请。")
	}
	for _, p := range pending {
		if p.Grant == nil {
			r.Line("%-16s  解除二次验证  事由:%s", p.User.Login, p.Removal.Reason.Label())
			continue
		}
		r.Line("%-16s  %s%s  自%s%s  编号 %s", p.User.Login, app.casework.KnownUnits().Short(p.Grant.Org), p.Grant.Role.Label(), p.Grant.From, until(p.Grant.To), p.Grant.Grant)
	}
	return nil
}

func until(d domain.Date) string {
	if d.IsZero() {
		return "起"
	}
	return "至" + d.String()
}

// onUser is a job on one user, who is found by login.
func onUser(run func(ctx context.Context, a *accounts.Accounts, u accounts.User, in userInput, body io.Reader, r report) error) job {
	return asJob(func(ctx context.Context, app *App, in userInput, body io.Reader, r report) error {
		u, err := app.accounts.ByLogin(ctx, in.Login)
		if err != nil {
			return notFound(err, "没有登录名为“%s”的用户。用 hearth user list 查看。", in.Login)
		}
		return run(ctx, app.accounts, u, in, body, r)
	})
}

// command is a job that issues one command on one user.
func command(done string, make func(in userInput) user.Command) job {
	return onUser(func(ctx context.Context, a *accounts.Accounts, u accounts.User, in userInput, _ io.Reader, r report) error {
		if _, err := a.Do(ctx, u.ID, make(in), accounts.Console()); err != nil {
			return err
		}
		r.Line("%s:%s", u.Login, done)
		return nil
	})
}

func userJobs() map[string]job {
	return map[string]job{
		"user-add":     asJob(addUser),
		"user-list":    asJob(listUsers),
		"user-pending": asJob(listPending),
		"user-grant":   onUser(grantRoles),
		"user-approve": onUser(approve),
		"user-revoke":  onUser(revokeRoles),
		"user-password": onUser(func(ctx context.Context, a *accounts.Accounts, u accounts.User, in userInput, body io.Reader, r report) error {
			password, err := readPassword(body)
			if err != nil {
				return err
			}
			if err := a.SetPassword(ctx, u.ID, password, in.MustChange, accounts.Console()); err != nil {
				return err
			}
			r.Line("%s:密码已更改,原有登录全部退出", u.Login)
			return nil
		}),
		"user-disable": command("已停用", func(in userInput) user.Command { return &user.Disable{Reason: in.Reason} }),
		"user-enable":  command("已启用", func(userInput) user.Command { return &user.Enable{} }),
		"user-factor-reset": command("已申请解除二次验证,请一位管理员在“用户”页面批准,或运行 hearth user approve", func(in userInput) user.Command {
			return &user.RequestFactorRemoval{Reason: in.Reason}
		}),
		"user-sessions-end": command("已强制退出全部登录", func(in userInput) user.Command { return &user.EndSessions{Reason: in.Reason} }),
	}
}

// terms are what a command line says of a grant.
func (in userInput) terms(ctx context.Context, a *accounts.Accounts, u accounts.User, role domain.Role) (t user.Terms, err error) {
	t = user.Terms{Role: role, Org: in.Org, Reason: in.Reason}
	if t.Org == "" {
		t.Org = u.Org
	}
	if t.From, err = domain.ParseDate(in.From); err != nil {
		return t, err
	}
	if t.To, err = domain.ParseDate(in.To); err != nil {
		return t, err
	}
	if in.For == "" {
		return t, nil
	}
	holder, err := a.ByLogin(ctx, in.For)
	if err != nil {
		return t, notFound(err, "没有登录名为“%s”的用户。用 hearth user list 查看。", in.For)
	}
	t.OnBehalfOf = holder.ID
	if in.Org == "" {
		t.Org = holder.Actor(role).Org
	}
	return t, nil
}

func grantRoles(ctx context.Context, a *accounts.Accounts, u accounts.User, in userInput, _ io.Reader, r report) error {
	if len(in.Roles) == 0 {
		return domain.Reject("roles_missing", "请用 --role 写明角色。")
	}
	for _, role := range in.Roles {
		t, err := in.terms(ctx, a, u, role)
		if err != nil {
			return err
		}
		pending, err := a.Give(ctx, u.ID, t, accounts.Console())
		if err != nil {
			return err
		}
		done := "已授权"
		if pending {
			done = "已提交申请,请一位管理员在“用户”页面批准,或运行 hearth user approve"
		}
		r.Line("%s:%s%s,%s", u.Login, unitShort(ctx, a, t.Org), role.Label(), done)
	}
	return nil
}

func revokeRoles(ctx context.Context, a *accounts.Accounts, u accounts.User, in userInput, _ io.Reader, r report) error {
	acc, err := a.Account(ctx, u.ID)
	if err != nil {
		return err
	}
	n := 0
	for _, g := range acc.State.Grants {
		if g.Status != user.StatusGranted || !slices.Contains(in.Roles, g.Role) || in.Org != "" && g.Org != in.Org {
			continue
		}
		if _, err := a.Do(ctx, u.ID, &user.RevokeRole{Grant: g.Grant, Reason: in.Reason}, accounts.Console()); err != nil {
			return err
		}
		r.Line("%s:已收回%s%s", u.Login, unitShort(ctx, a, g.Org), g.Role.Label())
		n++
	}
	if n == 0 {
		return domain.Reject("grant_missing", "该用户没有这样的授权。请用 --role 写明角色,用 hearth user list 查看。")
	}
	return nil
}

// approve lets what was asked for come into force: as an administrator, who proves
// to be one as on the sign-in page.
func approve(ctx context.Context, a *accounts.Accounts, u accounts.User, in userInput, body io.Reader, r report) error {
	password, err := readPassword(body)
	if err != nil {
		return err
	}
	at := accounts.Place{Address: "console", Browser: "hearth"}
	e, err := a.Authenticate(ctx, in.As, password, at)
	if err == nil && e.NeedsCode {
		e, err = a.SecondStep(ctx, e.User.ID, e.How, in.Code, at)
	}
	if err != nil {
		return err
	}
	acc, err := a.Account(ctx, u.ID)
	if err != nil {
		return err
	}
	var cmds []user.Command
	for _, g := range acc.State.Pending() {
		if in.Grant == "" || g.Grant == in.Grant {
			cmds = append(cmds, &user.ApproveRole{Grant: g.Grant})
		}
	}
	if acc.State.Removal != nil && in.Grant == "" {
		cmds = append(cmds, &user.ApproveFactorRemoval{})
	}
	if len(cmds) == 0 {
		return domain.Reject("nothing_requested", "该用户没有待批准的申请。用 hearth user pending 查看。")
	}
	for _, cmd := range cmds {
		by := e.User.Actor(domain.RoleSystemAdmin, domain.RoleSecurityAdmin)
		if _, err := a.Do(ctx, u.ID, cmd, accounts.Request{CommandID: uuid.New(), Actor: by, Channel: "cli", At: time.Now()}); err != nil {
			return err
		}
		r.Line("%s:%s,已办理", u.Login, user.Commands().Label(user.NameOf(cmd)))
	}
	return nil
}

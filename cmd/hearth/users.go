package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
)

// userInput is what the user jobs need. The password travels in the body, never
// in an argument, which others on the machine could read.
type userInput struct {
	Login string        `json:"login"`
	Name  string        `json:"name"`
	Org   string        `json:"org"`
	Roles []domain.Role `json:"roles"`
}

func userCommand(cfg *config) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "用户:新增、列出、改密码、停用、启用"}
	var in userInput
	var roles []string
	add := &cobra.Command{
		Use: "add", Short: "新增用户;密码从标准输入读一行", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, r := range roles {
				in.Roles = append(in.Roles, domain.Role(r))
			}
			return withPassword(cmd.Context(), *cfg, "user-add", in)
		},
	}
	add.Flags().StringVar(&in.Login, "login", "", "登录名")
	add.Flags().StringVar(&in.Name, "name", "", "姓名")
	add.Flags().StringVar(&in.Org, "org", "jc", "单位代码,如 jc-zz")
	add.Flags().StringSliceVar(&roles, "role", nil, "角色,如 operator,handler")
	cmd.AddCommand(add,
		&cobra.Command{Use: "list", Short: "列出用户", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return runJob(cmd.Context(), *cfg, "user-list", userInput{}, nil, newTerminal())
		}},
		&cobra.Command{Use: "password LOGIN", Short: "改密码;新密码从标准输入读一行", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return withPassword(cmd.Context(), *cfg, "user-password", userInput{Login: args[0]})
		}},
		oneUser(cfg, "disable", "停用:立即退出登录,令牌失效"),
		oneUser(cfg, "enable", "重新启用"))
	return cmd
}

func oneUser(cfg *config, verb, short string) *cobra.Command {
	return &cobra.Command{Use: verb + " LOGIN", Short: short, Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return runJob(cmd.Context(), *cfg, "user-"+verb, userInput{Login: args[0]}, nil, newTerminal())
	}}
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
	made, err := app.accounts.Create(ctx, accounts.NewUser{Login: in.Login, Name: in.Name, Org: in.Org, Roles: in.Roles, Password: password}, accounts.Console())
	if err != nil {
		return err
	}
	r.Line("已新增用户 %s(%s),编号 %s", made.Login, made.OrgName, made.ID)
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
	for _, u := range users {
		state := ""
		if u.Disabled {
			state = "(已停用)"
		}
		var roles []string
		for _, role := range u.Roles {
			roles = append(roles, role.Label())
		}
		r.Line("%-16s  %s  %s  %s%s", u.Login, u.Name, u.OrgName, strings.Join(roles, "、"), state)
	}
	return nil
}

// onUser is a job on one user, who is found by login.
func onUser(done string, run func(ctx context.Context, a *accounts.Accounts, id string, body io.Reader) error) job {
	return asJob(func(ctx context.Context, app *App, in userInput, body io.Reader, r report) error {
		found, err := app.accounts.ByLogin(ctx, in.Login)
		if err != nil {
			return notFound(err, "没有登录名为“%s”的用户。用 hearth user list 查看。", in.Login)
		}
		if err := run(ctx, app.accounts, found.ID, body); err != nil {
			return err
		}
		r.Line("%s:%s", found.Login, done)
		return nil
	})
}

func userJobs() map[string]job {
	return map[string]job{
		"user-add":  asJob(addUser),
		"user-list": asJob(listUsers),
		"user-password": onUser("密码已更改,原有登录全部退出", func(ctx context.Context, a *accounts.Accounts, id string, body io.Reader) error {
			password, err := readPassword(body)
			if err != nil {
				return err
			}
			return a.SetPassword(ctx, id, password, accounts.Console())
		}),
		"user-disable": onUser("已停用", func(ctx context.Context, a *accounts.Accounts, id string, _ io.Reader) error {
			_, err := a.Do(ctx, id, &user.Disable{Reason: user.ReasonOther}, accounts.Console())
			return err
		}),
		"user-enable": onUser("已启用", func(ctx context.Context, a *accounts.Accounts, id string, _ io.Reader) error {
			_, err := a.Do(ctx, id, &user.Enable{}, accounts.Console())
			return err
		}),
	}
}

// tokenInput is what the token jobs need.
type tokenInput struct {
	Login  string   `json:"login"`
	Label  string   `json:"label"`
	Scopes []string `json:"scopes"`
	Days   int      `json:"days"`
	ID     string   `json:"id"`
}

func tokenCommand(cfg *config) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "接口令牌:新增、列出、吊销"}
	var in tokenInput
	add := &cobra.Command{
		Use: "add", Short: "新增令牌;密钥只显示这一次", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJob(cmd.Context(), *cfg, "token-add", in, nil, newTerminal())
		},
	}
	add.Flags().StringVar(&in.Login, "login", "", "令牌属于哪个用户;令牌能做的不多于此人")
	add.Flags().StringVar(&in.Label, "label", "", "用途,如“12351电话系统”")
	add.Flags().StringSliceVar(&in.Scopes, "scope", nil, "范围:"+joinScopes(accounts.Scopes()))
	add.Flags().IntVar(&in.Days, "days", 90, "有效天数")
	list := &cobra.Command{Use: "list", Short: "列出令牌", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return runJob(cmd.Context(), *cfg, "token-list", tokenInput{}, nil, newTerminal())
	}}
	revoke := &cobra.Command{Use: "revoke ID", Short: "吊销令牌", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return runJob(cmd.Context(), *cfg, "token-revoke", tokenInput{ID: args[0]}, nil, newTerminal())
	}}
	cmd.AddCommand(add, list, revoke)
	return cmd
}

func joinScopes(scopes []accounts.Scope) string {
	var codes []string
	for _, s := range scopes {
		codes = append(codes, string(s))
	}
	return strings.Join(codes, "、")
}

func tokenJobs() map[string]job {
	return map[string]job{"token-add": asJob(addToken), "token-list": asJob(listTokens), "token-revoke": asJob(revokeToken)}
}

func addToken(ctx context.Context, app *App, in tokenInput, _ io.Reader, r report) error {
	owner, err := app.accounts.ByLogin(ctx, in.Login)
	if err != nil {
		return notFound(err, "没有登录名为“%s”的用户。用 hearth user list 查看。", in.Login)
	}
	var scopes []accounts.Scope
	for _, s := range in.Scopes {
		scopes = append(scopes, accounts.Scope(s))
	}
	token, key, err := app.accounts.CreateToken(ctx, owner.ID, accounts.NewToken{Label: in.Label, Scopes: scopes, Expires: time.Now().AddDate(0, 0, in.Days)}, accounts.Console())
	if err != nil {
		return err
	}
	r.Line("令牌 %s,有效至 %s。密钥只显示这一次:\n%s", token.ID, domain.DateOf(token.ExpiresAt), key)
	return nil
}

func listTokens(ctx context.Context, app *App, _ tokenInput, _ io.Reader, r report) error {
	tokens, err := app.accounts.Tokens(ctx, "")
	if err != nil {
		return err
	}
	if len(tokens) == 0 {
		r.Line("还没有令牌。")
	}
	owners, err := app.logins(ctx)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		state := "有效至 " + domain.DateOf(t.ExpiresAt).String()
		switch {
		case t.Revoked:
			state = "已吊销"
		case !t.ExpiresAt.After(time.Now()):
			state = "已过期"
		}
		r.Line("%s  %s  %s  %s  %s", t.ID, owners[t.Owner], t.Label, joinScopes(t.Scopes), state)
	}
	return nil
}

// logins is the login of every user, by id.
func (a *App) logins(ctx context.Context) (map[string]string, error) {
	users, err := a.accounts.List(ctx)
	if err != nil {
		return nil, err
	}
	logins := make(map[string]string, len(users))
	for _, u := range users {
		logins[u.ID] = u.Login
	}
	return logins, nil
}

func revokeToken(ctx context.Context, app *App, in tokenInput, _ io.Reader, r report) error {
	if err := app.accounts.Revoke(ctx, in.ID, accounts.Console()); err != nil {
		return notFound(err, "没有编号为 %s 的令牌。用 hearth token list 查看。", in.ID)
	}
	r.Line("令牌 %s 已吊销", in.ID)
	return nil
}

// notFound turns a missing account or token into words.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, accounts.ErrNotFound) {
		return domain.Reject("not_found", format, args...)
	}
	return fmt.Errorf("accounts: %w", err)
}

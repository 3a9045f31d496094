package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/accounts"
	"hearth/domain"
)

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

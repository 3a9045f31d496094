package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/eventstore/vault"
)

// passphraseFile is where the passphrase of the vault is. It is made with a new
// vault, and is in no backup.
func (c config) passphraseFile() string {
	return cmp.Or(c.Passphrase, filepath.Join(c.State, "vault", "passphrase"))
}

// makeVault puts the vault before everything that reads or writes events. It is
// to be opened.
func (a *App) makeVault() {
	a.root = vault.NewPassphrase(a.cfg.passphraseFile())
	a.vault = vault.New(a.pool, a.root, vault.Options{})
	a.registry = registry().Protected(a.vault)
}

// runVault lets the vault hear of keys that other instances destroy.
func (a *App) runVault(ctx context.Context) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.vault.Run(ctx)
	}()
	a.onClose(func(context.Context) error { stop(); <-ended; return nil })
}

func vaultCommand(cfg *config) *cobra.Command {
	cmd := &cobra.Command{
		Use: "vault", Short: "密钥保险库:封存事件中个人信息的密钥",
		Long: `密钥保险库保管封存个人信息的密钥:口令(根密钥)→ 期密钥(按月轮换)→ 每人、每案、每类一把数据密钥。
口令文件由 HEARTH_VAULT_PASSPHRASE_FILE 指明,默认在状态文件夹的 vault/passphrase,首次启动时生成。
它不在备份里,丢失后个人信息再也打不开:请另存一份,与备份分开保管。`,
	}
	cmd.AddCommand(&cobra.Command{
		Use: "status", Short: "密钥的数量和期次", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJob(cmd.Context(), *cfg, "vault-status", struct{}{}, nil, newTerminal())
		},
	}, &cobra.Command{
		Use: "rotate", Short: "换用新一期密钥,重新包裹全部数据密钥,销毁旧期密钥;服务不必停,中断后再次运行即可继续", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJob(cmd.Context(), *cfg, "vault-rotate", struct{}{}, nil, newTerminal())
		},
	}, passphraseCommand(cfg))
	return cmd
}

func passphraseCommand(cfg *config) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "passphrase", Short: "更换口令:轮换到用新口令包裹的一期,旧口令随即作废", Args: cobra.NoArgs,
		Long: `更换保险库口令。默认由程序生成新口令,也可以用 --file 给出(至少16个字符)。
服务不必停;中断后不带 --file 再次运行即可继续。完成后口令文件里是新口令:请重新另存一份,把旧口令的副本销毁。
另有实例时,在它们的口令文件里换上同一口令。此前的备份仍要旧口令才能打开,备份销毁之前请把旧口令随备份封存。`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text := ""
			if file != "" {
				raw, err := os.ReadFile(file)
				if err != nil {
					return fmt.Errorf("read the new passphrase: %w", err)
				}
				text = string(raw)
			}
			return runJob(cmd.Context(), *cfg, "vault-passphrase", struct{}{}, strings.NewReader(text), newTerminal())
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "新口令所在的文件;不给则自动生成")
	return cmd
}

func vaultJobs() map[string]job {
	return map[string]job{"vault-status": asJob(vaultStatus), "vault-rotate": asJob(rotateVault), "vault-passphrase": asJob(changePassphrase)}
}

func changePassphrase(ctx context.Context, app *App, _ struct{}, body io.Reader, r report) error {
	text, err := io.ReadAll(io.LimitReader(body, 4096))
	if err != nil {
		return fmt.Errorf("read the new passphrase: %w", err)
	}
	told := paced(r)
	done, err := app.vault.ChangePassphrase(ctx, app.root, string(text), func(moved, total int64) { told("轮换", moved, total) })
	if err != nil {
		return err
	}
	r.Line("口令已更换,现为第 %d 期密钥,重新包裹 %d 把数据密钥。新口令在 %s", done.Epoch, done.Moved, app.cfg.passphraseFile())
	r.Line("请另存一份新口令,与备份分开保管;旧口令的副本随旧备份一起封存,旧备份销毁时一并销毁")
	r.Line("随即做一次新的备份:hearth backup")
	return nil
}

func vaultStatus(ctx context.Context, app *App, _ struct{}, _ io.Reader, r report) error {
	s, err := app.vault.Status(ctx)
	if err != nil {
		return err
	}
	r.Line("第 %d 期密钥,自 %s 起使用", s.Epoch, clock(s.Since))
	r.Line("数据密钥 %d 把,已销毁 %d 把;封存中 %d 个对象,已销毁 %d 个对象", s.Keys, s.Destroyed, s.Suspended, s.Shredded)
	r.Line("口令文件 %s(不在备份里,请另存一份)", app.cfg.passphraseFile())
	for _, f := range vaultAdvice(s) {
		r.Line("%s", f)
	}
	return nil
}

// rotateAfter is how long an epoch is used; epochAge is after how long somebody
// should ask why no new one was begun.
const (
	rotateAfter = 30 * 24 * time.Hour
	epochAge    = 35 * 24 * time.Hour
)

// keepEpochs begins a new epoch every month, until ctx ends. It looks every hour,
// so that a service that is restarted each day does it as well.
func (a *App) keepEpochs(ctx context.Context) {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for ctx.Err() == nil {
		switch r, done, err := a.vault.RotateDue(ctx, rotateAfter); {
		case err != nil && ctx.Err() == nil:
			slog.WarnContext(ctx, "epoch of the vault not changed, tried again in an hour", "err", err)
		case done:
			slog.InfoContext(ctx, "the vault began a new epoch", "epoch", r.Epoch, "keys", r.Moved)
		}
		select {
		case <-ctx.Done():
		case <-hourly.C:
		}
	}
}

// vaultAdvice tells what somebody should do about the vault.
func vaultAdvice(s vault.Status) (advice []string) {
	switch {
	case s.Epochs > 1:
		advice = append(advice, "上次轮换没有完成,请再运行一次 hearth vault rotate")
	case time.Since(s.Since) > epochAge:
		advice = append(advice, "本期密钥已使用一个多月,服务没有按月自动轮换(原因见日志),请运行 hearth vault rotate")
	}
	if s.Missing > 0 {
		advice = append(advice, fmt.Sprintf("有 %d 次没有找到密钥,而它们并没有被销毁:数据库可能不是与事件库配套的那一个,请核对或从备份恢复", s.Missing))
	}
	return advice
}

func rotateVault(ctx context.Context, app *App, _ struct{}, _ io.Reader, r report) error {
	told := paced(r)
	done, err := app.vault.Rotate(ctx, func(moved, total int64) { told("轮换", moved, total) })
	if err != nil {
		return err
	}
	r.Line("已换用第 %d 期密钥,重新包裹 %d 把数据密钥,销毁了 %d 个旧期密钥", done.Epoch, done.Moved, len(done.Retired))
	r.Line("此前备份里的密钥仍可用同一口令打开,请按保存期限销毁旧备份,并随即做一次新的备份")
	return nil
}

// examineVault is the doctor's look at the vault.
func (a *App) examineVault(ctx context.Context) []finding {
	keys := finding{"密钥保险库", true, ""}
	s, err := a.vault.Status(ctx)
	if err != nil {
		return []finding{{"密钥保险库", false, err.Error()}}
	}
	keys.text = fmt.Sprintf("第 %d 期,数据密钥 %d 把", s.Epoch, s.Keys)
	if advice := vaultAdvice(s); len(advice) > 0 {
		keys.good, keys.text = false, strings.Join(advice, ";")
	}
	rights := finding{"密钥保险库权限", true, "应用只能经由专用函数改动密钥"}
	if found, err := vault.Weaknesses(ctx, a.pool); err != nil {
		rights.good, rights.text = false, err.Error()
	} else if len(found) > 0 {
		rights.good, rights.text = false, strings.Join(found, ";")+"。请由数据库管理员再执行一次 hearth database-sql 的输出,并收回多余的权限"
	}
	return []finding{keys, rights}
}

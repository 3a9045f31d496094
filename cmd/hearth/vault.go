package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
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
	a.vault = vault.New(a.pool, vault.NewPassphrase(a.cfg.passphraseFile()), vault.Options{})
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
	})
	return cmd
}

func vaultJobs() map[string]job {
	return map[string]job{"vault-status": asJob(vaultStatus), "vault-rotate": asJob(rotateVault)}
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

// epochAge is after how long a new epoch is due.
const epochAge = 35 * 24 * time.Hour

// vaultAdvice tells what somebody should do about the vault.
func vaultAdvice(s vault.Status) (advice []string) {
	switch {
	case s.Epochs > 1:
		advice = append(advice, "上次轮换没有完成,请再运行一次 hearth vault rotate")
	case time.Since(s.Since) > epochAge:
		advice = append(advice, "本期密钥已使用一个多月,请运行 hearth vault rotate")
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

package main

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/backup"
	"hearth/adapters/dirlock"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections"
)

func restoreCommand(cfg *config) *cobra.Command {
	var drill bool
	cmd := &cobra.Command{
		Use:   "restore DIR",
		Short: "从备份恢复到空的状态文件夹(--state),或演练恢复(--drill)",
		Long: `从备份恢复到空的状态文件夹(--state)。设了 HEARTH_NATS_URL、DATABASE_URL 时恢复到那里,都必须是空的。
恢复后从事件库重新计算根,与备份一致才算成功。读模型由服务启动后自动重建。
--drill 恢复到临时文件夹(TMPDIR),建成全部读模型,核对后删除,不触动任何现有数据。`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, t := cmd.Context(), newTerminal()
			if drill {
				return interrupted(ctx, runDrill(ctx, *cfg, args[0], t))
			}
			return interrupted(ctx, restore(ctx, *cfg, args[0], t))
		},
	}
	cmd.Flags().BoolVar(&drill, "drill", false, "只演练:恢复到临时文件夹并核对,随后删除")
	return cmd
}

// restoringFile marks a state folder that is not whole.
const restoringFile = "RESTORING"

// restore makes a state folder out of a backup. It works in a folder beside it,
// which gets the name when everything has been proved: a crash leaves no state
// folder that looks whole and is not.
func restore(ctx context.Context, cfg config, dir string, r report) error {
	if !cfg.external() {
		if name, err := inFolder(cfg.State); err != nil || name != "" {
			return notEmpty(cfg.State, name, err)
		}
	}
	c, err := verifyBackup(ctx, dir, r)
	if err != nil {
		return err
	}
	begun := time.Now()
	if cfg.external() {
		err = restoreOnce(ctx, cfg, dir, c.Manifest, r)
	} else {
		err = restoreBeside(ctx, cfg, dir, c.Manifest, r)
	}
	if err != nil {
		return err
	}
	r.Line("已恢复 %d 次提交和 %d 张表,从恢复出的事件库算得的根与备份一致,用时 %s", c.Size, len(c.Tables), time.Since(begun).Round(time.Millisecond))
	r.Line("根 %s", c.Root)
	switch {
	case c.KeyKept:
		r.Line("签名密钥已放回 %s", cfg.notaryKey())
	case c.VerifierKey != "":
		r.Line("备份里没有签名密钥:请把单独保管的密钥文件放到 %s,否则只能查看,不能登记", cfg.notaryKey())
	}
	if _, err := os.Stat(cfg.passphraseFile()); c.HoldsKeys() && errors.Is(err, fs.ErrNotExist) {
		r.Line("备份不含保险库口令:启动之前请把原来的口令文件放到 %s,否则个人信息打不开", cfg.passphraseFile())
	}
	r.Line("现在可以启动服务(hearth serve);用户需要重新登录,读模型自动重建")
	return nil
}

func notEmpty(state, name string, err error) error {
	if err != nil {
		return domain.Reject("bad_state", "不能使用状态文件夹 %s(%v)。请核对 --state 和权限。", state, err)
	}
	return domain.Reject(backup.CodeNotEmpty, "状态文件夹 %s 不是空的(有 %s)。未作任何改动。请用 --state 给一个新的文件夹。", state, name)
}

// restoreBeside restores into <state>.restoring and renames it.
func restoreBeside(ctx context.Context, cfg config, dir string, m *backup.Manifest, r report) (err error) {
	beside := cfg
	beside.State = filepath.Clean(cfg.State) + ".restoring"
	if err := os.MkdirAll(beside.State, 0o700); err != nil {
		return notEmpty(beside.State, "", err)
	}
	lock, err := dirlock.TryFolder(beside.State)
	if errors.Is(err, dirlock.ErrHeld) {
		return domain.Reject("restore_in_use", "另一个恢复正在写入 %s。请等它结束。", beside.State)
	}
	if err != nil {
		return err
	}
	defer lock.Release()
	if err := clearLeft(beside.State); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(beside.State))
		}
	}()
	if err := os.WriteFile(filepath.Join(beside.State, restoringFile), nil, 0o600); err != nil {
		return err
	}
	if err := restoreOnce(ctx, beside, dir, m, r); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(beside.State, restoringFile)); err != nil {
		return err
	}
	if err := os.Rename(beside.State, cfg.State); err != nil {
		return err
	}
	return syncParent(cfg.State)
}

// clearLeft empties a folder that an earlier restore left behind.
func clearLeft(dir string) error {
	name, err := inFolder(dir)
	if err != nil || name == "" {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, restoringFile)); errors.Is(err, fs.ErrNotExist) {
		return notEmpty(dir, name, nil)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	// The mark goes last, so that a crash on the way does not hide what this is.
	for _, e := range entries {
		if e.Name() != restoringFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

func syncParent(path string) error {
	parent, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// restoreOnce restores into the data of cfg and closes them.
func restoreOnce(ctx context.Context, cfg config, dir string, m *backup.Manifest, r report) error {
	app, err := openRestored(ctx, cfg, dir, cfg.notaryKey(), m, r)
	if app != nil {
		app.Close()
	}
	return err
}

// openRestored restores into the empty data of cfg and leaves them open. The
// caller closes the App, also after an error.
func openRestored(ctx context.Context, cfg config, dir, keyFile string, m *backup.Manifest, r report) (*App, error) {
	cfg.Log = string(m.Log)
	app := &App{cfg: cfg}
	// The database is looked at before a stream is made for the log.
	if err := app.connectDatabase(ctx); err != nil {
		return app, err
	}
	if err := backup.CheckDatabase(ctx, app.pool); err != nil {
		return app, err
	}
	if err := app.checkDatabase(ctx); err != nil {
		return app, err
	}
	if err := app.openNATS(ctx); err != nil {
		return app, err
	}
	told := paced(r)
	return app, backup.Restore(ctx, dir, m, backup.Target{
		Log: app.store, DB: app.pool, KeyFile: keyFile, Progress: told,
		Refill: func(ctx context.Context, messages iter.Seq2[eventstore.Message, error]) error {
			_, err := app.store.Refill(ctx, messages)
			return err
		},
	})
}

// runDrill restores into a temporary folder, builds all read models there, and
// removes it.
func runDrill(ctx context.Context, cfg config, dir string, r report) (err error) {
	begun := time.Now()
	c, err := verifyBackup(ctx, dir, r)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "hearth-drill-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	drill := config{State: tmp, Replicas: 1, Prefix: cfg.Prefix}
	if c.HoldsKeys() {
		drill.Passphrase = cfg.passphraseFile() // what a drill is to prove: that it is the right one
	}
	app, err := openRestored(ctx, drill, dir, "", c.Manifest, r) // nobody signs in a drill
	if app != nil {
		defer app.Close()
	}
	if err != nil {
		return err
	}
	restored := time.Now()
	r.Line("恢复出的事件库:%d 次提交,根 %s,与备份一致", c.Size, c.Root)
	if err := app.vault.Open(ctx); err != nil {
		return err
	}
	app.models = newModels(app.pool, app.vault)
	events, err := app.buildModels(ctx, c.Size, paced(r))
	if err != nil {
		return err
	}
	r.Line("演练通过:%d 个读模型全部建成,各含 %d 个事件;用时 %s(恢复 %s,读模型 %s),临时文件夹已删除", len(app.models.catalogue), events,
		time.Since(begun).Round(time.Millisecond), restored.Sub(begun).Round(time.Millisecond), time.Since(restored).Round(time.Millisecond))
	return nil
}

// buildModels runs the read models until all are live at a position, and returns
// how many events each of them holds.
func (a *App) buildModels(ctx context.Context, size int64, told func(string, int64, int64)) (events int64, err error) {
	running, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	runner := a.runner()
	wg.Go(func() { _ = runner.Run(running) }) // ends with its context alone
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		all := runner.Status(ctx)
		live, done := 0, 0.0
		for _, s := range all {
			if s.Problem != nil {
				return 0, domain.Reject("drill_failed", "演练失败:读模型 %s 在位置 %d 停止:%s", s.Name, s.Problem.Position, s.Problem.Error)
			}
			if s.State == projections.StateLive && s.Serving && s.Position == eventstore.Position(size) {
				live++
				done++
			} else {
				done += s.Progress
			}
		}
		told("读模型", int64(done*1000)/int64(len(all)), 1000)
		if live == len(all) {
			return sameEvents(all)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// sameEvents demands that every model has seen as many events as the others.
func sameEvents(all []projections.Status) (int64, error) {
	for _, s := range all {
		if s.Events != all[0].Events {
			return 0, domain.Reject("drill_failed", "演练失败:读模型 %s 含 %d 个事件,%s 含 %d 个", s.Name, s.Events, all[0].Name, all[0].Events)
		}
	}
	return all[0].Events, nil
}

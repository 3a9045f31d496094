package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"hearth/adapters/backup"
	"hearth/domain"
)

// backupInput is what the backup job needs. Dir is absolute: the service has
// another working folder than the command.
type backupInput struct {
	Dir     string `json:"dir"`
	Full    bool   `json:"full"`
	WithKey bool   `json:"with_key"`
}

func backupCommand(cfg *config) *cobra.Command {
	var in backupInput
	cmd := &cobra.Command{
		Use:   "backup DIR",
		Short: "备份事件库和账号等表到文件夹;服务不必停,再次备份只写新增部分",
		Long: `备份事件库和账号等不能重建的表。服务不必停;同一文件夹再次备份只写新增部分,写完读回核对后才生效。
备份本身不加密,请放在只有管理员能读的地方,外送前自行加密。签名密钥和事件库分开保管,默认不备份。
封存的个人信息要有保险库口令才能打开(hearth vault --help);口令不在备份里,请另行保管。`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if in.Dir, err = filepath.Abs(args[0]); err != nil {
				return err
			}
			return runJob(cmd.Context(), *cfg, "backup", in, nil, newTerminal())
		},
	}
	cmd.Flags().BoolVar(&in.Full, "full", false, "把备份中已有的全部内容与事件库逐条比对,而不只是最后一段")
	cmd.Flags().BoolVar(&in.WithKey, "with-key", false, "连同签名密钥一起备份(请随后移走,单独保管)")
	cmd.AddCommand(&cobra.Command{
		Use: "verify DIR", Short: "离线核对备份的每个字节,不需要服务", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := verifyBackup(cmd.Context(), args[0], newTerminal())
			return err
		},
	})
	return cmd
}

// verifyBackup checks a backup and says what is in it.
func verifyBackup(ctx context.Context, dir string, r report) (backup.Checked, error) {
	told := paced(r)
	c, err := backup.Verify(ctx, dir, func(done, total int64) { told("核对备份", done, total) })
	if err != nil {
		return c, interrupted(ctx, err)
	}
	r.Line("备份完好:%d 次提交,%d 张表 %d 行,%.1f MB,制作于 %s", c.Size, len(c.Tables), c.Rows(), megabytes(c.Bytes()), c.MadeAt.Local().Format(time.DateTime))
	tellRoot(r, c.Manifest)
	if c.Sealed.Size > 0 {
		r.Line("前 %d 次提交与签名的检查点一致,公钥 %s", c.Sealed.Size, c.VerifierKey)
	}
	if c.KeyKept {
		r.Line("文件夹里有签名密钥 notary.key,请移到别处单独保管")
	}
	if c.Unfinished {
		r.Line("其后有一次备份没有完成,不影响这份备份;下次备份会清理")
	}
	return c, nil
}

func tellRoot(r report, m *backup.Manifest) {
	r.Line("事件库 %s,根 %s", m.Log, m.Root)
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// makeBackup is the backup job.
func makeBackup(ctx context.Context, app *App, in backupInput, _ io.Reader, r report) error {
	if within(app.cfg.State, in.Dir) {
		return domain.Reject("bad_folder", "%s 在状态文件夹里面,会和它一起丢失。请备份到状态文件夹之外,最好是另一块磁盘。", in.Dir)
	}
	src := backup.Source{Log: app.store, DB: app.pool, Version: version}
	if in.WithKey {
		src.KeyFile = app.cfg.notaryKey()
	}
	if err := app.sealed(ctx, &src); err != nil {
		r.Line("检查点读不出来,这次备份不带新的检查点:%v", err)
	}
	told := paced(r)
	done, err := backup.Run(ctx, in.Dir, src, backup.Options{
		Full: in.Full, Progress: func(done, total int64) { told("备份", done, total) },
	})
	if err != nil {
		return err
	}
	r.Line("新增 %d 次提交,共 %d 次;写入 %.1f MB,备份共 %.1f MB,%d 张表 %d 行",
		done.Messages, done.Size, megabytes(done.Bytes), megabytes(done.Manifest.Bytes()), len(done.Tables), done.Rows())
	tellRoot(r, done.Manifest)
	if done.HoldsKeys() {
		r.Line("备份含封存个人信息的密钥,但不含打开它们的口令:%s 请另存一份,与备份分开保管", app.cfg.passphraseFile())
	}
	if done.Compared > 0 {
		r.Line("已与事件库比对此前的 %d 次提交", done.Compared)
	}
	if done.Cleaned > 0 {
		r.Line("清理了上次没有完成的备份")
	}
	if in.WithKey {
		r.Line("签名密钥在 %s,请移到别处单独保管:有它就能冒名签发检查点", filepath.Join(in.Dir, "notary.key"))
	}
	return nil
}

// within reports that a folder is the state folder or below it.
func within(state, dir string) bool {
	state, err := filepath.Abs(state)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(state, dir)
	return err == nil && filepath.IsLocal(rel)
}

// sealed adds the last signed checkpoint of the log.
func (a *App) sealed(ctx context.Context, src *backup.Source) error {
	c, err := a.keeper.Seal(ctx)
	if err == nil && c.Size > 0 {
		src.Checkpoint, src.VerifierKey = c.Note, a.keeper.Key().Public()
	}
	return err
}

// paceEvery is how often progress is told at most.
const paceEvery = 100 * time.Millisecond

// paced makes progress out of counts, with the rate and the time that is left.
func paced(r report) func(label string, done, total int64) {
	var begun, told time.Time
	var last string
	var first int64
	return func(label string, done, total int64) {
		now := time.Now()
		if label != last {
			last, begun, first, told = label, now, done, time.Time{}
		}
		if now.Sub(told) < paceEvery && done < total {
			return
		}
		told = now
		p := progress{Label: label, Done: done, Total: total}
		if took := now.Sub(begun).Seconds(); took > 0 && done > first {
			p.Rate = float64(done-first) / took
			p.Left = time.Duration(float64(total-done) / p.Rate * float64(time.Second))
		}
		r.Progress(p)
	}
}

// inFolder reports whether a folder is missing or empty, or else names what is
// in it.
func inFolder(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look into %s: %w", dir, err)
	case len(entries) > 0:
		return entries[0].Name(), nil
	}
	return "", nil
}

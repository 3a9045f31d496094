package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hearth/adapters/sealing"
	"hearth/adapters/web"
	"hearth/eventstore/natsstore"
)

// notaryDir is where the tiles are; every instance has its own.
func (c config) notaryDir() string { return filepath.Join(c.State, "notary", "tiles") }

// notaryKey is the key that the log signs with: the same for all instances.
func (c config) notaryKey() string {
	return cmp.Or(os.Getenv("HEARTH_NOTARY_KEY"), filepath.Join(c.State, "notary", "key"))
}

func (a *App) sealingOptions() sealing.Options {
	return sealing.Options{Dir: a.cfg.notaryDir(), KeyFile: a.cfg.notaryKey(), Configuration: a.configuration}
}

// openKeeper compares the log with what was sealed before anybody can write.
func (a *App) openKeeper(ctx context.Context) error {
	a.keeper = sealing.New(a.pool, a.store, a.sealingOptions())
	if a.damage != nil {
		text := "事件文件有损坏:" + a.damage.Text + "。"
		if a.damage.Aside != "" {
			text += "原样已存于 " + a.damage.Aside + "。"
		}
		a.keeper.Damaged(text + "请停止服务,运行 hearth repair。")
	}
	return a.keeper.Open(ctx)
}

// configuration tells how the stream's configuration differs from the decided one.
func (a *App) configuration(ctx context.Context) (string, error) {
	err := a.store.CheckConfiguration(ctx)
	if errors.Is(err, natsstore.ErrConfiguration) {
		return err.Error(), nil
	}
	return "", err
}

// alarms is what stands in red on every page.
func (a *App) alarms() []web.Alarm {
	var all []web.Alarm
	for _, p := range a.keeper.Status().Problems {
		all = append(all, web.Alarm{Code: string(p.Kind), Text: p.Text, Closed: p.Closes()})
	}
	return all
}

// keeping is what the operations page tells of the sealed log and its copies.
func (a *App) keeping(ctx context.Context) []web.Standing {
	return []web.Standing{a.sealStanding(ctx), a.archiveStanding(ctx), a.witnessStanding(ctx)}
}

func (a *App) archiveStanding(ctx context.Context) web.Standing {
	s := a.archive.Status(ctx)
	line := web.Standing{Name: "二份存档", Badge: web.Badge{Text: "正常", Tone: "good"}, Text: fmt.Sprintf("已存 %d 条", s.Position)}
	switch {
	case s.Problem != "":
		line.Badge, line.Text = web.Badge{Text: "停止", Tone: "bad"}, s.Problem
	case s.Behind > 0:
		line.Text += fmt.Sprintf(",还有 %d 条待存", s.Behind)
	}
	return line
}

func (a *App) sealStanding(ctx context.Context) web.Standing {
	s := a.keeper.Status()
	line := web.Standing{Name: "封存", Badge: web.Badge{Text: "正常", Tone: "good"}}
	line.Text = "还没有事件"
	if s.Checkpoint.Size > 0 {
		line.Text = fmt.Sprintf("已封存 %d 条,最近一次 %s,根 %s", s.Checkpoint.Size, clock(s.SealedAt), s.Checkpoint.Root.String()[:12])
	}
	if end, err := a.store.End(ctx); err == nil && int64(end) > s.Checkpoint.Size {
		line.Text += fmt.Sprintf(",还有 %d 条待封存", int64(end)-s.Checkpoint.Size)
	}
	switch {
	case s.Closed():
		line.Badge = web.Badge{Text: "告警", Tone: "bad"}
	case len(s.Problems) > 0:
		line.Badge = web.Badge{Text: "暂停", Tone: "warn"}
	}
	return line
}

// witnessAge is from when on the page warns that nobody outside holds a recent
// checkpoint: what was stored since could be rewritten by whoever has the key.
const witnessAge = 7 * 24 * time.Hour

func (a *App) witnessStanding(ctx context.Context) web.Standing {
	line := web.Standing{Name: "外部见证", Badge: web.Badge{Text: "尚无", Tone: "warn"}, Text: "还没有见证过的检查点。请运行 hearth audit checkpoint,交驻会纪检监察组见证"}
	issued, err := a.keeper.Issued(ctx)
	if err != nil {
		line.Text = "查不到见证记录:" + err.Error()
		return line
	}
	for _, c := range issued {
		if c.WitnessedAt.IsZero() {
			continue
		}
		line.Badge = web.Badge{Text: "正常", Tone: "good"}
		if time.Since(c.WitnessedAt) > witnessAge {
			line.Badge = web.Badge{Text: "已久", Tone: "warn"}
		}
		line.Text = fmt.Sprintf("最近一次见证 %s,到第 %d 条", clock(c.WitnessedAt), c.Checkpoint.Size)
		return line
	}
	return line
}

// examineSealing is the doctor's look at the sealed log.
func (a *App) examineSealing(ctx context.Context) []finding {
	var found []finding
	for _, p := range a.keeper.Status().Problems {
		found = append(found, finding{"封存", false, p.Text})
	}
	seal, witness := a.sealStanding(ctx), a.witnessStanding(ctx)
	if len(found) == 0 {
		found = append(found, finding{seal.Name, true, seal.Text})
	}
	// A missing witness is worth a reminder and is nothing that is broken.
	return append(found, finding{witness.Name, true, witness.Text})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/adapters/natsserver/blocks"
	"hearth/adapters/repair"
	"hearth/adapters/sealing"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/notary"
	"hearth/projections/archive"
)

func repairCommand(cfg *config) *cobra.Command {
	var look bool
	cmd := &cobra.Command{
		Use: "repair", Args: cobra.NoArgs,
		Short: "修复事件流、封存树、二份存档中损坏的一处(服务须先停止);坏文件原样另存,修复后与签名核对",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return repairAll(cmd.Context(), *cfg, look, newTerminal())
		},
	}
	cmd.Flags().BoolVar(&look, "dry-run", false, "只检查并说明将怎样修复,不改动")
	return cmd
}

// repairAll finds out which copies are not what was signed and makes them anew
// from those that are: first the stream, since nothing may be written to a
// damaged one, then the tiles and the archive. A crash at any point leaves what
// the next run finds and goes on with.
func repairAll(ctx context.Context, cfg config, look bool, r report) error {
	// There is no such job: that somebody answers is all we ask.
	if answered, _ := askService(ctx, cfg.State, "repair", nil, nil, discard{}); answered {
		return domain.Reject("service_runs", "服务正在运行。请先停止它,再运行 hearth repair。")
	}
	broken, err := repairStream(ctx, cfg, look, r)
	if err != nil {
		return err
	}
	if broken && look {
		return nil
	}
	app, err := openApp(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { app.Close() }()
	found, err := app.compare(ctx)
	if err != nil {
		return err
	}
	if found.has(notary.CopyStream) {
		// The files are in order and what they say is not: somebody rewrote them.
		r.Line("事件流的内容与签名不符,但文件的校验码完好:有人改写过。原样另存,请交纪检监察组")
		if look {
			return nil
		}
		if err := app.cfg.forceRebuild(); err != nil {
			return err
		}
		app.Close()
		if _, err := repairStream(ctx, cfg, false, r); err != nil {
			return err
		}
		if app, err = openApp(ctx, cfg); err != nil {
			return err
		}
		if found, err = app.compare(ctx); err != nil {
			return err
		}
	}
	return app.repairCopies(ctx, found, look, r)
}

// compared is the outcome of a verification.
type compared struct{ notary.Report }

func (c compared) has(name string) bool {
	return slices.ContainsFunc(c.Faults, func(f notary.Fault) bool { return f.Copy == name })
}

func (a *App) compare(ctx context.Context) (compared, error) {
	v, err := a.verification(ctx)
	if err != nil || v.Checkpoint.Size == 0 {
		return compared{notary.Report{Truth: notary.CopyTiles}}, err
	}
	found, err := v.Run(ctx)
	return compared{found}, err
}

// repairStream makes the stream anew when its files are damaged. It reports
// whether they were.
func repairStream(ctx context.Context, cfg config, look bool, r report) (bool, error) {
	app := &App{cfg: cfg}
	defer app.Close()
	if err := app.openDatabase(ctx); err != nil {
		return false, err
	}
	held, err := app.heldCheckpoint(ctx)
	if err != nil {
		return false, err
	}
	earlier, err := cfg.found()
	if err != nil {
		return false, err
	}
	if cfg.NATSURL != "" {
		return app.repairExternal(ctx, held, look, r)
	}
	known := uint64(held.Size)
	report, _, err := scanStream(ctx, cfg, known)
	if err != nil && !errors.Is(err, blocks.ErrNoStream) {
		return false, err
	}
	lost := errors.Is(err, blocks.ErrNoStream) && known > 0
	text := damageText(report, known)
	if earlier == nil && text == "" && !lost {
		return false, nil
	}
	switch {
	case lost:
		r.Line("事件流的文件夹不见了")
	case text != "":
		r.Line("事件流的文件损坏:%s", text)
	default:
		r.Line("事件流的文件曾损坏:%s", earlier.Text)
	}
	plan, err := app.assemble(ctx, held, r)
	if err != nil || look {
		return true, err
	}
	return true, app.rebuildEmbedded(ctx, held, plan, r)
}

// heldCheckpoint is the largest checkpoint that is kept and signed with our key.
func (a *App) heldCheckpoint(ctx context.Context) (notary.Checkpoint, error) {
	key, err := notary.ReadKey(a.cfg.notaryKey())
	if errors.Is(err, os.ErrNotExist) {
		return notary.Checkpoint{}, domain.Reject("no_key", "找不到封存密钥 %s,没有它就分不清真伪。请先把密钥文件放回原处。", a.cfg.notaryKey())
	}
	if err != nil {
		return notary.Checkpoint{}, err
	}
	return sealing.Held(ctx, a.pool, key, notary.NewDir(a.cfg.notaryDir()))
}

// assemble puts the log together and tells from what.
func (a *App) assemble(ctx context.Context, held notary.Checkpoint, r report) (*repair.Plan, error) {
	plan, err := repair.Assemble(ctx, repair.Sources{
		Archive: archive.NewReader(a.pool), Folders: a.cfg.blockFolders(), Tiles: notary.NewDir(a.cfg.notaryDir()), Checkpoint: held,
	})
	if errors.Is(err, repair.ErrIncomplete) {
		return nil, domain.Reject("incomplete", "几处合起来也补不全(%v)。没有作任何改动。请用最近的备份(hearth restore)恢复,并保留现在的文件夹。", err)
	}
	if err != nil {
		return nil, err
	}
	r.Line("可以补全:共 %d 条,与签名的根一致;其中 %d 条在最后一次封存之后", plan.End, plan.Unsealed)
	for _, from := range plan.FromLog {
		r.Line("  第 %d 至 %d 条取自事件文件,其余取自二份存档", from.From, from.To)
	}
	return plan, nil
}

// blockFolders are the folders with block files, the present ones first.
func (c config) blockFolders() []string {
	folders, _ := blocks.Find(c.natsDir(), natsstore.StreamName) // none is none
	aside, _ := filepath.Glob(filepath.Join(c.asideDir(), "*"))
	slices.Sort(aside)
	slices.Reverse(aside)
	for _, folder := range aside {
		// A copy of the files lies in the folder itself, a moved stream below it.
		for _, dir := range []string{folder, filepath.Join(folder, natsstore.StreamName)} {
			if stat, err := os.Stat(filepath.Join(dir, "msgs")); err == nil && stat.IsDir() {
				folders = append(folders, dir)
			}
		}
	}
	return folders
}

// logOf is the id of the log that a checkpoint is of.
func logOf(c notary.Checkpoint) string { return strings.TrimPrefix(c.Origin, notary.Origin("")) }

// rebuildEmbedded moves the damaged stream aside, whole, and fills a new one with
// the same id. A crash leaves a stream that is too short, which the next run
// finds and makes anew.
func (a *App) rebuildEmbedded(ctx context.Context, held notary.Checkpoint, plan *repair.Plan, r report) error {
	dirs, err := blocks.Find(a.cfg.natsDir(), natsstore.StreamName)
	if err != nil {
		return err
	}
	if err := a.cfg.forceRebuild(); err != nil { // until it is done, whatever happens
		return err
	}
	for _, dir := range dirs {
		aside, err := blocks.SetAsideAll(dir, a.cfg.asideDir())
		if err != nil {
			return err
		}
		r.Line("坏的事件流原样移到 %s", aside)
	}
	a.cfg.Log = logOf(held)
	if err := a.openNATS(ctx); err != nil {
		return err
	}
	if err := refill(ctx, a.store, plan, held, r); err != nil {
		return err
	}
	return a.cfg.forgetDamage()
}

// refill writes the log and reads it back: what is stored must have the signed
// root before anything is called repaired.
func refill(ctx context.Context, store *natsstore.Store, plan *repair.Plan, held notary.Checkpoint, r report) error {
	done := int64(0)
	messages := func(yield func(eventstore.Message, error) bool) {
		for m, err := range plan.Messages(ctx) {
			if done++; done%1000 == 0 {
				r.Progress(progress{Label: "重建事件流", Done: done, Total: int64(plan.End)})
			}
			if !yield(m, err) {
				return
			}
		}
	}
	if _, err := store.Refill(ctx, messages); err != nil {
		return err
	}
	var tree notary.Tree
	err := eventstore.ReadMessages(ctx, store, 0, eventstore.Position(held.Size), func(page []eventstore.Message) error {
		for _, m := range page {
			tree.Add(notary.HashOf(m))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if held.Size > 0 && tree.Root() != held.Root {
		return fmt.Errorf("%w: the root of the new stream", notary.ErrFork)
	}
	r.Line("事件流已重建:%d 条,根与签名一致", plan.End)
	return nil
}

// repairExternal makes a stream that is missing or too short anew in a cluster.
// A stream that is there is only taken away by the administrator of NATS: no
// user of ours has the right.
func (a *App) repairExternal(ctx context.Context, held notary.Checkpoint, look bool, r report) (bool, error) {
	id := logOf(held)
	err := a.openNATS(ctx)
	if err == nil {
		end, err := a.store.End(ctx)
		identity, other := a.store.Identity(ctx)
		if err := errors.Join(err, other); err != nil {
			return false, err
		}
		if int64(end) >= held.Size && (held.Size == 0 || string(identity) == id) {
			return false, nil // whether it is right is compared next
		}
		if end > 0 && string(identity) != id {
			return true, domain.Reject("stream_other", "集群里的事件流 %s 不是封存过的那一个,且不是空的。请由 NATS 管理员先备份(nats stream backup),再删除流 %s,然后运行 hearth repair。", identity, natsstore.StreamName)
		}
		if string(identity) != id {
			return true, domain.Reject("stream_new", "集群里的事件流是新建的空流,编号不同。请由 NATS 管理员删除流 %s,然后带 HEARTH_NATS_PROVISIONER_NKEY 运行 hearth repair。", natsstore.StreamName)
		}
	} else if no, ok := errors.AsType[*domain.Rejection](err); !ok || no.Code != "stream_configuration" {
		return false, err
	}
	r.Line("集群里的事件流缺失或不完整")
	plan, err := a.assemble(ctx, held, r)
	if err != nil || look {
		return true, err
	}
	if a.store == nil {
		if err := provisionExternal(ctx, a.cfg, id); err != nil {
			return true, err
		}
		if err := a.openNATS(ctx); err != nil {
			return true, err
		}
	}
	return true, refill(ctx, a.store, plan, held, r)
}

// repairCopies mends tiles and archive from what agrees with the signature.
func (a *App) repairCopies(ctx context.Context, found compared, look bool, r report) error {
	if len(found.Faults) == 0 && len(found.Broken) == 0 {
		if err := a.cfg.forgetDamage(); err != nil {
			return err
		}
		r.Line("一致:%d 条,事件流、封存树、二份存档与签名全部相符", found.Compared)
		return nil
	}
	_ = tellVerification(r, found.Report, 0, 0) // its verdict is what follows
	if found.has(notary.CopyStream) || found.Truth == "" || len(found.Broken) > 0 {
		return errNotSound
	}
	if look {
		r.Line("封存树将重新计算,二份存档将从事件流补齐;坏的原样另存")
		return nil
	}
	if found.has(notary.CopyTiles) {
		if err := a.keeper.Rebuild(ctx); err != nil {
			return err
		}
		r.Line("封存树已重新计算,根与签名一致")
	}
	if found.has(notary.CopyArchive) {
		if err := a.mendArchive(ctx, found.Report, r); err != nil {
			return err
		}
	}
	again, err := a.compare(ctx)
	if err != nil {
		return err
	}
	if len(again.Faults) > 0 || len(again.Broken) > 0 {
		return tellVerification(r, again.Report, 0, 0)
	}
	return a.repairCopies(ctx, again, false, r)
}

// mendArchive replaces what is damaged in the archive by messages of the stream,
// each compared with its sealed leaf.
func (a *App) mendArchive(ctx context.Context, found notary.Report, r report) error {
	var damaged []eventstore.Position
	for _, f := range found.Faults {
		for pos := f.From; f.Copy == notary.CopyArchive && pos <= f.To; pos++ {
			damaged = append(damaged, eventstore.Position(pos))
		}
	}
	tiles := a.keeper.Dir()
	leaf := func(pos eventstore.Position) (tlog.Hash, error) {
		if int64(pos) > found.Checkpoint.Size {
			return tlog.Hash{}, nil
		}
		leaves, err := tiles.Leaves(int64(pos), int64(pos))
		if err != nil {
			return tlog.Hash{}, err
		}
		return leaves[0], nil
	}
	mended, err := archive.NewReader(a.pool).Mend(ctx, a.store, damaged, leaf)
	for _, m := range mended {
		r.Line("二份存档第 %d 至 %d 条已补齐 %d 条,原表另存为 %s", m.First, m.Last, m.Mended, m.SetAside)
	}
	return err
}

// forceRebuild makes the next repair treat the stream as damaged, although its
// files are in order.
func (c config) forceRebuild() error {
	if d, err := c.found(); err != nil || d != nil {
		return err
	}
	return c.noteDamage(damage{Text: "事件流正在重建"})
}

// forgetDamage is the end of a repair.
func (c config) forgetDamage() error {
	if err := os.Remove(c.damageFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// discard is a report to nobody.
type discard struct{}

func (discard) Line(string, ...any) {}
func (discard) Progress(progress)   {}
func (discard) File(string, []byte) {}

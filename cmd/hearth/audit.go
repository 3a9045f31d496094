package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/notary"
	"hearth/projections"
	"hearth/projections/archive"
)

func auditCommand(cfg *config) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "封存日志:核验、检查点、证明、见证"}
	cmd.AddCommand(auditVerifyCommand(cfg), auditCheckpointCommand(cfg), auditProofCommand(cfg), auditWitnessedCommand(cfg), auditKeyCommand(cfg))
	return cmd
}

// auditJobs are the jobs of hearth audit.
func auditJobs() map[string]job {
	return map[string]job{
		"audit-verify":     asJob(auditVerify),
		"audit-checkpoint": asJob(auditCheckpoint),
		"audit-proof":      asJob(auditProof),
		"audit-witnessed":  asJob(auditWitnessed),
		"audit-key":        asJob(auditKey),
	}
}

func auditVerifyCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use: "verify", Args: cobra.NoArgs,
		Short: "逐条核对事件流、封存树、二份存档三处是否一致,并核对所有发出过的检查点",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJob(cmd.Context(), *cfg, "audit-verify", struct{}{}, nil, newTerminal())
		},
	}
}

var errNotSound = domain.Reject("not_sound", "核验没有通过,见上面各行。请保护现场,不要删除任何文件;停止服务后运行 hearth repair,修复前后都会再核对签名。")

// auditVerify compares the three copies with what was signed. A log that is
// closed is verified up to what was signed before.
func auditVerify(ctx context.Context, app *App, _ struct{}, _ io.Reader, r report) error {
	begun := time.Now()
	v, err := app.verification(ctx)
	if err != nil {
		return err
	}
	if v.Checkpoint.Size == 0 {
		r.Line("日志里还没有事件,没有可核验的内容")
		return nil
	}
	v.Progress = func(done, total int64) {
		passed := time.Since(begun)
		rate := float64(done) / passed.Seconds()
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		r.Progress(progress{Label: "核验", Done: done, Total: total, Rate: rate, Left: left})
	}
	found, err := v.Run(ctx)
	if err != nil {
		return err
	}
	err = tellVerification(r, found, len(v.Issued), time.Since(begun))
	return errors.Join(err, app.tellAlarms(r))
}

// tellAlarms says why nothing may be written although the copies may agree:
// damage of a file that holds no messages, for one. Then nothing is sound.
func (a *App) tellAlarms(r report) error {
	var err error
	for _, p := range a.keeper.Status().Problems {
		if p.Closes() {
			r.Line("告警  %s", p.Text)
			err = errNotSound
		}
	}
	return err
}

// verification is what compares the copies of the log.
func (a *App) verification(ctx context.Context) (notary.Verification, error) {
	c, err := a.keeper.Seal(ctx)
	if errors.Is(err, eventstore.ErrReadOnly) {
		c, err = a.keeper.Held(ctx)
	}
	if err != nil {
		return notary.Verification{}, err
	}
	if err := a.awaitArchive(ctx, eventstore.Position(c.Size)); err != nil {
		return notary.Verification{}, err
	}
	v := notary.Verification{Tiles: a.keeper.Dir(), Stream: notary.StreamCopy(a.store), Archive: archive.NewReader(a.pool), Checkpoint: c}
	issued, err := a.keeper.Issued(ctx)
	if err != nil {
		return v, err
	}
	for _, i := range issued {
		v.Issued = append(v.Issued, i.Checkpoint)
	}
	return v, nil
}

// archivePatience is how long the archive may need to come to what was sealed.
const archivePatience = time.Minute

// awaitArchive gives the archive time to take what was just sealed, and writes it
// itself when nobody does. One that has stopped is compared as it is. One that
// has only lost its connection is not: what it lacks would look like damage.
func (a *App) awaitArchive(ctx context.Context, to eventstore.Position) error {
	writing, stop := context.WithTimeout(ctx, archivePatience)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	own := archive.New(a.pool, a.store, archive.Options{})
	if a.archive.Status(ctx).Writer == "" {
		running.Go(func() { _ = own.Run(writing) }) // ends with writing alone
	}
	stopped := func(s archive.Status) bool { return s.State == projections.StateStopped }
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		end, err := a.archive.End(ctx)
		if errors.Is(err, archive.ErrDamaged) || end >= to || stopped(a.archive.Status(ctx)) || stopped(own.Status(ctx)) {
			return ctx.Err()
		}
		select {
		case <-look.C:
		case <-writing.Done():
			return ctx.Err()
		}
	}
}

var copyTitles = map[string]string{notary.CopyTiles: "封存树", notary.CopyStream: "事件流", notary.CopyArchive: "二份存档", "majority": "三处相互补足"}

func tellVerification(r report, found notary.Report, issued int, took time.Duration) error {
	for _, f := range found.Faults {
		what := "内容与封存的不同"
		if f.Missing {
			what = "缺失或读不出"
		}
		where := fmt.Sprintf("第 %d 至 %d 条", f.From, f.To)
		if f.From == f.To {
			where = fmt.Sprintf("第 %d 条", f.From)
		}
		if f.Text != "" {
			where = f.Text + ",关系到" + where
		}
		r.Line("不符  %s %s:%s", copyTitles[f.Copy], where, what)
	}
	for _, c := range found.Broken {
		r.Line("不符  发出过的检查点(%d 条,根 %s)不是现在日志的一段", c.Size, c.Root)
	}
	if found.Truth == "" {
		r.Line("没有一处能得出签名的根。请取备份,并把见证过的检查点一并交纪检监察组")
	} else if len(found.Faults) > 0 {
		r.Line("与签名相符的是:%s", copyTitles[found.Truth])
	}
	r.Line("核对 %d 条,发出过的检查点 %d 个,用时 %s", found.Compared, issued, took.Round(time.Millisecond))
	if !found.Sound() {
		return errNotSound
	}
	r.Line("一致:事件流、封存树、二份存档与签名全部相符,根 %s", found.Checkpoint.Root)
	return nil
}

func auditCheckpointCommand(cfg *config) *cobra.Command {
	var in checkpointInput
	cmd := &cobra.Command{
		Use: "checkpoint", Args: cobra.NoArgs,
		Short: "封存到此刻,把检查点和延续证明写成文件,交见证人带走",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJob(cmd.Context(), *cfg, "audit-checkpoint", in, nil, newTerminal())
		},
	}
	cmd.Flags().Int64SliceVar(&in.From, "from", nil, "见证人手中检查点的条数;不填则证明自最近发出的各检查点")
	return cmd
}

type checkpointInput struct {
	From []int64 `json:"from"`
}

// provedBefore is from how many issued checkpoints a new one is proved to
// continue: a witness that has missed some still finds its own.
const provedBefore = 50

// auditCheckpoint seals, notes that the checkpoint leaves the house, and hands it
// over with proofs that it continues those handed out before.
func auditCheckpoint(ctx context.Context, app *App, in checkpointInput, _ io.Reader, r report) error {
	c, err := app.keeper.Seal(ctx)
	if err != nil {
		return readOnly(err)
	}
	if c.Size == 0 {
		return domain.Reject("nothing_sealed", "日志里还没有事件,没有可发出的检查点。")
	}
	issued, err := app.keeper.Issued(ctx)
	if err != nil {
		return err
	}
	sizes := in.From
	for _, i := range issued[:min(len(issued), provedBefore)] {
		sizes = append(sizes, i.Checkpoint.Size)
	}
	growth, err := app.keeper.Dir().ProveGrowth(c, sizes...)
	if err != nil {
		return err
	}
	// It is noted before it is handed out: what somebody may hold is on record.
	if err := app.keeper.Issue(ctx, c, "console"); err != nil {
		return err
	}
	r.Line("检查点:%d 条,根 %s", c.Size, c.Root)
	r.File(fmt.Sprintf("检查点-%d.txt", c.Size), growth.Marshal())
	return nil
}

// readOnly says in words why a closed log cannot be sealed.
func readOnly(err error) error {
	if errors.Is(err, eventstore.ErrReadOnly) {
		return domain.Reject("read_only", "事件日志正在告警,不能封存。请先运行 hearth audit verify 查明情况。")
	}
	return err
}

func auditProofCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use: "proof POSITION", Args: cobra.ExactArgs(1),
		Short: "为第 POSITION 条写出存在证明和原文,任何人可用公钥离线核验(hearth verify)",
		RunE: func(cmd *cobra.Command, args []string) error {
			var in proofInput
			if err := json.Unmarshal([]byte(args[0]), &in.Position); err != nil || in.Position == 0 {
				return domain.Reject("bad_position", "“%s”不是位置,请写成如 hearth audit proof 120。", args[0])
			}
			return runJob(cmd.Context(), *cfg, "audit-proof", in, nil, newTerminal())
		},
	}
}

type proofInput struct {
	Position eventstore.Position `json:"position"`
}

func auditProof(ctx context.Context, app *App, in proofInput, _ io.Reader, r report) error {
	c, err := app.keeper.Seal(ctx)
	if err != nil {
		return readOnly(err)
	}
	if int64(in.Position) > c.Size {
		return domain.Reject("no_such_position", "日志只有 %d 条,没有第 %d 条。", c.Size, in.Position)
	}
	var proof notary.Inclusion
	var body []byte
	err = eventstore.ReadMessages(ctx, app.store, in.Position-1, in.Position, func(page []eventstore.Message) error {
		body = page[0].Body
		proof, err = app.keeper.Dir().Prove(notary.LeafOf(page[0]), c)
		return err
	})
	if errors.Is(err, notary.ErrProof) {
		return domain.Reject("not_sealed_so", "第 %d 条与封存的不同,不能出具证明。请立即运行 hearth audit verify。", in.Position)
	}
	if err != nil {
		return err
	}
	if err := app.keeper.Issue(ctx, c, "console"); err != nil {
		return err
	}
	r.Line("第 %d 条(%s)在 %d 条的日志里", in.Position, proof.Leaf.Subject, c.Size)
	r.File(fmt.Sprintf("证明-%d.tlog-proof", in.Position), proof.Marshal())
	r.File(fmt.Sprintf("原文-%d.json", in.Position), body)
	return nil
}

func auditWitnessedCommand(cfg *config) *cobra.Command {
	var in witnessedInput
	cmd := &cobra.Command{
		Use: "witnessed FILE", Args: cobra.ExactArgs(1),
		Short: "收回见证人签过的检查点,记下见证时间",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openInput(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			return runJob(cmd.Context(), *cfg, "audit-witnessed", in, f, newTerminal())
		},
	}
	cmd.Flags().StringVar(&in.Witness, "witness", "", "见证人的公钥(hearth witness show 显示)")
	_ = cmd.MarkFlagRequired("witness")
	return cmd
}

type witnessedInput struct {
	Witness string `json:"witness"`
}

// mostNote is more than any signed checkpoint has.
const mostNote = 64 << 10

func auditWitnessed(ctx context.Context, app *App, in witnessedInput, body io.Reader, r report) error {
	data, err := io.ReadAll(io.LimitReader(body, mostNote))
	if err != nil {
		return err
	}
	c, err := notary.OpenCheckpoint(data, app.keeper.Key().Verifier())
	if err != nil {
		return domain.Reject("not_ours", "这个文件不是本日志签发的检查点(%v),没有收下。", err)
	}
	at, err := notary.VerifyCosignature(c, strings.TrimSpace(in.Witness))
	if err != nil {
		return domain.Reject("not_witnessed", "文件里没有这位见证人的有效签名(%v),没有收下。请核对公钥。", err)
	}
	root, err := app.keeper.Dir().RootAt(c.Size)
	if err != nil || root != c.Root {
		return domain.Reject("not_of_log", "这个检查点不是现在日志的一段,没有收下。请保留文件,立即运行 hearth audit verify。")
	}
	if err := app.keeper.Witnessed(ctx, c, in.Witness, at); err != nil {
		return err
	}
	r.Line("已收下:%d 条,见证于 %s", c.Size, clock(at))
	return nil
}

func auditKeyCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use: "key", Args: cobra.NoArgs, Short: "显示本日志的公钥,供见证人和核验者使用",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runJob(cmd.Context(), *cfg, "audit-key", struct{}{}, nil, newTerminal())
		},
	}
}

func auditKey(_ context.Context, app *App, _ struct{}, _ io.Reader, r report) error {
	r.Line("%s", app.keeper.Key().Public())
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/domain"
	"hearth/eventstore/notary"
	"hearth/eventstore/notary/witness"
)

// The commands of a witness run on its own computer: they open no state folder,
// no network and no database.

func witnessCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "witness", Short: "见证:在见证单位自己的、不联网的电脑上核对、签名、打印检查点"}
	dir := cmd.PersistentFlags().String("dir", "witness", "见证文件夹")
	var name string
	begin := &cobra.Command{
		Use: "init", Short: "建立见证文件夹和见证密钥", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return initWitness(cmd, *dir, name) },
	}
	begin.Flags().StringVar(&name, "name", "", "见证单位全称,印在见证页上")
	cmd.AddCommand(begin,
		onWitness(dir, "trust KEY", "登记日志的公钥(公钥文字,或存放它的文件)", trustLog),
		onWitness(dir, "import FILE", "导入检查点:核对与持有的一致,签名,写出见证页", importCheckpoint),
		onWitness(dir, "show", "显示持有的检查点和登记簿", showWitness),
		onWitness(dir, "page", "再写一次持有的检查点的见证页", func(t *terminal, w *witness.Witness, _ string) error { return handOut(t, w) }))
	return cmd
}

// onWitness is a command on the folder of a witness; what stands behind its name
// in use is its only argument.
func onWitness(dir *string, use, short string, run func(t *terminal, w *witness.Witness, arg string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(len(strings.Fields(use)) - 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := openWitness(cmd.Context(), *dir)
			if err != nil {
				return err
			}
			arg := ""
			if len(args) > 0 {
				arg = args[0]
			}
			return errors.Join(run(newTerminal(), w, arg), w.Close())
		},
	}
}

func initWitness(cmd *cobra.Command, dir, name string) error {
	err := witness.Init(cmd.Context(), dir, name, time.Now())
	switch {
	case errors.Is(err, witness.ErrName):
		return domain.Reject("witness-name", "请用 --name 写明见证单位全称,例如 --name 某市纪委监委驻市总工会纪检监察组;不超过60个字,不能换行。")
	case errors.Is(err, witness.ErrExists):
		return domain.Reject("witness-exists", "文件夹 %s 里已有见证密钥和登记簿,没有改动。要另建一个,请用 --dir 换一个文件夹。", dir)
	case err != nil:
		return err
	}
	w, err := openWitness(cmd.Context(), dir)
	if err != nil {
		return err
	}
	t := newTerminal()
	t.Line("已建立见证文件夹 %s。请只由见证单位保管,并另存一份备份。", dir)
	t.Line("见证单位  %s", w.Name())
	sayKey(t, "见证公钥", w.Public())
	t.Line("下一步:请系统管理员当面出示日志公钥(hearth audit key),核对指纹后运行 hearth witness trust 公钥")
	return w.Close()
}

func openWitness(ctx context.Context, dir string) (*witness.Witness, error) {
	w, err := witness.Open(ctx, dir)
	switch {
	case errors.Is(err, witness.ErrNone):
		return nil, domain.Reject("witness-none", "文件夹 %s 里没有见证密钥和登记簿。请用 --dir 指明见证文件夹;还没有建立的,先运行 hearth witness init --name 单位全称。", dir)
	case errors.Is(err, witness.ErrDamaged):
		return nil, domain.Reject("witness-damaged", "见证文件夹 %s 已损坏或被改动,不能使用,什么也没有改。请用备份恢复,并与最近一张纸质见证页核对登记簿校验值。(%v)", dir, err)
	}
	return w, err
}

func sayKey(t *terminal, label, public string) {
	t.Line("%s  %s", label, public)
	t.Line("指纹      %s", notary.Fingerprint(public))
}

func trustLog(t *terminal, w *witness.Witness, arg string) error {
	key, err := keyText(arg)
	if err != nil {
		return err
	}
	err = w.Trust(key, time.Now())
	switch {
	case errors.Is(err, notary.ErrKey):
		return badKey(arg)
	case errors.Is(err, notary.ErrOtherLog):
		return domain.Reject("witness-other-log", "这是另一个日志的公钥,没有登记。本文件夹见证的是 %s;要见证另一个日志,请用 --dir 另建见证文件夹。", w.Origin())
	case err != nil:
		return err
	}
	t.Line("已登记日志 %s 的公钥", w.Origin())
	sayKey(t, "日志公钥", key)
	t.Line("请与系统管理员出示的指纹逐组核对;不一致的,这个见证文件夹不要再用。")
	return nil
}

// keyText is a public key, or the only line of a file that has one.
func keyText(arg string) (string, error) {
	if strings.Contains(arg, "+") {
		return strings.TrimSpace(arg), nil
	}
	data, err := readSmall(arg)
	if err != nil {
		return "", badKey(arg)
	}
	return strings.TrimSpace(string(data)), nil
}

func badKey(arg string) error {
	return domain.Reject("bad-key", "“%s”不是公钥,也不是存放公钥的文件。公钥形如 hearth/编号+8位+一串字母,请整行复制。", arg)
}

// largestFile is more than any checkpoint with its proofs has.
const largestFile = 4 << 20

// readSmall reads a file that somebody brought along.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err == nil && len(data) > largestFile {
		err = fmt.Errorf("%s is larger than %d bytes", filepath.Base(name), largestFile)
	}
	return data, err
}

func unreadable(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return domain.Reject("no-file", "没有文件 %s,请检查文件名和所在文件夹。", name)
	}
	return domain.Reject("no-file", "不能读取文件 %s(%v),请换一份再试。", name, err)
}

func importCheckpoint(t *terminal, w *witness.Witness, name string) error {
	data, err := readSmall(name)
	if err != nil {
		return unreadable(name, err)
	}
	since := ""
	if lines := w.Cosigned(); len(lines) > 0 {
		since = clock(lines[len(lines)-1].At) + " 见证"
	}
	r, err := w.Import(data, time.Now())
	if err != nil {
		return refusedImport(w, r, err)
	}
	t.Line("日志      %s", w.Origin())
	switch {
	case r.Before.Note == nil:
		t.Line("此前持有  无,这是首次见证:更早的历史没有可以对照的,从现在起不能再改")
		t.Line("本次导入  %d 条,签名有效", r.Held.Size)
	case r.Again:
		t.Line("此前持有  %d 条,%s", r.Before.Size, since)
		t.Line("本次导入  %d 条,与持有的相同,没有新增,登记簿没有改动", r.Offered.Size)
	default:
		t.Line("此前持有  %d 条,%s", r.Before.Size, since)
		t.Line("本次导入  %d 条,新增 %d 条,签名有效,已核对是此前持有的延续", r.Held.Size, r.Held.Size-r.Before.Size)
	}
	t.Line("根哈希    %s", notary.Grouped(r.Held.Root[:]))
	return handOut(t, w)
}

// refusedImport says in Chinese why a file was not taken, and what to do.
func refusedImport(w *witness.Witness, r witness.Result, err error) error {
	const same = "什么也没有改。"
	switch {
	case errors.Is(err, notary.ErrFork) && r.Alarm != "":
		return domain.Reject("witness-fork", "警报:这个检查点与持有的矛盾,日志的历史被改写过!没有签名,仍持有 %d 条的检查点。"+
			"双方的检查点都已存入 %s,并记入登记簿。请保存上次的纸质见证页和这次带来的文件,不要归还,立即报告单位负责人和上级。", r.Before.Size, r.Alarm)
	case errors.Is(err, witness.ErrNoLog):
		return domain.Reject("witness-no-log", "还没有登记日志的公钥。请系统管理员当面出示(hearth audit key),核对指纹后运行 hearth witness trust 公钥。")
	case errors.Is(err, witness.ErrFile):
		return domain.Reject("witness-file", "文件已损坏,或者不是检查点文件,"+same+"请用另一个U盘重新拷贝一份再导入。")
	case errors.Is(err, notary.ErrSignature):
		return domain.Reject("witness-signature", "签名与内容对不上:文件在途中损坏,或被人改过,"+same+"请重新拷贝一份;仍然如此的,请报告。")
	case errors.Is(err, notary.ErrOtherKey):
		return domain.Reject("witness-other-key", "检查点不是用已登记的日志公钥签的,"+same+"日志换过密钥的,请系统管理员当面出示新公钥和换钥记录,再运行 hearth witness trust 公钥;没有换过的,请报告。")
	case errors.Is(err, notary.ErrOtherLog):
		return domain.Reject("witness-other-log", "这是另一个日志的检查点,"+same+"本文件夹见证的是 %s。", w.Origin())
	case errors.Is(err, witness.ErrOlder):
		return domain.Reject("witness-older", "这个检查点比持有的旧:它有 %d 条,持有 %d 条,"+same+"请导入最新的检查点;对方说这就是最新的,日志就被截短过,请报告。", r.Offered.Size, r.Before.Size)
	case errors.Is(err, notary.ErrNoProof):
		return domain.Reject("witness-no-proof", "文件里没有从持有的 %d 条到 %d 条的一致性证明,"+same+"请系统管理员运行 hearth audit checkpoint --from %d,把它写出的文件带来。", r.Before.Size, r.Offered.Size, r.Before.Size)
	case errors.Is(err, witness.ErrClock):
		return domain.Reject("witness-clock", "本机时钟(%s)比登记簿最后一行还早,"+same+"请先校正本机的日期和时间,再导入。", clock(time.Now()))
	}
	return err
}

// handOut writes what is held into the working folder, for the USB stick and for
// the printer. It is held by then, so this can be done again at any time.
func handOut(t *terminal, w *witness.Witness) error {
	held := w.Held()
	if held.Note == nil {
		return domain.Reject("witness-nothing", "还没有持有检查点。请先运行 hearth witness import 文件。")
	}
	page, err := witnessPage(w)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("见证-%d", held.Size)
	for _, f := range []struct {
		ext, use string
		data     []byte
	}{{".txt", "带回,由系统管理员用 hearth audit witnessed 收下", held.Note}, {".html", "用浏览器打开,按A4打印,签字、盖章、存档", page}} {
		file, err := writeOnce(name+f.ext, f.data)
		if err != nil {
			return domain.Reject("witness-write", "检查点已持有,但不能写入 %s(%v)。请换到一个可写的文件夹,运行 hearth witness page 再写一次。", file, err)
		}
		t.Line("已写入 %s(%s)", file, f.use)
	}
	return nil
}

// writeOnce writes a file unless it is there with just this in it. It never
// writes over another one.
func writeOnce(name string, data []byte) (string, error) {
	if there, err := readSmall(name); err == nil && string(there) == string(data) {
		return name, nil
	}
	f, err := createNew(name)
	if err != nil {
		return name, err
	}
	_, err = f.Write(data)
	return f.Name(), errors.Join(err, f.Sync(), f.Close())
}

func showWitness(t *terminal, w *witness.Witness, _ string) error {
	t.Line("见证单位  %s", w.Name())
	sayKey(t, "见证公钥", w.Public())
	for _, key := range w.Trusted() {
		sayKey(t, "日志公钥", key)
	}
	lines := w.Cosigned()
	if len(lines) == 0 {
		t.Line("持有      无")
	} else {
		held := lines[len(lines)-1]
		t.Line("日志      %s", w.Origin())
		t.Line("持有      %d 条,%s 见证,第 %d 次", held.Size, clock(held.At), len(lines))
		t.Line("根哈希    %s", notary.Grouped(held.Root[:]))
		t.Line("登记簿    校验值 %s", notary.Grouped(held.Sum[:]))
	}
	for _, a := range w.Alarms() {
		t.Line("警报      %s,另一个 %d 条的检查点与持有的矛盾,双方在 %s", clock(a.At), a.Size, a.Text)
	}
	return nil
}

// clock is a time as people here write it.
func clock(t time.Time) string { return t.In(domain.Shanghai).Format("2006年1月2日 15:04:05") }

package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"hearth/domain"
	"hearth/eventstore/notary"
)

// verification is what a file is verified against. It needs no state folder, no
// network and no database: whoever has the public key can do it.
type verification struct {
	key       string
	witnesses []string
	body      string // file with the body of the record, for a proof of existence
	held      string // file with an earlier checkpoint, for a growth
	// ignore lets signatures pass of which no key is given. Otherwise they are
	// refused: nobody could tell whether one of their bytes was changed.
	ignore bool
}

func verifyCommand() *cobra.Command {
	var v verification
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "离线核对检查点、见证签名或存在证明", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return v.run(newTerminal(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&v.key, "key", "", "日志公钥(公钥文字,或存放它的文件)")
	f.StringArrayVar(&v.witnesses, "witness", nil, "见证公钥;必须有它的签名,可以写几次")
	f.StringVar(&v.body, "body", "", "存在证明所证明的记录正文文件")
	f.StringVar(&v.held, "held", "", "以前的检查点文件:核对现在的日志是它的延续")
	f.BoolVar(&v.ignore, "ignore-unknown", false, "忽略没有给出公钥的签名")
	return cmd
}

func (v verification) run(t *terminal, name string) error {
	if v.key == "" {
		return domain.Reject("verify-key", "请用 --key 给出日志公钥:它印在见证页上,也可向系统管理员索取。")
	}
	key, err := keyText(v.key)
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(key)
	if err != nil {
		return badKey(v.key)
	}
	data, err := readSmall(name)
	if err != nil {
		return unreadable(name, err)
	}
	if bytes.HasPrefix(data, []byte("c2sp.org/tlog-proof@")) {
		return v.inclusion(t, data, log)
	}
	return v.growth(t, data, log)
}

func (v verification) inclusion(t *terminal, data []byte, log note.Verifier) error {
	if v.held != "" {
		return domain.Reject("verify-flag", "这个文件是存在证明,不用 --held。")
	}
	p, err := notary.OpenInclusion(data, log)
	if err != nil {
		return refused(err)
	}
	cosigned, err := v.signatures(p.Checkpoint, log)
	if err != nil {
		return err
	}
	if v.body != "" {
		body, err := readSmall(v.body)
		if err != nil {
			return unreadable(v.body, err)
		}
		if err := p.Proves(body); err != nil {
			return domain.Reject("verify-body", "不通过:正文与日志第 %d 条封存的不是同一份,正文被改过,或者拿错了文件。", p.Leaf.Position)
		}
	}
	t.Line("通过:日志 %s 第 %d 条记录在 %d 条的检查点之内,签名有效。", p.Checkpoint.Origin, p.Leaf.Position, p.Checkpoint.Size)
	if v.body == "" {
		t.Line("没有给出正文(--body),证明的是正文校验值(SHA-256)为 %s 的记录。", notary.Grouped(p.Leaf.BodyHash[:]))
	} else {
		t.Line("正文与封存的一致。")
	}
	sayAll(t, cosigned)
	return nil
}

func (v verification) growth(t *terminal, data []byte, log note.Verifier) error {
	if v.body != "" {
		return domain.Reject("verify-flag", "这个文件是检查点,不是存在证明,不用 --body。")
	}
	g, err := notary.OpenGrowth(data, log)
	if err != nil {
		return refused(err)
	}
	c := g.Checkpoint
	cosigned, err := v.signatures(c, log)
	if err != nil {
		return err
	}
	continues := ""
	if v.held != "" {
		if continues, err = v.continues(g, log); err != nil {
			return err
		}
	}
	t.Line("通过:日志 %s 的检查点,%d 条,签名有效。", c.Origin, c.Size)
	t.Line("根哈希 %s", notary.Grouped(c.Root[:]))
	if continues != "" {
		t.Line("%s", continues)
	}
	sayAll(t, cosigned)
	return nil
}

// continues demands that the log of an earlier checkpoint is a beginning of the
// one in the file.
func (v verification) continues(g notary.Growth, log note.Verifier) (string, error) {
	data, err := readSmall(v.held)
	if err != nil {
		return "", unreadable(v.held, err)
	}
	held, err := notary.OpenGrowth(data, log)
	if err != nil {
		return "", domain.Reject("verify-held", "不通过:以前的检查点文件 %s 本身通不过核对,请换一份。", v.held)
	}
	old, now := held.Checkpoint.Size, g.Checkpoint.Size
	switch err := g.Extends(held.Checkpoint); {
	case old > now:
		return "", domain.Reject("verify-older", "不通过:这个检查点(%d 条)比 %s(%d 条)旧,请把两个文件对调。", now, v.held, old)
	case errors.Is(err, notary.ErrNoProof):
		return "", domain.Reject("verify-no-proof", "不通过:文件里没有从 %d 条起的一致性证明,请系统管理员运行 hearth audit checkpoint --from %d。", old, old)
	case err != nil:
		return "", domain.Reject("verify-fork", "不通过:与 %s(%d 条)矛盾,日志的历史被改写过!请保存两个文件并报告。", v.held, old)
	}
	return fmt.Sprintf("是 %s(%d 条)的延续,新增 %d 条。", v.held, old, now-old), nil
}

// signatures demands the cosignature of every witness that was named, and that
// no signature is left of which no key was given.
func (v verification) signatures(c notary.Checkpoint, log note.Verifier) ([]string, error) {
	known := []note.Verifier{log}
	var said []string
	for _, arg := range v.witnesses {
		key, err := keyText(arg)
		if err != nil {
			return nil, err
		}
		w, err := notary.WitnessVerifier(key)
		if err != nil {
			return nil, badKey(arg)
		}
		at, err := notary.VerifyCosignature(c, key)
		if err != nil {
			return nil, domain.Reject("verify-witness", "不通过:没有见证公钥(指纹 %s)的有效签名。请核对公钥;公钥无误的,文件损坏或被改过。", notary.Fingerprint(key))
		}
		if at.After(time.Now().AddDate(0, 0, 1)) {
			return nil, domain.Reject("verify-future", "不通过:见证时间 %s 还没有到。请校正本机的日期和时间;无误的,见证单位的时钟有误。", clock(at))
		}
		known = append(known, w)
		said = append(said, fmt.Sprintf("见证签名有效,%s,公钥指纹 %s。", clock(at), notary.Fingerprint(key)))
	}
	all, err := c.Stripped(known...)
	if err != nil {
		return nil, refused(err)
	}
	if bytes.Equal(all.Note, c.Note) {
		return said, nil
	}
	if !v.ignore {
		return nil, domain.Reject("verify-unknown", "不通过:文件里还有没给出公钥的签名,不能断定它没有损坏。请用 --witness 给出见证公钥;只想核对日志签名的,加 --ignore-unknown。")
	}
	return append(said, "另有签名没有核对(--ignore-unknown)。"), nil
}

// signedWith reports whether a checkpoint is signed with a key of the log.
func signedWith(c notary.Checkpoint, public string) bool {
	v, err := note.NewVerifier(public)
	if err != nil {
		return false
	}
	_, err = notary.OpenCheckpoint(c.Note, v)
	return err == nil
}

func sayAll(t *terminal, lines []string) {
	for _, l := range lines {
		t.Line("%s", l)
	}
}

// refused says in Chinese why a file does not pass.
func refused(err error) error {
	switch {
	case errors.Is(err, notary.ErrOtherLog):
		return domain.Reject("verify-other-log", "不通过:这是另一个日志的文件,与给出的公钥不是一家。")
	case errors.Is(err, notary.ErrOtherKey):
		return domain.Reject("verify-other-key", "不通过:不是用给出的日志公钥签的。日志换过密钥的,请用当时的公钥核对。")
	case errors.Is(err, notary.ErrSignature):
		return domain.Reject("verify-signature", "不通过:签名与内容对不上,文件损坏或被改过。请重新拷贝一份再核对。")
	default:
		return domain.Reject("verify-damaged", "不通过:文件损坏,或者不是检查点、存在证明。请重新拷贝一份再核对。")
	}
}

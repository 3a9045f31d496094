package onservice

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/bench/scoreboard/rig"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// logOf is the roots of a log of so many messages, of which one may be another.
func logOf(n, other int) []tlog.Hash {
	var tree notary.Tree
	roots := []tlog.Hash{tree.Root()}
	for i := range n {
		m := eventstore.Message{Position: eventstore.Position(i + 1), Subject: "ev.f.1", Body: fmt.Append(nil, i)}
		if i+1 == other {
			m.Body = []byte("another")
		}
		tree.Add(notary.HashOf(m))
		roots = append(roots, tree.Root())
	}
	return roots
}

// TestBeginnings: the judge of printed checkpoints tells a log that was rewritten,
// one that is too short, another key, and a file that proves nothing.
func TestBeginnings(t *testing.T) {
	t.Parallel()
	key, err := notary.NewKey("one")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := notary.NewKey("one")
	if err != nil {
		t.Fatal(err)
	}
	roots := logOf(20, 0)
	signed := func(k notary.Key, size int64) []byte {
		c, err := k.Sign(size, roots[size])
		if err != nil {
			t.Fatal(err)
		}
		return notary.Growth{Checkpoint: c}.Marshal()
	}
	for name, c := range map[string]struct {
		printed [][]byte
		roots   []tlog.Hash
		want    string
	}{
		"as it is":       {[][]byte{signed(key, 12), signed(key, 12)}, roots, ""},
		"rewritten":      {[][]byte{signed(key, 12)}, logOf(20, 7), "another root"},
		"rewritten late": {[][]byte{signed(key, 12)}, logOf(20, 13), ""},
		"too short":      {[][]byte{signed(key, 12)}, roots[:12], "the log has 11"},
		"another key":    {[][]byte{signed(stranger, 12)}, roots, "not signed with this key"},
		"without proof":  {[][]byte{signed(key, 5), signed(key, 12)}, roots, "no proof"},
	} {
		wrong := beginnings(c.printed, key.Verifier(), c.roots)
		if c.want == "" && len(wrong) > 0 || c.want != "" && (len(wrong) != 1 || !strings.Contains(wrong[0], c.want)) {
			t.Errorf("%s: %q, want %q", name, wrong, c.want)
		}
	}
	res := &rig.Result{}
	if err := onRecord("发出过的检查点 1 个", res, [][]byte{signed(key, 5), signed(key, 12)}); err != nil || len(res.Problems) != 1 {
		t.Errorf("one of two checkpoints is on record: %v, %v", res.Problems, err)
	}
}

// TestFaultsIn reads what audit verify says.
func TestFaultsIn(t *testing.T) {
	t.Parallel()
	got := faultsIn("不符  封存树 第 8 条:内容与封存的不同\n不符  封存树 tile 1/0,关系到第 1 至 512 条:缺失或读不出\n不符  事件流 第 3 至 4 条:缺失或读不出\n不符  发出过的检查点(4 条,根 x)不是现在日志的一段\n")
	if s := fmt.Sprint(got); s != "map[事件流:[{3 4}] 封存树:[{8 8} {1 512}]]" {
		t.Error(s)
	}
}

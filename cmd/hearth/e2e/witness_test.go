package e2e_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/adapters/web/browsertest"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// forgetful is a second place for a log that lives as long as a test.
type forgetful struct{}

func (forgetful) Last(context.Context) ([]byte, error) { return nil, nil }

func (forgetful) Advance(_ context.Context, next func([]byte) ([]byte, error)) error {
	_, err := next(nil)
	return err
}

// handedOver writes the key of a log, its checkpoints at two sizes, the second
// with the proof from the first, and another one of the second size.
func handedOver(t *testing.T, dir string) error {
	t.Helper()
	key, err := notary.NewKey("8d9c1f5e7a2b4c60")
	if err != nil {
		return err
	}
	tiles := notary.NewDir(t.TempDir())
	s, err := notary.OpenSealer(tiles, key, false)
	if err != nil {
		return err
	}
	for _, size := range []int64{120_417, 128_960} {
		for p := s.Size() + 1; p <= size; p++ {
			if err := s.Add([]eventstore.Message{{Position: eventstore.Position(p), Subject: "ev.a.1", Body: []byte("{}")}}); err != nil {
				return err
			}
		}
		c, err := s.Seal(t.Context(), forgetful{})
		if err != nil {
			return err
		}
		g, err := tiles.ProveGrowth(c, 120_417)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, map[bool]string{true: "first", false: "second"}[size == 120_417]), g.Marshal(), 0o600); err != nil {
			return err
		}
	}
	lie, err := key.Sign(128_960, tlog.Hash{1})
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "lie"), lie.Note, 0o600), os.WriteFile(filepath.Join(dir, "log.pub"), []byte(key.Public()), 0o600))
}

var onePage = regexp.MustCompile(`/Type\s*/Page\b`)

// TestWitnessPage prints the page of the discipline inspectors on paper: one
// sheet of A4, with nothing beside its edges, for the first time and afterwards,
// and with the longest name and an alarm.
func TestWitnessPage(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := handedOver(t, dir); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), path, append([]string{"witness"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	hearth := func(args ...string) {
		t.Helper()
		if out, err := run(args...); err != nil {
			t.Fatalf("hearth witness %v: %v\n%s", args, err, out)
		}
	}
	hearth("init", "--name", "晋城市纪委监委驻市总工会纪检监察组")
	hearth("trust", "log.pub")
	hearth("import", "first")
	hearth("import", "second")
	long := strings.Repeat("很长的单位名称", 9)[:60*len("长")]
	hearth("init", "--dir", "long", "--name", long)
	hearth("trust", "--dir", "long", "log.pub")
	hearth("import", "--dir", "long", "second")
	if out, err := run("import", "--dir", "long", "lie"); err == nil || !strings.Contains(out, "警报") {
		t.Errorf("another root of the same size: %v, %s", err, out)
	}
	hearth("page", "--dir", "long")
	b := browsertest.New(t)
	for file, name := range map[string]string{"见证-120417.html": "witness-first", "见证-128960.html": "witness", "见证-128960-3.html": "witness-long"} {
		b.Goto((&url.URL{Scheme: "file", Path: filepath.Join(dir, file)}).String())
		b.WaitText("h1", "职工之家事件日志见证页")
		b.CheckAxe()
		b.Screenshot(name, browsertest.Desktop)
		if !browsertest.Run(b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`)) {
			t.Errorf("%s is wider than the screen", file)
		}
		if n := len(onePage.FindAll(b.PrintPDF(name), -1)); n != 1 {
			t.Errorf("%s prints on %d sheets, want 1", file, n)
		}
	}
}

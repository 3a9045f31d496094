package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/adapters/natsserver/blocks"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/notary"
)

// sealedCases fill more than one tile.
const sealedCases = 300

// sealedState is a state folder with some hundred events that are sealed,
// archived and in the read models, and the environment of commands on it.
func sealedState(t *testing.T) (state string, env []string) {
	t.Helper()
	state = newState(t)
	env = []string{"HEARTH_STATE=" + state}
	file := filepath.Join(t.TempDir(), "invented.csv")
	if err := os.WriteFile(file, []byte(invented(sealedCases)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := hearth(t, env, "import", "complaints", file); r.code != 0 {
		t.Fatalf("import: %+v", r)
	}
	s := start(t, state).untilReady()
	s.until("all models are up with the log", s.caughtUp)
	s.stop()
	if r := hearth(t, env, "audit", "verify"); r.code != 0 || !strings.Contains(r.out, "一致:") {
		t.Fatalf("verify: %+v", r)
	}
	return state, env
}

// blockFile is the first block of the stopped stream.
func blockFile(t *testing.T, state string) string {
	t.Helper()
	dirs, err := blocks.Find(config{State: state}.natsDir(), natsstore.StreamName)
	if err != nil || len(dirs) != 1 {
		t.Fatalf("folder of the stream: %v, %v", dirs, err)
	}
	return filepath.Join(dirs[0], "msgs", "1.blk")
}

// change changes a file in place.
func change(t *testing.T, file string, how func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, how(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamageIsFoundClosedAndRepaired damages the files of the stream in each way.
// The next start finds it before anything is written, reading goes on, writing
// does not; repair makes the stream anew, and all is as it was signed.
func TestDamageIsFoundClosedAndRepaired(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, state string){
		"a flipped bit": func(t *testing.T, state string) {
			change(t, blockFile(t, state), func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
		},
		"a flipped bit in the last message": func(t *testing.T, state string) {
			change(t, blockFile(t, state), func(b []byte) []byte { b[len(b)-20] ^= 1; return b })
		},
		"cut": func(t *testing.T, state string) {
			change(t, blockFile(t, state), func(b []byte) []byte { return b[:len(b)/2] })
		},
		"a block is gone": func(t *testing.T, state string) { remove(t, blockFile(t, state)) },
		"its configuration is gone": func(t *testing.T, state string) {
			remove(t, filepath.Join(filepath.Dir(filepath.Dir(blockFile(t, state))), "meta.inf"))
		},
		"the whole stream is gone": func(t *testing.T, state string) {
			if err := os.RemoveAll(config{State: state}.natsDir()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state, env := sealedState(t)
			harm(t, state)
			s := start(t, state)
			closedAndReading(t, s)
			// A second start sees it too, although the server has cut the files.
			s.stop()
			s = start(t, state)
			closedAndReading(t, s)
			if r := hearth(t, env, "repair"); r.code != 1 || !strings.Contains(r.err, "请先停止它") {
				t.Errorf("repair beside the service: %+v", r)
			}
			s.stop()
			if r := hearth(t, env, "audit", "verify"); r.code != 1 || !strings.Contains(r.out, "告警  事件文件有损坏") {
				t.Errorf("verify under alarm: %+v", r)
			}
			if r := hearth(t, env, "repair", "--dry-run"); r.code != 0 || !strings.Contains(r.out, "可以补全") {
				t.Errorf("dry run: %+v", r)
			}
			r := hearth(t, env, "repair")
			if r.code != 0 || !strings.Contains(r.out, "事件流已重建") || !strings.Contains(r.out, "一致:") {
				t.Fatalf("repair: %+v", r)
			}
			s = start(t, state).untilReady()
			caller(t, s).register("after-repair")
			s.stop()
			if r := hearth(t, env, "audit", "verify"); r.code != 0 {
				t.Errorf("verify after the repair: %+v", r)
			}
		})
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

// closedAndReading demands that nothing is stored, that who asks is told, and
// that what is there can be read.
func closedAndReading(t *testing.T, s *service) {
	t.Helper()
	s.until("it is under alarm", func() bool { _, text := s.readyz(); return strings.Contains(text, "alarm: ") })
	p := caller(t, s)
	a, err := p.try("while-closed")
	if err != nil || a.status != 503 || a.Code != "read_only" {
		t.Errorf("register under alarm: %+v, %v", a, err)
	}
	if n := len(p.list("").numbers()); n != sealedCases {
		t.Errorf("%d cases can be read, want %d", n, sealedCases)
	}
}

// TestTilesAreRepaired: what is not the stream is mended from it.
func TestTilesAreRepaired(t *testing.T) {
	t.Parallel()
	state, env := sealedState(t)
	tile := filepath.Join(config{State: state}.notaryDir(), "tile", "0", "000")
	change(t, tile, func(b []byte) []byte { b[33*7] ^= 4; return b })
	r := hearth(t, env, "audit", "verify")
	if r.code != 1 || !strings.Contains(r.out, "不符  封存树 第 8 条") {
		t.Errorf("verify: %+v", r)
	}
	if r := hearth(t, env, "repair"); r.code != 0 || !strings.Contains(r.out, "封存树已重新计算") {
		t.Errorf("repair: %+v", r)
	}
	if r := hearth(t, env, "audit", "verify"); r.code != 0 {
		t.Errorf("verify after the repair: %+v", r)
	}
}

// TestRewrittenHistory: whoever rewrites a message, checksums and all, is found
// by verification; the archive has the truth, and what was rewritten is kept.
func TestRewrittenHistory(t *testing.T) {
	t.Parallel()
	state, env := sealedState(t)
	rewriteStream(t, state, func(n uint64, body []byte) []byte {
		if n == 40 {
			return bytes.Replace(body, []byte(`"specversion":"1.0"`), []byte(`"specversion":"1.1"`), 1)
		}
		return body
	})
	r := hearth(t, env, "audit", "verify")
	if r.code != 1 || !strings.Contains(r.out, "不符  事件流 第 40 条:内容与封存的不同") {
		t.Fatalf("verify: %+v", r)
	}
	if r := hearth(t, env, "repair"); r.code != 0 || !strings.Contains(r.out, "有人改写过") || !strings.Contains(r.out, "一致:") {
		t.Fatalf("repair: %+v", r)
	}
	aside, err := filepath.Glob(filepath.Join(state, "set-aside", "*", "HEARTH", "msgs", "*.blk"))
	if err != nil || len(aside) == 0 {
		t.Errorf("nothing of the rewritten stream is kept: %v, %v", aside, err)
	}
}

// rewriteStream makes the stream anew as somebody with the disk could: the same
// log, the same positions, right checksums, and other bodies.
func rewriteStream(t *testing.T, state string, rewrite func(n uint64, body []byte) []byte) {
	t.Helper()
	cfg := config{State: state, Replicas: 1}
	key, err := notary.ReadKey(cfg.notaryKey())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(filepath.Dir(blockFile(t, state)))
	var all []eventstore.Message
	_, err = blocks.Scan(t.Context(), dir, blocks.Options{Visit: func(m blocks.Message) error {
		body := rewrite(m.Position, bytes.Clone(m.Body))
		all = append(all, eventstore.Message{Position: eventstore.Position(m.Position), Subject: m.Subject, Body: body})
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	app := &App{cfg: cfg}
	app.cfg.Log = strings.TrimPrefix(key.Origin(), "hearth/")
	defer app.Close()
	if err := app.openNATS(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.store.Refill(t.Context(), func(yield func(eventstore.Message, error) bool) {
		for _, m := range all {
			if !yield(m, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
}

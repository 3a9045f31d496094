package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hearth/eventstore"
	"hearth/eventstore/notary"
	"hearth/eventstore/notary/witness"
)

// TestOffline runs the commands of a computer that has neither a state folder,
// nor network, nor database.
func TestOffline(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/offline",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HEARTH_STATE", filepath.Join(env.WorkDir, "none"))
			env.Setenv("DATABASE_URL", "postgres://127.0.0.1:1/none")
			env.Setenv("HEARTH_NATS_URL", "nats://127.0.0.1:1")
			return handedOver(t, env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"flip": flip, "keyof": keyOf},
	})
}

// sealed is a log without a store: it is what a log hands over.
type sealed struct {
	dir notary.Dir
	c   notary.Checkpoint
}

// nowhere is a second place that forgets, so that a log can be sealed twice.
type nowhere struct{}

func (nowhere) Last(context.Context) ([]byte, error) { return nil, nil }

func (nowhere) Advance(_ context.Context, next func([]byte) ([]byte, error)) error {
	_, err := next(nil)
	return err
}

func bodyOf(word string, p eventstore.Position) []byte { return fmt.Appendf(nil, "%s %d", word, p) }

func seal(t testing.TB, key notary.Key, word string, size eventstore.Position) sealed {
	t.Helper()
	l := sealed{dir: notary.NewDir(t.TempDir())}
	s, err := notary.OpenSealer(l.dir, key, false)
	for p := eventstore.Position(1); err == nil && p <= size; p++ {
		err = s.Add([]eventstore.Message{{Position: p, Subject: "ev.a.1", Body: bodyOf(word, p)}})
	}
	if err == nil {
		l.c, err = s.Seal(t.Context(), nowhere{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l sealed) growth(t testing.TB, from ...int64) []byte {
	t.Helper()
	g, err := l.dir.ProveGrowth(l.c, from...)
	if err != nil {
		t.Fatal(err)
	}
	return g.Marshal()
}

// handedOver writes what a witness is brought.
func handedOver(t testing.TB, dir string) error {
	key, err := notary.NewKey("jc")
	if err != nil {
		return err
	}
	other, err := notary.NewKey("jc")
	if err != nil {
		return err
	}
	foreign, err := notary.NewKey("xx")
	if err != nil {
		return err
	}
	body := bodyOf("a", 77)
	last := seal(t, key, "a", 420)
	proof, err := last.dir.Prove(notary.LeafOf(eventstore.Message{Position: 77, Subject: "ev.a.1", Body: body}), last.c)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"log.pub": []byte(key.Public() + "\n"), "other.pub": []byte(other.Public() + "\n"), "foreign.pub": []byte(foreign.Public() + "\n"),
		"g200": seal(t, key, "a", 200).growth(t), "g300": seal(t, key, "a", 300).c.Note,
		"g420": last.growth(t, 200, 300), "bare420": last.c.Note, "other420": seal(t, other, "a", 420).growth(t, 300), "foreign420": seal(t, foreign, "a", 420).growth(t, 300),
		"fork300": seal(t, key, "b", 300).growth(t), "fork420": seal(t, key, "b", 420).growth(t, 300),
		"proof": proof.Marshal(), "body": body, "wrong": bodyOf("b", 77),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// flip copies a file with one bit of one byte changed.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	data[n] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}

// keyOf sets WITNESS to the public key that a witness has shown.
func keyOf(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if key, ok := strings.CutPrefix(line, "见证公钥  "); ok {
			ts.Setenv("WITNESS", strings.TrimSpace(key))
			return
		}
	}
	ts.Fatalf("no key in %s", args[0])
}

// TestVerifyRefusesEveryFlippedByte: in none of the files that are handed out can
// a byte be changed.
func TestVerifyRefusesEveryFlippedByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := handedOver(t, dir); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	cosigned, public := cosign(t, in)
	for name, v := range map[string]verification{
		"g420": {}, "g300": {}, "proof": {body: in("body")}, "cosigned": {witnesses: []string{public}},
	} {
		v.key = in("log.pub")
		data := cosigned
		if name != "cosigned" {
			var err error
			if data, err = os.ReadFile(in(name)); err != nil {
				t.Fatal(err)
			}
		}
		file := in(name + ".bad")
		pass := func(data []byte) error {
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return v.run(&terminal{out: &buffer{}}, file)
		}
		if err := pass(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		accepted := 0
		for i := range data {
			bad := slices.Clone(data)
			bad[i] ^= 1 << (i % 8)
			if pass(bad) == nil {
				accepted++
				t.Errorf("%s with a flipped bit in byte %d (%q) passes", name, i, data[i])
			}
		}
		t.Logf("%s: %d of %d mutations accepted", name, accepted, len(data))
	}
}

// cosign lets a witness cosign g300, and gives the note and the witness's key.
func cosign(t *testing.T, in func(string) string) ([]byte, string) {
	t.Helper()
	data, err := os.ReadFile(in("g300"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(in("log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := witness.Init(t.Context(), in("w"), "见证", time.Now()); err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(t.Context(), in("w"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Trust(string(key), time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := w.Import(data, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r.Held.Note, w.Public()
}

package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"hearth/bench/scoreboard/onservice"
	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

// TestMain makes this test binary the children of the rigs as well.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && onstore.Children()[os.Args[1]] != nil {
		main()
		return
	}
	// When a link is cut under traffic, toxiproxy may leave behind the goroutine that
	// was passing on a piece: it waits for a reader that has ended.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

func newEnv(t *testing.T) *rig.Env {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env, err := rig.New("../..", self, rig.Once, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(env.Close)
	return env
}

// nowhere takes the place of the document.
func nowhere([]row) error { return nil }

// TestLines plays one round of a line of each kind that needs no root, so that
// the rigs never rot.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kill-store", "damage-read", "kill-all", "one-byte"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chosen, err := choose(name)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := play(t.Context(), newEnv(t), chosen, nowhere)
			if err != nil {
				t.Fatal(err)
			}
			if rows[0].failed() || rows[0].result.Rounds == 0 {
				t.Errorf("%s: %v %v", name, rows[0].err, rows[0].result.Problems)
			}
		})
	}
}

// TestKnownBad demands that the sources can still be broken as the known-bad
// builds need it.
func TestKnownBad(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	for _, b := range [][]rig.Break{{onstore.UncheckedReader()}, {onservice.ClockReader()}, onservice.Unguarded()} {
		if err := env.CheckBreaks(b...); err != nil {
			t.Error(err)
		}
	}
	if err := env.CheckBreaks(rig.Break{File: "README.md", Old: "no such text"}); err == nil {
		t.Error("a break that breaks nothing is accepted")
	}
}

// TestFailuresAreTold: a problem and a rig that cannot work fail their lines.
func TestFailuresAreTold(t *testing.T) {
	t.Parallel()
	rows, err := play(t.Context(), newEnv(t), []rig.Line{
		line("good", "a", func(context.Context, *rig.Env) (*rig.Result, error) { return &rig.Result{Rounds: 1}, nil }),
		line("bad", "b", func(context.Context, *rig.Env) (*rig.Result, error) {
			res := &rig.Result{Rounds: 2}
			res.Problem("lost %d", 3)
			return res, nil
		}),
		line("unable", "c", func(context.Context, *rig.Env) (*rig.Result, error) { return nil, context.DeadlineExceeded }),
	}, nowhere)
	if err != nil {
		t.Fatal(err)
	}
	said := table(rows)
	for _, want := range []string{"| good | a | 1 |  | 0 | ok |", "| bad | b | 2 |  | 0 | **FAILED** 1 times, first: lost 3 |", "| unable | c | 0 |  | 0 | **FAILED**: context deadline exceeded |"} {
		if !strings.Contains(said, want) {
			t.Errorf("the table has no row %q:\n%s", want, said)
		}
	}
}

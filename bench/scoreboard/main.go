// Command scoreboard tries to make Hearth lose, rewrite or silently damage what
// it acknowledged: power cuts, kill -9, damaged files, a full disk, bad links. It
// counts, fails when a line of it fails, and writes the table of
// docs/reliability.md, which also explains every rig.
//
// Read lines.go first: it lists all lines. onstore has the rigs of the event
// store alone, onservice those of the whole program, rig what both need.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scoreboard:", err)
		os.Exit(1)
	}
}

// errFailed says that the table has a line that failed.
var errFailed = errors.New("a line failed")

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		if child, ok := onstore.Children()[args[0]]; ok {
			return child(ctx, args[1:])
		}
	}
	flags := flag.NewFlagSet("scoreboard", flag.ContinueOnError)
	long := flags.Bool("long", false, "the many rounds of a night instead of the few of a minute")
	only := flags.String("only", "", "run these lines alone, separated by commas; the others keep their rows")
	root := flags.String("root", ".", "folder of the sources")
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "what all that is random begins with")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	pace := rig.Short
	if *long {
		pace = rig.Long
	}
	env, err := rig.New(*root, self, pace, out)
	if err != nil {
		return err
	}
	defer env.Close()
	env.Seed = *seed
	fmt.Fprintf(out, "seed %d\n", env.Seed)
	rows, err := play(ctx, env, chosen, func(rows []row) error { return writeDocument(env, rows) })
	if err != nil {
		return err
	}
	fmt.Fprint(out, "\n", table(rows))
	if slices.ContainsFunc(rows, row.failed) || ctx.Err() != nil {
		return errFailed
	}
	return nil
}

// choose takes the named lines, or all.
func choose(only string) ([]rig.Line, error) {
	all := lines()
	if only == "" {
		return all, nil
	}
	var chosen []rig.Line
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(l rig.Line) bool { return l.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no line %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// row is a line of the table: what was tried and what came of it.
type row struct {
	line   rig.Line
	result *rig.Result
	err    error
	took   time.Duration
	played string // when, and from which sources
}

func (r row) failed() bool { return r.err != nil || len(r.result.Problems) > 0 }

// play plays the lines one after the other and calls each after every one: the
// document has each row as soon as it is there, and a long night that ends early
// leaves what it has found.
func play(ctx context.Context, env *rig.Env, chosen []rig.Line, each func([]row) error) ([]row, error) {
	var rows []row
	sources := commit(ctx, env) // before the document changes
	for i, l := range chosen {
		fmt.Fprintf(env.Out, "%d/%d %s: %s\n", i+1, len(chosen), l.Name, l.Invariant)
		begun := time.Now()
		r := row{line: l, played: fmt.Sprintf("%s, %s, %s, seed %d", begun.Format(time.DateOnly), sources, env.Pace, env.Seed)}
		if r.result, r.err = l.Run(ctx, env); r.result == nil {
			r.result = &rig.Result{}
		}
		r.took = time.Since(begun)
		rows = append(rows, r)
		env.Log("%s (%s) %s", r.verdict(), r.took.Round(time.Second/10), r.result)
		if ctx.Err() != nil {
			return rows, nil
		}
		if err := each(rows); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// verdict is the last column of the table.
func (r row) verdict() string {
	switch {
	case r.err != nil:
		return "**FAILED**: " + strings.Join(strings.Fields(r.err.Error()), " ")
	case len(r.result.Problems) > 0:
		return fmt.Sprintf("**FAILED** %d times, first: %s", len(r.result.Problems), strings.Join(strings.Fields(r.result.Problems[0]), " "))
	}
	return "ok"
}

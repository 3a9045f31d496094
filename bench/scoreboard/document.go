package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"hearth/bench/scoreboard/rig"
)

// table is the rows as Markdown.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| line | what must hold | rounds | counted | seconds | result |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		cells := []string{r.line.Name, r.line.Invariant, fmt.Sprint(r.result.Rounds), r.result.String(), fmt.Sprintf("%.0f", r.took.Seconds()), r.verdict()}
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

// The marks between which the document is written by this command.
const (
	begin = "<!-- written by make scoreboard: begin -->\n"
	end   = "<!-- written by make scoreboard: end -->\n"
)

// writeDocument puts the table into docs/reliability.md, whose other words are
// written by hand.
func writeDocument(ctx context.Context, env *rig.Env, rows []row) error {
	path := filepath.Join(env.Root, "docs", "reliability.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, found := bytes.Cut(rest, []byte(end))
	if !ok || !found {
		return fmt.Errorf("%s has lost the marks between which the table goes", path)
	}
	command := "make scoreboard"
	if env.Pace == rig.Long {
		command += " LONG=1"
	}
	head := fmt.Sprintf("\n`%s`, %s, commit %s, seed %d, %s.\n\n", command, time.Now().Format(time.DateOnly), commit(ctx, env), env.Seed, machine())
	whole := [][]byte{before, []byte(begin), []byte(head), []byte(table(rows)), []byte("\n"), []byte(end), after}
	return os.WriteFile(path, bytes.Join(whole, nil), 0o644)
}

// commit names the sources, as far as git knows them.
func commit(ctx context.Context, env *rig.Env) string {
	said, err := env.Must(ctx, "", "git", "-C", env.Root, "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(said)
}

// machine says in words where this runs.
func machine() string {
	cpu := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name"); ok {
			name, _, _ := strings.Cut(rest, "\n")
			cpu = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		kernel = []byte("unknown")
	}
	return fmt.Sprintf("%d cores (%s), Linux %s, %s", runtime.NumCPU(), cpu, strings.TrimSpace(string(kernel)), runtime.Version())
}

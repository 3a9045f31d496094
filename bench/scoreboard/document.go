package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"hearth/bench/scoreboard/rig"
)

const tableHead = "| line | what must hold | rounds | counted | seconds | result | played |\n|---|---|---|---|---|---|---|\n"

// table is the rows as Markdown.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, r := range rows {
		b.WriteString(r.markdown())
	}
	return b.String()
}

// markdown is the row as a line of the table.
func (r row) markdown() string {
	cells := []string{
		r.line.Name, r.line.Invariant, fmt.Sprint(r.result.Rounds), r.result.String(), fmt.Sprintf("%.0f", r.took.Seconds()), r.verdict(), r.played,
	}
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	return fmt.Sprintf("| %s |\n", strings.Join(cells, " | "))
}

// The marks between which the document is written by this command.
const (
	begin = "<!-- written by make scoreboard: begin -->\n"
	end   = "<!-- written by make scoreboard: end -->\n"
)

// writeDocument puts rows into the table in docs/reliability.md, whose other words
// are written by hand. Rows of lines that were not played stay as they are: each
// tells when and from which sources it was played.
func writeDocument(env *rig.Env, rows []row) error {
	path := filepath.Join(env.Root, "docs", "reliability.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	earlier, after, found := strings.Cut(rest, end)
	if !ok || !found {
		return fmt.Errorf("%s has lost the marks between which the table goes", path)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n%s.\n\n%s", before, begin, machine(), tableHead)
	for _, l := range lines() {
		b.WriteString(rowOf(l.Name, rows, earlier))
	}
	fmt.Fprintf(&b, "\n%s%s", end, after)
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// rowOf is the line of the table for a name: what was just played, or what stood
// there before.
func rowOf(name string, rows []row, earlier string) string {
	for _, r := range rows {
		if r.line.Name == name {
			return r.markdown()
		}
	}
	for line := range strings.Lines(earlier) {
		if strings.HasPrefix(line, "| "+name+" |") {
			return line
		}
	}
	return "| " + name + " | | 0 | | | not played yet | |\n"
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

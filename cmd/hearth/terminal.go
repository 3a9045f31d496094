package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// terminal is the report of a job to the person at the command line. Progress
// is one line that is written over; on a pipe it is left out.
type terminal struct {
	out     io.Writer
	live    bool
	pending bool // a progress line stands without its line end
}

func newTerminal() *terminal {
	info, err := os.Stderr.Stat()
	return &terminal{out: os.Stdout, live: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (t *terminal) Line(format string, args ...any) {
	t.endProgress()
	fmt.Fprintf(t.out, format+"\n", args...)
}

func (t *terminal) Progress(p progress) {
	if t.live {
		fmt.Fprintf(os.Stderr, "\r\033[K%s", p.text())
		t.pending = true
	}
}

func (t *terminal) File(name string, data []byte) {
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Line("不能写入 %s:%v", name, err)
		return
	}
	t.Line("已写入 %s", name)
}

func (t *terminal) endProgress() {
	if t.pending {
		fmt.Fprintln(os.Stderr)
		t.pending = false
	}
}

func (p progress) text() string {
	const width = 24
	if p.Total <= 0 {
		return fmt.Sprintf("%s %d", p.Label, p.Done)
	}
	full := int(min(p.Done, p.Total) * width / p.Total)
	line := fmt.Sprintf("%s [%s%s] %d/%d", p.Label, strings.Repeat("█", full), strings.Repeat("·", width-full), p.Done, p.Total)
	if p.Rate > 0 {
		line += fmt.Sprintf("  %.0f/秒", p.Rate)
	}
	if p.Left > 0 {
		line += fmt.Sprintf("  还需 %s", p.Left.Round(time.Second))
	}
	return line
}

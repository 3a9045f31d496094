package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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

// File writes into the working folder and never over a file that is there.
func (t *terminal) File(name string, data []byte) {
	f, err := createNew(name)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
		name = f.Name()
	}
	if err != nil {
		t.Line("不能写入 %s(%v),请换一个可写的文件夹再运行一次", name, err)
		return
	}
	t.Line("已写入 %s", name)
}

// createNew makes name, or the first of name-2, name-3 … that is free.
func createNew(name string) (*os.File, error) {
	ext := filepath.Ext(name)
	for n, try := 2, name; ; n++ {
		f, err := os.OpenFile(try, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		try = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
	}
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

package witness

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"hearth/eventstore/notary"
)

// Why a file is refused. Besides these: notary.ErrOtherLog, ErrOtherKey and
// ErrSignature; notary.ErrNoProof, for a file that has no proof from the size
// that is held; and notary.ErrFork, the alarm.
var (
	ErrNoLog = errors.New("witness: no key of a log is trusted yet")
	ErrFile  = errors.New("witness: the file is damaged")
	ErrOlder = errors.New("witness: older than what is held")
	ErrClock = errors.New("witness: the clock is behind the register")
)

// Result is what an import found. It says what is known even when the import is
// refused.
type Result struct {
	Before  notary.Checkpoint // what was held; its Note is nil when nothing was
	Offered notary.Checkpoint // what was handed over, as the log signed it
	Held    notary.Checkpoint // what is held now, cosigned
	Again   bool              // it was held before, and nothing changed
	Alarm   string            // the folder with both sides of a contradiction
}

// Trust takes a public key of the log as known. The first one says which log is
// witnessed; further ones are of the same log, after a change of its key. A key
// that is trusted already changes nothing.
func (w *Witness) Trust(public string, now time.Time) error {
	if w.broken != nil {
		return w.broken
	}
	public = strings.TrimSpace(public)
	v, err := note.NewVerifier(public)
	if err != nil || len(strings.Fields(public)) != 1 {
		return fmt.Errorf("%w of a log", notary.ErrKey)
	}
	if slices.Contains(w.Trusted(), public) {
		return nil
	}
	if w.Origin() != "" && v.Name() != w.Origin() {
		return fmt.Errorf("witness: %w: %s, this witness is of %s", notary.ErrOtherLog, v.Name(), w.Origin())
	}
	if _, err := w.add(Line{Kind: KindTrusted, At: now.UTC().Truncate(time.Second), Text: public}); err != nil {
		w.broken = fmt.Errorf("witness: write the register: %w", err)
		return w.broken
	}
	w.logs = append(w.logs, log{public, v})
	return nil
}

// Import takes what a log hands over (notary.Growth, or a bare signed note),
// demands that it continues what is held, holds it, and cosigns it.
//
// A file with another history than the one that is held is notary.ErrFork: both
// sides are kept and an alarm is recorded, and what is held stays. All other
// refusals change nothing.
func (w *Witness) Import(data []byte, now time.Time) (Result, error) {
	r := Result{Before: w.held, Held: w.held}
	if w.broken != nil {
		return r, w.broken
	}
	growth, err := w.open(data)
	if err != nil {
		return r, err
	}
	r.Offered = growth.Checkpoint
	at := now.UTC().Truncate(time.Second)
	if w.held.Note != nil {
		err := w.continues(growth)
		if errors.Is(err, notary.ErrFork) {
			r.Alarm, err = w.alarm(data, r.Offered, at, err)
		}
		if err != nil {
			return r, err
		}
		if r.Again = r.Offered.Size == w.held.Size; r.Again {
			return r, nil
		}
	}
	if last := w.lines[len(w.lines)-1].At; at.Before(last) {
		return r, fmt.Errorf("%w: it is %v, the last line is of %v", ErrClock, at, last)
	}
	if err := w.hold(r.Offered, at); err != nil {
		w.broken = fmt.Errorf("witness: hold size %d: %w", r.Offered.Size, err)
		return r, w.broken
	}
	r.Held = w.held
	return r, nil
}

// continues demands that a log has grown from what is held. The register knows
// the root of every size that was held before, too.
func (w *Witness) continues(g notary.Growth) error {
	c := g.Checkpoint
	for _, l := range w.Cosigned() {
		if l.Size == c.Size && l.Root != c.Root {
			return fmt.Errorf("%w: two roots at size %d", notary.ErrFork, c.Size)
		}
	}
	if c.Size < w.held.Size {
		return fmt.Errorf("%w: size %d, held is %d", ErrOlder, c.Size, w.held.Size)
	}
	return g.Extends(w.held)
}

// hold holds a checkpoint and cosigns it.
func (w *Witness) hold(c notary.Checkpoint, at time.Time) error {
	// A crash here leaves the old state; the file is for the step after next.
	if err := w.write(w.path(acceptedFile), c.Note); err != nil {
		return err
	}
	l, err := w.add(Line{Kind: KindCosigned, At: at, Size: c.Size, Root: c.Root})
	if err != nil {
		return err
	}
	// The register has it. A crash from here on leaves the new state: Open reads
	// the line, and cosigns what was accepted with the time of the line.
	return w.cosign(c, l)
}

// open reads a file with the keys that are trusted. What is returned has no
// signature in it that was not checked.
func (w *Witness) open(data []byte) (notary.Growth, error) {
	err := ErrNoLog
	for _, l := range w.logs {
		var g notary.Growth
		if g, err = notary.OpenGrowth(data, l.verifier); err == nil {
			g.Checkpoint, err = g.Checkpoint.Stripped(l.verifier)
			return g, err
		}
		if !errors.Is(err, notary.ErrOtherKey) {
			break
		}
	}
	for _, known := range []error{ErrNoLog, notary.ErrOtherLog, notary.ErrOtherKey, notary.ErrSignature} {
		if errors.Is(err, known) {
			return notary.Growth{}, err
		}
	}
	return notary.Growth{}, fmt.Errorf("%w: %w", ErrFile, err)
}

// alarm keeps both sides of a contradiction and records it, once.
func (w *Witness) alarm(data []byte, offered notary.Checkpoint, at time.Time, fork error) (string, error) {
	for _, l := range w.Alarms() {
		if l.Size == offered.Size && l.Root == offered.Root {
			return w.path(l.Text), fork
		}
	}
	name, err := w.keep(data, offered, at)
	if err == nil {
		// A crash here leaves the two sides without a line; the same file raises the
		// alarm again.
		_, err = w.add(Line{Kind: KindAlarm, At: at, Size: offered.Size, Root: offered.Root, Text: name})
	}
	if err != nil {
		w.broken = fmt.Errorf("%w; and it could not be recorded: %w", fork, err)
		return "", w.broken
	}
	return w.path(name), fork
}

// keep writes both sides into a folder of their own and gives its name.
func (w *Witness) keep(data []byte, offered notary.Checkpoint, at time.Time) (string, error) {
	begin := "alarm-" + at.Format("20060102T150405Z")
	name := begin
	for n := 2; ; n++ {
		if _, err := os.Lstat(w.path(name)); errors.Is(err, fs.ErrNotExist) {
			break
		}
		name = fmt.Sprintf("%s-%d", begin, n)
	}
	for file, data := range map[string][]byte{"held.txt": w.held.Note, "offered.txt": offered.Note, "imported": data} {
		if err := w.write(filepath.Join(w.dir, name, file), data); err != nil {
			return "", err
		}
	}
	return name, nil
}

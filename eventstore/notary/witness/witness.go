package witness

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"hearth/adapters/dirlock"
	"hearth/eventstore/notary"
)

// Errors of the folder.
var (
	ErrExists = errors.New("witness: there is a witness in this folder")
	ErrNone   = errors.New("witness: there is no witness in this folder")
	ErrName   = errors.New("witness: not a name")
)

const (
	keyFile      = "key"
	registerFile = "register.txt"
	acceptedFile = "accepted.txt"
	heldFile     = "held.txt"
	lockFile     = "lock"
)

// longestName is what fits on a page, in characters.
const longestName = 60

// Witness is an open folder. Until it is closed nobody else can open it. It is
// used by one goroutine.
type Witness struct {
	dir   string
	lock  *dirlock.Lock
	write func(path string, data []byte) error // replaces a file durably

	key   notary.WitnessKey
	name  string
	logs  []log
	lines []Line
	held  notary.Checkpoint
	// broken is why the folder may have moved on without this value of it.
	broken error
}

// log is a key of the log that is trusted.
type log struct {
	public   string
	verifier note.Verifier
}

// Init makes a witness in a folder: a key, and a register that begins with the
// name of the witness as people write it.
func Init(ctx context.Context, dir, name string, now time.Time) error {
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > longestName || strings.TrimSpace(name) != name ||
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ErrName
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	lock, err := dirlock.Acquire(ctx, dir, lockFile)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }() // the kernel does it too
	if _, err := os.Lstat(filepath.Join(dir, registerFile)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(ErrExists, err)
	}
	id := make([]byte, 8)
	if _, err := rand.Read(id); err != nil {
		return fmt.Errorf("witness: draw a name: %w", err)
	}
	key, err := notary.NewWitnessKey("witness/" + hex.EncodeToString(id))
	if err != nil {
		return err
	}
	begin := Line{Kind: KindWitness, At: now.UTC().Truncate(time.Second), Text: key.Public() + " " + name}
	// A crash before the register is written leaves a key that nobody knows of; the
	// next Init draws another one.
	err = errors.Join(os.Chmod(dir, 0o700), notary.WriteFile(filepath.Join(dir, keyFile), []byte(key.Secret()+"\n")))
	if err == nil {
		err = notary.WriteFile(filepath.Join(dir, registerFile), writeRegister([]Line{begin.after([32]byte{})}))
	}
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}

// Open opens the folder and checks all of it: the sums of the register, the key,
// and that what is held is what the register says. What a crash left half done
// is done. Anything else is ErrDamaged.
func Open(ctx context.Context, dir string) (*Witness, error) {
	if _, err := os.Stat(filepath.Join(dir, registerFile)); errors.Is(err, fs.ErrNotExist) {
		// With a checkpoint but no register it is not empty, it is robbed.
		if _, err := os.Lstat(filepath.Join(dir, heldFile)); err == nil {
			return nil, fmt.Errorf("%w: the register is missing", ErrDamaged)
		}
		return nil, ErrNone
	}
	lock, err := dirlock.Acquire(ctx, dir, lockFile)
	if err != nil {
		return nil, err
	}
	w := &Witness{dir: dir, lock: lock, write: notary.WriteFile}
	if err := w.read(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close lets others open the folder.
func (w *Witness) Close() error { return w.lock.Release() }

func (w *Witness) read() error {
	data, err := os.ReadFile(w.path(registerFile))
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	if w.lines, err = readRegister(data); err != nil {
		return err
	}
	secret, err := os.ReadFile(w.path(keyFile))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if w.key, err = notary.ParseWitnessKey(string(secret)); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	public, name, _ := strings.Cut(w.lines[0].Text, " ")
	if public != w.key.Public() || string(secret) != w.key.Secret()+"\n" {
		return fmt.Errorf("%w: the key is not the one of the register", ErrDamaged)
	}
	w.name = name
	for _, l := range w.lines {
		if l.Kind != KindTrusted {
			continue
		}
		v, err := note.NewVerifier(l.Text)
		if err != nil {
			return fmt.Errorf("%w: a key that is trusted: %w", ErrDamaged, err)
		}
		w.logs = append(w.logs, log{l.Text, v})
	}
	return w.readHeld()
}

// readHeld reads the checkpoint that is held, or finishes the holding of it: the
// line was written, and the machine stopped.
func (w *Witness) readHeld() error {
	lines := w.Cosigned()
	if len(lines) == 0 {
		if _, err := os.Lstat(w.path(heldFile)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: a checkpoint is held that the register does not have", ErrDamaged)
		}
		return nil
	}
	last := lines[len(lines)-1]
	held, err := w.checkpoint(heldFile)
	if err == nil {
		if err = w.matches(held, last); err == nil {
			w.held = held
			return nil
		}
	}
	// Only the line before can be held now, or nothing before the first line.
	if len(lines) > 1 {
		if err != nil && held.Note == nil || w.matches(held, lines[len(lines)-2]) != nil {
			return fmt.Errorf("%w: what is held is not what the register says: %w", ErrDamaged, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: what is held is not what the register says: %w", ErrDamaged, err)
	}
	accepted, err := w.checkpoint(acceptedFile)
	if err != nil || accepted.Size != last.Size || accepted.Root != last.Root {
		return fmt.Errorf("%w: the checkpoint of the last line is missing", ErrDamaged)
	}
	return w.cosign(accepted, last)
}

// checkpoint reads a file with a checkpoint that the log signed.
func (w *Witness) checkpoint(name string) (notary.Checkpoint, error) {
	data, err := os.ReadFile(w.path(name))
	if err != nil {
		return notary.Checkpoint{}, err
	}
	err = ErrNoLog
	for _, l := range w.logs {
		var c notary.Checkpoint
		if c, err = notary.OpenCheckpoint(data, l.verifier); err == nil {
			return c, nil
		}
	}
	return notary.Checkpoint{}, err
}

// matches demands that a checkpoint is the one of a line, cosigned at its time.
func (w *Witness) matches(c notary.Checkpoint, l Line) error {
	at, err := notary.VerifyCosignature(c, w.key.Public())
	if err != nil {
		return err
	}
	if c.Size != l.Size || c.Root != l.Root || !at.Equal(l.At) {
		return fmt.Errorf("%w: held is size %d of %v, the register has size %d of %v", ErrDamaged, c.Size, at, l.Size, l.At)
	}
	return nil
}

// cosign cosigns what the last line of the register holds.
func (w *Witness) cosign(accepted notary.Checkpoint, l Line) error {
	c, err := w.key.Cosign(accepted, l.At)
	if err != nil {
		return err
	}
	if err := w.write(w.path(heldFile), c.Note); err != nil {
		return err
	}
	w.held = c
	return nil
}

func (w *Witness) path(name string) string { return filepath.Join(w.dir, name) }

// add appends a line to the register. When it returns nil the line is there for
// ever; after an error it may be or not.
func (w *Witness) add(l Line) (Line, error) {
	l = l.after(w.lines[len(w.lines)-1].Sum)
	lines := append(slices.Clone(w.lines), l)
	if err := w.write(w.path(registerFile), writeRegister(lines)); err != nil {
		return Line{}, err
	}
	w.lines = lines
	return l, nil
}

// Name is the name of the witness as people write it.
func (w *Witness) Name() string { return w.name }

// Public is the public key of the witness.
func (w *Witness) Public() string { return w.key.Public() }

// Origin is the name of the log, "" before Trust.
func (w *Witness) Origin() string {
	if len(w.logs) == 0 {
		return ""
	}
	return w.logs[0].verifier.Name()
}

// Trusted are the public keys of the log that are trusted.
func (w *Witness) Trusted() []string {
	var keys []string
	for _, l := range w.logs {
		keys = append(keys, l.public)
	}
	return keys
}

// Held is the checkpoint that is held, cosigned; without one its Note is nil.
func (w *Witness) Held() notary.Checkpoint { return w.held }

// Lines are the lines of the register.
func (w *Witness) Lines() []Line { return slices.Clone(w.lines) }

// Cosigned are the lines of checkpoints, the last of which is held.
func (w *Witness) Cosigned() []Line { return w.of(KindCosigned) }

// Alarms are the lines of contradictions.
func (w *Witness) Alarms() []Line { return w.of(KindAlarm) }

func (w *Witness) of(kind Kind) []Line {
	var some []Line
	for _, l := range w.lines {
		if l.Kind == kind {
			some = append(some, l)
		}
	}
	return some
}

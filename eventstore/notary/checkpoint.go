package notary

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
)

// ErrCheckpoint says that something is not a checkpoint of this log, or is not
// signed with its key.
var ErrCheckpoint = errors.New("notary: not a checkpoint of this log")

// What may be wrong with a checkpoint that is written as checkpoints are. Each
// is an ErrCheckpoint too.
var (
	ErrOtherLog  = errors.New("it is of another log")
	ErrOtherKey  = errors.New("it is not signed with this key")
	ErrSignature = errors.New("the signature is not of this text")
)

// Checkpoint is 检查点: the size and the root of the tree at a moment, signed
// with the key of the log (C2SP tlog-checkpoint). Note is the signed note as it
// is handed out, with the cosignatures that it has.
type Checkpoint struct {
	Origin string
	Size   int64 // messages that are sealed: the position of the last one
	Root   tlog.Hash
	Note   []byte
}

// Origin is the name under which a log signs.
func Origin(id eventstore.Identity) string { return "hearth/" + string(id) }

// text is what is signed.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads a signed note without looking at its signatures; see
// OpenCheckpoint.
func ParseCheckpoint(signed []byte) (Checkpoint, error) {
	text, sigs, ok := strings.Cut(string(signed), "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) != 3 {
		return Checkpoint{}, fmt.Errorf("%w: %d lines before the signature, want 3", ErrCheckpoint, len(lines))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, fmt.Errorf("%w: size %q", ErrCheckpoint, lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: root hash", ErrCheckpoint)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root, Note: signed}
	if c.text() != text+"\n" {
		return Checkpoint{}, fmt.Errorf("%w: it is not written as checkpoints are", ErrCheckpoint)
	}
	// The last digit of base64 has bits without a meaning, which the library
	// does not look at. A note in which they are set was changed.
	for line := range strings.Lines(sigs) {
		_, sig, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		if _, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(sig, "\n")); err != nil {
			return Checkpoint{}, fmt.Errorf("%w: a signature is not written as signatures are", ErrCheckpoint)
		}
	}
	return c, nil
}

// OpenCheckpoint reads a signed note and demands the signature of the log. The
// note may have signatures of others, which are kept and not looked at.
func OpenCheckpoint(signed []byte, log note.Verifier) (Checkpoint, error) {
	c, err := ParseCheckpoint(signed)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != log.Name() {
		return Checkpoint{}, fmt.Errorf("%w: %w: %s, the key is of %s", ErrCheckpoint, ErrOtherLog, c.Origin, log.Name())
	}
	_, err = note.Open(signed, note.VerifierList(log))
	if err == nil {
		return c, nil
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, ErrOtherKey)
	}
	if _, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, ErrSignature)
	}
	return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
}

// Key is the key with which a log signs.
type Key struct {
	signer note.Signer
	public string
	secret string
}

// NewKey draws the key of a log.
func NewKey(id eventstore.Identity) (Key, error) {
	secret, _, err := note.GenerateKey(rand.Reader, Origin(id))
	if err != nil {
		return Key{}, fmt.Errorf("notary: draw a key: %w", err)
	}
	return ParseKey(secret)
}

// ParseKey reads what Secret gives.
func ParseKey(secret string) (Key, error) {
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return Key{}, fmt.Errorf("notary: not a signing key: %w", err)
	}
	public, err := publicOf(strings.TrimSpace(secret))
	if err != nil {
		return Key{}, err
	}
	return Key{signer: signer, public: public, secret: strings.TrimSpace(secret)}, nil
}

// publicOf derives the verifier key from a signing key that NewSigner has taken.
func publicOf(secret string) (string, error) {
	parts := strings.SplitN(secret, "+", 5)
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil {
		return "", fmt.Errorf("notary: not a signing key: %w", err)
	}
	public, ok := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("notary: not an Ed25519 key")
	}
	return note.NewEd25519VerifierKey(parts[2], public)
}

// Origin is the name of the log that the key belongs to.
func (k Key) Origin() string { return k.signer.Name() }

// Public is the verifier key, for everybody: name, hash and Ed25519 key.
func (k Key) Public() string { return k.public }

// Secret is the text of the key file. Whoever has it can sign for the log.
func (k Key) Secret() string { return k.secret }

// Verifier checks signatures of the key.
func (k Key) Verifier() note.Verifier {
	v, err := note.NewVerifier(k.public)
	if err != nil {
		panic(err) // it was made by publicOf
	}
	return v
}

// Sign makes a checkpoint.
func (k Key) Sign(size int64, root tlog.Hash) (Checkpoint, error) {
	c := Checkpoint{Origin: k.Origin(), Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.text()}, k.signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("notary: sign: %w", err)
	}
	c.Note = signed
	return c, nil
}

// ReadKey reads a key file; fs.ErrNotExist when there is none.
func ReadKey(path string) (Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, err
	}
	return ParseKey(string(text))
}

// WriteKey makes a key file that only its owner can read. It never replaces one.
func WriteKey(path string, k Key) error {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	tmp, err := writeTemp(path, []byte(k.secret+"\n"))
	if err != nil {
		return err
	}
	// Unlike a rename, a link does not replace what is there.
	err = os.Link(tmp, path)
	return errors.Join(err, os.Remove(tmp), syncFolder(filepath.Dir(path)))
}

// Checkpoint is the last one that was written; none gives fs.ErrNotExist.
func (d Dir) Checkpoint(log note.Verifier) (Checkpoint, error) {
	data, err := os.ReadFile(filepath.Join(d.path, checkpointFile))
	if err != nil {
		return Checkpoint{}, err
	}
	return OpenCheckpoint(data, log)
}

// WriteCheckpoint writes the last checkpoint. The tiles are on disk by then, so
// whoever reads it can prove everything in it.
func (d Dir) WriteCheckpoint(c Checkpoint) error {
	return WriteFile(filepath.Join(d.path, checkpointFile), c.Note)
}

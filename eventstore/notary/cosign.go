package notary

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// ErrCosignature says that a checkpoint has no valid cosignature of a witness.
var ErrCosignature = errors.New("notary: not cosigned by this witness")

// ErrKey says that a text is not a key.
var ErrKey = errors.New("notary: not a key")

// algCosignature is the type of Ed25519 cosignatures with a time (C2SP
// tlog-cosignature). It is part of the hash of a key, so that no signature of a
// log is ever taken for one of a witness.
const algCosignature = 0x04

const cosignatureSize = 8 + ed25519.SignatureSize

// WitnessKey is the key with which a witness cosigns checkpoints.
type WitnessKey struct {
	witness
	private ed25519.PrivateKey
}

// witness is the public half of a key: a note.Verifier of its cosignatures.
type witness struct {
	name   string
	public ed25519.PublicKey
}

// NewWitnessKey draws the key of a witness. The name has neither spaces nor plus
// signs.
func NewWitnessKey(name string) (WitnessKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return WitnessKey{}, fmt.Errorf("notary: draw a key: %w", err)
	}
	return witnessKey(name, seed)
}

func witnessKey(name string, seed []byte) (WitnessKey, error) {
	private := ed25519.NewKeyFromSeed(seed)
	k := WitnessKey{private: private, witness: witness{name: name, public: ed25519.PublicKey(private[ed25519.SeedSize:])}}
	if _, err := parseWitness(k.Public()); err != nil { // the name
		return WitnessKey{}, err
	}
	return k, nil
}

// ParseWitnessKey reads what Secret gives.
func ParseWitnessKey(secret string) (WitnessKey, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(secret), "PRIVATE+KEY+")
	name, hash, seed, err := cutKey(rest, ed25519.SeedSize)
	if !ok || err != nil {
		return WitnessKey{}, fmt.Errorf("%w of a witness", ErrKey)
	}
	k, err := witnessKey(name, seed)
	if err == nil && k.KeyHash() != hash {
		err = fmt.Errorf("%w: its parts do not belong together", ErrKey)
	}
	return k, err
}

// cutKey takes the text form of a key of a witness to pieces.
func cutKey(text string, size int) (name string, hash uint32, key []byte, err error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || len(parts[1]) != 8 {
		return "", 0, nil, ErrKey
	}
	h, err1 := strconv.ParseUint(parts[1], 16, 32)
	key, err2 := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err1 != nil || err2 != nil || len(key) != 1+size || key[0] != algCosignature {
		return "", 0, nil, ErrKey
	}
	return parts[0], uint32(h), key[1:], nil
}

func (w witness) text(hash uint32, key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", w.name, hash, base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, key...)))
}

// Public is the verifier key, for everybody: name, hash and Ed25519 key.
func (k WitnessKey) Public() string { return k.text(k.KeyHash(), k.public) }

// Secret is the text of the key file. Whoever has it can cosign as the witness.
func (k WitnessKey) Secret() string { return "PRIVATE+KEY+" + k.text(k.KeyHash(), k.private.Seed()) }

// Name is the name under which the witness cosigns.
func (w witness) Name() string { return w.name }

// KeyHash tells keys of one name apart.
func (w witness) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(w.name+"\n\x04"), w.public...))
	return binary.BigEndian.Uint32(sum[:])
}

// Verify checks a cosignature: a time, and the Ed25519 signature of text and time.
func (w witness) Verify(text, sig []byte) bool {
	if len(sig) != cosignatureSize || binary.BigEndian.Uint64(sig) > math.MaxInt64 {
		return false
	}
	return ed25519.Verify(w.public, cosigned(int64(binary.BigEndian.Uint64(sig)), text), sig[8:])
}

// cosigned is what a witness signs.
func cosigned(unix int64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", unix), text...)
}

// cosigner is a key at a moment: a note.Signer.
type cosigner struct {
	WitnessKey
	unix int64
}

// Sign makes the cosignature of a text.
func (c cosigner) Sign(text []byte) ([]byte, error) {
	sig := binary.BigEndian.AppendUint64(nil, uint64(c.unix))
	return append(sig, ed25519.Sign(c.private, cosigned(c.unix, text))...), nil
}

// Cosign adds the cosignature of the witness to a checkpoint, in whose note it
// replaces an earlier one. It says that the witness holds the checkpoint at that
// second, and nothing of a fork before it. The same second gives the same bytes.
func (k WitnessKey) Cosign(c Checkpoint, at time.Time) (Checkpoint, error) {
	if at.Unix() < 0 {
		return Checkpoint{}, fmt.Errorf("notary: cosign at %v, before 1970", at)
	}
	n, err := allSignatures(c)
	if err != nil {
		return Checkpoint{}, err
	}
	signed, err := note.Sign(n, cosigner{k, at.Unix()})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("notary: cosign: %w", err)
	}
	c.Note = signed
	return c, nil
}

// allSignatures reads a note; none of its signatures is checked.
func allSignatures(c Checkpoint) (*note.Note, error) {
	_, err := note.Open(c.Note, note.VerifierList())
	unverified, ok := errors.AsType[*note.UnverifiedNoteError](err)
	if !ok || unverified.Note.Text != c.text() {
		return nil, fmt.Errorf("%w: its note is another one", ErrCheckpoint)
	}
	return unverified.Note, nil
}

// Stripped is the checkpoint with only the signatures in its note that one of
// the given keys has made.
func (c Checkpoint) Stripped(keys ...note.Verifier) (Checkpoint, error) {
	n, err := note.Open(c.Note, note.VerifierList(keys...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	n.UnverifiedSigs = nil
	if c.Note, err = note.Sign(n); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return c, nil
}

// VerifyCosignature demands the cosignature of a witness, whose Public it is
// given, and returns its time.
func VerifyCosignature(c Checkpoint, public string) (time.Time, error) {
	w, err := parseWitness(public)
	if err != nil {
		return time.Time{}, err
	}
	n, err := note.Open(c.Note, note.VerifierList(w))
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrCosignature, err)
	}
	if n.Text != c.text() {
		return time.Time{}, fmt.Errorf("%w: its note is another one", ErrCheckpoint)
	}
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64) // key hash, time, signature
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrCosignature, err)
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC(), nil
}

// WitnessVerifier reads what Public of a witness gives.
func WitnessVerifier(public string) (note.Verifier, error) { return parseWitness(public) }

func parseWitness(public string) (witness, error) {
	name, hash, key, err := cutKey(strings.TrimSpace(public), ed25519.PublicKeySize)
	if err != nil {
		return witness{}, fmt.Errorf("%w of a witness", ErrKey)
	}
	w := witness{name: name, public: key}
	if w.KeyHash() != hash || name == "" || strings.ToValidUTF8(name, "") != name || len(strings.Fields(name)) != 1 || strings.Fields(name)[0] != name {
		return witness{}, fmt.Errorf("%w: its parts do not belong together", ErrKey)
	}
	return w, nil
}

// Fingerprint is what people compare of a public key, on paper or by telephone:
// the first half of its SHA-256, in groups of four.
func Fingerprint(public string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(public)))
	return Grouped(sum[:16])
}

// Grouped writes bytes in groups of four hexadecimal digits, for reading aloud.
func Grouped(b []byte) string {
	var groups []string
	for len(b) > 0 {
		n := min(2, len(b))
		groups = append(groups, hex.EncodeToString(b[:n]))
		b = b[n:]
	}
	return strings.Join(groups, " ")
}

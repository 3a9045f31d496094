package notary_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore/notary"
)

func newWitness(t *testing.T) notary.WitnessKey {
	t.Helper()
	k, err := notary.NewWitnessKey("witness/1")
	must(t, err)
	return k
}

// TestCosignatureIsC2SP builds the line by hand, as the specification has it.
func TestCosignatureIsC2SP(t *testing.T) {
	t.Parallel()
	key, w := newKey(t), newWitness(t)
	c, err := key.Sign(300, tlog.Hash{1, 2, 3})
	must(t, err)
	at := time.Unix(1679315147, 999)
	got, err := w.Cosign(c, at)
	must(t, err)

	secret := strings.SplitN(w.Secret(), "+", 5)
	seed, err := base64.StdEncoding.DecodeString(secret[4])
	must(t, err)
	if seed[0] != 4 {
		t.Errorf("a key of type %d, want 4", seed[0])
	}
	private := ed25519.NewKeyFromSeed(seed[1:])
	public := private[32:]
	id := sha256.Sum256(slices.Concat([]byte("witness/1\n\x04"), public))
	line := binary.BigEndian.AppendUint64(slices.Clone(id[:4]), 1679315147)
	text, _, _ := bytes.Cut(c.Note, []byte("\n\n"))
	line = append(line, ed25519.Sign(private, []byte("cosignature/v1\ntime 1679315147\n"+string(text)+"\n"))...)
	want := string(c.Note) + "— witness/1 " + base64.StdEncoding.EncodeToString(line) + "\n"
	if string(got.Note) != want {
		t.Errorf("cosigned:\n%s\nwant:\n%s", got.Note, want)
	}
	if want := fmt.Sprintf("witness/1+%x+%s", id[:4], base64.StdEncoding.EncodeToString(append([]byte{4}, public...))); w.Public() != want {
		t.Errorf("public key %s, want %s", w.Public(), want)
	}
	again, err := notary.ParseWitnessKey(w.Secret())
	must(t, err)
	if again.Public() != w.Public() {
		t.Error("the key read again is another one")
	}
}

// TestCosignAgain: a later cosignature of one key replaces the earlier one, those
// of others stay, and the checkpoint opens with all of them and without.
func TestCosignAgain(t *testing.T) {
	t.Parallel()
	key, first, second := newKey(t), newWitness(t), newWitness(t)
	plain, err := key.Sign(300, tlog.Hash{1})
	must(t, err)
	at := time.Unix(1_800_000_000, 0).UTC()
	c, err := first.Cosign(plain, at)
	must(t, err)
	c, err = second.Cosign(c, at.Add(time.Hour))
	must(t, err)
	c, err = first.Cosign(c, at.Add(time.Minute))
	must(t, err)
	if n := bytes.Count(c.Note, []byte("— ")); n != 3 {
		t.Errorf("%d signatures, want 3: %s", n, c.Note)
	}
	opened, err := notary.OpenCheckpoint(c.Note, key.Verifier())
	must(t, err)
	if !bytes.Equal(opened.Note, c.Note) || opened.Size != 300 {
		t.Errorf("opened %+v", opened)
	}
	for want, public := range map[time.Time]string{at.Add(time.Minute): first.Public(), at.Add(time.Hour): second.Public()} {
		if got, err := notary.VerifyCosignature(opened, public); err != nil || !got.Equal(want) {
			t.Errorf("cosigned at %v, %v; want %v", got, err, want)
		}
	}
	if _, err := notary.VerifyCosignature(opened, newWitness(t).Public()); !errors.Is(err, notary.ErrCosignature) {
		t.Errorf("a witness that did not cosign: %v", err)
	}
	if stripped, err := opened.Stripped(key.Verifier()); err != nil || !bytes.Equal(stripped.Note, plain.Note) {
		t.Errorf("stripped: %s, %v; want %s", stripped.Note, err, plain.Note)
	}
	if _, err := first.Cosign(plain, time.Unix(-1, 0)); err == nil {
		t.Error("cosigned before 1970")
	}
	other := plain
	other.Size++
	if _, err := first.Cosign(other, at); !errors.Is(err, notary.ErrCheckpoint) {
		t.Errorf("a checkpoint with the note of another: %v", err)
	}
	// A key of a log is no key of a witness, and the other way round.
	if _, err := notary.VerifyCosignature(opened, key.Public()); !errors.Is(err, notary.ErrKey) {
		t.Errorf("the log as its own witness: %v", err)
	}
	if _, err := note.NewVerifier(first.Public()); err == nil {
		t.Error("a witness is taken for a log")
	}
}

// TestEveryFlippedBitOfACosignedNote: with both keys known, nothing can be changed.
func TestEveryFlippedBitOfACosignedNote(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for range 4 { // the last digit of base64 differs
		w := newWitness(t)
		c, err := key.Sign(300, tlog.Hash{1})
		must(t, err)
		c, err = w.Cosign(c, time.Unix(1_800_000_000, 0))
		must(t, err)
		for i := range c.Note {
			for bit := range 8 {
				bad := slices.Clone(c.Note)
				bad[i] ^= 1 << bit
				got, err := notary.OpenCheckpoint(bad, key.Verifier())
				if err == nil {
					_, err = notary.VerifyCosignature(got, w.Public())
				}
				if err == nil {
					t.Errorf("bit %d of byte %d (%q) flipped is accepted", bit, i, c.Note[i])
				}
			}
		}
	}
}

// TestDamagedKeysOfWitnesses: a key with a changed byte is refused or is the same.
func TestDamagedKeysOfWitnesses(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	for text, read := range map[string]func(string) (string, error){
		w.Public(): func(s string) (string, error) {
			v, err := notary.WitnessVerifier(s)
			if err != nil {
				return "", err
			}
			return fmt.Sprint(v.Name(), v.KeyHash()), nil
		},
		w.Secret(): func(s string) (string, error) {
			k, err := notary.ParseWitnessKey(s)
			if err != nil {
				return "", err
			}
			return k.Secret(), nil
		},
	} {
		want, err := read(text)
		must(t, err)
		for i := range text {
			bad := []byte(text)
			bad[i] ^= 1
			if got, err := read(string(bad)); err == nil && got != want {
				t.Errorf("byte %d of %q flipped is another key", i, text)
			}
		}
	}
	for _, name := range []string{"", "a b", "a+b", "市 纪委", "a\n"} {
		if _, err := notary.NewWitnessKey(name); !errors.Is(err, notary.ErrKey) {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

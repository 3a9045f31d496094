package vault_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/adapters/localpg/pgtest"
	"hearth/eventstore/vault"
)

// Behind a change the new passphrase opens everything, and the old one nothing.
func TestChangePassphrase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	text := sealed(t, b.Vault, secret("case", "narrative", `{"a":1}`))
	old := filepath.Join(t.TempDir(), "old")
	must(t, os.Link(b.file, old)) // a copy that somebody kept
	r, err := b.ChangePassphrase(t.Context(), b.root.(*vault.Passphrase), "", nobody)
	must(t, err)
	if r.Epoch != 2 || r.Moved == 0 {
		t.Errorf("rotation %+v", r)
	}
	if _, err := os.Stat(b.file + ".next"); !os.IsNotExist(err) {
		t.Errorf("the next passphrase is still beside it: %v", err)
	}
	if info, err := os.Stat(b.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the passphrase: %v, %v", info, err)
	}
	for _, v := range []*vault.Vault{b.Vault, b.instance(), vault.New(b.pool, vault.NewPassphrase(b.file), options())} {
		must(t, v.Open(t.Context()))
		if opened(t, v, text).Plain == nil {
			t.Error("what was sealed before does not open")
		}
	}
	if err := vault.New(b.pool, vault.NewPassphrase(old), options()).Open(t.Context()); codeOf(err) != "vault_passphrase_wrong" {
		t.Errorf("the old passphrase: %v", err)
	}
}

func TestChangePassphraseRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.root.(*vault.Passphrase)
	present, err := os.ReadFile(b.file)
	must(t, err)
	for text, want := range map[string]string{"fifteen letters": "vault_passphrase_short", string(present): "vault_passphrase_same"} {
		if _, err := b.ChangePassphrase(t.Context(), root, text, nobody); codeOf(err) != want {
			t.Errorf("%d characters: %v, want %s", len(text), err, want)
		}
	}
	must(t, os.WriteFile(b.file+".next", []byte("begun and not finished\n"), 0o600))
	if _, err := b.ChangePassphrase(t.Context(), root, "quite another passphrase", nobody); codeOf(err) != "vault_passphrase_begun" {
		t.Errorf("while another is begun: %v", err)
	}
	if now, err := os.ReadFile(b.file); err != nil || string(now) != string(present) {
		t.Errorf("the passphrase changed: %v", err)
	}
	if _, err := b.ChangePassphrase(t.Context(), root, "", nobody); err != nil {
		t.Errorf("going on: %v", err)
	}
	if now, err := os.ReadFile(b.file); err != nil || strings.TrimSpace(string(now)) != "begun and not finished" {
		t.Errorf("went on with %v", err)
	}
}

// A change that breaks off at any statement, carried out or not, leaves a vault
// that a new start opens; the next change finishes it.
func TestChangePassphraseBreaksOff(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after=%t", after), func(t *testing.T) {
			t.Parallel()
			dsn, file := pgtest.DSN(t, pgtest.Installed()), filepath.Join(t.TempDir(), "passphrase")
			start := func(left int64) (*vault.Vault, *vault.Passphrase, *breaker) {
				trace, root := &breaker{after: after}, vault.NewPassphrase(file)
				trace.left.Store(1 << 40)
				v := vault.New(openPool(t, dsn, trace), root, options())
				must(t, v.Open(t.Context()))
				trace.left.Store(left)
				return v, root, trace
			}
			v, _, _ := start(1 << 40)
			text := sealed(t, v, secret("case", "narrative", `{"a":1}`))
			broken := 0
			for n := int64(1); ; n++ {
				v, root, trace := start(n)
				_, err := v.ChangePassphrase(t.Context(), root, "", nobody)
				again, _, _ := start(1 << 40)
				if opened(t, again, text).Plain == nil {
					t.Fatalf("statement %d: not open", n)
				}
				if err == nil && trace.left.Load() > 0 {
					break
				}
				broken++
			}
			if broken < 8 {
				t.Errorf("broken off %d times only", broken)
			}
			if _, err := os.Stat(file + ".next"); !os.IsNotExist(err) {
				t.Errorf("not finished: %v", err)
			}
		})
	}
}

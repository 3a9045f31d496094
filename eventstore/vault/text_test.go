package vault_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/vault"
)

// The same secret gives the same text, another one another; the length tells the
// plaintext's only in steps of 64.
func TestSealAndUnseal(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]eventstore.Protector{"memory": vault.NewMemory(), "database": setup(t)} {
		s := secret("case-1", domain.SealNarrative, `{"text":"张三说𠮷田"}`)
		a, b := sealed(t, p, s), sealed(t, p, s)
		if a.Text != b.Text {
			t.Errorf("%s: the same secret twice: %s, %s", name, a.Text, b.Text)
		}
		raw, err := base64.RawURLEncoding.DecodeString(a.Text)
		if err != nil || raw[0] != 1 || raw[1] != 1 || len(raw) != 2+16+12+64+16 {
			t.Errorf("%s: form of a text: %x, %v", name, raw, err)
		}
		if got := opened(t, p, a); strings.TrimRight(string(got.Plain), " ") != string(s.Plain) || got.Err != nil || got.Withheld != eventstore.InUse {
			t.Errorf("%s: opened: %+v", name, got)
		}
		other := s
		other.Plain = []byte(`{"text":"李四"}`)
		if c := sealed(t, p, other); c.Text[24:40] == a.Text[24:40] {
			t.Errorf("%s: two secrets with one nonce", name)
		}
		long := s
		long.Plain = []byte(strings.Repeat(" ", 64) + "1")
		if c := sealed(t, p, long); len(c.Text)-len(a.Text) != 64*4/3 && len(c.Text)-len(a.Text) != 64*4/3+1 {
			t.Errorf("%s: 65 bytes have a text of %d, 30 one of %d", name, len(c.Text), len(a.Text))
		}
	}
}

// Nothing opens but in its own place, and no bit of it can be changed.
func TestMovedAndDamaged(t *testing.T) {
	t.Parallel()
	v := vault.NewMemory()
	s := sealed(t, v, secret("case-1", domain.SealBank, `{"bank":1}`))
	sealed(t, v, secret("case-2", domain.SealBank, `{"bank":2}`))
	for name, move := range map[string]func(*eventstore.Secret){
		"event":   func(s *eventstore.Secret) { s.Event = uuid.UUID{1} },
		"type":    func(s *eventstore.Secret) { s.Type = "person.registered" },
		"subject": func(s *eventstore.Secret) { s.Subject = "case-2" },
		"class":   func(s *eventstore.Secret) { s.Class = domain.SealContact },
		"border":  func(s *eventstore.Secret) { s.Type, s.Subject = s.Type+"c", s.Subject[1:] },
	} {
		moved := s
		move(&moved)
		if got := opened(t, v, moved); got.Err == nil || got.Plain != nil {
			t.Errorf("moved to another %s: %+v", name, got)
		}
	}
	raw, _ := base64.RawURLEncoding.DecodeString(s.Text)
	for bit := range len(raw) * 8 {
		bad := append([]byte(nil), raw...)
		bad[bit/8] ^= 1 << (bit % 8)
		damaged := s
		damaged.Text = base64.RawURLEncoding.EncodeToString(bad)
		got := opened(t, v, damaged)
		unknownKey := bit/8 >= 2 && bit/8 < 18
		if got.Plain != nil || unknownKey != (got.Withheld == eventstore.Shredded) || unknownKey == (got.Err != nil) {
			t.Errorf("bit %d: %+v", bit, got)
		}
	}
	for _, text := range []string{"", "A", "!", s.Text[:60], s.Text + "="} {
		damaged := s
		damaged.Text = text
		if got := opened(t, v, damaged); got.Err == nil {
			t.Errorf("text %q: %+v", text, got)
		}
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	again := b.instance()
	index := func(v *vault.Vault, kind vault.IndexKind, value string) string {
		t.Helper()
		sum, err := v.Index(kind, value)
		must(t, err)
		if len(sum) != 16 {
			t.Errorf("%d bytes", len(sum))
		}
		return fmt.Sprintf("%x", sum)
	}
	for kind, forms := range map[vault.IndexKind][]string{
		vault.IndexIDNo:    {"11010519491231002X", "110105491231002", "110105 19491231 002x"},
		vault.IndexPhone:   {"13800001234", "+86 138-0000-1234"},
		vault.IndexAccount: {"6222020000001234", "6222 0200 0000 1234"},
	} {
		for _, form := range forms {
			if index(b.Vault, kind, form) != index(again, kind, forms[0]) {
				t.Errorf("%s: %q and %q are found apart", kind, form, forms[0])
			}
		}
	}
	if index(b.Vault, vault.IndexPhone, "13800001234") == index(b.Vault, vault.IndexAccount, "13800001234") {
		t.Error("a phone is found as an account")
	}
	if index(b.Vault, vault.IndexPhone, "13800001234") == index(setup(t).Vault, vault.IndexPhone, "13800001234") {
		t.Error("two installations have one index")
	}
	for kind, bad := range map[vault.IndexKind]string{vault.IndexIDNo: "110105194912310021", vault.IndexPhone: "12345678901", vault.IndexAccount: "1", "other": "1"} {
		if sum, err := b.Index(kind, bad); err == nil || strings.Contains(err.Error(), bad) && len(bad) > 1 {
			t.Errorf("%s of %q: %x, %v", kind, bad, sum, err)
		}
	}
}

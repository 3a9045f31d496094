package vault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/vault"
)

func codeOf(err error) string {
	if no, ok := errors.AsType[*domain.Rejection](err); ok {
		return no.Code
	}
	return ""
}

// Instances that need the same keys at once end with one each, in one round trip
// each, and none waits for another for ever.
func TestTwoInstancesMakeOneKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const instances, subjects = 4, 60
	texts := make([][]eventstore.Secret, instances)
	var all sync.WaitGroup
	for n := range instances {
		v := b.instance()
		for i := range subjects { // each in another order
			texts[n] = append(texts[n], secret(fmt.Sprint("case-", (i*7+n*13)%subjects), domain.SealNarrative, `{"a":1}`))
		}
		all.Go(func() {
			if err := v.Seal(t.Context(), texts[n]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	byCase := map[string]string{}
	for _, list := range texts {
		for _, s := range list {
			if was := byCase[s.Subject]; was != "" && was != s.Text {
				t.Fatalf("%s has two keys", s.Subject)
			}
			byCase[s.Subject] = s.Text
		}
	}
	if s, err := b.Status(t.Context()); err != nil || s.Keys != subjects || s.Epoch != 1 || s.Epochs != 1 {
		t.Errorf("status %+v, %v", s, err)
	}
}

// A vault that hears of destroyed keys asks the database nothing about warm ones;
// one that does not hear asks each time.
func TestWarmKeysCostNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := sealed(t, b, secret("case-1", domain.SealNarrative, `{"a":1}`))
	asked := func(v *vault.Vault) int64 {
		before := b.pool.Stat().AcquireCount()
		for range 10 {
			opened(t, v, s)
			sealed(t, v, secret("case-1", domain.SealNarrative, `{"a":1}`))
		}
		return b.pool.Stat().AcquireCount() - before
	}
	if n := asked(b.Vault); n != 20 {
		t.Errorf("a vault that does not hear asked %d times, want 20", n)
	}
	run(t, b.Vault)
	asked(b.Vault)
	if n := asked(b.Vault); n != 0 {
		t.Errorf("warm keys: asked %d times", n)
	}
}

// What one instance destroys is gone in the other, new secrets are refused, and
// it can be repeated.
func TestShred(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.instance()
	run(t, b.Vault)
	run(t, other)
	var told sync.WaitGroup
	told.Add(1)
	third := vault.New(b.pool, b.root, options())
	third.OnChange(sync.OnceFunc(told.Done))
	must(t, third.Open(t.Context()))
	kept := sealed(t, b, secret("case-1", domain.SealNarrative, `{"a":1}`))
	gone := sealed(t, b, secret("case-2", domain.SealNarrative, `{"a":1}`))
	if opened(t, other, kept).Plain == nil || opened(t, other, gone).Plain == nil {
		t.Fatal("not open")
	}
	for range 2 {
		must(t, b.Shred(t.Context(), "case-2", "case-3"))
	}
	for name, v := range map[string]*vault.Vault{"here": b.Vault, "there": other, "without a cache": third} {
		until(t, name, func() bool { return opened(t, v, gone).Withheld == eventstore.Shredded })
		if opened(t, v, kept).Plain == nil {
			t.Errorf("%s: another case went too", name)
		}
		for _, subject := range []string{"case-2", "case-3"} {
			err := v.Seal(t.Context(), []eventstore.Secret{secret(subject, domain.SealNarrative, `1`)})
			if codeOf(err) != "vault_shredded" {
				t.Errorf("%s: sealed for %s: %v", name, subject, err)
			}
		}
	}
	// Neither suspension nor its end brings anything back.
	must(t, b.Unsuspend(t.Context(), 1000, "case-2"))
	must(t, b.Suspend(t.Context(), 1001, "case-2"))
	if got := opened(t, b, gone); got.Withheld != eventstore.Shredded {
		t.Errorf("after that: %+v", got)
	}
	if s, err := b.Status(t.Context()); err != nil || s.Keys != 1 || s.Destroyed != 1 || s.Shredded != 2 || s.Missing != 0 {
		t.Errorf("status %+v, %v", s, err)
	}
	run(t, third)
	told.Wait()
	if b.Shred(t.Context(), "index") == nil {
		t.Error("the index was destroyed")
	}
}

func TestSuspend(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]*vault.Vault{"memory": vault.NewMemory(), "database": setup(t).Vault} {
		s := sealed(t, v, secret("case-1", domain.SealNarrative, `{"a":1}`))
		must(t, v.Suspend(t.Context(), 10, "case-1", "case-2"))
		if got := opened(t, v, s); got.Withheld != eventstore.Suspended || got.Plain != nil {
			t.Errorf("%s: suspended: %+v", name, got)
		}
		for _, subject := range []string{"case-1", "case-2"} {
			if err := v.Seal(t.Context(), []eventstore.Secret{secret(subject, domain.SealBank, `1`)}); codeOf(err) != "vault_suspended" {
				t.Errorf("%s: sealed for %s: %v", name, subject, err)
			}
		}
		// Who only seals again is given it, and may put it back under the same key.
		again := eventstore.Resealing(t.Context())
		if got := openedIn(again, t, v, s); strings.TrimSpace(string(got.Plain)) != `{"a":1}` {
			t.Errorf("%s: for resealing: %+v", name, got)
		}
		moved := secret("case-1", domain.SealNarrative, `{"a":1}`)
		moved.Event[0]++
		if err := v.Seal(again, []eventstore.Secret{moved}); err != nil {
			t.Errorf("%s: seal again: %v", name, err)
		}
		if err := v.Seal(again, []eventstore.Secret{secret("case-2", domain.SealBank, `1`)}); codeOf(err) != "vault_suspended" {
			t.Errorf("%s: sealed again what never was: %v", name, err)
		}
		if got := openedIn(vault.Unsealed(t.Context(), "case-2"), t, v, s); got.Plain != nil {
			t.Errorf("%s: unsealed for another: %+v", name, got)
		}
		if got := openedIn(vault.Unsealed(vault.Unsealed(t.Context(), "case-1"), "case-2"), t, v, s); got.Plain == nil {
			t.Errorf("%s: unsealed: %+v", name, got)
		}
		// What an earlier event says is over.
		must(t, v.Unsuspend(t.Context(), 9, "case-1"))
		if got := opened(t, v, s); got.Withheld != eventstore.Suspended {
			t.Errorf("%s: an earlier event opened it", name)
		}
		must(t, v.Unsuspend(t.Context(), 11, "case-1"))
		must(t, v.Suspend(t.Context(), 10, "case-1"))
		if got := opened(t, v, s); got.Plain == nil {
			t.Errorf("%s: in use again: %+v", name, got)
		}
		must(t, v.Shred(t.Context(), "case-1"))
		for _, ctx := range []context.Context{vault.Unsealed(t.Context(), "case-1"), again} {
			if got := openedIn(ctx, t, v, s); got.Withheld != eventstore.Shredded {
				t.Errorf("%s: destroyed: %+v", name, got)
			}
		}
	}
}

// A vault that was away hears of nothing, and so remembers nothing.
func TestDeafVaultRemembersNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.instance()
	run(t, other)
	s := sealed(t, b, secret("case-1", domain.SealNarrative, `{"a":1}`))
	opened(t, other, s)
	if other.Remembered() == 0 {
		t.Fatal("nothing remembered")
	}
	_, err := b.pool.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'hearth vault'")
	must(t, err)
	until(t, "all is forgotten", func() bool { return other.Remembered() == 0 })
	must(t, b.Shred(t.Context(), "case-1"))
	if got := opened(t, other, s); got.Withheld != eventstore.Shredded {
		t.Errorf("read after it was destroyed: %+v", got)
	}
	until(t, "it listens again", func() bool { opened(t, other, s); return other.Remembered() > 0 })
}

// A key that is in no row stops nobody, and is counted.
func TestLostKey(t *testing.T) {
	t.Parallel()
	elsewhere := setup(t)
	s := sealed(t, elsewhere, secret("case-1", domain.SealNarrative, `{"a":1}`))
	b := setup(t)
	if got := opened(t, b, s); got.Withheld != eventstore.Shredded {
		t.Errorf("%+v", got)
	}
	if st, err := b.Status(t.Context()); err != nil || st.Missing != 1 {
		t.Errorf("status %+v, %v", st, err)
	}
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	info, err := os.Stat(b.file)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the passphrase: %v", info.Mode())
	}
	s := sealed(t, b, secret("case-1", domain.SealNarrative, `{"a":1}`))
	open := func(file string) (*vault.Vault, error) {
		v := vault.New(b.pool, vault.NewPassphrase(file), options())
		return v, v.Open(t.Context())
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	right, err := os.ReadFile(b.file)
	must(t, err)
	v, err := open(write("copied", strings.TrimSpace(string(right))+"\r\n"))
	must(t, err)
	if opened(t, v, s).Plain == nil {
		t.Error("the copied passphrase opens nothing")
	}
	missing := filepath.Join(dir, "missing")
	for file, code := range map[string]string{
		missing:                              "vault_passphrase_missing",
		write("short", "fifteen letters"):    "vault_passphrase_short",
		write("wrong", "another passphrase"): "vault_passphrase_wrong",
	} {
		if _, err := open(file); codeOf(err) != code {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a passphrase was made for a vault that has one")
	}
}

// Instances with folders of their own begin at once: one passphrase counts, and
// the others are told to get it.
func TestFirstStartsAtOnce(t *testing.T) {
	t.Parallel()
	fresh := pgtest.Pool(t, pgtest.Installed())
	var mu sync.Mutex
	var opened []string
	var all sync.WaitGroup
	for i := range 3 {
		file := filepath.Join(t.TempDir(), fmt.Sprint(i), "passphrase")
		all.Go(func() {
			err := vault.New(fresh, vault.NewPassphrase(file), options()).Open(t.Context())
			if err != nil {
				if code := codeOf(err); code != "vault_passphrase_missing" && code != "vault_passphrase_wrong" {
					t.Error(err)
				}
				return
			}
			mu.Lock()
			defer mu.Unlock()
			opened = append(opened, file)
		})
	}
	all.Wait()
	if len(opened) != 1 {
		t.Fatalf("%d instances opened the vault", len(opened))
	}
	must(t, vault.New(fresh, vault.NewPassphrase(opened[0]), options()).Open(t.Context()))
}

// second lets another instance begin between the making of a root key and its
// first use.
type second struct {
	vault.Root
	begin func()
}

func (s second) Begin(ctx context.Context) (func() error, error) {
	undo, err := s.Root.Begin(ctx)
	s.begin()
	return undo, err
}

// An instance that made the passphrase which another then used first does not take
// it away.
func TestSharedPassphraseStays(t *testing.T) {
	t.Parallel()
	pool, file := pgtest.Pool(t, pgtest.Installed()), filepath.Join(t.TempDir(), "passphrase")
	open := func(root vault.Root) error { return vault.New(pool, root, options()).Open(t.Context()) }
	must(t, open(second{vault.NewPassphrase(file), func() { must(t, open(vault.NewPassphrase(file))) }}))
	must(t, open(vault.NewPassphrase(file)))
}

// Without its database a vault says so, and not that something is damaged.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := sealed(t, b, secret("case-1", domain.SealNarrative, `{"a":1}`))
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	one := []eventstore.Secret{s}
	if err := b.Unseal(ctx, one); !errors.Is(err, context.DeadlineExceeded) || one[0].Err != nil || one[0].Withheld != eventstore.InUse {
		t.Errorf("unseal: %v, %+v", err, one[0])
	}
	if err := b.Seal(ctx, one); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("seal: %v", err)
	}
}

package vault_test

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/vault"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// bundle is what most tests need: a database with one open vault on it.
type bundle struct {
	t    testing.TB
	pool *pgxpool.Pool
	file string // with the passphrase
	root vault.Root
	*vault.Vault
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{t: t, pool: pgtest.Pool(t, pgtest.Installed()), file: filepath.Join(t.TempDir(), "vault", "passphrase")}
	b.root = vault.NewPassphrase(b.file)
	b.Vault = b.instance()
	return b
}

func options() vault.Options {
	return vault.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Heartbeat: 50 * time.Millisecond}
}

// instance is another process on the same database.
func (b *bundle) instance() *vault.Vault {
	b.t.Helper()
	v := vault.New(b.pool, b.root, options())
	must(b.t, v.Open(b.t.Context()))
	return v
}

// run lets a vault listen until the test ends.
func run(t testing.TB, v *vault.Vault) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		v.Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	must(t, v.Listening(waiting))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until polls until it holds.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

func secret(subject string, class domain.SealClass, plain string) eventstore.Secret {
	return eventstore.Secret{
		Event: uuid.NewSHA1(uuid.NameSpaceOID, []byte(subject+plain)), Type: "complaint.note_added",
		Subject: subject, Class: class, Plain: []byte(plain),
	}
}

// sealed seals one secret and gives it as a store has it.
func sealed(t testing.TB, p eventstore.Protector, s eventstore.Secret) eventstore.Secret {
	t.Helper()
	one := []eventstore.Secret{s}
	must(t, p.Seal(t.Context(), one))
	one[0].Plain = nil
	return one[0]
}

// opened opens one secret.
func opened(t testing.TB, p eventstore.Protector, s eventstore.Secret) eventstore.Secret {
	t.Helper()
	return openedIn(t.Context(), t, p, s)
}

func openedIn(ctx context.Context, t testing.TB, p eventstore.Protector, s eventstore.Secret) eventstore.Secret {
	t.Helper()
	one := []eventstore.Secret{s}
	must(t, p.Unseal(ctx, one))
	return one[0]
}

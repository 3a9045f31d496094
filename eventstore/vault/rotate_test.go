package vault_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/vault"
)

func nobody(int64, int64) {}

// Rotation leaves everything as it can be read, under the new epoch alone.
// Instances that go on meanwhile notice nothing.
func TestRotate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	busy := b.instance()
	run(t, busy)
	const cases = 1100 // three rounds
	var secrets []eventstore.Secret
	for i := range cases {
		secrets = append(secrets, secret(fmt.Sprint("case-", i), domain.SealNarrative, `{"a":1}`))
	}
	must(t, b.Seal(t.Context(), secrets))
	must(t, b.Shred(t.Context(), "case-7"))
	index, err := b.Index(vault.IndexPhone, "13800001234")
	must(t, err)

	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	var made atomic.Int64
	working.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			fresh := sealed(t, busy, secret(fmt.Sprint("busy-", n), domain.SealBank, `{"b":1}`))
			if opened(t, busy, fresh).Plain == nil || opened(t, busy, secrets[n%7]).Plain == nil {
				t.Errorf("round %d: not open", n)
				return
			}
			made.Add(1)
		}
	})
	until(t, "the other instance is at work", func() bool { return made.Load() > 5 })
	for round := 2; round <= 4; round++ {
		r, err := b.Rotate(t.Context(), nobody)
		must(t, err)
		if r.Epoch != round || !slices.Equal(r.Retired, []int{round - 1}) || r.Moved < cases {
			t.Errorf("round %d: %+v", round, r)
		}
	}
	stop()
	working.Wait()
	again := b.instance()
	if sum, err := again.Index(vault.IndexPhone, "13800001234"); err != nil || string(sum) != string(index) {
		t.Errorf("the index changed: %x, %x, %v", index, sum, err)
	}
	must(t, again.Unseal(t.Context(), secrets))
	for i, s := range secrets {
		if (i == 7) != (s.Withheld == eventstore.Shredded) || s.Err != nil {
			t.Errorf("case %d: %+v", i, s)
		}
	}
	s, err := b.Status(t.Context())
	if err != nil || s.Epoch != 4 || s.Epochs != 1 || s.Keys != cases-1+made.Load() || s.Destroyed != 1 {
		t.Errorf("status %+v, %v; want %d keys", s, err, cases-1+made.Load())
	}
}

// breaker fails the n-th statement of a pool, before or after it was carried out.
type breaker struct {
	left  atomic.Int64
	after bool
}

func (b *breaker) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if b.left.Add(-1) != 0 || b.after {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// TraceQueryEnd cuts the connection behind a statement that was carried out.
func (b *breaker) TraceQueryEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceQueryEndData) {
	if b.after && b.left.Load() == 0 {
		_ = conn.PgConn().Conn().Close()
	}
}

// A rotation that breaks off at any statement, carried out or not, leaves a vault
// that opens everything; the next one finishes it.
func TestRotateBreaksOff(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after=%t", after), func(t *testing.T) {
			t.Parallel()
			dsn := pgtest.DSN(t, pgtest.Installed())
			b := &bundle{t: t, pool: openPool(t, dsn, nil), root: vault.NewPassphrase(filepath.Join(t.TempDir(), "passphrase"))}
			b.Vault = b.instance()
			var secrets []eventstore.Secret
			for i := range 20 {
				secrets = append(secrets, secret(fmt.Sprint("case-", i), domain.SealNarrative, `{"a":1}`))
			}
			must(t, b.Seal(t.Context(), secrets))
			broken := 0
			for n := int64(1); ; n++ {
				trace := &breaker{after: after}
				trace.left.Store(1 << 40)
				v := vault.New(openPool(t, dsn, trace), b.root, options())
				must(t, v.Open(t.Context()))
				trace.left.Store(n)
				_, err := v.Rotate(t.Context(), nobody)
				for i := range secrets {
					secrets[i].Plain = nil
				}
				must(t, b.instance().Unseal(t.Context(), secrets))
				for i, s := range secrets {
					if s.Plain == nil {
						t.Fatalf("statement %d: case %d is not open: %+v", n, i, s)
					}
				}
				if err == nil && trace.left.Load() > 0 {
					break
				}
				broken++
			}
			if broken < 8 {
				t.Errorf("broken off %d times only", broken)
			}
			if s, err := b.Status(t.Context()); err != nil || s.Epochs != 1 || s.Keys != 20 {
				t.Errorf("status %+v, %v", s, err)
			}
		})
	}
}

func openPool(t *testing.T, dsn string, trace pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	cfg, err := postgres.Config(dsn, postgres.Options{MaxConns: 4})
	must(t, err)
	cfg.ConnConfig.Tracer = trace
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	must(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// An epoch is replaced when it is old enough, and not before.
func TestRotateDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, done, err := b.RotateDue(t.Context(), time.Hour); done || err != nil {
		t.Errorf("an epoch that has just begun: %t, %v", done, err)
	}
	if r, done, err := b.RotateDue(t.Context(), 0); !done || err != nil || r.Epoch != 2 {
		t.Errorf("an old epoch: %+v, %t, %v", r, done, err)
	}
}

// Two rotations do not meet.
func TestRotateOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	session, err := postgres.NewSession(t.Context(), b.pool, "another", "")
	must(t, err)
	defer session.Close(t.Context())
	if mine, err := session.TryLock(t.Context(), "hearth vault rotate"); !mine || err != nil {
		t.Fatal(mine, err)
	}
	if _, err := b.Rotate(t.Context(), nobody); codeOf(err) != "vault_rotating" {
		t.Errorf("while another rotates: %v", err)
	}
	if _, done, err := b.RotateDue(t.Context(), 0); done || err != nil {
		t.Errorf("due while another rotates: %t, %v", done, err)
	}
}

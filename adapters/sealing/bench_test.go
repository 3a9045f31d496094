package sealing_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/postgres"
	"hearth/adapters/sealing"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/notary"
	"hearth/eventstore/storetest"
	"hearth/projections/archive"
)

// The messages of the benchmarks: commits of two to three events of 1 KiB, as an
// intake makes them.
const (
	benchMessages = 40_000
	benchEvents   = 2.5 // a message
	benchBody     = 2600
)

// filled is a stream with the messages.
func filled(b *testing.B) *natsstore.Store {
	b.Helper()
	nc := natstest.Start(b)
	js, err := jetstream.New(nc)
	if err == nil {
		err = natsstore.Provision(b.Context(), js, natsstore.Config{})
	}
	if err != nil {
		b.Fatal(err)
	}
	store, err := natsstore.Open(b.Context(), nc, storetest.Registry())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(store.Close)
	publish(b, nc)
	for end := time.Now().Add(patience); ; {
		if last, err := store.End(b.Context()); err == nil && last == benchMessages {
			return store
		}
		if time.Now().After(end) {
			b.Fatal("the stream is not filled")
		}
	}
}

func publish(b *testing.B, nc *nats.Conn) {
	b.Helper()
	random := make([]byte, benchBody+4096)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(random) // never fails
	for i := range benchMessages {
		subject := fmt.Sprintf("ev.bench.0190b5b0-0000-7000-8000-%012d", i%9000)
		if err := nc.Publish(subject, random[i%4096:][:benchBody]); err != nil {
			b.Fatal(err)
		}
		if i%500 == 499 {
			if err := nc.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// read reads the whole stream and does nothing with it: the raw limit of
// everything that looks at each message.
func read(b *testing.B, store *natsstore.Store) time.Duration {
	b.Helper()
	begun := time.Now()
	if err := eventstore.ReadMessages(b.Context(), store, 0, benchMessages, func([]eventstore.Message) error { return nil }); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

// hash hashes as many bytes as the stream has, on one core.
func hash(b *testing.B) time.Duration {
	b.Helper()
	body := make([]byte, benchBody)
	begun := time.Now()
	for i := range benchMessages {
		body[0] = byte(i)
		body[1] = sha256.Sum256(body)[0]
	}
	return time.Since(begun)
}

func report(b *testing.B, took time.Duration, name string) {
	b.ReportMetric(benchMessages*benchEvents*float64(b.N)/took.Seconds(), name)
}

// BenchmarkSeal seals a stream from its beginning, into tiles on the disk and a
// signed checkpoint in PostgreSQL, beside raw reading and raw hashing of the same
// messages.
func BenchmarkSeal(b *testing.B) {
	store := filled(b)
	pool := benchPool(b)
	var ours, raw, sha time.Duration
	for b.Loop() {
		raw += read(b, store)
		sha += hash(b)
		if _, err := pool.Exec(b.Context(), "delete from hearth.sealed"); err != nil {
			b.Fatal(err)
		}
		k := keeper(b, pool, store)
		begun := time.Now()
		if c, err := k.Seal(b.Context()); err != nil || c.Size != benchMessages {
			b.Fatalf("sealed %d, %v", c.Size, err)
		}
		ours += time.Since(begun)
	}
	report(b, ours, "events/s")
	report(b, raw, "raw-read-events/s")
	report(b, sha, "raw-SHA256-events/s")
	b.ReportMetric(raw.Seconds()/ours.Seconds(), "of-reading")
}

// BenchmarkVerify compares stream, tiles and archive position by position,
// beside raw reading of the stream alone.
func BenchmarkVerify(b *testing.B) {
	store := filled(b)
	pool := benchPool(b)
	k := keeper(b, pool, store)
	c, err := k.Seal(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	fillArchive(b, archive.New(pool, store, archive.Options{Logger: slog.New(slog.DiscardHandler)}))
	var ours, raw, sha time.Duration
	for b.Loop() {
		raw += read(b, store)
		sha += hash(b)
		v := notary.Verification{Tiles: k.Dir(), Stream: notary.StreamCopy(store), Archive: archive.NewReader(pool), Checkpoint: c}
		begun := time.Now()
		if found, err := v.Run(b.Context()); err != nil || !found.Sound() {
			b.Fatalf("verification: %+v, %v", found, err)
		}
		ours += time.Since(begun)
	}
	report(b, ours, "events/s")
	report(b, raw, "raw-read-events/s")
	report(b, sha, "raw-SHA256-events/s")
	b.ReportMetric(raw.Seconds()/ours.Seconds(), "of-reading")
}

func benchPool(b *testing.B) *pgxpool.Pool {
	b.Helper()
	pool := pgtest.Pool(b, pgtest.Installed(), pgtest.WithSync())
	if err := postgres.Migrate(b.Context(), pool); err != nil {
		b.Fatal(err)
	}
	return pool
}

func keeper(b *testing.B, pool *pgxpool.Pool, store *natsstore.Store) *sealing.Keeper {
	b.Helper()
	dir := b.TempDir()
	k := sealing.New(pool, store, sealing.Options{
		Dir: filepath.Join(dir, "tiles"), KeyFile: filepath.Join(dir, "key"), Logger: slog.New(slog.DiscardHandler),
	})
	if err := k.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	return k
}

// fillArchive lets the archive take the whole stream.
func fillArchive(b *testing.B, a *archive.Archive) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	var running sync.WaitGroup
	running.Go(func() { _ = a.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for ctx.Err() == nil {
		if end, err := a.End(ctx); err == nil && end == benchMessages {
			return
		}
	}
	b.Fatal("the archive is not filled")
}

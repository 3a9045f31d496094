package archive_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/adapters/localpg/pgtest"
	"hearth/eventstore"
	"hearth/eventstore/notary"
	"hearth/projections/archive"
)

// The messages of the benchmarks: commits of 2 to 3 events of 1 KiB.
const (
	benchMessages = 20_000
	benchBody     = 2600
)

// bodies are random, as nothing here looks into them.
func bodies() []byte {
	b := make([]byte, benchBody+4096)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

// BenchmarkFollow is the way from JetStream to the disk of PostgreSQL, beside a
// raw COPY of the same rows into the same kind of table.
func BenchmarkFollow(b *testing.B) {
	store, nc := jetStream(b) // it is read only
	random := bodies()
	for i := range benchMessages {
		body := random[i%4096:][:benchBody]
		must(b, nc.Publish(fmt.Sprintf("ev.bench.0190b5b0-0000-7000-8000-%012d", i%9000), body))
		if i%500 == 499 {
			must(b, nc.Flush())
		}
	}
	until(b, "all is stored", func() bool {
		end, err := store.End(b.Context())
		return err == nil && end == benchMessages
	})
	messages := stored(b, store)
	var follow, raw time.Duration
	for b.Loop() {
		pool := pgtest.Pool(b, pgtest.Installed(), pgtest.WithSync())
		a := archive.New(pool, store, archive.Options{Heartbeat: 50 * time.Millisecond})
		begun := time.Now()
		stop := start(b, a)
		caughtUp(b, a)
		follow += time.Since(begun)
		stop()

		_, err := pool.Exec(b.Context(), `create table raw (like archive.message including all) with (toast_tuple_target = 8160)`)
		must(b, err)
		begun = time.Now()
		for from := 0; from < len(messages); from += 2000 {
			page := messages[from:min(from+2000, len(messages))]
			_, err := pool.CopyFrom(b.Context(), pgx.Identifier{"raw"}, []string{"position", "stored_at", "subject", "leaf", "body"},
				pgx.CopyFromSlice(len(page), func(i int) ([]any, error) {
					leaf := notary.HashOf(page[i])
					return []any{int64(page[i].Position), page[i].StoredAt, page[i].Subject, leaf[:], page[i].Body}, nil
				}))
			must(b, err)
		}
		raw += time.Since(begun)
	}
	b.ReportMetric(benchMessages*float64(b.N)/follow.Seconds(), "messages/s")
	b.ReportMetric(benchMessages*float64(b.N)/raw.Seconds(), "raw-COPY/s")
}

// BenchmarkRead reads the archive as leaves and as messages, beside a raw select
// of the same bytes.
func BenchmarkRead(b *testing.B) {
	pool := pgtest.Pool(b, pgtest.Installed(), pgtest.WithSync())
	_, err := pool.Exec(b.Context(), "insert into archive.log (identity, partition_size) values ('bench', 1000000)")
	must(b, err)
	_, err = pool.Exec(b.Context(), "select archive.add_partition(0)")
	must(b, err)
	random := bodies()
	for from := 0; from < benchMessages; from += 2000 {
		_, err := pool.CopyFrom(b.Context(), pgx.Identifier{"archive", "message"}, []string{"position", "stored_at", "subject", "leaf", "body"},
			pgx.CopyFromSlice(2000, func(i int) ([]any, error) {
				m := eventstore.Message{
					Position: eventstore.Position(from + i + 1), Subject: fmt.Sprintf("ev.bench.0190b5b0-0000-7000-8000-%012d", (from+i)%9000),
					Body: random[(from+i)%4096:][:benchBody],
				}
				leaf := notary.HashOf(m)
				return []any{int64(m.Position), time.Now(), m.Subject, leaf[:], m.Body}, nil
			}))
		must(b, err)
	}
	r := archive.NewReader(pool)
	ways := map[string]func() (int, error){
		"leaves/s": func() (n int, err error) {
			err = r.Leaves(b.Context(), 0, benchMessages, func(_ int64, leaves []tlog.Hash) error {
				for _, h := range leaves {
					if h != (tlog.Hash{}) {
						n++
					}
				}
				return nil
			})
			return n, err
		},
		"messages/s": func() (n int, err error) {
			err = r.Messages(b.Context(), 0, benchMessages, func(page []eventstore.Message) error {
				n += len(page)
				return nil
			})
			return n, err
		},
		"raw-select/s": func() (n int, err error) {
			rows, err := pool.Query(b.Context(), "select position, subject, leaf, body from archive.message where position between 1 and $1 order by position", benchMessages)
			if err != nil {
				return 0, err
			}
			for rows.Next() {
				if binary.BigEndian.Uint64(rows.RawValues()[0]) > 0 {
					n++
				}
			}
			return n, rows.Err()
		},
	}
	took := map[string]time.Duration{}
	for b.Loop() {
		for name, way := range ways {
			begun := time.Now()
			n, err := way()
			took[name] += time.Since(begun)
			if err != nil || n != benchMessages {
				b.Fatalf("%s: read %d, %v", name, n, err)
			}
		}
	}
	for name, d := range took {
		b.ReportMetric(benchMessages*float64(b.N)/d.Seconds(), name)
	}
}

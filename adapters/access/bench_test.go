package access_test

import (
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	recorder "hearth/adapters/access"
	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/natsserver/rights"
	"hearth/domain/access"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/vault"
)

// onDisk is a store in JetStream, in which everything is on disk when it is
// acknowledged.
func onDisk(b *testing.B) eventstore.Store {
	server := natstest.New(b, natstest.WithSync())
	js, err := jetstream.New(server.As(b, rights.Provisioner))
	if err != nil {
		b.Fatal(err)
	}
	if err := natsstore.Provision(b.Context(), js, natsstore.Config{}); err != nil {
		b.Fatal(err)
	}
	store, err := natsstore.Open(b.Context(), server.As(b, rights.Service), eventstore.NewRegistry(access.Specs()).Protected(vault.NewMemory()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(store.Close)
	return store
}

func onDiskRecorder(b *testing.B) *recorder.Recorder {
	return recorder.New(onDisk(b), recorder.Options{
		Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Limits: access.Limits{Hour: 1 << 30, Day: 1 << 30},
	})
}

// BenchmarkReveal is what a reveal costs before anything is shown: one append, on
// disk.
func BenchmarkReveal(b *testing.B) {
	r := onDiskRecorder(b)
	var spent []time.Duration
	for b.Loop() {
		begun := time.Now()
		if err := r.Reveal(b.Context(), request(zhao), reveal()); err != nil {
			b.Fatal(err)
		}
		spent = append(spent, time.Since(begun))
	}
	slices.Sort(spent)
	b.ReportMetric(float64(spent[len(spent)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(spent[len(spent)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkViews is what a view costs in memory, and what writing a minute of a
// hundred users with five views each costs.
func BenchmarkViews(b *testing.B) {
	r := onDiskRecorder(b)
	var noted, written time.Duration
	views := 0
	for b.Loop() {
		begun := time.Now()
		for i := range 100 {
			who := zhao
			who.Actor.ID = string(rune('A' + i))
			for n := range 5 {
				r.Viewed(who, kase, access.ScreenCase, access.Seen{Model: "complaints", Position: uint64(n)})
				views++
			}
		}
		noted += time.Since(begun)
		begun = time.Now()
		if err := r.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		written += time.Since(begun)
	}
	b.ReportMetric(float64(noted.Nanoseconds())/float64(views), "ns/view")
	b.ReportMetric(float64(written.Milliseconds())/float64(b.N), "ms/write")
}

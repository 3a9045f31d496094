package vault_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/natsserver/natstest"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
	"hearth/eventstore/vault"
)

// words fill an event up to about 1 KiB of message.
var words = strings.Repeat("字", 140)

// openNote and sealedNote are the same, in the clear and sealed.
type openNote struct {
	Kind string `json:"kind"`
	Text string `json:"text,omitempty"`
}

type sealedNote struct {
	Kind string `json:"kind"`
	Text string `json:"text,omitempty" seal:"narrative"`
}

func (openNote) EventType() string   { return "note.open" }
func (sealedNote) EventType() string { return "note.sealed" }

type write struct {
	domain.By
	event domain.Event
}

var writer = domain.Decider[int, write, domain.Event]{
	Initial: func() int { return 0 },
	Decide:  func(_ int, w write) ([]domain.Event, error) { return []domain.Event{w.event}, nil },
	Evolve:  func(n int, _ domain.Event) int { return n + 1 },
}

// stand is a store and a vault that sync every write.
type stand struct {
	b      *testing.B
	store  *natsstore.Store
	engine *eventstore.Engine
	vault  *vault.Vault
}

func newStand(b *testing.B) *stand {
	b.Helper()
	bundle := &bundle{t: b, pool: pgtest.Pool(b, pgtest.Installed(), pgtest.WithSync()), root: vault.NewPassphrase(b.TempDir() + "/passphrase")}
	v := bundle.instance()
	run(b, v)
	nc := natstest.Start(b)
	js, err := jetstream.New(nc)
	must(b, err)
	must(b, natsstore.Provision(b.Context(), js, natsstore.Config{}))
	registry := eventstore.NewRegistry([]domain.EventSpec{domain.Spec[openNote](), domain.Spec[sealedNote]()}).Protected(v)
	store, err := natsstore.Open(b.Context(), nc, registry)
	must(b, err)
	b.Cleanup(store.Close)
	return &stand{b, store, eventstore.NewEngine(store, 1<<16), v}
}

// command writes one event by a command.
func (s *stand) command(kase string, ev domain.Event) {
	by := storetest.Meta().By
	_, err := eventstore.Execute(s.b.Context(), s.engine, eventstore.StreamID{Family: "note", Case: kase}, writer, write{by, ev}, eventstore.Meta{CommandID: uuid.New()})
	must(s.b, err)
}

// BenchmarkCommand is a command from decision to disk, sealed and in the clear in
// turns: on a case whose key is known, and on a new case each time.
func BenchmarkCommand(b *testing.B) {
	s := newStand(b)
	for _, fresh := range []bool{false, true} {
		b.Run(fmt.Sprintf("new=%t", fresh), func(b *testing.B) {
			s.b = b
			var spent [2]time.Duration
			var done [2]int
			for b.Loop() {
				for side, ev := range []domain.Event{openNote{"k", words}, sealedNote{"k", words}} {
					kase := fmt.Sprint("case-", side)
					for start := time.Now(); time.Since(start) < 100*time.Millisecond; {
						if fresh {
							kase = uuid.NewString()
						}
						begun := time.Now()
						s.command(kase, ev)
						spent[side] += time.Since(begun)
						done[side]++
					}
				}
			}
			each := func(side int) float64 { return float64(spent[side].Microseconds()) / float64(done[side]) }
			b.ReportMetric(each(0), "clear-µs")
			b.ReportMetric(each(1), "sealed-µs")
			b.ReportMetric(each(1)/each(0), "ratio")
		})
	}
}

// BenchmarkFollow reads and decodes a whole log, sealed and in the clear, of cases
// with ten events each.
func BenchmarkFollow(b *testing.B) {
	const cases, each = 2000, 10
	rate := map[string]float64{}
	for name, ev := range map[string]domain.Event{"clear": openNote{"k", words}, "sealed": sealedNote{"k", words}} {
		s := newStand(b)
		heads := make([]eventstore.Head, cases)
		for range each {
			for from := 0; from < cases; from += 500 {
				var changes []eventstore.Change
				for i := from; i < from+500; i++ {
					meta := storetest.Meta()
					meta.CommandID = uuid.New()
					changes = append(changes, eventstore.Change{
						Stream: eventstore.StreamID{Family: "note", Case: fmt.Sprint(i)}, Head: heads[i],
						Drafts: []eventstore.Draft{{ID: eventstore.EventID(meta.CommandID, 0), Event: ev, Meta: meta}},
					})
				}
				got, err := s.store.Append(b.Context(), changes...)
				must(b, err)
				copy(heads[from:], got)
			}
		}
		read := func() float64 {
			begun, n := time.Now(), 0
			for _, err := range eventstore.After(b.Context(), s.store, 0) {
				must(b, err)
				n++
			}
			if n != cases*each {
				b.Fatalf("%d events", n)
			}
			return float64(n) / time.Since(begun).Seconds()
		}
		must(b, s.vault.Suspend(b.Context(), 1, "nobody")) // all keys are forgotten
		rate[name+" cold"] = read()
		rate[name+" warm"] = max(read(), read(), read())
	}
	for b.Loop() { // all was measured above
	}
	b.ReportMetric(rate["clear warm"], "clear/s")
	b.ReportMetric(rate["sealed warm"], "warm/s")
	b.ReportMetric(rate["sealed cold"], "cold/s")
	b.ReportMetric(rate["clear warm"]/rate["sealed warm"], "ratio")
}

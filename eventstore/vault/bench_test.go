package vault_test

import (
	"fmt"
	"strings"
	"syscall"
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
	b        *testing.B
	registry *eventstore.Registry
	engine   *eventstore.Engine
	vault    *vault.Vault
}

func newStand(b *testing.B) *stand {
	b.Helper()
	bundle := &bundle{t: b, pool: pgtest.Pool(b, pgtest.Installed(), pgtest.WithSync()), root: vault.NewPassphrase(b.TempDir() + "/passphrase")}
	v := bundle.instance()
	run(b, v)
	nc := natstest.Start(b, natstest.WithSync())
	js, err := jetstream.New(nc)
	must(b, err)
	must(b, natsstore.Provision(b.Context(), js, natsstore.Config{}))
	registry := eventstore.NewRegistry([]domain.EventSpec{domain.Spec[openNote](), domain.Spec[sealedNote]()}).Protected(v)
	store, err := natsstore.Open(b.Context(), nc, registry)
	must(b, err)
	b.Cleanup(store.Close)
	return &stand{b, registry, eventstore.NewEngine(store, 1<<16), v}
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

// BenchmarkDecode decodes a log of cases with ten events each, in pages as readers
// have them: in the clear, sealed under keys that are known, and under keys that
// must be fetched first. It counts processor time where nobody is waited for, so
// that a busy machine does not matter.
func BenchmarkDecode(b *testing.B) {
	const cases, each, page = 1000, 10, 500
	s := newStand(b)
	var logs [2][]eventstore.Message
	for side, ev := range []domain.Event{openNote{"k", words}, sealedNote{"k", words}} {
		for range each {
			var changes []eventstore.Change
			for i := range cases {
				meta := storetest.Meta()
				meta.CommandID = uuid.New()
				changes = append(changes, eventstore.Change{
					Stream: eventstore.StreamID{Family: "note", Case: fmt.Sprint(i)},
					Drafts: []eventstore.Draft{{ID: eventstore.EventID(meta.CommandID, 0), Event: ev, Meta: meta}},
				})
			}
			bodies, err := s.registry.EncodeAll(b.Context(), changes)
			must(b, err)
			for i, body := range bodies {
				pos := eventstore.Position(len(logs[side]) + 1)
				logs[side] = append(logs[side], eventstore.Message{Position: pos, Subject: changes[i].Stream.Subject(), Body: body})
			}
		}
	}
	read := func(side int, clock func() time.Duration) time.Duration {
		begun := clock()
		for from := 0; from < len(logs[side]); from += page {
			_, err := s.registry.DecodeAll(b.Context(), logs[side][from:from+page])
			must(b, err)
		}
		return clock() - begun
	}
	start := time.Now()
	wall := func() time.Duration { return time.Since(start) }
	var clear, warm, cold time.Duration
	read(1, wall)
	for b.Loop() {
		clear += read(0, processor)
		warm += read(1, processor)
		s.vault.Forget()
		cold += read(1, wall)
	}
	rate := func(took time.Duration) float64 { return float64(b.N*cases*each) / took.Seconds() }
	b.ReportMetric(rate(clear), "clear/s")
	b.ReportMetric(rate(warm), "warm/s")
	b.ReportMetric(rate(cold), "cold/s")
	b.ReportMetric(float64(warm)/float64(clear), "ratio")
}

// processor is the time that this process has had a processor.
func processor() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

package natsstore_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"hearth/adapters/natsserver/natstest"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// All servers here sync every write. Each benchmark measures the store and the
// raw server in turns, slice by slice, so that a machine that gets slower or
// faster meanwhile changes both; "ratio" is ours to raw.

// slice is how long one side works before the other has its turn.
const slice = 200 * time.Millisecond

// text fills an event up to about 1 KiB of message.
var text = strings.Repeat("x", 420)

// work is what one writer does again and again.
type work func(ctx context.Context) error

// compare runs writers of both sides in turns and reports their rates.
func compare(b *testing.B, writers int, raw, ours func(writer int) work) {
	b.Helper()
	sides := [2][]work{}
	for w := range writers {
		sides[0] = append(sides[0], raw(w))
		sides[1] = append(sides[1], ours(w))
	}
	var done [2]int64
	var spent [2]time.Duration
	var slowest [2]time.Duration
	for b.Loop() {
		for side, works := range sides {
			n, took, worst := turn(b, works)
			done[side] += n
			spent[side] += took
			slowest[side] = max(slowest[side], worst)
		}
	}
	rate := func(side int) float64 { return float64(done[side]) / spent[side].Seconds() }
	b.ReportMetric(rate(0), "raw/s")
	b.ReportMetric(rate(1), "ours/s")
	b.ReportMetric(rate(1)/rate(0), "ratio")
	b.ReportMetric(float64(slowest[1].Microseconds())/1000, "worst-ms")
	b.ReportMetric(0, "ns/op")
}

// turn lets the writers of one side work for a slice.
func turn(b *testing.B, works []work) (n int64, took, worst time.Duration) {
	var count, slowest atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for _, do := range works {
		wg.Go(func() {
			for last := start; last.Sub(start) < slice; {
				if err := do(b.Context()); err != nil {
					b.Error(err)
					return
				}
				now := time.Now()
				if d := int64(now.Sub(last)); d > slowest.Load() {
					slowest.Store(d)
				}
				last = now
				count.Add(1)
			}
		})
	}
	wg.Wait()
	return count.Load(), time.Since(start), time.Duration(slowest.Load())
}

// bench is a server with the store's stream and a raw one.
type bench struct {
	nc    *nats.Conn
	js    jetstream.JetStream
	store *natsstore.Store
	body  []byte
}

func setup(b *testing.B, opts ...natsstore.Option) *bench {
	b.Helper()
	nc := natstest.Start(b, natstest.WithSync())
	s := open(b, nc, opts...)
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	_, err = js.CreateStream(b.Context(), jetstream.StreamConfig{
		Name: "RAW", Subjects: []string{"raw.>"}, AllowAtomicPublish: true, AllowDirect: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	body, err := storetest.Registry().Encode(b.Context(), storetest.Change(storetest.Stream(), eventstore.Head{}, text))
	if err != nil {
		b.Fatal(err)
	}
	return &bench{nc: nc, js: js, store: s, body: body}
}

// rawPublish is a plain publish with its acknowledgement, and nothing else.
func (s *bench) rawPublish(body []byte) func(int) work {
	return func(w int) work {
		subject := "raw." + strconv.Itoa(w)
		return func(ctx context.Context) error {
			_, err := s.js.Publish(ctx, subject, body)
			return err
		}
	}
}

// rawBatch is an atomic batch of n messages, and nothing else.
func (s *bench) rawBatch(n int) func(int) work {
	return func(w int) work {
		return func(ctx context.Context) error {
			id := nuid.Next()
			for i := 1; i <= n; i++ {
				m := nats.NewMsg(fmt.Sprintf("raw.%d.%d", w, i))
				m.Data = s.body
				m.Header.Set("Nats-Batch-Id", id)
				m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i))
				if i < n {
					if err := s.nc.PublishMsg(m); err != nil {
						return err
					}
					continue
				}
				m.Header.Set("Nats-Batch-Commit", "1")
				if _, err := s.nc.RequestMsgWithContext(ctx, m); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

// commits appends commits of n events to one stream per writer. The events and
// their ids are made beforehand, as the bytes of the raw side are: a command id
// is drawn when the form is shown.
func (s *bench) commits(n int) func(int) work {
	return func(int) work {
		id, head := storetest.Stream(), eventstore.Head{}
		texts := make([]string, n)
		for i := range texts {
			texts[i] = text
		}
		drafts := storetest.Change(id, head, texts...).Drafts
		count := uint64(0)
		return func(ctx context.Context) error {
			count++
			binary.BigEndian.PutUint64(drafts[0].ID[8:], count)
			heads, err := s.store.Append(ctx, eventstore.Change{Stream: id, Head: head, Drafts: drafts})
			if err == nil {
				head = heads[0]
			}
			return err
		}
	}
}

// BenchmarkAppend is one commit of one event with an expected version, against a
// raw publish of as many bytes.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8, 16, 32, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := setup(b)
			compare(b, writers, s.rawPublish(s.body), s.commits(1))
		})
	}
}

// BenchmarkAppendFour is a command that appends four events to one stream: one
// commit, against a raw publish of the same bytes.
func BenchmarkAppendFour(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := setup(b)
			body, err := storetest.Registry().Encode(b.Context(), storetest.Change(storetest.Stream(), eventstore.Head{}, text, text, text, text))
			if err != nil {
				b.Fatal(err)
			}
			compare(b, writers, s.rawPublish(body), s.commits(4))
		})
	}
}

// BenchmarkUnit is one atomic append over three streams, against a raw atomic
// batch of three messages.
func BenchmarkUnit(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := setup(b)
			compare(b, writers, s.rawBatch(3), func(int) work {
				ids := [3]eventstore.StreamID{storetest.Stream(), storetest.Stream(), storetest.Stream()}
				heads := make([]eventstore.Head, 3)
				return func(ctx context.Context) error {
					got, err := s.store.Append(ctx, storetest.Change(ids[0], heads[0], text),
						storetest.Change(ids[1], heads[1], text), storetest.Change(ids[2], heads[2], text))
					if err == nil {
						heads = got
					}
					return err
				}
			})
		})
	}
}

// note is the command of the round trip, tally its decider.
type note struct{ domain.By }

var tally = domain.Decider[int, note, storetest.Noted]{
	Initial: func() int { return 0 },
	Decide:  func(n int, _ note) ([]storetest.Noted, error) { return []storetest.Noted{{Text: text, N: n}}, nil },
	Evolve:  func(n int, _ storetest.Noted) int { return n + 1 },
}

// fill appends commits of one event to new streams, all streams in turns, so
// that the commits of one are spread over the log.
func (s *bench) fill(b *testing.B, streams, events int) []eventstore.StreamID {
	b.Helper()
	ids := make([]eventstore.StreamID, streams)
	heads := make([]eventstore.Head, streams)
	for i := range ids {
		ids[i] = storetest.Stream()
	}
	for range events {
		changes := make([]eventstore.Change, streams)
		for i := range ids {
			changes[i] = storetest.Change(ids[i], heads[i], text)
		}
		got, err := s.store.Append(b.Context(), changes...)
		if err != nil {
			b.Fatal(err)
		}
		heads = got
	}
	return ids
}

// BenchmarkCommand is a command on a case of 20 events, from the wish to the
// acknowledgement: warm on a remembered state, cold by loading the case first.
// Raw is a publish alone.
func BenchmarkCommand(b *testing.B) {
	for _, kind := range []string{"warm", "cold"} {
		b.Run(kind, func(b *testing.B) {
			s := setup(b)
			ids := s.fill(b, 1000, 20)
			engine := eventstore.NewEngine(s.store, 1)
			n := 0
			compare(b, 1, s.rawPublish(s.body), func(int) work {
				return func(ctx context.Context) error {
					if kind == "cold" {
						n++ // the engine remembers one stream only
					}
					meta := storetest.Meta()
					_, err := eventstore.Execute(ctx, engine, ids[n%len(ids)], tally, note{meta.By}, meta)
					return err
				}
			})
		})
	}
}

// BenchmarkStream loads and decodes a case that is spread over the log.
func BenchmarkStream(b *testing.B) {
	for _, events := range []int{10, 100} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			s := setup(b)
			ids := s.fill(b, 500, events)
			n := 0
			for b.Loop() {
				n++
				texts, err := storetest.Read(b.Context(), s.store, ids[n%len(ids)], eventstore.Head{})
				if err != nil || len(texts) != events {
					b.Fatalf("%d events, %v", len(texts), err)
				}
			}
			b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkFollow reads the log in order and decodes it, against an ordered
// consumer of nats.go that only receives.
func BenchmarkFollow(b *testing.B) {
	s := setup(b)
	const total = 100_000
	s.fill(b, 1000, total/1000)
	var rawTime, ourTime time.Duration
	for b.Loop() {
		rawTime += s.receiveRaw(b, total)
		start, n := time.Now(), 0
		err := storetest.FollowTo(b.Context(), s.store, 0, total, func(eventstore.Commit) { n++ })
		if err != nil || n != total {
			b.Fatalf("%d commits, %v", n, err)
		}
		ourTime += time.Since(start)
	}
	all := float64(b.N * total)
	b.ReportMetric(all/rawTime.Seconds(), "raw/s")
	b.ReportMetric(all/ourTime.Seconds(), "ours/s")
	b.ReportMetric(rawTime.Seconds()/ourTime.Seconds(), "ratio")
	b.ReportMetric(0, "ns/op")
}

func (s *bench) receiveRaw(b *testing.B, total int) time.Duration {
	start := time.Now()
	consumer, err := s.js.OrderedConsumer(b.Context(), natsstore.StreamName, jetstream.OrderedConsumerConfig{})
	if err != nil {
		b.Fatal(err)
	}
	msgs, err := consumer.Messages(jetstream.PullMaxMessages(2000))
	if err != nil {
		b.Fatal(err)
	}
	defer msgs.Stop()
	for range total {
		if _, err := msgs.Next(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// BenchmarkCodec encodes and decodes one commit of one event of about 1 KiB.
func BenchmarkCodec(b *testing.B) {
	registry := storetest.Registry()
	change := storetest.Change(storetest.Stream(), eventstore.Head{}, text)
	body, err := registry.Encode(b.Context(), change)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if _, err := registry.Encode(b.Context(), change); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if _, err := registry.Decode(b.Context(), change.Stream, 1, storetest.Clock, body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package natsstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// aCopy is the copy of a log of n messages over some streams, the last one of
// two events.
func aCopy(t testing.TB, n int) []eventstore.Message {
	t.Helper()
	heads := map[eventstore.StreamID]eventstore.Head{}
	streams := []eventstore.StreamID{storetest.Stream(), storetest.Stream(), storetest.Stream()}
	msgs := make([]eventstore.Message, n)
	for i := range msgs {
		id, pos := streams[i%len(streams)], eventstore.Position(i+1)
		texts := []string{fmt.Sprint("第", i)}
		if i == n-1 {
			texts = append(texts, "二")
		}
		body, err := storetest.Registry().Encode(t.Context(), storetest.Change(id, heads[id], texts...))
		if err != nil {
			t.Fatal(err)
		}
		heads[id] = eventstore.Head{Version: heads[id].Version + uint64(len(texts)), Position: pos}
		msgs[i] = eventstore.Message{Position: pos, Subject: id.Subject(), Body: body}
	}
	return msgs
}

// all is everything that a log holds.
func all(t testing.TB, s *natsstore.Store) []eventstore.Message {
	t.Helper()
	end, err := s.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var msgs []eventstore.Message
	err = eventstore.ReadMessages(t.Context(), s, 0, end, func(page []eventstore.Message) error {
		msgs = append(msgs, page...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return msgs
}

func each(msgs []eventstore.Message) iter.Seq2[eventstore.Message, error] {
	return func(yield func(eventstore.Message, error) bool) {
		for _, m := range msgs {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func sameLog(t *testing.T, s *natsstore.Store, want []eventstore.Message) {
	t.Helper()
	got := all(t, s)
	if len(got) != len(want) {
		t.Fatalf("the refilled log has %d messages, want %d", len(got), len(want))
	}
	for i := range want { // all but the time of storing, which a refill cannot keep
		if got[i].Position != want[i].Position || got[i].Subject != want[i].Subject || !bytes.Equal(got[i].Body, want[i].Body) {
			t.Fatalf("the refilled log differs at position %d: %s %s", i+1, got[i].Subject, got[i].Body)
		}
	}
}

func TestRefill(t *testing.T) {
	t.Parallel()
	msgs := aCopy(t, 2345)
	nc := natstest.Start(t)
	s := open(t, nc)
	got, err := s.Refill(t.Context(), each(msgs))
	if want := (natsstore.Refilled{Stored: 2345, End: 2345}); err != nil || got != want {
		t.Fatalf("refill: %+v, %v; want %+v", got, err, want)
	}
	sameLog(t, s, msgs)
	// As Append writes it: with the content type and the id of the first event.
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), natsstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := stream.GetMsg(t.Context(), 2345)
	if err != nil {
		t.Fatal(err)
	}
	commits, err := storetest.Registry().DecodeAll(t.Context(), msgs[2344:2345])
	if err != nil {
		t.Fatal(err)
	}
	commit := commits[0]
	if id := raw.Header.Get("Nats-Msg-Id"); id != commit.Events[0].ID.String() || raw.Header.Get("Content-Type") != eventstore.ContentType {
		t.Errorf("headers %v; want the id %v", raw.Header, commit.Events[0].ID)
	}
	// The log goes on: appends find their streams where they were.
	head := eventstore.Head{Version: commit.Events[0].Version + 1, Position: 2345}
	if _, err := s.Append(t.Context(), storetest.Change(commit.Stream, head, "weiter")); err != nil {
		t.Errorf("append behind the refill: %v", err)
	}
}

// TestRefillGoesOn fills a stream in parts, with overlaps, and compares.
func TestRefillGoesOn(t *testing.T) {
	t.Parallel()
	msgs := aCopy(t, 1300)
	s := open(t, natstest.Start(t))
	for _, step := range []struct {
		from, to int
		want     natsstore.Refilled
	}{
		{0, 0, natsstore.Refilled{}},
		{0, 1, natsstore.Refilled{Stored: 1, End: 1}},
		{0, 1100, natsstore.Refilled{Found: 1, Stored: 1099, End: 1100}},
		{1050, 1200, natsstore.Refilled{Found: 50, Stored: 100, End: 1200}},
		{1200, 1300, natsstore.Refilled{Stored: 100, End: 1300}},
		{100, 200, natsstore.Refilled{Found: 100, End: 200}},
		{0, 1300, natsstore.Refilled{Found: 1300, End: 1300}},
	} {
		got, err := s.Refill(t.Context(), each(msgs[step.from:step.to]))
		if err != nil || got != step.want {
			t.Errorf("refill %d to %d: %+v, %v; want %+v", step.from, step.to, got, err, step.want)
		}
	}
	sameLog(t, s, msgs)
}

func TestRefillRefuses(t *testing.T) {
	t.Parallel()
	msgs := aCopy(t, 30)
	s := open(t, natstest.Start(t))
	if _, err := s.Refill(t.Context(), each(msgs[:10])); err != nil {
		t.Fatal(err)
	}
	changed := func(i int, change func(*eventstore.Message)) []eventstore.Message {
		msgs := slices.Clone(msgs)
		change(&msgs[i])
		return msgs
	}
	for name, c := range map[string]struct {
		msgs []eventstore.Message
		want error
	}{
		"gap at the start":   {msgs[11:], eventstore.ErrCorrupt},
		"gap in the middle":  {append(slices.Clone(msgs[:5]), msgs[6:]...), eventstore.ErrCorrupt},
		"twice":              {append(slices.Clone(msgs[:5]), msgs[4:]...), eventstore.ErrCorrupt},
		"position 0":         {changed(0, func(m *eventstore.Message) { m.Position = 0 }), eventstore.ErrCorrupt},
		"another body":       {changed(7, func(m *eventstore.Message) { m.Body = []byte("[]") }), natsstore.ErrDiffers},
		"another subject":    {changed(7, func(m *eventstore.Message) { m.Subject = "ev.test.x" }), natsstore.ErrDiffers},
		"no subject of ours": {changed(7, func(m *eventstore.Message) { m.Subject = "else.where" }), eventstore.ErrCorrupt},
		"too large":          {changed(7, func(m *eventstore.Message) { m.Body = make([]byte, 2<<20) }), eventstore.ErrTooLarge},
	} {
		if _, err := s.Refill(t.Context(), each(c.msgs)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		sameLog(t, s, msgs[:10])
	}
	bad := errors.New("bad")
	_, err := s.Refill(t.Context(), func(yield func(eventstore.Message, error) bool) { yield(eventstore.Message{}, bad) })
	if !errors.Is(err, bad) {
		t.Errorf("an error of the copy: got %v", err)
	}
}

// TestRefillOddBodies: bodies that are no events, and one id twice, which the
// server would take for a repetition.
func TestRefillOddBodies(t *testing.T) {
	t.Parallel()
	const id = `[{"id":"0197a3c1-0000-7000-8000-000000000001"}]`
	for name, bodies := range map[string][]string{
		"a batch":         {id, "{", "", "[]", `[{"id":7}]`, id},
		"one after other": {id},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, natstest.Start(t))
			var msgs []eventstore.Message
			for range 2 {
				for _, body := range bodies {
					msgs = append(msgs, eventstore.Message{Position: eventstore.Position(len(msgs) + 1), Subject: "ev.test.a", Body: []byte(body)})
				}
				if _, err := s.Refill(t.Context(), each(msgs)); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, m := range all(t, s) {
				got = append(got, string(m.Body))
			}
			if diff := cmp.Diff(append(slices.Clone(bodies), bodies...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefillConnectionLost cuts the connection while a batch is sent: once after
// it was stored and before the answer came, once before anything of it arrived.
func TestRefillConnectionLost(t *testing.T) {
	t.Parallel()
	msgs := aCopy(t, 2500)
	for name, persist := range map[string]bool{"FailButPersist": true, "FailAndNotPersist": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := listening(t)
			direct, err := nats.Connect(url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(direct.Close)
			check := open(t, direct)
			wire := newWire(t, url, persist, func() bool { end, err := check.End(t.Context()); return err == nil && end == 2000 })
			nc, err := nats.Connect(wire.url, nats.MaxReconnects(-1), nats.ReconnectWait(1))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(nc.Close)
			s, err := natsstore.Open(t.Context(), nc, storetest.Registry())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			got, err := s.Refill(t.Context(), func(yield func(eventstore.Message, error) bool) {
				for i, m := range msgs {
					if i == 2000 { // the second batch goes out with this one
						wire.armed.Store(true)
					}
					if !yield(m, nil) {
						return
					}
				}
			})
			if want := (natsstore.Refilled{Stored: 2500, End: 2500}); err != nil || got != want || wire.armed.Load() {
				t.Fatalf("refill: %+v, %v, not cut: %t; want %+v", got, err, wire.armed.Load(), want)
			}
			sameLog(t, check, msgs)
		})
	}
}

// listening is the address of a server without users.
func listening(t *testing.T) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	return srv.ClientURL()
}

// wire is a way to a server that can be cut.
type wire struct {
	url     string
	armed   atomic.Bool
	persist bool        // cut when stored, and let no answer through meanwhile
	stored  func() bool // what was sent is in the stream
}

func newWire(t *testing.T, server string, persist bool, stored func() bool) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{url: "nats://" + l.Addr().String(), persist: persist, stored: stored}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			backend, err := net.Dial("tcp", strings.TrimPrefix(server, "nats://"))
			if err != nil {
				client.Close()
				continue
			}
			all.Go(func() { w.pass(client, backend, !persist) })
			all.Go(func() { w.pass(backend, client, persist) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return w
}

// pass copies one direction until either side ends, or this is where to cut.
func (w *wire) pass(from, to net.Conn, here bool) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if here && w.armed.Load() {
			for w.persist && !w.stored() {
				runtime.Gosched()
			}
			w.armed.Store(false)
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// BenchmarkRefill writes batches of 1,000 messages of 1 KiB, in slices beside raw
// atomic batches of as many bytes. The rates are batches.
func BenchmarkRefill(b *testing.B) {
	s := setup(b)
	pos := eventstore.Position(0)
	ours := func(int) work {
		return func(ctx context.Context) error {
			msgs := make([]eventstore.Message, 1000)
			for i := range msgs {
				pos++
				msgs[i] = eventstore.Message{Position: pos, Subject: "ev.test." + strconv.Itoa(i), Body: distinct(s.body, pos)}
			}
			_, err := s.store.Refill(ctx, each(msgs))
			return err
		}
	}
	compare(b, 1, s.rawBatch(1000), ours)
}

// distinct gives a body an id of its own.
func distinct(body []byte, pos eventstore.Position) []byte {
	body = slices.Clone(body)
	copy(body[len(`[{"specversion":"1.0","id":"`):], fmt.Sprintf("%08x", pos))
	return body
}

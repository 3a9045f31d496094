package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// scripted opens a store whose server answers what the test says: the stream is
// taken away after Open, and answer takes its place. It is given each message
// that asks for an answer; an empty one is not sent.
func scripted(t *testing.T, answer func(*nats.Msg) string) *natsstore.Store {
	t.Helper()
	nc := natstest.Start(t)
	s := open(t, nc)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), natsstore.StreamName); err != nil {
		t.Fatal(err)
	}
	sub, err := nc.Subscribe("ev.>", func(m *nats.Msg) {
		if text := answer(m); m.Reply != "" && text != "" {
			if err := m.Respond([]byte(text)); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	return s
}

func no(code, errCode int, text string) string {
	return fmt.Sprintf(`{"error":{"code":%d,"err_code":%d,"description":%q},"stream":"HEARTH","seq":0}`, code, errCode, text)
}

// two makes an append of one change and one of two.
func two() [][]eventstore.Change {
	change := func() eventstore.Change { return storetest.Change(storetest.Stream(), eventstore.Head{}, "a") }
	return [][]eventstore.Change{{change()}, {change(), change()}}
}

func TestConflictCodes(t *testing.T) {
	t.Parallel()
	for code, text := range map[int]string{
		10071: "wrong last sequence: 7",
		10164: "wrong last sequence",
		10201: "atomic publish batch contains duplicate message id",
	} {
		s := scripted(t, func(*nats.Msg) string { return no(400, code, text) })
		for _, changes := range two() {
			if _, err := s.Append(t.Context(), changes...); !errors.Is(err, eventstore.ErrConflict) {
				t.Errorf("code %d, %d changes: got %v, want ErrConflict", code, len(changes), err)
			}
		}
	}
}

func TestOtherCodesAreNoConflict(t *testing.T) {
	t.Parallel()
	s := scripted(t, func(*nats.Msg) string { return no(503, 10077, "disk on fire") })
	for _, changes := range two() {
		_, err := s.Append(t.Context(), changes...)
		if err == nil || errors.Is(err, eventstore.ErrConflict) || !strings.Contains(err.Error(), "disk on fire") {
			t.Errorf("%d changes: got %v", len(changes), err)
		}
	}
}

func TestBusyServerIsAskedAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := scripted(t, func(m *nats.Msg) string {
		switch first := m.Header.Get("Nats-Batch-Sequence") == "1"; {
		case first && asked.Add(1) <= 2:
			return no(429, 10210, "atomic publish too many inflight")
		case m.Header.Get("Nats-Batch-Commit") != "":
			return `{"stream":"HEARTH","seq":12,"count":2}`
		}
		return ""
	})
	heads, err := s.Append(t.Context(), two()[1]...)
	if err != nil || heads[0].Position != 11 || heads[1].Position != 12 || asked.Load() != 3 {
		t.Fatalf("after %d attempts: %+v, %v", asked.Load(), heads, err)
	}
}

func TestBusyServerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := scripted(t, func(*nats.Msg) string { return no(429, 10210, "atomic publish too many inflight") })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, changes := range two() {
		if _, err := s.Append(ctx, changes...); err == nil || errors.Is(err, eventstore.ErrConflict) {
			t.Errorf("%d changes: got %v", len(changes), err)
		}
	}
}

func TestNoAnswerEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := scripted(t, func(*nats.Msg) string { return "" })
	for _, changes := range two() {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := s.Append(ctx, changes...); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d changes: got %v, want the deadline", len(changes), err)
		}
		cancel()
	}
}

// TestPoisonedMessageID stores another message under the id that an append will
// use. The server then acknowledges the append without storing it.
func TestPoisonedMessageID(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	s := open(t, nc)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for _, changes := range two() {
		for _, c := range changes {
			poison := nats.NewMsg(storetest.Stream().Subject())
			poison.Data = []byte("[]")
			poison.Header.Set("Nats-Msg-Id", c.Drafts[0].ID.String())
			if _, err := js.PublishMsg(t.Context(), poison); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Append(t.Context(), changes...); !errors.Is(err, eventstore.ErrConflict) {
			t.Errorf("%d changes: got %v, want ErrConflict", len(changes), err)
		}
		if texts, err := storetest.Read(t.Context(), s, changes[0].Stream, eventstore.Head{}); err != nil || len(texts) != 0 {
			t.Errorf("stored: %q, %v", texts, err)
		}
	}
}

// TestDuplicateOfItself answers an append as a replicated server does that knows
// the message already: acknowledged, as a duplicate, at the earlier sequence.
func TestDuplicateOfItself(t *testing.T) {
	t.Parallel()
	c := storetest.Change(storetest.Stream(), eventstore.Head{}, "a", "b")
	body, err := storetest.Registry().Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for name, stored := range map[string]struct {
		subject string
		body    []byte
		want    error
	}{
		"same":            {c.Stream.Subject(), body, nil},
		"another body":    {c.Stream.Subject(), []byte("[]"), eventstore.ErrConflict},
		"another subject": {storetest.Stream().Subject(), body, eventstore.ErrConflict},
	} {
		nc := natstest.Start(t)
		s := open(t, nc)
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		if err := js.DeleteStream(t.Context(), natsstore.StreamName); err != nil {
			t.Fatal(err)
		}
		answer := func(subject string, respond func(*nats.Msg)) {
			sub, err := nc.Subscribe(subject, respond)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = sub.Unsubscribe() })
		}
		answer("ev.>", func(m *nats.Msg) { _ = m.Respond([]byte(`{"stream":"HEARTH","seq":42,"duplicate":true}`)) })
		answer("$JS.API.DIRECT.GET.HEARTH", func(m *nats.Msg) {
			found := nats.NewMsg(m.Reply)
			found.Header.Set("Nats-Subject", stored.subject)
			found.Header.Set("Nats-Sequence", "42")
			found.Data = stored.body
			_ = nc.PublishMsg(found)
			end := nats.NewMsg(m.Reply)
			end.Header.Set("Status", "204")
			_ = nc.PublishMsg(end)
		})
		heads, err := s.Append(t.Context(), c)
		if !errors.Is(err, stored.want) {
			t.Errorf("%s: got %v, want %v", name, err, stored.want)
		}
		if err == nil && heads[0] != (eventstore.Head{Version: 2, Position: 42}) {
			t.Errorf("%s: head %+v", name, heads[0])
		}
	}
}

// crowd lets n writers append at once, and gives the errors of each.
func crowd(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// TestCrowdWithStaleHeads checks that those whose stream moved are refused and
// nobody else, whatever batches they were in.
func TestCrowdWithStaleHeads(t *testing.T) {
	t.Parallel()
	s := open(t, natstest.Start(t), natsstore.WithGrouping(4))
	moved := storetest.Stream()
	if _, err := s.Append(t.Context(), storetest.Change(moved, eventstore.Head{}, "a")); err != nil {
		t.Fatal(err)
	}
	const n = 200
	errs := crowd(n, func(i int) error {
		changes := []eventstore.Change{storetest.Change(storetest.Stream(), eventstore.Head{}, "x")}
		if i%20 == 0 {
			changes[0].Stream = moved
		}
		if i%3 == 0 {
			changes = append(changes, storetest.Change(storetest.Stream(), eventstore.Head{}, "y"))
		}
		_, err := s.Append(t.Context(), changes...)
		return err
	})
	for i, err := range errs {
		if stale := i%20 == 0; stale != errors.Is(err, eventstore.ErrConflict) || (!stale && err != nil) {
			t.Errorf("append %d: %v", i, err)
		}
	}
}

// TestCrowdGoesTogether checks that many waiting appends become batches, and
// that those who stop waiting take nobody with them.
func TestCrowdGoesTogether(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t, natstest.WithSync())
	s := open(t, nc, natsstore.WithGrouping(8))
	const n = 300
	errs := crowd(n, func(i int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if i%10 == 0 {
			go cancel()
		}
		_, err := s.Append(ctx, storetest.Change(storetest.Stream(), eventstore.Head{}, "x"))
		return err
	})
	for i, err := range errs {
		if err != nil && (i%10 != 0 || !errors.Is(err, context.Canceled)) {
			t.Errorf("append %d: %v", i, err)
		}
	}
	if n := batched(t, nc); n < 100 {
		t.Errorf("only %d of the messages came in a batch", n)
	}
}

// batched counts the stored messages that came in an atomic batch.
func batched(t *testing.T, nc *nats.Conn) (n int) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), natsstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	for seq := range stream.CachedInfo().State.LastSeq {
		m, err := stream.GetMsg(t.Context(), seq+1)
		if err != nil {
			t.Fatal(err)
		}
		if m.Header.Get("Nats-Batch-Id") != "" {
			n++
		}
	}
	return n
}

func TestCloseEndsAppends(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 2)
	s := scripted(t, func(*nats.Msg) string {
		asked <- struct{}{}
		return ""
	})
	got := make(chan error, 1)
	go func() {
		_, err := s.Append(t.Context(), two()[0]...)
		got <- err
	}()
	<-asked
	s.Close()
	if err := <-got; err == nil {
		t.Fatal("an append without an answer succeeded")
	}
	if _, err := s.Append(t.Context(), two()[0]...); err == nil {
		t.Fatal("a closed store took an append")
	}
}

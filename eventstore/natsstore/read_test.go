package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// plant stores a message past the store.
func plant(t *testing.T, nc *nats.Conn, subject string, body []byte) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), subject, body); err != nil {
		t.Fatal(err)
	}
}

// TestDamageIsNeverSkipped plants what no store writes. Both ways to read must
// end there, and name it, after all that is sound.
func TestDamageIsNeverSkipped(t *testing.T) {
	t.Parallel()
	id := storetest.Stream()
	encode := func(c eventstore.Change) []byte {
		body, err := storetest.Registry().Encode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	tests := map[string]struct {
		subject string
		body    []byte
		stream  string // what the load says, empty when only the log shows it
		follow  string
	}{
		"version gap":     {id.Subject(), encode(storetest.Change(id, eventstore.Head{Version: 3}, "x")), "version 4 follows 2", ""},
		"version again":   {id.Subject(), encode(storetest.Change(id, eventstore.Head{Version: 1}, "x")), "version 2 follows 2", ""},
		"no json":         {id.Subject(), []byte("{"), "position 2", "position 2"},
		"no events":       {id.Subject(), []byte("[]"), "position 2", "position 2"},
		"empty":           {id.Subject(), nil, "position 2", "position 2"},
		"another subject": {id.Subject(), encode(storetest.Change(storetest.Stream(), eventstore.Head{Version: 2}, "x")), "in stream " + id.String(), "position 2"},
		"not a stream":    {"ev.one.two.three", encode(storetest.Change(id, eventstore.Head{}, "x")), "", "position 2"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc := natstest.Start(t)
			s := open(t, nc)
			if _, err := s.Append(t.Context(), storetest.Change(id, eventstore.Head{}, "a", "b")); err != nil {
				t.Fatal(err)
			}
			plant(t, nc, tc.subject, tc.body)
			texts, err := storetest.Read(t.Context(), s, id, eventstore.Head{})
			corrupt(t, err, tc.stream)
			if len(texts) != 2 && tc.follow == "" {
				t.Errorf("read %q before the damage", texts)
			}
			n := 0
			err = storetest.FollowTo(t.Context(), s, 0, 2, func(eventstore.Commit) { n++ })
			corrupt(t, err, tc.follow)
			if tc.follow != "" && n != 1 {
				t.Errorf("%d commits before the damage", n)
			}
		})
	}
}

// corrupt wants ErrCorrupt with a text, or no error when the text is empty.
func corrupt(t *testing.T, err error, text string) {
	t.Helper()
	if text == "" {
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	if !errors.Is(err, eventstore.ErrCorrupt) || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want ErrCorrupt with %q", err, text)
	}
}

func TestLoadsMakeNoConsumers(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	s := open(t, nc)
	id := storetest.Stream()
	if _, err := s.Append(t.Context(), storetest.Change(id, eventstore.Head{}, "a")); err != nil {
		t.Fatal(err)
	}
	before, subs := consumers(t, nc), nc.NumSubscriptions()
	for range 2000 {
		if _, err := storetest.Read(t.Context(), s, id, eventstore.Head{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := consumers(t, nc); n != before || nc.NumSubscriptions() != subs {
		t.Fatalf("2000 loads made %d consumers and %d subscriptions", n-before, nc.NumSubscriptions()-subs)
	}
}

func consumers(t *testing.T, nc *nats.Conn) int {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), natsstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Consumers
}

// eventually polls until ok or the test's patience ends.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(storetest.Patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not in %s", what, storetest.Patience)
		}
	}
}

func TestClosedFeedLeavesNoConsumer(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	s := open(t, nc)
	feed, err := s.Follow(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := consumers(t, nc); n != 1 {
		t.Fatalf("%d consumers for one feed", n)
	}
	feed.Close()
	eventually(t, "the consumer is gone", func() bool { return consumers(t, nc) == 0 })
	if _, err := feed.Next(t.Context(), 1); err == nil {
		t.Fatal("a closed feed goes on")
	}
}

// TestFeedNoticesItsConsumerIsGone takes away what a waiting feed lives on: it
// ends with an error, and a new one goes on behind the last commit.
func TestFeedNoticesItsConsumerIsGone(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	s := open(t, nc)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	head := appendOne(t, s, storetest.Stream(), eventstore.Head{})
	feed, err := s.Follow(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	if _, err := feed.Next(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), natsstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	for info := range stream.ListConsumers(t.Context()).Info() {
		if err := stream.DeleteConsumer(t.Context(), info.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := feed.Next(t.Context(), 10); err == nil || errors.Is(err, eventstore.ErrCorrupt) {
		t.Fatalf("a feed without its consumer: %v", err)
	}
	appendOne(t, s, storetest.Stream(), eventstore.Head{})
	n := 0
	if err := storetest.FollowTo(t.Context(), s, head.Position, 2, func(eventstore.Commit) { n++ }); err != nil || n != 1 {
		t.Fatalf("the next feed: %d commits, %v", n, err)
	}
}

func TestFeedNoticesASilentServer(t *testing.T) {
	t.Parallel()
	server := natstest.New(t)
	nc := server.Unlimited(t, nats.MaxReconnects(-1))
	s := open(t, nc, natsstore.WithHeartbeat(100*time.Millisecond))
	feed, err := s.Follow(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	// It lives through several heart-beats while nothing happens.
	got := make(chan error, 1)
	go func() {
		_, err := feed.Next(t.Context(), 10)
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("an idle feed ended: %v", err)
	case <-time.After(1500 * time.Millisecond):
	}
	ctx, cancel := context.WithTimeout(t.Context(), storetest.Patience)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-got:
		if err == nil || errors.Is(err, eventstore.ErrCorrupt) {
			t.Fatalf("a feed without a server: %v", err)
		}
	case <-ctx.Done():
		t.Fatal("the feed waits for ever")
	}
}

// TestFeedReadsWhatDoesNotFitARequest reads more than one pull request brings,
// in messages and in bytes.
func TestFeedReadsWhatDoesNotFitARequest(t *testing.T) {
	t.Parallel()
	s := open(t, natstest.Start(t))
	const commits = 5000 // above two pull requests
	var changes []eventstore.Change
	for range commits {
		changes = append(changes, storetest.Change(storetest.Stream(), eventstore.Head{}, strings.Repeat("x", 8<<10)))
		if len(changes) == 500 {
			if _, err := s.Append(t.Context(), changes...); err != nil {
				t.Fatal(err)
			}
			changes = nil
		}
	}
	n := 0
	if err := storetest.FollowTo(t.Context(), s, 0, commits, func(eventstore.Commit) { n++ }); err != nil || n != commits {
		t.Fatalf("%d commits, %v", n, err)
	}
}

func appendOne(t *testing.T, s eventstore.Store, id eventstore.StreamID, head eventstore.Head) eventstore.Head {
	t.Helper()
	heads, err := s.Append(t.Context(), storetest.Change(id, head, "a"))
	if err != nil {
		t.Fatal(err)
	}
	return heads[0]
}

// TestLoadWaitsForALaggingReplica plays a replica that has not seen the last
// acknowledged append yet: it is asked again.
func TestLoadWaitsForALaggingReplica(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	s := open(t, nc)
	id := storetest.Stream()
	head := appendOne(t, s, id, eventstore.Head{})
	body, err := storetest.Registry().Encode(t.Context(), storetest.Change(id, eventstore.Head{}, "a"))
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), natsstore.StreamName); err != nil {
		t.Fatal(err)
	}
	asked := 0
	sub, err := nc.Subscribe("$JS.API.DIRECT.GET.HEARTH", func(m *nats.Msg) {
		asked++
		end := nats.NewMsg(m.Reply)
		if asked < 4 {
			end.Header.Set("Status", "404")
			_ = nc.PublishMsg(end)
			return
		}
		found := nats.NewMsg(m.Reply)
		found.Header.Set("Nats-Subject", id.Subject())
		found.Header.Set("Nats-Sequence", fmt.Sprint(head.Position))
		found.Header.Set("Nats-Time-Stamp", "2026-11-23T02:00:00Z")
		found.Data = body
		_ = nc.PublishMsg(found)
		end.Header.Set("Status", "204")
		end.Header.Set("Nats-Num-Pending", "0")
		_ = nc.PublishMsg(end)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	texts, err := storetest.Read(t.Context(), s, id, eventstore.Head{})
	if err != nil || len(texts) != 1 {
		t.Fatalf("after %d requests: %q, %v", asked, texts, err)
	}
}

package natsstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/natsserver/rights"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// change changes the stream's configuration as an admin would.
func change(t *testing.T, nc *nats.Conn, change func(*jetstream.StreamConfig)) {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), natsstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	cfg := stream.CachedInfo().Config
	change(&cfg)
	if _, err := js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
}

// TestHarmlessChanges: notes and what the server writes itself are no difference;
// metadata of others are.
func TestHarmlessChanges(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	s := open(t, nc)
	change(t, nc, func(cfg *jetstream.StreamConfig) { cfg.Description = "events of the city" })
	if err := s.CheckConfiguration(t.Context()); err != nil {
		t.Errorf("a description: %v", err)
	}
	change(t, nc, func(cfg *jetstream.StreamConfig) { cfg.Metadata["note"] = "x" })
	if err := s.CheckConfiguration(t.Context()); !errors.Is(err, natsstore.ErrConfiguration) || !strings.Contains(err.Error(), "metadata is map[note:x]") {
		t.Errorf("foreign metadata: %v", err)
	}
}

// TestOtherReplicas: a stream with other replicas than wanted is not opened.
func TestOtherReplicas(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	if err := provision(t.Context(), nc); err != nil {
		t.Fatal(err)
	}
	_, err := natsstore.Open(t.Context(), nc, storetest.Registry(), natsstore.WithReplicas(3))
	if !errors.Is(err, natsstore.ErrConfiguration) || !strings.Contains(err.Error(), "num_replicas is 1, want 3") {
		t.Errorf("got %v, want ErrConfiguration about replicas", err)
	}
}

// TestForbiddenIsNoTimeout: what a user has no right to ends at once, with a
// reason; the handler that the connection had hears of it too.
func TestForbiddenIsNoTimeout(t *testing.T) {
	t.Parallel()
	server := natstest.New(t)
	written := openAs(t, server, rights.Service)
	id := storetest.Stream()
	appendOne(t, written, id, eventstore.Head{})

	heard := make(chan error, 10)
	hears := nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { heard <- err })
	s, err := natsstore.Open(t.Context(), server.As(t, rights.Reader, hears), storetest.Registry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, changes := range two() {
		_, err := s.Append(t.Context(), changes...)
		if !errors.Is(err, natsstore.ErrForbidden) || !errors.Is(err, eventstore.ErrReadOnly) || !strings.Contains(err.Error(), "ev.") {
			t.Errorf("%d changes by the reader: got %v, want ErrForbidden and ErrReadOnly", len(changes), err)
		}
		if err := <-heard; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("heard %v", err)
		}
	}
	// He reads in every way.
	if texts, err := storetest.Read(t.Context(), s, id, eventstore.Head{}); err != nil || len(texts) != 1 {
		t.Errorf("load by the reader: %q, %v", texts, err)
	}
	n := 0
	if err := storetest.FollowTo(t.Context(), s, 0, 1, func(eventstore.Commit) { n++ }); err != nil || n != 1 {
		t.Errorf("follow by the reader: %d, %v", n, err)
	}

	quiet := nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})
	other, err := natsstore.Open(t.Context(), server.As(t, rights.Provisioner, quiet), storetest.Registry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	_, err = storetest.Read(t.Context(), other, id, eventstore.Head{})
	if !errors.Is(err, natsstore.ErrForbidden) {
		t.Errorf("load by the provisioner: got %v, want ErrForbidden", err)
	}
	if _, err := other.Follow(t.Context(), 0); !errors.Is(err, natsstore.ErrForbidden) {
		t.Errorf("follow by the provisioner: got %v, want ErrForbidden", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := provision(ctx, server.As(t, rights.Service, quiet)); !errors.Is(err, natsstore.ErrForbidden) {
		t.Errorf("provision by the service: got %v, want ErrForbidden", err)
	}
}

// TestReaderFollows reads a long log through the reader's account, to its end and
// beyond.
func TestReaderFollows(t *testing.T) {
	t.Parallel()
	server := natstest.New(t, natstest.WithoutUnlimited())
	written := openAs(t, server, rights.Service)
	const commits = 6000 // above two pull requests
	var changes []eventstore.Change
	for range commits {
		if changes = append(changes, storetest.Change(storetest.Stream(), eventstore.Head{}, "x")); len(changes) == 1000 {
			if _, err := written.Append(t.Context(), changes...); err != nil {
				t.Fatal(err)
			}
			changes = nil
		}
	}
	s := openAs(t, server, rights.Reader)
	feed, err := s.Follow(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	ctx, cancel := context.WithTimeout(t.Context(), storetest.Patience)
	defer cancel()
	for n := 0; n <= commits; {
		if n == commits {
			appendOne(t, written, storetest.Stream(), eventstore.Head{})
		}
		page, err := feed.Next(ctx, commits)
		if err != nil {
			t.Fatalf("after %d commits: %v", n, err)
		}
		n += len(page)
	}
}

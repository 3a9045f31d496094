// Package natsstore is the eventstore.Store on NATS JetStream: one stream, one
// message per commit, the stream sequence as the global order.
//
// It promises what eventstore.Store demands, as long as the server syncs every
// write (adapters/natsserver does; an external one must be told sync_interval:
// always). Reads and writes use the same connection and one reply subscription;
// a consumer exists only for each open Feed.
//
// Start with Provision, which makes the stream, and Open. Append is in
// append.go, the grouping of appends in group.go, loads in load.go, the global
// order in feed.go, what else is asked of the server in api.go, the watch over
// the stream's configuration in configuration.go.
package natsstore

import (
	"cmp"
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/nats-io/nats.go"

	"hearth/eventstore"
)

const (
	// ackWait is how long the server has to answer. After that the outcome of
	// an append is unknown.
	ackWait = 5 * time.Second
	// catchUp is how long a replica that lags may need to show what was
	// acknowledged.
	catchUp = 2 * time.Second
	// remembered is for how many streams the last known position is kept.
	remembered = 1 << 16
)

// Option changes a store.
type Option func(*Store)

// WithStream opens a stream of another name than StreamName, for tests.
func WithStream(name string) Option {
	return func(s *Store) { s.name = name }
}

// WithReplicas refuses a stream that has not so many.
func WithReplicas(n int) Option {
	return func(s *Store) { s.replicas = n }
}

// Store keeps events in a JetStream stream. Safe for concurrent use.
type Store struct {
	name     string
	replicas int // as wanted, or as found at the opening
	nc       *nats.Conn
	registry *eventstore.Registry
	replies  *replies
	group    group
	// heartbeat is how often the server shows on an idle feed that it is there.
	heartbeat time.Duration
	// known is the position at which a stream was last seen to end: what was
	// acknowledged here, or told by a conflict. A load that ends before it was
	// answered by a replica that lags.
	known *lru.Cache[eventstore.StreamID, eventstore.Position]
}

var _ eventstore.Store = (*Store)(nil)

// Open makes a Store on a connection, which stays the caller's. A stream that is
// missing or not configured as Provision does is ErrConfiguration.
func Open(ctx context.Context, nc *nats.Conn, registry *eventstore.Registry, opts ...Option) (*Store, error) {
	known, err := lru.New[eventstore.StreamID, eventstore.Position](remembered)
	if err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	s := &Store{name: StreamName, nc: nc, registry: registry, known: known, heartbeat: 5 * time.Second}
	s.group.store = s
	for _, opt := range opts {
		opt(s)
	}
	if s.replies, err = newReplies(nc); err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	s.hearRefusals()
	info, err := s.info(ctx)
	if err == nil {
		s.replicas = cmp.Or(s.replicas, info.replicas())
		err = info.check(Config{Stream: s.name, Replicas: s.replicas})
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open event store: %w", err)
	}
	return s, nil
}

// Close ends the store and returns when nothing of it is left running. Appends
// under way end with an unknown outcome. Feeds are closed by their owners.
func (s *Store) Close() {
	s.replies.close()
	s.group.wait()
}

// End implements eventstore.Store.
func (s *Store) End(ctx context.Context) (eventstore.Position, error) {
	info, err := s.info(ctx)
	if err != nil {
		return 0, err
	}
	return eventstore.Position(info.State.LastSeq), nil
}

// Identity implements eventstore.Store: the id that the log was given when it
// began, which it keeps when the stream is made anew from a copy.
func (s *Store) Identity(ctx context.Context) (eventstore.Identity, error) {
	info, err := s.info(ctx)
	if err != nil {
		return "", err
	}
	return eventstore.Identity(info.logID()), nil
}

// learn remembers that a stream reaches at least to a position.
func (s *Store) learn(id eventstore.StreamID, pos eventstore.Position) {
	if known, ok := s.known.Peek(id); !ok || known < pos {
		s.known.Add(id, pos)
	}
}

// moved reports that a stream is known to reach behind the head that a change
// expects.
func (s *Store) moved(c eventstore.Change) bool {
	known, _ := s.known.Peek(c.Stream)
	return known > c.Head.Position
}

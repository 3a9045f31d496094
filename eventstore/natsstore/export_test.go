package natsstore

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"hearth/eventstore"
)

// WithHeartbeat makes feeds notice a silent server sooner than production does.
func WithHeartbeat(d time.Duration) Option {
	return func(s *Store) { s.heartbeat = d }
}

// Decided is the configuration that Provision makes.
func Decided(cfg Config) jetstream.StreamConfig { return decided(cfg) }

// WithGrouping fixes from how many waiting appends on they go in one batch.
func WithGrouping(from int) Option {
	return func(s *Store) { s.group.fixed = from }
}

// SecretsOf is what an attacker would have to guess about an open feed: the name of
// its consumer and the subject on which it listens.
func SecretsOf(f eventstore.MessageFeed) (consumer, inbox string) {
	return f.(*feed).consumer, f.(*feed).inbox
}

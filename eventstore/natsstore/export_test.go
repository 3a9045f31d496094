package natsstore

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"
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

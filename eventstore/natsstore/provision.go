package natsstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// StreamName is the stream of all events.
const StreamName = "HEARTH"

// ErrConfiguration says that the stream is missing or not configured so that
// events are safe in it. The text names every field that differs.
var ErrConfiguration = errors.New("natsstore: stream configuration")

// Config is what may be chosen about the stream.
type Config struct {
	// Stream is its name; StreamName when empty.
	Stream string
	// Replicas is 1 or 3; 1 when zero.
	Replicas int
	// Log is the id of the log when the stream is made anew from a copy; a new
	// one is drawn when it is empty. It is not compared with that of a stream
	// that exists.
	Log string
}

// logKey is the key of the stream's metadata under which the id of the log is.
// The time at which the stream was made would not do: a stream that is made
// anew from the archive is the same log.
const logKey = "hearth-log"

// Provision creates the stream with the decided configuration. It leaves an
// existing stream alone: one that differs is ErrConfiguration. It needs rights
// that the service's own user must not have.
func Provision(ctx context.Context, js jetstream.JetStream, cfg Config) error {
	if cfg.Stream == "" {
		cfg.Stream = StreamName
	}
	if cfg.Replicas == 0 {
		cfg.Replicas = 1
	}
	if cfg.Log == "" {
		cfg.Log = uuid.NewString()
	}
	want := decided(cfg)
	want.Metadata = map[string]string{logKey: cfg.Log}
	_, err := js.CreateStream(ctx, want)
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // its id, at least, is another
		err = checkStream(ctx, js.Conn(), cfg)
	}
	if err != nil {
		return fmt.Errorf("provision stream %s: %w", cfg.Stream, forbidden(js.Conn(), apiPrefix+"STREAM.", err))
	}
	return nil
}

// checkStream compares the stream that exists with the decided configuration.
func checkStream(ctx context.Context, nc *nats.Conn, cfg Config) error {
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	m, err := nc.RequestWithContext(ctx, infoSubject(cfg.Stream), nil)
	if err != nil {
		return err
	}
	info, err := readInfo(cfg.Stream, m.Data)
	if err != nil {
		return err
	}
	return info.check(cfg)
}

// decided is the configuration of architecture.md 4: nothing is ever removed,
// every subject belongs to one stream of events, an append is all or nothing.
func decided(cfg Config) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               cfg.Stream,
		Subjects:           []string{"ev.>"},
		Storage:            jetstream.FileStorage,
		Replicas:           cfg.Replicas,
		Retention:          jetstream.LimitsPolicy,
		Discard:            jetstream.DiscardNew,
		MaxConsumers:       -1,
		MaxMsgs:            -1,
		MaxBytes:           -1,
		MaxMsgsPerSubject:  -1,
		MaxMsgSize:         -1,
		Duplicates:         2 * time.Minute,
		DenyDelete:         true,
		DenyPurge:          true,
		AllowDirect:        true,
		AllowAtomicPublish: true,
	}
}

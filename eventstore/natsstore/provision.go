package natsstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
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
		var info *jetstream.StreamInfo
		if info, err = check(ctx, js, cfg.Stream); err == nil && info.Config.Replicas != cfg.Replicas {
			err = fmt.Errorf("%w: Replicas is %d, want %d", ErrConfiguration, info.Config.Replicas, cfg.Replicas)
		}
	}
	if err != nil {
		return fmt.Errorf("provision stream %s: %w", cfg.Stream, err)
	}
	return nil
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

// check compares the stream with the decided configuration, whatever its
// replicas.
func check(ctx context.Context, js jetstream.JetStream, name string) (*jetstream.StreamInfo, error) {
	stream, err := js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("%w: there is no stream %s", ErrConfiguration, name)
	}
	if err != nil {
		return nil, fmt.Errorf("stream info of %s: %w", name, err)
	}
	info := stream.CachedInfo()
	diff := differences(decided(Config{Stream: name, Replicas: info.Config.Replicas}), info.Config)
	if info.Config.Metadata[logKey] == "" {
		diff = append(diff, "Metadata has no "+logKey)
	}
	if len(diff) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrConfiguration, strings.Join(diff, "; "))
	}
	return info, nil
}

// differences lists the fields in which got is not want. Fields that a later
// server adds are compared too: they must be zero.
func differences(want, got jetstream.StreamConfig) []string {
	// Notes, and where replicas are placed, change nothing about safety.
	got.Description, got.Metadata, got.Placement = "", nil, nil
	var diff []string
	w, g := reflect.ValueOf(want), reflect.ValueOf(got)
	for i := range w.NumField() {
		if !reflect.DeepEqual(w.Field(i).Interface(), g.Field(i).Interface()) {
			diff = append(diff, fmt.Sprintf("%s is %+v, want %+v", w.Type().Field(i).Name, g.Field(i), w.Field(i)))
		}
	}
	return diff
}

// CheckConfiguration compares the stream with the decided configuration. A
// difference is ErrConfiguration.
func (s *Store) CheckConfiguration(ctx context.Context) error {
	_, err := check(ctx, s.js, s.name)
	return err
}

package natsstore_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

func TestProvisionAgainChangesNothing(t *testing.T) {
	t.Parallel()
	nc := natstest.Start(t)
	open(t, nc)
	open(t, nc)
}

func TestOpenWithoutAStream(t *testing.T) {
	t.Parallel()
	_, err := natsstore.Open(t.Context(), natstest.Start(t), storetest.Registry())
	if !errors.Is(err, natsstore.ErrConfiguration) || !strings.Contains(err.Error(), "no stream HEARTH") {
		t.Fatalf("got %v, want ErrConfiguration", err)
	}
}

func TestOtherConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*jetstream.StreamConfig){
		"subjects":             func(c *jetstream.StreamConfig) { c.Subjects = []string{"ev.>", "other"} },
		"storage":              func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"retention":            func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy },
		"discard":              func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"max_msgs":             func(c *jetstream.StreamConfig) { c.MaxMsgs = 1_000_000 },
		"max_bytes":            func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 30 },
		"max_age":              func(c *jetstream.StreamConfig) { c.MaxAge = 1000 * time.Hour },
		"max_msgs_per_subject": func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 10 },
		"max_consumers":        func(c *jetstream.StreamConfig) { c.MaxConsumers = 5 },
		"duplicate_window":     func(c *jetstream.StreamConfig) { c.Duplicates = time.Second },
		"deny_delete":          func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"deny_purge":           func(c *jetstream.StreamConfig) { c.DenyPurge = false },
		"allow_direct":         func(c *jetstream.StreamConfig) { c.AllowDirect = false },
		"allow_atomic":         func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"allow_msg_ttl":        func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true },
		"no_ack":               func(c *jetstream.StreamConfig) { c.NoAck, c.AllowAtomicPublish = true, false },
	}
	for field, change := range changes {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			nc := natstest.Start(t)
			js, err := jetstream.New(nc)
			if err != nil {
				t.Fatal(err)
			}
			cfg := natsstore.Decided(natsstore.Config{Stream: natsstore.StreamName, Replicas: 1})
			change(&cfg)
			if _, err := js.CreateStream(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
			_, openErr := natsstore.Open(t.Context(), nc, storetest.Registry())
			for _, err := range []error{openErr, natsstore.Provision(t.Context(), js, natsstore.Config{})} {
				if !errors.Is(err, natsstore.ErrConfiguration) || !strings.Contains(err.Error(), field+" is ") {
					t.Errorf("got %v, want ErrConfiguration about %s", err, field)
				}
			}
		})
	}
}

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
		"Subjects":           func(c *jetstream.StreamConfig) { c.Subjects = []string{"ev.>", "other"} },
		"Storage":            func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"Retention":          func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy },
		"Discard":            func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"MaxMsgs":            func(c *jetstream.StreamConfig) { c.MaxMsgs = 1_000_000 },
		"MaxBytes":           func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 30 },
		"MaxAge":             func(c *jetstream.StreamConfig) { c.MaxAge = 1000 * time.Hour },
		"MaxMsgsPerSubject":  func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 10 },
		"MaxConsumers":       func(c *jetstream.StreamConfig) { c.MaxConsumers = 5 },
		"Duplicates":         func(c *jetstream.StreamConfig) { c.Duplicates = time.Second },
		"DenyDelete":         func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"DenyPurge":          func(c *jetstream.StreamConfig) { c.DenyPurge = false },
		"AllowDirect":        func(c *jetstream.StreamConfig) { c.AllowDirect = false },
		"AllowAtomicPublish": func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"AllowMsgTTL":        func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true },
		"NoAck":              func(c *jetstream.StreamConfig) { c.NoAck, c.AllowAtomicPublish = true, false },
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

package natsstore_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// provisioned makes the stream and opens a store on it.
func provisioned(ctx context.Context, nc *nats.Conn, opts ...natsstore.Option) (*natsstore.Store, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	if err := natsstore.Provision(ctx, js, natsstore.Config{}); err != nil {
		return nil, err
	}
	return natsstore.Open(ctx, nc, storetest.Registry(), opts...)
}

// open opens a store on a fresh server, until the test ends.
func open(t testing.TB, nc *nats.Conn, opts ...natsstore.Option) *natsstore.Store {
	t.Helper()
	s, err := provisioned(t.Context(), nc, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) eventstore.Store { return open(t, natstest.Start(t)) })
}

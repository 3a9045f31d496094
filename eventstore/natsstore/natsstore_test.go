package natsstore_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/natsserver/rights"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// provision makes the stream.
func provision(ctx context.Context, nc *nats.Conn) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	return natsstore.Provision(ctx, js, natsstore.Config{})
}

// open opens a store on a fresh server, until the test ends.
func open(t testing.TB, nc *nats.Conn, opts ...natsstore.Option) *natsstore.Store {
	t.Helper()
	if err := provision(t.Context(), nc); err != nil {
		t.Fatal(err)
	}
	s, err := natsstore.Open(t.Context(), nc, storetest.Registry(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// openAs opens a store with the rights of a user of production.
func openAs(t testing.TB, server *natstest.Server, user rights.User, opts ...natsstore.Option) *natsstore.Store {
	t.Helper()
	if err := provision(t.Context(), server.As(t, rights.Provisioner)); err != nil {
		t.Fatal(err)
	}
	s, err := natsstore.Open(t.Context(), server.As(t, user), storetest.Registry(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestContract runs with the rights of the service: they must suffice.
func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) eventstore.Store { return openAs(t, natstest.New(t), rights.Service) })
}

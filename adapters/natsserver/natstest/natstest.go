// Package natstest gives each test a NATS server of its own: about a
// millisecond, in this process, with its files in the test's folder.
package natstest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"hearth/adapters/natsserver"
)

// stopLimit bounds the wait for the server at the end of a test.
const stopLimit = time.Minute

// Option changes how the server is started.
type Option func(*natsserver.Config)

// WithSync acknowledges only what is on disk, as production does. Without it
// tests are spared the wait for the disk.
func WithSync() Option {
	return func(cfg *natsserver.Config) { cfg.UnsafeNoSync = false }
}

// WithLog sends the server's log to log.
func WithLog(log *slog.Logger) Option {
	return func(cfg *natsserver.Config) { cfg.Logger = log }
}

// Start runs a fresh server and returns a connection inside this process. Both
// end with the test.
func Start(t testing.TB, opts ...Option) *nats.Conn {
	t.Helper()
	conn, err := Server(t, opts...).Connect()
	if err != nil {
		t.Fatalf("connect to the test's nats server: %v", err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// StartListening runs a fresh server with a port on the loopback address and
// returns its address, for tests that need TCP.
func StartListening(t testing.TB, opts ...Option) string {
	t.Helper()
	listen := func(cfg *natsserver.Config) { cfg.Listen = true }
	return Server(t, append(opts, listen)...).URL()
}

// Server runs a fresh server for tests that stop it themselves or open several
// connections.
func Server(t testing.TB, opts ...Option) *natsserver.Server {
	t.Helper()
	cfg := natsserver.Config{StoreDir: t.TempDir(), UnsafeNoSync: true, Logger: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&cfg)
	}
	server, err := natsserver.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("start the test's nats server: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("stop the test's nats server: %v", err)
		}
	})
	return server
}

// Package natstest gives each test a NATS server of its own: about a
// millisecond, in this process, with its files in the test's folder.
package natstest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"hearth/adapters/natsserver"
	"hearth/adapters/natsserver/rights"
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

// WithoutUnlimited leaves only the users of production, and closed what is closed
// in production.
func WithoutUnlimited() Option {
	return func(cfg *natsserver.Config) { cfg.Unlimited = "" }
}

// Server is a test's own server.
type Server struct {
	*natsserver.Server
	unlimited nkeys.KeyPair
}

// Start runs a fresh server and returns a connection inside this process, which
// may do everything. Both end with the test.
func Start(t testing.TB, opts ...Option) *nats.Conn {
	t.Helper()
	return New(t, opts...).Unlimited(t)
}

// New runs a fresh server, for tests that stop it themselves or open several
// connections.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	cfg := natsserver.Config{StoreDir: t.TempDir(), UnsafeNoSync: true, Unlimited: public, Logger: slog.New(slog.DiscardHandler)}
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
	return &Server{server, pair}
}

// Unlimited opens a connection that may do everything in the account of the
// events.
func (s *Server) Unlimited(t testing.TB, opts ...nats.Option) *nats.Conn {
	t.Helper()
	public, err := s.unlimited.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	own := []nats.Option{nats.InProcessServer(s), nats.Nkey(public, s.unlimited.Sign)}
	conn, err := nats.Connect("", append(opts, own...)...)
	if err != nil {
		t.Fatalf("connect to the test's nats server: %v", err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// As opens a connection as one of the users of production.
func (s *Server) As(t testing.TB, user rights.User, opts ...nats.Option) *nats.Conn {
	t.Helper()
	conn, err := s.Connect(user, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

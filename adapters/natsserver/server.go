package natsserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"hearth/adapters/dirlock"
	"hearth/adapters/natsserver/rights"
)

// lockFile is the file inside the store folder that keeps a second server out.
const lockFile = "nats.lock"

// recoveringEvery is how often a start that takes its time says so.
const recoveringEvery = 2 * time.Second

// ErrInUse says that another process uses the store folder.
var ErrInUse = errors.New("事件库文件夹正由另一个 hearth 使用,请先停止它,或换一个状态文件夹")

// Config says where the events are kept. The zero value of every field but
// StoreDir is the right one for production.
type Config struct {
	// StoreDir holds the streams. It is made when missing.
	StoreDir string
	// UnsafeNoSync acknowledges before the disk has the message. A power cut
	// then loses acknowledged events: for tests and comparisons only.
	UnsafeNoSync bool
	// Listen opens a port on the loopback address chosen by the system. Without
	// it the server can be reached from this process alone. Users and rights are
	// the same on both ways.
	Listen bool
	// Unlimited is the public nkey of one more user, who may do everything in the
	// account of the events, and then nothing is closed (rights.Config). Only
	// tests have one: to play the attacker, and to plant damage.
	Unlimited string
	// MaxMemory and MaxStore limit JetStream in bytes; 0 leaves the choice to
	// the server.
	MaxMemory, MaxStore int64
	// Before, when set, is called when the folder is locked and before the server
	// opens it: the server changes damaged files. Its error ends the start.
	Before func(context.Context) error
	// Logger takes the server's log; nil is slog.Default.
	Logger *slog.Logger
}

// Server is a running NATS server with JetStream inside this process.
type Server struct {
	nats *server.Server
	keys keys
	lock *dirlock.Lock
	end  func() // begins the end, once

	gone     chan struct{} // closed when the server has ended and released its folder
	released error         // of releasing the folder; to be read after gone
}

// Start runs a server on cfg.StoreDir and returns when JetStream has recovered
// and takes connections. After kill -9 that can take seconds: a line is logged
// every two seconds meanwhile. Ending ctx gives up the start.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.StoreDir == "" {
		return nil, errors.New("start nats server: no store folder given")
	}
	log := cfg.Logger
	if log == nil {
		log = slog.Default()
	}
	log = log.With("component", "nats")
	lock, err := dirlock.Acquire(ctx, cfg.StoreDir, lockFile)
	if errors.Is(err, dirlock.ErrHeld) {
		return nil, fmt.Errorf("%w(%w)", ErrInUse, err)
	}
	if err != nil {
		return nil, fmt.Errorf("start nats server: %w", err)
	}
	s, err := launch(ctx, cfg, log, lock)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start nats server: %w", err), lock.Release())
	}
	return s, nil
}

// launch starts the server on a folder that is locked for it.
func launch(ctx context.Context, cfg Config, log *slog.Logger, lock *dirlock.Lock) (*Server, error) {
	if cfg.Before != nil {
		if err := cfg.Before(ctx); err != nil {
			return nil, err
		}
	}
	if err := takeOver(cfg.StoreDir, log); err != nil {
		return nil, err
	}
	keys, err := drawKeys()
	if err != nil {
		return nil, err
	}
	opts, err := options(cfg, keys)
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	bridge := newBridge(log)
	ns.SetLoggerV2(bridge, false, false, false)

	started := make(chan struct{})
	go func() {
		defer close(started)
		ns.Start()
	}()
	err = awaitStart(ctx, started, log)
	if text := bridge.lastFatal(); err == nil && text != "" {
		// Start has no error to return and may leave JetStream half open: what went
		// wrong is only in the log.
		err = errors.New(text)
	}
	if err != nil {
		halt(ns)
		return nil, err
	}
	s := &Server{nats: ns, keys: keys, lock: lock, gone: make(chan struct{})}
	s.end = sync.OnceFunc(func() { go s.shutdown() })
	return s, nil
}

// options is the server's configuration. Signals stay with the program: it
// decides in which order things stop.
func options(cfg Config, keys keys) (*server.Options, error) {
	public, err := keys.public()
	if err != nil {
		return nil, err
	}
	opts := &server.Options{}
	if err := opts.ProcessConfigString(rights.Config{Keys: public, Unlimited: cfg.Unlimited}.String()); err != nil {
		return nil, fmt.Errorf("rights: %w", err)
	}
	opts.ServerName = "hearth"
	opts.JetStream = true
	opts.StoreDir = cfg.StoreDir
	opts.SyncAlways = !cfg.UnsafeNoSync
	opts.JetStreamMaxMemory = cfg.MaxMemory
	opts.JetStreamMaxStore = cfg.MaxStore
	opts.DontListen = !cfg.Listen
	opts.Host = "127.0.0.1"
	opts.Port = server.RANDOM_PORT
	opts.NoSigs = true
	opts.DisableJetStreamBanner = true
	return opts, nil
}

// awaitStart waits for the start to end and says from time to time that it has
// not. A recovery that has begun cannot be interrupted: when ctx ends first, it
// is waited for all the same, because the folder must not be given away before.
func awaitStart(ctx context.Context, started <-chan struct{}, log *slog.Logger) error {
	begun := time.Now()
	tick := time.NewTicker(recoveringEvery)
	defer tick.Stop()
	for {
		select {
		case <-started:
			return ctx.Err()
		case <-tick.C:
			log.InfoContext(ctx, "nats server is recovering", "seconds", int(time.Since(begun).Seconds()))
		}
	}
}

// halt ends a server. LameDuckShutdown would do nothing here: it begins with
// closing the port, and there is none.
func halt(ns *server.Server) {
	ns.Shutdown()
	ns.WaitForShutdown()
}

// Connect opens a connection as a user that never leaves this process.
func (s *Server) Connect(user rights.User, opts ...nats.Option) (*nats.Conn, error) {
	own := []nats.Option{nats.InProcessServer(s), nats.CustomInboxPrefix(user.Inbox()), s.keys.option(user)}
	conn, err := nats.Connect("", append(opts, own...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to the embedded nats server as %s: %w", user, err)
	}
	return conn, nil
}

// InProcessConn makes Server a nats.InProcessConnProvider. The connection is
// nobody's yet: without a key the server refuses it.
func (s *Server) InProcessConn() (net.Conn, error) { return s.nats.InProcessConn() }

// SyncAlways says whether an acknowledged message is on disk.
func (s *Server) SyncAlways() bool {
	cfg := s.nats.JetStreamConfig()
	return cfg != nil && cfg.SyncAlways
}

// URL is the address for clients; empty unless Config.Listen was set.
func (s *Server) URL() string {
	if s.nats.Addr() == nil {
		return ""
	}
	return s.nats.ClientURL()
}

// Stop ends the server and gives its folder back. Connections are not drained:
// their owners do that before. It may be called again, and from several
// goroutines; all of them return when the server has ended, or with ctx.
func (s *Server) Stop(ctx context.Context) error {
	s.end()
	select {
	case <-s.gone:
		return s.released
	case <-ctx.Done():
		return fmt.Errorf("stop nats server: %w", context.Cause(ctx))
	}
}

// Close is Stop without a limit.
func (s *Server) Close() error {
	s.end()
	<-s.gone
	return s.released
}

func (s *Server) shutdown() {
	defer close(s.gone)
	halt(s.nats)
	s.released = s.lock.Release()
}

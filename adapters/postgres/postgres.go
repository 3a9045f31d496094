// Package postgres opens the database: a pool with settings that suit us, the
// types of package domain as arguments and results, and the few tables that
// cannot be rebuilt from the event log.
//
// Read Open first. Every pool in the program comes from it, those of tests
// included, so that a domain.Date or a domain.Fen works in any query.
package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options are the settings of a pool. The zero Options are good for serving.
type Options struct {
	// ApplicationName is shown in pg_stat_activity; empty means "hearth".
	ApplicationName string
	// MaxConns bounds the pool; 0 means 16.
	MaxConns int32
	// StatementTimeout ends what a page asks and does not get; 0 means 30 s,
	// below 0 none. Writers of read models set their own.
	StatementTimeout time.Duration
}

const (
	defaultConns   = 16
	defaultTimeout = 30 * time.Second
	connectTimeout = 5 * time.Second
)

// Open makes a pool and checks that the server answers and is one that we can
// work with (see Check).
func Open(ctx context.Context, dsn string, opts Options) (*pgxpool.Pool, error) {
	cfg, err := Config(dsn, opts)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	health, err := Check(ctx, pool)
	if err == nil {
		err = health.Err()
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// Config is what Open opens, for those who must change it first. What the
// address itself says (pool_max_conns, statement_timeout, application_name …)
// wins over our settings, but not over the time zone.
func Config(dsn string, opts Options) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err) // pgx leaves out the password
	}
	conn := cfg.ConnConfig
	if conn.ConnectTimeout == 0 || conn.ConnectTimeout > time.Minute {
		conn.ConnectTimeout = connectTimeout
	}
	set := func(name, value string) {
		if _, said := conn.RuntimeParams[name]; !said {
			conn.RuntimeParams[name] = value
		}
	}
	set("application_name", or(opts.ApplicationName, "hearth"))
	if timeout := or(opts.StatementTimeout, defaultTimeout); timeout > 0 {
		set("statement_timeout", fmt.Sprint(timeout.Milliseconds()))
	}
	// A transaction that nobody goes on with would keep vacuum from its work.
	set("idle_in_transaction_session_timeout", "60000")
	// A peer that vanished without a word is noticed within 30 s. Ignored on a
	// Unix socket, where that cannot happen.
	set("tcp_keepalives_idle", "15")
	set("tcp_keepalives_interval", "5")
	set("tcp_keepalives_count", "3")
	conn.RuntimeParams["timezone"] = "UTC"
	conn.RuntimeParams["client_encoding"] = "UTF8"
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = or(opts.MaxConns, defaultConns)
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.HealthCheckPeriod = 15 * time.Second
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		RegisterTypes(conn.TypeMap())
		return nil
	}
	return cfg, nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

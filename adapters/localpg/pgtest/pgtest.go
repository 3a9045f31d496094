// Package pgtest gives each test a PostgreSQL database of its own.
//
// The tests of one process share a cluster, which is started for the first of
// them and ends with the process, however that ends. A database is made from
// an empty template in some 40 ms and dropped with its test. When PostgreSQL is
// missing, tests fail and say what to install.
//
// The cluster works without fsync and in memory when there is room, as nothing
// in it must outlive a power cut; WithSync asks for one like that in production.
//
// A package that looks for goroutines left over ends its tests with Main:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"hearth/adapters/postgres"
)

// dropLimit bounds the work at the end of a test.
const dropLimit = time.Minute

// Option changes which database a test gets.
type Option func(*wish)

// wish is what a test asks for.
type wish struct {
	kind     kind
	template string // the database that is copied
}

// WithSync asks for a cluster that writes to disk as in production, for
// measurements and for tests that kill postgres.
func WithSync() Option { return func(w *wish) { w.kind = synced } }

// Installed asks for a database as an installation has it: with the empty archive
// of messages and the empty vault of keys.
func Installed() Option { return func(w *wish) { w.template = model } }

// databases counts those made by this process, for their names.
var databases atomic.Int64

// DSN makes a fresh, empty database and returns its address. It is dropped when
// the test ends, also when connections to it are still open.
func DSN(t testing.TB, opts ...Option) string {
	t.Helper()
	want := wish{kind: relaxed, template: "template1"}
	for _, opt := range opts {
		opt(&want)
	}
	address, err := dsnOf(t.Context(), want.kind)
	if err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", err)
	}
	address.Path = "/postgres"
	dsn, name := address.String(), fmt.Sprintf("test_%d", databases.Add(1))
	if err := run(t.Context(), dsn, fmt.Sprintf("create database %s template %s", name, want.template)); err != nil {
		t.Fatalf("make a database for the test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), dropLimit)
		defer cancel()
		if err := drop(ctx, dsn, name); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	address.Path = "/" + name
	return address.String()
}

// drop removes a database with the connections to it. PostgreSQL refuses it while
// one of its own workers, an autovacuum, is in there, which no user may end; that
// one is soon done.
func drop(ctx context.Context, dsn, name string) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := run(ctx, dsn, "drop database "+name+" with (force)")
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "42501" {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return err
		}
	}
}

// Pool makes a fresh, empty database and opens it as the program does. Both end
// with the test.
func Pool(t testing.TB, opts ...Option) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), DSN(t, opts...), postgres.Options{MaxConns: 8})
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Main runs the tests of a package, stops what they shared, and fails when they
// left a goroutine running. It does not return. Packages without it lose
// nothing else: their cluster ends with the process, and its folder is removed
// by the next one.
func Main(m *testing.M) {
	code := m.Run()
	err := stopAll()
	if code == 0 {
		err = errors.Join(err, goleak.Find())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run executes one statement on a connection of its own: no pool, so that no
// goroutine is left over when tests look for such.
func run(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

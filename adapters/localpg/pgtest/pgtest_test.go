package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/localpg/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestPoolIsAFreshDatabase(t *testing.T) {
	t.Parallel()
	for range 2 {
		pool := pgtest.Pool(t)
		if _, err := pool.Exec(t.Context(), "create table t (n int); insert into t values (1)"); err != nil {
			t.Fatal(err)
		}
	}
}

// The connection stays open: the drop must not wait for it.
func TestDSNIsDroppedWithItsTest(t *testing.T) {
	t.Parallel()
	var conn *pgx.Conn
	t.Run("user", func(t *testing.T) {
		var err error
		if conn, err = pgx.Connect(t.Context(), pgtest.DSN(t)); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() { conn.Close(context.Background()) })
	again, err := pgx.ConnectConfig(t.Context(), conn.Config())
	if err == nil {
		again.Close(t.Context())
		t.Errorf("the database %s is still there", conn.Config().Database)
	}
}

func TestSync(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string][]pgtest.Option{"off": nil, "on": {pgtest.WithSync()}} {
		var got string
		if err := pgtest.Pool(t, opts...).QueryRow(t.Context(), "show fsync").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("fsync: got %s, want %s", got, want)
		}
	}
}

func BenchmarkDSN(b *testing.B) {
	pgtest.DSN(b)
	for b.Loop() {
		pgtest.DSN(b)
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string][]pgtest.Option{"": nil, "hearth_keeper": {pgtest.Installed()}} {
		var owner string
		err := pgtest.Pool(t, opts...).QueryRow(t.Context(), "select coalesce((select tableowner from pg_tables where schemaname = 'archive' and tablename = 'log'), '')").Scan(&owner)
		if err != nil || owner != want {
			t.Errorf("owner of the archive: %q, %v; want %q", owner, err, want)
		}
	}
}

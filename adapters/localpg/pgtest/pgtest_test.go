package pgtest_test

import (
	"testing"

	"hearth/adapters/localpg/pgtest"
)

func TestPoolIsAFreshDatabase(t *testing.T) {
	t.Parallel()
	for range 2 {
		pool := pgtest.Pool(t)
		if _, err := pool.Exec(t.Context(), "create table t (n int); insert into t values (1)"); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkDSN(b *testing.B) {
	pgtest.DSN(b)
	for b.Loop() {
		pgtest.DSN(b)
	}
}

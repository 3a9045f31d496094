package calls_test

import (
	"testing"
	"time"

	"hearth/adapters/calls"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
)

func TestACallIsTakenOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	if err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	c := calls.New(pool, func() time.Time { return now })
	first, err := c.Announce(t.Context(), "13800001234")
	if err != nil {
		t.Fatal(err)
	}
	old, err := c.Announce(t.Context(), "13900001234")
	if err != nil {
		t.Fatal(err)
	}
	take := func(ref string) string {
		phone, found, err := c.Take(t.Context(), ref)
		if err != nil || found != (phone != "") {
			t.Errorf("take: %q %v %v", phone, found, err)
		}
		return phone
	}
	if got := take(first); got != "13800001234" {
		t.Errorf("took %q", got)
	}
	if got := take(first); got != "" {
		t.Error("taken twice")
	}
	if got := take("unknown"); got != "" {
		t.Error("took a call that nobody announced")
	}
	now = now.Add(15 * time.Minute)
	if got := take(old); got != "" {
		t.Error("took a call that is too old")
	}
}

package complaints

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/projections/projtest"
	"hearth/projections/text"
)

func TestShreddedNarratives(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := worked(o)
	live, rebuilt := projtest.Shredded(t, New(o.log.Vault()), o.log, []string{f.id.String()}, func() { worked(o) })
	for name, pool := range map[string]*pgxpool.Pool{"live": live, "rebuilt": rebuilt} {
		q := Queries{pool, o.log.Vault()}
		row, err := q.Get(t.Context(), everything, f.id)
		if err != nil || row.Summary != text.Shredded {
			t.Errorf("%s: summary %q, %v", name, row.Summary, err)
		}
		all := must[Page[Row]](t)(q.List(t.Context(), everything, Filter{}, ""))
		if len(all.Rows) != 2 || all.Rows[0].Summary == "" || all.Rows[0].Summary == text.Shredded || all.Rows[1].Summary != text.Shredded {
			t.Errorf("%s: a case that is shredded and one that is not: %q, %q", name, all.Rows[0].Summary, all.Rows[1].Summary)
		}
	}
}

// TestBuiltWhileSuspended: nothing is missing when the data are in use again.
func TestBuiltWhileSuspended(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := worked(o)
	q := Queries{projtest.Suspended(t, New(o.log.Vault()), o.log, f.id.String()), o.log.Vault()}
	if row, err := q.Get(t.Context(), everything, f.id); err != nil || row.Summary != text.Suspended {
		t.Errorf("suspended: %q, %v", row.Summary, err)
	}
	if err := o.log.Vault().Unsuspend(t.Context(), 1<<20, f.id.String()); err != nil {
		t.Fatal(err)
	}
	if row, err := q.Get(t.Context(), everything, f.id); err != nil || row.Summary == "" || text.Withheld(row.Summary) {
		t.Errorf("in use again: %q, %v", row.Summary, err)
	}
}

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

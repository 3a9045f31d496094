package complaints

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ByIDs are cases in the order of their ids; those that are not known, and those
// that the viewer may not see, are left out.
func (q Queries) ByIDs(ctx context.Context, v Viewer, ids []uuid.UUID) ([]Row, error) {
	return collect[Row](ctx, q, `
		select c.* from unnest(@ids::uuid[]) with ordinality as w(id, n)
		  join complaints_v3.complaint c on c.id = w.id
		 where `+visible+` order by w.n`, v.args(pgx.StrictNamedArgs{"ids": ids}))
}

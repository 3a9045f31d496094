package complaints

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// OfPersons are the cases in which somebody takes part, who may have several
// files: as the one who reported it or as a claimant who was not removed. Those
// that the viewer may not see are left out. The newest come first.
func (q Queries) OfPersons(ctx context.Context, v Viewer, persons []uuid.UUID, limit int) ([]Row, error) {
	return collect[Row](ctx, q, `
		select c.* from complaints_v3.complaint c
		 where c.id in (
		        select id from complaints_v3.complaint where reporter = any (@persons) and reporter <> `+nobody+`
		        union select complaint_id from complaints_v3.claimant where person_id = any (@persons) and not removed)
		   and `+visible+` order by c.registered_at desc, c.id desc limit @limit`,
		v.args(pgx.StrictNamedArgs{"persons": persons, "limit": limit}))
}

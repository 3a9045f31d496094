package complaints

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"hearth/domain/complaint"
)

// TestOfPersons: somebody takes part as reporter or as claimant, in any of the
// files, and nobody is shown more than they may see.
func TestOfPersons(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	worked := worked(o)
	quiet := o.open(nil)
	q := o.serve()
	claimants, err := q.Ledger(t.Context(), everything, worked.id)
	if err != nil || len(claimants) == 0 {
		t.Fatal(len(claimants), err)
	}
	reporter := must[Row](t)(q.Get(t.Context(), everything, quiet.id)).Reporter
	of := func(v Viewer, persons ...uuid.UUID) (ids []uuid.UUID) {
		t.Helper()
		for _, r := range must[[]Row](t)(q.OfPersons(t.Context(), v, persons, 50)) {
			ids = append(ids, r.ID)
		}
		return ids
	}
	both := of(everything, claimants[0].PersonID, reporter)
	if len(both) != 2 || !slices.Contains(both, worked.id) || !slices.Contains(both, quiet.id) {
		t.Errorf("of both files: %v", both)
	}
	if got := of(everything, claimants[0].PersonID); !slices.Equal(got, []uuid.UUID{worked.id}) {
		t.Errorf("of a claimant: %v", got)
	}
	if got := of(everything, uuid.Nil); len(got) != 0 {
		t.Errorf("of nobody: %v", got)
	}
	if got := of(Viewer{UserID: "x", Sight: complaint.Sight{Units: []string{"elsewhere"}}}, reporter); len(got) != 0 {
		t.Errorf("for who sees none of them: %v", got)
	}
}

package complaints

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/person"
	"hearth/projections/text"
)

// TestMergedCaller: whose file was merged is shown by the file that counts, once,
// with the cases of both, and what is taken down next is on that file.
func TestMergedCaller(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.register(nil)
	reporter := func(id uuid.UUID) uuid.UUID {
		t.Helper()
		state, _, _, err := s.work.Case(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return state.Reporter.PersonID
	}
	old := reporter(first.ID)
	main, _, err := s.work.NewPerson(t.Context(), person.Register{Kind: "worker", Identity: person.Identity{Name: "赵铁住"}, Contact: person.Contact{Phone: "13800001234"}}, as(domain.RoleHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.work.MergePersons(t.Context(), old, main, "person_confirmed", as(domain.RoleHandler)); err != nil {
		t.Fatal(err)
	}
	s.caughtUp()
	operator := s.signIn("jc", domain.RoleOperator)
	desk := operator.Post("/desk/caller", "phone", "13800001234")
	if strings.Contains(desk.Body, "赵铁") || strings.Count(desk.Body, text.MaskName("赵铁住")) != 1 || !strings.Contains(desk.Body, first.No) {
		t.Errorf("the caller: %s", desk.Body)
	}
	// The old name with the number is still the same person.
	got := operator.Submit(operator.Get("/desk"), "intake", "/desk", "name", "赵铁柱", "phone", "13800001234", "employer", "另一家饭店", "category", "wage_arrears",
		"channel", "hotline", "area", "jc-zz", "summary", "两个月工资", "persons", "1", "not_duplicate", "1")
	next, err := uuid.Parse(strings.TrimPrefix(got.Path, "/desk/registered/"))
	if err != nil {
		t.Fatalf("taken down: %d %s", got.Status, got.Path)
	}
	if who := reporter(next); who != main {
		t.Errorf("the next case is of %s, want %s", who, main)
	}
}

package people_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/domain/household"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/projections/people"
	"hearth/projections/projtest"
)

func ids(numbers ...int) (all []uuid.UUID) {
	for _, n := range numbers {
		all = append(all, id(n))
	}
	return all
}

func idsOf(persons []people.Person) (all []uuid.UUID) {
	for _, p := range persons {
		all = append(all, p.ID)
	}
	return all
}

// TestLinkedFiles: a chain of files leads to the one that counts; what is undone
// leaves no trace in the links.
func TestLinkedFiles(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs(), household.Specs()))
	for n := 1; n <= 5; n++ {
		log.Add(stream(n), by, registered("张三", "", "13800001234"))
	}
	link := func(from, into int) {
		log.Add(stream(from), by, person.Merged{Into: id(into).String(), Basis: "same_id_no"})
		log.Add(stream(into), by, person.MergedFrom{From: id(from).String(), Basis: "same_id_no"})
	}
	link(1, 2)
	link(2, 3)
	link(4, 3)
	link(5, 3)
	log.Add(stream(5), by, person.Unmerged{From: id(3).String(), Reason: "not_the_same"})
	log.Add(stream(3), by, person.UnmergedFrom{Other: id(5).String(), Reason: "not_the_same"})
	q := people.NewQueries(projtest.Run(t, people.New(log.Vault()), log.Events()), log.Vault())
	for n, want := range map[int][]uuid.UUID{1: ids(3, 1, 2, 4), 3: ids(3, 1, 2, 4), 5: ids(5)} {
		main, all, err := q.Files(t.Context(), id(n))
		if diff := cmp.Diff(want, all); diff != "" || err != nil || main != want[0] {
			t.Errorf("files of %d: main %v, %v, %s", n, main, err, diff)
		}
	}
	if main, all, err := q.Files(t.Context(), id(99)); main != id(99) || all != nil || err != nil {
		t.Errorf("nobody: %v, %v, %v", main, all, err)
	}
	called, err := q.ByPhone(t.Context(), "13800001234")
	if err != nil || len(called) != 5 {
		t.Fatal(called, err)
	}
	if leading, err := q.Leading(t.Context(), called); err != nil || !cmp.Equal(idsOf(leading), ids(3, 5)) {
		t.Errorf("the files that count: %v, %v", idsOf(leading), err)
	}
	p, _, err := q.ByID(t.Context(), id(3))
	if err != nil || !cmp.Equal(p.Taken, ids(2, 4)) || len(p.Files()) != 2 {
		t.Errorf("taken: %v, %v", p.Taken, err)
	}
	same, err := q.Duplicates(t.Context(), id(3))
	if err != nil || len(same) != 1 || same[0].ID != id(5) || !same[0].SamePhone || same[0].SameIDNo || same[0].SameAccount {
		t.Errorf("duplicates: %+v, %v", same, err)
	}
	if same, err := q.Duplicates(t.Context(), id(1)); err != nil || len(same) != 0 {
		t.Errorf("duplicates of a file that leads on: %+v, %v", same, err)
	}
}

// TestDuplicates: every number counts, and the identity number comes first.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs(), household.Specs()))
	account := person.Bank{Account: "6222020000001234"}
	log.Add(stream(1), by, registered("张三", "11010519491231002X", "13800001234"), person.BankCorrected{Bank: account}).
		Add(stream(2), by, registered("李四", "", "13800001234")).
		Add(stream(3), by, person.Registered{Kind: "worker", Identity: person.Identity{Name: "王五"}, Bank: &account}).
		Add(stream(4), by, registered("张三", "11010519491231002X", "13911112222")).
		Add(stream(5), by, registered("张三", "", "13911113333"), person.BankCorrected{Bank: account}, person.BankCorrected{Bank: person.Bank{Account: "6222020000009999"}})
	q := people.NewQueries(projtest.Run(t, people.New(log.Vault()), log.Events()), log.Vault())
	same, err := q.Duplicates(t.Context(), id(1))
	if err != nil || len(same) != 3 {
		t.Fatalf("%+v, %v", same, err)
	}
	for i, want := range []people.Duplicate{{SameIDNo: true}, {SameAccount: true}, {SamePhone: true}} {
		got := same[i]
		if got.ID != id([]int{4, 3, 2}[i]) || got.SameIDNo != want.SameIDNo || got.SamePhone != want.SamePhone || got.SameAccount != want.SameAccount {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if p, err := q.ByAccount(t.Context(), "6222-0200-0000-1234"); err != nil || len(p) != 2 {
		t.Errorf("by account: %+v, %v", p, err)
	}
	for asked, n := range map[string]int{"张三": 3, " 張三": 3, "张": 0, "13800001234": 2, "138": 0, "6222020000009999": 1, "": 0, "110105491231002": 2} {
		if found, err := q.Find(t.Context(), asked); err != nil || len(found) != n {
			t.Errorf("Find(%q): %d persons, %v; want %d", asked, len(found), err, n)
		}
	}
}

// TestRequests: what was asked, who approved, and what came of it.
func TestRequests(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs(), household.Specs()))
	later := by
	later.At = by.At.Add(time.Hour)
	decision := person.Decision{Basis: "storage_only", Subjects: []string{"case"}, RequestedBy: "u1", Approvers: [2]string{"u2", "u3"}}
	for n := 1; n <= 3; n++ {
		log.Add(stream(n), by, registered("张三", "", "13800001234"))
	}
	log.Add(stream(2), later, person.ErasureRequested{Step: person.StepSuspend, Basis: "unlawful", By: "u1"}).
		Add(stream(1), by, person.ErasureRequested{Step: person.StepSuspend, Basis: "storage_only", Subjects: []string{"case"}, By: "u1", Linked: []string{id(3).String()}}).
		Add(stream(1), by, person.ErasureRefused{Step: person.StepSuspend, Basis: "case_open", By: "u2"}).
		Add(stream(1), by, person.ErasureRequested{Step: person.StepSuspend, Basis: "storage_only", Subjects: []string{"case"}, By: "u1"}).
		Add(stream(1), by, person.ErasureApproved{Step: person.StepSuspend, By: "u2"}).
		Add(stream(1), later, person.Suspended{Decision: decision}).
		Add(stream(1), by, person.ErasureRequested{Step: person.StepUnsuspend, Basis: "own_request", Subjects: []string{"case"}, By: "u1"})
	q := people.NewQueries(projtest.Run(t, people.New(log.Vault()), log.Events()), log.Vault())
	p, _, err := q.ByID(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	want := []people.Request{
		{No: 1, Step: "suspend", Basis: "storage_only", Subjects: []string{"case"}, Linked: []string{id(3).String()}, By: "u1", At: by.At, Outcome: people.Refused, DecidedBy: "u2", DecidedAt: by.At, Refusal: "case_open", Position: 6},
		{No: 2, Step: "suspend", Basis: "storage_only", Subjects: []string{"case"}, By: "u1", At: by.At, FirstBy: "u2", FirstAt: by.At, Outcome: people.Done, DecidedBy: "u3", DecidedAt: later.At, Position: 9},
		{No: 3, Step: "unsuspend", Basis: "own_request", Subjects: []string{"case"}, By: "u1", At: by.At, Position: 10},
	}
	if diff := cmp.Diff(want, p.Requests); diff != "" || p.Standing != person.IsSuspended {
		t.Errorf("%s: %s", p.Standing, diff)
	}
	open, err := q.OpenRequests(t.Context())
	if diff := cmp.Diff(ids(1, 2), idsOf(open)); diff != "" || err != nil {
		t.Errorf("open: %s, %v", diff, err)
	}
	if r, ok := p.Open(); !ok || r.No != 3 {
		t.Errorf("open: %+v", r)
	}
}

func TestKin(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs(), household.Specs()))
	other := by
	other.Actor.ID, other.At = "u2", by.At.Add(time.Hour)
	log.Add(stream(1), by, registered("张三", "", ""), person.KinOfStaffDeclared{User: "u1", Relation: "spouse"}).
		Add(stream(2), by, registered("李四", "", ""), person.KinOfStaffDeclared{User: "u9", Relation: "child"}).
		Add(stream(3), by, registered("王五", "", "")).
		Add(stream(2), other, person.KinOfStaffWithdrawn{User: "u9"})
	q := people.NewQueries(projtest.Run(t, people.New(log.Vault()), log.Events()), log.Vault())
	for user, want := range map[string][]uuid.UUID{"u1": ids(1), "u9": ids(2), "u7": nil, "": ids(1, 2)} {
		if got, err := q.KinOf(t.Context(), user); !cmp.Equal(want, idsOf(got)) || err != nil {
			t.Errorf("kin of %q: %v, %v", user, idsOf(got), err)
		}
	}
	p, _, err := q.ByID(t.Context(), id(2))
	want := []people.Kin{{User: "u9", Relation: "child", DeclaredAt: by.At, DeclaredBy: "u1", WithdrawnAt: other.At, WithdrawnBy: "u2"}}
	if diff := cmp.Diff(want, p.Kin); diff != "" || err != nil {
		t.Errorf("%s, %v", diff, err)
	}
}

// TestHouseholds: who lives there and who did, with the head first.
func TestHouseholds(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs(), household.Specs()))
	home := func(n int) eventstore.StreamID {
		return eventstore.StreamID{Family: household.Family, Case: id(n).String()}
	}
	member := func(n int, r household.Relation) household.Member {
		return household.Member{PersonID: id(n).String(), Relation: r}
	}
	later := by
	later.At = by.At.Add(time.Hour)
	log.Add(home(100), by, household.HouseholdFormed{Head: id(1).String(), Members: []household.Member{member(1, "head"), member(2, "spouse")}}).
		Add(eventstore.StreamID{Family: household.SeatFamily, Case: id(1).String()}, by, household.SeatTaken{Household: id(100).String()}).
		Add(home(100), by, household.MemberJoined{Member: member(3, "child")}).
		Add(home(100), later, household.MemberLeft{PersonID: id(3).String(), Reason: "married"}).
		Add(home(100), later, household.HeadChanged{Head: id(2).String(), Members: []household.Member{member(2, "head"), member(1, "spouse")}}).
		Add(home(101), later, household.HouseholdFormed{Head: id(3).String(), Members: []household.Member{member(3, "head")}}, household.HouseholdDissolved{Reason: "mistake"})
	q := people.NewQueries(projtest.Run(t, people.New(log.Vault()), log.Events()), log.Vault())
	h, found, err := q.Household(t.Context(), id(100))
	want := people.Household{
		ID: id(100), Head: id(2), Persons: ids(1, 2, 3), FormedAt: by.At, Version: 4, Position: 5,
		Members: []people.Member{
			{Person: id(2), Relation: "head", JoinedAt: by.At},
			{Person: id(1), Relation: "spouse", JoinedAt: by.At},
			{Person: id(3), Relation: "child", JoinedAt: by.At, LeftAt: later.At, Reason: "married"},
		},
	}
	if diff := cmp.Diff(want, h); diff != "" || !found || err != nil {
		t.Errorf("%v, %v: %s", found, err, diff)
	}
	if len(h.Present()) != 2 || h.Dissolved() {
		t.Errorf("present: %+v", h.Present())
	}
	all, err := q.Households(t.Context(), id(3))
	if err != nil || len(all) != 2 || all[0].ID != id(101) || !all[0].Dissolved() || all[0].Reason != "mistake" {
		t.Errorf("households of one who moved: %+v, %v", all, err)
	}
	if _, found, err := q.Household(t.Context(), id(999)); found || err != nil {
		t.Errorf("no such household: %v, %v", found, err)
	}
}

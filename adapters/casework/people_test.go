package casework_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/household"
	"hearth/domain/person"
)

// newPerson registers somebody.
func newPerson(t *testing.T, s *casework.Service, name string) uuid.UUID {
	t.Helper()
	id, _, err := s.NewPerson(t.Context(), person.Register{Identity: person.Identity{Name: name}}, request(domain.RoleHandler))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// atOnce does things at the same time and returns how they ended, sorted.
func atOnce(things ...func() error) []string {
	codes := make([]string, len(things))
	var wg sync.WaitGroup
	for i, thing := range things {
		wg.Go(func() { codes[i] = rejection(thing()) })
	}
	wg.Wait()
	slices.Sort(codes)
	return codes
}

// TestMergePersons: both files know of the link, circles are refused even when
// they would be closed from both ends at once, and undoing frees both.
func TestMergePersons(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	a, b, c := newPerson(t, s, "张三"), newPerson(t, s, "张三"), newPerson(t, s, "张叁")
	merge := func(from, into uuid.UUID) func() error {
		return func() error {
			_, err := s.OnPerson(t.Context(), from, &person.Merge{Into: into.String(), Basis: "same_id_no"}, request(domain.RoleHandler))
			return err
		}
	}
	links := func(id uuid.UUID) person.Links {
		t.Helper()
		state, _, err := s.Person(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return state.Links
	}
	for range 20 {
		if got := atOnce(merge(a, b), merge(b, a)); !slices.Equal(got, []string{"", "merge_target_merged"}) && !slices.Equal(got, []string{"", "person_merged"}) {
			t.Fatalf("each into the other at once: %q", got)
		}
		from, into := a, b
		if links(a).MergedInto == "" {
			from, into = b, a
		}
		if links(from).MergedInto != into.String() || !links(into).Taken[from.String()] {
			t.Fatalf("links: %+v and %+v", links(from), links(into))
		}
		if code := rejection(merge(c, from)()); code != "merge_target_merged" {
			t.Errorf("into a file that leads on: %q", code)
		}
		if _, err := s.OnPerson(t.Context(), from, &person.Unmerge{Reason: "not_the_same"}, request(domain.RoleHandler)); err != nil {
			t.Fatal(err)
		}
		if len(links(a).All())+len(links(b).All()) != 0 {
			t.Fatalf("links are left: %+v and %+v", links(a), links(b))
		}
	}
	if code := rejection(merge(a, uuid.New())()); code != "person_missing" {
		t.Errorf("into nobody: %q", code)
	}
	if len(links(a).All()) != 0 {
		t.Error("half of a merger is stored")
	}
	if code := rejection(second(s.OnPerson(t.Context(), a, &person.TakeIn{From: b.String(), Basis: "same_id_no"}, request(domain.RoleHandler)))); code != "not_alone" {
		t.Errorf("half of a merger: %q", code)
	}
	r := request(domain.RoleHandler)
	for range 2 { // the same form twice
		if _, err := s.MergePersons(t.Context(), a, b, "same_id_no", r); err != nil {
			t.Fatal(err)
		}
	}
	if code := rejection(second(s.OnPerson(t.Context(), b, &person.Merge{Into: c.String(), Basis: "same_id_no"}, request(domain.RoleOperator)))); code != "not_permitted" {
		t.Errorf("by an operator: %q", code)
	}
}

// TestOneHousehold: however many households want somebody at once, he is in one.
func TestOneHousehold(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	he, she, kid := newPerson(t, s, "张三"), newPerson(t, s, "李四"), newPerson(t, s, "张小")
	form := func(head uuid.UUID, others ...uuid.UUID) (uuid.UUID, error) {
		f := household.Form{Head: head.String(), Members: []household.Member{{PersonID: head.String()}}}
		for _, o := range others {
			f.Members = append(f.Members, household.Member{PersonID: o.String(), Relation: "child"})
		}
		id, _, err := s.NewHousehold(t.Context(), f, request(domain.RoleReliefOfficer))
		if err != nil {
			return uuid.Nil, err
		}
		return id, nil
	}
	var first, second uuid.UUID
	got := atOnce(
		func() (err error) { first, err = form(he, kid); return err },
		func() (err error) { second, err = form(she, kid); return err },
	)
	if !slices.Equal(got, []string{"", "in_another_household"}) {
		t.Fatalf("two households at once: %q", got)
	}
	on := func(id uuid.UUID, cmd casework.HouseholdCommand) string {
		_, err := s.OnHousehold(t.Context(), id, cmd, request(domain.RoleHandler))
		return rejection(err)
	}
	winner, loser := first, she
	if first == uuid.Nil {
		winner, loser = second, he
	}
	alone, err := form(loser)
	if err != nil {
		t.Fatal(err)
	}
	if code := on(alone, &household.Join{Member: household.Member{PersonID: kid.String(), Relation: "child"}}); code != "in_another_household" {
		t.Errorf("from one household into another: %q", code)
	}
	if code := on(winner, &household.Leave{PersonID: kid.String(), Reason: "moved"}); code != "" {
		t.Fatalf("leave: %q", code)
	}
	if code := on(alone, &household.Join{Member: household.Member{PersonID: kid.String(), Relation: "child"}}); code != "" {
		t.Errorf("into another after leaving: %q", code)
	}
	if code := on(alone, &household.Dissolve{Reason: "mistake"}); code != "" {
		t.Fatalf("dissolve: %q", code)
	}
	if alone, err = form(loser, kid); err != nil { // all seats are free again
		t.Fatalf("after dissolving: %v", err)
	}
	for name, who := range map[string]string{"person_missing": uuid.NewString(), "bad_member": "张三"} {
		if code := on(alone, &household.Join{Member: household.Member{PersonID: who, Relation: "other"}}); code != name {
			t.Errorf("join: %q, want %q", code, name)
		}
	}
	merged := newPerson(t, s, "王五")
	if _, err := s.MergePersons(t.Context(), merged, loser, "person_confirmed", request(domain.RoleHandler)); err != nil {
		t.Fatal(err)
	}
	if code := on(alone, &household.Join{Member: household.Member{PersonID: merged.String(), Relation: "other"}}); code != "person_merged" {
		t.Errorf("a file that leads to another: %q", code)
	}
	if _, _, err := s.NewHousehold(t.Context(), household.Form{Head: kid.String()}, request(domain.RoleOperator)); rejection(err) != "not_permitted" {
		t.Errorf("by an operator: %v", err)
	}
}

func TestDeclareKin(t *testing.T) {
	t.Parallel()
	s, engine := setup(t)
	r := request(domain.RoleOperator)
	kin := person.DeclareKin{User: r.Actor.ID, Relation: "spouse"}
	var id uuid.UUID
	for range 2 { // the same form twice
		var err error
		if id, _, err = s.DeclareKin(t.Context(), uuid.Nil, person.Register{Kind: "relative", Identity: person.Identity{Name: "李四"}}, kin, r); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, engine); n["person.registered"] != 1 || n["person.kin_of_staff_declared"] != 1 {
		t.Errorf("stored: %v", n)
	}
	kin.Relation = "other"
	if _, _, err := s.DeclareKin(t.Context(), id, person.Register{}, kin, request(domain.RoleOperator)); err != nil {
		t.Errorf("another relation of somebody on file: %v", err)
	}
	kin.User = "somebody-else"
	if _, _, err := s.DeclareKin(t.Context(), uuid.Nil, person.Register{Identity: person.Identity{Name: "王五"}}, kin, request(domain.RoleOperator)); rejection(err) != "kin_not_own" {
		t.Errorf("of somebody else: %v", err)
	}
	if n := count(t, engine); n["person.registered"] != 1 {
		t.Error("a person was registered for a declaration that was refused")
	}
}

// TestErasureNamesCasesInSight: nobody has the narrative of a case closed that he
// does not see.
func TestErasureNamesCasesInSight(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	out, err := s.Register(t.Context(), intake()) // of jc-zz
	if err != nil {
		t.Fatal(err)
	}
	who := newPerson(t, s, "张三")
	ask := func(r casework.Request, subjects ...string) string {
		return rejection(second(s.OnPerson(t.Context(), who, &person.RequestErasure{Step: person.StepSuspend, Basis: "unlawful", Subjects: subjects}, r)))
	}
	for name, tc := range map[string]struct{ got, want string }{
		"another county": {ask(of(domain.RoleHandler, "jc-gp"), out.ID.String()), "bad_subject"},
		"no such case":   {ask(of(domain.RoleReviewer, "jc"), uuid.NewString()), "bad_subject"},
		"a name":         {ask(of(domain.RoleReviewer, "jc"), "张三"), "bad_subject"},
		"an operator":    {ask(of(domain.RoleOperator, "jc"), out.ID.String()), "not_permitted"},
		"the county":     {ask(of(domain.RoleHandler, "jc-zz"), out.ID.String()), ""},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", name, tc.got, tc.want)
		}
	}
}

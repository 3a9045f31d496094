package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/household"
	"hearth/domain/person"
)

// tellPeople plans what the register of persons has to show beside the cases: a
// household, a declaration of kin, two files of one person that were merged and
// two that may be, and a request for erasure that waits for its second approval.
func (o *office) tellPeople() {
	s := &story{office: o, nth: cases, org: handlingOrgs[0]}
	s.at = domain.DateOf(o.now.AddDate(0, 0, -24)).Start().Add(9 * time.Hour)
	s.handler, s.head = o.actor(domain.RoleHandler, s.org), o.actor(domain.RoleOrgHead, s.org)
	s.plan(0, "household", s.household)
	s.plan(20, "kin", func(ctx context.Context, at time.Time) error {
		cashier := s.actor(domain.RoleCashier, "jc")
		_, _, err := s.work.DeclareKin(ctx, uuid.Nil, s.somebody("relative", "牛保全", 5), person.DeclareKin{User: cashier.ID, Relation: "spouse"}, s.request(cashier, at))
		return err
	})
	s.plan(20, "merger", s.merger)
	s.plan(20, "erasure", s.erasure)
}

// somebody is a made-up person, the same each time.
func (s *story) somebody(kind person.Kind, name string, n int) person.Register {
	return person.Register{
		Kind: kind, Identity: person.Identity{Name: name, IDNo: idNumber(7000 + n)},
		Contact: person.Contact{Phone: fmt.Sprintf("1583560%04d", 4100+n), Address: "泽州县巴公镇某村"},
	}
}

func (s *story) household(ctx context.Context, at time.Time) error {
	form := household.Form{}
	for i, m := range []struct {
		kind     person.Kind
		name     string
		relation household.Relation
	}{{"worker", "申满仓", ""}, {"relative", "毋改花", "spouse"}, {"relative", "申晓东", "child"}} {
		id, _, err := s.work.NewPerson(ctx, s.somebody(m.kind, m.name, i), s.request(s.handler, at))
		if err != nil {
			return err
		}
		form.Members = append(form.Members, household.Member{PersonID: id.String(), Relation: m.relation})
	}
	form.Head = form.Members[0].PersonID
	_, _, err := s.work.NewHousehold(ctx, form, s.request(s.handler, at))
	return err
}

// merger makes two files of one person, merges them, and leaves a third with the
// same telephone for somebody to look at.
func (s *story) merger(ctx context.Context, at time.Time) error {
	first := s.somebody("migrant", "焦向阳", 6)
	var files []uuid.UUID
	for _, p := range []person.Register{
		first,
		{Kind: "migrant", Identity: person.Identity{Name: "焦向羊"}, Contact: person.Contact{Phone: first.Contact.Phone}},
		{Kind: "relative", Identity: person.Identity{Name: "焦雪琴"}, Contact: person.Contact{Phone: first.Contact.Phone}},
	} {
		id, _, err := s.work.NewPerson(ctx, p, s.request(s.actor(domain.RoleOperator, "jc"), at))
		if err != nil {
			return err
		}
		files = append(files, id)
	}
	_, err := s.work.MergePersons(ctx, files[1], files[0], "person_confirmed", s.request(s.handler, at))
	return err
}

// erasure asks for the reporter of the first case, which has ended long ago.
func (s *story) erasure(ctx context.Context, at time.Time) error {
	id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, "hearth demo case ", 0))
	state, _, _, err := s.work.Case(ctx, id)
	if err != nil {
		return err
	}
	who := state.Reporter.PersonID
	ask := &person.RequestErasure{Step: person.StepSuspend, Basis: "consent_withdrawn", Subjects: []string{id.String()}}
	if _, err := s.work.OnPerson(ctx, who, ask, s.request(s.handler, at)); err != nil {
		return err
	}
	_, err = s.work.OnPerson(ctx, who, &person.ApproveErasure{Step: ask.Step}, s.request(s.head, at))
	return err
}

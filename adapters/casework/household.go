package casework

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/household"
	"hearth/domain/person"
	"hearth/eventstore"
)

// HouseholdCommand is 户命令 that can be told who issues it, as all are.
type HouseholdCommand interface {
	household.Command
	Stamp(by domain.By)
}

// HouseholdStream is the stream of a household.
func HouseholdStream(id uuid.UUID) eventstore.StreamID {
	return eventstore.StreamID{Family: household.Family, Case: id.String()}
}

func seatStream(personID string) eventstore.StreamID {
	return eventstore.StreamID{Family: household.SeatFamily, Case: personID}
}

// NewHousehold forms a household and returns its id, which follows from the
// command.
func (s *Service) NewHousehold(ctx context.Context, h household.Form, r Request) (uuid.UUID, eventstore.Head, error) {
	id := uuid.NewSHA1(r.CommandID, []byte("household"))
	head, err := s.OnHousehold(ctx, id, &h, r)
	return id, head, err
}

// OnHousehold issues a command on a household. Whoever comes or goes has his seat
// appended to in the same step: of two households that want one person at the same
// time, one is refused.
func (s *Service) OnHousehold(ctx context.Context, id uuid.UUID, cmd HouseholdCommand, r Request) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	cmd.Stamp(s.by(r))
	stream := HouseholdStream(id)
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		ask, err := s.asking(ctx, r)
		if err != nil {
			return err
		}
		before, _, err := eventstore.State(ctx, u, stream, household.Decider)
		if err != nil {
			return err
		}
		meta := s.meta(r, id.String(), "")
		events, err := eventstore.Stage(ctx, u, stream, ask.household(), household.Command(cmd), meta)
		if err != nil {
			return err
		}
		after := household.Decider.Fold(before, events...)
		for _, who := range joined(before, after) {
			if err := mayJoin(ctx, u, who); err != nil {
				return err
			}
			take := household.TakeSeat{By: s.by(r), Household: id.String()}
			if _, err := eventstore.Stage(ctx, u, seatStream(who), household.SeatDecider, household.SeatCommand(take), meta); err != nil {
				return err
			}
		}
		for _, who := range joined(after, before) {
			leave := household.LeaveSeat{By: s.by(r), Household: id.String()}
			if _, err := eventstore.Stage(ctx, u, seatStream(who), household.SeatDecider, household.SeatCommand(leave), meta); err != nil {
				return err
			}
		}
		return nil
	})
	return heads[stream], err
}

// joined are the persons who are in a household after and not before.
func joined(before, after household.State) (who []string) {
	for _, m := range present(after) {
		if !slices.ContainsFunc(present(before), func(o household.Member) bool { return o.PersonID == m.PersonID }) {
			who = append(who, m.PersonID)
		}
	}
	return who
}

func present(s household.State) []household.Member {
	if s.Dissolved {
		return nil
	}
	return s.Members
}

// mayJoin refuses who has no file of his own that counts. It reads, and does not
// guard: a file that is merged in this very moment is in the household all the
// same, and the page says so.
func mayJoin(ctx context.Context, u *eventstore.Unit, who string) error {
	id, err := uuid.Parse(who)
	if err != nil {
		return domain.Reject("bad_member", "请选择已建档的人员作为户成员。")
	}
	p, _, err := eventstore.State(ctx, u, PersonStream(id), person.Decider)
	switch {
	case err != nil:
		return err
	case !p.Exists:
		return domain.Reject("person_missing", "没有这个人的档案,请先建档。")
	case p.Links.MergedInto != "":
		return domain.Reject("person_merged", "成员中有人的档案已并入另一份,请选用那份档案。")
	case p.Erasure.Standing == person.IsShredded:
		return domain.Reject("person_shredded", "成员中有人的个人信息已销毁,不能入户。")
	}
	return nil
}

func (a asking) household() domain.Decider[household.State, household.Command, household.Event] {
	return guarded(household.Decider, func(_ household.State, cmd household.Command) error {
		return a.file(cmd.IssuedBy(), household.Family, household.NameOf(cmd), household.Commands())
	})
}

package casework

import (
	"context"

	"github.com/google/uuid"

	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/person"
	"hearth/eventstore"
)

// PersonCommand is 人员命令 that can be told who issues it, as all are.
type PersonCommand interface {
	person.Command
	Stamp(by domain.By)
}

// OnPerson issues a command on the file of a person who is registered, such as
// those about erasing personal data. What links two files has functions of its
// own.
func (s *Service) OnPerson(ctx context.Context, id uuid.UUID, cmd PersonCommand, r Request) (eventstore.Head, error) {
	switch cmd := cmd.(type) {
	case *person.Merge:
		into, err := uuid.Parse(cmd.Into)
		if err != nil {
			return eventstore.Head{}, domain.Reject("bad_merge", "请选择要并入的另一份人员档案。")
		}
		return s.MergePersons(ctx, id, into, cmd.Basis, r)
	case *person.Unmerge:
		return s.UnmergePerson(ctx, id, cmd.Reason, r)
	case *person.TakeIn, *person.LetGo:
		return eventstore.Head{}, domain.Reject("not_alone", "并档由“并入”和“撤销并档”一并完成,请在被并的档案上办理。")
	}
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	cmd.Stamp(s.by(r))
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		ask, err := s.asking(ctx, r)
		if err != nil {
			return err
		}
		decider := guarded(ask.person(), func(_ person.State, cmd person.Command) error { return ask.seesSubjects(ctx, u, cmd) })
		_, err = eventstore.Stage(ctx, u, PersonStream(id), decider, person.Command(cmd), s.meta(r, id.String(), ""))
		return err
	})
	return heads[PersonStream(id)], err
}

// seesSubjects refuses a request that names cases which the actor does not see:
// an id is no right to have a narrative closed.
func (a asking) seesSubjects(ctx context.Context, u *eventstore.Unit, cmd person.Command) error {
	req, ok := cmd.(*person.RequestErasure)
	if !ok || len(req.Subjects) > person.MaxSubjects { // too many are the decider's to refuse
		return nil
	}
	unseen := domain.Reject("bad_subject", "所选案件中有您不能查看的,请从案件列表中重新选择。")
	for _, text := range req.Subjects {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil // the decider's to refuse
		}
		state, _, err := eventstore.State(ctx, u, CaseStream(id), complaint.NewDecider(complaint.Rules{}))
		if err != nil {
			return err
		}
		see := policy.Request{Actor: req.Actor, For: a.r.For, Action: policy.See, On: policy.OnComplaint(id, state), Units: a.units, Date: domain.DateOf(req.At)}
		if state.Phase == complaint.PhaseNone || a.s.authority.Check(see) != nil {
			return unseen
		}
	}
	return nil
}

// Person is the present state of a person's file, for showing what may be done
// next.
func (s *Service) Person(ctx context.Context, id uuid.UUID) (person.State, eventstore.Head, error) {
	var state person.State
	var head eventstore.Head
	_, err := s.engine.Do(ctx, func(u *eventstore.Unit) (err error) {
		state, head, err = eventstore.State(ctx, u, PersonStream(id), person.Decider)
		return err
	})
	return state, head, err
}

// MergePersons says that two files are of one person: the first leads to the
// second from now on. Both keep their events. Each file is told in the same
// append, and refuses when it leads elsewhere already, so that two mergers at the
// same time cannot go round in a circle.
func (s *Service) MergePersons(ctx context.Context, from, into uuid.UUID, basis person.MergeBasis, r Request) (eventstore.Head, error) {
	return s.onPersons(ctx, r, from, func(person.State) (uuid.UUID, PersonCommand, PersonCommand) {
		return into, &person.Merge{Self: from.String(), Into: into.String(), Basis: basis}, &person.TakeIn{From: from.String(), Basis: basis}
	})
}

// UnmergePerson undoes a merger by an entry on both files.
func (s *Service) UnmergePerson(ctx context.Context, id uuid.UUID, reason person.UnmergeReason, r Request) (eventstore.Head, error) {
	return s.onPersons(ctx, r, id, func(before person.State) (uuid.UUID, PersonCommand, PersonCommand) {
		other, err := uuid.Parse(before.Links.MergedInto)
		if err != nil { // the decider says that there is nothing to undo
			return uuid.Nil, &person.Unmerge{Reason: reason}, nil
		}
		return other, &person.Unmerge{Reason: reason}, &person.LetGo{Other: id.String(), Reason: reason}
	})
}

// onPersons issues a command on each of two files in one append. The head is that
// of the first.
func (s *Service) onPersons(
	ctx context.Context, r Request, id uuid.UUID, plan func(person.State) (other uuid.UUID, on, onOther PersonCommand),
) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		ask, err := s.asking(ctx, r)
		if err != nil {
			return err
		}
		before, _, err := eventstore.State(ctx, u, PersonStream(id), person.Decider)
		if err != nil {
			return err
		}
		other, on, onOther := plan(before)
		stage := func(id uuid.UUID, cmd PersonCommand) error {
			cmd.Stamp(s.by(r))
			_, err := eventstore.Stage(ctx, u, PersonStream(id), ask.person(), person.Command(cmd), s.meta(r, id.String(), ""))
			return err
		}
		if err := stage(id, on); err != nil || onOther == nil {
			return err
		}
		return stage(other, onOther)
	})
	return heads[PersonStream(id)], err
}

// DeclareKin puts somebody's relation to a member of staff on record. A person
// who is not on file is registered with it; the id is zero then.
func (s *Service) DeclareKin(ctx context.Context, id uuid.UUID, p person.Register, kin person.DeclareKin, r Request) (uuid.UUID, eventstore.Head, error) {
	if err := r.check(); err != nil {
		return uuid.Nil, eventstore.Head{}, err
	}
	registers := id == uuid.Nil
	if registers {
		id = uuid.NewSHA1(r.CommandID, []byte("person"))
	}
	stream := PersonStream(id)
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		ask, err := s.asking(ctx, r)
		if err != nil {
			return err
		}
		meta := s.meta(r, id.String(), "")
		if registers {
			p.By = s.by(r)
			if _, err := eventstore.Stage(ctx, u, stream, ask.person(), person.Command(&p), meta); err != nil {
				return err
			}
		}
		kin.By = s.by(r)
		_, err = eventstore.Stage(ctx, u, stream, ask.person(), person.Command(&kin), meta)
		return err
	})
	return id, heads[stream], err
}

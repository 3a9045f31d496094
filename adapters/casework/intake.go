package casework

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
)

// Intake is one complaint to be registered with everything that comes with it.
//
// ID is the case: zero means the one that the external number gives, or else
// the command id, so that a repeated form meets the case of the first.
// Reporter and Claimants are people who are not on file yet; the ids in
// Register win. Employer is an enterprise not on file yet. Then are commands
// that follow at once, such as the redirection of what is not ours.
type Intake struct {
	Request
	ID       uuid.UUID
	Register complaint.Register
	Reporter *person.Register
	Employer *enterprise.Register
	Then     []complaint.Command
}

// Outcome is what became of an intake. Err is the rejection of this intake
// alone; Existed says that the case was registered earlier.
type Outcome struct {
	ID      uuid.UUID
	No      string
	Head    eventstore.Head
	Existed bool
	Err     error
}

func (in Intake) caseID() uuid.UUID {
	switch ext := in.Register.External; {
	case in.ID != uuid.Nil:
		return in.ID
	case ext != nil:
		return complaint.ExternalCase(ext.System, ext.No)
	}
	return in.CommandID
}

// Register registers one complaint: the number, the people, the employer and
// the case are stored together or not at all.
func (s *Service) Register(ctx context.Context, in Intake) (Outcome, error) {
	outs, err := s.RegisterMany(ctx, []Intake{in})
	if err != nil {
		return Outcome{}, err
	}
	return outs[0], outs[0].Err
}

// RegisterMany registers up to some hundreds of complaints in one atomic
// append. An intake that is rejected does not hold up the others; its number is
// not taken. The error is for all of them: nothing was stored, or the outcome is
// unknown.
func (s *Service) RegisterMany(ctx context.Context, ins []Intake) ([]Outcome, error) {
	outs := make([]Outcome, len(ins))
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		rules, err := rulesOf(ctx, u)
		if err != nil {
			return err
		}
		for i, in := range ins {
			out, err := s.stageIntake(ctx, u, rules, in)
			var no *domain.Rejection
			if err != nil && (len(ins) == 1 || !errors.As(err, &no)) {
				return err
			}
			out.Err = err
			outs[i] = out
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range outs {
		if outs[i].Err == nil {
			outs[i].Head = heads[CaseStream(outs[i].ID)]
		}
	}
	return outs, nil
}

// stageIntake stages one intake, or nothing of it when it is rejected: what may
// be refused is decided before the number is taken.
func (s *Service) stageIntake(ctx context.Context, u *eventstore.Unit, rules complaint.Rules, in Intake) (Outcome, error) {
	if err := in.check(); err != nil {
		return Outcome{}, err
	}
	out := Outcome{ID: in.caseID()}
	ask, err := s.asking(ctx, in.Request)
	if err != nil {
		return out, err
	}
	decider := ask.complaint(out.ID, rules)
	stream := CaseStream(out.ID)
	state, head, err := eventstore.State(ctx, u, stream, decider)
	if err != nil {
		return out, err
	}
	if state.Phase != complaint.PhaseNone {
		return s.registeredBefore(ctx, u, decider, in, out, state, head)
	}

	if err := onFile(ctx, u, in.Register); err != nil {
		return out, err
	}
	by := s.by(in.Request)
	cmd := in.Register
	cmd.By = by
	people, err := ask.prepare(&cmd, in, by)
	if err != nil {
		return out, err
	}
	cmd.No = "…" // any number will do for the trial
	if err := tryAll(decider, state, append([]complaint.Command{&cmd}, stamped(in.Then, by)...)); err != nil {
		return out, err
	}
	if cmd.No, err = ask.takeNumber(ctx, u, by, in, out.ID); err != nil {
		return out, err
	}
	out.No = cmd.No
	meta := s.meta(in.Request, out.ID.String(), rules.Version)
	if err := people(ctx, u, meta); err != nil {
		return out, err
	}
	if _, err := eventstore.Stage(ctx, u, stream, decider, complaint.Command(&cmd), meta); err != nil {
		return out, err
	}
	for n, next := range in.Then {
		if err := s.stage(ctx, u, out.ID, next, in.step(n)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// onFile rejects ids of a reporter or an enterprise that nobody has: an event
// that names them would stay for ever.
func onFile(ctx context.Context, u *eventstore.Unit, reg complaint.Register) error {
	if id := reg.Reporter.PersonID; id != uuid.Nil {
		_, head, err := eventstore.State(ctx, u, PersonStream(id), person.Decider)
		if err != nil {
			return err
		}
		if head.Version == 0 {
			return domain.Reject("person_missing", "人员档案里没有这个反映人,请重新查找后选择,或作为新反映人登记。")
		}
	}
	if id := reg.Employer.EnterpriseID; id != uuid.Nil {
		_, head, err := eventstore.State(ctx, u, EnterpriseStream(id), enterprise.Decider)
		if err != nil {
			return err
		}
		if head.Version == 0 {
			return domain.Reject("enterprise_missing", "单位档案里没有这个单位,请重新查找后选择,或作为新单位登记。")
		}
	}
	return nil
}

// registeredBefore tells the repetition of a form, which gets the earlier
// answer, from another form for a case that is on file.
func (s *Service) registeredBefore(
	ctx context.Context, u *eventstore.Unit, d decider, in Intake, out Outcome, state complaint.State, head eventstore.Head,
) (Outcome, error) {
	out.No, out.Head, out.Existed = state.No, head, true
	cmd := in.Register
	cmd.By, cmd.No = s.by(in.Request), state.No
	_, err := eventstore.Stage(ctx, u, CaseStream(out.ID), d, complaint.Command(&cmd), s.meta(in.Request, out.ID.String(), ""))
	return out, err
}

func stamped(cmds []complaint.Command, by domain.By) []complaint.Command {
	for _, cmd := range cmds {
		cmd.Stamp(by)
	}
	return cmds
}

// tryAll decides commands one after the other without storing anything.
func tryAll(d decider, state complaint.State, cmds []complaint.Command) error {
	for _, cmd := range cmds {
		events, err := d.Decide(state, cmd)
		if err != nil {
			return err
		}
		state = d.Fold(state, events...)
	}
	return nil
}

// takeNumber takes the next number (文号) of the year in Shanghai.
func (a asking) takeNumber(ctx context.Context, u *eventstore.Unit, by domain.By, in Intake, id uuid.UUID) (string, error) {
	year := domain.DateOf(by.At).Year()
	name := complaint.SeriesCase(year)
	stream := eventstore.StreamID{Family: series.Family, Case: name}
	cmd := &series.Take{By: by, Series: name, For: id.String()}
	events, err := eventstore.Stage(ctx, u, stream, a.series(), series.Command(cmd), a.s.meta(in.Request, id.String(), ""))
	if err != nil {
		return "", err
	}
	for _, ev := range events {
		if taken, ok := ev.(series.NumberTaken); ok {
			return fmt.Sprintf("%s〔%d〕%d号", a.s.prefix, year, taken.N), nil
		}
	}
	return "", nil // taken by this very command before: the complaint has it
}

// prepare fills in the ids of people and enterprises that are not on file and
// returns the staging of their registration. Their ids follow from the command,
// so that a repetition means the same ones.
func (a asking) prepare(cmd *complaint.Register, in Intake, by domain.By) (func(context.Context, *eventstore.Unit, eventstore.Meta) error, error) {
	var stagings []func(context.Context, *eventstore.Unit, eventstore.Meta) error
	if in.Reporter != nil && cmd.Reporter.PersonID == uuid.Nil && !cmd.Reporter.Anonymous {
		id := uuid.NewSHA1(in.CommandID, []byte("reporter"))
		register := *in.Reporter
		register.By = by
		if _, err := a.person().Decide(person.Decider.Initial(), &register); err != nil {
			return nil, err
		}
		cmd.Reporter.PersonID = id
		stagings = append(stagings, func(ctx context.Context, u *eventstore.Unit, m eventstore.Meta) error {
			_, err := eventstore.Stage(ctx, u, PersonStream(id), a.person(), person.Command(&register), m)
			return err
		})
	}
	if in.Employer != nil && cmd.Employer.EnterpriseID == uuid.Nil {
		id := uuid.NewSHA1(in.CommandID, []byte("employer"))
		register := *in.Employer
		register.By = by
		if _, err := a.enterprise().Decide(enterprise.Decider.Initial(), &register); err != nil {
			return nil, err
		}
		cmd.Employer.EnterpriseID = id
		stagings = append(stagings, func(ctx context.Context, u *eventstore.Unit, m eventstore.Meta) error {
			_, err := eventstore.Stage(ctx, u, EnterpriseStream(id), a.enterprise(), enterprise.Command(&register), m)
			return err
		})
	}
	return func(ctx context.Context, u *eventstore.Unit, m eventstore.Meta) error {
		for _, f := range stagings {
			if err := f(ctx, u, m); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// PersonStream is the stream of a person.
func PersonStream(id uuid.UUID) eventstore.StreamID {
	return eventstore.StreamID{Family: person.Family, Case: id.String()}
}

// EnterpriseStream is the stream of an enterprise.
func EnterpriseStream(id uuid.UUID) eventstore.StreamID {
	return eventstore.StreamID{Family: enterprise.Family, Case: id.String()}
}

// NewPerson registers somebody who is not on file, such as a claimant, and
// returns the id, which follows from the command.
func (s *Service) NewPerson(ctx context.Context, p person.Register, r Request) (uuid.UUID, eventstore.Head, error) {
	if err := r.check(); err != nil {
		return uuid.Nil, eventstore.Head{}, err
	}
	ask, err := s.asking(ctx, r)
	if err != nil {
		return uuid.Nil, eventstore.Head{}, err
	}
	id := uuid.NewSHA1(r.CommandID, []byte("person"))
	p.By = s.by(r)
	head, err := eventstore.Execute(ctx, s.engine, PersonStream(id), ask.person(), person.Command(&p), s.meta(r, id.String(), ""))
	return id, head, err
}

// NewEnterprise registers an enterprise and returns its id.
func (s *Service) NewEnterprise(ctx context.Context, e enterprise.Register, r Request) (uuid.UUID, eventstore.Head, error) {
	if err := r.check(); err != nil {
		return uuid.Nil, eventstore.Head{}, err
	}
	ask, err := s.asking(ctx, r)
	if err != nil {
		return uuid.Nil, eventstore.Head{}, err
	}
	id := uuid.NewSHA1(r.CommandID, []byte("enterprise"))
	e.By = s.by(r)
	head, err := eventstore.Execute(ctx, s.engine, EnterpriseStream(id), ask.enterprise(), enterprise.Command(&e), s.meta(r, id.String(), ""))
	if err != nil {
		return uuid.Nil, head, fmt.Errorf("register enterprise: %w", err)
	}
	return id, head, nil
}

type decider = domain.Decider[complaint.State, complaint.Command, complaint.Event]

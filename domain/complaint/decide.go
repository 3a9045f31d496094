package complaint

import (
	"time"

	"hearth/domain"
	"hearth/domain/calendar"
)

// NewDecider is 投诉决策器: the rules of the family under one set of limits.
func NewDecider(r Rules) domain.Decider[State, Command, Event] {
	return domain.Decider[State, Command, Event]{
		Initial: func() State { return State{} },
		Decide:  r.decide,
		Evolve:  Evolve,
	}
}

// decide asks first whether the command is open to the actor on this case, then
// looks at its fields. It never returns events together with an error.
func (r Rules) decide(s State, cmd Command) ([]Event, error) {
	by := cmd.IssuedBy()
	if err := by.Check(); err != nil {
		return nil, err
	}
	spec, _ := Spec(cmd.command())
	if err := spec.allow(gate{s: s, r: r, actor: by.Actor, now: by.At}); err != nil {
		return nil, err
	}
	d := &decision{r: r, s: s, by: by}
	if err := cmd.decide(d); err != nil {
		return nil, err
	}
	return d.events, nil
}

// decision collects the events of one command and the state after them, so that
// what follows from an event (a risk, a clock, a hint) can look at it.
type decision struct {
	r      Rules
	s      State
	by     domain.By
	events []Event
}

func (d *decision) add(events ...Event) {
	for _, ev := range events {
		d.events = append(d.events, ev)
		d.s = Evolve(d.s, ev)
	}
}

// actor is the user id of who issued the command.
func (d *decision) actor() string { return d.by.Actor.ID }

// at is when the fact took place; today is its date.
func (d *decision) at() time.Time      { return d.by.OccurredAt().UTC() }
func (d *decision) today() domain.Date { return domain.DateOf(d.by.OccurredAt()) }

// cal is the calendar of the rules.
func (d *decision) cal() calendar.Calendar { return d.r.Calendar }

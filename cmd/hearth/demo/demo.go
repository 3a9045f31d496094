// Package demo fills an empty register with invented cases, worked through the
// same casework as real ones, so that every page has something to show.
//
// Names, enterprises, numbers and stories are made up. The stories are told in
// the order of their times, as if the office had worked for nine months.
package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/complaint"
)

// Report is told after every step how far loading is; its error ends it.
type Report func(done, total int) error

// Load works all demo cases up to now. The users are the demo accounts. A load
// that was interrupted goes on with the same now behind the steps that were done;
// a step that was under way is not stored twice.
func Load(ctx context.Context, work *casework.Service, users []accounts.User, now time.Time, done int, report Report) error {
	o := &office{work: work, users: users, now: now, rand: rand.New(rand.NewPCG(2026, 11))}
	if err := o.registerEnterprises(ctx); err != nil {
		return err
	}
	for i := range cases {
		o.tell(i)
	}
	o.tellPeople()
	slices.SortStableFunc(o.steps, func(a, b step) int { return a.at.Compare(b.at) })
	o.steps = slices.DeleteFunc(o.steps, func(s step) bool { return s.at.After(now) })
	for i, s := range o.steps {
		if i < done {
			continue
		}
		o.step, o.commands = i+1, 0
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("demo case %d, %s: %w", s.story.nth, s.what, err)
		}
		if err := report(i+1, len(o.steps)); err != nil {
			return err
		}
	}
	return nil
}

// cases is how many stories there are.
const cases = 72

// office is the people who work the cases and the time that they have.
type office struct {
	work        *casework.Service
	users       []accounts.User
	now         time.Time
	rand        *rand.Rand
	enterprises []uuid.UUID
	steps       []step
	step        int // the present one, from 1
	commands    int // of it
}

// step is one thing that somebody does at a time.
type step struct {
	at    time.Time
	story *story
	what  string
	do    func(context.Context) error
}

// commandID is made from counts: the same step has the same ids.
func (o *office) commandID() uuid.UUID {
	o.commands++
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, "hearth demo ", o.step, " ", o.commands))
}

// actor is a demo account in a role; the first one with the role in the unit, or
// in any unit when the unit has none.
func (o *office) actor(role domain.Role, org string) domain.Actor {
	found := domain.Actor{}
	for _, u := range o.users {
		if !u.Has(role) {
			continue
		}
		if u.Org == org {
			return u.Actor(role)
		}
		if found.ID == "" {
			found = u.Actor(role)
		}
	}
	return found
}

func (o *office) registerEnterprises(ctx context.Context) error {
	clerk := o.actor(domain.RoleOperator, "jc")
	for _, e := range enterpriseList {
		id, _, err := o.work.NewEnterprise(ctx, e, casework.Request{
			CommandID: o.commandID(), Actor: clerk, Channel: "demo", At: o.now.AddDate(0, -10, 0),
		})
		if err != nil {
			return err
		}
		o.enterprises = append(o.enterprises, id)
	}
	return nil
}

// story is one case being worked. Its time moves on with every step.
type story struct {
	*office
	nth      int
	id       uuid.UUID
	at       time.Time
	org      string // who handles it
	handler  domain.Actor
	partner  domain.Actor
	head     domain.Actor
	persons  int
	owed     domain.Fen // of each
	employer int
}

// do plans a command of somebody, some hours later.
func (s *story) do(hours int, who domain.Actor, cmd complaint.Command) {
	s.plan(hours, complaint.NameOf(cmd), func(ctx context.Context, at time.Time) error {
		_, err := s.work.Do(ctx, s.id, cmd, s.request(who, at))
		return err
	})
}

// plan plans anything, some hours later, within office hours.
func (s *story) plan(hours int, what string, do func(context.Context, time.Time) error) {
	s.at = s.at.Add(time.Duration(hours) * time.Hour).Add(time.Duration(s.rand.IntN(50)) * time.Minute)
	if local := s.at.In(domain.Shanghai); local.Hour() < 8 || local.Hour() >= 18 {
		s.at = domain.DateOf(s.at.Add(14 * time.Hour)).Start().Add(time.Duration(8*60+40+s.rand.IntN(400)) * time.Minute)
	}
	at := s.at
	s.steps = append(s.steps, step{at, s, what, func(ctx context.Context) error { return do(ctx, at) }})
}

func (s *story) request(who domain.Actor, at time.Time) casework.Request {
	return casework.Request{CommandID: s.commandID(), Actor: who, Channel: "demo", At: at}
}

// tick plans the daily look of the ticker at this case, until the case has ended
// or, when it is still open, until now.
func (s *story) tick(from time.Time, ended bool) {
	until := s.now
	if ended && s.at.Before(until) {
		until = s.at
	}
	for at := from.Add(24 * time.Hour); at.Before(until); at = at.Add(24 * time.Hour) {
		s.steps = append(s.steps, step{at, s, "tick", func(ctx context.Context) error {
			_, err := s.work.Do(ctx, s.id, &complaint.Tick{}, s.request(casework.Clerk, at))
			return err
		}})
	}
}

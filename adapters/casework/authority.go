package casework

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
)

// Authority says who may do what. The policies in force are one.
type Authority interface {
	// Check is nil when the request is allowed, else a rejection.
	Check(r policy.Request) error
	// Sight is the cases that somebody sees.
	Sight(a domain.Actor, units orgunit.Tree, on domain.Date) complaint.Sight
	// Digest names the rules by which Check answers; it goes into every event.
	Digest() string
}

// asking is a request on its way to the authority: everything but the resource.
type asking struct {
	s     *Service
	r     Request
	units orgunit.Tree
}

func (s *Service) asking(ctx context.Context, r Request) (asking, error) {
	units, err := s.Units(ctx)
	if errors.Is(err, eventstore.ErrCorrupt) {
		return asking{}, err
	}
	// A store that can't be read now is not for us to wait for: the command reads
	// its own streams next and waits there, or can't be stored.
	return asking{s, r, units}, nil
}

func (a asking) check(by domain.By, family, name, label string, on policy.Resource) error {
	return a.s.authority.Check(policy.Request{
		Actor: by.Actor, For: a.r.For, Action: family + ":" + name, Label: label, On: on, Units: a.units, Date: domain.DateOf(by.At),
	})
}

// guarded puts a question before a decider. It is asked on the state on which
// the decider decides, after a repeated command was recognised: the answer to
// the same form stays the same when the case has moved out of reach meanwhile.
func guarded[S any, C domain.Command, E domain.Event](d domain.Decider[S, C, E], ask func(S, C) error) domain.Decider[S, C, E] {
	decide := d.Decide
	d.Decide = func(s S, cmd C) ([]E, error) {
		if err := ask(s, cmd); err != nil {
			return nil, err
		}
		return decide(s, cmd)
	}
	return d
}

// complaint asks about commands on a complaint. When the guards of the case say
// no as well, their reason is told, for they know the case; but whoever does not
// see the case is told nothing of it.
func (a asking) complaint(id uuid.UUID, rules complaint.Rules) decider {
	return guarded(complaint.NewDecider(rules), func(s complaint.State, cmd complaint.Command) error {
		name, by := complaint.NameOf(cmd), cmd.IssuedBy()
		spec, _ := complaint.Spec(name)
		refused := a.check(by, complaint.Family, name, spec.Label, policy.OnComplaint(id, s))
		if refused != nil && !hides(refused) {
			// Who may look at a restricted case and do nothing on it is told that, and
			// not that there is no such case.
			if why := complaint.Refusal(name, s, by.Actor, rules, by.At); why != nil && !hides(why) {
				return why
			}
		}
		return refused
	})
}

// hides reports whether an answer is that of a case that is not there. Errors that
// are no rejections say nothing of the case and hide it as well.
func hides(err error) bool {
	no, ok := errors.AsType[*domain.Rejection](err)
	return !ok || no.Code == "not_visible"
}

func (a asking) person() domain.Decider[person.State, person.Command, person.Event] {
	return guarded(person.Decider, func(_ person.State, cmd person.Command) error {
		return a.file(cmd.IssuedBy(), person.Family, person.NameOf(cmd), person.Commands())
	})
}

func (a asking) enterprise() domain.Decider[enterprise.State, enterprise.Command, enterprise.Event] {
	return guarded(enterprise.Decider, func(_ enterprise.State, cmd enterprise.Command) error {
		return a.file(cmd.IssuedBy(), enterprise.Family, enterprise.NameOf(cmd), enterprise.Commands())
	})
}

func (a asking) series() domain.Decider[series.State, series.Command, series.Event] {
	return guarded(series.Decider, func(_ series.State, cmd series.Command) error {
		return a.file(cmd.IssuedBy(), series.Family, series.NameOf(cmd), series.Commands())
	})
}

func (a asking) calendar() domain.Decider[calendar.Calendar, calendar.Command, calendar.Event] {
	return guarded(calendar.Decider, func(_ calendar.Calendar, cmd calendar.Command) error {
		return a.file(cmd.IssuedBy(), calendar.Family, calendar.NameOf(cmd), calendar.Commands())
	})
}

func (a asking) orgunit() domain.Decider[orgunit.Tree, orgunit.Command, orgunit.Event] {
	return guarded(orgunit.Decider, func(_ orgunit.Tree, cmd orgunit.Command) error {
		return a.file(cmd.IssuedBy(), orgunit.Family, orgunit.NameOf(cmd), orgunit.Commands())
	})
}

// file asks about a command on a file of a family other than complaints.
func (a asking) file(by domain.By, family, name string, commands domain.Codes[string]) error {
	return a.check(by, family, name, commands.Label(name), policy.OnFile(family))
}

// Available is what the actor may do on a complaint now: what the rules of the
// case leave open, less what the policies refuse.
func (s *Service) Available(ctx context.Context, id uuid.UUID, state complaint.State, actor domain.Actor, rules complaint.Rules, now time.Time) ([]complaint.Action, error) {
	ask, err := s.asking(ctx, Request{})
	if err != nil {
		return nil, err
	}
	actions := complaint.Available(state, actor, rules, now)
	on, by := policy.OnComplaint(id, state), domain.By{Actor: actor, At: now}
	for i, a := range actions {
		if !a.Allowed && a.Code != "not_visible" {
			continue
		}
		err := ask.check(by, complaint.Family, a.Name, a.Label, on)
		if no, ok := errors.AsType[*domain.Rejection](err); ok {
			actions[i].Allowed, actions[i].Code, actions[i].Reason = false, no.Code, no.Text
		} else if err != nil {
			return nil, err
		}
	}
	return actions, nil
}

// Acting is the first of somebody's actors to whom a command on a complaint is open
// now, else the usual one: one person may hold several offices, and a case that is
// closed to one of them may be open to another.
func (s *Service) Acting(ctx context.Context, id uuid.UUID, spec complaint.CommandSpec, usual domain.Actor, actors ...domain.Actor) domain.Actor {
	if len(actors) < 2 {
		return usual
	}
	state, rules, _, err := s.Case(ctx, id)
	ask, askErr := s.asking(ctx, Request{})
	if err != nil || askErr != nil {
		return usual // the command reads the case as well, and tells what is wrong
	}
	now, on := s.now(), policy.OnComplaint(id, state)
	for _, a := range append([]domain.Actor{usual}, actors...) {
		if complaint.Refusal(spec.Name, state, a, rules, now) == nil && ask.check(domain.By{Actor: a, At: now}, complaint.Family, spec.Name, spec.Label, on) == nil {
			return a
		}
	}
	// Closed to all: to be told why, one who sees the case asks.
	for _, a := range append([]domain.Actor{usual}, actors...) {
		if ask.check(domain.By{Actor: a, At: now}, complaint.Family, "see", "查看", on) == nil {
			return a
		}
	}
	return usual
}

// The uses of a complaint that Permitted knows.
const (
	UseReveal      = policy.Reveal
	UseExportClear = policy.ExportClear
	UseSeeAccess   = policy.SeeAccess
)

// Permitted is the first of the actors who may make a use of a complaint that is no
// command (policy.Uses), such as having personal fields shown. The error is that
// of the last.
func (s *Service) Permitted(ctx context.Context, id uuid.UUID, state complaint.State, use string, now time.Time, actors ...domain.Actor) (domain.Actor, error) {
	ask, err := s.asking(ctx, Request{})
	if err != nil {
		return domain.Actor{}, err
	}
	label := use
	for _, u := range policy.Uses() {
		if u[0] == use {
			label = u[1]
		}
	}
	family, name, _ := strings.Cut(use, ":")
	err = policy.NotVisible()
	for _, a := range actors {
		if err = ask.check(domain.By{Actor: a, At: now}, family, name, label, policy.OnComplaint(id, state)); err == nil {
			return a, nil
		}
	}
	return domain.Actor{}, err
}

// PolicyDigest names the policies in force.
func (s *Service) PolicyDigest() string { return s.authority.Digest() }

// Sight is the cases that somebody sees. While the tree of units can't be read,
// it goes by the tree as it was last known, as pages go by rows.
func (s *Service) Sight(ctx context.Context, a domain.Actor) complaint.Sight {
	units, err := s.Units(ctx)
	if err != nil {
		slog.WarnContext(ctx, "organisation tree not read, the last known one is used", "err", err)
	}
	return s.authority.Sight(a, units, domain.DateOf(s.now()))
}

// Widest is the one of the actors who sees the most cases, the first of those
// who see as many, and what that one sees.
func (s *Service) Widest(ctx context.Context, actors ...domain.Actor) (domain.Actor, complaint.Sight) {
	var who domain.Actor
	var most complaint.Sight
	for i, a := range actors {
		if sight := s.Sight(ctx, a); i == 0 || sight.Wider(most) {
			who, most = a, sight
		}
	}
	return who, most
}

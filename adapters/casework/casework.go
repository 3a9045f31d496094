// Package casework carries out what people wish: it stages the deciders of all
// families that a wish touches and appends their events in one atomic step.
//
// Pages, API, import, demo data and ticker all come through here. It holds no
// rules: what is possible is in the deciders; who may do what is in the policies,
// which are asked here and nowhere else (authority.go); facts are in the store.
// It fills in what no caller should have to know: the rules in force, the next
// number, the ids, the time. Read Service.Register and Service.Do.
package casework

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/eventstore"
)

// Service carries out commands. Safe for concurrent use.
type Service struct {
	engine    *eventstore.Engine
	now       func() time.Time
	prefix    string
	authority Authority
	tree      tree
}

// Options are the settings of a Service.
type Options struct {
	Now    func() time.Time
	Prefix string // what the numbers of complaints begin with, such as 晋工诉
	// Authority is who says who may do what; nil means the policies in force.
	Authority Authority
}

// New makes a Service over an engine.
func New(engine *eventstore.Engine, o Options) *Service {
	if o.Authority == nil {
		o.Authority = policy.InForce()
	}
	return &Service{engine: engine, now: o.Now, prefix: o.Prefix, authority: o.Authority}
}

// Request is who wishes something, and how the wish reached us. CommandID is
// drawn when the form is shown: the same one never does a thing twice. At is
// when it is entered, now if zero; Happened and LateReason are for late entries.
// Cause is the event that a reaction answers to, and Correlation the case that
// the event belongs to; people leave both empty. For is the user whose office
// the actor holds for a time (代), empty for their own.
type Request struct {
	CommandID   uuid.UUID
	Actor       domain.Actor
	For         string
	Channel     string
	At          time.Time
	Happened    time.Time
	LateReason  string
	Cause       string
	Correlation string
}

func (s *Service) by(r Request) domain.By {
	at := r.At
	if at.IsZero() {
		at = s.now()
	}
	// JSON keeps nanoseconds, PostgreSQL microseconds: one precision everywhere.
	return domain.By{Actor: r.Actor, At: at.UTC().Truncate(time.Microsecond), Happened: r.Happened.UTC().Truncate(time.Microsecond), LateReason: r.LateReason}
}

func (s *Service) meta(r Request, correlation, rulePack string) eventstore.Meta {
	if r.Correlation != "" {
		correlation = r.Correlation
	}
	return eventstore.Meta{CommandID: r.CommandID, OnBehalfOf: r.For, Channel: r.Channel, CorrelationID: correlation, CausationID: r.Cause, RulePack: rulePack, PolicyDigest: s.authority.Digest()}
}

func (r Request) check() error {
	if r.CommandID == uuid.Nil {
		return domain.Reject("command_id_missing", "表单缺少编号,请刷新页面后重新填写。")
	}
	return nil
}

// step is the request of a later command of the same wish.
func (r Request) step(n int) Request {
	r.CommandID = uuid.NewSHA1(r.CommandID, fmt.Append(nil, "step ", n))
	return r
}

// CaseStream is the stream of a complaint.
func CaseStream(id uuid.UUID) eventstore.StreamID {
	return eventstore.StreamID{Family: complaint.Family, Case: id.String()}
}

var calendarStream = eventstore.StreamID{Family: calendar.Family, Case: calendar.Case}

// Rules is the rule pack in force with the calendar as published.
func (s *Service) Rules(ctx context.Context) (complaint.Rules, error) {
	var rules complaint.Rules
	_, err := s.engine.Do(ctx, func(u *eventstore.Unit) (err error) {
		rules, err = rulesOf(ctx, u)
		return err
	})
	return rules, err
}

func rulesOf(ctx context.Context, u *eventstore.Unit) (complaint.Rules, error) {
	cal, _, err := eventstore.State(ctx, u, calendarStream, calendar.Decider)
	if err != nil {
		return complaint.Rules{}, err
	}
	return complaint.DefaultRules(cal), nil
}

// Case is the present state of a complaint with the rules in force, for showing
// what may be done next.
func (s *Service) Case(ctx context.Context, id uuid.UUID) (complaint.State, complaint.Rules, eventstore.Head, error) {
	var (
		state complaint.State
		rules complaint.Rules
		head  eventstore.Head
	)
	_, err := s.engine.Do(ctx, func(u *eventstore.Unit) (err error) {
		if rules, err = rulesOf(ctx, u); err != nil {
			return err
		}
		state, head, err = eventstore.State(ctx, u, CaseStream(id), complaint.NewDecider(rules))
		return err
	})
	return state, rules, head, err
}

// Since is what a complaint's stream holds behind a version, for telling somebody
// what happened since a form was shown.
func (s *Service) Since(ctx context.Context, id uuid.UUID, version uint64) ([]eventstore.Recorded, error) {
	var later []eventstore.Recorded
	for rec, err := range s.engine.Store().Stream(ctx, CaseStream(id), eventstore.Head{}) {
		if err != nil {
			return nil, fmt.Errorf("read complaint: %w", err)
		}
		if rec.Version > version {
			later = append(later, rec)
		}
	}
	return later, nil
}

// Do issues a command on a complaint. Commands that touch more than the
// complaint go to the function that knows the rest; TakeOver is never given
// alone.
func (s *Service) Do(ctx context.Context, id uuid.UUID, cmd complaint.Command, r Request) (eventstore.Head, error) {
	switch cmd := cmd.(type) {
	case *complaint.Register:
		out, err := s.Register(ctx, Intake{Request: r, Register: *cmd})
		return out.Head, err
	case *complaint.Merge:
		return s.Merge(ctx, id, cmd.IntoID, cmd.Reason, r)
	case *complaint.TakeOver:
		return eventstore.Head{}, domain.Reject("not_alone", "并入由“并案”一并完成,请在被并案件上办理并案。")
	default:
		return s.issue(ctx, id, cmd, r)
	}
}

// issue carries out a command that touches the complaint alone.
func (s *Service) issue(ctx context.Context, id uuid.UUID, cmd complaint.Command, r Request) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	cmd.Stamp(s.by(r))
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		return s.stage(ctx, u, id, cmd, r)
	})
	return heads[CaseStream(id)], err
}

func (s *Service) stage(ctx context.Context, u *eventstore.Unit, id uuid.UUID, cmd complaint.Command, r Request) error {
	rules, err := rulesOf(ctx, u)
	if err != nil {
		return err
	}
	ask, err := s.asking(ctx, r)
	if err != nil {
		return err
	}
	_, err = eventstore.Stage(ctx, u, CaseStream(id), ask.complaint(id, rules), cmd, s.meta(r, id.String(), rules.Version))
	return err
}

// Merge ends one complaint in another: its claimants move over, both histories
// stay. Both commits are stored or none.
func (s *Service) Merge(ctx context.Context, from, into uuid.UUID, reason string, r Request) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		rules, err := rulesOf(ctx, u)
		if err != nil {
			return err
		}
		decider := complaint.NewDecider(rules)
		source, _, err := eventstore.State(ctx, u, CaseStream(from), decider)
		if err != nil {
			return err
		}
		target, _, err := eventstore.State(ctx, u, CaseStream(into), decider)
		if err != nil {
			return err
		}
		if target.Phase == complaint.PhaseNone {
			return domain.Reject("merge_target_missing", "找不到要并入的案件,请核对案号。")
		}
		merge := &complaint.Merge{IntoID: into, IntoNo: target.No, Reason: reason}
		merge.Stamp(s.by(r))
		if err := s.stage(ctx, u, from, merge, r); err != nil {
			return err
		}
		takeOver := source.TakeOver(from)
		takeOver.Stamp(s.by(r))
		return s.stage(ctx, u, into, takeOver, r)
	})
	return heads[CaseStream(into)], err
}

// PublishCalendar enters a year's holiday notice.
func (s *Service) PublishCalendar(ctx context.Context, n calendar.Notice, r Request) (eventstore.Head, error) {
	if err := r.check(); err != nil {
		return eventstore.Head{}, err
	}
	cmd := calendar.Publish{By: s.by(r), Notice: n}
	ask, err := s.asking(ctx, r)
	if err != nil {
		return eventstore.Head{}, err
	}
	return eventstore.Execute(ctx, s.engine, calendarStream, ask.calendar(), calendar.Command(cmd), s.meta(r, "", ""))
}

package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hearth/eventstore"
)

// State says in a word what a model does.
type State string

// The states of a model.
const (
	StateBuilding   State = "building"    // it does not serve yet
	StateCatchingUp State = "catching_up" // it serves, but lags
	StateLive       State = "live"        // it serves
	StateWaiting    State = "waiting"     // another instance writes it; the rest says how far it is
	StateStopped    State = "stopped"     // see Problem
	StateRetrying   State = "retrying"    // the database or the event store is gone; see Error
)

// Status is how far a model is.
type Status struct {
	Name    string
	Version int
	Schema  string
	State   State
	// Serving says that there are tables to read.
	Serving bool
	// Position is that of the last commit in the tables, End that of the log,
	// Behind the commits between them.
	Position eventstore.Position
	End      eventstore.Position
	Behind   uint64
	// Lag is for how long the oldest commit that is missing has been stored.
	Lag time.Duration
	// Events counts those in the tables since they were made.
	Events int64
	// EventsPerSecond is the pace of the last ten seconds.
	EventsPerSecond float64
	// Rebuilding says that a new copy is being built, beside the one that serves
	// if there is one. Progress, from 0 to 1, Remaining, 0 when not known, and
	// EventsPerSecond are then about the new copy.
	Rebuilding bool
	Progress   float64
	Remaining  time.Duration
	// Problem is what stopped it, nil when nothing did.
	Problem *Problem
	// Error is what keeps this process from writing it or from knowing more.
	Error string
}

// CaughtUp reports that the model serves, has not stopped, and lags no more
// than the given time.
func (s Status) CaughtUp(within time.Duration) bool {
	return s.Serving && s.Problem == nil && s.State != StateRetrying && s.Lag <= within
}

// pace remembers where a schema stood in the last seconds.
type pace struct{ samples []sample }

type sample struct {
	at       time.Time
	position eventstore.Position
	events   int64
}

const paceWindow = 10 * time.Second

func (p *pace) add(s sample) {
	if n := len(p.samples); n > 0 && (s.position < p.samples[n-1].position || s.events < p.samples[n-1].events) {
		p.samples = nil // made anew
	}
	p.samples = append(p.samples, s)
	for len(p.samples) > 2 && s.at.Sub(p.samples[0].at) > paceWindow {
		p.samples = p.samples[1:]
	}
}

// perSecond is the pace in events and in commits.
func (p *pace) perSecond() (events, commits float64) {
	if len(p.samples) < 2 {
		return 0, 0
	}
	first, last := p.samples[0], p.samples[len(p.samples)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 {
		return 0, 0
	}
	return float64(last.events-first.events) / seconds, float64(last.position-first.position) / seconds
}

// sight is what a look at the database and the log shows.
type sight struct {
	at   time.Time
	end  eventstore.Position
	rows map[string]checkpoint // by schema
}

// look reads all checkpoints and the end of the log.
func (m *Monitor) look(ctx context.Context) (sight, error) {
	var schemas []string
	for _, p := range m.models {
		schemas = append(schemas, p.schema, p.build)
	}
	rows, err := readCheckpoints(ctx, m.pool, checkpointSQL+"where schema = any ($1)", schemas)
	s := sight{at: time.Now(), rows: make(map[string]checkpoint, len(rows))}
	if err != nil {
		return s, err
	}
	for _, r := range rows {
		s.rows[r.Schema] = r
	}
	// The end comes after the checkpoints, so that none is beyond it.
	if s.end, err = m.store.End(ctx); err != nil {
		err = fmt.Errorf("end of the log: %w", err)
	}
	for _, p := range m.models {
		m.take(p, s, err == nil)
	}
	return s, err
}

// take keeps what a look shows of a model.
func (m *Monitor) take(p *model, s sight, endKnown bool) {
	row, serving := s.rows[p.schema]
	if serving {
		m.reached(p, row.Log, row.Position)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p.problem = row.Problem
	if serving {
		p.known.serving.add(sample{s.at, row.Position, row.Events})
		if endKnown && row.Position >= s.end {
			p.caughtUp = s.at
		}
	}
	if build, ok := s.rows[p.build]; ok {
		p.building.add(sample{s.at, build.Position, build.Events})
		if !serving {
			p.problem = build.Problem
		}
	} else {
		p.building = pace{}
	}
}

// Status tells how far every model is, in the order in which they were given.
// What cannot be found out is in Error.
func (m *Monitor) Status(ctx context.Context) []Status {
	s, err := m.look(ctx)
	all := make([]Status, len(m.models))
	for i, p := range m.models {
		all[i] = m.status(p, s, err)
	}
	return all
}

func (m *Monitor) status(p *model, s sight, lookErr error) Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, serving := s.rows[p.schema]
	build, building := s.rows[p.build]
	st := Status{
		Name: p.name, Version: p.Version(), Schema: p.schema, Serving: serving, Rebuilding: building,
		Position: row.Position, End: s.end, Events: row.Events, Problem: p.problem,
	}
	if err := errors.Join(p.err, lookErr); err != nil {
		st.Error = tell(err)
	}
	if p.state == StateStopped && st.Problem == nil {
		st.Problem = p.told // of what was not stored
	}
	if row.Position < s.end {
		st.Behind = uint64(s.end - row.Position)
		since := row.StoredAt
		if since.IsZero() {
			since = row.ChangedAt // built when the log was empty
		}
		if p.caughtUp.After(since) {
			since = p.caughtUp
		}
		if !since.IsZero() {
			st.Lag = max(s.at.Sub(since), 0)
		}
	}
	at, pace := row, p.known.serving
	if building {
		at, pace = build, p.building
	}
	st.progress(at.Position, s.end, pace)
	st.State = p.stateOf(st, m.opts.LiveWithin, lookErr)
	return st
}

func (s *Status) progress(at, end eventstore.Position, pace pace) {
	events, commits := pace.perSecond()
	s.EventsPerSecond = events
	switch {
	case at >= end:
		s.Progress = 1
	default:
		s.Progress = float64(at) / float64(end)
		if commits > 0 {
			s.Remaining = time.Duration(float64(end-at) / commits * float64(time.Second)).Round(time.Second)
		}
	}
	if !s.Serving && !s.Rebuilding {
		s.Progress = 0 // an empty log is no reason to say that it is there
	}
}

func (p *model) stateOf(s Status, liveWithin time.Duration, lookErr error) State {
	switch {
	case p.state != "":
		return p.state
	case lookErr != nil:
		return StateRetrying
	case s.Problem != nil:
		return StateStopped
	case !s.Serving:
		return StateBuilding
	case s.Lag > liveWithin:
		return StateCatchingUp
	}
	return StateLive
}

// Ready is nil when all models have caught up, else it says which have not and
// why. It is the answer of /readyz.
func (m *Monitor) Ready(ctx context.Context) error {
	var missing []error
	for _, s := range m.Status(ctx) {
		if s.CaughtUp(m.opts.LiveWithin) {
			continue
		}
		why := s.Error
		if s.Problem != nil {
			why = s.Problem.Error
		}
		missing = append(missing, fmt.Errorf("%s: %s, %d of %d %s", s.Schema, s.State, s.Position, s.End, why))
	}
	return errors.Join(missing...)
}

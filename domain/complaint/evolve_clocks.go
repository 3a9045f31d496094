package complaint

import (
	"maps"

	"hearth/domain/calendar"
)

// turn is the state with one of its clocks changed.
func (s State) turn(f calendar.Fact) State {
	s.Clocks = s.Clocks.Apply(f)
	return s
}

// forget drops what was said about an earlier clock of the kind.
func (s State) forget(k ClockKind) State {
	s.Explained = without(s.Explained, k)
	s.Escalated = maps.Clone(s.Escalated)
	delete(s.Escalated, k)
	return s
}

func (ev ClockStarted) apply(s State) State { return s.turn(ev).forget(ClockKind(ev.Clock)) }

func (ev ClockPaused) apply(s State) State { return s.turn(ev) }

func (ev ClockResumed) apply(s State) State { return s.turn(ev) }

func (ev ClockExtended) apply(s State) State { return s.turn(ev) }

func (ev ClockChanged) apply(s State) State { return s.turn(ev) }

func (ev ClockRecomputed) apply(s State) State { return s.turn(ev) }

func (ev ClockMet) apply(s State) State { return s.turn(ev) }

func (ev ClockBreached) apply(s State) State { return s.turn(ev) }

func (ev ClockStopped) apply(s State) State { return s.turn(ev).forget(ClockKind(ev.Clock)) }

// The facts on which no later decision rests.

func (CallbackPromised) apply(s State) State        { return s }
func (NoteAdded) apply(s State) State               { return s }
func (AttachmentAdded) apply(s State) State         { return s }
func (ClaimantImportCompleted) apply(s State) State { return s }
func (RepresentativesElected) apply(s State) State  { return s }
func (ClaimDisputed) apply(s State) State           { return s }
func (SupervisionOrdered) apply(s State) State      { return s }
func (ClosureApproved) apply(s State) State         { return s }

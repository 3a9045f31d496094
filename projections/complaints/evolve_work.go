package complaints

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/eventstore"
)

// outside is what goes on with the employer and with other bodies.
func (r *Row) outside(ev complaint.Event) {
	switch ev := ev.(type) {
	case complaint.NegotiationHeld:
		r.track(complaint.TrackMediate, complaint.TrackOpen)
	case complaint.AgreementSigned:
		r.track(complaint.TrackMediate, complaint.TrackDone)
	case complaint.MediationFailed:
		r.track(complaint.TrackMediate, complaint.TrackFailed)
	case complaint.ProcedureStarted:
		r.ProceduresOpen++
		r.track(complaint.TrackProcedure, complaint.TrackOpen)
	case complaint.ProcedureConcluded:
		r.ProceduresOpen--
		if r.ProceduresOpen == 0 {
			good := ev.Result != complaint.ResultRejected && ev.Result != complaint.ResultNotFiled
			r.track(complaint.TrackProcedure, ended(good))
		}
	case complaint.DocumentIssued:
		if ev.NeedsReply {
			r.await(Awaited{ev.DocumentID, complaint.TrackDocuments, string(ev.Kind), ev.No, instant(ev.ReplyDueAt)})
		} else if r.Tracks[complaint.TrackDocuments] != complaint.TrackOpen {
			r.track(complaint.TrackDocuments, complaint.TrackDone)
		}
	case complaint.DocumentAnswered:
		r.arrived(ev.DocumentID, ev.Answer == complaint.AnswerAdequate || ev.Answer == complaint.AnswerVoided)
	case complaint.ReferralSent:
		t := complaint.TrackReferral
		if ev.Agency == complaint.AgencyLegalAid {
			t = complaint.TrackLegalAid
		}
		r.await(Awaited{ID: ev.ReferralID, Track: t, Kind: string(ev.Agency)})
	case complaint.ReferralReceipted:
		r.arrived(ev.ReferralID, ev.Accepted)
	default: // apply sends no other events here
	}
}

func ended(good bool) complaint.TrackStatus {
	if good {
		return complaint.TrackDone
	}
	return complaint.TrackFailed
}

func (r *Row) await(a Awaited) {
	r.Awaited = append(r.Awaited, a)
	r.track(a.Track, complaint.TrackOpen)
}

// arrived takes out what was awaited; the last of its track says how that ended.
func (r *Row) arrived(id uuid.UUID, good bool) {
	i := slices.IndexFunc(r.Awaited, func(a Awaited) bool { return a.ID == id })
	if i < 0 {
		return
	}
	t := r.Awaited[i].Track
	r.Awaited = slices.Delete(r.Awaited, i, i+1)
	if !slices.ContainsFunc(r.Awaited, func(a Awaited) bool { return a.Track == t }) {
		r.track(t, ended(good))
	}
}

// clockFact replays a fact of a clock by the rules of package calendar.
func (b *batch) clockFact(r *Row, ev complaint.Event, f calendar.Fact) {
	row := b.clocks.change(clockKey{r.ID, complaint.ClockKind(f.ClockKind())})
	c := row.clock()
	row.set(f.Apply(c))
	switch ev := ev.(type) {
	case complaint.ClockStarted:
		row.Pauses, row.OverBy, row.PauseReason, row.Explained = 0, 0, "", ""
		row.Step, row.StepDueAt = "", time.Time{}
	case complaint.ClockPaused:
		row.PauseReason = ev.Reason
	case complaint.ClockMet:
		row.OverBy = ev.OverBy
	case complaint.ClockBreached:
		row.OverBy = ev.OverBy
	case complaint.ClockStopped:
		row.Kind, row.StartedAt, row.Length = complaint.ClockKind(ev.Clock), c.StartedAt, c.Length.String()
	default: // apply sends no other events here
	}
	if row.Kind == complaint.ClockHandle {
		now := row.clock()
		r.Timed, r.InTime = row.Status == calendar.StatusMet && !now.Length.IsZero(), now.MetInTime()
	}
	b.nextDue(r)
}

// nextDue finds the clock that is due first, and whether any is late.
func (b *batch) nextDue(r *Row) {
	r.NextClock, r.NextDueAt, r.NextProvisional, r.Overdue = "", time.Time{}, false, false
	var next *Clock
	for _, c := range b.clocks.of(r.ID) {
		if c.Status != calendar.StatusRunning && c.Status != calendar.StatusBreached {
			continue
		}
		r.Overdue = r.Overdue || c.Status == calendar.StatusBreached
		if next == nil || c.DueAt.Before(next.DueAt) || c.DueAt.Equal(next.DueAt) && c.Kind < next.Kind {
			next = c
		}
	}
	if next != nil {
		r.NextClock, r.NextDueAt, r.NextProvisional = next.Kind, next.DueAt, next.Provisional
	}
}

// clock is the clock as package calendar knows it, without its closed runs:
// facts bring their own due dates.
func (c *Clock) clock() calendar.Clock {
	return calendar.Clock{
		Kind: string(c.Kind), Length: length(c.Length), Extended: length(c.Extended), Basis: c.Basis,
		StartedAt: c.StartedAt, Since: c.Since, PausedAt: c.PausedAt, Pauses: c.Pauses, Consumed: c.Consumed,
		Reckoning:  calendar.Reckoning{DueAt: c.DueAt, Provisional: c.Provisional, CalendarV: c.CalendarV},
		BreachedAt: c.BreachedAt, MetAt: c.MetAt,
	}
}

func (c *Clock) set(k calendar.Clock) {
	c.Status, c.Length, c.Extended, c.Basis = k.Status(), k.Length.String(), k.Extended.String(), k.Basis
	c.StartedAt, c.Since, c.PausedAt = instant(k.StartedAt), instant(k.Since), instant(k.PausedAt)
	c.Pauses, c.Consumed = k.Pauses, k.Consumed
	c.DueAt, c.Provisional, c.CalendarV = instant(k.DueAt), k.Provisional, k.CalendarV
	c.BreachedAt, c.MetAt = instant(k.BreachedAt), instant(k.MetAt)
}

// length reads what Length.String wrote.
func length(s string) calendar.Length {
	l, err := calendar.ParseLength(s)
	if err != nil {
		panic("complaints: stored length " + s)
	}
	return l
}

func (b *batch) closure(r *Row, rec *eventstore.Recorded, ev complaint.Event) {
	switch ev := ev.(type) {
	case complaint.ClosureProposed:
		r.Phase, r.ProposedAt, r.Conclusion, r.Closures = complaint.PhaseAwaitingClosure, instant(rec.OccurredAt), ev.Conclusion, ev.Nth
		b.sample(r, ev.Sample)
	case complaint.ClosureReturned:
		r.Phase, r.ProposedAt, r.Conclusion = complaint.PhaseInProgress, time.Time{}, ""
	case complaint.CallbackDone:
		b.called(r, ev)
	case complaint.Closed:
		at := instant(ev.At)
		r.end(complaint.PhaseClosed, at)
		r.ClosedAt, r.Conclusion = at, ev.Conclusion
		if r.FirstClosedAt.IsZero() {
			r.FirstClosedAt = at
		}
	case complaint.Reopened:
		r.Phase, r.Open, r.Reopens = complaint.PhaseInProgress, true, ev.Nth
		var never time.Time
		r.EndedAt, r.ClosedAt, r.ArchivedAt, r.ProposedAt, r.Conclusion = never, never, never, never, ""
		b.callbacks.changeAll(r.ID, every[Callback], (*Callback).forget)
	case complaint.Archived:
		r.Phase, r.ArchivedAt = complaint.PhaseArchived, instant(rec.OccurredAt)
	default: // apply sends no other events here
	}
}

func every[T any](*T) bool { return true }

// sample is who is to be called back now. Answers that do not stand in the way
// of closing count on.
func (b *batch) sample(r *Row, nos []int) {
	for _, no := range nos {
		b.callbacks.change(lineKey{r.ID, no})
	}
	b.callbacks.changeAll(r.ID, every[Callback], func(c *Callback) {
		c.Wanted = slices.Contains(nos, c.ClaimantNo)
		if !c.Answered || c.Blocks {
			c.forget()
		}
	})
}

// forget makes the call-back one that has to be made anew.
func (c *Callback) forget() { c.Answered, c.Blocks, c.Attempts = false, false, nil }

// askAnew forgets what a claimant answered, for the facts have changed.
func (b *batch) askAnew(r *Row, no int) {
	b.callbacks.changeAll(r.ID, func(c *Callback) bool { return c.ClaimantNo == no }, (*Callback).forget)
}

func (b *batch) called(r *Row, ev complaint.CallbackDone) {
	c := b.callbacks.change(lineKey{r.ID, ev.ClaimantNo})
	c.Calls++
	c.LastBy = ev.By
	if ev.Reached {
		c.Answered, c.Blocks, c.Attempts = true, ev.Blocks, nil
		c.Reached, c.Satisfied, c.AboutUs = true, ev.Satisfied, ev.ComplaintAboutUs
	} else {
		c.Attempts = append(slices.Clone(c.Attempts), ev.CalledOn)
	}
	r.Called, r.Unreached, r.Answered, r.Satisfied = 0, 0, 0, 0
	for _, c := range b.callbacks.of(r.ID) {
		if c.Calls == 0 {
			continue
		}
		r.Called++
		switch {
		case !c.Reached:
			r.Unreached++
		case c.Satisfied > 0:
			r.Answered++
			if c.Satisfied >= content {
				r.Satisfied++
			}
		}
	}
}

// content is the mark, of 5, from which somebody counts as satisfied.
const content = 4

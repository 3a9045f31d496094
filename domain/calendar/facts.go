package calendar

import (
	"slices"
	"time"
)

// Fact is 时限事实: something that happened to a clock. The events of a family
// embed the types below and thereby are Facts; their fields are all that replay
// needs, no calendar.
type Fact interface {
	ClockKind() string
	Apply(c Clock) Clock
}

// Started is 时限开始.
type Started struct {
	Clock  string    `json:"clock"`
	At     time.Time `json:"started_at"`
	Length Length    `json:"length,omitzero"`
	Basis  string    `json:"basis,omitempty"`
	Reckoning
}

// Paused is 时限暂停. Consumed is the time used up, in units of the length.
type Paused struct {
	Clock    string    `json:"clock"`
	At       time.Time `json:"paused_at"`
	Consumed int       `json:"consumed"`
}

// Resumed is 时限恢复.
type Resumed struct {
	Clock string    `json:"clock"`
	At    time.Time `json:"resumed_at"`
	Reckoning
}

// Extended is 时限延长.
type Extended struct {
	Clock string    `json:"clock"`
	At    time.Time `json:"extended_at"`
	Added Length    `json:"added"`
	Reckoning
}

// Changed is 时限调整: the case got another class. Consumed is the time used up, in
// units of the new length.
type Changed struct {
	Clock    string    `json:"clock"`
	At       time.Time `json:"changed_at"`
	Length   Length    `json:"length,omitzero"`
	Basis    string    `json:"basis,omitempty"`
	Consumed int       `json:"consumed"`
	Reckoning
}

// Recomputed is 时限重算: a notice moved the due date or made it certain.
type Recomputed struct {
	Clock    string    `json:"clock"`
	OldDueAt time.Time `json:"old_due_at"`
	Reckoning
}

// Met is 时限完成. OverBy is by how many working days it was late.
type Met struct {
	Clock  string    `json:"clock"`
	At     time.Time `json:"met_at"`
	OverBy int       `json:"over_by_wd,omitempty"`
}

// Breached is 时限超期. OverBy is how many working days have begun since.
type Breached struct {
	Clock  string    `json:"clock"`
	At     time.Time `json:"breached_at"`
	OverBy int       `json:"over_by_wd,omitempty"`
}

// ClockKind names the clock.
func (f Started) ClockKind() string { return f.Clock }

// ClockKind names the clock.
func (f Paused) ClockKind() string { return f.Clock }

// ClockKind names the clock.
func (f Resumed) ClockKind() string { return f.Clock }

// ClockKind names the clock.
func (f Extended) ClockKind() string { return f.Clock }

// ClockKind names the clock.
func (f Changed) ClockKind() string { return f.Clock }

// ClockKind names the clock.
func (f Recomputed) ClockKind() string { return f.Clock }

// ClockKind names the clock.
func (f Met) ClockKind() string { return f.Clock }

// ClockKind names the clock.
func (f Breached) ClockKind() string { return f.Clock }

// Apply is a new clock; one that was there before is forgotten.
func (f Started) Apply(Clock) Clock {
	return Clock{
		Kind: f.Clock, Length: f.Length, Basis: f.Basis,
		StartedAt: f.At, Since: f.At, Reckoning: f.Reckoning,
	}
}

// Apply is the clock, paused.
func (f Paused) Apply(c Clock) Clock {
	c = c.closeRun(f.At)
	c.PausedAt, c.Consumed, c.DueAt, c.Provisional = f.At, f.Consumed, time.Time{}, false
	c.Pauses++
	return c
}

// Apply is the clock, going on.
func (f Resumed) Apply(c Clock) Clock {
	c.Since, c.PausedAt, c.Reckoning = f.At, time.Time{}, f.Reckoning
	return c
}

// Apply is the clock with its extension.
func (f Extended) Apply(c Clock) Clock {
	c.Extended, c.Reckoning = f.Added, f.Reckoning
	return c
}

// Apply is the clock with its new length; a paused one stays paused.
func (f Changed) Apply(c Clock) Clock {
	if c.PausedAt.IsZero() {
		c = c.closeRun(f.At)
		c.Since = f.At
	}
	c.Length, c.Basis, c.Consumed, c.Reckoning = f.Length, f.Basis, f.Consumed, f.Reckoning
	return c
}

// Apply is the clock with its new due date. A breach that the new date undoes is
// forgotten; it was none.
func (f Recomputed) Apply(c Clock) Clock {
	c.Reckoning = f.Reckoning
	if !c.Overdue(c.BreachedAt) {
		c.BreachedAt = time.Time{}
	}
	return c
}

// Apply is the clock at its end.
func (f Met) Apply(c Clock) Clock {
	c.MetAt = f.At
	return c
}

// Apply is the clock with its breach.
func (f Breached) Apply(c Clock) Clock {
	c.BreachedAt = f.At
	return c
}

// closeRun ends the present stretch. It never changes the runs it was given.
func (c Clock) closeRun(at time.Time) Clock {
	c.Runs = append(slices.Clip(c.Runs), Run{From: c.Since, To: at})
	c.Since = time.Time{}
	return c
}

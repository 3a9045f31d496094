package calendar

import (
	"maps"
	"time"
)

// Clock is 时限: a limit that runs for one task. It is a value: a Fact makes the
// next one, and the methods in rules.go make the facts. The zero Clock is no
// clock at all, which is legal, and so is one whose Length is zero.
//
// Time that was used up stays used up. Runs are what pauses and changes of class
// leave behind, and the due date is always reckoned from them, in whatever unit
// the limit now has.
type Clock struct {
	Kind       string    // which limit of the family, as "accept" or "handle"
	Length     Length    // the limit of the class, without extension
	Extended   Length    // what an extension added; it counts only in its own unit
	Basis      string    // the law or rule that sets the limit
	StartedAt  time.Time // when the clock began
	Runs       []Run     // the closed stretches of running time
	Since      time.Time // when the present stretch began
	PausedAt   time.Time // zero unless paused
	Pauses     int       // how often it was paused
	Consumed   int       // used up at the last pause or change, in whole units of Length
	Reckoning            // zero DueAt while paused or without limit
	BreachedAt time.Time
	MetAt      time.Time
}

// Run is 计时区间: a closed stretch of running time. The day on which it began is
// not counted, the day on which it ended is.
type Run struct {
	From time.Time
	To   time.Time
}

// Reckoning is 到期计算: when a clock is due, whether that is provisional (暂定),
// and the version of the calendar that it was reckoned by.
type Reckoning struct {
	DueAt       time.Time `json:"due_at,omitzero"`
	Provisional bool      `json:"provisional,omitempty"`
	CalendarV   string    `json:"calendar_v,omitempty"`
}

// Status is 时限状态.
type Status string

// The statuses (时限状态).
const (
	StatusNone     Status = "none"     // 无时限
	StatusRunning  Status = "running"  // 计时中
	StatusPaused   Status = "paused"   // 暂停中
	StatusBreached Status = "breached" // 已超期, and not met yet
	StatusMet      Status = "met"      // 已完成, in time or late
)

// Status is where the clock stands, by what has been recorded: a clock that is
// over but whose breach nobody has recorded yet is still running.
func (c Clock) Status() Status {
	switch {
	case !c.MetAt.IsZero():
		return StatusMet
	case c.Length.IsZero():
		return StatusNone
	case !c.PausedAt.IsZero():
		return StatusPaused
	case !c.BreachedAt.IsZero():
		return StatusBreached
	}
	return StatusRunning
}

// Overdue reports whether the instant is after the due date. The whole second of
// DueAt is still in time. A paused clock has no due date and is never overdue.
func (c Clock) Overdue(at time.Time) bool {
	return !c.DueAt.IsZero() && !at.Before(c.DueAt.Add(time.Second))
}

// MetInTime reports 按期完成: the task was done by the due date, even when that was
// entered only after a breach was recorded.
func (c Clock) MetInTime() bool { return !c.MetAt.IsZero() && !c.Overdue(c.MetAt) }

// Used is how much time the clock has consumed at an instant, in whole units of
// its Length.
func (c Clock) Used(at time.Time, cal Calendar) int {
	cal = c.on(cal)
	used := c.spent(cal)
	if c.PausedAt.IsZero() && !c.Since.IsZero() {
		used += cal.spent(c.Length.Unit, c.Since, at)
	}
	return c.whole(used)
}

// Left is how much time the clock has left at an instant, in whole units of its
// Length, never below 0.
func (c Clock) Left(at time.Time, cal Calendar) int {
	return max(0, c.whole(c.limit())-c.Used(at, cal))
}

// limit is all the time that the clock has. An extension in another unit was
// given to another class and went with it.
func (c Clock) limit() int64 {
	if c.Extended.Unit == c.Length.Unit {
		return c.Length.amount() + c.Extended.amount()
	}
	return c.Length.amount()
}

// spent is the time of the closed runs, in the unit of the present length.
func (c Clock) spent(cal Calendar) int64 {
	var sum int64
	for _, r := range c.Runs {
		sum += cal.spent(c.Length.Unit, r.From, r.To)
	}
	return sum
}

func (c Clock) whole(amount int64) int {
	if c.Length.Unit == Hours {
		return int(amount / int64(time.Hour))
	}
	return int(amount)
}

// reckon is when the clock is due by exactly this calendar: what is left of the
// limit, added to the begin of the present stretch.
func (c Clock) reckon(cal Calendar) Reckoning {
	if !c.PausedAt.IsZero() || c.Length.IsZero() {
		return Reckoning{CalendarV: cal.Version()}
	}
	due := cal.due(c.Since, c.Length.Unit, max(0, c.limit()-c.spent(cal)))
	return Reckoning{DueAt: due.At, Provisional: due.Provisional, CalendarV: cal.Version()}
}

// on is the calendar that the clock follows: one that was started on EveryDay
// stays on it.
func (c Clock) on(cal Calendar) Calendar {
	if c.CalendarV == everyDayVersion {
		return EveryDay()
	}
	return cal
}

// Clocks is 时限组: the clocks of one case by their kind. It is immutable.
type Clocks map[string]Clock

// Apply is the clocks after one more fact.
func (m Clocks) Apply(f Fact) Clocks {
	next := maps.Clone(m)
	if next == nil {
		next = Clocks{}
	}
	next[f.ClockKind()] = f.Apply(m[f.ClockKind()])
	return next
}

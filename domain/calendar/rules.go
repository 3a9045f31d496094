package calendar

import (
	"time"

	"hearth/domain"
)

// Start begins a clock (时限开始). The zero length makes a clock without limit,
// which a family need not record.
func Start(cal Calendar, kind string, length Length, at time.Time, basis string) Started {
	f := Started{Clock: kind, At: at.UTC(), Length: length, Basis: basis}
	f.Reckoning = f.Apply(Clock{}).reckon(cal)
	return f
}

// Pause stops the clock (暂停). It is refused when the clock does not run or is
// already over; who may pause, and why, is the family's rule.
func (c Clock) Pause(at time.Time, cal Calendar) (Paused, error) {
	if err := c.running("暂停", at); err != nil {
		return Paused{}, err
	}
	return Paused{Clock: c.Kind, At: at.UTC(), Consumed: c.Used(at, cal)}, nil
}

// Resume lets a paused clock go on with the time it had left (恢复). The day of the
// resumption is not counted.
func (c Clock) Resume(at time.Time, cal Calendar) (Resumed, error) {
	if c.Status() != StatusPaused {
		return Resumed{}, domain.Reject("clock_not_paused", "这个时限没有暂停,不需要恢复。")
	}
	if err := c.inOrder("恢复", at); err != nil {
		return Resumed{}, err
	}
	f := Resumed{Clock: c.Kind, At: at.UTC()}
	f.Reckoning = f.Apply(c).reckon(c.on(cal))
	return f, nil
}

// Extend adds time by a lawful decision (延长): once per clock, before it is over,
// at most most, and in the unit of the limit. A paused clock may be extended.
func (c Clock) Extend(at time.Time, added, most Length, cal Calendar) (Extended, error) {
	if err := c.open("延长", at); err != nil {
		return Extended{}, err
	}
	switch {
	case !c.Extended.IsZero():
		return Extended{}, domain.Reject("clock_extended", "这个时限已经延长过%s,一个时限只能延长一次。", c.Extended.Text())
	case most.IsZero():
		return Extended{}, domain.Reject("clock_not_extendable", "这个时限不能延长,请在到期前办结。")
	case added.Unit != c.Length.Unit || most.Unit != c.Length.Unit:
		return Extended{}, domain.Reject("clock_unit", "原时限是%s,延长也要用同样的单位,请改正后再提交。", c.Length.Text())
	case added.N < 1 || added.N > most.N:
		return Extended{}, domain.Reject("clock_extension_too_long", "这个时限最多可延长%s,请改正后再提交。", most.Text())
	}
	f := Extended{Clock: c.Kind, At: at.UTC(), Added: added}
	f.Reckoning = f.Apply(c).reckon(c.on(cal))
	return f, nil
}

// Change gives the clock the limit of another class (调整). What was consumed stays
// consumed, counted in the new unit; when that is already more than the new
// limit, the clock is due on the day of the change. The zero length takes the
// limit away.
func (c Clock) Change(at time.Time, length Length, basis string, cal Calendar) (Changed, error) {
	check := c.open
	if c.Status() == StatusNone && !c.StartedAt.IsZero() {
		check = c.inOrder // a limit may come back
	}
	if err := check("调整", at); err != nil {
		return Changed{}, err
	}
	f := Changed{Clock: c.Kind, At: at.UTC(), Length: length, Basis: basis}
	next, cal := f.Apply(c), c.on(cal)
	f.Consumed = next.Used(at, cal)
	f.Reckoning = next.reckon(cal)
	return f, nil
}

// Recompute reckons the due date again when a notice was entered (重算). It says
// no when that changes nothing: same date, and as certain as before. It is asked
// of every open clock, for a notice can also reach into the year before its own.
func (c Clock) Recompute(cal Calendar) (Recomputed, bool) {
	if s := c.Status(); s != StatusRunning && s != StatusBreached {
		return Recomputed{}, false
	}
	now := c.reckon(c.on(cal))
	if now.DueAt.Equal(c.DueAt) && now.Provisional == c.Provisional {
		return Recomputed{}, false
	}
	return Recomputed{Clock: c.Kind, OldDueAt: c.DueAt, Reckoning: now}, true
}

// Meet ends the clock because the task is done (完成), in time or late.
func (c Clock) Meet(at time.Time, cal Calendar) (Met, error) {
	switch c.Status() {
	case StatusNone:
		return Met{}, domain.Reject("clock_none", "此事没有时限,不用登记完成。")
	case StatusMet:
		return Met{}, domain.Reject("clock_ended", "这个时限对应的事项已经完成,不用再次登记。")
	}
	return Met{Clock: c.Kind, At: at.UTC(), OverBy: c.overBy(at, cal)}, nil
}

// Breach records that the due date has passed (超期). It says no when it has not,
// or when the breach is on record.
func (c Clock) Breach(now time.Time, cal Calendar) (Breached, bool) {
	if c.Status() != StatusRunning || !c.Overdue(now) {
		return Breached{}, false
	}
	return Breached{Clock: c.Kind, At: now.UTC(), OverBy: c.overBy(now, cal)}, true
}

// overBy is the number of working days that have begun since the due date.
func (c Clock) overBy(at time.Time, cal Calendar) int {
	if !c.Overdue(at) {
		return 0
	}
	return c.on(cal).WorkdaysBetween(domain.DateOf(c.DueAt), domain.DateOf(at))
}

// open rejects what cannot be done to a clock that is not there, ended, or over.
func (c Clock) open(what string, at time.Time) error {
	switch {
	case c.Status() == StatusNone:
		return domain.Reject("clock_none", "此事没有时限,不用%s。", what)
	case c.Status() == StatusMet:
		return domain.Reject("clock_ended", "这个时限对应的事项已经完成,不能再%s。", what)
	case c.Status() == StatusBreached || c.Overdue(at):
		return domain.Reject("clock_overdue", "这个时限已于%s到期,不能再%s,请尽快办结并写明超期原因。", domain.DateOf(c.DueAt), what)
	}
	return c.inOrder(what, at)
}

// inOrder rejects what is said to have happened before the clock's last turn.
func (c Clock) inOrder(what string, at time.Time) error {
	if at.Before(c.Since) || at.Before(c.PausedAt) {
		return domain.Reject("clock_order", "%s的时间早于这个时限开始计时或上次变动的时间,请核对发生时间。", what)
	}
	return nil
}

// running also rejects what cannot be done to a paused clock.
func (c Clock) running(what string, at time.Time) error {
	if c.Status() == StatusPaused {
		return domain.Reject("clock_paused", "这个时限正在暂停,不能再%s。", what)
	}
	return c.open(what, at)
}

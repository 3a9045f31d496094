package complaint

import (
	"slices"
	"time"

	"hearth/domain"
	"hearth/domain/calendar"
)

func (c *ResumeClock) decide(d *decision) error {
	clock, err := d.clockOf(c.Clock)
	if err != nil {
		return err
	}
	resumed, err := clock.Resume(d.by.At, d.cal())
	if err != nil {
		return err
	}
	d.add(ClockResumed{resumed})
	return nil
}

func (c *OrderSupervision) decide(d *decision) error {
	if err := first(text("督办要求", c.Demand), d.futureDate("督办期限", c.DueOn)); err != nil {
		return err
	}
	d.add(SupervisionOrdered{Demand: c.Demand, DueOn: c.DueOn, By: d.actor()})
	return nil
}

func (c *Tick) decide(d *decision) error {
	d.tick()
	return nil
}

func (c *RecomputeClocks) decide(d *decision) error {
	d.recompute(c.Why)
	return nil
}

// start begins a clock at the time of the fact.
func (d *decision) start(k ClockKind, l Limit[calendar.Length]) { d.startAt(k, l, d.at()) }

func (d *decision) startAt(k ClockKind, l Limit[calendar.Length], at time.Time) {
	if l.Value.IsZero() {
		return // no limit is legal
	}
	d.add(ClockStarted{calendar.Start(d.cal(), string(k), l.Value, at, l.Basis.String())})
}

// meet ends a clock because its task is done; when that is late, the breach is
// recorded too, even if no tick came by in between.
func (d *decision) meet(k ClockKind) {
	c := d.s.Clock(k)
	if s := c.Status(); s == calendar.StatusNone || s == calendar.StatusMet {
		return
	}
	d.breach(c)
	if met, err := d.s.Clock(k).Meet(d.at(), d.cal()); err == nil {
		d.add(ClockMet{met})
	}
}

func (d *decision) breach(c calendar.Clock) {
	if b, over := c.Breach(d.at(), d.cal()); over {
		d.add(ClockBreached{b})
	}
}

// stop ends a clock whose task no longer needs doing.
func (d *decision) stop(k ClockKind, why string) {
	c := d.s.Clock(k)
	if s := c.Status(); s == calendar.StatusNone || s == calendar.StatusMet {
		return
	}
	d.breach(c)
	d.add(ClockStopped{Clock: string(k), At: d.at(), Why: why})
}

func (d *decision) stopAll(why string) {
	for _, k := range clockKinds.All() {
		d.stop(k, why)
	}
}

// decide: from the third pause on, and within a working day of the due date, it
// is the reviewer's decision.
func (c *PauseClock) decide(d *decision) error {
	clock, err := d.clockOf(c.Clock)
	if err != nil {
		return err
	}
	if err := first(pauseReasons.Check(c.Reason), optionalText("暂停说明", c.Note)); err != nil {
		return err
	}
	if !slices.Contains(pausable, c.Clock) {
		return domain.Reject("clock_not_pausable", "只有受理时限和办理时限可以暂停,%s不能暂停。", c.Clock.Label())
	}
	paused, err := clock.Pause(d.by.At, d.cal())
	if err != nil {
		return err
	}
	if d.by.Actor.Role != domain.RoleReviewer {
		left := d.cal().WorkdaysBetween(domain.DateOf(d.by.At), domain.DateOf(clock.DueAt))
		switch {
		case clock.Pauses >= d.r.FreePauses.Value:
			return domain.Reject("reviewer_needed", "%s已暂停过%d次,再次暂停须由审核人决定。", c.Clock.Label(), clock.Pauses)
		case left <= 1:
			return domain.Reject("reviewer_needed", "%s将于%s到期,不足1个工作日,暂停须由审核人决定。", c.Clock.Label(), dateText(clock.DueAt))
		}
	}
	d.add(ClockPaused{Paused: paused, Reason: c.Reason, Note: c.Note})
	return nil
}

func (c *ExtendClock) decide(d *decision) error {
	if c.Clock != ClockHandle {
		return domain.Reject("clock_not_extendable", "只有办理时限可以延长。")
	}
	clock, err := d.clockOf(c.Clock)
	if err != nil {
		return err
	}
	if err := text("延长理由", c.Reason); err != nil {
		return err
	}
	extended, err := clock.Extend(d.by.At, c.Added, d.r.Extension[d.s.TimeClass].Value, d.cal())
	if err != nil {
		return err
	}
	if d.s.someoneToTell() && !d.toldOfExtension(c.ToldContactNo) {
		return domain.Reject("not_told", "延长前须把理由和新期限告知职工并登记联系(联系目的选“告知延期”),再填写该次联系的序号。")
	}
	d.add(ClockExtended{
		Extended: extended, By: d.actor(), DocumentID: c.DocumentID, Reason: c.Reason, ToldContactNo: c.ToldContactNo,
	})
	return nil
}

// someoneToTell reports whether there is a known worker behind the case.
func (s State) someoneToTell() bool { return known(s.Reporter.PersonID) || len(s.Active()) > 0 }

func (d *decision) toldOfExtension(no int) bool {
	if no < 1 || no > len(d.s.Contacts) {
		return false
	}
	c := d.s.Contacts[no-1]
	return c.Purpose == PurposeExtension && c.Reached && (c.With == PartyWorker || c.With == PartyRepresentative)
}

func (c *ExplainOverdue) decide(d *decision) error {
	clock, err := d.clockOf(c.Clock)
	if err != nil {
		return err
	}
	if !Late(clock, d.by.At) {
		return domain.Reject("nothing_overdue", "%s没有逾期,不需要说明。", c.Clock.Label())
	}
	if err := first(overdueReasons.Check(c.Reason), optionalText("逾期说明", c.Note)); err != nil {
		return err
	}
	if c.Reason == OverdueOther {
		if err := text("逾期说明", c.Note); err != nil {
			return err
		}
	}
	d.add(OverdueExplained{Clock: c.Clock, Reason: c.Reason, Note: c.Note, By: d.actor()})
	return nil
}

// tick records what has come due: breaches, the newest step of each clock's
// escalation, and limitation alerts. A late tick skips the steps it missed.
func (d *decision) tick() {
	if !slices.Contains(live, d.s.Phase) {
		return
	}
	for _, k := range clockKinds.All() {
		d.breach(d.s.Clock(k))
		d.escalate(k)
	}
	for _, k := range limitationKinds.All() {
		d.alert(k)
	}
}

func (d *decision) escalate(k ClockKind) {
	c := d.s.Clock(k)
	last := d.s.Escalated[k]
	var step calendar.Step
	for _, m := range c.Marks(d.cal()) {
		if due := m.Step == calendar.StepDue; due && c.Overdue(d.at()) || !due && !d.at().Before(m.At) {
			step = m.Step
		}
	}
	if step == "" || last.DueAt.Equal(c.DueAt) && escalationSteps.Index(step) <= escalationSteps.Index(last.Step) {
		return
	}
	level, to := escalation(k, step)
	d.add(Escalated{Clock: k, Step: step, Level: level, To: to, DueAt: c.DueAt})
}

// escalation is whom a step of a clock is told to.
func escalation(k ClockKind, step calendar.Step) (RiskLevel, []domain.Role) {
	first, head := domain.RoleHandler, domain.RoleOrgHead
	switch k {
	case ClockAccept:
		first, head = domain.RoleDispatcher, domain.RoleShiftLeader
	case ClockFirstContact, ClockCallback, ClockRedNotice:
		first, head = domain.RoleOperator, domain.RoleShiftLeader
	case ClockSign:
		first = domain.RoleOrgHead
	case ClockClosureReview:
		first, head = domain.RoleReviewer, domain.RoleApprover
	case ClockHandle:
	}
	switch step {
	case calendar.StepNotice:
		return RiskYellow, []domain.Role{first}
	case calendar.StepWarning:
		return RiskOrange, slices.Compact([]domain.Role{first, head})
	case calendar.StepDue:
		return RiskRed, []domain.Role{head}
	case calendar.StepReport:
		return RiskRed, []domain.Role{domain.RoleApprover, domain.RoleDiscipline}
	default:
		return RiskRed, []domain.Role{domain.RoleLeader, domain.RoleApprover, domain.RoleDiscipline}
	}
}

func (d *decision) alert(k LimitationKind) {
	until := d.s.Limitation.Until(k)
	days := 0
	for _, a := range calendar.Alerts(until) {
		if !d.today().Before(a.On) {
			days = a.Days
		}
	}
	if days == 0 || d.s.Alerted[k] != 0 && d.s.Alerted[k] <= days {
		return
	}
	d.add(LimitationNear{Kind: k, Until: until, DaysLeft: until.Sub(d.today()), Days: days})
}

// recompute reckons every open clock again by the calendar of the rules.
func (d *decision) recompute(why string) {
	for _, k := range clockKinds.All() {
		if again, changed := d.s.Clock(k).Recompute(d.cal()); changed {
			d.add(ClockRecomputed{Recomputed: again, Why: why})
		}
	}
}

package complaints

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
)

// Deadline is an open clock with what one must know of its case.
type Deadline struct {
	Clock
	ID          uuid.UUID           `db:"id" json:"id"`
	No          string              `db:"no" json:"no"`
	Employer    string              `db:"employer" json:"employer"`
	Area        string              `db:"area" json:"area"`
	Risk        complaint.RiskLevel `db:"risk" json:"risk,omitempty"`
	Phase       complaint.Phase     `db:"phase" json:"phase"`
	HandlingOrg string              `db:"handling_org" json:"handling_org,omitempty"`
	Handler     string              `db:"handler" json:"handler,omitempty"`
}

// Due are the open clocks that are due before an instant, late ones included, in
// the order of their due dates.
func (q Queries) Due(ctx context.Context, v Viewer, until time.Time) ([]Deadline, error) {
	return collect[Deadline](ctx, q, `
		select k.*, c.id, c.no, c.employer, c.area, c.risk, c.phase, c.handling_org, c.handler
		  from complaints_v3.clock k join complaints_v3.complaint c on c.id = k.complaint_id
		 where k.status in ('running', 'breached') and k.due_at < @until and `+visible+`
		 order by k.due_at, c.id, k.clock`,
		v.args(pgx.StrictNamedArgs{"until": until}))
}

// Ticks are the cases for which Tick has something to record now: a breach, an
// escalation or an alert of a limitation that is not on record yet.
func (q Queries) Ticks(ctx context.Context, cal calendar.Calendar, now time.Time) ([]uuid.UUID, error) {
	// The first step comes three working days before the due date.
	horizon, _ := cal.AddWorkdays(domain.DateOf(now), 4)
	clocks, err := q.Due(ctx, machine, horizon.End())
	if err != nil {
		return nil, err
	}
	var due []uuid.UUID
	for _, d := range clocks {
		if d.unrecorded(cal, now) && !slices.Contains(due[max(0, len(due)-1):], d.ID) {
			due = append(due, d.ID)
		}
	}
	type watched struct {
		ID    uuid.UUID
		Until domain.Date
		Alert int
	}
	limits, err := collect[watched](ctx, q, `
		select c.id, l.until, l.alert
		  from complaints_v3.complaint c
		  cross join lateral (values (c.inspection_until, c.inspection_alert),
		                             (c.arbitration_until, c.arbitration_alert)) as l(until, alert)
		 where c.open and l.until <= @today::date + 90 and (l.alert = 0 or l.alert > 7)`,
		pgx.StrictNamedArgs{"today": domain.DateOf(now)})
	if err != nil {
		return nil, err
	}
	for _, l := range limits {
		for _, a := range calendar.Alerts(l.Until) {
			if !domain.DateOf(now).Before(a.On) && (l.Alert == 0 || a.Days < l.Alert) {
				due = append(due, l.ID)
			}
		}
	}
	slices.SortFunc(due, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(due), nil
}

// unrecorded reports that the clock is at a step, or over, and that no event
// says so yet.
func (d Deadline) unrecorded(cal calendar.Calendar, now time.Time) bool {
	c := d.clock()
	if c.Status() == calendar.StatusRunning && c.Overdue(now) {
		return true
	}
	steps := complaint.EscalationSteps()
	reached := -1
	for _, m := range c.Marks(cal) {
		if due := m.Step == calendar.StepDue; due && c.Overdue(now) || !due && !now.Before(m.At) {
			reached = steps.Index(m.Step)
		}
	}
	return reached >= 0 && (!d.StepDueAt.Equal(d.DueAt) || steps.Index(d.Step) < reached)
}

// Outdated are the cases with an open clock that was reckoned with another
// version of the calendar than this one.
func (q Queries) Outdated(ctx context.Context, calendarVersion string) ([]uuid.UUID, error) {
	type row struct{ ID uuid.UUID }
	found, err := collect[row](ctx, q, `
		select distinct complaint_id as id from complaints_v3.clock
		 where status in ('running', 'breached') and calendar_v <> '' and calendar_v <> @version order by 1`,
		pgx.StrictNamedArgs{"version": calendarVersion})
	ids := make([]uuid.UUID, len(found))
	for i, r := range found {
		ids[i] = r.ID
	}
	return ids, err
}

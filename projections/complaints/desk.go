package complaints

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/projections"
)

// Desk is what the hotline desk shows beside the intake form.
type Desk struct {
	Red       []Row         `json:"red"`       // open cases at red risk
	Mine      []PromisedRow `json:"mine"`      // call-backs that the viewer promised and has not made
	Today     []PromisedRow `json:"today"`     // promised by anybody, due today or before
	Callbacks []CallbackRow `json:"callbacks"` // people to be asked before closing
	Newest    []Row         `json:"newest"`
	Overdue   int           `json:"overdue"` // open cases with a recorded breach
}

// PromisedRow is a case with a call-back that was promised.
type PromisedRow struct {
	Row
	EventNo    int64     `db:"event_no" json:"event_no"`
	DueAt      time.Time `db:"due_at" json:"due_at"`
	About      string    `db:"-" json:"about,omitempty"`
	Sealed     string    `db:"about_sealed" json:"-"` // About, as the table has it
	PromisedBy string    `db:"promised_by" json:"promised_by"`
}

func (p *PromisedRow) cells() []projections.Cell {
	return append(p.Row.cells(), about(p.ID, p.EventNo, &p.About, &p.Sealed))
}

// CallbackRow is a case with somebody to be called back. Attempts counts the
// calls in vain.
type CallbackRow struct {
	Row
	ClaimantNo int       `db:"claimant_no" json:"claimant_no"` // 0: the reporter
	Attempts   int       `db:"tried" json:"attempts"`
	DueAt      time.Time `db:"due_at" json:"due_at,omitzero"`
}

const (
	deskLimit   = 50
	newestLimit = 10
)

// Desk is the desk of the viewer at a moment.
func (q Queries) Desk(ctx context.Context, v Viewer, r complaint.Rules, now time.Time) (Desk, error) {
	var d Desk
	var err error
	if d.Red, err = collect[Row](ctx, q, `
		select c.* from complaints_v3.complaint c where c.open and c.risk = 'red' and `+visible+`
		 order by c.leader_told, c.next_due_at nulls last, c.id limit @limit`,
		v.args(pgx.StrictNamedArgs{"limit": deskLimit})); err != nil {
		return Desk{}, err
	}
	if d.Mine, err = q.promised(ctx, v, v.UserID, dueOrNever(time.Time{})); err != nil {
		return Desk{}, err
	}
	if d.Today, err = q.promised(ctx, v, "", domain.DateOf(now).End()); err != nil {
		return Desk{}, err
	}
	if d.Callbacks, err = q.toCall(ctx, v, r); err != nil {
		return Desk{}, err
	}
	if d.Newest, err = collect[Row](ctx, q, `
		select c.* from complaints_v3.complaint c where `+visible+`
		 order by c.registered_at desc, c.id desc limit @limit`,
		v.args(pgx.StrictNamedArgs{"limit": newestLimit})); err != nil {
		return Desk{}, err
	}
	d.Overdue, err = q.Count(ctx, v, Filter{Open: true, Overdue: true})
	return d, err
}

// promised are the promises of a user, or of everybody, that are due before until.
func (q Queries) promised(ctx context.Context, v Viewer, by string, until time.Time) ([]PromisedRow, error) {
	return collect[PromisedRow](ctx, q, `
		select c.*, p.event_no, p.due_at, p.about_sealed, p.promised_by
		  from complaints_v3.promise p join complaints_v3.complaint c on c.id = p.complaint_id
		 where p.kept_at is null and c.open and (@by = '' or p.promised_by = @by) and p.due_at < @until and `+visible+`
		 order by p.due_at, c.id, p.event_no limit @limit`,
		v.args(pgx.StrictNamedArgs{"by": by, "until": until, "limit": deskLimit}))
}

func (q Queries) toCall(ctx context.Context, v Viewer, r complaint.Rules) ([]CallbackRow, error) {
	return collect[CallbackRow](ctx, q, `
		select c.*, b.claimant_no, cardinality(b.attempts) as tried, k.due_at
		  from complaints_v3.complaint c
		  join complaints_v3.callback b on b.complaint_id = c.id
		  left join complaints_v3.clock k on k.complaint_id = c.id and k.clock = 'callback' and k.status in ('running', 'breached')
		 where c.phase = 'awaiting_closure' and b.wanted and not b.answered
		   and not (cardinality(b.attempts) >= @attempts and (select count(distinct d) from unnest(b.attempts) d) >= @days)
		   and c.handler <> @user and c.co_handler <> @user and `+visible+`
		 order by k.due_at nulls last, c.id, b.claimant_no limit @limit`,
		v.args(pgx.StrictNamedArgs{
			"user": v.UserID, "attempts": r.CallbackAttempts.Value, "days": r.CallbackDays.Value, "limit": deskLimit,
		}))
}

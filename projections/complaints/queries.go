package complaints

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/projections"
)

// ErrNotFound says that there is no such case, or none that the viewer may see.
var ErrNotFound = errors.New("complaints: no such case")

// Queries answers questions about complaints. Safe for concurrent use.
type Queries struct {
	DB    *pgxpool.Pool
	Vault projections.Opener // for what is personal
}

// Viewer is who asks. Sight is what the policies let them see; without it they
// see nothing.
type Viewer struct {
	UserID string
	Org    string
	Role   domain.Role
	Sight  complaint.Sight
}

// ViewerOf is the viewer that an actor with a sight is.
func ViewerOf(a domain.Actor, s complaint.Sight) Viewer {
	return Viewer{UserID: a.ID, Org: a.Org, Role: a.Role, Sight: s}
}

// machine is the viewer of the system's own tasks.
var machine = Viewer{Role: domain.RoleSystem, Sight: complaint.Sight{All: true}}

// visible is the predicate on complaint c that the policies come to: the sight of
// the viewer, and C10 as complaint.Restriction.Hides has it. A test holds it
// equal to what the policies say of each case.
const visible = `(@sees_all or (
	(@everywhere or coalesce(nullif(c.handling_org, ''), c.area) = any (@units::text[])
	 or @own and @viewer in (c.handler, c.co_handler, c.first_receiver))
	and (not c.restricted or ((c.accused_org = '' or c.accused_org <> @org) and @role = any (c.allowed_roles)))))`

// nobody is the id that stands for none.
const nobody = `uuid '00000000-0000-0000-0000-000000000000'`

// args are the arguments of visible and those of the question.
func (v Viewer) args(more pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	args := pgx.StrictNamedArgs{
		"sees_all": v.Sight.All, "everywhere": v.Sight.Everywhere, "units": v.Sight.Units, "own": v.Sight.Own,
		"viewer": v.UserID, "org": v.Org, "role": string(v.Role),
	}
	maps.Copy(args, more)
	return args
}

// Get is one case.
func (q Queries) Get(ctx context.Context, v Viewer, id uuid.UUID) (Row, error) {
	return q.one(ctx, `select c.* from complaints_v3.complaint c where c.id = @id and `+visible,
		v.args(pgx.StrictNamedArgs{"id": id}))
}

// ByNo is one case by its number.
func (q Queries) ByNo(ctx context.Context, v Viewer, no string) (Row, error) {
	return q.one(ctx, `select c.* from complaints_v3.complaint c where c.no = @no and `+visible,
		v.args(pgx.StrictNamedArgs{"no": no}))
}

func (q Queries) one(ctx context.Context, sql string, args pgx.StrictNamedArgs) (Row, error) {
	rows, _ := q.DB.Query(ctx, sql, args) // CollectExactlyOneRow returns the error
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Row])
	if errors.Is(err, pgx.ErrNoRows) {
		return Row{}, ErrNotFound
	}
	if err == nil {
		err = projections.Show(ctx, q.Vault, r.cells())
	}
	if err != nil {
		return Row{}, fmt.Errorf("read complaint: %w", err)
	}
	return r, nil
}

// Ledger is the claimants of a case, without those who were removed.
func (q Queries) Ledger(ctx context.Context, v Viewer, id uuid.UUID) ([]Claimant, error) {
	return lines[Claimant](ctx, q, v, id, `
		select t.* from complaints_v3.claimant t join complaints_v3.complaint c on c.id = t.complaint_id
		 where t.complaint_id = @id and not t.removed and `+visible+` order by t.claimant_no`)
}

// Clocks are the time limits of a case, open ones first, by due date.
func (q Queries) Clocks(ctx context.Context, v Viewer, id uuid.UUID) ([]Clock, error) {
	return lines[Clock](ctx, q, v, id, `
		select t.* from complaints_v3.clock t join complaints_v3.complaint c on c.id = t.complaint_id
		 where t.complaint_id = @id and `+visible+`
		 order by t.status in ('met', 'none'), t.due_at nulls last, t.clock`)
}

// Payments are the payments of a case, reversed ones too.
func (q Queries) Payments(ctx context.Context, v Viewer, id uuid.UUID) ([]Payment, error) {
	return lines[Payment](ctx, q, v, id, `
		select t.* from complaints_v3.payment t join complaints_v3.complaint c on c.id = t.complaint_id
		 where t.complaint_id = @id and `+visible+` order by t.payment_no`)
}

// Parties are those who are liable, without those who were dropped.
func (q Queries) Parties(ctx context.Context, v Viewer, id uuid.UUID) ([]Party, error) {
	return lines[Party](ctx, q, v, id, `
		select t.* from complaints_v3.party t join complaints_v3.complaint c on c.id = t.complaint_id
		 where t.complaint_id = @id and not t.dropped and `+visible+` order by t.role, t.enterprise_id`)
}

// Callbacks are those who are to be called back, and those who were.
func (q Queries) Callbacks(ctx context.Context, v Viewer, id uuid.UUID) ([]Callback, error) {
	return lines[Callback](ctx, q, v, id, `
		select t.* from complaints_v3.callback t join complaints_v3.complaint c on c.id = t.complaint_id
		 where t.complaint_id = @id and `+visible+` order by t.claimant_no`)
}

// Promises are the call-backs that were promised, and whether they were made.
func (q Queries) Promises(ctx context.Context, v Viewer, id uuid.UUID) ([]Promise, error) {
	return lines[Promise](ctx, q, v, id, `
		select t.* from complaints_v3.promise t join complaints_v3.complaint c on c.id = t.complaint_id
		 where t.complaint_id = @id and `+visible+` order by t.event_no`)
}

// Hinted are the possible duplicates that were found for a case. Those that the
// viewer may not see are left out.
func (q Queries) Hinted(ctx context.Context, v Viewer, id uuid.UUID) ([]Hint, error) {
	return lines[Hint](ctx, q, v, id, `
		select t.* from complaints_v3.hint t join complaints_v3.complaint c on c.id = t.other_id
		 where t.complaint_id = @id and `+visible+`
		   and exists (select from complaints_v3.complaint c where c.id = @id and `+visible+`)
		 order by t.score desc, t.other_no`)
}

func lines[T any](ctx context.Context, q Queries, v Viewer, id uuid.UUID, sql string) ([]T, error) {
	return collect[T](ctx, q, sql, v.args(pgx.StrictNamedArgs{"id": id}))
}

func collect[T any](ctx context.Context, q Queries, sql string, args pgx.StrictNamedArgs) ([]T, error) {
	rows, _ := q.DB.Query(ctx, sql, args) // CollectRows returns the error
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("read complaints: %w", err)
	}
	var cells []projections.Cell
	for i := range all {
		if row, personal := any(&all[i]).(interface{ cells() []projections.Cell }); personal {
			cells = append(cells, row.cells()...)
		}
	}
	if err := projections.Show(ctx, q.Vault, cells); err != nil {
		return nil, fmt.Errorf("read complaints: %w", err)
	}
	return all, nil
}

// Elsewhere finds claims of these people in other open cases against the same
// employer for overlapping months, which AddClaimants and ImportClaimants ask
// their caller for. The answer is for the rules, not for the screen: restricted
// cases count too.
func (q Queries) Elsewhere(ctx context.Context, id uuid.UUID, people []complaint.NewClaimant) ([]complaint.Elsewhere, error) {
	persons := make([]uuid.UUID, len(people))
	from, to := make([]domain.Date, len(people)), make([]domain.Date, len(people))
	for i, p := range people {
		persons[i] = p.PersonID
		from[i], to[i] = months(p.Items)
	}
	return collect[complaint.Elsewhere](ctx, q, `
		select distinct on (p.person_id) p.person_id, c.id as other_id, c.no as other_no
		  from unnest(@persons::uuid[], @from::date[], @to::date[]) as p(person_id, owed_from, owed_to)
		  join complaints_v3.claimant l on l.person_id = p.person_id and not l.removed and l.complaint_id <> @id
		  join complaints_v3.complaint c on c.id = l.complaint_id and c.open
		  join complaints_v3.complaint own on own.id = @id
		 where (c.enterprise_id = own.enterprise_id and c.enterprise_id <> `+nobody+`
		        or c.employer_key = own.employer_key and c.employer_key <> '')
		   and coalesce(l.owed_from, '-infinity') <= coalesce(p.owed_to, 'infinity')
		   and coalesce(p.owed_from, '-infinity') <= coalesce(l.owed_to, 'infinity')
		 order by p.person_id, c.registered_at, c.id`,
		pgx.StrictNamedArgs{"id": id, "persons": persons, "from": from, "to": to})
}

// months is the first and the last day of what is owed; zero when not known.
func months(items []complaint.ClaimItem) (from, to domain.Date) {
	for _, it := range items {
		if !it.From.IsZero() && (from.IsZero() || it.From.Before(from)) {
			from = it.From
		}
		if it.To.After(to) {
			to = it.To
		}
	}
	return from, to
}

// Last is the position of the newest change of any case.
func (q Queries) Last(ctx context.Context) (int64, error) {
	var last int64
	if err := q.DB.QueryRow(ctx, `select coalesce(max(position), 0) from complaints_v3.complaint`).Scan(&last); err != nil {
		return 0, fmt.Errorf("newest change: %w", err)
	}
	return last, nil
}

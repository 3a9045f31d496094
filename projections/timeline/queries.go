package timeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections"
)

// Entry is one row of a timeline.
type Entry struct {
	Family     string              `db:"family" json:"family"`
	Case       string              `db:"case_id" json:"case_id"`
	Version    int64               `db:"version" json:"version"`
	Position   eventstore.Position `db:"position" json:"position"`
	Type       string              `db:"type" json:"type"`
	OccurredAt time.Time           `db:"occurred_at" json:"occurred_at"`
	RecordedAt time.Time           `db:"recorded_at" json:"recorded_at"`
	LateReason string              `db:"late_reason" json:"late_reason,omitempty"`
	Actor      string              `db:"actor" json:"actor"`
	Org        string              `db:"org" json:"org"`
	Role       domain.Role         `db:"role" json:"role"`
	Behalf     string              `db:"behalf" json:"on_behalf_of,omitempty"` // the user whose office Actor held (代)
	Channel    string              `db:"channel" json:"channel"`
	Track      Track               `db:"track" json:"track"`
	Sentence   string              `db:"sentence" json:"sentence"`
	Detail     string              `db:"-" json:"detail,omitempty"`
	Sealed     string              `db:"detail_sealed" json:"-"` // Detail, as the table has it
}

// Late reports 补录: recorded more than a day after it happened.
func (e Entry) Late() bool { return e.RecordedAt.Sub(e.OccurredAt) > domain.MaxUnexplained }

// Queries reads the model.
type Queries struct {
	pool  *pgxpool.Pool
	vault projections.Opener
}

// NewQueries reads through pool and opens details with v.
func NewQueries(pool *pgxpool.Pool, v projections.Opener) Queries { return Queries{pool, v} }

const selectEntry = `select family, case_id, version, position, type, occurred_at, recorded_at, late_reason,
	actor, org, role, behalf, channel, track, sentence, detail_sealed from ` + schema + `.entry `

// Case is the timeline of one stream behind a version, oldest first; track may
// be empty for all.
func (q Queries) Case(ctx context.Context, id eventstore.StreamID, after int64, track Track, limit int) ([]Entry, error) {
	return q.entries(ctx, `where family = @family and case_id = @case and version > @after
		and (@track = '' or track = @track) order by version limit @limit`,
		pgx.StrictNamedArgs{"family": id.Family, "case": id.Case, "after": after, "track": string(track), "limit": limit})
}

// Linked is what other streams (persons, enterprises, numbers) hold that was
// done for a case, behind a position, oldest first.
func (q Queries) Linked(ctx context.Context, caseID string, after eventstore.Position, limit int) ([]Entry, error) {
	return q.entries(ctx, `where correlation = @case and correlation <> case_id and position > @after
		order by position, version limit @limit`,
		pgx.StrictNamedArgs{"case": caseID, "after": int64(after), "limit": limit})
}

// Official is what one user did in a period of recording, the end not included,
// latest first, before a position; 0 means from the end on. It names restricted
// cases too: it is for auditors.
func (q Queries) Official(ctx context.Context, user string, from, to time.Time, before eventstore.Position, limit int) ([]Entry, error) {
	return q.entries(ctx, `where actor = @actor and recorded_at >= @from and recorded_at < @to
		and (@before = 0 or position < @before) order by recorded_at desc, position desc, version desc limit @limit`,
		pgx.StrictNamedArgs{"actor": user, "from": from, "to": to, "before": int64(before), "limit": limit})
}

func (q Queries) entries(ctx context.Context, where string, args pgx.StrictNamedArgs) ([]Entry, error) {
	rows, err := q.pool.Query(ctx, selectEntry+where, args)
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	cells := make([]projections.Cell, len(entries))
	for i := range entries {
		e := &entries[i]
		cells[i] = detail(e.Family, e.Case, e.Version, &e.Detail, &e.Sealed)
	}
	if err := projections.Show(ctx, q.vault, cells); err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	return entries, nil
}

// Tally is how many entries a track has.
type Tally struct {
	Track Track `db:"track" json:"track"`
	N     int   `db:"n" json:"n"`
}

// Tallies are the tracks of a stream that have entries, in the order of Tracks.
func (q Queries) Tallies(ctx context.Context, id eventstore.StreamID) ([]Tally, error) {
	rows, err := q.pool.Query(ctx, `select track, count(*)::int as n from `+schema+`.entry
		where family = @family and case_id = @case group by track`,
		pgx.StrictNamedArgs{"family": id.Family, "case": id.Case})
	if err != nil {
		return nil, fmt.Errorf("tracks of a timeline: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Tally])
	if err != nil {
		return nil, fmt.Errorf("tracks of a timeline: %w", err)
	}
	ordered := make([]Tally, 0, len(found))
	for _, track := range tracks.All() {
		for _, t := range found {
			if t.Track == track {
				ordered = append(ordered, t)
			}
		}
	}
	return ordered, nil
}

// Head is where a stream ends as far as the model has come; the zero Head when
// it has no entry.
func (q Queries) Head(ctx context.Context, id eventstore.StreamID) (eventstore.Head, error) {
	var head eventstore.Head
	err := q.pool.QueryRow(ctx, `select version, position from `+schema+`.entry
		where family = @family and case_id = @case order by version desc limit 1`,
		pgx.StrictNamedArgs{"family": id.Family, "case": id.Case}).Scan(&head.Version, &head.Position)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return eventstore.Head{}, fmt.Errorf("head of a timeline: %w", err)
	}
	return head, nil
}

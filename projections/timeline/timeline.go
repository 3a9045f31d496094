// Package timeline is the read model 全程留痕: every event as one Chinese sentence
// with who, in what role, when it happened and when it was recorded.
//
// A sentence holds no personal data; marks in it are replaced for a reader who
// may see the names (Expand). What somebody wrote stands apart, in Detail.
//
// The model does not know who may see a case: ask the model of complaints first
// whether the reader may, as a case page does before it shows anything.
package timeline

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/household"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	account "hearth/domain/user"
	"hearth/eventstore"
	"hearth/projections"
)

//go:embed schema.sql
var tables string

const schema = "timeline_v4"

// Projection writes one row per event.
type Projection struct{ vault projections.Sealer }

// New makes the model. Details are sealed by v.
func New(v projections.Sealer) Projection { return Projection{v} }

// Name is the model's name.
func (Projection) Name() string { return "timeline" }

// Version is the version of the rows.
func (Projection) Version() int { return 4 }

// Tables makes the empty tables.
func (Projection) Tables() string { return tables }

// Indexes makes what only readers need.
func (Projection) Indexes() string {
	return `create index on entry (actor, recorded_at);
create index on entry (correlation, position) where correlation <> case_id;`
}

// detail is the one personal column, which goes with the narrative of its case
// or person.
func detail(family, id string, version int64, plain, sealed *string) projections.Cell {
	return projections.Cell{
		Column: "timeline.entry.detail", Row: projections.Key(family, id, version), Subject: id, Class: domain.SealNarrative,
		Plain: plain, Sealed: sealed,
	}
}

// Say is the sentence of an event of any family.
func Say(ev domain.Event) (Line, error) {
	var l Line
	switch ev := ev.(type) {
	case complaint.Event:
		l = complaintLine(ev)
	case calendar.Event:
		l = calendarLine(ev)
	case enterprise.Event:
		l = enterpriseLine(ev)
	case person.Event:
		l = personLine(ev)
	case household.Event:
		l = householdLine(ev)
	case household.SeatEvent:
		l = seatLine(ev)
	case series.Event:
		l = seriesLine(ev)
	case orgunit.Event:
		l = unitLine(ev)
	case account.Event:
		l = accountLine(ev)
	}
	if l.Text == "" {
		return l, fmt.Errorf("no sentence for %s", ev.EventType())
	}
	return l, nil
}

var columns = []string{
	"family", "case_id", "version", "position", "type", "occurred_at", "recorded_at", "late_reason",
	"actor", "org", "role", "behalf", "channel", "correlation", "track", "sentence", "detail_sealed",
}

// Apply adds the entries of a batch.
func (p Projection) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	// Who looked at what has a model of its own (projections/access).
	batch = slices.DeleteFunc(slices.Clone(batch), func(r eventstore.Recorded) bool { _, looks := r.Event.(access.Event); return looks })
	lines, sealed := make([]Line, len(batch)), make([]string, len(batch))
	cells := make([]projections.Cell, len(batch))
	for i, r := range batch {
		l, err := Say(r.Event)
		if err != nil {
			return err
		}
		lines[i] = l
		if withheld := slices.Concat(r.Shredded, r.Suspended); len(withheld) > 0 {
			sealed[i] = projections.Withheld(r, withheld[0])
		}
		cells[i] = detail(r.Stream.Family, r.Stream.Case, int64(r.Version), &lines[i].Detail, &sealed[i])
	}
	if err := projections.Seal(ctx, p.vault, cells); err != nil {
		return err
	}
	rows := make([][]any, len(batch))
	for i, r := range batch {
		by := r.Meta.By
		rows[i] = []any{
			r.Stream.Family, r.Stream.Case, int64(r.Version), int64(r.Position), r.Type, r.OccurredAt, by.At, by.LateReason,
			by.Actor.ID, by.Actor.Org, string(by.Actor.Role), r.Meta.OnBehalfOf, r.Meta.Channel, r.Meta.CorrelationID,
			string(lines[i].Track), lines[i].Text, sealed[i],
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"entry"}, columns, pgx.CopyFromRows(rows))
	return err
}

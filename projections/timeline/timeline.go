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

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
)

//go:embed schema.sql
var tables string

const schema = "timeline_v1"

// Projection writes one row per event.
type Projection struct{}

// Name is the model's name.
func (Projection) Name() string { return "timeline" }

// Version is the version of the rows.
func (Projection) Version() int { return 1 }

// Tables makes the empty tables.
func (Projection) Tables() string { return tables }

// Indexes makes what only readers need.
func (Projection) Indexes() string {
	return `create index on entry (actor, recorded_at);
create index on entry (correlation, position) where correlation <> case_id;`
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
	case series.Event:
		l = seriesLine(ev)
	case orgunit.Event:
		l = unitLine(ev)
	}
	if l.Text == "" {
		return l, fmt.Errorf("no sentence for %s", ev.EventType())
	}
	return l, nil
}

var columns = []string{
	"family", "case_id", "version", "position", "type", "occurred_at", "recorded_at", "late_reason",
	"actor", "org", "role", "channel", "correlation", "track", "sentence", "detail",
}

// Apply adds the entries of a batch.
func (Projection) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	rows := make([][]any, len(batch))
	for i, r := range batch {
		l, err := Say(r.Event)
		if err != nil {
			return err
		}
		by := r.Meta.By
		rows[i] = []any{
			r.Stream.Family, r.Stream.Case, int64(r.Version), int64(r.Position), r.Type, r.OccurredAt, by.At, by.LateReason,
			by.Actor.ID, by.Actor.Org, string(by.Actor.Role), r.Meta.Channel, r.Meta.CorrelationID, string(l.Track), l.Text, l.Detail,
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"entry"}, columns, pgx.CopyFromRows(rows))
	return err
}

// Package enterprises is the read model of employers (用人单位): the enterprise card,
// the type-ahead of the intake form, and what complaints say of each.
//
// Figures come from the complaints that name the enterprise, and from those that
// name none but call the employer as it is or was called (its normalised name). A
// file that was merged goes on under the one that it was merged into: names,
// figures and all. Restricted cases count only for who may see them.
package enterprises

import (
	"context"
	_ "embed"
	"maps"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/eventstore"
	"hearth/projections"
)

//go:embed schema.sql
var tables string

//go:embed indexes.sql
var indexes string

// schema is where the queries find the tables.
const schema = "enterprises_v1"

// Model is the read model as the runner sees it.
type Model struct {
	enterprises *projections.Table[uuid.UUID, Enterprise]
	matters     *projections.Table[uuid.UUID, matter]
	lines       *projections.Table[lineKey, line]
}

// New makes the model.
func New() *Model {
	return &Model{
		enterprises: projections.NewTable[uuid.UUID, Enterprise]("enterprise"),
		matters:     projections.NewTable[uuid.UUID, matter]("matter"),
		lines:       projections.NewTable[lineKey, line]("line"),
	}
}

// Name is the model's name.
func (*Model) Name() string { return "enterprises" }

// Version is that of the tables and of what the rows mean.
func (*Model) Version() int { return 1 }

// Tables makes the tables.
func (*Model) Tables() string { return tables }

// Indexes makes what only readers need.
func (*Model) Indexes() string { return indexes }

// Apply takes over a batch.
func (m *Model) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	if err := m.applyEnterprises(ctx, tx, batch); err != nil {
		return err
	}
	return m.applyMatters(ctx, tx, batch)
}

// applyEnterprises loads the files of the batch, those that they are merged into,
// and all that go on under any of these, for a merger moves them on.
func (m *Model) applyEnterprises(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	ids, merging := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, r := range batch {
		id, ours := idOf(r, enterprise.Family)
		if !ours {
			continue
		}
		ids[id] = true
		if ev, ok := r.Event.(enterprise.Merged); ok {
			merging[id], merging[ev.IntoID], ids[ev.IntoID] = true, true, true
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := m.enterprises.Load(ctx, tx, keys(ids))
	if err != nil {
		return err
	}
	if len(merging) > 0 {
		under, err := m.enterprises.LoadWhere(ctx, tx, "root", keys(merging))
		if err != nil {
			return err
		}
		maps.Copy(under, rows) // the same rows where both have them
		rows = under
	}
	for _, r := range batch {
		if id, ours := idOf(r, enterprise.Family); ours {
			if rows[id] == nil {
				rows[id] = &Enterprise{ID: id, Root: id}
			}
			rows[id].apply(r)
			if ev, ok := r.Event.(enterprise.Merged); ok {
				merge(rows, id, ev.IntoID)
			}
		}
	}
	for _, e := range rows {
		e.index()
	}
	return m.enterprises.Save(ctx, tx, maps.Values(rows))
}

// merge lets a file, and all that go on under it, go on under another, unless
// that one goes on here: then both stay where they are.
func merge(rows map[uuid.UUID]*Enterprise, id, into uuid.UUID) {
	rows[id].MergedInto = into
	root := into
	if e := rows[into]; e != nil {
		root = e.Root
	}
	from := rows[id].Root
	if root == from {
		return
	}
	for _, e := range rows {
		if e.Root == from {
			e.Root = root
		}
	}
}

// applyMatters loads the complaints of the batch and the lines that it changes.
func (m *Model) applyMatters(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	ids, numbers := map[uuid.UUID]bool{}, map[lineKey]bool{}
	for _, r := range batch {
		id, ours := idOf(r, complaint.Family)
		if !ours || !counts(r.Event) {
			continue
		}
		ids[id] = true
		for _, no := range claimants(r.Event) {
			numbers[lineKey{id, no}] = true
		}
	}
	if len(ids) == 0 {
		return nil
	}
	matters, err := m.matters.Load(ctx, tx, keys(ids))
	if err != nil {
		return err
	}
	lines, err := m.lines.Load(ctx, tx, keys(numbers))
	if err != nil {
		return err
	}
	for _, r := range batch {
		if id, ours := idOf(r, complaint.Family); ours && counts(r.Event) {
			if matters[id] == nil {
				matters[id] = &matter{ComplaintID: id}
			}
			matters[id].apply(r.Event, lines)
		}
	}
	if err := m.matters.Save(ctx, tx, maps.Values(matters)); err != nil {
		return err
	}
	return m.lines.Save(ctx, tx, maps.Values(lines))
}

func idOf(r eventstore.Recorded, family string) (uuid.UUID, bool) {
	if r.Stream.Family != family {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(r.Stream.Case)
	return id, err == nil
}

func keys[K comparable](set map[K]bool) []K {
	list := make([]K, 0, len(set))
	for key := range set {
		list = append(list, key)
	}
	return list
}

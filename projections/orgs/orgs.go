// Package orgs is the read model of the organisation tree (组织机构) with its
// history: every unit with its name and path from when to when. It answers what
// a unit was called, where it stood and what was below it on any date, so that
// figures of a year count by the tree of that year. What decides who may do what
// is the tree in the event store (casework.Units), not this.
//
// When a unit moves, the paths of all below it end and new ones begin; their
// rows are split on that date.
package orgs

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/eventstore"
	"hearth/projections"
)

//go:embed schema.sql
var tables string

// schema is where the queries find the tables.
const schema = "orgs_v1"

// Place is one row: a unit as it is from a date up to another. A zero From means
// since before there were records, a zero Until to this day.
type Place struct {
	Code      string       `db:"code" json:"code"`
	From      domain.Date  `db:"valid_from" json:"from,omitzero"`
	Until     domain.Date  `db:"valid_until" json:"until,omitzero"` // not included
	Name      string       `db:"name" json:"name"`
	Short     string       `db:"short" json:"short"`
	Kind      orgunit.Kind `db:"kind" json:"kind"`
	Parent    string       `db:"parent" json:"parent,omitempty"`
	Path      string       `db:"path" json:"path"`
	Dissolved bool         `db:"dissolved" json:"dissolved,omitempty"`
}

// Model is the read model as the runner sees it.
type Model struct{}

// New makes the model.
func New() Model { return Model{} }

// Name is the model's name.
func (Model) Name() string { return "orgs" }

// Version is that of the tables and of what the rows mean.
func (Model) Version() int { return 1 }

// Tables makes the tables.
func (Model) Tables() string { return tables }

// Indexes makes what only readers need.
func (Model) Indexes() string { return `create index on place (path text_pattern_ops)` }

const columns = `code, nullif(valid_from, '-infinity') as valid_from, nullif(valid_until, 'infinity') as valid_until,
	name, short, kind, parent, path, dissolved`

// Apply takes over a batch. The tree changes some times a year and has some
// thousand units at most: it is read as a whole, and what differs is written.
func (Model) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	if !slices.ContainsFunc(batch, func(r eventstore.Recorded) bool { _, ours := r.Event.(orgunit.Event); return ours }) {
		return nil
	}
	rows, _ := tx.Query(ctx, `select `+columns+` from place`) // CollectRows returns the error
	before, err := pgx.CollectRows(rows, pgx.RowToStructByName[Place])
	if err != nil {
		return fmt.Errorf("read units: %w", err)
	}
	tree := treeOf(before)
	for _, r := range batch {
		if ev, ours := r.Event.(orgunit.Event); ours {
			tree = tree.Apply(ev)
		}
	}
	return save(ctx, tx, before, places(tree))
}

// save writes what is different.
func save(ctx context.Context, tx pgx.Tx, before, after []Place) error {
	known, wanted := make(map[Place]bool, len(before)), make(map[Place]bool, len(after))
	for _, p := range before {
		known[p] = true
	}
	for _, p := range after {
		wanted[p] = true
	}
	var batch pgx.Batch
	for _, p := range before {
		if !wanted[p] {
			batch.Queue(`delete from place where code = @code and valid_from = coalesce(@from, date '-infinity')`, pgx.StrictNamedArgs{"code": p.Code, "from": p.From})
		}
	}
	for _, p := range after {
		if !known[p] {
			batch.Queue(`insert into place values (@code, coalesce(@from, date '-infinity'), coalesce(@until, date 'infinity'),
				@name, @short, @kind, @parent, @path, @dissolved)`, pgx.StrictNamedArgs{
				"code": p.Code, "from": p.From, "until": p.Until, "name": p.Name, "short": p.Short, "kind": string(p.Kind),
				"parent": p.Parent, "path": p.Path, "dissolved": p.Dissolved,
			})
		}
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("write units: %w", err)
	}
	return nil
}

// treeOf is the tree that the rows are of.
func treeOf(rows []Place) orgunit.Tree {
	spans := make([]orgunit.Span, len(rows))
	for i, p := range rows {
		spans[i] = orgunit.Span{
			Unit: orgunit.Unit{Code: p.Code, Name: p.Name, Short: p.Short, Parent: p.Parent, Kind: p.Kind}, From: p.From, Gone: p.Dissolved,
		}
	}
	return orgunit.TreeOf(spans)
}

// places are the rows of a tree, in no order.
func places(t orgunit.Tree) []Place {
	var all []Place
	for code := range t.Codes() {
		var last *Place
		for _, on := range t.Turns(code) {
			s, ok := t.Span(code, on)
			if !ok {
				continue // a turn of a unit above, before this one was founded
			}
			p := Place{Code: code, From: on, Name: s.Name, Short: s.Short, Kind: s.Kind, Parent: s.Parent, Path: t.Path(code, on), Dissolved: s.Gone}
			if last != nil {
				same := p
				if same.From = last.From; same == *last {
					continue
				}
				last.Until = on
				all = append(all, *last)
			}
			last = &p
		}
		if last != nil {
			all = append(all, *last)
		}
	}
	return all
}

var _ projections.Projection = Model{}

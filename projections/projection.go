// Package projections turns the event log into PostgreSQL read models: batch by
// batch, rows and checkpoint in one transaction, one writer per projection in
// the whole deployment, and the same rows however the log was cut into batches.
//
// Read Projection first, then Table, then Runner. Each model is a package of its
// own below this one, with its schema.sql beside its code.
//
// # How a model is written
//
// A row is a struct with db tags. Apply loads the rows that a batch is about,
// changes them in Go by a pure function, and saves them: two round trips for a
// batch of 5,000 events.
//
//	type Row struct {
//		ID    uuid.UUID   `db:"case_id,key"`
//		State string      `db:"state"`
//		Owed  domain.Fen  `db:"owed_fen"`
//		Due   domain.Date `db:"due"` // null when zero, as is a time.Time
//	}
//
//	var rows = projections.NewTable[uuid.UUID, Row]("row")
//
//	func (Model) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
//		return rows.Evolve(ctx, tx, batch, caseOf, evolve)
//	}
//
// What does not fit this, such as several rows for one event, uses Load, Save,
// Insert and Delete of the same Table. Tables that only grow use Insert.
//
// Tables whose rows change are made "with (fillfactor = 50)": PostgreSQL then
// finds room for the new row beside the old one and leaves the indexes alone,
// which halves the time of a rebuild. Tables() makes the primary keys and what
// Apply itself looks for; all other indexes belong into Indexes().
//
// Tests use projtest.Run.
//
// # How a model is read
//
// Queries write the schema out: "select … from desk_v1.row", in the default
// isolation, read committed. A rebuild may exchange the tables between two
// statements; the new ones are at least as far as the old, so a reader sees no
// more of it than of any other commit. (Under repeatable read a table that was
// just exchanged would look empty.) After a command, Monitor.Wait lets a page
// see what it has just caused.
package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
)

// Projection is one read model. It owns the PostgreSQL schema Schema(p) and
// nothing else.
//
// Every implementation owes: Apply uses only its tx, draws no times, random
// numbers or ids of its own, and gives the same rows for any size of batch, so
// that a rebuild equals what grew live. The runner sets the search_path, so SQL
// in Apply, Tables and Indexes names its tables without a schema; queries from
// outside write the schema out.
type Projection interface {
	// Name is the model's name, lower case letters only.
	Name() string
	// Version is raised whenever Tables, Indexes or the meaning of rows change:
	// the new version is built beside the old one and then switched to.
	Version() int
	// Tables is the SQL that makes the empty tables with their primary keys.
	Tables() string
	// Indexes is the SQL that makes what only readers need. It runs once, when
	// the first load has caught up, and may be empty.
	Indexes() string
	// Apply takes over a batch of events in global order.
	Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error
}

// Schema is the PostgreSQL schema in which a projection serves.
func Schema(p Projection) string { return fmt.Sprintf("%s_v%d", p.Name(), p.Version()) }

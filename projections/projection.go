// Package projections turns the event log into PostgreSQL read models: batch by
// batch, rows and checkpoint in one transaction, one writer per projection in
// the whole deployment, and the same rows however the log was cut into batches.
//
// Read Projection first, then Runner. Each model is a package of its own below
// this one, with its schema.sql beside its code.
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

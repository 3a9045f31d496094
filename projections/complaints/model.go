package complaints

import (
	"context"
	_ "embed"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/projections"
)

//go:embed schema.sql
var tables string

//go:embed indexes.sql
var indexes string

// Model is the read model as the runner sees it.
type Model struct {
	rules      complaint.Rules
	vault      projections.Sealer
	complaints *projections.Table[uuid.UUID, Row]
	claimants  *projections.Table[lineKey, Claimant]
	clocks     *projections.Table[clockKey, Clock]
	promises   *projections.Table[promiseKey, Promise]
	callbacks  *projections.Table[lineKey, Callback]
	payments   *projections.Table[paymentKey, Payment]
	parties    *projections.Table[partyKey, Party]
	hints      *projections.Table[hintKey, Hint]
}

// New makes the model. Personal columns are sealed by v.
func New(v projections.Sealer) *Model {
	return &Model{
		vault:      v,
		rules:      complaint.DefaultRules(calendar.Calendar{}),
		complaints: projections.NewTable[uuid.UUID, Row]("complaint"),
		claimants:  projections.NewTable[lineKey, Claimant]("claimant"),
		clocks:     projections.NewTable[clockKey, Clock]("clock"),
		promises:   projections.NewTable[promiseKey, Promise]("promise"),
		callbacks:  projections.NewTable[lineKey, Callback]("callback"),
		payments:   projections.NewTable[paymentKey, Payment]("payment"),
		parties:    projections.NewTable[partyKey, Party]("party"),
		hints:      projections.NewTable[hintKey, Hint]("hint"),
	}
}

// Name is the model's name.
func (*Model) Name() string { return "complaints" }

// Version is that of the tables and of what the rows mean. The queries have it in
// the schema's name, complaints_v3.
func (*Model) Version() int { return 3 }

// Tables makes the tables.
func (*Model) Tables() string { return tables }

// Indexes makes what only readers need.
func (*Model) Indexes() string { return indexes }

// Apply takes over a batch: it reads the rows that the batch is about, changes
// them in memory event by event, and writes them back. A table that the batch
// does not touch costs nothing.
func (m *Model) Apply(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
	b, err := m.load(ctx, tx, batch)
	if err != nil {
		return err
	}
	for i := range batch {
		if ev, ours := batch[i].Event.(complaint.Event); ours {
			b.apply(&batch[i], ev)
		}
	}
	return b.save(ctx, tx)
}

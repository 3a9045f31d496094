package complaints

import (
	"context"
	"fmt"
	"maps"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/projections"
)

// part is a set of the tables below the cases.
type part uint8

const (
	partClaimants part = 1 << iota
	partClocks
	partPromises
	partCallbacks
	partPayments
	partParties
	partHints
)

// touches says which rows an event needs besides that of its case.
func touches(ev complaint.Event) part {
	switch ev.(type) {
	case complaint.ClaimVerified, complaint.ClaimOutcomeSet:
		return partClaimants | partCallbacks
	case complaint.PaymentRecorded, complaint.PaymentReversed:
		return partClaimants | partCallbacks | partPayments
	case complaint.ClaimantAdded, complaint.ClaimantsImported, complaint.ClaimantRemoved, complaint.RepresentativesElected,
		complaint.VerificationProposed, complaint.ClaimDisputed, complaint.AdvanceLinked:
		return partClaimants
	case complaint.ClockStarted, complaint.ClockPaused, complaint.ClockResumed, complaint.ClockExtended, complaint.ClockChanged,
		complaint.ClockRecomputed, complaint.ClockMet, complaint.ClockBreached, complaint.ClockStopped,
		complaint.OverdueExplained, complaint.Escalated:
		return partClocks
	case complaint.CallbackPromised, complaint.ContactAttempted:
		return partPromises
	case complaint.CallbackDone, complaint.ClosureProposed, complaint.Reopened:
		return partCallbacks
	case complaint.LiablePartyNamed, complaint.LiablePartyDropped:
		return partParties
	case complaint.DuplicateHinted, complaint.DuplicateDismissed:
		return partHints
	default: // only the row of the case
		return 0
	}
}

// batch is what is in memory while events are applied: the rows of their cases,
// and of the tables below as far as the events need them.
type batch struct {
	model     *Model
	rows      map[uuid.UUID]*Row
	claimants shelf[lineKey, Claimant]
	clocks    shelf[clockKey, Clock]
	promises  shelf[promiseKey, Promise]
	callbacks shelf[lineKey, Callback]
	payments  shelf[paymentKey, Payment]
	parties   shelf[partyKey, Party]
	hints     shelf[hintKey, Hint]
}

// load reads what the events are about. A case that begins in the batch has no
// rows yet, and none is asked for.
func (m *Model) load(ctx context.Context, tx pgx.Tx, events []eventstore.Recorded) (*batch, error) {
	b := &batch{
		model:     m,
		claimants: newShelf(m.claimants, partClaimants, func(r *Claimant) uuid.UUID { return r.ComplaintID }),
		clocks:    newShelf(m.clocks, partClocks, func(r *Clock) uuid.UUID { return r.ComplaintID }),
		promises:  newShelf(m.promises, partPromises, func(r *Promise) uuid.UUID { return r.ComplaintID }),
		callbacks: newShelf(m.callbacks, partCallbacks, func(r *Callback) uuid.UUID { return r.ComplaintID }),
		payments:  newShelf(m.payments, partPayments, func(r *Payment) uuid.UUID { return r.ComplaintID }),
		parties:   newShelf(m.parties, partParties, func(r *Party) uuid.UUID { return r.ComplaintID }),
		hints:     newShelf(m.hints, partHints, func(r *Hint) uuid.UUID { return r.ComplaintID }),
	}
	old, err := oldCases(events)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, 0, len(old))
	for id := range old {
		ids = append(ids, id)
	}
	if b.rows, err = m.complaints.Load(ctx, tx, ids); err != nil {
		return nil, err
	}
	for _, s := range b.shelves() {
		if err := s.load(ctx, tx, old); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// oldCases are the cases that were there before the batch, each with the tables
// that its events need.
func oldCases(events []eventstore.Recorded) (map[uuid.UUID]part, error) {
	old, began := map[uuid.UUID]part{}, map[string]bool{}
	for i := range events {
		ev, ours := events[i].Event.(complaint.Event)
		if !ours {
			continue
		}
		if events[i].Version == 1 {
			began[events[i].Stream.Case] = true
		}
		if began[events[i].Stream.Case] {
			continue
		}
		id, err := uuid.Parse(events[i].Stream.Case)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", events[i].Stream, err)
		}
		old[id] |= touches(ev)
	}
	return old, nil
}

func (b *batch) save(ctx context.Context, tx pgx.Tx) error {
	if err := projections.Seal(ctx, b.model.vault, b.cells()); err != nil {
		return err
	}
	if err := b.model.complaints.Save(ctx, tx, maps.Values(b.rows)); err != nil {
		return err
	}
	for _, s := range b.shelves() {
		if err := s.save(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// cells are the personal columns of what is saved. Those that no event has set
// are closed, and stay as they are.
func (b *batch) cells() []projections.Cell {
	var cells []projections.Cell
	for _, r := range b.rows {
		cells = append(cells, r.cells()...)
	}
	for _, p := range b.promises.changed {
		cells = append(cells, p.cells()...)
	}
	return cells
}

// row is the row of a case; a new one when the case begins.
func (b *batch) row(id uuid.UUID) *Row {
	r := b.rows[id]
	if r == nil {
		r = b.model.complaints.New(id)
		b.rows[id] = r
	}
	return r
}

func (b *batch) shelves() []interface {
	load(ctx context.Context, tx pgx.Tx, old map[uuid.UUID]part) error
	save(ctx context.Context, tx pgx.Tx) error
} {
	return []interface {
		load(ctx context.Context, tx pgx.Tx, old map[uuid.UUID]part) error
		save(ctx context.Context, tx pgx.Tx) error
	}{&b.claimants, &b.clocks, &b.promises, &b.callbacks, &b.payments, &b.parties, &b.hints}
}

// shelf is the rows of one table below the cases of a batch.
type shelf[K comparable, R any] struct {
	table   *projections.Table[K, R]
	part    part
	caseOf  func(*R) uuid.UUID
	rows    map[K]*R
	cases   map[uuid.UUID][]*R
	changed map[K]*R
}

func newShelf[K comparable, R any](t *projections.Table[K, R], p part, caseOf func(*R) uuid.UUID) shelf[K, R] {
	return shelf[K, R]{
		table: t, part: p, caseOf: caseOf,
		rows: map[K]*R{}, cases: map[uuid.UUID][]*R{}, changed: map[K]*R{},
	}
}

func (s *shelf[K, R]) load(ctx context.Context, tx pgx.Tx, old map[uuid.UUID]part) error {
	var ids []uuid.UUID
	for id, need := range old {
		if need&s.part != 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := s.table.LoadWhere(ctx, tx, "complaint_id", ids)
	if err != nil {
		return err
	}
	for k, r := range rows {
		s.rows[k] = r
		s.cases[s.caseOf(r)] = append(s.cases[s.caseOf(r)], r)
	}
	return nil
}

func (s *shelf[K, R]) save(ctx context.Context, tx pgx.Tx) error {
	if len(s.changed) == 0 {
		return nil
	}
	return s.table.Save(ctx, tx, maps.Values(s.changed))
}

// of are the rows of a case, in no order.
func (s *shelf[K, R]) of(id uuid.UUID) []*R { return s.cases[id] }

// change is the row with this key, to be changed and saved; a new one when there
// is none.
func (s *shelf[K, R]) change(k K) *R {
	r := s.rows[k]
	if r == nil {
		r = s.table.New(k)
		s.rows[k] = r
		s.cases[s.caseOf(r)] = append(s.cases[s.caseOf(r)], r)
	}
	s.changed[k] = r
	return r
}

// changeAll is change for every row of a case for which want says yes.
func (s *shelf[K, R]) changeAll(id uuid.UUID, want func(*R) bool, change func(*R)) {
	for _, r := range s.cases[id] {
		if want(r) {
			change(r)
			s.changed[s.table.Key(r)] = r
		}
	}
}

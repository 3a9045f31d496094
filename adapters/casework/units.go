package casework

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"hearth/domain/orgunit"
	"hearth/eventstore"
)

var unitsStream = eventstore.StreamID{Family: orgunit.Family, Case: orgunit.Case}

// stale is how long the tree of units is used before it is read on, and patience
// how long that may take. It changes some times a year; reading it for every
// command would cost more than the policies do.
const (
	stale    = time.Second
	patience = time.Second
)

// tree is what the Service knows of the organisation tree.
type tree struct {
	mu   sync.Mutex
	tree orgunit.Tree    // guarded by mu
	head eventstore.Head // where it was read up to; guarded by mu
	at   time.Time       // when it was read last; guarded by mu
	err  error           // why it could not be read then; guarded by mu
}

// Units is the tree of organisation units, at most a second old; at once as this
// Service changed it. Until a unit is on record it is the founding tree. With an
// error comes the tree as it was last known.
func (s *Service) Units(ctx context.Context) (orgunit.Tree, error) {
	t := &s.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at.IsZero() || time.Since(t.at) >= stale {
		t.err = t.read(ctx, s.engine.Store())
		t.at = time.Now() // after an error too: not everybody is to wait for the store
	}
	if t.tree.Empty() {
		return orgunit.Founding(), t.err
	}
	return t.tree, t.err
}

// KnownUnits is the tree as it was read last, for names on pages: it waits for
// nobody. Sight, which every page asks for, keeps it fresh.
func (s *Service) KnownUnits() orgunit.Tree {
	t := &s.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tree.Empty() {
		return orgunit.Founding()
	}
	return t.tree
}

// read goes on from where the tree was read last; mu is held.
func (t *tree) read(ctx context.Context, store eventstore.Store) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	known, head := t.tree, t.head
	for rec, err := range store.Stream(ctx, unitsStream, head) {
		if err != nil {
			return fmt.Errorf("read organisation tree: %w", err)
		}
		ev, ok := rec.Event.(orgunit.Event)
		if !ok {
			return fmt.Errorf("read organisation tree: %w: %s in stream %s", eventstore.ErrCorrupt, rec.Type, unitsStream)
		}
		known, head = known.Apply(ev), eventstore.Head{Version: rec.Version, Position: rec.Position}
	}
	t.tree, t.head = known, head
	return nil
}

// forget makes the next question read the tree on.
func (t *tree) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = time.Time{}
}

// OnUnits issues a command on the tree of organisation units.
func (s *Service) OnUnits(ctx context.Context, cmd orgunit.Command, r Request) (eventstore.Head, error) {
	return s.onUnits(ctx, []orgunit.Command{cmd}, []Request{r})
}

// FoundUnits puts the units on record that every installation begins with, in
// one append. It is done at every start and does nothing the second time: the
// ids of its commands follow from the codes of the units.
func (s *Service) FoundUnits(ctx context.Context) error {
	var cmds []orgunit.Command
	var requests []Request
	for _, cmd := range orgunit.FoundingCommands() {
		id := uuid.NewSHA1(uuid.NameSpaceOID, []byte("hearth found unit "+cmd.Code))
		cmds, requests = append(cmds, cmd), append(requests, Request{CommandID: id, Actor: Clerk, Channel: "job"})
	}
	if _, err := s.onUnits(ctx, cmds, requests); err != nil {
		return fmt.Errorf("found units: %w", err)
	}
	return nil
}

func (s *Service) onUnits(ctx context.Context, cmds []orgunit.Command, requests []Request) (eventstore.Head, error) {
	for i, r := range requests {
		if err := r.check(); err != nil {
			return eventstore.Head{}, err
		}
		cmds[i].Stamp(s.by(r))
	}
	heads, err := s.engine.Do(ctx, func(u *eventstore.Unit) error {
		for i, cmd := range cmds {
			ask, err := s.asking(ctx, requests[i])
			if err != nil {
				return err
			}
			if _, err := eventstore.Stage(ctx, u, unitsStream, ask.orgunit(), cmd, s.meta(requests[i], "", "")); err != nil {
				return err
			}
		}
		return nil
	})
	s.tree.forget() // even after an error: it may be stored
	return heads[unitsStream], err
}

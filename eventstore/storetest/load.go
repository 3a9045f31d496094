package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"hearth/eventstore"
)

// Told is one commit that a store has acknowledged, as its writer was told.
type Told struct {
	Case   string
	Head   eventstore.Head
	Append string // which append it belongs to
}

// String is a line of text that ParseTold reads.
func (t Told) String() string {
	return fmt.Sprintf("%s %d %d %s", t.Case, t.Head.Version, t.Head.Position, t.Append)
}

// ParseTold reads what String writes.
func ParseTold(line string) (t Told, err error) {
	if _, err = fmt.Sscan(line, &t.Case, &t.Head.Version, &t.Head.Position, &t.Append); err != nil {
		err = fmt.Errorf("told %q: %w", line, err)
	}
	return t, err
}

// Load is work for a store whose outcome a Ledger can judge: every event says
// which append it belongs to, how many streams that has, and what its text must
// be.
type Load struct {
	Writers int
	// Size is how many bytes each event is longer than it needs to be.
	Size int
	// Told gets what was acknowledged, after it was, from several goroutines.
	Told func(Told)
}

// Run appends until ctx ends or an append fails for good. Every writer has two
// streams of its own, and changes one or both of them at a time. An append whose
// answer was lost is looked for and sent again, as a command would be.
func (l Load) Run(ctx context.Context, s eventstore.Store) error {
	errs := make([]error, l.Writers)
	var wg sync.WaitGroup
	for w := range l.Writers {
		wg.Go(func() { errs[w] = l.write(ctx, s, w) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(errs...)
}

func (l Load) write(ctx context.Context, s eventstore.Store, w int) error {
	ids := []eventstore.StreamID{Stream(), Stream()}
	heads := make([]eventstore.Head, 2)
	for n := w; ; n++ {
		name, parts := uuid.NewString(), 1+n%2
		changes := make([]eventstore.Change, parts)
		for i := range changes {
			changes[i] = Change(ids[i], heads[i], l.texts(name, ids[i].Case, parts, 2-i)...)
		}
		got, err := appendOnce(ctx, s, changes)
		if err != nil {
			return err
		}
		copy(heads, got)
		for i, head := range got {
			l.Told(Told{Case: ids[i].Case, Head: head, Append: name})
		}
	}
}

func (l Load) texts(name, kase string, parts, events int) []string {
	texts := make([]string, events)
	for i := range texts {
		texts[i] = fmt.Sprintf("%s %d %s %s", name, parts, sum(name, kase, i), strings.Repeat("x", l.Size))
	}
	return texts
}

// sum is what the index-th event of an append to a case says of itself.
func sum(name, kase string, index int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", name, kase, index))
	return hex.EncodeToString(h[:8])
}

// appendOnce appends to streams that nobody else writes to, and comes back until
// it knows.
func appendOnce(ctx context.Context, s eventstore.Store, changes []eventstore.Change) ([]eventstore.Head, error) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		heads, err := s.Append(ctx, changes...)
		if err == nil || errors.Is(err, eventstore.ErrTooLarge) || errors.Is(err, eventstore.ErrInvalid) {
			return heads, err
		}
		if heads, err := find(ctx, s, changes); heads != nil || errors.Is(err, eventstore.ErrCorrupt) {
			return heads, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// find looks for an append and returns its heads when all of it is there.
func find(ctx context.Context, s eventstore.Store, changes []eventstore.Change) ([]eventstore.Head, error) {
	heads := make([]eventstore.Head, len(changes))
	for i, c := range changes {
		heads[i] = c.Head
		for rec, err := range s.Stream(ctx, c.Stream, c.Head) {
			if err != nil {
				return nil, err
			}
			if rec.ID == c.Drafts[0].ID || rec.Position == heads[i].Position {
				heads[i] = eventstore.Head{Version: rec.Version, Position: rec.Position}
			}
		}
		if heads[i] == c.Head {
			return nil, nil
		}
	}
	return heads, nil
}

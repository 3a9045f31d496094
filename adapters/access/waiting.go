package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/access"
	"hearth/eventstore"
)

// owner is whose entries are stored together.
type owner struct {
	Who
	day domain.Date
}

// String tells owners apart.
func (o owner) String() string {
	return fmt.Sprintf("%q %q %q %q %s", o.Actor.ID, o.Actor.Org, o.Actor.Role, o.Channel, o.day)
}

// notes are the entries of an owner that wait. The same view again is counted.
type notes struct {
	views    []access.View
	place    map[access.View]int // of a view without its time and count
	searches []access.Searched
	prints   []access.Printed
	missed   int
}

// batch is what is stored by one append. It stays the same until it is known to
// be stored, and so do the ids of its commands.
type batch struct {
	id    uuid.UUID
	notes map[owner]access.Note
}

// Viewed notes that a screen was shown.
func (r *Recorder) Viewed(who Who, on access.Thing, screen access.Screen, seen access.Seen) {
	v := access.View{On: on, Screen: screen, Seen: seen}
	r.note(who, func(n *notes, at time.Time) (more int) {
		if i, known := n.place[v]; known {
			n.views[i].Times++
			return 0
		}
		n.place[v] = len(n.views)
		first := v
		first.At, first.Times = at, 1
		n.views = append(n.views, first)
		return 1
	})
}

// Searched notes that somebody looked for something; the text is stored sealed.
func (r *Recorder) Searched(who Who, s access.Searched) {
	r.note(who, func(n *notes, at time.Time) int {
		s.At = at
		n.searches = append(n.searches, s)
		return 1
	})
}

// Printed notes that somebody printed a screen.
func (r *Recorder) Printed(who Who, on access.Thing, screen access.Screen, seen access.Seen) {
	r.note(who, func(n *notes, at time.Time) int {
		n.prints = append(n.prints, access.Printed{On: on, Screen: screen, Seen: seen, At: at})
		return 1
	})
}

func (r *Recorder) note(who Who, add func(*notes, time.Time) int) {
	at := r.by(who.Actor).At
	key := owner{who, domain.DateOf(at)}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.waiting[key]
	if n == nil {
		n = &notes{place: map[access.View]int{}}
		r.waiting[key] = n
	}
	if r.n >= r.opts.Most {
		n.missed++
		return
	}
	if r.n += add(n, at); r.n >= r.opts.Soon {
		select {
		case r.full <- struct{}{}:
		default: // it is known already
		}
	}
}

// perOwner is how many entries of one owner one append stores: a commit is one
// message, which has a largest size.
const perOwner = 500

// take takes what waits, or as much of it as one append stores; nil for nothing.
func (r *Recorder) take() *batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return nil
	}
	b := &batch{id: uuid.New(), notes: map[owner]access.Note{}}
	for key, n := range r.waiting {
		if len(b.notes) == eventstore.MaxChanges {
			break
		}
		note := access.Note{
			Views: cut(&n.views, perOwner), Searches: cut(&n.searches, perOwner), Prints: cut(&n.prints, perOwner), Missed: n.missed,
		}
		n.missed, n.place = 0, map[access.View]int{}
		for i, v := range n.views { // the rest, should there be any
			v.At, v.Times = time.Time{}, 0
			n.place[v] = i
		}
		r.n -= len(note.Views) + len(note.Searches) + len(note.Prints)
		b.notes[key] = note
		if len(n.views)+len(n.searches)+len(n.prints) == 0 {
			delete(r.waiting, key)
		}
	}
	return b
}

// cut takes up to n from the front.
func cut[T any](list *[]T, n int) []T {
	n = min(n, len(*list))
	front := (*list)[:n:n]
	*list = (*list)[n:]
	return front
}

// Flush writes all that waits. What could not be written is kept and written the
// next time: the outcome of an append may be unknown, and the same batch with the
// same command ids is never stored twice.
func (r *Recorder) Flush(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for {
		if r.sending == nil {
			r.sending = r.take()
		}
		if r.sending == nil {
			return nil
		}
		err := r.store(ctx, r.sending)
		if refused(err) {
			err = r.storeApart(ctx, r.sending)
		}
		if err != nil {
			return fmt.Errorf("store who looked at what: %w", err)
		}
		r.sending = nil
	}
}

// refused reports an append that no later try would mend, such as one under a key
// that was destroyed.
func refused(err error) bool {
	_, no := errors.AsType[*domain.Rejection](err)
	return no || errors.Is(err, eventstore.ErrInvalid) || errors.Is(err, eventstore.ErrTooLarge)
}

// storeApart stores the entries of each owner by themselves, so that those of one
// cannot keep back all others. What is refused even so is counted as missed.
func (r *Recorder) storeApart(ctx context.Context, b *batch) error {
	for key, note := range b.notes {
		err := r.store(ctx, &batch{b.id, map[owner]access.Note{key: note}})
		if refused(err) {
			r.opts.Log.ErrorContext(ctx, "who looked at what is refused, only how much is kept", "user", key.Actor.ID, "err", err)
			n := note.Missed + len(note.Views) + len(note.Searches) + len(note.Prints)
			err = r.store(ctx, &batch{uuid.NewSHA1(b.id, []byte("missed")), map[owner]access.Note{key: {Missed: n}}})
		}
		if err != nil {
			return err
		}
		delete(b.notes, key)
	}
	return nil
}

func (r *Recorder) store(ctx context.Context, b *batch) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	now := r.by(domain.Actor{}).At
	_, err := r.engine.Do(ctx, func(u *eventstore.Unit) error {
		for key, note := range b.notes {
			note.By = domain.By{Actor: key.Actor, At: now}
			id := uuid.NewSHA1(b.id, []byte(key.String()))
			meta := eventstore.Meta{CommandID: id, Channel: key.Channel}
			if _, err := eventstore.Stage(ctx, u, stream(key.Actor.ID, key.day), r.decider, access.Command(&note), meta); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// Run writes once in a while and when enough waits, until ctx ends; Close writes
// the rest.
func (r *Recorder) Run(ctx context.Context) {
	tick := time.NewTicker(r.opts.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-r.full:
		case <-ctx.Done():
			return
		}
		if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
			r.opts.Log.WarnContext(ctx, "who looked at what waits in memory", "waiting", r.Waiting(), "err", err)
		}
	}
}

// Close writes what is left. It is called when no more pages are shown and while
// the log still takes events.
func (r *Recorder) Close(ctx context.Context) error { return r.Flush(ctx) }

// Waiting is how many entries are not written yet.
func (r *Recorder) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

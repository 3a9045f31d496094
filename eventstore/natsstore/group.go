package natsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hearth/eventstore"
)

const (
	batchBytes = 8 << 20
	// gather is how long a batch waits for the writers of the one before, who
	// have just been answered. Nobody else waits for anybody.
	gather = 500 * time.Microsecond
)

// A batch costs about as much as twelve publishes on one replica, and less on
// three, where the servers group what arrives together by themselves; a busy
// disk moves it. So the group watches what both take here, within limits.
const (
	startFrom = 14
	leastFrom = 10
	mostFrom  = 24
	// alone is how many publishes may be under way before others wait.
	alone = 8
)

// group decides how appends travel. Few go at once, each as a publish of its own
// that its caller makes. When many wait for the disk they go together in one
// atomic batch, one batch at a time, and so do appends of several changes.
type group struct {
	store   *Store
	fixed   int // from how many on, when that is not to be watched
	running sync.WaitGroup

	mu       sync.Mutex
	alone    int           // guarded by mu; publishes under way
	waiting  []*appending  // guarded by mu; in order of arrival
	batching bool          // guarded by mu; batches go out
	want     int           // guarded by mu; so many waiting appends end a gathering
	gathered chan struct{} // guarded by mu; closed when want is reached
	publish  average       // guarded by mu; what one publish takes of the server's time
	batch    average       // guarded by mu; what one batch takes
}

// average is a duration that follows what is measured, slowly.
type average time.Duration

func (a *average) learn(d time.Duration) {
	if *a == 0 {
		*a = average(d)
	}
	*a += (average(d) - *a) / 8
}

// appending is one Append on its way.
type appending struct {
	ctx     context.Context
	changes []eventstore.Change
	bodies  [][]byte
	size    int
	heads   []eventstore.Head
	beside  int           // how many publishes were under way at its turn, with it
	turn    chan struct{} // closed: the caller publishes it now
	done    chan struct{} // closed: it went with a batch, see err
	err     error
}

func (a *appending) acknowledged(s *Store, i int, pos eventstore.Position) {
	c := a.changes[i]
	a.heads[i] = eventstore.Head{Version: c.Head.Version + uint64(len(c.Drafts)), Position: pos}
	s.learn(c.Stream, pos)
}

func (a *appending) finish(err error) {
	a.err = err
	close(a.done)
}

// append sends a and returns when its outcome is known, or its context ends.
func (g *group) append(a *appending) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	g.waiting = append(g.waiting, a)
	g.next()
	g.mu.Unlock()
	select {
	case <-a.turn:
		start := time.Now()
		err := g.store.publish(a.ctx, a)
		took := time.Since(start)
		g.mu.Lock()
		g.publish.learn(took / time.Duration(a.beside))
		g.alone--
		g.next()
		g.mu.Unlock()
		return err
	case <-a.done:
		return a.err
	case <-a.ctx.Done():
		return g.abandon(a)
	}
}

// abandon takes a back if it was not sent yet. What is in a batch stays there.
func (g *group) abandon(a *appending) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, a); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	select {
	case <-a.turn:
		g.alone--
		g.next()
	default:
	}
	return a.ctx.Err()
}

// next lets those go whose turn it is. mu is held.
func (g *group) next() {
	if g.batching {
		if g.gathered != nil && len(g.waiting) >= g.want {
			close(g.gathered)
			g.gathered = nil
		}
		return
	}
	if g.many() {
		g.batching = true
		g.running.Go(g.run)
		return
	}
	for len(g.waiting) > 0 && g.alone < alone {
		a := g.waiting[0]
		g.waiting = g.waiting[1:]
		g.alone++
		a.beside = g.alone
		close(a.turn)
	}
}

// many reports whether a batch is worth its price. Publishes under way count
// half: that much of them is still to come. mu is held.
func (g *group) many() bool {
	several := func(a *appending) bool { return len(a.changes) > 1 }
	return len(g.waiting) > 1 && len(g.waiting)+g.alone/2 >= g.from() || slices.ContainsFunc(g.waiting, several)
}

// from is how many publishes take as long as one batch. mu is held.
func (g *group) from() int {
	switch {
	case g.fixed > 0:
		return g.fixed
	case g.publish == 0 || g.batch == 0:
		return startFrom
	}
	return min(max(int(g.batch/g.publish), leastFrom), mostFrom)
}

// run sends batches as long as there are many waiting.
func (g *group) run() {
	for {
		g.mu.Lock()
		if !g.many() {
			g.batching = false
			g.next()
			g.mu.Unlock()
			return
		}
		batch := g.take()
		g.mu.Unlock()
		if len(batch) > 0 {
			start := time.Now()
			together := g.together(batch)
			g.gather(len(batch))
			if together {
				g.mu.Lock()
				g.batch.learn(time.Since(start))
				g.mu.Unlock()
			}
		}
	}
}

// gather waits a moment for the writers that a batch has just answered: their
// next appends belong into the next batch. Without it half of them would always
// miss it.
func (g *group) gather(answered int) {
	gathered := make(chan struct{})
	g.mu.Lock()
	g.want = answered + len(g.waiting) + g.alone
	g.gathered = gathered
	g.next()
	g.mu.Unlock()
	patience := time.NewTimer(gather)
	defer patience.Stop()
	select {
	case <-gathered:
	case <-patience.C:
	}
	g.mu.Lock()
	g.gathered = nil
	g.mu.Unlock()
}

// take removes the next batch from those waiting: no stream twice, since the
// second would be refused and all others with it. mu is held.
func (g *group) take() []*appending {
	var batch, rest []*appending
	seen := map[eventstore.StreamID]bool{}
	count, size := 0, 0
	for _, a := range g.waiting {
		switch {
		case a.ctx.Err() != nil: // its caller has gone
		case g.tooLate(a):
			a.finish(fmt.Errorf("%w while waiting", eventstore.ErrConflict))
		case count > 0 && (count+len(a.changes) > eventstore.MaxChanges || size+a.size > batchBytes), a.touches(seen):
			rest = append(rest, a)
		default:
			batch = append(batch, a)
			count += len(a.changes)
			size += a.size
		}
		for _, c := range a.changes {
			seen[c.Stream] = true
		}
	}
	g.waiting = rest
	return batch
}

func (a *appending) touches(streams map[eventstore.StreamID]bool) bool {
	return slices.ContainsFunc(a.changes, func(c eventstore.Change) bool { return streams[c.Stream] })
}

// tooLate reports that a stream is known to have moved.
func (g *group) tooLate(a *appending) bool {
	return slices.ContainsFunc(a.changes, g.store.moved)
}

// together sends a batch and reports whether it went as one. When it is refused
// because of one of its appends, each of them goes alone.
func (g *group) together(batch []*appending) bool {
	if len(batch) == 1 {
		batch[0].finish(g.single(batch[0]))
		return false
	}
	// Nobody's own context: one who goes must not take the others with him.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), 2*ackWait)
	defer cancel()
	err := g.store.commit(ctx, batch)
	if !errors.Is(err, eventstore.ErrConflict) {
		for _, a := range batch {
			a.finish(err)
		}
		return err == nil
	}
	var each sync.WaitGroup
	for _, a := range batch {
		each.Go(func() { a.finish(g.single(a)) })
	}
	each.Wait()
	return false
}

// single sends one append by itself.
func (g *group) single(a *appending) error {
	if len(a.changes) == 1 {
		return g.store.publish(a.ctx, a)
	}
	return g.store.commit(a.ctx, []*appending{a})
}

// wait returns when no batch is under way.
func (g *group) wait() { g.running.Wait() }

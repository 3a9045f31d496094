package eventstore

import (
	"context"
	"strings"
	"sync"
	"time"
)

// courtesy is how long a unit waits for its turn on a stream.
const courtesy = time.Second

// turns lets the units of this process that write to one stream go one after the
// other instead of into each other's conflicts: a number series is taken from by
// everybody at once. It is a courtesy, not a lock: the expected head of the
// append is what keeps streams right, also between processes.
type turns struct {
	mu    sync.Mutex
	taken map[StreamID]*turn // guarded by mu
}

type turn struct {
	free  chan struct{} // holds one token while nobody has the turn
	users int           // who has it or waits for it, guarded by turns.mu
}

func newTurns() *turns { return &turns{taken: map[StreamID]*turn{}} }

// take reports whether the caller has the turn now; then it must leave it.
// Units take turns in any order, so only one that asks in the order of the ids
// may wait: there is no circle of units that wait for each other.
func (t *turns) take(ctx context.Context, id StreamID, held []StreamID) bool {
	t.mu.Lock()
	tn := t.taken[id]
	if tn == nil {
		tn = &turn{free: make(chan struct{}, 1)}
		tn.free <- struct{}{}
		t.taken[id] = tn
	}
	tn.users++
	t.mu.Unlock()

	select {
	case <-tn.free:
		return true
	default:
	}
	for _, h := range held {
		if strings.Compare(h.Subject(), id.Subject()) >= 0 {
			t.drop(id)
			return false
		}
	}
	patience := time.NewTimer(courtesy)
	defer patience.Stop()
	select {
	case <-tn.free:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	t.drop(id)
	return false
}

// leave gives turns that were taken to the next in line.
func (t *turns) leave(held []StreamID) {
	for _, id := range held {
		t.mu.Lock()
		tn := t.taken[id]
		t.mu.Unlock()
		tn.free <- struct{}{}
		t.drop(id)
	}
}

func (t *turns) drop(id StreamID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tn := t.taken[id]
	if tn.users--; tn.users == 0 {
		delete(t.taken, id)
	}
}

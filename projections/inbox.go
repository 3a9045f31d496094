package projections

import (
	"context"
	"sync"

	"hearth/eventstore"
)

// inbox reads a feed ahead, so that the next commits are decoded while
// PostgreSQL works on the last ones, and hands out all that is waiting.
type inbox struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the reader has ended
	ready  chan struct{} // has room for one: there is something to take
	room   chan struct{} // has room for one: something was taken
	limit  int

	mu      sync.Mutex
	waiting []eventstore.Commit // guarded by mu
	bytes   int                 // guarded by mu; of what is waiting
	err     error               // guarded by mu; what ended the reader
}

// follow starts to read behind a position, at most limit commits ahead.
func follow(ctx context.Context, store eventstore.Store, after eventstore.Position, limit int) *inbox {
	in := &inbox{
		done: make(chan struct{}), ready: make(chan struct{}, 1), room: make(chan struct{}, 1), limit: limit,
	}
	ctx, in.cancel = context.WithCancel(ctx)
	go in.read(ctx, store, after)
	return in
}

func (in *inbox) read(ctx context.Context, store eventstore.Store, after eventstore.Position) {
	defer close(in.done)
	feed, err := store.Follow(ctx, after)
	if err != nil {
		in.put(nil, err)
		return
	}
	defer feed.Close()
	for free := in.limit; ; {
		commits, err := feed.Next(ctx, min(free, pageLimit))
		free = in.put(commits, err)
		if err != nil {
			return
		}
		for free == 0 {
			select {
			case <-ctx.Done():
				return
			case <-in.room:
				free = in.put(nil, nil)
			}
		}
	}
}

// Commits are usually a kilobyte, but may be a thousand times larger: so few are
// asked for at a time, and none while many bytes are waiting.
const (
	pageLimit = 250
	byteLimit = 16 << 20
)

// put adds to what is waiting and returns how much more may come.
func (in *inbox) put(commits []eventstore.Commit, err error) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.waiting = append(in.waiting, commits...)
	for i := range commits {
		in.bytes += len(commits[i].Body)
	}
	in.err = err
	if len(in.waiting) > 0 || err != nil {
		signal(in.ready)
	}
	if in.bytes > byteLimit {
		return 0
	}
	return in.limit - len(in.waiting)
}

// take is all that is waiting; the error, if any, comes behind it.
func (in *inbox) take() ([]eventstore.Commit, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	commits := in.waiting
	in.waiting, in.bytes = nil, 0
	signal(in.room)
	return commits, in.err
}

// close ends the reader and waits for it.
func (in *inbox) close() {
	in.cancel()
	<-in.done
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

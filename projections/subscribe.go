package projections

import (
	"sync"

	"hearth/eventstore"
)

// Notice says that the rows of a model have changed up to a position.
type Notice struct {
	Name     string
	Position eventstore.Position
}

// subscriber keeps the newest notice of each model until it is taken.
type subscriber struct {
	out   chan Notice
	ready chan struct{} // has room for one
	stop  chan struct{}
	done  chan struct{}

	mu      sync.Mutex
	pending []Notice // guarded by mu; one of each model, the oldest first
}

// Subscribe gives notice of every model that moves, also in instances that are
// not its writer. Who is slow gets the newest notice of each model, never none.
// cancel ends it, closes the channel, and may be called again. Notices come
// while the Monitor runs.
func (m *Monitor) Subscribe() (notices <-chan Notice, cancel func()) {
	s := &subscriber{
		out: make(chan Notice), ready: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	m.mu.Lock()
	m.subs[s] = true
	m.mu.Unlock()
	go s.run()
	return s.out, sync.OnceFunc(func() {
		m.mu.Lock()
		delete(m.subs, s)
		m.mu.Unlock()
		close(s.stop)
		<-s.done
	})
}

func (s *subscriber) put(n Notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.pending {
		if s.pending[i].Name == n.Name {
			s.pending[i] = n
			return
		}
	}
	s.pending = append(s.pending, n)
	signal(s.ready)
}

func (s *subscriber) run() {
	defer close(s.done)
	defer close(s.out)
	for {
		select {
		case <-s.stop:
			return
		case <-s.ready:
		}
		for n, more := s.next(); more; n, more = s.next() {
			select {
			case <-s.stop:
				return
			case s.out <- n:
			}
		}
	}
}

func (s *subscriber) next() (Notice, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return Notice{}, false
	}
	n := s.pending[0]
	s.pending = s.pending[1:]
	return n, true
}

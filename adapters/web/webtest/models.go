package webtest

import (
	"context"
	"slices"
	"sync"

	"hearth/eventstore"
	"hearth/projections"
)

// Models are read models that stand where the test puts them.
type Models struct {
	mu     sync.Mutex
	status []projections.Status                 // guarded by mu
	moved  chan struct{}                        // guarded by mu; closed and made anew when they move
	subs   map[chan projections.Notice]struct{} // guarded by mu
}

// NewModels makes read models with the given states.
func NewModels(status ...projections.Status) *Models {
	return &Models{status: status, moved: make(chan struct{}), subs: map[chan projections.Notice]struct{}{}}
}

// Live is read models that have taken in everything up to a position.
func Live(at eventstore.Position, names ...string) *Models {
	m := NewModels()
	for _, n := range names {
		m.status = append(m.status, projections.Status{
			Name: n, Version: 1, Schema: n + "_v1", State: projections.StateLive, Serving: true, Position: at, End: at, Progress: 1,
		})
	}
	return m
}

// Status tells where they stand.
func (m *Models) Status(context.Context) []projections.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.status)
}

// Position is where a model stands.
func (m *Models) Position(model string) eventstore.Position {
	for _, s := range m.Status(context.Background()) {
		if s.Name == model {
			return s.Position
		}
	}
	return 0
}

// Wait waits until a model stands at a position or behind it.
func (m *Models) Wait(ctx context.Context, model string, pos eventstore.Position) error {
	for {
		m.mu.Lock()
		there := slices.ContainsFunc(m.status, func(s projections.Status) bool { return s.Name == model && s.Position >= pos })
		moved := m.moved
		m.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Move puts a model to a position and tells the subscribers.
func (m *Models) Move(model string, pos eventstore.Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.status {
		if m.status[i].Name == model {
			m.status[i].Position, m.status[i].End = pos, pos
		}
	}
	close(m.moved)
	m.moved = make(chan struct{})
	for ch := range m.subs {
		ch <- projections.Notice{Name: model, Position: pos}
	}
}

// Subscribe tells about models that Move moves. Up to 64 notices wait.
func (m *Models) Subscribe() (<-chan projections.Notice, func()) {
	ch := make(chan projections.Notice, 64)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.subs[ch] = struct{}{}
	return ch, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.subs, ch)
	}
}

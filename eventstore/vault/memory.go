package vault

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"

	"hearth/eventstore"
)

// NewMemory makes a vault whose keys are gone with it, for tests.
func NewMemory() *Vault {
	v := newVault(&memory{keys: map[name]record{}, ids: map[keyID]name{}, states: map[string]marked{}}, Options{Logger: slog.Default()})
	v.hears = true // nobody else destroys keys
	v.indexKey = freshRecord(indexName).secret
	return v
}

// memory is a shelf.
type memory struct {
	mu     sync.Mutex
	keys   map[name]record   // guarded by mu
	ids    map[keyID]name    // guarded by mu
	states map[string]marked // guarded by mu
}

type marked struct {
	state eventstore.Withheld
	at    eventstore.Position
}

func (m *memory) ensure(_ context.Context, names []name) ([]record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]record, len(names))
	for i, n := range names {
		r, ok := m.keys[n]
		state := m.states[n.subject].state
		if !ok && state == eventstore.InUse {
			r = freshRecord(n)
			m.keys[n], m.ids[r.id] = r, n
		}
		r.name, r.state = n, state
		all[i] = r
	}
	return all, nil
}

func (m *memory) fetch(_ context.Context, ids []keyID) ([]record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []record
	for _, id := range ids {
		if n, ok := m.ids[id]; ok {
			r := m.keys[n]
			r.state = m.states[n.subject].state
			all = append(all, r)
		}
	}
	return all, nil
}

func (m *memory) mark(_ context.Context, to eventstore.Withheld, at eventstore.Position, subjects []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range subjects {
		if was, known := m.states[s]; was.state != eventstore.Shredded && (to == eventstore.Shredded || !known || at > was.at) {
			m.states[s] = marked{to, at}
		}
	}
	for n, r := range m.keys {
		if m.states[n.subject].state == eventstore.Shredded {
			r.secret = nil
			m.keys[n] = r
		}
	}
	return nil
}

func (*memory) forget() {}

// freshRecord draws a key.
func freshRecord(n name) record {
	r := record{name: n, secret: make([]byte, 2*halfKey)}
	rand.Read(r.id[:])
	rand.Read(r.secret)
	return r
}

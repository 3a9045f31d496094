// Package memstore is an eventstore.Store in memory for tests: the same
// contract, the same encoded bytes, and faults on demand. It panics when its
// caller breaks the contract in a way that a real store could not notice.
package memstore

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"hearth/eventstore"
)

// Fault is what goes wrong with one append.
type Fault int

// The faults. The first two are a pair: the caller gets the same error.
const (
	None              Fault = iota
	FailButPersist          // the events are stored, the answer is lost
	FailAndNotPersist       // the events are lost, and the answer too
	Conflict                // ErrConflict, as if somebody had been faster
)

// ErrLost is the answer to an append that a fault has hit.
var ErrLost = fmt.Errorf("memstore: the answer was lost")

// Option changes a store.
type Option func(*Store)

// WithFaults asks choose before each append, counted from 1, what goes wrong.
func WithFaults(choose func(n int, changes []eventstore.Change) Fault) Option {
	return func(s *Store) { s.fault = choose }
}

// WithReads calls before each load of a stream; it may take its time, and its
// error ends the load.
func WithReads(before func(ctx context.Context, id eventstore.StreamID) error) Option {
	return func(s *Store) { s.before = before }
}

// WithMaxBody sets the largest body of a message; 1 MiB without it.
func WithMaxBody(bytes int) Option {
	return func(s *Store) { s.maxBody = bytes }
}

// Store keeps events in memory.
type Store struct {
	registry *eventstore.Registry
	created  time.Time
	maxBody  int
	fault    func(int, []eventstore.Change) Fault
	before   func(context.Context, eventstore.StreamID) error

	mu      sync.Mutex
	appends int                                           // guarded by mu
	log     []message                                     // guarded by mu; log[i] is at position i+1
	heads   map[eventstore.StreamID]eventstore.Head       // guarded by mu
	streams map[eventstore.StreamID][]eventstore.Position // guarded by mu
	grown   chan struct{}                                 // guarded by mu; closed by the next append
}

type message struct {
	stream eventstore.StreamID
	at     time.Time
	body   []byte
}

// New makes an empty store.
func New(registry *eventstore.Registry, opts ...Option) *Store {
	s := &Store{
		registry: registry, created: time.Now().UTC(), maxBody: 1 << 20,
		fault:   func(int, []eventstore.Change) Fault { return None },
		before:  func(context.Context, eventstore.StreamID) error { return nil },
		heads:   map[eventstore.StreamID]eventstore.Head{},
		streams: map[eventstore.StreamID][]eventstore.Position{},
		grown:   make(chan struct{}),
	}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, changes ...eventstore.Change) ([]eventstore.Head, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bodies, err := s.registry.EncodeAll(ctx, changes)
	if err != nil {
		return nil, err
	}
	if len(changes) > eventstore.MaxChanges {
		return nil, fmt.Errorf("%w: %d changes", eventstore.ErrTooLarge, len(changes))
	}
	for i, body := range bodies {
		if len(body) > s.maxBody {
			return nil, fmt.Errorf("%w: %d bytes for %s", eventstore.ErrTooLarge, len(body), changes[i].Stream)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appends++
	switch fault := s.fault(s.appends, changes); fault {
	case Conflict:
		return nil, fmt.Errorf("%w: injected", eventstore.ErrConflict)
	case FailAndNotPersist:
		return nil, ErrLost
	default:
		heads, err := s.store(changes, bodies)
		if err == nil && fault == FailButPersist {
			return nil, ErrLost
		}
		return heads, err
	}
}

// store checks and keeps the messages of one append. mu is held.
func (s *Store) store(changes []eventstore.Change, bodies [][]byte) ([]eventstore.Head, error) {
	for _, c := range changes {
		switch head := s.heads[c.Stream]; {
		case c.Head.Position != head.Position:
			return nil, fmt.Errorf("%w: %s ends at %d, expected %d", eventstore.ErrConflict, c.Stream, head.Position, c.Head.Position)
		case c.Head.Version != head.Version:
			panic(fmt.Sprintf("memstore: %s has version %d at position %d, the caller says %d",
				c.Stream, head.Version, head.Position, c.Head.Version))
		}
	}
	heads := make([]eventstore.Head, len(changes))
	now := time.Now().UTC()
	for i, c := range changes {
		s.log = append(s.log, message{stream: c.Stream, at: now, body: bodies[i]})
		pos := eventstore.Position(len(s.log))
		heads[i] = eventstore.Head{Version: c.Head.Version + uint64(len(c.Drafts)), Position: pos}
		s.heads[c.Stream] = heads[i]
		s.streams[c.Stream] = append(s.streams[c.Stream], pos)
	}
	close(s.grown)
	s.grown = make(chan struct{})
	return heads, nil
}

// commit decodes the message at a position.
func (s *Store) commit(ctx context.Context, pos eventstore.Position) (eventstore.Commit, error) {
	s.mu.Lock()
	m := s.log[pos-1]
	s.mu.Unlock()
	return s.registry.Decode(ctx, m.stream, pos, m.at, m.body)
}

// Stream implements eventstore.Store.
func (s *Store) Stream(ctx context.Context, id eventstore.StreamID, after eventstore.Head) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		if err := s.before(ctx, id); err != nil {
			yield(eventstore.Recorded{}, err)
			return
		}
		if err := ctx.Err(); err != nil {
			yield(eventstore.Recorded{}, err)
			return
		}
		s.mu.Lock()
		positions := s.streams[id]
		s.mu.Unlock()
		version := after.Version
		for _, pos := range positions {
			if pos <= after.Position {
				continue
			}
			commit, err := s.commit(ctx, pos)
			if err != nil {
				yield(eventstore.Recorded{}, err)
				return
			}
			for _, ev := range commit.Events {
				if version++; ev.Version != version {
					panic(fmt.Sprintf("memstore: %s has version %d at position %d, the caller says %d",
						id, ev.Version, pos, version))
				}
				if !yield(ev, nil) {
					return
				}
			}
		}
	}
}

// End implements eventstore.Store.
func (s *Store) End(ctx context.Context) (eventstore.Position, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return eventstore.Position(len(s.log)), ctx.Err()
}

// Identity implements eventstore.Store.
func (s *Store) Identity(context.Context) (eventstore.Identity, error) {
	return eventstore.Identity(fmt.Sprintf("memory %p %s", s, s.created.Format(time.RFC3339Nano))), nil
}

// Follow implements eventstore.Store.
func (s *Store) Follow(ctx context.Context, after eventstore.Position) (eventstore.Feed, error) {
	messages, err := s.Messages(ctx, after)
	if err != nil {
		return nil, err
	}
	return eventstore.NewFeed(s.registry, messages), nil
}

// Messages implements eventstore.Log.
func (s *Store) Messages(ctx context.Context, after eventstore.Position) (eventstore.MessageFeed, error) {
	end, err := s.End(ctx)
	if err != nil {
		return nil, err
	}
	if after > end {
		return nil, fmt.Errorf("%w: the log ends at %d, before %d", eventstore.ErrCorrupt, end, after)
	}
	return &feed{store: s, last: after}, nil
}

type feed struct {
	store *Store
	last  eventstore.Position
}

func (f *feed) Next(ctx context.Context, limit int) ([]eventstore.Message, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.store.mu.Lock()
		end, grown := eventstore.Position(len(f.store.log)), f.store.grown
		f.store.mu.Unlock()
		if end > f.last {
			return f.read(min(end, f.last+eventstore.Position(limit))), nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

func (f *feed) read(to eventstore.Position) []eventstore.Message {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	page := make([]eventstore.Message, 0, to-f.last)
	for pos := f.last + 1; pos <= to; pos++ {
		m := f.store.log[pos-1]
		page = append(page, eventstore.Message{Position: pos, Subject: m.stream.Subject(), StoredAt: m.at, Body: m.body})
	}
	f.last = to
	return page
}

func (f *feed) Close() {}

package projtest

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/vault"
)

// Log makes events as they come out of a store: encoded, decoded, with versions
// and positions without a gap. Ids are the same in every run.
type Log struct {
	t        testing.TB
	registry *eventstore.Registry
	heads    map[eventstore.StreamID]eventstore.Head
	commits  []eventstore.Commit
	vault    *vault.Vault
}

// NewLog makes an empty log of the events that the registry knows.
func NewLog(t testing.TB, registry *eventstore.Registry) *Log {
	v := vault.NewMemory()
	return &Log{t: t, registry: registry.Protected(v), heads: map[eventstore.StreamID]eventstore.Head{}, vault: v}
}

// Vault is where the keys of the log are.
func (l *Log) Vault() *vault.Vault { return l.vault }

// Again are all events so far as a model reads them now, when keys may be gone.
func (l *Log) Again() []eventstore.Recorded {
	l.t.Helper()
	ctx := eventstore.Resealing(l.t.Context())
	var events []eventstore.Recorded
	for _, c := range l.commits {
		again, err := l.registry.Decode(ctx, c.Stream, c.Position, c.StoredAt, c.Body)
		if err != nil {
			l.t.Fatalf("decode %s again: %v", c.Stream, err)
		}
		events = append(events, again.Events...)
	}
	return events
}

// Add appends one commit. What the registry cannot store and read again fails
// the test.
func (l *Log) Add(stream eventstore.StreamID, by domain.By, events ...domain.Event) *Log {
	l.t.Helper()
	return l.AddMeta(stream, eventstore.Meta{By: by}, events...)
}

// AddMeta is Add with more than By; a command id is drawn when there is none.
func (l *Log) AddMeta(stream eventstore.StreamID, meta eventstore.Meta, events ...domain.Event) *Log {
	l.t.Helper()
	if err := stream.Check(); err != nil {
		l.t.Fatal(err)
	}
	position := eventstore.Position(len(l.commits) + 1)
	if meta.CommandID == uuid.Nil {
		meta.CommandID = uuid.NewSHA1(uuid.NameSpaceOID, binary.BigEndian.AppendUint64(nil, uint64(position)))
	}
	change := eventstore.Change{Stream: stream, Head: l.heads[stream]}
	for i, ev := range events {
		draft := eventstore.Draft{ID: eventstore.EventID(meta.CommandID, i), Event: ev, Meta: meta}
		change.Drafts = append(change.Drafts, draft)
	}
	body, err := l.registry.Encode(l.t.Context(), change)
	if err != nil {
		l.t.Fatalf("encode %s: %v", stream, err)
	}
	stored := meta.By.At
	if stored.IsZero() {
		stored = time.Unix(int64(position), 0)
	}
	commit, err := l.registry.Decode(l.t.Context(), stream, position, stored.UTC(), body)
	if err != nil {
		l.t.Fatalf("decode %s: %v", stream, err)
	}
	l.heads[stream] = eventstore.Head{Version: change.Head.Version + uint64(len(events)), Position: position}
	l.commits = append(l.commits, commit)
	return l
}

// Commits are all commits so far.
func (l *Log) Commits() []eventstore.Commit { return l.commits }

// Events are all events so far, in global order.
func (l *Log) Events() []eventstore.Recorded {
	var events []eventstore.Recorded
	for _, c := range l.commits {
		events = append(events, c.Events...)
	}
	return events
}

// Since are the events behind the first n commits.
func (l *Log) Since(n int) []eventstore.Recorded {
	var events []eventstore.Recorded
	for _, c := range l.commits[n:] {
		events = append(events, c.Events...)
	}
	return events
}

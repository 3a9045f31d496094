// Package eventstore is the contract between those who decide and those who
// keep facts: streams of events with an expected version, one global order, and
// nothing lost, changed or stored twice.
//
// Read Store first; Execute and Unit are how commands reach it. Implementations
// are natsstore (JetStream) and memstore (memory, with faults); storetest is
// the contract as tests.
package eventstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// The errors of a Store. Everything else leaves the outcome of an append unknown.
var (
	// ErrConflict says that a stream moved since it was read: nothing was stored.
	ErrConflict = errors.New("eventstore: stream moved")
	// ErrCorrupt says that stored messages are missing, out of order or
	// unreadable. It stops every reader; it is never skipped.
	ErrCorrupt = errors.New("eventstore: stored events are damaged")
	// ErrUnknown says that the answer was lost and the time ran out before
	// reading again could tell whether the events were stored.
	ErrUnknown = errors.New("eventstore: outcome unknown")
	// ErrTooLarge says that a commit is above the largest message that the
	// store takes, or an append above MaxChanges; nothing was stored.
	ErrTooLarge = errors.New("eventstore: commit too large")
	// ErrInvalid says that an append cannot be stored by any store: no events,
	// one stream twice, an event that is not registered or has no JSON form. It
	// is a mistake in the program; nothing was stored.
	ErrInvalid = errors.New("eventstore: invalid append")
)

// StreamID names one stream: a case of a family. Neither part holds personal
// data: Case is a UUID or the hash of a lock key.
type StreamID struct {
	Family string
	Case   string
}

// String writes family/case, as logs do.
func (id StreamID) String() string { return id.Family + "/" + id.Case }

// Subject is the literal subject of the stream: ev.<family>.<case>.
func (id StreamID) Subject() string { return "ev." + id.Family + "." + id.Case }

// ParseSubject reads what Subject writes.
func ParseSubject(subject string) (StreamID, error) {
	rest, ok := strings.CutPrefix(subject, "ev.")
	family, kase, found := strings.Cut(rest, ".")
	id := StreamID{Family: family, Case: kase}
	if !ok || !found {
		return StreamID{}, fmt.Errorf("subject %q is not ev.<family>.<case>", subject)
	}
	return id, id.Check()
}

// Check refuses a stream id that would not be a literal subject.
func (id StreamID) Check() error {
	if !token(id.Family) || !token(id.Case) {
		return fmt.Errorf("stream id %q/%q: want letters, digits, - and _", id.Family, id.Case)
	}
	return nil
}

func token(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 100
}

// Position is the place of a commit in the global order, from 1: the sequence
// of its message. All events of one commit share it.
type Position uint64

// Head is where a stream ends: Version counts its events (1..n, so that a gap
// is visible), Position is that of its last commit. A stream that does not
// exist has the zero Head.
type Head struct {
	Version  uint64   `json:"version"`
	Position Position `json:"position"`
}

// Meta is what every event of a command carries besides its own fields.
// CommandID is drawn when the form is shown; CorrelationID is the case that all
// belongs to, CausationID the event or command that led here. OnBehalfOf is the
// user whose office the actor held for a time (代), empty for their own.
type Meta struct {
	CommandID     uuid.UUID
	By            domain.By
	OnBehalfOf    string
	Channel       string
	CorrelationID string
	CausationID   string
	RulePack      string
	PolicyDigest  string // of the policies that allowed the command
}

// Draft is an event on its way into a stream.
type Draft struct {
	ID    uuid.UUID
	Event domain.Event
	Meta  Meta
}

// Recorded is an event as stored. Version is its place in its stream, Index its
// place in its commit. Data are the bytes as stored, in SchemaVersion; Event is
// the decoded form in the version of this program. Shredded and Suspended are
// the classes of personal fields that Event has and that are not given: their
// fields are zero.
type Recorded struct {
	ID            uuid.UUID
	Stream        StreamID
	Version       uint64
	Position      Position
	Index         int
	Type          string
	SchemaVersion int
	OccurredAt    time.Time
	Data          []byte
	Event         domain.Event
	Meta          Meta
	Shredded      []domain.SealClass
	Suspended     []domain.SealClass
}

// Change is what one append does to one stream: it becomes one commit, which is
// one stored message. Head is where the stream must still end.
type Change struct {
	Stream StreamID
	Head   Head
	Drafts []Draft
}

// Commit is one stored message. Body are its exact bytes.
type Commit struct {
	Position Position
	Stream   StreamID
	StoredAt time.Time
	Body     []byte
	Events   []Recorded
}

// Identity tells one log from another: a checkpoint of one is refused for the
// other. It survives restarts, and not a new beginning.
type Identity string

// Store keeps events.
//
// Consistency: Append is all or nothing over all its changes, each of which
// must find its stream at its Head. Reads see every acknowledged append.
// Durability: an acknowledged append is on disk. Concurrency: all methods may
// be called at once. Nobody retries inside a Store; Execute and Unit do.
type Store interface {
	// Append stores all changes, each of another stream, or none, and returns
	// the new heads in their order. ErrConflict: a stream moved, nothing was
	// stored. ErrTooLarge, ErrInvalid, ErrSealing: nothing was stored. Any other error
	// leaves it unknown: read again and look for the command id.
	Append(ctx context.Context, changes ...Change) ([]Head, error)
	// Stream yields the events of a stream behind a head, in order; the zero
	// Head means from the beginning. A missing version ends with ErrCorrupt.
	Stream(ctx context.Context, id StreamID, after Head) iter.Seq2[Recorded, error]
	// Follow reads all commits behind a position in global order and goes on
	// with those to come. A missing position ends with ErrCorrupt, and so does
	// a log that ends before the position: what was read once is gone.
	Follow(ctx context.Context, after Position) (Feed, error)
	Log
}

// Feed is a reader of the global order. It is used by one goroutine.
type Feed interface {
	// Next waits until there is at least one commit and returns what is
	// waiting, at most limit commits. It ends with the context's error, with
	// ErrCorrupt, or with what broke the connection; after an error the feed
	// is closed and a new one begins behind the last commit that was returned.
	Next(ctx context.Context, limit int) ([]Commit, error)
	// Close ends the feed and returns when nothing of it is left running.
	Close()
}

// After yields the events behind a position up to the end that the log has now.
func After(ctx context.Context, s Store, pos Position) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		end, err := s.End(ctx)
		if err != nil {
			yield(Recorded{}, err)
			return
		}
		if pos >= end {
			return
		}
		feed, err := s.Follow(ctx, pos)
		if err != nil {
			yield(Recorded{}, err)
			return
		}
		defer feed.Close()
		for pos < end {
			commits, err := feed.Next(ctx, pageSize)
			if err != nil {
				yield(Recorded{}, err)
				return
			}
			for _, c := range commits {
				for _, ev := range c.Events {
					if !yield(ev, nil) {
						return
					}
				}
				if pos = c.Position; pos >= end {
					return
				}
			}
		}
	}
}

const pageSize = 500

// MaxChanges is how many streams one append may change.
const MaxChanges = 1000

// EventID is the id of the index-th event of a command: UUIDv5, so that the
// same command never makes a second set of events.
func EventID(command uuid.UUID, index int) uuid.UUID {
	return uuid.NewSHA1(command, []byte(fmt.Sprint(index)))
}

package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrReadOnly says that the store takes no appends, because what it holds does
// not agree with what was sealed, or is not kept as it should be. Nothing was
// stored, and trying again does not help until somebody has mended it.
var ErrReadOnly = errors.New("eventstore: closed for writing")

// Message is one stored commit as bytes, for those who keep or seal what is
// stored and must not depend on understanding it. Position and Subject are those
// of the message, Body its exact bytes, StoredAt what the store says of when.
type Message struct {
	Position Position
	Subject  string
	StoredAt time.Time
	Body     []byte
}

// Log is the global order as bytes. Every Store is one.
type Log interface {
	// Messages reads all messages behind a position in global order and goes on
	// with those to come, as Store.Follow does with commits.
	Messages(ctx context.Context, after Position) (MessageFeed, error)
	// End is the position of the last message, 0 when there is none.
	End(ctx context.Context) (Position, error)
	// Identity names the log.
	Identity(ctx context.Context) (Identity, error)
}

// MessageFeed is a reader of a Log: a Feed of messages.
type MessageFeed interface {
	// Next waits until there is at least one message and returns what is
	// waiting, at most limit. See Feed.Next for its errors.
	Next(ctx context.Context, limit int) ([]Message, error)
	// Close ends the feed and returns when nothing of it is left running.
	Close()
}

// ReadMessages calls visit for every message behind a position up to another,
// in pages, so that a reader of the whole log holds only a few of them.
func ReadMessages(ctx context.Context, log Log, after, to Position, visit func([]Message) error) error {
	if after >= to {
		return nil
	}
	feed, err := log.Messages(ctx, after)
	if err != nil {
		return err
	}
	defer feed.Close()
	for after < to {
		page, err := feed.Next(ctx, int(min(to-after, 4*pageSize)))
		if err != nil {
			return err
		}
		if err := visit(page); err != nil {
			return err
		}
		after = page[len(page)-1].Position
	}
	return nil
}

// NewFeed makes a Feed of commits out of one of messages.
func NewFeed(r *Registry, messages MessageFeed) Feed {
	return &decoded{registry: r, messages: messages}
}

// decoded reads the messages of a feed.
type decoded struct {
	registry *Registry
	messages MessageFeed
	err      error
}

// Next implements Feed. What comes before a message that cannot be read is
// returned first.
func (d *decoded) Next(ctx context.Context, limit int) ([]Commit, error) {
	if d.err != nil {
		return nil, d.err
	}
	page, err := d.messages.Next(ctx, limit)
	if err != nil {
		return nil, err
	}
	commits, err := d.registry.DecodeAll(ctx, page)
	if err != nil {
		d.err = err
		d.messages.Close()
	}
	if len(commits) == 0 {
		return nil, d.err
	}
	return commits, nil
}

// Close implements Feed.
func (d *decoded) Close() { d.messages.Close() }

// Missing says that positions From to To of a log are not there. It is
// ErrCorrupt.
type Missing struct{ From, To Position }

// Error implements error.
func (m *Missing) Error() string {
	return fmt.Sprintf("%v: positions %d to %d are missing", ErrCorrupt, m.From, m.To)
}

// Unwrap makes it ErrCorrupt.
func (m *Missing) Unwrap() error { return ErrCorrupt }

package natsstore

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"hearth/eventstore"
)

const (
	pageMessages = 500
	pageBytes    = 8 << 20 // above it the server closes a page early
)

// Stream implements eventstore.Store. It asks for the messages of the subject in
// pages by Direct Get: no consumer, one round trip for most cases. Any replica
// may answer, so a page can end before what is known to be acknowledged; then it
// is asked for again. What only another process knows may still be missing: the
// expected position of the append finds out, and the refusal tells this store.
func (s *Store) Stream(ctx context.Context, id eventstore.StreamID, after eventstore.Head) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		if err := s.read(ctx, id, after, yield); err != nil {
			yield(eventstore.Recorded{}, fmt.Errorf("stream %s: %w", id, err))
		}
	}
}

// read yields the events behind head until their end is known to be the end.
func (s *Store) read(ctx context.Context, id eventstore.StreamID, head eventstore.Head, yield func(eventstore.Recorded, error) bool) error {
	begun := time.Now()
	for wait := time.Millisecond; ; wait *= 2 {
		stopped, err := s.readPages(ctx, id, &head, yield)
		if err != nil || stopped {
			return err
		}
		known, _ := s.known.Get(id)
		if head.Position >= known {
			return nil
		}
		if time.Since(begun) > catchUp || !sleep(ctx, wait) {
			return fmt.Errorf("ends at position %d, but %d was acknowledged", head.Position, known)
		}
	}
}

// readPages yields the events behind head that one replica has, and moves head.
func (s *Store) readPages(ctx context.Context, id eventstore.StreamID, head *eventstore.Head, yield func(eventstore.Recorded, error) bool) (stopped bool, err error) {
	var pending uint64
	for {
		commits, left, err := s.page(ctx, id, head.Position)
		if err != nil {
			return false, err
		}
		if len(commits) == 0 && pending > 0 {
			return false, fmt.Errorf("%w: %d messages behind position %d cannot be read", eventstore.ErrCorrupt, pending, head.Position)
		}
		for _, c := range commits {
			if got := c.Events[0].Version; got != head.Version+1 {
				return false, fmt.Errorf("%w: version %d follows %d", eventstore.ErrCorrupt, got, head.Version)
			}
			*head = eventstore.Head{Version: head.Version + uint64(len(c.Events)), Position: c.Position}
			for _, ev := range c.Events {
				if !yield(ev, nil) {
					return true, nil
				}
			}
		}
		if pending = left; pending == 0 {
			return false, nil
		}
	}
}

// page reads the next messages of a stream and how many are left behind them.
func (s *Store) page(ctx context.Context, id eventstore.StreamID, after eventstore.Position) ([]eventstore.Commit, uint64, error) {
	request := fmt.Appendf(nil, `{"seq":%d,"next_by_subj":%q,"batch":%d,"max_bytes":%d}`,
		after+1, id.Subject(), pageMessages, pageBytes)
	msgs, err := s.get(ctx, request)
	if err != nil {
		return nil, 0, err
	}
	end := msgs[len(msgs)-1]
	msgs = msgs[:len(msgs)-1]
	switch status(end) {
	case "204":
	case "404":
		return nil, 0, nil
	default:
		return nil, 0, fmt.Errorf("direct get: %s %s", status(end), end.Header.Get("Description"))
	}
	pending, err := strconv.ParseUint(end.Header.Get("Nats-Num-Pending"), 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("direct get: pending messages: %w", err)
	}
	stored := make([]eventstore.Message, len(msgs))
	for i, m := range msgs {
		if stored[i], err = loaded(id, m); err != nil {
			return nil, 0, err
		}
	}
	commits, err := s.registry.DecodeAll(ctx, stored)
	return commits, pending, err
}

// get sends a Direct Get for several messages and returns all that it gave; the
// last one is the end mark.
func (s *Store) get(ctx context.Context, request []byte) ([]*nats.Msg, error) {
	subject := "$JS.API.DIRECT.GET." + s.name
	c := s.replies.begin(func(m *nats.Msg) bool { return status(m) != "" }, subject)
	if err := s.nc.PublishRequest(subject, c.reply, request); err != nil {
		s.replies.forget(c)
		return nil, fmt.Errorf("direct get: %w", err)
	}
	msgs, err := s.replies.wait(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("direct get: %w", err)
	}
	return msgs, nil
}

// loaded reads what a Direct Get gave of a stream.
func loaded(id eventstore.StreamID, m *nats.Msg) (eventstore.Message, error) {
	pos, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return eventstore.Message{}, fmt.Errorf("direct get: sequence: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, m.Header.Get("Nats-Time-Stamp"))
	if err != nil {
		return eventstore.Message{}, fmt.Errorf("direct get: time: %w", err)
	}
	return eventstore.Message{Position: eventstore.Position(pos), Subject: id.Subject(), StoredAt: at, Body: m.Data}, nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

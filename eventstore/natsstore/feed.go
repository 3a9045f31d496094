package natsstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"hearth/eventstore"
)

const (
	pullMessages = 2000
	pullBytes    = 16 << 20
	pullExpires  = 30 * time.Second
)

var (
	errSilent     = errors.New("the consumer has fallen silent")
	errLost       = errors.New("deliveries were lost")
	errStalled    = errors.New("the consumer delivers nothing of what was stored since")
	errFeedClosed = errors.New("feed is closed")
)

// Follow implements eventstore.Store.
func (s *Store) Follow(ctx context.Context, after eventstore.Position) (eventstore.Feed, error) {
	messages, err := s.Messages(ctx, after)
	if err != nil {
		return nil, err
	}
	return eventstore.NewFeed(s.registry, messages), nil
}

// Messages implements eventstore.Log by an ephemeral consumer in the memory of
// the server, read by pull requests. Unlike the ordered consumer of nats.go it
// never starts again behind the back of its reader: whatever goes wrong ends the
// feed with an error, and the reader opens a new one.
func (s *Store) Messages(ctx context.Context, after eventstore.Position) (eventstore.MessageFeed, error) {
	end, err := s.End(ctx)
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	if after > end {
		return nil, fmt.Errorf("follow: %w: the log ends at %d, before %d", eventstore.ErrCorrupt, end, after)
	}
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	name := nuid.Next()
	if err := s.createConsumer(ctx, name, uint64(after)+1); err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	f := &feed{
		store: s, consumer: name, inbox: s.nc.NewInbox(), last: after, known: end, opened: time.Now(),
		// Room for all that was asked for, and for heart-beats while the reader
		// is busy. What does not fit is dropped and noticed by its absence.
		msgs: make(chan *nats.Msg, pullMessages+256),
	}
	if f.sub, err = s.nc.ChanSubscribe(f.inbox, f.msgs); err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	return f, nil
}

// feed is an open consumer. It has no goroutine of its own.
type feed struct {
	store     *Store
	consumer  string
	inbox     string
	sub       *nats.Subscription
	msgs      chan *nats.Msg
	asked     int                 // messages asked for and not yet delivered
	delivered uint64              // by the consumer's own count
	last      eventstore.Position // returned or about to be
	known     eventstore.Position // where the log ended when the feed began
	opened    time.Time
	left      uint64 // waiting behind last when it was sent
	stalled   bool   // at the last heart-beat there was something to deliver
	err       error  // why it ended
}

// Next implements eventstore.MessageFeed.
func (f *feed) Next(ctx context.Context, limit int) ([]eventstore.Message, error) {
	var page []eventstore.Message
	for f.err == nil && len(page) < limit && (len(page) == 0 || f.left > 0 || len(f.msgs) > 0) {
		m, ok, err := f.receive(ctx)
		if err != nil {
			f.end(err)
		} else if ok {
			page = append(page, m)
		}
	}
	if len(page) > 0 {
		return page, nil // an error is told by the next call
	}
	return nil, fmt.Errorf("follow behind %d: %w", f.last, f.err)
}

// receive takes one message from the server; ok says whether it was of the log.
func (f *feed) receive(ctx context.Context) (c eventstore.Message, ok bool, err error) {
	if f.asked <= pullMessages/2 {
		if err := f.pull(); err != nil {
			return c, false, err
		}
	}
	var m *nats.Msg
	select {
	case m = <-f.msgs:
	default:
		if m, err = f.await(ctx); err != nil {
			return c, false, err
		}
	}
	if code := status(m); code != "" {
		return c, false, f.control(ctx, code, m)
	}
	c, err = f.next(m)
	return c, err == nil, err
}

// await waits for a message. The server sends a heart-beat when it has none.
func (f *feed) await(ctx context.Context) (*nats.Msg, error) {
	patience, behind := 2*f.store.heartbeat+time.Second, f.last < f.known
	if behind {
		patience = catchUp
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case m := <-f.msgs:
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		if behind {
			return nil, f.missing(ctx)
		}
		return nil, f.store.silent(f.consumer)
	}
}

// missing says why what the log counts is not delivered. When its last block is
// damaged the server goes on counting messages that it no longer has, and a
// reader would wait for them until the next append shows the gap.
func (f *feed) missing(ctx context.Context) error {
	left, err := f.store.pending(ctx, f.consumer)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%w with %d messages left", errSilent, left)
	}
	return &eventstore.Missing{From: f.last + 1, To: f.known}
}

// pull asks for more messages.
func (f *feed) pull() error {
	n := pullMessages - f.asked
	request := fmt.Appendf(nil, `{"batch":%d,"max_bytes":%d,"expires":%d,"idle_heartbeat":%d}`,
		n, pullBytes, pullExpires, f.store.heartbeat)
	if err := f.store.nc.PublishRequest(f.store.nextSubject(f.consumer), f.inbox, request); err != nil {
		return err
	}
	f.asked += n
	return nil
}

// control reads a message of the server about a pull request.
func (f *feed) control(ctx context.Context, code string, m *nats.Msg) error {
	switch {
	case code == "100":
		return f.beat(ctx)
	case code == "503" && f.delivered == 0 && time.Since(f.opened) < catchUp:
		// A cluster needs a moment to tell all servers of a new consumer.
		f.asked = 0
		if !sleep(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
		return nil
	}
	// A request that ended early says how many messages it did not bring:
	// because its time or its bytes were used up. Everything else is the end of
	// the consumer.
	unsent, err := strconv.Atoi(m.Header.Get("Nats-Pending-Messages"))
	if err != nil {
		return fmt.Errorf("pull: %s %s", code, m.Header.Get("Description"))
	}
	f.asked = max(0, f.asked-unsent)
	return nil
}

// beat is called with each heart-beat, which a consumer sends when it has nothing
// to deliver. One that somebody has paused or given a filter sends them too, and
// would keep its reader waiting for ever: so the stream is asked whether it has
// nothing either. Once it may have got something just now.
func (f *feed) beat(ctx context.Context) error {
	end, err := f.store.End(ctx)
	if err != nil || end <= f.last { // what cannot be asked now is asked at the next one
		f.stalled = false
		return nil
	}
	if f.stalled {
		return fmt.Errorf("%w: it has come to %d, the log to %d", errStalled, f.last, end)
	}
	f.stalled = true
	return nil
}

// next checks that a message is the next one.
func (f *feed) next(m *nats.Msg) (eventstore.Message, error) {
	meta, err := m.Metadata()
	if err != nil {
		return eventstore.Message{}, err
	}
	f.asked--
	f.stalled = false
	if f.delivered++; meta.Sequence.Consumer != f.delivered {
		return eventstore.Message{}, fmt.Errorf("%w: %d to %d", errLost, f.delivered, meta.Sequence.Consumer-1)
	}
	pos := eventstore.Position(meta.Sequence.Stream)
	if pos != f.last+1 {
		return eventstore.Message{}, &eventstore.Missing{From: f.last + 1, To: pos - 1}
	}
	f.last, f.left = pos, meta.NumPending
	return eventstore.Message{Position: pos, Subject: m.Subject, StoredAt: meta.Timestamp, Body: m.Data}, nil
}

// Close implements eventstore.MessageFeed.
func (f *feed) Close() { f.end(errFeedClosed) }

func (f *feed) end(err error) {
	if f.err != nil {
		return
	}
	f.err = err
	// Both fail only on a connection that is closed. The server forgets a
	// consumer that nobody reads by itself; this is only sooner.
	_ = f.sub.Unsubscribe()
	_ = f.store.nc.Publish("$JS.API.CONSUMER.DELETE."+f.store.name+"."+f.consumer, nil)
}

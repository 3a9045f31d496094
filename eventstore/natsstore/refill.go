package natsstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"hearth/eventstore"
)

// ErrDiffers says that the stream holds another message than the one that
// belongs at its position. Nothing is written over it.
var ErrDiffers = errors.New("natsstore: the stream holds another message")

const (
	// refillMessages and refillBytes bound one batch. The server takes 1,000
	// messages in one.
	refillMessages = 1000
	refillBytes    = 8 << 20
	// incompleteBatch is the refusal of a batch of which the connection lost a part.
	incompleteBatch = 10176
	// refillPatience is for how long a batch is tried again while the server
	// does not answer.
	refillPatience = time.Minute
)

// errKnownID says that the server knows the id of a message from the last two
// minutes and has stored nothing.
var errKnownID = errors.New("a message id is known")

// Refilled counts what Refill did.
type Refilled struct {
	Found  uint64              // messages that the stream held already
	Stored uint64              // messages that were written
	End    eventstore.Position // of the last of both
}

// Refill writes messages of a copy of the log, each at its own position and as
// Append writes it. They must come in order and without a gap, from a position
// that the stream reaches; their bodies must stay as they are. What the stream
// holds already is compared, so that a refill that ended early is simply run
// again; a message that differs is ErrDiffers. Nobody else may write meanwhile.
//
// Headers do not come from the copy: the content type and the message id are
// those that Append would give, and a body that does not begin like an event
// goes without an id.
func (s *Store) Refill(ctx context.Context, messages iter.Seq2[eventstore.Message, error]) (Refilled, error) {
	end, err := s.End(ctx)
	if err != nil {
		return Refilled{}, fmt.Errorf("refill: %w", err)
	}
	r := &refill{store: s, end: end, begun: end}
	defer r.close()
	for m, err := range messages {
		if err == nil {
			err = r.take(ctx, m)
		}
		if err != nil {
			return r.done, fmt.Errorf("refill: %w", err)
		}
	}
	if err := r.flush(ctx); err != nil {
		return r.done, fmt.Errorf("refill: %w", err)
	}
	return r.done, nil
}

// refill is a Refill under way.
type refill struct {
	store *Store
	begun eventstore.Position // where the stream ended at first
	end   eventstore.Position // where it ends
	last  eventstore.Position // of the message taken last
	batch []eventstore.Message
	size  int
	done  Refilled
	held  eventstore.MessageFeed // reads what was there at first, to compare
	page  []eventstore.Message
}

func (r *refill) close() {
	if r.held != nil {
		r.held.Close()
	}
}

// take compares a message with the stream, or puts it into the batch.
func (r *refill) take(ctx context.Context, m eventstore.Message) error {
	want := r.last + 1
	if r.last == 0 && m.Position >= 1 {
		want = min(m.Position, r.end+1)
	}
	if m.Position != want {
		return fmt.Errorf("%w: position %d of the copy comes where %d belongs", eventstore.ErrCorrupt, m.Position, want)
	}
	if _, err := eventstore.ParseSubject(m.Subject); err != nil {
		return fmt.Errorf("%w: position %d: %w", eventstore.ErrCorrupt, m.Position, err)
	}
	if most := int(r.store.nc.MaxPayload()) - headerRoom; len(m.Body) > most {
		return fmt.Errorf("position %d: %w: %d bytes, at most %d", m.Position, eventstore.ErrTooLarge, len(m.Body), most)
	}
	r.last = m.Position
	if m.Position <= r.begun {
		return r.compare(ctx, m)
	}
	if len(r.batch) == refillMessages || r.size+len(m.Body) > refillBytes {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.batch = append(r.batch, m)
	r.size += len(m.Body)
	return nil
}

// compare demands that the stream holds a message.
func (r *refill) compare(ctx context.Context, m eventstore.Message) (err error) {
	if r.held == nil {
		if r.held, err = r.store.Messages(ctx, m.Position-1); err != nil {
			return err
		}
	}
	if len(r.page) == 0 {
		if r.page, err = r.held.Next(ctx, int(min(r.begun-m.Position+1, pullMessages))); err != nil {
			return err
		}
	}
	if err := same(m, r.page[0]); err != nil {
		return err
	}
	r.page = r.page[1:]
	r.done.Found++
	r.done.End = m.Position
	return nil
}

func same(want, got eventstore.Message) error {
	if want.Position != got.Position || want.Subject != got.Subject || !bytes.Equal(want.Body, got.Body) {
		return fmt.Errorf("%w: position %d", ErrDiffers, want.Position)
	}
	return nil
}

// flush writes the batch. When the answer is lost the stream is read again: the
// batch is there, whole, or it is sent once more. Should it arrive twice, the
// second finds the stream longer than it expects and is refused.
func (r *refill) flush(ctx context.Context) error {
	ids, begun := true, time.Now()
	for wait := 5 * time.Millisecond; len(r.batch) > 0; wait = min(2*wait, time.Second) {
		err := r.publish(ctx, ids)
		var no *refusal
		switch {
		case err == nil:
			r.written(len(r.batch))
			return nil
		case errors.Is(err, errKnownID):
			// The same id occurs twice in the copy, as it may when the two were
			// appended minutes apart. The id is only for retries of Append.
			ids = false
			continue
		case errors.As(err, &no) && !errors.Is(err, eventstore.ErrConflict) && no.ErrCode != incompleteBatch:
			return err
		}
		if lost := r.catchUp(ctx); lost != nil {
			err = errors.Join(err, lost)
			if errors.Is(lost, ErrDiffers) || errors.Is(lost, eventstore.ErrCorrupt) {
				return err
			}
		}
		if len(r.batch) > 0 && (time.Since(begun) > refillPatience || !sleep(ctx, wait)) {
			return err
		}
	}
	return nil
}

// written takes messages from the front of the batch.
func (r *refill) written(n int) {
	r.end = r.batch[n-1].Position
	r.done.End = r.end
	r.done.Stored += uint64(n)
	// Not cut from the front: the room is used again.
	r.batch = r.batch[:copy(r.batch, r.batch[n:])]
	r.size = 0
	for _, m := range r.batch {
		r.size += len(m.Body)
	}
}

// catchUp finds out what of the batch is in the stream.
func (r *refill) catchUp(ctx context.Context) error {
	end, err := r.store.End(ctx)
	if err != nil {
		return err
	}
	n := int(min(end, r.last) - r.end)
	if end <= r.end {
		return nil
	}
	if end > r.last {
		return fmt.Errorf("%w: position %d, by somebody else", ErrDiffers, r.last+1)
	}
	i := 0
	err = eventstore.ReadMessages(ctx, r.store, r.end, end, func(page []eventstore.Message) error {
		for _, m := range page {
			if err := same(r.batch[i], m); err != nil {
				return err
			}
			i++
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.written(n)
	return nil
}

// publish sends the batch once and checks where it landed.
func (r *refill) publish(ctx context.Context, ids bool) error {
	msgs := r.messages(ids)
	got, err := r.store.send(ctx, msgs...)
	var no *refusal
	if errors.As(err, &no) && no.ErrCode == duplicateInBatch && ids || got.Duplicate {
		return errKnownID
	}
	if err != nil {
		return err
	}
	last := r.batch[len(r.batch)-1].Position
	if got.Sequence != uint64(last) || len(msgs) > 1 && got.Count != len(msgs) {
		return &refusal{Description: fmt.Sprintf("%d messages up to position %d were acknowledged as %d up to %d", len(msgs), last, got.Count, got.Sequence)}
	}
	return nil
}

// messages makes the messages of the batch: one alone as a plain publish, more
// as an atomic batch. The server takes the expected last sequence of a batch
// from its first message.
func (r *refill) messages(ids bool) []*nats.Msg {
	msgs, batch := make([]*nats.Msg, len(r.batch)), nuid.Next()
	for i, m := range r.batch {
		h := make(nats.Header, 4)
		h["Content-Type"] = []string{eventstore.ContentType}
		if id, ok := firstID(m.Body); ok && ids {
			h["Nats-Msg-Id"] = []string{id}
		}
		if len(msgs) > 1 {
			h["Nats-Batch-Id"] = []string{batch}
			h["Nats-Batch-Sequence"] = []string{strconv.Itoa(i + 1)}
		}
		msgs[i] = &nats.Msg{Subject: m.Subject, Header: h, Data: m.Body}
	}
	msgs[0].Header["Nats-Expected-Last-Sequence"] = []string{strconv.FormatUint(uint64(r.batch[0].Position-1), 10)}
	if len(msgs) > 1 {
		msgs[len(msgs)-1].Header["Nats-Batch-Commit"] = []string{"1"}
	}
	return msgs
}

// bodyStart is how Registry.Encode begins a body; the id follows.
const bodyStart = `[{"specversion":"1.0","id":"`

// firstID is the id of the first event in a body.
func firstID(body []byte) (string, bool) {
	if rest, ok := bytes.CutPrefix(body, []byte(bodyStart)); ok && len(rest) > 36 && rest[36] == '"' {
		if id, err := uuid.ParseBytes(rest[:36]); err == nil {
			return id.String(), true
		}
	}
	var events []struct {
		ID uuid.UUID `json:"id"`
	}
	if err := json.Unmarshal(body, &events); err != nil || len(events) == 0 || events[0].ID == uuid.Nil {
		return "", false
	}
	return events[0].ID.String(), true
}

package natsstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"hearth/eventstore"
)

// headerRoom is kept free of the largest message for its headers.
const headerRoom = 1 << 10

// Append implements eventstore.Store. One change is one publish; several are one
// atomic batch. Each carries the position at which its stream must end, on its
// literal subject: with a wildcard the server lets two writers win.
func (s *Store) Append(ctx context.Context, changes ...eventstore.Change) ([]eventstore.Head, error) {
	bodies, err := s.registry.EncodeAll(ctx, changes)
	if err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	if len(changes) > eventstore.MaxChanges {
		return nil, fmt.Errorf("append: %w: %d changes, at most %d", eventstore.ErrTooLarge, len(changes), eventstore.MaxChanges)
	}
	a := &appending{
		ctx: ctx, changes: changes, bodies: bodies,
		heads: make([]eventstore.Head, len(changes)),
		turn:  make(chan struct{}), done: make(chan struct{}),
	}
	for i, body := range bodies {
		if most := int(s.nc.MaxPayload()) - headerRoom; len(body) > most {
			return nil, fmt.Errorf("append to %s: %w: %d bytes, at most %d", changes[i].Stream, eventstore.ErrTooLarge, len(body), most)
		}
		a.size += len(body)
	}
	if err := s.group.append(a); err != nil {
		return nil, fmt.Errorf("append to %s: %w", changes[0].Stream, err)
	}
	return a.heads, nil
}

// ack is the server's answer to a publish.
type ack struct {
	Sequence  uint64   `json:"seq"`
	Duplicate bool     `json:"duplicate"`
	Count     int      `json:"count"`
	Error     *refusal `json:"error"`
}

// refusal is an answer that says no. The codes are those of the server's
// errors.json.
type refusal struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

const (
	wrongLastSequence         = 10071 // the expected position is not the last of the subject
	wrongLastSequenceConstant = 10164 // the same, while another write to the subject is under way
	duplicateInBatch          = 10201 // a message id of the batch is known
	tooManyBatches            = 10210 // 50 are open already
)

func (r *refusal) Error() string {
	return fmt.Sprintf("%s (%d, %d)", r.Description, r.Code, r.ErrCode)
}

func (r *refusal) busy() bool { return r.Code == 429 || r.ErrCode == tooManyBatches }

// Unwrap makes a refusal that says that a stream moved an ErrConflict.
func (r *refusal) Unwrap() error {
	switch r.ErrCode {
	case wrongLastSequence, wrongLastSequenceConstant, duplicateInBatch:
		return eventstore.ErrConflict
	}
	return nil
}

// last is the position that the subject has instead of the expected one, as far
// as the refusal tells.
func (r *refusal) last() eventstore.Position {
	text, _ := strings.CutPrefix(r.Description, "wrong last sequence: ")
	n, _ := strconv.ParseUint(text, 10, 64)
	return eventstore.Position(n)
}

// message makes the message of a change.
func (s *Store) message(c eventstore.Change, body []byte, more int) *nats.Msg {
	h := make(nats.Header, 3+more)
	h["Content-Type"] = []string{eventstore.ContentType}
	h["Nats-Msg-Id"] = []string{c.Drafts[0].ID.String()}
	h["Nats-Expected-Last-Subject-Sequence"] = []string{strconv.FormatUint(uint64(c.Head.Position), 10)}
	return &nats.Msg{Subject: c.Stream.Subject(), Header: h, Data: body}
}

// publish sends an append of one change.
func (s *Store) publish(ctx context.Context, a *appending) error {
	c, body := a.changes[0], a.bodies[0]
	m := s.message(c, body, 0)
	got, err := s.send(ctx, m)
	var no *refusal
	if errors.As(err, &no) {
		s.learn(c.Stream, no.last())
	}
	if err != nil {
		return err
	}
	pos := eventstore.Position(got.Sequence)
	if got.Duplicate {
		// The server knows the message id and has stored nothing. Usually it is
		// this very message, sent again after its answer was lost.
		if err := s.stored(ctx, pos, m); err != nil {
			return err
		}
	}
	a.acknowledged(s, 0, pos)
	return nil
}

// stored compares the message at a position with one that was sent. The id of
// another message is a conflict: nothing was stored.
func (s *Store) stored(ctx context.Context, pos eventstore.Position, sent *nats.Msg) error {
	msgs, err := s.get(ctx, fmt.Appendf(nil, `{"seq":%d,"batch":1}`, pos))
	if err != nil {
		return err
	}
	if status(msgs[0]) != "" {
		return fmt.Errorf("duplicate of position %d, which cannot be read: %s", pos, status(msgs[0]))
	}
	if m := msgs[0]; m.Header.Get("Nats-Subject") != sent.Subject || !bytes.Equal(m.Data, sent.Data) {
		return fmt.Errorf("%w: message id %s belongs to another message, at position %d",
			eventstore.ErrConflict, sent.Header["Nats-Msg-Id"][0], pos)
	}
	return nil
}

// commit sends appends as one atomic batch: all of their messages or none.
func (s *Store) commit(ctx context.Context, batch []*appending) error {
	id := nuid.Next()
	var msgs []*nats.Msg
	for _, a := range batch {
		for i, c := range a.changes {
			m := s.message(c, a.bodies[i], 3)
			m.Header["Nats-Batch-Id"] = []string{id}
			m.Header["Nats-Batch-Sequence"] = []string{strconv.Itoa(len(msgs) + 1)}
			msgs = append(msgs, m)
		}
	}
	msgs[len(msgs)-1].Header["Nats-Batch-Commit"] = []string{"1"}
	got, err := s.send(ctx, msgs...)
	if err != nil {
		return err
	}
	if got.Count != len(msgs) {
		return fmt.Errorf("batch of %d messages acknowledged as %d", len(msgs), got.Count)
	}
	pos := eventstore.Position(got.Sequence) - eventstore.Position(len(msgs))
	for _, a := range batch {
		for i := range a.changes {
			pos++
			a.acknowledged(s, i, pos)
		}
	}
	return nil
}

// send publishes the messages of one write and waits for the acknowledgement of
// the last. A server with too much to do at once is asked again.
func (s *Store) send(ctx context.Context, msgs ...*nats.Msg) (ack, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		got, err := s.sendOnce(ctx, msgs)
		var no *refusal
		if err == nil || !errors.As(err, &no) || !no.busy() || !sleep(ctx, wait) {
			return got, err
		}
	}
}

func (s *Store) sendOnce(ctx context.Context, msgs []*nats.Msg) (ack, error) {
	// The first message of a batch is answered by nothing when the batch is
	// open, and with the reason when it could not be opened; the commit is then
	// answered by "incomplete", which no longer tells why.
	subjects := make([]string, len(msgs))
	for i, m := range msgs {
		subjects[i] = m.Subject
	}
	c := s.replies.begin(func(m *nats.Msg) bool { return len(m.Data) > 0 || status(m) != "" }, subjects...)
	msgs[0].Reply = c.reply
	msgs[len(msgs)-1].Reply = c.reply
	for _, m := range msgs {
		if err := s.nc.PublishMsg(m); err != nil {
			s.replies.forget(c)
			return ack{}, err
		}
	}
	answers, err := s.replies.wait(ctx, c)
	if errors.Is(err, ErrForbidden) { // at least one message was not taken, so that none is stored
		return ack{}, fmt.Errorf("%w: %w", eventstore.ErrReadOnly, err)
	}
	if err != nil {
		return ack{}, err
	}
	var got ack
	if err := json.Unmarshal(answers[len(answers)-1].Data, &got); err != nil {
		return ack{}, fmt.Errorf("acknowledgement: %w", err)
	}
	if got.Error != nil {
		return ack{}, got.Error
	}
	return got, nil
}

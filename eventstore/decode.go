package eventstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"hearth/domain"
)

// Decode reads the body of one stored message, see DecodeAll.
func (r *Registry) Decode(ctx context.Context, stream StreamID, pos Position, storedAt time.Time, body []byte) (Commit, error) {
	commits, err := r.DecodeAll(ctx, []Message{{Position: pos, Subject: stream.Subject(), StoredAt: storedAt, Body: body}})
	if err != nil {
		return Commit{}, err
	}
	return commits[0], nil
}

// DecodeAll reads stored messages and opens their personal fields, all at once.
// It returns the commits before the first message that cannot be read, and why:
// ErrCorrupt, or ErrSealing when there were no keys to be had, which is for all.
func (r *Registry) DecodeAll(ctx context.Context, messages []Message) ([]Commit, error) {
	p := page{registry: r, commits: make([]readCommit, 0, len(messages))}
	var damage error
	for _, m := range messages {
		if err := p.read(m); err != nil {
			damage = fmt.Errorf("%w: position %d%w", ErrCorrupt, m.Position, err)
			break
		}
	}
	if err := r.unseal(ctx, p.secrets); err != nil {
		return nil, err
	}
	commits := make([]Commit, 0, len(p.commits))
	for i := range p.commits {
		c, err := p.commit(&p.commits[i])
		if err != nil {
			return commits, fmt.Errorf("%w: position %d%w", ErrCorrupt, p.commits[i].message.Position, err)
		}
		commits = append(commits, c)
	}
	return commits, damage
}

// page is messages whose envelopes are read; secrets has all that is sealed in
// them.
type page struct {
	registry *Registry
	commits  []readCommit
	secrets  []Secret
}

type readCommit struct {
	message Message
	stream  StreamID
	events  []readEvent
}

// readEvent is an event without its personal fields, which are secrets[from:to]
// of the page.
type readEvent struct {
	*cloudEvent
	spec     domain.EventSpec
	rest     []byte
	from, to int
}

// read reads the envelopes of a message. Errors begin with what comes behind
// its position.
func (p *page) read(m Message) error {
	id, err := ParseSubject(m.Subject)
	if err != nil {
		return fmt.Errorf(": %w", err)
	}
	var batch []cloudEvent
	if err := jsonv2.Unmarshal(m.Body, &batch); err != nil {
		return fmt.Errorf(": %w", err)
	}
	if len(batch) == 0 || batch[0].StreamVersion == 0 {
		return fmt.Errorf(": %d events without a version", len(batch))
	}
	c := readCommit{message: m, stream: id, events: make([]readEvent, len(batch))}
	subject, first := id.String(), batch[0].StreamVersion
	for i := range batch {
		ev := &c.events[i]
		ev.cloudEvent = &batch[i]
		if err := p.readEvent(subject, id.Case, ev); err != nil {
			return fmt.Errorf(", event %d: %w", i, err)
		}
		if want := first + uint64(i); ev.StreamVersion != want {
			return fmt.Errorf(", event %d: version %d, want %d", i, ev.StreamVersion, want)
		}
	}
	p.commits = append(p.commits, c)
	return nil
}

func (p *page) readEvent(subject, kase string, ev *readEvent) (err error) {
	if ev.Subject != subject {
		return fmt.Errorf("subject %q in stream %s", ev.Subject, subject)
	}
	if ev.spec, err = p.registry.spec(ev.Type); err != nil {
		return err
	}
	if ev.Data.Kind() != '{' {
		return fmt.Errorf("%s without an object as its data", ev.Type)
	}
	d, err := split(ev.Data)
	if err != nil {
		return err
	}
	if len(d.sealed) > 0 && !ev.spec.Seals() {
		return fmt.Errorf("%s has nothing to be sealed, and something is", ev.Type)
	}
	ev.rest, ev.from = d.rest, len(p.secrets)
	for _, s := range d.sealed {
		s.Event, s.Type, s.Subject = ev.ID, ev.Type, kase
		p.secrets = append(p.secrets, s)
	}
	ev.to = len(p.secrets)
	return nil
}

// commit puts together what was read and opened.
func (p *page) commit(c *readCommit) (Commit, error) {
	commit := Commit{
		Position: c.message.Position, Stream: c.stream, StoredAt: c.message.StoredAt,
		Body: c.message.Body, Events: make([]Recorded, len(c.events)),
	}
	for i := range c.events {
		rec, err := c.events[i].recorded(p.secrets)
		if err != nil {
			return commit, fmt.Errorf(", event %d: %w", i, err)
		}
		rec.Stream, rec.Position, rec.Index = c.stream, c.message.Position, i
		commit.Events[i] = rec
	}
	return commit, nil
}

// recorded is the event with the personal fields that could be opened.
func (ev *readEvent) recorded(secrets []Secret) (rec Recorded, err error) {
	data := json.RawMessage(ev.rest)
	for _, s := range secrets[ev.from:ev.to] {
		switch {
		case s.Err != nil:
			return rec, fmt.Errorf("%s, class %q: %w", ev.Type, s.Class, s.Err)
		case s.Withheld == Suspended:
			rec.Suspended = append(rec.Suspended, s.Class)
		case s.Withheld == Shredded:
			rec.Shredded = append(rec.Shredded, s.Class)
		default:
			if data, err = domain.Restore(data, s.Plain); err != nil {
				return rec, fmt.Errorf("%s, class %q: %w", ev.Type, s.Class, err)
			}
		}
	}
	if rec.Event, err = ev.spec.Decode(data, ev.SchemaVersion); err != nil {
		return rec, err
	}
	by := domain.By{
		Actor:      domain.Actor{ID: ev.ActorID, Org: ev.ActorOrg, Role: ev.ActorRole},
		At:         ev.RecordedTime,
		LateReason: ev.LateReason,
	}
	if !ev.Time.Equal(ev.RecordedTime) {
		by.Happened = ev.Time
	}
	rec.ID, rec.Version, rec.Type, rec.SchemaVersion = ev.ID, ev.StreamVersion, ev.Type, ev.SchemaVersion
	rec.OccurredAt, rec.Data = ev.Time, ev.Data
	rec.Meta = Meta{
		CommandID: ev.CommandID, By: by, OnBehalfOf: ev.OnBehalfOf, Channel: ev.Channel,
		CorrelationID: ev.CorrelationID, CausationID: ev.CausationID, RulePack: ev.RulePack, PolicyDigest: ev.PolicyDigest,
	}
	return rec, nil
}

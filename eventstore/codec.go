package eventstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"hearth/domain"
)

// ContentType is that of a stored message: a CloudEvents 1.0 JSON batch.
const ContentType = "application/cloudevents-batch+json"

// cloudEvent is one event in a stored message. The order of the fields is the
// order on the wire; the names are those of the CloudEvents specification,
// which allows only lower-case letters and digits.
//
// The envelope is read and written by the successor of encoding/json, which
// needs half the time and refuses a name that occurs twice. The data of an
// event keeps to encoding/json, which is what domain.Spec decodes with.
type cloudEvent struct {
	SpecVersion     string         `json:"specversion"`
	ID              uuid.UUID      `json:"id"`
	Source          string         `json:"source"`
	Type            string         `json:"type"`
	Subject         string         `json:"subject"`
	Time            time.Time      `json:"time"`
	DataContentType string         `json:"datacontenttype"`
	DataSchema      string         `json:"dataschema"`
	RecordedTime    time.Time      `json:"recordedtime"`
	LateReason      string         `json:"latereason,omitzero"`
	ActorID         string         `json:"actorid"`
	ActorOrg        string         `json:"actororg,omitzero"`
	ActorRole       domain.Role    `json:"actorrole,omitzero"`
	Channel         string         `json:"channel,omitzero"`
	CommandID       uuid.UUID      `json:"commandid"`
	CorrelationID   string         `json:"correlationid,omitzero"`
	CausationID     string         `json:"causationid,omitzero"`
	StreamVersion   uint64         `json:"streamversion"`
	SchemaVersion   int            `json:"schemaversion"`
	RulePack        string         `json:"rulepack,omitzero"`
	Data            jsontext.Value `json:"data"`
}

const source = "/hearth"

// EncodeAll writes the changes of one append as the bodies of its messages, in
// their order. Changes that no store could keep are ErrInvalid.
func (r *Registry) EncodeAll(changes []Change) ([][]byte, error) {
	if len(changes) == 0 {
		return nil, fmt.Errorf("%w: append without changes", ErrInvalid)
	}
	bodies := make([][]byte, len(changes))
	seen := make(map[StreamID]bool, len(changes))
	for i, c := range changes {
		if seen[c.Stream] {
			return nil, fmt.Errorf("%w: stream %s occurs twice in one append", ErrInvalid, c.Stream)
		}
		seen[c.Stream] = true
		body, err := r.Encode(c)
		if err != nil {
			return nil, err
		}
		bodies[i] = body
	}
	return bodies, nil
}

// Encode writes a change as the body of one message. The same change gives the
// same bytes. A change that cannot be written is ErrInvalid.
func (r *Registry) Encode(c Change) ([]byte, error) {
	if err := c.Stream.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(c.Drafts) == 0 {
		return nil, fmt.Errorf("%w: change of %s without events", ErrInvalid, c.Stream)
	}
	batch := make([]cloudEvent, len(c.Drafts))
	for i, d := range c.Drafts {
		spec, err := r.spec(d.Event.EventType())
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		data, err := json.Marshal(d.Event)
		if err != nil {
			return nil, fmt.Errorf("%w: encode %s: %w", ErrInvalid, spec.Type, err)
		}
		by := d.Meta.By
		batch[i] = cloudEvent{
			SpecVersion: "1.0", ID: d.ID, Source: source, Type: spec.Type, Subject: c.Stream.String(),
			Time: by.OccurredAt().UTC(), RecordedTime: by.At.UTC(), LateReason: by.LateReason,
			DataContentType: "application/json",
			DataSchema:      "urn:hearth:event:" + spec.Type + ":v" + strconv.Itoa(spec.Version),
			ActorID:         by.Actor.ID, ActorOrg: by.Actor.Org, ActorRole: by.Actor.Role,
			Channel: d.Meta.Channel, CommandID: d.Meta.CommandID,
			CorrelationID: d.Meta.CorrelationID, CausationID: d.Meta.CausationID, RulePack: d.Meta.RulePack,
			StreamVersion: c.Head.Version + uint64(i) + 1, SchemaVersion: spec.Version, Data: data,
		}
	}
	// What somebody pasted may be broken UTF-8; like encoding/json, it is stored
	// with replacement characters rather than refused.
	body, err := jsonv2.Marshal(batch, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("%w: encode commit of %s: %w", ErrInvalid, c.Stream, err)
	}
	return body, nil
}

// Decode reads the body of a stored message. What it can't read is ErrCorrupt.
func (r *Registry) Decode(stream StreamID, pos Position, storedAt time.Time, body []byte) (Commit, error) {
	var batch []cloudEvent
	if err := jsonv2.Unmarshal(body, &batch); err != nil {
		return Commit{}, fmt.Errorf("%w: position %d: %w", ErrCorrupt, pos, err)
	}
	if len(batch) == 0 || batch[0].StreamVersion == 0 {
		return Commit{}, fmt.Errorf("%w: position %d: %d events without a version", ErrCorrupt, pos, len(batch))
	}
	commit := Commit{Position: pos, Stream: stream, StoredAt: storedAt, Body: body, Events: make([]Recorded, len(batch))}
	subject := stream.String()
	for i := range batch {
		ce := &batch[i]
		rec, err := r.recorded(subject, ce)
		if err != nil {
			return Commit{}, fmt.Errorf("%w: position %d, event %d: %w", ErrCorrupt, pos, i, err)
		}
		if want := batch[0].StreamVersion + uint64(i); rec.Version != want {
			return Commit{}, fmt.Errorf("%w: position %d, event %d: version %d, want %d", ErrCorrupt, pos, i, rec.Version, want)
		}
		rec.Stream, rec.Position, rec.Index = stream, pos, i
		commit.Events[i] = rec
	}
	return commit, nil
}

func (r *Registry) recorded(subject string, ce *cloudEvent) (Recorded, error) {
	if ce.Subject != subject {
		return Recorded{}, fmt.Errorf("subject %q in stream %s", ce.Subject, subject)
	}
	spec, err := r.spec(ce.Type)
	if err != nil {
		return Recorded{}, err
	}
	if ce.Data.Kind() != '{' {
		return Recorded{}, fmt.Errorf("%s without an object as its data", ce.Type)
	}
	ev, err := spec.Decode(json.RawMessage(ce.Data), ce.SchemaVersion)
	if err != nil {
		return Recorded{}, err
	}
	by := domain.By{
		Actor:      domain.Actor{ID: ce.ActorID, Org: ce.ActorOrg, Role: ce.ActorRole},
		At:         ce.RecordedTime,
		LateReason: ce.LateReason,
	}
	if !ce.Time.Equal(ce.RecordedTime) {
		by.Happened = ce.Time
	}
	return Recorded{
		ID: ce.ID, Version: ce.StreamVersion, Type: ce.Type, SchemaVersion: ce.SchemaVersion,
		OccurredAt: ce.Time, Data: ce.Data, Event: ev,
		Meta: Meta{
			CommandID: ce.CommandID, By: by, Channel: ce.Channel,
			CorrelationID: ce.CorrelationID, CausationID: ce.CausationID, RulePack: ce.RulePack,
		},
	}, nil
}

package eventstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// ContentType is that of a stored message: a CloudEvents 1.0 JSON batch.
const ContentType = "application/cloudevents-batch+json"

// cloudEvent is one event in a stored message. The order of the fields is the
// order on the wire; the names are those of the CloudEvents specification,
// which allows only lower-case letters and digits.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              uuid.UUID       `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	DataSchema      string          `json:"dataschema"`
	RecordedTime    time.Time       `json:"recordedtime"`
	LateReason      string          `json:"latereason,omitempty"`
	ActorID         string          `json:"actorid"`
	ActorOrg        string          `json:"actororg,omitempty"`
	ActorRole       domain.Role     `json:"actorrole,omitempty"`
	Channel         string          `json:"channel,omitempty"`
	CommandID       uuid.UUID       `json:"commandid"`
	CorrelationID   string          `json:"correlationid,omitempty"`
	CausationID     string          `json:"causationid,omitempty"`
	StreamVersion   uint64          `json:"streamversion"`
	SchemaVersion   int             `json:"schemaversion"`
	RulePack        string          `json:"rulepack,omitempty"`
	Data            json.RawMessage `json:"data"`
}

const source = "/hearth"

// Encode writes a change as the body of one message.
func (r *Registry) Encode(c Change) ([]byte, error) {
	batch := make([]cloudEvent, len(c.Drafts))
	for i, d := range c.Drafts {
		spec, err := r.spec(d.Event.EventType())
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(d.Event)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", spec.Type, err)
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
	return json.Marshal(batch)
}

// Decode reads the body of a stored message. What it can't read is ErrCorrupt.
func (r *Registry) Decode(stream StreamID, pos Position, storedAt time.Time, body []byte) (Commit, error) {
	var batch []cloudEvent
	if err := json.Unmarshal(body, &batch); err != nil {
		return Commit{}, fmt.Errorf("%w: position %d: %w", ErrCorrupt, pos, err)
	}
	if len(batch) == 0 {
		return Commit{}, fmt.Errorf("%w: position %d: empty commit", ErrCorrupt, pos)
	}
	commit := Commit{Position: pos, Stream: stream, StoredAt: storedAt, Body: body, Events: make([]Recorded, len(batch))}
	for i := range batch {
		rec, err := r.recorded(stream, &batch[i])
		if err != nil {
			return Commit{}, fmt.Errorf("%w: position %d, event %d: %w", ErrCorrupt, pos, i, err)
		}
		if want := batch[0].StreamVersion + uint64(i); rec.Version != want {
			return Commit{}, fmt.Errorf("%w: position %d, event %d: version %d, want %d", ErrCorrupt, pos, i, rec.Version, want)
		}
		rec.Position, rec.Index = pos, i
		commit.Events[i] = rec
	}
	return commit, nil
}

func (r *Registry) recorded(stream StreamID, ce *cloudEvent) (Recorded, error) {
	if ce.Subject != stream.String() {
		return Recorded{}, fmt.Errorf("subject %q in stream %s", ce.Subject, stream)
	}
	spec, err := r.spec(ce.Type)
	if err != nil {
		return Recorded{}, err
	}
	ev, err := spec.Decode(ce.Data, ce.SchemaVersion)
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
		ID: ce.ID, Stream: stream, Version: ce.StreamVersion, Type: ce.Type, SchemaVersion: ce.SchemaVersion,
		OccurredAt: ce.Time, Data: ce.Data, Event: ev,
		Meta: Meta{
			CommandID: ce.CommandID, By: by, Channel: ce.Channel,
			CorrelationID: ce.CorrelationID, CausationID: ce.CausationID, RulePack: ce.RulePack,
		},
	}, nil
}

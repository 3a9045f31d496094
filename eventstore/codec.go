package eventstore

import (
	"bytes"
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

// cloudEvent is one event in a stored message, as it is read. The order of the
// fields is that on the wire, see appendEvent; the names are those of the
// CloudEvents specification, which allows only lower-case letters and digits.
//
// The envelope is read by the successor of encoding/json, which needs half the
// time and refuses a name that occurs twice. The data of an event keeps to
// encoding/json, which is what domain.Spec decodes with.
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
	LateReason      string         `json:"latereason"`
	ActorID         string         `json:"actorid"`
	ActorOrg        string         `json:"actororg"`
	ActorRole       domain.Role    `json:"actorrole"`
	Channel         string         `json:"channel"`
	CommandID       uuid.UUID      `json:"commandid"`
	CorrelationID   string         `json:"correlationid"`
	CausationID     string         `json:"causationid"`
	StreamVersion   uint64         `json:"streamversion"`
	SchemaVersion   int            `json:"schemaversion"`
	RulePack        string         `json:"rulepack"`
	PolicyDigest    string         `json:"policydigest"`
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
	var seen map[StreamID]bool
	if len(changes) > 1 {
		seen = make(map[StreamID]bool, len(changes))
	}
	for i, c := range changes {
		if seen[c.Stream] {
			return nil, fmt.Errorf("%w: stream %s occurs twice in one append", ErrInvalid, c.Stream)
		}
		if seen != nil {
			seen[c.Stream] = true
		}
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
	body := make([]byte, 0, 1024*len(c.Drafts))
	for i, d := range c.Drafts {
		body = append(body, "[,"[min(i, 1)])
		var err error
		if body, err = r.appendEvent(body, c, i, d); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if holdsNUL(body) {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, domain.Reject("bad_text", "内容里有看不见的非法字符(NUL),请删去后重新输入再提交。"))
	}
	return append(body, ']'), nil
}

// holdsNUL finds the character NUL in JSON, where it stands as an escape.
// PostgreSQL takes it in no text, so an event with it would stop every read
// model for good.
func holdsNUL(b []byte) bool {
	const escape = `\u0000`
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(escape))
		if i < 0 {
			return false
		}
		at += i
		before := 0 // backslashes: an even number of them leaves ours an escape
		for at-before > 0 && b[at-before-1] == '\\' {
			before++
		}
		if before%2 == 0 {
			return true
		}
		at += len(escape)
	}
}

// appendEvent writes one event. By hand, because the writer waits for it:
// reflection takes twice as long.
func (r *Registry) appendEvent(b []byte, c Change, i int, d Draft) ([]byte, error) {
	spec, err := r.spec(d.Event.EventType())
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(d.Event)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", spec.Type, err)
	}
	by := d.Meta.By
	if by.At.UTC().Year() > 9999 || by.OccurredAt().UTC().Year() < 1 {
		return nil, fmt.Errorf("encode %s: no time of our calendar: %s", spec.Type, by.At)
	}
	b = append(b, `{"specversion":"1.0"`...)
	b = appendString(b, "id", d.ID.String())
	b = appendString(b, "source", source)
	b = appendString(b, "type", spec.Type)
	b = appendString(b, "subject", c.Stream.String())
	b = appendTime(b, "time", by.OccurredAt())
	b = appendString(b, "datacontenttype", "application/json")
	b = appendString(b, "dataschema", "urn:hearth:event:"+spec.Type+":v"+strconv.Itoa(spec.Version))
	b = appendTime(b, "recordedtime", by.At)
	b = appendOptional(b, "latereason", by.LateReason)
	b = appendString(b, "actorid", by.Actor.ID)
	b = appendOptional(b, "actororg", by.Actor.Org)
	b = appendOptional(b, "actorrole", string(by.Actor.Role))
	b = appendOptional(b, "channel", d.Meta.Channel)
	b = appendString(b, "commandid", d.Meta.CommandID.String())
	b = appendOptional(b, "correlationid", d.Meta.CorrelationID)
	b = appendOptional(b, "causationid", d.Meta.CausationID)
	b = strconv.AppendUint(appendName(b, "streamversion"), c.Head.Version+uint64(i)+1, 10)
	b = strconv.AppendInt(appendName(b, "schemaversion"), int64(spec.Version), 10)
	b = appendOptional(b, "rulepack", d.Meta.RulePack)
	b = appendOptional(b, "policydigest", d.Meta.PolicyDigest)
	b = append(appendName(b, "data"), data...)
	return append(b, '}'), nil
}

func appendName(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// appendString writes a member. What somebody pasted may be broken UTF-8; like
// encoding/json, it is stored with replacement characters rather than refused,
// which is the only thing that AppendQuote has to report.
func appendString(b []byte, name, value string) []byte {
	b, _ = jsontext.AppendQuote(appendName(b, name), value)
	return b
}

func appendOptional(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(b, name, value)
}

func appendTime(b []byte, name string, t time.Time) []byte {
	b = append(appendName(b, name), '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// DecodeMessage reads a stored message. What it can't read is ErrCorrupt.
func (r *Registry) DecodeMessage(m Message) (Commit, error) {
	id, err := ParseSubject(m.Subject)
	if err != nil {
		return Commit{}, fmt.Errorf("%w: position %d: %w", ErrCorrupt, m.Position, err)
	}
	return r.Decode(id, m.Position, m.StoredAt, m.Body)
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
			CorrelationID: ce.CorrelationID, CausationID: ce.CausationID, RulePack: ce.RulePack, PolicyDigest: ce.PolicyDigest,
		},
	}, nil
}

package eventstore

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

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
	OnBehalfOf      string         `json:"onbehalfof"`
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
// their order, and seals their personal fields. The same changes give the same
// bytes. Changes that no store could keep are ErrInvalid; ErrSealing says that
// they could not be sealed now. Nothing was stored then.
func (r *Registry) EncodeAll(ctx context.Context, changes []Change) ([][]byte, error) {
	if len(changes) == 0 {
		return nil, fmt.Errorf("%w: append without changes", ErrInvalid)
	}
	var seen map[StreamID]bool
	if len(changes) > 1 {
		seen = make(map[StreamID]bool, len(changes))
	}
	var apart encoding
	for _, c := range changes {
		if seen[c.Stream] {
			return nil, fmt.Errorf("%w: stream %s occurs twice in one append", ErrInvalid, c.Stream)
		}
		if seen != nil {
			seen[c.Stream] = true
		}
		if err := apart.add(r, c); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if err := r.seal(ctx, apart.secrets); err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(changes))
	events := apart.events
	for i, c := range changes {
		body, err := apart.body(c, events[:len(c.Drafts)])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		bodies[i], events = body, events[len(c.Drafts):]
	}
	return bodies, nil
}

// Encode writes a change as the body of one message, see EncodeAll.
func (r *Registry) Encode(ctx context.Context, c Change) ([]byte, error) {
	bodies, err := r.EncodeAll(ctx, []Change{c})
	if err != nil {
		return nil, err
	}
	return bodies[0], nil
}

// encoding is an append whose events are taken apart: secrets has what is to be
// sealed of all of them.
type encoding struct {
	events  []encodedEvent
	secrets []Secret
}

// encodedEvent is the data of an event without its personal fields, which are
// secrets[from:to] of the encoding.
type encodedEvent struct {
	spec     domain.EventSpec
	data     []byte
	from, to int
}

// add takes the events of a change apart.
func (e *encoding) add(r *Registry, c Change) error {
	if err := c.Stream.Check(); err != nil {
		return err
	}
	if len(c.Drafts) == 0 {
		return fmt.Errorf("change of %s without events", c.Stream)
	}
	for _, d := range c.Drafts {
		spec, err := r.spec(d.Event.EventType())
		if err != nil {
			return err
		}
		ev := encodedEvent{spec: spec, from: len(e.secrets)}
		var personal []domain.Personal
		if ev.data, personal, err = spec.Extract(d.Event); err != nil {
			return fmt.Errorf("encode %s: %w", spec.Type, err)
		}
		for _, p := range personal {
			if holdsNUL(p.JSON) {
				return badText()
			}
			e.secrets = append(e.secrets, Secret{Event: d.ID, Type: spec.Type, Subject: c.Stream.Case, Class: p.Class, Plain: p.JSON})
		}
		ev.to = len(e.secrets)
		e.events = append(e.events, ev)
	}
	return nil
}

// body writes the message of a change.
func (e *encoding) body(c Change, events []encodedEvent) ([]byte, error) {
	body := make([]byte, 0, 1024*len(events))
	for i, ev := range events {
		body = append(body, "[,"[min(i, 1)])
		var err error
		if body, err = e.appendEvent(body, c, i, ev); err != nil {
			return nil, err
		}
	}
	if holdsNUL(body) {
		return nil, badText()
	}
	return append(body, ']'), nil
}

func badText() error {
	return domain.Reject("bad_text", "内容里有看不见的非法字符(NUL),请删去后重新输入再提交。")
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
func (e *encoding) appendEvent(b []byte, c Change, i int, ev encodedEvent) ([]byte, error) {
	d, spec := c.Drafts[i], ev.spec
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
	b = appendOptional(b, "onbehalfof", d.Meta.OnBehalfOf)
	b = appendOptional(b, "channel", d.Meta.Channel)
	b = appendString(b, "commandid", d.Meta.CommandID.String())
	b = appendOptional(b, "correlationid", d.Meta.CorrelationID)
	b = appendOptional(b, "causationid", d.Meta.CausationID)
	b = strconv.AppendUint(appendName(b, "streamversion"), c.Head.Version+uint64(i)+1, 10)
	b = strconv.AppendInt(appendName(b, "schemaversion"), int64(spec.Version), 10)
	b = appendOptional(b, "rulepack", d.Meta.RulePack)
	b = appendOptional(b, "policydigest", d.Meta.PolicyDigest)
	b = appendSealed(appendName(b, "data"), ev.data, e.secrets[ev.from:ev.to])
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

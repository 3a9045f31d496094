// Package storetest is the contract of eventstore.Store as tests. Every
// implementation runs it, and tests of other packages use its events and its
// counting reader.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/eventstore"
)

// Noted is 测试事件: the event of the tests.
type Noted struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

// EventType implements domain.Event.
func (Noted) EventType() string { return "test.noted" }

// Registry knows the events of the tests.
func Registry() *eventstore.Registry {
	return eventstore.NewRegistry([]domain.EventSpec{domain.Spec[Noted]()})
}

// Stream is a new stream of the tests.
func Stream() eventstore.StreamID {
	return eventstore.StreamID{Family: "test", Case: uuid.NewString()}
}

// Clock is the instant at which all events of the tests happen.
var Clock = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// Meta is that of a new command of the tests.
func Meta() eventstore.Meta {
	return eventstore.Meta{
		CommandID: uuid.New(), Channel: "test", CorrelationID: "test", RulePack: "2026",
		By: domain.By{Actor: domain.Actor{ID: "u1", Org: "o1", Role: domain.RoleOperator}, At: Clock},
	}
}

// Change appends one Noted for each text behind a head, as one new command.
func Change(id eventstore.StreamID, head eventstore.Head, texts ...string) eventstore.Change {
	meta := Meta()
	c := eventstore.Change{Stream: id, Head: head}
	for i, text := range texts {
		c.Drafts = append(c.Drafts, eventstore.Draft{
			ID: eventstore.EventID(meta.CommandID, i), Event: Noted{Text: text, N: i}, Meta: meta,
		})
	}
	return c
}

// Read loads the texts of a stream behind a head.
func Read(ctx context.Context, s eventstore.Store, id eventstore.StreamID, after eventstore.Head) ([]string, error) {
	var texts []string
	for rec, err := range s.Stream(ctx, id, after) {
		if err != nil {
			return texts, err
		}
		if want := after.Version + uint64(len(texts)) + 1; rec.Version != want {
			return texts, fmt.Errorf("version %d, want %d", rec.Version, want)
		}
		texts = append(texts, rec.Event.(Noted).Text)
	}
	return texts, nil
}

// FollowTo reads the global order behind a position up to another one, demands
// that no position is missing, and hands over each commit.
func FollowTo(ctx context.Context, s eventstore.Store, after, to eventstore.Position, got func(eventstore.Commit)) error {
	feed, err := s.Follow(ctx, after)
	if err != nil {
		return err
	}
	defer feed.Close()
	for after < to {
		commits, err := feed.Next(ctx, 100)
		if err != nil {
			return err
		}
		for _, c := range commits {
			if c.Position != after+1 {
				return fmt.Errorf("position %d follows %d", c.Position, after)
			}
			after = c.Position
			got(c)
		}
	}
	return nil
}

// Patience is how long a test waits for what must happen.
const Patience = 30 * time.Second

// Run tests a store. open makes a fresh, empty one that knows Registry and ends
// with the test.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
	tests := map[string]func(*testing.T, context.Context, eventstore.Store){
		"append and load":             appendAndLoad,
		"bytes are stored as encoded": bytesAsEncoded,
		"expected version":            expectedVersion,
		"must not exist":              mustNotExist,
		"several streams or none":     severalOrNone,
		"invalid appends":             invalidAppends,
		"too large":                   tooLarge,
		"repeated append":             repeatedAppend,
		"one winner per version":      oneWinner,
		"one winner over two streams": oneWinnerOfUnits,
		"global order, 16 writers":    globalOrder,
		"follow from the middle":      followMiddle,
		"follow waits and wakes":      followWaits,
		"follow behind the end":       followBehindEnd,
		"feed ends with its context":  feedContext,
		"many pages":                  manyPages,
		"big bodies":                  bigBodies,
		"unicode":                     unicode,
		"context of an append":        appendContext,
		"end and identity":            endAndIdentity,
		"after stops at the end":      afterStops,
		"numbers without gaps":        numbersWithoutGaps,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), Patience)
			defer cancel()
			test(t, ctx, open(t))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put appends texts to a stream and returns its new head.
func put(ctx context.Context, t *testing.T, s eventstore.Store, id eventstore.StreamID, head eventstore.Head, texts ...string) eventstore.Head {
	t.Helper()
	heads, err := s.Append(ctx, Change(id, head, texts...))
	must(t, err)
	return heads[0]
}

// want fails unless a stream holds exactly these texts.
func want(ctx context.Context, t *testing.T, s eventstore.Store, id eventstore.StreamID, texts ...string) {
	t.Helper()
	got, err := Read(ctx, s, id, eventstore.Head{})
	must(t, err)
	if strings.Join(got, "|") != strings.Join(texts, "|") {
		t.Fatalf("stream holds %d events %.200q, want %d %.200q", len(got), got, len(texts), texts)
	}
}

// refused fails unless an append was answered by one of the sentinels.
func refused(t *testing.T, err, sentinel error) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Fatalf("append: got %v, want %v", err, sentinel)
	}
}

package eventstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
)

// told is 陈述 of the tests. In version 1 it stood in the clear.
type told struct {
	Kind  string `json:"kind"`
	Name  string `json:"name,omitempty" seal:"identity"`
	Words string `json:"words,omitempty" seal:"narrative"`
}

func (told) EventType() string { return "account.told" }

func tales() *eventstore.Registry {
	return eventstore.NewRegistry([]domain.EventSpec{domain.Spec[told](domain.InClear), domain.Spec[closed]()})
}

// tell makes a change of some events, of which the first has all that is personal.
func tell(kase string, head eventstore.Head, events ...domain.Event) eventstore.Change {
	c := sample()
	c.Stream.Case, c.Head = kase, head
	meta := c.Drafts[0].Meta
	meta.CommandID = uuid.NewSHA1(meta.CommandID, fmt.Append(nil, kase, head))
	c.Drafts = nil
	for i, ev := range events {
		c.Drafts = append(c.Drafts, eventstore.Draft{ID: eventstore.EventID(meta.CommandID, i), Event: ev, Meta: meta})
	}
	return c
}

var all = told{Kind: "k", Name: "张三", Words: `他说 "sealed": {}`}

func TestSealedEvents(t *testing.T) {
	t.Parallel()
	v := vault.NewMemory()
	r := tales().Protected(v)
	change := tell("case-1", eventstore.Head{}, all, closed{Reason: "r"}, told{Kind: "bare"}, told{Name: "only"})
	body, err := r.Encode(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"张三", "他说", "only"} {
		if bytes.Contains(body, []byte(word)) {
			t.Errorf("%q is in the message: %s", word, body)
		}
	}
	for _, part := range []string{`"data":{"sealed":{"identity":"AQ`, `,"kind":"k"}}`, `"data":{"kind":"bare"}}`, `"schemaversion":2`} {
		if !bytes.Contains(body, []byte(part)) {
			t.Errorf("%s is not in the message: %s", part, body)
		}
	}
	if again, err := r.Encode(t.Context(), change); err != nil || !bytes.Equal(again, body) {
		t.Errorf("the same change gave other bytes, %v", err)
	}
	decode := func(ctx context.Context) []eventstore.Recorded {
		t.Helper()
		commit, err := r.Decode(ctx, change.Stream, 1, time.Now(), body)
		if err != nil {
			t.Fatal(err)
		}
		return commit.Events
	}
	for i, rec := range decode(t.Context()) {
		if diff := cmp.Diff(change.Drafts[i].Event, rec.Event); diff != "" || rec.Shredded != nil || rec.Suspended != nil {
			t.Errorf("event %d (-want +got):\n%s", i, diff)
		}
	}
	// It need not be written as we do.
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, body, "", " "); err != nil {
		t.Fatal(err)
	}
	if commit, err := r.Decode(t.Context(), change.Stream, 1, time.Now(), spaced.Bytes()); err != nil || commit.Events[0].Event != domain.Event(all) {
		t.Errorf("with white space: %+v, %v", commit, err)
	}
	// Suspended and shredded fields are zero, and said to be.
	bare := []domain.Event{told{Kind: "k"}, closed{Reason: "r"}, told{Kind: "bare"}, told{}}
	classes := [][]domain.SealClass{{"identity", "narrative"}, nil, nil, {"identity"}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(v.Suspend(t.Context(), 2, "case-1"))
	for i, rec := range decode(t.Context()) {
		slices.Sort(rec.Suspended)
		if diff := cmp.Diff(bare[i], rec.Event) + cmp.Diff(classes[i], rec.Suspended); diff != "" || rec.Shredded != nil {
			t.Errorf("suspended, event %d (-want +got):\n%s", i, diff)
		}
	}
	if got := decode(vault.Unsealed(t.Context(), "case-1"))[0]; got.Event != domain.Event(all) || got.Suspended != nil {
		t.Errorf("unsealed: %+v", got)
	}
	if _, err := r.Encode(t.Context(), change); !errors.Is(err, eventstore.ErrInvalid) || !strings.Contains(err.Error(), "已封存") {
		t.Errorf("more for what is suspended: %v", err)
	}
	must(v.Shred(t.Context(), "case-1"))
	for i, rec := range decode(t.Context()) {
		slices.Sort(rec.Shredded)
		if diff := cmp.Diff(bare[i], rec.Event) + cmp.Diff(classes[i], rec.Shredded); diff != "" || rec.Suspended != nil {
			t.Errorf("shredded, event %d (-want +got):\n%s", i, diff)
		}
	}
}

// What stood in the clear needs no keys; what is personal is not stored without.
func TestWithoutProtector(t *testing.T) {
	t.Parallel()
	r := tales()
	change := tell("case-1", eventstore.Head{}, all)
	if _, err := r.Encode(t.Context(), change); !errors.Is(err, eventstore.ErrInvalid) {
		t.Errorf("encoded without a protector: %v", err)
	}
	body, err := r.Encode(t.Context(), tell("case-1", eventstore.Head{}, told{Kind: "k"}))
	if err != nil {
		t.Fatal(err)
	}
	old := bytes.Replace(body, []byte(`{"kind":"k"}`), []byte(`{"kind":"k","name":"张三","words":"他说 \"sealed\": {}"}`), 1)
	old = bytes.Replace(old, []byte(`"schemaversion":2`), []byte(`"schemaversion":1`), 1)
	if commit, err := r.Decode(t.Context(), change.Stream, 1, time.Now(), old); err != nil || commit.Events[0].Event != domain.Event(all) {
		t.Errorf("version 1: %+v, %v", commit, err)
	}
	if body, err = tales().Protected(vault.NewMemory()).Encode(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Decode(t.Context(), change.Stream, 1, time.Now(), body); !errors.Is(err, eventstore.ErrSealing) || errors.Is(err, eventstore.ErrCorrupt) {
		t.Errorf("sealed, without a protector: %v", err)
	}
	nul := tell("case-1", eventstore.Head{}, told{Words: "a\x00b"})
	if _, err := tales().Protected(vault.NewMemory()).Encode(t.Context(), nul); !errors.Is(err, eventstore.ErrInvalid) {
		t.Errorf("a NUL in what is sealed: %v", err)
	}
}

// What was moved or changed is damage, and what comes before it is still given.
func TestMovedSecretsAreDamage(t *testing.T) {
	t.Parallel()
	r := tales().Protected(vault.NewMemory())
	var msgs []eventstore.Message
	for i, kase := range []string{"case-1", "case-2", "case-3"} {
		c := tell(kase, eventstore.Head{}, all)
		body, err := r.Encode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		msgs = append(msgs, eventstore.Message{Position: eventstore.Position(i + 1), Subject: c.Stream.Subject(), Body: body})
	}
	data := func(m eventstore.Message) []byte { return m.Body[bytes.Index(m.Body, []byte(`"data"`)):] }
	moved := slices.Clone(msgs)
	moved[1].Body = slices.Concat(msgs[1].Body[:len(msgs[1].Body)-len(data(msgs[1]))], data(msgs[2]))
	commits, err := r.DecodeAll(t.Context(), moved)
	if !errors.Is(err, eventstore.ErrCorrupt) || len(commits) != 1 || !strings.Contains(err.Error(), "position 2") {
		t.Errorf("%d commits, %v", len(commits), err)
	}
	bare := slices.Clone(msgs)
	bare[1].Body = bytes.Replace(msgs[1].Body, []byte("account.told"), []byte("account.closed"), 2)
	if _, err := r.DecodeAll(t.Context(), bare); !errors.Is(err, eventstore.ErrCorrupt) {
		t.Errorf("sealed fields in an event without any: %v", err)
	}
}

// away is a protector without its keys, for a while.
type away struct {
	eventstore.Protector
	left int
}

var errAway = errors.New("away")

func (a *away) Seal(ctx context.Context, secrets []eventstore.Secret) error {
	if a.left--; a.left >= 0 {
		return errAway
	}
	return a.Protector.Seal(ctx, secrets)
}

// A command waits for the keys; when they do not come it is certain that nothing
// was stored.
func TestKeysAway(t *testing.T) {
	t.Parallel()
	p := &away{Protector: vault.NewMemory(), left: 3}
	s := memstore.New(tales().Protected(p))
	engine := eventstore.NewEngine(s, 10)
	decider := domain.Decider[int, say, domain.Event]{
		Initial: func() int { return 0 },
		Decide:  func(int, say) ([]domain.Event, error) { return []domain.Event{all}, nil },
		Evolve:  func(n int, _ domain.Event) int { return n + 1 },
	}
	id := eventstore.StreamID{Family: "account", Case: "case-1"}
	run := func(ctx context.Context) error {
		by := sample().Drafts[1].Meta.By
		_, err := eventstore.Execute(ctx, engine, id, decider, say{by}, eventstore.Meta{CommandID: uuid.New()})
		return err
	}
	if err := run(t.Context()); err != nil {
		t.Errorf("with the keys back: %v", err)
	}
	p.left = 1 << 30
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := run(ctx); !errors.Is(err, eventstore.ErrSealing) || errors.Is(err, eventstore.ErrUnknown) {
		t.Errorf("without keys: %v", err)
	}
	if end, err := s.End(t.Context()); err != nil || end != 1 {
		t.Errorf("end %d, %v", end, err)
	}
}

type say struct{ domain.By }

package eventstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"hearth/domain"
	"hearth/eventstore"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// opened is 开户 of the tests. Version 1 had the amount in yuan.
type opened struct {
	Owner   string     `json:"owner"`
	OwedFen domain.Fen `json:"owed_fen"`
}

func (opened) EventType() string { return "account.opened" }

// closed is 销户 of the tests.
type closed struct {
	Reason string `json:"reason,omitempty"`
}

func (closed) EventType() string { return "account.closed" }

// yuanToFen lifts account.opened from version 1 to 2.
func yuanToFen(data json.RawMessage) (json.RawMessage, error) {
	var old struct {
		Owner string `json:"owner"`
		Yuan  int64  `json:"owed_yuan"`
	}
	if err := json.Unmarshal(data, &old); err != nil {
		return nil, err
	}
	return json.Marshal(opened{Owner: old.Owner, OwedFen: domain.Yuan(old.Yuan)})
}

func accounts() *eventstore.Registry {
	return eventstore.NewRegistry([]domain.EventSpec{domain.Spec[opened](yuanToFen), domain.Spec[closed]()})
}

var account = eventstore.StreamID{Family: "account", Case: "0195b1a0-7c7e-7000-8000-000000000001"}

// sample is a commit of two events that uses every field of the envelope: the
// first happened two days before it was entered.
func sample() eventstore.Change {
	at := time.Date(2026, 11, 23, 2, 3, 4, 567_000_000, time.UTC)
	command := uuid.MustParse("5f0c3f4e-9d0a-4d0e-8a6e-0d6a4b6f0001")
	meta := eventstore.Meta{
		CommandID: command, Channel: "hotline", CorrelationID: account.String(),
		CausationID: "5f0c3f4e-9d0a-4d0e-8a6e-0d6a4b6f0000", RulePack: "2026-1", PolicyDigest: "0f1e2d3c4b5a6978",
		By: domain.By{
			Actor: domain.Actor{ID: "u-17", Org: "610100", Role: domain.RoleOperator},
			At:    at, Happened: at.Add(-48 * time.Hour), LateReason: "停电两天",
		},
	}
	now := meta
	now.By.Happened, now.By.LateReason = time.Time{}, ""
	return eventstore.Change{
		Stream: account, Head: eventstore.Head{Version: 4, Position: 90},
		Drafts: []eventstore.Draft{
			{ID: eventstore.EventID(command, 0), Event: opened{Owner: "𠮷田 <a&b>", OwedFen: 1234567}, Meta: meta},
			{ID: eventstore.EventID(command, 1), Event: closed{}, Meta: now},
		},
	}
}

// TestOnBehalfOf: an event says whose office its actor held, and nothing when it
// was the actor's own (TestGolden).
func TestOnBehalfOf(t *testing.T) {
	t.Parallel()
	c := sample()
	c.Drafts[1].Meta.OnBehalfOf = "u-9"
	body, err := accounts().Encode(t.Context(), c)
	if err != nil || bytes.Count(body, []byte(`"onbehalfof":"u-9"`)) != 1 || bytes.Count(body, []byte("onbehalfof")) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	commit, err := accounts().Decode(t.Context(), account, 7, time.Time{}, body)
	if err != nil || commit.Events[0].Meta.OnBehalfOf != "" || commit.Events[1].Meta.OnBehalfOf != "u-9" {
		t.Errorf("decoded: %+v, %v", commit, err)
	}
}

// TestGolden pins the stored form: it is for ever.
func TestGolden(t *testing.T) {
	t.Parallel()
	const file = "testdata/commit.json"
	body, err := accounts().Encode(t.Context(), sample())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(body)); diff != "" {
		t.Errorf("stored form (-want +got):\n%s", diff)
	}
	again, err := accounts().Encode(t.Context(), sample())
	if err != nil || !bytes.Equal(again, body) {
		t.Errorf("the same change gave other bytes, %v", err)
	}
}

func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	t.Parallel()
	c := sample()
	body, err := accounts().Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	stored := time.Date(2026, 11, 23, 2, 3, 5, 0, time.UTC)
	commit, err := accounts().Decode(t.Context(), account, 91, stored, body)
	if err != nil {
		t.Fatal(err)
	}
	if commit.Position != 91 || commit.Stream != account || !commit.StoredAt.Equal(stored) || !bytes.Equal(commit.Body, body) {
		t.Errorf("commit %+v", commit)
	}
	for i, d := range c.Drafts {
		data, err := json.Marshal(d.Event)
		if err != nil {
			t.Fatal(err)
		}
		want := eventstore.Recorded{
			ID: d.ID, Stream: account, Version: c.Head.Version + uint64(i) + 1, Position: 91, Index: i,
			Type: d.Event.EventType(), SchemaVersion: 2 - i, OccurredAt: d.Meta.By.OccurredAt(),
			Data: data, Event: d.Event, Meta: d.Meta,
		}
		got := commit.Events[i]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestCloudEventsSDKReadsStoredMessages parses a stored message with the SDK of
// the CloudEvents project, which must find it valid and all extensions in it.
func TestCloudEventsSDKReadsStoredMessages(t *testing.T) {
	t.Parallel()
	c := sample()
	body, err := accounts().Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	if err := json.Unmarshal(body, &events); err != nil {
		t.Fatal(err)
	}
	for i, ce := range events {
		if err := ce.Validate(); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
		d := c.Drafts[i]
		if ce.SpecVersion() != "1.0" || ce.ID() != d.ID.String() || ce.Source() != "/hearth" || ce.Type() != d.Event.EventType() ||
			ce.Subject() != account.String() || ce.DataContentType() != "application/json" || !ce.Time().Equal(d.Meta.By.OccurredAt()) {
			t.Errorf("event %d: %v", i, ce)
		}
	}
	first := events[0]
	if first.DataSchema() != "urn:hearth:event:account.opened:v2" {
		t.Errorf("schema %q", first.DataSchema())
	}
	// The SDK reads numbers of extensions as int32.
	want := map[string]any{
		"recordedtime": "2026-11-23T02:03:04.567Z", "latereason": "停电两天",
		"actorid": "u-17", "actororg": "610100", "actorrole": "operator", "channel": "hotline",
		"commandid": "5f0c3f4e-9d0a-4d0e-8a6e-0d6a4b6f0001", "correlationid": account.String(),
		"causationid": "5f0c3f4e-9d0a-4d0e-8a6e-0d6a4b6f0000", "rulepack": "2026-1", "policydigest": "0f1e2d3c4b5a6978",
		"streamversion": int32(5), "schemaversion": int32(2),
	}
	if diff := cmp.Diff(want, first.Extensions()); diff != "" {
		t.Errorf("extensions (-want +got):\n%s", diff)
	}
	var data opened
	if err := first.DataAs(&data); err != nil || data != c.Drafts[0].Event {
		t.Errorf("data %+v, %v", data, err)
	}
}

// TestUpcasting reads an event that a program of long ago stored.
func TestUpcasting(t *testing.T) {
	t.Parallel()
	old, err := os.ReadFile("testdata/account.opened.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	commit, err := accounts().Decode(t.Context(), account, 1, time.Time{}, old)
	if err != nil {
		t.Fatal(err)
	}
	rec := commit.Events[0]
	if want := (opened{Owner: "u-3", OwedFen: 12300}); rec.Event != want || rec.SchemaVersion != 1 {
		t.Errorf("got %+v of version %d, want %+v", rec.Event, rec.SchemaVersion, want)
	}
	if !bytes.Contains(rec.Data, []byte(`"owed_yuan":123`)) {
		t.Errorf("data is not as stored: %s", rec.Data)
	}
	tomorrow := bytes.Replace(old, []byte(`"schemaversion":1`), []byte(`"schemaversion":3`), 1)
	if _, err := accounts().Decode(t.Context(), account, 1, time.Time{}, tomorrow); !errors.Is(err, eventstore.ErrCorrupt) {
		t.Errorf("an event of a later program: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	body, err := accounts().Encode(t.Context(), sample())
	if err != nil {
		t.Fatal(err)
	}
	good := string(body)
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q in the sample", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	bad := map[string]string{
		"nothing":          "",
		"null":             "null",
		"no events":        "[]",
		"an object":        "{}",
		"two bodies":       good + good,
		"cut":              good[:len(good)-1],
		"unknown type":     swap("account.closed", "account.burnt"),
		"another stream":   swap(account.String(), "account/other"),
		"a version twice":  swap(`"streamversion":6`, `"streamversion":5`),
		"version 0":        swap(`"streamversion":5`, `"streamversion":0`),
		"negative version": swap(`"streamversion":5`, `"streamversion":-5`),
		"schema version 0": swap(`"schemaversion":2`, `"schemaversion":0`),
		"bad data":         swap(`"owed_fen":1234567`, `"owed_fen":"much"`),
		"no data":          swap(`"data":{}`, `"other":{}`),
		"null data":        swap(`"data":{}`, `"data":null`),
		"a name twice":     swap(`"channel":"hotline"`, `"channel":"web","channel":"hotline"`),
		"bad id":           swap(`"id":"`, `"id":"x`),
		"bad time":         swap(`"time":"2026`, `"time":"20x6`),
		"broken UTF-8":     swap("停电", "\xff"),
	}
	for name, text := range bad {
		commit, err := accounts().Decode(t.Context(), account, 7, time.Time{}, []byte(text))
		if !errors.Is(err, eventstore.ErrCorrupt) || !strings.Contains(err.Error(), "position 7") {
			t.Errorf("%s: got %+v, %v; want ErrCorrupt at position 7", name, commit, err)
		}
	}
}

// FuzzDecode: whatever lies in a store, Decode gives a sound commit or ErrCorrupt.
func FuzzDecode(f *testing.F) {
	body, err := accounts().Encode(f.Context(), sample())
	if err != nil {
		f.Fatal(err)
	}
	old, err := os.ReadFile("testdata/account.opened.v1.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{body, old, []byte("[]"), []byte("[{}]"), []byte(`[null]`), {}} {
		f.Add(seed)
	}
	registry := accounts()
	f.Fuzz(func(t *testing.T, body []byte) {
		commit, err := registry.Decode(t.Context(), account, 7, time.Time{}, body)
		if err != nil {
			if !errors.Is(err, eventstore.ErrCorrupt) {
				t.Fatalf("got %v, want ErrCorrupt", err)
			}
			return
		}
		if len(commit.Events) == 0 {
			t.Fatal("a commit without events")
		}
		for i, rec := range commit.Events {
			if rec.Event == nil || rec.Stream != account || rec.Position != 7 || rec.Index != i ||
				rec.Version == 0 || rec.Version != commit.Events[0].Version+uint64(i) {
				t.Fatalf("event %d: %+v", i, rec)
			}
		}
	})
}

func TestParseSubject(t *testing.T) {
	t.Parallel()
	if id, err := eventstore.ParseSubject(account.Subject()); err != nil || id != account {
		t.Errorf("got %v, %v", id, err)
	}
	for _, s := range []string{"", "ev", "ev.", "ev.a", "ev.a.", "ev..b", "ev.a.b.c", "ev.a.*", "ev.>", "EV.a.b", "ev.a.b c", "ev.欠薪.b", "ev.a." + strings.Repeat("b", 101)} {
		if id, err := eventstore.ParseSubject(s); err == nil {
			t.Errorf("subject %q gave %v", s, id)
		}
	}
}

func TestNULIsRejected(t *testing.T) {
	t.Parallel()
	for text, bad := range map[string]bool{
		"a\x00b": true, "\x00": true, `a\u0000b`: false, "a\\\x00": true, `\\u0000`: false, "无": false,
	} {
		c := sample()
		c.Drafts[1].Event = closed{Reason: text}
		_, err := accounts().Encode(t.Context(), c)
		var no *domain.Rejection
		if got := errors.As(err, &no); got != bad {
			t.Errorf("%q: rejected %v (%v), want %v", text, got, err, bad)
		}
	}
}

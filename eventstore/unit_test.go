package eventstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
)

type accountEvent interface{ domain.Event }

// wish is the command of the tests: open or close the account.
type wish struct {
	domain.By
	open bool
}

// accounting rejects opening what is open; closing what is closed is already so.
var accounting = domain.Decider[bool, wish, accountEvent]{
	Initial: func() bool { return false },
	Decide: func(open bool, w wish) ([]accountEvent, error) {
		switch {
		case w.open && open:
			return nil, domain.Reject("already_open", "账户已开立。")
		case w.open:
			return []accountEvent{opened{Owner: "u-1"}}, nil
		case open:
			return []accountEvent{closed{}}, nil
		}
		return nil, nil
	},
	Evolve: func(_ bool, ev accountEvent) bool { return ev.EventType() == "account.opened" },
}

// taken is 取号 of the tests.
type taken struct {
	N int `json:"n"`
}

func (taken) EventType() string { return "series.taken" }

type take struct{ domain.By }

var numbering = domain.Decider[int, take, taken]{
	Initial: func() int { return 0 },
	Decide:  func(n int, _ take) ([]taken, error) { return []taken{{N: n + 1}}, nil },
	Evolve:  func(_ int, ev taken) int { return ev.N },
}

var by = domain.By{
	Actor: domain.Actor{ID: "u-1", Org: "o", Role: domain.RoleOperator},
	At:    time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC),
}

var (
	toOpen  = wish{By: by, open: true}
	toClose = wish{By: by}
	series  = eventstore.StreamID{Family: "series", Case: "2026"}
)

func meta() eventstore.Meta { return eventstore.Meta{CommandID: uuid.New()} }

func memory(opts ...memstore.Option) *memstore.Store {
	registry := eventstore.NewRegistry([]domain.EventSpec{
		domain.Spec[opened](yuanToFen), domain.Spec[closed](), domain.Spec[taken](),
	})
	return memstore.New(registry, opts...)
}

func other(name string) eventstore.StreamID {
	return eventstore.StreamID{Family: "account", Case: name}
}

func execute(t *testing.T, e *eventstore.Engine, id eventstore.StreamID, w wish) eventstore.Head {
	t.Helper()
	head, err := eventstore.Execute(t.Context(), e, id, accounting, w, meta())
	if err != nil {
		t.Fatalf("execute %+v: %v", w, err)
	}
	return head
}

// log lists the types of all stored events with their streams.
func log(t *testing.T, s eventstore.Store) []string {
	t.Helper()
	var all []string
	for rec, err := range eventstore.After(t.Context(), s, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec.Stream.Case+" "+rec.Type)
	}
	return all
}

func wantLog(t *testing.T, s eventstore.Store, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, log(t, s)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func code(err error) string {
	var no *domain.Rejection
	errors.As(err, &no)
	if no == nil {
		return ""
	}
	return no.Code
}

func TestExecute(t *testing.T) {
	t.Parallel()
	s := memory()
	e := eventstore.NewEngine(s, 10)
	if head := execute(t, e, other("a"), toOpen); head != (eventstore.Head{Version: 1, Position: 1}) {
		t.Errorf("head %+v", head)
	}
	if _, err := eventstore.Execute(t.Context(), e, other("a"), accounting, toOpen, meta()); code(err) != "already_open" {
		t.Errorf("opening again: %v", err)
	}
	execute(t, e, other("a"), toClose)
	if head := execute(t, e, other("a"), toClose); head != (eventstore.Head{Version: 2, Position: 2}) {
		t.Errorf("closing again gave head %+v", head)
	}
	wantLog(t, s, "a account.opened", "a account.closed")
}

func TestRepeatedCommand(t *testing.T) {
	t.Parallel()
	s := memory()
	m := meta()
	engines := map[string]*eventstore.Engine{"the same engine": eventstore.NewEngine(s, 10), "another": eventstore.NewEngine(s, 10)}
	first, err := eventstore.Execute(t.Context(), engines["the same engine"], other("a"), accounting, toOpen, m)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, engines["the same engine"], other("a"), toClose)
	for name, e := range engines {
		// Decided anew it would open the account a second time.
		head, err := eventstore.Execute(t.Context(), e, other("a"), accounting, toOpen, m)
		if err != nil || head != first {
			t.Errorf("%s: head %+v, %v; want %+v", name, head, err, first)
		}
	}
	wantLog(t, s, "a account.opened", "a account.closed")
}

// register opens an account under the next number: two streams, one append.
func register(ctx context.Context, e *eventstore.Engine, id eventstore.StreamID, m eventstore.Meta) (map[eventstore.StreamID]eventstore.Head, error) {
	return e.Do(ctx, func(u *eventstore.Unit) error {
		if _, err := eventstore.Stage(ctx, u, series, numbering, take{by}, m); err != nil {
			return err
		}
		_, err := eventstore.Stage(ctx, u, id, accounting, toOpen, m)
		return err
	})
}

func TestUnitOverTwoStreams(t *testing.T) {
	t.Parallel()
	s := memory()
	e := eventstore.NewEngine(s, 10)
	m := meta()
	heads, err := register(t.Context(), e, other("a"), m)
	if err != nil {
		t.Fatal(err)
	}
	want := map[eventstore.StreamID]eventstore.Head{series: {Version: 1, Position: 1}, other("a"): {Version: 1, Position: 2}}
	if diff := cmp.Diff(want, heads); diff != "" {
		t.Errorf("heads (-want +got):\n%s", diff)
	}
	// A rejection on one stream takes no number.
	if _, err := register(t.Context(), e, other("a"), meta()); code(err) != "already_open" {
		t.Errorf("opening again: %v", err)
	}
	// A repetition gives the heads of the first time, from any engine.
	if _, err := register(t.Context(), e, other("b"), meta()); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*eventstore.Engine{e, eventstore.NewEngine(s, 10)} {
		again, err := register(t.Context(), e, other("a"), m)
		if diff := cmp.Diff(want, again); diff != "" || err != nil {
			t.Errorf("repetition: %v, heads (-want +got):\n%s", err, diff)
		}
	}
	wantLog(t, s, "2026 series.taken", "a account.opened", "2026 series.taken", "b account.opened")
}

func TestCommandsOfOneUnitSeeEachOther(t *testing.T) {
	t.Parallel()
	s := memory()
	e := eventstore.NewEngine(s, 10)
	_, err := e.Do(t.Context(), func(u *eventstore.Unit) error {
		for _, w := range []wish{toOpen, toClose, toOpen} {
			if _, err := eventstore.Stage(t.Context(), u, other("a"), accounting, w, meta()); err != nil {
				return err
			}
		}
		open, head, err := eventstore.State(t.Context(), u, other("a"), accounting)
		if !open || head.Version != 0 {
			t.Errorf("staged state: open %v, head %+v", open, head)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantLog(t, s, "a account.opened", "a account.closed", "a account.opened")
	if end, err := s.End(t.Context()); err != nil || end != 1 {
		t.Errorf("%d commits, %v", end, err)
	}
	if head := execute(t, e, other("a"), toClose); head.Version != 4 {
		t.Errorf("the remembered state was wrong: head %+v", head)
	}
}

// TestAnswersDoNotRestOnStaleStates lets another engine change what this one
// remembers. "No" and "already so" must come from what is stored.
func TestAnswersDoNotRestOnStaleStates(t *testing.T) {
	t.Parallel()
	s := memory()
	mine, theirs := eventstore.NewEngine(s, 10), eventstore.NewEngine(s, 10)
	execute(t, mine, other("a"), toOpen)
	execute(t, theirs, other("a"), toClose)
	execute(t, mine, other("a"), toOpen) // mine remembers it open: a refusal
	execute(t, mine, other("a"), toClose)
	execute(t, theirs, other("a"), toOpen)
	execute(t, mine, other("a"), toClose) // mine remembers it closed: already so

	execute(t, theirs, other("a"), toOpen)
	_, err := mine.Do(t.Context(), func(u *eventstore.Unit) error {
		// Already so in mine, while the other stream has something to append.
		if _, err := eventstore.Stage(t.Context(), u, other("a"), accounting, toClose, meta()); err != nil {
			return err
		}
		_, err := eventstore.Stage(t.Context(), u, other("b"), accounting, toOpen, meta())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, theirs, other("b"), toClose)
	_, err = mine.Do(t.Context(), func(u *eventstore.Unit) error {
		open, _, err := eventstore.State(t.Context(), u, other("b"), accounting)
		if open {
			t.Error("State gave a remembered state")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantLog(t, s, "a account.opened", "a account.closed", "a account.opened", "a account.closed",
		"a account.opened", "a account.closed", "a account.opened", "a account.closed", "b account.opened", "b account.closed")
}

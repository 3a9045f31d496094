package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/eventstore"
)

func appendAndLoad(t *testing.T, ctx context.Context, s eventstore.Store) {
	id := Stream()
	want(ctx, t, s, id)
	c := Change(id, eventstore.Head{}, "a", "b", "c")
	heads, err := s.Append(ctx, c)
	must(t, err)
	if diff := cmp.Diff([]eventstore.Head{{Version: 3, Position: 1}}, heads); diff != "" {
		t.Fatalf("heads (-want +got):\n%s", diff)
	}
	var got []eventstore.Recorded
	for rec, err := range s.Stream(ctx, id, eventstore.Head{}) {
		must(t, err)
		got = append(got, rec)
	}
	for i, rec := range got {
		d := c.Drafts[i]
		if rec.ID != d.ID || rec.Stream != id || rec.Version != uint64(i+1) || rec.Position != 1 || rec.Index != i ||
			rec.Type != "test.noted" || rec.SchemaVersion != 1 || !rec.OccurredAt.Equal(Clock) || rec.Event != d.Event {
			t.Errorf("event %d: %+v", i, rec)
		}
		if diff := cmp.Diff(d.Meta, rec.Meta); diff != "" {
			t.Errorf("meta of event %d (-want +got):\n%s", i, diff)
		}
	}
	head := put(ctx, t, s, id, heads[0], "d")
	want(ctx, t, s, id, "a", "b", "c", "d")
	tail, err := Read(ctx, s, id, heads[0])
	must(t, err)
	if len(tail) != 1 || tail[0] != "d" {
		t.Fatalf("tail behind %+v: %q", heads[0], tail)
	}
	if tail, err = Read(ctx, s, id, head); err != nil || len(tail) != 0 {
		t.Fatalf("tail behind the end: %q, %v", tail, err)
	}
	for range s.Stream(ctx, id, eventstore.Head{}) {
		break // a reader may stop early
	}
}

func bytesAsEncoded(t *testing.T, ctx context.Context, s eventstore.Store) {
	c := Change(Stream(), eventstore.Head{}, "<a> & b")
	body, err := Registry().Encode(ctx, c)
	must(t, err)
	_, err = s.Append(ctx, c)
	must(t, err)
	must(t, FollowTo(ctx, s, 0, 1, func(got eventstore.Commit) {
		if !bytes.Equal(got.Body, body) || got.Stream != c.Stream || got.StoredAt.IsZero() || len(got.Events) != 1 {
			t.Errorf("commit %+v\nbody %s\nwant %s", got, got.Body, body)
		}
	}))
}

func expectedVersion(t *testing.T, ctx context.Context, s eventstore.Store) {
	id := Stream()
	first := put(ctx, t, s, id, eventstore.Head{}, "a")
	second := put(ctx, t, s, id, first, "b")
	for _, head := range []eventstore.Head{{}, first, {Version: 2, Position: second.Position + 7}} {
		_, err := s.Append(ctx, Change(id, head, "x"))
		refused(t, err, eventstore.ErrConflict)
	}
	want(ctx, t, s, id, "a", "b")
}

func mustNotExist(t *testing.T, ctx context.Context, s eventstore.Store) {
	id := Stream()
	_, err := s.Append(ctx, Change(id, eventstore.Head{Version: 1, Position: 1}, "x"))
	refused(t, err, eventstore.ErrConflict)
	put(ctx, t, s, id, eventstore.Head{}, "a")
	_, err = s.Append(ctx, Change(id, eventstore.Head{}, "x"))
	refused(t, err, eventstore.ErrConflict)
	want(ctx, t, s, id, "a")
}

func severalOrNone(t *testing.T, ctx context.Context, s eventstore.Store) {
	a, b, c := Stream(), Stream(), Stream()
	ha := put(ctx, t, s, a, eventstore.Head{}, "a1")
	heads, err := s.Append(ctx, Change(a, ha, "a2", "a3"), Change(b, eventstore.Head{}, "b1"))
	must(t, err)
	if diff := cmp.Diff([]eventstore.Head{{Version: 3, Position: 2}, {Version: 1, Position: 3}}, heads); diff != "" {
		t.Fatalf("heads (-want +got):\n%s", diff)
	}
	// One stale head in any place refuses all.
	stale := Change(a, ha, "x")
	for _, changes := range [][]eventstore.Change{
		{stale, Change(b, heads[1], "x"), Change(c, eventstore.Head{}, "x")},
		{Change(b, heads[1], "x"), stale, Change(c, eventstore.Head{}, "x")},
		{Change(c, eventstore.Head{}, "x"), Change(b, heads[1], "x"), stale},
	} {
		_, err := s.Append(ctx, changes...)
		refused(t, err, eventstore.ErrConflict)
	}
	want(ctx, t, s, a, "a1", "a2", "a3")
	want(ctx, t, s, b, "b1")
	want(ctx, t, s, c)
	if end, err := s.End(ctx); err != nil || end != 3 {
		t.Fatalf("end %d, %v", end, err)
	}
}

type unregistered struct{}

func (unregistered) EventType() string { return "test.unregistered" }

func invalidAppends(t *testing.T, ctx context.Context, s eventstore.Store) {
	id := Stream()
	foreign := Change(id, eventstore.Head{}, "x")
	foreign.Drafts[0].Event = unregistered{}
	bad := map[string][]eventstore.Change{
		"no changes":       {},
		"no events":        {{Stream: id}},
		"one stream twice": {Change(id, eventstore.Head{}, "x"), Change(id, eventstore.Head{}, "y")},
		"unknown type":     {foreign},
		"wildcard":         {Change(eventstore.StreamID{Family: "test", Case: "*"}, eventstore.Head{}, "x")},
		"empty id":         {Change(eventstore.StreamID{Family: "test"}, eventstore.Head{}, "x")},
	}
	for name, changes := range bad {
		if _, err := s.Append(ctx, changes...); !errors.Is(err, eventstore.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if end, err := s.End(ctx); err != nil || end != 0 {
		t.Fatalf("end %d, %v", end, err)
	}
}

func tooLarge(t *testing.T, ctx context.Context, s eventstore.Store) {
	id := Stream()
	_, err := s.Append(ctx, Change(id, eventstore.Head{}, strings.Repeat("x", 1<<20)))
	refused(t, err, eventstore.ErrTooLarge)
	_, err = s.Append(ctx, Change(Stream(), eventstore.Head{}, "a"), Change(id, eventstore.Head{}, strings.Repeat("x", 1<<20)))
	refused(t, err, eventstore.ErrTooLarge)
	many := make([]eventstore.Change, eventstore.MaxChanges+1)
	for i := range many {
		many[i] = Change(Stream(), eventstore.Head{}, "x")
	}
	_, err = s.Append(ctx, many...)
	refused(t, err, eventstore.ErrTooLarge)
	heads, err := s.Append(ctx, many[1:]...)
	must(t, err)
	if last := heads[len(heads)-1]; last.Position != eventstore.MaxChanges {
		t.Fatalf("last head %+v", last)
	}
}

// repeatedAppend sends the very same append again, as after a lost answer: it is
// either known, with the same heads, or a conflict; it is never stored twice.
func repeatedAppend(t *testing.T, ctx context.Context, s eventstore.Store) {
	one := []eventstore.Change{Change(Stream(), eventstore.Head{}, "a")}
	two := []eventstore.Change{Change(Stream(), eventstore.Head{}, "b"), Change(Stream(), eventstore.Head{}, "c")}
	for _, changes := range [][]eventstore.Change{one, two} {
		heads, err := s.Append(ctx, changes...)
		must(t, err)
		again, err := s.Append(ctx, changes...)
		if err == nil {
			if diff := cmp.Diff(heads, again); diff != "" {
				t.Fatalf("heads of the repetition (-first +second):\n%s", diff)
			}
		} else {
			refused(t, err, eventstore.ErrConflict)
		}
	}
	if end, err := s.End(ctx); err != nil || end != 3 {
		t.Fatalf("end %d, %v", end, err)
	}
}

// race lets writers append to the same streams at the same heads, and returns
// how many won and the heads that the winner got.
func race(ctx context.Context, t *testing.T, s eventstore.Store, writers int, changes func(writer int) []eventstore.Change) []eventstore.Head {
	t.Helper()
	var won atomic.Int32
	var heads []eventstore.Head
	var wg sync.WaitGroup
	start := make(chan struct{})
	for w := range writers {
		wg.Go(func() {
			<-start
			got, err := s.Append(ctx, changes(w)...)
			switch {
			case err == nil:
				won.Add(1)
				heads = got // a second winner is a failure anyway
			case !errors.Is(err, eventstore.ErrConflict):
				t.Errorf("loser: %v", err)
			}
		})
	}
	close(start)
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d winners", won.Load())
	}
	return heads
}

func oneWinner(t *testing.T, ctx context.Context, s eventstore.Store) {
	id, head := Stream(), eventstore.Head{}
	const versions = 60
	for v := range versions {
		heads := race(ctx, t, s, 24, func(w int) []eventstore.Change {
			return []eventstore.Change{Change(id, head, fmt.Sprintf("%d by %d", v, w))}
		})
		head = heads[0]
	}
	got, err := Read(ctx, s, id, eventstore.Head{})
	must(t, err)
	if len(got) != versions || head.Version != versions {
		t.Fatalf("%d events, head %+v", len(got), head)
	}
}

// oneWinnerOfUnits races appends over two shared streams against each other,
// named in either order, among appends to other streams.
func oneWinnerOfUnits(t *testing.T, ctx context.Context, s eventstore.Store) {
	a, b := Stream(), Stream()
	var ha, hb eventstore.Head
	const versions = 20
	for range versions {
		var bystanders sync.WaitGroup
		for range 8 {
			bystanders.Go(func() {
				if _, err := s.Append(ctx, Change(Stream(), eventstore.Head{}, "other")); err != nil {
					t.Errorf("bystander: %v", err)
				}
			})
		}
		heads := race(ctx, t, s, 6, func(w int) []eventstore.Change {
			return []eventstore.Change{Change(a, ha, "a"), Change(b, hb, "b"), Change(Stream(), eventstore.Head{}, fmt.Sprint(w))}
		})
		bystanders.Wait()
		ha, hb = heads[0], heads[1]
	}
	if ha.Version != versions || hb.Version != versions {
		t.Fatalf("heads %+v and %+v", ha, hb)
	}
}

func bigBodies(t *testing.T, ctx context.Context, s eventstore.Store) {
	id, head := Stream(), eventstore.Head{}
	var texts []string
	for i := range 24 {
		texts = append(texts, strings.Repeat(string(rune('a'+i%26)), 900<<10))
		head = put(ctx, t, s, id, head, texts[i])
	}
	want(ctx, t, s, id, texts...)
	n := 0
	must(t, FollowTo(ctx, s, 0, head.Position, func(c eventstore.Commit) {
		if c.Events[0].Event.(Noted).Text != texts[n] {
			t.Errorf("commit %d differs", n)
		}
		n++
	}))
}

func unicode(t *testing.T, ctx context.Context, s eventstore.Store) {
	id := Stream()
	texts := []string{"𠮷野家欠薪", "（全角）ＡＢＣ１２３", "emoji 👨‍👩‍👧", "quote \" \\ / \u2028 <b>&", "tab\tnewline\n", "", "e\u0301"}
	put(ctx, t, s, id, eventstore.Head{}, texts...)
	want(ctx, t, s, id, texts...)
	// Broken UTF-8 is kept with replacement characters, not refused.
	broken := Stream()
	put(ctx, t, s, broken, eventstore.Head{}, "a\xffb")
	want(ctx, t, s, broken, "a\ufffdb")
	c := Change(Stream(), eventstore.Head{}, "x")
	c.Drafts[0].Meta.By.LateReason = "停\xff电"
	_, err := s.Append(ctx, c)
	must(t, err)
	for rec, err := range s.Stream(ctx, c.Stream, eventstore.Head{}) {
		must(t, err)
		if rec.Meta.By.LateReason != "停\ufffd电" {
			t.Errorf("late reason %q", rec.Meta.By.LateReason)
		}
	}
}

func appendContext(t *testing.T, ctx context.Context, s eventstore.Store) {
	id := Stream()
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for _, changes := range [][]eventstore.Change{
		{Change(id, eventstore.Head{}, "x")},
		{Change(id, eventstore.Head{}, "x"), Change(Stream(), eventstore.Head{}, "x")},
	} {
		if _, err := s.Append(gone, changes...); !errors.Is(err, context.Canceled) {
			t.Fatalf("append in an ended context: %v", err)
		}
	}
	want(ctx, t, s, id)
	if _, err := Read(gone, s, id, eventstore.Head{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("load in an ended context: %v", err)
	}
}

func endAndIdentity(t *testing.T, ctx context.Context, s eventstore.Store) {
	if end, err := s.End(ctx); err != nil || end != 0 {
		t.Fatalf("end of an empty log: %d, %v", end, err)
	}
	first, err := s.Identity(ctx)
	must(t, err)
	put(ctx, t, s, Stream(), eventstore.Head{}, "a", "b")
	put(ctx, t, s, Stream(), eventstore.Head{}, "c")
	if end, err := s.End(ctx); err != nil || end != 2 {
		t.Fatalf("end: %d, %v", end, err)
	}
	if again, err := s.Identity(ctx); err != nil || again != first || first == "" {
		t.Fatalf("identity %q, then %q, %v", first, again, err)
	}
}

package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"hearth/eventstore"
)

// globalOrder lets 16 writers append, some to several streams at once, while a
// reader follows: it must see every commit once, without a gap, each stream in
// its order, and no append in pieces.
func globalOrder(t *testing.T, ctx context.Context, s eventstore.Store) {
	const writers, rounds = 16, 40
	total := 0
	for w := range writers {
		total += rounds * (1 + w%3)
	}
	read := make(chan error, 1)
	versions := map[eventstore.StreamID]uint64{}
	go func() {
		read <- FollowTo(ctx, s, 0, eventstore.Position(total), func(c eventstore.Commit) {
			for _, ev := range c.Events {
				if versions[c.Stream]++; ev.Version != versions[c.Stream] {
					t.Errorf("%s: version %d, want %d", c.Stream, ev.Version, versions[c.Stream])
				}
			}
		})
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			ids := make([]eventstore.StreamID, 1+w%3)
			heads := make([]eventstore.Head, len(ids))
			for i := range ids {
				ids[i] = Stream()
			}
			for range rounds {
				changes := make([]eventstore.Change, len(ids))
				for i := range ids {
					changes[i] = Change(ids[i], heads[i], "a", "b")
				}
				got, err := s.Append(ctx, changes...)
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				for i := 1; i < len(got); i++ {
					if got[i].Position != got[i-1].Position+1 {
						t.Errorf("one append at positions %d and %d", got[i-1].Position, got[i].Position)
					}
				}
				heads = got
			}
		})
	}
	wg.Wait()
	must(t, <-read)
	for id, v := range versions {
		if v != 2*rounds {
			t.Errorf("%s ends at version %d", id, v)
		}
	}
}

func followMiddle(t *testing.T, ctx context.Context, s eventstore.Store) {
	id, head := Stream(), eventstore.Head{}
	for range 20 {
		head = put(ctx, t, s, id, head, "a")
	}
	for _, after := range []eventstore.Position{0, 7, 19} {
		n := 0
		must(t, FollowTo(ctx, s, after, 20, func(eventstore.Commit) { n++ }))
		if n != 20-int(after) {
			t.Errorf("behind %d: %d commits", after, n)
		}
	}
	feed, err := s.Follow(ctx, 5)
	must(t, err)
	defer feed.Close()
	for _, limit := range []int{1, 3, 100} {
		commits, err := feed.Next(ctx, limit)
		must(t, err)
		if n := min(limit, 11); len(commits) != n {
			t.Errorf("limit %d: %d commits of those waiting", limit, len(commits))
		}
	}
}

func followWaits(t *testing.T, ctx context.Context, s eventstore.Store) {
	feed, err := s.Follow(ctx, 0)
	must(t, err)
	defer feed.Close()
	id, head := Stream(), eventstore.Head{}
	for n := range eventstore.Position(5) {
		type next struct {
			commits []eventstore.Commit
			err     error
		}
		got := make(chan next, 1)
		go func() {
			commits, err := feed.Next(ctx, 10)
			got <- next{commits, err}
		}()
		select {
		case r := <-got:
			t.Fatalf("nothing was appended, but: %+v", r)
		default:
		}
		head = put(ctx, t, s, id, head, "a")
		r := <-got
		must(t, r.err)
		if len(r.commits) != 1 || r.commits[0].Position != n+1 {
			t.Fatalf("woke with %d commits", len(r.commits))
		}
	}
}

func followBehindEnd(t *testing.T, ctx context.Context, s eventstore.Store) {
	put(ctx, t, s, Stream(), eventstore.Head{}, "a")
	feed, err := s.Follow(ctx, 1)
	must(t, err)
	feed.Close()
	if _, err := s.Follow(ctx, 2); !errors.Is(err, eventstore.ErrCorrupt) {
		t.Fatalf("follow behind the end of the log: got %v, want ErrCorrupt", err)
	}
}

func feedContext(t *testing.T, ctx context.Context, s eventstore.Store) {
	feed, err := s.Follow(ctx, 0)
	must(t, err)
	waiting, cancel := context.WithCancel(ctx)
	got := make(chan error, 1)
	go func() {
		_, err := feed.Next(waiting, 10)
		got <- err
	}()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Fatalf("next in an ended context: %v", err)
	}
	feed.Close()
	feed.Close() // again is harmless
}

// manyPages fills two streams with more commits than any store loads at once.
func manyPages(t *testing.T, ctx context.Context, s eventstore.Store) {
	const commits = 1100
	ids := []eventstore.StreamID{Stream(), Stream()}
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			var head eventstore.Head
			for range commits {
				heads, err := s.Append(ctx, Change(id, head, "a", "b"))
				if err != nil {
					t.Error(err)
					return
				}
				head = heads[0]
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		got, err := Read(ctx, s, id, eventstore.Head{})
		must(t, err)
		if len(got) != 2*commits {
			t.Fatalf("%d events in %d commits", len(got), commits)
		}
	}
	n := 0
	must(t, FollowTo(ctx, s, 0, 2*commits, func(eventstore.Commit) { n++ }))
	if n != 2*commits {
		t.Fatalf("%d commits in the global order", n)
	}
}

func afterStops(t *testing.T, ctx context.Context, s eventstore.Store) {
	for range eventstore.After(ctx, s, 0) {
		t.Fatal("an event in an empty log")
	}
	id, head := Stream(), eventstore.Head{}
	for range 7 {
		head = put(ctx, t, s, id, head, "a", "b")
	}
	n := 0
	for rec, err := range eventstore.After(ctx, s, 3) {
		must(t, err)
		if rec.Position != eventstore.Position(4+n/2) || rec.Index != n%2 {
			t.Errorf("event %d is at %d, %d", n, rec.Position, rec.Index)
		}
		n++
	}
	if n != 8 {
		t.Fatalf("%d events behind position 3", n)
	}
}

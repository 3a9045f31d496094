package storetest_test

import (
	"context"
	"testing"

	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
)

// edited is a store whose readers see another log than was written.
type edited struct {
	eventstore.Store
	edit func([]eventstore.Commit) []eventstore.Commit
}

// Follow implements eventstore.Store.
func (s edited) Follow(ctx context.Context, after eventstore.Position) (eventstore.Feed, error) {
	feed, err := s.Store.Follow(ctx, after)
	return editedFeed{feed, s.edit}, err
}

type editedFeed struct {
	eventstore.Feed
	edit func([]eventstore.Commit) []eventstore.Commit
}

// Next implements eventstore.Feed.
func (f editedFeed) Next(ctx context.Context, limit int) ([]eventstore.Commit, error) {
	commits, err := f.Feed.Next(ctx, limit)
	return f.edit(commits), err
}

// TestLedger: what is wrong with a log is found, and nothing else.
func TestLedger(t *testing.T) {
	t.Parallel()
	at := func(pos eventstore.Position, do func(*eventstore.Commit)) func([]eventstore.Commit) []eventstore.Commit {
		return func(commits []eventstore.Commit) []eventstore.Commit {
			for i := range commits {
				if commits[i].Position == pos {
					do(&commits[i])
				}
			}
			return commits
		}
	}
	tests := map[string]struct {
		edit func([]eventstore.Commit) []eventstore.Commit
		want func(storetest.Findings) bool
	}{
		"whole": {at(0, nil), storetest.Findings.Whole},
		"altered": {at(3, func(c *eventstore.Commit) {
			noted := c.Events[0].Event.(storetest.Noted)
			noted.Text += "!"
			c.Events[0].Event = noted
		}), func(f storetest.Findings) bool { return f.Altered == 1 && f.Lost == 1 }},
		"another case": {at(3, func(c *eventstore.Commit) { c.Stream.Case = "other" }), func(f storetest.Findings) bool { return f.Altered > 0 && f.Lost > 0 }},
		"event twice":  {at(3, func(c *eventstore.Commit) { c.Events = append(c.Events, c.Events[0]) }), func(f storetest.Findings) bool { return f.Twice == 1 && f.Gaps > 0 }},
		"event gone":   {at(3, func(c *eventstore.Commit) { c.Events = c.Events[1:] }), func(f storetest.Findings) bool { return f.Gaps+f.Torn > 0 }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memstore.New(storetest.Registry())
			var ledger storetest.Ledger
			ctx, stop := context.WithCancel(t.Context())
			told := storetest.Load{Writers: 2, Told: func(told storetest.Told) {
				ledger.Note(told)
				if told.Head.Position > 40 {
					stop()
				}
			}}
			if err := told.Run(ctx, s); err != nil {
				t.Fatal(err)
			}
			found, err := ledger.Check(t.Context(), edited{s, test.edit})
			if err != nil {
				t.Fatal(err)
			}
			if found.Acknowledged == 0 || !test.want(found) {
				t.Errorf("found %+v", found)
			}
		})
	}
}

package reactions_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/casework"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/postgres"
	"hearth/adapters/reactions"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// rare is an event that one commit in a hundred holds.
type rare struct {
	Text string `json:"text"`
}

func (rare) EventType() string { return "test.rare" }

// BenchmarkRouter measures how fast a reaction that wishes nothing goes through
// a log on a real server, with its checkpoints in a database, both synced, and
// beside it a plain Follow of the same log; "ratio" is ours to raw. They take
// turns, so that a machine that gets slower meanwhile changes both. "every"
// wants each event, "few" one in a hundred: the others never enter the router.
func BenchmarkRouter(b *testing.B) {
	const commits = 30000
	store := benchStore(b)
	fillLog(b, store, commits)
	pool := pgtest.Pool(b, pgtest.WithSync())
	must(b, postgres.Migrate(b.Context(), pool))
	for name, types := range map[string][]string{"every": {"test.noted", "test.rare"}, "few": {"test.rare"}} {
		b.Run(name, func(b *testing.B) {
			var raw, ours time.Duration
			for b.Loop() {
				start := time.Now()
				followAll(b, store, commits)
				raw += time.Since(start)
				_, err := pool.Exec(b.Context(), "delete from hearth.reaction")
				must(b, err)
				start = time.Now()
				reactAll(b, reactions.New(pool, store, reactions.Options{Logger: slog.New(slog.DiscardHandler)}, noop(types)), commits)
				ours += time.Since(start)
			}
			rate := func(d time.Duration) float64 { return float64(b.N*commits) / d.Seconds() }
			b.ReportMetric(rate(raw), "raw/s")
			b.ReportMetric(rate(ours), "ours/s")
			b.ReportMetric(rate(ours)/rate(raw), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func benchStore(b *testing.B) eventstore.Store {
	b.Helper()
	nc := natstest.Start(b, natstest.WithSync())
	js, err := jetstream.New(nc)
	must(b, err)
	must(b, natsstore.Provision(b.Context(), js, natsstore.Config{}))
	store, err := natsstore.Open(b.Context(), nc, eventstore.NewRegistry([]domain.EventSpec{domain.Spec[storetest.Noted](), domain.Spec[rare]()}))
	must(b, err)
	b.Cleanup(store.Close)
	return store
}

func fillLog(b *testing.B, store eventstore.Store, commits int) {
	b.Helper()
	text := strings.Repeat("x", 400)
	var changes []eventstore.Change
	for i := range commits {
		change := storetest.Change(storetest.Stream(), eventstore.Head{}, text)
		if i%100 == 0 {
			change.Drafts[0].Event = rare{Text: text}
		}
		if changes = append(changes, change); len(changes) == 500 || i == commits-1 {
			_, err := store.Append(b.Context(), changes...)
			must(b, err)
			changes = nil
		}
	}
}

func followAll(b *testing.B, store eventstore.Store, end eventstore.Position) {
	b.Helper()
	feed, err := store.Follow(b.Context(), 0)
	must(b, err)
	defer feed.Close()
	for at := eventstore.Position(0); at < end; {
		page, err := feed.Next(b.Context(), 256)
		must(b, err)
		at = page[len(page)-1].Position
	}
}

func reactAll(b *testing.B, r *reactions.Runner, end eventstore.Position) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	until(b, "the end of the log", func() bool {
		s, err := r.Status(b.Context())
		return err == nil && s[0].Position == end
	})
	cancel()
	must(b, <-done)
}

func noop(types []string) reactions.Reaction {
	r := reactions.Bind("", domain.Reaction[struct{}, *say]{
		Name: "noop", Types: types, React: func(struct{}, domain.Fact) []domain.Wish[*say] { return nil },
	}, func(context.Context, uuid.UUID, *say, casework.Request) error { return nil })
	r.FromStart = true
	return r
}

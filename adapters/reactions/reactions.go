// Package reactions carries out what follows from events: it asks each
// domain.Reaction what it wishes and sends the commands.
//
// Watermill's router runs the reactions, over a subscriber of our own on
// eventstore.Store.Follow. What the package promises:
//
//   - One instance of the deployment works on a reaction at a time (advisory
//     lock); another takes over when that one is gone.
//   - Events come in the order of the log, one after the other.
//   - The checkpoint moves after the commands are stored. After a crash some
//     events come again, and nothing is stored twice: the id of a command
//     follows from the event, the reaction and the place of the wish.
//   - An event that cannot be dealt with is tried again a few times, then parked
//     with its reason, for somebody to retry or dismiss; those behind it go on.
//     While the event store or the database is away nothing is parked.
//   - Reactions have no part in a rebuild of read models.
//   - A new reaction begins at the present end of the log: it does not answer to
//     the past, unless it says FromStart.
//   - A checkpoint of another log is refused, and a damaged log stops all.
//
// Read Reaction and Bind first, then subscription.session.
package reactions

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/eventstore"
)

// Options are the settings of a Runner. The zero Options are good.
type Options struct {
	// Logger is told what happens; nil means slog.Default.
	Logger *slog.Logger
	// Batch is how many commits are read, and repeated after a crash, at most
	// before the checkpoint moves; 0 means 256.
	Batch int
	// Retries is how often an event is tried again before it is parked; 0 means
	// 5. FirstRetry is how long the first of them waits, each later one twice as
	// long; 0 means 500 ms.
	Retries    int
	FirstRetry time.Duration
	// Timeout ends one try; 0 means 30 s.
	Timeout time.Duration
	// MaxBackoff bounds the wait between two tries to reach the database or the
	// event store; 0 means 5 s.
	MaxBackoff time.Duration
	// RetryStopped is how long a stopped reaction waits before it looks again;
	// 0 means a minute.
	RetryStopped time.Duration
	// Heartbeat is how often an instance makes sure that it still holds its
	// lock, and one that waits for it asks again; 0 means a second.
	Heartbeat time.Duration
}

func (o Options) complete() Options {
	set := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	set(&o.FirstRetry, 500*time.Millisecond)
	set(&o.Timeout, 30*time.Second)
	set(&o.MaxBackoff, 5*time.Second)
	set(&o.RetryStopped, time.Minute)
	set(&o.Heartbeat, time.Second)
	if o.Batch == 0 {
		o.Batch = 256
	}
	if o.Retries == 0 {
		o.Retries = 5
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Logger = o.Logger.With("component", "reactions")
	return o
}

// Runner runs reactions, tells how far they are, and settles what is parked.
// Safe for concurrent use.
type Runner struct {
	pool      *pgxpool.Pool
	store     eventstore.Store
	opts      Options
	reactions []*running
}

// running is a Reaction with what this process knows of it.
type running struct {
	Reaction
	tally

	mu    sync.Mutex
	state State  // guarded by mu
	told  string // guarded by mu; what was last wrong
}

// New makes a Runner. Two reactions of one name are a mistake in the program and
// panic.
func New(pool *pgxpool.Pool, store eventstore.Store, opts Options, all ...Reaction) *Runner {
	r := &Runner{pool: pool, store: store, opts: opts.complete()}
	for _, one := range all {
		if _, err := r.find(one.Name); err == nil {
			panic(fmt.Sprintf("two reactions are called %q", one.Name))
		}
		r.reactions = append(r.reactions, &running{Reaction: one, state: StateWaiting})
	}
	return r
}

func (r *Runner) find(name string) (*running, error) {
	for _, one := range r.reactions {
		if one.Name == name {
			return one, nil
		}
	}
	return nil, fmt.Errorf("no reaction %q", name)
}

// Run reacts to what is stored until ctx ends. It never gives up: what stands in
// the way of a reaction is in its Status. It returns when nothing of it is left
// running.
func (r *Runner) Run(ctx context.Context) error {
	if len(r.reactions) == 0 {
		<-ctx.Done()
		return nil
	}
	// What Watermill tells on its way is for those who look for a mistake in it.
	logger := watermill.NewSlogLoggerWithLevelMapping(r.opts.Logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: r.opts.Timeout}, logger)
	if err != nil {
		return fmt.Errorf("make the router: %w", err)
	}
	var working sync.WaitGroup
	for _, one := range r.reactions {
		handler := router.AddConsumerHandler(one.Name, one.Name, &subscription{r: r, on: one, working: &working}, r.handle(one))
		handler.AddMiddleware(r.park(one), r.retry(one), one.count)
	}
	// The innermost come last: a try ends after its time and survives a panic.
	router.AddMiddleware(middleware.Timeout(r.opts.Timeout), plain, middleware.Recoverer)
	err = router.Run(ctx)
	working.Wait()
	return err
}

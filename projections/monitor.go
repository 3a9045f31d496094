package projections

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/eventstore"
)

// channel is the NOTIFY channel on which writers tell how far they are: "desk_v1
// 123", and on which anybody asks for another try: "desk_v1 resume".
const channel = "hearth_projection"

const resumeWord = "resume"

// Monitor tells how far the models are, whoever writes them. It needs no Runner:
// a program that only reads, beside one that serves, uses it alone.
//
// Without Run it asks the database; with it, it hears from the writers.
type Monitor struct {
	pool   *pgxpool.Pool
	store  eventstore.Store
	opts   Options
	models []*model

	listening atomic.Bool

	mu    sync.Mutex
	moved chan struct{}        // guarded by mu; closed and replaced when any model moves
	subs  map[*subscriber]bool // guarded by mu
}

// model is one Projection with what this process knows of it.
type model struct {
	Projection
	name       string
	schema     string // where it serves
	build      string // where it is built
	definition string
	resume     chan struct{} // has room for one
	applied    atomic.Int64  // events applied by this process
	cleaned    bool          // used by its keeper alone

	known // guarded by Monitor.mu
}

// known is what is known of a model at the moment.
type known struct {
	log      eventstore.Identity
	position eventstore.Position
	problem  *Problem // as stored
	caughtUp time.Time
	serving  pace
	building pace

	state State    // of the writer in this process, when it is out of the ordinary
	told  *Problem // the last problem that was logged
	err   error    // what the writer is trying to get over
}

var modelName = regexp.MustCompile(`^[a-z]{1,40}$`)

// NewMonitor makes a Monitor. See New for the models.
func NewMonitor(pool *pgxpool.Pool, store eventstore.Store, opts Options, models ...Projection) *Monitor {
	m := &Monitor{
		pool: pool, store: store, opts: opts.complete(),
		moved: make(chan struct{}), subs: map[*subscriber]bool{},
	}
	for _, p := range models {
		if _, err := m.find(p.Name()); err == nil || !modelName.MatchString(p.Name()) {
			panic(fmt.Sprintf("model name %q is taken or not made of lower-case letters", p.Name()))
		}
		m.models = append(m.models, &model{
			Projection: p, name: p.Name(), schema: Schema(p), build: Schema(p) + "_build",
			definition: definition(p), resume: make(chan struct{}, 1),
		})
	}
	return m
}

// Run listens to the writers until ctx ends. It never gives up, and returns
// when nothing of it is left running.
func (m *Monitor) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() {
		for wait := minBackoff; ctx.Err() == nil; wait = min(2*wait, m.opts.MaxBackoff) {
			if heard := m.listen(ctx); heard {
				wait = minBackoff
			}
			sleep(ctx, wait)
		}
	})
	wg.Go(func() {
		// A message can be lost while the connection is: so look, too.
		for ctx.Err() == nil {
			_, _ = m.look(ctx) // Status tells what is wrong
			sleep(ctx, lookEvery)
		}
	})
	wg.Wait()
	return nil
}

const lookEvery = time.Second

// listen hears messages on a connection of its own until it breaks.
func (m *Monitor) listen(ctx context.Context) (heard bool) {
	pooled, err := m.pool.Acquire(ctx)
	if err != nil {
		return false
	}
	conn := pooled.Hijack()
	defer func() {
		m.listening.Store(false)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
		defer cancel()
		_ = conn.Close(ctx)
		<-conn.PgConn().CleanupDone()
	}()
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		return false
	}
	// What moved before we listened.
	if _, err := m.look(ctx); err != nil {
		return false
	}
	m.listening.Store(true)
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		m.hear(n.Payload)
	}
}

func (m *Monitor) hear(payload string) {
	schema, word, _ := strings.Cut(payload, " ")
	for _, p := range m.models {
		if p.schema != schema {
			continue
		}
		var position eventstore.Position
		if word == resumeWord {
			signal(p.resume)
		} else if _, err := fmt.Sscan(word, &position); err == nil {
			m.reached(p, "", position)
		}
	}
}

// reached takes in that a model has come to a position, of a log if it is known.
// Messages can be late, so a position falls back only with another log.
func (m *Monitor) reached(p *model, log eventstore.Identity, position eventstore.Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if log != "" && log != p.log {
		p.log, p.position = log, 0
	}
	if position <= p.position {
		return
	}
	p.position = position
	close(m.moved)
	m.moved = make(chan struct{})
	for s := range m.subs {
		s.put(Notice{Name: p.name, Position: position})
	}
}

// note keeps what the writer in this process is up to, and logs what is news.
func (m *Monitor) note(ctx context.Context, p *model, state State, problem *Problem, err error) {
	m.mu.Lock()
	before, told := p.state, p.told
	p.state, p.err = state, err
	if problem != nil {
		p.told = problem
	}
	m.mu.Unlock()
	log := m.opts.Logger.With("schema", p.schema)
	switch {
	case problem != nil && !problem.same(told):
		log.ErrorContext(ctx, "projection stopped", "kind", problem.Kind, "position", problem.Position,
			"event", problem.EventID, "type", problem.EventType, "stream", problem.Stream, "err", problem.Error)
	case state == StateRetrying && before != StateRetrying:
		log.WarnContext(ctx, "projection retries", "err", tell(err))
	case state == "" && (before == StateRetrying || before == StateWaiting):
		log.InfoContext(ctx, "projection goes on")
	}
}

// resumed forgets a problem that the writer in this process has got over.
func (m *Monitor) resumed(ctx context.Context, p *model) {
	m.mu.Lock()
	told := p.told
	p.told = nil
	m.mu.Unlock()
	if told != nil {
		m.opts.Logger.InfoContext(ctx, "projection resumed", "schema", p.schema, "position", told.Position)
	}
}

func (m *Monitor) find(name string) (*model, error) {
	for _, p := range m.models {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w:%s", ErrUnknownModel, name)
}

// Position is how far this process knows a model to have come, 0 for none: no
// question to the database. What is read from now on is at least so new.
func (m *Monitor) Position(name string) eventstore.Position {
	p, err := m.find(name)
	if err != nil {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.position
}

// Resume asks the writer of a stopped model, wherever it is, to try again now.
func (m *Monitor) Resume(ctx context.Context, name string) error {
	p, err := m.find(name)
	if err != nil {
		return err
	}
	signal(p.resume)
	if _, err := m.pool.Exec(ctx, "select pg_notify($1, $2)", channel, p.schema+" "+resumeWord); err != nil {
		return fmt.Errorf("resume %s: %w", name, err)
	}
	return nil
}

// Wait returns when a model has come to a position, so that who has just
// written reads it. When ctx ends first, or the model has stopped, it is
// ErrBehind: tell the reader that the page is not yet up to date.
func (m *Monitor) Wait(ctx context.Context, name string, position eventstore.Position) error {
	p, err := m.find(name)
	if err != nil {
		return err
	}
	wait := time.Duration(0)
	if m.listening.Load() {
		wait = lookEvery
	}
	for looked := false; ; {
		m.mu.Lock()
		at, moved, problem := p.position, m.moved, p.problem
		m.mu.Unlock()
		switch {
		case at >= position:
			return nil
		case problem != nil && !looked:
			wait = 0 // it may be over
		case problem != nil:
			return fmt.Errorf("%w: %s stopped at %d, asked for %d", ErrBehind, name, at, position)
		}
		timer := time.NewTimer(wait)
		select {
		case <-moved:
		case <-timer.C:
			_, err := m.look(ctx) // if the database is gone, it may come back in time
			looked = err == nil
			wait = min(max(2*wait, minLook), lookEvery)
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w: %s is at %d, asked for %d: %w", ErrBehind, name, at, position, context.Cause(ctx))
		}
		timer.Stop()
	}
}

const minLook = 5 * time.Millisecond

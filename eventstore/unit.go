package eventstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"hearth/domain"
)

// attempts is how often a command is decided anew when its stream moved under
// it (domain.md 4.0: at most three retries, then the user is told).
const attempts = 4

// Engine runs commands against a Store. It keeps the folded state of the
// streams that were last used; the expected head of the append keeps a stale
// one honest. Safe for concurrent use.
type Engine struct {
	store  Store
	states *lru.Cache[StreamID, any]
}

// NewEngine makes an Engine that remembers the states of up to size streams.
func NewEngine(s Store, size int) *Engine {
	states, err := lru.New[StreamID, any](size)
	if err != nil {
		panic(err) // only for size < 1
	}
	return &Engine{store: s, states: states}
}

// Store is the store underneath.
func (e *Engine) Store() Store { return e.store }

// folded is the state of a stream at a head. It is never changed once made.
type folded[S any] struct {
	state    S
	head     Head
	commands *commandLog
}

// commandLog knows where each command that wrote to a stream ended. All folded
// states of one stream share it: it only ever learns what is stored.
type commandLog struct {
	mu    sync.Mutex
	heads map[uuid.UUID]Head // guarded by mu
}

func newCommandLog() *commandLog { return &commandLog{heads: map[uuid.UUID]Head{}} }

func (l *commandLog) find(id uuid.UUID) (Head, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	head, ok := l.heads[id]
	return head, ok
}

func (l *commandLog) add(id uuid.UUID, head Head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heads[id] = head
}

// Execute decides one command on one stream and stores what follows. A command
// id that the stream already holds returns the earlier head. The error is a
// *domain.Rejection, ErrConflict after several tries, ErrUnknown when the
// context ended before the outcome was known, or what the store said.
func Execute[S any, C domain.Command, E domain.Event](
	ctx context.Context, e *Engine, id StreamID, d domain.Decider[S, C, E], cmd C, meta Meta,
) (Head, error) {
	heads, err := e.Do(ctx, func(u *Unit) error {
		_, err := Stage(ctx, u, id, d, cmd, meta)
		return err
	})
	if err != nil {
		return Head{}, fmt.Errorf("execute on %s: %w", id, err)
	}
	return heads[id], nil
}

// Unit is one atomic append over several streams, each with its own decider:
// all commits are stored or none.
type Unit struct {
	engine   *Engine
	order    []StreamID
	staged   map[StreamID]*staging
	index    map[uuid.UUID]int  // next event index of each command
	repeated map[uuid.UUID]bool // commands that are stored already
	fresh    bool               // read every stream again before deciding on it
	sent     bool               // an append was tried
	cached   bool               // some decision rests on a cached, maybe stale, state
}

// staging is the change that a unit makes to one stream. state is a *folded[S]
// that includes the drafts; remember keeps it when the drafts are stored.
type staging struct {
	state    any
	base     Head // where the stream ended when it was read
	head     Head // base, or where a repeated command ended
	drafts   []Draft
	remember func(Head)
}

// Do runs f, which stages commands, and appends everything that it staged in
// one atomic step. When a stream moved, f runs again on fresh states, so it
// must not keep anything between runs. The result has the head of every staged
// stream.
//
// An append whose answer was lost is neither done nor undone: f runs again on
// fresh states, which either hold the command already or are appended to with
// the same expectation, so that nothing is stored twice. That goes on until ctx
// ends (30 s when it has no end of its own); then the error is ErrUnknown.
func (e *Engine) Do(ctx context.Context, f func(*Unit) error) (map[StreamID]Head, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
	}
	u := e.unit(false)
	conflicts, lost := 0, false
	for wait := 20 * time.Millisecond; ; {
		heads, err := u.run(ctx, f)
		var no *domain.Rejection
		switch {
		case err == nil && !u.stale():
			return heads, nil
		case (err == nil || errors.As(err, &no)) && u.cached:
			// A "no" or "already so" must not rest on a state that may be stale.
		case errors.As(err, &no), errors.Is(err, ErrCorrupt), errors.Is(err, ErrTooLarge):
			return nil, err
		case errors.Is(err, ErrConflict):
			if conflicts++; conflicts == attempts {
				return nil, err
			}
		default:
			lost = lost || u.sent
			if !sleep(ctx, wait) {
				return nil, outcome(err, lost)
			}
			wait = min(2*wait, time.Second)
		}
		u = e.unit(true)
	}
}

// outcome tells a command that is certainly not stored from one that may be.
func outcome(err error, lost bool) error {
	if lost {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return fmt.Errorf("not stored: %w", err)
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (e *Engine) unit(fresh bool) *Unit {
	return &Unit{
		engine: e, fresh: fresh, staged: map[StreamID]*staging{},
		index: map[uuid.UUID]int{}, repeated: map[uuid.UUID]bool{},
	}
}

func (u *Unit) run(ctx context.Context, f func(*Unit) error) (map[StreamID]Head, error) {
	if err := f(u); err != nil {
		return nil, err
	}
	heads := make(map[StreamID]Head, len(u.order))
	var changes []Change
	for _, id := range u.order {
		st := u.staged[id]
		heads[id] = st.head
		// A repeated command may have been decided anew on a stream that it had
		// nothing to say to the first time; what it says now is dropped.
		st.drafts = slices.DeleteFunc(st.drafts, func(d Draft) bool { return u.repeated[d.Meta.CommandID] })
		if len(st.drafts) > 0 {
			changes = append(changes, Change{Stream: id, Head: st.base, Drafts: st.drafts})
		}
	}
	if len(changes) == 0 {
		return heads, nil
	}
	u.sent = true
	stored, err := u.engine.store.Append(ctx, changes...)
	if err != nil {
		return nil, err
	}
	for i, c := range changes {
		heads[c.Stream] = stored[i]
		if len(u.repeated) == 0 {
			u.staged[c.Stream].remember(stored[i])
		}
	}
	return heads, nil
}

// stale reports that the unit changed nothing, on the word of a cached state alone.
func (u *Unit) stale() bool { return u.cached && !u.sent && len(u.repeated) == 0 }

// Stage decides a command on the stream as it is with everything staged so far
// and adds the events to the unit. It returns them, so that a later command of
// the unit can use what was decided (a number, a reservation). A command that
// the stream holds already gives no events and makes its earlier head the result.
func Stage[S any, C domain.Command, E domain.Event](
	ctx context.Context, u *Unit, id StreamID, d domain.Decider[S, C, E], cmd C, meta Meta,
) ([]E, error) {
	if err := id.Check(); err != nil {
		return nil, err
	}
	meta.By = cmd.IssuedBy()
	if err := meta.By.Check(); err != nil {
		return nil, err
	}
	f, err := load(ctx, u, id, d)
	if err != nil {
		return nil, err
	}
	st := u.staged[id]
	if st == nil {
		st = &staging{state: f, base: f.head, head: f.head}
		u.staged[id] = st
		u.order = append(u.order, id)
	}
	if head, done := f.commands.find(meta.CommandID); done {
		u.repeated[meta.CommandID] = true
		st.head = head
		return nil, nil
	}
	events, err := d.Decide(f.state, cmd)
	if err != nil {
		return nil, err
	}
	for _, ev := range events {
		i := u.index[meta.CommandID]
		u.index[meta.CommandID]++
		st.drafts = append(st.drafts, Draft{ID: EventID(meta.CommandID, i), Event: ev, Meta: meta})
	}
	next := &folded[S]{state: d.Fold(f.state, events...), head: f.head, commands: f.commands}
	st.state = next
	st.remember = func(head Head) {
		for _, draft := range st.drafts {
			next.commands.add(draft.Meta.CommandID, head)
		}
		u.engine.states.Add(id, &folded[S]{state: next.state, head: head, commands: next.commands})
	}
	return events, nil
}

// State folds a stream for reading inside a unit: the newest state, including
// what the unit has staged on it. It does not guard the stream.
func State[S any, C domain.Command, E domain.Event](
	ctx context.Context, u *Unit, id StreamID, d domain.Decider[S, C, E],
) (S, Head, error) {
	f, err := load(ctx, u, id, d)
	if err != nil {
		var none S
		return none, Head{}, err
	}
	return f.state, f.head, nil
}

// load gives the state of a stream: as staged, as cached, or as read.
func load[S any, C domain.Command, E domain.Event](
	ctx context.Context, u *Unit, id StreamID, d domain.Decider[S, C, E],
) (*folded[S], error) {
	if st := u.staged[id]; st != nil {
		return st.state.(*folded[S]), nil
	}
	base := &folded[S]{state: d.Initial(), commands: newCommandLog()}
	if hit, ok := u.engine.states.Get(id); ok {
		if f, ok := hit.(*folded[S]); ok {
			if !u.fresh {
				u.cached = true
				return f, nil
			}
			base = f
		}
	}
	f, err := refresh(ctx, u.engine.store, id, d, base)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", id, err)
	}
	u.engine.states.Add(id, f)
	return f, nil
}

// refresh folds what was appended behind base.
func refresh[S any, C domain.Command, E domain.Event](
	ctx context.Context, s Store, id StreamID, d domain.Decider[S, C, E], base *folded[S],
) (*folded[S], error) {
	state, head := base.state, base.head
	for rec, err := range s.Stream(ctx, id, base.head) {
		if err != nil {
			return nil, err
		}
		ev, ok := rec.Event.(E)
		if !ok {
			return nil, fmt.Errorf("%w: %s in stream %s", ErrCorrupt, rec.Type, id)
		}
		state = d.Evolve(state, ev)
		head = Head{Version: rec.Version, Position: rec.Position}
		base.commands.add(rec.Meta.CommandID, head)
	}
	return &folded[S]{state: state, head: head, commands: base.commands}, nil
}

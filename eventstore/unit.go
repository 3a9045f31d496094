package eventstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"hearth/domain"
)

// attempts is how often a command is decided anew when its stream moved under
// it. For a case three would do (domain.md 4.0); a number series that several
// instances take from moves much more often, and each try decides on fresh
// states, so more tries cost time and change nothing.
const attempts = 16

// errStale says that a decision needs a fresh state.
var errStale = errors.New("eventstore: decided on a cached state")

// Engine runs commands against a Store. It keeps the folded state of the
// streams that were last used; the expected head of the append keeps a stale
// one honest. Safe for concurrent use.
type Engine struct {
	store  Store
	states *lru.Cache[StreamID, any]
	turns  *turns
}

// NewEngine makes an Engine that remembers the states of up to size streams.
func NewEngine(s Store, size int) *Engine {
	states, err := lru.New[StreamID, any](size)
	if err != nil {
		panic(err) // only for size < 1
	}
	return &Engine{store: s, states: states, turns: newTurns()}
}

// Forget drops the folded states, for when what they were folded from may no
// longer be known.
func (e *Engine) Forget() { e.states.Purge() }

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
	turns    []StreamID         // streams on which it is this unit's turn
	changes  []Change           // what was appended, nil before
	fresh    bool               // read every stream again before deciding on it
	cached   bool               // some decision rests on a cached, maybe stale, state
	unread   bool               // a stream could not be read
}

// staging is the change that a unit makes to one stream. state is a *folded[S]
// that includes the drafts; remember keeps it when the drafts are stored.
type staging struct {
	state    any
	cached   bool // state came from the cache
	base     Head // where the stream ended when it was read
	head     Head // base, or where a repeated command ended
	drafts   []Draft
	remember func(Head)
}

// Do runs f, which stages commands, and appends everything that it staged in
// one atomic step. When a stream moved, f runs again on fresh states, so it
// must not keep anything between runs. The result has the head of every staged
// stream. An error of f itself ends Do at once.
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
	var lost [][]Change // appends whose answer was lost
	conflicts, wait := 0, 20*time.Millisecond
	for u := e.unit(false); ; u = e.unit(true) {
		heads, err := u.run(ctx, f)
		var no *domain.Rejection
		refused, moved := errors.As(err, &no), errors.Is(err, ErrConflict)
		if moved {
			conflicts++
		}
		switch {
		case err == nil:
			return heads, nil
		case u.cached && refused, errors.Is(err, errStale):
			continue // "no" and "already so" must not rest on a state that may be stale
		case moved && conflicts < attempts:
			// Two instances that meet on a stream must not meet again at once.
			if sleep(ctx, rand.N(time.Duration(conflicts)*2*time.Millisecond)) {
				continue
			}
			return nil, outcome(err, lost)
		case refused || moved:
			// A "no" while an earlier append may still arrive could turn out to
			// be a lie.
			if e.gone(ctx, lost) {
				return nil, err
			}
		case u.final(err):
			return nil, outcome(err, lost)
		case u.changes != nil && !errors.Is(err, ErrSealing):
			lost = append(lost, u.changes)
		}
		if !sleep(ctx, wait) {
			return nil, outcome(fmt.Errorf("not stored: %w", err), lost)
		}
		wait = min(2*wait, time.Second)
	}
}

// final reports an error that trying again would not mend: nothing was stored
// by this run. What is left are a store that cannot be read and appends whose
// outcome is unknown.
func (u *Unit) final(err error) bool {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrInvalid) || errors.Is(err, ErrReadOnly) {
		return true
	}
	return u.changes == nil && !u.unread
}

// gone reports that none of the lost appends is stored or can be any more: each
// had a stream that moved on without it.
func (e *Engine) gone(ctx context.Context, lost [][]Change) bool {
	return !slices.ContainsFunc(lost, func(changes []Change) bool {
		return !slices.ContainsFunc(changes, func(c Change) bool {
			for rec, err := range e.store.Stream(ctx, c.Stream, c.Head) {
				return err == nil && rec.ID != c.Drafts[0].ID
			}
			return false
		})
	})
}

// outcome tells a command that is certainly not stored from one that may be.
// The cause of an unknown outcome is only told, not wrapped: it may be a
// rejection, which must not pass for the answer.
func outcome(err error, lost [][]Change) error {
	if len(lost) > 0 {
		return fmt.Errorf("%w: %v", ErrUnknown, err)
	}
	return err
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
	defer func() { u.engine.turns.leave(u.turns) }()
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
		switch {
		case len(st.drafts) > 0: // the append finds out whether the state was stale
			changes = append(changes, Change{Stream: id, Head: st.base, Drafts: st.drafts})
		case st.cached:
			return nil, errStale
		}
	}
	if len(changes) == 0 {
		return heads, nil
	}
	u.changes = changes
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
	f, st, err := stage(ctx, u, id, d)
	if err != nil {
		return nil, err
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

// stage gives the state of a stream as it is with everything staged so far.
func stage[S any, C domain.Command, E domain.Event](
	ctx context.Context, u *Unit, id StreamID, d domain.Decider[S, C, E],
) (*folded[S], *staging, error) {
	if st := u.staged[id]; st != nil {
		return st.state.(*folded[S]), st, nil
	}
	if u.engine.turns.take(ctx, id, u.turns) {
		u.turns = append(u.turns, id)
	}
	f, hit := cached[S](u.engine, id)
	if !hit || u.fresh {
		var err error
		if f, err = reload(ctx, u, id, d); err != nil {
			return nil, nil, err
		}
		hit = false
	}
	u.cached = u.cached || hit
	st := &staging{state: f, cached: hit, base: f.head, head: f.head}
	u.staged[id] = st
	u.order = append(u.order, id)
	return f, st, nil
}

// State folds a stream for reading inside a unit: the state as the store has it
// now, or what the unit has staged on it. It does not guard the stream.
func State[S any, C domain.Command, E domain.Event](
	ctx context.Context, u *Unit, id StreamID, d domain.Decider[S, C, E],
) (S, Head, error) {
	if st := u.staged[id]; st != nil {
		f := st.state.(*folded[S])
		return f.state, f.head, nil
	}
	f, err := reload(ctx, u, id, d)
	if err != nil {
		var none S
		return none, Head{}, err
	}
	return f.state, f.head, nil
}

// cached is the state that the engine remembers of a stream.
func cached[S any](e *Engine, id StreamID) (*folded[S], bool) {
	hit, _ := e.states.Get(id)
	f, ok := hit.(*folded[S])
	return f, ok
}

// reload brings the remembered state of a stream up to date.
func reload[S any, C domain.Command, E domain.Event](
	ctx context.Context, u *Unit, id StreamID, d domain.Decider[S, C, E],
) (*folded[S], error) {
	base, ok := cached[S](u.engine, id)
	if !ok {
		base = &folded[S]{state: d.Initial(), commands: newCommandLog()}
	}
	f, err := refresh(ctx, u.engine.store, id, d, base)
	if err != nil {
		u.unread = true
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

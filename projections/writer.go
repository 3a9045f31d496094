package projections

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/postgres"
	"hearth/eventstore"
)

// writer is a connection that writes one model. The lock belongs to the
// connection that writes, so who has lost the lock cannot write any more.
type writer struct {
	r *Runner
	m *model
	*postgres.Session
	cp checkpoint // of the schema that is being written
}

// The read model can always be made again from the log, so its commits need not
// wait for the disk: after a power cut rows and checkpoint are both a moment
// older, and the events in between are applied again. Plans are made for each
// statement: one kept from when a table was empty would be used for ever.
const sessionSQL = `
set statement_timeout = 0;
set lock_timeout = 0;
set idle_in_transaction_session_timeout = 0;
set synchronous_commit = off;
set plan_cache_mode = force_custom_plan;`

// connect takes a connection out of the pool for good.
func (r *Runner) connect(ctx context.Context, m *model) (*writer, error) {
	session, err := postgres.NewSession(ctx, r.pool, "hearth "+m.schema, sessionSQL)
	if err != nil {
		return nil, err
	}
	return &writer{r: r, m: m, Session: session}, nil
}

// closeLimit bounds what is still to be done when a context has ended.
const closeLimit = 5 * time.Second

// tryLock takes the right to write a schema, for as long as the connection lasts.
func (w *writer) tryLock(ctx context.Context, schema string) (bool, error) {
	return w.TryLock(ctx, "hearth projection "+schema)
}

// lock waits until it has the right to write a schema. It asks again and again
// rather than wait in the server: that would hold back vacuum all the time.
func (w *writer) lock(ctx context.Context, schema string) error {
	for {
		mine, err := w.tryLock(ctx, schema)
		if mine || err != nil {
			return err
		}
		w.r.note(ctx, w.m, StateWaiting, nil, nil)
		if !sleep(ctx, w.r.opts.Heartbeat) {
			return ctx.Err()
		}
	}
}

// lockSoon tries for a little: a runner that starts, or a connection that the
// server does not yet know to be gone, holds a lock for a moment.
func (w *writer) lockSoon(ctx context.Context, schema string) (bool, error) {
	for deadline := time.Now().Add(lockPatience); ; {
		mine, err := w.tryLock(ctx, schema)
		if mine || err != nil || time.Now().After(deadline) {
			return mine, err
		}
		sleep(ctx, minBackoff)
	}
}

const lockPatience = 2 * time.Second

func (w *writer) unlock(ctx context.Context, schema string) error {
	return w.Unlock(ctx, "hearth projection "+schema)
}

// use makes a schema the one that is written.
func (w *writer) use(ctx context.Context, cp *checkpoint) error {
	if _, err := w.Conn.Exec(ctx, "set search_path = "+searchPath(cp.Schema)); err != nil {
		return fmt.Errorf("use schema %s: %w", cp.Schema, err)
	}
	w.cp = *cp
	return nil
}

// advance applies commits. When one of them cannot be applied it applies all
// before it, found by halving, and returns a stop that names it.
func (w *writer) advance(ctx context.Context, commits []eventstore.Commit) error {
	if len(commits) == 0 {
		return nil
	}
	err := w.batch(ctx, commits)
	switch {
	case err == nil, errors.Is(err, errOvertaken), w.Conn.IsClosed(), !inherent(err):
		return err
	case len(commits) == 1:
		return w.blame(ctx, commits[0], err)
	}
	half := len(commits) / 2
	if err := w.advance(ctx, commits[:half]); err != nil {
		return err
	}
	return w.advance(ctx, commits[half:])
}

// batch applies commits in one transaction.
func (w *writer) batch(ctx context.Context, commits []eventstore.Commit) error {
	next := w.cp
	err := pgx.BeginFunc(ctx, w.Conn, func(tx pgx.Tx) (err error) {
		next, err = w.apply(ctx, tx, next, commits)
		return err
	})
	// An error here can come before or after the commit was done. The session
	// reads the checkpoint again before it goes on, so both are the same to us.
	if err != nil {
		return err
	}
	w.arrived(ctx, next)
	return nil
}

// arrived tells those who wait in this process. Others hear of it by NOTIFY.
func (w *writer) arrived(ctx context.Context, cp checkpoint) {
	w.m.applied.Add(cp.Events - w.cp.Events)
	w.cp = cp
	w.r.resumed(ctx, w.m)
	if !cp.Building {
		w.r.reached(w.m, cp.Log, cp.Position)
	}
}

const moveSQL = `
update hearth.projection
   set position = @position, events = @events, stored_at = @stored_at, problem = null, changed_at = now()
 where schema = @schema and position = @was and log = @log
returning case when not building then pg_notify('` + channel + `', schema || ' ' || position)::text end`

// apply moves the checkpoint and applies the commits in one transaction: if we
// crash before it is committed both are as they were, and the commits are
// applied again. The checkpoint goes first, because its row is then locked: a
// second writer, which there should not be, waits here and finds it moved,
// before it has touched any row of the model.
func (w *writer) apply(ctx context.Context, tx pgx.Tx, cp checkpoint, commits []eventstore.Commit) (checkpoint, error) {
	var events []eventstore.Recorded
	for _, c := range commits {
		events = append(events, c.Events...)
	}
	last := commits[len(commits)-1]
	was := cp.Position
	cp.Position, cp.StoredAt, cp.Events, cp.Problem = last.Position, last.StoredAt, cp.Events+int64(len(events)), nil
	moved, err := tx.Exec(ctx, moveSQL, pgx.StrictNamedArgs{
		"schema": cp.Schema, "log": cp.Log, "was": was,
		"position": cp.Position, "events": cp.Events, "stored_at": cp.StoredAt,
	})
	if err != nil {
		return cp, fmt.Errorf("move the checkpoint of %s: %w", cp.Schema, err)
	}
	if moved.RowsAffected() == 0 {
		return cp, errOvertaken
	}
	return cp, safely(ctx, w.m.Projection, tx, events)
}

// safely turns a panic of Apply into an error: a mistake in one model must not
// take the program down.
func safely(ctx context.Context, p Projection, tx pgx.Tx, events []eventstore.Recorded) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic at %s: %v", panicSite(), v)
		}
	}()
	return p.Apply(ctx, tx, events)
}

// panicSite is the line that panicked, when called by a deferred function.
func panicSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for panicked := false; ; {
		frame, more := frames.Next()
		inside := strings.HasPrefix(frame.Function, "runtime.")
		if panicked && !inside || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
		panicked = panicked || inside
	}
}

// errTried rolls back a transaction that was only to see what happens.
var errTried = errors.New("only tried")

// blame finds the event of a commit that cannot be applied.
func (w *writer) blame(ctx context.Context, c eventstore.Commit, reason error) error {
	guilty := c.Events[len(c.Events)-1]
	for i := 1; i < len(c.Events); i++ {
		err := pgx.BeginFunc(ctx, w.Conn, func(tx pgx.Tx) error {
			if err := safely(ctx, w.m.Projection, tx, c.Events[:i]); err != nil {
				return err
			}
			return errTried
		})
		if w.Conn.IsClosed() || !errors.Is(err, errTried) && !inherent(err) {
			return err
		}
		if !errors.Is(err, errTried) {
			guilty, reason = c.Events[i-1], err
			break
		}
	}
	return &stop{
		problem: Problem{
			Kind: ProblemEvent, Position: c.Position,
			EventID: guilty.ID, EventType: guilty.Type, Stream: guilty.Stream.String(),
		},
		err: reason,
	}
}

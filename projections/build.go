package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
)

// A model is built in a schema of its own, desk_v1_build, and then takes its
// place by a rename. Its checkpoint row is made and renamed with it, so a crash
// at any line leaves one of these:
//
//	nothing            it begins again
//	desk_v1_build      it goes on behind its checkpoint; indexed says whether
//	                   the indexes are there
//	desk_v1            it is done
//	desk_v1_old        it is done; what was replaced is dropped at the next start
//
// What serves keeps its writer until the last step.

// Phase is a step of a rebuild.
type Phase string

// The phases of a rebuild, in their order.
const (
	PhaseLoad    Phase = "load"    // events are applied without indexes
	PhaseIndex   Phase = "index"   // indexes are made
	PhaseCatchUp Phase = "catchup" // what came in the meantime is applied
	PhaseDone    Phase = "done"    // the new tables serve
)

// Progress is how far a rebuild is.
type Progress struct {
	Name            string
	Phase           Phase
	Position        eventstore.Position
	End             eventstore.Position
	Events          int64
	EventsPerSecond float64
	Remaining       time.Duration // 0 when not known
}

// Rebuild makes a model anew beside the one that serves and takes its place, in
// this process, whether a Runner runs here or elsewhere or not at all. It is
// the way out of ErrOtherLog and of a mistake in Apply. progress may be nil. It
// is ErrBuilding when somebody else is at it, and says which event stopped it.
// After an error the model serves as before.
func (r *Runner) Rebuild(ctx context.Context, name string, progress func(Progress)) error {
	ctx = eventstore.Resealing(ctx)
	m, err := r.find(name)
	if err != nil {
		return err
	}
	w, err := r.connect(ctx, m)
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", name, err)
	}
	defer w.Close(ctx)
	mine, err := w.lockSoon(ctx, m.build)
	if err == nil && !mine {
		err = ErrBuilding
	}
	if err == nil {
		// The rows may be wrong for a reason that has been mended since, so a
		// build that somebody left unfinished is not gone on with.
		err = w.dropBuild(ctx)
	}
	if err == nil {
		err = w.build(ctx, &reporter{name: name, tell: progress})
	}
	if err != nil {
		w.Close(ctx)
		return fmt.Errorf("rebuild %s: %w", name, errors.Join(err, r.abandon(ctx, m)))
	}
	return nil
}

// abandon removes what a rebuild that failed has made, unless somebody else is
// at it. When even that fails, the next start does it.
func (r *Runner) abandon(ctx context.Context, m *model) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	w, err := r.connect(ctx, m)
	if err != nil {
		return nil
	}
	defer w.Close(ctx)
	if mine, err := w.lockSoon(ctx, m.build); err != nil || !mine {
		return nil
	}
	return w.dropBuild(ctx)
}

// waitBuild builds the model for the Runner, or waits until another has.
func (w *writer) waitBuild(ctx context.Context) error {
	if err := w.lock(ctx, w.m.build); err != nil {
		return err
	}
	w.r.note(ctx, w.m, "", nil, nil)
	err := w.buildMissing(ctx)
	if w.Conn.IsClosed() {
		return err // and the lock is gone
	}
	return errors.Join(err, w.unlock(ctx, w.m.build))
}

func (w *writer) buildMissing(ctx context.Context) error {
	serving, err := w.read(ctx, w.m.schema)
	if err != nil || serving != nil && serving.Definition == w.m.definition {
		return err
	}
	return w.build(ctx, &reporter{})
}

// build makes desk_v1_build, or goes on with it, and lets it serve. The build
// lock is held.
func (w *writer) build(ctx context.Context, report *reporter) error {
	if err := w.beginBuild(ctx); err != nil {
		return err
	}
	if err := w.catchUp(ctx, report, PhaseLoad); err != nil {
		return err
	}
	if !w.cp.Indexed {
		report.show(w.cp, w.cp.Position, PhaseIndex)
		if err := w.index(ctx); err != nil {
			return err
		}
	}
	if err := w.catchUp(ctx, report, PhaseCatchUp); err != nil {
		return err
	}
	if err := w.swap(ctx); err != nil {
		return fmt.Errorf("switch %s: %w", w.m.schema, err)
	}
	report.show(w.cp, w.cp.Position, PhaseDone)
	// Readers may still be at work in the tables that were replaced: the drop
	// waits for them a while and is else left to the next start.
	if err := w.dropReplaced(ctx); err != nil {
		w.r.opts.Logger.WarnContext(ctx, "replaced tables stay until the next start", "schema", w.m.schema, "err", err)
	}
	return nil
}

// beginBuild finds or makes the build schema and its checkpoint.
func (w *writer) beginBuild(ctx context.Context) error {
	identity, err := w.r.store.Identity(ctx)
	if err != nil {
		return fmt.Errorf("identity of the log: %w", err)
	}
	end, err := w.r.store.End(ctx)
	if err != nil {
		return fmt.Errorf("end of the log: %w", err)
	}
	cp, err := w.read(ctx, w.m.build)
	if err != nil {
		return err
	}
	if cp != nil && cp.Definition == w.m.definition && cp.Log == identity && cp.Position <= end {
		return w.use(ctx, cp)
	}
	if err := w.dropBuild(ctx); err != nil {
		return err
	}
	cp = &checkpoint{
		Schema: w.m.build, Name: w.m.name, Version: w.m.Version(), Building: true,
		Definition: w.m.definition, Log: identity,
	}
	err = pgx.BeginFunc(ctx, w.Conn, func(tx pgx.Tx) error {
		if err := MakeTables(ctx, tx, w.m, w.m.build); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into hearth.projection (schema, name, version, building, definition, log)
			values ($1, $2, $3, true, $4, $5)`, cp.Schema, cp.Name, cp.Version, cp.Definition, cp.Log)
		return err
	})
	if err != nil {
		return tablesError(err)
	}
	return w.use(ctx, cp)
}

// index makes the indexes; they and the mark that they are there are committed
// together.
func (w *writer) index(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, w.Conn, func(tx pgx.Tx) error {
		if err := MakeIndexes(ctx, tx, w.m, w.cp.Schema); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "update hearth.projection set indexed = true, changed_at = now() where schema = $1", w.cp.Schema)
		return err
	})
	if err != nil {
		return tablesError(err)
	}
	w.cp.Indexed = true
	return nil
}

// tablesError stops a model whose own SQL is refused.
func tablesError(err error) error {
	if !inherent(err) {
		return err
	}
	return &stop{problem: Problem{Kind: ProblemTables}, err: err}
}

// buildFactor is how much larger the batches of a build are, in which nobody
// waits for the next: the more events, the more often they are about one row.
const buildFactor = 4

// catchUp applies what is in the log now.
func (w *writer) catchUp(ctx context.Context, report *reporter, phase Phase) error {
	end, err := w.r.store.End(ctx)
	if err != nil {
		return fmt.Errorf("end of the log: %w", err)
	}
	report.show(w.cp, end, phase)
	if w.cp.Position >= end {
		return nil
	}
	in := follow(ctx, w.r.store, w.cp.Position, buildFactor*w.r.opts.Batch)
	defer in.close()
	for w.cp.Position < end {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-in.ready:
		}
		commits, err := in.take()
		if err := w.advance(ctx, commits); err != nil {
			return err
		}
		if err != nil {
			return w.feedError(err)
		}
		report.show(w.cp, end, phase)
	}
	return nil
}

// swap lets the build serve, in one transaction: readers see the old tables
// before it and the new ones after it, never none. A statement that was prepared
// on the old ones finds the new ones, as PostgreSQL looks the names up again.
func (w *writer) swap(ctx context.Context) error {
	if err := w.dropReplaced(ctx); err != nil {
		return err
	}
	next := w.cp
	err := pgx.BeginFunc(ctx, w.Conn, func(tx pgx.Tx) error {
		// From here the writer of what serves waits on its row, and finds it
		// gone when we have committed.
		serving, err := readCheckpoint(ctx, tx, checkpointSQL+"where schema = $1 for update", w.m.schema)
		if err != nil {
			return err
		}
		if serving != nil {
			// It may have come further than we, and nobody may see it fall back.
			if next, err = w.overtake(ctx, tx, next, serving); err != nil {
				return err
			}
			if err := w.replace(ctx, tx); err != nil {
				return err
			}
		}
		return w.promote(ctx, tx)
	})
	if err != nil {
		return err
	}
	next.Schema, next.Building = w.m.schema, false
	w.arrived(ctx, next)
	signal(w.m.resume)
	return nil
}

// overtake applies, inside the switch, what the serving tables have already.
func (w *writer) overtake(ctx context.Context, tx pgx.Tx, cp checkpoint, serving *checkpoint) (checkpoint, error) {
	if serving.Log != cp.Log || serving.Position <= cp.Position {
		return cp, nil
	}
	in := follow(ctx, w.r.store, cp.Position, buildFactor*w.r.opts.Batch)
	defer in.close()
	for cp.Position < serving.Position {
		select {
		case <-ctx.Done():
			return cp, ctx.Err()
		case <-in.ready:
		}
		commits, err := in.take()
		if len(commits) > 0 {
			var failed error
			if cp, failed = w.apply(ctx, tx, cp, commits); failed != nil {
				return cp, failed
			}
		}
		if err != nil {
			return cp, w.feedError(err)
		}
	}
	return cp, nil
}

// replace puts what serves aside.
func (w *writer) replace(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, fmt.Sprintf("alter schema %s rename to %s", quoted(w.m.schema), quoted(w.m.replaced())))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "delete from hearth.projection where schema = $1", w.m.schema)
	return err
}

// promote gives the build its place, and wakes a writer that had stopped.
func (w *writer) promote(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, fmt.Sprintf("alter schema %s rename to %s", quoted(w.m.build), quoted(w.m.schema)))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update hearth.projection set schema = $2, building = false, problem = null, changed_at = now()
		where schema = $1`, w.m.build, w.m.schema)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `select pg_notify($1, $2 || ' ' || position), pg_notify($1, $2 || ' `+resumeWord+`')
		from hearth.projection where schema = $2`, channel, w.m.schema)
	return err
}

// replaced is where the tables go that a rebuild replaced.
func (m *model) replaced() string { return m.schema + "_old" }

func quoted(schema string) string { return pgx.Identifier{schema}.Sanitize() }

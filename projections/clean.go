package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// clean removes what earlier builds and earlier versions of the model left. It
// runs once, when a program starts and its version serves already: so the
// tables of the version before stay until the next start, for instances of the
// old program and for going back. Versions above ours are never touched.
func (w *writer) clean(ctx context.Context) error {
	mine, err := w.tryLock(ctx, w.m.build)
	if err != nil || !mine {
		return err // a rebuild is going on: it leaves nothing
	}
	if err = w.cleanLocked(ctx); w.Conn.IsClosed() {
		return err
	}
	return errors.Join(err, w.unlock(ctx, w.m.build))
}

func (w *writer) cleanLocked(ctx context.Context) error {
	if err := w.dropReplaced(ctx); err != nil {
		return err
	}
	if err := w.dropBuild(ctx); err != nil {
		return err
	}
	old, err := readCheckpoints(ctx, w.Conn, checkpointSQL+"where name = $1 and version < $2", w.m.name, w.m.Version())
	if err != nil {
		return err
	}
	for _, cp := range old {
		// An old program that still writes it holds the lock.
		unused, err := w.tryLock(ctx, cp.Schema)
		if err != nil {
			return err
		}
		if !unused {
			continue
		}
		if err := errors.Join(w.drop(ctx, cp.Schema), w.unlock(ctx, cp.Schema)); err != nil {
			return err
		}
		w.r.opts.Logger.InfoContext(ctx, "dropped an old version", "schema", cp.Schema)
	}
	return nil
}

func (w *writer) dropBuild(ctx context.Context) error { return w.drop(ctx, w.m.build) }

func (w *writer) dropReplaced(ctx context.Context) error { return w.drop(ctx, w.m.replaced()) }

// drop removes a schema and its checkpoint, which may not be there. It waits for
// those who read, but not for ever.
func (w *writer) drop(ctx context.Context, schema string) error {
	err := pgx.BeginFunc(ctx, w.Conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "set local client_min_messages = warning; set local lock_timeout = '10s'; drop schema if exists "+quoted(schema)+" cascade")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "delete from hearth.projection where schema = $1", schema)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop schema %s: %w", schema, err)
	}
	return nil
}

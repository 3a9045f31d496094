package sealing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/eventstore/notary"
)

// anchor is the second place of the last signed checkpoint: a row of the
// database, whose lock makes the instances of a deployment sign in turns.
type anchor struct {
	pool   *pgxpool.Pool
	origin string
}

var _ notary.Anchor = anchor{}

// Last implements notary.Anchor.
func (a anchor) Last(ctx context.Context) ([]byte, error) {
	var note []byte
	err := a.pool.QueryRow(ctx, "select note from hearth.sealed where origin = $1", a.origin).Scan(&note)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last checkpoint: %w", err)
	}
	return note, nil
}

// sealedAt is when the last checkpoint was signed.
func (a anchor) sealedAt(ctx context.Context) (at time.Time, err error) {
	err = a.pool.QueryRow(ctx, "select sealed_at from hearth.sealed where origin = $1", a.origin).Scan(&at)
	if err != nil {
		return at, fmt.Errorf("when the log was sealed: %w", err)
	}
	return at.UTC(), nil
}

// Advance implements notary.Anchor.
func (a anchor) Advance(ctx context.Context, next func([]byte) ([]byte, error)) error {
	var told error // of next, which says more than the transaction
	err := pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		var held []byte
		if err := tx.QueryRow(ctx, "select note from hearth.sealed where origin = $1 for update", a.origin).Scan(&held); err != nil {
			return err
		}
		var note []byte
		if note, told = next(held); told != nil || len(note) == 0 {
			return told
		}
		c, err := notary.ParseCheckpoint(note)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "update hearth.sealed set size = $2, note = $3, sealed_at = now() where origin = $1", a.origin, c.Size, string(note))
		return err
	})
	if told != nil {
		return told
	}
	if err != nil {
		return fmt.Errorf("keep the checkpoint: %w", err)
	}
	return nil
}

// claim says that a key signs for its log, unless another one does already, and
// gives the public key of the one that does.
func claim(ctx context.Context, pool *pgxpool.Pool, key notary.Key) (public string, err error) {
	_, err = pool.Exec(ctx, "insert into hearth.sealed (origin, public) values ($1, $2) on conflict (origin) do nothing", key.Origin(), key.Public())
	if err == nil {
		err = pool.QueryRow(ctx, "select public from hearth.sealed where origin = $1", key.Origin()).Scan(&public)
	}
	if err != nil {
		return "", fmt.Errorf("claim the log for the key: %w", err)
	}
	return public, nil
}

// sealedLog is the log that was sealed last, empty when there is none.
func sealedLog(ctx context.Context, pool *pgxpool.Pool) (origin string, err error) {
	err = pool.QueryRow(ctx, "select origin from hearth.sealed where size > 0 order by sealed_at desc limit 1").Scan(&origin)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return origin, err
}

// Known is how far the log was sealed, by whichever place says more. It needs no
// log: it is asked before the event store is started.
func Known(ctx context.Context, pool *pgxpool.Pool, o Options) (int64, error) {
	var size int64
	err := pool.QueryRow(ctx, "select size from hearth.sealed order by sealed_at desc limit 1").Scan(&size)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("how far the log was sealed: %w", err)
	}
	// A checkpoint beside the tiles counts when it is signed with our key; else
	// Open will say what is wrong with it.
	if key, err := notary.ReadKey(o.KeyFile); err == nil {
		if c, err := notary.NewDir(o.Dir).Checkpoint(key.Verifier()); err == nil {
			size = max(size, c.Size)
		}
	}
	return size, nil
}

// Issued is a checkpoint that was handed out, as it is known to be witnessed.
type Issued struct {
	Checkpoint  notary.Checkpoint
	IssuedAt    time.Time
	WitnessedAt time.Time // zero when no witness has signed it
}

// Issue notes that a checkpoint is handed out.
func (k *Keeper) Issue(ctx context.Context, c notary.Checkpoint, by string) error {
	_, err := k.pool.Exec(ctx, `insert into hearth.issued (origin, size, note, issued_by) values ($1, $2, $3, $4)
		on conflict (origin, size) do nothing`, c.Origin, c.Size, string(c.Note), by)
	if err != nil {
		return fmt.Errorf("note the issued checkpoint: %w", err)
	}
	return nil
}

// Witnessed notes that a witness has signed an issued checkpoint.
func (k *Keeper) Witnessed(ctx context.Context, c notary.Checkpoint, witness string, at time.Time) error {
	_, err := k.pool.Exec(ctx, `insert into hearth.issued (origin, size, note, issued_by, witness, witnessed_at) values ($1, $2, $3, 'witness', $4, $5)
		on conflict (origin, size) do update set note = excluded.note, witness = excluded.witness, witnessed_at = excluded.witnessed_at`,
		c.Origin, c.Size, string(c.Note), witness, at)
	if err != nil {
		return fmt.Errorf("note the witnessed checkpoint: %w", err)
	}
	return nil
}

// Issued are all checkpoints that were handed out, the largest first.
func (k *Keeper) Issued(ctx context.Context) ([]Issued, error) {
	type row struct {
		Note        string
		IssuedAt    time.Time
		WitnessedAt *time.Time
	}
	rows, err := k.pool.Query(ctx, "select note, issued_at, witnessed_at from hearth.issued where origin = $1 order by size desc", k.key.Origin())
	if err != nil {
		return nil, fmt.Errorf("issued checkpoints: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return nil, fmt.Errorf("issued checkpoints: %w", err)
	}
	all := make([]Issued, len(found))
	for i, r := range found {
		c, err := notary.OpenCheckpoint([]byte(r.Note), k.key.Verifier())
		if err != nil {
			return nil, fmt.Errorf("issued checkpoint: %w", err)
		}
		all[i] = Issued{Checkpoint: c, IssuedAt: r.IssuedAt}
		if r.WitnessedAt != nil {
			all[i].WitnessedAt = *r.WitnessedAt
		}
	}
	return all, nil
}

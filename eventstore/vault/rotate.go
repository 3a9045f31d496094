package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/postgres"
	"hearth/domain"
)

// rewrapAtOnce is how many keys move to the new epoch in one transaction.
const rewrapAtOnce = 500

// Rotation is what Rotate did.
type Rotation struct {
	Epoch   int   // the one that is now in use
	Moved   int64 // data keys
	Retired []int // epochs whose keys are destroyed
}

// Rotate begins a new epoch, wraps all data keys anew under it and destroys the
// key of the old one. It can be broken off at any point and goes on when it is
// called again; commands go on meanwhile. Only one runs at a time.
//
// A crash after the new epoch leaves two in use: the next Rotate finishes the
// old one and begins no third. Keys are moved by compare and set, and an epoch
// is only retired when no key needs it, both by the database.
func (v *Vault) Rotate(ctx context.Context, progress func(moved, total int64)) (Rotation, error) {
	if v.db == nil {
		return Rotation{}, errors.New("vault: there is nothing to rotate in memory")
	}
	session, err := postgres.NewSession(ctx, v.db.pool, "hearth vault rotate", "")
	if err != nil {
		return Rotation{}, fmt.Errorf("rotate: %w", err)
	}
	defer session.Close(ctx)
	mine, err := session.TryLock(ctx, "hearth vault rotate")
	if err != nil {
		return Rotation{}, fmt.Errorf("rotate: %w", err)
	}
	if !mine {
		return Rotation{}, domain.Reject("vault_rotating", "另一处正在轮换密钥。请等它结束。")
	}
	r, err := v.db.rotate(ctx, progress)
	if err != nil {
		return r, fmt.Errorf("rotate: %w", err)
	}
	v.shelf.forget()
	return r, nil
}

// RotateDue rotates when the epoch is older than age, or when a rotation was
// broken off, and says whether it did. Of several instances one does it.
func (v *Vault) RotateDue(ctx context.Context, age time.Duration) (Rotation, bool, error) {
	s, err := v.Status(ctx)
	if err != nil || s.Epochs == 1 && time.Since(s.Since) < age {
		return Rotation{}, false, err
	}
	r, err := v.Rotate(ctx, func(int64, int64) {})
	if rejected(err, "vault_rotating") {
		return Rotation{}, false, nil
	}
	return r, err == nil, err
}

func (d *database) rotate(ctx context.Context, progress func(moved, total int64)) (r Rotation, err error) {
	live, err := d.live(ctx)
	if err != nil {
		return r, err
	}
	if len(live) == 1 {
		if _, err := d.addEpoch(ctx, live[0]+1); err != nil {
			return r, err
		}
		if live, err = d.live(ctx); err != nil {
			return r, err
		}
	}
	r.Epoch = live[len(live)-1]
	d.forget()
	target, err := d.epoch(ctx, r.Epoch)
	if err != nil {
		return r, err
	}
	var total int64
	if err := d.pool.QueryRow(ctx, "select count(*) from vault.data_key where wrapped is not null and epoch <> $1", r.Epoch).Scan(&total); err != nil {
		return r, err
	}
	for _, old := range live[:len(live)-1] {
		for done := false; !done; {
			moved, err := d.move(ctx, old, target)
			r.Moved += moved
			progress(r.Moved, max(total, r.Moved))
			if err != nil {
				return r, err
			}
			if moved > 0 {
				continue
			}
			// Another instance may have made a key under it since we looked.
			if err := d.pool.QueryRow(ctx, "select vault.retire($1)", old).Scan(&done); err != nil {
				return r, fmt.Errorf("retire epoch %d: %w", old, err)
			}
		}
		r.Retired = append(r.Retired, old)
	}
	return r, nil
}

// live are the epochs whose keys are there, oldest first.
func (d *database) live(ctx context.Context) ([]int, error) {
	rows, err := d.pool.Query(ctx, "select id from vault.epoch where wrapped is not null order by id")
	if err != nil {
		return nil, err
	}
	live, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err == nil && len(live) == 0 {
		err = errors.New("no epoch is in use")
	}
	return live, err
}

// move wraps some keys of an epoch under another and says how many.
func (d *database) move(ctx context.Context, from int, to *epoch) (int64, error) {
	rows, err := d.pool.Query(ctx, `select key_id, subject, class, epoch, wrapped, 'in_use' from vault.data_key
		where epoch = $1 and wrapped is not null limit $2`, from, rewrapAtOnce)
	if err != nil {
		return 0, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil || len(found) == 0 {
		return 0, err
	}
	ids, was, becomes := make([][]byte, len(found)), make([][]byte, len(found)), make([][]byte, len(found))
	for i, f := range found {
		r, err := d.record(ctx, f)
		if err != nil {
			return 0, err
		}
		ids[i], was[i] = f.ID, f.Wrapped
		becomes[i] = wrap(nil, to.key, r.secret, dataBound(r.id, r.name, to.id))
	}
	var moved int64
	if err := d.pool.QueryRow(ctx, "select vault.rewrap($1, $2, $3, $4)", ids, was, becomes, to.id).Scan(&moved); err != nil {
		return 0, fmt.Errorf("rewrap under epoch %d: %w", to.id, err)
	}
	return moved, nil
}

// Status is what is in a vault.
type Status struct {
	Epoch     int       // the newest
	Since     time.Time // when it began
	Epochs    int       // whose keys are there; more than one when a rotation was broken off
	Keys      int64     // data keys that are there
	Destroyed int64     // data keys that are gone
	Suspended int64     // subjects
	Shredded  int64     // subjects
	Missing   int64     // keys that this process asked for in vain
}

// Status tells what is in the vault.
func (v *Vault) Status(ctx context.Context) (Status, error) {
	s := Status{Missing: v.missing.Load()}
	if v.db == nil {
		return s, nil
	}
	err := v.db.pool.QueryRow(ctx, `
select e.id, e.made_at, (select count(*) from vault.epoch where wrapped is not null),
       (select count(*) from vault.data_key where wrapped is not null and subject <> 'index'),
       (select count(*) from vault.data_key where wrapped is null),
       (select count(*) from vault.subject where state = 'suspended'),
       (select count(*) from vault.subject where state = 'shredded')
  from vault.epoch e order by e.id desc limit 1`).
		Scan(&s.Epoch, &s.Since, &s.Epochs, &s.Keys, &s.Destroyed, &s.Suspended, &s.Shredded)
	if err != nil {
		return s, fmt.Errorf("status of the vault: %w", err)
	}
	return s, nil
}

package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/eventstore"
)

// database is the shelf in the schema vault.
type database struct {
	pool *pgxpool.Pool
	root Root

	mu      sync.Mutex
	epochs  map[int]*epoch // guarded by mu; those that can be used
	current int            // guarded by mu; the newest, 0 when none was read
}

// epoch is an opened epoch key.
type epoch struct {
	id  int
	key []byte
}

// errRetired says that an epoch was retired since it was read.
var errRetired = errors.New("the epoch was retired meanwhile")

// retired is the code that the functions raise for such an epoch.
const retired = "HV001"

// epochBound is what a wrapped epoch key is bound to.
func epochBound(id int) []byte {
	return binary.BigEndian.AppendUint32([]byte("hearth-epoch/v1\n"), uint32(id))
}

// dataBound is what a wrapped data key is bound to.
func dataBound(id keyID, n name, epoch int) []byte {
	b := binary.BigEndian.AppendUint32([]byte("hearth-data-key/v1\n"), uint32(epoch))
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(n.class)))
	b = append(b, n.class...)
	return append(b, n.subject...)
}

// begin makes the first epoch, or proves the root key by opening the newest.
func (d *database) begin(ctx context.Context) error {
	if err := Check(ctx, d.pool); err != nil {
		return err
	}
	newest, err := d.newest(ctx)
	if err != nil {
		return err
	}
	if newest == 0 {
		if err := d.first(ctx); err != nil {
			return err
		}
	}
	_, err = d.epoch(ctx, 0)
	if errors.Is(err, ErrRoot) {
		return domain.Reject("vault_passphrase_wrong", "保险库口令与数据库里的密钥不符,已封存的个人信息打不开。请换回原来的口令文件(见 HEARTH_VAULT_PASSPHRASE_FILE,或状态文件夹的 vault/passphrase),再重新启动。")
	}
	return err
}

// newest is the number of the newest epoch, 0 for none.
func (d *database) newest(ctx context.Context) (n int, err error) {
	err = d.pool.QueryRow(ctx, "select coalesce(max(id), 0) from vault.epoch").Scan(&n)
	return n, err
}

// first makes the root key and the first epoch. Whoever is second takes back its
// root key, unless the first has used that very one: instances may share it.
func (d *database) first(ctx context.Context) error {
	undo, err := d.root.Begin(ctx)
	if err != nil {
		return fmt.Errorf("make the root key: %w", err)
	}
	made, err := d.addEpoch(ctx, 1)
	if err != nil || made {
		return err
	}
	if _, err = d.epoch(ctx, 0); errors.Is(err, ErrRoot) {
		return undo()
	}
	return err
}

// addEpoch makes epoch n, unless it is there.
func (d *database) addEpoch(ctx context.Context, n int) (made bool, err error) {
	fresh := make([]byte, halfKey)
	rand.Read(fresh)
	wrapped, err := d.root.Wrap(ctx, fresh, epochBound(n))
	if err != nil {
		return false, err
	}
	err = d.pool.QueryRow(ctx, "select vault.new_epoch($1, $2)", n, wrapped).Scan(&made)
	if err != nil {
		return false, fmt.Errorf("add epoch %d: %w", n, err)
	}
	return made, nil
}

// epoch opens an epoch key; 0 means the newest.
func (d *database) epoch(ctx context.Context, id int) (*epoch, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id == 0 {
		id = d.current
	}
	if e := d.epochs[id]; e != nil {
		return e, nil
	}
	var wrapped []byte
	err := d.pool.QueryRow(ctx, `select id, wrapped from vault.epoch
		where id = $1 or $1 = 0 and id = (select max(id) from vault.epoch)`, id).Scan(&id, &wrapped)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read epoch %d: %w", id, err)
	case wrapped == nil:
		return nil, fmt.Errorf("epoch %d: %w", id, errRetired)
	}
	key, err := d.root.Unwrap(ctx, wrapped, epochBound(id))
	if err != nil {
		return nil, fmt.Errorf("epoch %d: %w", id, err)
	}
	e := &epoch{id: id, key: key}
	d.epochs[id], d.current = e, max(d.current, id)
	return e, nil
}

func (d *database) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.epochs)
	d.current = 0
}

// tries is how often something is done again because an epoch was retired
// meanwhile, which it is once a month.
const tries = 3

// ensure implements shelf, in one round trip.
func (d *database) ensure(ctx context.Context, names []name) ([]record, error) {
	// All instances make keys in one order, so that they do not wait for each
	// other in a circle.
	slices.SortFunc(names, func(a, b name) int {
		return cmp.Or(strings.Compare(a.subject, b.subject), strings.Compare(string(a.class), string(b.class)))
	})
	for try := 1; ; try++ {
		all, err := d.ensureOnce(ctx, names)
		var pg *pgconn.PgError
		if err == nil || try == tries || !(errors.Is(err, errRetired) || errors.As(err, &pg) && pg.Code == retired) {
			return all, err
		}
		d.forget()
	}
}

func (d *database) ensureOnce(ctx context.Context, names []name) ([]record, error) {
	e, err := d.epoch(ctx, 0)
	if err != nil {
		return nil, err
	}
	subjects, classes := make([]string, len(names)), make([]string, len(names))
	ids, wraps := make([][]byte, len(names)), make([][]byte, len(names))
	for i, n := range names {
		r := freshRecord(n)
		subjects[i], classes[i], ids[i] = n.subject, string(n.class), r.id[:]
		wraps[i] = wrap(nil, e.key, r.secret, dataBound(r.id, n, e.id))
	}
	rows, err := d.pool.Query(ctx, "select * from vault.ensure_keys($1, $2, $3, $4, $5)", subjects, classes, ids, wraps, e.id)
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	return d.records(ctx, rows)
}

// fetch implements shelf.
func (d *database) fetch(ctx context.Context, ids []keyID) ([]record, error) {
	list := make([][]byte, len(ids))
	for i := range ids {
		list[i] = ids[i][:]
	}
	for try := 1; ; try++ {
		rows, err := d.pool.Query(ctx, `
select k.key_id, k.subject, k.class, k.epoch, k.wrapped, coalesce(s.state, 'in_use')
  from vault.data_key k left join vault.subject s using (subject)
 where k.key_id = any ($1)`, list)
		if err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		all, err := d.records(ctx, rows)
		if err == nil || try == tries || !errors.Is(err, errRetired) {
			return all, err
		}
		d.forget()
	}
}

// The states as the database names them.
const (
	inUse     = "in_use"
	suspended = "suspended"
	shredded  = "shredded"
)

func stateName(s eventstore.Withheld) string {
	switch s {
	case eventstore.Suspended:
		return suspended
	case eventstore.Shredded:
		return shredded
	case eventstore.InUse:
	}
	return inUse
}

func stateOf(text string) eventstore.Withheld {
	switch text {
	case suspended:
		return eventstore.Suspended
	case shredded:
		return eventstore.Shredded
	}
	return eventstore.InUse
}

// row is a key as the database has it; without id and epoch there is none.
type row struct {
	ID      []byte
	Subject string
	Class   string
	Epoch   *int
	Wrapped []byte
	State   string
}

// records opens rows. Destroyed keys have no secret.
func (d *database) records(ctx context.Context, rows pgx.Rows) ([]record, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	all := make([]record, len(found))
	for i, f := range found {
		if all[i], err = d.record(ctx, f); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (d *database) record(ctx context.Context, f row) (record, error) {
	r := record{name: name{f.Subject, domain.SealClass(f.Class)}, state: stateOf(f.State)}
	if f.ID == nil {
		return r, nil
	}
	copy(r.id[:], f.ID)
	if f.Wrapped == nil {
		return r, nil
	}
	e, err := d.epoch(ctx, *f.Epoch)
	if err != nil {
		return r, err
	}
	if r.secret, err = unwrap(f.Wrapped, e.key, dataBound(r.id, r.name, e.id)); err != nil || len(r.secret) != 2*halfKey {
		return r, fmt.Errorf("a wrapped key is damaged: %x", f.ID)
	}
	return r, nil
}

// mark implements shelf.
func (d *database) mark(ctx context.Context, to eventstore.Withheld, at eventstore.Position, subjects []string) error {
	_, err := d.pool.Exec(ctx, "select vault.set_state($1, $2, $3)", subjects, stateName(to), int64(at))
	return err
}

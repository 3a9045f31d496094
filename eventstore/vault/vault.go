// Package vault seals the personal fields of events, so that somebody's data can
// be erased from a log that never forgets: what is erased is the key.
//
// The hierarchy is root key -> epoch key -> data key per subject and class. The
// root key is outside (Root; a passphrase file first). Epoch and data keys are
// in the schema vault of the database, wrapped by the key above them, and never
// in the event log. What the package promises:
//
//   - A key is on disk before an event that needs it is stored.
//   - The same secret sealed twice gives the same text (the nonce follows from
//     it), as eventstore.Registry promises for a repeated append.
//   - A text opens in the event, type, subject and class that it was sealed for
//     and nowhere else.
//   - A destroyed key is gone in all instances as soon as the database has told
//     them; what it sealed reads as shredded and stops nobody.
//   - Reading what is warm asks the database nothing.
//
// Read Vault first, then text.go (the stored form), shelf.go (keys in the
// database), rotate.go and erase.go. NewMemory is the same without a database,
// for tests.
package vault

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/eventstore"
)

// remembered is how many opened keys a vault keeps in memory, at about 1 KB each.
const remembered = 1 << 16

// keyID names a data key in a sealed text. It is random.
type keyID [16]byte

// name says whose key it is, and for which class.
type name struct {
	subject string
	class   domain.SealClass
}

// record is a key as a shelf has it.
type record struct {
	id     keyID // zero when there is none
	name   name
	state  eventstore.Withheld
	secret []byte // 64 bytes; nil when it is destroyed
}

// shelf keeps the keys.
type shelf interface {
	// ensure makes keys for names, those that are missing, and gives all. One
	// that is not in use gets none and has no id.
	ensure(ctx context.Context, names []name) ([]record, error)
	// fetch gives the keys that exist.
	fetch(ctx context.Context, ids []keyID) ([]record, error)
	// mark sets the state of subjects, see erase.go.
	mark(ctx context.Context, to eventstore.Withheld, at eventstore.Position, subjects []string) error
	// forget drops what the shelf remembers of keys above the data keys.
	forget()
}

// Options are the settings of a Vault. The zero Options are good.
type Options struct {
	// Logger is told what happens; nil means slog.Default.
	Logger *slog.Logger
	// Heartbeat is how often the connection that hears of destroyed keys is
	// looked after; 0 means 5 s.
	Heartbeat time.Duration
}

// Vault is an eventstore.Protector. Open comes first; Run makes it fast. Safe for
// concurrent use.
type Vault struct {
	shelf     shelf
	db        *database // nil in memory
	opts      Options
	onChange  []func()
	missing   atomic.Int64 // keys that were asked for and that nobody has ever destroyed
	indexKey  []byte       // set by Open
	listening chan struct{}
	heard     sync.Once // closes listening

	mu     sync.Mutex
	age    uint64                  // guarded by mu; counts how often all was forgotten
	hears  bool                    // guarded by mu; what is destroyed elsewhere is heard of, so keys may be remembered
	byID   *lru.Cache[keyID, *key] // guarded by mu
	byName *lru.Cache[name, *key]  // guarded by mu
}

var _ eventstore.Protector = (*Vault)(nil)

// New makes a vault whose keys are in a database, under a root key.
func New(pool *pgxpool.Pool, root Root, o Options) *Vault {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Logger = o.Logger.With("component", "vault")
	if o.Heartbeat == 0 {
		o.Heartbeat = 5 * time.Second
	}
	db := &database{pool: pool, root: root, epochs: map[int]*epoch{}}
	v := newVault(db, o)
	v.db = db
	return v
}

func newVault(s shelf, o Options) *Vault {
	byID, err := lru.New[keyID, *key](remembered)
	if err != nil {
		panic(err) // only for a size < 1
	}
	byName, err := lru.New[name, *key](remembered)
	if err != nil {
		panic(err)
	}
	return &Vault{shelf: s, opts: o, byID: byID, byName: byName, listening: make(chan struct{})}
}

// OnChange calls f whenever keys were destroyed or data suspended, here or by
// another instance: what was made of them must be forgotten. Before Open.
func (v *Vault) OnChange(f func()) { v.onChange = append(v.onChange, f) }

// Open makes the vault ready: with its first epoch when it is new, and with proof
// that the root key is the right one when it is not.
func (v *Vault) Open(ctx context.Context) error {
	if v.db != nil {
		if err := v.db.begin(ctx); err != nil {
			return fmt.Errorf("open the vault: %w", err)
		}
	}
	all, err := v.shelf.ensure(ctx, []name{indexName})
	if err == nil && all[0].secret == nil {
		err = errNoIndex
	}
	if err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	v.indexKey = all[0].secret
	return nil
}

// named gives the keys of names, each once, and makes those that are missing.
func (v *Vault) named(ctx context.Context, names []name) (map[name]*key, error) {
	found := make(map[name]*key, len(names))
	var missing []name
	v.mu.Lock()
	age := v.age
	for _, n := range names {
		if _, twice := found[n]; twice {
			continue
		}
		var k *key
		if v.hears {
			k, _ = v.byName.Get(n)
		}
		if found[n] = k; k == nil {
			missing = append(missing, n)
		}
	}
	v.mu.Unlock()
	if len(missing) == 0 {
		return found, nil
	}
	records, err := v.shelf.ensure(ctx, missing)
	if err != nil {
		return nil, err
	}
	for _, k := range v.remember(age, records) {
		found[k.name] = k
	}
	return found, nil
}

// byIDs gives the keys that exist, by their ids.
func (v *Vault) byIDs(ctx context.Context, ids []keyID) (map[keyID]*key, error) {
	found := make(map[keyID]*key, len(ids))
	var missing []keyID
	v.mu.Lock()
	age := v.age
	for _, id := range ids {
		if _, twice := found[id]; twice {
			continue
		}
		var k *key
		if v.hears {
			k, _ = v.byID.Get(id)
		}
		if found[id] = k; k == nil {
			missing = append(missing, id)
		}
	}
	v.mu.Unlock()
	if len(missing) == 0 {
		return found, nil
	}
	records, err := v.shelf.fetch(ctx, missing)
	if err != nil {
		return nil, err
	}
	for _, k := range v.remember(age, records) {
		found[k.id] = k
	}
	for _, id := range missing {
		if found[id] == nil {
			v.lost()
		}
	}
	return found, nil
}

// lost counts a key that is in no row, which destroying does not do: the
// database is not the one that the events were sealed with, or has lost rows.
func (v *Vault) lost() {
	if v.missing.Add(1) == 1 {
		v.opts.Logger.Error("sealed fields without their key: the database does not hold all keys of this log")
	}
}

// remember opens records and keeps them, unless something was destroyed since
// they were asked for.
func (v *Vault) remember(age uint64, records []record) []*key {
	keys := make([]*key, len(records))
	for i, r := range records {
		keys[i] = newKey(r)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.hears || v.age != age {
		return keys
	}
	for _, k := range keys {
		if k.id != (keyID{}) {
			v.byID.Add(k.id, k)
		}
		v.byName.Add(k.name, k)
	}
	return keys
}

// forget drops all opened keys, and tells those who made something of them.
func (v *Vault) forget(hears bool) {
	v.mu.Lock()
	v.age++
	v.hears = hears
	v.byID.Purge()
	v.byName.Purge()
	v.mu.Unlock()
	v.shelf.forget()
	for _, f := range v.onChange {
		f()
	}
}

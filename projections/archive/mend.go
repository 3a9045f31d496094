package archive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// ErrUnmendable says that a message is neither in the archive nor in the log as
// it must be. Nothing was changed.
var ErrUnmendable = errors.New("档案和事件日志中都没有完好的这条消息")

// Mended is what was done to a partition.
type Mended struct {
	First, Last int64  // its positions
	Kept        int64  // rows that were taken over
	Mended      int64  // rows that came from the log
	SetAside    string // the table that served before, with all that is in it
}

// Mend makes the partitions of damaged positions anew from their good rows and
// from messages of the log, and lets them serve. Every row is compared with the
// leaf that the position must have; the zero hash says that it is not known, and
// then a row is good when its own leaf is that of its bytes.
//
// Each partition is one transaction, after which the old one is there under
// another name. A crash leaves the old one serving. Until the end of it the
// archive can be read, and does not grow.
func (r *Reader) Mend(ctx context.Context, log eventstore.Log, damaged []eventstore.Position, leaf func(eventstore.Position) (tlog.Hash, error)) ([]Mended, error) {
	o, err := readOrigin(ctx, r.pool)
	if err != nil {
		return nil, err
	}
	identity, err := log.Identity(ctx)
	if err != nil {
		return nil, fmt.Errorf("identity of the log: %w", err)
	}
	if o.Identity != identity {
		return nil, fmt.Errorf("%w:档案属于日志 %s,现在的日志是 %s", ErrOtherLog, o.Identity, identity)
	}
	end, err := r.End(ctx)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	bad := map[int64][]int64{} // positions by partition
	for _, pos := range damaged {
		bad[o.partition(int64(pos))] = append(bad[o.partition(int64(pos))], int64(pos))
	}
	var all []Mended
	for _, n := range slices.Sorted(maps.Keys(bad)) {
		var done Mended
		err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
			m := &mending{tx: tx, log: log, leaf: leaf, n: n, end: end, named: bad[n], bad: []int64{}}
			m.first, m.last = o.bounds(n)
			err := m.run(ctx)
			done = m.done
			return err
		})
		if err != nil {
			return all, fmt.Errorf("mend partition %d of the archive: %w", n, err)
		}
		all = append(all, done)
	}
	return all, nil
}

// mending is the transaction that makes one partition anew.
type mending struct {
	tx          pgx.Tx
	log         eventstore.Log
	leaf        func(eventstore.Position) (tlog.Hash, error)
	n           int64
	first, last int64
	end         eventstore.Position // of the archive; 0 when it cannot be read
	named       []int64             // what is said to be damaged

	fresh string
	bad   []int64 // not to be taken over
	have  []bool  // by position, from first on
	done  Mended
}

// The old table is read by its pages, not by an index: that may be what is
// damaged.
const mendSettings = `
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local synchronous_commit = on;
set local enable_seqscan = off;
set local enable_indexscan = off;
set local enable_indexonlyscan = off;
set local enable_bitmapscan = off;`

func (m *mending) run(ctx context.Context) error {
	if _, err := m.tx.Exec(ctx, mendSettings); err != nil {
		return err
	}
	if err := m.tx.QueryRow(ctx, "select archive.begin_mending($1)", m.n).Scan(&m.fresh); err != nil {
		return err
	}
	var blocks int64
	err := m.tx.QueryRow(ctx, "select pg_relation_size($1::regclass) / current_setting('block_size')::int", m.old()).Scan(&blocks)
	if err != nil {
		return err
	}
	if err := m.doubt(); err != nil {
		return err
	}
	m.have = make([]bool, m.last-m.first+1)
	const step = 2048 // 16 MB
	for from := int64(0); from < blocks; from += step {
		if err := m.takeOver(ctx, from, min(blocks, from+step)); err != nil {
			return err
		}
	}
	if err := m.fill(ctx); err != nil {
		return err
	}
	m.done.First, m.done.Last = m.first, m.last
	return m.tx.QueryRow(ctx, "select archive.set_aside($1)", m.n).Scan(&m.done.SetAside)
}

// doubt leaves out what was named and cannot be judged. Where the leaf is known,
// a row is good when it has it, whatever was said: only the index may have been
// damaged, and the log may have lost it.
func (m *mending) doubt() error {
	for _, pos := range m.named {
		want, err := m.leaf(eventstore.Position(pos))
		if err != nil {
			return err
		}
		if want == (tlog.Hash{}) {
			m.bad = append(m.bad, pos)
		}
	}
	return nil
}

func (m *mending) old() string { return fmt.Sprintf("archive.message_%d", m.n) }

// errOthers ends a savepoint in which rows turned out to be bad.
var errOthers = errors.New("other rows are bad too")

// takeOver copies the good rows of some pages of the old table. Pages that cannot
// be read are found by smaller and smaller ranges.
func (m *mending) takeOver(ctx context.Context, from, to int64) error {
	readable, err := m.copyRange(ctx, tid(from, 0), tid(to, 0))
	switch {
	case err != nil || readable:
		return err
	case to-from == 1:
		return m.rowByRow(ctx, from)
	}
	half := (from + to) / 2
	if err := m.takeOver(ctx, from, half); err != nil {
		return err
	}
	return m.takeOver(ctx, half, to)
}

// tid names a row of a page, in the form of PostgreSQL.
func tid(page, row int64) string { return fmt.Sprintf("(%d,%d)", page, row) }

// rowByRow copies the good rows of a page of which something cannot be read: the
// page itself, or a long body that lies elsewhere.
func (m *mending) rowByRow(ctx context.Context, page int64) error {
	var tids []string
	err := pgx.BeginFunc(ctx, m.tx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select ctid::text from "+m.old()+" where ctid >= $1::text::tid and ctid < $2::text::tid",
			pgx.QueryExecModeCacheDescribe, tid(page, 0), tid(page+1, 0))
		if err == nil {
			tids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		return err
	})
	if errors.Is(damage(err), ErrDamaged) {
		return nil // its rows come from the log
	}
	for _, one := range tids {
		var p, row int64
		if _, err := fmt.Sscanf(one, "(%d,%d)", &p, &row); err != nil {
			return err
		}
		if _, err := m.copyRange(ctx, one, tid(p, row+1)); err != nil {
			return err
		}
	}
	return err
}

// copyRange copies the good rows of a range, all or, when one of them is not
// readable, none.
func (m *mending) copyRange(ctx context.Context, from, to string) (readable bool, err error) {
	for {
		var taken []int64
		err := pgx.BeginFunc(ctx, m.tx, func(tx pgx.Tx) (err error) {
			taken, err = m.copyRows(ctx, tx, from, to)
			return err
		})
		switch {
		case errors.Is(err, errOthers):
			continue // without them
		case errors.Is(damage(err), ErrDamaged):
			return false, nil
		case err != nil:
			return false, err
		}
		for _, pos := range taken {
			m.have[pos-m.first] = true
		}
		m.done.Kept += int64(len(taken))
		return true, nil
	}
}

// copyRows copies the rows of a range that are not known to be bad, and returns
// their positions; errOthers when some of them are bad, which are then known.
func (m *mending) copyRows(ctx context.Context, tx pgx.Tx, from, to string) (taken []int64, err error) {
	sql := fmt.Sprintf(`
insert into archive.%s (position, stored_at, subject, leaf, body)
select position, stored_at, subject, leaf, body from %s
 where ctid >= $1::text::tid and ctid < $2::text::tid and position between $3 and $4 and position <> all ($5)
    on conflict do nothing
returning position, subject, leaf, sha256(body)`, m.fresh, m.old())
	rows, err := tx.Query(ctx, sql, pgx.QueryExecModeCacheDescribe, from, to, m.first, m.last, m.bad)
	if err != nil {
		return nil, err
	}
	var l notary.Leaf
	var stored, body []byte
	known := len(m.bad)
	_, err = pgx.ForEachRow(rows, []any{&l.Position, &l.Subject, &stored, &body}, func() error {
		copy(l.BodyHash[:], body)
		good, err := m.good(l.Position, l.Hash())
		if err != nil {
			return err
		}
		if h := l.Hash(); !good || string(h[:]) != string(stored) {
			m.bad = append(m.bad, int64(l.Position))
		}
		taken = append(taken, int64(l.Position))
		return nil
	})
	if err == nil && len(m.bad) > known {
		err = errOthers
	}
	return taken, err
}

// good compares a leaf with what it must be.
func (m *mending) good(pos eventstore.Position, h tlog.Hash) (bool, error) {
	want, err := m.leaf(pos)
	return want == h || want == tlog.Hash{}, err
}

// fill takes what is missing from the log.
func (m *mending) fill(ctx context.Context) error {
	end := m.lastNeeded()
	for from := m.first; from <= end; from++ {
		if m.have[from-m.first] {
			continue
		}
		to := from
		for to < end && !m.have[to+1-m.first] {
			to++
		}
		err := eventstore.ReadMessages(ctx, m.log, eventstore.Position(from-1), eventstore.Position(to), func(page []eventstore.Message) error {
			return m.add(ctx, page)
		})
		if errors.Is(err, eventstore.ErrCorrupt) {
			err = fmt.Errorf("%w:位置 %d 至 %d:%w", ErrUnmendable, from, to, err)
		}
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

// lastNeeded is the last position that the partition must have: all that was there
// and all that was asked for. Behind that the archive goes on by itself.
func (m *mending) lastNeeded() int64 {
	needed := max(min(m.last, int64(m.end)), slices.Max(m.named))
	for pos := m.last; pos > needed; pos-- {
		if m.have[pos-m.first] {
			return pos
		}
	}
	return needed
}

// add stores messages of the log.
func (m *mending) add(ctx context.Context, page []eventstore.Message) error {
	for _, msg := range page {
		good, err := m.good(msg.Position, notary.HashOf(msg))
		if err != nil {
			return err
		}
		if !good {
			return fmt.Errorf("%w:位置 %d", ErrUnmendable, msg.Position)
		}
	}
	if err := store(ctx, m.tx, pgx.Identifier{"archive", m.fresh}, page); err != nil {
		return err
	}
	m.done.Mended += int64(len(page))
	return nil
}

package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/postgres"
	"hearth/eventstore"
)

// ErrOtherLog says that the archive is of another log than the one that is there
// now, of a longer one, or of one that held something else.
var ErrOtherLog = errors.New("档案与事件日志不相配")

// ErrDamaged says that something in the archive cannot be read.
var ErrDamaged = errors.New("消息档案有损坏")

// Reader reads the archive, and mends it. It needs no log, so that a log can be
// made anew from it.
type Reader struct{ pool *pgxpool.Pool }

// NewReader reads the archive in a database.
func NewReader(pool *pgxpool.Pool) *Reader { return &Reader{pool} }

// origin is of which log an archive is, and how it is cut into partitions.
type origin struct {
	Identity eventstore.Identity
	Size     int64 // positions of a partition
}

// partition is the number of the one that has a position.
func (o origin) partition(pos int64) int64 { return pos / o.Size }

// bounds are the first and last position of a partition.
func (o origin) bounds(n int64) (first, last int64) { return max(1, n*o.Size), (n+1)*o.Size - 1 }

// readOrigin is the zero origin when the archive has not begun.
func readOrigin(ctx context.Context, db postgres.Querier) (o origin, err error) {
	err = db.QueryRow(ctx, "select identity, partition_size from archive.log").Scan(&o.Identity, &o.Size)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return o, fmt.Errorf("read of which log the archive is: %w", damage(err))
	}
	return o, nil
}

// Identity is that of the log of which this is the archive; empty when it has
// not begun.
func (r *Reader) Identity(ctx context.Context) (eventstore.Identity, error) {
	o, err := readOrigin(ctx, r.pool)
	return o.Identity, err
}

// End is the position of the last archived message, 0 when there is none.
func (r *Reader) End(ctx context.Context) (eventstore.Position, error) {
	pos, _, _, err := last(ctx, r.pool)
	return pos, err
}

// last is the last archived message: its position, when it was stored, its leaf.
func last(ctx context.Context, db postgres.Querier) (pos eventstore.Position, at time.Time, leaf []byte, err error) {
	err = db.QueryRow(ctx, "select position, stored_at, leaf from archive.message order by position desc limit 1").Scan(&pos, &at, &leaf)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, at, nil, fmt.Errorf("end of the archive: %w", damage(err))
	}
	return pos, at, leaf, nil
}

// Pages of Messages: as many as are usual in one read, fewer when they are large.
const (
	pageFirst = 500
	pageMost  = 2000
	pageBytes = 8 << 20
)

// messagesSQL names a range of positions rather than a number of rows: a gap is
// then seen at once, and the plan is a walk along the primary key.
const messagesSQL = `
select position, subject, stored_at, body from archive.message
 where position > $1 and position <= $2 order by position`

// Messages calls visit for the archived messages behind a position up to
// another, in order and in pages. A position that is not there ends it with
// eventstore.Missing, one that cannot be read with ErrDamaged. The bodies are
// not compared with anything.
func (r *Reader) Messages(ctx context.Context, after, to eventstore.Position, visit func([]eventstore.Message) error) error {
	for n := int64(pageFirst); after < to; {
		until := min(to, after+eventstore.Position(n))
		page, bytes, err := r.page(ctx, after, until)
		if err != nil {
			return fmt.Errorf("read the archive behind %d: %w", after, damage(err))
		}
		for i, m := range page {
			if want := after + eventstore.Position(i) + 1; m.Position != want {
				return fmt.Errorf("read the archive: %w", &eventstore.Missing{From: want, To: m.Position - 1})
			}
		}
		if got := after + eventstore.Position(len(page)); got < until {
			return fmt.Errorf("read the archive: %w", &eventstore.Missing{From: got + 1, To: until})
		}
		if err := visit(page); err != nil {
			return err
		}
		after = until
		fits := pageBytes / max(1, bytes/n)
		n = min(pageMost, 2*n, max(1, fits))
	}
	return nil
}

func (r *Reader) page(ctx context.Context, after, to eventstore.Position) (page []eventstore.Message, bytes int64, err error) {
	rows, err := r.pool.Query(ctx, messagesSQL, pgx.QueryExecModeCacheDescribe, after, to)
	if err != nil {
		return nil, 0, err
	}
	page = make([]eventstore.Message, 0, to-after)
	var m eventstore.Message
	_, err = pgx.ForEachRow(rows, []any{&m.Position, &m.Subject, &m.StoredAt, &m.Body}, func() error {
		page, bytes = append(page, m), bytes+int64(len(m.Body))
		m.Body = nil // the next one gets room of its own
		return nil
	})
	return page, bytes, err
}

// damage makes an error that tells of damaged pages or files an ErrDamaged.
func damage(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	// Class XX is internal errors, which is what a damaged page, row or index
	// causes. The others are files of the database that cannot be read.
	if pg.Code[:2] == "XX" || pg.Code == "58030" || pg.Code == "58P01" {
		return fmt.Errorf("%w(%w)", ErrDamaged, err)
	}
	return err
}

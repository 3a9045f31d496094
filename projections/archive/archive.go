package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/postgres"
	"hearth/eventstore"
	"hearth/eventstore/notary"
	"hearth/projections"
)

// Options are the settings of an Archive. The zero Options are good.
type Options struct {
	// Logger is told what happens to the archive; nil means slog.Default.
	Logger *slog.Logger
	// Batch is how many messages one transaction takes at most; 0 means 2,000.
	Batch int
	// PartitionSize is how many positions a partition has, when the archive
	// begins; 0 means 1,000,000. Later it is what it was then.
	PartitionSize int64
	// RetryStopped is how long an archive that cannot go on waits before it tries
	// again; 0 means 10 s.
	RetryStopped time.Duration
	// MaxBackoff bounds the wait between two tries to reach the database or the
	// event store; 0 means 5 s.
	MaxBackoff time.Duration
	// Heartbeat is how often a writer makes sure that it still holds its lock,
	// and one that waits for it asks again; 0 means a second.
	Heartbeat time.Duration
	// LiveWithin is the lag up to which the archive counts as live; 0 means 5 s.
	LiveWithin time.Duration
}

const partitionSize = 1_000_000

func (o Options) complete() Options {
	set := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	set(&o.RetryStopped, 10*time.Second)
	set(&o.MaxBackoff, 5*time.Second)
	set(&o.Heartbeat, time.Second)
	set(&o.LiveWithin, 5*time.Second)
	if o.Batch == 0 {
		o.Batch = 2000
	}
	if o.PartitionSize == 0 {
		o.PartitionSize = partitionSize
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Logger = o.Logger.With("component", "archive")
	return o
}

// Archive follows the log and keeps what it holds. It is also a Reader.
type Archive struct {
	*Reader
	log  eventstore.Log
	opts Options

	mu       sync.Mutex
	state    projections.State // guarded by mu; empty while it writes
	problem  error             // guarded by mu; why it is stopped or retrying
	caughtUp time.Time         // guarded by mu; when it last had all that was in the log
}

// New makes an Archive of a log.
func New(pool *pgxpool.Pool, log eventstore.Log, opts Options) *Archive {
	return &Archive{Reader: NewReader(pool), log: log, opts: opts.complete(), state: projections.StateWaiting}
}

const minBackoff = 50 * time.Millisecond

// Run keeps the archive up with the log until ctx ends. It never gives up: what
// stands in its way is in its Status. It returns when nothing of it is left
// running.
func (a *Archive) Run(ctx context.Context) error {
	wait := minBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := a.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > a.opts.MaxBackoff {
			wait = minBackoff
		}
		pause := wait
		if stops(err) {
			a.note(ctx, projections.StateStopped, err)
			pause = a.opts.RetryStopped
		} else {
			a.note(ctx, projections.StateRetrying, err)
		}
		if !sleep(ctx, pause) {
			break
		}
		wait = min(2*wait, a.opts.MaxBackoff)
	}
	return nil
}

// stops reports that an error lies in what is stored, so that trying again at
// once would give it again.
func stops(err error) bool {
	for _, kind := range []error{ErrNotSetUp, ErrOtherLog, ErrDamaged, errRefused, eventstore.ErrCorrupt} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// errRefused says that the database does not take a message.
var errRefused = errors.New("数据库不能存档这条消息")

// note keeps a state and logs it when it is another than before.
func (a *Archive) note(ctx context.Context, state projections.State, err error) {
	a.mu.Lock()
	was, told := a.state, a.problem
	a.state, a.problem = state, err
	a.mu.Unlock()
	if was == state && (err == nil) == (told == nil) && (err == nil || err.Error() == told.Error()) {
		return
	}
	switch {
	case state == projections.StateStopped:
		a.opts.Logger.ErrorContext(ctx, "the archive does not grow", "state", string(state), "err", err)
	case err != nil: // a connection was lost, say; it is tried again by itself
		a.opts.Logger.WarnContext(ctx, "the archive waits", "state", string(state), "err", err)
	case state == projections.StateWaiting:
		a.opts.Logger.InfoContext(ctx, "another instance writes the archive")
	default:
		a.opts.Logger.InfoContext(ctx, "this instance writes the archive")
	}
}

// This is the second copy: what is committed is on disk.
const sessionSQL = `
set statement_timeout = 0;
set lock_timeout = 0;
set idle_in_transaction_session_timeout = 0;
set synchronous_commit = on;`

// lockName is the advisory lock of the writer.
const lockName = "hearth archive"

// appPrefix begins the name of the writer's connection; its process follows.
const appPrefix = "hearth archive "

// writer is a connection that holds the lock.
type writer struct {
	*postgres.Session
	a          *Archive
	origin     origin
	position   eventstore.Position // of the last archived message
	partitions int64               // how many are known to be there
}

// session is the life of one connection: wait for the lock, compare archive and
// log, then write. It returns when the connection, the log or the lock is lost,
// when something stored is not as it must be, or when ctx ends.
func (a *Archive) session(ctx context.Context) error {
	s, err := postgres.NewSession(ctx, a.pool, appPrefix+process(), sessionSQL)
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	if err := Check(ctx, s.Conn); err != nil {
		return err
	}
	for {
		mine, err := s.TryLock(ctx, lockName)
		if err != nil {
			return err
		}
		if mine {
			break
		}
		a.note(ctx, projections.StateWaiting, nil)
		if !sleep(ctx, a.opts.Heartbeat) {
			return ctx.Err()
		}
	}
	w := &writer{Session: s, a: a}
	return w.follow(ctx)
}

// process names this one to people: host and process number.
func process() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%.30s:%d", host, os.Getpid())
}

// follow writes what comes. The feed begins with the last archived message, which
// must still be what was archived: a log that lost its end uses positions again.
func (w *writer) follow(ctx context.Context) error {
	leaf, err := w.begin(ctx)
	if err != nil {
		return err
	}
	from := w.position
	if from > 0 {
		from--
	}
	in := read(ctx, w.a.log, from, w.a.opts.Batch)
	defer in.close()
	if w.position == 0 {
		w.a.note(ctx, "", nil)
	}
	heartbeat := time.NewTicker(w.a.opts.Heartbeat)
	defer heartbeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-heartbeat.C:
			if err := w.Ping(ctx); err != nil {
				return err
			}
		case page, more := <-in.pages:
			if !more {
				return fmt.Errorf("read the log: %w", in.err)
			}
			page = in.gather(page)
			if leaf != nil {
				if h := notary.HashOf(page[0]); string(h[:]) != string(leaf) {
					return fmt.Errorf("%w:位置 %d 的消息不是当时存档的那条。请先运行 hearth audit verify 找出哪一份有误", ErrOtherLog, w.position)
				}
				leaf, page = nil, page[1:]
				w.a.note(ctx, "", nil)
			}
			if err := w.add(ctx, page); err != nil {
				return err
			}
		}
	}
}

// begin finds out where the archive stands, and refuses a log that is not its.
// It returns the leaf of the last archived message.
func (w *writer) begin(ctx context.Context) (leaf []byte, err error) {
	identity, err := w.a.log.Identity(ctx)
	if err != nil {
		return nil, fmt.Errorf("identity of the log: %w", err)
	}
	_, err = w.Conn.Exec(ctx, "insert into archive.log (identity, partition_size) values ($1, $2) on conflict do nothing", identity, w.a.opts.PartitionSize)
	if err != nil {
		return nil, fmt.Errorf("begin the archive: %w", damage(err))
	}
	if w.origin, err = readOrigin(ctx, w.Conn); err != nil {
		return nil, err
	}
	if w.origin.Identity != identity {
		return nil, fmt.Errorf("%w:档案属于日志 %s,现在的日志是 %s。请核对 NATS 与数据库是否配错;档案不会被改动", ErrOtherLog, w.origin.Identity, identity)
	}
	if w.position, _, leaf, err = last(ctx, w.Conn); err != nil {
		return nil, err
	}
	end, err := w.a.log.End(ctx)
	if err != nil {
		return nil, fmt.Errorf("end of the log: %w", err)
	}
	if w.position > end {
		return nil, fmt.Errorf("%w:档案记到位置 %d,日志只到 %d。日志丢失了末尾,请运行 hearth repair 由档案补回", ErrOtherLog, w.position, end)
	}
	return leaf, nil
}

// add archives messages, all of them or none. If we crash before the commit, the
// next session finds the archive where it was; if the answer is lost, it finds it
// further on.
func (w *writer) add(ctx context.Context, messages []eventstore.Message) error {
	if len(messages) == 0 {
		return nil
	}
	end := messages[len(messages)-1].Position
	for n := w.origin.partition(int64(end)); w.partitions <= n; w.partitions++ {
		if _, err := w.Conn.Exec(ctx, "select archive.add_partition($1)", w.partitions); err != nil {
			return fmt.Errorf("make partition %d of the archive: %w", w.partitions, damage(err))
		}
	}
	if err := store(ctx, w.Conn, pgx.Identifier{"archive", "message"}, messages); err != nil {
		return w.refused(ctx, messages, err)
	}
	w.position = end
	return nil
}

// refused finds the message that the database does not take, archives all before
// it, and names it.
func (w *writer) refused(ctx context.Context, messages []eventstore.Message, err error) error {
	if err = damage(err); w.Conn.IsClosed() || !inherent(err) {
		return fmt.Errorf("archive positions %d to %d: %w", messages[0].Position, messages[len(messages)-1].Position, err)
	}
	if len(messages) == 1 {
		return fmt.Errorf("%w:位置 %d(%w)", errRefused, messages[0].Position, bare(err))
	}
	half := len(messages) / 2
	if err := w.add(ctx, messages[:half]); err != nil {
		return err
	}
	return w.add(ctx, messages[half:])
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/eventstore"
)

// Options are the settings of a Monitor and a Runner. The zero Options are good.
type Options struct {
	// Logger is told what happens to the models; nil means slog.Default.
	Logger *slog.Logger
	// Batch is how many commits one transaction takes at most; 0 means 5,000.
	Batch int
	// RetryStopped is how long a stopped model waits before it tries the event
	// that stopped it again; 0 means a minute.
	RetryStopped time.Duration
	// MaxBackoff bounds the wait between two tries to reach the database or the
	// event store; 0 means 5 s.
	MaxBackoff time.Duration
	// Heartbeat is how often a writer makes sure that it still holds its lock,
	// and one that waits for it asks again; 0 means a second.
	Heartbeat time.Duration
	// LiveWithin is the lag up to which a model counts as live; 0 means 5 s.
	LiveWithin time.Duration
}

func (o Options) complete() Options {
	set := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	set(&o.RetryStopped, time.Minute)
	set(&o.MaxBackoff, 5*time.Second)
	set(&o.Heartbeat, time.Second)
	set(&o.LiveWithin, 5*time.Second)
	if o.Batch == 0 {
		o.Batch = 5000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Logger = o.Logger.With("component", "projections")
	return o
}

// Runner writes the models, and tells how far they are: it is also a Monitor.
// Any number of instances may run the same models; each model has one writer
// among them, and another takes over when that one is gone.
type Runner struct{ *Monitor }

// New makes a Runner. Two models of one name, or a name that is not lower-case
// letters, are a mistake in the program and panic.
func New(pool *pgxpool.Pool, store eventstore.Store, opts Options, models ...Projection) *Runner {
	return &Runner{NewMonitor(pool, store, opts, models...)}
}

// Run keeps all models up with the log until ctx ends. It never gives up: what
// stands in a model's way is in its Status, and a model that cannot go on does
// not hold up the others. It returns when nothing of it is left running.
func (r *Runner) Run(ctx context.Context) error {
	ctx = eventstore.Resealing(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.Monitor.Run(ctx) }) // ends with ctx alone
	for _, m := range r.models {
		wg.Go(func() { r.keep(ctx, m) })
	}
	wg.Wait()
	return nil
}

const minBackoff = 50 * time.Millisecond

// keep runs one session of a model after the other.
func (r *Runner) keep(ctx context.Context, m *model) {
	wait := minBackoff
	for ctx.Err() == nil {
		before := m.applied.Load()
		err := r.session(ctx, m)
		if ctx.Err() != nil {
			return
		}
		if m.applied.Load() > before {
			wait = minBackoff
		}
		if errors.Is(err, errOvertaken) {
			// Nothing is wrong: read again where the model stands.
			r.opts.Logger.InfoContext(ctx, "projection was moved by another writer", "schema", m.schema)
		} else {
			r.note(ctx, m, StateRetrying, nil, err)
		}
		if !sleep(ctx, wait) {
			return
		}
		wait = min(2*wait, r.opts.MaxBackoff)
	}
}

// session is the life of one connection: wait for the lock, build the model
// when it is missing, then write. It returns when the connection, the store or
// the lock is lost, or ctx ends. What stops the model alone is recorded, waited
// on, and tried again in the same session, so that the lock is kept.
func (r *Runner) session(ctx context.Context, m *model) error {
	w, err := r.connect(ctx, m)
	if err != nil {
		return err
	}
	defer w.Close(ctx)
	if err := w.lock(ctx, m.schema); err != nil {
		return err
	}
	for {
		err := w.work(ctx)
		if s, ok := errors.AsType[*stop](err); ok {
			err = w.stopped(ctx, s)
		}
		if err != nil {
			return err
		}
	}
}

// work finds out what the model needs and does it. It returns nil when it has
// built the model, and should look again.
func (w *writer) work(ctx context.Context) error {
	w.cp = checkpoint{}
	serving, err := w.read(ctx, w.m.schema)
	if err != nil {
		return err
	}
	if serving != nil {
		if err := w.checkLog(ctx, serving); err != nil {
			return err
		}
		if serving.Problem != nil && serving.Problem.Kind == ProblemOtherLog {
			if err := w.record(ctx, nil); err != nil {
				return err
			}
		}
	}
	if serving == nil || serving.Definition != w.m.definition {
		if err := w.waitBuild(ctx); err != nil {
			return err
		}
		w.m.cleaned = true // what was replaced may still be read: it is left to the next start
		return nil
	}
	if !w.m.cleaned {
		if err := w.clean(ctx); err != nil {
			return err
		}
		w.m.cleaned = true
	}
	return w.serve(ctx, serving)
}

// checkLog refuses a checkpoint of another log, or one that the log does not
// reach. Nothing is deleted: the tables may be all that is left of something.
func (w *writer) checkLog(ctx context.Context, cp *checkpoint) error {
	identity, err := w.r.store.Identity(ctx)
	if err != nil {
		return fmt.Errorf("identity of the log: %w", err)
	}
	end, err := w.r.store.End(ctx)
	if err != nil {
		return fmt.Errorf("end of the log: %w", err)
	}
	if cp.Log == identity && cp.Position <= end {
		return nil
	}
	err = fmt.Errorf("%w:模型记到位置 %d,日志只到 %d,日志丢失了末尾。请先运行 hearth repair 补回日志,模型随即自动继续,不要重建", ErrOtherLog, cp.Position, end)
	if cp.Log != identity {
		err = fmt.Errorf("%w:模型属于日志 %s,现在的日志是 %s。若日志无误,请运行 hearth rebuild %s", ErrOtherLog, cp.Log, identity, w.m.name)
	}
	return &stop{problem: Problem{Kind: ProblemOtherLog, Position: cp.Position}, err: err}
}

// serve applies what comes until something breaks.
func (w *writer) serve(ctx context.Context, cp *checkpoint) error {
	if err := w.use(ctx, cp); err != nil {
		return err
	}
	in := follow(ctx, w.r.store, cp.Position, w.r.opts.Batch)
	defer in.close()
	w.r.note(ctx, w.m, "", nil, nil)
	heartbeat := time.NewTicker(w.r.opts.Heartbeat)
	defer heartbeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-in.ready:
			commits, err := in.take()
			if err := w.advance(ctx, commits); err != nil {
				return err
			}
			if err != nil {
				return w.feedError(err)
			}
		case <-heartbeat.C:
			if err := w.Ping(ctx); err != nil {
				return err
			}
		}
	}
}

func (w *writer) feedError(err error) error {
	if errors.Is(err, eventstore.ErrCorrupt) {
		return &stop{problem: Problem{Kind: ProblemCorrupt, Position: w.cp.Position + 1}, err: err}
	}
	return fmt.Errorf("read the log: %w", err)
}

// stopped records what stopped the model and waits until it is worth trying
// again: after a while, or when somebody says so.
func (w *writer) stopped(ctx context.Context, s *stop) error {
	p := s.problem
	p.Error, p.Since = tell(s.err), time.Now().UTC().Truncate(time.Millisecond)
	w.r.note(ctx, w.m, StateStopped, &p, nil)
	if err := w.record(ctx, &p); err != nil {
		return err
	}
	heartbeat := time.NewTicker(w.r.opts.Heartbeat)
	defer heartbeat.Stop()
	retry := time.NewTimer(w.r.opts.RetryStopped)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.m.resume:
			return nil
		case <-retry.C:
			return nil
		case <-heartbeat.C:
			if err := w.Ping(ctx); err != nil {
				return err
			}
		}
	}
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

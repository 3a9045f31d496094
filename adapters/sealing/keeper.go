// Package sealing runs the notary beside the service: it seals what is stored
// once a second, keeps the last checkpoint in a second place, and closes the
// event store for writing when what is stored does not agree with what was
// sealed. Reading goes on.
//
// Read Keeper first. Every instance of a deployment keeps tiles of its own,
// computed from the stream; they sign with one key and in turns, so that each
// instance checks what another has signed.
package sealing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// Kind says what is wrong.
type Kind string

// The kinds of a Problem. All but KindStalled close the store for writing.
const (
	KindDamage        Kind = "damage"        // the files of the stream are damaged
	KindLog           Kind = "log"           // the stream has a gap or is shorter than what was sealed
	KindFork          Kind = "fork"          // the stream is another than was sealed
	KindOtherLog      Kind = "other_log"     // the stream is not the one that the key belongs to
	KindKey           Kind = "key"           // the key that the log was sealed with is missing
	KindConfiguration Kind = "configuration" // the stream could lose history by its configuration
	KindStalled       Kind = "stalled"       // nothing can be sealed at the moment
)

// Problem is 封存告警: what is wrong, since when, and, in Chinese, what to do.
type Problem struct {
	Kind  Kind
	Since time.Time
	Text  string
}

// Closes reports that nothing may be written.
func (p Problem) Closes() bool { return p.Kind != KindStalled }

// Options are the settings of a Keeper.
type Options struct {
	// Dir is where the tiles and the checkpoint are.
	Dir string
	// KeyFile is the key that the log signs with; it is made when the log is new.
	KeyFile string
	// Configuration tells how the stream's configuration differs from the decided
	// one, empty when it does not; nil when nobody can tell.
	Configuration func(context.Context) (differs string, err error)
	// Interval is the time between two checkpoints; 0 means a second.
	Interval time.Duration
	// Watch is the time between two looks at the configuration; 0 means a minute.
	Watch time.Duration
	// Logger is told what happens; nil means slog.Default.
	Logger *slog.Logger
}

// Keeper seals a log. Open comes first, then Run; everything else may be called
// at any time from any goroutine.
type Keeper struct {
	pool *pgxpool.Pool
	log  eventstore.Log
	opts Options
	dir  notary.Dir
	key  notary.Key

	sealing sync.Mutex     // guards sealer
	sealer  *notary.Sealer // nil until a check has passed

	mu       sync.Mutex
	problems []Problem         // guarded by mu
	last     notary.Checkpoint // guarded by mu
	sealedAt time.Time         // guarded by mu
	moved    chan struct{}     // guarded by mu; closed and replaced when last or problems change
}

// New makes a Keeper.
func New(pool *pgxpool.Pool, log eventstore.Log, o Options) *Keeper {
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.Watch == 0 {
		o.Watch = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Logger = o.Logger.With("component", "sealing")
	return &Keeper{pool: pool, log: log, opts: o, dir: notary.NewDir(o.Dir), moved: make(chan struct{})}
}

// Dir is the tree on disk.
func (k *Keeper) Dir() notary.Dir { return k.dir }

// Key is the key of the log.
func (k *Keeper) Key() notary.Key { return k.key }

// Open finds or makes the key and compares the log with what was sealed. What is
// wrong with the log is a Problem and not an error: reading goes on.
func (k *Keeper) Open(ctx context.Context) error {
	identity, err := k.log.Identity(ctx)
	if err != nil {
		return fmt.Errorf("sealing: %w", err)
	}
	if err := k.findKey(ctx, identity); err != nil {
		return fmt.Errorf("sealing: %w", err)
	}
	k.lookAtConfiguration(ctx)
	if k.key.Public() == "" || k.key.Origin() != notary.Origin(identity) {
		return nil // findKey has said so
	}
	if err := k.check(ctx); err != nil && !k.blame(err) {
		return fmt.Errorf("sealing: %w", err)
	}
	return nil
}

// findKey reads the key, or makes one for a log of which nothing is sealed. One
// key signs for a log: the database says which.
func (k *Keeper) findKey(ctx context.Context, identity eventstore.Identity) error {
	key, made, err := k.readOrMakeKey(ctx, identity)
	if err != nil || key.Public() == "" {
		return err
	}
	k.key = key
	if key.Origin() != notary.Origin(identity) {
		_ = k.otherLog(identity) // reading goes on
		return nil
	}
	public, err := claim(ctx, k.pool, key)
	if err != nil || public == key.Public() {
		return err
	}
	if made { // nothing was signed with it
		if err := os.Remove(k.opts.KeyFile); err != nil {
			return err
		}
	}
	k.key = notary.Key{}
	k.raise(KindKey, "本机没有这个日志的封存密钥:日志由公钥 "+public+" 的密钥签名。请把该密钥文件(在先启动的实例或备份里)放到 "+k.opts.KeyFile+",再重新启动。")
	return nil
}

func (k *Keeper) readOrMakeKey(ctx context.Context, identity eventstore.Identity) (key notary.Key, made bool, err error) {
	key, err = notary.ReadKey(k.opts.KeyFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	origin, err := sealedLog(ctx, k.pool)
	if err != nil {
		return key, false, err
	}
	if origin != "" {
		k.raise(KindKey, "找不到封存密钥 "+k.opts.KeyFile+",而日志 "+origin+" 已经封存过。请把密钥文件放回原处(备份或另一台实例上有),再重新启动。")
		return key, false, nil
	}
	if key, err = notary.NewKey(identity); err != nil {
		return key, false, err
	}
	err = notary.WriteKey(k.opts.KeyFile, key)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		key, err = notary.ReadKey(k.opts.KeyFile)
		return key, false, err
	}
	return key, true, err
}

// Damaged closes the store because of what was found in the files of the stream
// before the server was started.
func (k *Keeper) Damaged(text string) { k.raise(KindDamage, text) }

// raise notes a problem; the same kind again only changes its text.
func (k *Keeper) raise(kind Kind, text string) {
	k.mu.Lock()
	i := slices.IndexFunc(k.problems, func(p Problem) bool { return p.Kind == kind })
	fresh := i < 0
	if fresh {
		k.problems = append(k.problems, Problem{Kind: kind, Since: time.Now().UTC(), Text: text})
	} else {
		fresh = k.problems[i].Text != text && kind != KindStalled
		k.problems[i].Text = text
	}
	k.tell()
	k.mu.Unlock()
	switch {
	case fresh && kind == KindStalled: // such as a change of leader
		k.opts.Logger.Warn("sealing waits", "kind", kind, "text", text)
	case fresh:
		k.opts.Logger.Error("sealing problem", "kind", kind, "text", text)
	}
}

// settle forgets problems that are over.
func (k *Keeper) settle(kinds ...Kind) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := len(k.problems)
	k.problems = slices.DeleteFunc(k.problems, func(p Problem) bool { return slices.Contains(kinds, p.Kind) })
	if len(k.problems) < before {
		k.opts.Logger.Info("sealing problem is over", "kinds", kinds)
		k.tell()
	}
}

// tell wakes those who wait. mu is held.
func (k *Keeper) tell() {
	close(k.moved)
	k.moved = make(chan struct{})
}

// blame makes a Problem of an error that says something about the log, and
// reports whether it did.
func (k *Keeper) blame(err error) bool {
	const repair = "请停止服务,运行 hearth repair,按它的提示处理;在此之前可以继续查看,不能登记。"
	switch {
	case errors.Is(err, notary.ErrFork):
		k.raise(KindFork, fmt.Sprintf("事件流与封存的内容不同(%v)。请保护现场:不要删除任何文件,先运行 hearth audit verify 查明位置。%s", err, repair))
	case errors.Is(err, eventstore.ErrCorrupt):
		text := "事件流里有缺失或损坏"
		if m, ok := errors.AsType[*eventstore.Missing](err); ok {
			text = fmt.Sprintf("事件流里缺第 %d 至 %d 条", m.From, m.To)
		}
		k.raise(KindLog, text+"。"+repair)
	default:
		return errors.Is(err, errOtherLog) || errors.Is(err, errNoKey) // told already
	}
	return true
}

// Status is how far sealing is.
type Status struct {
	Checkpoint notary.Checkpoint
	SealedAt   time.Time
	Problems   []Problem
}

// Closed reports that nothing may be written.
func (s Status) Closed() bool { return slices.ContainsFunc(s.Problems, Problem.Closes) }

// Status tells how far sealing is.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Status{Checkpoint: k.last, SealedAt: k.sealedAt, Problems: slices.Clone(k.problems)}
}

// Guard is the store for those who write: it takes no appends while there is a
// problem that closes it.
func (k *Keeper) Guard(s eventstore.Store) eventstore.Store { return guarded{s, k} }

type guarded struct {
	eventstore.Store
	keeper *Keeper
}

// Append implements eventstore.Store.
func (g guarded) Append(ctx context.Context, changes ...eventstore.Change) ([]eventstore.Head, error) {
	if err := g.keeper.writable(); err != nil {
		return nil, err
	}
	return g.Store.Append(ctx, changes...)
}

func (k *Keeper) writable() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.ContainsFunc(k.problems, Problem.Closes) {
		return nil
	}
	var kinds []string
	for _, p := range k.problems {
		kinds = append(kinds, string(p.Kind))
	}
	return fmt.Errorf("%w: %s", eventstore.ErrReadOnly, strings.Join(kinds, ", "))
}

package sealing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// rehashed is how many of the last sealed messages are hashed again at a start.
const rehashed = 256

// check compares the log with what was sealed and makes the sealer. It is quick:
// the end, the signed root of the tiles, and the last messages. The rest is for
// verification.
func (k *Keeper) check(ctx context.Context) error {
	k.sealing.Lock()
	defer k.sealing.Unlock()
	identity, err := k.log.Identity(ctx)
	if err != nil {
		return err
	}
	if notary.Origin(identity) != k.key.Origin() {
		return k.otherLog(identity)
	}
	sealer, err := k.openSealer()
	if err != nil {
		return err
	}
	held, err := larger(ctx, anchor{k.pool, k.key.Origin()}, k.key, sealer.Last())
	if err != nil {
		return err
	}
	at, err := anchor{k.pool, k.key.Origin()}.sealedAt(ctx)
	if err != nil {
		return err
	}
	k.sealed(held, at) // what is told even if the log does not agree
	end, err := k.log.End(ctx)
	if err != nil {
		return err
	}
	if int64(end) < held.Size {
		return &eventstore.Missing{From: end + 1, To: eventstore.Position(held.Size)}
	}
	if err := k.rehash(ctx, sealer.Size()); err != nil {
		return err
	}
	k.sealer = sealer
	return nil
}

// larger is the larger of the two checkpoints that are kept. Both at one size
// must be one.
func larger(ctx context.Context, a anchor, key notary.Key, own notary.Checkpoint) (notary.Checkpoint, error) {
	note, err := a.Last(ctx)
	if err != nil || len(note) == 0 {
		return own, err
	}
	c, err := notary.OpenCheckpoint(note, key.Verifier())
	if err != nil {
		return own, fmt.Errorf("%w: the checkpoint in the database: %w", notary.ErrFork, err)
	}
	if c.Size == own.Size && c.Root != own.Root {
		return own, fmt.Errorf("%w: two roots are signed at size %d", notary.ErrFork, c.Size)
	}
	if c.Size > own.Size {
		return c, nil
	}
	return own, nil
}

// openSealer goes on behind the checkpoint beside the tiles. Tiles that are
// damaged are put aside and computed anew: they come from the log, and what
// comes out must agree with what was signed.
func (k *Keeper) openSealer() (*notary.Sealer, error) {
	sealer, err := notary.OpenSealer(k.dir, k.key, false)
	if !errors.Is(err, notary.ErrTiles) && !errors.Is(err, notary.ErrCheckpoint) {
		return sealer, err
	}
	aside, moved := k.putAside()
	if moved != nil {
		return nil, errors.Join(err, moved)
	}
	k.opts.Logger.Warn("tiles are damaged and computed anew", "err", err, "aside", aside)
	return notary.OpenSealer(k.dir, k.key, true)
}

// putAside moves the folder of the tiles away. Nothing is deleted.
func (k *Keeper) putAside() (string, error) {
	aside := filepath.Join(filepath.Dir(k.opts.Dir), "set-aside", time.Now().UTC().Format("20060102T150405.000000000Z")+"-tiles")
	if err := os.MkdirAll(filepath.Dir(aside), 0o700); err != nil {
		return "", err
	}
	if err := os.Rename(k.opts.Dir, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return aside, nil
}

// Held is the largest checkpoint that is kept, without a look at the log: what a
// log that is closed or lost is compared with.
func Held(ctx context.Context, pool *pgxpool.Pool, key notary.Key, dir notary.Dir) (notary.Checkpoint, error) {
	own, err := dir.Checkpoint(key.Verifier())
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, notary.ErrCheckpoint) {
		return own, err
	}
	return larger(ctx, anchor{pool, key.Origin()}, key, own)
}

// Held is the largest checkpoint that is kept.
func (k *Keeper) Held(ctx context.Context) (notary.Checkpoint, error) {
	return Held(ctx, k.pool, k.key, k.dir)
}

// Rebuild puts the tiles aside and computes them anew from the log. What comes
// out must agree with what was signed. Run must not run.
func (k *Keeper) Rebuild(ctx context.Context) error {
	k.sealing.Lock()
	aside, err := k.putAside()
	if err == nil {
		k.sealer, err = notary.OpenSealer(k.dir, k.key, true)
	}
	k.sealing.Unlock()
	if err != nil {
		return fmt.Errorf("compute the tiles anew: %w", err)
	}
	k.opts.Logger.InfoContext(ctx, "tiles are computed anew", "aside", aside)
	_, err = k.Seal(ctx)
	return err
}

// rehash compares the last sealed messages with their leaves.
func (k *Keeper) rehash(ctx context.Context, size int64) error {
	first := max(0, size-rehashed) + 1
	if size == 0 {
		return nil
	}
	leaves, err := k.dir.Leaves(first, size)
	if err != nil {
		return err
	}
	return eventstore.ReadMessages(ctx, k.log, eventstore.Position(first-1), eventstore.Position(size), func(page []eventstore.Message) error {
		for _, m := range page {
			if notary.HashOf(m) != leaves[int64(m.Position)-first] {
				return fmt.Errorf("%w: position %d", notary.ErrFork, m.Position)
			}
		}
		return nil
	})
}

func (k *Keeper) sealed(c notary.Checkpoint, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last, k.sealedAt = c, at
	k.tell()
}

const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 5 * time.Second
)

// Run seals until ctx ends. It never gives up: what stands in its way is in
// Status, and is looked at again.
func (k *Keeper) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { k.watchConfiguration(ctx) })
	for wait := minBackoff; ctx.Err() == nil; wait = min(2*wait, maxBackoff) {
		before := k.Status().Checkpoint.Size
		err := k.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if !k.blame(err) {
			k.raise(KindStalled, "暂时不能封存,正在重试;登记照常,事件不会丢失。("+plain(err)+")")
		}
		if k.Status().Checkpoint.Size > before {
			wait = minBackoff
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	both.Wait()
	k.sealRest(ctx)
}

// sealRest seals what is stored when the service stops, so that the next start can
// compare all of it.
func (k *Keeper) sealRest(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxBackoff)
	defer cancel()
	if k.Status().Closed() {
		return
	}
	if _, err := k.Seal(ctx); err != nil {
		k.opts.Logger.WarnContext(ctx, "the last events are not sealed yet", "err", err)
	}
}

func plain(err error) string {
	if err == nil {
		return "没有说明"
	}
	return err.Error()
}

// session checks the log, then seals what comes, until something breaks.
func (k *Keeper) session(ctx context.Context) error {
	if k.key.Public() == "" {
		return errNoKey
	}
	if err := k.check(ctx); err != nil {
		return err
	}
	k.sealing.Lock()
	size := k.sealer.Size()
	k.sealing.Unlock()
	feed, err := k.log.Messages(ctx, eventstore.Position(size))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan page, 2)
	var pump sync.WaitGroup
	pump.Go(func() { pumpPages(ctx, feed, pages) })
	defer pump.Wait()
	defer cancel()
	if err := k.sealNow(ctx); err != nil {
		return err
	}
	k.settle(KindLog, KindFork, KindOtherLog, KindStalled)
	tick := time.NewTicker(k.opts.Interval)
	defer tick.Stop()
	for {
		select {
		case p := <-pages:
			if p.err != nil {
				return p.err
			}
			if err := k.add(p.messages); err != nil {
				return err
			}
		case <-tick.C:
			if err := k.sealNow(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// otherLog notes that the stream is not the one that the key belongs to.
func (k *Keeper) otherLog(identity eventstore.Identity) error {
	k.raise(KindOtherLog, "事件流不是封存过的那一个(密钥属于 "+k.key.Origin()+",现在的事件流是 "+notary.Origin(identity)+")。请停止服务,运行 hearth repair;若是有意换用新库,请改用新的状态文件夹。")
	return errOtherLog
}

// errOtherLog is why nothing is sealed of another log; otherLog has told more.
var errOtherLog = errors.New("the stream is another log")

// errNoKey is why nothing is sealed without the key; findKey has told more.
var errNoKey = errors.New("the signing key is missing")

type page struct {
	messages []eventstore.Message
	err      error
}

const pageMessages = 2000

// pumpPages reads the feed until it ends, which Close or ctx brings about.
func pumpPages(ctx context.Context, feed eventstore.MessageFeed, out chan<- page) {
	defer feed.Close()
	for {
		messages, err := feed.Next(ctx, pageMessages)
		select {
		case out <- page{messages, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// add takes messages that Seal has not been faster to take.
func (k *Keeper) add(messages []eventstore.Message) error {
	k.sealing.Lock()
	defer k.sealing.Unlock()
	size := eventstore.Position(k.sealer.Size())
	for len(messages) > 0 && messages[0].Position <= size {
		messages = messages[1:]
	}
	return k.sealer.Add(messages)
}

// sealNow signs what the tree holds, when that is more than was signed.
func (k *Keeper) sealNow(ctx context.Context) error {
	k.sealing.Lock()
	defer k.sealing.Unlock()
	if k.sealer.Size() == k.sealer.Last().Size && k.sealer.Size() > 0 {
		return nil
	}
	return k.sign(ctx)
}

// sign seals; sealing is held.
func (k *Keeper) sign(ctx context.Context) error {
	if k.sealer.Size() == 0 {
		return nil
	}
	c, err := k.sealer.Seal(ctx, anchor{k.pool, k.key.Origin()})
	if err != nil {
		return err
	}
	k.sealed(c, time.Now().UTC())
	return nil
}

// Seal seals everything that is stored now and gives the checkpoint, whether Run
// runs or not. A log that does not agree with what was sealed is an error.
func (k *Keeper) Seal(ctx context.Context) (notary.Checkpoint, error) {
	if k.Status().Closed() {
		return notary.Checkpoint{}, k.writable()
	}
	end, err := k.log.End(ctx)
	if err != nil {
		return notary.Checkpoint{}, err
	}
	k.sealing.Lock()
	defer k.sealing.Unlock()
	if k.sealer == nil {
		return notary.Checkpoint{}, errors.New("sealing: not opened")
	}
	err = eventstore.ReadMessages(ctx, k.log, eventstore.Position(k.sealer.Size()), end, k.sealer.Add)
	if err == nil {
		err = k.sign(ctx)
	}
	if err != nil {
		k.blame(err)
		return notary.Checkpoint{}, fmt.Errorf("seal: %w", err)
	}
	return k.sealer.Last(), nil
}

// watchConfiguration looks at the stream's configuration from time to time.
func (k *Keeper) watchConfiguration(ctx context.Context) {
	tick := time.NewTicker(k.opts.Watch)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			k.lookAtConfiguration(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (k *Keeper) lookAtConfiguration(ctx context.Context) {
	if k.opts.Configuration == nil {
		return
	}
	differs, err := k.opts.Configuration(ctx)
	switch {
	case err != nil: // not reached: the next look is soon
	case differs == "":
		k.settle(KindConfiguration)
	default:
		k.raise(KindConfiguration, "事件流的设置被改动,可能丢失历史,已停止登记。请用有权限的 NATS 账号改回原设置,改回后自动恢复。不同之处:"+differs)
	}
}

package sealing_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/adapters/sealing"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long anything here may take.
const patience = time.Minute

// tampered is a log that a test rewrites behind everybody's back.
type tampered struct {
	mu       sync.Mutex
	identity eventstore.Identity  // guarded by mu
	messages []eventstore.Message // guarded by mu
	grown    chan struct{}        // guarded by mu; closed when messages change
	down     error                // guarded by mu
}

func newLog(n int) *tampered {
	l := &tampered{identity: "log-1", grown: make(chan struct{})}
	l.grow(n)
	return l
}

func (l *tampered) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *tampered) grow(n int) {
	l.change(func() {
		for range n {
			p := eventstore.Position(len(l.messages) + 1)
			l.messages = append(l.messages, eventstore.Message{Position: p, Subject: "ev.a.1", Body: fmt.Append(nil, "body ", p)})
		}
	})
}

func (l *tampered) End(context.Context) (eventstore.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return eventstore.Position(len(l.messages)), l.down
}

func (l *tampered) Identity(context.Context) (eventstore.Identity, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.identity, l.down
}

func (l *tampered) Messages(_ context.Context, after eventstore.Position) (eventstore.MessageFeed, error) {
	return &tamperedFeed{l, after}, nil
}

type tamperedFeed struct {
	log  *tampered
	last eventstore.Position
}

func (f *tamperedFeed) Next(ctx context.Context, limit int) ([]eventstore.Message, error) {
	for {
		f.log.mu.Lock()
		all, grown, down := f.log.messages, f.log.grown, f.log.down
		f.log.mu.Unlock()
		if down != nil {
			return nil, down
		}
		if int(f.last) < len(all) {
			page := slices.Clone(all[f.last:min(len(all), int(f.last)+limit)])
			if page[0].Position != f.last+1 {
				return nil, &eventstore.Missing{From: f.last + 1, To: page[0].Position - 1}
			}
			f.last = page[len(page)-1].Position
			return page, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *tamperedFeed) Close() {}

func open(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), pgtest.DSN(t), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if err := postgres.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

func options(dir string) sealing.Options {
	return sealing.Options{
		Dir: filepath.Join(dir, "tiles"), KeyFile: filepath.Join(dir, "key"), Interval: 10 * time.Millisecond, Watch: 10 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	}
}

// run opens a keeper and runs it until stop or the end of the test.
func run(t *testing.T, pool *pgxpool.Pool, log eventstore.Log, o sealing.Options) (k *sealing.Keeper, stop func()) {
	t.Helper()
	k = sealing.New(pool, log, o)
	if err := k.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { k.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return k, stop
}

// until waits for a state of the keeper.
func until(t *testing.T, k *sealing.Keeper, what string, ok func(sealing.Status) bool) {
	t.Helper()
	end := time.After(patience)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !ok(k.Status()) {
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("waited in vain until %s: %+v", what, k.Status())
		}
	}
}

func sealedTo(n int64) func(sealing.Status) bool {
	return func(s sealing.Status) bool { return s.Checkpoint.Size == n && len(s.Problems) == 0 }
}

func has(kind sealing.Kind) func(sealing.Status) bool {
	return func(s sealing.Status) bool {
		return slices.ContainsFunc(s.Problems, func(p sealing.Problem) bool { return p.Kind == kind })
	}
}

// TestSealsAndGoesOn: what is stored is sealed within the interval, over
// restarts, also by two instances with one key that share the database.
func TestSealsAndGoesOn(t *testing.T) {
	t.Parallel()
	pool, log, dir := open(t), newLog(600), t.TempDir()
	k, stop := run(t, pool, log, options(dir))
	until(t, k, "all is sealed", sealedTo(600))
	log.grow(1)
	until(t, k, "the next is sealed", sealedTo(601))
	stop()
	log.grow(300)
	k, _ = run(t, pool, log, options(dir))
	until(t, k, "it has gone on", sealedTo(901))
	other := options(t.TempDir())
	other.KeyFile = options(dir).KeyFile
	k2, _ := run(t, pool, log, other)
	until(t, k2, "the second has caught up", sealedTo(901))
	log.grow(50)
	for _, k := range []*sealing.Keeper{k, k2} {
		until(t, k, "both have sealed", sealedTo(951))
		c, err := k.Seal(t.Context())
		if err != nil || c.Size != 951 {
			t.Errorf("seal: %d, %v", c.Size, err)
		}
	}
}

// TestOneKeySigns: an instance that would draw a key of its own is told which one
// it needs, and leaves nothing behind.
func TestOneKeySigns(t *testing.T) {
	t.Parallel()
	pool, log := open(t), newLog(0)
	run(t, pool, log, options(t.TempDir()))
	other := options(t.TempDir())
	k, _ := run(t, pool, log, other)
	until(t, k, "the second is told", has(sealing.KindKey))
	if _, err := os.Stat(other.KeyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key that signs for nothing was left: %v", err)
	}
}

// TestStopSealsTheRest, so that the next start can compare everything.
func TestStopSealsTheRest(t *testing.T) {
	t.Parallel()
	pool, log, dir := open(t), newLog(10), t.TempDir()
	o := options(dir)
	o.Interval = time.Hour
	k, stop := run(t, pool, log, o)
	log.grow(5)
	stop()
	if got := k.Status().Checkpoint.Size; got != 15 {
		t.Errorf("sealed %d when it stopped, want 15", got)
	}
}

// TestClosesForWriting: each way in which the log can fail to be what was sealed
// closes it, before a start has come as far as taking a write, and names what is
// wrong.
func TestClosesForWriting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(l *tampered, dir string)
		kind sealing.Kind
	}{
		"shorter":         {func(l *tampered, _ string) { l.change(func() { l.messages = l.messages[:990] }) }, sealing.KindLog},
		"emptied":         {func(l *tampered, _ string) { l.change(func() { l.messages = nil }) }, sealing.KindLog},
		"another body":    {func(l *tampered, _ string) { l.change(func() { l.messages[980].Body = []byte("x") }) }, sealing.KindFork},
		"another subject": {func(l *tampered, _ string) { l.change(func() { l.messages[980].Subject = "ev.b.1" }) }, sealing.KindFork},
		"another log":     {func(l *tampered, _ string) { l.change(func() { l.identity = "log-2" }) }, sealing.KindOtherLog},
		"the key is lost": {func(_ *tampered, dir string) { _ = os.Remove(filepath.Join(dir, "key")) }, sealing.KindKey},
		"rewritten, without the tiles": {func(l *tampered, dir string) {
			l.change(func() { l.messages[3].Body = []byte("x") })
			_ = os.RemoveAll(filepath.Join(dir, "tiles"))
		}, sealing.KindFork},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, log, dir := open(t), newLog(1000), t.TempDir()
			k, stop := run(t, pool, log, options(dir))
			until(t, k, "all is sealed", sealedTo(1000))
			stop()
			c.harm(log, dir)
			k, _ = run(t, pool, log, options(dir))
			until(t, k, name, has(c.kind))
			store := k.Guard(memstore.New(storetest.Registry()))
			if _, err := store.Append(t.Context(), storetest.Change(storetest.Stream(), eventstore.Head{}, "a")); !errors.Is(err, eventstore.ErrReadOnly) {
				t.Errorf("append: got %v, want ErrReadOnly", err)
			}
			if _, err := k.Seal(t.Context()); !errors.Is(err, eventstore.ErrReadOnly) {
				t.Errorf("seal: got %v, want ErrReadOnly", err)
			}
		})
	}
}

// TestGapWhileRunning closes the log, and what is mended opens it again.
func TestGapWhileRunning(t *testing.T) {
	t.Parallel()
	pool, log := open(t), newLog(10)
	k, _ := run(t, pool, log, options(t.TempDir()))
	until(t, k, "all is sealed", sealedTo(10))
	next := eventstore.Message{Position: 12, Subject: "ev.a.1", Body: []byte("body 12")}
	log.change(func() { log.messages = append(log.messages, next) })
	until(t, k, "the gap is seen", has(sealing.KindLog))
	log.change(func() {
		log.messages = append(log.messages[:10], eventstore.Message{Position: 11, Subject: "ev.a.1", Body: []byte("body 11")}, next)
	})
	until(t, k, "all is sealed again", sealedTo(12))
}

// TestUnreachableLogDoesNotClose: it only waits.
func TestUnreachableLogDoesNotClose(t *testing.T) {
	t.Parallel()
	pool, log := open(t), newLog(10)
	k, _ := run(t, pool, log, options(t.TempDir()))
	until(t, k, "all is sealed", sealedTo(10))
	log.change(func() { log.down = errors.New("no responders") })
	until(t, k, "it stalls", has(sealing.KindStalled))
	if k.Status().Closed() {
		t.Error("the log is closed although nothing is known to be wrong")
	}
	log.change(func() { log.down = nil })
	log.grow(1)
	until(t, k, "it goes on", sealedTo(11))
}

// TestDamagedTilesAreComputedAnew and kept aside.
func TestDamagedTilesAreComputedAnew(t *testing.T) {
	t.Parallel()
	pool, log, dir := open(t), newLog(700), t.TempDir()
	k, stop := run(t, pool, log, options(dir))
	until(t, k, "all is sealed", sealedTo(700))
	stop()
	note, err := os.ReadFile(filepath.Join(dir, "tiles", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"tile/0/002.p/188", "checkpoint"} {
		file := filepath.Join(dir, "tiles", filepath.FromSlash(name))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data[7] ^= 1
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		k, stop = run(t, pool, log, options(dir))
		until(t, k, "all is sealed again", sealedTo(700))
		stop()
		if again, err := os.ReadFile(filepath.Join(dir, "tiles", "checkpoint")); err != nil || string(again) != string(note) {
			t.Errorf("%s: the checkpoint is another one: %s, %v", name, again, err)
		}
		if aside, err := filepath.Glob(filepath.Join(dir, "set-aside", "*", filepath.FromSlash(name))); err != nil || len(aside) != i+1 {
			t.Errorf("%s: set aside: %v, %v", name, aside, err)
		}
	}
}

// TestConfigurationClosesAndOpens the log.
func TestConfigurationClosesAndOpens(t *testing.T) {
	t.Parallel()
	pool, log := open(t), newLog(10)
	var mu sync.Mutex
	differs := ""
	set := func(s string) { mu.Lock(); defer mu.Unlock(); differs = s }
	o := options(t.TempDir())
	o.Configuration = func(context.Context) (string, error) { mu.Lock(); defer mu.Unlock(); return differs, nil }
	k, _ := run(t, pool, log, o)
	until(t, k, "all is sealed", sealedTo(10))
	set("MaxMsgs is 5")
	until(t, k, "the change is seen", has(sealing.KindConfiguration))
	set("")
	until(t, k, "it is open again", sealedTo(10))
}

// TestIssued checkpoints are kept, with their witness.
func TestIssued(t *testing.T) {
	t.Parallel()
	pool, log := open(t), newLog(10)
	k, _ := run(t, pool, log, options(t.TempDir()))
	c, err := k.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 29, 1, 2, 3, 0, time.UTC)
	if err := errors.Join(k.Issue(t.Context(), c, "u1"), k.Issue(t.Context(), c, "u2"), k.Witnessed(t.Context(), c, "w", at)); err != nil {
		t.Fatal(err)
	}
	all, err := k.Issued(t.Context())
	if err != nil || len(all) != 1 || all[0].Checkpoint.Root != c.Root || !all[0].WitnessedAt.Equal(at) {
		t.Errorf("issued: %+v, %v", all, err)
	}
}

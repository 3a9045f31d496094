package reactions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/casework"
	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/postgres"
	"hearth/adapters/reactions"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// quick makes everything that is waited for come soon.
var quick = reactions.Options{
	Batch: 10, Retries: 2, FirstRetry: time.Millisecond, MaxBackoff: 100 * time.Millisecond,
	RetryStopped: 20 * time.Millisecond, Heartbeat: 20 * time.Millisecond, Timeout: 5 * time.Second,
}

// bundle is what most tests need: a database, a log, and the book of what a
// reaction did.
type bundle struct {
	t     testing.TB
	pool  *pgxpool.Pool
	store eventstore.Store
	log   *book

	mu   sync.Mutex
	head eventstore.Head       // guarded by mu; of the one stream
	done []string              // guarded by mu; "text/command"
	fail map[string]error      // guarded by mu; by text
	hold map[string]chan error // guarded by mu; by text: waits
}

var stream = eventstore.StreamID{Family: "test", Case: "one"}

func setup(t testing.TB) *bundle {
	t.Helper()
	pool := pgtest.Pool(t)
	must(t, postgres.Migrate(t.Context(), pool))
	return &bundle{
		t: t, pool: pool, store: memstore.New(storetest.Registry()), log: &book{},
		fail: map[string]error{}, hold: map[string]chan error{},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add stores one commit with an event for each text and returns its position.
func (b *bundle) add(texts ...string) eventstore.Position {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	heads, err := b.store.Append(b.t.Context(), storetest.Change(stream, b.head, texts...))
	must(b.t, err)
	b.head = heads[0]
	return b.head.Position
}

// say is the command that the reaction of the tests sends.
type say struct {
	domain.By
	Text string
	Seen int // events before the one that it answers to
}

// echo wishes to say every text that does not begin with a dot.
func echo(name string) domain.Reaction[int, *say] {
	return domain.Reaction[int, *say]{
		Name: name, Types: []string{storetest.Noted{}.EventType()},
		Evolve: func(n int, _ domain.Event) int { return n + 1 },
		React: func(n int, fact domain.Fact) []domain.Wish[*say] {
			text := fact.Event.(storetest.Noted).Text
			if strings.HasPrefix(text, ".") {
				return nil
			}
			if strings.HasPrefix(text, "!") {
				panic(errors.New("Zhang San 13800001234"))
			}
			return []domain.Wish[*say]{{Command: &say{Text: text, Seen: n}}}
		},
	}
}

// reaction carries out the wishes of echo: it writes them into the book, or
// fails as the test says.
func (b *bundle) reaction(name string) reactions.Reaction {
	r := reactions.Bind("回声", echo(name), func(ctx context.Context, _ uuid.UUID, cmd *say, req casework.Request) error {
		b.mu.Lock()
		err, hold := b.fail[cmd.Text], b.hold[cmd.Text]
		b.mu.Unlock()
		if hold != nil {
			select {
			case err = <-hold:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.done = append(b.done, fmt.Sprintf("%s after %d", cmd.Text, cmd.Seen))
		if err == nil && (req.Cause == "" || req.Correlation != "test" || req.Actor != casework.Clerk) {
			err = fmt.Errorf("request %+v", req)
		}
		return err
	})
	r.FromStart = true
	return r
}

// failing makes a text fail, nil ends that.
func (b *bundle) failing(text string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail[text] = err
}

// did is what was carried out so far.
func (b *bundle) did() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.done, ", ")
}

func (b *bundle) runner(all ...reactions.Reaction) *reactions.Runner {
	opts := quick
	opts.Logger = slog.New(slog.NewTextHandler(b.log, nil))
	return reactions.New(b.pool, b.store, opts, all...)
}

// start runs a Runner and returns what stops it. It ends with the test at the
// latest.
func start(t testing.TB, r *reactions.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(patience):
			t.Error("the runner does not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

// until polls until it holds.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

// reaches waits until the checkpoint of a reaction is at a position.
func (b *bundle) reaches(name string, pos eventstore.Position) {
	b.t.Helper()
	until(b.t, fmt.Sprintf("%s at %d; %s", name, pos, b.log), func() bool {
		return b.number("select coalesce(max(position), 0) from hearth.reaction where name = $1", name) == int(pos)
	})
}

func (b *bundle) number(sql string, args ...any) int {
	b.t.Helper()
	var n int
	if err := b.pool.QueryRow(b.t.Context(), sql, args...).Scan(&n); err != nil {
		b.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), sql, args...)
	must(b.t, err)
}

func (b *bundle) status(r *reactions.Runner, name string) reactions.Status {
	b.t.Helper()
	all, err := r.Status(b.t.Context())
	must(b.t, err)
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	b.t.Fatalf("no status of %s", name)
	return reactions.Status{}
}

// book collects what is logged.
type book struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *book) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *book) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// atomicError is an error that changes while others look at it.
type atomicError struct {
	mu  sync.Mutex
	err error // guarded by mu
}

func (a *atomicError) store(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *atomicError) load() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

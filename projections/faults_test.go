package projections_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/postgres"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/projections"
)

// stride leaves out messages, so that the test takes seconds; with 1 it takes a
// minute.
const stride = 7

var errInjected = errors.New("injected")

// line breaks one connection at the n-th message to the server: before the
// server gets it, or after, so that the work is done and the answer is lost.
type line struct {
	persist bool
	at      int

	mu     sync.Mutex
	n      int    // guarded by mu
	broken string // guarded by mu; the message that was hit
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	return &brokenConn{Conn: conn, line: l}, err
}

func (l *line) hit(p []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	if l.n == l.at {
		l.broken = printable(p)
		return true
	}
	return false
}

// message is what was hit, empty when nothing was.
func (l *line) message() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

func printable(p []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, string(p[:min(len(p), 60)]))
}

type brokenConn struct {
	net.Conn
	line *line
	lose atomic.Bool // the next answer
}

func (c *brokenConn) Write(p []byte) (int, error) {
	if !c.line.hit(p) {
		return c.Conn.Write(p)
	}
	if !c.line.persist {
		c.Conn.Close()
		return 0, errInjected
	}
	c.lose.Store(true)
	return c.Conn.Write(p)
}

func (c *brokenConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.lose.Load() {
		c.Conn.Close()
		return 0, errInjected
	}
	return n, err
}

// The connection breaks at one message of a life after the other: first build, live,
// rebuild, live. Whatever the message was, the rows are as if nothing had
// happened, and nothing is left over.
func TestConnectionBreaksAnywhere(t *testing.T) {
	t.Parallel()
	clean := setup(t)
	faultless := &line{}
	live(t, clean, faultless)
	want := clean.digest("desk_v1")
	clean.counts("desk_v1", 12, 35)
	for name, persist := range map[string]bool{"FailButPersist": true, "FailAndNotPersist": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for at := 1; at <= faultless.n; at += stride {
				l := &line{persist: persist, at: at}
				b.store = memstore.New(registry())
				b.reset()
				live(t, b, l)
				if diff := cmp.Diff(want, b.digest("desk_v1")); diff != "" {
					t.Fatalf("after a fault at message %d, %q (-want +got):\n%s", at, l.message(), diff)
				}
				b.counts("desk_v1", 12, 35)
				// What could not be dropped goes with the next start.
				stop := start(t, b.runner(desk{}))
				until(t, "clean", func() bool { return b.schemas() == "desk_v1" })
				stop()
			}
		})
	}
}

// live is the life of a model on a line.
func live(t *testing.T, b *bundle, l *line) {
	t.Helper()
	cfg, err := postgres.Config(b.pool.Config().ConnString(), postgres.Options{})
	must(t, err)
	cfg.ConnConfig.DialFunc = l.dial
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	must(t, err)
	defer pool.Close()
	first := b.fill(0, 10, 2)
	opts := quick
	opts.Logger = slog.New(slog.DiscardHandler)
	r := projections.New(pool, b.store, opts, desk{})
	stop := start(t, r)
	defer stop()
	wait(t, r, "desk", first)
	wait(t, r, "desk", b.fill(0, 11, 1))
	until(t, "rebuild", func() bool {
		err := r.Rebuild(t.Context(), "desk", nil)
		if err != nil && l.message() == "" {
			t.Fatalf("rebuild without a fault: %v", err)
		}
		return err == nil
	})
	b.append(stream(11), noted{Text: "a"}, noted{Text: "b"}, closed{})
	end := b.append(stream(11), paid{Sum: 5})
	wait(t, r, "desk", end)
	until(t, "ready", func() bool { return r.Ready(t.Context()) == nil })
}

// reset removes the models from the database.
func (b *bundle) reset() {
	b.t.Helper()
	b.heads = map[eventstore.StreamID]eventstore.Head{}
	for _, schema := range strings.Fields(b.schemas()) {
		_, err := b.pool.Exec(b.t.Context(), fmt.Sprintf("drop schema %s cascade", schema))
		must(b.t, err)
	}
	_, err := b.pool.Exec(b.t.Context(), "delete from hearth.projection")
	must(b.t, err)
}

package natsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

var (
	errNoAnswer = errors.New("no answer from the server")
	errClosed   = errors.New("event store is closed")
)

// replies receives the answers to everything that a store asks, on one
// subscription: acknowledgements and loaded messages.
type replies struct {
	sub    *nats.Subscription
	prefix string
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	last uint64           // guarded by mu
	open map[uint64]*call // guarded by mu
}

// call is a question under way. msgs and err belong to those who answer it until
// done is closed.
type call struct {
	id       uint64
	reply    string
	subjects []string // on which the question is published
	final    func(*nats.Msg) bool
	msgs     []*nats.Msg
	err      error // why there will be no answer
	done     chan struct{}
}

func newReplies(nc *nats.Conn) (*replies, error) {
	r := &replies{prefix: nc.NewInbox() + ".", closed: make(chan struct{}), open: map[uint64]*call{}}
	sub, err := nc.Subscribe(r.prefix+"*", r.receive)
	if err != nil {
		return nil, err
	}
	r.sub = sub
	return r, sub.SetPendingLimits(-1, -1)
}

// begin opens a call that is asked on the subjects given; its answers go to
// call.reply. final says which answer is the last one.
func (r *replies) begin(final func(*nats.Msg) bool, subjects ...string) *call {
	c := &call{final: final, subjects: subjects, done: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	c.id = r.last
	c.reply = r.prefix + strconv.FormatUint(c.id, 36)
	r.open[c.id] = c
	return c
}

func (r *replies) receive(m *nats.Msg) {
	id, err := strconv.ParseUint(strings.TrimPrefix(m.Subject, r.prefix), 36, 64)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.open[id]
	if c == nil {
		return // its caller has gone
	}
	c.msgs = append(c.msgs, m)
	if c.final(m) {
		delete(r.open, id)
		close(c.done)
	}
}

// deny ends the calls that were asked on a subject: the server has refused it
// and will not answer.
func (r *replies) deny(subject string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, c := range r.open {
		if slices.Contains(c.subjects, subject) {
			c.err = err
			delete(r.open, id)
			close(c.done)
		}
	}
}

func (r *replies) forget(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, c.id)
}

// wait returns all answers of a call. The server has ackWait to give the last.
func (r *replies) wait(ctx context.Context, c *call) ([]*nats.Msg, error) {
	patience := time.NewTimer(ackWait)
	defer patience.Stop()
	var err error
	select {
	case <-c.done:
		if c.err != nil {
			return nil, c.err
		}
		if last := c.msgs[len(c.msgs)-1]; status(last) == "503" {
			return nil, nats.ErrNoResponders
		}
		return c.msgs, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
		err = fmt.Errorf("%w in %s", errNoAnswer, ackWait)
	case <-r.closed:
		err = errClosed
	}
	r.forget(c)
	return nil, err
}

func (r *replies) close() {
	r.once.Do(func() {
		close(r.closed)
		// Only fails when the connection is closed, which ends it too.
		_ = r.sub.Unsubscribe()
	})
}

// status is the code of an answer that is not a message, else empty.
func status(m *nats.Msg) string {
	if len(m.Data) > 0 || m.Header == nil {
		return ""
	}
	return m.Header.Get("Status")
}

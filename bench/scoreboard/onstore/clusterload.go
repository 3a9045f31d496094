package onstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"hearth/bench/scoreboard/rig"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// clusterLoad is 16 writers over a connection to each server of a cluster.
type clusterLoad struct {
	conns  []*nats.Conn
	stores []*natsstore.Store
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	err    error         // guarded by mu, as are all below
	told   int           // acknowledged
	last   time.Time     // when
	silent time.Duration // the longest time between two acknowledgements
}

func (c *nodes) load(ctx context.Context, ledger *storetest.Ledger) (*clusterLoad, error) {
	load := &clusterLoad{}
	for i := range 3 {
		nc, err := c.connect(ctx, i)
		if err != nil {
			return nil, err
		}
		s, err := replicated(ctx, nc)
		if err != nil {
			nc.Close()
			return nil, err
		}
		load.conns, load.stores = append(load.conns, nc), append(load.stores, s)
	}
	ctx, load.cancel = context.WithCancel(ctx)
	for i, writers := range []int{6, 5, 5} {
		load.done.Go(func() {
			err := storetest.Load{Writers: writers, Told: func(t storetest.Told) { ledger.Note(t); load.note() }}.Run(ctx, load.stores[i])
			load.mu.Lock()
			defer load.mu.Unlock()
			load.err = errors.Join(load.err, err)
		})
	}
	return load, nil
}

func (l *clusterLoad) note() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.told++; l.told > 1 {
		l.silent = max(l.silent, now.Sub(l.last))
	}
	l.last = now
}

// more waits until so many more are acknowledged.
func (l *clusterLoad) more(ctx context.Context, n int) error {
	count := func() (int, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.told, l.err
	}
	from, _ := count()
	var failed error
	err := rig.Until(ctx, "appends go on", func() bool {
		now, err := count()
		failed = err
		return now >= from+n || err != nil
	})
	return errors.Join(err, failed)
}

// end ends the writers, and tells the longest silence. The stores stay open.
func (l *clusterLoad) end() (time.Duration, error) {
	l.cancel()
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent, l.err
}

package onstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"hearth/adapters/natsserver"
	"hearth/bench/scoreboard/rig"
	"hearth/eventstore"
	"hearth/eventstore/storetest"
)

const (
	linearClients = 6
	linearGroups  = 3 // of two streams, which one append may change together
	linearOps     = 60
	linearWait    = 300 * time.Millisecond // for one answer
	linearCut     = 150 * time.Millisecond // between two cuts of all links
)

// Linearizable lets six clients append and read over links that are cut again
// and again, and asks porcupine whether there is an order that explains all
// answers.
func Linearizable(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return linearizable(ctx, env, env.Rounds(3, 40), func(s eventstore.Store) eventstore.Store { return s })
}

// LinearizableCareless shows that the rig of Linearizable bites: a store that
// appends whatever the expected version is must be seen to be wrong.
func LinearizableCareless(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	res, err := linearizable(ctx, env, env.Rounds(1, 5), func(s eventstore.Store) eventstore.Store { return careless{s} })
	return Caught(res, err, "not linearizable")
}

// careless is a known-bad store: on a conflict it reads where the streams end now
// and appends there.
type careless struct{ eventstore.Store }

// Append implements eventstore.Store, badly.
func (c careless) Append(ctx context.Context, changes ...eventstore.Change) ([]eventstore.Head, error) {
	heads, err := c.Store.Append(ctx, changes...)
	for errors.Is(err, eventstore.ErrConflict) && ctx.Err() == nil {
		for i := range changes {
			for rec, readErr := range c.Stream(ctx, changes[i].Stream, changes[i].Head) {
				if readErr != nil {
					return nil, readErr
				}
				changes[i].Head = eventstore.Head{Version: rec.Version, Position: rec.Position}
			}
		}
		heads, err = c.Store.Append(ctx, changes...)
	}
	return heads, err
}

func linearizable(ctx context.Context, env *rig.Env, rounds int, wrap func(eventstore.Store) eventstore.Store) (*rig.Result, error) {
	dir, err := env.NewDir("linear")
	if err != nil {
		return nil, err
	}
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, err
	}
	server, err := natsserver.Start(ctx, natsserver.Config{StoreDir: dir, Listen: true, Unlimited: public, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer server.Close()
	link, err := env.NewLink("tcp", strings.TrimPrefix(server.URL(), "nats://"))
	if err != nil {
		return nil, err
	}
	clients, closeAll, err := linearConnect(ctx, link.Address(), nats.Nkey(public, pair.Sign), wrap)
	defer closeAll()
	if err != nil {
		return nil, err
	}
	res := &rig.Result{}
	for res.Rounds = 1; ; res.Rounds++ {
		history, err := record(ctx, clients, link, uint64(res.Rounds))
		if err != nil {
			return res, err
		}
		tally(res, history)
		switch porcupine.CheckOperationsTimeout(streamModel(), history, rig.Patience) {
		case porcupine.Illegal:
			res.Add("not linearizable", 1)
			res.Problem("round %d: no order explains the answers", res.Rounds)
		case porcupine.Unknown:
			res.Problem("round %d: undecided after %s", res.Rounds, rig.Patience)
		case porcupine.Ok:
			res.Add("not linearizable", 0)
		}
		if res.Rounds == rounds {
			return res, nil
		}
	}
}

// linearConnect opens a store of its own for each client.
func linearConnect(ctx context.Context, address string, as nats.Option, wrap func(eventstore.Store) eventstore.Store) (clients []eventstore.Store, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, f := range closers {
			f()
		}
	}
	for range linearClients {
		nc, err := nats.Connect("nats://"+address, as, nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond), nats.ReconnectJitter(0, 0))
		if err != nil {
			return nil, closeAll, err
		}
		closers = append(closers, nc.Close)
		s, err := provisioned(ctx, nc, 1)
		if err != nil {
			return nil, closeAll, err
		}
		closers = append(closers, s.Close)
		clients = append(clients, wrap(s))
	}
	return clients, closeAll, nil
}

// record lets all clients work and writes down what they asked and were told.
func record(ctx context.Context, clients []eventstore.Store, link *rig.Link, seed uint64) ([]porcupine.Operation, error) {
	groups := make([][2]eventstore.StreamID, linearGroups)
	for i := range groups {
		groups[i] = [2]eventstore.StreamID{storetest.Stream(), storetest.Stream()}
	}
	var wg sync.WaitGroup
	histories := make([][]porcupine.Operation, len(clients))
	begun := time.Now()
	for i, s := range clients {
		wg.Go(func() {
			c := client{store: s, id: i, begun: begun, r: rand.New(rand.NewPCG(seed, uint64(i)))}
			histories[i] = c.work(ctx, groups)
		})
	}
	var ended atomic.Bool
	cut := make(chan error, 1)
	go func() { cut <- cutAgain(link, &ended) }()
	wg.Wait()
	ended.Store(true)
	if err := <-cut; err != nil {
		return nil, err
	}
	var history []porcupine.Operation
	for _, h := range histories {
		history = append(history, h...)
	}
	return history, ctx.Err()
}

// cutAgain cuts the link every now and then.
func cutAgain(link *rig.Link, ended *atomic.Bool) error {
	tick := time.NewTicker(linearCut)
	defer tick.Stop()
	for range tick.C {
		link.Cut()
		if err := link.Mend(); err != nil {
			return fmt.Errorf("mend the link: %w", err)
		}
		if ended.Load() {
			return nil
		}
	}
	return nil
}

// tally counts what was told.
func tally(res *rig.Result, history []porcupine.Operation) {
	for _, op := range history {
		switch out := op.Output.(output); {
		case op.Input.(input).read:
			res.Add("reads", 1)
		case out.unknown:
			res.Add("answers lost", 1)
		case out.conflict:
			res.Add("conflicts", 1)
		default:
			res.Add("appends", 1)
		}
	}
}

const forever = math.MaxInt64

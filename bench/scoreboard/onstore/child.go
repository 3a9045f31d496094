// Package onstore has the rigs whose subject is the event store and its server
// alone: power cuts, kill -9, damaged files, a full disk, a cluster that loses its
// leader, and the linearizability of appends.
//
// The writer is a process of its own, so that it can die: it says on its output
// what was acknowledged, and a ledger outside of it judges the log afterwards.
package onstore

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver"
	"hearth/adapters/natsserver/rights"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// Children are the hidden commands of the scoreboard, by name.
func Children() map[string]func(ctx context.Context, args []string) error {
	return map[string]func(context.Context, []string) error{"child-write": childWrite, "child-read": childRead, "child-node": childNode}
}

// opened is a store on a server of this process.
type opened struct {
	*natsstore.Store
	server *natsserver.Server
	nc     *nats.Conn
}

func open(ctx context.Context, dir string, unsafe bool) (*opened, error) {
	server, err := natsserver.Start(ctx, natsserver.Config{StoreDir: dir, UnsafeNoSync: unsafe, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	o := &opened{server: server}
	if err := o.connect(ctx); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return o, nil
}

// connect makes the stream as the one user who may, and opens the store as the
// service does.
func (o *opened) connect(ctx context.Context) error {
	maker, err := o.server.Connect(rights.Provisioner)
	if err != nil {
		return err
	}
	defer maker.Close()
	if err := provision(ctx, maker, 1); err != nil {
		return err
	}
	if o.nc, err = o.server.Connect(rights.Service); err != nil {
		return err
	}
	if o.Store, err = natsstore.Open(ctx, o.nc, storetest.Registry()); err != nil {
		o.nc.Close()
	}
	return err
}

// close stops the server in an orderly way.
func (o *opened) close() error {
	o.Store.Close()
	o.nc.Close()
	return o.server.Close()
}

// provision makes the stream when it is missing.
func provision(ctx context.Context, nc *nats.Conn, replicas int) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	return natsstore.Provision(ctx, js, natsstore.Config{Replicas: replicas})
}

// provisioned makes the stream when it is missing and opens the store, on a
// server without users.
func provisioned(ctx context.Context, nc *nats.Conn, replicas int) (*natsstore.Store, error) {
	if err := provision(ctx, nc, replicas); err != nil {
		return nil, err
	}
	return natsstore.Open(ctx, nc, storetest.Registry(), natsstore.WithReplicas(replicas))
}

// childWrite appends until it is killed or told to stop, and says what was
// acknowledged.
func childWrite(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("child-write", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the server")
	unsafe := flags.Bool("unsafe", false, "acknowledge before the disk has it")
	writers := flags.Int("writers", 16, "")
	size := flags.Int("size", 0, "bytes of each event")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := open(ctx, *dir, *unsafe)
	if err != nil {
		return err
	}
	load := storetest.Load{Writers: *writers, Size: *size, Told: func(t storetest.Told) { fmt.Fprintln(os.Stdout, t) }}
	return errors.Join(load.Run(ctx, s), s.close())
}

// readLimit is how long some 300 commits may take to read.
const readLimit = 3 * time.Second

// childRead reads the log from the beginning, and behind a position that was
// read before, as a read model would. It says where it came to, or what it found.
func childRead(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("child-read", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the server")
	read := flags.Uint64("read", 0, "position that was read before")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := open(ctx, *dir, false)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	err = readAll(limited, s, eventstore.Position(*read))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintln(os.Stdout, "waiting")
		err = nil
	case errors.Is(err, eventstore.ErrCorrupt):
		fmt.Fprintln(os.Stdout, "damaged")
		err = nil
	case err == nil:
		fmt.Fprintln(os.Stdout, "whole")
	}
	return errors.Join(err, s.close())
}

// readAll leaves it to the reader under test to notice that something is missing.
func readAll(ctx context.Context, s eventstore.Store, read eventstore.Position) error {
	fromEnd, err := s.Follow(ctx, read)
	if err != nil {
		return err
	}
	fromEnd.Close()
	end, err := s.End(ctx)
	if err != nil || end == 0 {
		return err
	}
	feed, err := s.Follow(ctx, 0)
	if err != nil {
		return err
	}
	defer feed.Close()
	for at := eventstore.Position(0); at < end; {
		commits, err := feed.Next(ctx, 500)
		if err != nil {
			return err
		}
		at = commits[len(commits)-1].Position
	}
	return nil
}

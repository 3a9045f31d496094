package onstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/anishathalye/porcupine"

	"hearth/eventstore"
	"hearth/eventstore/storetest"
)

// input is what a client asked: to read one stream of a group, or to append to
// some of them, each behind the version that the client has seen.
type input struct {
	group   int
	read    bool
	streams []int    // of the group
	expect  []uint64 // the version of each
	name    string   // of the append, which its event carries
}

// output is what it was told.
type output struct {
	unknown  bool
	conflict bool
	version  uint64 // read: how many events there are
	last     string // read: the append of the last one
}

// heads is the state of a group in the model: where its two streams end.
type heads [2]struct {
	version uint64
	last    string
}

// streamModel is the store as one client would see it who does one thing after
// the other: an append happens when all its streams end where it expects.
func streamModel() porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			groups := make([][]porcupine.Operation, linearGroups)
			for _, op := range history {
				g := op.Input.(input).group
				groups[g] = append(groups[g], op)
			}
			return groups
		},
		Init: func() any { return heads{} },
		Step: func(state, in, out any) (bool, any) { return step(state.(heads), in.(input), out.(output)) },
	}
}

func step(h heads, in input, out output) (bool, any) {
	if in.read {
		s := h[in.streams[0]]
		return s.version == out.version && s.last == out.last, h
	}
	fits := true
	for i, s := range in.streams {
		fits = fits && h[s].version == in.expect[i]
	}
	if !fits {
		// It can't have happened. Nobody may have been told that it has.
		return out.conflict || out.unknown, h
	}
	for _, s := range in.streams {
		h[s].version++
		h[s].last = in.name
	}
	return !out.conflict, h
}

// client is one of those who append and read.
type client struct {
	store eventstore.Store
	id    int
	begun time.Time
	r     *rand.Rand
}

// work does some reads and appends and writes down what was told.
func (c client) work(ctx context.Context, groups [][2]eventstore.StreamID) []porcupine.Operation {
	var history []porcupine.Operation
	seen := make([][2]eventstore.Head, len(groups))
	for range linearOps {
		if ctx.Err() != nil {
			break
		}
		g := c.r.IntN(len(groups))
		if c.r.IntN(3) == 0 {
			if op, ok := c.read(ctx, groups, seen, g, c.r.IntN(2)); ok {
				history = append(history, op)
			}
			continue
		}
		streams := []int{c.r.IntN(2)}
		if c.r.IntN(3) == 0 {
			streams = []int{0, 1}
		}
		op := c.append(ctx, groups, seen, g, streams)
		history = append(history, op)
		if out := op.Output.(output); out.conflict || out.unknown { // look what is there now
			for _, s := range streams {
				if op, ok := c.read(ctx, groups, seen, g, s); ok {
					history = append(history, op)
				}
			}
		}
	}
	return history
}

func (c client) now() int64 { return time.Since(c.begun).Nanoseconds() }

// read reads a whole stream. A read that failed tells nothing.
func (c client) read(ctx context.Context, groups [][2]eventstore.StreamID, seen [][2]eventstore.Head, g, s int) (porcupine.Operation, bool) {
	ctx, cancel := context.WithTimeout(ctx, linearWait)
	defer cancel()
	op := porcupine.Operation{ClientId: c.id, Input: input{group: g, read: true, streams: []int{s}}, Call: c.now()}
	var out output
	var head eventstore.Head
	for rec, err := range c.store.Stream(ctx, groups[g][s], eventstore.Head{}) {
		if err != nil {
			return op, false
		}
		noted, _ := rec.Event.(storetest.Noted)
		out.version, out.last = rec.Version, noted.Text
		head = eventstore.Head{Version: rec.Version, Position: rec.Position}
	}
	op.Return, op.Output, seen[g][s] = c.now(), out, head
	return op, true
}

// append appends one event to each of the streams.
func (c client) append(ctx context.Context, groups [][2]eventstore.StreamID, seen [][2]eventstore.Head, g int, streams []int) porcupine.Operation {
	ctx, cancel := context.WithTimeout(ctx, linearWait)
	defer cancel()
	in := input{group: g, streams: streams, name: storetest.Meta().CommandID.String()}
	var changes []eventstore.Change
	for _, s := range streams {
		in.expect = append(in.expect, seen[g][s].Version)
		changes = append(changes, storetest.Change(groups[g][s], seen[g][s], in.name))
	}
	op := porcupine.Operation{ClientId: c.id, Input: in, Call: c.now()}
	got, err := c.store.Append(ctx, changes...)
	op.Return = c.now()
	switch {
	case err == nil:
		op.Output = output{}
		for i, s := range streams {
			seen[g][s] = got[i]
		}
	case errors.Is(err, eventstore.ErrConflict):
		op.Output = output{conflict: true}
	default:
		// It may still be on its way, so it may happen at any later time.
		op.Output, op.Return = output{unknown: true}, forever
	}
	return op
}

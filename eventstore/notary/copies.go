package notary

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
)

// Copy is one of the places where the log is.
type Copy interface {
	// Leaves calls visit with the leaf hashes of the positions behind after up to
	// to, in order and in pieces. A position that is missing or cannot be read has
	// the zero hash. An error is for what keeps the whole copy from being read.
	Leaves(ctx context.Context, after, to int64, visit func(first int64, leaves []tlog.Hash) error) error
}

// tileLeaves is the copy in the tiles.
type tileLeaves struct{ dir Dir }

// Leaves implements Copy.
func (t tileLeaves) Leaves(ctx context.Context, after, to int64, visit func(int64, []tlog.Hash) error) error {
	for after < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := after / tileWidth
		end := min((n+1)*tileWidth, to)
		leaves, err := t.dir.Leaves(after+1, end)
		if err != nil { // the whole tile cannot be read
			leaves = make([]tlog.Hash, end-after)
		}
		if err := visit(after+1, leaves); err != nil {
			return err
		}
		after = end
	}
	return nil
}

// StreamCopy is the copy in the stream itself.
func StreamCopy(log eventstore.Log) Copy { return streamCopy{log} }

type streamCopy struct{ log eventstore.Log }

// Leaves implements Copy. Behind a gap it goes on.
func (s streamCopy) Leaves(ctx context.Context, after, to int64, visit func(int64, []tlog.Hash) error) error {
	end, err := s.log.End(ctx)
	if err != nil {
		return err
	}
	last := min(to, int64(end))
	for after < last {
		err := eventstore.ReadMessages(ctx, s.log, eventstore.Position(after), eventstore.Position(last), func(page []eventstore.Message) error {
			leaves := make([]tlog.Hash, len(page))
			for i, m := range page {
				leaves[i] = HashOf(m)
			}
			first := after + 1
			after += int64(len(page))
			return visit(first, leaves)
		})
		missing, gap := errors.AsType[*eventstore.Missing](err)
		if err != nil && !gap {
			return err
		}
		if gap {
			hole := min(int64(missing.To), last)
			if err := visit(after+1, make([]tlog.Hash, hole-after)); err != nil {
				return err
			}
			after = hole
		}
	}
	if after >= to {
		return nil
	}
	return visit(after+1, make([]tlog.Hash, to-after))
}

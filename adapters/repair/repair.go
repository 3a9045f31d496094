// Package repair puts an event log together again from what is left of it: the
// archive, the block files of the stream, and block files that were set aside.
//
// It promises that nothing is taken over that does not agree with what was
// sealed: the messages are put together on paper first, their root is compared
// with the signed one, and only then may anybody touch the stream. Read Assemble.
package repair

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/adapters/natsserver/blocks"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// ErrIncomplete says that the copies together do not give the sealed log. What
// is missing is told; nothing was changed.
var ErrIncomplete = errors.New("repair: the copies together are not complete")

// Archive is the second copy.
type Archive interface {
	End(ctx context.Context) (eventstore.Position, error)
	Messages(ctx context.Context, after, to eventstore.Position, visit func([]eventstore.Message) error) error
	Leaves(ctx context.Context, after, to int64, visit func(first int64, leaves []tlog.Hash) error) error
}

// Sources is what is left of a log.
type Sources struct {
	Archive Archive
	// Folders are those with block files of the stream, the most trusted first.
	Folders []string
	Tiles   notary.Dir
	// Checkpoint is the last one that was signed: so far the log must come.
	Checkpoint notary.Checkpoint
}

// Plan is a log that was put together and agrees with what was sealed.
type Plan struct {
	End      eventstore.Position // of the last message
	FromLog  []Range             // positions that come from block files
	Unsealed int64               // messages behind the checkpoint, which nothing but their checksums vouches for

	archive Archive
	extra   map[eventstore.Position]eventstore.Message
}

// Range is a stretch of positions.
type Range struct{ From, To eventstore.Position }

// mostKept is how many bytes of messages from block files are held in memory.
const mostKept = 512 << 20

// Assemble puts the log together. Each message comes from the archive when it is
// there as it was sealed, else from the block files. Behind the checkpoint it
// takes what the archive has and then what the block files have without a gap.
func Assemble(ctx context.Context, s Sources) (*Plan, error) {
	end, err := s.Archive.End(ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := s.unusable(ctx, end)
	if err != nil {
		return nil, err
	}
	extra, err := s.collect(ctx, wanted, end)
	if err != nil {
		return nil, err
	}
	p := &Plan{archive: s.Archive, extra: extra, End: end}
	for _, pos := range wanted {
		if _, ok := extra[pos]; !ok {
			// Behind the checkpoint it may never have been acknowledged; a later
			// message is of no use without it.
			if int64(pos) <= s.Checkpoint.Size {
				return nil, s.incomplete(wanted, extra)
			}
			p.End = pos - 1
			break
		}
	}
	for p.End >= end {
		if _, ok := extra[p.End+1]; !ok {
			break
		}
		p.End++
	}
	if int64(p.End) < s.Checkpoint.Size {
		return nil, fmt.Errorf("%w: positions %d to %d are nowhere", ErrIncomplete, p.End+1, s.Checkpoint.Size)
	}
	p.FromLog, p.Unsealed = p.fromLog(), int64(p.End)-s.Checkpoint.Size
	return p, p.check(ctx, s.Checkpoint)
}

// unusable are the positions up to end that the archive does not have as they
// were sealed.
func (s Sources) unusable(ctx context.Context, end eventstore.Position) ([]eventstore.Position, error) {
	var wanted []eventstore.Position
	err := s.Archive.Leaves(ctx, 0, int64(end), func(first int64, leaves []tlog.Hash) error {
		sealed := s.sealed(first, first+int64(len(leaves))-1)
		for i, h := range leaves {
			if h == (tlog.Hash{}) || i < len(sealed) && sealed[i] != (tlog.Hash{}) && sealed[i] != h {
				wanted = append(wanted, eventstore.Position(first)+eventstore.Position(i))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	return wanted, nil
}

// sealed are the leaves that the tiles have; zero where they cannot be read. The
// root decides in the end.
func (s Sources) sealed(from, to int64) []tlog.Hash {
	to = min(to, s.Checkpoint.Size)
	if from > to {
		return nil
	}
	leaves, err := s.Tiles.Leaves(from, to)
	if err != nil {
		return nil
	}
	return leaves
}

// collect reads the wanted messages, and all behind end, out of the block files.
func (s Sources) collect(ctx context.Context, wanted []eventstore.Position, end eventstore.Position) (map[eventstore.Position]eventstore.Message, error) {
	extra := map[eventstore.Position]eventstore.Message{}
	kept := 0
	for _, folder := range s.Folders {
		_, err := blocks.Scan(ctx, folder, blocks.Options{Visit: func(m blocks.Message) error {
			pos := eventstore.Position(m.Position)
			if _, ok := slices.BinarySearch(wanted, pos); !ok && pos <= end {
				return nil
			}
			if _, have := extra[pos]; have {
				return nil
			}
			found := eventstore.Message{Position: pos, Subject: m.Subject, StoredAt: m.StoredAt, Body: slices.Clone(m.Body)}
			if leaf := s.sealed(int64(pos), int64(pos)); len(leaf) == 1 && leaf[0] != notary.HashOf(found) {
				return nil // rewritten, and with a right checksum
			}
			if kept += len(m.Body); kept > mostKept {
				return fmt.Errorf("%w: the archive lacks more than %d MB of messages; use a backup", ErrIncomplete, mostKept>>20)
			}
			extra[pos] = found
			return nil
		}})
		if err != nil && !errors.Is(err, blocks.ErrNoStream) {
			return nil, fmt.Errorf("read the block files: %w", err)
		}
	}
	return extra, nil
}

func (s Sources) incomplete(wanted []eventstore.Position, extra map[eventstore.Position]eventstore.Message) error {
	var lost []Range
	for _, pos := range wanted {
		if _, ok := extra[pos]; ok || int64(pos) > s.Checkpoint.Size {
			continue
		}
		if n := len(lost); n > 0 && lost[n-1].To == pos-1 {
			lost[n-1].To = pos
		} else {
			lost = append(lost, Range{pos, pos})
		}
	}
	return fmt.Errorf("%w: %v are damaged in every copy", ErrIncomplete, lost)
}

func (p *Plan) fromLog() []Range {
	var all []Range
	positions := make([]eventstore.Position, 0, len(p.extra))
	for pos := range p.extra {
		if pos <= p.End {
			positions = append(positions, pos)
		}
	}
	slices.Sort(positions)
	for _, pos := range positions {
		if n := len(all); n > 0 && all[n-1].To == pos-1 {
			all[n-1].To = pos
		} else {
			all = append(all, Range{pos, pos})
		}
	}
	return all
}

// check reads all of the plan once and compares its root with the signed one.
func (p *Plan) check(ctx context.Context, c notary.Checkpoint) error {
	var tree notary.Tree
	for m, err := range p.Messages(ctx) {
		if err != nil {
			return err
		}
		if tree.Size() == c.Size {
			break
		}
		tree.Add(notary.HashOf(m))
	}
	if c.Size > 0 && (tree.Size() != c.Size || tree.Root() != c.Root) {
		return fmt.Errorf("%w: put together, the root at %d is %v, signed was %v", ErrIncomplete, tree.Size(), tree.Root(), c.Root)
	}
	return nil
}

// Messages are those of the plan, in order.
func (p *Plan) Messages(ctx context.Context) iter.Seq2[eventstore.Message, error] {
	return func(yield func(eventstore.Message, error) bool) {
		after := eventstore.Position(0)
		give := func(m eventstore.Message) error {
			after = m.Position
			if !yield(m, nil) {
				return errStopped
			}
			return nil
		}
		for _, r := range slices.Concat(p.FromLog, []Range{{p.End + 1, p.End + 1}}) {
			err := p.archive.Messages(ctx, after, r.From-1, func(page []eventstore.Message) error {
				for _, m := range page {
					if err := give(m); err != nil {
						return err
					}
				}
				return nil
			})
			for pos := r.From; err == nil && pos <= min(r.To, p.End); pos++ {
				err = give(p.extra[pos])
			}
			if errors.Is(err, errStopped) {
				return
			}
			if err != nil {
				yield(eventstore.Message{}, fmt.Errorf("read the archive: %w", err))
				return
			}
		}
	}
}

// errStopped ends a read whose reader has enough.
var errStopped = errors.New("stopped")

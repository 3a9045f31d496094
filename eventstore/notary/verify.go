package notary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"
)

// The copies that are compared.
const (
	CopyTiles   = "tiles"
	CopyStream  = "stream"
	CopyArchive = "archive"
	copies      = 3
)

var copyNames = [copies]string{CopyTiles, CopyStream, CopyArchive}

// Fault is a stretch of positions at which a copy is not what was sealed.
type Fault struct {
	Copy     string
	From, To int64
	Missing  bool   // not there or unreadable; else it is something else than was sealed
	Text     string // for faults that are not about positions, such as a tile of a higher level
}

// Report is what a verification found. Sound says that every copy agrees with
// what was signed.
type Report struct {
	Checkpoint Checkpoint
	Compared   int64
	Faults     []Fault
	// Truth names the copy whose root is the signed one; "majority" when only the
	// copies together give it; empty when nothing does, so that no copy can be
	// called the right one.
	Truth string
	// Broken are issued checkpoints that are not of a beginning of the log.
	Broken []Checkpoint
}

// Sound reports that nothing was found.
func (r Report) Sound() bool { return len(r.Faults) == 0 && len(r.Broken) == 0 && r.Truth != "" }

// majority is the name of what the copies say together.
const majority = "majority"

// Verification compares the copies of a log, position by position, and all of
// them with what was signed.
type Verification struct {
	Tiles      Dir
	Stream     Copy
	Archive    Copy // nil when there is none
	Checkpoint Checkpoint
	Issued     []Checkpoint // every one must be of a beginning of the log
	Progress   func(done, total int64)
}

// piece is how many positions are compared at a time.
const piece = 16 * tileWidth

// lane is what one sequence of leaves gives: a copy's, or the majority's.
type lane struct {
	tree  *Tree
	upper []tile              // full tiles above the leaves
	roots map[int64]tlog.Hash // at the sizes of issued checkpoints
}

func newLane() *lane { return (&lane{tree: &Tree{}, roots: map[int64]tlog.Hash{}}).watched() }

// watched makes the lane collect the tiles of its tree.
func (l *lane) watched() *lane {
	l.tree.ready = func(level int, n int64, hashes []tlog.Hash) {
		if level > 0 {
			l.upper = append(l.upper, tile{level, n, hashes})
		}
	}
	return l
}

func (l *lane) clone() *lane {
	c := &lane{tree: l.tree.clone(), upper: slices.Clone(l.upper), roots: map[int64]tlog.Hash{}}
	for size, root := range l.roots {
		c.roots[size] = root
	}
	return c.watched()
}

func (t *Tree) clone() *Tree {
	c := &Tree{size: t.size}
	for _, hashes := range t.edge {
		c.edge = append(c.edge, append(make([]tlog.Hash, 0, tileWidth), hashes...))
	}
	return c
}

// mismatch is a position at which the copies differ.
type mismatch struct {
	position int64
	hashes   [copies]tlog.Hash
	most     tlog.Hash
}

// comparing is a verification under way. As long as the copies agree one lane
// stands for all of them.
type comparing struct {
	v      Verification
	lanes  []*lane // one, or one for each copy and one for the majority
	differ []mismatch
	sizes  []int64 // of issued checkpoints, ascending
}

// Run compares everything up to the checkpoint. What is wrong is in the report;
// an error says that a copy could not be read at all.
func (v Verification) Run(ctx context.Context) (Report, error) {
	c := &comparing{v: v, lanes: []*lane{newLane()}}
	for _, issued := range v.Issued {
		c.sizes = append(c.sizes, issued.Size)
	}
	slices.Sort(c.sizes)
	sources := []Copy{tileLeaves{v.Tiles}, v.Stream, v.Archive}
	if v.Archive == nil {
		sources = sources[:2]
	}
	group, ctx := errgroup.WithContext(ctx)
	feeds := make([]chan []tlog.Hash, len(sources))
	for i, source := range sources {
		feeds[i] = make(chan []tlog.Hash, 4)
		group.Go(func() error {
			defer close(feeds[i])
			err := feedPieces(ctx, source, v.Checkpoint.Size, feeds[i])
			if err != nil {
				return fmt.Errorf("read the %s: %w", copyNames[i], err)
			}
			return nil
		})
	}
	group.Go(func() error { return c.compareAll(ctx, feeds) })
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	return c.report(), nil
}

// feedPieces sends the leaves of a copy in pieces of the same size.
func feedPieces(ctx context.Context, source Copy, size int64, out chan<- []tlog.Hash) error {
	buf := make([]tlog.Hash, 0, piece)
	send := func() error {
		select {
		case out <- buf:
			buf = make([]tlog.Hash, 0, piece)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := source.Leaves(ctx, 0, size, func(_ int64, leaves []tlog.Hash) error {
		for len(leaves) > 0 {
			n := min(len(leaves), piece-len(buf))
			buf = append(buf, leaves[:n]...)
			leaves = leaves[n:]
			if len(buf) == piece {
				if err := send(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil || len(buf) == 0 {
		return err
	}
	return send()
}

func (c *comparing) compareAll(ctx context.Context, feeds []chan []tlog.Hash) error {
	for done, size := int64(0), c.v.Checkpoint.Size; done < size; {
		pieces := make([][]tlog.Hash, len(feeds))
		want := min(piece, size-done)
		for i, feed := range feeds {
			select {
			case pieces[i] = <-feed:
			case <-ctx.Done():
				return ctx.Err()
			}
			if int64(len(pieces[i])) != want {
				return fmt.Errorf("the %s gave %d leaves behind %d, want %d", copyNames[i], len(pieces[i]), done, want)
			}
		}
		c.compare(done, pieces)
		done += want
		if c.v.Progress != nil {
			c.v.Progress(done, size)
		}
	}
	return nil
}

// compare takes one piece of each copy.
func (c *comparing) compare(done int64, pieces [][]tlog.Hash) {
	same := true
	for _, p := range pieces[1:] {
		same = same && slices.Equal(p, pieces[0])
	}
	if same && len(c.lanes) == 1 {
		c.add(c.lanes[0], pieces[0])
		return
	}
	if len(c.lanes) == 1 {
		for range pieces {
			c.lanes = append(c.lanes, c.lanes[0].clone())
		}
	}
	most := make([]tlog.Hash, len(pieces[0]))
	for i := range most {
		most[i] = c.vote(done+int64(i)+1, pieces, i)
	}
	for i, p := range pieces {
		c.add(c.lanes[i], p)
	}
	c.add(c.lanes[len(pieces)], most)
}

// vote is what most copies say of a position; where they differ it is noted.
func (c *comparing) vote(position int64, pieces [][]tlog.Hash, i int) tlog.Hash {
	m := mismatch{position: position}
	same := true
	for k, p := range pieces {
		m.hashes[k] = p[i]
		same = same && p[i] == pieces[0][i]
	}
	if same {
		return pieces[0][i]
	}
	best := 0
	for k := range pieces {
		votes := 0
		for l := range pieces {
			if m.hashes[k] != (tlog.Hash{}) && m.hashes[k] == m.hashes[l] {
				votes++
			}
		}
		if votes > best {
			best, m.most = votes, m.hashes[k]
		}
	}
	c.differ = append(c.differ, m)
	return m.most
}

func (c *comparing) add(l *lane, leaves []tlog.Hash) {
	for _, h := range leaves {
		l.tree.Add(h)
		if _, ok := slices.BinarySearch(c.sizes, l.tree.size); ok {
			l.roots[l.tree.size] = l.tree.Root()
		}
	}
}

// report finds out which copy is right and names what is wrong in the others.
func (c *comparing) report() Report {
	r := Report{Checkpoint: c.v.Checkpoint, Compared: c.v.Checkpoint.Size}
	var truth *lane
	right := -1
	// The majority comes first: it is whole even if each copy has a hole elsewhere.
	for i := len(c.lanes) - 1; i >= 0 && truth == nil; i-- {
		if l := c.lanes[i]; l.tree.Root() == c.v.Checkpoint.Root {
			truth, right = l, i
		}
	}
	if truth != nil {
		r.Truth = c.name(right)
		r.Faults = append(r.Faults, c.v.Tiles.upperFaults(truth)...)
		for _, issued := range c.v.Issued {
			if issued.Size > 0 && truth.roots[issued.Size] != issued.Root {
				r.Broken = append(r.Broken, issued)
			}
		}
	}
	for _, m := range c.differ {
		want := m.most
		if right >= 0 && right < copies && right < len(c.lanes)-1 {
			want = m.hashes[right]
		}
		c.blame(&r, m, want)
	}
	slices.SortStableFunc(r.Faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Copy, b.Copy), cmp.Compare(a.From, b.From))
	})
	return r
}

func (c *comparing) name(lane int) string {
	switch {
	case len(c.lanes) == 1:
		return CopyTiles
	case lane == len(c.lanes)-1:
		return majority
	}
	return copyNames[lane]
}

// blame notes the copies that are wrong at a position, in stretches.
func (c *comparing) blame(r *Report, m mismatch, want tlog.Hash) {
	for k := range len(c.lanes) - 1 {
		if m.hashes[k] == want {
			continue
		}
		missing := m.hashes[k] == tlog.Hash{}
		if f := lastOf(r.Faults, copyNames[k]); f != nil && f.Text == "" && f.Missing == missing && f.To == m.position-1 {
			f.To = m.position
			continue
		}
		r.Faults = append(r.Faults, Fault{Copy: copyNames[k], From: m.position, To: m.position, Missing: missing})
	}
}

// lastOf is the last fault of a copy.
func lastOf(faults []Fault, name string) *Fault {
	for i := len(faults) - 1; i >= 0; i-- {
		if faults[i].Copy == name {
			return &faults[i]
		}
	}
	return nil
}

// upperFaults compares the tiles above the leaves with what they must be.
func (d Dir) upperFaults(truth *lane) []Fault {
	tiles := slices.Clone(truth.upper)
	for level, hashes := range truth.tree.edge {
		if level > 0 && len(hashes) > 0 {
			tiles = append(tiles, tile{level, truth.tree.size >> (tileHeight * (level + 1)), hashes})
		}
	}
	var faults []Fault
	for _, t := range tiles {
		got, err := d.readTile(t.level, t.n, len(t.hashes))
		if err == nil && slices.Equal(got, t.hashes) {
			continue
		}
		span := int64(1) << (tileHeight * t.level)
		faults = append(faults, Fault{
			Copy: CopyTiles, From: t.n*tileWidth*span + 1, To: (t.n*tileWidth + int64(len(t.hashes))) * span,
			Missing: errors.Is(err, fs.ErrNotExist), Text: fmt.Sprintf("tile %d/%d", t.level, t.n),
		})
	}
	return faults
}

package notary

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
)

// ErrProof says that a proof does not prove what it says.
var ErrProof = errors.New("notary: the proof does not hold")

// Inclusion is 存在证明: that a message is in the log that a checkpoint is of
// (C2SP tlog-proof; RFC 6962, section 2.1.1). Whoever has the body of the
// message and the public key can check it without asking anybody.
type Inclusion struct {
	Leaf       Leaf
	Hashes     tlog.RecordProof
	Checkpoint Checkpoint
}

// Prove makes the proof for the message at a position.
func (d Dir) Prove(leaf Leaf, c Checkpoint) (Inclusion, error) {
	if leaf.Position < 1 || int64(leaf.Position) > c.Size {
		return Inclusion{}, fmt.Errorf("%w: position %d is not sealed, %d are", ErrProof, leaf.Position, c.Size)
	}
	hashes, err := tlog.ProveRecord(c.Size, int64(leaf.Position)-1, d.hashes(c))
	if err != nil {
		return Inclusion{}, fmt.Errorf("%w: %w", ErrTiles, err)
	}
	p := Inclusion{Leaf: leaf, Hashes: hashes, Checkpoint: c}
	return p, p.check()
}

func (p Inclusion) check() error {
	err := tlog.CheckRecord(p.Hashes, p.Checkpoint.Size, p.Checkpoint.Root, int64(p.Leaf.Position)-1, p.Leaf.Hash())
	if err != nil {
		return fmt.Errorf("%w: position %d: %w", ErrProof, p.Leaf.Position, err)
	}
	return nil
}

const proofHead = "c2sp.org/tlog-proof@v1"

// Marshal writes the proof as a C2SP tlog-proof, whose extra data are the leaf.
func (p Inclusion) Marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHead, base64.StdEncoding.EncodeToString(p.Leaf.Append(nil)), p.Leaf.Position-1)
	writeHashes(&b, p.Hashes)
	b.WriteByte('\n')
	b.Write(p.Checkpoint.Note)
	return b.Bytes()
}

// OpenInclusion reads a proof and checks all of it: the signature of the log, the
// place of the leaf, and that not one byte is other than Marshal writes it.
func OpenInclusion(data []byte, log note.Verifier) (Inclusion, error) {
	head, signed, ok := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) < 3 || lines[0] != proofHead {
		return Inclusion{}, fmt.Errorf("%w: this is no proof of version 1", ErrProof)
	}
	extra, ok1 := strings.CutPrefix(lines[1], "extra ")
	_, ok2 := strings.CutPrefix(lines[2], "index ")
	raw, err := base64.StdEncoding.Strict().DecodeString(extra)
	if !ok1 || !ok2 || err != nil {
		return Inclusion{}, fmt.Errorf("%w: the lines extra and index", ErrProof)
	}
	p := Inclusion{}
	if p.Leaf, err = ParseLeaf(raw); err != nil {
		return Inclusion{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if p.Hashes, err = readHashes(lines[3:]); err != nil {
		return Inclusion{}, err
	}
	if p.Checkpoint, err = OpenCheckpoint(signed, log); err != nil {
		return Inclusion{}, err
	}
	if !bytes.Equal(p.Marshal(), data) {
		return Inclusion{}, fmt.Errorf("%w: it is not written as proofs are", ErrProof)
	}
	return p, p.check()
}

// Proves demands that the proof is of this body.
func (p Inclusion) Proves(body []byte) error {
	if LeafOf(eventstore.Message{Body: body}).BodyHash != p.Leaf.BodyHash {
		return fmt.Errorf("%w: the body is another one than was sealed at position %d", ErrProof, p.Leaf.Position)
	}
	return nil
}

func writeHashes(b *bytes.Buffer, hashes []tlog.Hash) {
	for _, h := range hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]))
		b.WriteByte('\n')
	}
}

// mostHashes is more than any proof of a tree that fits into an int64 needs.
const mostHashes = 130

func readHashes(lines []string) ([]tlog.Hash, error) {
	if len(lines) > mostHashes {
		return nil, fmt.Errorf("%w: %d hashes", ErrProof, len(lines))
	}
	var hashes []tlog.Hash
	for _, line := range lines {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, fmt.Errorf("%w: hash %q", ErrProof, line)
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// Growth is what a witness is handed: a checkpoint, and for each of several
// earlier sizes the proof that the log of that size is a beginning of it
// (RFC 6962, section 2.1.2). The witness picks the size that it holds.
type Growth struct {
	Checkpoint Checkpoint
	From       map[int64]tlog.TreeProof
}

// ProveGrowth makes the proofs from earlier sizes to a checkpoint. Sizes that are
// not below it need none.
func (d Dir) ProveGrowth(c Checkpoint, sizes ...int64) (Growth, error) {
	g := Growth{Checkpoint: c, From: map[int64]tlog.TreeProof{}}
	for _, size := range sizes {
		if size < 1 || size >= c.Size {
			continue
		}
		proof, err := tlog.ProveTree(c.Size, size, d.hashes(c))
		if err != nil {
			return Growth{}, fmt.Errorf("%w: %w", ErrTiles, err)
		}
		g.From[size] = proof
	}
	return g, nil
}

const growthHead = "hearth-growth/v1 "

// Marshal writes a first line with the SHA-256 of all that follows, then, for
// each size in ascending order, a line "old SIZE" and its hashes, then an empty
// line and the signed note. No signature covers the hashes: without the sum a
// file that was damaged on its way would look as if history had been changed.
func (g Growth) Marshal() []byte {
	var b bytes.Buffer
	for _, size := range sortedSizes(g.From) {
		fmt.Fprintf(&b, "old %d\n", size)
		writeHashes(&b, g.From[size])
	}
	b.WriteByte('\n')
	b.Write(g.Checkpoint.Note)
	return fmt.Appendf(nil, "%s%x\n%s", growthHead, sha256.Sum256(b.Bytes()), b.Bytes())
}

// OpenGrowth reads what Marshal writes, or a bare signed note, and demands the
// signature of the log. The proofs are checked by Extends.
func OpenGrowth(data []byte, log note.Verifier) (Growth, error) {
	g := Growth{From: map[int64]tlog.TreeProof{}}
	signed := data
	if bytes.HasPrefix(data, []byte(growthHead)) {
		head, rest, ok := bytes.Cut(data, []byte("\n\n"))
		first, lines, _ := strings.Cut(string(head), "\n")
		if sum := fmt.Sprintf("%s%x", growthHead, sha256.Sum256(data[min(len(first)+1, len(data)):])); !ok || first != sum {
			return Growth{}, fmt.Errorf("%w: the file is damaged", ErrProof)
		}
		signed = rest
		if err := g.read(lines); err != nil {
			return Growth{}, err
		}
	}
	var err error
	if g.Checkpoint, err = OpenCheckpoint(signed, log); err != nil {
		return Growth{}, err
	}
	if len(signed) < len(data) && !bytes.Equal(g.Marshal(), data) {
		return Growth{}, fmt.Errorf("%w: it is not written as proofs are", ErrProof)
	}
	return g, nil
}

// read reads the lines before the empty one.
func (g Growth) read(head string) error {
	if head == "" {
		return nil
	}
	lines := strings.Split(head, "\n")
	for len(lines) > 0 {
		text, ok := strings.CutPrefix(lines[0], "old ")
		size, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil || size < 1 {
			return fmt.Errorf("%w: line %q", ErrProof, lines[0])
		}
		end := 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "old ") {
			end++
		}
		if g.From[size], err = readHashes(lines[1:end]); err != nil {
			return err
		}
		lines = lines[end:]
	}
	return nil
}

// ErrNoProof says that a file has no proof from the size that is held: ask for
// one that has.
var ErrNoProof = errors.New("notary: no proof from the size that is held")

// Extends demands that the log of a checkpoint that is held is a beginning of
// the one that is handed over. The same size must have the same root. ErrFork
// says that history was changed.
func (g Growth) Extends(held Checkpoint) error {
	c := g.Checkpoint
	switch {
	case c.Origin != held.Origin:
		return fmt.Errorf("%w: it is of %s, held is %s", ErrCheckpoint, c.Origin, held.Origin)
	case c.Size == held.Size && c.Root == held.Root, held.Size == 0:
		return nil
	case c.Size == held.Size:
		return fmt.Errorf("%w: two roots at size %d", ErrFork, c.Size)
	}
	proof, ok := g.From[held.Size]
	if !ok {
		return fmt.Errorf("%w: %d", ErrNoProof, held.Size)
	}
	if err := tlog.CheckTree(proof, c.Size, c.Root, held.Size, held.Root); err != nil {
		return fmt.Errorf("%w: from size %d to %d: %w", ErrFork, held.Size, c.Size, err)
	}
	return nil
}

func sortedSizes(m map[int64]tlog.TreeProof) []int64 { return slices.Sorted(maps.Keys(m)) }

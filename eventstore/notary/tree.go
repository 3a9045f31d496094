package notary

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight // hashes in a full tile
)

// emptyRoot is the root of a tree without leaves: SHA-256 of nothing.
var emptyRoot = tlog.Hash{
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
}

// Tree is a Merkle tree that grows at its right edge. It keeps the unfinished
// tile of each level, and nothing else: some hundreds of hashes for any size.
// The zero Tree is empty. It is used by one goroutine.
type Tree struct {
	size  int64
	edge  [][]tlog.Hash // edge[l] is the unfinished tile of level l, below tileWidth hashes
	ready func(level int, n int64, hashes []tlog.Hash)
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Add appends a leaf.
func (t *Tree) Add(leaf tlog.Hash) {
	t.push(0, leaf)
	t.size++
}

// push appends a hash to a level. A full tile is handed over to ready and its
// hash goes into the level above.
func (t *Tree) push(level int, h tlog.Hash) {
	if level == len(t.edge) {
		t.edge = append(t.edge, make([]tlog.Hash, 0, tileWidth))
	}
	t.edge[level] = append(t.edge[level], h)
	if len(t.edge[level]) < tileWidth {
		return
	}
	full := t.edge[level]
	if t.ready != nil {
		t.ready(level, t.size>>(tileHeight*(level+1)), full)
		t.edge[level] = make([]tlog.Hash, 0, tileWidth) // the full one belongs to ready now
	} else {
		t.edge[level] = full[:0]
	}
	t.push(level+1, fold(full))
}

// fold is the root of a perfect tree over a power of two of hashes.
func fold(hashes []tlog.Hash) tlog.Hash {
	var room [tileWidth / 2]tlog.Hash
	for len(hashes) > 1 {
		half := room[:len(hashes)/2]
		for i := range half {
			half[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
		hashes = half
	}
	return hashes[0]
}

// Root is the root of the tree (RFC 6962, section 2.1).
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		return emptyRoot
	}
	var root tlog.Hash
	begun := false
	// From the right edge of the lowest level to the left: each level is cut into
	// perfect trees of falling size, of which the last is the smallest.
	for _, hashes := range t.edge {
		for end := len(hashes); end > 0; {
			n := 1 << bits.TrailingZeros(uint(end))
			h := fold(hashes[end-n : end])
			if begun {
				h = tlog.NodeHash(h, root)
			}
			root, begun = h, true
			end -= n
		}
	}
	return root
}

package notary

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// MarshalBinary writes what a Tree keeps, for who goes on with it later: the
// size as u64, big endian, and the unfinished tiles from the lowest level up.
func (t *Tree) MarshalBinary() ([]byte, error) {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.size))
	for _, hashes := range t.edge {
		b = append(b, hashBytes(hashes)...)
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary writes. It cannot tell whether the
// hashes are right: compare the root.
func (t *Tree) UnmarshalBinary(b []byte) error {
	if len(b) < 8 || int64(binary.BigEndian.Uint64(b)) < 0 {
		return fmt.Errorf("notary: %d bytes are no tree", len(b))
	}
	read := Tree{size: int64(binary.BigEndian.Uint64(b)), ready: t.ready}
	b = b[8:]
	for level := 0; read.size>>(tileHeight*level) > 0; level++ {
		width := int(read.size >> (tileHeight * level) % tileWidth)
		if len(b) < width*tlog.HashSize {
			return fmt.Errorf("notary: the tree of size %d is cut off", read.size)
		}
		edge := make([]tlog.Hash, width, tileWidth)
		for i := range edge {
			copy(edge[i][:], b[i*tlog.HashSize:])
		}
		read.edge = append(read.edge, edge)
		b = b[width*tlog.HashSize:]
	}
	if len(b) > 0 {
		return fmt.Errorf("notary: %d bytes behind the tree of size %d", len(b), read.size)
	}
	*t = read
	return nil
}

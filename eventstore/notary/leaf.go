package notary

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
)

// leafPrefix begins every leaf and says how the rest is laid out.
const leafPrefix = "hearth-leaf/v1\n"

// Leaf is what the tree holds of one stored message: its position, its subject
// and the SHA-256 of its body. Headers and the time of storing are not in it, so
// that a mirror, a restored snapshot and a plain re-publish of the same messages
// give the same root.
type Leaf struct {
	Position eventstore.Position
	Subject  string
	BodyHash [sha256.Size]byte
}

// LeafOf is the leaf of a message.
func LeafOf(m eventstore.Message) Leaf {
	return Leaf{Position: m.Position, Subject: m.Subject, BodyHash: sha256.Sum256(m.Body)}
}

// Append writes the leaf: the prefix, the position as u64, the length of the
// subject as u16, both big endian, the subject, and the hash of the body.
func (l Leaf) Append(b []byte) []byte {
	b = append(b, leafPrefix...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.Position))
	b = binary.BigEndian.AppendUint16(b, uint16(len(l.Subject)))
	b = append(b, l.Subject...)
	return append(b, l.BodyHash[:]...)
}

// Hash is the hash of the leaf in the tree (RFC 6962, section 2.1).
func (l Leaf) Hash() tlog.Hash {
	var room [256]byte
	return tlog.RecordHash(l.Append(room[:0]))
}

// HashOf is the hash in the tree of a message.
func HashOf(m eventstore.Message) tlog.Hash { return LeafOf(m).Hash() }

// ParseLeaf reads what Append writes, and nothing else.
func ParseLeaf(b []byte) (Leaf, error) {
	rest, ok := bytes.CutPrefix(b, []byte(leafPrefix))
	if !ok || len(rest) < 10+sha256.Size {
		return Leaf{}, fmt.Errorf("notary: not a leaf of version 1")
	}
	l := Leaf{Position: eventstore.Position(binary.BigEndian.Uint64(rest))}
	n := int(binary.BigEndian.Uint16(rest[8:]))
	if rest = rest[10:]; len(rest) != n+sha256.Size {
		return Leaf{}, fmt.Errorf("notary: leaf of %d bytes, want %d", len(rest), n+sha256.Size)
	}
	l.Subject = string(rest[:n])
	copy(l.BodyHash[:], rest[n:])
	return l, nil
}

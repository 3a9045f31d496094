package blocks

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/minio/highwayhash"
)

const (
	headSize     = 22 // size, position, time, length of the subject
	checksumSize = highwayhash.Size64
	smallest     = headSize + checksumSize
	// largest is the size from which the server takes a record for a bad one.
	largest = 32 << 20
	// reach is how far a position may be ahead of the one expected. A number
	// beyond it is no position, whatever its checksum says.
	reach = 1 << 32

	hasHeader = 1 << 31 // of the size
	erased    = 1 << 63 // of the position
	tombstone = 1 << 62
	marks     = erased | tombstone
)

var (
	newline     = []byte("\r\n")
	headerBegin = []byte("NATS/1.0")
	headerEnd   = []byte("\r\n\r\n")
)

// record is one record of a block. Its bytes are those of the block.
type record struct {
	size     int
	position uint64 // without its marks
	marks    uint64
	at       int64
	subject  []byte
	rest     []byte // header and body
	headed   bool
	claimed  uint32 // the length that the header has, as the record says
}

// head is what the first bytes of a record say.
type head struct {
	size, subject, fixed int
	headed               bool
	position, marks      uint64
}

// readHead reads the head of the record at the beginning of buf. It refuses
// what cannot be a record there, as the server does.
func readHead(buf []byte) (head, bool) {
	if len(buf) < smallest {
		return head{}, false
	}
	raw, position := binary.LittleEndian.Uint32(buf), binary.LittleEndian.Uint64(buf[4:])
	h := head{
		size:     int(raw &^ hasHeader),
		subject:  int(binary.LittleEndian.Uint16(buf[20:])),
		headed:   raw&hasHeader != 0,
		position: position &^ marks,
		marks:    position & marks,
	}
	h.fixed = smallest + h.subject
	if h.headed {
		h.fixed += 4
	}
	return h, h.fixed <= h.size && h.size <= largest && h.size <= len(buf)
}

// hasher checks the records of one block.
type hasher struct{ digest *highwayhash.Digest64 }

// newHasher is the hasher of the block with number index.
func newHasher(stream string, index uint32) hasher {
	return keyed(fmt.Sprintf("%s-%d", stream, index))
}

func keyed(name string) hasher {
	key := sha256.Sum256([]byte(name))
	digest, err := highwayhash.NewDigest64(key[:])
	if err != nil {
		panic(err) // the key has the right length
	}
	return hasher{digest}
}

// sum is the checksum of the parts together, as it is stored.
func (h hasher) sum(parts ...[]byte) (sum [checksumSize]byte) {
	h.digest.Reset()
	for _, part := range parts {
		_, _ = h.digest.Write(part) // never fails
	}
	h.digest.Sum(sum[:0])
	return sum
}

// read reads the record at the beginning of buf. It is not ok when there is
// none whose checksum holds and whose position can be, next being expected.
func (h hasher) read(buf []byte, next uint64) (record, bool) {
	hd, ok := readHead(buf)
	if !ok || hd.position >= next+reach {
		return record{}, false
	}
	data := buf[headSize : hd.size-checksumSize]
	r := record{
		size: hd.size, position: hd.position, marks: hd.marks,
		at:      int64(binary.LittleEndian.Uint64(buf[12:])),
		subject: data[:hd.subject], rest: data[hd.subject:], headed: hd.headed,
	}
	if hd.headed {
		r.claimed = binary.LittleEndian.Uint32(r.rest)
		r.rest = r.rest[4:]
	}
	sum := h.sum(buf[4:20], r.subject, r.rest)
	return r, bytes.Equal(sum[:], buf[hd.size-checksumSize:hd.size])
}

var (
	errHeader  = errors.New("消息头的长度不对")
	errSubject = errors.New("消息主题不对")
)

// message makes the message of a record whose checksum holds. The checksum says
// nothing about the lengths of subject and header: they must fit the bytes.
func (r record) message(subjects []string) (Message, error) {
	m := Message{
		Position: r.position, StoredAt: time.Unix(0, r.at).UTC(),
		Subject: string(r.subject), Body: r.rest,
	}
	if r.headed {
		end := bytes.Index(r.rest, headerEnd) + len(headerEnd)
		if !bytes.HasPrefix(r.rest, headerBegin) || end < len(headerEnd) || int64(end) != int64(r.claimed) {
			return Message{}, errHeader
		}
		m.RawHeader, m.Body = r.rest[:end:end], r.rest[end:]
	}
	if !isSubject(m.Subject, subjects) {
		return Message{}, errSubject
	}
	return m, nil
}

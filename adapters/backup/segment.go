package backup

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// A segment is, compressed by zstd, the magic line and for each message: position
// u64, time of storing i64 in nanoseconds, length of the subject u16, length of
// the body u32, all big endian, subject, body.
const (
	segmentMagic = "hearth-segment/v1\n"
	frameHeader  = 8 + 8 + 2 + 4

	segmentMessages = 20_000
	segmentBytes    = 256 << 20 // of bodies
	segmentWindow   = 1 << 20   // what a reader must keep in memory
	mostBody        = 64 << 20  // far above what a server takes
)

var (
	segmentNames = regexp.MustCompile(`^[0-9]{12}-[0-9]{12}\.seg\.zst$`)
	runNames     = regexp.MustCompile(`^[0-9]+$`)
)

func segmentName(first, last eventstore.Position) string {
	return fmt.Sprintf("%s/%012d-%012d.seg.zst", segmentsFolder, first, last)
}

// segmentWriter writes one segment.
type segmentWriter struct {
	out    *output
	zip    *zstd.Encoder
	first  eventstore.Position
	leaves []tlog.Hash // of the messages as they came from the log
	size   int         // of the bodies
	head   [frameHeader]byte
}

// beginSegment makes the file of a segment. Its last position is not known yet,
// so it has the name of a segment that is full.
func beginSegment(dir string, first eventstore.Position) (*segmentWriter, error) {
	out, err := create(dir, segmentName(first, 0))
	if err != nil {
		return nil, err
	}
	w := &segmentWriter{out: out, first: first}
	if w.zip, err = zstd.NewWriter(out, zstd.WithWindowSize(segmentWindow)); err == nil {
		_, err = io.WriteString(w.zip, segmentMagic)
	}
	if err != nil {
		return nil, errors.Join(err, out.file.Close())
	}
	return w, nil
}

func (w *segmentWriter) full(messages int) bool {
	return len(w.leaves) >= messages || w.size >= segmentBytes
}

func (w *segmentWriter) add(m eventstore.Message, leaf tlog.Hash) error {
	b := binary.BigEndian.AppendUint64(w.head[:0], uint64(m.Position))
	b = binary.BigEndian.AppendUint64(b, uint64(m.StoredAt.UnixNano()))
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.Subject)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.Body)))
	w.leaves = append(w.leaves, leaf)
	w.size += len(m.Body)
	_, err := w.zip.Write(b)
	if err == nil {
		_, err = io.WriteString(w.zip, m.Subject)
	}
	if err == nil {
		_, err = w.zip.Write(m.Body)
	}
	return err
}

// finish puts the segment on the disk.
func (w *segmentWriter) finish() (Segment, error) {
	err := w.zip.Close()
	file, ferr := w.out.finish()
	return Segment{File: file, First: w.first, Last: w.first + eventstore.Position(len(w.leaves)) - 1}, errors.Join(err, ferr)
}

// readBack demands that the disk has what came from the log.
func (w *segmentWriter) readBack(dir string, s Segment) error {
	return s.read(dir, func(m eventstore.Message) error {
		if notary.HashOf(m) != w.leaves[m.Position-w.first] {
			return damaged(s.Name, "读回的第 %d 条与写入的不同,磁盘可能有故障", m.Position)
		}
		return nil
	})
}

// read hands over every message of a segment, and demands the size and the hash
// of the file and that its positions are what they should be. The file is hashed
// before it is unpacked, so that nothing else has to fear what is in it. Bodies
// are not used again.
func (s Segment) read(dir string, visit func(eventstore.Message) error) error {
	if err := s.check(dir); err != nil {
		return err
	}
	file, err := s.open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	zip, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return damaged(s.Name, "解不开(%v)", err)
	}
	defer zip.Close()
	return s.frames(bufio.NewReaderSize(zip, 1<<16), visit)
}

func (s Segment) frames(r io.Reader, visit func(eventstore.Message) error) error {
	magic := make([]byte, len(segmentMagic))
	if _, err := io.ReadFull(r, magic); err != nil || !bytes.Equal(magic, []byte(segmentMagic)) {
		return damaged(s.Name, "的开头不对")
	}
	for pos := s.First; pos <= s.Last; pos++ {
		m, err := readFrame(r)
		if err != nil {
			return damaged(s.Name, "在位置 %d 处读不下去(%v)", pos, err)
		}
		if m.Position != pos {
			return damaged(s.Name, "在位置 %d 处是 %d", pos, m.Position)
		}
		if err := visit(m); err != nil {
			return err
		}
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return damaged(s.Name, "在位置 %d 之后还有内容", s.Last)
	}
	return nil
}

func readFrame(r io.Reader) (eventstore.Message, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return eventstore.Message{}, err
	}
	subject, body := int(binary.BigEndian.Uint16(head[16:])), int(binary.BigEndian.Uint32(head[18:]))
	if body > mostBody {
		return eventstore.Message{}, fmt.Errorf("a body of %d bytes", body)
	}
	b := make([]byte, subject+body)
	if _, err := io.ReadFull(r, b); err != nil {
		return eventstore.Message{}, err
	}
	return eventstore.Message{
		Position: eventstore.Position(binary.BigEndian.Uint64(head[:])),
		StoredAt: time.Unix(0, int64(binary.BigEndian.Uint64(head[8:]))).UTC(),
		Subject:  string(b[:subject]),
		Body:     b[subject:],
	}, nil
}

package blocks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Find lists the folders of the stream below a server's store folder: one for
// each account that has it, usually one. None is no error.
func Find(storeDir, stream string) ([]string, error) {
	root := filepath.Join(storeDir, "jetstream")
	accounts, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for stream %s: %w", stream, err)
	}
	var dirs []string
	for _, account := range accounts {
		dir := filepath.Join(root, account.Name(), "streams", stream)
		if stat, err := os.Stat(dir); err == nil && stat.IsDir() {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// Scan reads all blocks of the stream in dir, in order, and tells what is wrong
// with them. Damage is in the report, not in the error: that is for what kept
// the scan from coming to its end. The report is then of what was read until
// there.
func Scan(ctx context.Context, dir string, o Options) (Report, error) {
	s := &scanner{Options: o, dir: dir, stream: o.Stream, next: 1}
	if s.stream == "" {
		s.stream = filepath.Base(dir)
	}
	err := s.scan(ctx)
	if err != nil {
		err = fmt.Errorf("scan %s: %w", dir, err)
	}
	return s.report, err
}

// scanner is the state of a scan.
type scanner struct {
	Options
	dir, stream string
	subjects    []string
	report      Report

	next uint64  // the position expected
	bad  []place // where bytes or files are missing whose positions are not known yet
	last block   // the block before the one being read
	buf  []byte
}

// place is bytes that are no record, or whole files that are missing, of which
// it names the first.
type place struct {
	file          string
	offset, bytes int64
	missing       uint32
}

func (s *scanner) scan(ctx context.Context) error {
	stat, err := os.Stat(s.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !stat.IsDir() {
		return ErrNoStream
	}
	if err != nil {
		return err
	}
	if err := errors.Join(s.meta(), s.foreign()); err != nil {
		return err
	}
	s.index()
	list, err := s.blocks()
	if err != nil {
		return err
	}
	var done, total, most int64
	for _, b := range list {
		total, most = total+b.size, max(most, b.size)
	}
	s.report.Bytes, s.buf = total, make([]byte, min(most, mostBlock))
	for _, b := range list {
		if err := s.block(ctx, b); err != nil {
			return err
		}
		s.last = b
		if done += b.size; s.Progress != nil {
			s.Progress(done, total)
		}
	}
	s.finish()
	return nil
}

// block reads the records of one block.
func (s *scanner) block(ctx context.Context, b block) error {
	if missing := s.last.index + 1; b.index != missing {
		s.bad = append(s.bad, place{file: blockName(missing), missing: b.index - missing})
	}
	buf, err := s.load(b)
	if err != nil {
		return err
	}
	h := newHasher(s.stream, b.index)
	patience := 8 * (len(buf) + 1<<20)
	for offset, count := 0, 0; offset < len(buf); count++ {
		if count%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r, ok := h.read(buf[offset:], s.next)
		if ok {
			if err := s.take(b, int64(offset), r); err != nil {
				return err
			}
			offset += r.size
			continue
		}
		end := s.resume(h, buf, offset+1, &patience)
		s.bad = append(s.bad, place{file: b.name(), offset: int64(offset), bytes: int64(end - offset)})
		offset = end
	}
	if rest := b.size - int64(len(buf)); rest > 0 {
		// Records end before the part that was loaded does: a bad place at its end
		// goes on.
		if n := len(s.bad); n > 0 && s.bad[n-1].file == b.name() {
			s.bad[n-1].bytes += rest
		} else {
			s.bad = append(s.bad, place{file: b.name(), offset: int64(len(buf)), bytes: rest})
		}
	}
	return nil
}

// resume looks for the next record that holds. The size of the bad one may be
// the very thing that is wrong, so every byte may be the beginning. A checksum
// is computed only where position and sizes can be; patience bounds how many
// bytes that takes in a block made to cost time.
func (s *scanner) resume(h hasher, buf []byte, from int, patience *int) int {
	for i := from; i+smallest <= len(buf); i++ {
		if size := binary.LittleEndian.Uint32(buf[i:]) &^ hasHeader; size < smallest || size > largest {
			continue // nearly always, and soon
		}
		hd, ok := readHead(buf[i:])
		if !ok || hd.position == 0 || hd.position >= s.next+reach || hd.marks == 0 && hd.position < s.next {
			continue
		}
		if *patience -= hd.size; *patience < 0 {
			break
		}
		if _, ok := h.read(buf[i:], s.next); ok {
			return i
		}
	}
	return len(buf)
}

// take deals with a record whose checksum holds.
func (s *scanner) take(b block, offset int64, r record) error {
	d := Damage{File: b.name(), Offset: offset}
	switch {
	case r.marks != 0 || r.position == 0:
		s.deleted(d, r)
		return nil
	case r.position < s.next:
		d.Kind, d.Text = KindOrder, fmt.Sprintf("第 %d 条消息重复出现,服务器会忽略它", r.position)
		s.damage(d)
		return nil
	}
	s.settle(b, offset, r.position)
	s.next = r.position + 1
	m, err := r.message(s.subjects)
	m.File, m.Offset = d.File, offset
	if err == nil && s.Check != nil {
		err = s.Check(m)
	}
	if err != nil {
		d.Kind, d.From, d.To = KindContent, r.position, r.position
		d.Text = fmt.Sprintf("第 %d 条消息的内容不可信:%v", r.position, err)
		s.damage(d)
		return nil
	}
	if s.report.Messages++; s.report.First == 0 {
		s.report.First = r.position
	}
	s.report.Last = r.position
	if s.Visit != nil {
		return s.Visit(m)
	}
	return nil
}

// deleted deals with erased messages and tombstones. Nobody can delete from our
// stream; but a server that finds less at its start than it remembers leaves a
// tombstone of the last position it has lost.
func (s *scanner) deleted(d Damage, r record) {
	d.Kind, d.From, d.To = KindDeleted, r.position, r.position
	d.Text = fmt.Sprintf("第 %d 条消息被删除", r.position)
	if r.position >= s.next {
		// All before it that has not come is covered by it.
		d.From, s.next = s.next, r.position+1
		if d.From < d.To {
			d.Text = fmt.Sprintf("第 %d 至 %d 条消息被删除或丢失", d.From, d.To)
		}
		for _, p := range s.bad {
			s.unreadable(p, d.From, d.To)
		}
		s.bad = nil
	}
	if r.position == 0 {
		d.Text = "有一条没有序号的记录"
	}
	s.damage(d)
}

// settle closes what is open before the good record of a position: bytes that
// are no record now have positions, and a jump without such bytes is a gap.
func (s *scanner) settle(b block, offset int64, position uint64) {
	from, to := s.next, position-1
	if from > to { // nothing lost
		from, to = 0, 0
	}
	for _, p := range s.bad {
		s.unreadable(p, from, to)
	}
	if len(s.bad) == 0 && from > 0 {
		d := Damage{Kind: KindGap, File: b.name(), Offset: offset, From: from, To: to}
		if offset == 0 && s.last.index > 0 {
			d.File, d.Offset = s.last.name(), s.last.size
		}
		d.Text = fmt.Sprintf("%s缺失:文件 %s 在这里少了内容", positions(from, to), d.File)
		s.damage(d)
	}
	s.bad = nil
}

// unreadable makes the damage of a place. From and to are 0 when the messages
// on both sides of it follow each other.
func (s *scanner) unreadable(p place, from, to uint64) {
	d := Damage{Kind: KindRecord, File: p.file, Offset: p.offset, From: from, To: to}
	switch {
	case p.missing > 0 && from == 0:
		s.note("没有文件 %s,但前后的消息是连续的", p.file)
		return
	case p.missing > 0:
		d.Kind, d.Text = KindGap, fmt.Sprintf("%s缺失:从 %s 起少了 %d 个文件", positions(from, to), p.file, p.missing)
	case from == 0:
		d.Text = fmt.Sprintf("消息之间有 %d 个多余字节,服务器会从这里截断文件", p.bytes)
	default:
		d.Text = fmt.Sprintf("%s无法读取,%d 个字节损坏", positions(from, to), p.bytes)
	}
	s.damage(d)
}

func positions(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("第 %d 条消息", from)
	}
	return fmt.Sprintf("第 %d 至 %d 条消息", from, to)
}

// finish closes what is open at the end of the log.
func (s *scanner) finish() {
	switch {
	case s.next <= s.Known && len(s.bad) > 0:
		for _, p := range s.bad {
			s.unreadable(p, s.next, s.Known)
		}
	case s.next <= s.Known:
		d := Damage{Kind: KindEnd, File: s.last.name(), Offset: s.last.size, From: s.next, To: s.Known}
		if s.last.index == 0 {
			d.File = blockName(1)
		}
		d.Text = fmt.Sprintf("%s缺失:日志在文件 %s 就结束了", positions(d.From, d.To), d.File)
		s.damage(d)
	default:
		s.torn()
	}
	s.bad = nil
}

// torn tells of bytes behind all that is known. Behind them nothing holds: the
// server cuts the file there, and nobody was told that they are stored.
func (s *scanner) torn() {
	for _, p := range s.bad {
		switch {
		case p.missing > 0:
			s.note("没有文件 %s", p.file)
		case s.report.Torn == nil:
			s.report.Torn = &Torn{File: p.file, Offset: p.offset, Bytes: p.bytes, Position: s.next}
		default:
			s.report.Torn.Bytes += p.bytes
		}
	}
}

func (s *scanner) damage(d Damage) { s.report.Damages = append(s.report.Damages, d) }

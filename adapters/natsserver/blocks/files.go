package blocks

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	blockSuffix = ".blk"
	// mostBlock is more than the server puts into one file: it begins a new one
	// when the next record does not fit into 8 MB.
	mostBlock = 8<<20 + largest
	// chunk is read at once, and piece where a chunk cannot be read.
	chunk, piece = 1 << 20, 4 << 10
)

// block is one file of messages.
type block struct {
	index uint32 // from 1
	size  int64
}

func blockName(index uint32) string { return strconv.FormatUint(uint64(index), 10) + blockSuffix }

func (b block) name() string { return blockName(b.index) }

// blocks lists the blocks in order of their numbers.
func (s *scanner) blocks() ([]block, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, msgsDir))
	if errors.Is(err, fs.ErrNotExist) {
		s.metaDamage(msgsDir, "消息文件夹缺失")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []block
	for _, e := range entries {
		digits, isBlock := strings.CutSuffix(e.Name(), blockSuffix)
		if !isBlock {
			continue
		}
		index, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || index == 0 || blockName(uint32(index)) != e.Name() {
			// The server reads only the number at the beginning of the name.
			s.alien(e.Name(), "不是服务器建立的文件,服务器会把它当作消息文件")
			continue
		}
		stat, err := e.Info()
		if err != nil {
			return nil, err
		}
		if !stat.Mode().IsRegular() {
			s.alien(e.Name(), "不是普通文件")
			continue
		}
		list = append(list, block{index: uint32(index), size: stat.Size()})
	}
	slices.SortFunc(list, func(a, b block) int { return cmp.Compare(a.index, b.index) })
	return list, nil
}

// load reads a block into the scanner's buffer, which has room for the largest. Of a file larger than the server
// makes, only the beginning is loaded: there is no record in the rest.
func (s *scanner) load(b block) ([]byte, error) {
	file, err := os.Open(filepath.Join(s.dir, msgsDir, b.name()))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	buf := s.buf[:min(b.size, mostBlock)]
	if lost := readAll(file, buf); lost > 0 {
		s.note("文件 %s 有 %d 个字节磁盘读不出,请检查磁盘", b.name(), lost)
	}
	return buf, nil
}

// readAll fills buf. Where the disk does not give the bytes, it leaves zeros, so
// that the records around them are still found, and counts them.
func readAll(file io.ReaderAt, buf []byte) (lost int) {
	for from := 0; from < len(buf); from += chunk {
		part := buf[from:min(from+chunk, len(buf))]
		if n, err := file.ReadAt(part, int64(from)); err == nil || n == len(part) {
			continue
		}
		for at := 0; at < len(part); at += piece {
			small := part[at:min(at+piece, len(part))]
			if n, err := file.ReadAt(small, int64(from+at)); err != nil && n < len(small) {
				clear(small[n:])
				lost += len(small) - n
			}
		}
	}
	return lost
}

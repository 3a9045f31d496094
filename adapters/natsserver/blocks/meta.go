package blocks

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	metaFile  = "meta.inf"
	metaSum   = "meta.sum"
	metaKey   = "meta.key"
	indexFile = "index.db"
	msgsDir   = "msgs"
	// purgedDir is where the server prepares a purge. When it finds a block in it
	// at the start, it removes msgs and puts this folder in its place.
	purgedDir = "__new_msgs__"

	// mostMeta is more than any configuration takes.
	mostMeta = 1 << 20
)

// info is what the scan needs of meta.inf.
type info struct {
	Name        string   `json:"name"`
	Subjects    []string `json:"subjects"`
	Storage     string   `json:"storage"`
	Compression string   `json:"compression"`
}

// meta checks meta.inf and meta.sum, without which the server leaves the stream
// out, and remembers the stream's subjects.
func (s *scanner) meta() error {
	text, err := readSmall(filepath.Join(s.dir, metaFile))
	if err != nil {
		return s.metaMissing(metaFile, err)
	}
	sum, err := readSmall(filepath.Join(s.dir, metaSum))
	if err != nil {
		if err := s.metaMissing(metaSum, err); err != nil {
			return err
		}
	} else if want := keyed(s.stream).sum(text); string(sum) != hex.EncodeToString(want[:]) {
		// Which of the two is wrong cannot be told.
		s.metaDamage(metaFile, "事件流的配置与校验值 meta.sum 不符")
	}
	var got info
	switch err := json.Unmarshal(text, &got); {
	case err != nil:
		s.metaDamage(metaFile, "事件流的配置无法解析")
	case got.Name != s.stream:
		s.metaDamage(metaFile, "事件流的配置属于另一个事件流")
	case got.Storage != "file" || got.Compression != "" && got.Compression != "none":
		s.metaDamage(metaFile, "事件流的配置不是不压缩的文件存储,无法检查")
	case len(s.report.Damages) == 0:
		// Subjects that do not hold would make damage of good messages.
		s.subjects = got.Subjects
	}
	return nil
}

// metaMissing makes damage of a file that is not there or cannot be read. That
// we may not read it is no damage.
func (s *scanner) metaMissing(name string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		s.metaDamage(name, "文件缺失")
	} else {
		s.metaDamage(name, "文件无法读取")
	}
	return nil
}

func (s *scanner) metaDamage(file, text string) {
	s.report.Damages = append(s.report.Damages, Damage{Kind: KindMeta, File: file, Text: text + ",服务器将不提供这个事件流"})
}

// foreign looks for files with which the server would do more than read them.
func (s *scanner) foreign() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, purgedDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), blockSuffix) {
			s.alien(purgedDir, "有一次未完成的清空,服务器启动时会删除全部消息")
			break
		}
	}
	if _, err := os.Lstat(filepath.Join(s.dir, metaKey)); err == nil {
		s.alien(metaKey, "事件流被加密,服务器没有密钥时无法提供它")
	}
	return nil
}

func (s *scanner) alien(file, text string) {
	s.report.Damages = append(s.report.Damages, Damage{Kind: KindForeign, File: file, Text: text})
}

// index looks at index.db. The server makes it again from the blocks when it
// does not hold, so that is worth a note and no more.
func (s *scanner) index() {
	file, err := os.Open(filepath.Join(s.dir, msgsDir, indexFile))
	if errors.Is(err, fs.ErrNotExist) {
		s.note("没有 index.db,服务器启动时会根据消息文件重建它")
		return
	}
	if err == nil {
		defer file.Close()
		s.report.Indexed, err = readIndex(file, s.stream)
	}
	if err != nil {
		s.note("index.db 不完好,服务器启动时会根据消息文件重建它")
	}
}

var errIndex = errors.New("not an index")

// readIndex answers with the last position of an index whose checksum holds. It
// does not load it: an index of many subjects is as large as a block.
func readIndex(file io.Reader, stream string) (uint64, error) {
	const magic, oldest, newest = 11, 1, 4
	h := keyed(stream)
	h.digest.Reset()
	var begin, held []byte
	buf := make([]byte, 16<<10)
	for {
		n, err := file.Read(buf)
		if len(begin) < 128 {
			begin = append(begin, buf[:min(n, 128)]...)
		}
		// The last bytes are the checksum: hold them back until it is known that
		// more follow.
		held = append(held, buf[:n]...)
		if most := len(held) - checksumSize; most > 0 {
			_, _ = h.digest.Write(held[:most])
			held = append(held[:0], held[most:]...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if len(begin) < 32 || begin[0] != magic || begin[1] < oldest || begin[1] > newest || !bytes.Equal(h.digest.Sum(nil), held) {
		return 0, errIndex
	}
	rest := begin[2:]
	var last uint64
	for range 5 { // messages, bytes, first position, its time, last position
		n := 0
		if last, n = binary.Uvarint(rest); n <= 0 {
			return 0, errIndex
		}
		rest = rest[n:]
	}
	return last, nil
}

// note adds a remark to the report.
func (s *scanner) note(format string, args ...any) {
	s.report.Notes = append(s.report.Notes, fmt.Sprintf(format, args...))
}

// readSmall reads a file that has no reason to be large.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, mostMeta))
}

// isSubject says whether a subject is literal and one of the stream's. Without
// the stream's subjects any literal one will do.
func isSubject(subject string, of []string) bool {
	if len(of) > 0 {
		found := false
		for _, pattern := range of {
			found = found || covers(pattern, subject)
		}
		if !found {
			return false
		}
	}
	for token := range strings.SplitSeq(subject, ".") {
		if token == "" || token == "*" || token == ">" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' }) {
			return false
		}
	}
	return true
}

// covers says whether a literal subject matches a pattern.
func covers(pattern, subject string) bool {
	for {
		p, patternRest, patternMore := strings.Cut(pattern, ".")
		s, subjectRest, subjectMore := strings.Cut(subject, ".")
		switch {
		case p == ">":
			return true
		case p != "*" && p != s || patternMore != subjectMore:
			return false
		case !patternMore:
			return true
		}
		pattern, subject = patternRest, subjectRest
	}
}

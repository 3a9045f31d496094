package blocks

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"time"
)

// ErrNoStream says that the folder of the stream is not there.
var ErrNoStream = errors.New("事件流的文件夹不存在,请检查状态文件夹的位置")

// Options says what is scanned, and who is told.
type Options struct {
	// Stream is the name of the stream; the name of its folder when empty.
	Stream string
	// Known is the last position that is known from elsewhere to be
	// acknowledged. All up to it must be there.
	Known uint64
	// Check, when set, refuses messages whose bytes hold but whose content
	// cannot be right. Such a message is damage and is not visited.
	Check func(Message) error
	// Visit, when set, gets each good message in the order of positions. An
	// error ends the scan.
	Visit func(Message) error
	// Progress, when set, is told after each block how many bytes of the blocks
	// are done.
	Progress func(doneBytes, totalBytes int64)
}

// Message is one stored message. Its bytes are valid during the call only.
type Message struct {
	Position uint64
	StoredAt time.Time
	Subject  string
	// RawHeader is the header as stored, from "NATS/1.0" to the empty line; nil
	// when there is none.
	RawHeader []byte
	Body      []byte
	// File is the base name of the block and Offset the place of the record in it.
	File   string
	Offset int64
}

// Header is the first value that is stored under name, spelled exactly so.
func (m Message) Header(name string) string {
	for key, value := range m.headers {
		if string(key) == name {
			return string(value)
		}
	}
	return ""
}

// Headers is the whole header, with the names as stored.
func (m Message) Headers() map[string][]string {
	all := map[string][]string{}
	for key, value := range m.headers {
		all[string(key)] = append(all[string(key)], string(value))
	}
	return all
}

// headers yields names and values after the status line.
func (m Message) headers(yield func(key, value []byte) bool) {
	_, rest, _ := bytes.Cut(m.RawHeader, newline)
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, newline)
		key, value, found := bytes.Cut(line, []byte(":"))
		if found && !yield(key, bytes.TrimSpace(value)) {
			return
		}
	}
}

// Kind says what is wrong.
type Kind string

// The kinds of damage.
const (
	// KindRecord is bytes in a block that are no record.
	KindRecord Kind = "record"
	// KindGap is a jump of positions between two good records: a block is
	// missing, or was cut.
	KindGap Kind = "gap"
	// KindEnd is a log that ends before a position that is known.
	KindEnd Kind = "end"
	// KindOrder is a record whose position came before.
	KindOrder Kind = "order"
	// KindDeleted is the trace of a deleted or left-out message.
	KindDeleted Kind = "deleted"
	// KindContent is a message whose bytes hold but whose content cannot be right.
	KindContent Kind = "content"
	// KindMeta is a wrong or missing configuration: the server would not show
	// the stream at all.
	KindMeta Kind = "meta"
	// KindForeign is a file that does not belong there, and with which the server
	// would do something.
	KindForeign Kind = "foreign"
)

// Damage is one thing that is wrong.
type Damage struct {
	Kind Kind
	// File is a base name; it may name a file that is missing.
	File   string
	Offset int64
	// From and To are the positions that are missing, unreadable or not to be
	// trusted; both are 0 when no position is concerned. Damages that cannot be
	// told apart name the same positions.
	From, To uint64
	// Text says it in Chinese.
	Text string
}

// Torn is an unfinished write at the end of the log, behind all that is known
// to be acknowledged. The server cuts it away by itself.
type Torn struct {
	File   string
	Offset int64
	// Bytes is how much of it there is, with all that follows.
	Bytes int64
	// Position is the first that it would have had.
	Position uint64
}

// Report is what a scan found.
type Report struct {
	// First and Last are the positions of the first and last good message; 0
	// when there is none.
	First, Last uint64
	// Messages counts the good messages, and Bytes the bytes of all blocks.
	Messages uint64
	Bytes    int64
	Damages  []Damage
	Torn     *Torn
	// Indexed is the last position that index.db speaks of; 0 when the file is
	// missing or not intact. It is written at an orderly stop and every two
	// minutes, without regard to what is on disk: a number above Last after an
	// orderly stop means that messages were lost.
	Indexed uint64
	// Notes are remarks in Chinese about what is no damage.
	Notes []string
}

// Damaged says whether anything is wrong. A torn end is not.
func (r Report) Damaged() bool { return len(r.Damages) > 0 }

// Files are the base names of the damaged files, each once.
func (r Report) Files() []string {
	var names []string
	for _, d := range r.Damages {
		names = append(names, d.File)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Range is a run of positions, both ends included.
type Range struct{ From, To uint64 }

// Concerned is the positions of all damages, in order and without overlap.
func (r Report) Concerned() []Range {
	var all []Range
	for _, d := range r.Damages {
		if d.From > 0 {
			all = append(all, Range{d.From, d.To})
		}
	}
	slices.SortFunc(all, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	var merged []Range
	for _, next := range all {
		// To may be the largest number there is: do not add to it.
		if n := len(merged); n > 0 && next.From-1 <= merged[n-1].To {
			merged[n-1].To = max(merged[n-1].To, next.To)
			continue
		}
		merged = append(merged, next)
	}
	return merged
}

package timeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/domain"
	"hearth/domain/complaint"
)

// Track is 办理线: which line of work an entry belongs to, for filtering.
type Track string

// The tracks of a timeline.
const (
	Intake    Track = "intake"
	Dispatch  Track = "dispatch"
	Contact   Track = "contact"
	Claims    Track = "claims"
	Money     Track = "money"
	Procedure Track = "procedure"
	Document  Track = "document"
	Clock     Track = "clock"
	Risk      Track = "risk"
	Closure   Track = "closure"
	Register  Track = "register"
)

var tracks = domain.NewCodes[Track]("办理线",
	"intake", "登记受理", "dispatch", "交办指派", "contact", "联系记录", "claims", "诉求核定", "money", "清偿追偿",
	"procedure", "协商程序", "document", "文书移送", "clock", "时限", "risk", "风险", "closure", "结案归档", "register", "基础信息")

// Tracks is the list of tracks (办理线).
func Tracks() domain.Codes[Track] { return tracks }

// Label is the Chinese name of the track.
func (t Track) Label() string { return tracks.Label(t) }

// Line is one event in words. Text is one Chinese sentence without personal
// data, and the same whether these are known or not; users, organisations, enterprises and persons stand in it as marks that
// Expand replaces. Detail is what somebody wrote, which may be personal.
type Line struct {
	Track  Track
	Text   string
	Detail string
}

func line(t Track, format string, args ...any) Line {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = unmarked(s)
		}
	}
	return Line{Track: t, Text: fmt.Sprintf(format, args...)}
}

func (l Line) with(detail string) Line {
	l.Detail = strings.TrimSpace(detail)
	return l
}

func yuan(f domain.Fen) string { return f.String() + "元" }

func moment(t time.Time) string {
	if t.IsZero() {
		return "未定"
	}
	return t.In(domain.Shanghai).Format("2006-01-02 15:04")
}

// optional is the text with its arguments, or nothing when the first argument is empty.
func optional(format string, arg string) string {
	if arg == "" {
		return ""
	}
	return fmt.Sprintf(format, arg)
}

func yesNo(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func numbers(nos []int) string {
	parts := make([]string, len(nos))
	for i, n := range nos {
		parts[i] = fmt.Sprint(n)
	}
	return strings.Join(parts, "、") + "号"
}

func labels[T interface{ Label() string }](codes []T) string {
	parts := make([]string, len(codes))
	for i, c := range codes {
		parts[i] = c.Label()
	}
	return strings.Join(parts, "、")
}

// count is the text with a number, or nothing for none.
func count(format string, n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// have lists what there is.
func have(things ...string) string {
	things = slices.DeleteFunc(things, func(s string) bool { return s == "" })
	if len(things) == 0 {
		return "无"
	}
	return strings.Join(things, "、")
}

// evidence says on what a fact rests.
func evidence(list []complaint.Evidence) string {
	kinds := make([]complaint.EvidenceKind, 0, len(list))
	for _, e := range list {
		if !slices.Contains(kinds, e.Kind) {
			kinds = append(kinds, e.Kind)
		}
	}
	return optional(",证据:%s", labels(kinds))
}

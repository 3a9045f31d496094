package calendar

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"hearth/domain"
)

// maxNoticeText keeps a wrong file out; a year's notice has about 2 KB.
const maxNoticeText = 64 << 10

// ParseNotice reads a year's notice as a clerk types it or a spreadsheet saves it,
// one fact per line:
//
//	放假,2027-01-01,2027-01-03,元旦
//	上班,2027-01-04
//	法定,2027-01-01,元旦
//	来源,国务院办公厅关于2027年部分节假日安排的通知
//
// The year is that of the statutory days. A holiday of one day may leave its last
// day empty; empty lines and lines that begin with # are skipped; full-width
// signs, tabs and dates like 2027/1/1 or 2027年1月1日 are read too. Everything
// that is wrong is listed by line; what contradicts itself is refused as by
// Notice.Check.
func ParseNotice(text string) (Notice, error) {
	if len(text) > maxNoticeText || !utf8.ValidString(text) {
		return Notice{}, domain.Reject("bad_notice", "这不像一份放假通知:内容过长或不是UTF-8文本,请另存为UTF-8编码的CSV后再试。")
	}
	var n Notice
	var unread []string
	lines := map[string]int{} // of the word and day; the last one counts
	text = strings.TrimPrefix(text, "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		f := fields(line)
		if what := n.readLine(f); what != "" {
			unread = append(unread, fmt.Sprintf("第%d行:%s", i+1, what))
		}
		if d, ok := readDate(f[1]); ok {
			lines[f[0]+d.String()] = i + 1
		}
	}
	if len(n.Statutory) == 0 {
		unread = append(unread, "没有法定节假日,请写成如“法定,2027-01-01,元旦”的行。")
	}
	if len(unread) > 0 {
		return Notice{}, domain.Reject("bad_notice", "放假通知没有读懂,请改正后再提交:\n%s", strings.Join(unread, "\n"))
	}
	n = n.sorted()
	// The day in the middle: one mistyped year does not put all others in doubt.
	n.Year = n.Statutory[len(n.Statutory)/2].Year()
	if err := rejectNotice(n.flaws(), func(f flaw) int { return lines[f.word+f.day.String()] }); err != nil {
		return Notice{}, err
	}
	return n, nil
}

// readLine adds one line to the notice, or says in Chinese what is wrong with it.
func (n *Notice) readLine(f [4]string) string {
	switch word := f[0]; {
	case word == "" && f[1] == "" || strings.HasPrefix(word, "#"):
		return ""
	case word == wordOff:
		if f[2] == "" {
			f[2] = f[1]
		}
		from, ok1 := readDate(f[1])
		to, ok2 := readDate(f[2])
		switch {
		case !ok1 || !ok2:
			return fmt.Sprintf("日期“%s”至“%s”看不懂,请写成如“放假,2027-01-01,2027-01-03,元旦”。", clip(f[1]), clip(f[2]))
		case f[3] == "":
			return "没有写节日名称,请写成如“放假,2027-01-01,2027-01-03,元旦”。"
		}
		n.Off = append(n.Off, Span{From: from, To: to, Name: f[3]})
	case word == wordWork || word == wordStatutory:
		d, ok := readDate(f[1])
		if !ok {
			return fmt.Sprintf("日期“%s”看不懂,请写成如“%s,2027-01-01”。", clip(f[1]), word)
		}
		if word == wordWork {
			n.Work = append(n.Work, d)
		} else {
			n.Statutory = append(n.Statutory, d)
		}
	case word == wordSource && n.Source != "":
		return "来源写了两次,请只留一行。"
	case word == wordSource && f[1] == "":
		return "没有写来源,请写通知名称和文号。"
	case word == wordSource:
		n.Source = f[1]
	default:
		return fmt.Sprintf("“%s”看不懂,每行应以“放假”“上班”“法定”或“来源”开头。", clip(word))
	}
	return ""
}

// Text writes the notice as ParseNotice reads it.
func (n Notice) Text() string {
	var b strings.Builder
	for _, s := range n.Off {
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", wordOff, s.From, s.To, s.Name)
	}
	for _, d := range n.Work {
		fmt.Fprintf(&b, "%s,%s\n", wordWork, d)
	}
	for _, d := range n.Statutory {
		fmt.Fprintf(&b, "%s,%s\n", wordStatutory, d)
	}
	fmt.Fprintf(&b, "%s,%s\n", wordSource, n.Source)
	return b.String()
}

// separators part the fields of a line, and frame is what spreadsheets and people
// put around them.
const (
	separators = ",，\t"
	frame      = " \r\u3000\"" + separators
)

// fields cuts a line into its word and up to three more fields. A source may hold
// separators and is not cut.
func fields(line string) [4]string {
	var f [4]string
	rest := strings.Trim(line, " \r\u3000\"")
	for i := range f {
		at := strings.IndexAny(rest, separators)
		if at < 0 || i == 1 && f[0] == wordSource {
			f[i] = strings.Trim(rest, frame)
			break
		}
		_, width := utf8.DecodeRuneInString(rest[at:])
		f[i], rest = strings.Trim(rest[:at], frame), rest[at+width:]
	}
	return f
}

// cleanSource is a source as fields would read it from a line of its own.
func cleanSource(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.Trim(s, frame)
}

// cleanName is the name of a holiday as fields would read it.
func cleanName(s string) string {
	return fields(cleanSource(s))[0]
}

// readDate reads 2027-01-01, 2027/1/1, 2027.1.1 and 2027年1月1日.
func readDate(s string) (domain.Date, bool) {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '年' || r == '月' || r == '/' || r == '.' || r == '－':
			return '-'
		case r == '日' || r == ' ':
			return -1
		}
		return r
	}, s)
	t, err := time.Parse("2006-1-2", s)
	if err != nil {
		return domain.Date{}, false
	}
	return domain.NewDate(t.Date()), true
}

// clip keeps what an error repeats short.
func clip(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

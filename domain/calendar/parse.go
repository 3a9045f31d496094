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
	var wrong []string
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	for i, line := range strings.Split(text, "\n") {
		if err := n.readLine(fields(line)); err != "" {
			wrong = append(wrong, fmt.Sprintf("第%d行:%s", i+1, err))
		}
	}
	if len(n.Statutory) > 0 {
		n.Year = n.Statutory[0].Year()
	} else {
		wrong = append(wrong, "没有法定节假日,请写成如“法定,2027-01-01,元旦”的行。")
	}
	if len(wrong) > 0 {
		return Notice{}, domain.Reject("bad_notice", "放假通知没有读懂,请改正后再提交:\n%s", strings.Join(wrong, "\n"))
	}
	n = n.sorted()
	if err := n.Check(); err != nil {
		return Notice{}, err
	}
	return n, nil
}

// readLine adds one line to the notice, or says in Chinese what is wrong with it.
func (n *Notice) readLine(f []string) string {
	if f[0] == "" && len(f) == 1 || strings.HasPrefix(f[0], "#") {
		return ""
	}
	f = append(f, "", "", "") // what is not there is empty
	switch f[0] {
	case "放假":
		if f[2] == "" {
			f[2] = f[1]
		}
		from, ok1 := readDate(f[1])
		to, ok2 := readDate(f[2])
		switch {
		case !ok1 || !ok2:
			return fmt.Sprintf("日期“%s”至“%s”看不懂,请写成如“放假,2027-01-01,2027-01-03,元旦”。", f[1], f[2])
		case f[3] == "":
			return "没有写节日名称,请写成如“放假,2027-01-01,2027-01-03,元旦”。"
		}
		n.Off = append(n.Off, Span{From: from, To: to, Name: f[3]})
	case "上班", "法定":
		d, ok := readDate(f[1])
		if !ok {
			return fmt.Sprintf("日期“%s”看不懂,请写成如“%s,2027-01-01”。", f[1], f[0])
		}
		if f[0] == "上班" {
			n.Work = append(n.Work, d)
		} else {
			n.Statutory = append(n.Statutory, d)
		}
	case "来源":
		if n.Source != "" {
			return "来源写了两次,请只留一行。"
		}
		// A source may hold commas, which fields has cut it at.
		n.Source = strings.Trim(strings.Join(f[1:], ","), ",")
		if n.Source == "" {
			return "没有写来源,请写通知名称和文号。"
		}
	default:
		return fmt.Sprintf("“%s”看不懂,每行应以“放假”“上班”“法定”或“来源”开头。", clip(f[0]))
	}
	return ""
}

// Text writes the notice as ParseNotice reads it.
func (n Notice) Text() string {
	var b strings.Builder
	for _, s := range n.Off {
		fmt.Fprintf(&b, "放假,%s,%s,%s\n", s.From, s.To, s.Name)
	}
	for _, d := range n.Work {
		fmt.Fprintf(&b, "上班,%s\n", d)
	}
	for _, d := range n.Statutory {
		fmt.Fprintf(&b, "法定,%s\n", d)
	}
	fmt.Fprintf(&b, "来源,%s\n", n.Source)
	return b.String()
}

// fields cuts a line at commas and tabs, at least into one field, and takes the
// quotes of spreadsheets and the white space off.
func fields(line string) []string {
	line = strings.NewReplacer("，", ",", "\t", ",").Replace(line)
	f := strings.Split(line, ",")
	for i := range f {
		f[i] = strings.TrimSpace(strings.Trim(strings.TrimSpace(f[i]), `"`))
	}
	for len(f) > 1 && f[len(f)-1] == "" {
		f = f[:len(f)-1]
	}
	return f
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

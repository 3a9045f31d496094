package sheet

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"

	"hearth/domain"
)

type kind byte

const (
	kindText   kind = iota
	kindNumber      // text holds the number as stored
	kindDate        // a number that is shown as a date
	kindBroken      // text says why there is no value
)

// Cell is one cell. Its value is read by the method that fits the column; each
// rejects what does not fit, in words for a clerk, and rejects a broken cell.
type Cell struct {
	text  string
	kind  kind
	zeros int // digits to show at least
	epoch int // days between 1899-12-30 and serial 0
}

// TextCell is a cell that holds a text, as those of a CSV file do.
func TextCell(s string) Cell { return Cell{text: s} }

// Blank reports that the cell holds nothing that could be seen.
func (c Cell) Blank() bool {
	return c.kind != kindBroken && (c.text == "" || Clean(c.text) == "")
}

// Text reads any cell as text, cleaned; see Clean. Numbers are written without
// exponent, dates as 2006-01-02 or 2006-01-02 15:04:05.
func (c Cell) Text() (string, error) {
	switch c.kind {
	case kindBroken:
		return "", domain.Reject("cell_broken", "%s。", c.text)
	case kindNumber:
		s, _ := decimal(c.text)
		if pad := c.zeros - len(s); pad > 0 && isDigits(s) {
			s = strings.Repeat("0", pad) + s
		}
		return s, nil
	case kindDate:
		if t, err := c.civil(); err == nil {
			return t.String(), nil
		}
		s, _ := decimal(c.text)
		return s, nil
	}
	return Clean(c.text), nil
}

// Line reads a text that has one line: line breaks become spaces.
func (c Cell) Line() (string, error) {
	s, err := c.Text()
	return strings.ReplaceAll(s, "\n", " "), err
}

// Code reads what names something by its digits: an ID number, a phone, the
// number of a message. Full-width letters and digits become plain ones, white
// space goes. A long number that Excel has rounded is rejected.
func (c Cell) Code() (string, error) {
	s, err := c.Line()
	if err != nil {
		return "", err
	}
	if _, exact := decimal(c.text); c.kind == kindNumber && !exact {
		return "", domain.Reject("digits_lost", "号码是按数字保存的,第15位以后已经丢失。请把这一列设为“文本”格式,重新填写号码。")
	}
	return strings.Join(strings.Fields(strings.Map(plainWidth, s)), ""), nil
}

// Amount reads an amount of money. In a column whose heading gives the unit 万元
// a bare number counts in it.
func (c Cell) Amount(heading string) (domain.Fen, error) {
	s, err := c.Line()
	if err != nil {
		return 0, err
	}
	if c.kind == kindDate {
		return 0, domain.Reject("bad_amount", "这里应填金额,却是日期“%s”,请改正。", s)
	}
	if last := strings.Map(plainWidth, s); strings.Contains(heading, "万元") && last != "" && isDigits(last[len(last)-1:]) {
		s += "万"
	}
	return domain.ParseYuan(s)
}

// Count reads a whole number, such as a number of persons: 12, 12人, １２.
func (c Cell) Count() (int, error) {
	s, err := c.Line()
	if err != nil {
		return 0, err
	}
	t := strings.ReplaceAll(strings.Join(strings.Fields(strings.Map(plainWidth, s)), ""), ",", "")
	for _, unit := range []string{"人", "名", "个", "位"} {
		t = strings.TrimSuffix(t, unit)
	}
	n, err := strconv.Atoi(t)
	if err != nil || n < 0 || n > 1_000_000 || !isDigits(t) || c.kind == kindDate {
		return 0, domain.Reject("bad_count", "“%s”不是数目,请写成如 12 的整数。", s)
	}
	return n, nil
}

// decimal writes a stored number as people do, and tells whether all its digits
// are its own: Excel keeps fifteen, what stands behind them is noise of binary
// fractions.
func decimal(stored string) (s string, exact bool) {
	f, err := strconv.ParseFloat(stored, 64)
	if err != nil || math.IsInf(f, 0) {
		return stored, false
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'e', 14, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64), math.Abs(f) < 1e15
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// plainWidth turns the full-width forms of ASCII into ASCII.
func plainWidth(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '\u3000':
		return ' '
	case r == '￥':
		return '¥'
	}
	return r
}

// Clean tidies a text as it comes from spreadsheets and web forms: one kind of
// line break, no control and zero-width characters, single spaces, no blank
// lines, nothing at the ends. Letters are left as they are, 𠮷 too.
func Clean(s string) string {
	if tidy(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var gap rune // the white space that is due before the next letter
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f':
			gap = '\n'
		case unicode.IsSpace(r) || r == '\u00a0':
			if gap == 0 {
				gap = ' '
			}
		case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\ufffe' || r == '\uffff':
		default:
			if gap != 0 && b.Len() > 0 {
				b.WriteRune(gap)
			}
			gap = 0
			b.WriteRune(r)
		}
	}
	return b.String()
}

// tidy reports the common case that there is nothing to clean.
func tidy(s string) bool {
	space := true
	for _, r := range s {
		if r == ' ' {
			if space {
				return false
			}
			space = true
			continue
		}
		if r < ' ' || r >= 0x7f && r <= 0xa0 || r >= 0x2000 && r <= 0x206f || r == '\u3000' ||
			r > 0x7f && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)) || r == '\ufffe' || r == '\uffff' {
			return false
		}
		space = false
	}
	return s == "" || !space
}

// ColumnName is the letters of a column counted from 0: A, B, … Z, AA.
func ColumnName(column int) string {
	name, err := excelize.ColumnNumberToName(column + 1)
	if err != nil {
		return "?"
	}
	return name
}

// Problem is what is wrong with one cell, or with a row when Column is -1.
type Problem struct {
	Sheet   string
	Row     int
	Column  int    // from 0
	Heading string // of the column
	Text    string
}

// Problem says at its place in the row what an error says about a value.
func (r Row) Problem(column int, heading string, err error) Problem {
	p := Problem{Sheet: r.Sheet, Row: r.Number, Column: column, Heading: heading, Text: err.Error()}
	if no, ok := err.(*domain.Rejection); ok {
		p.Text = no.Text
	}
	return p
}

// Place writes where the problem is, as in 第17行“投诉时间”(D列).
func (p Problem) Place() string {
	var b strings.Builder
	if p.Sheet != "" {
		fmt.Fprintf(&b, "工作表“%s”", p.Sheet)
	}
	fmt.Fprintf(&b, "第%d行", p.Row)
	if p.Column >= 0 {
		if p.Heading != "" {
			fmt.Fprintf(&b, "“%s”", p.Heading)
		}
		fmt.Fprintf(&b, "(%s列)", ColumnName(p.Column))
	}
	return b.String()
}

// String writes place and problem.
func (p Problem) String() string { return p.Place() + ":" + p.Text }

package domain

import (
	"strconv"
	"strings"
)

// Fen is 分: an amount of money, 1/100 yuan. Money is never a float.
type Fen int64

// Yuan is 元: an amount of whole yuan as Fen.
func Yuan(n int64) Fen { return Fen(n * 100) }

// String writes the amount in yuan with thousands separators: 1,234.50.
func (f Fen) String() string {
	neg, n := f < 0, uint64(f)
	if neg {
		n = -n
	}
	whole := strconv.FormatUint(n/100, 10)
	var b strings.Builder
	if neg {
		b.WriteByte('-')
	}
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	b.WriteByte('.')
	b.WriteByte(byte('0' + n%100/10))
	b.WriteByte(byte('0' + n%10))
	return b.String()
}

// ParseYuan reads an amount in yuan as people write it: "12,345.6", "￥1万",
// "3.5万元", full-width digits included. More than two decimals are refused,
// not rounded.
func ParseYuan(s string) (Fen, error) {
	bad := Reject("bad_amount", "金额“%s”看不懂,请写成如 12345.60 的元数。", s)
	t := strings.Map(narrow, s)
	t = strings.TrimSuffix(strings.TrimPrefix(t, "¥"), "元")
	unit := int64(100)
	if rest, ok := strings.CutSuffix(t, "万"); ok {
		t, unit = rest, 1_000_000
	}
	whole, frac, point := strings.Cut(t, ".")
	if whole == "" || (point && frac == "") || len(whole) > 12 {
		return 0, bad
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || whole[0] == '+' || whole[0] == '-' {
		return 0, bad
	}
	fen := n * unit
	for _, c := range frac {
		unit /= 10
		if c < '0' || c > '9' || (unit == 0 && c != '0') {
			return 0, bad
		}
		fen += int64(c-'0') * unit
	}
	return Fen(fen), nil
}

// narrow turns full-width digits and signs into plain ones and drops white
// space and thousands separators.
func narrow(r rune) rune {
	switch {
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	case r == '．':
		return '.'
	case r == '￥':
		return '¥'
	case r == ',' || r == '，' || r == ' ' || r == '\t' || r == '\u3000' || r == '\u00a0':
		return -1
	}
	return r
}

package sheet

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hearth/domain"
)

// days1904 is how many days later the 1904 date system begins to count.
const days1904 = 1462

// The years that a date in our files can lie in; what is outside is a slip or a
// number that is no date.
const (
	firstYear = 1930
	lastYear  = 2099
)

// civil is a date with the time of day as somebody wrote it, in Shanghai.
type civil struct {
	date    domain.Date
	hour    int
	minute  int
	second  int
	hasTime bool
}

// String writes 2006-01-02 or 2006-01-02 15:04:05.
func (c civil) String() string {
	if !c.hasTime {
		return c.date.String()
	}
	return fmt.Sprintf("%s %02d:%02d:%02d", c.date, c.hour, c.minute, c.second)
}

// Time reads an instant; a date without time of day is its beginning in Shanghai.
func (c Cell) Time() (time.Time, error) {
	v, err := c.civil()
	if err != nil {
		return time.Time{}, err
	}
	sec := time.Duration(v.hour*3600+v.minute*60+v.second) * time.Second
	return v.date.Start().Add(sec), nil
}

// Date reads a date; the time of day is dropped.
func (c Cell) Date() (domain.Date, error) {
	v, err := c.civil()
	return v.date, err
}

func (c Cell) civil() (civil, error) {
	switch c.kind {
	case kindBroken:
		return civil{}, domain.Reject("cell_broken", "%s。", c.text)
	case kindNumber, kindDate:
		return c.serial()
	}
	return parseCivil(Clean(c.text))
}

// serial reads a number: 20200105, or days since the beginning of the date
// system with the time of day as fraction.
func (c Cell) serial() (civil, error) {
	shown, _ := decimal(c.text)
	if c.kind == kindNumber && len(shown) == 8 && isDigits(shown) {
		return parseCivil(shown)
	}
	f, err := strconv.ParseFloat(c.text, 64)
	if err != nil || f < 0 || f > 100_000 {
		return civil{}, badDate(shown)
	}
	seconds := int(math.Round(f * 86_400))
	day := domain.NewDate(1899, 12, 30).AddDays(seconds/86_400 + c.epoch)
	if day.Year() < firstYear || day.Year() > lastYear {
		return civil{}, badDate(shown)
	}
	s := seconds % 86_400
	return civil{date: day, hour: s / 3600, minute: s / 60 % 60, second: s % 60, hasTime: s != 0}, nil
}

var (
	civilText = regexp.MustCompile(`^(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?[日号]?` +
		`(?:[T ]?\s*(上午|下午|晚上|中午|凌晨|早上|AM|PM)?\s*(\d{1,2})\s?[:时点]\s?(?:(\d{1,2})\s?[:分]?\s?(?:(\d{1,2})(?:\.\d+)?秒?)?)?)?$`)
	digitDate = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	shortYear = regexp.MustCompile(`^\d{1,2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,4}`)
	weekday   = regexp.MustCompile(`[(]?(星期|周|礼拜)[一二三四五六日天][)]?`)
)

func badDate(s string) error {
	return domain.Reject("bad_date", "日期“%s”看不懂,请写成如 2026-11-23 或 2026-11-23 08:03。", s)
}

// parseCivil reads a date as people write it. Years have four digits: nobody
// can tell what 20/1/5 means.
func parseCivil(s string) (civil, error) {
	t := strings.TrimSpace(weekday.ReplaceAllString(strings.Map(plainWidth, s), ""))
	if at, err := time.Parse(time.RFC3339, t); err == nil {
		at = at.In(domain.Shanghai)
		return checkCivil(s, at.Year(), int(at.Month()), at.Day(), at.Hour(), at.Minute(), at.Second(), true)
	}
	m := civilText.FindStringSubmatch(t)
	if m == nil {
		if d := digitDate.FindStringSubmatch(t); d != nil {
			return checkCivil(s, atoi(d[1]), atoi(d[2]), atoi(d[3]), 0, 0, 0, false)
		}
		if shortYear.MatchString(t) {
			return civil{}, domain.Reject("short_year", "日期“%s”分不清年月日,年份请写四位,如 2026-11-23。", s)
		}
		return civil{}, badDate(s)
	}
	hour := atoi(m[5])
	switch m[4] {
	case "下午", "晚上", "PM", "中午":
		if hour < 12 && (m[4] != "中午" || hour < 11) {
			hour += 12
		}
	case "凌晨", "AM":
		if hour == 12 {
			hour = 0
		}
	}
	return checkCivil(s, atoi(m[1]), atoi(m[2]), atoi(m[3]), hour, atoi(m[6]), atoi(m[7]), m[5] != "")
}

func checkCivil(s string, y, m, d, hour, minute, second int, hasTime bool) (civil, error) {
	date := domain.NewDate(y, time.Month(m), d)
	if y < firstYear || y > lastYear || date.Month() != time.Month(m) || date.Day() != d || hour > 23 || minute > 59 || second > 59 {
		return civil{}, domain.Reject("no_such_date", "日期“%s”不存在或超出范围,请核对后改正。", s)
	}
	return civil{date: date, hour: hour, minute: minute, second: second, hasTime: hasTime && hour+minute+second > 0}, nil
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

var (
	monthText   = regexp.MustCompile(`^(\d{4})\s?[-/.年]\s?(\d{1,2})\s?月?(?:份)?$`)
	periodSplit = regexp.MustCompile(`\s*(?:至|到|~|—+|–|--)\s*`)
	hyphenMonth = regexp.MustCompile(`^(\d{4}[./年]\d{1,2}月?)\s?-\s?(\d{4}[./年]\d{1,2}月?)$`)
	hyphenDay   = regexp.MustCompile(`^(\d{4}[./年]\d{1,2}[./月]\d{1,2}日?)\s?-\s?(\d{4}[./年]\d{1,2}[./月]\d{1,2}日?)$`)
)

// Span reads a date or a month as its first and its last day.
func (c Cell) Span() (first, last domain.Date, err error) {
	if c.kind == kindText {
		if m := monthText.FindStringSubmatch(strings.Map(plainWidth, Clean(c.text))); m != nil {
			v, err := checkCivil(c.text, atoi(m[1]), atoi(m[2]), 1, 0, 0, 0, false)
			return v.date, v.date.AddMonths(1).AddDays(-1), err
		}
	}
	d, err := c.Date()
	return d, d, err
}

// Period reads a time from one day or month to another: 2025年3月至2025年8月,
// 2025.3-2025.8, or a single month.
func (c Cell) Period() (first, last domain.Date, err error) {
	if c.kind != kindText {
		return c.Span()
	}
	t := strings.Map(plainWidth, Clean(c.text))
	parts := periodSplit.Split(t, -1)
	if m := hyphenMonth.FindStringSubmatch(t); m != nil {
		parts = m[1:]
	} else if m := hyphenDay.FindStringSubmatch(t); m != nil {
		parts = m[1:]
	}
	if len(parts) > 2 {
		return first, last, domain.Reject("bad_period", "起止时间“%s”看不懂,请写成如 2025-03-01至2025-08-31。", c.text)
	}
	first, last, err = TextCell(parts[0]).Span()
	if err != nil || len(parts) == 1 {
		return first, last, err
	}
	if _, last, err = TextCell(parts[1]).Span(); err != nil {
		return first, last, err
	}
	if last.Before(first) {
		return first, last, domain.Reject("bad_period", "起止时间“%s”的结束早于开始,请改正。", c.text)
	}
	return first, last, nil
}

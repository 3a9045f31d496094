package calendar

import (
	"strconv"
	"time"

	"hearth/domain"
)

// Unit is 计时单位: what the number of a Length counts.
type Unit string

// The units (计时单位).
const (
	Workdays Unit = "wd" // 工作日
	Days     Unit = "d"  // 日
	Hours    Unit = "h"  // 小时
)

// Length is 期限长度, such as 15 working days. The zero Length means that there
// is no limit. It is written 15wd, 60d or 24h.
type Length struct {
	N    int
	Unit Unit
}

// maxLength keeps slips of the keyboard out; the longest limit of the law that
// a clock follows has 60 days.
const maxLength = 3660

// ParseLength reads 15wd, 60d or 24h; the empty string is the zero Length.
func ParseLength(s string) (Length, error) {
	if s == "" {
		return Length{}, nil
	}
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	l := Length{Unit: Unit(s[i:])}
	var err error
	l.N, err = strconv.Atoi(s[:i])
	if err != nil || s[0] == '0' || l.N > maxLength || l.Unit.text() == "" {
		return Length{}, domain.Reject("bad_length", "期限“%s”看不懂,请写成如 15wd(工作日)、60d(日)、24h(小时)。", s)
	}
	return l, nil
}

// IsZero reports whether there is no limit.
func (l Length) IsZero() bool { return l.N == 0 }

// String writes the length as ParseLength reads it.
func (l Length) String() string {
	if l.IsZero() {
		return ""
	}
	return strconv.Itoa(l.N) + string(l.Unit)
}

// Text is the length in Chinese: 15个工作日.
func (l Length) Text() string {
	if l.IsZero() {
		return "无时限"
	}
	return strconv.Itoa(l.N) + l.Unit.text()
}

// MarshalText writes the length as String does.
func (l Length) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (l *Length) UnmarshalText(b []byte) error {
	v, err := ParseLength(string(b))
	*l = v
	return err
}

func (u Unit) text() string {
	switch u {
	case Workdays:
		return "个工作日"
	case Days:
		return "日"
	case Hours:
		return "小时"
	}
	return ""
}

// Deadline is 到期时间. At is the last second that is still in time: 23:59:59 in
// Shanghai for limits in days, so that the civil date of At is the day on which
// the limit ends. Provisional (暂定) means that it rests on a year whose notice is
// not known. The zero Deadline is that of no limit.
type Deadline struct {
	At          time.Time
	Provisional bool
}

// Day is the civil date on which the deadline falls.
func (d Deadline) Day() domain.Date { return domain.DateOf(d.At) }

// endOf is the last second of a date.
func endOf(d domain.Date) time.Time { return d.End().Add(-time.Second) }

// Due is when a limit that begins at start ends. The day of start is not
// counted. Working days end with the n-th workday; days with the n-th day or,
// when that is a rest day or holiday, with the next workday (民法典 201, 203);
// hours are exact and know no holidays.
func (c Calendar) Due(start time.Time, l Length) Deadline {
	return c.due(start, l.Unit, l.amount())
}

// UsualUnlessHoliday is usual, but offDuty when a limit of usual would begin on a
// holiday or run across one: "within one working day, on holidays within 24
// hours". Plain weekends do not count as holidays.
func (c Calendar) UsualUnlessHoliday(start time.Time, usual, offDuty Length) Length {
	last := c.Due(start, usual).Day()
	for d := domain.DateOf(start); !d.After(last); d = d.AddDays(1) {
		if c.Kind(d) == Holiday {
			return offDuty
		}
	}
	return usual
}

// amount is how much of its unit a length holds: days, or nanoseconds for hours.
func (l Length) amount() int64 {
	if l.Unit == Hours {
		return int64(l.N) * int64(time.Hour)
	}
	return int64(l.N)
}

// due adds an amount to an instant. Nothing left ends with the day itself, or
// with the next workday.
func (c Calendar) due(start time.Time, u Unit, amount int64) Deadline {
	var day domain.Date
	var provisional bool
	switch u {
	case Workdays:
		day, provisional = c.AddWorkdays(domain.DateOf(start), int(amount))
	case Days:
		day, provisional = c.carry(domain.DateOf(start).AddDays(int(amount)))
	case Hours:
		return Deadline{At: start.Add(time.Duration(amount)).UTC()}
	default:
		return Deadline{}
	}
	return Deadline{At: endOf(day), Provisional: provisional}
}

// spent is how much of a unit lies between two instants: what due would have to
// add to the first to reach the second.
func (c Calendar) spent(u Unit, from, to time.Time) int64 {
	switch u {
	case Workdays:
		return int64(c.WorkdaysBetween(domain.DateOf(from), domain.DateOf(to)))
	case Days:
		return int64(domain.DateOf(to).Sub(domain.DateOf(from)))
	case Hours:
		return int64(to.Sub(from))
	}
	return 0
}

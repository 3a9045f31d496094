package domain

import "time"

// Shanghai is 北京时间: the zone of all civil dates.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Date is 日期: a civil date in Shanghai. The zero Date means "not known".
type Date struct{ t time.Time }

// NewDate is 日期 from its parts.
func NewDate(y int, m time.Month, d int) Date {
	return Date{time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

// DateOf is the civil date on which an instant falls in Shanghai.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	return NewDate(t.In(Shanghai).Date())
}

// ParseDate reads 2006-01-02; the empty string is the zero Date.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, Reject("bad_date", "日期“%s”看不懂,请写成如 2026-11-23。", s)
	}
	return Date{t}, nil
}

// Start is the instant at which the date begins in Shanghai.
func (d Date) Start() time.Time {
	y, m, day := d.t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, Shanghai).UTC()
}

// End is the instant at which the date ends, and the next begins, in Shanghai.
func (d Date) End() time.Time { return d.AddDays(1).Start() }

// AddDays is the date n days later.
func (d Date) AddDays(n int) Date { return Date{d.t.AddDate(0, 0, n)} }

// AddMonths is the date n months later; a day that the month lacks becomes its last.
func (d Date) AddMonths(n int) Date {
	y, m, day := d.t.Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	return Date{last.AddDate(0, 0, min(day, last.Day())-last.Day())}
}

// Sub is the number of days from o to d.
func (d Date) Sub(o Date) int { return int(d.t.Sub(o.t) / (24 * time.Hour)) }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d.t.Before(o.t) }

// After reports whether d is later than o.
func (d Date) After(o Date) bool { return d.t.After(o.t) }

// IsZero reports whether the date is not known.
func (d Date) IsZero() bool { return d.t.IsZero() }

// Year is the calendar year.
func (d Date) Year() int { return d.t.Year() }

// Month is the month of the year.
func (d Date) Month() time.Month { return d.t.Month() }

// Day is the day of the month.
func (d Date) Day() int { return d.t.Day() }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.t.Weekday() }

// String writes 2006-01-02, and nothing for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.t.Format(time.DateOnly)
}

// MarshalText writes the date as String does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	*d = v
	return err
}

package calendar

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hearth/domain"
)

// DayKind is 日期性质: what a civil date is for those who work.
type DayKind uint8

// The kinds of day (日期性质).
const (
	Workday DayKind = iota + 1 // 工作日, make-up workdays (调休上班) included
	RestDay                    // 休息日: a weekend that the notice does not mention
	Holiday                    // 节假日: statutory holidays and the days off around them
)

// String is the Chinese name of the kind.
func (k DayKind) String() string {
	return [...]string{"未知", "工作日", "休息日", "节假日"}[k]
}

// Calendar is 工作日历: all notices known at one time. It is immutable; With
// makes another. The zero Calendar knows no notice and is ready to use.
type Calendar struct {
	notices   map[int]Notice
	kinds     map[domain.Date]DayKind // days on which a notice departs from the week
	statutory map[domain.Date]bool
	everyDay  bool
}

// New is the calendar of the given notices; a later notice of a year replaces
// an earlier one.
func New(notices ...Notice) Calendar {
	var c Calendar
	for _, n := range notices {
		c = c.With(n)
	}
	return c
}

// EveryDay is 自然日历: every day counts, as for red risks, which ignore
// holidays. A clock started on it stays on it.
func EveryDay() Calendar { return Calendar{everyDay: true} }

const everyDayVersion = "every-day"

// With is the calendar with one more notice, or with another one for its year.
// A notice without a revision gets the next of its year.
func (c Calendar) With(n Notice) Calendar {
	n = n.sorted()
	if n.Revision == 0 {
		n.Revision = c.notices[n.Year].Revision + 1
	}
	next := Calendar{
		notices:   maps.Clone(c.notices),
		kinds:     map[domain.Date]DayKind{},
		statutory: map[domain.Date]bool{},
		everyDay:  c.everyDay,
	}
	if next.notices == nil {
		next.notices = map[int]Notice{}
	}
	next.notices[n.Year] = n
	// In the order of years: where two notices touch, the later has the say.
	for _, year := range next.Years() {
		next.enter(next.notices[year])
	}
	return next
}

// enter writes the days of a notice into a calendar that nobody has seen yet.
func (c Calendar) enter(n Notice) {
	for _, s := range n.Off {
		for d := s.From; !d.After(s.To); d = d.AddDays(1) {
			c.kinds[d] = Holiday
		}
	}
	for _, d := range n.Work {
		c.kinds[d] = Workday
	}
	for _, d := range n.Statutory {
		c.statutory[d] = true
	}
}

// Years are the years whose notices are known, in order.
func (c Calendar) Years() []int { return slices.Sorted(maps.Keys(c.notices)) }

// Notice is the notice of a year, if it is known. The caller may change it.
func (c Calendar) Notice(year int) (Notice, bool) {
	n, ok := c.notices[year]
	return n.sorted(), ok
}

// Known reports whether the notice of the year is known; dates that rest on
// another year are provisional (暂定).
func (c Calendar) Known(year int) bool {
	_, ok := c.notices[year]
	return ok || c.everyDay
}

// Version is 日历版本: it names the notices and their revisions, as "2026r1,2027r2".
// Clock events keep it as calendar_v.
func (c Calendar) Version() string {
	if c.everyDay {
		return everyDayVersion
	}
	var parts []string
	for _, year := range c.Years() {
		parts = append(parts, fmt.Sprintf("%dr%d", year, c.notices[year].Revision))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ",")
}

// Kind is what a date is. In a year without a notice Monday to Friday are
// workdays, but for the holidays that the law fixes.
func (c Calendar) Kind(d domain.Date) DayKind {
	if c.everyDay {
		return Workday
	}
	if k, ok := c.kinds[d]; ok {
		return k
	}
	switch {
	case !c.Known(d.Year()) && slices.Contains(fixedHolidays(d.Year()), d):
		return Holiday
	case weekend(d):
		return RestDay
	}
	return Workday
}

// IsWorkday reports whether people work on the date.
func (c Calendar) IsWorkday(d domain.Date) bool { return c.Kind(d) == Workday }

// IsStatutory reports 法定节假日: work on this date is paid threefold. In a year
// without a notice only the holidays that the law fixes are known.
func (c Calendar) IsStatutory(d domain.Date) bool {
	if c.Known(d.Year()) {
		return c.statutory[d]
	}
	return slices.Contains(fixedHolidays(d.Year()), d)
}

// NextWorkday is the first workday after the date.
func (c Calendar) NextWorkday(d domain.Date) domain.Date {
	next, _ := c.AddWorkdays(d, 1)
	return next
}

// AddWorkdays is the n-th workday after the date, which itself is not counted;
// for n below 0 the n-th before it. For 0 it is the date itself, or the next
// workday when it is none. The date is provisional when a day on the way lies
// in a year whose notice is not known.
func (c Calendar) AddWorkdays(from domain.Date, n int) (on domain.Date, provisional bool) {
	if n == 0 {
		return c.carry(from)
	}
	step, left := 1, n
	if n < 0 {
		step, left = -1, -n
	}
	d, year, known := from, 0, true
	for left > 0 {
		d = d.AddDays(step)
		if y := d.Year(); y != year {
			year = y
			known = known && c.Known(y)
		}
		if c.IsWorkday(d) {
			left--
		}
	}
	return d, !known
}

// carry is the date itself, or the next workday when it is none (民法典 203).
func (c Calendar) carry(d domain.Date) (on domain.Date, provisional bool) {
	known := c.Known(d.Year())
	for !c.IsWorkday(d) {
		d = d.AddDays(1)
		known = known && c.Known(d.Year())
	}
	return d, !known
}

// WorkdaysBetween is the number of workdays after from up to and including to;
// it is below 0 when to is the earlier.
func (c Calendar) WorkdaysBetween(from, to domain.Date) int {
	if to.Before(from) {
		return -c.WorkdaysBetween(to, from)
	}
	n := 0
	for d := from; d.Before(to); {
		d = d.AddDays(1)
		if c.IsWorkday(d) {
			n++
		}
	}
	return n
}

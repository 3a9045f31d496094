package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/domain"
)

// Span is 放假时段: the first and the last day of one holiday, and its name.
type Span struct {
	From domain.Date `json:"from"`
	To   domain.Date `json:"to"`
	Name string      `json:"name"`
}

// Notice is 放假通知: what the State Council ordered for one year. Off are the
// days off, Work the make-up workdays (调休上班), Statutory the days of triple
// pay (法定节假日), which are among Off. Revision counts the versions that were
// entered for the year, from 1; 0 means not entered yet.
type Notice struct {
	Year      int           `json:"year"`
	Off       []Span        `json:"off"`
	Work      []domain.Date `json:"work,omitempty"`
	Statutory []domain.Date `json:"statutory"`
	Source    string        `json:"source"`
	Revision  int           `json:"revision,omitempty"`
}

// Notice2026 is 2026年放假通知, as the State Council published it on 2025-11-04.
// The statutory days follow from 全国年节及纪念日放假办法 (2024), article 2.
func Notice2026() Notice {
	day := func(m time.Month, d int) domain.Date { return domain.NewDate(2026, m, d) }
	return Notice{
		Year: 2026,
		Off: []Span{
			{day(1, 1), day(1, 3), "元旦"},
			{day(2, 15), day(2, 23), "春节"},
			{day(4, 4), day(4, 6), "清明节"},
			{day(5, 1), day(5, 5), "劳动节"},
			{day(6, 19), day(6, 21), "端午节"},
			{day(9, 25), day(9, 27), "中秋节"},
			{day(10, 1), day(10, 7), "国庆节"},
		},
		Work: []domain.Date{day(1, 4), day(2, 14), day(2, 28), day(5, 9), day(9, 20), day(10, 10)},
		Statutory: []domain.Date{
			day(1, 1), day(2, 16), day(2, 17), day(2, 18), day(2, 19), day(4, 5), day(5, 1), day(5, 2),
			day(6, 19), day(9, 25), day(10, 1), day(10, 2), day(10, 3),
		},
		Source:   "国务院办公厅关于2026年部分节假日安排的通知(国办发明电〔2025〕7号,2025-11-04)",
		Revision: 1,
	}
}

// The edges of what a notice may say. New Year's holiday may begin in the last
// days of the year before (2023 began on 2022-12-31), and the longest holiday
// so far had ten days.
const (
	edgeDays    = 10
	longestSpan = 15
	firstYear   = 2008
	lastYear    = 2100
)

// Check rejects a notice that contradicts itself or the law: a day both off and
// worked, holidays that overlap, a day outside the year (the ten days on either
// side are allowed), a make-up workday from Monday to Friday (it would be a
// workday anyway, so it is a slip), a holiday that the law fixes but the notice
// lacks, no source. The text lists everything that is wrong.
func (n Notice) Check() error { return rejectNotice(n.flaws(), nil) }

// flaw is one thing wrong with a notice: what is said of the day with the word
// with which its line begins.
type flaw struct {
	word string
	day  domain.Date
	text string
}

// rejectNotice makes one rejection of all flaws, with the line of each when known.
func rejectNotice(flaws []flaw, lineOf func(flaw) int) error {
	if len(flaws) == 0 {
		return nil
	}
	var b strings.Builder
	for _, f := range flaws {
		b.WriteByte('\n')
		if lineOf != nil && lineOf(f) > 0 {
			fmt.Fprintf(&b, "第%d行:", lineOf(f))
		}
		b.WriteString(f.text)
	}
	return domain.Reject("bad_notice", "放假通知有问题,请改正后再提交:%s", b.String())
}

// The words with which the lines of a notice begin.
const (
	wordOff       = "放假"
	wordWork      = "上班"
	wordStatutory = "法定"
	wordSource    = "来源"
)

func (n Notice) flaws() []flaw {
	if n.Year < firstYear || n.Year > lastYear {
		return []flaw{{text: fmt.Sprintf("年份“%d”不对,应在%d至%d之间。", n.Year, firstYear, lastYear)}}
	}
	var flaws []flaw
	off := map[domain.Date]string{}
	for _, s := range n.Off {
		if text := n.enterSpan(s, off); text != "" {
			flaws = append(flaws, flaw{wordOff, s.From, text})
		}
	}
	seen := map[domain.Date]bool{}
	for _, d := range n.Work {
		text := ""
		switch {
		case !n.near(d):
			text = fmt.Sprintf("调休上班日 %s 不在%d年。", d, n.Year)
		case seen[d]:
			text = fmt.Sprintf("调休上班日 %s 写了两次。", d)
		case off[d] != "":
			text = fmt.Sprintf("%s 既写了放假(%s)又写了上班,请核对。", d, off[d])
		case !weekend(d):
			text = fmt.Sprintf("调休上班日 %s 是%s,本来就上班,请核对日期。", d, weekdayText(d))
		}
		if seen[d] = true; text != "" {
			flaws = append(flaws, flaw{wordWork, d, text})
		}
	}
	flaws = append(flaws, n.flawsOfStatutory(off)...)
	if n.Source == "" || n.Source != cleanSource(n.Source) {
		flaws = append(flaws, flaw{text: "没有写来源,请补一行“来源,通知名称和文号”,不要换行。"})
	}
	return flaws
}

// enterSpan notes the days of a holiday in off, or says what is wrong with it.
func (n Notice) enterSpan(s Span, off map[domain.Date]string) string {
	switch {
	case s.Name == "" || s.Name != cleanName(s.Name):
		return fmt.Sprintf("%s 起的放假没有写节日名称,或名称里有逗号、引号、换行。", s.From)
	case !n.near(s.From) || !n.near(s.To):
		return fmt.Sprintf("“%s”的放假日期 %s 至 %s 不在%d年。", s.Name, s.From, s.To, n.Year)
	case s.To.Before(s.From):
		return fmt.Sprintf("“%s”的放假从 %s 到 %s,止日早于起日。", s.Name, s.From, s.To)
	case s.To.Sub(s.From) >= longestSpan:
		return fmt.Sprintf("“%s”放假%d天,超过%d天,请核对起止日期。", s.Name, s.To.Sub(s.From)+1, longestSpan)
	}
	for d := s.From; !d.After(s.To); d = d.AddDays(1) {
		if other, twice := off[d]; twice {
			return fmt.Sprintf("%s 在“%s”和“%s”里都放假,请只保留一处。", d, other, s.Name)
		}
		off[d] = s.Name
	}
	return ""
}

func (n Notice) flawsOfStatutory(off map[domain.Date]string) []flaw {
	var flaws []flaw
	seen := map[domain.Date]bool{}
	for _, d := range n.Statutory {
		text := ""
		switch {
		case d.Year() != n.Year:
			text = fmt.Sprintf("法定节假日 %s 不在%d年。", d, n.Year)
		case seen[d]:
			text = fmt.Sprintf("法定节假日 %s 写了两次。", d)
		case off[d] == "":
			text = fmt.Sprintf("法定节假日 %s 没有列入放假,请核对。", d)
		}
		if seen[d] = true; text != "" {
			flaws = append(flaws, flaw{wordStatutory, d, text})
		}
	}
	for _, d := range fixedHolidays(n.Year) {
		if !seen[d] {
			flaws = append(flaws, flaw{text: fmt.Sprintf("缺少法定节假日 %s,请补一行“法定,%s”。", d, d)})
		}
	}
	return flaws
}

// Doubts are 存疑: what is unusual in a notice but may be so. They are shown
// before it is published.
func (n Notice) Doubts() []string {
	var doubts []string
	want := 13
	if n.Year < 2025 {
		want = 11
	}
	if len(n.Statutory) != want {
		doubts = append(doubts, fmt.Sprintf("法定节假日写了%d天,按放假办法应为%d天。", len(n.Statutory), want))
	}
	free := 0
	for _, s := range n.Off {
		for d := s.From; !d.After(s.To); d = d.AddDays(1) {
			if !weekend(d) {
				free++
			}
		}
	}
	// A notice moves days off, it does not make any: what it frees from Monday
	// to Friday is paid for by statutory days and by make-up workdays.
	if paid := len(n.Statutory) + len(n.Work); free != paid {
		doubts = append(doubts, fmt.Sprintf("周一至周五共放假%d天,而法定节假日加调休上班共%d天,通常两数相等,请核对有无漏写。", free, paid))
	}
	return doubts
}

// near reports whether a date may stand in the notice at all.
func (n Notice) near(d domain.Date) bool {
	first, last := domain.NewDate(n.Year, time.January, 1), domain.NewDate(n.Year, time.December, 31)
	return !d.IsZero() && first.Sub(d) <= edgeDays && d.Sub(last) <= edgeDays
}

// sorted is the notice with its days in order, so that equal notices are equal
// however they were written. It shares nothing with n.
func (n Notice) sorted() Notice {
	n.Off, n.Work, n.Statutory = slices.Clone(n.Off), slices.Clone(n.Work), slices.Clone(n.Statutory)
	slices.SortFunc(n.Off, func(a, b Span) int { return a.From.Sub(b.From) })
	slices.SortFunc(n.Work, domain.Date.Sub)
	slices.SortFunc(n.Statutory, domain.Date.Sub)
	return n
}

// Same reports 内容相同: both notices order the same for the same year and name
// the same source, whatever their revisions.
func (n Notice) Same(o Notice) bool {
	a, b := n.sorted(), o.sorted()
	return a.Year == b.Year && a.Source == b.Source && slices.Equal(a.Off, b.Off) &&
		slices.Equal(a.Work, b.Work) && slices.Equal(a.Statutory, b.Statutory)
}

// fixedHolidays are the statutory holidays whose dates the law itself fixes;
// the others follow the moon or the sun.
func fixedHolidays(year int) []domain.Date {
	days := []domain.Date{
		domain.NewDate(year, time.January, 1),
		domain.NewDate(year, time.May, 1),
		domain.NewDate(year, time.October, 1),
		domain.NewDate(year, time.October, 2),
		domain.NewDate(year, time.October, 3),
	}
	if year >= 2025 {
		days = append(days, domain.NewDate(year, time.May, 2))
	}
	return days
}

func weekend(d domain.Date) bool {
	return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
}

func weekdayText(d domain.Date) string {
	return [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[d.Weekday()]
}

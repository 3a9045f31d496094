package complaints

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/calendar"
)

// publishers enter the notices of the State Council.
var publishers = []domain.Role{domain.RoleSystemAdmin}

func (p *pages) calendarRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /calendar", Handler: p.showCalendar},
		{Pattern: "GET /calendar/notice", Handler: p.showNotice, Roles: publishers},
		{Pattern: "POST /calendar/notice", Handler: p.keepNotice, Roles: publishers},
		{Pattern: "POST /calendar/publish", Handler: p.publishNotice, Roles: publishers},
	}
}

// calendarPage is a year of workdays, days of rest and holidays.
type calendarPage struct {
	web.Page
	Year     int
	Tabs     []web.Tab
	Known    bool
	Notice   calendar.Notice
	Months   []monthView
	Workdays int
	Reckoned string // version of the calendar
	MayEnter bool
}

// monthView is a month as a sheet of weeks that begin on Monday.
type monthView struct {
	Label    string
	Workdays int
	Weeks    [][7]dayView
}

// dayView is a day of the sheet; Day is 0 outside the month.
type dayView struct {
	Day       int
	Kind      string // work, rest, holiday or makeup
	Statutory bool
	Today     bool
	Title     string
}

func (p *pages) showCalendar(q *web.Request) error {
	rules, err := p.Casework.Rules(q.Context())
	if err != nil {
		return err
	}
	cal, today := rules.Calendar, domain.DateOf(q.Now())
	year := today.Year()
	if asked := q.URL.Query().Get("year"); asked != "" {
		if year, err = strconv.Atoi(asked); err != nil || year < 2000 || year > 2100 {
			return web.ErrNotFound
		}
	}
	page := &calendarPage{
		Page: q.Page("工作日历"), Year: year, Known: cal.Known(year), Reckoned: cal.Version(), MayEnter: q.User.Has(publishers...),
		Months: monthsOf(cal, year, today), Tabs: yearTabs(cal, year, today),
	}
	page.Notice, _ = cal.Notice(year)
	for _, m := range page.Months {
		page.Workdays += m.Workdays
	}
	return q.Render("complaints/calendar", page)
}

// yearTabs are the years whose notices are known, this one and the next.
func yearTabs(cal calendar.Calendar, year int, today domain.Date) (tabs []web.Tab) {
	first, last := min(today.Year(), year), max(today.Year()+1, year)
	for _, y := range cal.Years() {
		first, last = min(first, y), max(last, y)
	}
	for y := first; y <= last; y++ {
		if !cal.Known(y) && y != year && y != today.Year() && y != today.Year()+1 {
			continue
		}
		label := fmt.Sprintf("%d年", y)
		if !cal.Known(y) {
			label += "(暂定)"
		}
		tabs = append(tabs, web.Tab{Label: label, Href: "/calendar?year=" + fmt.Sprint(y), Count: -1, Current: y == year})
	}
	return tabs
}

func monthsOf(cal calendar.Calendar, year int, today domain.Date) []monthView {
	names := holidayNames(cal, year)
	months := make([]monthView, 12)
	for i := range months {
		first := domain.NewDate(year, time.Month(i+1), 1)
		m := monthView{Label: fmt.Sprintf("%d月", i+1)}
		var week [7]dayView
		for d := first; d.Month() == first.Month(); d = d.AddDays(1) {
			column := (int(d.Weekday()) + 6) % 7
			week[column] = dayOf(cal, d, names, today)
			if cal.IsWorkday(d) {
				m.Workdays++
			}
			if column == 6 || d.AddDays(1).Month() != first.Month() {
				m.Weeks = append(m.Weeks, week)
				week = [7]dayView{}
			}
		}
		months[i] = m
	}
	return months
}

// holidayNames is what the notices of a year and of its neighbours call the days.
func holidayNames(cal calendar.Calendar, year int) map[domain.Date]string {
	names := map[domain.Date]string{}
	for y := year - 1; y <= year+1; y++ {
		n, _ := cal.Notice(y)
		for _, s := range n.Off {
			for d := s.From; !d.After(s.To); d = d.AddDays(1) {
				names[d] = s.Name
			}
		}
	}
	return names
}

func dayOf(cal calendar.Calendar, d domain.Date, names map[domain.Date]string, today domain.Date) dayView {
	v := dayView{Day: d.Day(), Statutory: cal.IsStatutory(d), Today: d == today, Title: d.String() + " " + weekday(d)}
	weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
	switch kind := cal.Kind(d); {
	case kind == calendar.Workday && weekend:
		v.Kind, v.Title = "makeup", v.Title+" 调休上班"
	case kind == calendar.Workday:
		v.Kind, v.Title = "work", v.Title+" 工作日"
	case kind == calendar.Holiday:
		v.Kind, v.Title = "holiday", v.Title+" 放假 "+names[d]
	default:
		v.Kind, v.Title = "rest", v.Title+" 休息日"
	}
	if v.Statutory {
		v.Title += ",法定节假日"
	}
	return v
}

// noticePage is where a year's notice is entered and looked at before it counts.
type noticePage struct {
	web.Page
	Form    *web.Form // the text
	Publish *web.Form
	Notice  *calendar.Notice // what was understood; nil before anything was
	Doubts  []string
	Months  []monthView
	Present bool // the year has a notice already
	Same    bool // and it says the same
	Example string
}

const noticeKey = "notice"

// example is a notice as it is to be written.
func example() string { return calendar.Notice2026().Text() }

func (p *pages) showNotice(q *web.Request) error {
	rules, err := p.Casework.Rules(q.Context())
	if err != nil {
		return err
	}
	text := q.Kept(noticeKey)
	page := &noticePage{
		Page: q.Page("录入放假通知", web.Crumb{Label: "工作日历", Href: "/calendar"}), Form: q.NewForm("notice", "text", text), Example: example(),
		Publish: q.NewForm("publish", "text", text),
	}
	if text != "" && !page.Form.Failed {
		n, err := calendar.ParseNotice(text)
		if err != nil {
			return err
		}
		known, present := rules.Calendar.Notice(n.Year)
		page.Notice, page.Doubts, page.Present, page.Same = &n, n.Doubts(), present, present && known.Same(n)
		page.Months = monthsOf(rules.Calendar.With(n), n.Year, domain.DateOf(q.Now()))
	}
	return q.Render("complaints/notice", page)
}

// keepNotice checks the text and keeps it for the preview.
func (p *pages) keepNotice(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	if _, err := calendar.ParseNotice(f.Require("text", "放假通知")); err != nil {
		return explained(f, err)
	}
	q.Keep(noticeKey, f.Values.Get("text"))
	return q.Redirect("/calendar/notice")
}

func (p *pages) publishNotice(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	n, err := calendar.ParseNotice(f.Values.Get("text"))
	if err != nil {
		return explained(f, err)
	}
	by := q.By(f, publishers...)
	if _, err := p.Casework.PublishCalendar(q.Context(), n, casework.Request{CommandID: f.Command, Actor: by.Actor, For: q.User.For(by.Actor), Channel: "web", At: by.At}); err != nil {
		return explained(f, err)
	}
	q.Keep(noticeKey, "")
	return q.Done("/calendar?"+url.Values{"year": {fmt.Sprint(n.Year)}}.Encode(), 0, fmt.Sprintf("已发布%d年放假通知;尚未办结的时限会在一分钟内重算", n.Year))
}

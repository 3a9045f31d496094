package complaints

import (
	"fmt"
	"net/url"
	"time"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
	"hearth/projections/timeline"
)

func (p *pages) deadlineRoutes() []web.Route {
	return []web.Route{{Pattern: "GET /deadlines", Handler: p.showDeadlines, Roles: staff, Models: listModels}}
}

// deadlinesPage is what is due, by day, the overdue first.
type deadlinesPage struct {
	web.Page
	Form  *web.Form
	Tabs  []web.Tab
	Areas []web.Option
	Days  []dueDay
	Late  int
	Today int
	Names names
	None  web.Empty
}

// dueDay is a day with what is due on it. The first may be all days before today.
type dueDay struct {
	Label string
	Note  string // what kind of day it is
	Late  bool
	Lines []dueLine
}

// dueLine is an open clock, the last step that was taken and the next.
type dueLine struct {
	complaints.Deadline
	Told   string
	Next   string
	NextAt time.Time
}

// horizons are how many days ahead the page can look.
var horizons = []int{7, 14, 30, 90}

func (p *pages) showDeadlines(q *web.Request) error {
	f := queryForm(q)
	ahead := f.Int("days")
	if ahead < 1 || ahead > 366 {
		ahead = horizons[0]
	}
	rules, err := p.Casework.Rules(q.Context())
	if err != nil {
		return err
	}
	today := domain.DateOf(q.Now())
	found, err := p.Cases.Due(q.Context(), p.viewer(q), today.AddDays(ahead).Start())
	if err != nil {
		return err
	}
	page := &deadlinesPage{
		Page: q.Page("时限"), Form: f, Areas: areas(q), Tabs: horizonTabs(q.URL.Query(), ahead),
		None: web.Empty{Title: "没有快到期的", Text: fmt.Sprintf("今后%d天内没有到期的时限,也没有超期的。", ahead)},
	}
	mentions := timeline.Mentions{}
	for _, d := range found {
		if !dueMatches(f, d, q.User.ID) {
			continue
		}
		page.add(d, rules.Calendar, q.Now())
		mentions.Users = append(mentions.Users, d.Handler)
	}
	if page.Names, err = p.names(q.Context(), mayKnow(q.User), mentions); err != nil {
		return err
	}
	return q.Render("complaints/deadlines", page)
}

func horizonTabs(v url.Values, ahead int) (tabs []web.Tab) {
	for _, days := range horizons {
		v.Set("days", fmt.Sprint(days))
		tabs = append(tabs, web.Tab{Label: fmt.Sprintf("%d天内", days), Href: "/deadlines?" + v.Encode(), Count: -1, Current: days == ahead})
	}
	return tabs
}

func dueMatches(f *web.Form, d complaints.Deadline, user string) bool {
	return (f.Text("area") == "" || d.Area == f.Text("area")) && (!f.Checked("mine") || d.Handler == user)
}

// add puts a clock, which come in the order of their due dates, on its day.
func (p *deadlinesPage) add(d complaints.Deadline, cal calendar.Calendar, now time.Time) {
	late := !now.Before(d.DueAt)
	// A limit at midnight is the end of the day before it.
	on := domain.DateOf(d.DueAt.Add(-time.Nanosecond))
	label := "已超期"
	if !late {
		label = dayLabel(on, domain.DateOf(now))
	}
	if n := len(p.Days); n == 0 || p.Days[n-1].Label != label {
		day := dueDay{Label: label, Late: late}
		if kind := cal.Kind(on); !late && kind != calendar.Workday {
			day.Note = kind.String()
		}
		p.Days = append(p.Days, day)
	}
	day := &p.Days[len(p.Days)-1]
	day.Lines = append(day.Lines, lineOf(d, cal, now))
	switch {
	case late:
		p.Late++
	case on == domain.DateOf(now):
		p.Today++
	}
}

func dayLabel(on, today domain.Date) string {
	label := fmt.Sprintf("%d月%d日 %s", on.Month(), on.Day(), weekday(on))
	switch on.Sub(today) {
	case 0:
		return "今天 " + label
	case 1:
		return "明天 " + label
	}
	return label
}

func weekday(d domain.Date) string {
	return [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[d.Weekday()]
}

func lineOf(d complaints.Deadline, cal calendar.Calendar, now time.Time) dueLine {
	line := dueLine{Deadline: d}
	if d.Step != "" && d.StepDueAt.Equal(d.DueAt) {
		line.Told = complaint.EscalationSteps().Label(d.Step)
	}
	for _, m := range d.Marks(cal) {
		if now.Before(m.At) {
			line.Next, line.NextAt = complaint.EscalationSteps().Label(m.Step), m.At
			break
		}
	}
	return line
}

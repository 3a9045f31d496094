package calendar

import "hearth/domain"

// Family is 事件族: the first part of the name of the calendar's stream.
const Family = "calendar"

// Case is 流名: the second part. There is one calendar for the country.
const Case = "cn"

// Event is 日历事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	calendarEvent()
}

// Published is 放假通知发布: the notice of a year was entered, or entered anew. Its
// revision counts the notices of the year.
type Published struct {
	Notice
}

// EventType is the wire name.
func (Published) EventType() string { return "calendar.published" }

func (Published) calendarEvent() {}

// Specs lists how the events are stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{domain.Spec[Published]()}
}

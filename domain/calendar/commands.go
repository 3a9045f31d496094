package calendar

import "hearth/domain"

// Command is 日历命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	calendarCommand()
}

// Publish is 发布放假通知: the wish to enter the notice of a year, or to correct it.
type Publish struct {
	domain.By
	Notice Notice `json:"notice"`
}

func (Publish) calendarCommand() {}

package calendar

import "hearth/domain"

// Command is 日历命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	calendarCommand() string
}

// Publish is 发布放假通知: the wish to enter the notice of a year, or to correct it.
type Publish struct {
	domain.By
	Notice Notice `json:"notice"`
}

func (Publish) calendarCommand() string { return "publish" }

var labels = domain.NewCodes[string]("日历命令", "publish", "发布放假通知")

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.calendarCommand() }

// Commands is the list of commands (日历命令) by their stable names.
func Commands() domain.Codes[string] { return labels }

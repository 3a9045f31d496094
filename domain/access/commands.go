package access

import (
	"github.com/google/uuid"

	"hearth/domain"
)

// Command is 查阅命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	command() string
}

// Note is 记下查阅: what somebody did that needs no leave.
type Note struct {
	domain.By
	Views    []View
	Missed   int
	Searches []Searched
	Prints   []Printed
}

// Reveal is 显示个人信息. Before are the reveals of the day before, which count
// for the hour.
type Reveal struct {
	domain.By
	On     Thing
	Person uuid.UUID
	Fields []Field
	Reason Reason
	Note   string
	Seen   Seen
	Before []Use
}

// Export is 导出. A file in the clear needs a reason.
type Export struct {
	domain.By
	File Exported
}

func (*Note) command() string   { return "note" }
func (*Reveal) command() string { return "reveal" }
func (*Export) command() string { return "export" }

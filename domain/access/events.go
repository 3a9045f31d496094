package access

import (
	"time"

	"github.com/google/uuid"

	"hearth/domain"
)

// Family is 事件族: the first part of the names of the streams; the second is
// StreamOf a user and a day.
const Family = "access"

// StreamOf is the name of the stream of what a user did on a civil day. It tells
// neither.
func StreamOf(user string, day domain.Date) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("hearth access "+user+" "+day.String())).String()
}

// Event is 查阅事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	event()
}

// Thing is 对象: what was looked at, by family and id; empty for a list.
type Thing struct {
	Family string `json:"family,omitempty"` // complaint, enterprise, person
	ID     string `json:"id,omitempty"`
}

// Seen is 所见位置: the read model that a screen showed, and how far it had come.
type Seen struct {
	Model    string `json:"model,omitempty"`
	Position uint64 `json:"position,omitempty"`
}

// View is 一次查看: one screen of one thing, opened so many times while the model
// stood at the same position.
type View struct {
	On     Thing     `json:"on,omitzero"`
	Screen Screen    `json:"screen"`
	Seen   Seen      `json:"seen,omitzero"`
	At     time.Time `json:"at"` // the first time
	Times  int       `json:"times"`
}

// RecordViewed is 查看: what somebody opened within about a minute. Missed is how
// many views could not be kept because the log took none for too long.
type RecordViewed struct {
	Items  []View `json:"items,omitempty"`
	Missed int    `json:"missed,omitempty"`
}

// SensitiveRevealed is 显示个人信息: fields of a person, or the story of a case,
// were shown unmasked. It is stored before they are.
type SensitiveRevealed struct {
	On     Thing     `json:"on"`              // the case for which it was done
	Person uuid.UUID `json:"person,omitzero"` // none: the story of the case
	Fields []Field   `json:"fields"`
	Reason Reason    `json:"reason"`
	Note   string    `json:"note,omitempty" seal:"narrative"` // ⓟ
	Seen   Seen      `json:"seen,omitzero"`
	At     time.Time `json:"at"` // for the limits
}

// Exported is 导出: a file left the system. It is stored before the file does.
type Exported struct {
	Query  Query   `json:"query"`
	Params []Param `json:"params,omitempty"`
	On     Thing   `json:"on,omitzero"`
	Rows   int     `json:"rows"`
	SHA256 string  `json:"sha256"` // of the file
	Clear  bool    `json:"clear,omitempty"`
	Reason Reason  `json:"reason,omitempty"`
	Note   string  `json:"note,omitempty" seal:"narrative"` // ⓟ
	Seen   Seen    `json:"seen,omitzero"`
}

// Param is 查询条件: one condition of an export, never a personal one.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Printed is 打印: somebody printed a screen.
type Printed struct {
	On     Thing     `json:"on,omitzero"`
	Screen Screen    `json:"screen"`
	Seen   Seen      `json:"seen,omitzero"`
	At     time.Time `json:"at"`
}

// Searched is 搜索: somebody looked for something.
type Searched struct {
	Kind Lookup    `json:"kind"`
	Text string    `json:"text,omitempty" seal:"narrative"` // ⓟ
	Hits int       `json:"hits"`
	Seen Seen      `json:"seen,omitzero"`
	At   time.Time `json:"at"`
}

// EventType is the wire name.
func (RecordViewed) EventType() string { return "access.record_viewed" }

// EventType is the wire name.
func (SensitiveRevealed) EventType() string { return "access.sensitive_revealed" }

// EventType is the wire name.
func (Exported) EventType() string { return "access.exported" }

// EventType is the wire name.
func (Printed) EventType() string { return "access.printed" }

// EventType is the wire name.
func (Searched) EventType() string { return "access.searched" }

func (RecordViewed) event()      {}
func (SensitiveRevealed) event() {}
func (Exported) event()          {}
func (Printed) event()           {}
func (Searched) event()          {}

// Specs says how each event of the family is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{
		domain.Spec[RecordViewed](), domain.Spec[SensitiveRevealed](), domain.Spec[Exported](), domain.Spec[Printed](), domain.Spec[Searched](),
	}
}

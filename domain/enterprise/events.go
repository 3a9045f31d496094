// Package enterprise keeps the employers (用人单位) that complaints and inspections
// are about: what they are called, where they are, how large they are, and what
// speaks for or against them.
package enterprise

import (
	"github.com/google/uuid"

	"hearth/domain"
)

// Family is 事件族: the first part of the names of the streams; the second is the
// enterprise's id.
const Family = "enterprise"

// Event is 单位事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	event()
}

// Registered is 单位建档.
type Registered struct {
	USCC      string    `json:"uscc,omitempty"` // 统一社会信用代码, 18 characters
	Name      string    `json:"name"`
	Aliases   []string  `json:"aliases,omitempty"`
	County    string    `json:"county"` // code of the organisation unit
	Industry  string    `json:"industry,omitempty"`
	Ownership Ownership `json:"ownership,omitempty"`
	Headcount int       `json:"headcount,omitempty"`
	UnionOrg  string    `json:"union_org,omitempty"`
}

// Renamed is 更名.
type Renamed struct {
	Name   string      `json:"name"`
	Former string      `json:"former"`
	On     domain.Date `json:"on,omitzero"`
}

// CodeEntered is 补录信用代码: the code of an enterprise that was registered without it.
type CodeEntered struct {
	USCC string `json:"uscc"`
}

// HeadcountReported is 职工人数.
type HeadcountReported struct {
	Headcount int         `json:"headcount"`
	On        domain.Date `json:"on"`
}

// CreditSignal is 信用信号: something that happened elsewhere speaks for or against
// the enterprise.
type CreditSignal struct {
	Kind        SignalKind `json:"kind"`
	SourceEvent uuid.UUID  `json:"source_event"`
	SourceCase  string     `json:"source_case"` // family/case
}

// BlacklistNoted is 列入失信名单.
type BlacklistNoted struct {
	List   string      `json:"list"`
	From   domain.Date `json:"from"`
	To     domain.Date `json:"to,omitzero"`
	Source string      `json:"source"`
}

// BlacklistRemoved is 移出失信名单.
type BlacklistRemoved struct {
	List   string      `json:"list"`
	On     domain.Date `json:"on"`
	Reason string      `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// Merged is 并入: two files were one enterprise; this one redirects to the other.
type Merged struct {
	IntoID uuid.UUID `json:"into_id"`
	Reason string    `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// EventType is the wire name.
func (Registered) EventType() string { return "enterprise.registered" }

// EventType is the wire name.
func (Renamed) EventType() string { return "enterprise.renamed" }

// EventType is the wire name.
func (CodeEntered) EventType() string { return "enterprise.code_entered" }

// EventType is the wire name.
func (HeadcountReported) EventType() string { return "enterprise.headcount_reported" }

// EventType is the wire name.
func (CreditSignal) EventType() string { return "enterprise.credit_signal" }

// EventType is the wire name.
func (BlacklistNoted) EventType() string { return "enterprise.blacklist_noted" }

// EventType is the wire name.
func (BlacklistRemoved) EventType() string { return "enterprise.blacklist_removed" }

// EventType is the wire name.
func (Merged) EventType() string { return "enterprise.merged" }

func (Registered) event()        {}
func (Renamed) event()           {}
func (CodeEntered) event()       {}
func (HeadcountReported) event() {}
func (CreditSignal) event()      {}
func (BlacklistNoted) event()    {}
func (BlacklistRemoved) event()  {}
func (Merged) event()            {}

// Specs says how each event of the family is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{
		domain.Spec[Registered](), domain.Spec[Renamed](), domain.Spec[CodeEntered](), domain.Spec[HeadcountReported](),
		domain.Spec[CreditSignal](), domain.Spec[BlacklistNoted](), domain.Spec[BlacklistRemoved](domain.InClear), domain.Spec[Merged](domain.InClear),
	}
}

// Ownership is 经济类型.
type Ownership string

var ownerships = domain.NewCodes[Ownership]("经济类型",
	"state", "国有", "collective", "集体", "private", "非公", "institution", "事业", "self_employed", "个体")

// Ownerships is the list of ownerships (经济类型).
func Ownerships() domain.Codes[Ownership] { return ownerships }

// Label is the Chinese name of the ownership.
func (o Ownership) Label() string { return ownerships.Label(o) }

// SignalKind is 信号种类.
type SignalKind string

var signalKinds = domain.NewCodes[SignalKind]("信用信号",
	"arrears_confirmed", "欠薪属实", "no_answer", "逾期不答复", "hazard_overdue", "重大隐患逾期", "blacklisted", "失信名单", "good", "守信")

// SignalKinds is the list of signals (信用信号).
func SignalKinds() domain.Codes[SignalKind] { return signalKinds }

// Label is the Chinese name of the signal.
func (k SignalKind) Label() string { return signalKinds.Label(k) }

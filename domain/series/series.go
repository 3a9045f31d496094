// Package series gives out the numbers of documents and cases (文号): one after
// the other, without a gap, in the same atomic append as what they number.
package series

import (
	"slices"

	"hearth/domain"
)

// Family is 事件族: the first part of the names of the streams; the second is the
// name of the series, such as complaint-2026.
const Family = "series"

// Event is 编号事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	event()
}

// NumberTaken is 取号: a number was given to something.
type NumberTaken struct {
	Series string `json:"series"`
	N      int    `json:"n"`   // 1, 2, 3, … without a gap
	For    string `json:"for"` // id of what it numbers
}

// NumberVoided is 作废: a number is no longer in use. It stays taken, and the void
// is shown wherever the series is.
type NumberVoided struct {
	Series string `json:"series"`
	N      int    `json:"n"`
	Reason string `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// EventType is the wire name.
func (NumberTaken) EventType() string { return "series.number_taken" }

// EventType is the wire name.
func (NumberVoided) EventType() string { return "series.number_voided" }

func (NumberTaken) event()  {}
func (NumberVoided) event() {}

// Specs says how each event of the family is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{domain.Spec[NumberTaken](), domain.Spec[NumberVoided](domain.InClear)}
}

// Command is 编号命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	command() string
}

// Take is 取号: the next number, for the thing with this id.
type Take struct {
	domain.By
	Series string
	For    string
}

// Void is 作废 of a number.
type Void struct {
	domain.By
	N      int
	Reason string
}

func (*Take) command() string { return "take" }
func (*Void) command() string { return "void" }

var labels = domain.NewCodes[string]("编号命令", "take", "取号", "void", "作废文号")

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.command() }

// Commands is the list of commands (编号命令) by their stable names.
func Commands() domain.Codes[string] { return labels }

// State is 编号状态: how far the series has come, and what is void.
type State struct {
	Name   string
	Last   int
	Voided []int
}

// Decider is 编号决策器.
var Decider = domain.Decider[State, Command, Event]{
	Initial: func() State { return State{} },
	Decide:  decide,
	Evolve:  evolve,
}

func decide(s State, cmd Command) ([]Event, error) {
	switch cmd := cmd.(type) {
	case *Take:
		if cmd.Series == "" || cmd.For == "" || (s.Name != "" && s.Name != cmd.Series) {
			return nil, domain.Reject("series_mismatch", "文号系列不符,请刷新页面后再试。")
		}
		return []Event{NumberTaken{Series: cmd.Series, N: s.Last + 1, For: cmd.For}}, nil
	case *Void:
		switch {
		case cmd.N < 1 || cmd.N > s.Last:
			return nil, domain.Reject("number_not_taken", "%d号还没有使用,不能作废。", cmd.N)
		case slices.Contains(s.Voided, cmd.N):
			return nil, nil
		case cmd.Reason == "":
			return nil, domain.Reject("reason_missing", "请填写%d号作废的原因。", cmd.N)
		}
		return []Event{NumberVoided{Series: s.Name, N: cmd.N, Reason: cmd.Reason}}, nil
	}
	panic("series: unknown command")
}

func evolve(s State, ev Event) State {
	switch ev := ev.(type) {
	case NumberTaken:
		s.Name, s.Last = ev.Series, ev.N
	case NumberVoided:
		s.Voided = append(slices.Clone(s.Voided), ev.N)
	}
	return s
}

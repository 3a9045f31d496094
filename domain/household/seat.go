package household

import "hearth/domain"

// SeatFamily is 在户登记的事件族: one stream per person, named by the person's id.
// What is appended to it expects its last event, so of two households that want
// the same person at the same time one is refused.
const SeatFamily = "household_seat"

// SeatEvent is 在户登记事件.
//
//sumtype:decl
type SeatEvent interface {
	domain.Event
	seatEvent()
}

// SeatTaken is 在户登记: the person is in a household.
type SeatTaken struct {
	Household string `json:"household"`
}

// SeatLeft is 在户登记注销: the person is in no household.
type SeatLeft struct {
	Household string `json:"household"`
}

// EventType is the wire name.
func (SeatTaken) EventType() string { return "household_seat.taken" }

// EventType is the wire name.
func (SeatLeft) EventType() string { return "household_seat.left" }

func (SeatTaken) seatEvent() {}
func (SeatLeft) seatEvent()  {}

// SeatCommand is 在户登记命令. Nobody issues one alone: they go with those of a
// household.
//
//sumtype:decl
type SeatCommand interface {
	domain.Command
	seatCommand()
}

// TakeSeat is 登记在户.
type TakeSeat struct {
	domain.By
	Household string
}

// LeaveSeat is 注销在户.
type LeaveSeat struct {
	domain.By
	Household string
}

func (TakeSeat) seatCommand()  {}
func (LeaveSeat) seatCommand() {}

// Seat is 在户状态: the household of a person, empty for none.
type Seat struct{ Household string }

// SeatDecider is 在户登记决策器.
var SeatDecider = domain.Decider[Seat, SeatCommand, SeatEvent]{
	Initial: func() Seat { return Seat{} },
	Decide: func(s Seat, cmd SeatCommand) ([]SeatEvent, error) {
		switch cmd := cmd.(type) {
		case TakeSeat:
			switch s.Household {
			case "":
				return []SeatEvent{SeatTaken{Household: cmd.Household}}, nil
			case cmd.Household:
				return nil, nil
			}
			return nil, domain.Reject("in_another_household", "成员中有人已在另一户,一人只能在一户。请先在那一户办理离户。")
		case LeaveSeat:
			if s.Household != cmd.Household {
				return nil, nil
			}
			return []SeatEvent{SeatLeft{Household: cmd.Household}}, nil
		}
		panic("household: unknown command on a seat")
	},
	Evolve: func(s Seat, ev SeatEvent) Seat {
		switch ev := ev.(type) {
		case SeatTaken:
			s.Household = ev.Household
		case SeatLeft:
			s.Household = ""
		}
		return s
	},
}

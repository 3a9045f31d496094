package timeline

import (
	"fmt"

	"hearth/domain/household"
)

// householdLine is the sentence of every event of a household.
func householdLine(ev household.Event) Line {
	switch ev := ev.(type) {
	case household.HouseholdFormed:
		return line(Register, "立户,户主%s,成员%d人。", newMark(markPerson, ev.Head), len(ev.Members))
	case household.MemberJoined:
		return line(Register, "%s入户,与户主关系:%s。", newMark(markPerson, ev.PersonID), ev.Relation.Label())
	case household.MemberLeft:
		return line(Register, "%s离户,原因:%s。", newMark(markPerson, ev.PersonID), ev.Reason.Label())
	case household.HeadChanged:
		return line(Register, "户主变更为%s。", newMark(markPerson, ev.Head))
	case household.HouseholdDissolved:
		return line(Register, "销户,原因:%s。", ev.Reason.Label())
	default:
		return Line{}
	}
}

// seatLine is the sentence of every event of a person's seat.
func seatLine(ev household.SeatEvent) Line {
	switch ev := ev.(type) {
	case household.SeatTaken:
		return line(Register, "登记在户(%s)。", short(ev.Household))
	case household.SeatLeft:
		return line(Register, "注销在户登记(%s)。", short(ev.Household))
	default:
		return Line{}
	}
}

// short is the beginning of an id, enough to tell households apart.
func short(id string) string { return fmt.Sprintf("%.8s", id) }

package household

import (
	"flag"
	"testing"
	"time"

	"hearth/domain"
	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write golden files anew")

var by = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleReliefOfficer}, At: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}

const (
	he  = "0192f000-0000-7000-8000-00000000000a"
	she = "0192f000-0000-7000-8000-00000000000b"
	kid = "0192f000-0000-7000-8000-00000000000c"
)

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }

func c(name string, given []Event, when Command, then []Event, code string) domaintest.Case[Command, Event] {
	return domaintest.Case[Command, Event]{Name: name, Given: given, When: when, Then: then, Code: code}
}

func TestHousehold(t *testing.T) {
	t.Parallel()
	two := []Member{{he, RelationHead}, {she, "spouse"}}
	is := []Event{HouseholdFormed{Head: he, Members: two}}
	with := func(more ...Event) []Event { return append(is[:1:1], more...) }
	many := []Member{{he, ""}}
	for n := range MaxMembers {
		many = append(many, Member{he[:34] + string(rune('1'+n/10)) + string(rune('0'+n%10)), "child"})
	}
	domaintest.Decides(t, Decider,
		c("form", nil, &Form{By: by, Head: he, Members: []Member{{she, "spouse"}, {he, ""}}}, is, ""),
		c("form alone", nil, &Form{By: by, Head: he, Members: []Member{{he, ""}}}, []Event{HouseholdFormed{Head: he, Members: []Member{{he, RelationHead}}}}, ""),
		c("form twice", is, &Form{By: by, Head: he, Members: []Member{{he, ""}}}, nil, "household_exists"),
		c("no head", nil, &Form{By: by, Head: kid, Members: []Member{{he, "spouse"}}}, nil, "head_missing"),
		c("nobody", nil, &Form{By: by}, nil, "head_missing"),
		c("two heads", nil, &Form{By: by, Head: he, Members: []Member{{he, ""}, {she, RelationHead}}}, nil, "two_heads"),
		c("twice in it", nil, &Form{By: by, Head: he, Members: []Member{{he, ""}, {he, ""}}}, nil, "member_twice"),
		c("a name", nil, &Form{By: by, Head: he, Members: []Member{{"张三", ""}}}, nil, "bad_member"),
		c("no relation", nil, &Form{By: by, Head: he, Members: []Member{{he, ""}, {she, ""}}}, nil, "code_missing"),
		c("too many", nil, &Form{By: by, Head: he, Members: many}, nil, "too_many_members"),
		c("just as many", nil, &Form{By: by, Head: he, Members: many[:MaxMembers]}, []Event{HouseholdFormed{Head: he, Members: append([]Member{{he, RelationHead}}, many[1:MaxMembers]...)}}, ""),
		c("none yet", nil, &Join{By: by, Member: Member{kid, "child"}}, nil, "household_missing"),
		c("join", is, &Join{By: by, Member: Member{kid, "child"}}, []Event{MemberJoined{Member{kid, "child"}}}, ""),
		c("join again", is, &Join{By: by, Member: Member{she, "sibling"}}, nil, ""),
		c("join as head", is, &Join{By: by, Member: Member{kid, RelationHead}}, nil, "two_heads"),
		c("leave", is, &Leave{By: by, PersonID: she, Reason: "moved"}, []Event{MemberLeft{she, "moved"}}, ""),
		c("leave without a reason", is, &Leave{By: by, PersonID: she}, nil, "code_missing"),
		c("the head leaves", is, &Leave{By: by, PersonID: he, Reason: "died"}, nil, "head_leaves"),
		c("a stranger leaves", is, &Leave{By: by, PersonID: kid, Reason: "moved"}, nil, "not_a_member"),
		c("left already", with(MemberLeft{she, "moved"}), &Leave{By: by, PersonID: she, Reason: "moved"}, nil, "not_a_member"),
		c("change the head", is, &ChangeHead{By: by, Head: she, Members: []Member{{he, "spouse"}, {she, ""}}},
			[]Event{HeadChanged{Head: she, Members: []Member{{she, RelationHead}, {he, "spouse"}}}}, ""),
		c("the same head", is, &ChangeHead{By: by, Head: he, Members: two}, nil, "same_head"),
		c("a head from outside", is, &ChangeHead{By: by, Head: kid, Members: []Member{{kid, ""}, {he, "parent"}}}, nil, "members_differ"),
		c("somebody forgotten", with(MemberJoined{Member{kid, "child"}}), &ChangeHead{By: by, Head: she, Members: []Member{{he, "spouse"}, {she, ""}}}, nil, "members_differ"),
		c("the former head leaves", with(HeadChanged{Head: she, Members: []Member{{she, RelationHead}, {he, "spouse"}}}),
			&Leave{By: by, PersonID: he, Reason: "died"}, []Event{MemberLeft{he, "died"}}, ""),
		c("dissolve", is, &Dissolve{By: by, Reason: "split"}, []Event{HouseholdDissolved{"split"}}, ""),
		c("dissolve without a reason", is, &Dissolve{By: by}, nil, "code_missing"),
		c("after the end", with(HouseholdDissolved{"split"}), &Join{By: by, Member: Member{kid, "child"}}, nil, "household_dissolved"),
	)
}

func TestSeat(t *testing.T) {
	t.Parallel()
	s := func(name string, given []SeatEvent, when SeatCommand, then []SeatEvent, code string) domaintest.Case[SeatCommand, SeatEvent] {
		return domaintest.Case[SeatCommand, SeatEvent]{Name: name, Given: given, When: when, Then: then, Code: code}
	}
	taken := []SeatEvent{SeatTaken{"h1"}}
	domaintest.Decides(t, SeatDecider,
		s("take", nil, TakeSeat{by, "h1"}, taken, ""),
		s("take again", taken, TakeSeat{by, "h1"}, nil, ""),
		s("take another", taken, TakeSeat{by, "h2"}, nil, "in_another_household"),
		s("leave", taken, LeaveSeat{by, "h1"}, []SeatEvent{SeatLeft{"h1"}}, ""),
		s("leave another", taken, LeaveSeat{by, "h2"}, nil, ""),
		s("take another after leaving", append(taken[:1:1], SeatLeft{"h1"}), TakeSeat{by, "h2"}, []SeatEvent{SeatTaken{"h2"}}, ""),
	)
}

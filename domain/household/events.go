// Package household keeps which people live as one household (户): relief is given
// per household, once. It holds random ids of persons only, nothing personal.
//
//	FormHousehold -> 成立 -> Join, Leave, ChangeHead … -> Dissolve -> 已撤销
//
// One person is in one household at a time. A household alone cannot know that, so
// each person has a seat (seat.go), a stream of its own that is appended to in the
// same atomic step.
package household

import "hearth/domain"

// Family is 事件族: the first part of the names of the streams; the second is the
// household's random id.
const Family = "household"

// Event is 户事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	event()
}

// Relation is 与户主关系.
type Relation string

// RelationHead is 户主, the only relation that nobody chooses.
const RelationHead Relation = "head"

var relations = domain.NewCodes[Relation]("与户主关系",
	"spouse", "配偶", "parent", "父母", "child", "子女", "sibling", "兄弟姐妹", "other", "其他", "head", "户主")

// Relations is the list of relations (与户主关系).
func Relations() domain.Codes[Relation] { return relations }

// Label is the Chinese name of the relation.
func (r Relation) Label() string { return relations.Label(r) }

// LeaveReason is 离户原因.
type LeaveReason string

var leaveReasons = domain.NewCodes[LeaveReason]("离户原因",
	"moved", "迁出", "married", "婚嫁另立户", "divorced", "离婚", "died", "死亡", "mistake", "登记有误")

// LeaveReasons is the list of reasons (离户原因).
func LeaveReasons() domain.Codes[LeaveReason] { return leaveReasons }

// Label is the Chinese name of the reason.
func (r LeaveReason) Label() string { return leaveReasons.Label(r) }

// DissolveReason is 销户原因.
type DissolveReason string

var dissolveReasons = domain.NewCodes[DissolveReason]("销户原因",
	"split", "分户", "united", "并户", "moved_away", "全户迁出", "died", "全户死亡", "mistake", "登记有误")

// DissolveReasons is the list of reasons (销户原因).
func DissolveReasons() domain.Codes[DissolveReason] { return dissolveReasons }

// Label is the Chinese name of the reason.
func (r DissolveReason) Label() string { return dissolveReasons.Label(r) }

// Member is 户成员. The relation is to the head.
type Member struct {
	PersonID string   `json:"person_id"`
	Relation Relation `json:"relation"`
}

// HouseholdFormed is 立户.
type HouseholdFormed struct {
	Head    string   `json:"head"` // person id, among the members
	Members []Member `json:"members"`
}

// MemberJoined is 入户.
type MemberJoined struct {
	Member
}

// MemberLeft is 离户.
type MemberLeft struct {
	PersonID string      `json:"person_id"`
	Reason   LeaveReason `json:"reason"`
}

// HeadChanged is 变更户主. Relations are to the head, so all are told anew.
type HeadChanged struct {
	Head    string   `json:"head"` // person id
	Members []Member `json:"members"`
}

// HouseholdDissolved is 销户: all members leave, and the household is over.
type HouseholdDissolved struct {
	Reason DissolveReason `json:"reason"`
}

// EventType is the wire name.
func (HouseholdFormed) EventType() string { return "household.formed" }

// EventType is the wire name.
func (MemberJoined) EventType() string { return "household.member_joined" }

// EventType is the wire name.
func (MemberLeft) EventType() string { return "household.member_left" }

// EventType is the wire name.
func (HeadChanged) EventType() string { return "household.head_changed" }

// EventType is the wire name.
func (HouseholdDissolved) EventType() string { return "household.dissolved" }

func (HouseholdFormed) event()    {}
func (MemberJoined) event()       {}
func (MemberLeft) event()         {}
func (HeadChanged) event()        {}
func (HouseholdDissolved) event() {}

// Specs says how each event of households and seats is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{
		domain.Spec[HouseholdFormed](), domain.Spec[MemberJoined](), domain.Spec[MemberLeft](), domain.Spec[HeadChanged](), domain.Spec[HouseholdDissolved](),
		domain.Spec[SeatTaken](), domain.Spec[SeatLeft](),
	}
}

package person

import (
	"maps"
	"slices"

	"hearth/domain"
)

// KinRelation is 亲属关系 of somebody to a member of staff.
type KinRelation string

var kinRelations = domain.NewCodes[KinRelation]("亲属关系",
	"spouse", "配偶", "parent", "父母", "child", "子女", "sibling", "兄弟姐妹", "in_law", "姻亲", "other", "其他近亲属")

// KinRelations is the list of relations (亲属关系).
func KinRelations() domain.Codes[KinRelation] { return kinRelations }

// Label is the Chinese name of the relation.
func (r KinRelation) Label() string { return kinRelations.Label(r) }

// KinOfStaffWithdrawn is 撤销近亲属备案: the entry was wrong, or the relation has
// ended.
type KinOfStaffWithdrawn struct {
	User string `json:"user"` // user id of the member of staff
}

// EventType is the wire name.
func (KinOfStaffWithdrawn) EventType() string { return "person.kin_of_staff_withdrawn" }

func (KinOfStaffWithdrawn) event() {}

// WithdrawKin is 撤销近亲属备案; somebody else than the one whom it is about does it.
type WithdrawKin struct {
	domain.By `json:"-"`
	User      string `json:"user"`
}

func (*WithdrawKin) command() string { return "withdraw_kin" }

// kinKeepers may declare for others; everybody else declares their own kin.
var kinKeepers = []domain.Role{domain.RoleOrgHead, domain.RoleReviewer}

func declareKin(s State, cmd *DeclareKin) ([]Event, error) {
	switch {
	case cmd.User == "" || cmd.Relation == "":
		return nil, domain.Reject("kin_incomplete", "请选择工作人员并填写亲属关系。")
	case cmd.User != cmd.Actor.ID && !slices.Contains(kinKeepers, cmd.Actor.Role):
		return nil, domain.Reject("kin_not_own", "只能备案本人的近亲属;替他人备案请由单位负责人或审核人办理。")
	}
	if err := kinRelations.Check(KinRelation(cmd.Relation)); err != nil {
		return nil, err
	}
	if s.Kin[cmd.User] == cmd.Relation {
		return nil, nil
	}
	return []Event{KinOfStaffDeclared{User: cmd.User, Relation: cmd.Relation}}, nil
}

// withdrawKin keeps people from taking their own declaration back in order to
// decide about their kin.
func withdrawKin(s State, cmd *WithdrawKin) ([]Event, error) {
	switch {
	case s.Kin[cmd.User] == "":
		return nil, domain.Reject("no_kin", "没有这项近亲属备案,请刷新页面。")
	case cmd.User == cmd.Actor.ID:
		return nil, domain.Reject("kin_self", "本人不能撤销自己的近亲属备案,请由单位负责人或审核人办理。")
	}
	return []Event{KinOfStaffWithdrawn{User: cmd.User}}, nil
}

func (s State) evolveKin(ev KinOfStaffWithdrawn) State {
	s.Kin = maps.Clone(s.Kin)
	delete(s.Kin, ev.User)
	return s
}

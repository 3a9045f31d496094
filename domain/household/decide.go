package household

import (
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
)

// MaxMembers is 户成员上限.
const MaxMembers = 30

// State is 户状态: what decisions rest on.
type State struct {
	Exists    bool
	Dissolved bool
	Head      string
	Members   []Member // present ones, the head among them
}

// Decider is 户决策器.
var Decider = domain.Decider[State, Command, Event]{
	Initial: func() State { return State{} },
	Decide:  decide,
	Evolve:  evolve,
}

func decide(s State, cmd Command) ([]Event, error) {
	if cmd, ok := cmd.(*Form); ok {
		return form(s, cmd)
	}
	switch {
	case !s.Exists:
		return nil, domain.Reject("household_missing", "没有这一户,请先立户。")
	case s.Dissolved:
		return nil, domain.Reject("household_dissolved", "这一户已经销户,不能再变更;需要的请重新立户。")
	}
	switch cmd := cmd.(type) {
	case *Form:
		panic("household: form is handled above")
	case *Join:
		return join(s, cmd)
	case *Leave:
		return leave(s, cmd)
	case *ChangeHead:
		return changeHead(s, cmd)
	case *Dissolve:
		if err := dissolveReasons.Check(cmd.Reason); err != nil {
			return nil, err
		}
		return []Event{HouseholdDissolved{Reason: cmd.Reason}}, nil
	}
	panic("household: unknown command")
}

func form(s State, cmd *Form) ([]Event, error) {
	if s.Exists {
		return nil, domain.Reject("household_exists", "这一户已经立户。")
	}
	members, err := properMembers(cmd.Head, cmd.Members)
	if err != nil {
		return nil, err
	}
	return []Event{HouseholdFormed{Head: members[0].PersonID, Members: members}}, nil
}

// properMembers are the members with the head first, each once.
func properMembers(head string, members []Member) ([]Member, error) {
	var first, rest []Member
	for _, m := range members {
		id, err := uuid.Parse(m.PersonID)
		if err != nil {
			return nil, domain.Reject("bad_member", "请选择已建档的人员作为户成员。")
		}
		m.PersonID = id.String()
		if slices.ContainsFunc(slices.Concat(first, rest), func(o Member) bool { return o.PersonID == m.PersonID }) {
			return nil, domain.Reject("member_twice", "同一人在户成员里出现了两次,请去掉一个。")
		}
		if m.PersonID == head {
			m.Relation = RelationHead
			first = []Member{m}
			continue
		}
		if err := properRelation(m.Relation); err != nil {
			return nil, err
		}
		rest = append(rest, m)
	}
	switch {
	case first == nil:
		return nil, domain.Reject("head_missing", "请在户成员里选定户主。")
	case len(rest) >= MaxMembers:
		return nil, domain.Reject("too_many_members", "一户最多%d人,请核对。", MaxMembers)
	}
	return append(first, rest...), nil
}

func properRelation(r Relation) error {
	if r == RelationHead {
		return domain.Reject("two_heads", "一户只有一个户主,请改选其他成员与户主的关系。")
	}
	return relations.Check(r)
}

func (s State) has(person string) bool {
	return slices.ContainsFunc(s.Members, func(m Member) bool { return m.PersonID == person })
}

func join(s State, cmd *Join) ([]Event, error) {
	id, err := uuid.Parse(cmd.PersonID)
	if err != nil {
		return nil, domain.Reject("bad_member", "请选择已建档的人员作为户成员。")
	}
	if s.has(id.String()) {
		return nil, nil
	}
	if err := properRelation(cmd.Relation); err != nil {
		return nil, err
	}
	if len(s.Members) >= MaxMembers {
		return nil, domain.Reject("too_many_members", "一户最多%d人,请核对。", MaxMembers)
	}
	return []Event{MemberJoined{Member{PersonID: id.String(), Relation: cmd.Relation}}}, nil
}

func leave(s State, cmd *Leave) ([]Event, error) {
	if !s.has(cmd.PersonID) {
		return nil, domain.Reject("not_a_member", "此人不在这一户,请刷新页面。")
	}
	if err := leaveReasons.Check(cmd.Reason); err != nil {
		return nil, err
	}
	if cmd.PersonID == s.Head {
		return nil, domain.Reject("head_leaves", "户主不能直接离户,请先变更户主;全户不在的请销户。")
	}
	return []Event{MemberLeft{PersonID: cmd.PersonID, Reason: cmd.Reason}}, nil
}

func changeHead(s State, cmd *ChangeHead) ([]Event, error) {
	members, err := properMembers(cmd.Head, cmd.Members)
	if err != nil {
		return nil, err
	}
	if cmd.Head == s.Head {
		return nil, domain.Reject("same_head", "他已经是户主,请选择另一人。")
	}
	if len(members) != len(s.Members) || slices.ContainsFunc(members, func(m Member) bool { return !s.has(m.PersonID) }) {
		return nil, domain.Reject("members_differ", "户成员有变动,请刷新页面后重新填写各人与新户主的关系。")
	}
	return []Event{HeadChanged{Head: cmd.Head, Members: members}}, nil
}

func evolve(s State, ev Event) State {
	switch ev := ev.(type) {
	case HouseholdFormed:
		s.Exists, s.Head, s.Members = true, ev.Head, ev.Members
	case MemberJoined:
		s.Members = append(slices.Clone(s.Members), ev.Member)
	case MemberLeft:
		s.Members = slices.DeleteFunc(slices.Clone(s.Members), func(m Member) bool { return m.PersonID == ev.PersonID })
	case HeadChanged:
		s.Head, s.Members = ev.Head, ev.Members
	case HouseholdDissolved:
		s.Dissolved = true
	}
	return s
}

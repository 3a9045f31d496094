package person

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
)

// Two files of one person are linked, never poured together: the events stay
// where they are, and whoever opens the one that was merged is led to the other.
// The link is stored on both files in one append, so that each decides knowing
// of it; undoing is an entry of its own on both.

// MergeBasis is 并档依据: how it is known that two files are of one person.
type MergeBasis string

var mergeBases = domain.NewCodes[MergeBasis]("并档依据",
	"same_id_no", "身份证号相同", "person_confirmed", "本人确认", "papers_checked", "核对证件或材料", "typing_error", "登记时录入有误")

// MergeBases is the list of bases of a merger (并档依据).
func MergeBases() domain.Codes[MergeBasis] { return mergeBases }

// Label is the Chinese name of the basis.
func (b MergeBasis) Label() string { return mergeBases.Label(b) }

// UnmergeReason is 撤销并档原因.
type UnmergeReason string

var unmergeReasons = domain.NewCodes[UnmergeReason]("撤销并档原因",
	"not_the_same", "不是同一人", "wrong_direction", "应以另一份为主", "not_proven", "依据不足")

// UnmergeReasons is the list of reasons to undo a merger (撤销并档原因).
func UnmergeReasons() domain.Codes[UnmergeReason] { return unmergeReasons }

// Label is the Chinese name of the reason.
func (r UnmergeReason) Label() string { return unmergeReasons.Label(r) }

// DeathSource is 死亡信息来源.
type DeathSource string

var deathSources = domain.NewCodes[DeathSource]("死亡信息来源",
	"household_register", "公安户籍注销", "civil_affairs", "民政殡葬信息", "hospital", "医疗机构证明", "relative", "近亲属告知", "unit", "所在单位告知")

// DeathSources is the list of sources (死亡信息来源).
func DeathSources() domain.Codes[DeathSource] { return deathSources }

// Label is the Chinese name of the source.
func (s DeathSource) Label() string { return deathSources.Label(s) }

// Merged is 并档: the person has another file, which counts; this one leads to it.
type Merged struct {
	Into  string     `json:"into"` // person id
	Basis MergeBasis `json:"basis"`
}

// MergedFrom is 接收并档: another file of the person leads to this one.
type MergedFrom struct {
	From  string     `json:"from"` // person id
	Basis MergeBasis `json:"basis"`
}

// Unmerged is 撤销并档: the file stands for itself again.
type Unmerged struct {
	From   string        `json:"from"` // person id of the file that it led to
	Reason UnmergeReason `json:"reason"`
}

// UnmergedFrom is 解除并档: the other file does not lead here any more.
type UnmergedFrom struct {
	Other  string        `json:"other"` // person id
	Reason UnmergeReason `json:"reason"`
}

// DeathNoted is 登记死亡. The day is a text, as all that is sealed can be; it is
// empty when nobody knows it.
type DeathNoted struct {
	Source DeathSource `json:"source"`
	DiedOn string      `json:"died_on,omitempty" seal:"identity"` // ⓟ 2006-01-02
}

// DeathNoteRevoked is 撤销死亡登记: it was a mistake.
type DeathNoteRevoked struct {
	Source DeathSource `json:"source"` // of the entry that was wrong
}

// EventType is the wire name.
func (Merged) EventType() string { return "person.merged" }

// EventType is the wire name.
func (MergedFrom) EventType() string { return "person.merged_from" }

// EventType is the wire name.
func (Unmerged) EventType() string { return "person.unmerged" }

// EventType is the wire name.
func (UnmergedFrom) EventType() string { return "person.unmerged_from" }

// EventType is the wire name.
func (DeathNoted) EventType() string { return "person.death_noted" }

// EventType is the wire name.
func (DeathNoteRevoked) EventType() string { return "person.death_note_revoked" }

func (Merged) event()           {}
func (MergedFrom) event()       {}
func (Unmerged) event()         {}
func (UnmergedFrom) event()     {}
func (DeathNoted) event()       {}
func (DeathNoteRevoked) event() {}

// Merge is 并入另一份人员档案. Self is the file that it is issued on. It is never
// given alone: TakeIn on the other file comes with it, and refuses what would go
// round in a circle.
type Merge struct {
	domain.By `json:"-"`
	Self      string     `json:"-"`
	Into      string     `json:"into"`
	Basis     MergeBasis `json:"basis"`
}

// TakeIn is 接收并档, the other half of Merge.
type TakeIn struct {
	domain.By `json:"-"`
	From      string     `json:"from"`
	Basis     MergeBasis `json:"basis"`
}

// Unmerge is 撤销并档. LetGo on the other file comes with it.
type Unmerge struct {
	domain.By `json:"-"`
	Reason    UnmergeReason `json:"reason"`
}

// LetGo is 解除并档, the other half of Unmerge.
type LetGo struct {
	domain.By `json:"-"`
	Other     string        `json:"other"`
	Reason    UnmergeReason `json:"reason"`
}

// NoteDeath is 登记死亡.
type NoteDeath struct {
	domain.By `json:"-"`
	Source    DeathSource `json:"source"`
	DiedOn    domain.Date `json:"died_on,omitzero"`
}

// RevokeDeath is 撤销死亡登记.
type RevokeDeath struct {
	domain.By `json:"-"`
}

func (*Merge) command() string       { return "merge" }
func (*TakeIn) command() string      { return "take_in" }
func (*Unmerge) command() string     { return "unmerge" }
func (*LetGo) command() string       { return "let_go" }
func (*NoteDeath) command() string   { return "note_death" }
func (*RevokeDeath) command() string { return "revoke_death" }

// Links is 并档关系: which other files are of the same person.
type Links struct {
	MergedInto string          // the file that this one leads to
	Taken      map[string]bool // the files that lead to this one
}

// All are the other files of the person that are linked to this one, in order.
func (l Links) All() []string {
	all := slices.Collect(maps.Keys(l.Taken))
	if l.MergedInto != "" {
		all = append(all, l.MergedInto)
	}
	slices.Sort(all)
	return all
}

func merge(s State, cmd *Merge) ([]Event, error) {
	into, err := uuid.Parse(cmd.Into)
	switch {
	case err != nil || into.String() == cmd.Self:
		return nil, domain.Reject("bad_merge", "请选择要并入的另一份人员档案。")
	case s.Links.MergedInto == into.String():
		return nil, nil
	case s.Links.MergedInto != "":
		return nil, domain.Reject("person_merged", "这份档案已并入另一份,请先撤销原来的并档。")
	}
	if err := mergeable(s, "这份"); err != nil {
		return nil, err
	}
	if err := mergeBases.Check(cmd.Basis); err != nil {
		return nil, err
	}
	return []Event{Merged{Into: into.String(), Basis: cmd.Basis}}, nil
}

// takeIn refuses a file that leads elsewhere itself. So every chain of links ends
// in one file, and none comes back to where it began.
func takeIn(s State, cmd *TakeIn) ([]Event, error) {
	switch {
	case s.Links.Taken[cmd.From]:
		return nil, nil
	case s.Links.MergedInto != "":
		return nil, domain.Reject("merge_target_merged", "要并入的档案自己已并入另一份,请直接并入最终的那份档案。")
	}
	if err := mergeable(s, "要并入的"); err != nil {
		return nil, err
	}
	return []Event{MergedFrom{From: cmd.From, Basis: cmd.Basis}}, nil
}

// mergeable keeps files apart while it is being decided what becomes of the data
// of one: a request names the files that it concerns.
func mergeable(s State, which string) error {
	switch {
	case s.Erasure.Requested != nil:
		return domain.Reject("erasure_pending", "%s档案有一项%s申请在审批,请先办完再并档。", which, s.Erasure.Requested.Step.Label())
	case s.Erasure.Standing != InUse:
		return domain.Reject("person_suspended", "%s档案的个人信息已封存,不能核对,请先经两人审批解封再并档。", which)
	}
	return nil
}

func unmerge(s State, cmd *Unmerge) ([]Event, error) {
	if s.Links.MergedInto == "" {
		return nil, domain.Reject("not_merged", "这份档案没有并入别的档案,请刷新页面。")
	}
	if err := unmergeReasons.Check(cmd.Reason); err != nil {
		return nil, err
	}
	if s.Erasure.Requested != nil {
		return nil, domain.Reject("erasure_pending", "有一项%s申请在审批,请先办完再撤销并档。", s.Erasure.Requested.Step.Label())
	}
	return []Event{Unmerged{From: s.Links.MergedInto, Reason: cmd.Reason}}, nil
}

func letGo(s State, cmd *LetGo) ([]Event, error) {
	switch {
	case !s.Links.Taken[cmd.Other]:
		return nil, nil
	case s.Erasure.Requested != nil:
		return nil, domain.Reject("erasure_pending", "主档案有一项%s申请在审批,请先办完再撤销并档。", s.Erasure.Requested.Step.Label())
	}
	return []Event{UnmergedFrom{Other: cmd.Other, Reason: cmd.Reason}}, nil
}

func noteDeath(s State, cmd *NoteDeath) ([]Event, error) {
	if err := deathSources.Check(cmd.Source); err != nil {
		return nil, err
	}
	if !cmd.DiedOn.IsZero() && cmd.DiedOn.After(domain.DateOf(cmd.At)) {
		return nil, domain.Reject("in_future", "死亡日期不能晚于今天,请核对。")
	}
	next := DeathNoted{Source: cmd.Source}
	if !cmd.DiedOn.IsZero() {
		next.DiedOn = cmd.DiedOn.String()
	}
	if s.Death != nil && *s.Death == next {
		return nil, nil
	}
	return []Event{next}, nil
}

func revokeDeath(s State) ([]Event, error) {
	if s.Death == nil {
		return nil, domain.Reject("death_not_noted", "没有死亡登记,无须撤销。")
	}
	return []Event{DeathNoteRevoked{Source: s.Death.Source}}, nil
}

// evolveLinks applies the facts of this file.
func (s State) evolveLinks(ev Event) State {
	switch ev := ev.(type) {
	case Merged:
		s.Links.MergedInto = ev.Into
	case Unmerged:
		s.Links.MergedInto = ""
	case MergedFrom:
		s.Links.Taken = maps.Clone(s.Links.Taken)
		if s.Links.Taken == nil {
			s.Links.Taken = map[string]bool{}
		}
		s.Links.Taken[ev.From] = true
	case UnmergedFrom:
		s.Links.Taken = maps.Clone(s.Links.Taken)
		delete(s.Links.Taken, ev.Other)
	case DeathNoted:
		s.Death = &ev
	case DeathNoteRevoked:
		s.Death = nil
	default: // of the other files
	}
	return s
}

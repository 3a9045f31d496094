package enterprise

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"hearth/domain"
)

// State is 单位状态: what decisions rest on.
type State struct {
	Exists     bool
	USCC       string
	Name       string
	Headcount  int
	Signals    []uuid.UUID // source events that are noted already
	Blacklists []string    // lists that it stands on
	MergedInto uuid.UUID
}

// Decider is 单位决策器.
var Decider = domain.Decider[State, Command, Event]{
	Initial: func() State { return State{} },
	Decide:  decide,
	Evolve:  evolve,
}

func decide(s State, cmd Command) ([]Event, error) {
	if cmd, ok := cmd.(*Register); ok {
		return register(s, cmd)
	}
	if !s.Exists {
		return nil, domain.Reject("enterprise_missing", "没有这个单位,请先建档。")
	}
	if s.MergedInto != uuid.Nil {
		return nil, domain.Reject("enterprise_merged", "该单位档案已并入另一份档案,请在那份档案上办理。")
	}
	switch cmd := cmd.(type) {
	case *Register:
		panic("enterprise: register is handled above")
	case *Rename:
		return rename(s, cmd)
	case *EnterCode:
		return enterCode(s, cmd)
	case *ReportHeadcount:
		if cmd.Headcount < 0 || cmd.On.IsZero() {
			return nil, domain.Reject("bad_headcount", "请填写职工人数(不小于0)和统计日期。")
		}
		return []Event{HeadcountReported{Headcount: cmd.Headcount, On: cmd.On}}, nil
	case *Signal:
		if err := signalKinds.Check(cmd.Kind); err != nil {
			return nil, err
		}
		if slices.Contains(s.Signals, cmd.SourceEvent) {
			return nil, nil
		}
		return []Event{CreditSignal{Kind: cmd.Kind, SourceEvent: cmd.SourceEvent, SourceCase: cmd.SourceCase}}, nil
	case *NoteBlacklist:
		return noteBlacklist(s, cmd)
	case *RemoveBlacklist:
		return removeBlacklist(s, cmd)
	case *Merge:
		return merge(s, cmd)
	}
	panic("enterprise: unknown command")
}

func register(s State, cmd *Register) ([]Event, error) {
	if s.Exists {
		return nil, domain.Reject("enterprise_exists", "该单位已经建档,请直接选用。")
	}
	name, err := properName(cmd.Name)
	if err != nil {
		return nil, err
	}
	ev := Registered{
		Name: name, Aliases: cmd.Aliases, County: cmd.County, Industry: strings.TrimSpace(cmd.Industry),
		Ownership: cmd.Ownership, Headcount: cmd.Headcount, UnionOrg: cmd.UnionOrg,
	}
	if cmd.USCC != "" {
		if ev.USCC, err = ParseUSCC(cmd.USCC); err != nil {
			return nil, err
		}
	}
	if cmd.Ownership != "" {
		if err := ownerships.Check(cmd.Ownership); err != nil {
			return nil, err
		}
	}
	if cmd.Headcount < 0 {
		return nil, domain.Reject("bad_headcount", "职工人数不能小于0。")
	}
	return []Event{ev}, nil
}

func properName(s string) (string, error) {
	name := strings.Join(strings.Fields(s), " ")
	if n := len([]rune(name)); n < 2 || n > 100 {
		return "", domain.Reject("bad_enterprise_name", "请填写单位全称(2至100个字)。")
	}
	return name, nil
}

func rename(s State, cmd *Rename) ([]Event, error) {
	name, err := properName(cmd.Name)
	if err != nil || name == s.Name {
		return nil, err
	}
	return []Event{Renamed{Name: name, Former: s.Name, On: cmd.On}}, nil
}

func enterCode(s State, cmd *EnterCode) ([]Event, error) {
	code, err := ParseUSCC(cmd.USCC)
	switch {
	case err != nil:
		return nil, err
	case s.USCC == code:
		return nil, nil
	case s.USCC != "":
		return nil, domain.Reject("uscc_known", "该单位已有信用代码,一个单位不能有两个;如系两家单位,请另行建档。")
	}
	return []Event{CodeEntered{USCC: code}}, nil
}

func noteBlacklist(s State, cmd *NoteBlacklist) ([]Event, error) {
	switch {
	case cmd.List == "" || cmd.Source == "" || cmd.From.IsZero():
		return nil, domain.Reject("blacklist_incomplete", "请填写名单名称、列入日期和来源文件。")
	case !cmd.To.IsZero() && cmd.To.Before(cmd.From):
		return nil, domain.Reject("bad_period", "截止日期早于列入日期,请改正。")
	case slices.Contains(s.Blacklists, cmd.List):
		return nil, nil
	}
	return []Event{BlacklistNoted{List: cmd.List, From: cmd.From, To: cmd.To, Source: cmd.Source}}, nil
}

func removeBlacklist(s State, cmd *RemoveBlacklist) ([]Event, error) {
	switch {
	case !slices.Contains(s.Blacklists, cmd.List):
		return nil, domain.Reject("not_blacklisted", "该单位不在“%s”上。", cmd.List)
	case cmd.Reason == "" || cmd.On.IsZero():
		return nil, domain.Reject("reason_missing", "请填写移出日期和原因。")
	}
	return []Event{BlacklistRemoved{List: cmd.List, On: cmd.On, Reason: cmd.Reason}}, nil
}

func merge(_ State, cmd *Merge) ([]Event, error) {
	switch {
	case cmd.IntoID == uuid.Nil || cmd.IntoID == cmd.ID:
		return nil, domain.Reject("bad_merge", "请选择要并入的另一份单位档案。")
	case cmd.Reason == "":
		return nil, domain.Reject("reason_missing", "请填写并档原因。")
	}
	return []Event{Merged{IntoID: cmd.IntoID, Reason: cmd.Reason}}, nil
}

func evolve(s State, ev Event) State {
	switch ev := ev.(type) {
	case Registered:
		s.Exists, s.USCC, s.Name, s.Headcount = true, ev.USCC, ev.Name, ev.Headcount
	case Renamed:
		s.Name = ev.Name
	case CodeEntered:
		s.USCC = ev.USCC
	case HeadcountReported:
		s.Headcount = ev.Headcount
	case CreditSignal:
		s.Signals = append(slices.Clone(s.Signals), ev.SourceEvent)
	case BlacklistNoted:
		s.Blacklists = append(slices.Clone(s.Blacklists), ev.List)
	case BlacklistRemoved:
		s.Blacklists = slices.DeleteFunc(slices.Clone(s.Blacklists), func(l string) bool { return l == ev.List })
	case Merged:
		s.MergedInto = ev.IntoID
	}
	return s
}

package access

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"hearth/domain"
)

// Use is 一次显示: when, and how many fields.
type Use struct {
	At     time.Time
	Fields int
}

// State is 当日查阅状态: what a user revealed on a day.
type State struct{ Uses []Use }

// Limits is 显示上限: how many fields one user may reveal within an hour and on a
// civil day.
type Limits struct{ Hour, Day int }

// UsualLimits is what holds unless something else was set (显示上限).
func UsualLimits() Limits { return Limits{Hour: 30, Day: 200} }

// longestNote is how many characters of a note are kept.
const longestNote = 200

// NewDecider is the rules with these limits (查阅决策器).
func NewDecider(l Limits) domain.Decider[State, Command, Event] {
	return domain.Decider[State, Command, Event]{
		Initial: func() State { return State{} },
		Decide:  func(s State, cmd Command) ([]Event, error) { return decide(s, cmd, l) },
		Evolve:  evolve,
	}
}

func evolve(s State, ev Event) State {
	if ev, ok := ev.(SensitiveRevealed); ok {
		s.Uses = append(slices.Clone(s.Uses), Use{ev.At, len(ev.Fields)})
	}
	return s
}

func decide(s State, cmd Command, l Limits) ([]Event, error) {
	switch cmd := cmd.(type) {
	case *Note:
		return note(cmd), nil
	case *Reveal:
		return reveal(s, cmd, l)
	case *Export:
		if err := checkExport(cmd); err != nil {
			return nil, err
		}
		return []Event{cmd.File}, nil
	}
	panic("access: unknown command")
}

func note(cmd *Note) []Event {
	var events []Event
	if len(cmd.Views) > 0 || cmd.Missed > 0 {
		events = append(events, RecordViewed{Items: cmd.Views, Missed: cmd.Missed})
	}
	for _, ev := range cmd.Searches {
		events = append(events, ev)
	}
	for _, ev := range cmd.Prints {
		events = append(events, ev)
	}
	return events
}

func reveal(s State, cmd *Reveal, l Limits) ([]Event, error) {
	switch {
	case cmd.On.ID == "":
		return nil, domain.Reject("case_missing", "请从案件里显示个人信息。")
	case len(cmd.Fields) == 0:
		return nil, domain.Reject("fields_missing", "请选择要显示的项目。")
	}
	wanted := slices.Clone(cmd.Fields)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for _, f := range wanted {
		if err := fields.Check(f); err != nil {
			return nil, err
		}
	}
	if err := checkReason(cmd.Reason, cmd.Note); err != nil {
		return nil, err
	}
	if err := l.check(append(slices.Clone(cmd.Before), s.Uses...), s.Uses, len(wanted), cmd.At); err != nil {
		return nil, err
	}
	return []Event{SensitiveRevealed{
		On: cmd.On, Person: cmd.Person, Fields: wanted, Reason: cmd.Reason, Note: cmd.Note, Seen: cmd.Seen, At: cmd.At,
	}}, nil
}

func checkReason(r Reason, note string) error {
	if err := reasons.Check(r); err != nil {
		return err
	}
	switch {
	case r == ReasonOther && note == "":
		return domain.Reject("note_missing", "事由选“其他”的,请写明原因。")
	case utf8.RuneCountInString(note) > longestNote:
		return domain.Reject("note_long", "说明请不要超过%d个字。", longestNote)
	}
	return nil
}

func checkExport(cmd *Export) error {
	if err := queries.Check(cmd.File.Query); err != nil {
		return err
	}
	if cmd.File.Clear {
		return checkReason(cmd.File.Reason, cmd.File.Note)
	}
	return nil
}

// check rejects what would be above a limit, and says when it is not any more.
func (l Limits) check(recent, today []Use, more int, now time.Time) error {
	if more > l.Hour {
		return domain.Reject("too_many_fields", "一次最多显示%d项,请分次办理。", l.Hour)
	}
	used := 0
	for _, u := range today {
		used += u.Fields
	}
	if used+more > l.Day {
		return domain.Reject("reveal_limit", "您今天已显示%d项个人信息,每天最多%d项,明天0时以后可以再显示。工作确需更多的,请申请导出台账。", used, l.Day)
	}
	inHour := slices.DeleteFunc(slices.Clone(recent), func(u Use) bool { return now.Sub(u.At) >= time.Hour })
	slices.SortFunc(inHour, func(a, b Use) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	used = 0
	for _, u := range inHour {
		used += u.Fields
	}
	for left, i := used, 0; left+more > l.Hour; i++ {
		if left -= inHour[i].Fields; left+more <= l.Hour {
			again := inHour[i].At.Add(time.Hour).In(domain.Shanghai)
			if again.Truncate(time.Minute) != again {
				again = again.Add(time.Minute) // a clock without seconds must not say too early
			}
			return domain.Reject("reveal_limit", "您在一小时内已显示%d项个人信息,每小时最多%d项,%s以后可以再显示。", used, l.Hour, again.Format("15:04"))
		}
	}
	return nil
}

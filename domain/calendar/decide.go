package calendar

import "hearth/domain"

// Decider is 日历决策器. The calendar begins with the notices that the program
// brings along, so that it is never without the year it was made in.
var Decider = domain.Decider[Calendar, Command, Event]{
	Initial: func() Calendar { return New(Notice2026()) },
	Decide:  decide,
	Evolve:  evolve,
}

func decide(c Calendar, cmd Command) ([]Event, error) {
	if err := cmd.IssuedBy().Check(); err != nil {
		return nil, err
	}
	switch cmd := cmd.(type) {
	case Publish:
		return publish(c, cmd)
	}
	panic("calendar: unknown command")
}

// publish takes the revision from the calendar, never from the wish.
func publish(c Calendar, cmd Publish) ([]Event, error) {
	if role := cmd.Actor.Role; role != domain.RoleSystemAdmin && role != domain.RoleSystem {
		return nil, domain.Reject("role", "放假通知由系统管理员发布,请把通知交给系统管理员录入。")
	}
	if err := cmd.Notice.Check(); err != nil {
		return nil, err
	}
	known, _ := c.Notice(cmd.Notice.Year)
	if known.Same(cmd.Notice) {
		return nil, nil
	}
	n := cmd.Notice.sorted()
	n.Revision = known.Revision + 1
	return []Event{Published{Notice: n}}, nil
}

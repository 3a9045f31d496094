package calendar

import (
	"time"

	"hearth/domain"
)

// Step is 升级节点: a point before or after the due date at which somebody else is
// told. The codes are stored in events.
type Step string

// The steps (升级节点).
const (
	StepNotice  Step = "t-3wd"  // 提醒经办人(黄)
	StepWarning Step = "t-1wd"  // 预警,加科室负责人(橙)
	StepDue     Step = "due"    // 到期催办(红)
	StepReport  Step = "t+5wd"  // 通报
	StepOrder   Step = "t+10wd" // 督办
)

// Mark is 升级时刻: the instant of a step.
type Mark struct {
	Step Step
	At   time.Time
}

// Marks are the instants at which an open clock escalates, in order: three and
// one working days before the due date, the due date, five and ten working days
// after it. A step that would lie before the start is left out, and a clock that
// is paused, met or without limit has none.
func (c Clock) Marks(cal Calendar) []Mark {
	if s := c.Status(); s != StatusRunning && s != StatusBreached {
		return nil
	}
	cal = c.on(cal)
	due := domain.DateOf(c.DueAt)
	var marks []Mark
	for _, step := range []struct {
		step     Step
		workdays int
	}{{StepNotice, -3}, {StepWarning, -1}, {StepDue, 0}, {StepReport, 5}, {StepOrder, 10}} {
		at := c.DueAt
		if step.workdays != 0 {
			day, _ := cal.AddWorkdays(due, step.workdays)
			at = endOf(day)
		}
		if at.After(c.StartedAt) {
			marks = append(marks, Mark{Step: step.step, At: at})
		}
	}
	return marks
}

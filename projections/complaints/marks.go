package complaints

import (
	"hearth/domain/calendar"
)

// Marks are the instants at which the clock escalates (升级), in order.
func (d Deadline) Marks(cal calendar.Calendar) []calendar.Mark { return d.clock().Marks(cal) }

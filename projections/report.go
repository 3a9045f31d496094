package projections

import (
	"time"

	"hearth/eventstore"
)

// reporter tells the progress of a rebuild, not too often.
type reporter struct {
	name  string
	tell  func(Progress)
	pace  pace
	last  time.Time
	phase Phase
}

const reportEvery = 200 * time.Millisecond

func (r *reporter) show(cp checkpoint, end eventstore.Position, phase Phase) {
	now := time.Now()
	if r.tell == nil || phase == r.phase && now.Sub(r.last) < reportEvery {
		return
	}
	r.last, r.phase = now, phase
	r.pace.add(sample{now, cp.Position, cp.Events})
	events, commits := r.pace.perSecond()
	p := Progress{Name: r.name, Phase: phase, Position: cp.Position, End: end, Events: cp.Events, EventsPerSecond: events}
	if commits > 0 && cp.Position < end {
		p.Remaining = time.Duration(float64(end-cp.Position) / commits * float64(time.Second)).Round(time.Second)
	}
	r.tell(p)
}

// Package calendar holds working days and time limits: which days the State
// Council's yearly notice makes free or working (放假与调休), when a limit of
// 15 working days ends, and clocks (时限) that pause, go on, are extended once,
// change their class and miss their date. It is pure and keeps nothing.
//
// A year without a notice is counted by weekdays and by the holidays that the
// law fixes; every date that rests on such a year is provisional (暂定) and is
// recomputed by an event when the notice is entered.
//
// A family keeps its clocks in its state and stores what happens to them as its
// own events. The facts (Started, Paused, Resumed, Extended, Changed,
// Recomputed, Met, Breached) are made to be embedded in those events:
//
//	type ClockPaused struct {
//		calendar.Paused
//		Reason PauseReason `json:"reason_code"`
//	}
//
//	// Decide asks the rules, which need the calendar.
//	paused, err := s.Clocks["handle"].Pause(cmd.OccurredAt(), cal)
//	// Evolve replays the fact, which needs nothing else.
//	s.Clocks = s.Clocks.Apply(ev.Paused)
//
//	            Pause                   Meet
//	 Start ──▶ running ◀────▶ paused   ────────▶ met
//	            │  ▲     Resume          ▲
//	            │  └ Extend, Change,     │ Meet, late
//	            │    Recompute           │
//	            └────── Breach ─────▶ breached
//
// Read calendar.go first, then length.go and clock.go. The calendar itself is a
// stream of events too: events.go, commands.go, decide.go, evolve.go.
package calendar

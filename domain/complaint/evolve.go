package complaint

import (
	"maps"
	"slices"
)

// Evolve applies one fact. It knows no rules; see decide.go for those. What each
// fact changes is its method apply.
func Evolve(s State, ev Event) State { return ev.apply(s) }

func (ev Registered) apply(s State) State {
	s.Phase, s.No, s.Category = PhaseRegistered, ev.No, ev.Category
	s.Area, s.FirstReceiver = ev.Area, ev.FirstReceiver
	s.Reporter, s.Respondent, s.ProjectID = ev.Reporter, ev.Employer, ev.ProjectID
	s.Claim, s.EmploymentEndedOn = ev.Claim, ev.EmploymentEndedOn
	s.RegisteredAt, s.Limitation = ev.RegisteredAt, ev.Limitation
	return s
}

func (ev DuplicateHinted) apply(s State) State {
	s.Hinted = with(s.Hinted, ev.OtherNo)
	return s
}

func (ev DuplicateDismissed) apply(s State) State {
	s.Hinted = without(s.Hinted, ev.OtherNo)
	return s
}

func (ev RespondentIdentified) apply(s State) State {
	s.Respondent.EnterpriseID, s.ProjectID = ev.EnterpriseID, ev.ProjectID
	return s
}

func (SupplementRequested) apply(s State) State {
	s.Phase = PhaseAwaitingSupplement
	return s
}

func (SupplementReceived) apply(s State) State {
	s.Phase = PhaseRegistered
	return s
}

func (ev Accepted) apply(s State) State {
	s.Phase, s.HandlingOrg, s.TimeClass = PhaseAccepted, ev.HandlingOrg, ev.TimeClass
	s.Category, s.Limitation = ev.Category, ev.Limitation
	return s
}

func (NotAccepted) apply(s State) State {
	s.Phase = PhaseNotAccepted
	return s
}

func (TransferredOut) apply(s State) State {
	s.Phase = PhaseTransferredOut
	return s
}

func (ev Reclassified) apply(s State) State {
	s.TimeClass = ev.TimeClass
	return s
}

func (Withdrawn) apply(s State) State {
	s.Phase = PhaseWithdrawn
	return s
}

func (Merged) apply(s State) State {
	s.Phase = PhaseMerged
	return s
}

func (ev Linked) apply(s State) State {
	s.LinkedIDs = with(s.LinkedIDs, ev.OtherID)
	return s
}

func (ev AccessRestricted) apply(s State) State {
	s.Restriction = &Restriction{AccusedOrg: ev.AccusedOrg, AllowedRoles: ev.AllowedRoles}
	return s
}

func (ev DispatchIssued) apply(s State) State {
	s.HandlingOrg, s.Order.Status = ev.ToOrg, OrderIssued
	return s
}

func (DispatchSigned) apply(s State) State {
	s.Order.Status = OrderSigned
	return s
}

func (ev DispatchReturned) apply(s State) State {
	s.Order.Status, s.Order.Returns = OrderReturned, ev.Nth
	return s
}

func (ev DispatchRuled) apply(s State) State {
	s.HandlingOrg, s.Order.Status, s.Order.Ruled = ev.FinalOrg, OrderIssued, true
	return s
}

func (ev HandlerAssigned) apply(s State) State {
	s.Phase, s.Handler, s.CoHandler = PhaseInProgress, ev.Handler, ev.CoHandler
	return s
}

func (ev HandlerRecused) apply(s State) State {
	s.Recused = with(s.Recused, ev.User)
	if s.Handler == ev.User {
		s.Handler = ev.ReplacedBy
	}
	if s.CoHandler == ev.User {
		s.CoHandler = ev.ReplacedBy
	}
	return s
}

func (ev ContactAttempted) apply(s State) State {
	s.Contacts = append(slices.Clip(s.Contacts), Contact{With: ev.With, Purpose: ev.Purpose, Reached: ev.Reached, By: ev.By})
	return s
}

func (ev RiskRaised) apply(s State) State {
	if ev.Level == RiskRed && s.Risk != RiskRed {
		s.LeaderNotified = false
	}
	s.Risk = ev.Level
	for _, f := range ev.Triggers {
		s.Flags = with(s.Flags, f)
	}
	return s
}

func (ev RiskLowered) apply(s State) State {
	s.Risk = ev.Level
	return s
}

func (LeaderNotified) apply(s State) State {
	s.LeaderNotified = true
	return s
}

func (CrimeHintRaised) apply(s State) State {
	s.Crime = TrackOpen
	return s
}

func (CrimeHintAnswered) apply(s State) State {
	s.Crime = TrackDone
	return s
}

func (ev LimitationNear) apply(s State) State {
	s.Alerted = put(s.Alerted, ev.Kind, ev.Days)
	return s
}

func (ev Escalated) apply(s State) State {
	s.Escalated = put(s.Escalated, ev.Clock, Escalation{Step: ev.Step, DueAt: ev.DueAt})
	return s
}

func (ev OverdueExplained) apply(s State) State {
	s.Explained = with(s.Explained, ev.Clock)
	return s
}

// with is the list with one more entry, if it lacks it; the list stays as it is.
func with[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(slices.Clip(list), v)
}

// without is the list without an entry; the list stays as it is.
func without[T comparable](list []T, v T) []T {
	if !slices.Contains(list, v) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return x == v })
}

// put is the map with one more entry; the map stays as it is.
func put[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	next := maps.Clone(m)
	if next == nil {
		next = map[K]V{}
	}
	next[k] = v
	return next
}

// change is the list with entry i changed; the list stays as it is.
func change[T any](list []T, i int, f func(*T)) []T {
	if i < 0 || i >= len(list) {
		return list
	}
	next := slices.Clone(list)
	f(&next[i])
	return next
}

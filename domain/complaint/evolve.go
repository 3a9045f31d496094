package complaint

import (
	"maps"
	"slices"

	"hearth/domain/calendar"
)

// Evolve applies one fact. It knows no rules; see decide.go for those.
func Evolve(s State, ev Event) State {
	if f, ok := ev.(calendar.Fact); ok {
		return evolveClock(s, ev, f)
	}
	switch ev := ev.(type) {
	case Registered, DuplicateHinted, DuplicateDismissed, RespondentIdentified, SupplementRequested, SupplementReceived,
		Accepted, NotAccepted, TransferredOut, Reclassified, Withdrawn, Merged, Linked, AccessRestricted:
		return evolveIntake(s, ev)
	case DispatchIssued, DispatchSigned, DispatchReturned, DispatchRuled, HandlerAssigned, HandlerRecused, ContactAttempted,
		CallbackPromised, NoteAdded, AttachmentAdded, SupervisionOrdered:
		return evolveWork(s, ev)
	case RiskRaised, RiskLowered, LeaderNotified, CrimeHintRaised, CrimeHintAnswered, LimitationNear, Escalated, OverdueExplained:
		return evolveRisk(s, ev)
	case ClaimantAdded, ClaimantsImported, ClaimantImportCompleted, ClaimantRemoved, RepresentativesElected,
		VerificationProposed, ClaimVerified, ClaimDisputed, ClaimOutcomeSet:
		return evolveClaims(s, ev)
	case LiablePartyNamed, LiablePartyDropped, NegotiationHeld, AgreementSigned, MediationFailed, ProcedureStarted,
		ProcedureConcluded, DocumentIssued, DocumentAnswered, ReferralSent, ReferralReceipted:
		return evolveTracks(s, ev)
	case PaymentPromised, PaymentRecorded, PaymentReversed, AdvanceLinked, RecourseOpened, RecourseRecovered:
		return evolveMoney(s, ev)
	case CallbackDone, ClosureProposed, ClosureReturned, ClosureApproved, Closed, Reopened, Archived:
		return evolveClosure(s, ev)
	case ClockStarted, ClockPaused, ClockResumed, ClockExtended, ClockChanged, ClockRecomputed, ClockMet, ClockBreached, ClockStopped:
		panic("complaint: a clock event that is no fact of a clock")
	}
	panic("complaint: unknown event " + ev.EventType())
}

func evolveClock(s State, ev Event, f calendar.Fact) State {
	s.Clocks = s.Clocks.Apply(f)
	switch ev.(type) {
	case ClockStarted, ClockStopped:
		kind := ClockKind(f.ClockKind())
		s.Explained = without(s.Explained, kind)
		s.Escalated = maps.Clone(s.Escalated)
		delete(s.Escalated, kind)
	}
	return s
}

func evolveIntake(s State, ev Event) State {
	switch ev := ev.(type) {
	case Registered:
		s.Phase, s.No, s.Category = PhaseRegistered, ev.No, ev.Category
		s.Reporter, s.Respondent, s.ProjectID = ev.Reporter, ev.Employer, ev.ProjectID
		s.Claim, s.EmploymentEndedOn = ev.Claim, ev.EmploymentEndedOn
		s.RegisteredAt, s.Limitation = ev.RegisteredAt, ev.Limitation
	case DuplicateHinted:
		s.Hinted = with(s.Hinted, ev.OtherNo)
	case DuplicateDismissed:
		s.Hinted = without(s.Hinted, ev.OtherNo)
	case RespondentIdentified:
		s.Respondent.EnterpriseID, s.ProjectID = ev.EnterpriseID, ev.ProjectID
	case SupplementRequested:
		s.Phase = PhaseAwaitingSupplement
	case SupplementReceived:
		s.Phase = PhaseRegistered
	case Accepted:
		s.Phase, s.HandlingOrg, s.TimeClass = PhaseAccepted, ev.HandlingOrg, ev.TimeClass
		s.Category, s.Limitation = ev.Category, ev.Limitation
	case NotAccepted:
		s.Phase = PhaseNotAccepted
	case TransferredOut:
		s.Phase = PhaseTransferredOut
	case Reclassified:
		s.TimeClass = ev.TimeClass
	case Withdrawn:
		s.Phase = PhaseWithdrawn
	case Merged:
		s.Phase = PhaseMerged
	case Linked:
		s.LinkedIDs = with(s.LinkedIDs, ev.OtherID)
	case AccessRestricted:
		s.Restriction = &Restriction{AccusedOrg: ev.AccusedOrg, AllowedRoles: ev.AllowedRoles}
	}
	return s
}

func evolveWork(s State, ev Event) State {
	switch ev := ev.(type) {
	case DispatchIssued:
		s.HandlingOrg, s.Order.Status = ev.ToOrg, OrderIssued
	case DispatchSigned:
		s.Order.Status = OrderSigned
	case DispatchReturned:
		s.Order.Status, s.Order.Returns = OrderReturned, ev.Nth
	case DispatchRuled:
		s.HandlingOrg, s.Order.Status, s.Order.Ruled = ev.FinalOrg, OrderIssued, true
	case HandlerAssigned:
		s.Phase, s.Handler, s.CoHandler = PhaseInProgress, ev.Handler, ev.CoHandler
	case HandlerRecused:
		s.Recused = with(s.Recused, ev.User)
		if s.Handler == ev.User {
			s.Handler = ev.ReplacedBy
		}
		if s.CoHandler == ev.User {
			s.CoHandler = ev.ReplacedBy
		}
	case ContactAttempted:
		s.Contacts = append(slices.Clip(s.Contacts), Contact{With: ev.With, Purpose: ev.Purpose, Reached: ev.Reached, By: ev.By})
	}
	return s
}

func evolveRisk(s State, ev Event) State {
	switch ev := ev.(type) {
	case RiskRaised:
		if ev.Level == RiskRed && s.Risk != RiskRed {
			s.LeaderNotified = false
		}
		s.Risk = ev.Level
		for _, f := range ev.Triggers {
			s.Flags = with(s.Flags, f)
		}
	case RiskLowered:
		s.Risk = ev.Level
	case LeaderNotified:
		s.LeaderNotified = true
	case CrimeHintRaised:
		s.Crime = TrackOpen
	case CrimeHintAnswered:
		s.Crime = TrackDone
	case LimitationNear:
		s.Alerted = put(s.Alerted, ev.Kind, ev.Days)
	case Escalated:
		s.Escalated = put(s.Escalated, ev.Clock, Escalation{Step: ev.Step, DueAt: ev.DueAt})
	case OverdueExplained:
		s.Explained = with(s.Explained, ev.Clock)
	}
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

package complaints

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/eventstore"
	"hearth/projections"
)

// apply takes over one event. It is pure but for the batch: it asks no clock and
// no database, and never fails.
func (b *batch) apply(rec *eventstore.Recorded, ev complaint.Event) {
	id := uuid.MustParse(rec.Stream.Case)
	r := b.row(id)
	r.Version, r.Position, r.LastEventAt = int64(rec.Version), int64(rec.Position), instant(rec.Meta.By.At)
	if f, ok := ev.(calendar.Fact); ok {
		b.clockFact(r, ev, f)
		return
	}
	switch ev := ev.(type) {
	case complaint.Registered, complaint.RespondentIdentified, complaint.SupplementRequested, complaint.SupplementReceived,
		complaint.Accepted, complaint.NotAccepted, complaint.TransferredOut, complaint.Reclassified, complaint.Withdrawn,
		complaint.Merged, complaint.AccessRestricted, complaint.DuplicateHinted, complaint.DuplicateDismissed:
		b.intake(r, rec, ev)
	case complaint.DispatchIssued, complaint.DispatchSigned, complaint.DispatchReturned, complaint.DispatchRuled,
		complaint.HandlerAssigned, complaint.HandlerRecused:
		r.dispatch(ev)
	case complaint.RiskRaised, complaint.RiskLowered, complaint.LeaderNotified, complaint.CrimeHintRaised,
		complaint.CrimeHintAnswered, complaint.LimitationNear:
		r.risk(ev)
	case complaint.ContactAttempted, complaint.CallbackPromised:
		b.contact(r, rec, ev)
	case complaint.ClaimantAdded, complaint.ClaimantsImported, complaint.ClaimantRemoved, complaint.RepresentativesElected,
		complaint.VerificationProposed, complaint.ClaimVerified, complaint.ClaimDisputed, complaint.ClaimOutcomeSet,
		complaint.LiablePartyNamed, complaint.LiablePartyDropped:
		b.claims(r, ev)
	case complaint.PaymentPromised, complaint.PaymentRecorded, complaint.PaymentReversed, complaint.AdvanceLinked,
		complaint.RecourseOpened, complaint.RecourseRecovered:
		b.money(r, ev)
	case complaint.NegotiationHeld, complaint.AgreementSigned, complaint.MediationFailed, complaint.ProcedureStarted,
		complaint.ProcedureConcluded, complaint.DocumentIssued, complaint.DocumentAnswered, complaint.ReferralSent,
		complaint.ReferralReceipted:
		r.outside(ev)
	case complaint.OverdueExplained:
		b.clocks.change(clockKey{id, ev.Clock}).Explained = ev.Reason
	case complaint.Escalated:
		c := b.clocks.change(clockKey{id, ev.Clock})
		c.Step, c.StepDueAt = ev.Step, instant(ev.DueAt)
	case complaint.CallbackDone, complaint.ClosureProposed, complaint.ClosureReturned, complaint.Closed, complaint.Reopened,
		complaint.Archived:
		b.closure(r, rec, ev)
	case complaint.ClosureApproved, complaint.NoteAdded, complaint.AttachmentAdded, complaint.Linked,
		complaint.ClaimantImportCompleted, complaint.SupervisionOrdered:
		// Only the timeline shows them. ClosureApproved is followed by Closed.
	case complaint.ClockStarted, complaint.ClockPaused, complaint.ClockResumed, complaint.ClockExtended, complaint.ClockChanged,
		complaint.ClockRecomputed, complaint.ClockMet, complaint.ClockBreached, complaint.ClockStopped:
		panic("complaints: a clock event that is no fact of a clock")
	default:
		panic(fmt.Sprintf("complaints: unknown event %T", ev))
	}
}

// notShown names the events of which this model keeps nothing.
var notShown = []string{
	complaint.ClosureApproved{}.EventType(), complaint.NoteAdded{}.EventType(), complaint.AttachmentAdded{}.EventType(),
	complaint.Linked{}.EventType(), complaint.ClaimantImportCompleted{}.EventType(), complaint.SupervisionOrdered{}.EventType(),
}

// instant is a time as the database keeps it, so that rows in memory and rows
// that were read again decide alike.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func (b *batch) intake(r *Row, rec *eventstore.Recorded, ev complaint.Event) {
	at := instant(rec.OccurredAt)
	switch ev := ev.(type) {
	case complaint.Registered:
		r.registered(ev, b.model.rules.CollectivePersons.Value)
		r.Summary, r.SummarySealed = ev.Summary, projections.Withheld(*rec, domain.SealNarrative)
	case complaint.RespondentIdentified:
		r.EnterpriseID, r.ProjectID = ev.EnterpriseID, ev.ProjectID
	case complaint.SupplementRequested:
		r.Phase = complaint.PhaseAwaitingSupplement
	case complaint.SupplementReceived:
		r.Phase = complaint.PhaseRegistered
	case complaint.Accepted:
		r.Phase, r.AcceptedAt, r.HandlingOrg, r.TimeClass = complaint.PhaseAccepted, at, ev.HandlingOrg, ev.TimeClass
		r.Category = ev.Category
		r.InspectionUntil, r.ArbitrationUntil = ev.Limitation.InspectionUntil, ev.Limitation.ArbitrationUntil
	case complaint.Reclassified:
		r.TimeClass = ev.TimeClass
	case complaint.NotAccepted:
		r.end(complaint.PhaseNotAccepted, at)
	case complaint.TransferredOut:
		r.end(complaint.PhaseTransferredOut, at)
	case complaint.Withdrawn:
		r.end(complaint.PhaseWithdrawn, at)
	case complaint.Merged:
		r.end(complaint.PhaseMerged, at)
		r.MergedInto = ev.IntoNo
	case complaint.AccessRestricted:
		r.Restricted, r.AccusedOrg, r.AllowedRoles = true, ev.AccusedOrg, ev.AllowedRoles
	case complaint.DuplicateHinted:
		h := b.hints.change(hintKey{r.ID, ev.OtherNo})
		h.OtherID, h.Score, h.Keys, h.DismissedBy = ev.OtherID, ev.ScorePercent, ev.Keys, ""
		r.Hints = b.openHints(r.ID)
	case complaint.DuplicateDismissed:
		h := b.hints.change(hintKey{r.ID, ev.OtherNo})
		h.DismissedBy = ev.By
		r.Hints = b.openHints(r.ID)
	default: // apply sends no other events here
	}
}

func (b *batch) openHints(id uuid.UUID) int {
	n := 0
	for _, h := range b.hints.of(id) {
		if h.DismissedBy == "" {
			n++
		}
	}
	return n
}

func (r *Row) registered(ev complaint.Registered, collective int) {
	r.No, r.Category, r.Channel, r.Area = ev.No, ev.Category, ev.Channel, ev.Area
	if ev.External != nil {
		r.ExternalSystem, r.ExternalNo = ev.External.System, ev.External.No
	}
	r.RegisteredAt, r.ReceivedAt = instant(ev.RegisteredAt), instant(ev.ReceivedAt)
	r.Reporter, r.Anonymous = ev.Reporter.PersonID, ev.Reporter.Anonymous
	r.Employer, r.EmployerKey, r.EnterpriseID = ev.Employer.Text, enterprise.NormalName(ev.Employer.Text), ev.Employer.EnterpriseID
	r.ProjectID, r.FirstReceiver = ev.ProjectID, ev.FirstReceiver
	r.OwedFrom, r.OwedTo = ev.Claim.From, ev.Claim.To
	r.ReportedPersons, r.ReportedFen = ev.Claim.Persons, ev.Claim.OwedFen
	r.Persons, r.ClaimedFen = ev.Claim.Persons, ev.Claim.OwedFen
	r.Collective = r.Persons >= collective
	r.InspectionUntil, r.ArbitrationUntil = ev.Limitation.InspectionUntil, ev.Limitation.ArbitrationUntil
	r.Phase, r.Open, r.Tracks, r.Awaited = complaint.PhaseRegistered, true, Tracks{}, []Awaited{}
}

// end takes the case out of the open ones.
func (r *Row) end(p complaint.Phase, at time.Time) { r.Phase, r.Open, r.EndedAt = p, false, at }

func (r *Row) dispatch(ev complaint.Event) {
	switch ev := ev.(type) {
	case complaint.DispatchIssued:
		r.HandlingOrg, r.Dispatch = ev.ToOrg, complaint.OrderIssued
	case complaint.DispatchSigned:
		r.Dispatch = complaint.OrderSigned
	case complaint.DispatchReturned:
		r.Dispatch, r.Returns = complaint.OrderReturned, ev.Nth
	case complaint.DispatchRuled:
		r.HandlingOrg, r.Dispatch, r.Ruled = ev.FinalOrg, complaint.OrderIssued, true
	case complaint.HandlerAssigned:
		r.Phase, r.Handler, r.CoHandler = complaint.PhaseInProgress, ev.Handler, ev.CoHandler
	case complaint.HandlerRecused:
		if r.Handler == ev.User {
			r.Handler = ev.ReplacedBy
		}
		if r.CoHandler == ev.User {
			r.CoHandler = ev.ReplacedBy
		}
	default: // apply sends no other events here
	}
}

func (r *Row) risk(ev complaint.Event) {
	switch ev := ev.(type) {
	case complaint.RiskRaised:
		if ev.Level == complaint.RiskRed && r.Risk != complaint.RiskRed {
			r.LeaderTold = false
		}
		r.Risk = ev.Level
		for _, f := range ev.Triggers {
			if !slices.Contains(r.Triggers, f) {
				r.Triggers = append(r.Triggers, f)
			}
		}
	case complaint.RiskLowered:
		r.Risk = ev.Level
	case complaint.LeaderNotified:
		r.LeaderTold = true
	case complaint.CrimeHintRaised:
		r.CrimeHint = true
	case complaint.CrimeHintAnswered:
		r.CrimeHint = false
	case complaint.LimitationNear:
		if ev.Kind == complaint.LimitInspection {
			r.InspectionAlert = ev.Days
		} else {
			r.ArbitrationAlert = ev.Days
		}
	default: // apply sends no other events here
	}
}

func (b *batch) contact(r *Row, rec *eventstore.Recorded, ev complaint.Event) {
	switch ev := ev.(type) {
	case complaint.CallbackPromised:
		p := b.promises.change(promiseKey{r.ID, int64(rec.Version)})
		p.DueAt, p.PromisedBy = instant(ev.DueAt), ev.By
		p.About, p.AboutSealed = ev.About, projections.Withheld(*rec, domain.SealNarrative)
	case complaint.ContactAttempted:
		if !ev.Reached || ev.With != complaint.PartyWorker && ev.With != complaint.PartyRepresentative {
			return
		}
		at := instant(rec.OccurredAt)
		b.promises.changeAll(r.ID, func(p *Promise) bool { return p.KeptAt.IsZero() }, func(p *Promise) { p.KeptAt = at })
	default: // apply sends no other events here
	}
}

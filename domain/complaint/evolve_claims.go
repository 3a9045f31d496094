package complaint

import (
	"slices"

	"github.com/google/uuid"
)

func evolveClaims(s State, ev Event) State {
	switch ev := ev.(type) {
	case ClaimantAdded:
		s.Claimants = append(slices.Clip(s.Claimants), Claimant{No: ev.ClaimantNo, PersonID: ev.PersonID, Items: ev.Items})
	case ClaimantsImported:
		s.Claimants = slices.Grow(slices.Clip(s.Claimants), len(ev.Rows))
		for i, row := range ev.Rows {
			s.Claimants = append(s.Claimants, Claimant{No: ev.FirstNo + i, PersonID: row.PersonID, Items: row.Items})
		}
		got := s.Imports[ev.FileSHA256]
		s.Imports = put(s.Imports, ev.FileSHA256, Import{
			Chunks: ev.Chunks, Seen: with(got.Seen, ev.Chunk), Rows: got.Rows + len(ev.Rows),
		})
	case ClaimantRemoved:
		s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
			*c = Claimant{No: c.No, PersonID: c.PersonID, Removed: true}
		})
	case VerificationProposed:
		s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) { c.Proposed = &ev })
	case ClaimVerified:
		s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
			c.Verified, c.VerifiedFen, c.Verifier2, c.Proposed = true, ev.VerifiedFen, ev.Verifier2, nil
			c.Callback = CallbackState{}
		})
	case ClaimOutcomeSet:
		s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
			c.Outcome, c.Reason, c.Callback = ev.Outcome, ev.Reason, CallbackState{}
		})
	}
	return s
}

func evolveMoney(s State, ev Event) State {
	switch ev := ev.(type) {
	case PaymentPromised:
		s.Promises = ev.PromiseNo
	case PaymentRecorded:
		s.Payments = append(slices.Clip(s.Payments), Payment{ClaimantNo: ev.ClaimantNo, PaidFen: ev.PaidFen, By: ev.By})
		s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
			c.PaidFen += ev.PaidFen
			c.Callback = CallbackState{}
		})
	case PaymentReversed:
		s.Payments = change(s.Payments, ev.PaymentNo-1, func(p *Payment) { p.Reversed = true })
		s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
			c.PaidFen -= ev.ReversedFen
			c.Callback = CallbackState{}
		})
	case AdvanceLinked:
		s.Advances = append(slices.Clip(s.Advances), Advance{ReliefID: ev.ReliefID, ClaimantNo: ev.ClaimantNo, AdvancedFen: ev.AdvancedFen})
	case RecourseOpened:
		s.Recourses = append(slices.Clip(s.Recourses), Recourse{RecourseFen: ev.RecourseFen})
	case RecourseRecovered:
		s.Recourses = change(s.Recourses, ev.RecourseNo-1, func(r *Recourse) { r.RecoveredFen += ev.RecoveredFen })
	}
	return s
}

func evolveTracks(s State, ev Event) State {
	switch ev := ev.(type) {
	case LiablePartyNamed:
		s.Liable = with(s.Liable, Liability{EnterpriseID: ev.EnterpriseID, Role: ev.Role})
	case LiablePartyDropped:
		s.Liable = without(s.Liable, Liability{EnterpriseID: ev.EnterpriseID, Role: ev.Role})
	case NegotiationHeld:
		s.Mediation = TrackOpen
	case AgreementSigned:
		s.Mediation, s.Instalments = TrackDone, s.Instalments || len(ev.Instalments) > 0
	case MediationFailed:
		s.Mediation = TrackFailed
	case ProcedureStarted:
		s.Procedures = append(slices.Clip(s.Procedures), Procedure{Kind: ev.Kind, Open: true})
	case ProcedureConcluded:
		s.Procedures = change(s.Procedures, ev.ProcedureNo-1, func(p *Procedure) { p.Open = false })
	case DocumentIssued:
		s.Documents = append(slices.Clip(s.Documents), Document{ID: ev.DocumentID, Kind: ev.Kind, No: ev.No, NeedsReply: ev.NeedsReply})
	case DocumentAnswered:
		s.Documents = change(s.Documents, s.document(ev.DocumentID), func(d *Document) { d.Answer = ev.Answer })
	case ReferralSent:
		s.Referrals = append(slices.Clip(s.Referrals), Referral{ID: ev.ReferralID, Agency: ev.Agency})
	case ReferralReceipted:
		s.Referrals = change(s.Referrals, s.referral(ev.ReferralID), func(r *Referral) { r.Receipted, r.Accepted = true, ev.Accepted })
	}
	return s
}

func (s State) document(id uuid.UUID) int {
	return slices.IndexFunc(s.Documents, func(d Document) bool { return d.ID == id })
}

func (s State) referral(id uuid.UUID) int {
	return slices.IndexFunc(s.Referrals, func(r Referral) bool { return r.ID == id })
}

func evolveClosure(s State, ev Event) State {
	switch ev := ev.(type) {
	case CallbackDone:
		s.Callers = with(s.Callers, ev.By)
		if ev.ClaimantNo == 0 {
			s.ReporterCallback = s.ReporterCallback.after(ev)
			return s
		}
		s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) { c.Callback = c.Callback.after(ev) })
	case ClosureProposed:
		s.Phase = PhaseAwaitingClosure
		s.Proposal = Proposal{Nth: ev.Nth, Conclusion: ev.Conclusion, By: ev.By, Sample: ev.Sample}
		s = s.forgetCallbacks(func(c CallbackState) bool { return !c.Answered || c.Blocks })
	case ClosureReturned:
		s.Phase = PhaseInProgress
	case Closed:
		s.Phase, s.ClosedAt = PhaseClosed, ev.At
	case Reopened:
		s.Phase, s.Reopens = PhaseInProgress, ev.Nth
		s.Callers = nil
		s = s.forgetCallbacks(func(CallbackState) bool { return true })
	case Archived:
		s.Phase = PhaseArchived
	}
	return s
}

// after is the call-back with one more call.
func (c CallbackState) after(ev CallbackDone) CallbackState {
	if !ev.Reached {
		c.Attempts = append(slices.Clip(c.Attempts), ev.CalledOn)
		return c
	}
	return CallbackState{Answered: true, Blocks: ev.Blocks}
}

// forgetCallbacks forgets the call-backs that have to be made anew.
func (s State) forgetCallbacks(stale func(CallbackState) bool) State {
	s.Claimants = slices.Clone(s.Claimants)
	for i := range s.Claimants {
		if stale(s.Claimants[i].Callback) {
			s.Claimants[i].Callback = CallbackState{}
		}
	}
	if stale(s.ReporterCallback) {
		s.ReporterCallback = CallbackState{}
	}
	return s
}

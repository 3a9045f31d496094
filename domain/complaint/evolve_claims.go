package complaint

import (
	"slices"

	"github.com/google/uuid"
)

func (ev ClaimantAdded) apply(s State) State {
	s.Claimants = append(slices.Clip(s.Claimants), Claimant{No: ev.ClaimantNo, PersonID: ev.PersonID, Items: ev.Items})
	return s
}

func (ev ClaimantsImported) apply(s State) State {
	s.Claimants = slices.Grow(slices.Clip(s.Claimants), len(ev.Rows))
	for i, row := range ev.Rows {
		s.Claimants = append(s.Claimants, Claimant{No: ev.FirstNo + i, PersonID: row.PersonID, Items: row.Items})
	}
	got := s.Imports[ev.FileSHA256]
	s.Imports = put(s.Imports, ev.FileSHA256, Import{
		Chunks: ev.Chunks, Seen: with(got.Seen, ev.Chunk), Rows: got.Rows + len(ev.Rows),
	})
	return s
}

func (ev ClaimantRemoved) apply(s State) State {
	s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
		*c = Claimant{No: c.No, PersonID: c.PersonID, Removed: true}
	})
	return s
}

func (ev VerificationProposed) apply(s State) State {
	s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) { c.Proposed = &ev })
	return s
}

func (ev ClaimVerified) apply(s State) State {
	s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
		c.Verified, c.VerifiedFen, c.Verifier2, c.Proposed = true, ev.VerifiedFen, ev.Verifier2, nil
		c.Callback = CallbackState{}
	})
	return s
}

func (ev ClaimOutcomeSet) apply(s State) State {
	s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
		c.Outcome, c.Reason, c.Callback = ev.Outcome, ev.Reason, CallbackState{}
	})
	return s
}

func (ev PaymentPromised) apply(s State) State {
	s.Promises = ev.PromiseNo
	return s
}

func (ev PaymentRecorded) apply(s State) State {
	s.Payments = append(slices.Clip(s.Payments), Payment{ClaimantNo: ev.ClaimantNo, PaidFen: ev.PaidFen, By: ev.By})
	s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
		c.PaidFen += ev.PaidFen
		c.Callback = CallbackState{}
	})
	return s
}

func (ev PaymentReversed) apply(s State) State {
	s.Payments = change(s.Payments, ev.PaymentNo-1, func(p *Payment) { p.Reversed = true })
	s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) {
		c.PaidFen -= ev.ReversedFen
		c.Callback = CallbackState{}
	})
	return s
}

func (ev AdvanceLinked) apply(s State) State {
	s.Advances = append(slices.Clip(s.Advances), Advance(ev))
	return s
}

func (ev RecourseOpened) apply(s State) State {
	s.Recourses = append(slices.Clip(s.Recourses), Recourse{RecourseFen: ev.RecourseFen})
	return s
}

func (ev RecourseRecovered) apply(s State) State {
	s.Recourses = change(s.Recourses, ev.RecourseNo-1, func(r *Recourse) { r.RecoveredFen += ev.RecoveredFen })
	return s
}

func (ev LiablePartyNamed) apply(s State) State {
	s.Liable = with(s.Liable, Liability{EnterpriseID: ev.EnterpriseID, Role: ev.Role})
	return s
}

func (ev LiablePartyDropped) apply(s State) State {
	s.Liable = without(s.Liable, Liability{EnterpriseID: ev.EnterpriseID, Role: ev.Role})
	return s
}

func (NegotiationHeld) apply(s State) State {
	s.Mediation = TrackOpen
	return s
}

func (ev AgreementSigned) apply(s State) State {
	s.Mediation, s.Instalments = TrackDone, s.Instalments || len(ev.Instalments) > 0
	return s
}

func (MediationFailed) apply(s State) State {
	s.Mediation = TrackFailed
	return s
}

func (ev ProcedureStarted) apply(s State) State {
	s.Procedures = append(slices.Clip(s.Procedures), Procedure{Kind: ev.Kind, Open: true})
	return s
}

func (ev ProcedureConcluded) apply(s State) State {
	s.Procedures = change(s.Procedures, ev.ProcedureNo-1, func(p *Procedure) { p.Open = false })
	return s
}

func (ev DocumentIssued) apply(s State) State {
	s.Documents = append(slices.Clip(s.Documents), Document{ID: ev.DocumentID, Kind: ev.Kind, No: ev.No, NeedsReply: ev.NeedsReply})
	return s
}

func (ev DocumentAnswered) apply(s State) State {
	s.Documents = change(s.Documents, s.document(ev.DocumentID), func(d *Document) { d.Answer = ev.Answer })
	return s
}

func (ev ReferralSent) apply(s State) State {
	s.Referrals = append(slices.Clip(s.Referrals), Referral{ID: ev.ReferralID, Agency: ev.Agency})
	return s
}

func (ev ReferralReceipted) apply(s State) State {
	s.Referrals = change(s.Referrals, s.referral(ev.ReferralID), func(r *Referral) { r.Receipted, r.Accepted = true, ev.Accepted })
	return s
}

func (s State) document(id uuid.UUID) int {
	return slices.IndexFunc(s.Documents, func(d Document) bool { return d.ID == id })
}

func (s State) referral(id uuid.UUID) int {
	return slices.IndexFunc(s.Referrals, func(r Referral) bool { return r.ID == id })
}

func (ev CallbackDone) apply(s State) State {
	s.Callers = with(s.Callers, ev.By)
	if ev.ClaimantNo == 0 {
		s.ReporterCallback = s.ReporterCallback.after(ev)
		return s
	}
	s.Claimants = change(s.Claimants, ev.ClaimantNo-1, func(c *Claimant) { c.Callback = c.Callback.after(ev) })
	return s
}

func (ev ClosureProposed) apply(s State) State {
	s.Phase = PhaseAwaitingClosure
	s.Proposal = Proposal{Nth: ev.Nth, Conclusion: ev.Conclusion, By: ev.By, Sample: ev.Sample}
	s = s.forgetCallbacks(func(c CallbackState) bool { return !c.Answered || c.Blocks })
	return s
}

func (ClosureReturned) apply(s State) State {
	s.Phase = PhaseInProgress
	return s
}

func (ev Closed) apply(s State) State {
	s.Phase, s.ClosedAt = PhaseClosed, ev.At
	return s
}

func (ev Reopened) apply(s State) State {
	s.Phase, s.Reopens = PhaseInProgress, ev.Nth
	s.Callers = nil
	s = s.forgetCallbacks(func(CallbackState) bool { return true })
	return s
}

func (Archived) apply(s State) State {
	s.Phase = PhaseArchived
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

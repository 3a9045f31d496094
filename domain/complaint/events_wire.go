package complaint

// The wire names. They never change once stored; the Go names may.

// EventType is the wire name.
func (Registered) EventType() string { return "complaint.registered" }

// EventType is the wire name.
func (DuplicateHinted) EventType() string { return "complaint.duplicate_hinted" }

// EventType is the wire name.
func (DuplicateDismissed) EventType() string { return "complaint.duplicate_dismissed" }

// EventType is the wire name.
func (RespondentIdentified) EventType() string { return "complaint.respondent_identified" }

// EventType is the wire name.
func (SupplementRequested) EventType() string { return "complaint.supplement_requested" }

// EventType is the wire name.
func (SupplementReceived) EventType() string { return "complaint.supplement_received" }

// EventType is the wire name.
func (Accepted) EventType() string { return "complaint.accepted" }

// EventType is the wire name.
func (NotAccepted) EventType() string { return "complaint.not_accepted" }

// EventType is the wire name.
func (TransferredOut) EventType() string { return "complaint.transferred_out" }

// EventType is the wire name.
func (Reclassified) EventType() string { return "complaint.reclassified" }

// EventType is the wire name.
func (DispatchIssued) EventType() string { return "complaint.dispatch_issued" }

// EventType is the wire name.
func (DispatchSigned) EventType() string { return "complaint.dispatch_signed" }

// EventType is the wire name.
func (DispatchReturned) EventType() string { return "complaint.dispatch_returned" }

// EventType is the wire name.
func (DispatchRuled) EventType() string { return "complaint.dispatch_ruled" }

// EventType is the wire name.
func (HandlerAssigned) EventType() string { return "complaint.handler_assigned" }

// EventType is the wire name.
func (HandlerRecused) EventType() string { return "complaint.handler_recused" }

// EventType is the wire name.
func (ContactAttempted) EventType() string { return "complaint.contact_attempted" }

// EventType is the wire name.
func (CallbackPromised) EventType() string { return "complaint.callback_promised" }

// EventType is the wire name.
func (NoteAdded) EventType() string { return "complaint.note_added" }

// EventType is the wire name.
func (AttachmentAdded) EventType() string { return "complaint.attachment_added" }

// EventType is the wire name.
func (Linked) EventType() string { return "complaint.linked" }

// EventType is the wire name.
func (ClaimantAdded) EventType() string { return "complaint.claimant_added" }

// EventType is the wire name.
func (ClaimantsImported) EventType() string { return "complaint.claimants_imported" }

// EventType is the wire name.
func (ClaimantImportCompleted) EventType() string { return "complaint.claimant_import_completed" }

// EventType is the wire name.
func (ClaimantRemoved) EventType() string { return "complaint.claimant_removed" }

// EventType is the wire name.
func (RepresentativesElected) EventType() string { return "complaint.representatives_elected" }

// EventType is the wire name.
func (VerificationProposed) EventType() string { return "complaint.verification_proposed" }

// EventType is the wire name.
func (ClaimVerified) EventType() string { return "complaint.claim_verified" }

// EventType is the wire name.
func (ClaimDisputed) EventType() string { return "complaint.claim_disputed" }

// EventType is the wire name.
func (ClaimOutcomeSet) EventType() string { return "complaint.claim_outcome_set" }

// EventType is the wire name.
func (LiablePartyNamed) EventType() string { return "complaint.liable_party_named" }

// EventType is the wire name.
func (LiablePartyDropped) EventType() string { return "complaint.liable_party_dropped" }

// EventType is the wire name.
func (NegotiationHeld) EventType() string { return "complaint.negotiation_held" }

// EventType is the wire name.
func (AgreementSigned) EventType() string { return "complaint.agreement_signed" }

// EventType is the wire name.
func (MediationFailed) EventType() string { return "complaint.mediation_failed" }

// EventType is the wire name.
func (ProcedureStarted) EventType() string { return "complaint.procedure_started" }

// EventType is the wire name.
func (ProcedureConcluded) EventType() string { return "complaint.procedure_concluded" }

// EventType is the wire name.
func (PaymentPromised) EventType() string { return "complaint.payment_promised" }

// EventType is the wire name.
func (PaymentRecorded) EventType() string { return "complaint.payment_recorded" }

// EventType is the wire name.
func (PaymentReversed) EventType() string { return "complaint.payment_reversed" }

// EventType is the wire name.
func (AdvanceLinked) EventType() string { return "complaint.advance_linked" }

// EventType is the wire name.
func (RecourseOpened) EventType() string { return "complaint.recourse_opened" }

// EventType is the wire name.
func (RecourseRecovered) EventType() string { return "complaint.recourse_recovered" }

// EventType is the wire name.
func (ClockStarted) EventType() string { return "complaint.clock_started" }

// EventType is the wire name.
func (ClockPaused) EventType() string { return "complaint.clock_paused" }

// EventType is the wire name.
func (ClockResumed) EventType() string { return "complaint.clock_resumed" }

// EventType is the wire name.
func (ClockExtended) EventType() string { return "complaint.clock_extended" }

// EventType is the wire name.
func (ClockChanged) EventType() string { return "complaint.clock_changed" }

// EventType is the wire name.
func (ClockRecomputed) EventType() string { return "complaint.clock_recomputed" }

// EventType is the wire name.
func (ClockMet) EventType() string { return "complaint.clock_met" }

// EventType is the wire name.
func (ClockBreached) EventType() string { return "complaint.clock_breached" }

// EventType is the wire name.
func (ClockStopped) EventType() string { return "complaint.clock_stopped" }

// EventType is the wire name.
func (OverdueExplained) EventType() string { return "complaint.overdue_explained" }

// EventType is the wire name.
func (Escalated) EventType() string { return "complaint.escalated" }

// EventType is the wire name.
func (SupervisionOrdered) EventType() string { return "complaint.supervision_ordered" }

// EventType is the wire name.
func (LimitationNear) EventType() string { return "complaint.limitation_near" }

// EventType is the wire name.
func (RiskRaised) EventType() string { return "complaint.risk_raised" }

// EventType is the wire name.
func (RiskLowered) EventType() string { return "complaint.risk_lowered" }

// EventType is the wire name.
func (LeaderNotified) EventType() string { return "complaint.leader_notified" }

// EventType is the wire name.
func (CrimeHintRaised) EventType() string { return "complaint.crime_hint_raised" }

// EventType is the wire name.
func (CrimeHintAnswered) EventType() string { return "complaint.crime_hint_answered" }

// EventType is the wire name.
func (AccessRestricted) EventType() string { return "complaint.access_restricted" }

// EventType is the wire name.
func (DocumentIssued) EventType() string { return "complaint.document_issued" }

// EventType is the wire name.
func (DocumentAnswered) EventType() string { return "complaint.document_answered" }

// EventType is the wire name.
func (ReferralSent) EventType() string { return "complaint.referral_sent" }

// EventType is the wire name.
func (ReferralReceipted) EventType() string { return "complaint.referral_receipted" }

// EventType is the wire name.
func (CallbackDone) EventType() string { return "complaint.callback_done" }

// EventType is the wire name.
func (ClosureProposed) EventType() string { return "complaint.closure_proposed" }

// EventType is the wire name.
func (ClosureReturned) EventType() string { return "complaint.closure_returned" }

// EventType is the wire name.
func (ClosureApproved) EventType() string { return "complaint.closure_approved" }

// EventType is the wire name.
func (Closed) EventType() string { return "complaint.closed" }

// EventType is the wire name.
func (Reopened) EventType() string { return "complaint.reopened" }

// EventType is the wire name.
func (Withdrawn) EventType() string { return "complaint.withdrawn" }

// EventType is the wire name.
func (Merged) EventType() string { return "complaint.merged" }

// EventType is the wire name.
func (Archived) EventType() string { return "complaint.archived" }

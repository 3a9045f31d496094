package complaints

import (
	"slices"

	"hearth/domain"
	"hearth/domain/complaint"
)

func (b *batch) claims(r *Row, ev complaint.Event) {
	switch ev := ev.(type) {
	case complaint.ClaimantAdded:
		b.add(r, ev.ClaimantNo, complaint.NewClaimant{PersonID: ev.PersonID, Items: ev.Items, MovedFrom: ev.MovedFrom})
	case complaint.ClaimantsImported:
		for i, row := range ev.Rows {
			b.add(r, ev.FirstNo+i, row)
		}
	case complaint.ClaimantRemoved:
		b.line(r, ev.ClaimantNo).Removed = true
	case complaint.RepresentativesElected:
		b.claimants.changeAll(r.ID, func(c *Claimant) bool {
			return c.Representative != slices.Contains(ev.ClaimantNos, c.ClaimantNo)
		}, func(c *Claimant) { c.Representative = !c.Representative })
	case complaint.VerificationProposed:
		c := b.line(r, ev.ClaimantNo)
		c.ProposedFen, c.ProposedBy = ev.ProposedFen, ev.Verifier1
	case complaint.ClaimVerified:
		c := b.line(r, ev.ClaimantNo)
		c.Verified, c.VerifiedFen, c.ProposedFen, c.ProposedBy = true, ev.VerifiedFen, 0, ""
		b.askAnew(r, ev.ClaimantNo)
	case complaint.ClaimDisputed:
		c := b.line(r, ev.ClaimantNo)
		c.Disputed, c.AdmittedFen = true, ev.AdmittedFen
	case complaint.ClaimOutcomeSet:
		b.line(r, ev.ClaimantNo).Outcome = ev.Outcome
		b.askAnew(r, ev.ClaimantNo)
	case complaint.LiablePartyNamed:
		p := b.parties.change(partyKey{r.ID, ev.EnterpriseID, ev.Role})
		p.BasisArticle, p.CapFen, p.Dropped = ev.BasisArticle, ev.CapFen, false
		return
	case complaint.LiablePartyDropped:
		b.parties.change(partyKey{r.ID, ev.EnterpriseID, ev.Role}).Dropped = true
		return
	default: // apply sends no other events here
	}
	b.total(r)
}

func (b *batch) line(r *Row, no int) *Claimant { return b.claimants.change(lineKey{r.ID, no}) }

func (b *batch) add(r *Row, no int, n complaint.NewClaimant) {
	c := b.line(r, no)
	c.PersonID, c.Items, c.ClaimedFen = n.PersonID, n.Items, n.OwedFen()
	c.OwedFrom, c.OwedTo = months(n.Items)
	if n.MovedFrom != nil {
		c.MovedFromNo = n.MovedFrom.ComplaintNo
	}
}

func (b *batch) money(r *Row, ev complaint.Event) {
	switch ev := ev.(type) {
	case complaint.PaymentPromised:
		r.begin(complaint.TrackPayment)
	case complaint.PaymentRecorded:
		p := b.payments.change(paymentKey{r.ID, ev.PaymentNo})
		p.ClaimantNo, p.PaidFen, p.PaidOn, p.PayerRole = ev.ClaimantNo, ev.PaidFen, ev.PaidOn, ev.PayerRole
		p.PayerEnterpriseID, p.Method, p.ClaimantConfirmed = ev.PayerEnterpriseID, ev.Method, ev.ClaimantConfirmed
		b.line(r, ev.ClaimantNo).PaidFen += ev.PaidFen
		b.askAnew(r, ev.ClaimantNo)
		r.begin(complaint.TrackPayment)
		b.total(r)
	case complaint.PaymentReversed:
		b.payments.change(paymentKey{r.ID, ev.PaymentNo}).Reversed = true
		b.line(r, ev.ClaimantNo).PaidFen -= ev.ReversedFen
		b.askAnew(r, ev.ClaimantNo)
		b.total(r)
	case complaint.AdvanceLinked:
		b.line(r, ev.ClaimantNo).AdvancedFen += ev.AdvancedFen
		r.track(complaint.TrackRelief, complaint.TrackDone)
	case complaint.RecourseOpened:
		r.RecourseFen += ev.RecourseFen
		r.track(complaint.TrackRelief, complaint.TrackOpen)
	case complaint.RecourseRecovered:
		r.RecoveredFen += ev.RecoveredFen
		if r.RecoveredFen >= r.RecourseFen {
			r.track(complaint.TrackRelief, complaint.TrackDone)
		}
	default: // apply sends no other events here
	}
}

// total reckons the figures of the case from its ledger.
func (b *batch) total(r *Row) {
	var lines, paid, verified int
	var claimed, owed, got domain.Fen
	for _, c := range b.claimants.of(r.ID) {
		if c.Removed {
			continue
		}
		lines++
		claimed += c.ClaimedFen
		owed += c.VerifiedFen
		got += c.PaidFen
		if c.Verified {
			verified++
			if c.VerifiedFen > 0 && c.ShortFen() == 0 {
				paid++
			}
		}
	}
	r.Claimants, r.Persons, r.PersonsPaid = lines, max(r.ReportedPersons, lines), paid
	r.ClaimedFen, r.VerifiedFen, r.PaidFen = claimed, owed, got
	if lines == 0 {
		r.ClaimedFen = r.ReportedFen
	}
	r.Collective = r.Persons >= b.model.rules.CollectivePersons.Value
	r.ledgerTracks(verified)
}

// ledgerTracks is how far verifying and paying have come.
func (r *Row) ledgerTracks(verified int) {
	switch {
	case r.Claimants == 0:
		r.drop(complaint.TrackVerify)
	case verified < r.Claimants:
		r.track(complaint.TrackVerify, complaint.TrackOpen)
	default:
		r.track(complaint.TrackVerify, complaint.TrackDone)
	}
	if _, begun := r.Tracks[complaint.TrackPayment]; begun {
		if r.Claimants > 0 && r.PersonsPaid == r.Claimants {
			r.track(complaint.TrackPayment, complaint.TrackDone)
		} else {
			r.track(complaint.TrackPayment, complaint.TrackOpen)
		}
	}
}

func (r *Row) track(t complaint.Track, s complaint.TrackStatus) {
	if r.Tracks == nil {
		r.Tracks = Tracks{}
	}
	r.Tracks[t] = s
}

// begin opens a track that nobody has begun.
func (r *Row) begin(t complaint.Track) {
	if _, begun := r.Tracks[t]; !begun {
		r.track(t, complaint.TrackOpen)
	}
}

func (r *Row) drop(t complaint.Track) { delete(r.Tracks, t) }

package enterprises

import (
	"slices"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/eventstore"
)

func (e *Enterprise) apply(r eventstore.Recorded) {
	e.Version, e.Position = int64(r.Version), r.Position
	switch ev := r.Event.(type) {
	case enterprise.Registered:
		e.CreatedAt = r.Meta.By.At
		e.USCC, e.Name, e.County, e.Industry = ev.USCC, ev.Name, ev.County, ev.Industry
		e.Ownership, e.Headcount, e.UnionOrg = ev.Ownership, ev.Headcount, ev.UnionOrg
		for _, alias := range ev.Aliases {
			e.formerly(alias)
		}
	case enterprise.Renamed:
		e.formerly(ev.Former)
		e.Name = ev.Name
	case enterprise.CodeEntered:
		e.USCC = ev.USCC
	case enterprise.HeadcountReported:
		if !ev.On.Before(e.HeadcountOn) {
			e.Headcount, e.HeadcountOn = ev.Headcount, ev.On
		}
	case enterprise.CreditSignal:
		if e.Signals == nil {
			e.Signals = Signals{}
		}
		e.Signals[ev.Kind] = Signal{N: e.Signals[ev.Kind].N + 1, LastAt: r.OccurredAt, LastCase: ev.SourceCase}
	case enterprise.BlacklistNoted:
		e.Blacklists = append(e.Blacklists, Blacklist{List: ev.List, From: ev.From, To: ev.To, Source: ev.Source})
	case enterprise.BlacklistRemoved:
		for i, b := range e.Blacklists {
			if b.List == ev.List && b.RemovedOn.IsZero() {
				e.Blacklists[i].RemovedOn = ev.On
			}
		}
	}
}

func (e *Enterprise) formerly(name string) {
	if name != "" && !slices.Contains(e.Former, name) {
		e.Former = append(e.Former, name)
	}
}

// counts reports whether an event changes the figures of an employer; most do
// not.
func counts(ev domain.Event) bool {
	switch ev.(type) {
	case complaint.Registered, complaint.RespondentIdentified, complaint.ClaimantAdded, complaint.ClaimantsImported,
		complaint.ClaimantRemoved, complaint.ClaimVerified, complaint.PaymentRecorded, complaint.PaymentReversed,
		complaint.RiskRaised, complaint.RiskLowered, complaint.AccessRestricted, complaint.NotAccepted, complaint.TransferredOut,
		complaint.Withdrawn, complaint.Merged, complaint.Closed, complaint.Reopened:
		return true
	}
	return false
}

// claimants are the numbers of the lines that an event changes.
func claimants(ev domain.Event) []int {
	switch ev := ev.(type) {
	case complaint.ClaimantAdded:
		return []int{ev.ClaimantNo}
	case complaint.ClaimantsImported:
		numbers := make([]int, len(ev.Rows))
		for i := range ev.Rows {
			numbers[i] = ev.FirstNo + i
		}
		return numbers
	case complaint.ClaimantRemoved:
		return []int{ev.ClaimantNo}
	case complaint.ClaimVerified:
		return []int{ev.ClaimantNo}
	}
	return nil
}

func (m *matter) apply(ev domain.Event, lines map[lineKey]*line) {
	switch ev := ev.(type) {
	case complaint.Registered:
		m.EnterpriseID, m.EmployerKey = ev.Employer.EnterpriseID, key(ev.Employer.Text)
		m.RegisteredAt, m.Open = ev.RegisteredAt, true
		m.Reported, m.ReportedFen = ev.Claim.Persons, ev.Claim.OwedFen
	case complaint.RespondentIdentified:
		m.EnterpriseID = ev.EnterpriseID
	case complaint.ClaimantAdded:
		m.owe(lines, ev.ClaimantNo, complaint.NewClaimant{Items: ev.Items}.OwedFen())
	case complaint.ClaimantsImported:
		for i, row := range ev.Rows {
			m.owe(lines, ev.FirstNo+i, row.OwedFen())
		}
	case complaint.ClaimVerified:
		m.owe(lines, ev.ClaimantNo, ev.VerifiedFen)
	case complaint.ClaimantRemoved:
		m.remove(lines, ev.ClaimantNo)
	case complaint.PaymentRecorded:
		m.PaidFen += ev.PaidFen
	case complaint.PaymentReversed:
		m.PaidFen -= ev.ReversedFen
	case complaint.RiskRaised:
		m.Risk = ev.Level
	case complaint.RiskLowered:
		m.Risk = ev.Level
	case complaint.AccessRestricted:
		m.Restricted, m.AllowedRoles, m.AccusedOrg = true, ev.AllowedRoles, ev.AccusedOrg
	case complaint.Merged:
		m.Open, m.Merged = false, true
	case complaint.NotAccepted, complaint.TransferredOut, complaint.Withdrawn, complaint.Closed:
		m.Open = false
	case complaint.Reopened:
		m.Open = true
	}
	m.Persons, m.OwedFen = max(m.Reported, m.Lines), m.ReportedFen
	if m.Lines > 0 {
		m.OwedFen = m.LinesFen
	}
}

// owe sets what a claimant is owed, and adds the line if there is none.
func (m *matter) owe(lines map[lineKey]*line, no int, owed domain.Fen) {
	key := lineKey{m.ComplaintID, no}
	l := lines[key]
	if l == nil {
		l = &line{ComplaintID: m.ComplaintID, ClaimantNo: no}
		lines[key] = l
		m.Lines++
	}
	m.LinesFen += owed - l.OwedFen
	l.OwedFen = owed
}

func (m *matter) remove(lines map[lineKey]*line, no int) {
	l := lines[lineKey{m.ComplaintID, no}]
	if l == nil || l.Removed {
		return
	}
	l.Removed = true
	m.Lines--
	m.LinesFen -= l.OwedFen
}

// Package credit joins complaints and enterprises: arrears that were found to be
// true count against the enterprise (domain.md 4.6).
//
// The moment is the closing of the case, when the ledger is final. Paying in the
// end does not undo it, and paying in time earns nothing more: wages were owed.
// A case that is reopened and closed again counts once for the same enterprise. A
// restricted case gives no signal: it would tell of the case those from whom the
// case is hidden.
package credit

import (
	"slices"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
)

// Arrears is the kind of signal that is given.
const Arrears enterprise.SignalKind = "arrears_confirmed"

// State is 信用联动状态: whom a complaint is against, and who was signalled for it.
type State struct {
	Respondent [16]byte // the enterprise, zero while it is not known
	Signalled  [][16]byte
	Restricted bool
}

// Reaction is what closing a complaint means for the enterprise.
var Reaction = domain.Reaction[State, *enterprise.Signal]{
	Name:   "credit",
	Types:  []string{complaint.Closed{}.EventType()},
	Evolve: evolve,
	React:  react,
}

func react(s State, fact domain.Fact) []domain.Wish[*enterprise.Signal] {
	closed, ok := fact.Event.(complaint.Closed)
	if !ok || !s.owes(closed) {
		return nil
	}
	return []domain.Wish[*enterprise.Signal]{{
		Case:    s.Respondent,
		Command: &enterprise.Signal{Kind: Arrears, SourceEvent: fact.ID, SourceCase: fact.Stream},
	}}
}

// owes reports arrears for which the respondent has no signal yet.
func (s State) owes(closed complaint.Closed) bool {
	return !s.Restricted && closed.Totals.VerifiedFen > 0 && s.Respondent != [16]byte{} && !slices.Contains(s.Signalled, s.Respondent)
}

func evolve(s State, ev domain.Event) State {
	switch ev := ev.(type) {
	case complaint.Registered:
		s.Respondent = ev.Employer.EnterpriseID
	case complaint.RespondentIdentified:
		s.Respondent = ev.EnterpriseID
	case complaint.AccessRestricted:
		s.Restricted = true
	case complaint.Closed:
		if s.owes(ev) {
			s.Signalled = append(slices.Clone(s.Signalled), s.Respondent)
		}
	}
	return s
}

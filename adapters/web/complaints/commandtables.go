package complaints

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
	"hearth/projections/timeline"
)

// table is the claimants of a case as one input: an amount each (kind amounts),
// a box each (people), or one of those to be called back (sample).
type table struct {
	Kind  string
	Leaf  string // amounts: the field of each line
	Lines []tableLine
}

// tableLine is one claimant with what is known, beside the input.
type tableLine struct {
	ledgerLine
	Full     domain.Fen // amounts: what one would fill in as a rule
	Attempts int        // sample: calls in vain
	Done     bool       // sample: answered, or tried often enough
}

// Amount is the input of one line.
func (in input) Amount(l tableLine) web.Field {
	return web.Field{Form: in.Form, Name: fmt.Sprintf("%s.%d.%s", in.Name, l.ClaimantNo, in.Table.Leaf), Label: fmt.Sprintf("%d号 %s", l.ClaimantNo, l.Name)}
}

// tables are the inputs of a command that are tables of claimants.
func tables(command string, s complaint.State, r complaint.Rules, ledger []ledgerLine) map[string]table {
	pick := func(kind, leaf string, take func(*tableLine) bool) table {
		t := table{Kind: kind, Leaf: leaf}
		for _, l := range ledger {
			line := tableLine{ledgerLine: l}
			if take(&line) {
				t.Lines = append(t.Lines, line)
			}
		}
		return t
	}
	switch command {
	case "verify_claims":
		return map[string]table{"lines": pick("amounts", "verified_fen", func(l *tableLine) bool {
			l.Full = l.ClaimedFen
			return true
		})}
	case "record_payment":
		return map[string]table{"lines": pick("amounts", "paid_fen", func(l *tableLine) bool {
			l.Full = l.ShortFen()
			return l.Verified && l.Full > 0
		})}
	case "confirm_verification":
		return map[string]table{"claimant_nos": pick("people", "", func(l *tableLine) bool { return l.ProposedBy != "" })}
	case "set_outcome", "elect_representatives":
		return map[string]table{"claimant_nos": pick("people", "", func(*tableLine) bool { return true })}
	case "callback":
		return map[string]table{"claimant_no": sample(s, r, ledger)}
	}
	return nil
}

// sample is those who were drawn to be called back.
func sample(s complaint.State, r complaint.Rules, ledger []ledgerLine) table {
	t := table{Kind: "sample"}
	for _, no := range s.Proposal.Sample {
		line := tableLine{}
		if i := slices.IndexFunc(ledger, func(l ledgerLine) bool { return l.ClaimantNo == no }); i >= 0 {
			line.ledgerLine = ledger[i]
		}
		state := s.ReporterCallback
		if no > 0 {
			state = s.Claimants[no-1].Callback
		}
		line.Attempts, line.Done = len(state.Attempts), state.Done(r)
		t.Lines = append(t.Lines, line)
	}
	return t
}

// ledger is the claimants of a case with the people behind the lines. The
// reporter stands first, as number 0, when nobody else is in it.
func (p *pages) ledger(q *web.Request, row complaints.Row, l look) ([]ledgerLine, error) {
	c := &casePage{Row: row, look: l}
	if err := p.fillLedger(q, c, timeline.Mentions{}); err != nil {
		return nil, err
	}
	if len(c.Ledger) == 0 && row.Reporter != uuid.Nil {
		return []ledgerLine{{Claimant: complaints.Claimant{ComplaintID: row.ID}, Name: c.Names.personName(row.Reporter), Phone: c.Names.phone(row.Reporter)}}, nil
	}
	return c.Ledger, nil
}

// proposalView is what the approver of a closing decides on.
type proposalView struct {
	Conclusion string
	By         string
	Narrative  string
	Unpaid     []ledgerLine
	Called     int
	ToCall     int
	Blocked    int
}

func (p *pages) proposal(q *web.Request, row complaints.Row, s complaint.State) (*proposalView, error) {
	v := &proposalView{Conclusion: s.Proposal.Conclusion.Label(), ToCall: len(s.Proposal.Sample)}
	persons, err := p.peopleOf(q, row)
	if err != nil {
		return nil, err
	}
	n, err := p.names(q.Context(), reader(q.User), timeline.Mentions{Users: []string{s.Proposal.By}}, persons...)
	if err != nil {
		return nil, err
	}
	v.By = n.User(s.Proposal.By)
	entries, err := p.entries(q, row, "")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type == (complaint.ClosureProposed{}).EventType() {
			v.Narrative = n.veil(e.Detail)
		}
	}
	ledger, err := p.ledger(q, row, reader(q.User))
	if err != nil {
		return nil, err
	}
	for _, l := range ledger {
		if l.ClaimantNo > 0 && l.Outcome != complaint.OutcomePaid {
			v.Unpaid = append(v.Unpaid, l)
		}
	}
	calls, err := p.Cases.Callbacks(q.Context(), p.viewer(q), row.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range calls {
		switch {
		case c.Wanted && c.Blocks:
			v.Blocked++
		case c.Wanted && c.Answered:
			v.Called++
		}
	}
	return v, nil
}

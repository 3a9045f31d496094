package complaints

import (
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
	"hearth/projections/timeline"
)

// ledgerLine is one claimant with the person behind the line.
type ledgerLine struct {
	complaints.Claimant
	Name, IDNo, Phone string
	Proposer          string
}

// Show leads to where a field of the claimant is shown.
func (l ledgerLine) Show(field access.Field, back string) string {
	return revealAddress(l.ComplaintID, strconv.Itoa(l.ClaimantNo), field, back)
}

// OutcomeBadge is how it ended for the claimant.
func (l ledgerLine) OutcomeBadge() web.Badge {
	switch {
	case l.Outcome == "":
		return web.Badge{Text: "未定", Tone: "warn"}
	case l.Outcome == complaint.OutcomePaid:
		return web.Badge{Text: l.Outcome.Label(), Tone: "good"}
	}
	return web.Badge{Text: l.Outcome.Label()}
}

func (p *pages) fillLedger(q *web.Request, c *casePage, m timeline.Mentions) error {
	rows, err := p.Cases.Ledger(q.Context(), p.viewer(q), c.Row.ID)
	if err != nil {
		return err
	}
	ids := []uuid.UUID{c.Row.Reporter}
	for _, r := range rows {
		ids = append(ids, r.PersonID)
		m.Users = append(m.Users, r.ProposedBy)
	}
	if c.Names, err = p.names(q.Context(), c.look, m, ids...); err != nil {
		return err
	}
	moved := make([]*string, len(rows))
	for i := range rows {
		moved[i] = &rows[i].MovedFromNo
	}
	if err := p.Cases.Redact(q.Context(), p.viewer(q), moved...); err != nil {
		return err
	}
	for _, r := range rows {
		l := ledgerLine{Claimant: r, Name: c.Names.personName(r.PersonID), IDNo: c.Names.idNo(r.PersonID), Phone: c.Names.phone(r.PersonID)}
		if r.ProposedBy != "" {
			l.Proposer = c.Names.User(r.ProposedBy)
		}
		c.Ledger = append(c.Ledger, l)
	}
	return nil
}

// clockLine is one time limit with what a reader must know of it.
type clockLine struct {
	complaints.Clock
	Label string
	Span  string // how long, in words
	State web.Badge
}

func clockLines(clocks []complaints.Clock) []clockLine {
	lines := make([]clockLine, len(clocks))
	for i, c := range clocks {
		lines[i] = clockLine{Clock: c, Label: c.Kind.Label(), Span: span(c), State: clockState(c)}
	}
	return lines
}

// span is the length of a clock in words, with what an extension added.
func span(c complaints.Clock) string {
	words := func(s string) string {
		l, err := calendar.ParseLength(s)
		if err != nil {
			return s
		}
		return l.Text()
	}
	if c.Extended == "" {
		return words(c.Length)
	}
	return words(c.Length) + ",延长" + words(c.Extended)
}

func clockState(c complaints.Clock) web.Badge {
	switch c.Status {
	case calendar.StatusMet:
		if c.OverBy > 0 {
			return web.Badge{Text: fmt.Sprintf("完成,超期%d个工作日", c.OverBy), Tone: "warn"}
		}
		return web.Badge{Text: "按时完成", Tone: "good"}
	case calendar.StatusBreached:
		return web.Badge{Text: "已超期", Tone: "bad"}
	case calendar.StatusPaused:
		return web.Badge{Text: "暂停:" + c.PauseReason.Label(), Tone: "warn"}
	case calendar.StatusRunning:
		return web.Badge{Text: "计时中"}
	}
	return web.Badge{Text: "已终止"}
}

// workView is who is liable, what was paid, and which bodies are at work.
type workView struct {
	Parties    []complaints.Party
	Payments   []complaints.Payment
	Promises   []complaints.Promise
	Procedures []complaint.Procedure
	Documents  []complaint.Document
	Referrals  []complaint.Referral
	Paid       domain.Fen
}

func (p *pages) workView(q *web.Request, state complaint.State, id uuid.UUID, m *timeline.Mentions) (w workView, err error) {
	ctx, v := q.Context(), p.viewer(q)
	if w.Parties, err = p.Cases.Parties(ctx, v, id); err != nil {
		return w, err
	}
	if w.Payments, err = p.Cases.Payments(ctx, v, id); err != nil {
		return w, err
	}
	if w.Promises, err = p.Cases.Promises(ctx, v, id); err != nil {
		return w, err
	}
	for _, party := range w.Parties {
		m.Enterprises = append(m.Enterprises, party.EnterpriseID.String())
	}
	for _, pay := range w.Payments {
		if !pay.Reversed {
			w.Paid += pay.PaidFen
		}
	}
	w.Procedures, w.Documents, w.Referrals = state.Procedures, state.Documents, state.Referrals
	return w, nil
}

// callLine is one person who is to be called back, or was.
type callLine struct {
	complaints.Callback
	Person uuid.UUID
}

func (p *pages) callLines(q *web.Request, id uuid.UUID, m *timeline.Mentions, persons *[]uuid.UUID) ([]callLine, error) {
	calls, err := p.Cases.Callbacks(q.Context(), p.viewer(q), id)
	if err != nil {
		return nil, err
	}
	ledger, err := p.Cases.Ledger(q.Context(), p.viewer(q), id)
	if err != nil {
		return nil, err
	}
	who := map[int]uuid.UUID{0: (*persons)[0]}
	for _, l := range ledger {
		who[l.ClaimantNo] = l.PersonID
	}
	var lines []callLine
	for _, c := range calls {
		lines = append(lines, callLine{Callback: c, Person: who[c.ClaimantNo]})
		*persons = append(*persons, who[c.ClaimantNo])
		m.Users = append(m.Users, c.LastBy)
	}
	return lines, nil
}

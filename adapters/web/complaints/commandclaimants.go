package complaints

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/person"
	"hearth/projections/people"
)

// claimantRow is a claimant as somebody types one: the person and one claim.
// Longer lists are imported.
type claimantRow struct {
	Name    string             `json:"name"`
	Phone   string             `json:"phone,omitempty"`
	IDNo    string             `json:"id_no,omitempty"`
	OwedFen domain.Fen         `json:"owed_fen"`
	Kind    complaint.ItemKind `json:"kind,omitempty"`
	From    domain.Date        `json:"from,omitzero"`
	To      domain.Date        `json:"to,omitzero"`
}

// claimantRows is how many claimants are typed at a time.
const claimantRows = 5

// readClaimants reads the rows that were typed. People who are not on file yet
// are put on file under ids that follow from the form and what was typed, so
// that sending it twice makes nobody twice and a corrected name is not lost.
func (p *pages) readClaimants(q *web.Request, f *web.Form, cmd *complaint.AddClaimants) error {
	var typed []claimantRow
	cmd.Claimants = nil
	for _, no := range rowsSent(f, "claimants") {
		typed = append(typed, readClaimant(f, "claimants."+no+"."))
	}
	if err := f.Err(); err != nil {
		return err
	}
	for _, t := range typed {
		id, err := p.personOf(q, f, t)
		if err != nil {
			return explained(f, err)
		}
		cmd.Claimants = append(cmd.Claimants, complaint.NewClaimant{
			PersonID: id, Items: []complaint.ClaimItem{{Kind: t.Kind, From: t.From, To: t.To, OwedFen: t.OwedFen}},
		})
	}
	return nil
}

func readClaimant(f *web.Form, prefix string) claimantRow {
	t := claimantRow{
		Name: f.Text(prefix + "name"), Phone: f.Phone(prefix + "phone"), IDNo: f.Text(prefix + "id_no"),
		Kind: complaint.ItemKind(f.Text(prefix + "kind")), From: f.Date(prefix + "from"), To: f.Date(prefix + "to"),
		OwedFen: f.Money(prefix + "owed_fen"),
	}
	if t.Kind == "" {
		t.Kind = complaint.ItemWage
	}
	if t.OwedFen <= 0 {
		f.Fail(prefix+"owed_fen", "请填写所欠金额,必须大于0。")
	}
	if !t.From.IsZero() && !t.To.IsZero() && t.To.Before(t.From) {
		f.Fail(prefix+"to", "结束日期早于开始日期,请改正。")
	}
	checkPerson(f, prefix+"phone", t.Phone, prefix+"id_no", t.IDNo)
	return t
}

// personOf is the person of a row: one on file with the same name and identity
// number, or the same name and phone, or else a new one.
func (p *pages) personOf(q *web.Request, f *web.Form, t claimantRow) (uuid.UUID, error) {
	var known []people.Person
	var err error
	switch {
	case t.IDNo != "":
		known, err = p.People.ByIDNo(q.Context(), t.IDNo)
	case t.Phone != "":
		known, err = p.People.ByPhone(q.Context(), t.Phone)
	}
	if err != nil {
		return uuid.Nil, err
	}
	for _, k := range known {
		if k.Name == t.Name {
			return p.leading(q.Context(), k)
		}
	}
	r := request(q, f, q.User.Roles)
	r.CommandID = uuid.NewSHA1(f.Command, fmt.Appendf(nil, "%q %q %q", t.Name, t.IDNo, t.Phone))
	r.Happened, r.LateReason = time.Time{}, "" // the person comes on file now
	id, _, err := p.Casework.NewPerson(q.Context(), person.Register{
		Kind: "worker", Identity: person.Identity{Name: t.Name, IDNo: t.IDNo}, Contact: person.Contact{Phone: t.Phone},
	}, r)
	return id, err
}

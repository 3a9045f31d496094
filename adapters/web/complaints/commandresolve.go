package complaints

import (
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/projections/complaints"
)

// checkPerson notes numbers that cannot be right.
func checkPerson(f *web.Form, phoneField, phone, idField, idNo string) {
	var no *domain.Rejection
	if _, err := person.ParsePhone(phone); phone != "" && errors.As(err, &no) {
		f.Fail(phoneField, no.Text)
	}
	if _, err := person.ParseIDNo(idNo); idNo != "" && errors.As(err, &no) {
		f.Fail(idField, no.Text)
	}
}

// resolveEnterprises finds the enterprises that were typed and not chosen from
// the list, as somebody without script does, and puts a new one on file when the
// form says so.
func (p *pages) resolveEnterprises(q *web.Request, f *web.Form, row complaints.Row, cmd complaint.Command) error {
	for _, in := range describe(f, cmd, choices{}) {
		if in.Kind != "enterprise" || f.Text(in.Name) != "" || f.Text(in.Name+"_text") == "" {
			continue
		}
		name := f.Text(in.Name + "_text")
		found, err := p.Enterprises.ByName(q.Context(), name)
		if err != nil {
			return err
		}
		switch {
		case len(found) == 1:
			f.Values.Set(in.Name, found[0].ID.String())
		case len(found) > 1:
			f.Fail(in.Name, "有"+strconv.Itoa(len(found))+"个同名单位,请从提示中选择。")
		case !f.Checked(in.Name + "_new"):
			f.Fail(in.Name, "没有这个单位的档案,请从提示中选择;确是新单位,请勾选“新建档案”。")
		default:
			r := request(q, f, q.User.Roles)
			r.CommandID = uuid.NewSHA1(f.Command, []byte("enterprise "+name))
			r.Happened, r.LateReason = time.Time{}, ""
			id, _, err := p.Casework.NewEnterprise(q.Context(), enterprise.Register{Name: name, County: row.Area}, r)
			if err != nil {
				return explained(f, err)
			}
			f.Values.Set(in.Name, id.String())
		}
	}
	return nil
}

package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	accesslog "hearth/adapters/access"
	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/text"
)

// revealIn asks for fields of the reporter (claimant_no 0) or of a claimant, or,
// without claimant_no, for the story of the case.
type revealIn struct {
	ID   string `path:"id" format:"uuid"`
	Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"200" doc:"同一个值只留痕一次"`
	Body struct {
		ClaimantNo *int     `json:"claimant_no,omitempty" minimum:"0" doc:"诉求人编号;0 为反映人;不填为案件的诉求原文"`
		Fields     []string `json:"fields" minItems:"1" maxItems:"6" doc:"name、phone、id_no、address;诉求原文为 narrative"`
		Reason     string   `json:"reason" doc:"事由代码"`
		Note       string   `json:"note,omitempty" maxLength:"200" doc:"事由为 other 时必填"`
	}
}

type revealOut struct {
	Body struct {
		Fields map[access.Field]string `json:"fields"`
	}
}

func (s *server) registerReveal(api huma.API) {
	op := s.operation(http.MethodPost, "/complaints/{id}/reveal", "reveal", "显示个人信息(先留痕,限量)", accounts.ScopeReveal)
	op.Errors = append(op.Errors, http.StatusTooManyRequests)
	huma.Register(api, op, s.reveal)
}

// reveal stores who sees what and why; then, and only then, it answers.
func (s *server) reveal(ctx context.Context, in *revealIn) (*revealOut, error) {
	row, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	person, values, err := s.revealable(ctx, row, in.Body.ClaimantNo)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	cmd := access.Reveal{On: onCase(row.ID), Person: person, Reason: access.Reason(in.Body.Reason), Note: strings.TrimSpace(in.Body.Note), Seen: callerOf(ctx).seen}
	out := &revealOut{}
	out.Body.Fields = map[access.Field]string{}
	for _, f := range as[access.Field](in.Body.Fields) {
		if err := access.Fields().Check(f); err != nil {
			return nil, s.fail(ctx, err)
		}
		if values[f] != "" {
			cmd.Fields, out.Body.Fields[f] = append(cmd.Fields, f), values[f]
		}
	}
	state, _, _, err := s.Casework.Case(ctx, row.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	actor, err := s.Casework.Permitted(ctx, row.ID, state, casework.UseReveal, s.Now(), callerOf(ctx).user.Actors()...)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	q := accesslog.Request{
		Who: accesslog.Who{Actor: actor, Channel: "api"}, CommandID: commandID(callerOf(ctx).user, in.Key), Case: row.ID.String(), Digest: s.Casework.PolicyDigest(),
	}
	if err := s.Access.Reveal(ctx, q, cmd); err != nil {
		return nil, s.fail(ctx, err)
	}
	return out, nil
}

// revealable are the values that there are, and whose.
func (s *server) revealable(ctx context.Context, row complaints.Row, no *int) (uuid.UUID, map[access.Field]string, error) {
	if no == nil {
		return uuid.Nil, map[access.Field]string{access.FieldNarrative: row.Summary}, nil
	}
	id := row.Reporter
	if *no > 0 {
		ledger, err := s.Cases.Ledger(ctx, s.viewer(ctx), row.ID)
		if err != nil {
			return id, nil, err
		}
		i := slices.IndexFunc(ledger, func(c complaints.Claimant) bool { return c.ClaimantNo == *no })
		if i < 0 {
			return id, nil, domain.Reject("no_claimant", "本案没有%d号诉求人,请核对编号。", *no)
		}
		id = ledger[i].PersonID
	}
	p, _, err := s.People.ByID(ctx, id)
	return id, map[access.Field]string{access.FieldName: p.Name, access.FieldPhone: p.Phone, access.FieldIDNo: p.IDNo, access.FieldAddress: p.Address}, err
}

// veil masks the names of the people of a case, and long numbers, in what was
// written down in it.
func (s *server) veil(ctx context.Context, row complaints.Row) (func(string) string, error) {
	ledger, err := s.Cases.Ledger(ctx, s.viewer(ctx), row.ID)
	if err != nil {
		return nil, err
	}
	ids := []uuid.UUID{row.Reporter}
	for _, l := range ledger {
		ids = append(ids, l.PersonID)
	}
	known, err := s.People.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	return func(t string) string { return text.Veil(t, namesOf(known)...) }, nil
}

func namesOf(known map[uuid.UUID]people.Person) (names []string) {
	for _, p := range known {
		names = append(names, p.Name)
	}
	return names
}

func onCase(id uuid.UUID) access.Thing {
	return access.Thing{Family: complaint.Family, ID: id.String()}
}

// who is the caller in the role in which they see.
func (s *server) who(ctx context.Context) accesslog.Who {
	v := s.viewer(ctx)
	return accesslog.Who{Actor: domain.Actor{ID: v.UserID, Org: v.Org, Role: v.Role}, Channel: "api"}
}

// seen is how far the read model is known to have come: what is read from now on is
// at least so new.
func (s *server) seen() access.Seen {
	return access.Seen{Model: "complaints", Position: uint64(s.Position("complaints"))}
}

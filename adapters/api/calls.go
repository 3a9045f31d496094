package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/findings"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/person"
)

// callIn is a call that a phone system announces. The number is in the body,
// never in an address, which ends up in logs.
type callIn struct {
	Body struct {
		Phone string `json:"phone" doc:"来电号码" minLength:"3" maxLength:"30"`
	}
}

type callOut struct {
	Body struct {
		OpenURL string        `json:"open_url" doc:"接线员打开的预填登记页(一次有效,15分钟)"`
		People  []knownCaller `json:"people" doc:"可能的来电人"`
	}
}

type knownCaller struct {
	ID    uuid.UUID   `json:"id"`
	Name  string      `json:"name"`
	Cases []knownCase `json:"cases"`
}

type knownCase struct {
	ID    uuid.UUID       `json:"id"`
	No    string          `json:"no"`
	Phase complaint.Phase `json:"phase"`
}

func (s *server) registerCalls(api huma.API) {
	huma.Register(api, s.operation(http.MethodPost, "/calls", "announce-call", "来电:查询来电人,打开预填的登记页", accounts.ScopeIntake), s.call)
}

func (s *server) call(ctx context.Context, in *callIn) (*callOut, error) {
	// Who the caller is, is for those to know who answer the phone.
	if !callerOf(ctx).user.Has(findings.DeskRoles()...) {
		return nil, s.fail(ctx, domain.Reject("role_not_allowed", "令牌所属用户的岗位不能接听来电,请用接线员的令牌。"))
	}
	phone, err := person.ParsePhone(in.Body.Phone)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := &callOut{}
	ref, err := s.Calls.Announce(ctx, phone)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out.Body.OpenURL = "/desk?call=" + ref
	found, err := s.People.ByPhone(ctx, phone)
	if err == nil {
		found, err = s.People.Leading(ctx, found)
	}
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out.Body.People = []knownCaller{}
	for _, p := range found {
		_, files, err := s.People.Files(ctx, p.ID)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		cases, err := s.Cases.OfPersons(ctx, s.viewer(ctx), files, 5)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		known := knownCaller{ID: p.ID, Name: p.Name, Cases: []knownCase{}}
		for _, c := range cases {
			known.Cases = append(known.Cases, knownCase{c.ID, c.No, c.Phase})
		}
		out.Body.People = append(out.Body.People, known)
	}
	return out, nil
}

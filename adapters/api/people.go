package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/projections/people"
)

// findIn is who is looked for. Names and numbers are in the body, never in an
// address, which ends up in logs.
type findIn struct {
	Body struct {
		Name    string `json:"name,omitempty" maxLength:"100" doc:"完整的姓名"`
		IDNo    string `json:"id_no,omitempty" maxLength:"30" doc:"身份证号,15位或18位"`
		Phone   string `json:"phone,omitempty" maxLength:"30"`
		Account string `json:"account,omitempty" maxLength:"40" doc:"银行账号"`
	}
}

type findOut struct {
	Body struct {
		People []people.Person `json:"people" doc:"号码只给出首尾"`
	}
}

type personIn struct {
	ID string `path:"id" format:"uuid"`
}

type personOut struct {
	Body personBody
}

// personBody is a file with what stands beside it.
type personBody struct {
	people.Person
	Main       uuid.UUID          `json:"main" doc:"主档案;并档后与 id 不同"`
	Files      []uuid.UUID        `json:"files" doc:"同一人的全部档案,主档案在前"`
	Cases      []knownCase        `json:"cases" doc:"参与的案件,限令牌所属用户能查看的"`
	Households []people.Household `json:"households"`
}

type householdOut struct {
	Body people.Household
}

type erasuresOut struct {
	Body struct {
		Requests []openRequest `json:"requests" doc:"待审批的申请,等得最久的在前"`
	}
}

type openRequest struct {
	PersonID uuid.UUID `json:"person_id"`
	Name     string    `json:"name"`
	people.Request
}

// personReaders may look at persons; those who run the system may not.
var personReaders = []domain.Role{
	domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
	domain.RoleInspector, domain.RoleReliefOfficer, domain.RoleUnitClerk, domain.RoleReviewer, domain.RoleApprover,
	domain.RoleCashier, domain.RoleAccountant, domain.RoleFinanceAuditor, domain.RoleDiscipline, domain.RoleLeader,
}

// nameReaders see names, others masks: as on the pages.
var nameReaders = []domain.Role{
	domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
	domain.RoleReviewer, domain.RoleApprover, domain.RoleDiscipline, domain.RoleFinanceAuditor,
}

func (s *server) registerPeople(api huma.API) {
	huma.Register(api, s.operation(http.MethodPost, "/people/find", "find-people", "按完整的姓名或号码查找人员", accounts.ScopePeopleRead), s.findPeople)
	huma.Register(api, s.operation(http.MethodGet, "/people/{id}", "get-person", "查询人员档案", accounts.ScopePeopleRead), s.person)
	huma.Register(api, s.operation(http.MethodGet, "/households/{id}", "get-household", "查询户", accounts.ScopePeopleRead), s.household)
	huma.Register(api, s.operation(http.MethodGet, "/erasures", "list-erasures", "待审批的个人信息处置申请", accounts.ScopePeopleRead), s.erasures)
}

// readers refuses a caller who may not look at persons.
func readers(ctx context.Context) error {
	if !callerOf(ctx).user.Has(personReaders...) {
		return domain.Reject("not_permitted", "令牌所属用户的岗位不能查看人员。")
	}
	return nil
}

// shown is a person as the caller sees one.
func shown(ctx context.Context, p people.Person) people.Person {
	masked := p.Masked()
	if callerOf(ctx).user.Has(nameReaders...) {
		masked.Name = p.Name
	}
	return masked
}

func (s *server) findPeople(ctx context.Context, in *findIn) (*findOut, error) {
	if err := readers(ctx); err != nil {
		return nil, s.fail(ctx, err)
	}
	out := &findOut{}
	out.Body.People = []people.Person{}
	asked := 0
	for _, q := range []struct {
		value string
		ask   func(context.Context, string) ([]people.Person, error)
	}{{in.Body.IDNo, s.People.ByIDNo}, {in.Body.Phone, s.People.ByPhone}, {in.Body.Account, s.People.ByAccount}, {in.Body.Name, s.People.ByName}} {
		if q.value == "" {
			continue
		}
		found, err := q.ask(ctx, q.value)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		if asked++; asked > 1 {
			return nil, s.fail(ctx, domain.Reject("one_question", "一次只按一项查找:姓名、身份证号、电话或银行账号。"))
		}
		for _, p := range found {
			out.Body.People = append(out.Body.People, shown(ctx, p))
		}
	}
	if asked == 0 {
		return nil, s.fail(ctx, domain.Reject("one_question", "请填写姓名、身份证号、电话或银行账号中的一项。"))
	}
	return out, nil
}

// personByID is the file of an address.
func (s *server) personByID(ctx context.Context, text string) (people.Person, error) {
	if err := readers(ctx); err != nil {
		return people.Person{}, err
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return people.Person{}, errNobody
	}
	p, found, err := s.People.ByID(ctx, id)
	if err == nil && !found {
		err = errNobody
	}
	return p, err
}

// mostCases is how many cases of a person the answer has.
const mostCases = 100

func (s *server) person(ctx context.Context, in *personIn) (*personOut, error) {
	p, err := s.personByID(ctx, in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := &personOut{personBody{Person: shown(ctx, p), Cases: []knownCase{}}}
	if out.Body.Main, out.Body.Files, err = s.People.Files(ctx, p.ID); err != nil {
		return nil, s.fail(ctx, err)
	}
	cases, err := s.Cases.OfPersons(ctx, s.viewer(ctx), out.Body.Files, mostCases)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	for _, c := range cases {
		out.Body.Cases = append(out.Body.Cases, knownCase{c.ID, c.No, c.Phase})
	}
	if out.Body.Households, err = s.People.Households(ctx, p.ID); err != nil {
		return nil, s.fail(ctx, err)
	}
	return out, nil
}

func (s *server) household(ctx context.Context, in *personIn) (*householdOut, error) {
	id, err := uuid.Parse(in.ID)
	if err != nil {
		err = errNobody
	}
	if err == nil {
		err = readers(ctx)
	}
	var h people.Household
	found := false
	if err == nil {
		h, found, err = s.People.Household(ctx, id)
	}
	if err == nil && !found {
		err = errNobody
	}
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &householdOut{h}, nil
}

func (s *server) erasures(ctx context.Context, _ *struct{}) (*erasuresOut, error) {
	if err := readers(ctx); err != nil {
		return nil, s.fail(ctx, err)
	}
	open, err := s.People.OpenRequests(ctx)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := &erasuresOut{}
	out.Body.Requests = []openRequest{}
	for _, p := range open {
		r, _ := p.Open()
		if r.Subjects, err = s.seen(ctx, r.Subjects); err != nil {
			return nil, s.fail(ctx, err)
		}
		out.Body.Requests = append(out.Body.Requests, openRequest{p.ID, shown(ctx, p).Name, r})
	}
	return out, nil
}

// seen leaves out the cases that the caller does not see.
func (s *server) seen(ctx context.Context, subjects []string) ([]string, error) {
	var ids []uuid.UUID
	for _, text := range subjects {
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
		}
	}
	rows, err := s.Cases.ByIDs(ctx, s.viewer(ctx), ids)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, r := range rows {
		left = append(left, r.ID.String())
	}
	slices.Sort(left)
	return left, nil
}

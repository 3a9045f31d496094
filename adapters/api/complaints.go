package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/adapters/findings"
	"hearth/adapters/guard"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/projections/complaints"
	"hearth/projections/timeline"
)

// registration is a complaint to be registered. Reporter and Employer are on
// file (their ids in Complaint) or are registered with it.
type registration struct {
	Complaint complaint.Register   `json:"complaint" doc:"登记内容;no 由系统取号,不要填"`
	Person    *person.Register     `json:"person,omitempty" doc:"反映人尚未建档时填写"`
	NewUnit   *enterprise.Register `json:"new_enterprise,omitempty" doc:"单位尚未建档时填写"`
}

type registerIn struct {
	Key     string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"200" doc:"同一个值只登记一次"`
	RawBody []byte `contentType:"application/json"`
}

// stored is the answer to every command.
type stored struct {
	Body storedBody
}

type storedBody struct {
	ID       uuid.UUID           `json:"id" doc:"案件编号(内部)"`
	No       string              `json:"no,omitempty" doc:"案号"`
	Version  uint64              `json:"version" doc:"案件的事件数"`
	Position eventstore.Position `json:"position" doc:"在事件日志中的位置"`
	Existed  bool                `json:"existed,omitempty" doc:"此前已经登记,这次没有重复"`
	Visible  bool                `json:"visible" doc:"查询接口已能看到这次变更"`
}

type caseIn struct {
	ID string `path:"id" format:"uuid"`
}

type caseOut struct {
	Body complaints.Row
}

type timelineIn struct {
	ID    string `path:"id" format:"uuid"`
	After int64  `query:"after" minimum:"0" doc:"只要此版本之后的事件"`
	Track string `query:"track" doc:"办理线代码"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type timelineOut struct {
	Body []timeline.Entry
}

type listIn struct {
	Phase    []string `query:"phase"`
	Category []string `query:"category"`
	Risk     []string `query:"risk"`
	Area     string   `query:"area"`
	Org      string   `query:"org"`
	From     string   `query:"from" format:"date"`
	To       string   `query:"to" format:"date"`
	Open     bool     `query:"open"`
	Overdue  bool     `query:"overdue"`
	Changed  string   `query:"sort" enum:"newest,due" default:"newest"`
	Cursor   string   `query:"cursor" doc:"上一页返回的 next"`
	Limit    int      `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type listOut struct {
	Body complaints.Page[complaints.Row]
}

func (s *server) registerComplaints(api huma.API) {
	create := s.operation(http.MethodPost, "/complaints", "register-complaint", "登记投诉", accounts.ScopeIntake)
	create.DefaultStatus = http.StatusCreated
	registerRaw(api, create, reflect.TypeFor[registration](), s.create)
	huma.Register(api, s.operation(http.MethodGet, "/complaints/{id}", "get-complaint", "查询案件", accounts.ScopeComplaintsRead), s.get)
	huma.Register(api, s.operation(http.MethodGet, "/complaints/{id}/timeline", "get-timeline", "查询全程留痕", accounts.ScopeComplaintsRead), s.timeline)
	huma.Register(api, s.operation(http.MethodGet, "/complaints", "list-complaints", "案件列表", accounts.ScopeComplaintsRead), s.list)
	huma.Register(api, s.operation(http.MethodGet, "/codes", "list-codes", "代码表", accounts.ScopeComplaintsRead), s.codes)
}

func (s *server) create(ctx context.Context, in *registerIn) (*stored, error) {
	var reg registration
	if err := decode(in.RawBody, &reg); err != nil {
		return nil, s.fail(ctx, err)
	}
	if reg.Complaint.No != "" {
		return nil, s.fail(ctx, domain.Reject("no_is_ours", "案号由系统取号,请不要填写 no。"))
	}
	c := callerOf(ctx)
	out, err := s.Casework.Register(ctx, casework.Intake{
		Request:  s.request(c, in.Key, registerRoles()),
		Register: reg.Complaint, Reporter: reg.Person, Employer: reg.NewUnit,
	})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &stored{storedBody{
		ID: out.ID, No: out.No, Version: out.Head.Version, Position: out.Head.Position, Existed: out.Existed,
		Visible: s.visible(ctx, out.Head.Position),
	}}, nil
}

func (s *server) request(c caller, key string, roles []domain.Role) casework.Request {
	actor := c.user.Actor(roles...)
	return casework.Request{CommandID: commandID(c.user, key), Actor: actor, For: c.user.For(actor), Channel: "api", At: s.Now()}
}

func (s *server) get(ctx context.Context, in *caseIn) (*caseOut, error) {
	row, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	veil, err := s.veil(ctx, row)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	row.Summary = veil(row.Summary)
	if err := s.Cases.Redact(ctx, s.viewer(ctx), &row.MergedInto, &row.Summary); err != nil {
		return nil, s.fail(ctx, err)
	}
	s.Access.Viewed(s.who(ctx), onCase(row.ID), access.ScreenAPICase, callerOf(ctx).seen)
	return &caseOut{row}, nil
}

// find is a case that the caller may see.
func (s *server) find(ctx context.Context, id string) (complaints.Row, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return complaints.Row{}, complaints.ErrNotFound
	}
	return s.Cases.Get(ctx, s.viewer(ctx), parsed)
}

func (s *server) timeline(ctx context.Context, in *timelineIn) (*timelineOut, error) {
	row, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	track := timeline.Track(in.Track)
	if track != "" {
		if err := timeline.Tracks().Check(track); err != nil {
			return nil, s.fail(ctx, err)
		}
	}
	entries, err := s.Timeline.Case(ctx, casework.CaseStream(row.ID), in.After, track, in.Limit)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	veil, err := s.veil(ctx, row)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	var texts []*string
	for i, e := range entries {
		if entries[i].Detail = veil(e.Detail); !findings.ReadsStories(callerOf(ctx).user) {
			entries[i].Detail = ""
		}
		texts = append(texts, &entries[i].Sentence, &entries[i].Detail)
	}
	if err := s.Cases.Redact(ctx, s.viewer(ctx), texts...); err != nil {
		return nil, s.fail(ctx, err)
	}
	s.Access.Viewed(s.who(ctx), onCase(row.ID), access.ScreenAPITimeline, callerOf(ctx).seen)
	return &timelineOut{entries}, nil
}

func (s *server) list(ctx context.Context, in *listIn) (*listOut, error) {
	f := complaints.Filter{
		Phases: as[complaint.Phase](in.Phase), Categories: as[complaint.Category](in.Category), Risks: as[complaint.RiskLevel](in.Risk),
		Area: in.Area, Org: in.Org, Open: in.Open, Overdue: in.Overdue, Limit: in.Limit,
	}
	if in.Changed == "due" {
		f.Sort = complaints.SortDue
	}
	var err error
	if f.From, err = domain.ParseDate(in.From); err != nil {
		return nil, s.fail(ctx, err)
	}
	if f.To, err = domain.ParseDate(in.To); err != nil {
		return nil, s.fail(ctx, err)
	}
	page, err := s.Cases.List(ctx, s.viewer(ctx), f, complaints.Cursor(in.Cursor))
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	for i := range page.Rows {
		page.Rows[i].Summary = "" // a story is read one case at a time
	}
	s.Access.Viewed(s.who(ctx), access.Thing{}, access.ScreenAPIList, callerOf(ctx).seen)
	return &listOut{page}, nil
}

// as is codes of a type; none stay nil, which a filter takes for all.
func as[T ~string](codes []string) []T {
	var list []T
	for _, c := range codes {
		list = append(list, T(c))
	}
	return list
}

type codesOut struct {
	Body map[string]domain.CodeTable
}

func (s *server) codes(context.Context, *struct{}) (*codesOut, error) {
	return &codesOut{complaint.CodeLists()}, nil
}

// decode reads JSON strictly: a misspelt field is an error, not silence. The
// text of the error never repeats a value.
func decode(raw []byte, into any) error {
	dec := json.NewDecoder(newReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return badJSON(err)
	}
	if dec.More() {
		return domain.Reject("bad_json", "请求正文里有多余的内容,只能有一个 JSON 对象。")
	}
	var all any
	if err := json.Unmarshal(raw, &all); err != nil {
		return badJSON(err)
	}
	if !readable(all) {
		return domain.Reject("bad_text", "请求正文里有看不懂的字符(控制字符或改变文字方向的字符),请去掉后再试。")
	}
	return nil
}

// readable looks at every text of a JSON value.
func readable(v any) bool {
	switch v := v.(type) {
	case string:
		return guard.Readable(v)
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !readable(e) })
	case map[string]any:
		for name, e := range v {
			if !guard.Readable(name) || !readable(e) {
				return false
			}
		}
	}
	return true
}

func registerRoles() []domain.Role {
	spec, _ := complaint.Spec("register")
	return spec.Roles
}

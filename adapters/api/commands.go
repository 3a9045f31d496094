package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/complaint"
)

type commandIn struct {
	caseIn
	Key     string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"200" doc:"同一个值只办理一次"`
	RawBody []byte `contentType:"application/json"`
}

// registerCommands gives every command that people issue its own operation,
// described from its struct.
func (s *server) registerCommands(api huma.API) {
	for _, spec := range complaint.Commands() {
		if spec.Group == complaint.GroupSystem || spec.Name == "register" || spec.Name == "take_over" {
			continue
		}
		op := operation(http.MethodPost, "/complaints/{id}/commands/"+spec.Name, "complaint-"+strings.ReplaceAll(spec.Name, "_", "-"), spec.Label, accounts.ScopeComplaintsWrite)
		op.Description = "岗位:" + roleNames(spec.Roles)
		op.RequestBody = bodyOf(api, reflect.TypeOf(spec.New()).Elem())
		huma.Register(api, op, s.command(spec))
	}
}

func roleNames(roles []domain.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.Label()
	}
	return strings.Join(names, "、")
}

func (s *server) command(spec complaint.CommandSpec) func(context.Context, *commandIn) (*stored, error) {
	return func(ctx context.Context, in *commandIn) (*stored, error) {
		cmd := spec.New()
		if err := decode(in.RawBody, cmd); err != nil {
			return nil, s.fail(ctx, err)
		}
		row, err := s.find(ctx, in.ID)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		head, err := s.Casework.Do(ctx, row.ID, cmd, s.request(callerOf(ctx), in.Key, spec.Roles))
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &stored{storedBody{ID: row.ID, No: row.No, Version: head.Version, Position: head.Position, Visible: s.visible(ctx, head.Position)}}, nil
	}
}

// body describes a request body of type T, which the handler reads itself.
func body[T any](api huma.API) *huma.RequestBody { return bodyOf(api, reflect.TypeFor[T]()) }

func bodyOf(api huma.API, t reflect.Type) *huma.RequestBody {
	schema := api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

func newReader(raw []byte) io.Reader { return bytes.NewReader(raw) }

// badJSON says what is wrong with a body without repeating what it holds.
func badJSON(err error) error {
	var no *domain.Rejection
	if errors.As(err, &no) {
		return no
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return domain.Reject("bad_json", "字段 %s 的类型不对,请对照接口说明。", wrong.Field)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return domain.Reject("bad_json", "没有 %s 这个字段,请对照接口说明。", name)
	}
	return domain.Reject("bad_json", "请求正文不是正确的 JSON,请对照接口说明。")
}

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
	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/findings"
	"hearth/domain"
	"hearth/domain/complaint"
)

type commandIn struct {
	ID      string `path:"id" format:"uuid"`
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
		op := s.operation(http.MethodPost, "/complaints/{id}/commands/"+spec.Name, "complaint-"+strings.ReplaceAll(spec.Name, "_", "-"), spec.Label, accounts.ScopeComplaintsWrite)
		op.Description = "岗位:" + roleNames(spec.Roles)
		registerRaw(api, op, reflect.TypeOf(spec.New()).Elem(), s.command(spec))
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
		if err := s.onFile(ctx, cmd); err != nil {
			return nil, s.fail(ctx, err)
		}
		c := callerOf(ctx)
		req := s.request(c, in.Key, spec.Roles)
		req.Actor = s.Casework.Acting(ctx, row.ID, spec, req.Actor, c.user.Actors()...)
		req.For = c.user.For(req.Actor)
		// What the form would have found, the program cannot leave out.
		if err := s.finder().Complete(ctx, s.viewer(ctx), row, req.CommandID, cmd); err != nil {
			return nil, s.fail(ctx, err)
		}
		head, err := s.Casework.Do(ctx, row.ID, cmd, req)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &stored{storedBody{ID: row.ID, No: row.No, Version: head.Version, Position: head.Position, Visible: s.visible(ctx, head.Position)}}, nil
	}
}

// onFile rejects claimants whom nobody has put on file. (The form puts people on
// file itself.)
func (s *server) onFile(ctx context.Context, cmd complaint.Command) error {
	var list []complaint.NewClaimant
	switch cmd := cmd.(type) {
	case *complaint.AddClaimants:
		list = cmd.Claimants
	case *complaint.ImportClaimants:
		list = cmd.Rows
	default:
		return nil
	}
	ids := make([]uuid.UUID, len(list))
	for i, c := range list {
		ids[i] = c.PersonID
	}
	known, err := s.People.ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := known[id]; !ok {
			return domain.Reject("person_missing", "人员档案里没有其中的诉求人,请核对 person_id。")
		}
	}
	return nil
}

func (s *server) finder() findings.Finder {
	return findings.Finder{Cases: s.Cases, People: s.People, Timeline: s.Timeline, Accounts: s.Accounts, Units: s.Casework.KnownUnits, Now: s.Now}
}

// registerRaw registers an operation that reads its body itself, strictly, and
// describes the body as that of type t. The library would describe it as bytes.
func registerRaw[I, O any](api huma.API, op huma.Operation, t reflect.Type, handler func(context.Context, *I) (*O, error)) {
	const kind = "application/json"
	op.SkipValidateBody = true
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	huma.Register(api, op, handler)
	op.RequestBody.Content[kind] = &huma.MediaType{Schema: api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())}
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

// Package api is the JSON API for programs: the phone system, the 12345
// platform, other systems of the federation. It does what pages do, through the
// same casework, under the rights of the token's owner, and no more.
//
// The description is OpenAPI 3.1 at /api/v1/openapi.json, made from the Go
// types; errors are application/problem+json (RFC 9457) with Chinese texts.
// Read New first.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/timeline"
)

// Config is what the API needs. All fields must be set.
type Config struct {
	Accounts Tokens
	Casework *casework.Service
	Cases    complaints.Queries
	Timeline timeline.Queries
	People   people.Queries
	Calls    Calls
	Wait     func(ctx context.Context, model string, pos eventstore.Position) error
	Now      func() time.Time
	Log      *slog.Logger
}

// Tokens checks who calls; *accounts.Accounts is one.
type Tokens interface {
	CheckToken(ctx context.Context, key string) (accounts.Token, accounts.User, error)
}

// Calls keeps what a phone system announced until the operator's page takes it.
type Calls interface {
	Announce(ctx context.Context, phone string) (ref string, err error)
}

const prefix = "/api/v1"

type server struct{ Config }

// New is the handler of everything under /api/.
func New(c Config) http.Handler {
	useOurMessages()
	mux := http.NewServeMux()
	s := &server{c}
	cfg := huma.DefaultConfig("职工之家 Hearth", "1")
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath, cfg.CreateHooks = prefix+"/openapi", "", "", nil
	cfg.Info.Description = "金额一律为分(整数);时间为 RFC 3339;日期为北京时间的 YYYY-MM-DD。"
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "hearth token add 生成的令牌,有范围和期限"},
	}
	api := humago.New(mux, cfg)
	api.UseMiddleware(s.authenticate())
	s.registerComplaints(api)
	s.registerCommands(api)
	s.registerCalls(api)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, http.StatusNotFound, "没有这个接口。接口说明见 "+prefix+"/openapi.json。")
	})
	return limited(mux)
}

// schemaName is the name of a Go type in the description. The package is part of
// it: several families have a Register.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if pkg := path.Base(t.PkgPath()); t.PkgPath() != "" && pkg != "api" {
		return capital(pkg) + name
	}
	return capital(name)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// limited bounds what a request may send and how long it may take.
func limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
		defer cancel()
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

type callerKey struct{}

// caller is whose token a request carries.
type caller struct {
	user  accounts.User
	token accounts.Token
}

func callerOf(ctx context.Context) caller { return ctx.Value(callerKey{}).(caller) }

// scopeKey marks in an operation what its token must allow.
const scopeKey = "x-hearth-scope"

// authenticate lets in who has a token with the scope of the operation.
func (s *server) authenticate() func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		key, ok := strings.CutPrefix(ctx.Header("Authorization"), "Bearer ")
		if !ok {
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			refuse(ctx, http.StatusUnauthorized, "请在 Authorization 头里带上 Bearer 令牌。")
			return
		}
		token, user, err := s.Accounts.CheckToken(ctx.Context(), strings.TrimSpace(key))
		switch {
		case errors.Is(err, accounts.ErrNotFound):
			ctx.SetHeader("WWW-Authenticate", `Bearer error="invalid_token"`)
			refuse(ctx, http.StatusUnauthorized, "令牌无效、已过期或已吊销,请向系统管理员申请新的令牌。")
			return
		case err != nil:
			s.Log.ErrorContext(ctx.Context(), "check token", "err", err)
			refuse(ctx, http.StatusServiceUnavailable, "系统暂时无法核对令牌,请稍后用同一请求再试,不会重复。")
			return
		}
		if scope, _ := ctx.Operation().Extensions[scopeKey].(string); !token.Allows(accounts.Scope(scope)) {
			refuse(ctx, http.StatusForbidden, "令牌没有“"+scope+"”这项范围。")
			return
		}
		next(huma.WithValue(ctx, callerKey{}, caller{user, token}))
	}
}

// refuse answers a request that never reaches its operation.
func refuse(ctx huma.Context, status int, detail string) {
	ctx.SetStatus(status)
	ctx.SetHeader("Content-Type", "application/problem+json")
	// The client may be gone; there is nobody to tell.
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(&problem{Title: http.StatusText(status), Status: status, Detail: detail})
}

// operation is what all operations have in common.
func operation(method, path, id, summary string, scope accounts.Scope) huma.Operation {
	return huma.Operation{
		Method: method, Path: prefix + path, OperationID: id, Summary: summary, MaxBodyBytes: 1 << 20,
		Security:   []map[string][]string{{"token": {}}},
		Extensions: map[string]any{scopeKey: string(scope)},
		Errors:     []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity},
	}
}

// commandID follows from the owner and the key: the same key of the same owner
// never does a thing twice, and nobody can take another's key.
func commandID(user accounts.User, key string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("hearth:idempotency:"+user.ID+":"+key))
}

// viewer is the caller as the read models ask: in the role that sees the most
// cases.
func (s *server) viewer(ctx context.Context) complaints.Viewer {
	u := callerOf(ctx).user
	return complaints.ViewerOf(s.Casework.Widest(ctx, u.Actors()...))
}

// visible waits for a write to be readable; a model that is behind is no error
// of the write.
func (s *server) visible(ctx context.Context, pos eventstore.Position) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return s.Wait(ctx, "complaints", pos) == nil && s.Wait(ctx, "timeline", pos) == nil
}

// fail turns an error into a problem.
func (s *server) fail(ctx context.Context, err error) error {
	if no, ok := errors.AsType[*domain.Rejection](err); ok {
		status := http.StatusUnprocessableEntity
		if no.Code == "role_not_allowed" || no.Code == "not_permitted" {
			status = http.StatusForbidden
		}
		return &problem{Status: status, Title: "没有办成", Detail: no.Text, Code: no.Code}
	}
	switch {
	case errors.Is(err, complaints.ErrNotFound):
		return &problem{Status: http.StatusNotFound, Title: "找不到", Detail: "没有这件案件,或者令牌所属用户不能查看。", Code: "not_found"}
	case errors.Is(err, eventstore.ErrConflict):
		return &problem{Status: http.StatusConflict, Title: "别人刚刚改了这件事", Detail: "本次没有保存。请重新读取案件后再试。", Code: "conflict"}
	case errors.Is(err, eventstore.ErrReadOnly):
		return &problem{Status: http.StatusServiceUnavailable, Title: "事件日志告警,暂停登记", Detail: "本次没有保存。恢复后请用同一个 Idempotency-Key 再发一次,不会重复。", Code: "read_only"}
	case errors.Is(err, eventstore.ErrUnknown), errors.Is(err, context.DeadlineExceeded):
		return &problem{Status: http.StatusServiceUnavailable, Title: "还不能确定是否已保存", Detail: "请用同一个 Idempotency-Key 再发一次,不会重复。", Code: "unknown"}
	}
	number := uuid.NewString()
	s.Log.ErrorContext(ctx, "api request failed", "request", number, "err", err)
	return &problem{Status: http.StatusInternalServerError, Title: "系统错误", Detail: "已记入日志,编号 " + number + "。", Code: "internal"}
}

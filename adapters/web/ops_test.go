package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/projections"
)

func state(change func(*projections.Status)) projections.Status {
	s := projections.Status{Name: "cases", Version: 2, Schema: "cases_v2", State: projections.StateLive, Serving: true, Position: 1200, End: 1200, Progress: 1}
	change(&s)
	return s
}

// health is what the private listener says.
func health(t *testing.T, s *webtest.Shell) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.Health().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	return w
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status projections.Status
		check  error
		want   int
		says   string
		page   string
	}{
		"well":     {state(func(*projections.Status) {}), nil, 200, `"status":"ready"`, "一切正常"},
		"lagging":  {state(func(s *projections.Status) { s.Position, s.Behind, s.Lag = 1190, 10, time.Second }), nil, 200, "", "10 条,1秒"},
		"behind":   {state(func(s *projections.Status) { s.Position, s.Lag, s.State = 1, time.Minute, projections.StateCatchingUp }), nil, 200, "read model catching_up: cases", "正在追赶"},
		"building": {state(func(s *projections.Status) { s.Serving, s.State, s.Progress = false, projections.StateBuilding, .5 }), nil, 503, "read model building: cases", "50%"},
		"stopped": {state(func(s *projections.Status) {
			s.Problem = &projections.Problem{Kind: projections.ProblemEvent, Position: 7, EventType: "complaint.registered", Error: "bad number"}
		}), nil, 200, "read model stopped: cases", "停在第 7 条 complaint.registered:bad number"},
		"corrupt": {state(func(s *projections.Status) {
			s.Problem = &projections.Problem{Kind: projections.ProblemCorrupt, Error: "gap at 8"}
		}), nil, 200, "event log damaged", "事件日志有损坏"},
		"retrying": {state(func(s *projections.Status) { s.State, s.Error = projections.StateRetrying, "database is gone" }), nil, 200, "retrying", "正在重试"},
		"check":    {state(func(*projections.Status) {}), errors.New("no route to 10.0.0.9"), 503, "check failed: nats", "no route to 10.0.0.9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := webtest.New(t, func(c *web.Config) {
				c.Models = webtest.NewModels(tc.status)
				c.Titles = map[string]string{"cases": "投诉"}
				c.Checks = []web.Check{{Name: "nats", Run: func(context.Context) error { return tc.check }}}
			})
			a := s.Visitor(t).Get("/readyz")
			var terse map[string]string
			if err := json.Unmarshal([]byte(a.Body), &terse); err != nil || a.Status != tc.want || len(terse) != 1 || terse["status"] == "" {
				t.Errorf("%d; want %d and a status alone: %s", a.Status, tc.want, a.Body)
			}
			inside := health(t, s)
			if inside.Code != tc.want || !json.Valid(inside.Body.Bytes()) {
				t.Errorf("inside %d; want %d: %s", inside.Code, tc.want, inside.Body)
			}
			contains(t, "/readyz", inside.Body.String(), tc.says, `"name":"cases"`, `"problems":[`, `"status":"`+terse["status"]+`"`)
			if strings.Contains(inside.Body.String(), "10.0.0.9") {
				t.Error("/readyz tells what it should not")
			}
			contains(t, "/ops", s.SignIn(t, domain.RoleLeader).Get("/ops").Body, tc.page, "投诉", "cases_v2")
		})
	}
}

// TestAlarm: what closes the log stands on every page and in the answers of
// forms, with what to do; machines are told, and go on asking this instance.
func TestAlarm(t *testing.T) {
	t.Parallel()
	s := webtest.New(t, func(c *web.Config) {
		c.Alarms = func() []web.Alarm {
			return []web.Alarm{{Code: "log", Text: "事件流里缺第 3 至 5 条。", Closed: true}}
		}
		c.Keeping = func(context.Context) []web.Standing {
			return []web.Standing{{Name: "封存", Badge: web.Badge{Text: "告警", Tone: "bad"}, Text: "已封存 12 条"}}
		}
	})
	if a := s.Visitor(t).Get("/readyz"); a.Status != 200 || !strings.Contains(a.Body, `"degraded"`) || strings.Contains(a.Body, "alarm") {
		t.Errorf("/readyz under an alarm: %d %s", a.Status, a.Body)
	}
	contains(t, "/readyz inside", health(t, s).Body.String(), "alarm: log")
	contains(t, "/help/keys", s.SignIn(t, domain.RoleHandler).Get("/help/keys").Body, "暂停登记", "先记在纸上")
	contains(t, "/ops", s.SignIn(t, domain.RoleSystemAdmin).Get("/ops").Body, "暂停登记", "事件流里缺第 3 至 5 条。", "封存与存档", "已封存 12 条")
}

func TestOpsIsForFew(t *testing.T) {
	t.Parallel()
	s := webtest.New(t, nil)
	if a := s.SignIn(t, domain.RoleHandler).Get("/ops"); a.Status != 403 {
		t.Errorf("a handler sees the operations page: %d", a.Status)
	}
	if a := s.SignIn(t, domain.RoleSystemAdmin).Get("/"); a.Path != "/ops" || a.Status != 200 {
		t.Errorf("home of a system administrator: %d %s", a.Status, a.Path)
	}
	if a := s.Visitor(t).Get("/healthz"); a.Status != 200 || !strings.Contains(a.Body, `"alive"`) {
		t.Errorf("/healthz: %d %s", a.Status, a.Body)
	}
}

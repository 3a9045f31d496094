package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"hearth/domain"
)

var opsRoles = []domain.Role{domain.RoleSystemAdmin, domain.RoleLeader}

var ownNav = []NavItem{{Label: "运行状况", Href: "/ops", Icon: "pulse", Key: "o", Roles: opsRoles}}

const checkTime = 5 * time.Second

type opsPage struct {
	Page
	Models  []modelView
	Checks  []checked
	Keeping []Standing
	Alarms  []Alarm
	Started time.Time
	Uptime  string
	Bad     int // models and checks that are not well
	Corrupt bool
	Alarmed bool // the log is closed for writing
	None    Empty
	More    []NavItem // pages of families
}

type checked struct {
	Check
	OK   bool
	Text string
}

func (s *Shell) opsPage(q *Request) error {
	models := s.modelStatus(q.Context())
	p := &opsPage{
		Page: q.Page("运行状况"), Models: models, Checks: s.runChecks(q.Context()), Keeping: s.cfg.standing(q.Context()), Alarms: s.cfg.alarms(), Started: s.started,
		Uptime: uptime(q.Now().Sub(s.started)), None: Empty{Title: "还没有读模型"},
	}
	for _, m := range models {
		p.Corrupt = p.Corrupt || m.Corrupt()
		if !m.Well() {
			p.Bad++
		}
	}
	for _, c := range p.Checks {
		if !c.OK {
			p.Bad++
		}
	}
	for _, a := range p.Alarms {
		p.Alarmed = p.Alarmed || a.Closed
	}
	for _, k := range p.Keeping {
		if k.Badge.Tone == "bad" {
			p.Bad++
		}
	}
	for _, f := range s.cfg.Families {
		for _, item := range f.Ops {
			if may(q.User, item.Roles) {
				p.More = append(p.More, item)
			}
		}
	}
	return q.Render("shell/ops", p)
}

func (s *Shell) runChecks(ctx context.Context) []checked {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var results []checked
	for _, c := range s.cfg.Checks {
		r := checked{Check: c, OK: true, Text: "正常"}
		if err := c.Run(ctx); err != nil {
			r.OK, r.Text = false, err.Error()
		}
		results = append(results, r)
	}
	return results
}

func uptime(d time.Duration) string {
	d = max(0, d.Truncate(time.Minute))
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d天%d小时", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d小时%d分钟", hours, minutes)
	}
	return fmt.Sprintf("%d分钟", minutes)
}

// readiness is the answer of /readyz. It is not_ready, with 503, when this
// instance cannot answer people: then a proxy asks another one. What all
// instances share, such as a model that has stopped or a log that is closed for
// writing, is degraded, with 200: taking them all away would help nobody.
type readiness struct {
	Status   string      `json:"status"` // ready, degraded or not_ready
	Version  string      `json:"version"`
	Problems []string    `json:"problems"`
	Models   []modelJSON `json:"models"`
}

type modelJSON struct {
	Name     string `json:"name"`
	Version  int    `json:"version"`
	State    string `json:"state"`
	Position uint64 `json:"position"`
	End      uint64 `json:"end"`
	LagMS    int64  `json:"lag_ms"`
	Ready    bool   `json:"ready"`
}

// withHealth answers the questions of whoever watches the program, such as a
// proxy. They need no session, so that they can be answered when the database
// cannot, and they tell outsiders nothing but whether to ask here.
func (s *Shell) withHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		get := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case get && r.URL.Path == "/healthz":
			writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
		case get && r.URL.Path == "/readyz":
			// Why it is not ready is for the inside: see Health.
			status, body := s.readiness(r.Context())
			writeJSON(w, status, map[string]string{"status": body.Status})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Health answers /readyz with all that it knows, for the private listener.
func (s *Shell) Health() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := s.readiness(r.Context())
		writeJSON(w, status, body)
	})
}

// readiness gives the reasons for machines; they name no data.
func (s *Shell) readiness(ctx context.Context) (int, readiness) {
	body := readiness{Status: "ready", Version: s.cfg.Version, Problems: []string{}, Models: []modelJSON{}}
	status := http.StatusOK
	say := func(refuse bool, problem string) {
		body.Problems = append(body.Problems, problem)
		if body.Status == "ready" {
			body.Status = "degraded"
		}
		if refuse {
			status, body.Status = http.StatusServiceUnavailable, "not_ready"
		}
	}
	for _, c := range s.runChecks(ctx) {
		if !c.OK {
			say(!c.Shared, "check failed: "+c.Name)
		}
	}
	for _, a := range s.cfg.alarms() {
		say(false, "alarm: "+a.Code)
	}
	for _, m := range s.modelStatus(ctx) {
		body.Models = append(body.Models, modelJSON{
			m.Name, m.Version, string(m.State), uint64(m.Position), uint64(m.End), m.Lag.Milliseconds(), m.Well(),
		})
		switch {
		case !m.Serving:
			say(true, "read model "+string(m.State)+": "+m.Name)
		case m.Corrupt():
			say(false, "event log damaged, seen by "+m.Name)
		case m.Problem != nil:
			say(false, "read model stopped: "+m.Name)
		case !m.Well():
			say(false, "read model "+string(m.State)+": "+m.Name)
		}
	}
	return status, body
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

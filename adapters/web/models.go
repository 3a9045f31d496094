package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"hearth/eventstore"
	"hearth/projections"
)

const (
	waitLimit = 2 * time.Second
	statusAge = time.Second
	atParam   = "at"
)

// rebuilding is the answer while a page's read model is built for the first
// time after an update.
type rebuilding struct{ model modelView }

// Error names the model.
func (r *rebuilding) Error() string { return "read model " + r.model.Name + " is not there yet" }

// awaitModels refuses a page whose models are not there yet, and gives those
// that are a moment to reach the position in the address: the page after a
// command shows what the command did, or says that it does not yet.
func (s *Shell) awaitModels(q *Request, models []string) error {
	if len(models) == 0 {
		return nil
	}
	if s.cfg.Models == nil {
		return fmt.Errorf("page reads %v, but the shell has no read models", models)
	}
	for _, m := range s.modelStatus(q.Context()) {
		if slices.Contains(models, m.Name) && !m.Serving && m.Error == "" {
			return &rebuilding{m}
		}
	}
	at, err := strconv.ParseUint(q.URL.Query().Get(atParam), 10, 64)
	if err != nil || at == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(q.Context(), waitLimit)
	defer cancel()
	for _, m := range models {
		if err := s.cfg.Models.Wait(ctx, m, eventstore.Position(at)); err != nil {
			// Nothing is lost: the command is stored. The page says that it
			// lags, whatever the reason; the operations page says why.
			q.stale = true
			s.cfg.Log.InfoContext(q.Context(), "page shown before its model", "model", m, "position", at, "err", err, "request", q.id)
		}
	}
	return nil
}

// modelView is the state of a read model as pages show it.
type modelView struct {
	projections.Status
	Title string
}

// modelStatus is the state of all models, at most a second old: every page asks.
func (s *Shell) modelStatus(ctx context.Context) []modelView {
	if s.cfg.Models == nil {
		return nil
	}
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	if age := s.cfg.Now().Sub(s.statusAt); age >= 0 && age < statusAge {
		return s.status
	}
	s.status = nil
	for _, m := range s.cfg.Models.Status(ctx) {
		s.status = append(s.status, modelView{m, cmp.Or(s.cfg.Titles[m.Name], m.Name)})
	}
	s.statusAt = s.cfg.Now()
	return s.status
}

// Well reports whether readers see what was stored some seconds ago.
func (m modelView) Well() bool { return m.CaughtUp(tolerableLag) }

const tolerableLag = 10 * time.Second

// Corrupt reports whether the model found the log damaged.
func (m modelView) Corrupt() bool {
	return m.Problem != nil && m.Problem.Kind == projections.ProblemCorrupt
}

// Badge is the state of the model in a word, and its tone.
func (m modelView) Badge() Badge {
	switch {
	case m.Corrupt():
		return Badge{"事件日志损坏", "bad"}
	case m.Problem != nil:
		return Badge{"已停止", "bad"}
	case m.Error != "":
		return Badge{"正在重试", "bad"}
	case !m.Serving:
		return Badge{"正在建立", "warn"}
	case !m.Well():
		return Badge{"正在追赶", "warn"}
	case m.Rebuilding:
		return Badge{"正常,新版本重建中", "good"}
	}
	return Badge{"正常", "good"}
}

// Built is how far the model, or its new copy, is.
func (m modelView) Built() Progress {
	p := Progress{Label: m.Title, Done: int(m.Progress * 100), Total: 100}
	if m.EventsPerSecond >= 1 {
		p.Note = fmt.Sprintf("每秒 %s 条", formatNumber(int64(m.EventsPerSecond)))
	}
	if m.Remaining > 0 {
		p.Note += fmt.Sprintf(",还需约 %s", seconds(m.Remaining))
	}
	return p
}

// Trouble is why the model does not go on, or empty.
func (m modelView) Trouble() string {
	switch {
	case m.Problem != nil && m.Problem.EventType != "":
		return fmt.Sprintf("停在第 %d 条 %s:%s", m.Problem.Position, m.Problem.EventType, m.Problem.Error)
	case m.Problem != nil:
		return m.Problem.Error
	}
	return m.Error
}

// LagText is for how long the oldest missing commit has been stored.
func (m modelView) LagText() string { return seconds(m.Lag) }

func seconds(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d秒", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d分%d秒", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d小时%d分", int(d.Hours()), int(d.Minutes())%60)
}

// withPosition adds the position to an address.
func withPosition(address string, pos eventstore.Position) string {
	u, err := url.Parse(address)
	if err != nil || pos == 0 {
		return address
	}
	v := u.Query()
	v.Set(atParam, strconv.FormatUint(uint64(pos), 10))
	u.RawQuery = v.Encode()
	return u.String()
}

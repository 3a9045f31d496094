package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"hearth/eventstore"
)

const (
	waitLimit = 2 * time.Second
	statusAge = time.Second
	atParam   = "at"
)

// rebuilding is the answer while a page's read model is built for the first
// time after an update.
type rebuilding struct{ model ModelStatus }

// Error names the model.
func (r *rebuilding) Error() string { return "read model " + r.model.Name + " is being rebuilt" }

// awaitModels refuses a page whose models are not there yet, and gives those
// that are a moment to reach the position in the address: the page after a
// command shows what the command did, or says that it does not yet.
func (s *Shell) awaitModels(q *Request, models []string) error {
	if len(models) == 0 {
		return nil
	}
	status, err := s.modelStatus(q.Context())
	if err != nil {
		return err
	}
	for _, m := range status {
		if slices.Contains(models, m.Name) && !m.Serving {
			return &rebuilding{m}
		}
	}
	at, err := strconv.ParseUint(q.URL.Query().Get(atParam), 10, 64)
	if err != nil || at == 0 || s.cfg.Waiter == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(q.Context(), waitLimit)
	defer cancel()
	for _, m := range models {
		if err := s.cfg.Waiter.Wait(ctx, m, eventstore.Position(at)); err != nil {
			// Nothing is lost: the command is stored. The page says that it
			// lags, whatever the reason; the operations page says why.
			q.stale = true
			s.cfg.Log.InfoContext(q.Context(), "page shown before its model", "model", m, "position", at, "err", err, "request", q.id)
		}
	}
	return nil
}

// modelStatus is the state of all models, at most a second old.
func (s *Shell) modelStatus(ctx context.Context) ([]ModelStatus, error) {
	if s.cfg.Status == nil {
		return nil, nil
	}
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	if age := s.cfg.Now().Sub(s.statusAt); age >= 0 && age < statusAge {
		return s.status, nil
	}
	status, err := s.cfg.Status.Status(ctx)
	if err != nil {
		return nil, err
	}
	s.status, s.statusAt = status, s.cfg.Now()
	return status, nil
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

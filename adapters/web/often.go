package web

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"hearth/adapters/guard"
)

// tooOften says that somebody asks more often than the table of limits allows.
type tooOften struct{ wait time.Duration }

// Error has no data.
func (*tooOften) Error() string { return "web: too often" }

// mayAsk counts a request: of the user, or of the address when nobody has signed
// in. What is refused keeps the form that it carried, unless it is a file.
func (s *Shell) mayAsk(q *Request, route Route) error {
	kind, who := guard.Page, q.User.ID
	if who == "" {
		kind, who = guard.Visit, guard.ByAddress(s.cfg.Origin.Address(q.Request))
	}
	wait, ok := s.cfg.Limits.Allow(kind, who)
	if rate := cmp.Or(route.Rate, kind); ok && rate != kind {
		wait, ok = s.cfg.Limits.Allow(rate, who)
	}
	if ok {
		return nil
	}
	if q.Method == http.MethodPost && route.MaxBody <= defaultBody && !strings.HasSuffix(route.Pattern, "/sign-in") {
		if _, err := q.Sent(); err != nil {
			return err
		}
	}
	return &tooOften{wait}
}

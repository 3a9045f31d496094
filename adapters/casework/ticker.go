package casework

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/eventstore"
)

// Deadlines is where the ticker learns what is due. It may say too much: the
// decider has the last word.
type Deadlines interface {
	// Ticks lists the cases for which Tick has something to record now.
	Ticks(ctx context.Context, cal calendar.Calendar, now time.Time) ([]uuid.UUID, error)
	// Outdated lists the cases with an open clock that was reckoned with another
	// version of the calendar.
	Outdated(ctx context.Context, calendarVersion string) ([]uuid.UUID, error)
}

// Clerk is 系统任务: the actor of what happens by itself.
var Clerk = domain.Actor{ID: "system", Org: "jc", Role: domain.RoleSystem}

// Ticker sends the commands that time calls for, once a minute, until ctx ends.
// Their ids follow from the case and the minute, so that a restart, or a second
// instance, sends each only once.
func (s *Service) Ticker(ctx context.Context, deadlines Deadlines, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var reckoned string // the calendar that all open clocks were last reckoned with
	for {
		if err := s.TickOnce(ctx, deadlines, &reckoned); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "ticker", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// TickOnce does what is due now. A case that fails does not hold up the others.
// Clocks are reckoned anew when the calendar is not the one in reckoned.
func (s *Service) TickOnce(ctx context.Context, deadlines Deadlines, reckoned *string) error {
	rules, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	due, err := deadlines.Ticks(ctx, rules.Calendar, now)
	if err != nil {
		return err
	}
	var failed []error
	if version := rules.Calendar.Version(); version != *reckoned {
		if err := s.reckonAnew(ctx, deadlines, version); err != nil {
			failed = append(failed, err)
		} else {
			*reckoned = version
		}
	}
	for _, id := range due {
		failed = append(failed, s.clerk(ctx, id, &complaint.Tick{}, "tick "+now.UTC().Truncate(time.Minute).Format(time.RFC3339)))
	}
	return errors.Join(failed...)
}

// reckonAnew recomputes the clocks that rest on another calendar.
func (s *Service) reckonAnew(ctx context.Context, deadlines Deadlines, version string) error {
	outdated, err := deadlines.Outdated(ctx, version)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range outdated {
		cmd := &complaint.RecomputeClocks{Why: "放假通知(" + version + ")已公布"}
		failed = append(failed, s.clerk(ctx, id, cmd, "recompute "+version))
	}
	return errors.Join(failed...)
}

// clerk issues a command of the system. A rejection means that there is nothing
// to do any more.
func (s *Service) clerk(ctx context.Context, id uuid.UUID, cmd complaint.Command, why string) error {
	_, err := s.Do(ctx, id, cmd, Request{CommandID: uuid.NewSHA1(id, []byte(why)), Actor: Clerk, Channel: "job"})
	var no *domain.Rejection
	if errors.As(err, &no) || errors.Is(err, eventstore.ErrConflict) {
		slog.InfoContext(ctx, "ticker command refused", "case", id, "err", err)
		return nil
	}
	return err
}

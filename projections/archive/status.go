package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/postgres"
	"hearth/eventstore"
	"hearth/projections"
)

// Status is how far the archive is.
type Status struct {
	// State is live, catching_up, waiting, stopped or retrying, as of a model.
	State projections.State
	// Position is that of the last archived message, End that of the log, Behind
	// the messages between them.
	Position eventstore.Position
	End      eventstore.Position
	Behind   uint64
	// Lag is for how long the oldest message that is missing has been stored.
	Lag time.Duration
	// Writer is the process that writes, as host:number; empty when none does.
	Writer string
	// Writing says that it is this one.
	Writing bool
	// Problem is what keeps the archive from growing or from being read; empty
	// when nothing does.
	Problem string
}

// CaughtUp reports that nothing is wrong and that the archive lags no more than
// the given time.
func (s Status) CaughtUp(within time.Duration) bool {
	return s.Problem == "" && s.Writer != "" && s.Lag <= within
}

const writerSQL = `
select a.application_name from pg_locks l join pg_stat_activity a using (pid)
 where l.locktype = 'advisory' and l.granted and l.objsubid = 1
   and l.database = (select oid from pg_database where datname = current_database())
   and (l.classid::bigint << 32 | l.objid::bigint) = ` + postgres.LockKey

// Status tells how far the archive is. What cannot be found out is in Problem.
func (a *Archive) Status(ctx context.Context) Status {
	s := Status{}
	position, storedAt, writer, err := a.look(ctx)
	end, endErr := a.log.End(ctx) // after the position, which is then not beyond it
	if endErr != nil {
		err = errors.Join(err, fmt.Errorf("end of the log: %w", endErr))
	}
	now := time.Now()
	s.Position, s.End, s.Writer = position, end, strings.TrimPrefix(writer, appPrefix)
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Writing = a.state == "" && s.Writer == process()
	if err == nil && position >= end {
		a.caughtUp = now
	}
	if position < end {
		s.Behind = uint64(end - position)
		since := storedAt
		if a.caughtUp.After(since) {
			since = a.caughtUp
		}
		if !since.IsZero() {
			s.Lag = max(now.Sub(since), 0)
		}
	}
	if problem := errors.Join(a.problem, err); problem != nil {
		s.Problem = problem.Error()
	}
	s.State = a.stateOf(s, err)
	return s
}

func (a *Archive) stateOf(s Status, lookErr error) projections.State {
	switch {
	case a.state != "":
		return a.state
	case lookErr != nil:
		return projections.StateRetrying
	case s.Lag > a.opts.LiveWithin:
		return projections.StateCatchingUp
	}
	return projections.StateLive
}

// look reads what the database knows.
func (a *Archive) look(ctx context.Context) (pos eventstore.Position, at time.Time, writer string, err error) {
	if err = Check(ctx, a.pool); err != nil {
		return 0, at, "", err
	}
	if pos, at, _, err = last(ctx, a.pool); err != nil {
		return 0, at, "", err
	}
	err = a.pool.QueryRow(ctx, writerSQL, lockName).Scan(&writer)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return pos, at, "", fmt.Errorf("who writes the archive: %w", err)
	}
	return pos, at, writer, nil
}

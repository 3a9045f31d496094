package reactions

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/eventstore"
)

// State is what this process is doing for a reaction.
type State string

// The states of a reaction.
const (
	StateRunning  State = "running"  // this instance has the lock and follows the log
	StateWaiting  State = "waiting"  // another instance has the lock, or nobody yet
	StateRetrying State = "retrying" // the database or the event store is away
	StateStopped  State = "stopped"  // only a person can put it right
)

// Status tells how far a reaction is.
type Status struct {
	Name     string
	Title    string
	State    State  // of this process
	Error    string // what is in the way, for this process or for the one that runs it
	Position eventstore.Position
	Behind   uint64 // commits that it has not looked at
	Parked   int    // events that wait for somebody

	// What this process did since it started.
	Handled, Failed, GaveUp int64
	Busy                    time.Duration
}

type statusRow struct {
	Name     string
	Position eventstore.Position
	Problem  string
	Parked   int
}

// Status tells how far the reactions are, whichever instance runs them.
func (r *Runner) Status(ctx context.Context) ([]Status, error) {
	end, err := r.store.End(ctx)
	if err != nil {
		return nil, fmt.Errorf("end of the log: %w", err)
	}
	names := make([]string, len(r.reactions))
	for i, on := range r.reactions {
		names[i] = on.Name
	}
	found, _ := r.pool.Query(ctx, `
select n.name, coalesce(c.position, 0) as position, coalesce(c.problem, '') as problem,
       (select count(*) from hearth.parked p where p.reaction = n.name and p.settled_at is null) as parked
  from unnest($1::text[]) with ordinality as n (name, place) left join hearth.reaction c using (name)
 order by n.place`, names) // CollectRows returns the error
	rows, err := pgx.CollectRows(found, pgx.RowToStructByName[statusRow])
	if err != nil {
		return nil, fmt.Errorf("status of the reactions: %w", err)
	}
	list := make([]Status, len(rows))
	for i, on := range r.reactions {
		row := rows[i]
		on.mu.Lock()
		s := Status{Name: on.Name, Title: on.Title, State: on.state, Error: on.told, Position: row.Position, Parked: row.Parked}
		on.mu.Unlock()
		if row.Problem != "" {
			s.State, s.Error = StateStopped, row.Problem
		}
		if end > row.Position {
			s.Behind = uint64(end - row.Position)
		}
		s.Handled, s.Failed, s.GaveUp, s.Busy = on.handled.Load(), on.failed.Load(), on.parked.Load(), time.Duration(on.busy.Load())
		list[i] = s
	}
	return list, nil
}

// Check is an error when a reaction has stopped.
func (r *Runner) Check(ctx context.Context) error {
	all, err := r.Status(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.State == StateStopped {
			return fmt.Errorf("reaction %s stopped: %s", s.Name, s.Error)
		}
	}
	return nil
}

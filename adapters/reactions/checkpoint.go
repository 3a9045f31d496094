package reactions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/postgres"
	"hearth/eventstore"
)

// ErrOtherLog says that a checkpoint was made on another event log than the one
// that is there now, or on one that was longer.
var ErrOtherLog = errors.New("联动进度与事件日志不相配")

// errOvertaken ends a session when the checkpoint is not where it left it.
var errOvertaken = errors.New("the checkpoint was moved by another instance")

// checkpoint is where a reaction stands: everything up to position is dealt with.
type checkpoint struct {
	name     string
	log      eventstore.Identity
	position eventstore.Position
}

// begin reads the checkpoint of a reaction, makes it when there is none, and
// refuses one of another log.
func (r *Runner) begin(ctx context.Context, on Reaction) (checkpoint, error) {
	cp := checkpoint{name: on.Name}
	identity, err := r.store.Identity(ctx)
	if err != nil {
		return cp, fmt.Errorf("identity of the log: %w", err)
	}
	end, err := r.store.End(ctx)
	if err != nil {
		return cp, fmt.Errorf("end of the log: %w", err)
	}
	start := end
	if on.FromStart {
		start = 0
	}
	_, err = r.pool.Exec(ctx, `
insert into hearth.reaction (name, log, position) values (@name, @log, @start)
    on conflict (name) do nothing`, pgx.StrictNamedArgs{"name": on.Name, "log": identity, "start": start})
	if err != nil {
		return cp, fmt.Errorf("make the checkpoint of %s: %w", on.Name, err)
	}
	err = r.pool.QueryRow(ctx, "select log, position from hearth.reaction where name = $1", on.Name).Scan(&cp.log, &cp.position)
	switch {
	case err != nil:
		return cp, fmt.Errorf("read the checkpoint of %s: %w", on.Name, err)
	case cp.log != identity:
		return cp, fmt.Errorf("%w:进度属于日志 %s,现在的日志是 %s", ErrOtherLog, cp.log, identity)
	case cp.position > end:
		return cp, fmt.Errorf("%w:进度记到位置 %d,日志 %s 只到 %d", ErrOtherLog, cp.position, identity, end)
	}
	if err := r.record(ctx, on.Name, ""); err != nil {
		return cp, err
	}
	return cp, nil
}

// move stores that everything up to a position is dealt with. It compares first:
// who has lost the lock without noticing finds the checkpoint elsewhere.
func (r *Runner) move(ctx context.Context, cp checkpoint, to eventstore.Position) (checkpoint, error) {
	tag, err := r.pool.Exec(ctx, `
update hearth.reaction set position = @position, changed_at = now()
 where name = @name and log = @log and position = @was`,
		pgx.StrictNamedArgs{"name": cp.name, "log": cp.log, "was": cp.position, "position": to})
	if err != nil {
		return cp, fmt.Errorf("move the checkpoint of %s: %w", cp.name, err)
	}
	if tag.RowsAffected() == 0 {
		return cp, errOvertaken
	}
	cp.position = to
	return cp, nil
}

// record stores what stopped a reaction, empty for nothing.
func (r *Runner) record(ctx context.Context, name, problem string) error {
	_, err := r.pool.Exec(ctx, `
update hearth.reaction set problem = nullif($2, ''), changed_at = now()
 where name = $1 and problem is distinct from nullif($2, '')`, name, problem)
	if err != nil {
		return fmt.Errorf("record the problem of %s: %w", name, err)
	}
	return nil
}

// lock is the right to work on a reaction. It belongs to a connection of its own
// and ends with it.
type lock struct {
	*postgres.Session
	name string
}

// connect takes a connection out of the pool for good.
func (r *Runner) connect(ctx context.Context, name string) (*lock, error) {
	session, err := postgres.NewSession(ctx, r.pool, "hearth reaction "+name, "")
	if err != nil {
		return nil, err
	}
	return &lock{session, name}, nil
}

// try asks for the right.
func (l *lock) try(ctx context.Context) (mine bool, err error) {
	return l.TryLock(ctx, "hearth reaction "+l.name)
}

// beat makes sure again and again that the connection is there, until ctx ends
// or it is not.
func (l *lock) beat(ctx context.Context, every time.Duration, lose context.CancelCauseFunc) {
	for sleep(ctx, every) {
		err := l.Ping(ctx)
		if err != nil {
			lose(errLockLost)
			return
		}
	}
}

package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Session is a connection of its own, taken out of the pool for good. Locks that
// it takes last as long as it does: who has lost the lock cannot write any more.
type Session struct{ Conn *pgx.Conn }

// closeLimit bounds the end of a session and each look whether it is there.
const closeLimit = 5 * time.Second

// NewSession takes a connection, names it in pg_stat_activity and gives it
// settings, a list of "set …;" that may be empty.
func NewSession(ctx context.Context, pool *pgxpool.Pool, name, settings string) (*Session, error) {
	pooled, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &Session{pooled.Hijack()}
	if _, err = s.Conn.Exec(ctx, settings); err == nil {
		_, err = s.Conn.Exec(ctx, "select set_config('application_name', $1, false)", name)
	}
	if err != nil {
		s.Close(ctx)
		return nil, fmt.Errorf("connect: %w", err)
	}
	return s, nil
}

// Close gives back the connection and with it the locks. A statement that was
// broken off is cancelled on the server before it returns.
func (s *Session) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if !s.Conn.IsClosed() {
		_, _ = s.Conn.Exec(ctx, "select pg_advisory_unlock_all()") // the server notices the end a moment later
	}
	_ = s.Conn.Close(ctx) // a connection that cannot be closed is gone already
	select {
	case <-s.Conn.PgConn().CleanupDone():
	case <-ctx.Done():
	}
}

// Ping makes sure that the connection, and so each lock, is still there.
func (s *Session) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	if err := s.Conn.Ping(ctx); err != nil {
		return fmt.Errorf("lost the connection: %w", err)
	}
	return nil
}

// LockKey is the number of the advisory lock of a name, in SQL, where $1 is the
// name.
const LockKey = "hashtextextended($1, 0)"

// TryLock takes the lock of a name for as long as the session lasts, unless
// another has it.
func (s *Session) TryLock(ctx context.Context, name string) (bool, error) {
	var mine bool
	if err := s.Conn.QueryRow(ctx, "select pg_try_advisory_lock("+LockKey+")", name).Scan(&mine); err != nil {
		return false, fmt.Errorf("lock %s: %w", name, err)
	}
	return mine, nil
}

// Unlock gives back one lock.
func (s *Session) Unlock(ctx context.Context, name string) error {
	if _, err := s.Conn.Exec(ctx, "select pg_advisory_unlock("+LockKey+")", name); err != nil {
		return fmt.Errorf("unlock %s: %w", name, err)
	}
	return nil
}

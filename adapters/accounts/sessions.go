package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/ticket"
)

// Sessions keeps the sessions of pages; it is an scs.CtxStore. (The library's
// own store for pgx wants its table on the search path, drops the context and
// needs a goroutine to sweep; here every sign-in sweeps.) A session holds what its
// user searched for, so the data are sealed under its token, which the database
// does not know.
type Sessions struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewSessions makes the store over a migrated database.
func NewSessions(pool *pgxpool.Pool, now func() time.Time) *Sessions {
	return &Sessions{pool: pool, now: now}
}

// FindCtx is the data of a session that has not expired.
func (s *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var sealed []byte
	err := s.pool.QueryRow(ctx, "select data from hearth.session where ref = $1 and expires > $2", ticket.Ref(token), s.now()).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read session: %w", err)
	}
	data, ok := ticket.Open(token, sealed)
	return data, ok, nil
}

// CommitCtx stores a session until it expires. One that was ended stays so: a
// request that was still under way when its user signed out does not bring it
// back.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	_, err := s.pool.Exec(ctx, `
		insert into hearth.session (ref, data, expires) values ($1, $2, $3)
		on conflict (ref) do update set data = excluded.data, expires = excluded.expires where session.data <> ''`, ticket.Ref(token), ticket.Seal(token, data), expires)
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session: what is left until it would have expired is that it
// has ended.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.pool.Exec(ctx, "update hearth.session set data = '' where ref = $1", ticket.Ref(token)); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// Find is FindCtx for callers without a context; scs wants it and never calls it.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for callers without a context; scs wants it and never calls it.
func (s *Sessions) Commit(token string, data []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx for callers without a context; scs wants it and never calls it.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

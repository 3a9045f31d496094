package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
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

// FindCtx is the data of a session that has neither ended nor expired.
func (s *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var sealed []byte
	err := s.pool.QueryRow(ctx, "select data from hearth.session where ref = $1 and expires > $2 and ended_at is null", ticket.Ref(token), s.now()).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read session: %w", err)
	}
	data, ok := ticket.Open(token, sealed)
	return data, ok, nil
}

// CommitCtx stores a session until it expires. One that has ended meanwhile stays
// ended: the answer that brings it was under way.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	_, err := s.pool.Exec(ctx, `
		insert into hearth.session as s (ref, data, expires) values ($1, $2, $3)
		on conflict (ref) do update set data = excluded.data, expires = excluded.expires, seen = case when s.account is not null then $4::timestamptz end
		where s.ended_at is null`, ticket.Ref(token), ticket.Seal(token, data), expires, s.now().Truncate(time.Minute))
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	return end(ctx, s.pool, token, s.now())
}

// end leaves the row of somebody's session until it would have expired, without
// its data, so that nothing that is under way brings it back.
func end(ctx context.Context, pool *pgxpool.Pool, token string, now time.Time) error {
	batch := &pgx.Batch{}
	batch.Queue("delete from hearth.session where ref = $1 and account is null", ticket.Ref(token))
	batch.Queue("update hearth.session set ended_at = coalesce(ended_at, $2), data = '' where ref = $1", ticket.Ref(token), now)
	if err := pool.SendBatch(ctx, batch).Close(); err != nil {
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

var sessionSpace = uuid.NewSHA1(uuid.NameSpaceOID, []byte("hearth session"))

// SessionID tells one session from another, in events and on pages. It does not
// lead back to the token.
func SessionID(token string) string {
	return uuid.NewSHA1(sessionSpace, ticket.Ref(token)).String()
}

// Session is a session of a user as they or an administrator look at it.
type Session struct {
	ID      string
	Began   time.Time
	Seen    time.Time // to the minute
	Browser string    // coarse words
}

// SessionsOf are the sessions of a user that have neither ended nor expired, the
// last seen first.
func (a *Accounts) SessionsOf(ctx context.Context, id string) ([]Session, error) {
	if uuid.Validate(id) != nil {
		return nil, ErrNotFound
	}
	rows, err := a.Pool.Query(ctx, `select id::text, began, seen, browser from hearth.session
		where account = $1 and ended_at is null and expires > $2 order by seen desc, began desc, id`, id, a.now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowToStructByName[Session])
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}

func (a *Accounts) endSession(ctx context.Context, token string) error {
	return end(ctx, a.Pool, token, a.now())
}

// BrowserFamily is what a browser is, in words that tell a user their sessions
// apart and nobody else much.
func BrowserFamily(agent string) string {
	return firstOf(agent, "未知浏览器", "MicroMessenger", "微信", "Edg", "Edge", "QQBrowser", "QQ浏览器", "Firefox", "Firefox", "Chrome", "Chrome", "Safari", "Safari") +
		" · " + firstOf(agent, "其他设备", "HarmonyOS", "鸿蒙", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS", "macOS", "Linux", "Linux")
}

// firstOf is the name behind the first mark that occurs in a text.
func firstOf(text, none string, marksAndNames ...string) string {
	for i := 0; i+1 < len(marksAndNames); i += 2 {
		if strings.Contains(text, marksAndNames[i]) {
			return marksAndNames[i+1]
		}
	}
	return none
}

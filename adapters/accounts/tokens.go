package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
)

// Scope is what a token may be used for.
type Scope string

// The scopes.
const (
	ScopeComplaintsRead  Scope = "complaints:read"  // look at complaints
	ScopeComplaintsWrite Scope = "complaints:write" // issue commands on complaints
	ScopeIntake          Scope = "intake"           // register complaints, look up a caller
	ScopePeopleRead      Scope = "people:read"      // find persons and look at their files, masked
	ScopePeopleWrite     Scope = "people:write"     // issue commands on persons and households
	ScopeReveal          Scope = "reveal"           // have personal fields shown, each with a reason
)

// Scopes is every scope.
func Scopes() []Scope {
	return []Scope{ScopeComplaintsRead, ScopeComplaintsWrite, ScopeIntake, ScopeReveal, ScopePeopleRead, ScopePeopleWrite}
}

// Token is a key for a program that acts for its owner. The key itself is known
// only to who made it.
type Token struct {
	ID        string
	Owner     string
	Label     string
	Scopes    []Scope
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
	RevokedAt time.Time
}

// Allows reports whether the token may be used for a scope.
func (t Token) Allows(s Scope) bool { return slices.Contains(t.Scopes, s) }

const (
	tokenPrefix  = "hearth_"
	longestToken = 366 * 24 * time.Hour
	tokenColumns = `id::text, account::text as owner, label, scopes, created_at, expires_at, used_at, revoked_at`
)

// CreateToken makes a token for a user and returns its key, which cannot be
// shown again.
func (a *Accounts) CreateToken(ctx context.Context, owner, label string, scopes []Scope, expires time.Time) (Token, string, error) {
	u, err := a.Get(ctx, owner)
	if err != nil {
		return Token{}, "", err
	}
	if err := a.checkToken(u, label, scopes, expires); err != nil {
		return Token{}, "", err
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	key := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	id, err := uuid.NewRandom()
	if err != nil {
		return Token{}, "", fmt.Errorf("create token: %w", err)
	}
	rows, err := a.pool.Query(ctx, `
		insert into hearth.api_token (id, hash, account, label, scopes, created_at, expires_at)
		values (@id, @hash, @account, @label, @scopes, @now, @expires)
		returning `+tokenColumns, pgx.StrictNamedArgs{
		"id": id.String(), "hash": hashKey(key), "account": owner, "label": strings.TrimSpace(label), "scopes": scopes,
		"now": a.now(), "expires": expires,
	})
	if err != nil {
		return Token{}, "", fmt.Errorf("create token: %w", err)
	}
	tok, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Token])
	if err != nil {
		return Token{}, "", fmt.Errorf("create token: %w", err)
	}
	return tok, key, nil
}

func (a *Accounts) checkToken(u User, label string, scopes []Scope, expires time.Time) error {
	switch life := expires.Sub(a.now()); {
	case u.Disabled:
		return domain.Reject("account_disabled", "账号已停用,不能建立令牌。")
	case strings.TrimSpace(label) == "":
		return domain.Reject("label_missing", "请写明令牌给哪个程序用。")
	case len(scopes) == 0:
		return domain.Reject("scopes_missing", "请至少选择一项用途:%s。", joined(Scopes()))
	case life <= 0 || life > longestToken:
		return domain.Reject("bad_expiry", "有效期须在今天之后、一年之内。")
	case slices.ContainsFunc(u.Roles, Administrative):
		return domain.Reject("admin_token", "管理账号看不到案件,不能建立令牌,请用业务账号。")
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return domain.Reject("scope_unknown", "没有“%s”这项用途,请选择:%s。", string(s), joined(Scopes()))
		}
	}
	return nil
}

func joined(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, "、")
}

func hashKey(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// CheckToken is the token and the user of a key. One that is unknown, expired,
// revoked or of a disabled account is ErrNotFound: the caller learns nothing.
func (a *Accounts) CheckToken(ctx context.Context, key string) (Token, User, error) {
	if !strings.HasPrefix(key, tokenPrefix) || len(key) > 100 {
		return Token{}, User{}, ErrNotFound
	}
	rows, err := a.pool.Query(ctx, "select "+tokenColumns+` from hearth.api_token
		where hash = @hash and revoked_at is null and expires_at > @now`,
		pgx.StrictNamedArgs{"hash": hashKey(key), "now": a.now()})
	if err != nil {
		return Token{}, User{}, fmt.Errorf("check token: %w", err)
	}
	tok, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Token])
	if errors.Is(err, pgx.ErrNoRows) {
		return Token{}, User{}, ErrNotFound
	}
	if err != nil {
		return Token{}, User{}, fmt.Errorf("check token: %w", err)
	}
	u, err := a.Get(ctx, tok.Owner)
	if err != nil {
		return Token{}, User{}, err
	}
	if u.Disabled {
		return Token{}, User{}, ErrNotFound
	}
	return tok, u, a.used(ctx, tok)
}

// used notes the last use, to the minute: a busy program must not write a row
// with each of its requests.
func (a *Accounts) used(ctx context.Context, t Token) error {
	if a.now().Sub(t.UsedAt) < time.Minute {
		return nil
	}
	if _, err := a.pool.Exec(ctx, "update hearth.api_token set used_at = $1 where id = $2", a.now(), t.ID); err != nil {
		return fmt.Errorf("note use of token: %w", err)
	}
	return nil
}

// Tokens is all tokens of a user, or of all users when owner is empty, the
// newest first.
func (a *Accounts) Tokens(ctx context.Context, owner string) ([]Token, error) {
	rows, err := a.pool.Query(ctx, "select "+tokenColumns+` from hearth.api_token
		where @owner = '' or account::text = @owner order by created_at desc, id`, pgx.StrictNamedArgs{"owner": owner})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	tokens, err := pgx.CollectRows(rows, pgx.RowToStructByName[Token])
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// Revoke ends a token. One that has ended already stays as it is.
func (a *Accounts) Revoke(ctx context.Context, id string) error {
	if uuid.Validate(id) != nil {
		return ErrNotFound
	}
	tag, err := a.pool.Exec(ctx, "update hearth.api_token set revoked_at = coalesce(revoked_at, $1) where id = $2", a.now(), id)
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return nil
}

package accounts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain/user"
)

// Scope is what a token may be used for.
type Scope = user.Scope

// The scopes.
const (
	ScopeComplaintsRead  = user.ScopeComplaintsRead
	ScopeComplaintsWrite = user.ScopeComplaintsWrite
	ScopeIntake          = user.ScopeIntake
)

// Scopes is every scope.
func Scopes() []Scope { return user.Scopes().All() }

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
	Revoked   bool
}

// Allows reports whether the token may be used for a scope.
func (t Token) Allows(s Scope) bool { return slices.Contains(t.Scopes, s) }

const tokenPrefix = "hearth_"

// NewToken is what CreateToken needs to know.
type NewToken struct {
	Label   string
	Scopes  []Scope
	Expires time.Time
}

// CreateToken makes a token for a user and returns its key, which cannot be
// shown again.
func (a *Accounts) CreateToken(ctx context.Context, owner string, n NewToken, r Request) (Token, string, error) {
	acc, err := a.byID(ctx, owner)
	if err != nil {
		return Token{}, "", err
	}
	cmd := &user.IssueToken{ID: uuid.NewString(), Label: n.Label, Scopes: n.Scopes, Expires: n.Expires.UTC().Truncate(time.Microsecond)}
	key := tokenPrefix + newSecret()
	// The hash comes first; without the event that names its id it opens nothing.
	_, err = a.Pool.Exec(ctx, "insert into hearth.api_token (id, hash, account, created_at) values (@id, @hash, @account, @now)",
		pgx.StrictNamedArgs{"id": cmd.ID, "hash": hashKey(key), "account": owner, "now": a.now()})
	if err != nil {
		return Token{}, "", fmt.Errorf("create token: %w", err)
	}
	if err := a.single(ctx, acc.ID, cmd, r); err != nil {
		return Token{}, "", err
	}
	tokens, err := a.Tokens(ctx, owner)
	i := slices.IndexFunc(tokens, func(t Token) bool { return t.ID == cmd.ID })
	if err != nil || i < 0 {
		return Token{}, "", err
	}
	return tokens[i], key, nil
}

func hashKey(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// tokenRow is what stands beside the events about a token.
type tokenRow struct {
	ID        string
	Owner     string
	CreatedAt time.Time
	UsedAt    *time.Time
}

const tokenColumns = `id::text, account::text as owner, created_at, used_at`

func (r tokenRow) token(t user.Token) Token {
	token := Token{ID: r.ID, Owner: r.Owner, Label: t.Label, Scopes: t.Scopes, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: t.Expires, Revoked: t.Revoked}
	if r.UsedAt != nil {
		token.UsedAt = *r.UsedAt
	}
	return token
}

// CheckToken is the token and the user of a key. One that is unknown, expired,
// revoked or of a disabled account is ErrNotFound: the caller learns nothing. What
// the program may do is what the user may do now.
func (a *Accounts) CheckToken(ctx context.Context, key string) (Token, User, error) {
	if !strings.HasPrefix(key, tokenPrefix) || len(key) > 100 {
		return Token{}, User{}, ErrNotFound
	}
	rows, err := a.Pool.Query(ctx, "select "+tokenColumns+" from hearth.api_token where hash = $1", hashKey(key))
	if err != nil {
		return Token{}, User{}, fmt.Errorf("check token: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[tokenRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return Token{}, User{}, ErrNotFound
	}
	if err != nil {
		return Token{}, User{}, fmt.Errorf("check token: %w", err)
	}
	acc, err := a.byID(ctx, row.Owner)
	if err != nil {
		return Token{}, User{}, err
	}
	i := slices.IndexFunc(acc.state.Tokens, func(t user.Token) bool { return t.ID == row.ID })
	if i < 0 || acc.state.Disabled || acc.state.Tokens[i].Revoked || !acc.state.Tokens[i].Expires.After(a.now()) {
		return Token{}, User{}, ErrNotFound
	}
	u, err := a.user(ctx, acc)
	if err != nil {
		return Token{}, User{}, err
	}
	token := row.token(acc.state.Tokens[i])
	return token, u, a.used(ctx, token)
}

// used notes the last use, to the minute: a busy program must not write a row
// with each of its requests.
func (a *Accounts) used(ctx context.Context, t Token) error {
	if a.now().Sub(t.UsedAt) < time.Minute {
		return nil
	}
	if _, err := a.Pool.Exec(ctx, "update hearth.api_token set used_at = $1 where id = $2", a.now(), t.ID); err != nil {
		return fmt.Errorf("note use of token: %w", err)
	}
	return nil
}

// Tokens is all tokens of a user, or of all users when owner is empty, the
// newest first.
func (a *Accounts) Tokens(ctx context.Context, owner string) ([]Token, error) {
	accounts, err := a.find(ctx, "(@owner = '' or id::text = @owner)", pgx.StrictNamedArgs{"owner": owner})
	if err != nil {
		return nil, err
	}
	known := map[string]user.Token{}
	for _, acc := range accounts {
		for _, t := range acc.state.Tokens {
			known[t.ID] = t
		}
	}
	rows, err := a.Pool.Query(ctx, "select "+tokenColumns+` from hearth.api_token
		where @owner = '' or account::text = @owner order by created_at desc, id`, pgx.StrictNamedArgs{"owner": owner})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[tokenRow])
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	var tokens []Token
	for _, r := range found {
		if t, issued := known[r.ID]; issued {
			tokens = append(tokens, r.token(t))
		}
	}
	return tokens, nil
}

// Revoke ends a token. One that has ended already stays as it is.
func (a *Accounts) Revoke(ctx context.Context, id string, r Request) error {
	if uuid.Validate(id) != nil {
		return ErrNotFound
	}
	var owner string
	err := a.Pool.QueryRow(ctx, "select account::text from hearth.api_token where id = $1", id).Scan(&owner)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return a.single(ctx, owner, &user.RevokeToken{ID: id}, r)
}

package accounts

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/domain/orgunit"
)

// ErrNotFound says that there is no such account or token.
var ErrNotFound = errors.New("accounts: not found")

// User is somebody who may sign in. ID is random and says nothing about the
// person; it is what events hold. Generation rises when all sessions are to end.
type User struct {
	ID         string
	Login      string
	Name       string
	Org        string
	OrgName    string
	Roles      []domain.Role
	Disabled   bool
	Generation int
	CreatedAt  time.Time
}

// Has reports whether the user holds one of the roles.
func (u User) Has(roles ...domain.Role) bool {
	return slices.ContainsFunc(roles, func(r domain.Role) bool { return slices.Contains(u.Roles, r) })
}

// Actor is the user acting: as the first of the given roles that the user
// holds, else as the user's own first role.
func (u User) Actor(as ...domain.Role) domain.Actor {
	role := domain.Role("")
	if len(u.Roles) > 0 {
		role = u.Roles[0]
	}
	for _, r := range as {
		if u.Has(r) {
			role = r
			break
		}
	}
	return domain.Actor{ID: u.ID, Org: u.Org, Role: role}
}

// hashing is OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is the hash of a password that nobody has; comparing with it makes an
// unknown login cost what a known one does.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Accounts is the store of users, sessions and tokens. Safe for concurrent use.
type Accounts struct {
	pool *pgxpool.Pool
	now  func() time.Time
	// work bounds how many passwords are hashed at once, so that a flood of
	// tries costs neither the memory nor the processors that others need.
	work chan struct{}
}

// New makes the store over a migrated database.
func New(pool *pgxpool.Pool, now func() time.Time) *Accounts {
	return &Accounts{pool: pool, now: now, work: make(chan struct{}, 2)}
}

const userColumns = `id::text, login, name, org, roles, disabled, generation, created_at`

type userRow struct {
	ID         string
	Login      string
	Name       string
	Org        string
	Roles      []domain.Role
	Disabled   bool
	Generation int
	CreatedAt  time.Time
}

func (r userRow) user() User {
	return User{
		ID: r.ID, Login: r.Login, Name: r.Name, Org: r.Org, OrgName: orgunit.Name(r.Org), Roles: r.Roles,
		Disabled: r.Disabled, Generation: r.Generation, CreatedAt: r.CreatedAt,
	}
}

var loginForm = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,31}$`)

// NewUser is what Create needs to know.
type NewUser struct {
	Login    string
	Name     string
	Org      string
	Roles    []domain.Role
	Password string
}

// Create makes an account. A login that is taken, roles that exclude one
// another and a weak password are rejected.
func (a *Accounts) Create(ctx context.Context, n NewUser) (User, error) {
	n.Login = strings.ToLower(strings.TrimSpace(n.Login))
	n.Name = strings.TrimSpace(n.Name)
	switch _, known := orgunit.Find(n.Org); {
	case !loginForm.MatchString(n.Login):
		return User{}, domain.Reject("bad_login", "登录名“%s”不能用,请用2到32个小写字母、数字、点、横线,以字母开头。", n.Login)
	case n.Name == "":
		return User{}, domain.Reject("name_missing", "请填写姓名。")
	case !known:
		return User{}, domain.Reject("org_unknown", "没有代码为“%s”的单位。", n.Org)
	}
	if err := CheckRoles(n.Roles); err != nil {
		return User{}, err
	}
	if err := CheckPassword(n.Login, n.Password); err != nil {
		return User{}, err
	}
	return a.insert(ctx, n)
}

func (a *Accounts) insert(ctx context.Context, n NewUser) (User, error) {
	hash, err := a.hash(ctx, n.Password)
	if err != nil {
		return User{}, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return User{}, fmt.Errorf("create account: %w", err)
	}
	rows, err := a.pool.Query(ctx, `
		insert into hearth.account (id, login, name, org, roles, password, created_at)
		values (@id, @login, @name, @org, @roles, @password, @now)
		returning `+userColumns, pgx.StrictNamedArgs{
		"id": id.String(), "login": n.Login, "name": n.Name, "org": n.Org, "roles": n.Roles, "password": hash, "now": a.now(),
	})
	if err != nil {
		return User{}, fmt.Errorf("create account: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[userRow])
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "23505" {
		return User{}, domain.Reject("login_taken", "登录名“%s”已经有人用了,请换一个。", n.Login)
	}
	if err != nil {
		return User{}, fmt.Errorf("create account: %w", err)
	}
	return row.user(), nil
}

// SetPassword changes the password and ends all sessions of the user.
func (a *Accounts) SetPassword(ctx context.Context, id, password string) error {
	u, err := a.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := CheckPassword(u.Login, password); err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.change(ctx, id, "password = @value", hash)
}

// SetRoles changes what the user may do, from the next request on.
func (a *Accounts) SetRoles(ctx context.Context, id string, roles []domain.Role) error {
	if err := CheckRoles(roles); err != nil {
		return err
	}
	return a.change(ctx, id, "roles = @value", roles)
}

// Disable shuts the account, ends its sessions and stops its tokens; an account
// is never deleted, for events name it.
func (a *Accounts) Disable(ctx context.Context, id string) error {
	return a.change(ctx, id, "disabled = @value", true)
}

// Enable opens a disabled account again.
func (a *Accounts) Enable(ctx context.Context, id string) error {
	return a.change(ctx, id, "disabled = @value", false)
}

func (a *Accounts) change(ctx context.Context, id, set string, value any) error {
	if uuid.Validate(id) != nil {
		return ErrNotFound
	}
	tag, err := a.pool.Exec(ctx, "update hearth.account set "+set+", generation = generation + 1 where id = @id",
		pgx.StrictNamedArgs{"id": id, "value": value})
	if err != nil {
		return fmt.Errorf("change account: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return nil
}

// Get is the user of an id, disabled or not.
func (a *Accounts) Get(ctx context.Context, id string) (User, error) {
	if uuid.Validate(id) != nil {
		return User{}, ErrNotFound
	}
	return a.one(ctx, "id = @key", id)
}

// ByLogin is the user of a login, disabled or not.
func (a *Accounts) ByLogin(ctx context.Context, login string) (User, error) {
	return a.one(ctx, "login = @key", strings.ToLower(strings.TrimSpace(login)))
}

func (a *Accounts) one(ctx context.Context, where, key string) (User, error) {
	rows, err := a.pool.Query(ctx, "select "+userColumns+" from hearth.account where "+where, pgx.StrictNamedArgs{"key": key})
	if err != nil {
		return User{}, fmt.Errorf("read account: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[userRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("read account: %w", err)
	}
	return row.user(), nil
}

// List is all users, by unit and login.
func (a *Accounts) List(ctx context.Context) ([]User, error) {
	rows, err := a.pool.Query(ctx, "select "+userColumns+" from hearth.account order by org, login")
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[userRow])
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	users := make([]User, len(found))
	for i, row := range found {
		users[i] = row.user()
	}
	return users, nil
}

// hash makes the stored form of a password, waiting for its turn.
func (a *Accounts) hash(ctx context.Context, password string) (string, error) {
	done, err := a.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	hash, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

func (a *Accounts) turn(ctx context.Context) (func(), error) {
	select {
	case a.work <- struct{}{}:
		return func() { <-a.work }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to check a password: %w", ctx.Err())
	}
}

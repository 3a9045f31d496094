package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
	"hearth/projections"
)

// auditors are the roles whose own reads only they see.
var auditors = []domain.Role{domain.RoleDiscipline, domain.RoleFinanceAuditor, domain.RoleAuditAdmin}

// Reader is who asks, by the roles that they hold.
type Reader struct{ auditor bool }

// ReaderOf is the reader who holds these roles.
func ReaderOf(roles ...domain.Role) Reader {
	return Reader{slices.ContainsFunc(roles, func(r domain.Role) bool { return slices.Contains(auditors, r) })}
}

// Auditor reports whether the reader sees what auditors looked at.
func (r Reader) Auditor() bool { return r.auditor }

// Queries reads the model.
type Queries struct {
	pool  *pgxpool.Pool
	vault projections.Opener
}

// NewQueries reads through pool and opens texts with v.
func NewQueries(pool *pgxpool.Pool, v projections.Opener) Queries { return Queries{pool, v} }

// hidden leaves out what auditors looked at for everybody else.
const hidden = ` and (@auditor or role <> all (@auditors::text[]))`

// On is who looked at a case or another thing, the latest first.
func (q Queries) On(ctx context.Context, r Reader, family, id string, limit int) ([]Look, error) {
	return q.read(ctx, `object_id = @id and object_id <> '' and family = @family`+hidden, r, limit, pgx.StrictNamedArgs{"id": id, "family": family})
}

// Person is who was shown a person's fields, the latest first.
func (q Queries) Person(ctx context.Context, r Reader, person uuid.UUID, limit int) ([]Look, error) {
	return q.read(ctx, `person = @person and kind = 'revealed'`+hidden, r, limit, pgx.StrictNamedArgs{"person": person})
}

// User is what a user looked at, the latest first: for the user, and for auditors.
func (q Queries) User(ctx context.Context, user string, limit int) ([]Look, error) {
	return q.read(ctx, `user_id = @user`+hidden, Reader{auditor: true}, limit, pgx.StrictNamedArgs{"user": user})
}

// Count is how many rows On has in all.
func (q Queries) Count(ctx context.Context, r Reader, family, id string) (n int, err error) {
	err = q.pool.QueryRow(ctx, `select count(*)::int from `+schema+`.look where object_id = @id and object_id <> '' and family = @family`+hidden,
		r.args(pgx.StrictNamedArgs{"id": id, "family": family})).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count who looked: %w", err)
	}
	return n, nil
}

func (r Reader) args(args pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	args["auditor"], args["auditors"] = r.auditor, auditors
	return args
}

func (q Queries) read(ctx context.Context, where string, r Reader, limit int, args pgx.StrictNamedArgs) ([]Look, error) {
	args["limit"] = limit
	rows, _ := q.pool.Query(ctx, `select * from `+schema+`.look where `+where+` order by at desc, position desc, idx desc, item desc limit @limit`, r.args(args)) // CollectRows returns the error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Look])
	if err != nil {
		return nil, fmt.Errorf("read who looked: %w", err)
	}
	cells := make([]projections.Cell, len(found))
	for i := range found {
		cells[i] = found[i].text()
	}
	if err := projections.Show(ctx, q.vault, cells); err != nil {
		return nil, fmt.Errorf("read who looked: %w", err)
	}
	return found, nil
}

package orgs

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain"
)

// ErrNotFound says that there is no such unit on the date.
var ErrNotFound = errors.New("orgs: no such unit")

// Queries reads the model.
type Queries struct{ pool *pgxpool.Pool }

// NewQueries reads through pool.
func NewQueries(pool *pgxpool.Pool) Queries { return Queries{pool} }

// asOf is the predicate on place p that holds on a date.
const asOf = `p.valid_from <= @on and @on < p.valid_until`

// byPath puts each unit behind the one above it.
const byPath = ` order by p.path`

// On is a unit as of a date.
func (q Queries) On(ctx context.Context, code string, on domain.Date) (Place, error) {
	found, err := q.collect(ctx, `p.code = @code and not p.dissolved and `+asOf, pgx.StrictNamedArgs{"code": code, "on": on})
	if err == nil && len(found) == 0 {
		return Place{}, ErrNotFound
	}
	if err != nil {
		return Place{}, err
	}
	return found[0], nil
}

// Below is a unit and all below it as of a date, each behind the one above it.
func (q Queries) Below(ctx context.Context, code string, on domain.Date) ([]Place, error) {
	top, err := q.On(ctx, code, on)
	if err != nil {
		return nil, err
	}
	return q.collect(ctx, `starts_with(p.path, @path) and `+asOf+byPath, pgx.StrictNamedArgs{"path": top.Path, "on": on})
}

// All are the units as of a date, each behind the one above it.
func (q Queries) All(ctx context.Context, on domain.Date) ([]Place, error) {
	return q.collect(ctx, `not p.dissolved and `+asOf+byPath, pgx.StrictNamedArgs{"on": on})
}

// History is what a unit was and where it stood, oldest first.
func (q Queries) History(ctx context.Context, code string) ([]Place, error) {
	return q.collect(ctx, `p.code = @code order by p.valid_from`, pgx.StrictNamedArgs{"code": code})
}

func (q Queries) collect(ctx context.Context, where string, args pgx.StrictNamedArgs) ([]Place, error) {
	rows, _ := q.pool.Query(ctx, `select `+columns+` from `+schema+`.place p where `+where, args)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Place])
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	return found, nil
}

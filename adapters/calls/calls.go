// Package calls hands the number of an announced call from the phone system to
// the operator's page, under a reference that says nothing and works once. So a
// number never stands in an address, and in the database only sealed under the
// reference.
package calls

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/ticket"
)

// lifetime is how long an announced call waits for the operator.
const lifetime = 15 * time.Minute

// Calls keeps announced calls. Safe for concurrent use.
type Calls struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// New makes the store over a migrated database.
func New(pool *pgxpool.Pool, now func() time.Time) *Calls { return &Calls{pool, now} }

// Announce keeps a number and returns the reference under which Take finds it.
// Calls that nobody took are swept away with it.
func (c *Calls) Announce(ctx context.Context, phone string) (string, error) {
	ref := rand.Text()
	now := c.now()
	err := pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "delete from hearth.announced_call where expires <= $1", now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "insert into hearth.announced_call (ref, sealed, expires) values ($1, $2, $3)",
			ticket.Ref(ref), ticket.Seal(ref, []byte(phone)), now.Add(lifetime))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("announce call: %w", err)
	}
	return ref, nil
}

// Take is the number of a call that was announced, once; found is false when it
// is unknown, taken, or too old.
func (c *Calls) Take(ctx context.Context, ref string) (phone string, found bool, err error) {
	var sealed []byte
	err = c.pool.QueryRow(ctx, "delete from hearth.announced_call where ref = $1 and expires > $2 returning sealed", ticket.Ref(ref), c.now()).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("take call: %w", err)
	}
	plain, ok := ticket.Open(ref, sealed)
	return string(plain), ok, nil
}

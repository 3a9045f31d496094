package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the tables that cannot be rebuilt up to this program's form,
// forward only. Instances that start together take turns; a database that is
// ahead of the program is left alone.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	// goose's own table is the first thing to be made, so the schema is not a
	// migration. Both statements are one transaction: instances take turns.
	_, err := pool.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('hearth schema', 0)); create schema if not exists hearth")
	if err != nil {
		return fmt.Errorf("migrate: make schema: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	turns, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120), lock.WithUnlockTimeout(1, 10))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(database.DialectPostgres, db, files,
		goose.WithSessionLocker(turns), goose.WithTableName("hearth.migration"))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

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
	return migrate(ctx, pool, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
}

// MigrateTo brings the tables to the form of a version, so that rows of that
// time can be loaded before Migrate brings them up with the tables.
func MigrateTo(ctx context.Context, pool *pgxpool.Pool, version int64) error {
	return migrate(ctx, pool, func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Version is that of the tables in a migrated database.
func Version(ctx context.Context, pool *pgxpool.Pool) (version int64, err error) {
	err = provide(pool, func(p *goose.Provider) error {
		version, err = p.GetDBVersion(ctx)
		return err
	})
	return version, err
}

// Latest is the version to which Migrate brings the tables.
func Latest() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("migrations: %d files: %w", len(names), err)
	}
	return goose.NumericComponent(names[len(names)-1])
}

func migrate(ctx context.Context, pool *pgxpool.Pool, up func(*goose.Provider) error) error {
	// goose's own table is the first thing to be made, so the schema is not a
	// migration. Both statements are one transaction: instances take turns.
	_, err := pool.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('hearth schema', 0)); create schema if not exists hearth")
	if err != nil {
		return fmt.Errorf("migrate: make schema: %w", err)
	}
	return provide(pool, up)
}

// provide lends goose the pool.
func provide(pool *pgxpool.Pool, use func(*goose.Provider) error) error {
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
	if err := use(provider); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

package onservice

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/bench/scoreboard/rig"
	"hearth/projections"
)

// equalsRebuild compares the tables of a stopped service, as they grew, with
// what a rebuild makes of the events.
func (s *site) equalsRebuild(ctx context.Context, res *rig.Result) error {
	grown, err := s.digests(ctx)
	if err != nil {
		return err
	}
	if _, err := s.env.Must(ctx, "", s.program, "rebuild", "--state", s.state); err != nil {
		return err
	}
	rebuilt, err := s.digests(ctx)
	if err != nil {
		return err
	}
	differ := 0
	for _, table := range slices.Sorted(maps.Keys(grown)) {
		if grown[table] != rebuilt[table] {
			differ++
			res.Problem("round %d: table %s: grown %d rows, rebuilt %d rows, not the same", res.Rounds, table, grown[table].Rows, rebuilt[table].Rows)
		}
	}
	if len(grown) == 0 || len(grown) != len(rebuilt) {
		res.Problem("round %d: %d tables grown, %d rebuilt", res.Rounds, len(grown), len(rebuilt))
	}
	res.Add("tables compared with a rebuild", len(grown))
	res.Add("tables that differ", differ)
	return nil
}

// digests are those of all tables of all models.
func (s *site) digests(ctx context.Context) (all map[string]projections.TableDigest, err error) {
	err = s.inDatabase(ctx, func(pool *pgxpool.Pool) error {
		all, err = digestsOf(ctx, pool)
		return err
	})
	return all, err
}

func digestsOf(ctx context.Context, pool *pgxpool.Pool) (map[string]projections.TableDigest, error) {
	schemas, err := modelSchemas(ctx, pool)
	if err != nil {
		return nil, err
	}
	all := map[string]projections.TableDigest{}
	for _, schema := range schemas {
		err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			tables, err := projections.Digest(ctx, tx, schema)
			for name, d := range tables {
				all[schema+"."+name] = d
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func modelSchemas(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, `select nspname from pg_namespace where nspname ~ '^[a-z]+_v[0-9]+$' order by 1`)
	if err != nil {
		return nil, fmt.Errorf("schemas of the models: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

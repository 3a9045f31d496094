package projections_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/localpg/pgtest"
	"hearth/projections"
)

// BenchmarkSave compares the ways to write rows of 20 columns with 4 indexes
// and a jsonb: half of them new, half known. It is why Table uses unnest.
func BenchmarkSave(b *testing.B) {
	columns := []string{
		"case_id", "case_no", "state", "employer", "county", "category", "risk", "owner_org", "owner", "persons",
		"owed_fen", "paid_fen", "events", "received_at", "changed_at", "closed_at", "due", "collective", "tags", "last",
	}
	values := func(r *deskRow) []any {
		return []any{
			r.Case, r.No, string(r.State), r.Employer, r.County, r.Category, r.Risk, r.OwnerOrg, r.Owner, r.Persons,
			r.Owed, r.Paid, r.Events, r.Received, r.Changed, r.Closed, r.Due, r.Collective, r.Tags, r.Last,
		}
	}
	var list, params, updates string
	for i, c := range columns {
		if i > 0 {
			list, params = list+", ", params+", "
			if i > 1 {
				updates += ", "
			}
			updates += c + " = excluded." + c
		}
		list, params = list+c, fmt.Sprintf("%s$%d", params, i+1)
	}
	upsert := " on conflict (case_id) do update set " + updates
	ways := map[string]func(ctx context.Context, tx pgx.Tx, rows []*deskRow) error{
		"unnest": func(ctx context.Context, tx pgx.Tx, rows []*deskRow) error {
			return deskRows.Save(ctx, tx, slices.Values(rows))
		},
		"batch": func(ctx context.Context, tx pgx.Tx, rows []*deskRow) error {
			batch := &pgx.Batch{}
			for _, r := range rows {
				batch.Queue("insert into row ("+list+") values ("+params+")"+upsert, values(r)...)
			}
			return tx.SendBatch(ctx, batch).Close()
		},
		"copy": func(ctx context.Context, tx pgx.Tx, rows []*deskRow) error {
			_, err := tx.Exec(ctx, "create temp table if not exists incoming (like row) on commit delete rows")
			if err != nil {
				return err
			}
			_, err = tx.CopyFrom(ctx, pgx.Identifier{"incoming"}, columns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
				return values(rows[i]), nil
			}))
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, "insert into row select * from incoming"+upsert)
			return err
		},
		"jsonb": func(ctx context.Context, tx pgx.Tx, rows []*deskRow) error {
			all := make([]map[string]any, len(rows))
			for i, r := range rows {
				all[i] = map[string]any{}
				for n, v := range values(r) {
					all[i][columns[n]] = v
				}
				if r.Closed.IsZero() {
					delete(all[i], "closed_at")
				}
				all[i]["owed_fen"], all[i]["paid_fen"] = int64(r.Owed), int64(r.Paid)
			}
			doc, err := json.Marshal(all)
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, "insert into row select * from jsonb_populate_recordset(null::desk_v1.row, $1)"+upsert, doc)
			return err
		},
	}
	for _, size := range []int{1, 20, 1000} {
		for _, name := range []string{"unnest", "batch", "copy", "jsonb"} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				pool := pgtest.Pool(b)
				make := func(tx pgx.Tx) error {
					if err := projections.MakeTables(b.Context(), tx, desk{}, "desk_v1"); err != nil {
						return err
					}
					return projections.MakeIndexes(b.Context(), tx, desk{}, "desk_v1")
				}
				must(b, pgx.BeginFunc(b.Context(), pool, make))
				conn, err := pool.Acquire(b.Context())
				must(b, err)
				defer conn.Release()
				next := 0
				for b.Loop() {
					rows := someRows(next-size/2, size)
					next += size - size/2
					must(b, pgx.BeginFunc(b.Context(), conn, func(tx pgx.Tx) error {
						if err := projections.UseSchema(b.Context(), tx, "desk_v1"); err != nil {
							return err
						}
						return ways[name](b.Context(), tx, rows)
					}))
				}
				b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// BenchmarkLoad reads rows of 20 columns by key from a table of 20,000.
func BenchmarkLoad(b *testing.B) {
	tx := begin(b)
	must(b, deskRows.Insert(b.Context(), tx, slices.Values(someRows(0, 20_000))))
	for _, size := range []int{1, 20, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			keys := make([]uuid.UUID, size)
			for i := range keys {
				keys[i] = caseID(i * 17)
			}
			for b.Loop() {
				rows, err := deskRows.Load(b.Context(), tx, keys)
				must(b, err)
				if len(rows) != size {
					b.Fatalf("%d rows", len(rows))
				}
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// someRows makes rows for the cases from a number on.
func someRows(from, n int) []*deskRow {
	rows := make([]*deskRow, n)
	for i := range rows {
		id := max(from+i, 0)
		if from+i < 0 {
			id = 1_000_000_000 - from - i
		}
		r := deskRows.New(caseID(id))
		ev := event(id, 0).(registered)
		r.No, r.Employer, r.County, r.Persons, r.Owed = ev.No, ev.Employer, ev.County, ev.Persons, ev.Owed
		r.State, r.Due, r.Tags, r.Received, r.Changed = "registered", ev.Due, ev.Tags, clerk.At, clerk.At
		r.Last = map[string]string{"text": "第1次联系"}
		rows[i] = r
	}
	return rows
}

package people_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"hearth/adapters/localpg/pgtest"

	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/people"
)

// someone is a batch of registrations.
func someone(at, n int) []eventstore.Recorded {
	batch := make([]eventstore.Recorded, n)
	for i := range batch {
		n := at + i
		batch[i] = eventstore.Recorded{
			Stream: stream(n), Version: 1, Position: eventstore.Position(n + 1), Meta: eventstore.Meta{By: by},
			Event: registered(nameOf(n), idNo(n), fmt.Sprintf("138%08d", n)),
		}
	}
	return batch
}

// idNo is a number with the right check digit.
func idNo(n int) string {
	digits := fmt.Sprintf("14050219%02d%02d%02d%03d", 60+n%40, 1+n/40%12, 1+n/480%28, n/13440%1000)
	sum := 0
	for i, d := range digits {
		weight := 1
		for range 17 - i {
			weight = weight * 2 % 11
		}
		sum += int(d-'0') * weight
	}
	return digits + string("10X98765432"[sum%11])
}

// inClearVault seals nothing, to see what sealing costs.
type inClearVault struct{ *vault.Vault }

func (inClearVault) Seal(_ context.Context, secrets []eventstore.Secret) error {
	for i := range secrets {
		secrets[i].Text = string(secrets[i].Plain)
	}
	return nil
}

// BenchmarkApply takes over registrations, as a rebuild does: sealed with keys that are
// in memory, and without sealing.
func BenchmarkApply(b *testing.B) {
	for name, with := range map[string]func(b *testing.B) people.Vault{
		"memory":  func(*testing.B) people.Vault { return vault.NewMemory() },
		"nothing": func(*testing.B) people.Vault { return inClearVault{vault.NewMemory()} },
	} {
		b.Run(name, func(b *testing.B) {
			pool, model := pgtest.Pool(b), people.New(with(b))
			err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
				return projections.MakeTables(b.Context(), tx, model, projections.Schema(model))
			})
			if err != nil {
				b.Fatal(err)
			}
			at := 0
			for b.Loop() {
				err = pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
					if err := projections.UseSchema(b.Context(), tx, projections.Schema(model)); err != nil {
						return err
					}
					return model.Apply(b.Context(), tx, someone(at, 2000))
				})
				if err != nil {
					b.Fatal(err)
				}
				at += 2000
			}
			b.ReportMetric(float64(at)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func nameOf(n int) string {
	surnames, given := []rune("王李张刘陈杨赵黄周吴单曾"), []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英")
	return string([]rune{surnames[n%len(surnames)], given[n/7%len(given)], given[n/31%len(given)]})
}

// BenchmarkLookups asks among 10,000 persons.
func BenchmarkLookups(b *testing.B) {
	pool, v := pgtest.Pool(b), vault.NewMemory()
	model := people.New(v)
	err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		if err := projections.MakeTables(b.Context(), tx, model, projections.Schema(model)); err != nil {
			return err
		}
		for at := 0; at < 10_000; at += 5000 {
			if err := model.Apply(b.Context(), tx, someone(at, 5000)); err != nil {
				return err
			}
		}
		return projections.MakeIndexes(b.Context(), tx, model, projections.Schema(model))
	})
	if err != nil {
		b.Fatal(err)
	}
	q := people.NewQueries(pool, v)
	ask := func(name string, question func() ([]people.Person, error)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if found, err := question(); err != nil || len(found) == 0 {
					b.Fatal(len(found), err)
				}
			}
		})
	}
	ask("phone", func() ([]people.Person, error) { return q.ByPhone(b.Context(), "13800007123") })
	ask("name", func() ([]people.Person, error) { return q.Suggest(b.Context(), nameOf(7123), 10) })
	ask("surname", func() ([]people.Person, error) { return q.Suggest(b.Context(), "王", 10) })
	ask("initials", func() ([]people.Person, error) { return q.Suggest(b.Context(), "zl", 10) })
}

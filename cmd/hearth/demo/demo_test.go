package demo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/cmd/hearth/demo"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/household"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
)

// setup is an empty register at a time, and the demo accounts.
func setup(now time.Time) (eventstore.Store, *casework.Service, []accounts.User) {
	store := memstore.New(eventstore.NewRegistry(complaint.Specs(), enterprise.Specs(), person.Specs(), household.Specs(), series.Specs(), calendar.Specs()).Protected(vault.NewMemory()))
	work := casework.New(eventstore.NewEngine(store, 1000), casework.Options{Now: func() time.Time { return now }, Prefix: "演示"})
	var users []accounts.User
	for i, u := range accounts.Demo() {
		users = append(users, accounts.User{ID: fmt.Sprintf("user-%d", i), Login: u.Login, Name: u.Name, Org: u.Org, Roles: u.Roles})
	}
	return store, work, users
}

// TestInterruptedLoadGoesOn compares a load that stops after every hundred steps,
// each time before the step was counted, with one that does not stop.
func TestInterruptedLoadGoesOn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	whole, work, users := setup(now)
	if err := demo.Load(t.Context(), work, users, now, 0, func(int, int) error { return nil }); err != nil {
		t.Fatal(err)
	}
	parts, work, users := setup(now)
	killed, done, next := errors.New("killed"), 0, 100
	for err := killed; err != nil; {
		err = demo.Load(t.Context(), work, users, now, done, func(n, _ int) error {
			if n >= next {
				next += 100
				return killed
			}
			done = n
			return nil
		})
		if err != nil && !errors.Is(err, killed) {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(events(t, whole), events(t, parts)); d != "" {
		t.Error(d)
	}
}

// events is every event of a log in short.
func events(t *testing.T, store eventstore.Store) (all []string) {
	t.Helper()
	for rec, err := range eventstore.After(t.Context(), store, 0) {
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(rec.Position, rec.Stream, rec.Version, rec.Type, rec.ID, string(text)))
	}
	return all
}

// TestEveryStoryCanBeTold loads the demo as on different days of the year:
// holidays and year ends must not break a story.
func TestEveryStoryCanBeTold(t *testing.T) {
	t.Parallel()
	for _, day := range []string{"2026-11-23", "2026-03-01", "2026-10-05", "2027-01-02"} {
		t.Run(day, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.DateOnly, day)
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(3 * time.Hour)
			store, work, users := setup(now)
			if err := demo.Load(t.Context(), work, users, now, 0, func(int, int) error { return nil }); err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			for rec, err := range eventstore.After(t.Context(), store, 0) {
				if err != nil {
					t.Fatal(err)
				}
				seen[rec.Type]++
				if rec.Meta.By.At.After(now) {
					t.Fatalf("%s is recorded in the future", rec.Type)
				}
			}
			for _, typ := range []string{
				"complaint.archived", "complaint.closed", "complaint.not_accepted", "complaint.transferred_out", "complaint.withdrawn",
				"complaint.payment_recorded", "complaint.callback_done", "complaint.clock_breached", "complaint.access_restricted", "complaint.risk_raised",
				"household.formed", "person.kin_of_staff_declared", "person.merged", "person.erasure_approved",
			} {
				if seen[typ] == 0 {
					t.Errorf("no %s in the demo", typ)
				}
			}
		})
	}
}

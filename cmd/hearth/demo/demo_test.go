package demo_test

import (
	"fmt"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/adapters/casework"
	"hearth/cmd/hearth/demo"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
)

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
			registry := eventstore.NewRegistry(complaint.Specs(), enterprise.Specs(), person.Specs(), series.Specs(), calendar.Specs())
			store := memstore.New(registry)
			work := casework.New(eventstore.NewEngine(store, 1000), casework.Options{Now: func() time.Time { return now }, Prefix: "演示"})
			var users []accounts.User
			for i, u := range accounts.Demo() {
				users = append(users, accounts.User{ID: fmt.Sprintf("user-%d", i), Login: u.Login, Name: u.Name, Org: u.Org, Roles: u.Roles})
			}
			if err := demo.Load(t.Context(), work, users, now, func(int, int) {}); err != nil {
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
			} {
				if seen[typ] == 0 {
					t.Errorf("no %s in the demo", typ)
				}
			}
		})
	}
}

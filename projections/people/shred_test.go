package people_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain/household"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/projections/people"
	"hearth/projections/projtest"
	"hearth/projections/text"
)

func TestShreddedPerson(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs()))
	log.Add(stream(1), by, registered("张三", "11010519491231002X", "13800001234"),
		person.BankCorrected{Bank: person.Bank{Account: "6222020000001234"}}, person.DeathNoted{Source: "relative", DiedOn: "2026-11-01"}).
		Add(stream(2), by, registered("张四", "", "13800001234")).
		Add(stream(1), by, person.ContactCorrected{Contact: person.Contact{Phone: "13911112222"}})
	live, rebuilt := projtest.Shredded(t, people.New(log.Vault()), log, []string{id(1).String()}, func() {
		log.Add(stream(1), by, person.KeyShredded{})
	})
	for name, pool := range map[string]*pgxpool.Pool{"live": live, "rebuilt": rebuilt} {
		q := people.NewQueries(pool, log.Vault())
		p, found, err := q.ByID(t.Context(), id(1))
		if err != nil || !found || p.Name != text.Shredded || p.Phone != text.Shredded || p.DiedOn != text.Shredded || p.DeathSource != "relative" || !p.HasBank || p.Standing != person.IsShredded {
			t.Errorf("%s: %+v, %v, %v", name, p, found, err)
		}
		for asked, ask := range map[string]func() ([]people.Person, error){
			"phone":      func() ([]people.Person, error) { return q.ByPhone(t.Context(), "13911112222") },
			"id no":      func() ([]people.Person, error) { return q.ByIDNo(t.Context(), "11010519491231002X") },
			"account":    func() ([]people.Person, error) { return q.ByAccount(t.Context(), "6222 0200 0000 1234") },
			"whole name": func() ([]people.Person, error) { return q.Find(t.Context(), "张三") },
			"name":       func() ([]people.Person, error) { return q.Suggest(t.Context(), "张三", 9) },
		} {
			if list, err := ask(); err != nil || len(list) != 0 {
				t.Errorf("%s: still found by %s: %v, %v", name, asked, list, err)
			}
		}
		if same, err := q.Duplicates(t.Context(), id(2)); err != nil || len(same) != 0 {
			t.Errorf("%s: still a duplicate: %v, %v", name, same, err)
		}
		if left, err := q.Suggest(t.Context(), "张", 9); err != nil || len(left) != 1 || left[0].Name != "张四" {
			t.Errorf("%s: the other is still found: %v, %v", name, left, err)
		}
		var n int
		if err := pool.QueryRow(t.Context(), `select count(*) from people_v3.person where id = $1
			and phone_blind is null and id_no_blind is null and account_blind is null and begins_blind = '{}'`, id(1)).Scan(&n); err != nil || n != 1 {
			t.Errorf("%s: blind columns are left: %d, %v", name, n, err)
		}
	}
}

func TestSuspendedPerson(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs()))
	log.Add(stream(1), by, registered("张三", "", "13800001234"))
	pool := projtest.Run(t, people.New(log.Vault()), log.Events())
	q := people.NewQueries(pool, log.Vault())
	if err := log.Vault().Suspend(t.Context(), 2, id(1).String()); err != nil {
		t.Fatal(err)
	}
	all, err := q.ByIDs(t.Context(), []uuid.UUID{id(1)})
	if err != nil || all[id(1)].Name != text.Suspended {
		t.Errorf("suspended: %+v, %v", all, err)
	}
	if list, err := q.Suggest(t.Context(), "张", 9); err != nil || len(list) != 0 {
		t.Errorf("suggested while suspended: %v, %v", list, err)
	}
	if err := log.Vault().Unsuspend(t.Context(), 3, id(1).String()); err != nil {
		t.Fatal(err)
	}
	if list, err := q.Suggest(t.Context(), "张", 9); err != nil || len(list) != 1 || list[0].Name != "张三" {
		t.Errorf("in use again: %v, %v", list, err)
	}
}

// TestBuiltWhileSuspended: who is in use again is found and read, though the model
// was built while he was suspended.
func TestBuiltWhileSuspended(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs(), household.Specs()))
	log.Add(stream(1), by, registered("张三", "11010519491231002X", "13800001234"), person.BankCorrected{Bank: person.Bank{Account: "6222020000001234"}}).
		Add(stream(1), by, person.DeathNoted{Source: "relative", DiedOn: "2026-11-01"}).
		Add(stream(2), by, registered("张四", "", "13800001234"))
	q := people.NewQueries(projtest.Suspended(t, people.New(log.Vault()), log, id(1).String()), log.Vault())
	if p, _, err := q.ByID(t.Context(), id(1)); err != nil || p.Name != text.Suspended || p.DiedOn != text.Suspended || p.Masked().Address != text.Suspended {
		t.Errorf("suspended: %+v, %v", p, err)
	}
	if err := log.Vault().Unsuspend(t.Context(), 1<<20, id(1).String()); err != nil {
		t.Fatal(err)
	}
	for _, asked := range []string{"张三", "138 0000 1234", "11010519491231002x", "6222020000001234"} {
		found, err := q.Find(t.Context(), asked)
		if err != nil || len(found) == 0 || found[len(found)-1].ID != id(1) && found[0].ID != id(1) || found[0].Name == text.Suspended {
			t.Errorf("found by %s: %+v, %v", asked, found, err)
		}
	}
}

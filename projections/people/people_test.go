package people_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections/people"
	"hearth/projections/projtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var by = domain.By{
	Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleOperator},
	At:    time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC),
}

func id(n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n)) }

func stream(n int) eventstore.StreamID {
	return eventstore.StreamID{Family: person.Family, Case: id(n).String()}
}

func registered(name, idNo, phone string) person.Registered {
	return person.Registered{
		Kind: "migrant", Identity: person.Identity{Name: name, IDNo: idNo}, Contact: person.Contact{Phone: phone, Address: "泽州县某镇某村"},
	}
}

func some(t *testing.T) people.Queries {
	log := projtest.NewLog(t, eventstore.NewRegistry(person.Specs()))
	later := by
	later.At = by.At.Add(time.Hour)
	log.Add(stream(1), by, registered("张三", "11010519491231002X", "13800001234"),
		person.ConsentGiven{Purpose: "移送", TextVersion: "1", How: "spoken"}).
		Add(stream(2), by, registered("单田芳", "", "13800001234")).
		Add(stream(3), by, registered("曾小小", "", "03562021234")).
		Add(stream(4), by, registered("𠮷田", "", "")).
		Add(stream(5), by, registered("张珊", "", "13911112222")).
		Add(stream(1), later, person.ConsentWithdrawn{Purpose: "移送"}, person.KinOfStaffDeclared{User: "u9", Relation: "配偶"},
			person.BankCorrected{Bank: person.Bank{Account: "6222020000001234"}}).
		Add(stream(5), later, person.ContactCorrected{Contact: person.Contact{Phone: "13811112222"}},
			person.IdentityCorrected{Identity: person.Identity{Name: "安珊"}}).
		Add(stream(2), later, person.ConsentGiven{Purpose: "移送", TextVersion: "1", How: "spoken"},
			person.ConsentGiven{Purpose: "移送", TextVersion: "2", How: "written"})
	v := vault.NewMemory()
	return people.NewQueries(projtest.Run(t, people.New(v), log.Events()), v)
}

// inClear leaves out how personal values are stored.
var inClear = cmpopts.IgnoreFields(people.Person{}, "NameSealed", "IDNoSealed", "PhoneSealed", "AddressSealed", "IDNoBlind", "PhoneBlind", "AccountBlind", "DiedOnSealed", "Begins", "changed", "account")

func TestPersonAsRow(t *testing.T) {
	t.Parallel()
	q := some(t)
	got, found, err := q.ByID(t.Context(), id(1))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	want := people.Person{
		ID: id(1), Kind: "migrant", Name: "张三",
		IDNo: "11010519491231002X", Phone: "13800001234", Address: "泽州县某镇某村", HasBank: true,
		Consents: []people.Consent{{"移送", "1", "spoken", by.At, by.At.Add(time.Hour)}},
		Kin:      []people.Kin{{User: "u9", Relation: "配偶", DeclaredAt: by.At.Add(time.Hour), DeclaredBy: "u1"}},
		Taken:    []uuid.UUID{}, CreatedAt: by.At, CreatedPosition: 1, Version: 5, Position: 6,
	}
	if diff := cmp.Diff(want, got, inClear); diff != "" {
		t.Error(diff)
	}
	if got.Consented("移送") || got.Head() != (eventstore.Head{Version: 5, Position: 6}) {
		t.Errorf("consent %v, head %v", got.Consented("移送"), got.Head())
	}
	masked := got.Masked()
	if masked.Name != "张*" || masked.IDNo != "110***002X" || masked.Phone != "138****1234" || masked.Address != "" || got.Name != "张三" {
		t.Errorf("masked: %+v", masked)
	}
	second, _, err := q.ByID(t.Context(), id(2))
	if err != nil || !second.Consented("移送") || len(second.Consents) != 2 || second.Consents[0].WithdrawnAt.IsZero() {
		t.Errorf("a second consent ends the first: %+v, %v", second.Consents, err)
	}
	if _, found, err := q.ByID(t.Context(), id(99)); found || err != nil {
		t.Errorf("nobody: %v, %v", found, err)
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	q := some(t)
	names := func(persons []people.Person, err error) []string {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		list := make([]string, len(persons))
		for i, p := range persons {
			list[i] = p.Name
		}
		return list
	}
	ctx := t.Context()
	for asked, want := range map[string][]string{
		"+86 138-0000 1234": {"单田芳", "张三"}, "１３８００００１２３４": {"单田芳", "张三"}, "013800001234": {"单田芳", "张三"},
		"(0356)2021234": {"曾小小"}, "13911112222": {}, "": {}, "号码": {},
	} {
		if diff := cmp.Diff(want, names(q.ByPhone(ctx, asked))); diff != "" {
			t.Errorf("ByPhone(%q): %s", asked, diff)
		}
	}
	for asked, want := range map[string][]string{
		"11010519491231002x": {"张三"}, "110105491231002": {"张三"}, "110105194912310021": {}, "": {},
	} {
		if diff := cmp.Diff(want, names(q.ByIDNo(ctx, asked))); diff != "" {
			t.Errorf("ByIDNo(%q): %s", asked, diff)
		}
	}
	for asked, want := range map[string][]string{
		"张": {"张三"}, "安": {"安珊"}, "田": {}, "stf": {"单田芳"}, "Z": {"张三", "曾小小"}, "zs": {"张三"}, "單田": {"单田芳"},
		"138": {"单田芳", "张三", "安珊"}, "13": {}, "": {}, "%": {}, "𠮷": {"𠮷田"},
	} {
		if diff := cmp.Diff(want, names(q.Suggest(ctx, asked, 10))); diff != "" {
			t.Errorf("Suggest(%q): %s", asked, diff)
		}
	}
	if got := names(q.Suggest(ctx, "138", 2)); len(got) != 2 {
		t.Errorf("limit: %v", got)
	}
	all, err := q.ByIDs(ctx, []uuid.UUID{id(1), id(4), id(99)})
	if err != nil || len(all) != 2 || all[id(4)].Name != "𠮷田" {
		t.Errorf("ByIDs: %v, %v", all, err)
	}
	if none, err := q.ByIDs(ctx, nil); err != nil || len(none) != 0 {
		t.Errorf("ByIDs of nothing: %v, %v", none, err)
	}
}

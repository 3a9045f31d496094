package projections_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections"
	"hearth/projections/projtest"
)

var dates = cmp.Comparer(func(a, b domain.Date) bool { return a == b })

// begin opens a transaction on a fresh database with the tables of the desk.
func begin(t testing.TB) pgx.Tx {
	t.Helper()
	tx, err := pgtest.Pool(t).Begin(t.Context())
	must(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	must(t, projections.MakeTables(t.Context(), tx, desk{}, "desk_v1"))
	return tx
}

func TestTableSavesAndLoads(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	full := &deskRow{
		Case: caseID(1), No: "一号", State: "a'b\"{,}\\", Employer: "𠮷", Persons: 3, Owed: 12, Paid: -1, Events: 7,
		Received: clerk.At, Due: domain.NewDate(2026, 1, 2), Collective: true,
		Tags: []string{"", "null", "a,b", `"\`, "两 字"}, Last: map[string]string{"k": "值"},
	}
	bare := &deskRow{Case: caseID(2), Last: map[string]string{}}
	must(t, deskRows.Save(t.Context(), tx, slices.Values([]*deskRow{full, bare})))
	full.Persons, full.Closed = 4, clerk.At.Add(time.Hour)
	must(t, deskRows.Save(t.Context(), tx, slices.Values([]*deskRow{full})))

	got, err := deskRows.Load(t.Context(), tx, []uuid.UUID{caseID(2), caseID(1), caseID(3), caseID(1)})
	must(t, err)
	bare.Tags = []string{}
	want := map[uuid.UUID]*deskRow{caseID(1): full, caseID(2): bare}
	if diff := cmp.Diff(want, got, dates); diff != "" {
		t.Errorf("came back changed (-want +got):\n%s", diff)
	}
	byState, err := deskRows.LoadWhere(t.Context(), tx, "state", []string{string(full.State)})
	must(t, err)
	if len(byState) != 1 || byState[caseID(1)] == nil {
		t.Errorf("load by state: %v", byState)
	}
	if _, err := deskRows.LoadWhere(t.Context(), tx, "nope", []string{}); err == nil {
		t.Error("load by an unknown column was accepted")
	}
	must(t, deskRows.Delete(t.Context(), tx, []uuid.UUID{caseID(1)}))
	if got, err = deskRows.Load(t.Context(), tx, []uuid.UUID{caseID(1), caseID(2)}); err != nil || len(got) != 1 {
		t.Errorf("after the delete: %v, %v", got, err)
	}
}

func TestTableWithNothingToDo(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	none := slices.Values[[]*deskRow](nil)
	must(t, deskRows.Save(t.Context(), tx, none))
	must(t, deskRows.Insert(t.Context(), tx, none))
	must(t, deskRows.Delete(t.Context(), tx, nil))
	got, err := deskRows.Load(t.Context(), tx, nil)
	must(t, err)
	if got == nil || len(got) != 0 {
		t.Errorf("load of nothing: %v", got)
	}
}

func TestTableWithKeyOfTwoColumns(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	var rows []*noteRow
	var keys []noteKey
	for i := range 50 {
		row := &noteRow{Position: eventstore.Position(i / 3), Index: i % 3, Case: caseID(i % 5), Type: "t"}
		rows, keys = append(rows, row), append(keys, deskNotes.Key(row))
	}
	must(t, deskNotes.Insert(t.Context(), tx, slices.Values(rows)))
	rows[7].Type = "changed"
	must(t, deskNotes.Save(t.Context(), tx, slices.Values(rows[5:9])))
	must(t, deskNotes.Delete(t.Context(), tx, keys[:4]))
	got, err := deskNotes.Load(t.Context(), tx, append(keys, noteKey{99, 99}))
	must(t, err)
	want := map[noteKey]*noteRow{}
	for i := 4; i < 50; i++ {
		want[keys[i]] = rows[i]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if row := deskNotes.New(noteKey{4, 2}); row.Position != 4 || row.Index != 2 {
		t.Errorf("new row: %+v", row)
	}
}

func TestTableWithTypesOfItsOwn(t *testing.T) {
	t.Parallel()
	type embedded struct {
		Words []int32 `db:"words"`
	}
	type row struct {
		embedded
		ID    string         `db:"id,key"`
		Kind  string         `db:"kind"`
		Raw   []byte         `db:"raw"`
		Ptr   *string        `db:"ptr"`
		Days  []domain.Date  `db:"days"`
		Doc   *deskRow       `db:"doc"`
		Ratio float64        `db:"ratio"`
		Sums  []domain.Fen   `db:"sums"`
		Any   map[string]any `db:"any"`
		Skip  func()         `db:"-"`
	}
	tx := begin(t)
	_, err := tx.Exec(t.Context(), `create type kind as enum ('a', 'b'); create table own (id varchar(20) primary key, kind kind,
		raw bytea, ptr text, days date[], doc jsonb, ratio float8, sums bigint[], "any" json, words int4[])`)
	must(t, err)
	table := projections.NewTable[string, row]("own")
	s := "x"
	want := map[string]*row{
		"1": {
			ID: "1", Kind: "b", Raw: []byte{0, 255}, Ptr: &s, Days: []domain.Date{domain.NewDate(2026, 1, 1)}, Ratio: 0.1,
			Doc: &deskRow{No: "n", Last: map[string]string{}}, Sums: []domain.Fen{-5, 6}, Any: map[string]any{"a": 1.0},
			embedded: embedded{Words: []int32{1, -2}},
		},
		"2": {
			ID: "2", Kind: "a", Raw: []byte{}, Days: []domain.Date{}, Sums: []domain.Fen{}, embedded: embedded{Words: []int32{}},
		},
	}
	must(t, table.Save(t.Context(), tx, maps.Values(want)))
	got, err := table.Load(t.Context(), tx, []string{"1", "2"})
	must(t, err)
	ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Skip" }, cmp.Ignore())
	if diff := cmp.Diff(want, got, dates, ignore, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTableThatDoesNotFit(t *testing.T) {
	t.Parallel()
	type good struct {
		ID   string `db:"id,key"`
		Name string `db:"name"`
	}
	tx := begin(t)
	_, err := tx.Exec(t.Context(), `create table thin (id text primary key)`)
	must(t, err)
	for table, want := range map[string]string{"thin": "name", "absent": "no such table"} {
		_, err := projections.NewTable[string, good](table).Load(t.Context(), tx, []string{"1"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("table %s: got %v, want a word about %s", table, err, want)
		}
	}
	for name, make := range map[string]func(){
		"no key": func() {
			projections.NewTable[string, struct {
				A string `db:"a"`
			}]("x")
		},
		"no tag": func() {
			projections.NewTable[string, struct {
				A string `db:"a,key"`
				B string
			}]("x")
		},
		"twice": func() {
			projections.NewTable[string, struct {
				A string `db:"a,key"`
				B string `db:"a"`
			}]("x")
		},
		"other key":    func() { projections.NewTable[int, good]("x") },
		"no struct":    func() { projections.NewTable[string, string]("x") },
		"key too wide": func() { projections.NewTable[good, good]("x") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			make()
		}()
	}
}

func TestModelIsTheSameInAnyBatch(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, registry())
	for k := range 12 {
		for n := range 10 {
			log.Add(stream(n), clerk, event(n, k), noted{Text: fmt.Sprint(n, k)})
		}
	}
	pool := projtest.Run(t, desk{}, log.Events())
	var rows, notes, events int
	err := pool.QueryRow(t.Context(), `select count(*), sum(events)::int, (select count(*) from desk_v1.note) from desk_v1.row`).
		Scan(&rows, &events, &notes)
	if err != nil || rows != 10 || events != 240 || notes != 240 {
		t.Errorf("%d rows of %d events, %d notes, %v; want 10, 240, 240", rows, events, notes, err)
	}
	log.Add(stream(3), clerk, closed{})
	projtest.Apply(t, pool, desk{}, log.Since(120))
	var state string
	if err := pool.QueryRow(t.Context(), `select state from desk_v1.row where case_id = $1`, caseID(3)).Scan(&state); err != nil || state != "closed" {
		t.Errorf("state %q, %v; want closed", state, err)
	}
}

// witness is a test that expects projtest to find fault.
type witness struct {
	testing.TB
	said []string
}

func (w *witness) Errorf(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func TestModelThatDependsOnItsBatchesIsFoundOut(t *testing.T) {
	t.Parallel()
	log := projtest.NewLog(t, registry())
	for n := range 6 {
		log.Add(stream(n), clerk, event(n, 0))
	}
	remembered := 0
	for name, mark := range map[string]func(batch []eventstore.Recorded) string{
		"size of the batch": func(batch []eventstore.Recorded) string { return fmt.Sprint(len(batch)) },
		"own memory":        func(batch []eventstore.Recorded) string { remembered += len(batch); return fmt.Sprint(remembered) },
	} {
		w := &witness{TB: t}
		projtest.Run(w, desk{after: func(ctx context.Context, tx pgx.Tx, batch []eventstore.Recorded) error {
			_, err := tx.Exec(ctx, "update row set owner = $1 where owner = 'u1'", mark(batch))
			return err
		}}, log.Events())
		if len(w.said) == 0 || !strings.Contains(w.said[0], "row") {
			t.Errorf("%s: not found out: %q", name, w.said)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	digest := func() map[string]projections.TableDigest {
		d, err := projections.Digest(t.Context(), tx, "desk_v1")
		must(t, err)
		return d
	}
	rows := []*deskRow{{Case: caseID(1), Received: clerk.At, Last: map[string]string{}}, {Case: caseID(2)}}
	must(t, deskRows.Save(t.Context(), tx, slices.Values(rows)))
	first := digest()
	if first["row"].Rows != 2 || first["note"].Rows != 0 || len(first) != 2 {
		t.Errorf("digest: %v", first)
	}
	must(t, deskRows.Delete(t.Context(), tx, []uuid.UUID{caseID(1)}))
	if digest()["row"] == first["row"] {
		t.Error("a row less has the same digest")
	}
	_, err := tx.Exec(t.Context(), "set timezone = 'Asia/Shanghai'; set datestyle = 'German'")
	must(t, err)
	must(t, deskRows.Save(t.Context(), tx, slices.Values(rows[:1])))
	if diff := cmp.Diff(first, digest()); diff != "" {
		t.Errorf("another order and other settings change the digest:\n%s", diff)
	}
}

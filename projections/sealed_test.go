package projections_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/text"
)

func cell(column, subject string, plain, sealed *string) projections.Cell {
	return projections.Cell{
		Column: column, Row: projections.Key(subject, 1), Subject: subject, Class: domain.SealIdentity, Plain: plain, Sealed: sealed,
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	v, ctx := vault.NewMemory(), t.Context()
	plain, sealed, again := "张三  ", "", ""
	for _, s := range []*string{&sealed, &again} {
		if err := projections.Seal(ctx, v, []projections.Cell{cell("a.b.c", "p1", &plain, s)}); err != nil {
			t.Fatal(err)
		}
	}
	if sealed == "" || sealed != again || strings.Contains(sealed, "张三") {
		t.Errorf("sealed as %q and %q", sealed, again)
	}
	open := func(c projections.Cell) (string, error) {
		got := ""
		c.Plain = &got
		err := projections.Show(ctx, v, []projections.Cell{c})
		return got, err
	}
	if got, err := open(cell("a.b.c", "p1", nil, &sealed)); got != plain || err != nil {
		t.Errorf("opened %q, %v", got, err)
	}
	other := cell("a.b.c", "p1", nil, &sealed)
	other.Row = uuid.New()
	class := cell("a.b.c", "p1", nil, &sealed)
	class.Class = domain.SealBank
	for what, c := range map[string]projections.Cell{
		"column": cell("a.b.d", "p1", nil, &sealed), "subject": cell("a.b.c", "p2", nil, &sealed), "row": other, "class": class,
	} {
		if got, err := open(c); got != "" || !errors.Is(err, projections.ErrSealed) {
			t.Errorf("moved to another %s: %q, %v", what, got, err)
		}
	}
}

// TestCellsOfWhoIsClosed: what is closed between the reading of a batch and its
// applying stops nobody, and leaves the others as they are.
func TestCellsOfWhoIsClosed(t *testing.T) {
	t.Parallel()
	v, ctx := vault.NewMemory(), t.Context()
	if err := errors.Join(v.Suspend(ctx, 1, "suspended"), v.Shred(ctx, "shredded")); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"suspended": text.Suspended, "shredded": text.Shredded, "used": "李四"}
	plain, sealed := map[string]*string{}, map[string]*string{}
	var cells []projections.Cell
	for subject := range values {
		name, empty := "李四", ""
		plain[subject], sealed[subject] = &name, &empty
		cells = append(cells, cell("a.b.c", subject, plain[subject], sealed[subject]))
	}
	if err := projections.Seal(ctx, v, cells); err != nil {
		t.Fatal(err)
	}
	for _, s := range plain {
		*s = ""
	}
	if err := projections.Open(ctx, v, cells); err != nil || *plain["used"] != "李四" || *plain["suspended"]+*plain["shredded"] != "" {
		t.Errorf("opened to work on: %q, %q, %q, %v", *plain["used"], *plain["suspended"], *plain["shredded"], err)
	}
	if err := projections.Show(ctx, v, cells); err != nil {
		t.Fatal(err)
	}
	for subject, want := range values {
		if *plain[subject] != want {
			t.Errorf("%s reads %q, want %q", subject, *plain[subject], want)
		}
	}
	gone := eventstore.Recorded{Shredded: []domain.SealClass{domain.SealBank}}
	if projections.Withheld(gone, domain.SealBank) == "" || projections.Withheld(gone, domain.SealIdentity) != "" || projections.Gone("") != "" {
		t.Error("what an event withholds")
	}
}

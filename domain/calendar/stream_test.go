package calendar

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
)

var update = flag.Bool("update", false, "write the golden files anew")

const golden = "testdata/events/calendar.published.v1.json"

func TestGolden(t *testing.T) {
	t.Parallel()
	want := Published{Notice: Notice2026()}
	b, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if *update {
		if err := os.WriteFile(golden, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, b) {
		t.Errorf("the stored form changed:\n%s", cmp.Diff(string(stored), string(b)))
	}
	specs := Specs()
	if len(specs) != 1 || specs[0].Type != "calendar.published" || specs[0].Version != 1 {
		t.Fatalf("specs %+v", specs)
	}
	got, err := specs[0].Decode(stored, 1)
	if diff := cmp.Diff(domain.Event(want), got, sameDate); err != nil || diff != "" {
		t.Errorf("decode: %v\n%s", err, diff)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	by := domain.By{
		Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleSystemAdmin},
		At:    time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC),
	}
	clerk := by
	clerk.Actor.Role = domain.RoleHandler
	n2027 := example2027(t)
	bad := example2027(t)
	bad.Source = ""
	forged := example2027(t)
	forged.Revision = 9
	changed := example2027(t)
	changed.Source = "更正通知"
	corrected2026 := Notice2026()
	corrected2026.Work = corrected2026.Work[1:]
	published := func(n Notice, revision int) []Event {
		n = n.sorted()
		n.Revision = revision
		return []Event{Published{Notice: n}}
	}
	tests := map[string]struct {
		given []Event
		when  Publish
		then  []Event
		code  string
	}{
		"a new year":             {nil, Publish{by, n2027}, published(n2027, 1), ""},
		"the revision is ours":   {nil, Publish{by, forged}, published(n2027, 1), ""},
		"the same again":         {published(n2027, 1), Publish{by, n2027}, nil, ""},
		"a correction":           {published(n2027, 1), Publish{by, changed}, published(changed, 2), ""},
		"the year brought along": {nil, Publish{by, Notice2026()}, nil, ""},
		"its correction":         {nil, Publish{by, corrected2026}, published(corrected2026, 2), ""},
		"not by a handler":       {nil, Publish{clerk, n2027}, nil, "role"},
		"not by nobody":          {nil, Publish{domain.By{}, n2027}, nil, "actor_missing"},
		"not what is wrong":      {nil, Publish{by, bad}, nil, "bad_notice"},
	}
	for name, tc := range tests {
		state := Decider.Fold(Decider.Initial(), tc.given...)
		got, err := Decider.Decide(state, tc.when)
		if diff := cmp.Diff(tc.then, got, sameDate); diff != "" || rejection(err).Code != tc.code {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestEvolve(t *testing.T) {
	t.Parallel()
	cal := Decider.Initial()
	if cal.Version() != "2026r1" {
		t.Errorf("the calendar begins with %s", cal.Version())
	}
	n := example2027(t)
	n.Revision = 1
	next := Decider.Fold(cal, Published{Notice: n})
	if next.Version() != "2026r1,2027r1" || !next.IsWorkday(domain.NewDate(2027, time.January, 31)) {
		t.Errorf("after the notice: %s", next.Version())
	}
	n.Work, n.Revision = n.Work[1:], 2
	next = Decider.Fold(next, Published{Notice: n})
	if next.Version() != "2026r1,2027r2" || next.IsWorkday(domain.NewDate(2027, time.January, 31)) {
		t.Errorf("after the correction: %s", next.Version())
	}
	if cal.Known(2027) {
		t.Error("the first calendar changed")
	}
}

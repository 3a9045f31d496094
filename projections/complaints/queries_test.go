package complaints

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/eventstore"
)

// all reads a list page by page.
func all(t *testing.T, q Queries, v Viewer, f Filter) []Row {
	t.Helper()
	var rows []Row
	for after := Cursor(""); ; {
		page := must[Page[Row]](t)(q.List(t.Context(), v, f, after))
		rows = append(rows, page.Rows...)
		if after = page.Next; after == "" {
			if len(rows) != page.Total {
				t.Errorf("%d rows on all pages, total %d", len(rows), page.Total)
			}
			return rows
		}
	}
}

func TestListFiltersAndPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	files := o.careers(60)
	q := o.serve()
	rows := all(t, q, everything, Filter{Limit: 7})
	if len(rows) != len(files) {
		t.Fatalf("%d rows of %d cases", len(rows), len(files))
	}
	byDue := all(t, q, everything, Filter{Limit: 7, Sort: SortDue})
	if !slices.IsSortedFunc(byDue, func(a, b Row) int { return dueOrNever(a.NextDueAt).Compare(dueOrNever(b.NextDueAt)) }) {
		t.Error("not in the order of due dates")
	}
	some := rows[len(rows)/2]
	tests := map[string]struct {
		f    Filter
		want func(Row) bool
	}{
		"phase":      {Filter{Phases: []complaint.Phase{complaint.PhaseClosed, complaint.PhaseInProgress}}, func(r Row) bool { return r.Phase == "closed" || r.Phase == "in_progress" }},
		"open":       {Filter{Open: true}, func(r Row) bool { return r.Open }},
		"category":   {Filter{Categories: []complaint.Category{"injury", "safety"}}, func(r Row) bool { return r.Category == "injury" || r.Category == "safety" }},
		"channel":    {Filter{Channels: []complaint.Channel{some.Channel}}, func(r Row) bool { return r.Channel == some.Channel }},
		"area":       {Filter{Area: "gp"}, func(r Row) bool { return r.Area == "gp" }},
		"org":        {Filter{Org: "jc-gp"}, func(r Row) bool { return r.HandlingOrg == "jc-gp" }},
		"co-handler": {Filter{Handler: "part"}, func(r Row) bool { return r.CoHandler == "part" }},
		"risk":       {Filter{Risks: []complaint.RiskLevel{"red"}}, func(r Row) bool { return r.Risk == "red" }},
		"overdue":    {Filter{Overdue: true}, func(r Row) bool { return r.Overdue }},
		"collective": {Filter{Collective: true}, func(r Row) bool { return r.Collective }},
		"enterprise": {Filter{EnterpriseID: some.EnterpriseID}, func(r Row) bool { return r.EnterpriseID == some.EnterpriseID }},
		"reporter":   {Filter{Reporter: some.Reporter}, func(r Row) bool { return r.ID == some.ID }},
		"number":     {Filter{Text: some.No}, func(r Row) bool { return r.ID == some.ID }},
		"employer":   {Filter{Text: "宏达1"}, func(r Row) bool { return r.EmployerKey >= "宏达1" && r.EmployerKey < "宏达2" }},
		"wild cards": {Filter{Text: "%_"}, func(Row) bool { return false }},
		"period": {Filter{From: domain.DateOf(some.RegisteredAt), To: domain.DateOf(some.RegisteredAt)}, func(r Row) bool {
			return domain.DateOf(r.RegisteredAt) == domain.DateOf(some.RegisteredAt)
		}},
	}
	for name, tc := range tests {
		want := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !tc.want(r) })
		tc.f.Limit = 7
		if diff := cmp.Diff(numbers(want), numbers(all(t, q, everything, tc.f))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if name != "wild cards" && (len(want) == 0 || len(want) == len(rows)) {
			t.Errorf("%s: the cases of the test do not tell: %d of %d", name, len(want), len(rows))
		}
	}
}

func numbers(rows []Row) []string {
	nos := make([]string, len(rows))
	for i, r := range rows {
		nos[i] = r.No
	}
	return nos
}

func TestBadCursorAndSort(t *testing.T) {
	t.Parallel()
	q := newOffice(t).serve()
	var no *domain.Rejection
	for _, c := range []Cursor{"x", "1", "zz.", "?.00000000-0000-0000-0000-000000000000"} {
		if _, err := q.List(t.Context(), everything, Filter{}, c); !errors.As(err, &no) || no.Code != "bad_cursor" {
			t.Errorf("cursor %q: got %v, want bad_cursor", c, err)
		}
	}
	if _, err := q.List(t.Context(), everything, Filter{Sort: "id; drop table"}, ""); !errors.As(err, &no) || no.Code != "bad_sort" {
		t.Errorf("sort: got %v, want bad_sort", err)
	}
	if _, err := q.Get(t.Context(), everything, name("nothing")); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such case: got %v, want ErrNotFound", err)
	}
}

// TestRestrictedCasesAreNotThere asks every question about a restricted case as
// those who may and those who may not see it (C10).
func TestRestrictedCasesAreNotThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(func(c *complaint.Register) { c.Area = "jc-gp" })
	secret := o.open(func(c *complaint.Register) {
		c.Area = "jc-gp"
		c.Category, c.AccusedOrg, c.Flags = complaint.CategoryUnionStaff, "jc-gp", []complaint.Flag{complaint.FlagExtreme}
		c.PromiseAt = o.now.Add(time.Hour)
		c.External = &complaint.External{System: "t12345", No: "SECRET"}
	})
	q := o.serve()
	now := Moment{At: o.now.Add(day), Calendar: cal2026, Units: counties()}
	month := Month(2026, time.March)
	for who, sees := range map[domain.Actor]bool{
		operator: false, leader: false, shift: true, dispatcher: true, reviewer: true, approver: true, discipline: true, clerk: true,
		{ID: "fin", Org: "jc", Role: domain.RoleFinanceAuditor}: true, // audits, though not among those who work on it
		head:    false, // of the unit that is accused
		handler: false,
		{ID: "disc2", Org: "jc-gp", Role: domain.RoleDiscipline}: true,
	} {
		v := viewerOf(who)
		want := 1
		if sees {
			want = 2
		}
		check := func(what string, got int) {
			t.Helper()
			if got != want {
				t.Errorf("%s of %s sees %d cases in %s, want %d", who.Role, who.Org, got, what, want)
			}
		}
		page := must[Page[Row]](t)(q.List(t.Context(), v, Filter{}, ""))
		check("the list", len(page.Rows))
		check("its count", page.Total)
		check("the board", int(must[Board](t)(q.Board(t.Context(), v, now, month, "")).Figures[0][0].NumRows))
		check("the rows behind the board", must[Page[BoardRow]](t)(q.Rows(t.Context(), v, now, "received", "", month, Numerator, "", 0)).Total)
		desk := must[Desk](t)(q.Desk(t.Context(), v, rules(), o.now))
		check("the newest", len(desk.Newest))
		check("red risks", 1+len(desk.Red))
		check("promises", 1+len(desk.Today))
		_, err := q.Get(t.Context(), v, secret.id)
		if found := err == nil; found != sees {
			t.Errorf("%s of %s gets the case: %v, want %v", who.Role, who.Org, found, sees)
		}
		check("clocks", 1+min(1, len(must[[]Clock](t)(q.Clocks(t.Context(), v, secret.id)))))
		hints := must[[]Duplicate](t)(q.Hints(t.Context(), v, HintQuery{ExternalSystem: "t12345", ExternalNo: "SECRET", At: o.now}))
		check("hints", 1+len(hints))
		due := must[[]Deadline](t)(q.Due(t.Context(), v, o.now.Add(100*day)))
		if slices.ContainsFunc(due, func(d Deadline) bool { return d.ID == secret.id }) != sees {
			t.Errorf("%s of %s sees the deadlines of the case: want %v", who.Role, who.Org, sees)
		}
		inbox := must[[]InboxRow](t)(q.Inbox(t.Context(), v, rules()))
		if !sees && slices.ContainsFunc(inbox, func(r InboxRow) bool { return r.ID == secret.id }) {
			t.Errorf("%s of %s has the case in the inbox", who.Role, who.Org)
		}
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first := o.open(func(c *complaint.Register) {
		c.Reporter.PersonID, c.External = name("wang"), &complaint.External{System: "t12345", No: "A1"}
	})
	o.open(func(c *complaint.Register) { c.Employer = complaint.Employer{Text: "阳城煤运集团"} })
	q := o.serve()
	by := complaint.KeyEmployer
	tests := map[string]struct {
		q    HintQuery
		want []complaint.DuplicateKey // of the first case; nil: not found
	}{
		"nothing known":            {HintQuery{}, nil},
		"same number":              {HintQuery{ExternalSystem: "t12345", ExternalNo: "A1"}, []complaint.DuplicateKey{complaint.KeyExternalNo}},
		"number of another system": {HintQuery{ExternalSystem: "platform", ExternalNo: "A1"}, nil},
		"same reporter":            {HintQuery{Reporter: name("wang")}, []complaint.DuplicateKey{complaint.KeyReporter}},
		"same enterprise":          {HintQuery{EnterpriseID: name("employer")}, []complaint.DuplicateKey{by}},
		"other legal form":         {HintQuery{Employer: "晋城宏达建筑 股份有限公司"}, []complaint.DuplicateKey{by}},
		"beginning of the name":    {HintQuery{Employer: "晋城宏"}, []complaint.DuplicateKey{by}},
		"one character":            {HintQuery{Employer: "晋"}, nil},
		"a pattern":                {HintQuery{Employer: "%%宏达"}, nil},
		"overlapping months":       {HintQuery{Employer: "晋城宏达建筑", From: date("2025-12-01"), To: date("2026-01-31")}, []complaint.DuplicateKey{by}},
		"other months":             {HintQuery{Employer: "晋城宏达建筑", From: date("2026-01-01"), To: date("2026-01-31")}, nil},
		"both":                     {HintQuery{Reporter: name("wang"), Employer: "晋城宏达建筑"}, []complaint.DuplicateKey{by, complaint.KeyReporter}},
		"the case itself":          {HintQuery{Reporter: name("wang"), Except: first.id}, nil},
		"after 90 days":            {HintQuery{Reporter: name("wang"), At: o.now.Add(91 * day)}, nil},
	}
	for what, tc := range tests {
		if tc.q.At.IsZero() {
			tc.q.At = o.now
		}
		found := must[[]Duplicate](t)(q.Hints(t.Context(), everything, tc.q))
		if tc.want == nil {
			if len(found) != 0 {
				t.Errorf("%s: found %v", what, found)
			}
			continue
		}
		if len(found) != 1 || found[0].ID != first.id || !slices.Equal(found[0].Keys, tc.want) {
			t.Errorf("%s: found %+v, want %v", what, found, tc.want)
			continue
		}
		if hard := what == "same number"; found[0].Hard != hard || found[0].Score <= 0 || found[0].Score > 100 {
			t.Errorf("%s: hard %v, score %d", what, found[0].Hard, found[0].Score)
		}
	}
}

func TestElsewhere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	one := o.open(nil).assign().claim(2, domain.Yuan(3000))
	other := o.open(nil).assign()
	stranger := o.open(func(c *complaint.Register) {
		c.Employer = complaint.Employer{EnterpriseID: name("someone else"), Text: "别的公司"}
	}).assign()
	q := o.serve()
	people := one.people(3, domain.Yuan(3000))
	people[1].Items[0].From, people[1].Items[0].To = date("2026-01-01"), date("2026-01-31")
	got := must[[]complaint.Elsewhere](t)(q.Elsewhere(t.Context(), other.id, people))
	want := []complaint.Elsewhere{{PersonID: people[0].PersonID, OtherID: one.id, OtherNo: one.no}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims elsewhere (-want +got):\n%s", diff)
	}
	if got := must[[]complaint.Elsewhere](t)(q.Elsewhere(t.Context(), stranger.id, people)); len(got) != 0 {
		t.Errorf("claims against another employer: %v", got)
	}
}

// TestTicks holds the list of cases for the ticker against what Tick decides, at
// many moments.
func TestTicks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	files := o.careers(40)
	q := o.serve()
	begin := o.now
	seen := 0
	for n := range 60 {
		now := begin.Add(time.Duration(n) * 13 * time.Hour)
		var want []string
		for _, f := range files {
			cmd := &complaint.Tick{}
			cmd.Stamp(domain.By{Actor: clerk, At: now})
			if events := must[[]complaint.Event](t)(f.d.Decide(f.s, cmd)); len(events) > 0 {
				want = append(want, f.id.String())
			}
		}
		var got []string
		for _, id := range must[[]uuid.UUID](t)(q.Ticks(t.Context(), cal2026, now)) {
			got = append(got, id.String())
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("to be ticked at %v (-decided +listed):\n%s", now, diff)
		}
		seen += len(got)
	}
	if seen == 0 {
		t.Error("the cases of the test never need a tick")
	}
}

func TestHeadAndPosition(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	f := o.open(nil).accept()
	r := must[Row](t)(o.serve().ByNo(t.Context(), everything, f.no))
	events := o.log.Events()
	last := events[len(events)-1]
	if want := (eventstore.Head{Version: last.Version, Position: last.Position}); r.Head() != want || r.ID != f.id {
		t.Errorf("head %+v of %s, want %+v", r.Head(), fmt.Sprint(r.ID), want)
	}
}

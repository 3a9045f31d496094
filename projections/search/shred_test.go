package search_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/domain/complaint"
	"hearth/domain/person"
	"hearth/projections/projtest"
	"hearth/projections/search"
)

func TestShreddedIsNotFound(t *testing.T) {
	t.Parallel()
	l := some(t)
	l.person(4, "旁人乙", "", "13822223333")
	l.add(search.Complaint, 2, complaint.ClaimantAdded{ClaimantNo: 7, PersonID: id(search.Person, 4)})
	first := id(search.Complaint, 1).String()
	live, rebuilt := projtest.Shredded(t, search.New(l.Vault()), l.Log, []string{id(search.Person, 1).String(), first}, func() {
		l.add(search.Person, 1, person.KeyShredded{Decision: person.Decision{Subjects: []string{first}}})
	})
	for name, pool := range map[string]*pgxpool.Pool{"live": live, "rebuilt": rebuilt} {
		q := search.NewQueries(pool, l.Vault())
		for asked, want := range map[string]int{
			"张三丰": 0, "13800001234": 0, "1101051949": 0, "拖欠工资": 0, "三": 0,
			"旁人乙": 2, "下周发放": 1, "晋工诉〔2026〕12号": 1, "恒兴建筑": 2,
		} {
			got, err := q.Find(t.Context(), reviewer, sight(reviewer), search.Question{Text: asked})
			if err != nil || len(got.Hits) != want {
				t.Errorf("%s: Find(%q): %v, %v; want %d", name, asked, titles(got), err, want)
			}
		}
		var links int
		err := pool.QueryRow(t.Context(), "select count(*) from search_v2.link where person_id = $1", id(search.Person, 1)).Scan(&links)
		if err != nil || links != 0 {
			t.Errorf("%s: %d links are left, %v", name, links, err)
		}
	}
	// What the shredded were found by is gone too, however the model grew.
	const grams = "select coalesce(sum(cardinality(grams_blind)), 0) from search_v2.document"
	var was, is int
	if err := live.QueryRow(t.Context(), grams).Scan(&was); err != nil {
		t.Fatal(err)
	}
	if err := rebuilt.QueryRow(t.Context(), grams).Scan(&is); err != nil || was != is {
		t.Errorf("grams: %d grown live, %d rebuilt, %v", was, is, err)
	}
}

func TestSuspendedIsNotFound(t *testing.T) {
	t.Parallel()
	l := some(t)
	pool := projtest.Run(t, search.New(l.Vault()), l.Events())
	q := search.NewQueries(pool, l.Vault())
	n := len(l.Commits())
	count := func(asked string) int {
		t.Helper()
		got, err := q.Find(t.Context(), reviewer, sight(reviewer), search.Question{Text: asked})
		if err != nil {
			t.Fatal(err)
		}
		return len(got.Hits)
	}
	who := id(search.Person, 1).String()
	if err := l.Vault().Suspend(t.Context(), 100, who); err != nil {
		t.Fatal(err)
	}
	if got := count("张三丰"); got != 0 {
		t.Errorf("suspended: %d hits", got)
	}
	// The case that names the person goes on meanwhile.
	l.add(search.Complaint, 1, complaint.NoteAdded{Text: "对方已来函"})
	projtest.Apply(t, pool, search.New(l.Vault()), l.Since(n))
	if got := count("已来函"); got != 1 {
		t.Errorf("the case: %d hits", got)
	}
	if err := l.Vault().Unsuspend(t.Context(), 101, who); err != nil {
		t.Fatal(err)
	}
	if got := count("张三丰"); got != 2 {
		t.Errorf("in use again: %d hits; want the person and the case", got)
	}
}

// TestBuiltWhileSuspended: what was built meanwhile is found as soon as the data
// are in use again.
func TestBuiltWhileSuspended(t *testing.T) {
	t.Parallel()
	l := some(t)
	who := id(search.Person, 1).String()
	q := search.NewQueries(projtest.Suspended(t, search.New(l.Vault()), l.Log, who, id(search.Complaint, 1).String()), l.Vault())
	count := func(asked string) int {
		t.Helper()
		got, err := q.Find(t.Context(), reviewer, sight(reviewer), search.Question{Text: asked})
		if err != nil {
			t.Fatal(err)
		}
		return len(got.Hits)
	}
	if got := count("张三丰"); got != 0 {
		t.Errorf("suspended: %d hits", got)
	}
	if err := l.Vault().Unsuspend(t.Context(), 1<<20, who, id(search.Complaint, 1).String()); err != nil {
		t.Fatal(err)
	}
	if person, case1 := count("张三丰"), count("拖欠工资"); person == 0 || case1 == 0 {
		t.Errorf("in use again: %d and %d hits", person, case1)
	}
}

package complaints

import (
	"slices"
	"testing"
	"time"

	"hearth/adapters/web"
	"hearth/adapters/web/webtest"
)

// BenchmarkCasePage shows the page of a case with and without noting who looks, in
// turns, and counts what writing the notes down costs for each view as well: the
// difference is what the access log costs a reader.
func BenchmarkCasePage(b *testing.B) {
	s := newStack(b)
	out := s.register(nil)
	s.caughtUp()
	user := s.user("jc", "operator")
	with := s.signInAs(user)
	bare := &stack{
		Shell: webtest.New(b, func(c *web.Config) { c.Accounts, c.Models, c.Now = s.users, s.runner, s.Now }, New(s.config)),
		t:     b, users: s.users, password: s.password,
	}
	clients := []*webtest.Client{bare.signInAs(user), with}
	var spent [2][]time.Duration
	for b.Loop() {
		for i, c := range clients {
			begun := time.Now()
			if a := c.Get(caseAddress(out.ID)); a.Status != 200 {
				b.Fatal(a.Status)
			}
			spent[i] = append(spent[i], time.Since(begun))
		}
	}
	begun := time.Now()
	if err := s.access.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	written := time.Since(begun)
	var median [2]float64
	for i, all := range spent {
		slices.Sort(all)
		median[i] = float64(all[len(all)/2].Microseconds())
	}
	b.ReportMetric(median[0], "without-µs")
	b.ReportMetric(median[1], "with-µs")
	b.ReportMetric(median[1]/median[0], "ratio")
	b.ReportMetric(float64(written.Microseconds())/float64(len(spent[1])), "write-µs/view")
}

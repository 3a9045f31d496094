package complaints

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
	"hearth/domain/complaint"
)

// waiting says for what the case waits in somebody's inbox.
func (q Queries) waiting(t *testing.T, who domain.Actor, f *file) []string {
	t.Helper()
	for _, r := range must[[]InboxRow](t)(q.Inbox(t.Context(), viewerOf(who), rules())) {
		if r.ID == f.id {
			return r.Waits
		}
	}
	return nil
}

func TestInboxAlongALife(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name string
		work func(o *office) *file
		want map[*domain.Actor][]string
	}{
		{"registered", func(o *office) *file { return o.open(nil) }, map[*domain.Actor][]string{&dispatcher: {"accept"}, &operator: nil, &head: nil, &reviewer: nil}},
		{"red", func(o *office) *file {
			return o.open(func(c *complaint.Register) { c.Flags = []complaint.Flag{complaint.FlagAbsconded} })
		}, map[*domain.Actor][]string{&operator: {"red"}, &shift: {"red"}, &approver: {"red_watch"}}},
		{"promised", func(o *office) *file {
			return o.open(func(c *complaint.Register) { c.PromiseAt = o.now.Add(time.Hour) })
		}, map[*domain.Actor][]string{&operator: {"promise"}, &operator2: nil}},
		{"to be supplemented", func(o *office) *file {
			return o.open(nil).do(dispatcher, &complaint.RequestSupplement{Items: []string{"身份证"}, DueOn: date("2026-03-20")})
		}, map[*domain.Actor][]string{&dispatcher: {"supplement"}, &operator: {"supplement"}, &operator2: nil}},
		{"dispatched", func(o *office) *file { return o.open(nil).accept() }, map[*domain.Actor][]string{&head: {"sign"}, &dispatcher: nil}},
		{"returned", func(o *office) *file {
			return o.open(nil).accept().do(head, &complaint.Return{Reason: complaint.ReturnNotOurs})
		}, map[*domain.Actor][]string{&head: nil, &dispatcher: {"dispatch"}, &shift: nil}},
		{"returned for the third time", func(o *office) *file {
			f := o.open(nil).accept().do(head, &complaint.Return{Reason: complaint.ReturnNotOurs})
			for range 2 {
				f.do(dispatcher, &complaint.Dispatch{ToOrg: "jc-gp"}).do(head, &complaint.Return{Reason: complaint.ReturnNotOurs})
			}
			return f
		}, map[*domain.Actor][]string{&dispatcher: nil, &shift: {"ruling"}}},
		{"signed", func(o *office) *file { return o.open(nil).accept().do(head, &complaint.Sign{}) }, map[*domain.Actor][]string{&head: {"assign"}}},
		{"assigned", func(o *office) *file { return o.open(nil).assign() }, map[*domain.Actor][]string{
			&head: nil, &handler: {"contact", "ledger", "handle"}, &partner: {"contact", "ledger", "handle"},
		}},
		{"in the ledger", func(o *office) *file { return o.open(nil).assign().contact().claim(2, domain.Yuan(4000)) }, map[*domain.Actor][]string{&handler: {"verify", "handle"}}},
		{"verified by one", func(o *office) *file {
			f := o.open(nil).assign().contact().claim(1, domain.Yuan(20_000))
			return f.do(handler, &complaint.VerifyClaims{
				Lines: []complaint.Verification{{ClaimantNo: 1, VerifiedFen: domain.Yuan(20_000)}}, Method: complaint.VerifyByPayroll, Evidence: proof(complaint.EvidencePayroll),
			})
		}, map[*domain.Actor][]string{&handler: {"handle"}, &partner: {"second", "handle"}, &reviewer: {"second"}, &head: {"second"}}},
		{"verified", func(o *office) *file {
			return o.open(nil).assign().contact().claim(2, domain.Yuan(4000)).verify(domain.Yuan(4000))
		}, map[*domain.Actor][]string{&handler: {"outcome", "handle"}}},
		{"paid", func(o *office) *file {
			return o.open(nil).assign().contact().claim(2, domain.Yuan(4000)).verify(domain.Yuan(4000)).payAll()
		}, map[*domain.Actor][]string{&handler: {"propose", "handle"}}},
		{"proposed", func(o *office) *file {
			return o.open(nil).assign().contact().claim(2, domain.Yuan(4000)).verify(domain.Yuan(4000)).payAll().propose("1")
		}, map[*domain.Actor][]string{&handler: nil, &operator2: {"callback"}, &reviewer: nil, &approver: nil}},
		{"called back", func(o *office) *file {
			f := o.open(nil).assign().contact().claim(2, domain.Yuan(4000)).verify(domain.Yuan(4000)).payAll().propose("1")
			return f.call(1, 5, true).call(2, 5, true)
		}, map[*domain.Actor][]string{&operator2: nil, &reviewer: {"review"}, &approver: nil}},
		{"collective, called back", func(o *office) *file {
			f := o.open(nil).assign().contact().claim(10, domain.Yuan(4000)).verify(domain.Yuan(4000)).payAll().propose("1")
			for _, no := range f.s.Proposal.Sample {
				f.call(no, 5, true)
			}
			return f
		}, map[*domain.Actor][]string{&reviewer: nil, &approver: {"approve"}}},
		{"closed", func(o *office) *file {
			return o.open(nil).assign().contact().claim(2, domain.Yuan(4000)).verify(domain.Yuan(4000)).payAll().propose("1").approve(5)
		}, map[*domain.Actor][]string{&handler: {"archive"}, &reviewer: nil}},
		{"late", func(o *office) *file {
			f := o.open(nil).assign().contact()
			f.pass(60 * day)
			return f.do(clerk, &complaint.Tick{})
		}, map[*domain.Actor][]string{&handler: {"explain", "ledger", "handle"}, &approver: {"supervise"}}},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			f := step.work(o)
			q := o.serve()
			for who, want := range step.want {
				if diff := cmp.Diff(want, q.waiting(t, *who, f)); diff != "" {
					t.Errorf("waits for %s %s (-want +got):\n%s", who.Role, who.ID, diff)
				}
			}
		})
	}
}

// TestWhatIsWishedIsOpen holds the inboxes of everybody against the rules: of
// what a case is said to wait for, something can really be done.
func TestWhatIsWishedIsOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	files := map[string]*file{}
	for _, f := range o.careers(80) {
		files[f.no] = f
	}
	q := o.serve()
	seen := map[string]bool{}
	for _, who := range []domain.Actor{operator, operator2, shift, dispatcher, head, handler, partner, reviewer, approver} {
		rows := must[[]InboxRow](t)(q.Inbox(t.Context(), viewerOf(who), rules()))
		if !slices.IsSortedFunc(rows, func(a, b InboxRow) int {
			return complaint.RiskLevels().Index(b.Risk) - complaint.RiskLevels().Index(a.Risk)
		}) {
			t.Errorf("the inbox of %s is not in the order of risk", who.Role)
		}
		for _, r := range rows {
			open := map[string]bool{}
			for _, a := range complaint.Available(files[r.No].s, who, rules(), r.LastEventAt.Add(time.Minute)) {
				open[a.Name] = a.Allowed
			}
			for _, code := range r.Waits {
				seen[code] = true
				if !slices.ContainsFunc(WaitOf(code).Next, func(name string) bool { return open[name] }) {
					t.Errorf("%s in phase %s waits for %s by %s, who may do nothing of %v", r.No, r.Phase, code, who.Role, WaitOf(code).Next)
				}
			}
		}
	}
	t.Logf("waits seen: %d of %d", len(seen), len(Waits()))
}

func TestWaitsNameCommandsOfTheirRoles(t *testing.T) {
	t.Parallel()
	for _, w := range Waits() {
		for _, role := range w.Roles {
			if !slices.ContainsFunc(w.Next, func(name string) bool {
				spec, ok := complaint.Spec(name)
				return ok && slices.Contains(spec.Roles, role)
			}) {
				t.Errorf("%s: no command of %v is for %s", w.Code, w.Next, role)
			}
		}
	}
}

func TestDesk(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	red := o.open(func(c *complaint.Register) { c.Flags = []complaint.Flag{complaint.FlagExtreme} })
	soon := o.open(func(c *complaint.Register) { c.PromiseAt = o.now.Add(2 * time.Hour) })
	later := o.open(func(c *complaint.Register) { c.PromiseAt = o.now.Add(30 * time.Hour) })
	kept := o.open(func(c *complaint.Register) { c.PromiseAt = o.now.Add(2 * time.Hour) }).assign().contact()
	toCall := o.open(nil).assign().contact().claim(2, domain.Yuan(4000)).verify(domain.Yuan(4000)).payAll().propose("1")
	toCall.call(1, 5, true)
	toCall.call(2, 0, false)
	now := o.now
	late := o.open(nil)
	late.pass(60 * day)
	late.do(clerk, &complaint.Tick{})
	q := o.serve()
	mine := must[Desk](t)(q.Desk(t.Context(), viewerOf(operator), rules(), now))
	nos := func(rows []PromisedRow) (nos []string) {
		for _, r := range rows {
			nos = append(nos, r.No)
		}
		return nos
	}
	if diff := cmp.Diff([]string{soon.no, later.no}, nos(mine.Mine)); diff != "" {
		t.Errorf("promises of the operator, without %s (-want +got):\n%s", kept.no, diff)
	}
	if diff := cmp.Diff([]string{soon.no}, nos(mine.Today)); diff != "" {
		t.Errorf("due today (-want +got):\n%s", diff)
	}
	if len(mine.Callbacks) != 1 || mine.Callbacks[0].ID != toCall.id || mine.Callbacks[0].ClaimantNo != 2 || mine.Callbacks[0].Attempts != 1 || mine.Callbacks[0].DueAt.IsZero() {
		t.Errorf("to be called back: %+v", mine.Callbacks)
	}
	if len(mine.Red) != 1 || mine.Red[0].ID != red.id || mine.Overdue != 1 || len(mine.Newest) != 6 || mine.Newest[0].ID != late.id {
		t.Errorf("red %v, overdue %d, newest %v", numbers(mine.Red), mine.Overdue, numbers(mine.Newest))
	}
	if other := must[Desk](t)(q.Desk(t.Context(), viewerOf(operator2), rules(), now)); len(other.Mine) != 0 || len(other.Today) != 1 {
		t.Errorf("promises of another operator: %v, due today %v", nos(other.Mine), nos(other.Today))
	}
}

package e2e_test

import (
	"fmt"
	"testing"
)

// team is the people who work a case of one unit, each at a browser.
type team struct {
	app                               *program
	hotline, dispatcher, head, worker *officer
}

// newTeam signs in those of a unit, named by its short code.
func newTeam(t *testing.T, app *program, unit string) *team {
	t.Helper()
	return &team{
		app: app, hotline: app.signIn(t, "hotline"), dispatcher: app.signIn(t, "dispatch"),
		head: app.signIn(t, "head."+unit), worker: app.signIn(t, "handler."+unit),
	}
}

// take takes a call down and returns the id and the number of the case.
func (m *team) take(pairs ...string) (id, no string) {
	o := m.hotline
	o.t.Helper()
	o.open("/desk")
	o.fill("#intake", pairs...)
	o.Follow("#intake .primary")
	if o.Has("#problem") {
		o.t.Fatalf("register: %s", o.Text("#problem"))
	}
	o.want("main", "请告诉来电人")
	return caseOf(o.Path()), o.number()
}

// hand brings a registered case to the handler's desk.
func (m *team) hand(id, org, class, handler string) {
	m.dispatcher.t.Helper()
	m.dispatcher.do(id, "accept", "handling_org", org, "time_class", class)
	m.head.do(id, "sign")
	m.head.begin(id, "assign")
	m.head.chosen(commandForm+" [name=handler]", handler)
	m.head.send("assign")
	m.worker.do(id, "log_contact", "with", "worker", "purpose", "inquiry", "how", "phone", "gist", "核对工期、工资标准和已付金额")
}

// settle verifies, pays and concludes for the claimants of a case that have
// nothing yet; second confirms what the handler found, when that is needed.
func (m *team) settle(id string, second *officer) {
	o := m.worker
	o.t.Helper()
	o.begin(id, "verify_claims", "method", "payroll", "evidence.0.kind", "payroll", "evidence.0.note", "三至五月工资表")
	o.Click(commandForm + " [data-fill-all]")
	o.send("verify_claims")
	if second != nil {
		second.begin(id, "confirm_verification")
		second.Click(commandForm + " [data-check-all]")
		second.send("confirm_verification")
	}
	o.begin(id, "record_payment", "evidence.0.kind", "bank_record", "claimant_confirmed", "1", "confirmed_how", "phone")
	o.Click(commandForm + " [data-fill-all]")
	o.send("record_payment")
}

// conclude says of claimants that they were paid.
func (m *team) conclude(id string, from, to int) {
	m.worker.t.Helper()
	m.worker.begin(id, "set_outcome", "outcome", "paid")
	for no := from; no <= to; no++ {
		m.worker.fill(commandForm, "claimant_nos", fmt.Sprint(no))
	}
	m.worker.send("set_outcome")
}

// callBack calls everybody of the sample back and returns how many that were.
func (m *team) callBack(id string) (called int) {
	o := m.hotline
	o.t.Helper()
	for {
		o.open("/complaints/" + id + "/do/callback")
		waiting := commandForm + " tr:has([name=claimant_no]:not(:disabled))"
		if !o.Has(waiting) {
			return called
		}
		o.Click(waiting + " [name=claimant_no]")
		o.fill(commandForm, "confirmed_fen", o.texts(waiting + " strong")[0], "satisfied", "5")
		o.send("callback")
		if called++; called > 30 {
			o.t.Fatal("calling back never ends")
		}
	}
}

package access

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write golden files anew")

var by = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleHandler}, At: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }

func TestStreamOf(t *testing.T) {
	t.Parallel()
	day := domain.NewDate(2026, 11, 23)
	one := StreamOf("u1", day)
	if uuid.Validate(one) != nil || one == StreamOf("u2", day) || one == StreamOf("u1", day.AddDays(1)) || one != StreamOf("u1", day) {
		t.Errorf("stream %s", one)
	}
}

var (
	kase   = Thing{"complaint", "c1"}
	person = uuid.MustParse("0192f000-0000-7000-8000-000000000001")
)

func revealed(at time.Time, n int) Event {
	return SensitiveRevealed{On: kase, Person: person, Fields: make([]Field, n), Reason: "contact", At: at}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	d := NewDecider(Limits{Hour: 5, Day: 8})
	ask := func(change func(*Reveal)) *Reveal {
		cmd := &Reveal{By: by, On: kase, Person: person, Fields: []Field{FieldPhone, FieldName, FieldPhone}, Reason: "contact"}
		if change != nil {
			change(cmd)
		}
		return cmd
	}
	then := SensitiveRevealed{On: kase, Person: person, Fields: []Field{FieldName, FieldPhone}, Reason: "contact", At: by.At}
	ago := func(d time.Duration, n int) Event { return revealed(by.At.Add(-d), n) }
	c := func(name string, given []Event, when Command, then []Event, code string) domaintest.Case[Command, Event] {
		return domaintest.Case[Command, Event]{Name: name, Given: given, When: when, Then: then, Code: code}
	}
	view := View{On: kase, Screen: ScreenCase, Seen: Seen{"complaints", 7}, At: by.At, Times: 2}
	file := Exported{Query: QueryLedger, Rows: 3, SHA256: "00"}
	clear := file
	clear.Clear = true
	domaintest.Decides(t, d,
		c("reveal", nil, ask(nil), []Event{then}, ""),
		c("no case", nil, ask(func(r *Reveal) { r.On = Thing{} }), nil, "case_missing"),
		c("no fields", nil, ask(func(r *Reveal) { r.Fields = nil }), nil, "fields_missing"),
		c("unknown field", nil, ask(func(r *Reveal) { r.Fields = []Field{"x"} }), nil, "code_unknown"),
		c("no reason", nil, ask(func(r *Reveal) { r.Reason = "" }), nil, "code_missing"),
		c("other without a note", nil, ask(func(r *Reveal) { r.Reason = ReasonOther }), nil, "note_missing"),
		c("a long note", nil, ask(func(r *Reveal) { r.Note = strings.Repeat("长", longestNote+1) }), nil, "note_long"),
		c("up to the hour's limit", []Event{ago(time.Hour-1, 3)}, ask(nil), []Event{then}, ""),
		c("above the hour's limit", []Event{ago(time.Hour-1, 4)}, ask(nil), nil, "reveal_limit"),
		c("an hour later", []Event{ago(time.Hour, 4)}, ask(nil), []Event{then}, ""),
		c("of the day before, within the hour", nil, ask(func(r *Reveal) { r.Before = []Use{{by.At.Add(-time.Minute), 4}} }), nil, "reveal_limit"),
		c("up to the day's limit", []Event{ago(3*time.Hour, 5), ago(2*time.Hour, 1)}, ask(nil), []Event{then}, ""),
		c("above the day's limit", []Event{ago(3*time.Hour, 5), ago(2*time.Hour, 2)}, ask(nil), nil, "reveal_limit"),
		c("nothing to note", nil, &Note{By: by}, nil, ""),
		c("note", nil, &Note{By: by, Views: []View{view}, Searches: []Searched{{Kind: LookupSearch, Hits: 1, At: by.At}}, Prints: []Printed{{On: kase, Screen: ScreenFile, At: by.At}}},
			[]Event{RecordViewed{Items: []View{view}}, Searched{Kind: LookupSearch, Hits: 1, At: by.At}, Printed{On: kase, Screen: ScreenFile, At: by.At}}, ""),
		c("note what was missed", nil, &Note{By: by, Missed: 3}, []Event{RecordViewed{Missed: 3}}, ""),
		c("export", nil, &Export{by, file}, []Event{file}, ""),
		c("export of nothing known", nil, &Export{By: by}, nil, "code_missing"),
		c("export in the clear without a reason", nil, &Export{by, clear}, nil, "code_missing"),
	)
}

// TestWhenAgain: the answer says from when on it is possible again.
func TestWhenAgain(t *testing.T) {
	t.Parallel()
	d := NewDecider(Limits{Hour: 5, Day: 100})
	s := d.Fold(d.Initial(), revealed(by.At.Add(-50*time.Minute), 1), revealed(by.At.Add(-30*time.Minute), 2), revealed(by.At.Add(-10*time.Minute), 2))
	_, err := d.Decide(s, &Reveal{By: by, On: kase, Fields: []Field{FieldName, FieldIDNo}, Reason: "verify"})
	if err == nil || !strings.Contains(err.Error(), "09:30以后") {
		t.Errorf("two more: %v, want from 09:30 on", err)
	}
	_, err = d.Decide(s, &Reveal{By: by, On: kase, Fields: []Field{FieldName}, Reason: "verify"})
	if err == nil || !strings.Contains(err.Error(), "09:10以后") {
		t.Errorf("one more: %v, want from 09:10 on", err)
	}
}

package complaint

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
	"hearth/domain/domaintest"
)

// TestCommandsAreJSON: the API decodes commands as they are; who issues them
// never comes from outside.
func TestCommandsAreJSON(t *testing.T) {
	t.Parallel()
	for _, spec := range Commands() {
		want := spec.New()
		v := reflect.ValueOf(want).Elem()
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "By" {
				domaintest.Fill(v.Field(i), v.Type().Field(i).Name)
			}
		}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := NewCommand(spec.Name)
		if err := json.Unmarshal(data, got); err != nil {
			t.Errorf("%s: %v", spec.Name, err)
		}
		if diff := cmp.Diff(want, got, cmpAll); diff != "" {
			t.Errorf("%s (-want +got):\n%s", spec.Name, diff)
		}
		var parsed any
		if err := json.Unmarshal(data, &parsed); err != nil {
			t.Fatal(err)
		}
		checkKeys(t, spec.Name, parsed)
		forged, _ := NewCommand(spec.Name)
		if err := json.Unmarshal([]byte(`{"By":{"actor":{"id":"me"}},"by":{"actor":{"id":"me"}},"actor":{"id":"me"}}`), forged); err == nil && forged.IssuedBy().Actor.ID != "" {
			t.Errorf("%s: JSON can say who issues it", spec.Name)
		}
	}
}

// checkKeys demands snake_case all the way down.
func checkKeys(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			if key != strings.ToLower(key) {
				t.Errorf("%s: field %q is not snake_case", where, key)
			}
			checkKeys(t, where+"."+key, below)
		}
	case []any:
		for _, below := range v {
			checkKeys(t, where, below)
		}
	}
}

// TestEveryCommandNeedsAnActor: By is checked first.
func TestEveryCommandNeedsAnActor(t *testing.T) {
	t.Parallel()
	d := NewDecider(testRules())
	for _, spec := range Commands() {
		if _, err := d.Decide(State{}, spec.New()); codeOf(err) != "actor_missing" {
			t.Errorf("%s without an actor: %v", spec.Name, err)
		}
	}
}

// TestRoles: a command is refused to every role that it does not name.
func TestRoles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	registered(d)
	for _, role := range domain.Roles().All() {
		for _, a := range Available(d.s, domain.Actor{ID: "x", Org: "jc", Role: role}, d.r, d.now) {
			spec, _ := Spec(a.Name)
			named := false
			for _, r := range spec.Roles {
				named = named || r == role
			}
			if (a.Code == "role_not_allowed") == named {
				t.Errorf("%s by %s: %v %s", a.Name, role, a.Allowed, a.Code)
			}
		}
	}
}

// TestSettings: every limit is shown with its basis.
func TestSettings(t *testing.T) {
	t.Parallel()
	keys := map[string]bool{}
	for _, s := range testRules().Settings() {
		if keys[s.Key] || s.Label == "" || s.Value == "" || s.Basis.Text == "" || !Sources().Has(s.Basis.Source) {
			t.Errorf("setting %+v is twice there or incomplete", s)
		}
		keys[s.Key] = true
	}
	if len(keys) < 30 {
		t.Errorf("only %d settings", len(keys))
	}
}

// TestExternalCase: the same number of the same system is the same case.
func TestExternalCase(t *testing.T) {
	t.Parallel()
	a, b := ExternalCase("t12345", "1"), ExternalCase("t12345", "1")
	if a != b || a == ExternalCase("platform", "1") || a == ExternalCase("t1234", "51") || a.Version() != 5 {
		t.Errorf("case ids %s and %s", a, b)
	}
}

// FuzzDecide: whatever JSON arrives for whatever command, the answer is events
// or a refusal.
func FuzzDecide(f *testing.F) {
	states := []func(*desk){registered, accepted, assigned, verified, paid, proposed, closed}
	for i, spec := range Commands() {
		data, _ := json.Marshal(spec.New())
		f.Add(uint8(i), uint8(i), uint8(i), data)
	}
	f.Add(uint8(37), uint8(3), uint8(6), []byte(`{"lines":[{"claimant_no":1,"paid_fen":9223372036854775807}],"paid_on":"2026-03-02","payer_role":"employer","method":"bank","evidence":[{"kind":"bank_record"}]}`))
	f.Fuzz(func(t *testing.T, which, state, actor uint8, data []byte) {
		d := newDesk(t)
		states[int(state)%len(states)](d)
		cmd := table[int(which)%len(table)].New()
		if json.Unmarshal(data, cmd) != nil {
			return
		}
		who := cast[int(actor)%len(cast)]
		events, err := d.try(who, cmd)
		checkAnswer(t, 0, cmd, events, err)
		checkLedger(t, d.s)
		if _, err := json.Marshal(events); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkDecide is one command on a case of twenty events: folding the case,
// deciding, and evolving.
func BenchmarkDecide(b *testing.B) {
	d := newDesk(b)
	verified(d)
	d.do(handler, &LogNegotiation{HeldOn: date("2026-03-02"), Attendees: "双方", Gist: "x"}, &AddNote{Visibility: VisibleInternal, Text: "x"})
	for len(d.trace) < 20 {
		d.do(handler, &LogContact{With: PartyEmployer, Purpose: PurposeInquiry, How: ByPhone, Reached: true, Gist: "x"})
	}
	d.trace = d.trace[:20]
	cmd := pay(1, 100)
	cmd.Stamp(domain.By{Actor: handler, At: d.now})
	folded := d.d.Fold(State{}, d.trace...)
	b.Run("decide and evolve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			events, err := d.d.Decide(folded, cmd)
			if err != nil {
				b.Fatal(err)
			}
			d.d.Fold(folded, events...)
		}
	})
	b.Run("fold 20, decide and evolve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s := d.d.Fold(State{}, d.trace...)
			events, err := d.d.Decide(s, cmd)
			if err != nil {
				b.Fatal(err)
			}
			d.d.Fold(s, events...)
		}
	})
	b.Run("available", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Available(folded, handler, d.r, d.now)
		}
	})
}

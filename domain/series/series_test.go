package series

import (
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hearth/domain"
	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write golden files anew")

var by = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleOperator}, At: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}

func TestDecide(t *testing.T) {
	t.Parallel()
	two := []Event{NumberTaken{"complaint-2026", 1, "a"}, NumberTaken{"complaint-2026", 2, "b"}}
	tests := map[string]struct {
		given []Event
		when  Command
		then  []Event
		code  string
	}{
		"the first number": {nil, &Take{by, "complaint-2026", "a"}, []Event{NumberTaken{"complaint-2026", 1, "a"}}, ""},
		"the next number":  {two, &Take{by, "complaint-2026", "c"}, []Event{NumberTaken{"complaint-2026", 3, "c"}}, ""},
		"another series":   {two, &Take{by, "complaint-2027", "c"}, nil, "series_mismatch"},
		"for nothing":      {two, &Take{by, "complaint-2026", ""}, nil, "series_mismatch"},
		"void":             {two, &Void{by, 2, "重复登记"}, []Event{NumberVoided{"complaint-2026", 2, "重复登记"}}, ""},
		"void without why": {two, &Void{by, 2, ""}, nil, "reason_missing"},
		"void not taken":   {two, &Void{by, 3, "x"}, nil, "number_not_taken"},
		"void twice":       {append(two[:2:2], NumberVoided{"complaint-2026", 2, "x"}), &Void{by, 2, "x"}, nil, ""},
		"after a void":     {append(two[:2:2], NumberVoided{"complaint-2026", 2, "x"}), &Take{by, "complaint-2026", "c"}, []Event{NumberTaken{"complaint-2026", 3, "c"}}, ""},
	}
	for name, tc := range tests {
		got, err := Decider.Decide(Decider.Fold(State{}, tc.given...), tc.when)
		var no *domain.Rejection
		code := ""
		if errors.As(err, &no) {
			code = no.Code
		}
		if diff := cmp.Diff(tc.then, got); diff != "" || code != tc.code {
			t.Errorf("%s: code %q, want %q; events (-want +got)\n%s", name, code, tc.code, diff)
		}
	}
}

func TestEvolveDoesNotMutate(t *testing.T) {
	t.Parallel()
	s := State{Name: "x", Last: 9, Voided: make([]int, 1, 8)}
	a, b := evolve(s, NumberVoided{"x", 3, "r"}), evolve(s, NumberVoided{"x", 4, "r"})
	if a.Voided[1] != 3 || b.Voided[1] != 4 {
		t.Errorf("states share memory: %v %v", a.Voided, b.Voided)
	}
}

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }

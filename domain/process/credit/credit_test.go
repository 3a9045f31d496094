package credit

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
)

// TestReact: given the events of a complaint, then what follows from its closing.
func TestReact(t *testing.T) {
	t.Parallel()
	one, other, source := uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{9}
	registered := func(employer uuid.UUID) domain.Event {
		return complaint.Registered{Employer: complaint.Employer{EnterpriseID: employer, Text: "宏达"}}
	}
	closed := func(verified, paid domain.Fen) complaint.Closed {
		return complaint.Closed{Conclusion: complaint.ConcludePaid, Totals: complaint.Totals{VerifiedFen: verified, PaidFen: paid}}
	}
	against := func(id uuid.UUID) []domain.Wish[*enterprise.Signal] {
		return []domain.Wish[*enterprise.Signal]{{Case: id, Command: &enterprise.Signal{
			Kind: "arrears_confirmed", SourceEvent: source, SourceCase: "complaint/c",
		}}}
	}
	for name, tc := range map[string]struct {
		given []domain.Event
		when  domain.Event
		then  []domain.Wish[*enterprise.Signal]
	}{
		"arrears":                 {[]domain.Event{registered(one)}, closed(1, 0), against(one)},
		"arrears paid in full":    {[]domain.Event{registered(one)}, closed(500, 500), against(one)},
		"nothing verified":        {[]domain.Event{registered(one)}, closed(0, 0), nil},
		"respondent unknown":      {[]domain.Event{registered(uuid.Nil)}, closed(1, 0), nil},
		"identified later":        {[]domain.Event{registered(uuid.Nil), complaint.RespondentIdentified{EnterpriseID: one}}, closed(1, 0), against(one)},
		"corrected":               {[]domain.Event{registered(one), complaint.RespondentIdentified{EnterpriseID: other}}, closed(1, 0), against(other)},
		"only the project named":  {[]domain.Event{registered(one), complaint.RespondentIdentified{ProjectID: other}}, closed(1, 0), nil},
		"closed again":            {[]domain.Event{registered(one), closed(1, 0), complaint.Reopened{}}, closed(2, 0), nil},
		"closed again with more":  {[]domain.Event{registered(one), closed(0, 0), complaint.Reopened{}}, closed(2, 0), against(one)},
		"closed again on another": {[]domain.Event{registered(one), closed(1, 0), complaint.Reopened{}, complaint.RespondentIdentified{EnterpriseID: other}}, closed(1, 0), against(other)},
		"and back": {[]domain.Event{
			registered(one), closed(1, 0),
			complaint.RespondentIdentified{EnterpriseID: other},
			closed(1, 0),
			complaint.RespondentIdentified{EnterpriseID: one},
		}, closed(1, 0), nil},
		"restricted":     {[]domain.Event{registered(one), complaint.AccessRestricted{}}, closed(1, 0), nil},
		"something else": {[]domain.Event{registered(one)}, complaint.Archived{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s State
			for _, ev := range tc.given {
				s = Reaction.Evolve(s, ev)
			}
			got := Reaction.React(s, domain.Fact{ID: source, Stream: "complaint/c", Event: tc.when})
			if diff := cmp.Diff(tc.then, got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

package complaint

import (
	"fmt"
	"strings"
	"testing"

	"hearth/domain"
)

// TestRareRejections are those that need a long text or an odd history.
func TestRareRejections(t *testing.T) {
	t.Parallel()
	crowd := make([]NewClaimant, maxClaimants+1)
	for i := range crowd {
		crowd[i] = person(i + 1)
	}
	alone := setup(signed).then(head, func() Command { return &Assign{Handler: handler.ID} }).
		then(handler, func() Command { return &Recuse{User: handler.ID, Relation: RelationSpouse} })
	checked := setup(func(d *desk) {
		assigned(d)
		d.do(handler, &AddClaimants{Claimants: people(1)}, verify(1, 10_000))
		d.do(domain.Actor{ID: reviewer.ID, Org: "jc", Role: domain.RoleReviewer}, &ConfirmVerification{ClaimantNos: []int{1}})
		d.do(handler, pay(1, 10_000), &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomePaid}, &ProposeClosure{Conclusion: ConcludePaid, Narrative: "已付清"})
		d.do(operator2, answer(1, 10_000))
	})
	many := person(1)
	for range 101 {
		many.Items = append(many.Items, wage(1)...)
	}
	runRows(t, []row{
		{"too long", registered, handler, &AddNote{Visibility: VisibleInternal, Text: strings.Repeat("字", maxText+1)}, "", "text_too_long"},
		{"just long enough", registered, handler, &AddNote{Visibility: VisibleInternal, Text: strings.Repeat("字", maxText)}, "note_added", ""},
		{"not UTF-8", registered, handler, &AddNote{Visibility: VisibleInternal, Text: "\xff"}, "", "text_unreadable"},
		{"a whole town", registered, operator, &AddClaimants{Claimants: crowd}, "", "too_many_claimants"},
		{"a hundred items", registered, operator, &AddClaimants{Claimants: []NewClaimant{many}}, "", "too_many_items"},
		{"nobody handles it", alone, handler, &LogNegotiation{}, "", "no_handler"},
		{"by the second verifier", checked, reviewer, &ApproveClosure{}, "", "reviewer_is_verifier"},
		{"a clock that does not run", assigned, reviewer, &PauseClock{Clock: ClockAccept, Reason: PauseForce}, "", "clock_ended"},
		{"a clock that never ran", assigned, handler, &PauseClock{Clock: ClockRedNotice, Reason: PauseForce}, "", "clock_none"},
	})
}

// TestRejectionsNameNoPerson: a refusal about a claimant speaks of the line, and
// never shows an id of a person.
func TestRejectionsNameNoPerson(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	verified(d)
	for _, cmd := range []Command{
		&AddClaimants{Claimants: people(1)}, pay(1, 9999), &SetOutcome{ClaimantNos: []int{1}, Outcome: OutcomePaid},
		&ProposeClosure{Conclusion: ConcludePaid, Narrative: "x"},
	} {
		_, err := d.try(handler, cmd)
		if err == nil || strings.Contains(err.Error(), id("person 1").String()) {
			t.Errorf("%s: %v", NameOf(cmd), err)
		}
	}
}

// TestTracks follows the lines of work of a case.
func TestTracks(t *testing.T) {
	t.Parallel()
	steps := []struct {
		cmds []Command
		want string
	}{
		{nil, "verify:open"},
		{[]Command{verify(1, 5000), verify(2, 4000)}, "payment:open verify:done"},
		{[]Command{&LogNegotiation{HeldOn: date("2026-03-02"), Attendees: "双方", Gist: "x"}}, "mediate:open payment:open verify:done"},
		{[]Command{&FailMediation{Reason: "不同意"}}, "mediate:failed payment:open verify:done"},
		{[]Command{
			&SendReferral{ReferralID: id("a"), Agency: AgencyLegalAid, DataSent: []string{"姓名"}, Basis: "本人同意"},
			&SendReferral{ReferralID: id("b"), Agency: AgencyLabour, DataSent: []string{"姓名"}, Basis: "本人同意"},
			&StartProcedure{Kind: ProcedureArbitration, Body: "仲裁委", StartedOn: date("2026-03-02")},
			&ReceiptReferral{ReferralID: id("a"), Accepted: true},
		}, "legal_aid:done mediate:failed payment:open procedure:open referral:open verify:done"},
		{
			[]Command{pay(1, 5000), pay(2, 4000), &LinkAdvance{ReliefID: id("r"), ClaimantNo: 1, AdvancedFen: 1}},
			"legal_aid:done mediate:failed payment:done procedure:open referral:open relief:done verify:done",
		},
	}
	d := newDesk(t)
	claimed(d)
	for i, s := range steps {
		d.do(handler, s.cmds...)
		var got []string
		all := Tracks(d.s)
		for _, k := range []Track{TrackDocuments, TrackLegalAid, TrackMediate, TrackPayment, TrackProcedure, TrackReferral, TrackRelief, TrackVerify} {
			if all[k] != TrackNone {
				got = append(got, fmt.Sprintf("%s:%s", k, all[k]))
			}
		}
		if strings.Join(got, " ") != s.want {
			t.Errorf("step %d: %v, want %s", i, got, s.want)
		}
	}
}

// TestRoleArticles: every role of a liable party has its usual article.
func TestRoleArticles(t *testing.T) {
	t.Parallel()
	for _, r := range PartyRoles().All() {
		if r.BasisArticle() == "" {
			t.Errorf("%s has no article", r)
		}
	}
	if PartyRole("").BasisArticle() != "" || SeriesCase(2026) != "complaint-2026" {
		t.Error("made up an article, or another series")
	}
}

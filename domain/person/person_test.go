package person

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"hearth/domain"
	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write golden files anew")

var by = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleOperator}, At: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }

func TestDecide(t *testing.T) {
	t.Parallel()
	is := []Event{Registered{Kind: "migrant", Identity: Identity{Name: "张三"}, Contact: Contact{Phone: "13800001234"}}}
	with := func(more ...Event) []Event { return append(is[:1:1], more...) }
	account := Bank{Name: "工行", Account: "6222020000001234", Holder: "张三"}
	domaintest.Decides(t, Decider,
		c("register", nil, &Register{By: by, Identity: Identity{Name: " 张  三 ", IDNo: "11010519491231002x"}, Contact: Contact{Phone: "+86 138-0000-1234"}},
			[]Event{Registered{Kind: "other", Identity: Identity{"张 三", "11010519491231002X"}, Contact: Contact{Phone: "13800001234"}}}, ""),
		c("register with account", nil, &Register{By: by, Kind: "worker", Identity: Identity{Name: "𠮷"}, Bank: &Bank{"工行", "6222 0200 0000 1234", "张三"}},
			[]Event{Registered{Kind: "worker", Identity: Identity{Name: "𠮷"}, Bank: &account}}, ""),
		c("no name", nil, &Register{By: by}, nil, "bad_name"),
		c("wrong phone", nil, &Register{By: by, Identity: Identity{Name: "张三"}, Contact: Contact{Phone: "12345678901"}}, nil, "bad_phone"),
		c("unknown kind", nil, &Register{By: by, Kind: "x", Identity: Identity{Name: "张三"}}, nil, "code_unknown"),
		c("twice", is, &Register{By: by, Identity: Identity{Name: "张三"}}, nil, "person_exists"),
		c("not on file", nil, &GiveConsent{By: by}, nil, "person_missing"),
		c("correct identity", is, &CorrectIdentity{By: by, Identity: Identity{Name: "张珊"}, Reason: "听错", ConfirmedBy: "u2"},
			[]Event{IdentityCorrected{Identity{Name: "张珊"}, "听错", "u2"}}, ""),
		c("correct alone", is, &CorrectIdentity{By: by, Identity: Identity{Name: "张珊"}, Reason: "听错", ConfirmedBy: "u1"}, nil, "same_person"),
		c("correct without why", is, &CorrectIdentity{By: by, Identity: Identity{Name: "张珊"}, ConfirmedBy: "u2"}, nil, "reason_missing"),
		c("correct to the same", is, &CorrectContact{By: by, Contact: Contact{Phone: "138 0000 1234"}}, nil, ""),
		c("correct contact", is, &CorrectContact{By: by, Contact: Contact{Phone: "0356-2021234"}, Reason: "换号"},
			[]Event{ContactCorrected{Contact{Phone: "03562021234"}, "换号"}}, ""),
		c("correct account", is, &CorrectBank{By: by, Bank: account, Reason: "换卡", ConfirmedBy: "u2"}, []Event{BankCorrected{account, "换卡", "u2"}}, ""),
		c("consent", is, &GiveConsent{By: by, Purpose: "referral", TextVersion: "1", How: "spoken"}, []Event{ConsentGiven{"referral", "1", "spoken"}}, ""),
		c("consent again", with(ConsentGiven{"referral", "1", "spoken"}), &GiveConsent{By: by, Purpose: "referral", TextVersion: "1", How: "spoken"}, nil, ""),
		c("withdraw", with(ConsentGiven{"referral", "1", "spoken"}), &WithdrawConsent{By: by, Purpose: "referral"}, []Event{ConsentWithdrawn{"referral"}}, ""),
		c("withdraw nothing", with(ConsentGiven{"referral", "1", "spoken"}, ConsentWithdrawn{"referral"}), &WithdrawConsent{By: by, Purpose: "referral"}, nil, "no_consent"),
		c("kin", is, &DeclareKin{By: by, User: "u1", Relation: "spouse"}, []Event{KinOfStaffDeclared{"u1", "spouse"}}, ""),
		c("kin again", with(KinOfStaffDeclared{"u1", "spouse"}), &DeclareKin{By: by, User: "u1", Relation: "spouse"}, nil, ""),
	)
}

// TestErasure: one asks, two others approve, and data go in two steps.
func TestErasure(t *testing.T) {
	t.Parallel()
	as := func(id string) domain.By {
		b := by
		b.Actor.ID = id
		return b
	}
	const one, two = "0192f000-0000-7000-8000-000000000001", "0192f000-0000-7000-8000-000000000002"
	is := []Event{
		Registered{Kind: "migrant", Identity: Identity{Name: "张三"}, Contact: Contact{Phone: "13800001234"}},
		KinOfStaffDeclared{"u8", "配偶"},
	}
	with := func(more ...Event) []Event { return append(is[:2:2], more...) }
	asked := ErasureRequested{Step: StepSuspend, Basis: "consent_withdrawn", Subjects: []string{one}, By: "u1"}
	decision := Decision{Basis: "consent_withdrawn", Subjects: []string{one}, RequestedBy: "u1", Approvers: [2]string{"u2", "u3"}}
	suspended := []Event{asked, ErasureApproved{StepSuspend, "u2"}, Suspended{decision}}
	away := append(suspended[:3:3], ErasureRequested{StepShred, "purpose_ended", []string{one}, "u1", nil}, ErasureApproved{StepShred, "u2"})
	gone := append(away[:5:5], KeyShredded{Decision{"purpose_ended", []string{one}, "u1", [2]string{"u2", "u3"}}})
	ask := func(step ErasureStep, basis ErasureBasis, subjects ...string) *RequestErasure {
		return &RequestErasure{By: by, Step: step, Basis: basis, Subjects: subjects}
	}
	domaintest.Decides(t, Decider,
		c("ask", is, ask(StepSuspend, "consent_withdrawn", strings.ToUpper(one), one), []Event{asked}, ""),
		c("ask without a case", is, ask(StepSuspend, "unlawful"), []Event{ErasureRequested{StepSuspend, "unlawful", nil, "u1", nil}}, ""),
		c("ask for a name", is, ask(StepSuspend, "unlawful", "张三"), nil, "bad_subject"),
		c("ask without a basis", is, ask(StepSuspend, ""), nil, "code_missing"),
		c("ask for something else", is, ask("burn", "unlawful"), nil, "code_unknown"),
		c("destroy at once", is, ask(StepShred, "purpose_ended"), nil, "not_suspended"),
		c("open what is open", is, ask(StepUnsuspend, "own_request"), nil, "not_suspended"),
		c("suspend for the wrong reason", is, ask(StepSuspend, "own_request"), nil, "basis_mismatch"),
		c("destroy what must be stored", with(suspended...), ask(StepShred, "storage_only"), nil, "basis_mismatch"),
		c("ask twice", with(asked), ask(StepSuspend, "unlawful"), nil, "erasure_pending"),
		c("approve one's own", with(asked), &ApproveErasure{as("u1"), StepSuspend}, nil, "same_person"),
		c("approve as kin", with(asked), &ApproveErasure{as("u8"), StepSuspend}, nil, "kin_of_subject"),
		c("approve another step", with(asked), &ApproveErasure{as("u2"), StepShred}, nil, "nothing_requested"),
		c("approve first", with(asked), &ApproveErasure{as("u2"), StepSuspend}, []Event{ErasureApproved{StepSuspend, "u2"}}, ""),
		c("approve twice", with(suspended[:2]...), &ApproveErasure{as("u2"), StepSuspend}, nil, "same_person"),
		c("approve second", with(suspended[:2]...), &ApproveErasure{as("u3"), StepSuspend}, []Event{Suspended{decision}}, ""),
		c("refuse", with(suspended[:2]...), &RefuseErasure{as("u3"), "case_open"}, []Event{ErasureRefused{StepSuspend, "case_open", "u3"}}, ""),
		c("refuse one's own", with(asked), &RefuseErasure{as("u1"), "case_open"}, nil, "same_person"),
		c("refuse nothing", is, &RefuseErasure{as("u3"), "case_open"}, nil, "nothing_requested"),
		c("approve what was refused", with(asked, ErasureRefused{StepSuspend, "case_open", "u3"}), &ApproveErasure{as("u2"), StepSuspend}, nil, "nothing_requested"),
		c("correct what is suspended", with(suspended...), &CorrectContact{By: by, Contact: Contact{Phone: "13800009999"}}, nil, "person_suspended"),
		c("consent while suspended", with(suspended...), &GiveConsent{By: by, Purpose: "referral", TextVersion: "1", How: "spoken"}, []Event{ConsentGiven{"referral", "1", "spoken"}}, ""),
		c("suspend again", with(suspended...), ask(StepSuspend, "unlawful", one), nil, "already_suspended"),
		c("suspend more", with(suspended...), ask(StepSuspend, "unlawful", two), []Event{ErasureRequested{StepSuspend, "unlawful", []string{one, two}, "u1", nil}}, ""),
		c("destroy more", with(suspended...), ask(StepShred, "unlawful", two), nil, "subjects_fixed"),
		c("open", with(append(suspended[:3:3], ErasureRequested{StepUnsuspend, "legal_duty", []string{one}, "u1", nil}, ErasureApproved{StepUnsuspend, "u2"})...),
			&ApproveErasure{as("u3"), StepUnsuspend}, []Event{Unsuspended{Decision{"legal_duty", []string{one}, "u1", [2]string{"u2", "u3"}}}}, ""),
		c("ask to destroy", with(suspended...), ask(StepShred, "purpose_ended"), []Event{away[3]}, ""),
		c("destroy", with(away...), &ApproveErasure{as("u3"), StepShred}, []Event{gone[5]}, ""),
		c("destroyed is destroyed", with(gone...), &GiveConsent{By: by, Purpose: "referral", TextVersion: "1", How: "spoken"}, nil, "person_shredded"),
		c("register again", with(gone...), &Register{By: by, Identity: Identity{Name: "张三"}}, nil, "person_exists"),
	)
	if s := Decider.Fold(Decider.Initial(), with(gone...)...); s.Identity != (Identity{}) || s.Contact != (Contact{}) || s.Erasure.Standing != IsShredded {
		t.Errorf("state after the keys were destroyed: %+v", s)
	}
}

func TestParseIDNo(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"11010519491231002X": "11010519491231002X",
		"１１０１０５１９４９１２３１００２ｘ": "11010519491231002X",
		"110105 19491231 002X": "11010519491231002X",
		"110105491231002":      "11010519491231002X",
	} {
		if got, err := ParseIDNo(in); err != nil || got != want {
			t.Errorf("ParseIDNo(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "1", "110105194912310021", "11010519491331002X", "1101051949123100ZX", "11010549123100X"} {
		var no *domain.Rejection
		_, err := ParseIDNo(in)
		if !errors.As(err, &no) {
			t.Errorf("%q was accepted", in)
		} else if len(in) > 4 && strings.Contains(no.Text, in) {
			t.Errorf("the rejection repeats the number: %s", no.Text)
		}
	}
}

func TestParsePhone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"13800001234": "13800001234", "+86 138 0000 1234": "13800001234", "８６１３８００００１２３４": "13800001234",
		"0356-2021234": "03562021234", "(0356)2021234": "03562021234", "2021234": "2021234", "12351": "12351",
	} {
		if got, err := ParsePhone(in); err != nil || got != want {
			t.Errorf("ParsePhone(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "1380000123", "138000012345", "电话", "12800001234", "0056-1234567"} {
		if got, err := ParsePhone(in); err == nil {
			t.Errorf("ParsePhone(%q) = %q, want a rejection", in, got)
		}
	}
}

func c(name string, given []Event, when Command, then []Event, code string) domaintest.Case[Command, Event] {
	return domaintest.Case[Command, Event]{Name: name, Given: given, When: when, Then: then, Code: code}
}

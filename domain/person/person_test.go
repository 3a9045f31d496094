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
		c("consent", is, &GiveConsent{By: by, Purpose: "移送", TextVersion: "1", How: "spoken"}, []Event{ConsentGiven{"移送", "1", "spoken"}}, ""),
		c("consent again", with(ConsentGiven{"移送", "1", "spoken"}), &GiveConsent{By: by, Purpose: "移送", TextVersion: "1", How: "spoken"}, nil, ""),
		c("withdraw", with(ConsentGiven{"移送", "1", "spoken"}), &WithdrawConsent{By: by, Purpose: "移送"}, []Event{ConsentWithdrawn{"移送"}}, ""),
		c("withdraw nothing", with(ConsentGiven{"移送", "1", "spoken"}, ConsentWithdrawn{"移送"}), &WithdrawConsent{By: by, Purpose: "移送"}, nil, "no_consent"),
		c("kin", is, &DeclareKin{By: by, User: "u9", Relation: "配偶"}, []Event{KinOfStaffDeclared{"u9", "配偶"}}, ""),
		c("kin again", with(KinOfStaffDeclared{"u9", "配偶"}), &DeclareKin{By: by, User: "u9", Relation: "配偶"}, nil, ""),
	)
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

package enterprise

import (
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/domaintest"
)

var update = flag.Bool("update", false, "write golden files anew")

var by = domain.By{Actor: domain.Actor{ID: "u1", Org: "jc", Role: domain.RoleOperator}, At: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}

func TestGolden(t *testing.T) { domaintest.Golden(t, *update, Specs()) }

func TestDecide(t *testing.T) {
	t.Parallel()
	on := domain.NewDate(2026, 11, 1)
	source, other, self := uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{3}
	is := []Event{Registered{Name: "晋城市宏达建筑有限公司", County: "jc-zz"}}
	with := func(more ...Event) []Event { return append(is[:1:1], more...) }
	domaintest.Decides(t, Decider,
		c("register", nil, &Register{By: by, Name: " 晋城市 宏达建筑有限公司 ", County: "jc-zz", USCC: "９１４４０３００１９２２０３８２１６", Ownership: "private", Headcount: 80},
			[]Event{Registered{Name: "晋城市 宏达建筑有限公司", County: "jc-zz", USCC: "914403001922038216", Ownership: "private", Headcount: 80}}, ""),
		c("register twice", is, &Register{By: by, Name: "别名"}, nil, "enterprise_exists"),
		c("no name", nil, &Register{By: by, Name: " "}, nil, "bad_enterprise_name"),
		c("wrong code", nil, &Register{By: by, Name: "某公司", USCC: "914403001922038217"}, nil, "bad_uscc"),
		c("unknown ownership", nil, &Register{By: by, Name: "某公司", Ownership: "x"}, nil, "code_unknown"),
		c("negative headcount", nil, &Register{By: by, Name: "某公司", Headcount: -1}, nil, "bad_headcount"),
		c("not on file", nil, &Rename{By: by, Name: "新名"}, nil, "enterprise_missing"),
		c("rename", is, &Rename{By: by, Name: "宏远建筑", On: on}, []Event{Renamed{Name: "宏远建筑", Former: "晋城市宏达建筑有限公司", On: on}}, ""),
		c("rename to the same", is, &Rename{By: by, Name: "晋城市宏达建筑有限公司"}, nil, ""),
		c("enter code", is, &EnterCode{By: by, USCC: "914403001922038216"}, []Event{CodeEntered{"914403001922038216"}}, ""),
		c("enter another code", with(CodeEntered{"914403001922038216"}), &EnterCode{By: by, USCC: "91330100799655058B"}, nil, "uscc_known"),
		c("headcount", is, &ReportHeadcount{By: by, Headcount: 7, On: on}, []Event{HeadcountReported{7, on}}, ""),
		c("headcount without date", is, &ReportHeadcount{By: by, Headcount: 7}, nil, "bad_headcount"),
		c("signal", is, &Signal{By: by, Kind: "no_answer", SourceEvent: source, SourceCase: "complaint/x"}, []Event{CreditSignal{"no_answer", source, "complaint/x"}}, ""),
		c("signal twice", with(CreditSignal{"no_answer", source, "x"}), &Signal{By: by, Kind: "no_answer", SourceEvent: source}, nil, ""),
		c("signal of no kind", is, &Signal{By: by}, nil, "code_missing"),
		c("blacklist", is, &NoteBlacklist{By: by, List: "失信", From: on, Source: "公告1号"}, []Event{BlacklistNoted{List: "失信", From: on, Source: "公告1号"}}, ""),
		c("blacklist backwards", is, &NoteBlacklist{By: by, List: "失信", From: on, To: on.AddDays(-1), Source: "公告"}, nil, "bad_period"),
		c("blacklist without source", is, &NoteBlacklist{By: by, List: "失信", From: on}, nil, "blacklist_incomplete"),
		c("remove what is not there", is, &RemoveBlacklist{By: by, List: "失信", On: on, Reason: "x"}, nil, "not_blacklisted"),
		c("remove", with(BlacklistNoted{List: "失信"}), &RemoveBlacklist{By: by, List: "失信", On: on, Reason: "已清偿"}, []Event{BlacklistRemoved{"失信", on, "已清偿"}}, ""),
		c("merge", is, &Merge{By: by, ID: self, IntoID: other, Reason: "重复建档"}, []Event{Merged{other, "重复建档"}}, ""),
		c("merge into itself", is, &Merge{By: by, ID: self, IntoID: self, Reason: "x"}, nil, "bad_merge"),
		c("after a merger", with(Merged{IntoID: other}), &Rename{By: by, Name: "新名"}, nil, "enterprise_merged"),
	)
}

func TestParseUSCC(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"914403001922038216", "91330100799655058B", "9144 0300 7152 6726 XG", "9144030071526726xg"} {
		if _, err := ParseUSCC(good); err != nil {
			t.Errorf("%s was refused: %v", good, err)
		}
	}
	for _, bad := range []string{"", "1", "914403001922038215", "91440300192203821O", "9144030019220382166"} {
		var no *domain.Rejection
		if _, err := ParseUSCC(bad); !errors.As(err, &no) {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestNormalName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"晋城市宏达建筑有限公司":         "晋城市宏达建筑",
		"晋城市宏达建筑工程(集团)有限责任公司": "晋城市宏达建筑工程集团",
		"晋城市宏达建筑工程（集团）有限责任公司": "晋城市宏达建筑工程集团",
		"ＡＢＣ　科技":              "abc科技",
		"有限公司":                "有限公司",
		"𠮷祥饭店":                "𠮷祥饭店",
	} {
		if got := NormalName(in); got != want {
			t.Errorf("NormalName(%q) = %q, want %q", in, got, want)
		}
	}
}

func c(name string, given []Event, when Command, then []Event, code string) domaintest.Case[Command, Event] {
	return domaintest.Case[Command, Event]{Name: name, Given: given, When: when, Then: then, Code: code}
}

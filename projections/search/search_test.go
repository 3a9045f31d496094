package search_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"hearth/adapters/localpg/pgtest"
	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections/projtest"
	"hearth/projections/search"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	start    = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	handler  = domain.Actor{ID: "u5", Org: "jc-zz", Role: domain.RoleHandler}
	reviewer = domain.Actor{ID: "u6", Org: "jc", Role: domain.RoleReviewer}
)

var policies = policy.InForce()

// sight is what the policies let somebody see.
func sight(a domain.Actor) complaint.Sight {
	return policies.Sight(a, orgunit.Founding(), domain.DateOf(start))
}

func id(kind search.Kind, n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, kind, n)) }

// log adds events with a minute between commits.
type log struct{ *projtest.Log }

func newLog(t testing.TB) log {
	return log{projtest.NewLog(t, eventstore.NewRegistry(complaint.Specs(), enterprise.Specs(), person.Specs()))}
}

func (l log) add(kind search.Kind, n int, events ...domain.Event) {
	by := domain.By{Actor: handler, At: start.Add(time.Duration(len(l.Commits())) * time.Minute)}
	l.Add(eventstore.StreamID{Family: string(kind), Case: id(kind, n).String()}, by, events...)
}

func (l log) person(n int, name, idNo, phone string) {
	l.add(search.Person, n, person.Registered{Identity: person.Identity{Name: name, IDNo: idNo}, Contact: person.Contact{Phone: phone}})
}

func registered(no, employer, summary string, reporter int) complaint.Registered {
	ev := complaint.Registered{No: no, Area: "jc-gp", Employer: complaint.Employer{Text: employer}, Summary: summary}
	if reporter > 0 {
		ev.Reporter.PersonID = id(search.Person, reporter)
	}
	return ev
}

func some(t testing.TB) log {
	l := newLog(t)
	l.person(1, "张三丰", "11010519491231002X", "13800001234")
	l.person(2, "王建国", "", "0356-2021234")
	l.add(search.Enterprise, 1, enterprise.Registered{Name: "晋城市恒兴建筑有限公司", Aliases: []string{"恒兴建安"}})
	l.add(search.Enterprise, 1, enterprise.CodeEntered{USCC: "914403001922038216"}, enterprise.HeadcountReported{Headcount: 9})
	l.add(search.Complaint, 1, registered("晋工诉〔2026〕12号", "恒兴建筑", "老板拖欠 工资三个月，共十二万元", 1),
		complaint.RiskRaised{Level: complaint.RiskRed})
	l.add(search.Complaint, 2, complaint.Registered{
		No: "晋工诉〔2026〕13号", Employer: complaint.Employer{Text: "宏远物业"}, Summary: "加班费没有给",
		External: &complaint.External{System: "t12345", No: "JC-20261123-0077"},
	})
	l.add(search.Complaint, 2, complaint.ClaimantAdded{ClaimantNo: 1, PersonID: id(search.Person, 2)},
		complaint.ClaimantsImported{FirstNo: 2, Rows: []complaint.NewClaimant{{PersonID: id(search.Person, 1)}, {PersonID: id(search.Person, 3)}}},
		complaint.NoteAdded{Text: "物业经理说下周发放"}, complaint.ContactAttempted{Gist: "电话里说没钱"})
	l.person(3, "陳國興", "", "") // named in a case before there is a file
	l.add(search.Enterprise, 1, enterprise.Renamed{Name: "山西恒兴集团有限公司", Former: "晋城市恒兴建筑有限公司"})
	l.add(search.Enterprise, 2, enterprise.Registered{Name: "ＡＢＣ科技(晋城)公司"}, enterprise.Merged{IntoID: id(search.Enterprise, 1)})
	l.add(search.Person, 2, person.IdentityCorrected{Identity: person.Identity{Name: "王建业"}},
		person.ContactCorrected{Contact: person.Contact{Phone: "13911112222"}})
	l.add(search.Complaint, 2, complaint.ClaimantRemoved{ClaimantNo: 2},
		complaint.DocumentIssued{No: "晋工监〔2026〕3号"}, complaint.ReferralReceipted{TheirNo: "人社监9"})
	return l
}

// titles are the hits in short: kind and first words, hits in brackets.
func titles(r search.Result) []string {
	list := []string{}
	for _, h := range r.Hits {
		list = append(list, string(h.Kind)+" "+show(h.Title[0]))
	}
	return list
}

func show(f search.Found) string {
	var b strings.Builder
	for _, p := range f.Pieces {
		if p.Hit {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestFind(t *testing.T) {
	t.Parallel()
	v := vault.NewMemory()
	q := search.NewQueries(projtest.Run(t, search.New(v), some(t).Events()), v)
	const first, second = "complaint 晋工诉〔2026〕12号", "complaint 晋工诉〔2026〕13号"
	for asked, want := range map[string][]string{
		"":                       {},
		" 。!":                    {},
		"没有的东西":                  {},
		"拖欠工资":                   {first},
		"工资 恒兴":                  {first},
		"工资 宏远":                  {},
		"恒興":                     {"enterprise 山西[恒兴]集团有限公司", first},
		"恒兴":                     {"enterprise 山西[恒兴]集团有限公司", first},
		"恒兴建筑":                   {first, "enterprise 山西恒兴集团有限公司"}, // the employer is just that
		"恒兴建安":                   {"enterprise 山西恒兴集团有限公司"},
		"９１４４０３００":               {"enterprise 山西恒兴集团有限公司"},
		"晋工诉[2026]13号":           {"complaint [晋工诉〔2026〕13号]"},
		"202612号":                {"complaint 晋工诉〔[2026〕12号]"},
		"JC-20261123":            {second},
		"20261123-0077":          {second},
		"晋工监〔2026〕3":             {second},
		"人社监9":                   {second},
		"下周发放":                   {second},
		"电话里":                    {second},
		"王建业":                    {"person [王建业]", second},
		"王建国":                    {},
		"陈国兴":                    {"person [陳國興]", second},
		"张三":                     {"person [张三]丰", first}, // removed from the second
		"张":                      {"person [张]三丰", first},
		"三丰 1380000":             {"person 张[三丰]"},
		"三":                      {"person 张[三]丰", first}, // in names, not in running text
		"138 0000":               {"person 张三丰"},
		"139-1111-2222":          {"person 王建业"},
		"2021234":                {},
		"1101051949":             {"person 张三丰"},
		"abc":                    {"enterprise [ＡＢＣ]科技(晋城)公司"},
		"a":                      {"enterprise [Ａ]ＢＣ科技(晋城)公司"},
		"c":                      {},
		strings.Repeat("长", 500): {},
	} {
		got, err := q.Find(t.Context(), reviewer, sight(reviewer), search.Question{Text: asked})
		if diff := cmp.Diff(want, titles(got)); err != nil || diff != "" {
			t.Errorf("Find(%q): %v\n%s", asked, err, diff)
		}
	}
}

func TestHit(t *testing.T) {
	t.Parallel()
	v := vault.NewMemory()
	q := search.NewQueries(projtest.Run(t, search.New(v), some(t).Events()), v)
	find := func(text string, kind search.Kind, limit int) search.Result {
		t.Helper()
		r, err := q.Find(t.Context(), reviewer, sight(reviewer), search.Question{Text: text, Kind: kind, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := find("张三", "", 1)
	if diff := cmp.Diff(map[search.Kind]int{"person": 1, "complaint": 1}, r.Counts); diff != "" || len(r.Hits) != 1 {
		t.Errorf("counts of all kinds, one hit shown: %s", diff)
	}
	want := search.Hit{
		Kind: search.Person, ID: id(search.Person, 1), At: start, Title: r.Hits[0].Title,
		Cases: []search.Case{{ID: id(search.Complaint, 1), No: "晋工诉〔2026〕12号"}},
	}
	if diff := cmp.Diff(want, r.Hits[0], cmpopts.IgnoreUnexported(search.Hit{})); diff != "" {
		t.Error(diff)
	}
	if masked := show(r.Hits[0].Masked().Title[0]); masked != "[张*]" {
		t.Errorf("masked: %q", masked)
	}
	phone := find("13800001234", "", 1).Hits[0]
	if got := show(phone.Found[0]) + show(phone.Masked().Found[0]); got != "[13800001234][138****1234]" {
		t.Errorf("phone: %q", got)
	}
	only := find("张三", search.Complaint, 10)
	if len(only.Hits) != 1 || only.Hits[0].Kind != search.Complaint || only.Counts["person"] != 1 {
		t.Errorf("complaints only: %+v", only)
	}
	if got := only.Hits[0]; got.Found[0].Field.Label() != "反映人" || show(got.Found[0]) != "[张三]丰" || show(got.Masked().Found[0]) != "[张*]" {
		t.Errorf("reporter: %+v", got.Found)
	}
	summary := find("欠工资", "", 10).Hits[0]
	if got := show(summary.Found[0]); got != "老板拖[欠 工资]三个月，共十二万元" {
		t.Errorf("summary: %q", got)
	}
	merged := find("abc", "", 10).Hits[0]
	if merged.MergedInto != id(search.Enterprise, 1) {
		t.Errorf("merged: %+v", merged)
	}
	none := find("查无此事", "", 10)
	if len(none.Hits) != 0 || none.Counts == nil {
		t.Errorf("nothing found is counted: %+v", none)
	}
}

func TestRestrictedCasesAreNotThere(t *testing.T) {
	t.Parallel()
	accused := "jc-gp"
	restriction := complaint.Restriction{AccusedOrg: accused, AllowedRoles: []domain.Role{domain.RoleReviewer, domain.RoleOrgHead}}
	restrict := complaint.AccessRestricted{Reason: "union_staff", AccusedOrg: restriction.AccusedOrg, AllowedRoles: restriction.AllowedRoles}
	l := newLog(t)
	l.person(1, "举报人甲", "", "13800001111")
	l.person(2, "旁人乙", "", "")
	l.person(3, "后来丙", "", "")
	l.add(search.Complaint, 1, registered("密1号", "某单位", "工会人员的事", 1), restrict,
		complaint.ClaimantAdded{ClaimantNo: 1, PersonID: id(search.Person, 2)})
	l.add(search.Complaint, 2, registered("公2号", "某单位", "别的事", 2))
	l.add(search.Complaint, 1, complaint.ClaimantAdded{ClaimantNo: 2, PersonID: id(search.Person, 3)}, complaint.NoteAdded{Text: "补充笔录"})
	v := vault.NewMemory()
	pool := projtest.Run(t, search.New(v), l.Events())
	q := search.NewQueries(pool, v)
	may := func(viewer domain.Actor, s complaint.State) bool {
		s.Area = accused
		return policies.May(policy.Request{Actor: viewer, Action: policy.See, On: policy.OnComplaint(uuid.Nil, s), Units: orgunit.Founding(), Date: domain.DateOf(start)})
	}
	for _, role := range domain.Roles().All() {
		for _, org := range []string{"jc", accused} {
			viewer := domain.Actor{ID: "u", Org: org, Role: role}
			sees, known := may(viewer, complaint.State{Restriction: &restriction}), 0
			for _, s := range []complaint.State{{}, {Restriction: &restriction}} {
				if may(viewer, s) {
					known++
				}
			}
			for asked, want := range map[string]int{"密1号": 1, "工会人员": 1, "举报人甲": 2, "13800001111": 1, "后来丙": 2, "补充笔录": 1, "举": 2} {
				got, err := q.Find(t.Context(), viewer, sight(viewer), search.Question{Text: asked})
				if !sees {
					want = 0
				}
				if err != nil || len(got.Hits) != want || want == 0 && len(got.Counts) != 0 {
					t.Errorf("%s of %s asks %q: %d hits, %v; want %d", role, org, asked, len(got.Hits), err, want)
				}
			}
			other, err := q.Find(t.Context(), viewer, sight(viewer), search.Question{Text: "旁人乙", Kind: search.Person})
			if err != nil || len(other.Hits) != 1 || len(other.Hits[0].Cases) != known {
				t.Errorf("%s of %s asks for somebody who is in an open case too: %+v, %v", role, org, other, err)
			}
		}
	}
	l.add(search.Complaint, 2, complaint.ClaimantAdded{ClaimantNo: 1, PersonID: id(search.Person, 1)})
	projtest.Apply(t, pool, search.New(v), l.Since(6))
	operator := domain.Actor{ID: "u7", Org: "jc", Role: domain.RoleOperator}
	got, err := q.Find(t.Context(), operator, sight(operator), search.Question{Text: "举报人甲", Kind: search.Person})
	if err != nil || len(got.Hits) != 1 || len(got.Hits[0].Cases) != 1 || got.Hits[0].Cases[0].No != "公2号" {
		t.Errorf("named in an open case since: %+v, %v", got, err)
	}
}

func TestBroadQuestionGivesTheNewest(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	for n := range search.Many + 50 {
		l.add(search.Enterprise, n, enterprise.Registered{Name: fmt.Sprintf("晋城第%04d建筑公司", n)})
	}
	v := vault.NewMemory()
	pool := projtest.Run(t, search.New(v), nil)
	projtest.Apply(t, pool, search.New(v), l.Events())
	q := search.NewQueries(pool, v)
	newest := fmt.Sprintf("%04d", search.Many+49)
	for asked, first := range map[string]string{
		"建筑": newest, "晋城第": newest, "晋": newest, "建筑 晋 " + newest: newest, "第00 建筑公司": "0099", "0007": "0007",
	} {
		got, err := q.Find(t.Context(), reviewer, sight(reviewer), search.Question{Text: asked, Limit: 5})
		if err != nil || len(got.Hits) == 0 || !strings.Contains(strings.NewReplacer("[", "", "]", "").Replace(show(got.Hits[0].Title[0])), first) {
			t.Errorf("Find(%q): %v, %v; want %s first", asked, titles(got), err, first)
			continue
		}
		if broad := got.Counts == nil; broad != (first == newest && asked != "建筑 晋 "+newest) {
			t.Errorf("Find(%q): counts %v", asked, got.Counts)
		}
	}
	kind, err := q.Find(t.Context(), reviewer, sight(reviewer), search.Question{Text: "建筑", Kind: search.Complaint})
	if err != nil || len(kind.Hits) != 0 {
		t.Errorf("no complaint is meant: %+v, %v", kind, err)
	}
}

// TestCasesOfOtherUnitsAreNotFound follows a case from the unit of its area to
// that which handles it, and to its handlers.
func TestCasesOfOtherUnitsAreNotFound(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	first := registered("甲1号", "某单位", "欠薪", 0)
	first.FirstReceiver = "first"
	l.add(search.Complaint, 1, first)
	v := vault.NewMemory()
	pool := projtest.Run(t, search.New(v), l.Events())
	q := search.NewQueries(pool, v)
	as := func(user, org string) domain.Actor { return domain.Actor{ID: user, Org: org, Role: domain.RoleHandler} }
	look := func(when string, want map[domain.Actor]bool) {
		t.Helper()
		for who, sees := range want {
			got, err := q.Find(t.Context(), who, sight(who), search.Question{Text: "甲1号"})
			if err != nil || (len(got.Hits) == 1) != sees {
				t.Errorf("%s: %s of %s finds %d cases, %v; want %v", when, who.ID, who.Org, len(got.Hits), err, sees)
			}
		}
	}
	look("registered", map[domain.Actor]bool{as("x", "jc"): true, as("x", "jc-gp"): true, as("x", "jc-zz"): false, as("first", "jc-yc"): true})
	n := len(l.Commits())
	for _, ev := range []domain.Event{
		complaint.Accepted{HandlingOrg: "jc"},
		complaint.DispatchIssued{ToOrg: "jc-yc"},
		complaint.DispatchRuled{FinalOrg: "jc-zz"},
		complaint.HandlerAssigned{Handler: "h", CoHandler: "c"},
		complaint.HandlerRecused{User: "c", ReplacedBy: "d"},
	} {
		l.add(search.Complaint, 1, ev)
	}
	projtest.Apply(t, pool, search.New(v), l.Since(n))
	look("handled", map[domain.Actor]bool{
		as("x", "jc"): true, as("x", "jc-gp"): false, as("x", "jc-yc"): false, as("x", "jc-zz"): true,
		as("h", "jc-lc"): true, as("c", "jc-lc"): false, as("d", "jc-lc"): true, as("first", "jc-lc"): true,
	})
}

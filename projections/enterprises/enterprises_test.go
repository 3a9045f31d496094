package enterprises_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/eventstore"
	"hearth/projections"
	"hearth/projections/enterprises"
	"hearth/projections/projtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	start   = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	handler = domain.Actor{ID: "u5", Org: "jc-zz", Role: domain.RoleHandler}
	auditor = domain.Actor{ID: "u9", Org: "jc", Role: domain.RoleDiscipline}
)

func id(n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n)) }

type log struct{ *projtest.Log }

func newLog(t testing.TB) log {
	return log{projtest.NewLog(t, eventstore.NewRegistry(complaint.Specs(), enterprise.Specs()))}
}

// add adds events with an hour between commits.
func (l log) add(family string, n int, events ...domain.Event) {
	by := domain.By{Actor: handler, At: start.Add(time.Duration(len(l.Commits())) * time.Hour)}
	l.Add(eventstore.StreamID{Family: family, Case: id(n).String()}, by, events...)
}

func (l log) enterprise(n int, events ...domain.Event) { l.add(enterprise.Family, n, events...) }
func (l log) complaint(n int, events ...domain.Event)  { l.add(complaint.Family, n, events...) }

func against(n int, name string, persons int, owed int64) complaint.Registered {
	ev := complaint.Registered{Employer: complaint.Employer{Text: name}, Claim: complaint.Claim{Persons: persons, OwedFen: domain.Yuan(owed)}, RegisteredAt: start}
	if n > 0 {
		ev.Employer.EnterpriseID = id(n)
	}
	return ev
}

func owed(yuan int64) []complaint.ClaimItem {
	return []complaint.ClaimItem{{Kind: "wage", OwedFen: domain.Yuan(yuan)}}
}

func some(t testing.TB) log {
	l := newLog(t)
	on := domain.NewDate(2026, 11, 1)
	l.enterprise(1, enterprise.Registered{
		Name: "晋城市恒兴建筑有限公司", Aliases: []string{"恒兴建安"}, County: "jc-zz", Industry: "建筑业", Ownership: "private", Headcount: 80,
	}, enterprise.CodeEntered{USCC: "914403001922038216"}, enterprise.HeadcountReported{Headcount: 75, On: on},
		enterprise.HeadcountReported{Headcount: 9, On: on.AddDays(-99)},
		enterprise.CreditSignal{Kind: "no_answer", SourceEvent: id(1), SourceCase: "complaint/1"},
		enterprise.CreditSignal{Kind: "no_answer", SourceEvent: id(2), SourceCase: "complaint/2"},
		enterprise.BlacklistNoted{List: "拖欠名单", From: on, Source: "公告1号"},
		enterprise.BlacklistNoted{List: "失信名单", From: on, Source: "公告2号"}, enterprise.BlacklistRemoved{List: "失信名单", On: on.AddDays(5), Reason: "已清偿"})
	l.enterprise(1, enterprise.Renamed{Name: "山西恒兴集团有限公司", Former: "晋城市恒兴建筑有限公司", On: on})
	l.enterprise(2, enterprise.Registered{Name: "恒兴劳务公司", County: "jc"})
	l.enterprise(3, enterprise.Registered{Name: "宏远物业服务中心", County: "jc-gp"})

	l.complaint(11, against(1, "恒兴", 12, 120000), complaint.RiskRaised{Level: complaint.RiskRed})
	l.complaint(12, against(0, "晋城市恒兴建筑（有限公司）", 1, 5000), complaint.ClaimantAdded{ClaimantNo: 1, Items: owed(4000)},
		complaint.ClaimantsImported{FirstNo: 2, Rows: []complaint.NewClaimant{{Items: owed(100)}, {Items: owed(200)}}},
		complaint.ClaimVerified{ClaimantNo: 1, VerifiedFen: domain.Yuan(3500)}, complaint.ClaimantRemoved{ClaimantNo: 3},
		complaint.PaymentRecorded{ClaimantNo: 1, PaidFen: domain.Yuan(3500)}, complaint.PaymentReversed{ClaimantNo: 1, ReversedFen: domain.Yuan(500)})
	l.complaint(12, complaint.Closed{})
	l.complaint(13, against(0, "恒兴劳务", 3, 900)) // against the one that is merged below
	l.complaint(14, against(0, "不认识的单位", 1, 100))
	l.complaint(14, complaint.RespondentIdentified{EnterpriseID: id(1)}, complaint.RiskRaised{Level: complaint.RiskOrange})
	l.complaint(15, against(1, "", 7, 7000), complaint.AccessRestricted{Reason: "union_staff", AccusedOrg: "jc-zz", AllowedRoles: []domain.Role{domain.RoleReviewer}})
	l.complaint(16, against(1, "", 2, 300), complaint.Merged{IntoID: id(11), IntoNo: "x"})
	l.complaint(17, against(3, "", 1, 50), complaint.Closed{}, complaint.Reopened{Nth: 1}, complaint.NoteAdded{Text: "x"})
	l.enterprise(2, enterprise.Merged{IntoID: id(1), Reason: "重复建档"})
	return l
}

func TestCard(t *testing.T) {
	t.Parallel()
	q := enterprises.NewQueries(projtest.Run(t, enterprises.New(), some(t).Events()))
	card, err := q.Card(t.Context(), handler, id(2))
	if err != nil {
		t.Fatal(err)
	}
	want := enterprises.Figures{
		Open: 3, Total: 4, ByName: 2, Persons: 12 + 2 + 3 + 1, OwedFen: domain.Yuan(120000 + 3600 + 900 + 100),
		PaidFen: domain.Yuan(3000), Red: 1, LastAt: start,
	}
	if diff := cmp.Diff(want, card.Figures); diff != "" {
		t.Error(diff)
	}
	on := domain.NewDate(2026, 11, 1)
	wantRow := enterprises.Enterprise{
		ID: id(1), USCC: "914403001922038216", Name: "山西恒兴集团有限公司", Former: []string{"恒兴建安", "晋城市恒兴建筑有限公司"},
		County: "jc-zz", Industry: "建筑业", Ownership: "private", Headcount: 75, HeadcountOn: on,
		Signals:   enterprises.Signals{"no_answer": {N: 2, LastAt: start, LastCase: "complaint/2"}},
		CreatedAt: start, Version: 10, Position: 2,
		Blacklists: []enterprises.Blacklist{{List: "拖欠名单", From: on, Source: "公告1号"}, {List: "失信名单", From: on, Source: "公告2号", RemovedOn: on.AddDays(5)}},
	}
	derived := cmpopts.IgnoreFields(enterprises.Enterprise{}, "NameKey", "NamePinyin", "Keys", "Matches", "Grams", "Root")
	dates := cmp.Comparer(func(a, b domain.Date) bool { return a == b })
	if diff := cmp.Diff(wantRow, card.Enterprise, derived, dates); diff != "" {
		t.Error(diff)
	}
	if len(card.Merged) != 1 || card.Merged[0].Name != "恒兴劳务公司" {
		t.Errorf("merged: %+v", card.Merged)
	}
	if on := card.Blacklisted(on.AddDays(5)); len(on) != 1 || on[0].List != "拖欠名单" {
		t.Errorf("blacklisted: %+v", on)
	}
	if all, err := q.Card(t.Context(), auditor, id(1)); err != nil || all.Total != 5 || all.Persons != 25 {
		t.Errorf("an auditor counts restricted cases: %+v, %v", all.Figures, err)
	}
	if none, err := q.Card(t.Context(), handler, id(3)); err != nil || none.Open != 1 || none.Total != 1 {
		t.Errorf("reopened: %+v, %v", none.Figures, err)
	}
	if _, err := q.Card(t.Context(), handler, id(99)); !errors.Is(err, enterprises.ErrNotFound) {
		t.Errorf("no such enterprise: %v", err)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	q := enterprises.NewQueries(projtest.Run(t, enterprises.New(), some(t).Events()))
	const hengxing, hongyuan = "山西恒兴集团有限公司", "宏远物业服务中心"
	for typed, want := range map[string][]string{
		"": {}, "  ": {}, "没有这家": {},
		"恒兴": {hengxing, ""}, "恒興": {hengxing, ""}, "恒": {hengxing, ""}, "恒兴建安": {hengxing, "恒兴建安"},
		"晋城恒兴": {hengxing, ""}, "恒兴建筑公司": {hengxing, "晋城市恒兴建筑有限公司"}, "恒兴劳务": {hengxing, ""},
		"sxhx": {hengxing, ""}, "HXJZ": {hengxing, ""}, "jchxjz": {hengxing, ""}, "91440300": {hengxing, "914403001922038216"},
		"物业 宏远": {hongyuan, ""}, "hywy": {hongyuan, ""}, "宏远 恒兴": {},
	} {
		found, err := q.Suggest(t.Context(), handler, typed, 10)
		got := []string{}
		for _, s := range found {
			got = append(got, s.Name, s.Via)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Suggest(%q): %v\n%s", typed, err, diff)
		}
	}
	found, err := q.Suggest(t.Context(), handler, "恒兴", 10)
	if err != nil || found[0].Total != 4 {
		t.Errorf("figures of a suggestion: %+v, %v", found[0].Figures, err)
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	q := enterprises.NewQueries(projtest.Run(t, enterprises.New(), some(t).Events()))
	ctx := t.Context()
	if e, err := q.ByUSCC(ctx, "9144 0300 1922 0382 16"); err != nil || e.ID != id(1) {
		t.Errorf("by code: %v, %v", e.ID, err)
	}
	for _, code := range []string{"", "91330100799655058B"} {
		if _, err := q.ByUSCC(ctx, code); !errors.Is(err, enterprises.ErrNotFound) {
			t.Errorf("code %q: %v", code, err)
		}
	}
	for name, n := range map[string]int{"晋城市恒兴建筑公司": 1, "恒兴劳务(有限公司)": 1, "恒兴": 0, "": 0} {
		found, err := q.ByName(ctx, name)
		if err != nil || len(found) != n || n == 1 && found[0].ID != id(1) {
			t.Errorf("ByName(%q): %d, %v", name, len(found), err)
		}
	}
	names, err := q.Names(ctx, []uuid.UUID{id(2), id(3), id(99)})
	if diff := cmp.Diff(map[uuid.UUID]string{id(2): "恒兴劳务公司", id(3): "宏远物业服务中心"}, names); err != nil || diff != "" {
		t.Errorf("names: %v\n%s", err, diff)
	}
}

func TestMergersInChainsAndCircles(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	for n := 1; n <= 5; n++ {
		l.enterprise(n, enterprise.Registered{Name: fmt.Sprintf("第%d公司", n)})
	}
	l.enterprise(2, enterprise.Merged{IntoID: id(1)})
	l.enterprise(1, enterprise.Merged{IntoID: id(3)}) // takes 2 along
	l.enterprise(4, enterprise.Merged{IntoID: id(2)}) // goes straight to 3
	l.enterprise(3, enterprise.Merged{IntoID: id(4)}) // a circle: stays
	q := enterprises.NewQueries(projtest.Run(t, enterprises.New(), l.Events()))
	for n, root := range map[int]int{1: 3, 2: 3, 3: 3, 4: 3, 5: 5} {
		card, err := q.Card(t.Context(), handler, id(n))
		if err != nil || card.ID != id(root) {
			t.Errorf("enterprise %d goes on in %s, %v; want %d", n, card.Name, err, root)
		}
	}
}

// BenchmarkSuggest types among 10,000 enterprises with 20,000 complaints.
func BenchmarkSuggest(b *testing.B) {
	pool, model := pgtest.Pool(b), enterprises.New()
	places, trades := []string{"晋城市", "泽州县", "高平市", "阳城县", "陵川县", "沁水县"}, []string{"建筑", "物业服务", "煤业", "餐饮管理", "机械制造", "劳务"}
	chars := []rune("恒兴宏远瑞丰金鼎华盛泰和祥云天诚信达通利源昌隆德福康安")
	err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		if err := projections.MakeTables(b.Context(), tx, model, projections.Schema(model)); err != nil {
			return err
		}
		var batch []eventstore.Recorded
		for n := range 30_000 {
			r := eventstore.Recorded{Version: 1, Position: eventstore.Position(n + 1), OccurredAt: start, Meta: eventstore.Meta{By: domain.By{Actor: handler, At: start}}}
			r.Stream = eventstore.StreamID{Family: complaint.Family, Case: id(n).String()}
			name := places[n%6] + string([]rune{chars[n%len(chars)], chars[n/31%len(chars)], chars[n/841%len(chars)]}) + trades[n/6%6] + "有限公司"
			if r.Event = against(n%10_000, name, 3, 1000); n < 10_000 {
				r.Stream.Family, r.Event = enterprise.Family, enterprise.Registered{Name: name, County: "jc"}
			}
			if batch = append(batch, r); len(batch) == 5000 {
				if err := model.Apply(b.Context(), tx, batch); err != nil {
					return err
				}
				batch = batch[:0]
			}
		}
		return projections.MakeIndexes(b.Context(), tx, model, projections.Schema(model))
	})
	if err != nil {
		b.Fatal(err)
	}
	q := enterprises.NewQueries(pool)
	for _, typed := range []string{"恒", "恒兴", "晋城恒兴", "jzhx", "建筑"} {
		b.Run(typed, func(b *testing.B) {
			for b.Loop() {
				if _, err := q.Suggest(b.Context(), handler, typed, 10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("card", func(b *testing.B) {
		for b.Loop() {
			if _, err := q.Card(b.Context(), handler, id(777)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

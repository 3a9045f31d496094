package importer_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hearth/adapters/casework"
	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

var sameDate = cmp.Comparer(func(a, b domain.Date) bool { return a == b })

var dispatcher = domain.Actor{ID: "u-1", Org: "jc", Role: domain.RoleDispatcher}

// bundle is a service over an empty store.
type bundle struct {
	*casework.Service
	engine *eventstore.Engine
}

func setup(t testing.TB) bundle {
	t.Helper()
	return over(memstore.New(registry()))
}

func registry() *eventstore.Registry {
	return eventstore.NewRegistry(complaint.Specs(), person.Specs(), enterprise.Specs(), series.Specs(), calendar.Specs()).Protected(vault.NewMemory())
}

func over(store eventstore.Store) bundle {
	engine := eventstore.NewEngine(store, 1000)
	return bundle{casework.New(engine, casework.Options{Now: func() time.Time { return now }, Prefix: "晋工诉"}), engine}
}

// events counts what is stored by type.
func (b bundle) events(t testing.TB) map[string]int {
	t.Helper()
	n := map[string]int{}
	for rec, err := range eventstore.After(t.Context(), b.engine.Store(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		n[rec.Type]++
	}
	return n
}

func options() importer.Options {
	return importer.Options{System: "board", Area: "jc", Now: func() time.Time { return now }}
}

func book(t testing.TB, content []byte) *sheet.Book {
	t.Helper()
	b, err := sheet.Open(bytes.NewReader(content), int64(len(content)), sheet.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func open(t testing.TB, csv string, o importer.Options) *importer.File {
	t.Helper()
	f, err := importer.Open(book(t, []byte(csv)), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func run(t testing.TB, f *importer.File, store importer.Registrar) importer.Report {
	t.Helper()
	report, err := f.Run(t.Context(), store, dispatcher, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func code(err error) string {
	var no *domain.Rejection
	if errors.As(err, &no) {
		return no.Code
	}
	return fmt.Sprint(err)
}

func problems(bad []importer.Bad) []string {
	var list []string
	for _, b := range bad {
		for _, p := range b.Problems {
			list = append(list, p.String())
		}
	}
	return list
}

const board = `留言编号,留言用户,留言主题,留言时间,留言详情,一级分类
1,A1,某厂不发工资,2020/1/6 12:09:38,"
			我们三个月没有发工资了。
		",劳动和社会保障
2,A2,医保怎么交,2020/1/7,请问城乡居民医保怎么交?,劳动和社会保障
3,A3,路灯坏了,2020年1月8日,路灯三个月不亮,城乡建设
`

func TestBoardMessages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	report := run(t, open(t, board, options()), b)
	if d := cmp.Diff(importer.Report{Total: 3, Stored: 3}, report); d != "" {
		t.Fatal(d)
	}
	state := func(no string) complaint.State {
		s, _, _, err := b.Case(t.Context(), complaint.ExternalCase("board", no))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	type row struct {
		Category complaint.Category
		Phase    complaint.Phase
	}
	for no, want := range map[string]row{
		"1": {complaint.CategoryWageArrears, complaint.PhaseRegistered},
		"2": {complaint.CategorySocialSecurity, complaint.PhaseTransferredOut},
		"3": {complaint.CategoryOther, complaint.PhaseTransferredOut},
	} {
		s := state(no)
		if d := cmp.Diff(want, row{s.Category, s.Phase}); d != "" {
			t.Errorf("message %s: %s", no, d)
		}
	}
	for rec, err := range eventstore.After(t.Context(), b.engine.Store(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev := rec.Event.(type) {
		case complaint.Registered:
			if ev.External.No == "1" {
				if want := "某厂不发工资\n我们三个月没有发工资了。\n来件署名:A1"; ev.Summary != want {
					t.Errorf("summary %q, want %q", ev.Summary, want)
				}
				if want := time.Date(2020, 1, 6, 4, 9, 38, 0, time.UTC); !ev.ReceivedAt.Equal(want) || !ev.Reporter.Anonymous {
					t.Errorf("received at %v by %+v", ev.ReceivedAt, ev.Reporter)
				}
			}
		case complaint.NoteAdded:
			if !strings.Contains(ev.Text, "不发工资") || ev.Visibility != complaint.VisibleInternal {
				t.Errorf("note: %+v", ev)
			}
		case complaint.TransferredOut:
			if ev.Body == "" || ev.Reason == "" {
				t.Errorf("transfer: %+v", ev)
			}
		}
	}
}

func TestImportTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run(t, open(t, board, options()), b)
	before := b.events(t)
	if d := cmp.Diff(importer.Report{Total: 3, Existed: 3}, run(t, open(t, board, options()), b)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(before, b.events(t)); d != "" {
		t.Errorf("the second import stored something: %s", d)
	}
	changed := strings.Replace(board, "路灯坏了", "路灯和井盖坏了", 1)
	report := run(t, open(t, changed, options()), b)
	if report.Stored != 0 || report.Existed != 2 || len(report.Bad) != 1 || report.Bad[0].Row != 4 {
		t.Fatalf("a changed row: %+v", report)
	}
	if got := problems(report.Bad)[0]; !strings.Contains(got, "“留言编号”(A列):该编号已经登记过,这一行与登记的内容不同") {
		t.Errorf("problem: %s", got)
	}
	if d := cmp.Diff(before, b.events(t)); d != "" {
		t.Errorf("a changed row was stored: %s", d)
	}
}

func TestOneRowThatDiffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const one = "编号,内容\n7,厂里拖欠工资\n"
	run(t, open(t, one, options()), b)
	report := run(t, open(t, strings.Replace(one, "厂里", "矿里", 1), options()), b)
	if len(report.Bad) != 1 || !strings.Contains(problems(report.Bad)[0], "已经登记过") {
		t.Errorf("report: %+v", report)
	}
}

func TestTheSameNumberTwiceInAFile(t *testing.T) {
	t.Parallel()
	const head = "编号,内容,类别\n"
	for name, tc := range map[string]struct {
		rows string
		want importer.Report
		bad  string
	}{
		"the same row":                  {"1,拖欠工资,欠薪\n1,拖欠工资,欠薪\n", importer.Report{Total: 2, Stored: 1, Existed: 1}, ""},
		"under two fields, one is ours": {"1,医保网上查询,城乡建设\n1,医保网上查询,劳动和社会保障\n", importer.Report{Total: 2, Stored: 1, Existed: 1}, ""},
		"another content":               {"1,拖欠工资,欠薪\n1,工伤,工伤\n", importer.Report{Total: 2, Stored: 1}, "第3行“编号”(A列):编号与第2行相同而内容不同,只登记了第2行。请核对编号。"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, open(t, head+tc.rows, options()), setup(t))
			if texts := strings.Join(problems(got.Bad), "\n"); texts != tc.bad {
				t.Errorf("problems: %s", texts)
			}
			got.Bad = nil
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

const own = `2026年来电登记表,,,,,,,,,,
工单编号,来电时间,诉求人,联系电话,身份证号码,单位,涉及人数,欠薪金额(万元),区县,类别,诉求摘要
,,,,,,,,,,
T1,2026-11-01 8:03,𠮷某,１３８００００１２３４,,宏达建筑公司,１２人,3.5,泽州县,欠薪,拖欠三个月工资
T2,26/11/1,李某,9380000012,123456,宏达建筑公司,十几,一百,太原,欠薪,拖欠工资
T3,2027-01-01,,13800001234,,,,,高平,,
,2026-11-02,,,,,,,阳城,社保,没有交社保
`

func TestOwnSheet(t *testing.T) {
	t.Parallel()
	o := options()
	o.Area = ""
	f := open(t, own, o)
	if f.HeaderRow() != 2 {
		t.Errorf("headings in row %d", f.HeaderRow())
	}
	p, err := f.Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.Total != 4 || p.Good != 1 || len(p.First) != 1 {
		t.Fatalf("preview: %+v", p)
	}
	got := p.First[0]
	got.Finding = importer.Finding{}
	want := importer.Message{
		Row: 4, No: "T1", At: time.Date(2026, 11, 1, 0, 3, 0, 0, time.UTC), Reporter: "𠮷某", Phone: "13800001234", Given: "欠薪",
		Detail: "拖欠三个月工资", Employer: "宏达建筑公司", Persons: 12, Owed: domain.Yuan(35_000), Area: "jc-zz", Channel: complaint.ChannelWeb,
	}
	if d := cmp.Diff(want, got, sameDate); d != "" {
		t.Error(d)
	}
	texts := []string{
		"第5行“来电时间”(B列):日期“26/11/1”分不清年月日,年份请写四位,如 2026-11-23。",
		"第5行“联系电话”(D列):电话号码不对:手机为11位、以1开头,固定电话须带区号,请核对。",
		"第5行“身份证号码”(E列):身份证号应为18位(旧号15位),请核对。",
		"第5行“涉及人数”(G列):“十几”不是数目,请写成如 12 的整数。",
		"第5行“欠薪金额(万元)”(H列):金额“一百”看不懂,请写成如 12345.60 的元数。",
		"第5行“区县”(I列):没有“太原”这个县区,可填:市总、城区、高平、开发区、陵川、沁水、阳城、泽州。",
		"第6行“来电时间”(B列):时间2027-01-01 00:00在现在之后,请改正。",
		"第6行“诉求摘要”(K列):没有内容,请补上反映的事情。",
		"第6行“诉求人”(C列):有电话或身份证号而没有姓名,请补上姓名;不知道姓名的可写“不详”。",
		"第7行“工单编号”(A列):没有编号,请补上;同一编号只会登记一次。",
	}
	if d := cmp.Diff(texts, problems(p.Bad)); d != "" {
		t.Error(d)
	}
}

// TestBadRowsComeBack: the file of bad rows can be corrected and imported.
func TestBadRowsComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := options()
	f := open(t, own, o)
	report := run(t, f, b)
	if report.Stored != 1 || len(report.Bad) != 3 {
		t.Fatalf("first import: %+v", report)
	}
	var out bytes.Buffer
	if err := f.WriteBad(&out, report.Bad); err != nil {
		t.Fatal(err)
	}
	fixed := out.String()
	if !strings.Contains(fixed, "错误") || !strings.Contains(fixed, "第7行“工单编号”(A列):没有编号") {
		t.Fatalf("file of bad rows: %s", fixed)
	}
	for from, to := range map[string]string{
		"26/11/1,": "2026/11/1,", "9380000012,123456,": "13800000001,,", ",十几,一百,太原,": ",15,100,城区,",
		"T3,2027-01-01,": "T3,2026-01-01,王某", "高平,,": "高平,欠薪,拖欠工资", "\n,2026-11-02": "\nT4,2026-11-02",
	} {
		if !strings.Contains(fixed, from) {
			t.Fatalf("%q is not in %s", from, fixed)
		}
		fixed = strings.Replace(fixed, from, to, 1)
	}
	again := open(t, fixed, o)
	if d := cmp.Diff(importer.Report{Total: 3, Stored: 3}, run(t, again, b)); d != "" {
		t.Error(d)
	}
	if n := b.events(t)["complaint.registered"]; n != 4 {
		t.Errorf("%d complaints, want 4", n)
	}
}

func TestReportersWithAPhone(t *testing.T) {
	t.Parallel()
	const rows = "编号,姓名,电话,标题,内容,类别\n1,王某,13800001234,路灯,路灯坏了,城乡建设\n"
	for name, tc := range map[string]struct {
		told time.Time
		want map[string]int
	}{
		"not told yet": {time.Time{}, map[string]int{"complaint.note_added": 1}},
		"told":         {now.Add(-time.Hour), map[string]int{"complaint.transferred_out": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			o := options()
			o.Told = tc.told
			if report := run(t, open(t, rows, o), b); report.Stored != 1 {
				t.Fatalf("report: %+v", report)
			}
			got := b.events(t)
			for _, k := range []string{"complaint.note_added", "complaint.transferred_out"} {
				if got[k] != tc.want[k] {
					t.Errorf("%s: %d, want %d", k, got[k], tc.want[k])
				}
			}
			if got["person.registered"] != 1 {
				t.Errorf("persons: %d", got["person.registered"])
			}
		})
	}
}

func TestRowsWithoutNumbers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const rows = "姓名,内容\n甲,厂里拖欠工资\n乙,厂里拖欠工资\n甲,厂里拖欠工资\n"
	for i, want := range []importer.Report{{Total: 3, Stored: 2, Existed: 1}, {Total: 3, Existed: 3}} {
		if d := cmp.Diff(want, run(t, open(t, rows, options()), b)); d != "" {
			t.Errorf("import %d: %s", i+1, d)
		}
	}
}

package importer_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/domain/complaint"
)

const realFile = "../../../shared/data/public-messages.xlsx"

// realMessages opens the collection of real messages, which the project does
// not carry; without it the test says so and uses what the caller made up.
func realMessages(t testing.TB) (*sheet.Book, bool) {
	t.Helper()
	content, err := os.ReadFile(realFile)
	if err != nil {
		t.Logf("absent: ../shared/data/public-messages.xlsx; the checks on real messages were not made")
		return nil, false
	}
	return book(t, content), true
}

func realOptions() importer.Options {
	o := options()
	o.System = "public-messages"
	return o
}

// TestWageArrearsInRealMessages: the numbers are those that a reader of all 495
// messages finds. The last four speak of pay that stays out, too, but of a
// thirteenth salary, of pay forfeited by leaving, of pay that ended before the
// pension began, and of a subsidy that is called a wage.
func TestWageArrearsInRealMessages(t *testing.T) {
	t.Parallel()
	b, ok := realMessages(t)
	if !ok {
		return
	}
	f, err := importer.Open(b, realOptions())
	if err != nil {
		t.Fatal(err)
	}
	store := &collector{}
	report, err := f.Run(t.Context(), store, dispatcher, nil)
	if err != nil || len(report.Bad) != 0 {
		t.Fatalf("report: %+v, %v", report, err)
	}
	want := []string{
		"41544", "47762", "175437", "61110", "59405", "41515", "123631", "86259",
		"183148", "16291", "13641", "53257",
	}
	var got []string
	for _, in := range store.intakes {
		if in.Register.Category == complaint.CategoryWageArrears {
			got = append(got, in.Register.External.No)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestRealMessagesGoInWhole: 495 rows are 494 messages, for one is filed twice;
// the 104 of labour are ours or redirected, the others redirected but for those
// that are labour matters after all.
func TestRealMessagesGoInWhole(t *testing.T) {
	t.Parallel()
	rb, ok := realMessages(t)
	if !ok {
		return
	}
	f, err := importer.Open(rb, realOptions())
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Preview(t.Context())
	if err != nil || p.Total != 495 || len(p.Bad) != 0 || len(p.First) != importer.PreviewRows {
		t.Fatalf("preview: total %d, bad %v, first %d, %v", p.Total, problems(p.Bad), len(p.First), err)
	}
	b := setup(t)
	if d := cmp.Diff(importer.Report{Total: 495, Stored: 494, Existed: 1}, run(t, f, b)); d != "" {
		t.Error(d)
	}
	got := b.events(t)
	if n := got["complaint.transferred_out"] + got["complaint.note_added"]; n != 494 || got["complaint.note_added"] < 40 {
		t.Errorf("transferred %d, kept %d", got["complaint.transferred_out"], got["complaint.note_added"])
	}
	labour, other := 0, 0
	for _, c := range p.Categories {
		if c.Category == complaint.CategoryOther {
			other = c.Rows
		} else {
			labour += c.Rows
		}
	}
	t.Logf("categories %v; labour matters %d, other %d; transferred %d", p.Categories, labour, other, got["complaint.transferred_out"])
	if d := cmp.Diff(importer.Report{Total: 495, Existed: 495}, run(t, f, b)); d != "" {
		t.Errorf("second import: %s", d)
	}
}

// bigFile is 20,000 rows of the real messages, or of invented ones, with a
// number of its own for each row and one bad row in a hundred.
func bigFile(t testing.TB, format sheet.Format) []byte {
	t.Helper()
	texts := [][]any{{"A1", "某工地不发工资", "2020/1/6 12:09:38", strings.Repeat("我们在工地干活,三个月没有发工资。", 20), "劳动和社会保障"}}
	if b, ok := realMessages(t); ok {
		texts = nil
		for r, err := range b.Rows("Sheet1") {
			if err != nil {
				t.Fatal(err)
			}
			if r.Number > 1 {
				var row []any
				for i := 1; i < 6; i++ {
					s, _ := r.Cell(i).Text()
					row = append(row, s)
				}
				texts = append(texts, row)
			}
		}
	}
	columns := []sheet.Column{{Heading: "留言编号"}, {Heading: "留言用户"}, {Heading: "留言主题"}, {Heading: "留言时间"}, {Heading: "留言详情"}, {Heading: "一级分类"}}
	rows := func(yield func([]any) bool) {
		for i := range 20_000 {
			row := append([]any{strconv.Itoa(1_000_000 + i)}, texts[i%len(texts)]...)
			if i%100 == 99 {
				row[3] = "去年夏天"
			}
			if !yield(row) {
				return
			}
		}
	}
	var out bytes.Buffer
	if err := sheet.Write(&out, format, "留言", columns, rows); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTwentyThousandRows(t *testing.T) {
	t.Parallel()
	f, err := importer.Open(book(t, bigFile(t, sheet.XLSX)), realOptions())
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t)
	var last importer.Progress
	report, err := f.Run(t.Context(), b, dispatcher, func(p importer.Progress) { last = p })
	if err != nil || report.Total != 20_000 || report.Stored != 19_800 || len(report.Bad) != 200 {
		t.Fatalf("stored %d, existed %d, bad %d, %v", report.Stored, report.Existed, len(report.Bad), err)
	}
	t.Logf("%.0f rows/s", last.PerSecond)
	if got, want := problems(report.Bad)[0], "工作表“留言”第101行“留言时间”(D列):日期“去年夏天”看不懂,请写成如 2026-11-23 或 2026-11-23 08:03。"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var out bytes.Buffer
	if err := f.WriteBad(&out, report.Bad); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range book(t, out.Bytes()).Rows("需更正的行") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 201 {
		t.Errorf("%d rows in the file of bad rows, want 201", n)
	}
}

// BenchmarkImport reads, checks, classifies and stores 20,000 rows.
func BenchmarkImport(b *testing.B) {
	content := bigFile(b, sheet.XLSX)
	stores := map[string]func() importer.Registrar{
		"preview": nil,
		"memory":  func() importer.Registrar { return setup(b) },
		"nats":    func() importer.Registrar { return over(natsStore(b)) },
	}
	for _, name := range []string{"preview", "memory", "nats"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := importOnce(b.Context(), b, content, stores[name]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func importOnce(ctx context.Context, tb testing.TB, content []byte, store func() importer.Registrar) error {
	f, err := importer.Open(book(tb, content), realOptions())
	if err != nil {
		return err
	}
	if store == nil {
		_, err = f.Preview(ctx)
		return err
	}
	report, err := f.Run(ctx, store(), dispatcher, nil)
	if err == nil && report.Stored != 19_800 {
		err = fmt.Errorf("stored %d rows", report.Stored)
	}
	return err
}

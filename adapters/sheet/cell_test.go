package sheet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"hearth/adapters/sheet"
	"hearth/domain"
)

func TestDates1904(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		yes := true
		if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
			t.Fatal(err)
		}
		set(t, f, map[string]any{"A1": 42373.5, "B1": 42373})
		id, _ := f.NewStyle(&excelize.Style{NumFmt: 22})
		if err := f.SetCellStyle("Sheet1", "A1", "A1", id); err != nil {
			t.Fatal(err)
		}
	})
	r := rows(t, open(t, content))[0]
	at, err := r.Cell(0).Time()
	if want := time.Date(2020, 1, 5, 4, 0, 0, 0, time.UTC); err != nil || !at.Equal(want) {
		t.Errorf("serial 42373.5 of 1904: %v, %v; want %v", at, err, want)
	}
	if d, err := r.Cell(1).Date(); err != nil || d != domain.NewDate(2020, 1, 5) {
		t.Errorf("serial 42373 of 1904: %v, %v", d, err)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"2020/1/5": "2020-01-05 00:00", "2020-1-5 8:03": "2020-01-05 08:03", "2020年1月5日": "2020-01-05 00:00",
		"２０２０／１／５　８：０３": "2020-01-05 08:03", "2020.01.05": "2020-01-05 00:00", "20200105": "2020-01-05 00:00",
		"2020/1/6 12:09:38": "2020-01-06 12:09", "2020年1月5日 下午3点20分": "2020-01-05 15:20", "2020-01-05T08:03:00Z": "2020-01-05 16:03",
		"2020年1月5日(星期日)": "2020-01-05 00:00", "2020-1-5 上午9:00": "2020-01-05 09:00", "2020-02-29": "2020-02-29 00:00",
	}
	for in, want := range good {
		at, err := sheet.TextCell(in).Time()
		if got := at.In(domain.Shanghai).Format("2006-01-02 15:04"); err != nil || got != want {
			t.Errorf("%q: got %s, %v; want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"20/1/5": "short_year", "1/5/2020": "short_year", "20年1月5日": "short_year", "2020-02-30": "no_such_date",
		"2021-2-29": "no_such_date", "2020-13-01": "no_such_date", "2020-1-5 24:00": "no_such_date", "1820-1-5": "no_such_date",
		"昨天": "bad_date", "": "bad_date", "43835": "bad_date", "2020-1": "bad_date",
	} {
		if _, err := sheet.TextCell(in).Date(); code(err) != want {
			t.Errorf("%q: got %v, want %s", in, err, want)
		}
	}
}

func TestSerialsOf1900(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		set(t, f, map[string]any{"A1": 43835, "B1": 43835.335416666669, "C1": 20200105, "D1": 2020, "E1": 1e9, "F1": -3, "G1": 43835.999999999})
	})
	r := rows(t, open(t, content))[0]
	var got []string
	for i := range 7 {
		at, err := r.Cell(i).Time()
		if err != nil {
			got = append(got, code(err))
			continue
		}
		got = append(got, at.In(domain.Shanghai).Format(time.DateTime))
	}
	want := []string{"2020-01-05 00:00:00", "2020-01-05 08:03:00", "2020-01-05 00:00:00", "bad_date", "bad_date", "bad_date", "2020-01-06 00:00:00"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2025年3月至2025年8月": "2025-03-01 2025-08-31", "2025.3-2025.8": "2025-03-01 2025-08-31", "2025年2月": "2025-02-01 2025-02-28",
		"2025-03-05~2025-04-06": "2025-03-05 2025-04-06", "2025/3/5 - 2025/4/6": "2025-03-05 2025-04-06", "2024-02": "2024-02-01 2024-02-29",
	} {
		from, to, err := sheet.TextCell(in).Period()
		if got := from.String() + " " + to.String(); err != nil || got != want {
			t.Errorf("%q: got %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"2025年8月至2025年3月", "3月至8月", "2025年3月至今", "a至b至c"} {
		if _, _, err := sheet.TextCell(in).Period(); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}

func TestAmountsAndCounts(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		set(t, f, map[string]any{"A1": 0.1 + 0.2, "B1": 12345.6, "C1": 1e7, "D1": 3.5, "E1": 1.005, "F1": -1, "G1": 12.0})
	})
	r := rows(t, open(t, content))[0]
	type result struct {
		Fen domain.Fen
		No  string
	}
	amount := func(c sheet.Cell, heading string) result {
		v, err := c.Amount(heading)
		if err != nil {
			return result{No: code(err)}
		}
		return result{Fen: v}
	}
	want := []result{{Fen: 30}, {Fen: 1234560}, {Fen: 1_000_000_000}, {Fen: 3_500_000}, {No: "bad_amount"}, {No: "bad_amount"}}
	var got []result
	for i, heading := range []string{"金额", "金额(元)", "金额", "金额(万元)", "金额", "金额"} {
		got = append(got, amount(r.Cell(i), heading))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := amount(sheet.TextCell("35000元"), "金额(万元)"); got.Fen != 3_500_000 {
		t.Errorf("35000元 in a column of 万元: %v", got)
	}
	if n, err := r.Cell(6).Count(); err != nil || n != 12 {
		t.Errorf("count 12.0: %d, %v", n, err)
	}
	for in, want := range map[string]int{"１２人": 12, " 3 名 ": 3, "1,200": 1200, "0": 0} {
		if n, err := sheet.TextCell(in).Count(); err != nil || n != want {
			t.Errorf("count %q: %d, %v", in, n, err)
		}
	}
	for _, in := range []string{"", "十几人", "-3", "1.5", "99999999", "+5"} {
		if n, err := sheet.TextCell(in).Count(); code(err) != "bad_count" {
			t.Errorf("count %q: %d, %v", in, n, err)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		set(t, f, map[string]any{"A1": 110101199003074000, "B1": "１１０１０１１９９００３０７４１Ｘ ", "C1": 13812345678, "D1": "0355 2021234"})
	})
	r := rows(t, open(t, content))[0]
	if _, err := r.Cell(0).Code(); code(err) != "digits_lost" {
		t.Errorf("an ID number kept as a number: %v", err)
	}
	for i, want := range []string{"", "11010119900307" + "41X", "13812345678", "03552021234"} {
		if got, err := r.Cell(i).Code(); i > 0 && (err != nil || got != want) {
			t.Errorf("column %d: %q, %v; want %q", i, got, err, want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "好": "好", "𠮷野家": "𠮷野家", " a  b ": "a b", "\n\t\t\t一。\r\n\r\n\t二\u3000三\u00a0\n": "一。\n二 三",
		"a\u200bb\ufeff\x00c\x07": "abc", "a\rb": "a\nb", "ＡＢ": "ＡＢ", "x\u2028y": "x\ny",
	} {
		if got := sheet.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"go.uber.org/goleak"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"hearth/adapters/sheet"
	"hearth/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// workbook makes an .xlsx by excelize, as a program of somebody else would.
func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func set(t testing.TB, f *excelize.File, cells map[string]any) {
	t.Helper()
	for ref, v := range cells {
		if err := f.SetCellValue("Sheet1", ref, v); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t testing.TB, content []byte) *sheet.Book {
	t.Helper()
	b, err := sheet.Open(bytes.NewReader(content), int64(len(content)), sheet.DefaultLimits())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func rows(t testing.TB, b *sheet.Book) []sheet.Row {
	t.Helper()
	name, err := b.Choose("")
	if err != nil {
		t.Fatalf("choose: %v", err)
	}
	var list []sheet.Row
	for r, err := range b.Rows(name) {
		if err != nil {
			t.Fatalf("row: %v", err)
		}
		list = append(list, r)
	}
	return list
}

// texts are the rows as "number:a|b|c".
func texts(t testing.TB, list []sheet.Row) []string {
	t.Helper()
	var out []string
	for _, r := range list {
		var cells []string
		for _, c := range r.Cells {
			s, err := c.Text()
			if err != nil {
				s = "!" + err.(*domain.Rejection).Code
			}
			cells = append(cells, s)
		}
		out = append(out, fmt.Sprintf("%d:%s", r.Number, strings.Join(cells, "|")))
	}
	return out
}

func code(err error) string {
	var no *domain.Rejection
	if errors.As(err, &no) {
		return no.Code
	}
	return fmt.Sprint(err)
}

func TestCellsOfAWorkbook(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		set(t, f, map[string]any{
			"A1": "姓名", "B1": "金额", "C1": "时间", "D1": "编号",
			"A3": "\u3000𠮷田\u00a0太郎\t\r\n", "B3": 0.1 + 0.2, "C3": time.Date(2020, 1, 5, 8, 3, 0, 0, time.UTC), "D3": 42,
			"A4": true, "B4": 13812345678, "C4": "2020年1月5日", "D4": "=1+1",
		})
		zeros := "00000"
		id, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &zeros})
		if err := f.SetCellStyle("Sheet1", "D3", "D3", id); err != nil {
			t.Fatal(err)
		}
	})
	want := []string{
		"1:姓名|金额|时间|编号",
		"3:𠮷田 太郎|0.3|2020-01-05 08:03:00|00042",
		"4:TRUE|13812345678|2020年1月5日|=1+1",
	}
	if d := cmp.Diff(want, texts(t, rows(t, open(t, content)))); d != "" {
		t.Error(d)
	}
}

func TestMergedCells(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		set(t, f, map[string]any{
			"A1": "登记表", "A2": "单位", "B2": "姓名", "C2": "金额",
			"A3": "甲厂", "B3": "张三", "C3": 100, "B4": "李四", "C4": 200, "B6": "王五", "A6": "乙厂",
		})
		for _, m := range [][2]string{{"A1", "C1"}, {"A3", "A5"}} {
			if err := f.MergeCell("Sheet1", m[0], m[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	want := []string{"1:登记表|登记表|登记表", "2:单位|姓名|金额", "3:甲厂|张三|100", "4:甲厂|李四|200", "6:乙厂|王五"}
	if d := cmp.Diff(want, texts(t, rows(t, open(t, content)))); d != "" {
		t.Error(d)
	}
}

func TestFormulas(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		set(t, f, map[string]any{"A1": "金额", "A2": 5, "A3": 1})
		for ref, formula := range map[string]string{"A2": "SUM(2,3)", "A3": "1/3", "A4": "A2*2"} {
			if err := f.SetCellFormula("Sheet1", ref, formula); err != nil {
				t.Fatal(err)
			}
		}
	})
	// A2 and A3 get the values that Excel would have stored.
	content = patch(t, content, "xl/worksheets/sheet1.xml", func(x string) string {
		x = strings.Replace(x, "<f>SUM(2,3)</f><v></v>", "<f>SUM(2,3)</f><v>5</v>", 1)
		x = strings.Replace(x, "<f>SUM(2,3)</f></c>", "<f>SUM(2,3)</f><v>5</v></c>", 1)
		return strings.Replace(x, `<c r="A3"`, `<c r="A3" t="e"`, 1)
	})
	content = patch(t, content, "xl/worksheets/sheet1.xml", func(x string) string {
		x = strings.Replace(x, "<f>1/3</f><v></v>", "<f>1/3</f><v>#DIV/0!</v>", 1)
		return strings.Replace(x, "<f>1/3</f></c>", "<f>1/3</f><v>#DIV/0!</v></c>", 1)
	})
	list := rows(t, open(t, content))
	if d := cmp.Diff([]string{"1:金额", "2:5", "3:!cell_broken", "4:!cell_broken"}, texts(t, list)); d != "" {
		t.Fatal(d)
	}
	_, err := list[3].Cell(0).Amount("金额")
	got := list[3].Problem(0, "金额", err).String()
	if want := "工作表“Sheet1”第4行“金额”(A列):公式没有算出的值,请用 Excel 打开文件、保存后再导入。"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// patch changes one part of an archive.
func patch(t testing.TB, content []byte, part string, change func(string) string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var raw bytes.Buffer
		if _, err := raw.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		w, err := out.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		s := raw.String()
		if f.Name == part {
			s = change(s)
		}
		if _, err := w.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

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

func TestCSV(t *testing.T) {
	t.Parallel()
	gbk := func(s string) []byte {
		b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte("姓名\t金额\r\n张三\t1\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		in   []byte
		want []string
	}{
		"comma":             {[]byte("姓名,金额\n张三,1\n"), []string{"1:姓名|金额", "2:张三|1"}},
		"byte order mark":   {[]byte("\xef\xbb\xbf姓名,金额\r\n张三,1"), []string{"1:姓名|金额", "2:张三|1"}},
		"semicolon":         {[]byte("姓名;金额\n张三;1,5\n"), []string{"1:姓名|金额", "2:张三|1,5"}},
		"tab":               {[]byte("姓名\t金额\n张三\t1\n"), []string{"1:姓名|金额", "2:张三|1"}},
		"sep line":          {[]byte("sep=;\n姓名;金额\n"), []string{"2:姓名|金额"}},
		"GBK":               {gbk("姓名,金额\n张三,1\n"), []string{"1:姓名|金额", "2:张三|1"}},
		"GB18030 rare":      {gbk("姓名\n𠮷田\n"), []string{"1:姓名", "2:𠮷田"}},
		"UTF-16":            {wide, []string{"1:姓名|金额", "2:张三|1"}},
		"line break inside": {[]byte("a,b\n\"一\r\n二\n三\",2\n\n4,5\n"), []string{"1:a|b", "2:一\n二\n三|2", "4:4|5"}},
		"one column":        {[]byte("姓名\n张三\n"), []string{"1:姓名", "2:张三"}},
		"comma in quotes":   {[]byte("\"a;b;c;d\",b\n1,2\n"), []string{"1:a;b;c;d|b", "2:1|2"}},
		"blank rows":        {[]byte("a,b\n,\n \t ,\n1,2\n"), []string{"1:a|b", "4:1|2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tc.want, texts(t, rows(t, open(t, tc.in)))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRejectedFiles(t *testing.T) {
	t.Parallel()
	archive := func(names ...string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, n := range names {
			if _, err := w.Create(n); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return b.Bytes()
	}
	compound := func(name string) []byte {
		head := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...)
		for _, c := range name {
			head = append(head, byte(c), 0)
		}
		return head
	}
	good := workbook(t, func(f *excelize.File) { set(t, f, map[string]any{"A1": "x", "A2": "y"}) })
	locked := func() []byte {
		f := excelize.NewFile()
		defer f.Close()
		var b bytes.Buffer
		if err := f.Write(&b, excelize.Options{Password: "1"}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}()
	for name, tc := range map[string]struct {
		in   []byte
		code string
	}{
		"nothing":          {nil, "sheet_empty"},
		"only white space": {[]byte("\xef\xbb\xbf \r\n"), "sheet_empty"},
		"only commas":      {[]byte(",,,\n,,,\n"), "sheet_empty"},
		"empty workbook":   {workbook(t, func(*excelize.File) {}), "sheet_empty"},
		"pdf":              {[]byte("%PDF-1.7 …"), "sheet_pdf"},
		"picture":          {[]byte("\x89PNG\r\n"), "sheet_picture"},
		"old Excel":        {compound("Workbook"), "sheet_xls"},
		"Word":             {compound("WordDocument"), "sheet_document"},
		"new Word":         {archive("[Content_Types].xml", "word/document.xml"), "sheet_document"},
		"archive":          {archive("a.xlsx"), "sheet_archive"},
		"rar":              {[]byte("Rar!\x1a\x07"), "sheet_archive"},
		"password":         {locked, "sheet_encrypted"},
		"web page":         {[]byte("\r\n<html><table><tr><td>1</td></tr></table></html>"), "sheet_markup"},
		"program":          {[]byte("\x7fELF\x00\x00\x00\x01"), "sheet_unknown_kind"},
		"half a file":      {good[:len(good)/2], "sheet_damaged"},
		"half a sheet":     {patch(t, good, "xl/worksheets/sheet1.xml", func(x string) string { return x[:len(x)-60] }), "sheet_damaged"},
		"no strings":       {patch(t, good, "xl/sharedStrings.xml", func(string) string { return "<sst></sst>" }), "sheet_damaged"},
		"quotes":           {[]byte("a,b\n\"1,2\n3,4\n"), "csv_quotes"},
		"encoding":         {[]byte("a,b\n\xff\xff\xff,2\n"), "csv_encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := code(readAll(tc.in, sheet.DefaultLimits())); got != tc.code {
				t.Errorf("got %s, want %s", got, tc.code)
			}
		})
	}
}

func readAll(content []byte, limits sheet.Limits) error {
	b, err := sheet.Open(bytes.NewReader(content), int64(len(content)), limits)
	if err != nil {
		return err
	}
	defer b.Close()
	name, err := b.Choose("")
	if err != nil {
		return err
	}
	for _, err := range b.Rows(name) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limits := sheet.Limits{FileBytes: 1 << 20, UnzippedBytes: 1 << 20, Rows: 2, Columns: 3}
	for in, want := range map[string]string{
		"a,b,c\n1\n": "<nil>", "a\nb\nc\n": "sheet_too_long", "a,b,c,d\n": "sheet_too_wide", "a,b,c,,,\n": "<nil>", strings.Repeat("x", 2<<20): "sheet_too_large",
	} {
		if got := code(readAll([]byte(in), limits)); got != want {
			t.Errorf("%.20q: got %s, want %s", in, got, want)
		}
	}
	wide := workbook(t, func(f *excelize.File) { set(t, f, map[string]any{"A1": 1, "D1": 2}) })
	if got := code(readAll(wide, limits)); got != "sheet_too_wide" {
		t.Errorf("wide workbook: %s", got)
	}
}

// TestZipBomb: an archive that says how large it becomes is refused before it
// is unpacked; one that lies is refused where it turns out to be longer.
func TestZipBomb(t *testing.T) {
	t.Parallel()
	good := workbook(t, func(f *excelize.File) { set(t, f, map[string]any{"A1": "x"}) })
	limits := sheet.DefaultLimits()
	limits.UnzippedBytes = 4 << 20
	bomb := patch(t, good, "xl/worksheets/sheet1.xml", func(x string) string { return x + strings.Repeat(" ", 8<<20) })
	if len(bomb) > 64<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	if got := code(readAll(bomb, limits)); got != "sheet_bomb" {
		t.Errorf("honest bomb: %s", got)
	}
	if got := code(readAll(understate(t, bomb), limits)); got != "sheet_damaged" {
		t.Errorf("lying bomb: %s", got)
	}
}

// understate copies an archive and writes 1,000 bytes as the size of each part.
func understate(t testing.TB, content []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		r, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		h := f.FileHeader
		h.UncompressedSize64 = min(h.UncompressedSize64, 1000)
		w, err := out.CreateRaw(&h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHiddenAndSeveralSheets(t *testing.T) {
	t.Parallel()
	content := workbook(t, func(f *excelize.File) {
		for _, name := range []string{"空表", "甲", "乙"} {
			if _, err := f.NewSheet(name); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"甲", "乙"} {
			if err := f.SetCellValue(name, "A1", name); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetSheetVisible("乙", false); err != nil {
			t.Fatal(err)
		}
	})
	b := open(t, content)
	if got, err := b.Choose(""); got != "甲" || err != nil {
		t.Errorf("choose: %q, %v", got, err)
	}
	for name, want := range map[string]string{"甲": "<nil>", "乙": "sheet_hidden", "丙": "sheet_unknown"} {
		if _, err := b.Choose(name); code(err) != want {
			t.Errorf("choose %s: %v, want %s", name, err, want)
		}
	}
	both := workbook(t, func(f *excelize.File) {
		set(t, f, map[string]any{"A1": 1})
		_, _ = f.NewSheet("二")
		_ = f.SetCellValue("二", "A1", 1)
	})
	if _, err := open(t, both).Choose(""); code(err) != "sheet_several" {
		t.Errorf("two filled sheets: %v", err)
	}
}

func TestWriteAndReadBack(t *testing.T) {
	t.Parallel()
	columns := []sheet.Column{{Heading: "身份证号", Width: 22}, {Heading: "说明"}, {Heading: "金额"}, {Heading: "日期"}, {Heading: "时间"}, {Heading: "人数"}}
	at := time.Date(2026, 1, 4, 16, 3, 9, 0, time.UTC)
	values := [][]any{
		{"110101199003074119", "=cmd|' /C calc'!A0", domain.Fen(30), domain.NewDate(2026, 1, 5), at, 12},
		{"007", "+86 138\n第二行,\"引号\"", domain.Fen(123456789), domain.Date{}, time.Time{}, 0},
		{"'真的撇号", "@x", nil, nil, nil, nil},
		{"-5", "＝1", domain.Fen(-100), nil, nil, -1},
	}
	for _, format := range []sheet.Format{sheet.XLSX, sheet.CSV} {
		var b bytes.Buffer
		if err := sheet.Write(&b, format, "名册", columns, slices.Values(values)); err != nil {
			t.Fatal(err)
		}
		got := texts(t, rows(t, open(t, b.Bytes())))
		want := []string{
			"1:身份证号|说明|金额|日期|时间|人数",
			"2:110101199003074119|=cmd|' /C calc'!A0|0.3|2026-01-05|2026-01-05 00:03:09|12",
			"3:007|+86 138\n第二行,\"引号\"|1234567.89|||0",
			"4:'真的撇号|@x",
			"5:-5|＝1|-1|||-1",
		}
		for i := range got { // amounts differ in form only
			got[i] = strings.TrimRight(strings.NewReplacer("|0.30|", "|0.3|", "|-1.00|", "|-1|").Replace(got[i]), "|")
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", format, d)
		}
	}
}

func TestWrittenCSVIsSafe(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	row := []any{"=1+1", "@a", "-1", "+1", "\t=1", "007", "110101199003074119"}
	if err := sheet.Write(&b, sheet.CSV, "", make([]sheet.Column, 7), slices.Values([][]any{row})); err != nil {
		t.Fatal(err)
	}
	want := "\xef\xbb\xbf,,,,,,\r\n'=1+1,'@a,'-1,'+1,'\t=1,\"\t007\",\"\t110101199003074119\"\r\n"
	if got := b.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestWrittenWorkbook(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := sheet.Write(&b, sheet.XLSX, "名册", []sheet.Column{{Heading: "证号", Width: 22}}, slices.Values([][]any{{"=1+1"}}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	panes, err := f.GetPanes("名册")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes: %+v, %v", panes, err)
	}
	if w, err := f.GetColWidth("名册", "A"); err != nil || w != 22 {
		t.Errorf("width: %v, %v", w, err)
	}
	id, _ := f.GetCellStyle("名册", "A2")
	if st, err := f.GetStyle(id); err != nil || st.NumFmt != 49 {
		t.Errorf("style of a text: %+v, %v", st, err)
	}
	if formula, err := f.GetCellFormula("名册", "A2"); err != nil || formula != "" {
		t.Errorf("formula: %q, %v", formula, err)
	}
	long := slices.Values([][]any{{strings.Repeat("长", 40_000)}})
	if err := sheet.Write(&bytes.Buffer{}, sheet.XLSX, "名册", []sheet.Column{{}}, long); code(err) != "cell_unwritable" {
		t.Errorf("a text of 40,000 characters: %v", err)
	}
}

package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
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

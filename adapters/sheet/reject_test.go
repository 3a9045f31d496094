package sheet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"hearth/adapters/sheet"
)

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

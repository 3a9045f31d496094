package sheet_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"hearth/adapters/sheet"
	"hearth/domain"
)

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

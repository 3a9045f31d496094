package sheet

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"hearth/domain"
)

// Column is one column of a spreadsheet to be written: its heading and its
// width in characters, 0 for one that fits the heading.
type Column struct {
	Heading string
	Width   float64
}

// Write writes a spreadsheet with a heading that stays in view. A value is a
// string, int, domain.Fen, domain.Date, time.Time, or nil for an empty cell.
// Texts stay texts: ID numbers and leading zeros are kept, and none runs as a
// formula.
func Write(w io.Writer, f Format, name string, columns []Column, rows iter.Seq[[]any]) error {
	return WriteMarked(w, f, name, columns, rows, "")
}

// MarkLead is what the row begins with that says who took a file out, and when.
// Readers leave it out: it is no row of the list.
const MarkLead = "〔导出留痕〕"

// WriteMarked is Write with a mark of who took the file out, and when: behind the
// rows, and of an .xlsx at the foot of each printed page and in its properties.
func WriteMarked(w io.Writer, f Format, name string, columns []Column, rows iter.Seq[[]any], mark string) error {
	if mark != "" {
		list := rows
		rows = func(yield func([]any) bool) {
			for row := range list {
				if !yield(row) {
					return
				}
			}
			yield([]any{MarkLead + mark})
		}
	}
	if f == CSV {
		return writeCSV(w, columns, rows)
	}
	return writeXLSX(w, name, columns, rows, mark)
}

// marked puts the mark where a print and the properties of a file show it.
func marked(f *excelize.File, sheet, mark string) error {
	if mark == "" {
		return nil
	}
	// In a footer & begins a code, so it is doubled.
	foot := "&C&8" + strings.ReplaceAll(mark, "&", "&&")
	if err := f.SetHeaderFooter(sheet, &excelize.HeaderFooterOptions{OddFooter: foot}); err != nil {
		return err
	}
	return f.SetDocProps(&excelize.DocProperties{Description: mark, Subject: MarkLead})
}

// maxCell is how many UTF-16 units a cell of Excel holds; more would be cut off.
const maxCell = 32767

// styles of the cells that Write writes.
type cellStyles struct{ head, text, wrap, money, date, clock int }

func newStyles(f *excelize.File) (s cellStyles, err error) {
	format := func(code string) *string { return &code }
	top := &excelize.Alignment{Vertical: "top"}
	for _, it := range []struct {
		id *int
		st excelize.Style
	}{
		{&s.head, excelize.Style{Font: &excelize.Font{Bold: true}, NumFmt: 49, Alignment: &excelize.Alignment{Vertical: "center"}}},
		{&s.text, excelize.Style{NumFmt: 49, Alignment: top}},
		{&s.wrap, excelize.Style{NumFmt: 49, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
		{&s.money, excelize.Style{NumFmt: 4, Alignment: top}},
		{&s.date, excelize.Style{CustomNumFmt: format("yyyy-mm-dd"), Alignment: top}},
		{&s.clock, excelize.Style{CustomNumFmt: format("yyyy-mm-dd hh:mm:ss"), Alignment: top}},
	} {
		if *it.id, err = f.NewStyle(&it.st); err != nil {
			return s, err
		}
	}
	return s, nil
}

func writeXLSX(w io.Writer, name string, columns []Column, rows iter.Seq[[]any], mark string) error {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	styles, err := newStyles(f)
	if err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	out, err := f.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	head := make([]any, len(columns))
	for i, c := range columns {
		if c.Width == 0 {
			c.Width = float64(2*len([]rune(c.Heading)) + 4)
		}
		if err := out.SetColWidth(i+1, i+1, min(c.Width, excelize.MaxColumnWidth)); err != nil {
			return fmt.Errorf("write spreadsheet: %w", err)
		}
		head[i] = excelize.Cell{StyleID: styles.head, Value: c.Heading}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	if err := out.SetRow("A1", head); err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	n := 1
	for row := range rows {
		n++
		cells := make([]any, len(row))
		for i, v := range row {
			if cells[i], err = styles.cell(v); err != nil {
				return Row{Number: n}.wrong(i, err)
			}
		}
		if err := out.SetRow("A"+strconv.Itoa(n), cells); err != nil {
			return fmt.Errorf("write row %d: %w", n, err)
		}
	}
	if err := marked(f, name, mark); err != nil {
		return fmt.Errorf("mark spreadsheet: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write spreadsheet: %w", err)
	}
	return nil
}

func (r Row) wrong(column int, err error) error {
	return domain.Reject("cell_unwritable", "%s", r.Problem(column, "", err))
}

func (s cellStyles) cell(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if len(utf16.Encode([]rune(v))) > maxCell {
			return nil, domain.Reject("cell_too_long", "文字超过%d个字符,放不进 Excel 的一个单元格,请改用 CSV 格式。", maxCell)
		}
		if strings.Contains(v, "\n") {
			return excelize.Cell{StyleID: s.wrap, Value: v}, nil
		}
		return excelize.Cell{StyleID: s.text, Value: v}, nil
	case int:
		return v, nil
	case domain.Fen:
		return excelize.Cell{StyleID: s.money, Value: float64(v) / 100}, nil
	case domain.Date:
		if v.IsZero() {
			return nil, nil
		}
		return excelize.Cell{StyleID: s.date, Value: v.Sub(domain.NewDate(1899, 12, 30))}, nil
	case time.Time:
		if v.IsZero() {
			return nil, nil
		}
		day := domain.DateOf(v)
		clock := v.Sub(day.Start()).Seconds() / 86_400
		return excelize.Cell{StyleID: s.clock, Value: float64(day.Sub(domain.NewDate(1899, 12, 30))) + clock}, nil
	}
	return nil, fmt.Errorf("cannot write %T", v)
}

func writeCSV(w io.Writer, columns []Column, rows iter.Seq[[]any]) error {
	buf := bufio.NewWriter(w)
	_, _ = buf.WriteString(bomUTF8) // an error stays in buf until Flush
	out := csv.NewWriter(buf)
	out.UseCRLF = true
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = guard(c.Heading)
	}
	if err := out.Write(head); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	n := 1
	for row := range rows {
		n++
		record := make([]string, len(row))
		for i, v := range row {
			s, err := plain(v)
			if err != nil {
				return fmt.Errorf("write row %d: %w", n, err)
			}
			record[i] = s
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func plain(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return guard(v), nil
	case int:
		return strconv.Itoa(v), nil
	case domain.Fen:
		return strings.ReplaceAll(v.String(), ",", ""), nil
	case domain.Date:
		return v.String(), nil
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		return v.In(domain.Shanghai).Format(time.DateTime), nil
	}
	return "", fmt.Errorf("cannot write %T", v)
}

// guard keeps Excel from reading a text of a CSV file as something else: what
// would run as a formula gets an apostrophe, a number that would lose digits
// gets a tab. unguard takes both away.
func guard(s string) string {
	switch {
	case s == "":
		return s
	case strings.ContainsRune("=+-@'\t\r＝＋－＠", []rune(s)[0]):
		return "'" + s
	case isDigits(s) && (len(s) > 11 || len(s) > 1 && s[0] == '0'):
		return "\t" + s
	}
	return s
}

func unguard(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && rest != "" && guard(rest) == s {
		return rest
	}
	return strings.TrimPrefix(s, "\t")
}

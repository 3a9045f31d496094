package sheet

import (
	"bytes"
	"encoding/xml"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"hearth/domain"
)

// scanner reads one worksheet from its XML as a stream.
type scanner struct {
	book   *workbook
	name   string
	xml    *xml.Decoder
	merges []merge // by first row
	active []*merge
	count  int // rows that held something
}

// merge is a range of merged cells; its value is that of its first cell.
type merge struct {
	top, left, bottom, right int // from 1
	value                    Cell
}

func newScanner(b *workbook, name string, raw []byte) *scanner {
	return &scanner{book: b, name: name, xml: xml.NewDecoder(bytes.NewReader(raw)), merges: readMerges(raw, b.limits.Columns)}
}

var mergeRef = regexp.MustCompile(`<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"`)

// readMerges finds the merged ranges, which stand behind the cells.
func readMerges(raw []byte, columns int) []merge {
	tail := raw[max(0, bytes.LastIndex(raw, []byte("sheetData"))):]
	var list []merge
	for _, m := range mergeRef.FindAllSubmatch(tail, -1) {
		from, to, _ := strings.Cut(string(m[1]), ":")
		var r merge
		var err1, err2 error
		r.left, r.top, err1 = excelize.CellNameToCoordinates(from)
		r.right, r.bottom, err2 = excelize.CellNameToCoordinates(to)
		if err1 == nil && err2 == nil {
			r.right = min(r.right, columns)
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b merge) int { return a.top - b.top })
	return list
}

// each yields the rows that hold something. It stops with a rejection when the
// XML ends early: what excelize would take for the end of the sheet.
func (s *scanner) each(yield func(Row, error) bool) {
	number := 0
	for {
		tok, err := s.xml.RawToken()
		if err != nil {
			yield(Row{}, damaged())
			return
		}
		switch el := tok.(type) {
		case xml.StartElement:
			if el.Name.Local != "row" {
				continue
			}
			number++
			if n, err := strconv.Atoi(attr(el, "r")); err == nil && n > 0 {
				number = n
			}
			cells, filled, err := s.row()
			if err != nil {
				yield(Row{}, err)
				return
			}
			cells = s.merged(number, cells)
			if !filled {
				continue
			}
			if s.count++; s.count > s.book.limits.Rows {
				yield(Row{}, tooManyRows(s.book.limits))
				return
			}
			if !yield(Row{Sheet: s.name, Number: number, Cells: cells}, nil) {
				return
			}
		case xml.EndElement:
			if el.Name.Local == "sheetData" {
				return
			}
		}
	}
}

func tooManyRows(l Limits) error {
	return domain.Reject("sheet_too_long", "表格超过%d行,请拆成几个文件再导入。", l.Rows)
}

func tooManyColumns(l Limits) error {
	return domain.Reject("sheet_too_wide", "表格超过%d列,请删去用不到的列再导入。", l.Columns)
}

// row reads the cells of a row and whether any of them holds something.
func (s *scanner) row() (cells []Cell, filled bool, err error) {
	column := 0
	for {
		tok, err := s.xml.RawToken()
		if err != nil {
			return nil, false, damaged()
		}
		switch el := tok.(type) {
		case xml.StartElement:
			if el.Name.Local != "c" {
				continue
			}
			column++
			if c := columnOf(attr(el, "r")); c > 0 {
				column = c
			}
			cell, err := s.cell(el)
			if err != nil {
				return nil, false, err
			}
			if cell.Blank() {
				continue
			}
			if column > s.book.limits.Columns {
				return nil, false, tooManyColumns(s.book.limits)
			}
			filled = true
			cells = widen(cells, column)
			cells[column-1] = cell
		case xml.EndElement:
			if el.Name.Local == "row" {
				return cells, filled, nil
			}
		}
	}
}

func widen(cells []Cell, n int) []Cell {
	if n <= len(cells) {
		return cells
	}
	return append(slices.Grow(cells, n-len(cells)), make([]Cell, n-len(cells))...)
}

// cell reads one cell up to its end.
func (s *scanner) cell(start xml.StartElement) (Cell, error) {
	var value []byte
	var inValue, inGuide, hasValue, hasFormula bool
	for {
		tok, err := s.xml.RawToken()
		if err != nil {
			return Cell{}, damaged()
		}
		switch el := tok.(type) {
		case xml.StartElement:
			switch el.Name.Local {
			case "v":
				inValue, hasValue = true, true
			case "t": // of an inline string
				inValue = !inGuide
			case "rPh":
				inGuide = true
			case "f":
				hasFormula = true
			}
		case xml.CharData:
			if inValue {
				value = append(value, el...)
			}
		case xml.EndElement:
			switch el.Name.Local {
			case "v", "t":
				inValue = false
			case "rPh":
				inGuide = false
			case "c":
				return s.value(start, string(value), hasValue, hasFormula)
			}
		}
	}
}

func (s *scanner) value(start xml.StartElement, v string, hasValue, hasFormula bool) (Cell, error) {
	kind := attr(start, "t")
	if hasFormula && (!hasValue || v == "" && kind != "str") {
		return Cell{kind: kindBroken, text: "公式没有算出的值,请用 Excel 打开文件、保存后再导入"}, nil
	}
	switch kind {
	case "s":
		if v == "" {
			return Cell{}, nil
		}
		i, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || i < 0 || i >= len(s.book.strings) {
			return Cell{}, damaged()
		}
		return Cell{text: s.book.strings[i]}, nil
	case "str", "inlineStr", "d":
		return Cell{text: unescape(v)}, nil
	case "b":
		if v == "1" {
			return Cell{text: "TRUE"}, nil
		}
		return Cell{text: "FALSE"}, nil
	case "e":
		return Cell{kind: kindBroken, text: "单元格是错误值 " + v + ",请改正公式或填入内容"}, nil
	}
	return s.number(v, attr(start, "s"))
}

func (s *scanner) number(v, styleID string) (Cell, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return Cell{}, nil
	}
	if _, err := strconv.ParseFloat(v, 64); err != nil {
		return Cell{text: v}, nil
	}
	c := Cell{text: v, kind: kindNumber, epoch: s.book.epoch}
	if id, err := strconv.Atoi(styleID); err == nil {
		st := s.book.style(id)
		c.zeros = st.zeros
		if st.date {
			c.kind = kindDate
		}
	}
	return c, nil
}

// merged gives every cell of a merged range the value of its first. A row that
// holds nothing of its own stays empty, whatever reaches into it from above.
func (s *scanner) merged(number int, cells []Cell) []Cell {
	for len(s.merges) > 0 && s.merges[0].top <= number {
		m := &s.merges[0]
		s.merges = s.merges[1:]
		if m.top == number && m.left <= len(cells) {
			m.value = cells[m.left-1]
		}
		if !m.value.Blank() {
			s.active = append(s.active, m)
		}
	}
	s.active = slices.DeleteFunc(s.active, func(m *merge) bool { return m.bottom < number })
	for _, m := range s.active {
		cells = widen(cells, m.right)
		for c := m.left; c <= m.right; c++ {
			cells[c-1] = m.value
		}
	}
	return cells
}

func attr(el xml.StartElement, name string) string {
	for _, a := range el.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// columnOf is the number of the column of a cell name such as AB12, 0 for none.
func columnOf(ref string) int {
	n := 0
	for _, c := range []byte(ref) {
		if c < 'A' || c > 'Z' || n > 20_000 {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n
}

package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"hearth/domain"
)

const bomUTF8 = "\xef\xbb\xbf"

// textFile is an opened CSV file.
type textFile struct {
	r         io.ReaderAt
	size      int64
	limits    Limits
	encoding  encoding.Encoding // nil for UTF-8
	skip      int64             // bytes before the text
	delimiter rune
}

func openCSV(r io.ReaderAt, size int64, limits Limits) (*textFile, error) {
	f := &textFile{r: r, size: size, limits: limits}
	if err := f.detectEncoding(); err != nil {
		return nil, err
	}
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(f.text(), head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read csv: %w", err)
	}
	if bytes.IndexByte(head[:n], 0) >= 0 {
		return nil, domain.Reject("sheet_unknown_kind", "这不是电子表格文件。请提供 Excel 文件(.xlsx)或 CSV 文件。")
	}
	f.delimiter = delimiter(head[:n])
	return f, nil
}

// detectEncoding reads the whole file once: a byte order mark decides; what is
// valid UTF-8 is UTF-8; the rest is GB18030, which holds GBK and GB2312.
func (f *textFile) detectEncoding() error {
	head := make([]byte, 3)
	n, err := f.r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read csv: %w", err)
	}
	switch {
	case bytes.HasPrefix(head[:n], []byte(bomUTF8)):
		f.skip = int64(len(bomUTF8))
	case bytes.HasPrefix(head[:n], []byte("\xff\xfe")):
		f.encoding = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(head[:n], []byte("\xfe\xff")):
		f.encoding = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	if f.encoding != nil {
		return nil
	}
	valid, err := validUTF8(f.text())
	if err != nil {
		return fmt.Errorf("read csv: %w", err)
	}
	if !valid {
		f.encoding, f.skip = simplifiedchinese.GB18030, 0
	}
	return nil
}

func validUTF8(r io.Reader) (bool, error) {
	br := bufio.NewReaderSize(r, 1<<20)
	for {
		c, size, err := br.ReadRune()
		if err == io.EOF {
			return true, nil
		}
		if err != nil || c == utf8.RuneError && size == 1 {
			return false, err
		}
	}
}

// text is the file as UTF-8 from its beginning.
func (f *textFile) text() io.Reader {
	r := io.NewSectionReader(f.r, f.skip, f.size-f.skip)
	if f.encoding == nil {
		return r
	}
	return f.encoding.NewDecoder().Reader(r)
}

// delimiter is what separates the cells of the first row: the sign of the three
// that stands most often outside quotes, or what Excel's line "sep=;" says.
func delimiter(head []byte) rune {
	if rest, ok := bytes.CutPrefix(head, []byte("sep=")); ok && len(rest) > 0 && strings.ContainsRune(",;\t", rune(rest[0])) {
		return rune(rest[0])
	}
	count := map[byte]int{}
	quoted := false
	for _, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n' && len(count) > 0:
			return most(count)
		case c == ',' || c == ';' || c == '\t':
			count[c]++
		}
	}
	return most(count)
}

func most(count map[byte]int) rune {
	best := byte(',')
	for _, c := range []byte(";\t") {
		if count[c] > count[best] {
			best = c
		}
	}
	return rune(best)
}

func (f *textFile) sheets() []Sheet { return []Sheet{{}} }

func (f *textFile) Close() error { return nil }

func (f *textFile) rows(string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		r := csv.NewReader(f.text())
		r.Comma, r.FieldsPerRecord, r.ReuseRecord = f.delimiter, -1, true
		inner := 0 // line breaks inside cells so far
		for count := 0; ; {
			record, err := r.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Row{}, csvError(err))
				return
			}
			line, _ := r.FieldPos(0)
			row := Row{Number: line - inner}
			inner += breaks(record)
			filled, err := f.fill(&row, record)
			if err != nil {
				yield(Row{}, err)
				return
			}
			if !filled || row.Number == 1 && strings.HasPrefix(record[0], "sep=") {
				continue
			}
			if count++; count > f.limits.Rows {
				yield(Row{}, tooManyRows(f.limits))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func csvError(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return domain.Reject("csv_quotes", "文件第%d行的引号不成对,无法分清各列。请用 Excel 打开,另存为 .xlsx 文件后再导入。", p.StartLine)
	}
	return fmt.Errorf("read csv: %w", err)
}

func breaks(record []string) int {
	n := 0
	for _, s := range record {
		n += strings.Count(s, "\n")
	}
	return n
}

// fill makes the cells of a row and reports whether any holds something.
func (f *textFile) fill(row *Row, record []string) (filled bool, err error) {
	row.Cells = make([]Cell, 0, len(record))
	for i, s := range record {
		if f.encoding != nil && strings.ContainsRune(s, utf8.RuneError) || strings.ContainsRune(s, 0) {
			return false, domain.Reject("csv_encoding", "第%d行(%s列)的文字编码无法识别。请用 Excel 打开,另存为“CSV UTF-8”或 .xlsx 文件后再导入。", row.Number, ColumnName(i))
		}
		c := TextCell(unguard(s))
		if !c.Blank() {
			filled = true
			if i >= f.limits.Columns {
				return false, tooManyColumns(f.limits)
			}
		}
		row.Cells = append(row.Cells, c)
	}
	if len(row.Cells) > f.limits.Columns {
		row.Cells = row.Cells[:f.limits.Columns]
	}
	return filled, nil
}

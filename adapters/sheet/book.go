package sheet

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"hearth/domain"
)

// Format is how a spreadsheet is stored.
type Format string

// The formats that can be read and written.
const (
	XLSX Format = "xlsx"
	CSV  Format = "csv"
)

// Limits bound what a file may make us hold in memory.
type Limits struct {
	FileBytes     int64 // of the file as it lies there
	UnzippedBytes int64 // of all parts of an .xlsx
	Rows          int   // that hold something
	Columns       int
}

// DefaultLimits are enough for 200,000 rows of long messages.
func DefaultLimits() Limits {
	return Limits{FileBytes: 64 << 20, UnzippedBytes: 384 << 20, Rows: 200_000, Columns: 200}
}

// Sheet is one worksheet of a book; that of a CSV file has no name.
type Sheet struct {
	Name   string
	Hidden bool
}

// Row is one row that holds something. Number is what a spreadsheet program
// shows at its left; Cells are from column A on.
type Row struct {
	Sheet  string
	Number int
	Cells  []Cell
}

// Cell is the cell in a column counted from 0; beyond the last it is empty.
func (r Row) Cell(column int) Cell {
	if column < 0 || column >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[column]
}

// source is an opened file of one format.
type source interface {
	sheets() []Sheet
	rows(name string) iter.Seq2[Row, error]
	Close() error
}

// Book is an opened spreadsheet. It may be read several times, by one goroutine
// at a time.
type Book struct {
	format Format
	src    source
}

// Open opens a spreadsheet. What it is is told from its content, not from its
// name. The reader must stay open until Close. A file that cannot be read is a
// *domain.Rejection that says what to do.
func Open(r io.ReaderAt, size int64, limits Limits) (*Book, error) {
	if size > limits.FileBytes {
		return nil, domain.Reject("sheet_too_large", "文件有%dMB,超过上限%dMB,请拆成几个文件再导入。", size>>20, limits.FileBytes>>20)
	}
	head := make([]byte, min(size, 4096))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read spreadsheet: %w", err)
	}
	if err := refuse(head, r, size); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		src, err := openXLSX(r, size, limits)
		if err != nil {
			return nil, err
		}
		return &Book{format: XLSX, src: src}, nil
	}
	src, err := openCSV(r, size, limits)
	if err != nil {
		return nil, err
	}
	return &Book{format: CSV, src: src}, nil
}

// Format tells how the book is stored.
func (b *Book) Format() Format { return b.format }

// Sheets lists the worksheets in their order.
func (b *Book) Sheets() []Sheet { return b.src.sheets() }

// Rows yields the rows of a worksheet that hold something. An error ends it. The
// mark that one of our own exports carries is none of them.
func (b *Book) Rows(name string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for row, err := range b.src.rows(name) {
			if err == nil && strings.HasPrefix(row.Cell(0).text, MarkLead) {
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// Close lets go of the memory and of temporary files.
func (b *Book) Close() error { return b.src.Close() }

// Choose finds the worksheet to read: the named one, or the only visible one
// that holds something. Several of them, none, or a hidden one are rejected:
// nobody should wonder later where the other rows went.
func (b *Book) Choose(name string) (string, error) {
	var names, filled, hidden []string
	for _, s := range b.Sheets() {
		if s.Hidden {
			hidden = append(hidden, "“"+s.Name+"”")
			if s.Name == name && name != "" {
				return "", domain.Reject("sheet_hidden", "工作表“%s”是隐藏的,请在 Excel 中取消隐藏并保存后再导入。", name)
			}
			continue
		}
		names = append(names, "“"+s.Name+"”")
		if s.Name == name && name != "" {
			return name, nil
		}
		some, err := b.filled(s.Name)
		if err != nil {
			return "", err
		}
		if some {
			filled = append(filled, s.Name)
		}
	}
	switch {
	case name != "":
		return "", domain.Reject("sheet_unknown", "文件里没有工作表“%s”,有的是:%s。", name, strings.Join(names, "、"))
	case len(filled) == 1:
		return filled[0], nil
	case len(filled) > 1:
		return "", domain.Reject("sheet_several", "文件里有几个工作表都有内容(%s),请指定导入哪一个。", "“"+strings.Join(filled, "”、“")+"”")
	case len(hidden) > 0:
		return "", domain.Reject("sheet_empty", "文件里能看见的工作表都是空的;隐藏的工作表(%s)不会读取,请取消隐藏并保存后再导入。", strings.Join(hidden, "、"))
	}
	return "", domain.Reject("sheet_empty", "文件是空的,没有任何内容。")
}

func (b *Book) filled(name string) (bool, error) {
	for _, err := range b.Rows(name) {
		return err == nil, err
	}
	return false, nil
}

// signatures are the beginnings of files that people mistake for spreadsheets.
var signatures = []struct{ head, code, text string }{
	{"%PDF", "sheet_pdf", "这是 PDF 文件,不是电子表格。请向提供方索取 Excel 文件(.xlsx)或 CSV 文件。"},
	{"\xff\xd8\xff", "sheet_picture", "这是图片,不是电子表格。请把内容录入 Excel 后再导入。"},
	{"\x89PNG", "sheet_picture", "这是图片,不是电子表格。请把内容录入 Excel 后再导入。"},
	{"Rar!", "sheet_archive", "这是压缩包,请先解压,再导入其中的 .xlsx 或 .csv 文件。"},
	{"7z\xbc\xaf", "sheet_archive", "这是压缩包,请先解压,再导入其中的 .xlsx 或 .csv 文件。"},
	{"\x1f\x8b", "sheet_archive", "这是压缩包,请先解压,再导入其中的 .xlsx 或 .csv 文件。"},
	{"{\\rtf", "sheet_document", "这是文字文档,不是电子表格。请把内容放进 Excel 后再导入。"},
}

const oldExcel = "这是旧版 Excel 文件(.xls),请用 Excel 或 WPS 打开,另存为“Excel 工作簿(.xlsx)”后再导入。"

// refuse tells from the first bytes what is certainly no spreadsheet of ours.
func refuse(head []byte, r io.ReaderAt, size int64) error {
	if len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte(bomUTF8)))) == 0 && size <= int64(len(head)) {
		return domain.Reject("sheet_empty", "文件是空的,没有任何内容。")
	}
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.head)) {
			return domain.Reject(s.code, "%s", s.text)
		}
	}
	if bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		return refuseCompound(r, size)
	}
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte(bomUTF8))))
	markup := []string{"<html", "<!doctype", "<table", "<?xml", "<meta", "<head", "<style", "mime-version:"}
	if slices.ContainsFunc(markup, func(m string) bool { return bytes.HasPrefix(text, []byte(m)) }) {
		return domain.Reject("sheet_markup", "这个文件其实是网页或 XML,只是名字像表格。请用 Excel 打开,另存为“Excel 工作簿(.xlsx)”后再导入。")
	}
	return nil
}

// refuseCompound names what lies in an OLE container, the house of .xls, .doc
// and of encrypted .xlsx. Its directory has the names in UTF-16.
func refuseCompound(r io.ReaderAt, size int64) error {
	content, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return fmt.Errorf("read spreadsheet: %w", err)
	}
	has := func(name string) bool {
		wide := make([]byte, 0, 2*len(name))
		for _, c := range []byte(name) {
			wide = append(wide, c, 0)
		}
		return bytes.Contains(content, wide)
	}
	switch {
	case has("EncryptedPackage"):
		return domain.Reject("sheet_encrypted", "文件设有打开密码,请在 Excel 中取消密码并保存后再导入。")
	case has("WordDocument"):
		return domain.Reject("sheet_document", "这是文字文档,不是电子表格。请把内容放进 Excel 后再导入。")
	}
	return domain.Reject("sheet_xls", oldExcel)
}

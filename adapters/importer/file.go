package importer

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
)

// Options say where a file comes from and how it is read.
type Options struct {
	System  string            // code of the system that numbered the rows, such as t12345; mandatory
	Sheet   string            // worksheet; empty: the only one that is filled
	Map     []string          // changes to the guessed mapping, see Mapping.Override
	Area    string            // code of the county for rows that name none
	Channel complaint.Channel // for rows that name none; empty: 网上
	Told    time.Time         // when reporters with a phone were told of redirections; zero: not yet
	Now     func() time.Time  // nil: the clock
	Units   orgunit.Tree      // by which counties are named; zero: the founding tree
}

// File is an opened file of complaints with its header and its mapping. It is
// used by one goroutine at a time.
type File struct {
	book       *sheet.Book
	options    Options
	fields     []FieldInfo
	sheet      string
	headerRow  int
	header     []string
	mapping    Mapping
	classifier *Classifier
	categories map[string]*Finding // what the categories of the file mean here
	labour     map[string]string   // numbers that are filed under labour, to that category
}

// Open finds the worksheet, the row with the headings and the mapping.
func Open(book *sheet.Book, o Options) (*File, error) {
	if o.System == "" {
		return nil, domain.Reject("system_missing", "请填写这批件来自哪个系统(如 12345、网上信访),同一系统的同一编号只登记一次。")
	}
	if o.Channel == "" {
		o.Channel = complaint.ChannelWeb
	}
	if o.Units.Empty() {
		o.Units = orgunit.Founding()
	}
	f, err := openFile(book, o, Fields())
	if err != nil {
		return nil, err
	}
	if !f.has(FieldDetail) && !f.has(FieldSubject) {
		return nil, f.unmapped(FieldDetail)
	}
	f.classifier, f.categories = NewClassifier(), map[string]*Finding{}
	return f, nil
}

func openFile(book *sheet.Book, o Options, fields []FieldInfo) (*File, error) {
	name, err := book.Choose(o.Sheet)
	if err != nil {
		return nil, err
	}
	f := &File{book: book, options: o, fields: fields, sheet: name}
	if err := f.findHeader(); err != nil {
		return nil, err
	}
	f.mapping = guess(fields, f.header)
	return f, f.mapping.override(fields, f.header, o.Map)
}

// headerSearch is how many rows may stand above the headings: a title, a date,
// the name of the office.
const headerSearch = 10

// findHeader takes the row that names most fields for the headings.
func (f *File) findHeader() error {
	best, seen := 0, 0
	for r, err := range f.book.Rows(f.sheet) {
		if err != nil {
			return err
		}
		header := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			header[i], _ = c.Line()
		}
		if n := len(guess(f.fields, header)); n > best || f.header == nil {
			best, f.header, f.headerRow = n, header, r.Number
		}
		if seen++; seen == headerSearch {
			break
		}
	}
	return nil
}

func (f *File) has(field Field) bool {
	_, ok := f.mapping[field]
	return ok
}

func (f *File) unmapped(field Field) error {
	return domain.Reject("unmapped", "没有找到“%s”这一列,请指定是哪一列。表里第%d行的列名是:%s。", label(f.fields, field), f.headerRow, headings(f.header))
}

func headings(header []string) string {
	s := ""
	for i, h := range header {
		if h != "" {
			s += fmt.Sprintf(" %s列“%s”", sheet.ColumnName(i), h)
		}
	}
	return s
}

// Header is the headings of the columns.
func (f *File) Header() []string { return f.header }

// HeaderRow is the number of the row that holds the headings.
func (f *File) HeaderRow() int { return f.headerRow }

// Sheet is the name of the worksheet that is read.
func (f *File) Sheet() string { return f.sheet }

// Mapping says which column is read as which field.
func (f *File) Mapping() Mapping { return f.mapping }

func (f *File) now() time.Time {
	if f.options.Now != nil {
		return f.options.Now()
	}
	return time.Now()
}

// data yields the rows below the headings. Headings that are repeated, as some
// programs do for printing, are skipped.
func (f *File) data() iter.Seq2[sheet.Row, error] {
	return func(yield func(sheet.Row, error) bool) {
		for r, err := range f.book.Rows(f.sheet) {
			if err == nil && (r.Number <= f.headerRow || f.repeatsHeader(r)) {
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// scan counts the rows and notes which numbers are filed under labour. Boards
// file one message under two categories at times: then it is ours.
func (f *File) scan(ctx context.Context) (total int, err error) {
	f.labour = map[string]string{}
	for r, err := range f.data() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return total, err
		}
		total++
		read := reader{file: f, row: r}
		if given := read.line(FieldCategory); isLabour(given) {
			if no := read.code(FieldNo); no != "" {
				f.labour[no] = given
			}
		}
	}
	if total == 0 {
		return 0, domain.Reject("no_rows", "表里只有列名,没有数据。")
	}
	return total, nil
}

func (f *File) repeatsHeader(r sheet.Row) bool {
	for i, h := range f.header {
		if s, err := r.Cell(i).Line(); err != nil || s != h {
			return false
		}
	}
	return true
}

// Bad is a row that is not stored, and why.
type Bad struct {
	Row      int
	Problems []sheet.Problem
}

// Preview is the dry run over a whole file.
type Preview struct {
	Total      int       // rows with data
	Good       int       // that would be stored, or are already
	First      []Message // the first rows as they will be stored
	Bad        []Bad
	Categories []Count // of the good rows, in the order of the code list
	Redirected int     // of the good rows, to other bodies
}

// Count is how many rows have a category.
type Count struct {
	Category complaint.Category
	Rows     int
}

// PreviewRows is how many rows a Preview shows.
const PreviewRows = 20

// Preview reads the whole file and stores nothing.
func (f *File) Preview(ctx context.Context) (Preview, error) {
	var p Preview
	var err error
	if p.Total, err = f.scan(ctx); err != nil {
		return p, err
	}
	counts := map[complaint.Category]int{}
	numbers := repetition{}
	for r, err := range f.data() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return p, err
		}
		m, problems := f.message(r)
		if len(problems) == 0 {
			_, problems = numbers.check(f, r, m)
		}
		if len(problems) > 0 {
			p.Bad = append(p.Bad, Bad{r.Number, problems})
			continue
		}
		p.Good++
		counts[m.Finding.Category]++
		if m.Finding.Redirect != nil {
			p.Redirected++
		}
		if len(p.First) < PreviewRows {
			p.First = append(p.First, m)
		}
	}
	for _, c := range complaint.Categories().All() {
		if counts[c] > 0 {
			p.Categories = append(p.Categories, Count{c, counts[c]})
		}
	}
	return p, nil
}

// repetition remembers the numbers of a file.
type repetition map[string]seen

type seen struct {
	row    int
	digest string
}

// check tells whether a row repeats an earlier one of the file; the same number
// with another content is a problem.
func (n repetition) check(f *File, r sheet.Row, m Message) (same bool, problems []sheet.Problem) {
	no, digest := m.number(), m.digest()
	first, known := n[no]
	switch {
	case !known:
		n[no] = seen{r.Number, digest}
		return false, nil
	case first.digest == digest:
		return true, nil
	}
	read := reader{file: f, row: r}
	read.fail(FieldNo, domain.Reject("number_twice", "编号与第%d行相同而内容不同,只登记了第%d行。请核对编号。", first.row, first.row))
	return false, read.problems
}

// WriteBad writes the bad rows with the headings of the file and one column
// more that says what is wrong, in the format of the file: to be corrected and
// imported again.
func (f *File) WriteBad(w io.Writer, bad []Bad) error {
	width := len(f.header)
	texts := make(map[int]string, len(bad))
	for _, b := range bad {
		texts[b.Row] = problemText(b.Problems)
	}
	column := len(f.header)
	if old := findColumn(f.header, errorHeading); old >= 0 {
		column = old
	} else {
		width++
	}
	columns := make([]sheet.Column, width)
	for i, h := range f.header {
		columns[i] = sheet.Column{Heading: h}
	}
	columns[column] = sheet.Column{Heading: errorHeading, Width: 60}
	var failed error
	rows := func(yield func([]any) bool) {
		for r, err := range f.data() {
			if err != nil {
				failed = err
				return
			}
			text, isBad := texts[r.Number]
			if isBad && !yield(badRow(r, width, column, text)) {
				return
			}
		}
	}
	if err := sheet.Write(w, f.book.Format(), "需更正的行", columns, rows); err != nil {
		return err
	}
	return failed
}

func badRow(r sheet.Row, width, column int, text string) []any {
	cells := make([]any, max(width, len(r.Cells)))
	for i := range r.Cells {
		if s, err := r.Cell(i).Text(); err == nil {
			cells[i] = s
		}
	}
	cells[column] = text
	return cells
}

func problemText(problems []sheet.Problem) string {
	s := ""
	for i, p := range problems {
		if i > 0 {
			s += "\n"
		}
		s += p.String()
	}
	return s
}

package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"path"
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"

	"hearth/domain"
)

// workbook is an opened .xlsx.
type workbook struct {
	file    *excelize.File
	limits  Limits
	list    []Sheet
	parts   map[string]string // name of a worksheet to the part that holds it
	strings []string
	styles  map[int]style
	epoch   int // days between 1899-12-30 and serial 0
}

func openXLSX(r io.ReaderAt, size int64, limits Limits) (*workbook, error) {
	if err := checkZip(r, size, limits); err != nil {
		return nil, err
	}
	// Both limits are the same, so that every part is in memory and none in a
	// temporary file.
	f, err := excelize.OpenReader(io.NewSectionReader(r, 0, size), excelize.Options{
		UnzipSizeLimit: limits.UnzippedBytes, UnzipXMLSizeLimit: limits.UnzippedBytes,
	})
	if err != nil {
		return nil, damaged()
	}
	b := &workbook{file: f, limits: limits, parts: map[string]string{}, styles: map[int]style{}}
	if err := errors.Join(b.readModel(), b.readStrings()); err != nil {
		_ = f.Close()
		return nil, damaged()
	}
	return b, nil
}

func damaged() error {
	return domain.Reject("sheet_damaged", "文件已损坏,读到一半读不下去。请用 Excel 打开,另存为新的 .xlsx 文件后再导入。")
}

// checkZip looks into the directory of the archive before anything is
// unpacked: what kind of document it is, and how large it would become.
func checkZip(r io.ReaderAt, size int64, limits Limits) error {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return damaged()
	}
	var unpacked uint64
	var isBook, isWord bool
	for _, f := range archive.File {
		unpacked += f.UncompressedSize64
		name := strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))
		isBook = isBook || strings.HasPrefix(name, "xl/workbook")
		isWord = isWord || strings.HasPrefix(name, "word/") || strings.HasPrefix(name, "ppt/")
		if unpacked > uint64(limits.UnzippedBytes) {
			return domain.Reject("sheet_bomb", "文件解压后超过%dMB,不予读取。请把数据拆成几个文件,并删去图片后再导入。", limits.UnzippedBytes>>20)
		}
	}
	switch {
	case isBook:
		return nil
	case isWord:
		return domain.Reject("sheet_document", "这是文字或演示文档,不是电子表格。请把内容放进 Excel 后再导入。")
	}
	return domain.Reject("sheet_archive", "这是压缩包,请先解压,再导入其中的 .xlsx 或 .csv 文件。")
}

var workbookRels = regexp.MustCompile(`^(?i:(.*)/_rels/(workbook[^/]*\.xml)\.rels)$`)

// readModel finds the worksheets, whether they are hidden, and the date system.
func (b *workbook) readModel() error {
	var dir, name string
	b.file.Pkg.Range(func(k, _ any) bool {
		if m := workbookRels.FindStringSubmatch(k.(string)); m != nil {
			dir, name = m[1], m[2]
		}
		return name == ""
	})
	var model struct {
		Pr struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"id,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
			Type   string `xml:"Type,attr"`
		} `xml:"Relationship"`
	}
	if err := errors.Join(
		xml.Unmarshal(b.part(path.Join(dir, name)), &model),
		xml.Unmarshal(b.part(path.Join(dir, "_rels", name+".rels")), &rels),
	); err != nil {
		return err
	}
	target := map[string]string{}
	for _, r := range rels.List {
		if strings.HasSuffix(r.Type, "/worksheet") {
			target[r.ID] = resolve(dir, r.Target)
		}
	}
	for _, s := range model.Sheets {
		if part := target[s.ID]; part != "" {
			b.list = append(b.list, Sheet{Name: s.Name, Hidden: s.State != "" && s.State != "visible"})
			b.parts[s.Name] = part
		}
	}
	if model.Pr.Date1904 == "1" || model.Pr.Date1904 == "true" {
		b.epoch = days1904
	}
	return nil
}

func resolve(dir, target string) string {
	if rest, absolute := strings.CutPrefix(target, "/"); absolute {
		return rest
	}
	return path.Join(dir, target)
}

func (b *workbook) part(name string) []byte {
	content, _ := b.file.Pkg.Load(name)
	raw, _ := content.([]byte)
	return raw
}

func (b *workbook) sheets() []Sheet { return b.list }

func (b *workbook) Close() error { return b.file.Close() }

func (b *workbook) rows(name string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		raw := b.part(b.parts[name])
		if raw == nil {
			yield(Row{}, damaged())
			return
		}
		newScanner(b, name, raw).each(yield)
	}
}

// readStrings reads the table of shared strings. Phonetic guides (rPh) are
// shown above the text and are not part of it.
func (b *workbook) readStrings() error {
	raw := b.part("xl/sharedStrings.xml")
	if raw == nil {
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	var item strings.Builder
	var inText, inGuide bool
	for {
		tok, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch el := tok.(type) {
		case xml.StartElement:
			switch el.Name.Local {
			case "si":
				item.Reset()
			case "rPh":
				inGuide = true
			case "t":
				inText = !inGuide
			}
		case xml.EndElement:
			switch el.Name.Local {
			case "si":
				b.strings = append(b.strings, unescape(item.String()))
			case "rPh":
				inGuide = false
			case "t":
				inText = false
			}
		case xml.CharData:
			if inText {
				item.Write(el)
			}
		}
	}
}

// style is what the number format of a cell says about its value.
type style struct {
	date  bool
	zeros int // digits to be shown at least, as in the format 000000
}

var (
	zerosFormat  = regexp.MustCompile(`^0{2,}$`)
	literalParts = regexp.MustCompile(`"[^"]*"|\\.|\[[^\]]*\]|_.|\*.`)
)

func (b *workbook) style(id int) style {
	s, known := b.styles[id]
	if known {
		return s
	}
	if x, err := b.file.GetStyle(id); err == nil {
		switch n := x.NumFmt; {
		case x.CustomNumFmt != nil:
			s = styleOf(*x.CustomNumFmt)
		case n >= 14 && n <= 22, n >= 27 && n <= 36, n >= 45 && n <= 47, n >= 50 && n <= 58:
			s.date = true
		}
	}
	b.styles[id] = s
	return s
}

// styleOf reads a number format. What stands in quotes, behind a backslash or
// in brackets (colours, locales) says nothing about the kind of value.
func styleOf(format string) style {
	if zerosFormat.MatchString(format) {
		return style{zeros: len(format)}
	}
	bare := strings.ToLower(literalParts.ReplaceAllString(format, ""))
	if strings.Contains(bare, "general") {
		return style{}
	}
	return style{date: strings.ContainsAny(bare, "ymdhs") && !strings.ContainsAny(bare, "0#?") || strings.Contains(bare, "yy") || strings.Contains(bare, "ss.0")}
}

var escaped = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// unescape reads the _xHHHH_ escapes of characters that XML cannot hold.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(m string) string {
		var r rune
		for _, c := range m[2:6] {
			r = r<<4 | rune(hexDigit(byte(c)))
		}
		if r >= 0xd800 && r < 0xe000 {
			return m
		}
		return string(r)
	})
}

func hexDigit(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

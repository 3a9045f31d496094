package sheet_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"hearth/adapters/sheet"
	"hearth/domain"
)

// FuzzCSV: whatever the bytes are, they are read in rising rows, or rejected.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "\"a\nb\";c\n", "sep=\t\n", "\xef\xbb\xbf姓名\r\n", "\xd0\xd5\xc3\xfb,1\n", "\xff\xfea\x00", "'=1,\t007\n", "\"", "\r\r\n,"} {
		f.Add([]byte(s))
	}
	limits := sheet.Limits{FileBytes: 1 << 20, UnzippedBytes: 1 << 20, Rows: 1000, Columns: 50}
	f.Fuzz(func(t *testing.T, content []byte) {
		if bytes.HasPrefix(content, []byte("PK")) {
			return
		}
		b, err := sheet.Open(bytes.NewReader(content), int64(len(content)), limits)
		if err != nil {
			rejected(t, err)
			return
		}
		last := 0
		for r, err := range b.Rows("") {
			if err != nil {
				rejected(t, err)
				return
			}
			if r.Number <= last {
				t.Fatalf("row %d after row %d", r.Number, last)
			}
			last = r.Number
			for _, c := range r.Cells {
				_, _ = c.Text()
				_, _ = c.Time()
				_, _, _ = c.Period()
				_, _ = c.Amount("")
				_, _ = c.Count()
			}
		}
	})
}

func rejected(t *testing.T, err error) {
	t.Helper()
	var no *domain.Rejection
	if !errors.As(err, &no) {
		t.Fatalf("not a rejection: %v", err)
	}
}

// FuzzWriteCSV: what is written is read back, whatever the text is.
func FuzzWriteCSV(f *testing.F) {
	for _, s := range []string{"=1", "'=1", "''", "\t007", "007", "-", "a\"b", "一\n二", "sep=;", "𠮷", "a;b\tc,d"} {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = sheet.Clean(strings.ToValidUTF8(a, "")), sheet.Clean(strings.ToValidUTF8(b, ""))
		if a == "" {
			return
		}
		var out bytes.Buffer
		columns := []sheet.Column{{Heading: "甲"}, {Heading: "乙"}}
		if err := sheet.Write(&out, sheet.CSV, "", columns, slices.Values([][]any{{a, b}})); err != nil {
			t.Fatal(err)
		}
		list := rows(t, open(t, out.Bytes()))
		if len(list) != 2 {
			t.Fatalf("%d rows of %q", len(list), out.String())
		}
		for i, want := range []string{a, b} {
			if got, _ := list[1].Cell(i).Text(); got != want {
				t.Errorf("column %d: got %q, want %q (file %q)", i, got, want, out.String())
			}
		}
	})
}

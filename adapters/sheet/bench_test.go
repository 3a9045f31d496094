package sheet_test

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"testing"

	"hearth/adapters/sheet"
	"hearth/domain"
)

const benchRows = 20_000

func benchTable(b *testing.B, format sheet.Format) []byte {
	b.Helper()
	columns := make([]sheet.Column, 6)
	for i := range columns {
		columns[i].Heading = fmt.Sprintf("列%d", i+1)
	}
	var out bytes.Buffer
	if err := sheet.Write(&out, format, "表", columns, benchValues()); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func benchValues() iter.Seq[[]any] {
	detail := strings.Repeat("工地停工三个月,工资一直没有结清。", 8)
	return func(yield func([]any) bool) {
		for i := range benchRows {
			if !yield([]any{fmt.Sprint(100_000 + i), "王某", detail, domain.NewDate(2025, 1, 1).AddDays(i % 300), domain.Fen(i * 100), i % 40}) {
				return
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, format := range []sheet.Format{sheet.XLSX, sheet.CSV} {
		b.Run(string(format), func(b *testing.B) {
			content := benchTable(b, format)
			b.ReportAllocs()
			for b.Loop() {
				if err := readAll(content, sheet.DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(benchRows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, format := range []sheet.Format{sheet.XLSX, sheet.CSV} {
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				benchTable(b, format)
			}
			b.ReportMetric(float64(benchRows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

package chart

import (
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func counties() []Point {
	var points []Point
	for i, name := range []string{"城区", "泽州", "高平", "阳城", "陵川", "沁水", "开发区"} {
		points = append(points, Point{name, int64(i * 7 % 20), fmt.Sprintf("/board/rows?org=%d&p=2026", i)})
	}
	return points
}

func months(n int) []string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = fmt.Sprintf("%d月", i+1)
	}
	return labels
}

func series() []Series {
	link := func(i int) string { return fmt.Sprintf("/rows?m=%d", i+1) }
	return []Series{
		{"已办结", []int64{12, 9, 0, 31, 7, 14}, link},
		{"办理中", []int64{3, 5, 8, 0, 2, 11}, nil},
		{"超期", []int64{0, 1, 0, 2}, link},
	}
}

func figures() map[string]Figure {
	count := Spec{Title: "投诉件数", Unit: "件", Label: "县区"}
	money := Spec{Title: "追回金额", Unit: "万元", Label: "月份", Format: func(v int64) string { return fmt.Sprintf("%d.%02d", v/100, v%100) }}
	tiles := []Tile{}
	for i, p := range counties() {
		tiles = append(tiles, Tile{p, i % 3, i / 3})
	}
	hostile := Spec{Title: `<script>alert("1")</script>`, Unit: `"&`, Label: "'"}
	return map[string]Figure{
		"bars":          Bars(count, counties()),
		"bars_empty":    Bars(count, nil),
		"bars_zero":     Bars(count, []Point{{"城区", 0, ""}, {"高平", -3, ""}}),
		"stacked":       Stacked(Spec{Title: "每月办理", Unit: "件", Label: "月份"}, months(6), series()),
		"stacked_empty": Stacked(count, nil, nil),
		"lines":         Lines(money, months(6), series()),
		"lines_one":     Lines(count, months(1), series()[:1]),
		"donut":         Donut(Spec{Title: "来源", Unit: "件", Label: "渠道"}, counties()),
		"donut_whole":   Donut(count, []Point{{"电话", 12, "/rows"}, {"来访", 0, ""}}),
		"donut_none":    Donut(count, []Point{{"电话", 0, ""}}),
		"tiles":         Tiles(count, tiles),
		"hostile":       Bars(hostile, []Point{{`</title><script>`, 5, `javascript:alert(1)`}, {"x", 1, `/a"onmouseover="x`}, {"y", 2, "//evil.example/"}}),
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, f := range figures() {
		got := strings.ReplaceAll(string(f.SVG), "><", ">\n<") + "\n"
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s changed; look, then run with -update (-want +got):\n%s", name, diff)
		}
	}
}

// TestDrawings holds what is promised of every drawing: it is well formed, has a
// name, no style or script in it, and only links of ours.
func TestDrawings(t *testing.T) {
	t.Parallel()
	for name, f := range figures() {
		d := xml.NewDecoder(strings.NewReader(string(f.SVG)))
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s is not well formed: %v", name, err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if e.Name.Local == "script" || e.Name.Local == "style" {
				t.Errorf("%s holds <%s>", name, e.Name.Local)
			}
			checkAttributes(t, name, e)
		}
		if len(f.Table.Head) < 2 && name != "stacked_empty" {
			t.Errorf("%s has no table", name)
		}
	}
}

func checkAttributes(t *testing.T, name string, e xml.StartElement) {
	t.Helper()
	label := false
	for _, a := range e.Attr {
		label = label || a.Name.Local == "aria-label" && a.Value != ""
		if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
			t.Errorf("%s: <%s> has %s=%q", name, e.Name.Local, a.Name.Local, a.Value)
		}
		if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "/") {
			t.Errorf("%s links to %q", name, a.Value)
		}
		if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
			t.Errorf("%s: <%s> has %s=%q", name, e.Name.Local, a.Name.Local, a.Value)
		}
	}
	if (e.Name.Local == "svg" || e.Name.Local == "a") && !label {
		t.Errorf("%s: <%s> has no name", name, e.Name.Local)
	}
}

func TestAxis(t *testing.T) {
	t.Parallel()
	for largest, want := range map[int64][2]int64{
		0: {1, 1}, 1: {1, 1}, 5: {5, 1}, 6: {6, 2}, 10: {10, 2}, 11: {15, 5}, 26: {30, 10}, 99: {100, 20},
		101: {150, 50}, 1234567: {1500000, 500000},
	} {
		top, step := axis(largest)
		if [2]int64{top, step} != want {
			t.Errorf("axis(%d) = %d by %d; want %v", largest, top, step, want)
		}
		if top < largest || top%step != 0 {
			t.Errorf("axis(%d) does not reach or is uneven", largest)
		}
	}
}

func TestTableHasTheSameNumbers(t *testing.T) {
	t.Parallel()
	f := Stacked(Spec{Title: "每月办理", Unit: "件", Label: "月份"}, months(6), series())
	want := []Cell{{"4月", ""}, {"31", "/rows?m=4"}, {"0", ""}, {"2", "/rows?m=4"}}
	if diff := cmp.Diff(want, f.Table.Rows[3]); diff != "" {
		t.Errorf("row of April (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"月份", "已办结", "办理中", "超期"}, f.Table.Head); diff != "" {
		t.Error(diff)
	}
	if last := f.Table.Rows[5][3]; last.Text != "0" {
		t.Errorf("a value that a series lacks is %q; want 0", last.Text)
	}
}

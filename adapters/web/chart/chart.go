// Package chart draws figures as SVG on the server: bars, stacked columns,
// lines, donuts and tile maps. Every axis begins at zero, every shape has a
// title and may lead to the rows behind it, no figure needs its colours to be
// read, and each comes with a table of the same numbers. There is no style
// within the drawing: classes belong to static/hearth.css.
//
// Values are whole numbers and not negative; Spec.Format writes them. Read
// Figure first.
package chart

import (
	"fmt"
	"hash/fnv"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Figure is a drawing and the table with the same numbers, for the template
// part chart.
type Figure struct {
	Title string
	SVG   template.HTML // made here from escaped text
	Table Table
	Note  string
}

// Table is the numbers of a figure.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]Cell
}

// Cell is one number or name, which may lead somewhere.
type Cell struct{ Text, Href string }

// Spec is what all kinds of figures need to know.
type Spec struct {
	Title  string
	Unit   string             // 件, 人, 万元
	Label  string             // what the rows are: 县区, 月份
	Format func(int64) string // nil writes the number with separators
	Note   string             // such as the denominator
}

// Point is one value with its name. Href leads to the rows behind it.
type Point struct {
	Label string
	Value int64
	Href  string
}

// Series is one of several rows of values over the same labels. Href gives the
// rows behind the i-th value; nil means that nothing leads there.
type Series struct {
	Name   string
	Values []int64
	Href   func(i int) string
}

// kinds is how many series can be told apart without colour.
const kinds = 6

func (s Spec) write(v int64) string {
	if s.Format != nil {
		return s.Format(v)
	}
	return separated(v)
}

func separated(v int64) string {
	t := strconv.FormatInt(v, 10)
	for i := len(t) - 3; i > 0; i -= 3 {
		t = t[:i] + "," + t[i:]
	}
	return t
}

// said is a value with its unit, as titles say it.
func (s Spec) said(v int64) string { return s.write(v) + s.Unit }

func (s Spec) points(points []Point) Table {
	t := Table{Caption: s.caption(), Head: []string{or(s.Label, "项目"), or(s.Unit, "数量")}}
	for _, p := range points {
		t.Rows = append(t.Rows, []Cell{{Text: p.Label}, {s.write(p.Value), local(p.Href)}})
	}
	return t
}

func (s Spec) series(labels []string, series []Series) Table {
	t := Table{Caption: s.caption(), Head: []string{or(s.Label, "项目")}}
	for _, one := range series {
		t.Head = append(t.Head, one.Name)
	}
	for i, label := range labels {
		row := []Cell{{Text: label}}
		for _, one := range series {
			row = append(row, Cell{s.write(one.at(i)), one.href(i)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (s Spec) caption() string {
	if s.Unit == "" {
		return s.Title
	}
	return s.Title + "(" + s.Unit + ")"
}

func (s Series) at(i int) int64 {
	if i < len(s.Values) {
		return max(0, s.Values[i])
	}
	return 0
}

func (s Series) href(i int) string {
	if s.Href == nil {
		return ""
	}
	return local(s.Href(i))
}

// local keeps addresses of our own and drops all others.
func local(href string) string {
	if strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") || strings.HasPrefix(href, "?") {
		return href
	}
	return ""
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// canvas collects the drawing. id makes names of patterns unique on a page.
type canvas struct {
	b      strings.Builder
	id     string
	linked bool
}

func newCanvas(s Spec) *canvas {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.Title + s.Unit + s.Label))
	return &canvas{id: fmt.Sprintf("p%x", h.Sum32())}
}

// put writes a piece; strings among the arguments are escaped.
func (c *canvas) put(format string, args ...any) {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = html.EscapeString(v)
		case float64:
			args[i] = strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
		}
	}
	fmt.Fprintf(&c.b, format, args...)
}

// shape writes one shape with its title, within a link when it leads somewhere.
func (c *canvas) shape(title, href string, draw func()) {
	if href = local(href); href != "" {
		c.linked = true
		c.put(`<a href="%s" aria-label="%s">`, href, title)
	} else {
		c.put(`<g>`)
	}
	c.put(`<title>%s</title>`, title)
	draw()
	if href != "" {
		c.put(`</a>`)
	} else {
		c.put(`</g>`)
	}
}

func (c *canvas) text(x, y float64, anchor, class, text string) {
	c.put(`<text x="%v" y="%v" text-anchor="%s"`, x, y, anchor)
	if class != "" {
		c.put(` class="%s"`, class)
	}
	c.put(`>%s</text>`, text)
}

// rect draws a bar of a kind: its colour, and over it the pattern that tells it
// from the others without colour.
func (c *canvas) rect(x, y, w, h float64, kind int) {
	c.put(`<rect class="shape c%d" x="%v" y="%v" width="%v" height="%v"/>`, kind, x, y, w, h)
	if kind > 0 {
		c.put(`<rect fill="url(#%s-%d)" x="%v" y="%v" width="%v" height="%v" pointer-events="none"/>`, c.id, kind, x, y, w, h)
	}
}

// patterns defines the patterns of the kinds from 1 on.
func (c *canvas) patterns(n int) {
	if n < 2 {
		return
	}
	paths := [kinds]string{"", "M0 8 8 0M-2 2 2-2M6 10 10 6", "M2 2h2v2H2zM6 6h2v2H6z", "M0 4h8", "M4 0v8", "M0 0 8 8M8 0 0 8"}
	c.put(`<defs>`)
	for i := 1; i < min(n, kinds); i++ {
		c.put(`<pattern id="%s-%d" width="8" height="8" patternUnits="userSpaceOnUse"><path class="hatch" d="%s"/></pattern>`, c.id, i, paths[i])
	}
	c.put(`</defs>`)
}

// finish wraps the drawing. One that holds links is a group, so that they can be
// reached; one without is a single picture.
func (c *canvas) finish(s Spec, width, height float64, table Table, said string) Figure {
	role := "img"
	if c.linked {
		role = "group"
	}
	var out canvas
	out.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %v %v" role="%s" aria-label="%s">`,
		width, height, role, s.caption()+":"+or(said, "没有数据"))
	out.b.WriteString(c.b.String())
	out.put(`</svg>`)
	return Figure{Title: s.caption(), SVG: template.HTML(out.b.String()), Table: table, Note: s.Note} // escaped by put
}

// axis is a scale from zero to a round number with round steps between.
func axis(largest int64) (top, step int64) {
	if largest <= 0 {
		return 1, 1
	}
	step = 1
	for largest > step*5 {
		for _, m := range []int64{2, 5, 10} {
			if next := pow10(step) * m; next > step {
				step = next
				break
			}
		}
	}
	return (largest + step - 1) / step * step, step
}

// pow10 is the power of ten at or below n.
func pow10(n int64) int64 {
	p := int64(1)
	for p*10 <= n {
		p *= 10
	}
	return p
}

// wide is about how wide a text is at 12 px: Chinese 12, other letters 7.
func wide(s string) float64 {
	w := 0.0
	for _, r := range s {
		if r < 0x2e80 {
			w += 7
		} else {
			w += 12
		}
	}
	return w
}

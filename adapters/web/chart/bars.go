package chart

import (
	"fmt"
	"strings"
)

const width = 520

// Bars draws one horizontal bar for each point.
func Bars(s Spec, points []Point) Figure {
	const row, thick = 34.0, 20.0
	c := newCanvas(s)
	left, right, largest := 60.0, 50.0, int64(0)
	for _, p := range points {
		left = max(left, wide(p.Label)+16)
		right = max(right, wide(s.said(p.Value))+14)
		largest = max(largest, p.Value)
	}
	left = min(left, 220)
	top, _ := axis(largest)
	height := float64(len(points))*row + 12
	span := width - left - right
	var said []string
	for i, p := range points {
		y := 6 + float64(i)*row
		w := span * float64(max(0, p.Value)) / float64(top)
		title := fmt.Sprintf("%s:%s", p.Label, s.said(p.Value))
		said = append(said, title)
		c.shape(title, p.Href, func() {
			c.text(left-10, y+thick-5, "end", "", p.Label)
			c.rect(left, y, w, thick, 0)
			c.text(left+w+7, y+thick-5, "start", "value", s.said(p.Value))
		})
	}
	c.put(`<path class="axis" d="M%v 0V%v"/>`, left, height)
	return c.finish(s, width, height, s.points(points), strings.Join(said, ","))
}

// plot is the field between the axes of a figure over labels.
type plot struct{ left, top, right, bottom float64 }

func (p plot) y(v, top int64) float64 {
	return p.bottom - (p.bottom-p.top)*float64(v)/float64(top)
}

// grid draws the scale and the labels below, leaving out labels that would run
// into each other.
func (c *canvas) grid(s Spec, p plot, top, step int64, labels []string, x func(int) float64) {
	for v := int64(0); v <= top; v += step {
		class := "gridline"
		if v == 0 {
			class = "axis"
		}
		c.put(`<path class="%s" d="M%v %vH%v"/>`, class, p.left, p.y(v, top), p.right)
		c.text(p.left-8, p.y(v, top)+4, "end", "", s.write(v))
	}
	every, room := 1, (p.right-p.left)/float64(max(1, len(labels)))
	for _, l := range labels {
		for wide(l)+8 > room*float64(every) {
			every++
		}
	}
	for i, l := range labels {
		if i%every == 0 {
			c.text(x(i), p.bottom+18, "middle", "", l)
		}
	}
}

// legend names the series in a line above the plot.
func (c *canvas) legend(series []Series, mark func(kind int, x, y float64)) {
	x := 8.0
	for i, one := range series {
		mark(i%kinds, x, 6)
		c.text(x+20, 17, "start", "", one.Name)
		x += 20 + wide(one.Name) + 22
	}
}

func leftOf(s Spec, top int64) float64 { return wide(s.write(top)) + 18 }

// Stacked draws one column for each label, made of the values of all series.
func Stacked(s Spec, labels []string, series []Series) Figure {
	const height = 300.0
	c := newCanvas(s)
	c.patterns(len(series))
	var largest int64
	sums := make([]int64, len(labels))
	for i := range labels {
		for _, one := range series {
			sums[i] += one.at(i)
		}
		largest = max(largest, sums[i])
	}
	top, step := axis(largest)
	p := plot{left: leftOf(s, top), top: 50, right: width - 8, bottom: height - 28}
	room := (p.right - p.left) / float64(max(1, len(labels)))
	thick := min(room*.62, 46)
	x := func(i int) float64 { return p.left + room*(float64(i)+.5) }
	c.grid(s, p, top, step, labels, x)
	c.legend(series, func(kind int, x, y float64) { c.rect(x, y, 14, 14, kind) })
	var said []string
	for i, label := range labels {
		below := int64(0)
		for k, one := range series {
			v := one.at(i)
			if v == 0 {
				continue
			}
			title := fmt.Sprintf("%s %s:%s", label, one.Name, s.said(v))
			c.shape(title, one.href(i), func() {
				upper := p.y(below+v, top)
				c.rect(x(i)-thick/2, upper, thick, p.y(below, top)-upper, k%kinds)
			})
			below += v
		}
		if sums[i] > 0 && wide(s.write(sums[i])) <= room {
			c.text(x(i), p.y(sums[i], top)-6, "middle", "value", s.write(sums[i]))
		}
		said = append(said, fmt.Sprintf("%s共%s", label, s.said(sums[i])))
	}
	return c.finish(s, width, height, s.series(labels, series), strings.Join(said, ","))
}

// Lines draws one line for each series, each with a mark of its own shape.
func Lines(s Spec, labels []string, series []Series) Figure {
	const height = 300.0
	c := newCanvas(s)
	var largest int64
	for i := range labels {
		for _, one := range series {
			largest = max(largest, one.at(i))
		}
	}
	top, step := axis(largest)
	p := plot{left: leftOf(s, top), top: 44, right: width - 24, bottom: height - 28}
	room := (p.right - p.left) / float64(max(1, len(labels)-1))
	x := func(i int) float64 { return p.left + room*float64(i) }
	if len(labels) == 1 {
		x = func(int) float64 { return (p.left + p.right) / 2 }
	}
	c.grid(s, p, top, step, labels, x)
	c.legend(series, func(kind int, x, y float64) {
		c.put(`<path class="line l%d" d="M%v %vh16"/>`, kind, x-1, y+7)
		c.mark(kind, x+7, y+7)
	})
	var said []string
	for k, one := range series {
		var d strings.Builder
		for i := range labels {
			fmt.Fprintf(&d, "%s%.2f %.2f", map[bool]string{true: "M", false: "L"}[i == 0], x(i), p.y(one.at(i), top))
		}
		c.put(`<path class="line l%d" d="%s"/>`, k%kinds, d.String())
		for i, label := range labels {
			title := fmt.Sprintf("%s %s:%s", label, one.Name, s.said(one.at(i)))
			c.shape(title, one.href(i), func() { c.mark(k%kinds, x(i), p.y(one.at(i), top)) })
		}
		if n := len(labels); n > 0 {
			said = append(said, fmt.Sprintf("%s从%s到%s", one.Name, s.said(one.at(0)), s.said(one.at(n-1))))
		}
	}
	return c.finish(s, width, height, s.series(labels, series), strings.Join(said, ","))
}

// mark is a point of a line: round, square, diamond, triangle, flat or upright.
func (c *canvas) mark(kind int, x, y float64) {
	d := [kinds]string{
		"m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z", "m-4.5-4.5h9v9h-9z", "m0-6 6 6-6 6-6-6z",
		"m0-6 5.5 10h-11z", "m-6-3h12v6h-12z", "m-3-6h6v12h-6z",
	}[kind]
	c.put(`<path class="shape c%d" d="M%v %v%s"/>`, kind, x, y, d)
}

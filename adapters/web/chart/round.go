package chart

import (
	"fmt"
	"math"
	"strings"
)

// Donut draws the shares of a whole. The names and numbers stand beside it, so
// nobody has to match colours.
func Donut(s Spec, points []Point) Figure {
	const radius, hole, row = 84.0, 52.0, 26.0
	c := newCanvas(s)
	c.patterns(len(points))
	var total int64
	for _, p := range points {
		total += max(0, p.Value)
	}
	height := max(2*radius+16, float64(len(points))*row+16)
	cx, cy := radius+10, height/2
	from := 0.0
	var said []string
	for i, p := range points {
		part := 0.0
		if total > 0 {
			part = float64(max(0, p.Value)) / float64(total)
		}
		title := fmt.Sprintf("%s:%s,%s", p.Label, s.said(p.Value), share(p.Value, total))
		said = append(said, title)
		y := cy - float64(len(points))*row/2 + float64(i)*row
		c.shape(title, p.Href, func() {
			c.slice(cx, cy, radius, from, part, i%kinds)
			c.rect(2*radius+40, y+4, 14, 14, i%kinds)
			c.text(2*radius+62, y+16, "start", "", p.Label)
			c.text(width-90, y+16, "end", "value", s.said(p.Value))
			c.text(width-20, y+16, "end", "", share(p.Value, total))
		})
		from += part
	}
	c.put(`<circle class="hole" cx="%v" cy="%v" r="%v"/>`, cx, cy, hole)
	c.text(cx, cy+3, "middle", "total", s.write(total))
	c.text(cx, cy+22, "middle", "", "合计"+s.Unit)
	return c.finish(s, width, height, s.points(points), strings.Join(said, ","))
}

// slice draws a part of a disc, from and part as shares of the turn.
func (c *canvas) slice(cx, cy, r, from, part float64, kind int) {
	if part <= 0 {
		return
	}
	var d string
	if part >= 1 {
		d = fmt.Sprintf("M%.2f %.2fa%.2f %.2f 0 1 1-.01 0z", cx, cy-r, r, r)
	} else {
		x := func(turn float64) float64 { return cx + r*math.Sin(2*math.Pi*turn) }
		y := func(turn float64) float64 { return cy - r*math.Cos(2*math.Pi*turn) }
		large := 0
		if part > .5 {
			large = 1
		}
		d = fmt.Sprintf("M%.2f %.2fL%.2f %.2fA%.2f %.2f 0 %d 1 %.2f %.2fz", cx, cy, x(from), y(from), r, r, large, x(from+part), y(from+part))
	}
	c.put(`<path class="shape c%d" d="%s" stroke="#fff" stroke-width="2"/>`, kind, d)
	if kind > 0 {
		c.put(`<path fill="url(#%s-%d)" d="%s" pointer-events="none"/>`, c.id, kind, d)
	}
}

func share(part, whole int64) string {
	if whole <= 0 {
		return "—"
	}
	tenths := (max(0, part)*2000/whole + 1) / 2
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}

// Tile is a place on a tile map.
type Tile struct {
	Point
	Col, Row int
}

// Tiles draws places as equal squares that lie about as they do on the map; the
// larger the value the darker the square, and each says its number.
func Tiles(s Spec, tiles []Tile) Figure {
	const w, h, gap = 132.0, 76.0, 4.0
	c := newCanvas(s)
	var largest int64
	cols, rows := 1, 1
	points := make([]Point, len(tiles))
	for i, t := range tiles {
		largest = max(largest, t.Value)
		cols, rows = max(cols, t.Col+1), max(rows, t.Row+1)
		points[i] = t.Point
	}
	var said []string
	for _, t := range tiles {
		x, y := float64(t.Col)*(w+gap)+gap, float64(t.Row)*(h+gap)+gap
		level := int64(0)
		if t.Value > 0 {
			level = 1 + (t.Value*5-1)/max(1, largest)
			level = min(level, 5)
		}
		tone := "light"
		if level >= 4 {
			tone = "dark"
		}
		title := fmt.Sprintf("%s:%s", t.Label, s.said(t.Value))
		said = append(said, title)
		c.shape(title, t.Href, func() {
			c.put(`<g class="%s"><rect class="shape s%d" x="%v" y="%v" width="%v" height="%v" rx="5"/>`, tone, level, x, y, w, h)
			c.text(x+w/2, y+h/2-6, "middle", "tile-name", t.Label)
			c.text(x+w/2, y+h/2+16, "middle", "", s.said(t.Value))
			c.put(`</g>`)
		})
	}
	return c.finish(s, float64(cols)*(w+gap)+gap, float64(rows)*(h+gap)+gap, s.points(points), strings.Join(said, ","))
}

package qrcode_test

import (
	"fmt"
	"strings"
	"testing"

	"rsc.io/qr/coding"

	"hearth/adapters/qrcode"
)

// modules reads the drawing back into a grid.
func modules(t *testing.T, c qrcode.Code) [][]bool {
	t.Helper()
	const quiet = 4
	side := c.Side - 2*quiet
	grid := make([][]bool, side)
	for y := range grid {
		grid[y] = make([]bool, side)
	}
	for run := range strings.SplitSeq(strings.TrimSuffix(c.Path, "z"), "z") {
		var x, y, n, back int
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &n, &back); err != nil || n != back || n < 1 {
			t.Fatalf("run %q: %v", run, err)
		}
		for i := range n {
			grid[y-quiet][x-quiet+i] = true
		}
	}
	return grid
}

// decode reads the text out of a grid that nothing was spilled on.
func decode(t *testing.T, grid [][]bool) string {
	t.Helper()
	plan, err := coding.NewPlan(coding.Version((len(grid)-17)/4), coding.M, 0)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, plan.DataBytes)
	for y, row := range plan.Pixel {
		for x, p := range row {
			if role := p.Role(); role != coding.Data && role != coding.Check {
				if grid[y][x] != (p&coding.Black != 0) {
					t.Fatalf("module %d,%d is not as in every code", x, y)
				}
			} else if o := int(p.Offset()); role == coding.Data && grid[y][x] != (p&coding.Black != 0) {
				data[o/8] |= 1 << (7 - o%8)
			}
		}
	}
	at := 0
	take := func(n int) (v int) {
		for range n {
			v = v<<1 | int(data[at/8]>>(7-at%8)&1)
			at++
		}
		return v
	}
	long := 16
	if plan.Version < 10 {
		long = 8
	}
	if mode := take(4); mode != 4 {
		t.Fatalf("mode %d, want bytes", mode)
	}
	text := make([]byte, take(long))
	for i := range text {
		text[i] = byte(take(8))
	}
	return string(text)
}

func TestTextComesBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a", "hearth/x\n12\n— witness/1 签字+/=\n", strings.Repeat("长一点的文字", 40), strings.Repeat("x", 2331)} {
		c, err := qrcode.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(t, modules(t, c)); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	if _, err := qrcode.Encode(strings.Repeat("x", 2332)); err == nil {
		t.Error("more than a code can hold is encoded")
	}
}

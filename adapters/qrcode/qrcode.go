// Package qrcode draws QR codes as shapes for inline SVG, for pages that are
// printed and scanned from paper.
package qrcode

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the white border that a scanner needs, in modules.
const quiet = 4

// Code is a QR code for an SVG whose viewBox is 0 0 Side Side.
type Code struct {
	Side int
	Path string // the d of a path that is filled with black
}

// Encode makes the code of a text. A fifth of it can be torn or stained (level
// M). Text that is longer than a code can hold is an error.
func Encode(text string) (Code, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return Code{}, fmt.Errorf("qr code of %d bytes: %w", len(text), err)
	}
	var path strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			begin := x
			for c.Black(x, y) {
				x++
			}
			if n := x - begin; n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begin+quiet, y+quiet, n, n)
			}
		}
	}
	return Code{Side: c.Size + 2*quiet, Path: path.String()}, nil
}

package guard

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Readable reports whether a text holds nothing that no keyboard types and no
// table stores: NUL and other control characters, and those that turn the
// direction of what stands beside them, by which a name can pose as another.
func Readable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return false
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return true
		}
		return unicode.IsControl(r)
	})
}

// ReadableURL reports the same of an address.
func ReadableURL(u *url.URL) bool {
	if !Readable(u.Path) {
		return false
	}
	for name, values := range u.Query() {
		if !Readable(name) || !Readable(strings.Join(values, " ")) {
			return false
		}
	}
	return true
}

package text

import "strings"

// What stands on the screens for a personal value that nobody can or may read.
// Masks leave it as it is.
const (
	Shredded  = "〔已销毁〕"
	Suspended = "〔已封存〕"
)

// Withheld reports a text that stands for a value that is not given.
func Withheld(s string) bool { return s == Shredded || s == Suspended }

// MaskName is a person's name as everybody may see it: 张*.
func MaskName(name string) string {
	if Withheld(name) {
		return name
	}
	for _, r := range strings.TrimSpace(name) {
		return string(r) + "*"
	}
	return ""
}

// MaskPhone is a phone number as everybody may see it: 138****1234.
func MaskPhone(phone string) string { return mask(phone, 3, "****", 4) }

// MaskID is an identity number as everybody may see it: 140***1234.
func MaskID(no string) string { return mask(no, 3, "***", 4) }

// mask keeps the ends of s; what is too short to hide anything is hidden whole.
func mask(s string, head int, stars string, tail int) string {
	runes := []rune(strings.TrimSpace(s))
	switch {
	case len(runes) == 0:
		return ""
	case Withheld(s):
		return s
	case len(runes) < head+tail+2:
		return stars
	}
	return string(runes[:head]) + stars + string(runes[len(runes)-tail:])
}

package text

import "strings"

// MaskName is a person's name as everybody may see it: 张*.
func MaskName(name string) string {
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
	case len(runes) < head+tail+2:
		return stars
	}
	return string(runes[:head]) + stars + string(runes[len(runes)-tail:])
}

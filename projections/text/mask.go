package text

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

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

// MaskAddress is an address as everybody may see it: to the township (镇, 乡, 街道),
// else to the county, else nothing of it.
func MaskAddress(address string) string {
	if address == "" || Withheld(address) {
		return address
	}
	for _, last := range []string{"街道", "镇", "乡", "县", "区", "市"} {
		if before, rest, found := strings.Cut(address, last); found && before != "" {
			if rest == "" {
				return address
			}
			return before + last + "***"
		}
	}
	return "***"
}

// MaskAccount is the number of a bank account as everybody may see it: its last four
// digits.
func MaskAccount(no string) string { return mask(no, 0, "****", 4) }

// numbers are runs of digits that may be of a telephone, an identity card or an
// account.
var numbers = regexp.MustCompile(`\d[\d -]{5,}[\dXx]`)

// MaskNumbers is a free text with masks for long numbers.
func MaskNumbers(s string) string { return numbers.ReplaceAllStringFunc(s, MaskPhone) }

// Veil is a free text as everybody may see it: with masks for the names of those
// who may stand in it, and for long numbers.
func Veil(s string, names ...string) string {
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // 张三丰 before 张三
	for _, name := range names {
		if name != "" && !Withheld(name) {
			s = strings.ReplaceAll(s, name, MaskName(name))
		}
	}
	return MaskNumbers(s)
}

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

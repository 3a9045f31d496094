package complaints

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// legalForms are what names of enterprises end in and people leave out, the
// longest first.
var legalForms = []string{
	"有限责任公司", "股份有限公司", "集团有限公司", "有限公司", "责任公司", "股份公司", "集团公司", "公司", "集团", "(有限合伙)", "(普通合伙)",
}

// EmployerKey is what the names of one employer have in common: without spaces,
// punctuation and legal form, full-width letters and digits made plain.
func EmployerKey(name string) string {
	s := strings.ToLower(width.Fold.String(name))
	for _, form := range legalForms {
		if rest, ok := strings.CutSuffix(strings.TrimSpace(s), form); ok && rest != "" {
			s = rest
			break
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

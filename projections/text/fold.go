package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold is the form in which two texts are compared: letters and digits alone,
// narrow, lower case, without accents, in simplified characters. White space
// and punctuation are gone, so that 138-1234 5678, 晋城(恒兴) and a number with
// full-width brackets are found however they are written.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		foldRune(r, func(r rune) { b.WriteRune(r) })
	}
	return b.String()
}

func foldRune(r rune, emit func(rune)) {
	switch {
	case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
		emit(r)
	case r >= 'A' && r <= 'Z':
		emit(r + 'a' - 'A')
	case r < 0x80:
	case r >= 0x4e00 && r <= 0x9fff:
		emit(simplified(r))
	default:
		for _, part := range norm.NFKD.String(string(r)) {
			if unicode.IsLetter(part) || unicode.IsNumber(part) {
				emit(simplified(unicode.ToLower(part)))
			}
		}
	}
}

// The bounds of a question, far above what people type.
const (
	maxTerms = 8
	maxTerm  = 64 // runes
)

// Terms are the words of a question, folded, each once. All of them must be in
// what is found.
func Terms(question string) []string {
	var terms []string
	seen := map[string]bool{}
	for word := range strings.FieldsFuncSeq(question, unicode.IsSpace) {
		term := Fold(word)
		if runes := []rune(term); len(runes) > maxTerm {
			term = string(runes[:maxTerm])
		}
		if term == "" || seen[term] || len(terms) == maxTerms {
			continue
		}
		seen[term] = true
		terms = append(terms, term)
	}
	return terms
}

// folded is a folded text that knows where its runes come from.
type folded struct {
	runes    []rune
	from, to []int // bytes of the original
}

func foldWithPlaces(s string) folded {
	var f folded
	for at, r := range s {
		foldRune(r, func(part rune) {
			f.runes = append(f.runes, part)
			f.from = append(f.from, at)
			f.to = append(f.to, at+len(string(r)))
		})
	}
	return f
}

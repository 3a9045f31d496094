package text

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Piece is a part of a text for showing; Hit says that it is what was asked for.
type Piece struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit,omitempty"`
}

// Snippet is what to show of a text in which folded terms were found: the text
// around the first of them, about width characters, with every one marked. It
// is nil when no term is in the text.
func Snippet(s string, terms []string, width int) []Piece {
	marks := marksOf(s, terms)
	if len(marks) == 0 {
		return nil
	}
	from, to := window(s, marks[0], width)
	var pieces []Piece
	add := func(text string, hit bool) {
		if text != "" {
			pieces = append(pieces, Piece{Text: text, Hit: hit})
		}
	}
	lead, tail := "", ""
	if from > 0 {
		lead = "…"
	}
	if to < len(s) {
		tail = "…"
	}
	at, before := from, lead
	for _, m := range marks {
		if m.to > to {
			break
		}
		add(before+s[at:m.from], false)
		add(s[m.from:m.to], true)
		at, before = m.to, ""
	}
	add(before+s[at:to]+tail, false)
	return pieces
}

// Contains reports whether every folded term is in the text.
func Contains(s string, terms []string) bool {
	f := Fold(s)
	return !slices.ContainsFunc(terms, func(t string) bool { return !strings.Contains(f, t) })
}

type span struct{ from, to int } // bytes

// marksOf are the places of all terms, in order, without overlap.
func marksOf(s string, terms []string) []span {
	f := foldWithPlaces(s)
	text := string(f.runes)
	var all []span
	for _, term := range terms {
		length := utf8.RuneCountInString(term)
		rune0, byte0 := 0, 0
		for term != "" {
			i := strings.Index(text[byte0:], term)
			if i < 0 {
				break
			}
			rune0 += utf8.RuneCountInString(text[byte0 : byte0+i])
			all = append(all, span{f.from[rune0], f.to[rune0+length-1]})
			byte0 += i + len(term)
			rune0 += length
		}
	}
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	joined := all[:0]
	for _, m := range all {
		if n := len(joined); n > 0 && m.from < joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, m.to)
			continue
		}
		joined = append(joined, m)
	}
	return joined
}

// window is about width runes of s, from a little before a mark on.
func window(s string, m span, width int) (from, to int) {
	from = m.from
	for range width / 4 {
		_, size := utf8.DecodeLastRuneInString(s[:from])
		from -= size
	}
	to = m.to
	for range max(0, width-utf8.RuneCountInString(s[from:to])) {
		_, size := utf8.DecodeRuneInString(s[to:])
		to += size
	}
	return from, to
}

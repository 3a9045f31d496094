package text

import "slices"

// Grams are the keys under which an index keeps a text: its bigrams, and the
// fours of latin letters and digits, for two digits alone are in every second
// text. They are packed, sorted, each once. s is folded.
//
// A text that contains a term has all Query keys of the term; the reverse holds
// for terms of two Chinese characters, else the text must be looked at.
func Grams(s string) []int32 {
	runes := []rune(s)
	grams := make([]int32, 0, len(runes)+8)
	for i := 1; i < len(runes); i++ {
		grams = append(grams, pack(runes[i-1], runes[i]))
		if four, ok := packFour(runes, i); ok {
			grams = append(grams, four)
		}
	}
	return distinct(grams)
}

// TitleGrams are Grams with the keys of single characters, for short texts that
// are to be found by one character: each Chinese one, and those with which a
// latin word or a number begins.
func TitleGrams(s string) []int32 {
	runes := []rune(s)
	grams := Grams(s)
	for i, r := range runes {
		if r >= 0x80 || i == 0 || runes[i-1] >= 0x80 {
			grams = append(grams, pack(r, 0))
		}
	}
	return distinct(grams)
}

// Query are the keys of a folded term that a text must have.
func Query(term string) []int32 {
	runes := []rune(term)
	if len(runes) == 1 {
		return []int32{pack(runes[0], 0)}
	}
	var grams []int32
	for i := 1; i < len(runes); i++ {
		if four, ok := packFour(runes, i); ok {
			grams = append(grams, four)
		}
		if !inFour(runes, i) {
			grams = append(grams, pack(runes[i-1], runes[i]))
		}
	}
	return distinct(grams)
}

// Exact reports whether the keys of a term prove that it is in the text, so
// that nobody needs to look.
func Exact(term string) bool {
	runes := []rune(term)
	return len(runes) <= 2 && !slices.ContainsFunc(runes, func(r rune) bool { return r > 0xffff })
}

// pack puts two runes into 32 bits. Runes above 16 bits share keys.
func pack(a, b rune) int32 { return int32(uint32(low(a))<<16 | uint32(low(b))) }

func low(r rune) uint16 { return uint16(r) ^ uint16(r>>16) }

// packFour is the key of the four runes that end at i, when all are ASCII. It
// has 28 bits and lies where no two letters of our scripts do.
func packFour(runes []rune, i int) (int32, bool) {
	if i < 3 {
		return 0, false
	}
	var key int32
	for _, r := range runes[i-3 : i+1] {
		if r >= 0x80 {
			return 0, false
		}
		key = key<<7 | r
	}
	return key, true
}

// inFour reports whether the pair that ends at i lies in four ASCII runes.
func inFour(runes []rune, i int) bool {
	begin, end := i-1, i
	if runes[begin] >= 0x80 || runes[end] >= 0x80 {
		return false
	}
	for begin > 0 && runes[begin-1] < 0x80 {
		begin--
	}
	for end < len(runes)-1 && runes[end+1] < 0x80 {
		end++
	}
	return end-begin >= 3
}

func distinct(keys []int32) []int32 {
	slices.Sort(keys)
	return slices.Compact(keys)
}

package domain

import "strings"

// Codes is 代码表: the closed list of values that a field may have, each with a
// stable code for programs and a Chinese label for people. It never changes
// once made; a new code is added at the end, none is ever taken away.
type Codes[T ~string] struct {
	name    string
	entries []codeEntry[T]
}

type codeEntry[T ~string] struct {
	code  T
	label string
}

// CodeTable is 代码表 without its Go type: its Chinese name, and per value the
// code and the label, for pages, the API and the glossary.
type CodeTable struct {
	Name    string      `json:"name"`
	Entries [][2]string `json:"entries"`
}

// NewCodes makes a list from its Chinese name and code, label, code, label, …
func NewCodes[T ~string](name string, pairs ...string) Codes[T] {
	c := Codes[T]{name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.entries = append(c.entries, codeEntry[T]{T(pairs[i]), pairs[i+1]})
	}
	return c
}

// Label is the Chinese label of a code; a code of no list is its own label, so
// that an event of a later version can still be shown.
func (c Codes[T]) Label(code T) string {
	for _, e := range c.entries {
		if e.code == code {
			return e.label
		}
	}
	return string(code)
}

// Has reports whether the list has the code.
func (c Codes[T]) Has(code T) bool { return c.Index(code) >= 0 }

// Index is the place of the code in the list, -1 for none.
func (c Codes[T]) Index(code T) int {
	for i, e := range c.entries {
		if e.code == code {
			return i
		}
	}
	return -1
}

// All is every code in order.
func (c Codes[T]) All() []T {
	all := make([]T, len(c.entries))
	for i, e := range c.entries {
		all[i] = e.code
	}
	return all
}

// Check rejects a code that the list does not have and names those it has.
func (c Codes[T]) Check(code T) error {
	if c.Has(code) {
		return nil
	}
	labels := make([]string, len(c.entries))
	for i, e := range c.entries {
		labels[i] = e.label
	}
	if code == "" {
		return Reject("code_missing", "请选择%s:%s。", c.name, strings.Join(labels, "、"))
	}
	return Reject("code_unknown", "%s没有“%s”这一项,请选择:%s。", c.name, code, strings.Join(labels, "、"))
}

// Table is the list for showing.
func (c Codes[T]) Table() CodeTable {
	t := CodeTable{Name: c.name}
	for _, e := range c.entries {
		t.Entries = append(t.Entries, [2]string{string(e.code), e.label})
	}
	return t
}

package orgunit

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"hearth/domain"
)

// Tree is 组织树: all units with what they were called and where they stood, from
// when on. It is a value: evolve makes the next one. The zero Tree has no unit.
type Tree struct {
	units map[string][]Span // by code, in the order of their dates
}

// Span is 时段: a unit as it is from a date until the next span begins.
type Span struct {
	Unit
	From domain.Date // zero: since before there were records
	Gone bool        // dissolved; Parent is where it stood last
}

// TreeOf is the tree that has these spans, for read models that keep them.
func TreeOf(spans []Span) Tree {
	t := Tree{units: map[string][]Span{}}
	for _, s := range spans {
		t.units[s.Code] = append(t.units[s.Code], s)
	}
	for _, of := range t.units {
		slices.SortFunc(of, func(a, b Span) int { return a.From.Sub(b.From) })
	}
	return t
}

// Codes yields the codes of all units that are or were, in no order.
func (t Tree) Codes() iter.Seq[string] { return maps.Keys(t.units) }

// Turns are the dates on which a unit or one above it changed, oldest first.
func (t Tree) Turns(code string) []domain.Date {
	var dates []domain.Date
	seen := map[string]bool{}
	var collect func(string)
	collect = func(code string) {
		if seen[code] {
			return
		}
		seen[code] = true
		for _, s := range t.units[code] {
			dates = append(dates, s.From)
			collect(s.Parent)
		}
	}
	collect(code)
	slices.SortFunc(dates, domain.Date.Sub)
	return slices.Compact(dates)
}

// Empty reports that no unit is on record.
func (t Tree) Empty() bool { return len(t.units) == 0 }

// Known reports whether there is or was a unit of the code.
func (t Tree) Known(code string) bool { return len(t.units[code]) > 0 }

// Spans are the history of a unit, oldest first.
func (t Tree) Spans(code string) []Span { return slices.Clone(t.units[code]) }

// Span is a unit as of a date, dissolved ones included.
func (t Tree) Span(code string, on domain.Date) (Span, bool) {
	spans := t.units[code]
	for i := len(spans) - 1; i >= 0; i-- {
		if !spans[i].From.After(on) {
			return spans[i], true
		}
	}
	return Span{}, false
}

// Find is a unit as of a date.
func (t Tree) Find(code string, on domain.Date) (Unit, bool) {
	s, ok := t.Span(code, on)
	if !ok || s.Gone {
		return Unit{}, false
	}
	return s.Unit, true
}

// Parent is the unit above another as of a date, and whether the unit is known.
// One that is dissolved stays where it stood last, and one to come stands where
// it will: their cases have somebody above them at any time.
func (t Tree) Parent(code string, on domain.Date) (string, bool) {
	s, ok := t.Span(code, on)
	if !ok && t.Known(code) {
		s, ok = t.units[code][0], true
	}
	return s.Parent, ok
}

// Up is 上级链: a unit and those above it as of a date, the root last; nothing for
// a code that is not known.
func (t Tree) Up(code string, on domain.Date) []string {
	var up []string
	for code != "" && len(up) <= len(t.units) {
		parent, ok := t.Parent(code, on)
		if !ok {
			break
		}
		up = append(up, code)
		code = parent
	}
	return up
}

// Path is 组织路径: the codes from the root down to the unit, each with a slash
// behind it, as of a date; empty when there is no such unit then.
func (t Tree) Path(code string, on domain.Date) string {
	if _, ok := t.Find(code, on); !ok {
		return ""
	}
	up := t.Up(code, on)
	slices.Reverse(up)
	return strings.Join(up, "/") + "/"
}

// Within reports whether a unit is another one or lies below it as of a date.
func (t Tree) Within(code, ancestor string, on domain.Date) bool {
	return slices.Contains(t.Up(code, on), ancestor)
}

// Below is 下属单位: a unit and all below it as of a date, dissolved ones included, in the
// order of their codes.
func (t Tree) Below(code string, on domain.Date) []string {
	var below []string
	for c := range t.units {
		if t.Within(c, code, on) {
			below = append(below, c)
		}
	}
	slices.Sort(below)
	return below
}

// Name is the full name that a unit has or had last; an unknown code is its own
// name.
func (t Tree) Name(code string) string {
	if t.Known(code) {
		return t.last(code).Name
	}
	return code
}

// Short is Name, as charts and lists have it.
func (t Tree) Short(code string) string {
	if t.Known(code) {
		return t.last(code).Short
	}
	return code
}

// own marks the line of what is a unit's own, without those below it.
const own = "/own"

// Own is 本级: the line under which what is a unit's own counts.
func Own(code string) string { return code + own }

// Shares is 分口径: for every unit at or below a base, which of the base's lines
// it counts under as of a date: the line of a unit directly below the base takes
// all that is below that one, and what is the base's own is Own(base). Dissolved
// units count where they stood last. An empty base is the root; the base
// Own(code) has that one line.
func (t Tree) Shares(base string, on domain.Date) map[string]string {
	if code, alone := strings.CutSuffix(base, own); alone {
		return map[string]string{code: base}
	}
	base = cmp.Or(base, t.Root(on))
	shares := map[string]string{}
	for code := range t.units {
		up := t.Up(code, on)
		switch i := slices.Index(up, base); {
		case i == 0:
			shares[code] = Own(base)
		case i > 0:
			shares[code] = up[i-1]
		}
	}
	return shares
}

// Line is 统计口径: a line under which figures count, a unit with all below it or what is
// the base's own.
type Line struct {
	Code  string // as in Shares
	Short string
}

// Lines are the lines of Shares: the base's own, then those of the units directly
// below it in the order of their codes; dissolved ones last, for what is still on
// their account.
func (t Tree) Lines(base string, on domain.Date) []Line {
	if code, alone := strings.CutSuffix(base, own); alone {
		return []Line{{base, t.Short(code) + "本级"}}
	}
	base = cmp.Or(base, t.Root(on))
	var below []Span
	for code := range t.units {
		if s, known := t.Span(code, on); known && s.Parent == base && code != base {
			below = append(below, s)
		}
	}
	slices.SortFunc(below, func(a, b Span) int {
		if a.Gone != b.Gone {
			return map[bool]int{false: -1, true: 1}[a.Gone]
		}
		return cmp.Compare(a.Code, b.Code)
	})
	lines := []Line{{Own(base), t.Short(base) + "本级"}}
	for _, s := range below {
		lines = append(lines, Line{s.Code, s.Short})
	}
	return lines
}

// Root is the unit above all others as of a date.
func (t Tree) Root(on domain.Date) string {
	for code := range t.units { // there is one
		if u, ok := t.Find(code, on); ok && u.Parent == "" {
			return code
		}
	}
	return ""
}

// All are the units as of a date: each behind the one above it, in the order of
// their codes.
func (t Tree) All(on domain.Date) []Unit {
	type placed struct {
		path string
		unit Unit
	}
	var all []placed
	for code := range t.units {
		if u, ok := t.Find(code, on); ok {
			all = append(all, placed{t.Path(code, on), u})
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return cmp.Compare(a.path, b.path) })
	units := make([]Unit, len(all))
	for i, p := range all {
		units[i] = p.unit
	}
	return units
}

// changes are the dates behind a date on which something of the tree changes.
func (t Tree) changes(after domain.Date) []domain.Date {
	var dates []domain.Date
	for _, spans := range t.units {
		for _, s := range spans {
			if s.From.After(after) && !slices.Contains(dates, s.From) {
				dates = append(dates, s.From)
			}
		}
	}
	return dates
}

// last is how a unit was left by the newest entry.
func (t Tree) last(code string) Span {
	if spans := t.units[code]; len(spans) > 0 {
		return spans[len(spans)-1]
	}
	return Span{Unit: Unit{Code: code}}
}

package orgunit

import (
	"maps"
	"slices"
)

func evolve(t Tree, ev Event) Tree {
	switch ev := ev.(type) {
	case UnitFounded:
		return t.with(Span{From: ev.FromDate, Unit: Unit{Code: ev.Code, Name: ev.Name, Short: ev.Short, Parent: ev.Parent, Kind: ev.Kind}})
	case UnitMoved:
		s := t.last(ev.Code)
		s.From, s.Parent = ev.FromDate, ev.To
		return t.with(s)
	case UnitRenamed:
		s := t.last(ev.Code)
		s.From, s.Name, s.Short = ev.FromDate, ev.Name, ev.Short
		return t.with(s)
	case UnitDissolved:
		s := t.last(ev.Code)
		s.From, s.Gone = ev.FromDate, true
		return t.with(s)
	}
	return t
}

// Apply is 演进: the tree after one more event of its stream, for read models.
func (t Tree) Apply(ev Event) Tree { return evolve(t, ev) }

// with adds a span; one of the same date takes the place of the one before.
func (t Tree) with(s Span) Tree {
	units := maps.Clone(t.units)
	if units == nil {
		units = map[string][]Span{}
	}
	spans := units[s.Code]
	if n := len(spans); n > 0 && spans[n-1].From == s.From {
		spans = spans[:n-1]
	}
	units[s.Code] = append(slices.Clone(spans), s)
	return Tree{units: units}
}

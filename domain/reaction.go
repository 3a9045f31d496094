package domain

// Reaction is 联动: what follows in one family from what happened in another.
//
// It decides as a Decider does, from facts alone. S is what it remembers of the
// stream in which its events are, folded from the events before the present
// one, beginning with the zero S; so the same fact gives the same wishes
// whenever it is asked, and asking twice is harmless. Who asks carries out the
// wishes, each under an id that follows from the fact, the name and the place
// of the wish.
type Reaction[S any, C Command] struct {
	Name   string           // never changes: the ids of its commands follow from it
	Types  []string         // wire names of the events that it reacts to
	Evolve func(S, Event) S // nil when the fact alone is enough
	React  func(S, Fact) []Wish[C]
}

// Fact is 事由: an event that calls for something, and where it is stored.
type Fact struct {
	ID     [16]byte // of the event
	Stream string   // family/case
	Event  Event
}

// Wish is 联动命令: what a Reaction wants done on another case. By is filled in by
// who carries it out.
type Wish[C Command] struct {
	Case    [16]byte
	Command C
}

package eventstore

import (
	"fmt"
	"slices"

	"hearth/domain"
)

// Registry knows how every type of event is stored. It is filled once at start
// and read-only afterwards.
type Registry struct {
	specs     map[string]domain.EventSpec
	protector Protector
}

// NewRegistry collects the specs of all families. Two specs of one type are a
// mistake in the program and panic.
func NewRegistry(families ...[]domain.EventSpec) *Registry {
	r := &Registry{specs: map[string]domain.EventSpec{}}
	for _, spec := range slices.Concat(families...) {
		if _, twice := r.specs[spec.Type]; twice {
			panic("event type registered twice: " + spec.Type)
		}
		r.specs[spec.Type] = spec
	}
	return r
}

// Protected is the registry with who seals and opens personal fields. Without one
// it takes no event that has some.
func (r *Registry) Protected(p Protector) *Registry {
	return &Registry{specs: r.specs, protector: p}
}

// Types lists the wire names of all events, sorted.
func (r *Registry) Types() []string {
	types := make([]string, 0, len(r.specs))
	for t := range r.specs {
		types = append(types, t)
	}
	slices.Sort(types)
	return types
}

func (r *Registry) spec(eventType string) (domain.EventSpec, error) {
	spec, ok := r.specs[eventType]
	if !ok {
		return spec, fmt.Errorf("event type %q is not registered", eventType)
	}
	return spec, nil
}

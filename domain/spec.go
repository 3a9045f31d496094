package domain

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Upcaster is 版本升级: it turns the data of one stored version of an event into
// that of the next. It is as frozen as the events that it reads.
type Upcaster func(json.RawMessage) (json.RawMessage, error)

// EventSpec is 事件规格: how one type of event is stored. Version is 1 plus the
// number of upcasters; Decode reads the data of any version up to it. Personal
// fields come and go by Extract and Restore.
type EventSpec struct {
	Type    string
	Version int
	Decode  func(data json.RawMessage, version int) (Event, error)

	plan []sealField
}

// Spec describes the event type E; upcasters[i] lifts version i+1 to i+2.
func Spec[E Event](upcasters ...Upcaster) EventSpec {
	var zero E
	current := 1 + len(upcasters)
	return EventSpec{
		Type:    zero.EventType(),
		Version: current,
		plan:    sealPlan(reflect.TypeOf(zero)),
		Decode: func(data json.RawMessage, version int) (Event, error) {
			if version < 1 || version > current {
				return nil, fmt.Errorf("%s: stored version %d, this program reads 1 to %d", zero.EventType(), version, current)
			}
			for _, up := range upcasters[version-1:] {
				var err error
				if data, err = up(data); err != nil {
					return nil, fmt.Errorf("%s: upcast: %w", zero.EventType(), err)
				}
			}
			var ev E
			if err := json.Unmarshal(data, &ev); err != nil {
				return nil, fmt.Errorf("%s: %w", zero.EventType(), err)
			}
			return ev, nil
		},
	}
}

package memstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) eventstore.Store { return memstore.New(storetest.Registry()) })
}

func TestPanicsOnABrokenContract(t *testing.T) {
	t.Parallel()
	id := storetest.Stream()
	broken := map[string]func(*memstore.Store, eventstore.Head){
		"version gap in an append": func(s *memstore.Store, head eventstore.Head) {
			head.Version++
			_, _ = s.Append(t.Context(), storetest.Change(id, head, "x"))
		},
		"version gap in a load": func(s *memstore.Store, _ eventstore.Head) {
			_, _ = storetest.Read(t.Context(), s, id, eventstore.Head{Version: 1})
		},
	}
	for name, breach := range broken {
		s := memstore.New(storetest.Registry())
		heads, err := s.Append(t.Context(), storetest.Change(id, eventstore.Head{}, "a"))
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no complaint", name)
				}
			}()
			breach(s, heads[0])
		}()
	}
}

package web_test

import (
	"context"
	"sync"
	"time"

	"hearth/eventstore"
	"hearth/projections"
)

// models are read models that stand where the test puts them.
type models struct {
	status []projections.Status
	subs   sync.Map
}

func (m *models) Status(context.Context) []projections.Status { return m.status }

func (m *models) Wait(ctx context.Context, model string, pos eventstore.Position) error {
	for _, s := range m.status {
		if s.Name == model && s.Position >= pos {
			return nil
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (m *models) Subscribe() (<-chan projections.Notice, func()) {
	ch := make(chan projections.Notice, 16)
	m.subs.Store(ch, nil)
	return ch, func() { m.subs.Delete(ch) }
}

func (m *models) move(name string, pos eventstore.Position) {
	m.subs.Range(func(ch, _ any) bool {
		ch.(chan projections.Notice) <- projections.Notice{Name: name, Position: pos}
		return true
	})
}

func sampleStatus() []projections.Status {
	return []projections.Status{
		{Name: "cases", Version: 3, Schema: "cases_v3", State: projections.StateLive, Serving: true, Position: 120_345, End: 120_345, Progress: 1},
		{Name: "search", Version: 1, Schema: "search_v1", State: projections.StateBuilding, Position: 0, End: 120_345, Rebuilding: true, Progress: .43, EventsPerSecond: 8_200, Remaining: 9 * time.Second},
		{Name: "board", Version: 2, Schema: "board_v2", State: projections.StateStopped, Serving: true, Position: 118_002, End: 120_345, Behind: 2343, Lag: 3 * time.Minute, Problem: &projections.Problem{Kind: projections.ProblemEvent, Position: 118_003, EventType: "complaint.registered", Error: "division by zero"}},
	}
}

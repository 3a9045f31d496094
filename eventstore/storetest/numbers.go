package storetest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"hearth/domain"
	"hearth/eventstore"
)

// note is the command of the tests: it writes its text, or the next number when
// it has none.
type note struct {
	domain.By
	text string
}

// noter counts what a stream holds.
var noter = domain.Decider[int, note, Noted]{
	Initial: func() int { return 0 },
	Decide: func(n int, cmd note) ([]Noted, error) {
		if cmd.text == "" {
			cmd.text = strconv.Itoa(n + 1)
		}
		return []Noted{{Text: cmd.text, N: n + 1}}, nil
	},
	Evolve: func(n int, _ Noted) int { return n + 1 },
}

// register opens a case under the next number of a series, in one append.
func register(ctx context.Context, e *eventstore.Engine, series, kase eventstore.StreamID, meta eventstore.Meta) error {
	_, err := e.Do(ctx, func(u *eventstore.Unit) error {
		numbers, err := eventstore.Stage(ctx, u, series, noter, note{By: meta.By}, meta)
		if err != nil {
			return err
		}
		text := "repeated"
		if len(numbers) > 0 {
			text = numbers[0].Text
		}
		_, err = eventstore.Stage(ctx, u, kase, noter, note{By: meta.By, text: text}, meta)
		return err
	})
	return err
}

// numbersWithoutGaps lets 16 clerks at two engines, as two processes would be,
// take numbers from one series, each in the same append as the case that gets
// it. Every number goes to one case, none is left out.
func numbersWithoutGaps(t *testing.T, ctx context.Context, s eventstore.Store) {
	const clerks, each = 16, 8
	series := Stream()
	engines := []*eventstore.Engine{eventstore.NewEngine(s, 100), eventstore.NewEngine(s, 100)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[string]eventstore.StreamID{}
	for clerk := range clerks {
		wg.Go(func() {
			for range each {
				kase, meta := Stream(), Meta()
				err := eventstore.ErrConflict
				for errors.Is(err, eventstore.ErrConflict) { // the clerk presses the button again
					err = register(ctx, engines[clerk%2], series, kase, meta)
				}
				texts, readErr := Read(ctx, s, kase, eventstore.Head{})
				if err != nil || readErr != nil || len(texts) != 1 {
					t.Errorf("case of clerk %d: %q, %v, %v", clerk, texts, err, readErr)
					return
				}
				mu.Lock()
				if other, taken := got[texts[0]]; taken {
					t.Errorf("number %s belongs to %s and %s", texts[0], other, kase)
				}
				got[texts[0]] = kase
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for n := 1; n <= clerks*each; n++ {
		if _, ok := got[strconv.Itoa(n)]; !ok {
			t.Errorf("number %d was left out", n)
		}
	}
	if texts, err := Read(ctx, s, series, eventstore.Head{}); err != nil || len(texts) != clerks*each {
		t.Errorf("the series has %d numbers, %v", len(texts), err)
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"hearth/eventstore"
)

// Ledger remembers what a Load was told, outside of the store, and judges the
// log by it. Safe for concurrent use.
type Ledger struct {
	mu   sync.Mutex
	told map[eventstore.Position]Told // guarded by mu
}

// Note remembers an acknowledged commit.
func (l *Ledger) Note(t Told) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told == nil {
		l.told = map[eventstore.Position]Told{}
	}
	l.told[t.Head.Position] = t
}

// Len is how many acknowledged commits are remembered.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told)
}

// Findings is what a log holds, and what is wrong with it.
type Findings struct {
	Commits      int // in the log
	Acknowledged int
	Lost         int // acknowledged, and not in the log at its position
	Altered      int // commits whose events are not those that were appended
	Twice        int // events that are stored more than once
	Gaps         int // positions or versions that do not follow the one before
	Torn         int // appends of which only a part is there
	Notes        []string
}

// Whole reports that nothing is wrong.
func (f Findings) Whole() bool { return f.Lost+f.Altered+f.Twice+f.Gaps+f.Torn == 0 }

// note keeps the first few words about what is wrong.
func (f *Findings) note(format string, args ...any) {
	if len(f.Notes) < 5 {
		f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
	}
}

// Check reads the whole log, which only Loads have written, and compares it with
// what they were told. What is lost is counted and then forgotten, so that a
// store that goes on without it can be checked again. The error says that the
// log could not be read, for another reason than damage.
func (l *Ledger) Check(ctx context.Context, s eventstore.Store) (Findings, error) {
	end, err := s.End(ctx)
	if err != nil {
		return Findings{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := check{
		told: l.told, found: make(map[eventstore.Position]bool, len(l.told)),
		versions: map[string]uint64{}, events: map[[16]byte]bool{}, appends: map[string]parts{},
	}
	c.Acknowledged = len(l.told)
	if end > 0 {
		err = FollowTo(ctx, s, 0, end, c.commit)
	}
	if errors.Is(err, eventstore.ErrCorrupt) {
		c.Gaps++
		c.note("the reader stopped: %v", err)
		err = nil
	}
	if err != nil {
		return c.Findings, err
	}
	for name, p := range c.appends {
		if p.seen != p.want {
			c.Torn++
			c.note("append %s: %d of %d streams", name, p.seen, p.want)
		}
	}
	for pos, t := range l.told {
		if !c.found[pos] {
			c.Lost++
			c.note("acknowledged and not there: %s", t)
			delete(l.told, pos)
		}
	}
	return c.Findings, nil
}

// check is a reading of the log.
type check struct {
	Findings
	told     map[eventstore.Position]Told
	found    map[eventstore.Position]bool
	versions map[string]uint64
	events   map[[16]byte]bool
	appends  map[string]parts
}

// parts is how many streams of an append there must be, and are.
type parts struct{ want, seen int }

func (c *check) commit(got eventstore.Commit) {
	c.Commits++
	kase, name := got.Stream.Case, ""
	for i, ev := range got.Events {
		if c.versions[kase]++; ev.Version != c.versions[kase] {
			c.Gaps++
			c.note("position %d: version %d, want %d", got.Position, ev.Version, c.versions[kase])
			c.versions[kase] = ev.Version
		}
		if c.events[ev.ID] {
			c.Twice++
			c.note("position %d: event %s is stored before", got.Position, ev.ID)
		}
		c.events[ev.ID] = true
		noted, _ := ev.Event.(Noted)
		var want int
		var text string
		if _, err := fmt.Sscan(noted.Text, &name, &want, &text); err != nil || text != sum(name, kase, i) || strings.Trim(noted.Text[len(name):], " x0123456789abcdef") != "" {
			c.Altered++
			c.note("position %d: not what was appended", got.Position)
			return
		}
		if i == 0 {
			c.appends[name] = parts{want, c.appends[name].seen + 1}
		}
	}
	if t, ok := c.told[got.Position]; ok {
		head := eventstore.Head{Version: c.versions[kase], Position: got.Position}
		c.found[got.Position] = t == Told{Case: kase, Head: head, Append: name}
	}
}

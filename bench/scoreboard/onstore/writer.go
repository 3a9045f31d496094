package onstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"hearth/bench/scoreboard/rig"
	"hearth/eventstore/storetest"
)

// writer is a child that appends, and what it was told.
type writer struct {
	*rig.Process
	told   atomic.Int64
	silent atomic.Int64 // the longest time between two acknowledgements, in ns
	read   chan struct{}
	err    error // of its output; to be read after read
}

// startWriter starts one whose acknowledgements go into a ledger.
func startWriter(env *rig.Env, ledger *storetest.Ledger, args ...string) (*writer, error) {
	r, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p, err := env.Start(out, nil, env.Self, append([]string{"child-write"}, args...)...)
	out.Close()
	if err != nil {
		r.Close()
		return nil, err
	}
	w := &writer{Process: p, read: make(chan struct{})}
	go func() {
		defer close(w.read)
		defer r.Close()
		last := time.Time{}
		for lines := bufio.NewScanner(r); lines.Scan(); {
			told, err := storetest.ParseTold(lines.Text())
			if err != nil {
				w.err = err
				return
			}
			ledger.Note(told)
			if now := time.Now(); last.IsZero() || now.Sub(last).Nanoseconds() <= w.silent.Load() {
				last = now
			} else {
				w.silent.Store(now.Sub(last).Nanoseconds())
				last = now
			}
			w.told.Add(1)
		}
	}()
	return w, nil
}

// more waits until so many more appends have been acknowledged.
func (w *writer) more(ctx context.Context, n int64) error {
	from := w.told.Load()
	err := rig.Until(ctx, fmt.Sprintf("%d more are acknowledged", n), func() bool {
		select {
		case <-w.Exited():
			return true
		default:
			return w.told.Load() >= from+n
		}
	})
	if err == nil && w.told.Load() < from+n {
		err = fmt.Errorf("the writer ended: %s", w.Log.Tail())
	}
	return err
}

// kill ends the writer and returns when all that it said is in the ledger.
func (w *writer) kill() error {
	w.Kill()
	<-w.read
	return w.err
}

// stop ends the writer in an orderly way.
func (w *writer) stop() error {
	code, err := w.Stop()
	<-w.read
	if err == nil && code != 0 {
		err = fmt.Errorf("the writer ended with %d: %s", code, w.Log.Tail())
	}
	if err == nil {
		err = w.err
	}
	return err
}

// judge opens the folder again and adds what the ledger says of its log.
func judge(ctx context.Context, dir string, ledger *storetest.Ledger, res *rig.Result) (storetest.Findings, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*rig.Patience)
	defer cancel()
	s, err := open(ctx, dir, false)
	if err != nil {
		return storetest.Findings{}, err
	}
	found, err := ledger.Check(ctx, s)
	if err == nil {
		count(res, found)
	}
	if closeErr := s.close(); err == nil {
		err = closeErr
	}
	return found, err
}

// count adds findings to a result. Commits are those of the last round; what is
// wrong adds up.
func count(res *rig.Result, f storetest.Findings) {
	res.AtLeast("acknowledged", f.Acknowledged)
	res.Add("lost", f.Lost)
	res.Add("altered", f.Altered)
	res.Add("twice", f.Twice)
	res.Add("gaps", f.Gaps)
	res.Add("torn", f.Torn)
	if !f.Whole() {
		res.Problem("round %d: lost %d, altered %d, twice %d, gaps %d, torn %d: %v", res.Rounds, f.Lost, f.Altered, f.Twice, f.Gaps, f.Torn, f.Notes)
	}
}

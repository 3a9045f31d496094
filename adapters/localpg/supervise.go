package localpg

import (
	"context"
	"time"
)

// Restarts come at once at first and then ever more slowly, for as long as
// postgres does not stay up for a minute.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
	stayedUp   = time.Minute
)

// supervise owns postgres from the first start to Stop. A postgres that dies by
// itself is started again, however often: the cause may be a full disk or the
// out-of-memory killer, and both can pass.
func (c *Cluster) supervise(ctx context.Context, forced <-chan struct{}, p *process) {
	defer close(c.done)
	defer func() { c.ended = c.lock.Release() }()
	pause, up := firstPause, time.Now()
	for {
		if p != nil {
			select {
			case <-ctx.Done():
				p.end(forced)
				return
			case <-p.exited:
				c.log.ErrorContext(ctx, "postgres died and is started again", "err", p.err, "pause_ms", pause.Milliseconds())
			}
			if time.Since(up) > stayedUp {
				pause = firstPause
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
		p, up = c.relaunch(ctx), time.Now()
	}
}

// relaunch starts postgres again; nil when that did not work this time.
func (c *Cluster) relaunch(ctx context.Context) *process {
	err := c.clearLeftovers(ctx)
	var p *process
	if err == nil {
		p, err = c.launch(ctx)
	}
	if err != nil {
		c.log.ErrorContext(ctx, "postgres does not start", "err", err)
		return nil
	}
	c.log.InfoContext(ctx, "postgres is back")
	return p
}

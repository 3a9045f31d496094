package reactions

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"hearth/eventstore"
)

// subscription is the message.Subscriber of one reaction: it follows the log
// behind the reaction's checkpoint and hands over the events that it wants.
type subscription struct {
	r       *Runner
	on      *running
	working *sync.WaitGroup
	out     chan *message.Message
}

// Subscribe implements message.Subscriber. The channel is closed when ctx has
// ended and the last message is dealt with.
func (s *subscription) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	s.out = make(chan *message.Message)
	s.working.Go(func() {
		defer close(s.out)
		s.keep(ctx)
	})
	return s.out, nil
}

// Close implements message.Subscriber; the context of Subscribe ends it.
func (s *subscription) Close() error { return nil }

const minBackoff = 50 * time.Millisecond

// keep runs one session after the other until ctx ends.
func (s *subscription) keep(ctx context.Context) {
	wait := minBackoff
	for ctx.Err() == nil {
		moved, err := s.session(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrOtherLog), errors.Is(err, eventstore.ErrCorrupt):
			s.stopped(ctx, err)
			sleep(ctx, s.r.opts.RetryStopped)
			continue
		case errors.Is(err, errOvertaken):
			s.r.opts.Logger.InfoContext(ctx, "reaction was moved by another instance", "reaction", s.on.Name)
		default:
			s.note(ctx, StateRetrying, tell(err))
		}
		if moved {
			wait = minBackoff
		}
		sleep(ctx, wait)
		wait = min(2*wait, s.r.opts.MaxBackoff)
	}
}

var errLockLost = errors.New("lost the connection that holds the lock")

// session is the life of one lock: take it, find the checkpoint, react. It
// reports whether the checkpoint moved, and returns what ended it, with nothing
// of it left running.
func (s *subscription) session(ctx context.Context) (moved bool, err error) {
	lock, err := s.r.connect(ctx, s.on.Name)
	if err != nil {
		return false, err
	}
	defer lock.Close(ctx)
	for {
		mine, err := lock.try(ctx)
		if err != nil {
			return false, err
		}
		if mine {
			break
		}
		s.note(ctx, StateWaiting, "")
		if !sleep(ctx, s.r.opts.Heartbeat) {
			return false, ctx.Err()
		}
	}

	// The lock lives as long as its connection, which writes nothing (unlike that
	// of a read model): commands go to the event store, which knows of no lock.
	// When it is lost, what is under way is broken off; should that store its
	// commands all the same, the next one to send them finds them there, and the
	// checkpoint is compared before it is set.
	ctx, lose := context.WithCancelCause(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { lock.beat(ctx, s.r.opts.Heartbeat, lose) })
	defer beating.Wait()
	defer lose(nil)
	moved, err = s.follow(ctx)
	if errors.Is(context.Cause(ctx), errLockLost) {
		err = errLockLost
	}
	return moved, err
}

// follow hands over what comes until something breaks.
func (s *subscription) follow(ctx context.Context) (moved bool, err error) {
	cp, err := s.r.begin(ctx, s.on.Reaction)
	if err != nil {
		return false, err
	}
	feed, err := s.r.store.Follow(ctx, cp.position)
	if err != nil {
		return false, fmt.Errorf("follow the log: %w", err)
	}
	defer feed.Close()
	s.note(ctx, StateRunning, "")
	for {
		commits, err := feed.Next(ctx, s.r.opts.Batch)
		if err != nil {
			return moved, fmt.Errorf("read the log: %w", err)
		}
		for _, c := range commits {
			for _, rec := range c.Events {
				if !s.on.wants(rec) {
					continue
				}
				if err := s.hand(ctx, rec); err != nil {
					return moved, err
				}
			}
		}
		// All commands of these commits are stored, or the events are parked. If
		// we crash here the commits come again, and nothing is stored twice.
		if cp, err = s.r.move(ctx, cp, commits[len(commits)-1].Position); err != nil {
			return moved, err
		}
		moved = true
	}
}

// hand gives one event to the router and waits until it is dealt with. The
// router always answers: a handler ends with the context of its message.
func (s *subscription) hand(ctx context.Context, rec eventstore.Recorded) error {
	d := &delivery{rec: rec}
	msg := newMessage(ctx, d)
	select {
	case s.out <- msg:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-msg.Acked():
		return nil
	case <-msg.Nacked():
		return fmt.Errorf("event at %d: %w", rec.Position, d.err)
	}
}

// stopped notes what only a person can put right, for every instance to show.
func (s *subscription) stopped(ctx context.Context, err error) {
	s.note(ctx, StateStopped, tell(err))
	if err := s.r.record(ctx, s.on.Name, tell(err)); err != nil && ctx.Err() == nil {
		s.r.opts.Logger.WarnContext(ctx, "cannot store what stopped a reaction", "reaction", s.on.Name, "err", tell(err))
	}
}

// note keeps what this process is up to, and logs what is news.
func (s *subscription) note(ctx context.Context, state State, wrong string) {
	s.on.mu.Lock()
	before, told := s.on.state, s.on.told
	s.on.state, s.on.told = state, wrong
	s.on.mu.Unlock()
	log := s.r.opts.Logger.With("reaction", s.on.Name)
	switch {
	case state == StateStopped && wrong != told:
		log.ErrorContext(ctx, "reaction stopped", "err", wrong)
	case state == StateRetrying && before != StateRetrying:
		log.WarnContext(ctx, "reaction retries", "err", wrong)
	case state == StateRunning && before != StateRunning:
		log.InfoContext(ctx, "reaction runs")
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

package reactions

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5/pgconn"

	"hearth/domain"
	"hearth/eventstore"
)

// delivery is one event on its way through the router. It travels in the
// message's context: within one process nothing needs to be encoded.
type delivery struct {
	rec   eventstore.Recorded
	tries int
	err   error // why it was not acknowledged; read after Nacked is closed
}

type deliveryKey struct{}

func deliveryOf(msg *message.Message) *delivery {
	return msg.Context().Value(deliveryKey{}).(*delivery)
}

func newMessage(ctx context.Context, d *delivery) *message.Message {
	msg := message.NewMessageWithContext(context.WithValue(ctx, deliveryKey{}, d), d.rec.ID.String(), d.rec.Data)
	middleware.SetCorrelationID(d.rec.Meta.CorrelationID, msg)
	return msg
}

// tally counts what this process did for a reaction.
type tally struct {
	handled, failed, parked atomic.Int64
	busy                    atomic.Int64 // nanoseconds
}

// The handlers of the router, outermost first: park, retry, count, Timeout,
// plain, Recoverer, handle.

func (r *Runner) handle(on *running) message.NoPublishHandlerFunc {
	return func(msg *message.Message) error {
		return on.react(msg.Context(), r.store, deliveryOf(msg).rec, middleware.MessageCorrelationID(msg))
	}
}

// count keeps the figures of every try.
func (r *running) count(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		deliveryOf(msg).tries++
		start := time.Now()
		out, err := next(msg)
		r.busy.Add(int64(time.Since(start)))
		if err != nil {
			r.failed.Add(1)
		} else {
			r.handled.Add(1)
		}
		return out, err
	}
}

// plain turns a panic into an error that can be shown: what it was about may be
// personal.
func plain(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		out, err := next(msg)
		if panicked, ok := errors.AsType[middleware.RecoveredPanicError](err); ok {
			err = fmt.Errorf("panic: %T", panicked.V)
			if told, ok := panicked.V.(interface{ RuntimeError() }); ok {
				err = fmt.Errorf("panic: %v", told)
			}
		}
		return out, err
	}
}

// retry tries again what may go better. A rejection will not, and neither will
// an event log that is damaged.
func (r *Runner) retry(on *running) message.HandlerMiddleware {
	return middleware.Retry{
		MaxRetries: r.opts.Retries, InitialInterval: r.opts.FirstRetry, MaxInterval: time.Minute, Multiplier: 2,
		ResetContextOnRetry: true,
		ShouldRetry: func(p middleware.RetryParams) bool {
			_, refused := errors.AsType[*domain.Rejection](p.Err)
			return !refused && !errors.Is(p.Err, eventstore.ErrCorrupt)
		},
		OnRetryHook: func(n int, _ time.Duration) {
			r.opts.Logger.Warn("reaction tries again", "reaction", on.Name, "retry", n)
		},
	}.Middleware
}

// park puts aside an event that could not be dealt with and acknowledges it.
// When the fault lies elsewhere the event is refused instead, and comes again.
func (r *Runner) park(on *running) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			ctx, d := msg.Context(), deliveryOf(msg)
			out, err := next(msg)
			if err == nil {
				return out, nil
			}
			if ctx.Err() != nil || errors.Is(err, eventstore.ErrCorrupt) {
				d.err = err
				return nil, err
			}
			if _, away := r.store.End(ctx); away != nil {
				d.err = fmt.Errorf("event store is away: %w", err)
				return nil, d.err
			}
			// The row is stored before the checkpoint moves. A crash in between
			// brings the event again, and the row is written over.
			if d.err = r.insertParked(ctx, on.Name, d, tell(err)); d.err != nil {
				return nil, d.err
			}
			on.parked.Add(1)
			r.opts.Logger.ErrorContext(ctx, "reaction parked an event", "reaction", on.Name, "position", d.rec.Position,
				"event", d.rec.ID, "type", d.rec.Type, "correlation", d.rec.Meta.CorrelationID, "tries", d.tries, "err", tell(err))
			return nil, nil
		}
	}
}

// longest is how much of an error is kept.
const longest = 500

// tell writes an error for the list of parked events and the log. A rejection is
// text of ours, and so is what the layers said; of what PostgreSQL says only the
// kind is kept, because it repeats values.
func tell(err error) string {
	text := err.Error()
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		text = "database error, SQLSTATE " + pg.Code
	} else if no, ok := errors.AsType[*domain.Rejection](err); ok {
		text = no.Error()
	}
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

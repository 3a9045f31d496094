package reactions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/eventstore"
)

// Parked is an event that a reaction could not deal with.
type Parked struct {
	Reaction string
	EventID  uuid.UUID
	Position eventstore.Position
	Type     string
	Stream   string // family/case
	Tries    int
	Error    string // of the last try
	ParkedAt time.Time
	TriedAt  time.Time
}

// insertParked parks an event, or notes another failure of one that is parked.
// One that was dismissed stays dismissed.
func (r *Runner) insertParked(ctx context.Context, reaction string, d *delivery, reason string) error {
	_, err := r.pool.Exec(ctx, `
insert into hearth.parked as p (reaction, event_id, position, type, stream, tries, error)
values (@reaction, @event_id, @position, @type, @stream, @tries, @error)
    on conflict (reaction, event_id) do update
   set tries = p.tries + excluded.tries, error = excluded.error, tried_at = now()
 where p.settled_at is null`, pgx.StrictNamedArgs{
		"reaction": reaction, "event_id": d.rec.ID, "position": d.rec.Position, "type": d.rec.Type,
		"stream": d.rec.Stream.String(), "tries": d.tries, "error": reason,
	})
	if err != nil {
		return fmt.Errorf("park: %w", err)
	}
	return nil
}

const parkedSQL = `
select reaction, event_id, position, type, stream, tries, error, parked_at, tried_at
  from hearth.parked where settled_at is null `

// Parked lists what waits for somebody, the longest first, at most limit.
func (r *Runner) Parked(ctx context.Context, limit int) ([]Parked, error) {
	rows, _ := r.pool.Query(ctx, parkedSQL+"order by parked_at, reaction, event_id limit $1", limit) // CollectRows returns the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Parked])
	if err != nil {
		return nil, fmt.Errorf("list parked events: %w", err)
	}
	return list, nil
}

// gone is the answer to who comes too late.
func gone() error {
	return domain.Reject("parked_settled", "这一条已经处理过了,请刷新页面查看现在的清单。")
}

func (r *Runner) oneParked(ctx context.Context, reaction string, event uuid.UUID) (Parked, error) {
	rows, _ := r.pool.Query(ctx, parkedSQL+"and reaction = $1 and event_id = $2", reaction, event)
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Parked])
	if errors.Is(err, pgx.ErrNoRows) {
		return p, gone()
	}
	if err != nil {
		return p, fmt.Errorf("read parked event: %w", err)
	}
	return p, nil
}

// Retry reacts once more to a parked event, at once and in this process, and
// settles it when that went well. By is the user who asks.
func (r *Runner) Retry(ctx context.Context, reaction string, event uuid.UUID, by string) error {
	parked, err := r.oneParked(ctx, reaction, event)
	if err != nil {
		return err
	}
	on, err := r.find(reaction)
	if err != nil {
		return domain.Reject("reaction_unknown", "现在的程序没有这项联动,不能重试;如已不需要,请填写理由后不再处理。")
	}
	rec, err := r.eventAt(ctx, parked)
	if err != nil {
		return err
	}
	d := &delivery{rec: rec}
	if err := r.once(ctx, on, d); err != nil {
		if stored := r.insertParked(ctx, reaction, d, tell(err)); stored != nil {
			return errors.Join(err, stored)
		}
		return domain.Reject("still_fails", "重试没有成功:%s。这一条仍留在清单里;排除原因后可再试。", strings.TrimRight(tell(err), "。"))
	}
	// The commands are stored. If we crash here the event stays on the list, and
	// another retry finds the commands there.
	return r.settle(ctx, parked, "retried", by, "")
}

// once gives an event to the reaction as the router would, without its retries.
func (r *Runner) once(ctx context.Context, on *running, d *delivery) error {
	h := message.HandlerFunc(func(msg *message.Message) ([]*message.Message, error) { return nil, r.handle(on)(msg) })
	for _, wrap := range []message.HandlerMiddleware{middleware.Recoverer, plain, middleware.Timeout(r.opts.Timeout), on.count} {
		h = wrap(h)
	}
	_, err := h(newMessage(ctx, d))
	return err
}

// eventAt reads a parked event from the log.
func (r *Runner) eventAt(ctx context.Context, p Parked) (eventstore.Recorded, error) {
	missing := domain.Reject("parked_missing", "日志里位置 %d 处没有这个事件,可能换过日志。请核对后填写理由,不再处理。", p.Position)
	if end, err := r.store.End(ctx); err != nil {
		return eventstore.Recorded{}, fmt.Errorf("end of the log: %w", err)
	} else if p.Position > end {
		return eventstore.Recorded{}, missing
	}
	feed, err := r.store.Follow(ctx, p.Position-1)
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("read the log: %w", err)
	}
	defer feed.Close()
	commits, err := feed.Next(ctx, 1)
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("read the log: %w", err)
	}
	for _, rec := range commits[0].Events {
		if rec.ID == p.EventID {
			return rec, nil
		}
	}
	return eventstore.Recorded{}, missing
}

// Dismiss settles a parked event without reacting to it; who did so, and why, is
// kept.
func (r *Runner) Dismiss(ctx context.Context, reaction string, event uuid.UUID, by, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return domain.Reject("reason_missing", "请填写不再处理的理由。")
	}
	parked, err := r.oneParked(ctx, reaction, event)
	if err != nil {
		return err
	}
	return r.settle(ctx, parked, "dismissed", by, reason)
}

func (r *Runner) settle(ctx context.Context, p Parked, outcome, by, reason string) error {
	tag, err := r.pool.Exec(ctx, `
update hearth.parked set outcome = @outcome, settled_at = now(), settled_by = @by, reason = nullif(@reason, '')
 where reaction = @reaction and event_id = @event_id and settled_at is null`, pgx.StrictNamedArgs{
		"reaction": p.Reaction, "event_id": p.EventID, "outcome": outcome, "by": by, "reason": reason,
	})
	if err != nil {
		return fmt.Errorf("settle parked event: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return gone()
	}
	r.opts.Logger.InfoContext(ctx, "parked event settled", "reaction", p.Reaction, "event", p.EventID, "outcome", outcome, "by", by)
	return nil
}

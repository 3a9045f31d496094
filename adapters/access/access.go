// Package access writes down who looked at what (查阅留痕, domain/access).
//
// What leaves the system in the clear is stored first: Reveal and Export return
// only when their event is on disk, and when they fail nothing may be shown or
// sent. Views, searches and prints wait in memory and are written once a minute,
// when enough of them wait, and at Close, all of them in one append: a page costs
// no write. What kill -9 or a power cut takes is at most that minute of plain
// views, searches and prints, never a reveal or an export.
//
// While the log takes nothing, views wait on; what would be more than Options.Most
// is counted, and the count is stored with the next that are. Read Recorder.
package access

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/access"
	"hearth/eventstore"
)

// Options are the settings of a Recorder.
type Options struct {
	Now    func() time.Time
	Log    *slog.Logger
	Limits access.Limits // of reveals; zero means the usual
	Every  time.Duration // between writes; 0 means a minute
	Soon   int           // waiting entries that are written at once; 0 means 500
	Most   int           // waiting entries that are kept; 0 means 20,000
}

// Recorder collects and writes. Safe for concurrent use.
type Recorder struct {
	engine  *eventstore.Engine
	decider domain.Decider[access.State, access.Command, access.Event]
	opts    Options
	full    chan struct{} // says that enough waits

	mu      sync.Mutex
	waiting map[owner]*notes // guarded by mu
	n       int              // entries in waiting; guarded by mu

	writing sync.Mutex
	sending *batch // was taken and is not known to be stored; guarded by writing
}

// Who is 查阅人: somebody in the role in which they look, and the way they came.
type Who struct {
	Actor   domain.Actor
	Channel string // web, api
}

// states is how many days of users are kept folded.
const states = 1024

// New makes a Recorder over a store. Run writes, Close ends it.
func New(store eventstore.Store, o Options) *Recorder {
	if o.Limits == (access.Limits{}) {
		o.Limits = access.UsualLimits()
	}
	if o.Every == 0 {
		o.Every = time.Minute
	}
	if o.Soon == 0 {
		o.Soon = 500
	}
	if o.Most == 0 {
		o.Most = 20_000
	}
	return &Recorder{
		engine: eventstore.NewEngine(store, states), decider: access.NewDecider(o.Limits), opts: o,
		full: make(chan struct{}, 1), waiting: map[owner]*notes{},
	}
}

// Limits are how much a user may reveal.
func (r *Recorder) Limits() access.Limits { return r.opts.Limits }

// Request is a reveal or an export on its way: CommandID is drawn with the form,
// so that sending it twice is one. Case is what it belongs to, empty for lists.
type Request struct {
	Who
	CommandID uuid.UUID
	Case      string
	Digest    string // of the policies that allowed it
}

// Reveal stores that fields are about to be shown. Only when it returns nil may
// they be.
func (r *Recorder) Reveal(ctx context.Context, q Request, cmd access.Reveal) error {
	cmd.By = r.by(q.Actor)
	day := domain.DateOf(cmd.At)
	return r.first(ctx, q, func(u *eventstore.Unit) error {
		cmd.Before = nil
		if cmd.At.Sub(day.Start()) < time.Hour { // the hour's limit reaches into the day before
			before, _, err := eventstore.State(ctx, u, stream(q.Actor.ID, day.AddDays(-1)), r.decider)
			if err != nil {
				return err
			}
			cmd.Before = before.Uses
		}
		return r.stage(ctx, u, q, &cmd)
	})
}

// Export stores that a file is about to be sent. Only when it returns nil may it
// be.
func (r *Recorder) Export(ctx context.Context, q Request, file access.Exported) error {
	cmd := &access.Export{By: r.by(q.Actor), File: file}
	return r.first(ctx, q, func(u *eventstore.Unit) error { return r.stage(ctx, u, q, cmd) })
}

// patience is how long a reveal or an export waits to be stored.
const patience = 10 * time.Second

// first stores before anything is shown. Whatever the reason that it is not known
// to be stored, people are told that nothing was shown; the log has the reason.
func (r *Recorder) first(ctx context.Context, q Request, stage func(*eventstore.Unit) error) error {
	if q.CommandID == uuid.Nil {
		return domain.Reject("command_id_missing", "表单缺少编号,请刷新页面后重新填写。")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := r.engine.Do(ctx, stage)
	if err == nil {
		return nil
	}
	if no, ok := errors.AsType[*domain.Rejection](err); ok {
		return no
	}
	r.opts.Log.ErrorContext(ctx, "access not recorded, nothing was shown", "err", err)
	return domain.Reject("not_recorded", "查阅记录现在存不进去,所以没有显示、也没有导出任何信息。请稍后再试;一直这样请告诉系统管理员。")
}

func (r *Recorder) stage(ctx context.Context, u *eventstore.Unit, q Request, cmd access.Command) error {
	by := cmd.IssuedBy()
	meta := eventstore.Meta{CommandID: q.CommandID, Channel: q.Channel, CorrelationID: q.Case, PolicyDigest: q.Digest}
	_, err := eventstore.Stage(ctx, u, stream(by.Actor.ID, domain.DateOf(by.At)), r.decider, cmd, meta)
	return err
}

func (r *Recorder) by(a domain.Actor) domain.By {
	return domain.By{Actor: a, At: r.opts.Now().UTC().Truncate(time.Microsecond)}
}

func stream(user string, day domain.Date) eventstore.StreamID {
	return eventstore.StreamID{Family: access.Family, Case: access.StreamOf(user, day)}
}

package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/adapters/accounts"
	"hearth/projections"
)

const (
	heartBeat   = 15 * time.Second
	versionTime = 5 * time.Second
	// settle is how long the hub waits after a notice for more of them: many
	// commits in a row are one change to those who look.
	settle    = 100 * time.Millisecond
	maxTopics = 20
	pushTime  = 10 * time.Second
)

// Events tells open pages which of their parts have changed. One goroutine
// listens to the read models, asks the version of every topic that somebody
// looks at and that the model moves, and wakes those whose topic has changed.
type Events struct {
	kinds map[string]Topic
	log   *slog.Logger

	done   chan struct{} // closed when open connections are to end
	finish sync.Once
	cancel func()
	wg     sync.WaitGroup

	mu     sync.Mutex
	topics map[string]*liveTopic // guarded by mu
}

// liveTopic is a topic that somebody looks at.
type liveTopic struct {
	kind     Topic
	key      string
	version  string                     // guarded by Events.mu
	watchers map[chan struct{}]struct{} // guarded by Events.mu; each has room for one signal
}

func newEvents(ctx context.Context, cfg Config) *Events {
	e := &Events{
		kinds: map[string]Topic{}, log: cfg.Log, done: make(chan struct{}), topics: map[string]*liveTopic{}, cancel: func() {},
	}
	if cfg.Models == nil {
		return e
	}
	notices, unsubscribe := cfg.Models.Subscribe()
	ctx, cancel := context.WithCancel(ctx)
	e.cancel = func() { cancel(); unsubscribe() }
	e.wg.Go(func() { e.listen(ctx, notices) })
	return e
}

// add makes a kind of topic known. It is called before the first request.
func (e *Events) add(t Topic) { e.kinds[t.Name] = t }

// stop ends the open connections; the browsers come back to another instance.
func (e *Events) stop() { e.finish.Do(func() { close(e.done) }) }

// Close stops listening and waits until that has ended.
func (e *Events) Close() {
	e.stop()
	e.cancel()
	e.wg.Wait()
}

// listen gathers notices until they settle, then looks at the topics that they
// concern.
func (e *Events) listen(ctx context.Context, notices <-chan projections.Notice) {
	moved := map[string]bool{}
	var timer <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case n, ok := <-notices:
			if !ok {
				return
			}
			if len(moved) == 0 {
				timer = time.After(settle)
			}
			moved[n.Name] = true
		case <-timer:
			e.refresh(ctx, moved)
			moved, timer = map[string]bool{}, nil
		}
	}
}

// refresh asks the versions of all topics that one of the models moves.
func (e *Events) refresh(ctx context.Context, moved map[string]bool) {
	e.mu.Lock()
	var due []*liveTopic
	for _, t := range e.topics {
		if slices.ContainsFunc(t.kind.Models, func(m string) bool { return moved[m] }) {
			due = append(due, t)
		}
	}
	e.mu.Unlock()
	for _, t := range due {
		if err := e.look(ctx, t); err != nil && ctx.Err() == nil {
			// The page stays as it is until the next notice or its next visit.
			e.log.WarnContext(ctx, "version of a topic unknown", "topic", t.kind.Name, "err", err)
		}
	}
}

// look asks the version of a topic and wakes its watchers when it has changed.
func (e *Events) look(ctx context.Context, t *liveTopic) error {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	version, err := t.kind.Version(ctx, t.key)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if version == t.version {
		return nil
	}
	t.version = version
	for w := range t.watchers {
		select {
		case w <- struct{}{}:
		default: // it has not seen the last signal yet
		}
	}
	return nil
}

// viewer is one open page.
type viewer struct {
	wake   chan struct{}
	topics []*liveTopic
	seen   []string // the version of each topic that the page has
}

// join begins to watch. Each wanted topic is name:key, or name:key@version when
// the page knows what it shows. The topic is registered before its version is
// asked: a change in between is found by one or the other.
func (e *Events) join(ctx context.Context, u accounts.User, wanted []string) (*viewer, error) {
	v := &viewer{wake: make(chan struct{}, 1)}
	for _, want := range wanted {
		full, seen, _ := strings.Cut(want, "@")
		name, key, _ := strings.Cut(full, ":")
		kind, ok := e.kinds[name]
		if !ok {
			e.leave(v)
			return nil, ErrNotFound
		}
		if err := kind.admit(ctx, u, key); err != nil {
			e.leave(v)
			return nil, err
		}
		e.mu.Lock()
		t := e.topics[full]
		if t == nil {
			t = &liveTopic{kind: kind, key: key, watchers: map[chan struct{}]struct{}{}}
			e.topics[full] = t
		}
		t.watchers[v.wake] = struct{}{}
		v.topics, v.seen = append(v.topics, t), append(v.seen, seen)
		e.mu.Unlock()
	}
	for i, t := range v.topics {
		if err := e.look(ctx, t); err != nil {
			e.leave(v)
			return nil, err
		}
		if v.seen[i] == "" {
			e.mu.Lock()
			v.seen[i] = t.version
			e.mu.Unlock()
		}
	}
	return v, nil
}

// admit refuses those who may not watch.
func (t Topic) admit(ctx context.Context, u accounts.User, key string) error {
	if !may(u, t.Roles) {
		return ErrForbidden
	}
	if t.May == nil {
		return nil
	}
	switch may, err := t.May(ctx, u, key); {
	case err != nil:
		return err
	case !may:
		return ErrNotFound
	}
	return nil
}

func (e *Events) leave(v *viewer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range v.topics {
		delete(t.watchers, v.wake)
		if full := t.kind.Name + ":" + t.key; len(t.watchers) == 0 && e.topics[full] == t {
			delete(e.topics, full)
		}
	}
}

// change is what is sent: the topic, and the version that it has now.
type change struct {
	Topic   string `json:"topic"`
	Version string `json:"version"`
}

// news is what has changed since the viewer was last told.
func (e *Events) news(v *viewer) []change {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []change
	for i, t := range v.topics {
		if t.version != v.seen[i] {
			v.seen[i] = t.version
			out = append(out, change{t.kind.Name + ":" + t.key, t.version})
		}
	}
	return out
}

// serveEvents is the live connection of one visible page.
func (s *Shell) serveEvents(q *Request) error {
	wanted := q.URL.Query()["topic"]
	if len(wanted) == 0 || len(wanted) > maxTopics {
		return ErrNotFound
	}
	v, err := s.events.join(q.Context(), q.User, wanted)
	if err != nil {
		return err
	}
	defer s.events.leave(v)
	q.w.Header().Set("Content-Type", "text/event-stream")
	q.w.Header().Set("X-Accel-Buffering", "no")
	q.w.WriteHeader(http.StatusOK)
	if q.Method != http.MethodHead { // its answer has no end that anybody could see
		s.stream(q, v)
	}
	return nil
}

// push sends a piece of an answer that goes on. The server's limit for whole
// answers is put off each time: this one lasts as long as the page is looked at.
func (q *Request) push(text string) error {
	control := http.NewResponseController(q.w)
	if err := control.SetWriteDeadline(time.Now().Add(pushTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := q.w.Write([]byte(text)); err != nil {
		return err
	}
	return control.Flush()
}

// stream sends changes and heart-beats until the page goes away, the server
// stops, or the session has ended. A write that fails means that nobody reads.
func (s *Shell) stream(q *Request, v *viewer) {
	beat := time.NewTicker(s.cfg.HeartBeat)
	defer beat.Stop()
	text := ": connected\n\n"
	for {
		for _, c := range s.events.news(v) {
			data, err := json.Marshal(c)
			if err != nil {
				panic(err) // two strings
			}
			text += "event: changed\ndata: " + string(data) + "\n\n"
		}
		if text != "" && q.push(text) != nil {
			return
		}
		text = ""
		select {
		case <-q.Context().Done():
			return
		case <-s.events.done:
			return
		case <-v.wake:
		case <-beat.C:
			if !s.stillSignedIn(q) {
				return
			}
			text = ": heart-beat\n\n"
		}
	}
}

// stillSignedIn looks at the session again, which may have ended elsewhere.
func (s *Shell) stillSignedIn(q *Request) bool {
	reload, ok := q.Context().Value(reloadKey).(reloadSession)
	if !ok {
		return false
	}
	ctx, err := reload()
	if err != nil {
		return true // the database is away for a moment; the next beat asks again
	}
	u, err := s.signedIn(q.WithContext(ctx))
	return err != nil || u.ID == q.User.ID
}

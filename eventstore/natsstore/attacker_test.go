package natsstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/natsserver/rights"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// outcome is what becomes of an attack.
type outcome string

const (
	// The history is as it was:
	forbidden outcome = "forbidden" // the user has no right; the server tells him so
	refused   outcome = "refused"   // the server answers no
	ignored   outcome = "ignored"   // nothing happens
	// The history is longer or shorter or another, or the log no longer works, and
	// this sees it:
	byConfiguration outcome = "configuration" // Store.CheckConfiguration
	byLog           outcome = "log"           // a reader of the log: a gap, or what is no commit
	byStream        outcome = "stream"        // whoever loads the stream: versions that do not follow
	byEnd           outcome = "end"           // the log ends before what was acknowledged
	byIdentity      outcome = "identity"      // it is another log
	byFeed          outcome = "feed"          // a feed that is open ends with an error, and is opened again
	byAppend        outcome = "append"        // the next append is refused
	// byNotary: no means of NATS sees it. What was sealed is no longer what is
	// stored, which the Merkle log sees.
	byNotary outcome = "notary"
)

// scene is a log with five commits on three streams, a store with the rights of
// the service, and a feed that has read all of them.
type scene struct {
	server   *natstest.Server
	store    *natsstore.Store
	spy      *nats.Conn // connection of the store, to see what it asks
	ids      []eventstore.StreamID
	heads    []eventstore.Head
	feed     eventstore.MessageFeed
	next     eventstore.Change // what the service will append, whose ids the attacker knows
	consumer string            // of the feed: the attacker knows both, as if he had guessed them
	inbox    string
	history  []eventstore.Message // as acknowledged
	identity eventstore.Identity
}

func newScene(t *testing.T, opts ...natstest.Option) *scene {
	t.Helper()
	server := natstest.New(t, opts...)
	s := &scene{server: server, store: openAs(t, server, rights.Service, natsstore.WithHeartbeat(200*time.Millisecond))}
	for range 3 {
		s.ids = append(s.ids, storetest.Stream())
		s.heads = append(s.heads, appendOne(t, s.store, s.ids[len(s.ids)-1], eventstore.Head{}))
	}
	for i := range 2 {
		s.heads[i] = appendOne(t, s.store, s.ids[i], s.heads[i])
	}
	var err error
	if s.identity, err = s.store.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.open(t)
	if err := s.drain(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	s.next = storetest.Change(s.ids[2], s.heads[2], "next")
	if s.history, err = s.messages(t.Context()); err != nil || len(s.history) != 5 {
		t.Fatalf("history: %d, %v", len(s.history), err)
	}
	return s
}

// open opens the feed, until the test ends.
func (s *scene) open(t *testing.T) {
	t.Helper()
	var err error
	if s.feed, err = s.store.Messages(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.feed.Close)
	s.consumer, s.inbox = natsstore.SecretsOf(s.feed)
}

// messages is the whole log as it is now.
func (s *scene) messages(ctx context.Context) ([]eventstore.Message, error) {
	end, err := s.store.End(ctx)
	if err != nil {
		return nil, err
	}
	var all []eventstore.Message
	err = eventstore.ReadMessages(ctx, s.store, 0, end, func(page []eventstore.Message) error {
		all = append(all, page...)
		return nil
	})
	return all, err
}

// intact reports that the log begins with the history, and whether there is more.
func (s *scene) intact(ctx context.Context) (intact, longer bool) {
	now, err := s.messages(ctx)
	if err != nil || len(now) < len(s.history) {
		return false, false
	}
	return slices.EqualFunc(s.history, now[:len(s.history)], func(a, b eventstore.Message) bool {
		return a.Position == b.Position && a.Subject == b.Subject && bytes.Equal(a.Body, b.Body)
	}), len(now) > len(s.history)
}

// detect is who sees that something is wrong. An append is tried only when
// nobody does: it waits for an answer where the log is gone.
func (s *scene) detect(ctx context.Context) []outcome {
	var seen []outcome
	see := func(o outcome, wrong bool) {
		if wrong {
			seen = append(seen, o)
		}
	}
	see(byConfiguration, errors.Is(s.store.CheckConfiguration(ctx), natsstore.ErrConfiguration))
	identity, err := s.store.Identity(ctx)
	see(byIdentity, err == nil && identity != s.identity)
	end, err := s.store.End(ctx)
	_, behind := s.store.Follow(ctx, s.history[len(s.history)-1].Position)
	see(byEnd, err == nil && end < s.history[len(s.history)-1].Position && errors.Is(behind, eventstore.ErrCorrupt))
	if err == nil {
		err = storetest.FollowTo(ctx, s.store, 0, end, func(eventstore.Commit) {})
		see(byLog, errors.Is(err, eventstore.ErrCorrupt))
	}
	for _, id := range s.ids {
		_, err := storetest.Read(ctx, s.store, id, eventstore.Head{})
		see(byStream, errors.Is(err, eventstore.ErrCorrupt))
	}
	if len(seen) > 0 {
		return seen
	}
	heads, err := s.store.Append(ctx, s.next)
	see(byAppend, err != nil)
	if err == nil {
		see(byFeed, s.drain(ctx, heads[0].Position) != nil && ctx.Err() == nil) // a feed that only waits sees nothing
	}
	return seen
}

// drain reads the open feed up to a position.
func (s *scene) drain(ctx context.Context, to eventstore.Position) error {
	for {
		page, err := s.feed.Next(ctx, 100)
		if err != nil || page[len(page)-1].Position >= to {
			return err
		}
	}
}

// later appends a commit to the first stream: it is acknowledged, and belongs to
// the history.
func (a *attacker) later() {
	a.t.Helper()
	if a.stopped() {
		return
	}
	a.heads[0] = appendOne(a.t, a.store, a.ids[0], a.heads[0])
	var err error
	if a.history, err = a.messages(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// attacker does what an attack says, and stops at the first no.
type attacker struct {
	*scene
	t         *testing.T
	nc        *nats.Conn
	forbidden bool
	no        error
}

func (a *attacker) stopped() bool { return a.forbidden || a.no != nil }

// send publishes a message and finds out whether that was allowed.
func (a *attacker) send(m *nats.Msg) bool {
	a.t.Helper()
	if a.stopped() {
		return false
	}
	if err := a.nc.PublishMsg(m); err != nil {
		a.t.Fatal(err)
	}
	if err := a.nc.Flush(); err != nil { // a refusal comes before the answer to it
		a.t.Fatal(err)
	}
	a.forbidden = errors.Is(a.nc.LastError(), nats.ErrPermissionViolation)
	return !a.forbidden
}

// request sends a message and waits for the answer.
func (a *attacker) request(m *nats.Msg) []byte {
	a.t.Helper()
	m.Reply = a.nc.NewInbox()
	sub, err := a.nc.SubscribeSync(m.Reply)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	if !a.send(m) {
		return nil
	}
	answer, err := sub.NextMsg(storetest.Patience)
	if err != nil {
		a.no = err
		return nil
	}
	var said struct {
		Error *struct{ Description string } `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &said); err == nil && said.Error != nil {
		a.no = errors.New(said.Error.Description)
	}
	return answer.Data
}

// ask asks JetStream; body is a text, or is made one.
func (a *attacker) ask(subject string, body any) []byte {
	a.t.Helper()
	return a.request(&nats.Msg{Subject: "$JS.API." + subject, Data: asText(a.t, body)})
}

// remake deletes the stream and makes it again. The server clears a deleted
// stream's folder away behind its answer, and may say meanwhile that it cannot
// make the store of the next: an attacker would try again.
func (a *attacker) remake(config map[string]any) {
	a.t.Helper()
	a.ask("STREAM.DELETE.HEARTH", nil)
	eventually(a.t, "the stream is made again, or that is refused", func() bool {
		a.ask("STREAM.CREATE.HEARTH", config)
		busy := a.no != nil && strings.HasPrefix(a.no.Error(), "error creating store for stream")
		if busy {
			a.no = nil
		}
		return !busy
	})
}

// replyTo asks JetStream to send its answer to a subject that the attacker may
// not publish on, and waits until the server has done so: a later request of the
// kind that the answer would be is answered.
func (a *attacker) replyTo(reply, subject, body string) {
	a.t.Helper()
	if a.send(&nats.Msg{Subject: "$JS.API." + subject, Reply: reply, Data: []byte(body)}) {
		a.ask("DIRECT.GET.HEARTH", `{"seq":1}`)
		a.ask("CONSUMER.DELETE.HEARTH.nobody", nil)
		a.no = nil // there is no such consumer, and no stream left when it worked
	}
}

// publish publishes an event, with names and values of headers.
func (a *attacker) publish(subject string, body []byte, header ...string) {
	a.t.Helper()
	m := nats.NewMsg(subject)
	m.Data = body
	for i := 0; i < len(header); i += 2 {
		m.Header.Set(header[i], header[i+1])
	}
	a.request(m)
}

func asText(t *testing.T, body any) []byte {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(body)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// config is the stream's configuration with some fields changed.
func (a *attacker) config(changes map[string]any) map[string]any {
	a.t.Helper()
	var info struct {
		Config map[string]any `json:"config"`
	}
	m, err := a.spy.Request("$JS.API.STREAM.INFO.HEARTH", nil, storetest.Patience)
	if err == nil {
		err = json.Unmarshal(m.Data, &info)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	for field, value := range changes {
		info.Config[field] = value
	}
	return info.Config
}

// update changes fields of the stream's configuration.
func update(changes map[string]any) func(*attacker) {
	return func(a *attacker) { a.ask("STREAM.UPDATE.HEARTH", a.config(changes)) }
}

// encoded is the body of a commit.
func encoded(t *testing.T, c eventstore.Change) []byte {
	t.Helper()
	body, err := storetest.Registry().Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// run carries an attack out and compares what becomes of it.
func (at attack) run(t *testing.T, who string, want outcome) {
	s := newScene(t, at.options(who)...)
	a := &attacker{scene: s, t: t}
	quiet := nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})
	s.spy = s.server.As(t, rights.Service, quiet)
	if who == admin {
		a.nc = s.server.Unlimited(t, quiet)
	} else {
		a.nc = s.server.As(t, rights.User(who), quiet)
	}
	at.do(a)
	ctx, cancel := context.WithTimeout(t.Context(), storetest.Patience)
	defer cancel()
	if want == byConfiguration {
		// What the server was made to ask of itself may not be done yet.
		eventually(t, "the configuration differs", func() bool { return errors.Is(s.store.CheckConfiguration(ctx), natsstore.ErrConfiguration) })
	}
	intact, longer := s.intact(ctx)
	seen := s.detect(ctx)
	if want == byFeed && !slices.Contains(seen, byFeed) && s.feed != nil {
		// What the attack sends may come behind what the feed was read for.
		if _, err := s.feed.Next(ctx, 1); err != nil && ctx.Err() == nil {
			seen = append(seen, byFeed)
		}
	}
	told := fmt.Sprintf("forbidden %v, answer %v, intact %v, longer %v, seen by %v", a.forbidden, a.no, intact, longer, seen)
	var ok bool
	switch want {
	case forbidden:
		ok = a.forbidden && intact && !longer && len(seen) == 0
	case refused:
		ok = !a.forbidden && a.no != nil && intact && !longer && len(seen) == 0
	case ignored:
		ok = !a.stopped() && intact && !longer && len(seen) == 0
	case byNotary:
		// A feed ends with its stream, is opened again, and finds nothing wrong.
		ok = !a.stopped() && !intact && (len(seen) == 0 || slices.Equal(seen, []outcome{byFeed}))
	default:
		ok = !a.stopped() && slices.Contains(seen, want)
	}
	if !ok {
		t.Errorf("want %s: %s", want, told)
	}
}

package natsstore_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/natsserver/rights"
	"hearth/eventstore"
	"hearth/eventstore/storetest"
)

// admin is whoever may do everything in the account of the stream and to whom
// nothing is closed: an operator of a NATS cluster that does not run with the
// configuration of hearth nats-config.
const admin = "admin"

// attack is something done to the log, and what becomes of it: for the three
// users of production on a server as it is in production, and for an admin.
type attack struct {
	name string
	why  string // why it ends as it does
	do   func(*attacker)

	provisioner, service, reader, admin outcome
}

func (attack) options(who string) []natstest.Option {
	if who == admin {
		return nil
	}
	return []natstest.Option{natstest.WithoutUnlimited()}
}

// TestAttacks carries out every attack as every user. None goes unseen. Where
// byNotary stands, no means of NATS is left, and the Merkle log has to see it.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, group := range [][]attack{deletions, configurations, forgeries, hijacks, detours} {
		for _, at := range group {
			for who, want := range map[string]outcome{
				string(rights.Provisioner): at.provisioner, string(rights.Service): at.service, string(rights.Reader): at.reader, admin: at.admin,
			} {
				t.Run(at.name+" by "+who, func(t *testing.T) {
					t.Parallel()
					at.run(t, who, want)
				})
			}
		}
	}
}

// deletions remove what is stored.
var deletions = []attack{
	{
		"delete a message", "no user has the right; deny_delete",
		func(a *attacker) { a.ask("STREAM.MSG.DELETE.HEARTH", `{"seq":2,"no_erase":true}`) },
		forbidden, forbidden, forbidden, refused,
	},
	{
		"erase a message", "no user has the right; deny_delete",
		func(a *attacker) { a.ask("STREAM.MSG.DELETE.HEARTH", `{"seq":2}`) },
		forbidden, forbidden, forbidden, refused,
	},
	{
		"purge all", "no user has the right; deny_purge",
		func(a *attacker) { a.ask("STREAM.PURGE.HEARTH", nil) },
		forbidden, forbidden, forbidden, refused,
	},
	{
		"purge a case", "no user has the right; deny_purge",
		func(a *attacker) {
			a.ask("STREAM.PURGE.HEARTH", map[string]any{"filter": a.ids[0].Subject()})
		},
		forbidden, forbidden, forbidden, refused,
	},
	{
		"purge up to a position", "no user has the right; deny_purge",
		func(a *attacker) { a.ask("STREAM.PURGE.HEARTH", `{"seq":4}`) },
		forbidden, forbidden, forbidden, refused,
	},
	{
		"roll up a case", "the service may publish, but the stream allows no roll-up",
		func(a *attacker) { a.publish(a.ids[0].Subject(), []byte("x"), "Nats-Rollup", "sub") },
		forbidden, refused, forbidden, refused,
	},
	{
		"roll up everything", "the service may publish, but the stream allows no roll-up",
		func(a *attacker) { a.publish(a.ids[0].Subject(), []byte("x"), "Nats-Rollup", "all") },
		forbidden, refused, forbidden, refused,
	},
	{
		"a message that expires", "the stream allows no times to live",
		func(a *attacker) { a.publish(a.ids[0].Subject(), []byte("x"), "Nats-TTL", "1s") },
		forbidden, refused, forbidden, refused,
	},
	{
		"delete the stream", "no user has the right; without it all is gone, and so is the configuration",
		func(a *attacker) { a.ask("STREAM.DELETE.HEARTH", nil) },
		forbidden, forbidden, forbidden, byConfiguration,
	},
	{
		"delete the stream and make it again", "the log has another id",
		func(a *attacker) {
			config := a.config(map[string]any{"metadata": map[string]string{"hearth-log": "another"}})
			a.remake(config)
		},
		forbidden, forbidden, forbidden, byIdentity,
	},
	{
		"make it again under the same id", "the log ends before what was acknowledged",
		func(a *attacker) {
			config := a.config(nil)
			a.remake(config)
		},
		forbidden, forbidden, forbidden, byEnd,
	},
	{
		"make it again with other events", "as long, contiguous, well-formed, of the same id: only the Merkle log knows what was there",
		func(a *attacker) {
			config := a.config(nil)
			a.remake(config)
			for _, m := range a.history {
				a.publish(m.Subject, []byte(strings.Replace(string(m.Body), `"a"`, `"b"`, 1)))
			}
		},
		forbidden, forbidden, forbidden, byNotary,
	},
	{
		"restore an earlier state", "no user has the right to snapshots; the log ends before what was acknowledged",
		func(a *attacker) {
			snapshot := a.snapshot()
			a.later()
			a.restore(snapshot)
		},
		forbidden, forbidden, forbidden, byEnd,
	},
	{
		"restore an earlier state and fill it up", "as long as it was: only the Merkle log knows what was there",
		func(a *attacker) {
			snapshot := a.snapshot()
			a.later()
			a.restore(snapshot)
			other := storetest.Change(storetest.Stream(), eventstore.Head{}, "false")
			a.publish(other.Stream.Subject(), encoded(a.t, other))
		},
		forbidden, forbidden, forbidden, byNotary,
	},
	{
		"purge the account", "heard from the system account only, which has no users",
		func(a *attacker) { a.tell("ACCOUNT.PURGE.HEARTH") },
		forbidden, forbidden, forbidden, ignored,
	},
	{
		"remove a replica", "no user has the right; there is but one here, and the interface is closed",
		func(a *attacker) { a.ask("STREAM.PEER.REMOVE.HEARTH", `{"peer":"hearth"}`) },
		forbidden, forbidden, forbidden, refused,
	},
	{
		"remove a server", "heard from the system account only, which has no users",
		func(a *attacker) { a.tell("SERVER.REMOVE") },
		forbidden, forbidden, forbidden, ignored,
	},
	{
		"move the leader", "no user has the right; heard from the system account only",
		func(a *attacker) { a.tell("META.LEADER.STEPDOWN") },
		forbidden, forbidden, forbidden, ignored,
	},
}

// configuration is an attack by STREAM.UPDATE. No user has the right; what an
// admin does is seen as soon as the watch looks.
func configuration(name string, changes map[string]any) attack {
	return attack{name, "no user has the right; the watch compares every field", update(changes), forbidden, forbidden, forbidden, byConfiguration}
}

// unchangeable is one that the server refuses to anybody.
func unchangeable(name string, changes map[string]any) attack {
	return attack{name, "no user has the right; the server does not change it in a stream that exists", update(changes), forbidden, forbidden, forbidden, refused}
}

type fields = map[string]any

// configurations change how the stream keeps what is stored.
var configurations = []attack{
	configuration("max_msgs", fields{"max_msgs": 2, "discard": "old"}),
	configuration("max_age", fields{"max_age": 1_000_000_000, "duplicate_window": 1_000_000_000}),
	configuration("max_msgs_per_subject", fields{"max_msgs_per_subject": 1, "discard": "old"}),
	configuration("max_bytes", fields{"max_bytes": 600, "discard": "old"}),
	configuration("max_msg_size", fields{"max_msg_size": 10}),
	configuration("retention by interest", fields{"retention": "interest"}),
	unchangeable("retention as a work queue", fields{"retention": "workqueue"}),
	configuration("sealed", fields{"sealed": true}),
	configuration("subjects removed", fields{"subjects": []string{"ev.none.*"}}),
	configuration("subjects added", fields{"subjects": []string{"ev.>", "other.>"}}),
	configuration("sources", fields{"sources": []fields{{"name": "OTHER"}}}),
	unchangeable("mirror", fields{"mirror": fields{"name": "OTHER"}, "subjects": nil}),
	configuration("republish", fields{"republish": fields{"src": "ev.>", "dest": "copy.>"}}),
	configuration("subject transform", fields{"subject_transform": fields{"src": "ev.*.*", "dest": "ev.{{wildcard(1)}}.x"}}),
	configuration("times to live", fields{"allow_msg_ttl": true}),
	unchangeable("roll-up", fields{"allow_rollup_hdrs": true}),
	configuration("no acknowledgements", fields{"no_ack": true, "allow_atomic": false}),
	configuration("no duplicates known", fields{"duplicate_window": 100_000_000}),
	configuration("no direct reads", fields{"allow_direct": false}),
	unchangeable("deny_delete off", fields{"deny_delete": false}),
	unchangeable("deny_purge off", fields{"deny_purge": false}),
	unchangeable("in memory", fields{"storage": "memory"}),
	unchangeable("written later (persist_mode)", fields{"persist_mode": "async", "allow_atomic": false}),
	configuration("the id of the log removed", fields{"metadata": fields{}}),
	{
		"made again and written later (persist_mode)", "the library knows no such field; the watch compares all that the server tells",
		func(a *attacker) {
			a.remake(a.config(fields{"persist_mode": "async", "allow_atomic": false}))
		},
		forbidden, forbidden, forbidden, byConfiguration,
	},
	{
		"the id of the log changed", "no user has the right; checkpoints of another log are refused",
		update(fields{"metadata": fields{"hearth-log": "another"}}),
		forbidden, forbidden, forbidden, byIdentity,
	},
	{
		"max_msgs there and back", "between two looks of the watch; but the messages are missing",
		func(a *attacker) {
			before := a.config(nil)
			a.ask("STREAM.UPDATE.HEARTH", a.config(fields{"max_msgs": 2, "discard": "old"}))
			a.ask("STREAM.UPDATE.HEARTH", before)
		},
		forbidden, forbidden, forbidden, byLog,
	},
}

// consumerWith makes a consumer.
func (a *attacker) consumerWith(name string, more fields) {
	a.t.Helper()
	config := fields{"name": name, "ack_policy": "none", "deliver_policy": "all", "replay_policy": "instant"}
	for k, v := range more {
		config[k] = v
	}
	a.ask("CONSUMER.CREATE.HEARTH."+name, fields{"stream_name": "HEARTH", "config": config})
}

// filter gives the consumer of the feed a filter.
func (a *attacker) filter(subjects ...string) {
	a.t.Helper()
	a.consumerWith(a.consumer, fields{
		"deliver_policy": "by_start_sequence", "opt_start_seq": 1, "mem_storage": true, "num_replicas": 1,
		"inactive_threshold": 60_000_000_000, "filter_subjects": subjects,
	})
}

// tell asks what is not answered.
func (a *attacker) tell(subject string) {
	a.t.Helper()
	a.send(&nats.Msg{Subject: "$JS.API." + subject})
}

// snapshot takes a copy of the stream.
func (a *attacker) snapshot() [][]byte {
	a.t.Helper()
	inbox := a.nc.NewInbox()
	sub, err := a.nc.SubscribeSync(inbox)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	a.ask("STREAM.SNAPSHOT.HEARTH", fields{"deliver_subject": inbox})
	var chunks [][]byte
	for !a.stopped() {
		m, err := sub.NextMsg(storetest.Patience)
		if err != nil {
			a.t.Fatal(err)
		}
		if len(m.Data) == 0 {
			return chunks
		}
		chunks = append(chunks, m.Data)
		if m.Reply == "" {
			continue
		}
		if err := m.Respond(nil); err != nil {
			a.t.Fatal(err)
		}
	}
	return nil
}

// restore puts a copy in the place of the stream.
func (a *attacker) restore(chunks [][]byte) {
	a.t.Helper()
	if a.stopped() {
		return
	}
	config := a.config(nil)
	a.ask("STREAM.DELETE.HEARTH", nil)
	var begun struct {
		Subject string `json:"deliver_subject"`
	}
	answer := a.ask("STREAM.RESTORE.HEARTH", fields{"config": config, "state": fields{}})
	if a.stopped() {
		return
	}
	if err := json.Unmarshal(answer, &begun); err != nil {
		a.t.Fatal(err)
	}
	for _, chunk := range append(chunks, nil) { // the empty one ends it
		a.request(&nats.Msg{Subject: begun.Subject, Data: chunk})
	}
	if a.no != nil {
		a.t.Fatal(fmt.Errorf("restore: %w", a.no))
	}
}

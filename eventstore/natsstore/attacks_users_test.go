package natsstore_test

import (
	"github.com/nats-io/nats.go"

	"hearth/eventstore"
	"hearth/eventstore/storetest"
)

// forgeries add what the service would not write. Whoever has its key can; no
// reader takes it for an event.
var forgeries = []attack{
	{
		"no event at all", "no reader gets past it",
		func(a *attacker) { a.publish(a.ids[0].Subject(), []byte("forged")) },
		forbidden, byLog, forbidden, byLog,
	},
	{
		"an event without its turn", "published without the expected position, its version does not follow",
		func(a *attacker) {
			a.publish(a.ids[0].Subject(), encoded(a.t, storetest.Change(a.ids[0], eventstore.Head{Version: 1}, "forged")))
		},
		forbidden, byStream, forbidden, byStream,
	},
	{
		"an event with a later version", "versions have no gaps",
		func(a *attacker) {
			a.publish(a.ids[0].Subject(), encoded(a.t, storetest.Change(a.ids[0], eventstore.Head{Version: 7}, "forged")))
		},
		forbidden, byStream, forbidden, byStream,
	},
	{
		"an event of another case", "an event names its stream",
		func(a *attacker) {
			a.publish(a.ids[0].Subject(), encoded(a.t, storetest.Change(a.ids[1], eventstore.Head{Version: 2}, "forged")))
		},
		forbidden, byLog, forbidden, byLog,
	},
	{
		"an event in the wrong place", "with an expected position, the server refuses it as it does a late one",
		func(a *attacker) {
			a.publish(a.ids[0].Subject(), encoded(a.t, storetest.Change(a.ids[0], eventstore.Head{Version: 2}, "forged")),
				"Nats-Expected-Last-Subject-Sequence", "1")
		},
		forbidden, refused, forbidden, refused,
	},
	{
		"a subject that is no case", "the service may only publish on a family and a case",
		func(a *attacker) { a.publish("ev.one.two.three", []byte("forged")) },
		forbidden, forbidden, forbidden, byLog,
	},
	{
		"a message id taken beforehand", "the server takes the service's message for a repetition; the stored one is compared, and is another",
		func(a *attacker) {
			taken := storetest.Change(a.ids[1], a.heads[1], "forged")
			a.publish(a.ids[1].Subject(), encoded(a.t, taken), "Nats-Msg-Id", a.next.Drafts[0].ID.String())
		},
		forbidden, byAppend, forbidden, byAppend,
	},
}

// hijacks use the consumers of others. Their names are random and nobody may
// list them; here the attacker knows them.
var hijacks = []attack{
	{
		"list the consumers", "no user has the right",
		func(a *attacker) { a.ask("CONSUMER.NAMES.HEARTH", nil) },
		forbidden, forbidden, forbidden, ignored,
	},
	{
		"read what our feed should get", "the consumer counts what it delivers; the feed misses one, ends, and is opened again",
		func(a *attacker) {
			a.open(a.t) // one that has not asked for anything yet: who asks first is served first
			a.ask("CONSUMER.MSG.NEXT.HEARTH."+a.consumer, `{"batch":1}`)
		},
		forbidden, byFeed, byFeed, byFeed,
	},
	{
		"delete our consumer", "the feed ends with an error and is opened again",
		func(a *attacker) { a.ask("CONSUMER.DELETE.HEARTH."+a.consumer, nil) },
		forbidden, byFeed, byFeed, byFeed,
	},
	{
		"a filter for our consumer", "what it leaves out is missing in the feed's count of positions",
		func(a *attacker) {
			a.filter(a.ids[0].Subject(), a.ids[2].Subject())
			if !a.stopped() {
				a.heads[1] = appendOne(a.t, a.store, a.ids[1], a.heads[1])
			}
		},
		forbidden, byFeed, byFeed, byFeed,
	},
	{
		"a filter that lets nothing through", "at a heart-beat the stream is asked whether there is really nothing",
		func(a *attacker) { a.filter("ev.none.none") },
		forbidden, byFeed, byFeed, byFeed,
	},
	{
		"pause our consumer", "no user has the right, and it is closed; at a heart-beat the stream is asked whether there is really nothing",
		func(a *attacker) {
			a.ask("CONSUMER.PAUSE.HEARTH."+a.consumer, `{"pause_until":"2099-01-01T00:00:00Z"}`)
		},
		forbidden, forbidden, forbidden, byFeed,
	},
	{
		"a consumer that writes events", "the server refuses a circle",
		func(a *attacker) { a.consumerWith("push", fields{"deliver_subject": "ev.a.b"}) },
		forbidden, refused, refused, refused,
	},
	{
		"a consumer that writes into our feed", "the subject of the feed is random; what comes is not next",
		func(a *attacker) { a.consumerWith("push", fields{"deliver_subject": a.inbox}) },
		forbidden, byFeed, byFeed, byFeed,
	},
	{
		"a consumer that deletes the stream", "it delivers only where somebody listens, and the interface is not taken for that; it is closed besides",
		func(a *attacker) {
			a.consumerWith("push", fields{"deliver_subject": "$JS.API.STREAM.DELETE.HEARTH", "headers_only": true})
		},
		forbidden, ignored, ignored, ignored,
	},
	{
		"a durable consumer that holds the stream", "nothing in the log depends on consumers",
		func(a *attacker) { a.consumerWith("durable", fields{"durable_name": "durable"}) },
		forbidden, ignored, ignored, ignored,
	},
}

const emptyAnswer = `{"seq":99}` // of a Direct Get

// detours ask for an answer to be sent where the user may not publish: the server
// sends it in its own name. An empty answer to STREAM.DELETE deletes the stream.
var detours = []attack{
	{
		"an empty answer to STREAM.DELETE", "closed to everybody; the reader's answers stay in his account. An open server obeys",
		func(a *attacker) {
			a.replyTo("$JS.API.STREAM.DELETE.HEARTH", "DIRECT.GET.HEARTH", emptyAnswer)
		},
		forbidden, ignored, ignored, byConfiguration,
	},
	{
		"the end of a pull to STREAM.DELETE", "closed to everybody; the reader's answers stay in his account. An open server obeys",
		func(a *attacker) {
			a.consumerWith("pull", fields{"deliver_policy": "new"})
			a.replyTo("$JS.API.STREAM.DELETE.HEARTH", "CONSUMER.MSG.NEXT.HEARTH.pull", `{"batch":1,"no_wait":true}`)
		},
		forbidden, ignored, ignored, byConfiguration,
	},
	{
		"a stored configuration to STREAM.UPDATE", "closed to everybody; an open server obeys, and the watch sees it",
		func(a *attacker) {
			a.publish(a.ids[0].Subject(), asText(a.t, a.config(fields{"max_msgs": 1, "discard": "old"})))
			a.replyTo("$JS.API.STREAM.UPDATE.HEARTH", "DIRECT.GET.HEARTH", `{"seq":6}`)
		},
		forbidden, byLog, forbidden, byConfiguration,
	},
	{
		"an empty answer as an event", "the service may publish that itself; the reader's answers stay in his account",
		func(a *attacker) { a.replyTo("ev.a.b", "DIRECT.GET.HEARTH", emptyAnswer) },
		forbidden, byLog, ignored, byLog,
	},
	{
		"the stream's state as an event", "the provisioner's answers stay in his account",
		func(a *attacker) {
			if a.send(&nats.Msg{Subject: "$JS.API.STREAM.INFO.HEARTH", Reply: "ev.a.b"}) {
				a.ask("STREAM.INFO.HEARTH", nil)
			}
		},
		ignored, byLog, ignored, byLog,
	},
	{
		"the answer to an append to STREAM.PURGE", "an acknowledgement names a position; but deny_purge, and closed to everybody",
		func(a *attacker) {
			if a.send(&nats.Msg{Subject: a.ids[0].Subject(), Reply: "$JS.API.STREAM.PURGE.HEARTH", Data: []byte("x")}) {
				a.ask("STREAM.INFO.HEARTH", nil)
			}
		},
		forbidden, byLog, forbidden, byLog,
	},
	{
		"a second stream", "the account has room for one",
		func(a *attacker) { a.ask("STREAM.CREATE.OTHER", `{"name":"OTHER","subjects":["other"]}`) },
		forbidden, forbidden, forbidden, ignored,
	},
	{
		"the stream made otherwise", "a stream that exists is not made again",
		func(a *attacker) {
			a.ask("STREAM.CREATE.HEARTH", a.config(fields{"max_msgs": 2, "discard": "old"}))
		},
		refused, forbidden, forbidden, refused,
	},
}

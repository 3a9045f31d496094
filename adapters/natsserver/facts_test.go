package natsserver

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// These tests pin what the event store relies on and the server's manual does
// not promise. When one fails after an upgrade, read the code that depends on
// it before changing the number here.

type streams = jetstream.JetStream

// answer is how the server answers a publish.
type answer struct {
	Seq       uint64 `json:"seq"`
	Duplicate bool   `json:"duplicate"`
	Count     int    `json:"count"`
	Error     struct {
		Code    int `json:"code"`
		ErrCode int `json:"err_code"`
	} `json:"error"`
}

// request publishes one message and waits for the answer.
func request(t *testing.T, conn *nats.Conn, header ...string) answer {
	t.Helper()
	reply, err := conn.RequestMsg(message(header...), limit)
	if err != nil {
		t.Fatalf("publish with %v: %v", header, err)
	}
	var got answer
	if len(reply.Data) > 0 {
		if err := json.Unmarshal(reply.Data, &got); err != nil {
			t.Fatalf("answer %q: %v", reply.Data, err)
		}
	}
	return got
}

// message is one on subject ev.a with names and values of headers.
func message(header ...string) *nats.Msg {
	msg := nats.NewMsg("ev.a")
	msg.Data = []byte("x")
	for i := 0; i < len(header); i += 2 {
		msg.Header.Set(header[i], header[i+1])
	}
	return msg
}

// batch publishes an atomic batch of size messages, the last of which commits
// and carries the headers given.
func batch(t *testing.T, conn *nats.Conn, id string, size int, header ...string) answer {
	t.Helper()
	for n := 1; n < size; n++ {
		if err := conn.PublishMsg(message("Nats-Batch-Id", id, "Nats-Batch-Sequence", strconv.Itoa(n))); err != nil {
			t.Fatal(err)
		}
	}
	return request(t, conn, append(header,
		"Nats-Batch-Id", id, "Nats-Batch-Sequence", strconv.Itoa(size), "Nats-Batch-Commit", "1")...)
}

const (
	msgID    = "Nats-Msg-Id"
	expected = "Nats-Expected-Last-Subject-Sequence"
)

// size is the number of messages in EV.
func size(t *testing.T, js streams) uint64 {
	t.Helper()
	stream, err := js.Stream(t.Context(), "EV")
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.State.Msgs
}

// An atomic batch has room for 1,000 messages.
func TestFactBatchLimit(t *testing.T) {
	t.Parallel()
	conn, js := connect(t, start(t, config(t.TempDir())))
	if got := batch(t, conn, "fits", 1000); got.Seq != 1000 || got.Count != 1000 {
		t.Errorf("batch of 1,000: got %+v", got)
	}
	if got := batch(t, conn, "large", 1001); got.Error.ErrCode != 10199 {
		t.Errorf("batch of 1,001: got %+v, want error 10199", got)
	}
	if got := size(t, js); got != 1000 {
		t.Errorf("stored: got %d, want 1000", got)
	}
}

// A stream takes 50 open batches at a time.
func TestFactOpenBatches(t *testing.T) {
	t.Parallel()
	conn, js := connect(t, start(t, config(t.TempDir())))
	for n := range 50 {
		if got := request(t, conn, "Nats-Batch-Id", fmt.Sprint(n), "Nats-Batch-Sequence", "1"); got.Error.ErrCode != 0 {
			t.Fatalf("batch %d: got %+v", n+1, got)
		}
	}
	got := request(t, conn, "Nats-Batch-Id", "more", "Nats-Batch-Sequence", "1")
	if got.Error.Code != 429 || got.Error.ErrCode != 10210 {
		t.Errorf("batch 51: got %+v, want error 429, 10210", got)
	}
	// Ending one makes room for the next.
	last := []string{"Nats-Batch-Sequence", "2", "Nats-Batch-Commit", "1"}
	if got := request(t, conn, append(last, "Nats-Batch-Id", "0")...); got.Count != 2 {
		t.Errorf("commit of the first batch: got %+v", got)
	}
	if got := batch(t, conn, "more", 2); got.Count != 2 || size(t, js) != 4 {
		t.Errorf("after it: got %+v", got)
	}
}

// There are four ways in which the server says "conflict", and one of them
// looks like success. Each stores nothing.
func TestFactConflicts(t *testing.T) {
	t.Parallel()
	conn, js := connect(t, start(t, config(t.TempDir())))
	if got := request(t, conn, msgID, "one", expected, "0"); got.Seq != 1 || got.Duplicate {
		t.Fatalf("first publish: got %+v", got)
	}
	cases := []struct {
		name      string
		publish   func() answer
		errCode   int
		duplicate bool
	}{
		{"unknown id, wrong sequence", func() answer { return request(t, conn, msgID, "two", expected, "0") }, 10071, false},
		{"known id, wrong sequence", func() answer { return request(t, conn, msgID, "one", expected, "0") }, 10071, false},
		{"known id, right sequence", func() answer { return request(t, conn, msgID, "one", expected, "1") }, 0, true},
		{"batch, wrong sequence", func() answer { return batch(t, conn, "b1", 1, expected, "0") }, 10071, false},
		{"batch, known id", func() answer { return batch(t, conn, "b2", 1, msgID, "one", expected, "1") }, 10201, false},
		{"batch, known id at its end", func() answer { return batch(t, conn, "b3", 3, msgID, "one") }, 10201, false},
	}
	for _, c := range cases {
		if got := c.publish(); got.Error.ErrCode != c.errCode || got.Duplicate != c.duplicate {
			t.Errorf("%s: got %+v, want error %d, duplicate %v", c.name, got, c.errCode, c.duplicate)
		}
		if got := size(t, js); got != 1 {
			t.Fatalf("%s: %d messages are stored, want 1", c.name, got)
		}
	}
	// The id of a message that was refused is still free.
	if got := request(t, conn, msgID, "two", expected, "1"); got.Seq != 2 || got.Duplicate {
		t.Errorf("after the conflicts: got %+v", got)
	}
}

// LameDuckShutdown does nothing, and says nothing, on a server without a port.
func TestFactLameDuckDoesNothing(t *testing.T) {
	t.Parallel()
	server := start(t, config(t.TempDir()))
	conn, _ := connect(t, server)
	server.nats.LameDuckShutdown()
	if !server.nats.Running() {
		t.Fatal("the server has stopped: halt may be simpler now")
	}
	if got := request(t, conn); got.Seq != 1 {
		t.Errorf("publish afterwards: got %+v", got)
	}
}

package natstest_test

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/natsserver/natstest"
)

func TestStartGivesAServerOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, conn := range []*nats.Conn{natstest.Start(t), natstest.Start(t, natstest.WithSync()), natstest.New(t).Unlimited(t)} {
		publishOne(t, conn)
	}
}

// publishOne fails unless the server is empty and stores a message.
func publishOne(t *testing.T, conn *nats.Conn) {
	t.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}}); err != nil {
		t.Fatal(err)
	}
	ack, err := js.Publish(t.Context(), "s.1", []byte("x"))
	if err != nil || ack.Sequence != 1 {
		t.Fatalf("first publish: got %+v, %v", ack, err)
	}
}

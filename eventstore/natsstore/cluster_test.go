package natsstore_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// freePorts finds ports for routes, which have to be known before the servers run.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

// cluster runs three servers that replicate to each other, and returns a
// connection to each.
func cluster(t *testing.T) []*nats.Conn {
	t.Helper()
	ports := freePorts(t, 3)
	var routes []*url.URL
	for _, port := range ports {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	var conns []*nats.Conn
	for i, port := range ports {
		ns, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("n%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT,
			JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, SyncAlways: true,
			Cluster: server.ClusterOpts{Name: "hearth", Host: "127.0.0.1", Port: port},
			Routes:  routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		ns.Start()
		t.Cleanup(func() {
			ns.Shutdown()
			ns.WaitForShutdown()
		})
		if !ns.ReadyForConnections(storetest.Patience) {
			t.Fatal("a server of the cluster does not start")
		}
		nc, err := nats.Connect(ns.ClientURL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		conns = append(conns, nc)
	}
	return conns
}

// replicated provisions the stream on three servers, which need a moment to
// elect their leaders, and opens a store through each.
func replicated(t *testing.T) []*natsstore.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), storetest.Patience)
	defer cancel()
	var stores []*natsstore.Store
	for _, nc := range cluster(t) {
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		err = context.DeadlineExceeded
		for err != nil && ctx.Err() == nil {
			attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
			err = natsstore.Provision(attempt, js, natsstore.Config{Replicas: 3})
			cancel()
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := natsstore.Open(ctx, nc, storetest.Registry())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		stores = append(stores, s)
	}
	return stores
}

// TestReplicated runs what depends on replication through all three servers:
// loads from replicas that lag, races that two servers see at once, and the
// global order.
func TestReplicated(t *testing.T) {
	t.Parallel()
	stores := replicated(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*storetest.Patience)
	defer cancel()
	total := eventstore.Position(0)

	// Own writes are seen, whichever replica answers.
	id, head := storetest.Stream(), eventstore.Head{}
	for n := range 200 {
		heads, err := stores[0].Append(ctx, storetest.Change(id, head, "a"))
		if err != nil {
			t.Fatal(err)
		}
		texts, err := storetest.Read(ctx, stores[0], id, eventstore.Head{})
		if err != nil || len(texts) != n+1 {
			t.Fatalf("after %d appends: %d events, %v", n+1, len(texts), err)
		}
		head = heads[0]
		total++
	}

	// One winner per version, over all servers, also for several streams.
	a, b := storetest.Stream(), storetest.Stream()
	var ha, hb eventstore.Head
	for v := range 50 {
		won := 0
		heads := make([][]eventstore.Head, 12)
		errs := crowd(12, func(w int) (err error) {
			changes := []eventstore.Change{storetest.Change(a, ha, fmt.Sprint(w)), storetest.Change(b, hb, fmt.Sprint(w))}
			heads[w], err = stores[w%3].Append(ctx, changes...)
			return err
		})
		for w, err := range errs {
			if err == nil {
				won++
				ha, hb = heads[w][0], heads[w][1]
			}
		}
		if won != 1 {
			t.Fatalf("version %d: %d winners: %v", v, won, errs)
		}
		total += 2
	}

	for i, s := range stores {
		n := eventstore.Position(0)
		if err := storetest.FollowTo(ctx, s, 0, total, func(eventstore.Commit) { n++ }); err != nil || n != total {
			t.Errorf("server %d: %d commits of %d, %v", i, n, total, err)
		}
	}
}

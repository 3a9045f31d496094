package onstore

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/bench/scoreboard/rig"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// childNode is a NATS server, alone or one of a cluster, until it is killed or told to stop.
func childNode(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("child-node", flag.ContinueOnError)
	name := flags.String("name", "", "name of the server")
	dir := flags.String("dir", "", "folder of the server")
	port := flags.Int("port", 0, "port for clients")
	monitor := flags.Int("monitor", 0, "port for monitoring")
	route := flags.Int("route", 0, "port for the other servers")
	others := flags.String("others", "", "ports of all servers for each other")
	if err := flags.Parse(args); err != nil {
		return err
	}
	options := &server.Options{
		ServerName: *name, Host: "127.0.0.1", Port: *port, JetStream: true, StoreDir: *dir, NoSigs: true, NoLog: true, SyncAlways: true,
	}
	if *monitor != 0 {
		options.HTTPHost, options.HTTPPort = "127.0.0.1", *monitor
	}
	if *others != "" {
		options.Cluster = server.ClusterOpts{Name: "hearth", Host: "127.0.0.1", Port: *route}
		for p := range strings.SplitSeq(*others, ",") {
			options.Routes = append(options.Routes, &url.URL{Scheme: "nats", Host: "127.0.0.1:" + p})
		}
	}
	ns, err := server.NewServer(options)
	if err != nil {
		return err
	}
	ns.Start()
	<-ctx.Done()
	ns.Shutdown()
	ns.WaitForShutdown()
	return nil
}

// nodes are the three servers of a cluster, each a process.
type nodes struct {
	env     *rig.Env
	dir     string
	clients []int // ports
	routes  []string
	running []*rig.Process
}

// FreePorts finds ports that nobody uses.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func startNodes(env *rig.Env) (*nodes, error) {
	dir, err := env.NewDir("cluster")
	if err != nil {
		return nil, err
	}
	ports, err := FreePorts(6)
	if err != nil {
		return nil, err
	}
	c := &nodes{env: env, dir: dir, clients: ports[:3], running: make([]*rig.Process, 3)}
	for _, p := range ports[3:] {
		c.routes = append(c.routes, strconv.Itoa(p))
	}
	for i := range c.running {
		if err := c.start(i); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func nodeName(i int) string { return "n" + strconv.Itoa(i) }

func (c *nodes) start(i int) (err error) {
	c.running[i], err = c.env.Start(nil, nil, c.env.Self, "child-node", "-name", nodeName(i), "-dir", filepath.Join(c.dir, nodeName(i)),
		"-port", strconv.Itoa(c.clients[i]), "-route", c.routes[i], "-others", strings.Join(c.routes, ","))
	return err
}

// stop ends what runs.
func (c *nodes) stop() {
	for _, p := range c.running {
		if p != nil {
			p.Kill()
		}
	}
}

// connect opens a connection that begins at one server and knows the others.
func (c *nodes) connect(ctx context.Context, first int) (nc *nats.Conn, err error) {
	var urls []string
	for i := range 3 {
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", c.clients[(first+i)%3]))
	}
	waitErr := rig.Until(ctx, "the server takes connections", func() bool {
		nc, err = nats.Connect(strings.Join(urls, ","), nats.DontRandomize(), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
		return err == nil
	})
	return nc, errors.Join(waitErr, err)
}

// replicated opens a store on three replicas, which first elect their leaders.
func replicated(ctx context.Context, nc *nats.Conn) (s *natsstore.Store, err error) {
	waitErr := rig.Until(ctx, "the cluster has a leader", func() bool {
		attempt, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		s, err = provisioned(attempt, nc, 3)
		return err == nil
	})
	return s, errors.Join(waitErr, err)
}

// status is the leader of the stream and whether all replicas have all of it.
func status(ctx context.Context, nc *nats.Conn) (leader int, current bool) {
	js, err := jetstream.New(nc)
	if err != nil {
		return -1, false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	stream, err := js.Stream(ctx, natsstore.StreamName)
	if err != nil || stream.CachedInfo().Cluster == nil {
		return -1, false
	}
	info := stream.CachedInfo().Cluster
	leader, err = strconv.Atoi(strings.TrimPrefix(info.Leader, "n"))
	if err != nil {
		return -1, false
	}
	current = len(info.Replicas) == 2
	for _, r := range info.Replicas {
		current = current && r.Current && !r.Offline
	}
	return leader, current
}

// LeaderKill kills the leader of three servers again and again under 16 writers,
// who come back until they know.
func LeaderKill(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	c, err := startNodes(env)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	res, ledger := &rig.Result{}, &storetest.Ledger{}
	load, err := c.load(ctx, ledger)
	if err != nil {
		return res, err
	}
	defer load.end()
	rounds := env.Rounds(1, 12)
	for res.Rounds = 1; res.Rounds <= rounds; res.Rounds++ {
		if err := c.killLeader(ctx, load); err != nil {
			return res, fmt.Errorf("round %d: %w", res.Rounds, err)
		}
	}
	res.Rounds = rounds
	silent, err := load.end()
	if err != nil {
		return res, err
	}
	res.Add("longest silence in ms", int(silent.Milliseconds()))
	return res, c.judge(ctx, load, ledger, res)
}

// judge reads the log when all servers are there again. A reader of a cluster
// that is still electing gets no answer, and asks again.
func (c *nodes) judge(ctx context.Context, load *clusterLoad, ledger *storetest.Ledger, res *rig.Result) error {
	var found storetest.Findings
	var err error
	waitErr := rig.Until(ctx, "the log can be read", func() bool {
		if _, current := status(ctx, load.conns[0]); !current {
			return false
		}
		found, err = ledger.Check(ctx, load.stores[0])
		return err == nil
	})
	if waitErr != nil {
		return errors.Join(waitErr, err)
	}
	count(res, found)
	return nil
}

// killLeader kills the leader while appends run, waits until they go on, and
// starts it again.
func (c *nodes) killLeader(ctx context.Context, load *clusterLoad) error {
	leader, current := -1, false
	err := rig.Until(ctx, "all replicas have everything", func() bool {
		leader, current = status(ctx, load.conns[0])
		return leader >= 0 && current
	})
	if err != nil {
		return err
	}
	if err := load.more(ctx, 500); err != nil {
		return err
	}
	c.running[leader].Kill()
	if err := load.more(ctx, 500); err != nil {
		return err
	}
	return c.start(leader)
}

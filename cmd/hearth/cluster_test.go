package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// natsNode is the life of a NATS server that is a process of its own: natsnode
// CONF NAME STORE CLIENT ROUTE MONITOR. What must differ on one machine comes on
// the command line.
func natsNode() {
	opts, err := server.ProcessConfigFile(os.Args[1])
	if err != nil {
		fatal(err)
	}
	opts.ServerName, opts.StoreDir, opts.NoSigs, opts.NoLog = os.Args[2], os.Args[3], true, true
	opts.Host, opts.Port = address(os.Args[4])
	opts.Cluster.Host, opts.Cluster.Port = address(os.Args[5])
	opts.HTTPHost, opts.HTTPPort = address(os.Args[6])
	srv, err := server.NewServer(opts)
	if err != nil {
		fatal(err)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go srv.Start()
	<-end
	srv.Shutdown()
	srv.WaitForShutdown()
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func address(text string) (string, int) {
	addr, err := net.ResolveTCPAddr("tcp", text)
	if err != nil {
		fatal(err)
	}
	return addr.IP.String(), addr.Port
}

// node is one server of a cluster.
type node struct {
	t       *testing.T
	args    []string
	monitor string
	cmd     *exec.Cmd
}

func (n *node) start() {
	n.t.Helper()
	n.cmd = exec.Command("natsnode", n.args...)
	n.cmd.Env, n.cmd.Stderr = append(os.Environ(), "HOSTNAME="+n.args[1]), os.Stderr
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) kill() {
	_ = n.cmd.Process.Kill() // it may have ended
	_ = n.cmd.Wait()         // it was killed
}

// leads reports whether the node is the leader of the stream.
func (n *node) leads() bool {
	resp, err := client.Get("http://" + n.monitor + "/jsz?streams=true&accounts=true")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var body struct {
		Accounts []struct {
			Streams []struct {
				Name    string
				Cluster struct{ Leader string }
			} `json:"stream_detail"`
		} `json:"account_details"`
	}
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&body) != nil {
		return false
	}
	for _, a := range body.Accounts {
		for _, s := range a.Streams {
			if s.Name == "HEARTH" && s.Cluster.Leader == n.args[1] {
				return true
			}
		}
	}
	return false
}

// processCluster runs three servers as processes from the configuration that
// hearth nats-config writes, and makes the stream with three replicas.
func processCluster(t *testing.T) (nodes []*node, env []string) {
	t.Helper()
	free := freeAddresses(t, 9)
	clients, routes, monitors := free[:3], free[3:6], free[6:]
	keys := filepath.Join(t.TempDir(), "nats")
	args := []string{"nats-config", keys}
	for _, addr := range routes {
		args = append(args, "--route", addr.String())
	}
	if r := hearth(t, nil, args...); r.code != 0 {
		t.Fatalf("nats-config: %+v", r)
	}
	var urls, watched []string
	for i := range 3 {
		n := &node{t: t, monitor: monitors[i].String(), args: []string{
			filepath.Join(keys, "nats.conf"), fmt.Sprintf("n%d", i), t.TempDir(), clients[i].String(), routes[i].String(), monitors[i].String(),
		}}
		n.start()
		t.Cleanup(n.kill)
		nodes = append(nodes, n)
		urls, watched = append(urls, "nats://"+clients[i].String()), append(watched, "http://"+n.monitor)
	}
	env = []string{
		"HEARTH_NATS_URL=" + strings.Join(urls, ","), "HEARTH_NATS_MONITOR=" + strings.Join(watched, ","), "HEARTH_NATS_REPLICAS=3",
		"HEARTH_NATS_NKEY=" + filepath.Join(keys, "service.nk"),
	}
	provisioner := "HEARTH_NATS_PROVISIONER_NKEY=" + filepath.Join(keys, "provisioner.nk")
	poll(t, "the stream is made", func() bool {
		return hearth(t, append(append([]string{}, env...), provisioner), "provision").code == 0
	})
	return nodes, env
}

// TestClusterLosesItsLeaderAndAnInstance: two instances on three servers, one of
// them writing each model. The leader of the stream is killed while programs
// register, then the instance that they talk to. Who asked is told that it was
// done, once, and stream, tree and archive agree in the end.
func TestClusterLosesItsLeaderAndAnInstance(t *testing.T) {
	t.Parallel()
	nodes, env := processCluster(t)
	env = append(append(env, startDatabase(t)...), "HEARTH_NOTARY_KEY="+filepath.Join(t.TempDir(), "keys", "notary.key"))
	instance := func() *service {
		return launch(t, append([]string{"HEARTH_STATE=" + filepath.Join(t.TempDir(), "state")}, env...), "--listen", "127.0.0.1:0")
	}
	first, second := instance(), instance()
	first.untilServing().untilReady()
	second.untilServing().untilReady()
	first.until("each model has one writer", func() bool { return eachModelHasOneWriter(first, second) })
	all := startTellers(t, first, 4)
	all.more(20)

	var leader *node
	poll(t, "the stream has a leader", func() bool {
		for _, n := range nodes {
			if n.leads() {
				leader = n
			}
		}
		return leader != nil
	})
	leader.kill()
	all.more(20)
	// With one server down, a command starts all the same.
	if r := hearth(t, append([]string{"HEARTH_STATE=" + filepath.Join(t.TempDir(), "state")}, env...), "user", "list"); r.code != 0 {
		t.Errorf("user list with one server down: %+v", r)
	}
	leader.start()
	all.more(20)

	all.base.Store(second.base)
	first.kill()
	second.until("it writes the models", func() bool { return modelStates(second)["live"] == len(newModels(nil, nil).catalogue) })
	all.more(20)
	all.end(second)
	verify := append([]string{"HEARTH_STATE=" + filepath.Join(t.TempDir(), "auditor")}, env...)
	if r := hearth(t, verify, "audit", "verify"); r.code != 0 || !strings.Contains(r.out, "一致:") {
		t.Errorf("verify: %+v", r)
	}
	if code, _ := second.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	t.Logf("%d registered, tries without an answer %v", len(all.answered), all.refused)
}

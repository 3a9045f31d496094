package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// authority signs certificates of the test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes the files name.pem and name.key.
func (a *authority) issue(t *testing.T, name string, cert *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert.SerialNumber = big.NewInt(time.Now().UnixNano())
	cert.Subject = pkix.Name{CommonName: name}
	cert.NotBefore, cert.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := cert, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, cert, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for ext, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: raw}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(a.dir, name+ext), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// freeAddresses finds ports for routes, which have to be known before the servers run.
func freeAddresses(t *testing.T, n int) []*net.TCPAddr {
	t.Helper()
	var free []*net.TCPAddr
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		free = append(free, l.Addr().(*net.TCPAddr))
	}
	return free
}

// generatedCluster runs three servers from the configuration that hearth
// nats-config writes, with TLS in both directions, and returns the folder of the
// keys and the environment of a hearth that is told of the servers.
func generatedCluster(t *testing.T) (keys string, env []string) {
	t.Helper()
	ca := newAuthority(t)
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	ca.issue(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: both})
	ca.issue(t, "hearth", &x509.Certificate{ExtKeyUsage: both[1:]})
	inside := freeAddresses(t, 3)
	keys = filepath.Join(t.TempDir(), "nats")
	args := []string{
		"nats-config", keys, "--server-name", "n", "--store", t.TempDir(), "--client-listen", "127.0.0.1:-1", "--monitor-listen", "127.0.0.1:-1",
		"--tls-cert", ca.file("server.pem"), "--tls-key", ca.file("server.key"), "--tls-ca", ca.file("ca.pem"),
	}
	for _, addr := range inside {
		args = append(args, "--route", addr.String())
	}
	if r := hearth(t, nil, args...); r.code != 0 {
		t.Fatalf("nats-config: %+v", r)
	}
	var urls, monitors []string
	for i, addr := range inside {
		srv := startGenerated(t, filepath.Join(keys, "nats.conf"), fmt.Sprintf("n%d", i), addr)
		urls, monitors = append(urls, srv.ClientURL()), append(monitors, "http://"+srv.MonitorAddr().String())
	}
	return keys, []string{
		"HEARTH_NATS_URL=" + strings.Join(urls, ","), "HEARTH_NATS_MONITOR=" + strings.Join(monitors, ","), "HEARTH_NATS_REPLICAS=3",
		"HEARTH_NATS_CA=" + ca.file("ca.pem"), "HEARTH_NATS_CERT=" + ca.file("hearth.pem"), "HEARTH_NATS_KEY=" + ca.file("hearth.key"),
	}
}

// startGenerated starts a server with the file; only what must differ on one
// machine is changed.
func startGenerated(t *testing.T, conf, name string, inside *net.TCPAddr) *server.Server {
	t.Helper()
	opts, err := server.ProcessConfigFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	if client := opts.TLSConfig.ClientAuth; !opts.SyncAlways || client != tls.RequireAndVerifyClientCert || opts.Cluster.Password == "" {
		t.Errorf("options: sync always %v, client certificates %v, cluster password %q", opts.SyncAlways, client, opts.Cluster.Password)
	}
	opts.ServerName, opts.StoreDir, opts.NoSigs, opts.NoLog = name, t.TempDir(), true, true
	opts.Cluster.Host, opts.Cluster.Port = inside.IP.String(), inside.Port
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(limit) {
		t.Fatal("the NATS server does not start")
	}
	return srv
}

// TestExternalClusterOfGeneratedConfiguration: from nats-config over provision to
// a service on three servers, with each key doing only what it is for.
func TestExternalClusterOfGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	keys, env := generatedCluster(t)
	env = append(append(env, startDatabase(t)...), "HEARTH_STATE="+filepath.Join(t.TempDir(), "state"))
	with := func(more ...string) []string { return append(append([]string{}, env...), more...) }
	service, provisioner := "HEARTH_NATS_NKEY="+filepath.Join(keys, "service.nk"), "HEARTH_NATS_PROVISIONER_NKEY="+filepath.Join(keys, "provisioner.nk")

	mustRefuse(t, hearth(t, with(), "provision"), "NATS 拒绝了连接")
	mustRefuse(t, hearth(t, with("HEARTH_NATS_CERT=", "HEARTH_NATS_KEY=", provisioner), "provision"), "连不上 NATS")
	mustRefuse(t, hearth(t, with(service), "provision"), "没有建立事件流的权限")
	poll(t, "the cluster has a leader and misses the stream", func() bool {
		r := hearth(t, with(service), "serve", "--listen", "127.0.0.1:0")
		return r.code == 1 && strings.Contains(r.err, "请先运行 hearth provision")
	})
	poll(t, "the stream is made", func() bool {
		r := hearth(t, with(provisioner), "provision")
		return r.code == 0 && strings.Contains(r.out, "事件流 HEARTH 已就绪,3 份副本")
	})
	if r := hearth(t, with(provisioner), "provision"); r.code != 0 {
		t.Errorf("provision again: %+v", r)
	}
	mustRefuse(t, hearth(t, with("HEARTH_NATS_REPLICAS=1", service), "doctor"), "num_replicas is 3, want 1")

	s := startWith(t, with(service), "--listen", "127.0.0.1:0").untilReady()
	caller(t, s).register("key-cluster-1")
	if r := hearth(t, with(service), "doctor"); !strings.Contains(r.out, "正常  事件流设置:与设计一致") || !strings.Contains(r.out, "正常  事件落盘:外部 NATS") {
		t.Errorf("doctor: %+v", r)
	}
	// The provisioner's key beside that of the service makes the stream at the start.
	if r := hearth(t, with(service, provisioner), "user", "list"); r.code != 0 || !strings.Contains(r.out, "caller") {
		t.Errorf("with both keys: %+v", r)
	}
	orderlyEnd(t, s, true)
}

// TestNATSConfigFiles: what is written, for whom, and that nothing is overwritten.
func TestNATSConfigFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nats")
	r := hearth(t, nil, "nats-config", dir)
	if r.code != 0 || !strings.Contains(r.out, "service.nk:写入和读取事件") || !strings.Contains(r.out, "provisioner.nk:只能建立事件流") || !strings.Contains(r.out, "reader.nk:只读") {
		t.Errorf("first: %+v", r)
	}
	read := func() map[string]string {
		texts := map[string]string{}
		for _, name := range []string{"nats.conf", "service.nk", "provisioner.nk", "reader.nk"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(text)
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v; want permissions 0600", name, info.Mode(), err)
			}
		}
		return texts
	}
	first := read()
	for name, seed := range first {
		if name != "nats.conf" && strings.Contains(first["nats.conf"], strings.TrimSpace(seed)) {
			t.Errorf("the seed %s is in nats.conf", name)
		}
	}
	mustRefuse(t, hearth(t, nil, "nats-config", dir), "已存在,不覆盖")
	if second := read(); fmt.Sprint(second) != fmt.Sprint(first) {
		t.Error("a refused command has changed files")
	}

	// Made anew, the configuration names the same users.
	if err := os.Remove(filepath.Join(dir, "nats.conf")); err != nil {
		t.Fatal(err)
	}
	if r := hearth(t, nil, "nats-config", dir); r.code != 0 || !strings.Contains(r.out, "沿用") {
		t.Errorf("again: %+v", r)
	}
	if third := read(); fmt.Sprint(third) != fmt.Sprint(first) {
		t.Error("the configuration made anew is another")
	}

	if err := os.WriteFile(filepath.Join(dir, "reader.nk"), []byte("no seed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "nats.conf")); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, hearth(t, nil, "nats-config", dir), "不是 NATS 用户密钥")
	mustRefuse(t, hearth(t, nil, "nats-config", dir, "--tls-cert", "x"), "要一起写")
	mustRefuse(t, hearth(t, nil, "nats-config", filepath.Join(dir, "service.nk", "below")), "不能写入")
	mustRefuse(t, hearth(t, nil, "provision"), "没有设 HEARTH_NATS_URL")
}

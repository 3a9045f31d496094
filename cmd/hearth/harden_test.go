package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/domain"
)

// fetch is an answer to a plain question.
func fetch(t *testing.T, c *http.Client, address string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// TestPrivateListener: what runs inside is told inside alone.
func TestPrivateListener(t *testing.T) {
	t.Parallel()
	s := start(t, newState(t)).untilReady()
	if _, text := fetch(t, client, s.base+"/readyz"); strings.TrimSpace(text) != `{"status":"ready"}` {
		t.Errorf("/readyz for everybody: %s", text)
	}
	if _, text := fetch(t, client, s.base+"/healthz"); strings.TrimSpace(text) != `{"status":"alive"}` {
		t.Errorf("/healthz for everybody: %s", text)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/jobs/backup", "/control"} {
		if answer, _ := fetch(t, client, s.base+path); answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s for everybody: %d", path, answer.StatusCode)
		}
	}
	var detail struct{ Models []struct{ Name string } }
	if _, text := fetch(t, client, s.inside+"/readyz"); json.Unmarshal([]byte(text), &detail) != nil || len(detail.Models) < 5 {
		t.Errorf("/readyz inside: %s", text)
	}
	for _, path := range []string{"/", "/sign-in", "/desk", "/api/v1/complaints", "/debug/pprof/"} {
		if answer, _ := fetch(t, client, s.inside+path); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s inside: %d", path, answer.StatusCode)
		}
	}
	fetch(t, client, s.base+"/api/v1/complaints")
	for range 70 { // without a token, more often than an address may
		fetch(t, client, s.base+"/api/v1/complaints")
	}
	answer, metrics := fetch(t, client, s.inside+"/metrics")
	for _, name := range []string{"hearth_projection_position", `hearth_requests_refused_total{kind="bad_token"}`, `hearth_requests_refused_total{kind="sign_in"} 0`, "go_goroutines"} {
		if !strings.Contains(metrics, name) {
			t.Errorf("/metrics lacks %s", name)
		}
	}
	if strings.Contains(metrics, `hearth_requests_refused_total{kind="bad_token"} 0`) {
		t.Error("nobody was refused who tried seventy times without a token")
	}
	if answer.Header.Get("Content-Security-Policy") == "" {
		t.Error("the private listener answers without the headers")
	}
	off := start(t, newState(t), "--private-listen", "off")
	if off.inside != "http://off" {
		t.Errorf("the private listener was turned off and is at %s", off.inside)
	}
	poll(t, "it is ready", func() bool { r, _ := fetch(t, client, off.base+"/readyz"); return r.StatusCode == http.StatusOK })
}

// TestTLS: with a certificate of its own, the service speaks HTTP/2, binds its
// cookie to the host, and refuses a private key that others can read.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key, pool := certificate(t)
	s := launch(t, nil, "--state", newState(t), "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key).untilServing()
	s.untilReady()
	base := strings.Replace(s.base, "http:", "https:", 1)
	c := &http.Client{Timeout: limit, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(c.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/sign-in", strings.NewReader("login=caller&password="+strings.ReplaceAll(password, " ", "+")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	cookies := slices.DeleteFunc(answer.Cookies(), func(c *http.Cookie) bool { return c.Name == "hearth_device" && c.Secure && c.HttpOnly })
	if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusSeeOther || len(cookies) != 1 || cookies[0].Name != "__Host-hearth" || !cookies[0].Secure || !cookies[0].HttpOnly ||
		answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("signed in over HTTP/%d: %d %v %v", answer.ProtoMajor, answer.StatusCode, cookies, answer.Header)
	}
	// The live connection over HTTP/2, which has other rules about deadlines.
	live, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/events?topic=cases:all", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range cookies {
		live.AddCookie(k)
	}
	stream, err := c.Do(live)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	first := make([]byte, len(": connected"))
	if _, err := io.ReadFull(stream.Body, first); err != nil || string(first) != ": connected" {
		t.Errorf("the live connection: %d %q %v", stream.StatusCode, first, err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--state", filepath.Join(t.TempDir(), "x"), "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key"}
	mustRefuse(t, hearth(t, nil, append(args, key)...), "chmod 600")
	mustRefuse(t, hearth(t, nil, append(args, cert)...), "别人也能")
	mustRefuse(t, hearth(t, nil, args[:len(args)-1]...), "要一起设")
}

// certificate makes one for this machine that its own pool vouches for.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hearth"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		mode := os.FileMode(0o600)
		if path == cert {
			mode = 0o644
		}
		if err := os.WriteFile(path, pem.EncodeToMemory(block), mode); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

// TestOpenKeyFiles: nothing starts on keys that all users of the machine can
// read or change.
func TestOpenKeyFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"notary/key", "vault/passphrase"} {
		state := newState(t)
		file := filepath.Join(state, name)
		for _, mode := range []os.FileMode{0o604, 0o644, 0o602, 0o620} {
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			mustRefuse(t, hearth(t, nil, "serve", "--state", state, "--listen", "127.0.0.1:0"), "chmod 600 "+file)
		}
		if err := os.Chmod(file, 0o640); err != nil { // a group of its own may read
			t.Fatal(err)
		}
		start(t, state).end()
	}
}

// TestStolenSession: with the stores that the program uses, the cookie and the
// token of somebody are worth nothing once the office has ended them.
func TestStolenSession(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	page := func(stolen string) reply {
		thief := (&inner{t: t, url: s.base}).visitor()
		return thief.ask("GET", "/desk", "", "", "Cookie", stolen)
	}
	take := func() (*insider, string) {
		b := onto(t, s, "caller", "")
		r := b.get("/desk")
		if r.status != http.StatusOK {
			t.Fatalf("the desk: %d", r.status)
		}
		at, err := url.Parse(s.base)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.http.Jar.Cookies(at) {
			return b, c.Name + "=" + c.Value
		}
		t.Fatal("no cookie")
		return nil, ""
	}
	gone := func(what, stolen string) {
		t.Helper()
		if r := page(stolen); r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), "/sign-in") {
			t.Errorf("after %s the stolen cookie opens the desk: %d %s", what, r.status, r.header.Get("Location"))
		}
	}
	b, stolen := take()
	if r := page(stolen); r.status != http.StatusOK {
		t.Fatalf("the stolen cookie at first: %d", r.status)
	}
	b.form("/sign-out")
	gone("the sign-out", stolen)

	_, stolen = take()
	cmd := exec.CommandContext(t.Context(), "hearth", "user", "password", "--state", state, "caller")
	cmd.Stdin = strings.NewReader(password + "\n") // even the same one ends what was open
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("change the password: %v %s", err, said)
	}
	gone("another password", stolen)

	_, stolen = take()
	program := onto(t, s, "", domain.RoleOperator)
	if r := program.get("/api/v1/complaints"); r.status != http.StatusOK {
		t.Fatalf("the token at first: %d", r.status)
	}
	if r := hearth(t, nil, "user", "disable", "--state", state, "caller"); r.code != 0 {
		t.Fatalf("disable: %s %s", r.out, r.err)
	}
	gone("disabling", stolen)
	if r := program.get("/api/v1/complaints"); r.status != http.StatusUnauthorized {
		t.Errorf("after disabling the token opens the list: %d", r.status)
	}
}

package natsserver

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"hearth/adapters/natsserver/rights"
)

// TestNobodyConnectsWithoutAKey: in this process and on the port of the loopback
// address, whoever has no key of this very start is refused.
func TestNobodyConnectsWithoutAKey(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.Listen = true
	earlier := start(t, config(t.TempDir()))
	server := start(t, cfg)
	stranger, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	for name, opt := range map[string]nats.Option{
		"no key":                 nats.Name("nobody"),
		"a name and a password":  nats.UserInfo("service", ""),
		"a stranger's key":       nats.Nkey(publicKey(stranger), stranger.Sign),
		"a key of another start": earlier.keys.option(rights.Service),
	} {
		conn, err := nats.Connect(server.URL(), opt)
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%s: got %v, want ErrAuthorization", name, err)
		}
		if err == nil {
			conn.Close()
		}
	}
	if got := refusal(t, server); !strings.Contains(got, "Authorization Violation") {
		t.Errorf("in process without a key: the server answers %q", got)
	}
}

// refusal is how the server answers a connection inside the process that brings
// no key. It speaks the protocol itself: nats.go loses the reason on a pipe.
func refusal(t *testing.T, server *Server) string {
	t.Helper()
	conn, err := server.InProcessConn()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewReader(conn)
	if info, err := lines.ReadString('\n'); err != nil || !strings.Contains(info, `"auth_required":true`) {
		t.Errorf("greeting %q, %v", info, err)
	}
	if _, err := conn.Write([]byte("CONNECT {}\r\n")); err != nil {
		t.Fatal(err)
	}
	answer, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestUsersConnect: each user with the key of the start, also over the port.
func TestUsersConnect(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	cfg.Listen = true
	server := start(t, cfg)
	for _, user := range rights.Users() {
		inProcess, err := server.Connect(user)
		if err != nil {
			t.Fatal(err)
		}
		inProcess.Close()
		overPort, err := nats.Connect(server.URL(), server.keys.option(user))
		if err != nil {
			t.Fatal(err)
		}
		overPort.Close()
	}
	if _, err := server.Connect("somebody"); err == nil || !strings.Contains(err.Error(), `no user "somebody"`) {
		t.Errorf("an unknown user: got %v", err)
	}
}

// TestAnswersAreOnesOwn: a user does not hear what others are answered.
func TestAnswersAreOnesOwn(t *testing.T) {
	t.Parallel()
	server := start(t, config(t.TempDir()))
	for _, user := range rights.Users() {
		for _, subject := range []string{"_INBOX.>", ">", "ev.>", "$JS.>", "$JS.EVENT.>", "$SYS.>", "_INBOX.service.>", "_INBOX.reader.>"} {
			conn, err := server.Connect(user)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.SubscribeSync(subject); err != nil {
				t.Fatal(err)
			}
			if err := conn.Flush(); err != nil { // the refusal comes before the answer to it
				t.Fatal(err)
			}
			refused := errors.Is(conn.LastError(), nats.ErrPermissionViolation)
			if own := subject == user.Inbox()+".>"; refused == own {
				t.Errorf("%s listens on %s: %v", user, subject, conn.LastError())
			}
			conn.Close()
		}
	}
}

// TestEarlierLogIsTakenOver: a folder from before there were accounts is opened
// with all that is in it, once; two logs in one folder are refused.
func TestEarlierLogIsTakenOver(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	first := start(t, cfg)
	_, js := connect(t, first)
	if _, err := js.Publish(t.Context(), "ev.test", []byte("x")); err != nil {
		t.Fatal(err)
	}
	stop(t, first)
	folder := func(account string) string { return filepath.Join(cfg.StoreDir, "jetstream", account) }
	if err := os.Rename(folder("HEARTH"), folder("$G")); err != nil {
		t.Fatal(err)
	}

	for range 2 {
		server := start(t, cfg)
		_, js = connect(t, server)
		if got := stored(t, js, 1); got != "x" {
			t.Errorf("after the move: got %q, want x", got)
		}
		stop(t, server)
	}

	if err := os.CopyFS(folder("$G"), os.DirFS(folder("HEARTH"))); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), cfg); !errors.Is(err, ErrTwoLogs) || !strings.Contains(err.Error(), folder("$G")) {
		t.Errorf("two logs: got %v, want ErrTwoLogs and where they are", err)
	}
}

// A stream that an account already has is found at the next start, whoever looks.
func TestRestartKeepsTheStreamOfTheAccount(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	first := start(t, cfg)
	provision := func(server *Server) error {
		conn, err := server.Connect(rights.Provisioner)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		js, err := jetstream.New(conn)
		if err != nil {
			t.Fatal(err)
		}
		_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: rights.Stream, Subjects: []string{"ev.>"}, MaxMsgs: int64(len(server.keys))})
		return err
	}
	if err := provision(first); err != nil {
		t.Fatal(err)
	}
	stop(t, first)
	if _, err := os.Stat(filepath.Join(cfg.StoreDir, "jetstream", "HEARTH", "streams", "HEARTH")); err != nil {
		t.Error(err)
	}
	second := start(t, cfg)
	if err := provision(second); err != nil {
		t.Errorf("the same stream again: %v", err)
	}
}

package natsserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"go.uber.org/goleak"
)

// publishEnv makes this test binary a process that publishes to a server in the
// folder it names until it is killed.
const publishEnv = "HEARTH_TEST_PUBLISH"

// limit is how long anything here may take. It is long because a test machine
// can be busy, and costs nothing when all goes well.
const limit = time.Minute

func TestMain(m *testing.M) {
	if dir := os.Getenv(publishEnv); dir != "" {
		fmt.Println("ended:", publish(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// publish is the life of the process that a test kills. It says which message
// was acknowledged only after it was.
func publish(dir string) error {
	ctx := context.Background()
	server, err := Start(ctx, config(dir))
	if err != nil {
		return err
	}
	conn, err := unlimited(server)
	if err != nil {
		return err
	}
	js, err := open(ctx, conn)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		ack, err := js.Publish(ctx, "ev.test", fmt.Append(nil, n))
		if err != nil {
			return err
		}
		fmt.Println("acknowledged", ack.Sequence, n)
	}
}

// everything is the key of the user without limits.
var everything = func() nkeys.KeyPair {
	pair, err := nkeys.CreateUser()
	if err != nil {
		panic(err)
	}
	return pair
}()

func publicKey(pair nkeys.KeyPair) string {
	public, err := pair.PublicKey()
	if err != nil {
		panic(err)
	}
	return public
}

func config(dir string) Config {
	return Config{StoreDir: dir, Unlimited: publicKey(everything), Logger: slog.New(slog.DiscardHandler)}
}

// unlimited opens a connection that may do everything.
func unlimited(server *Server) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(server), nats.Nkey(publicKey(everything), everything.Sign))
}

// open makes the stream EV when it is missing.
func open(ctx context.Context, conn *nats.Conn) (jetstream.JetStream, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "EV", Subjects: []string{"ev.>"}, AllowDirect: true, AllowAtomicPublish: true,
	})
	return js, err
}

// start starts a server that is stopped with the test, if it was not before.
func start(t testing.TB, cfg Config) *Server {
	t.Helper()
	server, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t testing.TB, server *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// connect opens a connection and the stream EV.
func connect(t testing.TB, server *Server) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	conn, err := unlimited(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := open(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return conn, js
}

// acknowledged is what the other process told of one message.
type acknowledged struct {
	seq  uint64
	body string
}

// killAfter runs the publishing process in dir, kills it after n messages, and
// answers with all that it had acknowledged by then.
func killAfter(t *testing.T, dir string, n int) []acknowledged {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), publishEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acks []acknowledged
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // a half line is an acknowledgement that nobody heard
		}
		if err != nil {
			t.Fatal(err)
		}
		var ack acknowledged
		if _, err := fmt.Sscanf(line, "acknowledged %d %s\n", &ack.seq, &ack.body); err != nil {
			t.Fatalf("the other process says %q", line)
		}
		if acks = append(acks, ack); len(acks) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	return acks
}

package blocks_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"hearth/adapters/natsserver/blocks"
	"hearth/eventstore/natsstore"
)

// publishEnv makes this test binary a process that publishes to a server in the
// folder it names until it is killed.
const publishEnv = "HEARTH_TEST_BLOCKS"

const limit = time.Minute

func TestMain(m *testing.M) {
	if dir := os.Getenv(publishEnv); dir != "" {
		fmt.Println("ended:", publishForEver(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

func publishForEver(dir string) error {
	ctx := context.Background()
	s, err := serve(ctx, dir, decided)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		m := message(n, 300)
		ack, err := s.js.PublishMsg(ctx, m)
		if err != nil {
			return err
		}
		fmt.Println("acknowledged", ack.Sequence)
	}
}

// server is a running one with a stream. It has no users, so that a test may do
// to the stream what nobody may in production.
type server struct {
	nats *natsd.Server
	conn *nats.Conn
	js   jetstream.JetStream
}

// provision makes the stream; decided is what production has.
type provision func(context.Context, jetstream.JetStream) error

func decided(ctx context.Context, js jetstream.JetStream) error {
	return natsstore.Provision(ctx, js, natsstore.Config{})
}

// changed is decided but for one change. The server makes blocks of 32 kB for a
// stream that may take few bytes.
func changed(change func(*jetstream.StreamConfig)) provision {
	return func(ctx context.Context, js jetstream.JetStream) error {
		cfg := jetstream.StreamConfig{
			Name: natsstore.StreamName, Subjects: []string{"ev.>"}, Storage: jetstream.FileStorage, Replicas: 1,
			Discard: jetstream.DiscardNew, DenyDelete: true, DenyPurge: true, AllowDirect: true, AllowAtomicPublish: true,
		}
		change(&cfg)
		_, err := js.CreateOrUpdateStream(ctx, cfg)
		return err
	}
}

var smallBlocks = changed(func(c *jetstream.StreamConfig) { c.MaxBytes = 127_000 })

func serve(ctx context.Context, dir string, make provision) (*server, error) {
	ns, err := natsd.NewServer(&natsd.Options{
		JetStream: true, StoreDir: dir, SyncAlways: os.Getenv(publishEnv) != "", DontListen: true, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, err
	}
	ns.Start()
	conn, err := nats.Connect("", nats.InProcessServer(ns))
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	return &server{ns, conn, js}, make(ctx, js)
}

func start(t testing.TB, dir string, make provision) *server {
	t.Helper()
	s, err := serve(t.Context(), dir, make)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	return s
}

func (s *server) stop(t testing.TB) {
	t.Helper()
	s.conn.Close()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}

// message is the n-th message, of about size bytes, with headers like those of
// the event store.
func message(n, size int) *nats.Msg {
	m := nats.NewMsg(fmt.Sprintf("ev.test.%d", n%7))
	m.Header["Content-Type"] = []string{"application/json"}
	m.Header["Nats-Msg-Id"] = []string{fmt.Sprintf("id-%d", n)}
	m.Data = fmt.Appendf(nil, `{"n":%d,"text":"%s"}`, n, bytes.Repeat([]byte("事"), size/3))
	return m
}

func (s *server) publish(t testing.TB, msgs ...*nats.Msg) {
	t.Helper()
	for _, m := range msgs {
		if _, err := s.js.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// batch publishes messages as one atomic batch.
func (s *server) batch(t testing.TB, id string, msgs ...*nats.Msg) {
	t.Helper()
	for i, m := range msgs {
		m.Header["Nats-Batch-Id"] = []string{id}
		m.Header["Nats-Batch-Sequence"] = []string{strconv.Itoa(i + 1)}
		if i < len(msgs)-1 {
			if err := s.conn.PublishMsg(m); err != nil {
				t.Fatal(err)
			}
			continue
		}
		m.Header["Nats-Batch-Commit"] = []string{"1"}
		answer, err := s.conn.RequestMsg(m, limit)
		if err != nil || bytes.Contains(answer.Data, []byte(`"error"`)) {
			t.Fatalf("batch: %s, %v", answer.Data, err)
		}
	}
}

// stored is a message as the server delivers it, or as a scan visits it. Header
// and body are those bytes.
type stored struct {
	Position uint64    `json:"seq"`
	At       time.Time `json:"time"`
	Subject  string    `json:"subject"`
	Header   []byte    `json:"hdrs"`
	Body     []byte    `json:"data"`
}

// delivered reads the whole stream from the server, message by message and with
// nothing added to the headers, as a direct get would.
func (s *server) delivered(t testing.TB) []stored {
	t.Helper()
	stream, err := s.js.Stream(t.Context(), natsstore.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	var all []stored
	for n := uint64(1); n <= stream.CachedInfo().State.LastSeq; n++ {
		reply, err := s.conn.Request("$JS.API.STREAM.MSG.GET."+natsstore.StreamName, fmt.Appendf(nil, `{"seq":%d}`, n), limit)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Message stored }
		if err := json.Unmarshal(reply.Data, &answer); err != nil || answer.Message.Position != n {
			t.Fatalf("message %d: %s, %v", n, reply.Data, err)
		}
		all = append(all, answer.Message)
	}
	return all
}

// visited makes a scan collect what it visits.
func visited(all *[]stored) func(blocks.Message) error {
	return func(m blocks.Message) error {
		*all = append(*all, stored{m.Position, m.StoredAt, m.Subject, bytes.Clone(m.RawHeader), bytes.Clone(m.Body)})
		return nil
	}
}

// folder is the only folder of the stream below a store folder.
func folder(t testing.TB, store string) string {
	t.Helper()
	dirs, err := blocks.Find(store, natsstore.StreamName)
	if err != nil || len(dirs) != 1 {
		t.Fatalf("folders of the stream: %v, %v", dirs, err)
	}
	return dirs[0]
}

func scan(t testing.TB, dir string, o blocks.Options) blocks.Report {
	t.Helper()
	r, err := blocks.Scan(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// scanClean scans, wants nothing wrong, and wants exactly these messages.
func scanClean(t testing.TB, dir string, want []stored) blocks.Report {
	t.Helper()
	r := scanWant(t, dir, "clean", want, uint64(len(want)))
	if r.Damaged() || r.Torn != nil {
		t.Errorf("damages %+v, torn %+v", r.Damages, r.Torn)
	}
	if r.First != 1 || r.Last != uint64(len(want)) || r.Messages != r.Last {
		t.Errorf("report: %+v", r)
	}
	return r
}

// killAfter runs the publishing process in dir, kills it after n messages, and
// answers with the last position it had acknowledged by then.
func killAfter(t *testing.T, dir string, n int) uint64 {
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
	var last uint64
	for lines, count := bufio.NewReader(out), 0; ; {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if _, err := fmt.Sscanf(line, "acknowledged %d\n", &last); err != nil {
			t.Fatalf("the other process says %q", line)
		}
		if count++; count == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	return last
}

// copyOf is a copy of a folder that a test may damage.
func copyOf(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(dir))
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

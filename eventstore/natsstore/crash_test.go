package natsstore_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"hearth/adapters/natsserver"
	"hearth/adapters/natsserver/rights"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// childDir tells this binary that it is the child of TestKill, and where to work.
const childDir = "HEARTH_TEST_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := appendUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// serve runs a server on a folder that outlives it, as production does: every
// write is synced. The returned function stops it.
func serve(ctx context.Context, dir string) (*natsstore.Store, func() error, error) {
	server, err := natsserver.Start(ctx, natsserver.Config{StoreDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	maker, err := server.Connect(rights.Provisioner)
	if err != nil {
		return nil, nil, err
	}
	defer maker.Close()
	if err := provision(ctx, maker); err != nil {
		return nil, nil, err
	}
	nc, err := server.Connect(rights.Service)
	if err != nil {
		return nil, nil, err
	}
	store, err := natsstore.Open(ctx, nc, storetest.Registry())
	if err != nil {
		return nil, nil, err
	}
	return store, func() error {
		store.Close()
		nc.Close()
		return server.Stop(context.WithoutCancel(ctx))
	}, nil
}

// appendUntilKilled writes with 16 writers and says on its output, line by line,
// what was acknowledged.
func appendUntilKilled(dir string) error {
	ctx := context.Background()
	s, _, err := serve(ctx, dir)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			ids := []eventstore.StreamID{storetest.Stream(), storetest.Stream()}
			heads := make([]eventstore.Head, 2)
			for n := 0; ; n++ {
				changes := []eventstore.Change{
					storetest.Change(ids[0], heads[0], "a", "b"), storetest.Change(ids[1], heads[1], "c"),
				}
				changes = changes[:1+(n+w)%2]
				got, err := s.Append(ctx, changes...)
				if err != nil {
					return
				}
				copy(heads, got)
				for i, head := range got {
					line := fmt.Sprintf("%s %d %d\n", ids[i].Case, head.Version, head.Position)
					if _, err := os.Stdout.WriteString(line); err != nil {
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// TestKill kills a process with its server in the middle of its writes, three
// times on one folder. What was acknowledged is there, once, at the position
// that was told; the log has no gap; no append over two streams is torn.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]eventstore.Head{} // the last head of each stream
	for round := range 3 {
		killInTheMiddle(t, dir, acknowledged)
		verify(t, dir, acknowledged)
		t.Logf("round %d: %d streams", round, len(acknowledged))
	}
}

func killInTheMiddle(t *testing.T, dir string, acknowledged map[string]eventstore.Head) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == 500 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		var kase string
		var head eventstore.Head
		if _, err := fmt.Sscan(lines.Text(), &kase, &head.Version, &head.Position); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		acknowledged[kase] = head
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child was not killed: %v", err)
	}
}

// verify opens the folder again and compares the log with what was acknowledged.
func verify(t *testing.T, dir string, acknowledged map[string]eventstore.Head) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), storetest.Patience)
	defer cancel()
	s, stop, err := serve(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	end, err := s.End(ctx)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[eventstore.Head]bool{}
	versions := map[string]uint64{}
	commands := map[string]int{}
	err = storetest.FollowTo(ctx, s, 0, end, func(c eventstore.Commit) {
		kase := c.Stream.Case
		for _, ev := range c.Events {
			if versions[kase]++; ev.Version != versions[kase] {
				t.Errorf("%s: version %d, want %d", kase, ev.Version, versions[kase])
			}
			commands[ev.ID.String()]++
		}
		if found[kase] == nil {
			found[kase] = map[eventstore.Head]bool{}
		}
		found[kase][eventstore.Head{Version: versions[kase], Position: c.Position}] = true
	})
	if err != nil {
		t.Fatal(err)
	}
	for kase, head := range acknowledged {
		if !found[kase][head] {
			t.Errorf("%s: acknowledged head %+v is not in the log", kase, head)
		}
	}
	for id, n := range commands {
		if n != 1 {
			t.Errorf("event %s is stored %d times", id, n)
		}
	}
}

// blocks are the files in which the stopped server keeps the messages.
func blocks(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", natsstore.StreamName, "msgs", "*.blk"))
	if err != nil || len(files) == 0 {
		t.Fatalf("block files in %s: %v, %v", dir, files, err)
	}
	return files
}

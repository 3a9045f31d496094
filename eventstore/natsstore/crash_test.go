package natsstore_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"hearth/adapters/natsserver"
	"hearth/adapters/natsserver/rights"
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
	return storetest.Load{Writers: 16, Told: func(t storetest.Told) {
		fmt.Fprintln(os.Stdout, t)
	}}.Run(ctx, s)
}

// TestKill kills a process with its server in the middle of its writes, three
// times on one folder. What was acknowledged is there, once, at the position
// that was told; the log has no gap; no append over two streams is torn.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ledger storetest.Ledger
	for round := range 3 {
		killInTheMiddle(t, dir, &ledger)
		verify(t, dir, &ledger)
		t.Logf("round %d: %d commits acknowledged", round, ledger.Len())
	}
}

func killInTheMiddle(t *testing.T, dir string, ledger *storetest.Ledger) {
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
		told, err := storetest.ParseTold(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		ledger.Note(told)
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child was not killed: %v", err)
	}
}

// verify opens the folder again and compares the log with what was acknowledged.
func verify(t *testing.T, dir string, ledger *storetest.Ledger) {
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
	found, err := ledger.Check(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if !found.Whole() || found.Acknowledged == 0 {
		t.Errorf("after the kill: %+v", found)
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

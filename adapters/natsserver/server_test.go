package natsserver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hearth/adapters/natsserver/rights"
)

func TestRestartKeepsMessages(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	first := start(t, cfg)
	_, js := connect(t, first)
	if _, err := js.Publish(t.Context(), "ev.test", []byte("x")); err != nil {
		t.Fatal(err)
	}
	stop(t, first)
	stop(t, first) // again: nothing happens
	if err := first.Close(); err != nil {
		t.Errorf("close after stop: %v", err)
	}

	_, js = connect(t, start(t, cfg))
	if got := stored(t, js, 1); got != "x" {
		t.Errorf("after a restart: got %q, want x", got)
	}
}

// stored is the body of a message of EV.
func stored(t *testing.T, js streams, seq uint64) string {
	t.Helper()
	stream, err := js.Stream(t.Context(), "EV")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetMsg(t.Context(), seq)
	if err != nil {
		t.Fatalf("message %d: %v", seq, err)
	}
	return string(msg.Data)
}

// A process killed in the middle of publishing has lost nothing that it was
// told is stored, and what it left does not hinder the next start.
//
// This does not show that a power cut loses nothing: the kernel still has what
// a killed process wrote. That is what TestSyncAlways is for.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acks []acknowledged
	for range 3 {
		acks = append(acks, killAfter(t, dir, 100)...)
	}
	_, js := connect(t, start(t, config(dir)))
	for i, ack := range acks {
		if i > 0 && ack.seq <= acks[i-1].seq {
			t.Fatalf("position %d was given twice", ack.seq)
		}
		if got := stored(t, js, ack.seq); got != ack.body {
			t.Fatalf("message %d: got %q, want %q", ack.seq, got, ack.body)
		}
	}
}

func TestSyncAlways(t *testing.T) {
	t.Parallel()
	for unsafe, want := range map[bool]bool{false: true, true: false} {
		for _, limit := range []int64{0, 64 << 20} { // the server has a path of its own for each
			cfg := config(t.TempDir())
			cfg.UnsafeNoSync, cfg.MaxMemory, cfg.MaxStore = unsafe, limit, limit
			server := start(t, cfg)
			if got := server.SyncAlways(); got != want {
				t.Errorf("UnsafeNoSync=%v, limits %d: SyncAlways is %v", unsafe, limit, got)
			}
			info, err := server.nats.Jsz(nil)
			if err != nil {
				t.Fatal(err)
			}
			if info.Config.SyncAlways != want {
				t.Errorf("UnsafeNoSync=%v, limits %d: the server says sync_always=%v", unsafe, limit, info.Config.SyncAlways)
			}
			if limit > 0 && (info.Config.MaxMemory != limit || info.Config.MaxStore != limit) {
				t.Errorf("limits: got %d and %d, want %d", info.Config.MaxMemory, info.Config.MaxStore, limit)
			}
		}
	}
}

func TestSecondInstanceIsRefused(t *testing.T) {
	t.Parallel()
	cfg := config(t.TempDir())
	first := start(t, cfg)
	_, err := Start(t.Context(), cfg)
	if !errors.Is(err, ErrInUse) {
		t.Fatalf("second start: got %v, want ErrInUse", err)
	}
	for _, part := range []string{cfg.StoreDir, strconv.Itoa(os.Getpid())} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal does not name %s: %v", part, err)
		}
	}
	stop(t, first)
	start(t, cfg)
}

func TestNothingListensUnlessAsked(t *testing.T) {
	t.Parallel()
	if url := start(t, config(t.TempDir())).URL(); url != "" {
		t.Errorf("a server listens at %s", url)
	}
	cfg := config(t.TempDir())
	cfg.Listen = true
	url := start(t, cfg).URL()
	if !strings.HasPrefix(url, "nats://127.0.0.1:") {
		t.Errorf("address: %q", url)
	}
}

// A start that cannot succeed says why and gives the folder back.
func TestFailedStart(t *testing.T) {
	t.Parallel()
	if _, err := Start(t.Context(), Config{}); err == nil {
		t.Error("without a folder: no error")
	}
	cfg := config(t.TempDir())
	obstacle := filepath.Join(cfg.StoreDir, "jetstream")
	if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Errorf("with a file in the way: got %v", err)
	}
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ended, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: got %v", err)
	}
	start(t, cfg)
}

func TestStopEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := start(t, config(t.TempDir()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Stop(ended); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want nil or Canceled", err)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { stop(t, server) })
	}
	all.Wait()
	if _, err := server.Connect(rights.Service); err == nil {
		t.Error("a stopped server takes a connection")
	}
}

// A recovery that takes time says so every two seconds.
func TestRecoveryIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		started := make(chan struct{})
		time.AfterFunc(5*time.Second, func() { close(started) })
		if err := awaitStart(t.Context(), started, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(log.String(), "nats server is recovering"); got != 2 {
			t.Errorf("in five seconds it was told %d times:\n%s", got, &log)
		}
	})
}

func TestLogGoesToSlog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cfg := config(t.TempDir())
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	stop(t, start(t, cfg))
	for _, part := range []string{"component=nats", "Server is ready", "Server Exiting"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %q:\n%s", part, &log)
		}
	}
}

func BenchmarkStartAndClose(b *testing.B) {
	cfg := config(b.TempDir())
	for b.Loop() {
		server, err := Start(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := server.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

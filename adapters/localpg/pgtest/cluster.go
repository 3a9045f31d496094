package pgtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"hearth/adapters/dirlock"
	"hearth/adapters/localpg"
	"hearth/eventstore/vault"
	"hearth/projections/archive"
)

// kind tells the clusters of one process apart.
type kind int

const (
	relaxed kind = iota
	synced
	kinds
)

// shared is the cluster of one kind that all tests of this process use.
type shared struct {
	once    sync.Once
	dir     string
	lock    *dirlock.Lock // on dir, for as long as this process lives
	cluster *localpg.Cluster
	err     error
}

// clusters is the one mutable variable here: the tests of a process have
// nothing else in common that could hold it.
var clusters [kinds]shared

// startLimit bounds the start of a cluster, also when many test processes start
// theirs at once.
const startLimit = 2 * time.Minute

// dsnOf is the address of the cluster, which is started when it is the first
// time that somebody asks.
func dsnOf(ctx context.Context, use kind) (*url.URL, error) {
	s := &clusters[use]
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startLimit)
		defer cancel()
		s.err = s.start(ctx, use)
	})
	if s.err != nil {
		return nil, s.err
	}
	return url.Parse(s.cluster.DSN())
}

// start copies the template and starts a cluster on the copy.
func (s *shared) start(ctx context.Context, use kind) error {
	root, err := place(use)
	if err != nil {
		return err
	}
	if err := s.reserve(ctx, root); err != nil {
		return err
	}
	s.cluster, err = localpg.Start(ctx, config(s.dir, use))
	return err
}

// reserve makes a folder with a fresh copy of the template. The test processes
// do it one after the other, and each removes what ended ones left.
func (s *shared) reserve(ctx context.Context, root string) error {
	turn, err := awaitTurn(ctx, root)
	if err != nil {
		return err
	}
	defer turn.Release()
	sweep(root)
	template, err := ensureTemplate(ctx, root)
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp(root, "run-"); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	if s.lock, err = dirlock.Try(s.dir, ownerFile); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "cp", "-a", template+"/.", s.dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy the template: %w: %s", err, out)
	}
	return nil
}

// ownerFile is locked by the process that uses a folder.
const ownerFile = "owner.lock"

// awaitTurn waits for the other test processes that are about to start theirs.
func awaitTurn(ctx context.Context, root string) (*dirlock.Lock, error) {
	for {
		turn, err := dirlock.Acquire(ctx, root, "turn.lock")
		if !errors.Is(err, dirlock.ErrHeld) {
			return turn, err
		}
	}
}

// sweep removes the folders of processes that have ended. What cannot be
// removed yet, because postgres is just shutting down in it, is left to the
// next one.
func sweep(root string) {
	runs, _ := filepath.Glob(filepath.Join(root, "run-*")) // the pattern is well formed
	for _, run := range runs {
		if lock, err := dirlock.Try(run, ownerFile); err == nil {
			_ = os.RemoveAll(run)
			_ = lock.Release()
		}
	}
}

// ensureTemplate makes a cluster that has never been used, once per version of
// PostgreSQL and of what is set up in it: initdb takes longer than all the rest.
func ensureTemplate(ctx context.Context, root string) (string, error) {
	version, err := localpg.Installed(ctx, "")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(setupSQL()))
	template := filepath.Join(root, fmt.Sprintf("template-%s-%x", version, sum[:4]))
	if _, err := os.Stat(template); err == nil {
		return template, nil
	}
	fresh := template + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", fmt.Errorf("remove a template that was not finished: %w", err)
	}
	cluster, err := localpg.Start(ctx, config(fresh, relaxed))
	if err != nil {
		return "", err
	}
	if err := cluster.Stop(ctx); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, template); err != nil {
		return "", fmt.Errorf("keep the template: %w", err)
	}
	return template, nil
}

// model is the database that was set up as that of an installation. Nobody
// connects to it, so that it can be copied.
const model = "hearth"

func setupSQL() string { return archive.SetupSQL("") + vault.SetupSQL("") }

// allowCopies lets the application's role copy a database that it does not own.
const allowCopies = "alter database " + model + " with is_template true;\n"

// config is the cluster's. The tests of a process run in parallel and have
// pools of their own, so they need more connections than a server does.
func config(dir string, use kind) localpg.Config {
	cfg := localpg.Config{
		Dir: dir, Database: model, AllowCreateDB: true, Logger: slog.New(slog.DiscardHandler),
		Setup:  setupSQL() + allowCopies,
		Params: map[string]string{"max_connections": "300", "shared_buffers": "64MB"},
	}
	if use == relaxed {
		cfg.Params["fsync"] = "off"
		cfg.Params["synchronous_commit"] = "off"
		cfg.Params["full_page_writes"] = "off"
	}
	return cfg
}

// stopLimit bounds the stop of all clusters.
const stopLimit = time.Minute

// stopAll ends the clusters of this process and removes their folders.
func stopAll() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	var errs []error
	for i := range clusters {
		if s := &clusters[i]; s.cluster != nil {
			errs = append(errs, s.cluster.Stop(ctx), os.RemoveAll(s.dir), s.lock.Release())
		}
	}
	return errors.Join(errs...)
}

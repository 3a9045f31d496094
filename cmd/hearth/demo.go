package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"hearth/cmd/hearth/demo"
	"hearth/domain/complaint"
	"hearth/eventstore"
)

// demoProgress is in the state folder while demo cases are being loaded. A load
// that was interrupted goes on where it was, as of the day on which it began.
type demoProgress struct {
	Begun time.Time `json:"begun"`
	Steps int       `json:"steps"` // that are stored
	file  string
}

func readDemoProgress(state string) (p demoProgress, under bool, err error) {
	p.file = filepath.Join(state, "demo.json")
	text, err := os.ReadFile(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, false, fmt.Errorf("%s: %w", p.file, err)
	}
	return p, true, nil
}

// write replaces the file in one step: a crash leaves the old one, and the steps
// that it does not count are not stored twice.
func (p demoProgress) write() error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(p.file+".new", p.file)
}

// hasCases reports whether a case was ever registered. Units and users are on
// record before.
func (a *App) hasCases(ctx context.Context) (bool, error) {
	for rec, err := range eventstore.After(ctx, a.store, 0) {
		if err != nil {
			return false, fmt.Errorf("look for cases: %w", err)
		}
		if rec.Stream.Family == complaint.Family {
			return true, nil
		}
	}
	return false, nil
}

// loadDemo makes the demo accounts, and the demo cases in an empty register.
func (a *App) loadDemo(ctx context.Context, state string) error {
	users, err := a.accounts.SeedDemo(ctx)
	if err != nil {
		return err
	}
	p, under, err := readDemoProgress(state)
	if err != nil {
		return err
	}
	if !under {
		if some, err := a.hasCases(ctx); err != nil || some {
			return err
		}
		p.Begun = time.Now()
	}
	if err := errors.Join(os.MkdirAll(state, 0o700), p.write()); err != nil {
		return err
	}
	slog.InfoContext(ctx, "loading the demo cases", "steps_done", p.Steps)
	t := newTerminal()
	defer t.endProgress()
	err = demo.Load(ctx, a.casework, users, p.Begun, p.Steps, func(done, total int) error {
		t.Progress(progress{Label: "载入演示案件", Done: int64(done), Total: int64(total)})
		p.Steps = done
		return p.write()
	})
	if err != nil {
		return err
	}
	return os.Remove(p.file)
}

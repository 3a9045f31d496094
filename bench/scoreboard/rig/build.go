package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Break replaces a text in a source file, to build a program that is known to be
// bad. A text that is not there exactly once is an error: the sources have moved
// on, and the known-bad build would be a good one.
type Break struct {
	File, Old, New string
}

// Hearth builds cmd/hearth as it is.
func (e *Env) Hearth(ctx context.Context) (string, error) {
	return e.Build(ctx, "hearth", "./cmd/hearth")
}

// Build builds a program, once, with the sources broken as told.
func (e *Env) Build(ctx context.Context, name, pkg string, breaks ...Break) (string, error) {
	return Shared(e, "build "+name, func() (string, error) {
		path := filepath.Join(e.Dir, "bin", name)
		if err := e.build(ctx, path, pkg, breaks); err != nil {
			return "", fmt.Errorf("build %s: %w", name, err)
		}
		return path, nil
	})
}

func (e *Env) build(ctx context.Context, path, pkg string, breaks []Break) error {
	args := []string{"-C", e.Root, "build", "-o", path}
	if len(breaks) > 0 {
		overlay, err := e.overlay(breaks)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	_, err := e.Must(ctx, "", "go", append(args, pkg)...)
	return err
}

// CheckBreaks says whether the sources can still be broken as told.
func (e *Env) CheckBreaks(breaks ...Break) error {
	_, err := e.overlay(breaks)
	return err
}

// overlay writes the broken files beside the sources, which stay as they are.
func (e *Env) overlay(breaks []Break) (string, error) {
	dir, err := e.NewDir("overlay")
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for i, b := range breaks {
		original := filepath.Join(e.Root, b.File)
		source := original
		if earlier, ok := replace[original]; ok {
			source = earlier
		}
		text, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}
		if n := strings.Count(string(text), b.Old); n != 1 {
			return "", fmt.Errorf("%s has %q %d times, not once", b.File, b.Old, n)
		}
		broken := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(broken, []byte(strings.Replace(string(text), b.Old, b.New, 1)), 0o600); err != nil {
			return "", err
		}
		replace[original] = broken
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

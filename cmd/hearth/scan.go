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
	"strings"
	"time"

	"hearth/adapters/natsserver/blocks"
	"hearth/adapters/sealing"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/notary"
	"hearth/projections/archive"
)

// natsDir is where the embedded server keeps the stream.
func (c config) natsDir() string { return filepath.Join(c.State, "nats") }

// asideDir is where damaged files are kept.
func (c config) asideDir() string { return filepath.Join(c.State, "set-aside") }

// damage is what was found in the files of the stream. It stands in a file until
// hearth repair has mended it: the server changes the files when it starts on
// them, and might leave nothing to be found the next time.
type damage struct {
	Text  string    `json:"text"`
	Aside string    `json:"aside"` // the files as they were found
	At    time.Time `json:"at"`
}

func (c config) damageFile() string { return filepath.Join(c.State, "damage.json") }

// found reads what an earlier start has found, nil when there is nothing.
func (c config) found() (*damage, error) {
	text, err := os.ReadFile(c.damageFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var d damage
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", c.damageFile(), err)
	}
	return &d, nil
}

// scanBlocks looks at the files of the embedded stream before the server may
// touch them: it would cut damaged blocks without a word. What is damaged is
// copied aside first; then the log is closed for writing, and reading goes on.
func (a *App) scanBlocks(ctx context.Context) error {
	if a.cfg.Log != "" {
		return nil // the stream is made anew
	}
	known, err := a.known(ctx)
	if err != nil {
		return err
	}
	if a.damage, err = a.cfg.found(); err != nil || a.damage != nil {
		return err
	}
	report, dir, err := scanStream(ctx, a.cfg, known)
	if errors.Is(err, blocks.ErrNoStream) {
		if known == 0 {
			return nil // a new state folder
		}
		return a.keepDamage(damage{Text: "事件流的文件夹不见了"})
	}
	if err != nil {
		return fmt.Errorf("scan the event files: %w", err)
	}
	if report.Torn != nil {
		// What a crash leaves of a write that nobody was told is done.
		aside, err := blocks.SetAside(dir, []string{report.Torn.File}, a.cfg.asideDir())
		slog.WarnContext(ctx, "an unfinished write at the end of the log is left to the server", "bytes", report.Torn.Bytes, "position", report.Torn.Position, "aside", aside, "err", err)
	}
	if text := damageText(report, known); text != "" {
		aside, err := setAsideWhole(dir, a.cfg.asideDir())
		if err != nil {
			return fmt.Errorf("set the damaged event files aside: %w", err)
		}
		return a.keepDamage(damage{Text: text, Aside: aside})
	}
	return nil
}

// known is how far the log must reach: what was sealed, and what the archive has.
// An archive that is itself damaged, or of another log, says nothing here; its
// own status does.
func (a *App) known(ctx context.Context) (uint64, error) {
	size, err := sealing.Known(ctx, a.pool, a.sealingOptions())
	if err != nil {
		return 0, err
	}
	if end, err := archive.NewReader(a.pool).End(ctx); err == nil {
		size = max(size, int64(end))
	}
	return uint64(size), nil
}

// scanStream scans the one folder of the stream below the state folder.
func scanStream(ctx context.Context, cfg config, known uint64) (blocks.Report, string, error) {
	dirs, err := blocks.Find(cfg.natsDir(), natsstore.StreamName)
	if err != nil {
		return blocks.Report{}, "", err
	}
	if len(dirs) != 1 {
		return blocks.Report{}, "", fmt.Errorf("%w: %d folders", blocks.ErrNoStream, len(dirs))
	}
	report, err := blocks.Scan(ctx, dirs[0], blocks.Options{Known: known})
	return report, dirs[0], err
}

// damageText tells the damage that concerns what was acknowledged. Behind that a
// power cut may leave a torn write of which a later part reached the disk.
func damageText(report blocks.Report, known uint64) string {
	var texts []string
	for _, d := range report.Damages {
		if d.From <= known || d.From == 0 {
			texts = append(texts, d.Text)
		}
	}
	const most = 5
	if n := len(texts); n > most {
		texts = append(texts[:most], fmt.Sprintf("……共 %d 处", n))
	}
	return strings.Join(texts, ";")
}

// setAsideWhole copies all files of the stream: a server that starts on damaged
// ones may change the others too.
func setAsideWhole(dir, into string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var files []string
	for _, e := range entries {
		files = append(files, e.Name())
	}
	return blocks.SetAside(dir, files, into)
}

// keepDamage notes what was found, so that it is not forgotten.
func (a *App) keepDamage(d damage) error {
	slog.Error("the event files are damaged", "text", d.Text, "aside", d.Aside)
	a.damage = &d
	return a.cfg.noteDamage(d)
}

func (c config) noteDamage(d damage) error {
	d.At = time.Now().UTC()
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return notary.WriteFile(c.damageFile(), text)
}

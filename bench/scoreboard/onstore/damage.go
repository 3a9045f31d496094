package onstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hearth/bench/scoreboard/rig"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/storetest"
)

// Damage is one way in which files of a stopped server go bad.
type Damage struct {
	Name string
	// Do damages the folder of the messages. older is a copy of it from before.
	Do func(r *rand.Rand, msgs, older string) error
}

// Damages are all of them.
func Damages() []Damage {
	return []Damage{
		{"bit flipped", func(r *rand.Rand, msgs, _ string) error { return onBlock(r, msgs, flip) }},
		{"bit flipped, index lost", func(r *rand.Rand, msgs, _ string) error {
			return errors.Join(onBlock(r, msgs, flip), os.Remove(filepath.Join(msgs, "index.db")))
		}},
		{"cut short", func(r *rand.Rand, msgs, _ string) error { return onBlock(r, msgs, truncate) }},
		{"block removed", func(r *rand.Rand, msgs, _ string) error {
			return onBlock(r, msgs, func(_ *rand.Rand, file string, _ int64) error { return os.Remove(file) })
		}},
		{"older copy restored", func(_ *rand.Rand, msgs, older string) error {
			if err := os.RemoveAll(msgs); err != nil {
				return err
			}
			return os.CopyFS(msgs, os.DirFS(older))
		}},
		{"older copy of the last block restored", lastBlock},
	}
}

// onBlock does something to one of the block files.
func onBlock(r *rand.Rand, msgs string, do func(*rand.Rand, string, int64) error) error {
	files, err := blocks(msgs)
	if err != nil {
		return err
	}
	file := files[r.IntN(len(files))]
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return do(r, file, info.Size())
}

// blocks are the files that hold messages, oldest first.
func blocks(msgs string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(msgs, "*.blk"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no block files in %s", msgs)
	}
	number := func(file string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".blk"))
		return n
	}
	slices.SortFunc(files, func(a, b string) int { return number(a) - number(b) })
	return files, err
}

func flip(r *rand.Rand, file string, size int64) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	at, b := r.Int64N(size), make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		return err
	}
	b[0] ^= 1 << r.IntN(8)
	_, err = f.WriteAt(b, at)
	return err
}

func truncate(r *rand.Rand, file string, size int64) error { return os.Truncate(file, r.Int64N(size)) }

// lastBlock puts an older copy in the place of the block that was written last
// when the copy was made.
func lastBlock(_ *rand.Rand, msgs, older string) error {
	files, err := blocks(older)
	if err != nil {
		return err
	}
	last := files[len(files)-1]
	data, err := os.ReadFile(last)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(msgs, filepath.Base(last)), data, 0o600)
}

// Messages is the folder of the messages of a server.
func Messages(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", natsstore.StreamName, "msgs"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("no stream %s in %s", natsstore.StreamName, dir)
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// DamageSeen damages the files of a stopped server, starts it, and reads: the
// readers must stop with an error.
func DamageSeen(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return damageSeen(ctx, env, env.Self, env.Rounds(2, 20))
}

// DamageUnchecked shows that the rig of DamageSeen bites: a reader that does not
// look whether positions follow each other must be seen to read past the damage.
func DamageUnchecked(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	bad, err := env.Build(ctx, "scoreboard-unchecked", "./bench/scoreboard", UncheckedReader())
	if err != nil {
		return nil, err
	}
	res, err := damageSeen(ctx, env, bad, env.Rounds(1, 3))
	return Caught(res, err, "not seen")
}

// UncheckedReader makes a reader that does not look whether positions follow
// each other.
func UncheckedReader() rig.Break {
	return rig.Break{File: "eventstore/natsstore/feed.go", Old: "if pos != f.last+1 {", New: "if pos <= f.last {"}
}

func damageSeen(ctx context.Context, env *rig.Env, reader string, seeds int) (*rig.Result, error) {
	good, err := fill(ctx, env)
	if err != nil {
		return nil, err
	}
	res := &rig.Result{}
	if said, err := good.read(ctx, env, reader, good.dir); err != nil || said != "whole" {
		return res, fmt.Errorf("the undamaged log reads as %q: %w", said, err)
	}
	for seed := range uint64(seeds) {
		for _, d := range Damages() {
			res.Rounds++
			said, err := good.damaged(ctx, env, reader, d, rand.New(rand.NewPCG(seed, 1)))
			if err != nil {
				return res, fmt.Errorf("%s, seed %d: %w", d.Name, seed, err)
			}
			if said == "damaged" {
				res.Add(d.Name+" seen", 1)
				continue
			}
			res.Add("not seen", 1)
			res.Problem("%s, seed %d: the reader says %q", d.Name, seed, said)
		}
	}
	res.Add("not seen", 0)
	return res, nil
}

// filled is the folder of a stopped server with some block files.
type filled struct {
	dir   string
	older string // a copy of its messages from before
	end   uint64
}

// fill writes about 20 MB in two runs of a server.
func fill(ctx context.Context, env *rig.Env) (filled, error) {
	dir, err := env.NewDir("damage")
	if err != nil {
		return filled{}, err
	}
	f := filled{dir: dir, older: dir + "-older"}
	ledger := &storetest.Ledger{}
	for run := range 2 {
		w, err := startWriter(env, ledger, "-dir", dir, "-size", "50000", "-writers", "4")
		if err != nil {
			return f, err
		}
		if err := errors.Join(w.more(ctx, 150), w.stop()); err != nil {
			return f, err
		}
		msgs, err := Messages(dir)
		if err != nil {
			return f, err
		}
		if run == 0 {
			if err := os.CopyFS(f.older, os.DirFS(msgs)); err != nil {
				return f, err
			}
		}
	}
	res := &rig.Result{}
	found, err := judge(ctx, dir, ledger, res)
	if err == nil && !found.Whole() {
		err = fmt.Errorf("the log is damaged before it was touched: %v", found)
	}
	f.end = uint64(found.Commits)
	return f, err
}

// damaged damages a copy and says how it reads.
func (f filled) damaged(ctx context.Context, env *rig.Env, reader string, d Damage, r *rand.Rand) (string, error) {
	dir, err := env.NewDir("damaged")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(f.dir)); err != nil {
		return "", err
	}
	msgs, err := Messages(dir)
	if err != nil {
		return "", err
	}
	if err := d.Do(r, msgs, f.older); err != nil {
		return "", err
	}
	return f.read(ctx, env, reader, dir)
}

func (f filled) read(ctx context.Context, env *rig.Env, reader, dir string) (string, error) {
	out, err := env.Must(ctx, "", reader, "child-read", "-dir", dir, "-read", strconv.FormatUint(f.end, 10))
	return strings.TrimSpace(out), err
}

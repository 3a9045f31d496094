package onstore

import (
	"context"
	"path/filepath"

	"hearth/bench/scoreboard/rig"
	"hearth/eventstore/storetest"
)

// Kill kills the process of the server with its 16 writers.
func Kill(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	dir, err := env.NewDir("kill")
	if err != nil {
		return nil, err
	}
	res, ledger := &rig.Result{}, &storetest.Ledger{}
	for res.Rounds = 1; ; res.Rounds++ {
		w, err := startWriter(env, ledger, "-dir", dir)
		if err != nil {
			return res, err
		}
		if err := w.more(ctx, 400+int64(res.Rounds)*37%200); err != nil {
			return res, err
		}
		if err := w.kill(); err != nil {
			return res, err
		}
		if _, err := judge(ctx, dir, ledger, res); err != nil || res.Rounds == env.Rounds(5, 50) {
			return res, err
		}
	}
}

// PowerCut cuts the power of the file system under 16 writers.
func PowerCut(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return powerCut(ctx, env, env.Rounds(6, 60))
}

// PowerCutUnsynced shows that the rig of PowerCut bites: a server that syncs
// every two minutes, as is its default, must be seen to lose what it acknowledged.
func PowerCutUnsynced(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	res, err := powerCut(ctx, env, env.Rounds(2, 5), "-unsafe")
	return Caught(res, err, "lost")
}

// Caught turns the result of a known-bad build round: the problem is when
// nothing was found.
func Caught(res *rig.Result, err error, counts ...string) (*rig.Result, error) {
	if err != nil {
		return res, err
	}
	res.Problems = nil
	for _, name := range counts {
		if res.Count(name) == 0 {
			res.Problem("the known-bad build was not caught: %s 0", name)
		}
	}
	return res, nil
}

func powerCut(ctx context.Context, env *rig.Env, rounds int, args ...string) (*rig.Result, error) {
	disk, err := env.NewDisk(ctx, "powercut", env.Rounds(512, 2048))
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	dir := filepath.Join(disk.Mount, "nats")
	res, ledger := &rig.Result{}, &storetest.Ledger{}
	for res.Rounds = 1; ; res.Rounds++ {
		w, err := startWriter(env, ledger, append([]string{"-dir", dir}, args...)...)
		if err != nil {
			return res, err
		}
		if err := w.more(ctx, 600+int64(res.Rounds)*97%400); err != nil {
			return res, err
		}
		// What is acknowledged between the cut and the kill counts as well: a
		// server that answers although its disk is gone would be caught lying.
		if err := disk.Cut(); err != nil {
			return res, err
		}
		if err := w.kill(); err != nil {
			return res, err
		}
		if err := disk.Remount(ctx); err != nil {
			return res, err
		}
		if _, err := judge(ctx, dir, ledger, res); err != nil || res.Rounds == rounds {
			return res, err
		}
	}
}

package onstore

import (
	"context"
	"path/filepath"
	"time"

	"hearth/bench/scoreboard/rig"
	"hearth/eventstore/storetest"
)

// DiskFull lets the disk run full under 16 writers, gives space back, and starts
// the server again.
func DiskFull(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	disk, err := env.NewDisk(ctx, "diskfull", 256)
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	dir := filepath.Join(disk.Mount, "nats")
	res, ledger := &rig.Result{}, &storetest.Ledger{}
	for res.Rounds = 1; ; res.Rounds++ {
		w, err := startWriter(env, ledger, "-dir", dir, "-size", "2000")
		if err != nil {
			return res, err
		}
		if err := w.more(ctx, 200); err != nil {
			return res, err
		}
		if err := disk.Fill(1 << 20); err != nil {
			return res, err
		}
		if err := silence(ctx, w); err != nil {
			return res, err
		}
		if err := disk.Free(); err != nil {
			return res, err
		}
		if back, err := goesOn(ctx, w); err != nil {
			return res, err
		} else if back {
			res.Add("went on without a restart", 1)
		}
		if err := w.kill(); err != nil {
			return res, err
		}
		if _, err := judge(ctx, dir, ledger, res); err != nil || res.Rounds == env.Rounds(1, 6) {
			return res, err
		}
	}
}

// silence waits until nothing has been acknowledged for two seconds: an append
// on a full disk fails or waits.
func silence(ctx context.Context, w *writer) error {
	last, since := w.told.Load(), time.Now()
	return rig.Until(ctx, "the full disk stops the appends", func() bool {
		if now := w.told.Load(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 2*time.Second
	})
}

// goesOn reports whether the appends go on within six seconds, in which one that
// got no answer is sent again.
func goesOn(ctx context.Context, w *writer) (bool, error) {
	from, begun := w.told.Load(), time.Now()
	err := rig.Until(ctx, "", func() bool { return w.told.Load() > from || time.Since(begun) > 6*time.Second })
	return w.told.Load() > from, err
}

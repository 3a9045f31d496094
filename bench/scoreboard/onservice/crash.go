package onservice

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

const clerks = 8

// KillService kills the service while programs register.
func KillService(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return killed(ctx, env, (*site).killService)
}

// KillPostmaster kills the first process of the database.
func KillPostmaster(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return killed(ctx, env, (*site).killDatabase)
}

// KillBackend kills a process of the database that serves a connection.
func KillBackend(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return killed(ctx, env, (*site).killBackend)
}

// KillAll kills all processes at once.
func KillAll(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return killed(ctx, env, (*site).killAll)
}

func killed(ctx context.Context, env *rig.Env, fault fault) (*rig.Result, error) {
	s, err := fresh(ctx, env)
	if err != nil {
		return nil, err
	}
	return s.endure(ctx, env.Rounds(2, 50), fault)
}

// PowerCut cuts the power of the file system that has the whole state: events,
// tables and the database's own log.
func PowerCut(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	program, err := env.Hearth(ctx)
	if err != nil {
		return nil, err
	}
	disk, err := env.NewDisk(ctx, "site-powercut", 2048)
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	s, err := newSite(ctx, env, program, filepath.Join(disk.Mount, "state"))
	if err != nil {
		return nil, err
	}
	return s.endure(ctx, env.Rounds(2, 60), powerCutOn(disk))
}

// powerCutOn cuts the power of the disk that has the state, and starts again.
func powerCutOn(disk *rig.Disk) fault {
	return func(s *site, ctx context.Context) error {
		if err := disk.Cut(); err != nil {
			return err
		}
		s.killEverything()
		if err := disk.Remount(ctx); err != nil {
			return err
		}
		return s.start(ctx)
	}
}

// fault is something that is done to a site while programs register.
type fault func(*site, context.Context) error

// ClockModel shows that the comparison with a rebuild bites: a read model that
// reads the clock must be seen to differ.
func ClockModel(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	bad, err := env.Build(ctx, "hearth-clock", "./cmd/hearth", ClockReader())
	if err != nil {
		return nil, err
	}
	dir, err := env.NewDir("site")
	if err != nil {
		return nil, err
	}
	s, err := newSite(ctx, env, bad, filepath.Join(dir, "state"))
	if err != nil {
		return nil, err
	}
	res, err := s.endure(ctx, 1, (*site).killService)
	return onstore.Caught(res, err, "tables that differ")
}

// ClockReader makes a read model that writes the time of its own clock.
func ClockReader() rig.Break {
	return rig.Break{
		File: "projections/complaints/evolve.go",
		Old:  "int64(rec.Position), instant(rec.Meta.By.At)", New: "int64(rec.Position), instant(time.Now())",
	}
}

// compareEvery is after how many rounds the tables are compared with a rebuild,
// which stops the service.
const compareEvery = 10

// endure causes one fault after the other while programs register, and judges
// after each: by what was told, and by what was sealed.
func (s *site) endure(ctx context.Context, rounds int, faults ...fault) (*rig.Result, error) {
	res := &rig.Result{}
	if err := s.start(ctx); err != nil {
		return res, err
	}
	defer s.killEverything()
	all := newTellers(s)
	for res.Rounds = 1; ; res.Rounds++ {
		if err := s.once(ctx, all, res, faults[(res.Rounds-1)%len(faults)]); err != nil {
			return res, fmt.Errorf("round %d: %w", res.Rounds, err)
		}
		if res.Rounds != rounds && res.Rounds%compareEvery != 0 {
			continue
		}
		if err := s.settled(ctx); err != nil {
			return res, err
		}
		if err := s.stop(); err != nil {
			return res, err
		}
		if err := errors.Join(s.printedHold(ctx, res), s.equalsRebuild(ctx, res)); err != nil {
			return res, err
		}
		if res.Rounds == rounds {
			all.tries(res)
			return res, nil
		}
		if err := s.start(ctx); err != nil {
			return res, err
		}
	}
}

// once is one round.
func (s *site) once(ctx context.Context, all *tellers, res *rig.Result, fault fault) error {
	ctx, cancel := context.WithTimeout(ctx, 4*rig.Patience)
	defer cancel()
	if err := s.untilReady(ctx); err != nil {
		return err
	}
	end := all.run(ctx, clerks)
	err := all.more(ctx, 24)
	if err == nil {
		err = s.print(ctx)
	}
	if err == nil {
		err = fault(s, ctx)
		all.moved()
	}
	if err == nil {
		err = all.more(ctx, 24)
	}
	if err != nil {
		cancel()
		end()
		return err
	}
	end()
	if err := s.untilReady(ctx); err != nil {
		return err
	}
	return errors.Join(all.judge(ctx, res), s.agrees(ctx, res), s.print(ctx))
}

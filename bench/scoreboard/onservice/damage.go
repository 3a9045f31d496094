package onservice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

// Damage damages the files of the events of a stopped service and starts it
// again: the damage must be found and named before a write is accepted, and
// reading must go on.
func Damage(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	program, err := env.Hearth(ctx)
	if err != nil {
		return nil, err
	}
	return damageServed(ctx, env, program, env.Rounds(1, 3), onstore.Damages())
}

// DamageUnguarded shows that the rig of Damage bites: a hearth that neither looks
// at its files nor compares the log with what was sealed must be seen to write.
func DamageUnguarded(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	bad, err := env.Build(ctx, "hearth-unguarded", "./cmd/hearth", Unguarded()...)
	if err != nil {
		return nil, err
	}
	res, err := damageServed(ctx, env, bad, 1, onstore.Damages()[:env.Rounds(3, len(onstore.Damages()))])
	return onstore.Caught(res, err, "write accepted")
}

// Unguarded makes a hearth without the scan of the files, whose notary neither
// compares the log with what was sealed nor minds a gap.
func Unguarded() []rig.Break {
	return []rig.Break{
		{File: "cmd/hearth/scan.go", Old: `if a.cfg.Log != "" {`, New: `if a.cfg.State != "" {`},
		{File: "adapters/sealing/run.go", Old: "if int64(end) < held.Size {", New: "if int64(end) < 0 {"},
		{File: "adapters/sealing/run.go", Old: "	if size == 0 {\n", New: "	if size >= 0 {\n"},
		{File: "adapters/sealing/keeper.go", Old: "case errors.Is(err, eventstore.ErrCorrupt):", New: "case err == nil:"},
	}
}

func damageServed(ctx context.Context, env *rig.Env, program string, times int, kinds []onstore.Damage) (*rig.Result, error) {
	res := &rig.Result{}
	res.Add("write accepted", 0)
	return damages(ctx, env, times, kinds, res, func(ctx context.Context, s *site, all *tellers, what string) error {
		s.program = program
		err := s.start(ctx)
		if errors.Is(err, errEnded) {
			res.Add("refused to start", 1)
			return nil
		}
		if err != nil {
			return err
		}
		defer s.killEverything()
		_, told := s.readyz(ctx) // before anybody has written
		accepted, err := s.accepts(ctx, time.Duration(env.Rounds(1, 6))*time.Second/2)
		if err != nil {
			return err
		}
		if accepted {
			res.Add("write accepted", 1)
			res.Problem("%s: a write was accepted on a damaged log", what)
			return nil
		}
		res.Add("closed for writing", 1)
		if !slices.Contains(told.Problems, "alarm: damage") || !strings.Contains(s.service.Log.String(), "the event files are damaged") {
			res.Problem("%s: closed, and readyz tells %q: %s", what, told.Problems, s.service.Log.Tail())
		}
		return all.judge(ctx, res) // what was acknowledged can still be read
	})
}

// Audit lets hearth say itself what is damaged: hearth audit verify must find
// every damage and name it. That it agrees with a log that is whole is a
// condition of all lines with damage.
func Audit(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	res := &rig.Result{}
	return damages(ctx, env, env.Rounds(1, 3), onstore.Damages(), res, func(ctx context.Context, s *site, _ *tellers, what string) error {
		said, err := s.auditVerify(ctx)
		if err != nil {
			return err
		}
		if said.Code == 0 || len(faultsIn(said.Out)["事件流"]) == 0 {
			res.Add("not found", 1)
			res.Problem("%s: audit verify ends with %d and names nothing of the stream: %s%s", what, said.Code, said.Out, said.Err)
			return nil
		}
		res.Add("found and named", 1)
		return nil
	})
}

// Repair lets hearth repair what was damaged: afterwards everything that was
// acknowledged must be there, and the tables equal a rebuild.
func Repair(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	res := &rig.Result{}
	return damages(ctx, env, env.Rounds(1, 3), onstore.Damages(), res, func(ctx context.Context, s *site, all *tellers, what string) error {
		repaired, err := s.repaired(ctx, all, res, what)
		if err != nil || !repaired || res.Rounds%rebuildEvery != 1 {
			return err
		}
		return s.equalsRebuild(ctx, res)
	})
}

// rebuildEvery is after how many repairs the tables are compared with a rebuild,
// each time after another kind of damage. It takes longer than all the rest.
const rebuildEvery = 5

// repaired lets hearth repair the site, audits it, and looks for all that was
// acknowledged.
func (s *site) repaired(ctx context.Context, all *tellers, res *rig.Result, what string) (bool, error) {
	said, err := s.env.Command(ctx, "", s.program, "repair", "--state", s.state)
	if err != nil {
		return false, err
	}
	if said.Code != 0 {
		res.Problem("%s: repair ended with %d: %.600s%.600s", what, said.Code, said.Out, said.Err)
		return false, nil
	}
	if said, err = s.auditVerify(ctx); err != nil {
		return false, err
	}
	if said.Code != 0 {
		res.Problem("%s: audit verify after the repair: %.600s%.300s", what, said.Out, said.Err)
		return false, nil
	}
	if err := s.start(ctx); err != nil {
		res.Problem("%s: after the repair: %v", what, err)
		return false, nil
	}
	defer s.killEverything()
	if err := s.untilReady(ctx); err != nil {
		return false, err
	}
	end := all.run(ctx, 1)
	err = all.more(ctx, 1)
	end()
	if err := errors.Join(err, all.judge(ctx, res), s.settled(ctx), s.stop()); err != nil {
		return false, err
	}
	res.Add("repaired", 1)
	return true, nil
}

// auditVerify asks hearth whether log, tiles, checkpoints and second copy agree.
func (s *site) auditVerify(ctx context.Context) (rig.Said, error) {
	return s.env.Command(ctx, "", s.program, "audit", "verify", "--state", s.state)
}

// stretch is positions that are named, both ends included.
type stretch struct{ from, to int64 }

var faultLine = regexp.MustCompile(`(?m)^不符  (\S+) (?:.*关系到)?第 (\d+)(?: 至 (\d+))? 条`)

// faultsIn are the positions that audit verify names, by copy.
func faultsIn(out string) map[string][]stretch {
	all := map[string][]stretch{}
	for _, m := range faultLine.FindAllStringSubmatch(out, -1) {
		s := stretch{number(m[2]), number(m[2])}
		if m[3] != "" {
			s.to = number(m[3])
		}
		all[m[1]] = append(all[m[1]], s)
	}
	return all
}

// accepts reports whether the service stores a complaint within some time.
func (s *site) accepts(ctx context.Context, within time.Duration) (bool, error) {
	accepted, begun := false, time.Now()
	err := rig.Until(ctx, "", func() bool {
		status, _ := s.register(ctx, s.base, "key-after-damage")
		accepted = status == http.StatusCreated
		return accepted || time.Since(begun) > within
	})
	return accepted, err
}

// damages does each of these kinds of damage, so many times, to a copy of one state folder
// and hands it over.
func damages(ctx context.Context, env *rig.Env, times int, kinds []onstore.Damage, res *rig.Result, try func(context.Context, *site, *tellers, string) error) (*rig.Result, error) {
	p, err := prepared(ctx, env)
	if err != nil {
		return res, err
	}
	for range times {
		for _, d := range kinds {
			res.Rounds++
			what := fmt.Sprintf("%s, round %d, seed %d", d.Name, res.Rounds, env.Seed)
			harm := func(s *site) error {
				msgs, err := onstore.Messages(s.events())
				if err != nil {
					return err
				}
				return d.Do(env.Random(res.Rounds), msgs, p.older)
			}
			if err := p.damaged(ctx, harm, func(s *site, t *tellers) error { return try(ctx, s, t, what) }); err != nil {
				return res, fmt.Errorf("%s: %w", what, err)
			}
		}
	}
	return res, nil
}

package onservice

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

// Damage damages the files of the events of a stopped service and starts it
// again: the damage must be found before a write is accepted.
func Damage(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return damages(ctx, env, untouched, func(ctx context.Context, s *site, _ *tellers, what string, res *rig.Result) error {
		err := s.start(ctx)
		if errors.Is(err, errEnded) {
			res.Add("refused to start", 1)
			return nil
		}
		if err != nil {
			return err
		}
		defer s.killEverything()
		accepted, err := s.accepts(ctx)
		if err != nil {
			return err
		}
		if accepted {
			res.Add("write accepted", 1)
			res.Problem("%s: a write was accepted on a damaged log", what)
			return nil
		}
		res.Add("refused to write", 1)
		return nil
	})
}

// Audit lets hearth say itself what is damaged: hearth audit verify must agree
// with a log that is whole, and find every damage.
func Audit(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	checkWhole := func(ctx context.Context, good *site) error {
		said, err := good.auditVerify(ctx)
		if err == nil && said.Code != 0 {
			err = fmt.Errorf("audit verify does not agree with a log that is whole: %.200s", said.Err)
		}
		return err
	}
	return damages(ctx, env, checkWhole, func(ctx context.Context, s *site, _ *tellers, what string, res *rig.Result) error {
		said, err := s.auditVerify(ctx)
		if err != nil {
			return err
		}
		if said.Code == 0 {
			res.Add("not found", 1)
			res.Problem("%s: audit verify finds nothing", what)
			return nil
		}
		res.Add("found", 1)
		return nil
	})
}

// Repair lets hearth repair what was damaged: afterwards everything that was
// acknowledged must be there, and the tables equal a rebuild.
func Repair(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	return damages(ctx, env, untouched, func(ctx context.Context, s *site, all *tellers, what string, res *rig.Result) error {
		said, err := s.repair(ctx)
		if err != nil {
			return err
		}
		if said.Code != 0 {
			res.Problem("%s: repair ended with %d: %.200s", what, said.Code, said.Err)
			return nil
		}
		if err := s.start(ctx); err != nil {
			res.Problem("%s: after the repair: %v", what, err)
			return nil
		}
		defer s.killEverything()
		if err := errors.Join(s.untilReady(ctx), all.judge(ctx, res), s.settled(ctx), s.stop()); err != nil {
			return err
		}
		return s.equalsRebuild(ctx, res)
	})
}

// auditVerify asks hearth whether log, tiles, checkpoints and second copy agree.
func (s *site) auditVerify(ctx context.Context) (rig.Said, error) {
	return s.env.Command(ctx, "", s.program, "audit", "verify", "--state", s.state)
}

// repair lets hearth put back what is damaged from the second copy.
func (s *site) repair(ctx context.Context) (rig.Said, error) {
	return s.env.Command(ctx, "", s.program, "repair", "--state", s.state)
}

// untouched asks nothing of a log that is whole.
func untouched(context.Context, *site) error { return nil }

// acceptWithin is how long a service on a damaged log is asked to write.
const acceptWithin = 3 * time.Second

// accepts reports whether the service stores a complaint.
func (s *site) accepts(ctx context.Context) (bool, error) {
	accepted, begun := false, time.Now()
	err := rig.Until(ctx, "", func() bool {
		status, _ := s.register(ctx, s.base, "key-after-damage")
		accepted = status == http.StatusCreated
		return accepted || time.Since(begun) > acceptWithin
	})
	return accepted, err
}

// damages does each kind of damage to a copy of one state folder, after a look
// at the good one, and hands it over.
func damages(ctx context.Context, env *rig.Env, look func(context.Context, *site) error, try func(context.Context, *site, *tellers, string, *rig.Result) error) (*rig.Result, error) {
	p, err := rig.Shared(env, "site to be damaged", func() (*preparation, error) { return prepare(ctx, env) })
	if err != nil {
		return nil, err
	}
	res := &rig.Result{}
	if err := look(ctx, p.site); err != nil {
		return res, err
	}
	for seed := range uint64(env.Rounds(1, 3)) {
		for _, d := range onstore.Damages() {
			res.Rounds++
			what := fmt.Sprintf("%s, seed %d", d.Name, seed)
			if err := p.damaged(ctx, d, seed, func(s *site, t *tellers) error { return try(ctx, s, t, what, res) }); err != nil {
				return res, fmt.Errorf("%s: %w", what, err)
			}
		}
	}
	return res, nil
}

// preparation is a stopped site with some cases, what was told of them, and a
// copy of its messages from before the last of them.
type preparation struct {
	site  *site
	all   *tellers
	older string
}

func prepare(ctx context.Context, env *rig.Env) (*preparation, error) {
	s, err := fresh(ctx, env)
	if err != nil {
		return nil, err
	}
	p := &preparation{s, newTellers(s), s.state + "-older"}
	for run := range 2 {
		if err := p.fill(ctx); err != nil {
			return nil, err
		}
		if run > 0 {
			continue
		}
		msgs, err := onstore.Messages(s.events())
		if err == nil {
			err = os.CopyFS(p.older, os.DirFS(msgs))
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// fill registers some cases in one run of the service.
func (p *preparation) fill(ctx context.Context) error {
	s := p.site
	if err := s.start(ctx); err != nil {
		return err
	}
	defer s.killEverything()
	err := s.untilReady(ctx)
	end := p.all.run(ctx, clerks)
	err = errors.Join(err, p.all.more(ctx, 30))
	end()
	return errors.Join(err, p.all.judge(ctx, &rig.Result{}), s.settled(ctx), s.stop())
}

// events is the folder of the embedded server.
func (s *site) events() string { return filepath.Join(s.state, "nats") }

// damaged damages a copy of the site and hands it over.
func (p *preparation) damaged(ctx context.Context, d onstore.Damage, seed uint64, try func(*site, *tellers) error) error {
	dir, err := p.site.env.NewDir("damaged")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := *p.site
	s.state = filepath.Join(dir, "state")
	if _, err := s.env.Must(ctx, "", "cp", "-a", "--reflink=auto", p.site.state, s.state); err != nil {
		return err
	}
	msgs, err := onstore.Messages(s.events())
	if err != nil {
		return err
	}
	if err := d.Do(rand.New(rand.NewPCG(seed, 2)), msgs, p.older); err != nil {
		return err
	}
	t := newTellers(&s)
	t.answered = p.all.answered
	return try(&s, t)
}

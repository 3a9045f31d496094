package onservice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"hearth/adapters/localpg"
	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
	"hearth/projections/archive"
)

// SlowNATS makes the link between the service and its event store bad.
func SlowNATS(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	o, err := newOutside(ctx, env)
	if err != nil {
		return nil, err
	}
	defer o.stop(ctx)
	link, err := env.NewLink("tcp", o.nats)
	if err != nil {
		return nil, err
	}
	return o.endure(ctx, link, link.Address(), o.db.DSN())
}

// SlowDatabase makes the link between the service and PostgreSQL bad.
func SlowDatabase(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	o, err := newOutside(ctx, env)
	if err != nil {
		return nil, err
	}
	defer o.stop(ctx)
	address, err := url.Parse(o.db.DSN())
	if err != nil {
		return nil, fmt.Errorf("address of the database: %w", err)
	}
	link, err := env.NewLink("unix", filepath.Join(address.Query().Get("host"), ".s.PGSQL."+address.Query().Get("port")))
	if err != nil {
		return nil, err
	}
	address.Host, address.RawQuery = link.Address(), "sslmode=disable"
	return o.endure(ctx, link, o.nats, address.String())
}

// outside is a site whose NATS server and PostgreSQL belong to no hearth.
type outside struct {
	*site
	server  *rig.Process
	nats    string // address for clients
	monitor string
	db      *localpg.Cluster
}

func newOutside(ctx context.Context, env *rig.Env) (*outside, error) {
	program, err := env.Hearth(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := env.NewDir("outside")
	if err != nil {
		return nil, err
	}
	ports, err := onstore.FreePorts(2)
	if err != nil {
		return nil, err
	}
	o := &outside{nats: "127.0.0.1:" + strconv.Itoa(ports[0]), monitor: "http://127.0.0.1:" + strconv.Itoa(ports[1])}
	o.server, err = env.Start(nil, nil, env.Self, "child-node", "-name", "outside", "-dir", filepath.Join(dir, "nats"),
		"-port", strconv.Itoa(ports[0]), "-monitor", strconv.Itoa(ports[1]))
	if err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	o.db, err = localpg.Start(ctx, localpg.Config{
		Dir: filepath.Join(dir, "postgres"), Setup: archive.SetupSQL(""), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	// The state belongs to these two from the beginning: the key of a log signs
	// for no other.
	o.site, err = newSite(ctx, env, program, filepath.Join(dir, "state"), o.environ(o.nats, o.db.DSN())...)
	if err != nil {
		return nil, errors.Join(err, o.db.Stop(context.WithoutCancel(ctx)))
	}
	return o, nil
}

// environ names the two for a hearth, by the addresses at which it reaches them.
func (o *outside) environ(nats, database string) []string {
	return []string{"HEARTH_NATS_URL=nats://" + nats, "HEARTH_NATS_MONITOR=" + o.monitor, "DATABASE_URL=" + database}
}

func (o *outside) stop(ctx context.Context) {
	if o.service != nil {
		o.service.Kill()
	}
	o.server.Kill()
	_ = o.db.Stop(context.WithoutCancel(ctx)) // ended by force, if at all: the line is over
}

// trouble is one way in which a link is bad. Some stop all traffic, which
// /readyz must tell.
type trouble struct {
	name  string
	begin func(*rig.Link) error
	end   func(context.Context, *rig.Link) error
	stops bool
}

func worse(name, kind string, attributes map[string]int, stops bool) trouble {
	return trouble{name, func(l *rig.Link) error { return l.Worsen(kind, attributes) }, func(ctx context.Context, l *rig.Link) error { return l.Heal(ctx) }, stops}
}

func troubles() []trouble {
	return []trouble{
		worse("slow by 200 ms", "latency", map[string]int{"latency": 200, "jitter": 50}, false),
		worse("narrow, 50 KB/s", "bandwidth", map[string]int{"rate": 50}, false),
		worse("reset", "reset_peer", map[string]int{"timeout": 50}, false),
		worse("black hole", "timeout", map[string]int{"timeout": 0}, true),
		{
			"cut", func(l *rig.Link) error { l.Cut(); return nil },
			func(_ context.Context, l *rig.Link) error { return l.Mend() }, true,
		},
	}
}

// endure runs the service over a link, on which one trouble follows the other
// while programs register.
func (o *outside) endure(ctx context.Context, link *rig.Link, nats, database string) (*rig.Result, error) {
	o.outside = o.environ(nats, database)
	res := &rig.Result{}
	if err := o.start(ctx); err != nil {
		return res, err
	}
	all := newTellers(o.site)
	for range o.env.Rounds(1, 5) {
		for _, t := range troubles() {
			res.Rounds++
			if err := o.suffer(ctx, link, t, all, res); err != nil {
				return res, fmt.Errorf("%s: %w: %s", t.name, err, o.service.Log.Tail())
			}
		}
	}
	all.tries(res)
	return res, o.site.stop()
}

// suffer is one trouble, from a good link to a good link.
func (o *outside) suffer(ctx context.Context, link *rig.Link, t trouble, all *tellers, res *rig.Result) error {
	ctx, cancel := context.WithTimeout(ctx, 4*rig.Patience)
	defer cancel()
	if err := o.untilReady(ctx); err != nil {
		return err
	}
	end := all.run(ctx, clerks)
	err := all.more(ctx, o.env.Rounds(10, 20))
	if err == nil {
		err = t.begin(link)
	}
	if err == nil {
		err = o.duringTrouble(ctx, t, res)
	}
	err = errors.Join(err, t.end(ctx, link))
	if err == nil {
		err = all.more(ctx, o.env.Rounds(10, 20))
	}
	if err != nil {
		cancel()
		end()
		return err
	}
	end()
	if err := o.untilReady(ctx); err != nil {
		return err
	}
	return all.judge(ctx, res)
}

// duringTrouble lets a trouble last for two seconds, or until /readyz tells of
// one that stops everything.
func (o *outside) duringTrouble(ctx context.Context, t trouble, res *rig.Result) error {
	begun := time.Now()
	if !t.stops {
		return rig.Until(ctx, "", func() bool { return time.Since(begun) > 2*time.Second })
	}
	if err := rig.Until(ctx, "it tells that it is not ready", func() bool { return !o.ready(ctx) }); err != nil {
		res.Problem("%s: /readyz said nothing: %v", t.name, err)
	} else {
		res.Add("told by readyz", 1)
	}
	return nil
}
